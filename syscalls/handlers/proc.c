/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fork, vfork, exec, exit: the calls; how it is done is proc.c's. Argument positions are those of the POSIX prototypes.
 */
#include <fcntl.h>
#include "host.h"

static long forked(struct call *c, unsigned flags)
{
	c->has_rv2 = true;               /* systems with a second result give 1 there in the child */
	long pid = proc_fork(c->t, flags, 0, SIGCHLD);
	c->rv2 = pid == 0;
	return pid;
}
sysfn sys_fork, sys_vfork, sys_exit, sys_execve, sys_fexecve, sys_execveat;

long sys_fork(struct call *c) { return forked(c, 0); }
long sys_vfork(struct call *c) { return forked(c, FORK_VM | FORK_VFORK); }
long sys_exit(struct call *c) { proc_exit(c->t, (int)c->arg[0] & 0xff); }

static long exec_path(struct call *c, int dirfd, uaddr path, uaddr argv, uaddr envv)
{
	char name[4096];
	long n = copy_str(name, path, sizeof name);
	return n < 0 ? n : n == 0 ? -ENOENT : proc_exec(c->t, dirfd, name, argv, envv);
}
long sys_execve(struct call *c)
{
	return exec_path(c, AT_FDCWD, (uaddr)c->arg[0], (uaddr)c->arg[1], (uaddr)c->arg[2]);
}
long sys_fexecve(struct call *c)
{
	return proc_exec(c->t, (int)c->arg[0], "", (uaddr)c->arg[1], (uaddr)c->arg[2]);
}
long sys_execveat(struct call *c)
{
	char first = 1;
	long e = copy_in(&first, (uaddr)c->arg[1], 1);
	if (e)
		return e;
	if (!first)
		return c->arg[4] & AT_EMPTY_PATH ? proc_exec(c->t, (int)c->arg[0], "", (uaddr)c->arg[2], (uaddr)c->arg[3]) :
						   -ENOENT;
	return exec_path(c, (int)c->arg[0], (uaddr)c->arg[1], (uaddr)c->arg[2], (uaddr)c->arg[3]);
}
