/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Open for execution or search only (exec_only.h). The flags that can be set and are told back act on nothing here, nor
 * there: nothing is read or written. The object does not outlive exec and is not sent over sockets: what is left is
 * the host's O_PATH.
 */
#include <fcntl.h>
#include "ext.h"
#include "host.h"
#include "handlers/exec_only.h"

struct exec_only { struct fdobj o; volatile uint32_t flags; };         /* F_SETFL's, shared by those that were doubled */
#define SETTABLE (O_NONBLOCK | O_APPEND | O_ASYNC | O_DIRECT | O_SYNC | O_DSYNC)

static void gone(struct fdobj *o) { mem_free(o, sizeof(struct exec_only)); }
static const char *saved(struct proc *p, int fd, struct fdobj *o, uint64_t *word)
{
	*word = ((struct exec_only *)o)->flags;
	return NULL;
}
static long restored(struct thread *, int fd, uint64_t word);
static const struct fdops ops = { .name = "exec-only", .close = gone, .saved = saved, .restored = restored };
FDOPS(ops);

static long mark(struct proc *p, long fd, uint32_t flags)
{
	struct exec_only *x = mem_alloc(sizeof *x);
	if (!x)
		return fd;               /* it is O_PATH, no more */
	*x = (struct exec_only){ { .ops = &ops, .refs = 1 }, flags };
	if (fd_put(p, (int)fd, &x->o) < 0)
		mem_free(x, sizeof *x);
	return fd;
}
static long restored(struct thread *t, int fd, uint64_t word) { return mark(t->p, fd, (uint32_t)word) < 0 ? -ENOMEM : 0; }
long exec_only_mark(struct call *c, long fd) { return mark(c->t->p, fd, 0); }

static struct exec_only *of(struct call *c, long fd) { return (struct exec_only *)fd_get(c->t->p, (int)fd, &ops); }
bool exec_only(struct call *c, long fd) { return of(c, fd) != NULL; }
long exec_only_flags(struct call *c, long fl)
{
	struct exec_only *x = fl & O_PATH ? of(c, c->arg[0]) : NULL;
	return x ? (long)(x->flags | X_O_EXEC) : fl;
}
long exec_only_set(struct call *c, long fl)
{
	struct exec_only *x = of(c, c->arg[0]);
	if (!x)
		return -EBADF;
	x->flags = (uint32_t)fl & SETTABLE;
	return 0;
}
static void name(long fd, char link[40]) { fmt(link, 40, "/proc/self/fd/%d", (int)fd); }
long exec_only_do(struct call *c, long bad, long nr, long a, long b, long d)
{
	char link[40];
	if (bad != -EBADF || !exec_only(c, c->arg[0]))
		return bad;
	name(c->arg[0], link);
	return host(nr, AT_FDCWD, link, a, b, d);
}
long exec_only_open(struct call *c, long fd)
{
	char link[40];
	if (!exec_only(c, fd))
		return -EBADF;
	name(fd, link);
	return host(SYS_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}
long exec_only_made(long fd, unsigned flags)
{
	char link[40];
	name(fd, link);
	long path = host(SYS_openat, AT_FDCWD, link, O_PATH | O_CLOEXEC), e = path;
	if (path >= 0) {
		e = host(SYS_dup3, path, fd, flags & O_CLOEXEC);
		host(SYS_close, path);
	}
	if (e < 0)
		host(SYS_close, fd);
	return e;
}
