/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Descriptors. Most of the guest's are the host's and nothing is kept about them. Two things are kept here:
 *   - Ours lie at fd_base and above, where the guest never gets one: the guest's own limit ends below, ours is raised
 *     above it, and dispatch answers EBADF for every such number in an argument.
 *   - Objects (a kqueue, ...) behind a guest descriptor, watchers to be told when a guest descriptor is closed, and what
 *     it is limited to (confine.h).
 * The table has one entry a descriptor, in chunks that are made where one is needed: for most guests, nowhere. Its lock
 * is held for the change of an entry only, never while close() or gone() runs.
 */
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/resource.h>
#include "host.h"
#include "confine.h"
#include "procfs.h"

#define BASE_LEAST 4096ul
#define BASE_MOST 65536ul
#define ROOM_ABOVE 8192ul
#define ROOM_LEAST 64ul

struct watch { struct watch *next; void (*gone)(void *, int fd); void *arg; };
struct fdent { struct fdobj *obj; struct watch *watch; struct fdcaps caps; };
struct chunk { struct fdent e[64]; };
struct fdtab {
	volatile uint32_t lock;
	unsigned n;              /* chunks there may be */
	volatile unsigned top;   /* no object, watcher or limit at or above: what a fork has to look at */
	struct chunk *volatile chunk[];
};

volatile int fds_kept FORKED;

static size_t tab_size(unsigned n) { return offsetof(struct fdtab, chunk[n]); }
static struct fdtab *tab_new(unsigned n)
{
	struct fdtab *f = mem_alloc(tab_size(n));
	if (!f)
		die("no memory for the table of descriptors");
	f->n = n;
	return f;
}
static struct fdent *tab_entry(const struct fdtab *f, unsigned fd)
{
	struct chunk *k = fd / ARRAY_LEN(k->e) < f->n ? __atomic_load_n(&f->chunk[fd / ARRAY_LEN(k->e)], __ATOMIC_ACQUIRE) : NULL;
	return k ? &k->e[fd % ARRAY_LEN(k->e)] : NULL;
}
/* The same, for one that is to be used: NULL where the guest cannot have such a number, or no memory is left. */
static struct fdent *tab_make(struct fdtab *f, unsigned fd)
{
	struct chunk *k, *none = NULL;
	unsigned i = fd / ARRAY_LEN(k->e), top = f->top;
	if (!fds_kept)
		fds_kept = 1;
	if (i >= f->n)
		return NULL;
	if (!f->chunk[i]) {
		if (!(k = mem_alloc(sizeof *k)))
			return NULL;
		if (!__atomic_compare_exchange_n(&f->chunk[i], &none, k, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			mem_free(k, sizeof *k);
	}
	while (top <= fd && !__atomic_compare_exchange_n(&f->top, &top, fd + 1, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		;
	return tab_entry(f, fd);
}
static long host_limit(uint64_t soft, uint64_t hard)
{
	struct rlimit r = { soft, hard };
	return host(SYS_prlimit64, 0, RLIMIT_NOFILE, &r, NULL);
}
static struct rlimit host_limits(void)
{
	struct rlimit r = { 1024, 1024 };
	host(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &r);
	return r;
}
/* Where the guest's numbers end and ours begin. Ours high up cost every fork a copy of the host's table: not higher than
 * a guest is likely to go. Where the hard limit leaves no room above it is raised, if we may; else its top is taken for us. */
void fd_start(struct proc *p)
{
	struct rlimit r = host_limits();
	uint64_t base = MIN(MIN(MAX(r.rlim_cur, BASE_LEAST), BASE_MOST), MAX(r.rlim_max, 16ul));
	p->fd_soft = r.rlim_cur;
	p->fd_hard = r.rlim_max;
	if (base + ROOM_LEAST > r.rlim_max && host_limit(r.rlim_cur, base + ROOM_ABOVE) < 0)
		base = r.rlim_max > 2 * ROOM_LEAST ? r.rlim_max - ROOM_LEAST : r.rlim_max / 2;
	p->fd_base = (int)base;
	p->fd_limit = MIN(r.rlim_cur, base);
	p->fds_full = true;
	p->fds = tab_new((unsigned)base / ARRAY_LEN(((struct chunk *)NULL)->e) + 1);
	fd_limit_exec(p, true);
}
/* What the guest is told is what it would be told natively; beyond fd_base it gets nothing, as if its system had no more. */
void fd_limit_get(struct proc *p, struct rlimit *r) { *r = (struct rlimit){ p->fd_soft, p->fd_hard }; }

long fd_limit_set(struct proc *p, const struct rlimit *new)
{
	if (new->rlim_cur > new->rlim_max)
		return -EINVAL;
	if (new->rlim_max > p->fd_hard && host_limit(host_limits().rlim_cur, MAX(new->rlim_max, host_limits().rlim_max)) < 0)
		return -EPERM;
	p->fd_soft = new->rlim_cur;
	p->fd_hard = new->rlim_max;
	p->fd_limit = MIN(p->fd_soft, (uint64_t)p->fd_base);
	p->fds_full = true;
	return 0;
}
void fd_limit_exec(struct proc *p, bool back)
{
	struct rlimit r = host_limits();
	uint64_t raised = (uint64_t)p->fd_base + ROOM_ABOVE;
	if (!back)
		host_limit(p->fd_soft, p->fd_hard);
	else if (host_limit(raised, MAX(raised, r.rlim_max)) < 0)
		host_limit(MIN(raised, r.rlim_max), r.rlim_max);
}
/* As long as the guest's last number is free there is room; else the lowest free one says it. */
bool fd_room(struct proc *p)
{
	long last = (long)p->fd_limit - 1;
	if (last < 0 || !p->fds_full)
		return last >= 0;
	if (host(SYS_fcntl, last, F_GETFD) < 0) {
		p->fds_full = false;
		return true;
	}
	long fd = host(SYS_fcntl, last, F_DUPFD_CLOEXEC, 0);
	if (fd >= 0)
		host(SYS_close, fd);
	return fd >= 0 && fd <= last;
}
int fd_ours(struct proc *p, int fd)
{
	long up = host(SYS_fcntl, fd, F_DUPFD_CLOEXEC, p->fd_base);
	host(SYS_close, fd);
	return (int)up;
}
/* Our numbers are used up: the guest's end lower from now on, if it has none open there. Its limit goes first, so that what
 * it opens meanwhile is either seen here or refused. */
static bool base_lower(struct proc *p)
{
	enum { STEP = 64 };
	int base = p->fd_base - STEP;
	uint64_t limit = p->fd_limit;

	if (base < 2 * STEP)
		return false;
	__atomic_store_n(&p->fd_limit, MIN(limit, (uint64_t)base), __ATOMIC_SEQ_CST);
	for (int fd = base; fd < p->fd_base; fd++)
		if (host(SYS_fcntl, fd, F_GETFD) >= 0) {
			p->fd_limit = limit;
			return false;
		}
	p->fd_base = base;
	return true;
}
int fd_ours_many(struct proc *p, int fd)
{
	long up;
	do
		up = host(SYS_fcntl, fd, F_DUPFD_CLOEXEC, p->fd_base);
	while (up == -EMFILE && base_lower(p));
	host(SYS_close, fd);
	return (int)up;
}
static struct fdent *entry(struct proc *p, int fd)
{
	return fd >= 0 && (unsigned)fd < p->fds->top ? tab_entry(p->fds, (unsigned)fd) : NULL;
}
struct fdobj *fd_get(struct proc *p, int fd, const struct fdops *ops)
{
	struct fdent *e = entry(p, fd);
	struct fdobj *o = e ? __atomic_load_n(&e->obj, __ATOMIC_ACQUIRE) : NULL;
	return o && (!ops || o->ops == ops) ? o : NULL;
}
long fd_put(struct proc *p, int fd, struct fdobj *o)
{
	struct fdent *e = fd < 0 ? NULL : tab_make(p->fds, (unsigned)fd);
	if (!e)
		return -EMFILE;
	__atomic_store_n(&e->obj, o, __ATOMIC_RELEASE);
	return fd;
}
/* --- limits ----------------------------------------------------------------------------------------------------------- */
const struct fdcaps *fdcaps_of(struct proc *p, int fd)
{
	struct fdent *e = p->limited ? entry(p, fd) : NULL;
	return e && e->caps.may.w[0] ? &e->caps : NULL;
}
void fdcaps_lock(struct proc *p) { lock(&p->fds->lock); }
void fdcaps_unlock(struct proc *p) { unlock(&p->fds->lock); }

static size_t ioctls_size(const struct fdcaps *k) { return k->n_ioctls > 0 ? (size_t)k->n_ioctls * sizeof *k->ioctls : 0; }

static long caps_put(struct fdent *e, const struct fdcaps *new)
{
	struct fdcaps old = e->caps, made = new ? *new : (struct fdcaps){ 0 };
	if (ioctls_size(&made)) {
		if (!(made.ioctls = mem_alloc(ioctls_size(&made))))
			return -ENOMEM;
		memcpy(made.ioctls, new->ioctls, ioctls_size(&made));
	}
	e->caps = made;
	if (ioctls_size(&old))
		mem_free(old.ioctls, ioctls_size(&old));
	return 0;
}
long fdcaps_set(struct proc *p, int fd, const struct fdcaps *new)
{
	struct fdent *e = new && fd >= 0 ? tab_make(p->fds, (unsigned)fd) : entry(p, fd);
	long rv;
	if (!e)
		return new ? -ENOMEM : 0;
	lock(&p->fds->lock);
	rv = caps_put(e, new);
	unlock(&p->fds->lock);
	if (!rv && new)
		p->limited = true;
	return rv;
}
/* Rather no guest than one with a copy that may do more. */
void fdcaps_copy(struct proc *p, int from, int to)
{
	if (fdcaps_set(p, to, fdcaps_of(p, from)))
		die("no memory for the limits of descriptors");
}

static void obj_drop(struct fdobj *o)
{
	if (o && __atomic_sub_fetch(&o->refs, 1, __ATOMIC_ACQ_REL) == 0 && o->ops->close)
		o->ops->close(o);
}
void fd_closed(struct proc *p, int fd)
{
	struct fdent *e = entry(p, fd);
	if (p->limited && fdcaps_of(p, fd))
		fdcaps_copy(p, -1, fd);
	if (!e || (!e->obj && !e->watch))
		return;
	lock(&p->fds->lock);
	struct fdobj *o = e->obj;
	struct watch *w = e->watch;
	e->obj = NULL;
	e->watch = NULL;
	unlock(&p->fds->lock);
	while (w) {
		struct watch *next = w->next;
		w->gone(w->arg, fd);
		mem_free(w, sizeof *w);
		w = next;
	}
	obj_drop(o);
}
long fd_close_range(struct proc *p, uint64_t lo, uint64_t hi, unsigned flags)
{
	uint64_t top = (uint64_t)p->fd_base - 1;
	if (lo > top)
		return 0;
	hi = MIN(hi, top);
	if (!(flags & CLOSE_RANGE_CLOEXEC))
		for (uint64_t fd = lo; fd <= hi && fd < p->fds->top; fd++)
			fd_closed(p, (int)fd);
	return host(SYS_close_range, lo, hi, flags);
}
struct for_exec { struct proc *p; int but; };
static long close_for_exec(void *arg, unsigned fd)
{
	struct for_exec *x = arg;
	if ((long)fd < x->p->fd_base && (int)fd != x->but && host(SYS_fcntl, fd, F_GETFD) == FD_CLOEXEC)
		fd_close_range(x->p, fd, fd, 0);
	return 0;
}
void fd_close_for_exec(struct proc *p, int but)
{
	struct for_exec x = { p, but };
	if (p->shares_files)
		host(SYS_unshare, CLONE_FILES);
	procfs_each("/proc/self/fd", close_for_exec, &x);
}
void fd_duped(struct proc *p, int from, int to)
{
	struct fdobj *o = fd_get(p, from, NULL);
	if (p->limited && from != to)
		fdcaps_copy(p, from, to);
	if (!o || from == to)
		return;
	__atomic_add_fetch(&o->refs, 1, __ATOMIC_RELAXED);
	if (fd_put(p, to, o) < 0)
		obj_drop(o);
}
void fd_watch(struct proc *p, int fd, void (*gone)(void *, int), void *arg)
{
	struct fdent *e = fd < 0 ? NULL : tab_make(p->fds, (unsigned)fd);
	struct watch *w = e ? mem_alloc(sizeof *w) : NULL;
	if (!w)
		return;
	w->gone = gone;
	w->arg = arg;
	lock(&p->fds->lock);
	w->next = e->watch;
	e->watch = w;
	unlock(&p->fds->lock);
}
void fd_unwatch(struct proc *p, int fd, void (*gone)(void *, int), void *arg)
{
	struct fdent *e = entry(p, fd);
	struct watch **at, *w = NULL;
	if (!e)
		return;
	lock(&p->fds->lock);
	for (at = &e->watch; (w = *at); at = &w->next)
		if (w->gone == gone && w->arg == arg) {
			*at = w->next;
			break;
		}
	unlock(&p->fds->lock);
	mem_free(w, sizeof *w);
}
static void watches_free(struct watch *w)
{
	for (struct watch *next; w; w = next) {
		next = w->next;
		mem_free(w, sizeof *w);
	}
}
/* The table is a copy of the parent's, and so are the counts of what lies in it. Who watched there does not watch here. */
void fd_forked(struct proc *p)
{
	struct fdtab *f = p->fds;
	lock_forget(&f->lock);
	for (unsigned fd = 0; fd < f->top; fd++) {
		struct fdent *e = tab_entry(f, fd);
		struct fdobj *o = e ? e->obj : NULL;
		if (e && e->watch) {
			watches_free(e->watch);
			e->watch = NULL;
		}
		if (o && o->ops->forked) {
			e->obj = NULL;
			o->ops->forked(p, (int)fd, o);
		}
	}
}
void fd_forked_shared(struct proc *child)
{
	const struct fdtab *parents = child->fds;
	child->fds = tab_new(parents->n);
	for (unsigned fd = 0; fd < parents->top; fd++) {
		struct fdent *e = tab_entry(parents, fd);
		struct fdobj *o = e ? e->obj : NULL;
		if (e && e->caps.may.w[0] && fdcaps_set(child, (int)fd, &e->caps))
			die("no memory for the limits of descriptors");
		if (!o)
			continue;
		if (o->ops->forked) {
			o->ops->forked(child, (int)fd, o);
		} else {
			__atomic_add_fetch(&o->refs, 1, __ATOMIC_RELAXED);
			if (fd_put(child, (int)fd, o) < 0)
				obj_drop(o);
		}
	}
}
void fd_gone(struct proc *p)
{
	struct fdtab *f = p->fds;
	for (unsigned fd = 0; fd < f->top; fd++) {
		struct fdent *e = tab_entry(f, fd);
		if (e) {
			watches_free(e->watch);
			obj_drop(e->obj);
			caps_put(e, NULL);
		}
	}
	for (unsigned i = 0; i < f->n; i++)
		mem_free(f->chunk[i], sizeof *f->chunk[i]);
	mem_free(f, tab_size(f->n));
	p->fds = NULL;
}
