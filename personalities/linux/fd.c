/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Descriptors: those at fd_base and above are ours. Dispatch refuses them wherever a row says FD; here are the calls that
 * name a range, or where a new one must lie. What stands behind a descriptor (fd.c of syscalls/) is told of each change.
 */
#include <fcntl.h>
#include "linux.h"

sysfn lnx_close, lnx_close_range, lnx_dup, lnx_dupfd, lnx_pair;

#define RANGE_CLOEXEC 4

long lnx_close(struct call *c)
{
	fd_closed(c->t->p, (int)c->arg[0]);
	return host(SYS_close, c->arg[0]);
}
/* dup, dup2, dup3: a target that is open is closed by the host in the same step. */
long lnx_dup(struct call *c)
{
	struct proc *p = c->t->p;
	bool to = c->nr != SYS_dup && c->arg[0] != c->arg[1];
	long rv;

	if (to && (uint64_t)c->arg[1] >= p->fd_limit)
		return -EBADF;
	if (to && host(SYS_fcntl, c->arg[0], F_GETFD) >= 0)
		fd_closed(p, (int)c->arg[1]);
	rv = lnx_make(c, c->raw);
	if (rv >= 0)
		fd_duped(p, (int)c->arg[0], (int)rv);
	return rv;
}
long lnx_dupfd(struct call *c)
{
	struct proc *p = c->t->p;
	long rv;

	if (c->arg[2] < 0 || (uint64_t)c->arg[2] >= p->fd_soft)
		return -EINVAL;
	if ((uint64_t)c->arg[2] >= p->fd_limit)
		return -EMFILE;
	rv = lnx_make(c, c->raw);
	if (rv >= 0 && (uint64_t)rv < p->fd_limit)
		fd_duped(p, (int)c->arg[0], (int)rv);
	return rv;
}
long lnx_close_range(struct call *c)
{
	struct proc *p = c->t->p;
	unsigned first = (unsigned)c->arg[0], last = (unsigned)c->arg[1], most = (unsigned)p->fd_base - 1;
	unsigned flags = (unsigned)c->arg[2];

	if (first > last || first > most)
		return flags & ~6u || first > last ? -EINVAL : 0;
	last = MIN(last, most);
	if (!(flags & RANGE_CLOEXEC) && !(flags & ~6u))
		for (unsigned fd = first; fd <= last; fd++)
			fd_closed(p, (int)fd);
	return host(SYS_close_range, first, last, flags);
}
/* pipe, pipe2, socketpair: two at once, and neither may lie beyond the guest's own limit. */
long lnx_pair(struct call *c)
{
	struct proc *p = c->t->p;
	uaddr at = (uaddr)c->arg[c->nr == SYS_socketpair ? 3 : 0];
	long rv = lnx_make(c, c->raw);
	int fd[2];

	if (rv || copy_in(fd, at, sizeof fd))
		return rv;
	if (fd_allowed(p, MAX(fd[0], fd[1])))
		return 0;
	host(SYS_close, fd[0]);
	host(SYS_close, fd[1]);
	return -EMFILE;
}
