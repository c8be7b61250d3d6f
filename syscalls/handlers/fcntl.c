/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Descriptors: closing and doubling them, their flags, locks on files, pipes. Dispatch has refused numbers of ours in
 * arguments; what remains is to keep fd.c told (before a close, after a dup) and never to hand out a number the guest's
 * own limit forbids where dispatch cannot see it (pipes).
 */
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/stat.h>
#include "ext.h"
#include "host.h"
#include "handlers/exec_only.h"

sysfn sys_close, sys_close_range, sys_closefrom, sys_dup, sys_dup2, sys_pipe, sys_pipe2, sys_getdtablesize;
sysfn sys_fcntl;
sysfn fcntl_dupfd, fcntl_dupfd_cloexec, fcntl_dup2fd, fcntl_dup2fd_cloexec, fcntl_getfd, fcntl_setfd, fcntl_getfl;
sysfn fcntl_setfl, fcntl_getlk, fcntl_setlk, fcntl_setlkw, fcntl_getown, fcntl_setown, fcntl_addseals, fcntl_getseals;
sysfn fcntl_readahead, fcntl_rdahead;

/* --- close -------------------------------------------------------------------------------------------------------- */
/* An interrupted close has closed: to say EINTR would invite a second one. */
static long not_closed(struct call *c, long e) { return e == -EINTR || e == -EIO ? 0 : e; }
long sys_close(struct call *c)
{
	fd_closed(c->t->p, (int)c->arg[0]);
	return not_closed(c, host(SYS_close, c->arg[0]));
}
DIRECT(sys_close, SYS_close, not_closed, &fds_kept);
long sys_close_range(struct call *c)
{
	uint64_t lo = (unsigned)c->arg[0], hi = (unsigned)c->arg[1], flags = (uint64_t)c->arg[2];
	if (lo > hi || (flags & ~(uint64_t)(CLOSE_RANGE_CLOEXEC | X_IGNORED)))
		return -EINVAL;
	return fd_close_range(c->t->p, lo, hi, (unsigned)flags);
}
long sys_closefrom(struct call *c)
{
	return fd_close_range(c->t->p, (uint64_t)MAX((int)c->arg[0], 0), 0x7fffffff, 0);
}

/* --- dup ---------------------------------------------------------------------------------------------------------- */
static long dup_from(struct call *c, long min, int cmd)
{
	struct proc *p = c->t->p;
	long fd;
	if (min < 0 || (uint64_t)min >= p->fd_soft)
		return -EINVAL;
	if ((uint64_t)min >= p->fd_limit)
		return -EMFILE;
	if ((fd = host(SYS_fcntl, c->arg[0], cmd, min)) >= 0)
		fd_duped(p, (int)c->arg[0], (int)fd);
	return fd;
}
static long dup_to(struct call *c, long to, unsigned flags)
{
	struct proc *p = c->t->p;
	int from = (int)c->arg[0];
	long fd = host(SYS_fcntl, from, F_GETFD);
	if (fd < 0)
		return fd;
	if (to < 0 || (uint64_t)to >= p->fd_limit || fd_is_ours(p, to))
		return -EBADF;
	if (to == from)
		return to;
	fd_closed(p, (int)to);
	if ((fd = host(SYS_dup3, from, to, flags)) >= 0)
		fd_duped(p, from, (int)to);
	return fd == -EBUSY ? -EBADF : fd;
}
long sys_dup(struct call *c) { return dup_from(c, 0, F_DUPFD); }
long sys_dup2(struct call *c) { return dup_to(c, c->arg[1], 0); }
long sys_getdtablesize(struct call *c) { return (long)MIN(c->t->p->fd_soft, 0x7fffffffu); }

/* --- pipe --------------------------------------------------------------------------------------------------------- */
static long pipe_make(struct call *c, int fd[2], unsigned flags)
{
	long e = host(SYS_pipe2, fd, flags);
	if (e)
		return e;
	if (fd_allowed(c->t->p, MAX(fd[0], fd[1])))
		return 0;
	host(SYS_close, fd[0]);
	host(SYS_close, fd[1]);
	return -EMFILE;
}
/* The old call answers in two registers. */
long sys_pipe(struct call *c)
{
	int fd[2];
	long e = pipe_make(c, fd, 0);
	if (e)
		return e;
	c->rv2 = fd[1];
	c->has_rv2 = true;
	return fd[0];
}
long sys_pipe2(struct call *c)
{
	int fd[2];
	long e = c->arg[1] & ~(long)(O_CLOEXEC | O_NONBLOCK | O_DIRECT | X_IGNORED) ? -EINVAL : 0;
	if (e || (e = pipe_make(c, fd, (unsigned)c->arg[1])))
		return e;
	if ((e = copy_out((uaddr)c->arg[0], fd, sizeof fd))) {
		host(SYS_close, fd[0]);
		host(SYS_close, fd[1]);
	}
	return e;
}

/* --- fcntl, one command a function -------------------------------------------------------------------------------- */
/* Reached only where a table lists no command at all; each command's row names its own function. */
long sys_fcntl(struct call *c) { return -EINVAL; }
long fcntl_dupfd(struct call *c) { return dup_from(c, c->arg[2], F_DUPFD); }
long fcntl_dupfd_cloexec(struct call *c) { return dup_from(c, c->arg[2], F_DUPFD_CLOEXEC); }
long fcntl_dup2fd(struct call *c) { return dup_to(c, c->arg[2], 0); }
long fcntl_dup2fd_cloexec(struct call *c) { return dup_to(c, c->arg[2], O_CLOEXEC); }
long fcntl_getfd(struct call *c) { return host_last(SYS_fcntl, c->arg[0], F_GETFD); }
long fcntl_setfd(struct call *c) { return host_last(SYS_fcntl, c->arg[0], F_SETFD, c->arg[2] & FD_CLOEXEC); }
/* O_LARGEFILE is the host's alone, and every file is large. */
long fcntl_getfl(struct call *c)
{
	long fl = host(SYS_fcntl, c->arg[0], F_GETFL);
	return fl < 0 ? fl : (long)set_to_guest(c->t->p->pers, SET_STATUSFL, (uint64_t)exec_only_flags(c, fl) & ~0100000ull);
}
long fcntl_setfl(struct call *c)
{
	long e = host(SYS_fcntl, c->arg[0], F_SETFL, c->arg[2] & (long)HOST_BITS);
	return e == -EBADF ? exec_only_set(c, c->arg[2]) : e;
}

/* The host locks anything open; the others only what is a file by name. */
static long lock_arg(struct call *c, struct flock *l)
{
	struct stat st;
	long e = arg_get(c, 2, l);
	if (e || (e = host(SYS_fstat, c->arg[0], &st)))
		return e;
	return S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) ? -EBADF : 0;
}
static long do_lock(struct call *c, int cmd)
{
	struct flock l;
	long e = lock_arg(c, &l);
	if (e)
		return e;
	return cmd == F_SETLKW ? block(SYS_fcntl, c->arg[0], cmd, &l) : host(SYS_fcntl, c->arg[0], cmd, &l);
}
long fcntl_setlk(struct call *c) { return do_lock(c, F_SETLK); }
long fcntl_setlkw(struct call *c) { return do_lock(c, F_SETLKW); }
long fcntl_getlk(struct call *c)
{
	struct flock l;
	long e = lock_arg(c, &l);
	if (e || (e = host(SYS_fcntl, c->arg[0], F_GETLK, &l)))
		return e;
	return arg_put(c, 2, &l);
}
/* The plain call answers a process group as a negative number, which is an error here: the guest reads 32 bits. */
long fcntl_getown(struct call *c)
{
	struct f_owner_ex o = { 0 };
	long e = host(SYS_fcntl, c->arg[0], F_GETOWN_EX, &o);
	return e ? e : o.type == F_OWNER_PGRP ? (long)(uint32_t)-o.pid : o.pid;
}
long fcntl_setown(struct call *c) { return host_last(SYS_fcntl, c->arg[0], F_SETOWN, c->arg[2]); }
long fcntl_addseals(struct call *c) { return host_last(SYS_fcntl, c->arg[0], F_ADD_SEALS, c->arg[2] & (long)HOST_BITS); }
long fcntl_getseals(struct call *c) { return host_last(SYS_fcntl, c->arg[0], F_GET_SEALS); }
/* Reading ahead is advice; 0 turns it off. */
/* How many bytes, or none below 0; and the form that only switches. */
long fcntl_readahead(struct call *c)
{
	return host(SYS_fadvise64, c->arg[0], 0, 0, (int)c->arg[2] >= 0 ? POSIX_FADV_SEQUENTIAL : POSIX_FADV_RANDOM);
}
long fcntl_rdahead(struct call *c)
{
	return host(SYS_fadvise64, c->arg[0], 0, 0, c->arg[2] ? POSIX_FADV_SEQUENTIAL : POSIX_FADV_RANDOM);
}
