/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Process descriptors: pdfork's child is known by a descriptor, ends without SIGCHLD, is not found by a wait for any
 * child, and is killed when the last descriptor is closed, unless it is a daemon's. Here the descriptor is Linux's
 * pidfd and the rest an object of ours. When the parent ends without closing, Linux lets the child live on.
 */
#include <fcntl.h>
#include <sys/wait.h>
#include "host.h"
#include "ext.h"

sysfn fbsd_pdfork, fbsd_pdkill, fbsd_pdgetpid;

struct procdesc { struct fdobj o; int pid; int fd; bool daemon; };     /* fd: ours, a second pidfd */

#define HOST_WALL 0x40000000
#ifndef P_PIDFD
#define P_PIDFD 3
#endif

static void pd_close(struct fdobj *o)
{
	struct procdesc *pd = (struct procdesc *)o;
	if (!pd->daemon) {
		siginfo_t si;
		host(SYS_pidfd_send_signal, pd->fd, SIGKILL, NULL, 0);
		host(SYS_waitid, P_PIDFD, pd->fd, &si, WEXITED | HOST_WALL, NULL);
	}
	host(SYS_close, pd->fd);
	mem_free(pd, sizeof *pd);
}
static const struct fdops pd_ops = { .name = "procdesc", .close = pd_close };

static long pd_new(struct call *c, int pid, struct procdesc *pd)
{
	long fd = host(SYS_pidfd_open, pid, 0), e;
	if (fd < 0)
		return fd;
	pd->pid = pid;
	pd->daemon = c->arg[1] & (long)X_PD_DAEMON;
	pd->fd = (int)host(SYS_fcntl, fd, F_DUPFD_CLOEXEC, c->t->p->fd_base);
	if (!(c->arg[1] & O_CLOEXEC))
		host(SYS_fcntl, fd, F_SETFD, 0);
	if (!fd_allowed(c->t->p, fd) || pd->fd < 0)
		e = -EMFILE;
	else if ((e = arg_put(c, 0, &(int){ (int)fd })) == 0)
		return fd_put(c->t->p, (int)fd, &pd->o);
	host(SYS_close, fd);
	return e;
}
long fbsd_pdfork(struct call *c)
{
	struct procdesc *pd = mem_alloc(sizeof *pd);
	long pid, e;
	if (!pd)
		return -ENOMEM;
	pd->o = (struct fdobj){ .ops = &pd_ops, .refs = 1 };
	pd->fd = -1;
	pid = proc_fork(c->t, 0, 0, 0);
	if (pid <= 0) {
		mem_free(pd, sizeof *pd);
		return pid;
	}
	e = pd_new(c, (int)pid, pd);
	if (e >= 0)
		return pid;
	host(SYS_kill, pid, SIGKILL);
	host(SYS_wait4, pid, NULL, HOST_WALL, NULL);
	if (pd->fd >= 0)
		host(SYS_close, pd->fd);
	mem_free(pd, sizeof *pd);
	return e;
}
long fbsd_pdkill(struct call *c)
{
	struct procdesc *pd = (struct procdesc *)fd_get(c->t->p, (int)c->arg[0], &pd_ops);
	if (!pd)
		return host(SYS_fcntl, c->arg[0], F_GETFD, 0) < 0 ? -EBADF : -EINVAL;
	if (c->arg[1] > 64)              /* its number is its own until it is waited for, which we do when pd is closed */
		return signal_send(c->t, pd->pid, 0, (int)c->arg[1], SI_USER, 0);
	return host(SYS_pidfd_send_signal, pd->fd, (int)c->arg[1], NULL, 0);
}
long fbsd_pdgetpid(struct call *c)
{
	struct procdesc *pd = (struct procdesc *)fd_get(c->t->p, (int)c->arg[0], &pd_ops);
	if (!pd)
		return host(SYS_fcntl, c->arg[0], F_GETFD, 0) < 0 ? -EBADF : -EINVAL;
	return arg_put(c, 1, &pd->pid);
}
