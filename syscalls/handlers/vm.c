/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Memory. The guest's address space is the host's, so these are the host's calls, with two differences: ranges that
 * are ours (mem_is_ours) are not the guest's to change and get the answer for an address outside the map; and an
 * address that is not page-aligned is rounded where the host refuses it.
 */
#include <sys/mman.h>
#include "ext.h"
#include "host.h"
#include "procfs.h"

sysfn sys_mmap, sys_munmap, sys_mprotect, sys_madvise, sys_mincore, sys_msync, sys_mlock, sys_munlock;
sysfn sys_minherit, sys_break, sys_brk;

#define ALIGN_BITS (0xffull << X_MAP_ALIGN_SHIFT)
#define X_MMAP (X_MAP_GUARD | X_MAP_EXCL | X_MAP_NOCORE | X_MAP_NOSYNC | X_MAP_TRYFIXED | X_MAP_INHERIT_ZERO \
		| X_IGNORED | ALIGN_BITS)
#define RESERVE (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)

/* A range with both ends rounded outwards. */
struct span { uaddr lo; uint64_t len; };

static bool span_get(struct call *c, struct span *s)
{
	uaddr a = (uaddr)c->arg[0];
	uint64_t n = (uint64_t)c->arg[1], off = a & (PAGE - 1);
	s->lo = a - off;
	s->len = PAGE_UP(n + off);
	return n + off >= n && s->len >= n && s->lo <= USER_TOP && s->len <= USER_TOP - s->lo;
}
static bool ours(struct call *c, const struct span *s) { return s->len && mem_is_ours(c->t->p->space, s->lo, s->len); }

/* --- mmap --------------------------------------------------------------------------------------------------------- */
struct mapping {
	struct span at;
	int prot, fd;
	uint64_t flags;          /* host bits and X_MAP_* */
	int64_t pos;
};

static long mmap_host(const struct mapping *m, uaddr at, unsigned long flags)
{
	return host(SYS_mmap, at, m->at.len, m->prot, flags, m->fd, m->pos);
}
/* The host knows no alignment: reserve enough that an aligned piece lies within, map there, give back the rest. */
static long mmap_aligned(const struct mapping *m, unsigned long flags, uint64_t align)
{
	uint64_t room = m->at.len + align - PAGE;
	long got = room < m->at.len ? -ENOMEM
	    : host(SYS_mmap, m->at.lo, room, PROT_NONE, RESERVE | (flags & MAP_32BIT), -1, 0);
	if (got < 0)
		return got;
	uaddr lo = (uaddr)got, at = (lo + align - 1) & ~(align - 1), end = at + m->at.len;
	long e = mmap_host(m, at, flags | MAP_FIXED);
	if (e < 0) {
		host(SYS_munmap, lo, room);
		return e;
	}
	if (at > lo)
		host(SYS_munmap, lo, at - lo);
	if (lo + room > end)
		host(SYS_munmap, end, lo + room - end);
	return (long)at;
}
static long guard_check(const struct mapping *m)
{
	uint64_t may = MAP_FIXED | MAP_32BIT | MAP_TYPE | X_MAP_GUARD | X_MAP_EXCL | X_IGNORED | ALIGN_BITS;
	return m->prot != PROT_NONE || m->fd != -1 || m->pos || (m->flags & ~may) ? -EINVAL : 0;
}
/* What no host flag checks. */
static long mmap_check(struct call *c, const struct mapping *m)
{
	uint64_t align = m->flags >> X_MAP_ALIGN_SHIFT;
	if (m->flags & ~(HOST_BITS | X_MMAP)) {
		report_unknown(c->t, UNK_BITS, "mmap", (uint64_t)c->raw[3]);
		return -EINVAL;
	}
	if ((m->flags & X_MAP_EXCL) && !(m->flags & MAP_FIXED))
		return -EINVAL;
	if ((m->flags & MAP_ANONYMOUS) && (m->fd != -1 || m->pos))
		return -EINVAL;
	if ((m->flags & MAP_TYPE) == (MAP_SHARED | MAP_PRIVATE))
		return -EINVAL;
	if ((m->flags & MAP_STACK) && (m->prot & (PROT_READ | PROT_WRITE)) != (PROT_READ | PROT_WRITE))
		return -EINVAL;
	if (align && (align < 12 || align > 46))
		return -EINVAL;
	if (m->flags & MAP_FIXED) {
		if (!m->at.lo || m->at.lo & (PAGE - 1) || m->at.lo > USER_TOP || m->at.len > USER_TOP - m->at.lo
		    || ours(c, &m->at))
			return -EINVAL;
	}
	return m->flags & X_MAP_GUARD ? guard_check(m) : 0;
}
static unsigned long mmap_flags(const struct mapping *m)
{
	unsigned long f = m->flags & HOST_BITS;
	if (!(f & MAP_TYPE))
		f |= MAP_PRIVATE;
	if (m->flags & X_MAP_GUARD)
		f |= MAP_ANONYMOUS | MAP_NORESERVE;
	if (m->flags & X_MAP_EXCL)
		f = (f & ~(unsigned long)MAP_FIXED) | MAP_FIXED_NOREPLACE;
	return f;
}
static void mmap_advise(const struct mapping *m, uaddr at)
{
	if (m->flags & X_MAP_NOCORE)
		host(SYS_madvise, at, m->at.len, MADV_DONTDUMP);
	if (m->flags & X_MAP_INHERIT_ZERO)
		host(SYS_madvise, at, m->at.len, MADV_WIPEONFORK);
}
/* A file position within a page is allowed: the result points as far into the first page. */
long sys_mmap(struct call *c)
{
	uint64_t len = (uint64_t)c->arg[1], off = (uint64_t)c->arg[5] & (PAGE - 1);
	struct mapping m = {
		.at = { (uaddr)c->arg[0], PAGE_UP(len + off) }, .prot = (int)(c->arg[2] & (long)HOST_BITS),
		.fd = (int)c->arg[4],
		.flags = (uint64_t)c->arg[3], .pos = c->arg[5] - (long)off,
	};
	uint64_t align = m.flags >> X_MAP_ALIGN_SHIFT;
	long e, at;

	if (!len)
		return -EINVAL;
	if (m.at.len < len)
		return -ENOMEM;
	if (m.flags & MAP_FIXED)
		m.at.lo -= off;
	if ((e = mmap_check(c, &m)))
		return e;
	unsigned exec = m.prot & PROT_EXEC ? CHANGE_EXEC : 0;
	if (m.flags & MAP_FIXED && !(m.flags & X_MAP_EXCL))
		mem_changes(c->t, m.at.lo, m.at.len, CHANGE_GONE | exec);
	else if (exec)
		mem_changes(c->t, 0, 0, exec);
	if (align > 12 && !(m.flags & MAP_FIXED))
		at = mmap_aligned(&m, mmap_flags(&m), 1ull << align);
	else
		at = mmap_host(&m, m.at.lo, mmap_flags(&m));
	if (at < 0)
		return at == -EEXIST ? -ENOMEM : at;
	mmap_advise(&m, (uaddr)at);
	return at + (long)off;
}

/* --- ranges of what is mapped ------------------------------------------------------------------------------------- */
/* Unmapping nothing is no error, so what is ours in the range is passed over. */
static long unmap_around(struct space *sp, struct span s)
{
	uaddr end = s.lo + s.len;
	while (s.lo < end) {
		uaddr lo = end, hi = end;
		for (unsigned i = 0; i < sp->n_ours; i++)
			if (sp->ours[i].hi > s.lo && sp->ours[i].lo < lo) {
				lo = sp->ours[i].lo;
				hi = sp->ours[i].hi;
			}
		long e = lo > s.lo ? host(SYS_munmap, s.lo, MIN(lo, end) - s.lo) : 0;
		if (e)
			return e;
		s.lo = hi;
	}
	return 0;
}
long sys_munmap(struct call *c)
{
	struct span s;
	if (!c->arg[1] || !span_get(c, &s))
		return -EINVAL;
	mem_changes(c->t, s.lo, s.len, CHANGE_GONE);
	return ours(c, &s) ? unmap_around(c->t->p->space, s) : host(SYS_munmap, s.lo, s.len);
}
static long on_span(struct call *c, long nr, long arg)
{
	struct span s;
	if (!span_get(c, &s))
		return -EINVAL;
	return ours(c, &s) ? -ENOMEM : host(nr, s.lo, s.len, arg);
}
long sys_mprotect(struct call *c)
{
	struct span s;
	if (span_get(c, &s))
		mem_changes(c->t, s.lo, s.len, c->arg[2] & PROT_EXEC ? CHANGE_EXEC : 0);
	return on_span(c, SYS_mprotect, c->arg[2] & (long)HOST_BITS);
}
/* Advice: what the host cannot use it for (a hole in the range, a kind of memory) is no error to the others. */
long sys_madvise(struct call *c)
{
	struct span s;
	long e;
	if (!span_get(c, &s))
		return -EINVAL;
	if (ours(c, &s))
		return 0;
	mem_changes(c->t, s.lo, s.len, 0);
	e = host(SYS_madvise, s.lo, s.len, c->arg[2] & (long)HOST_BITS);
	return e == -ENOMEM || e == -EINVAL || e == -EBADF ? 0 : e;
}
long sys_mincore(struct call *c) { return on_span(c, SYS_mincore, c->arg[2]); }
long sys_msync(struct call *c)
{
	long how = c->arg[2] & (MS_ASYNC | MS_SYNC | MS_INVALIDATE);
	if ((how & MS_ASYNC) && (how & MS_INVALIDATE))
		return -EINVAL;
	return on_span(c, SYS_msync, how & (MS_ASYNC | MS_SYNC) ? how : how | MS_SYNC);
}
/* Without a right to lock and with a limit of 0 the host says EPERM; here that is a limit like others. */
static long locked(long rv) { return rv == -EPERM ? -ENOMEM : rv; }
long sys_mlock(struct call *c) { return locked(on_span(c, SYS_mlock, 0)); }
long sys_munlock(struct call *c) { return on_span(c, SYS_munlock, 0); }

/* What a child finds in the range. The host can leave it out or wipe it; whether it is shared or copied is decided when
 * it is mapped, and only what is so already can be asked for. */
struct kind { struct span at; bool shared, private; };
static long see_kind(void *arg, const struct procfs_map *m)
{
	struct kind *k = arg;
	if (m->lo < k->at.lo + k->at.len && m->hi > k->at.lo)
		*(m->shared ? &k->shared : &k->private) = true;
	return 0;
}
static long inherit(const struct span *s, uint64_t how)
{
	struct kind k = { .at = *s };
	long e;
	if (how == MADV_DONTFORK || how == MADV_WIPEONFORK)
		return host(SYS_madvise, s->lo, s->len, how);
	procfs_maps((int)host(SYS_getpid), see_kind, &k);
	if (how == X_INHERIT_SHARE ? k.private : k.shared)
		return -EOPNOTSUPP;
	e = host(SYS_madvise, s->lo, s->len, MADV_DOFORK);
	if (!e && how != X_INHERIT_SHARE)
		host(SYS_madvise, s->lo, s->len, MADV_KEEPONFORK);
	return e;
}
long sys_minherit(struct call *c)
{
	uint64_t how = (uint64_t)c->arg[2];
	struct span s;
	long e;
	if (!span_get(c, &s) || ours(c, &s))
		return -EINVAL;
	e = s.len ? inherit(&s, how) : 0;
	if (e == -EOPNOTSUPP)
		report_unknown(c->t, UNK_OPTION, "minherit", (uint64_t)c->raw[2]);
	return e == -EOPNOTSUPP ? -EINVAL : e;
}

/* --- the break: ours to keep, since the host's own lies where the guest's is not ---------------------------------- */
static long move_break(struct space *s, uaddr from, uaddr to)
{
	long e = 0;
	if (to > from) {
		if ((s->brk_max && to > s->brk_max) || to > USER_TOP || mem_is_ours(s, from, to - from))
			return -ENOMEM;
		e = host(SYS_mmap, from, to - from, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
		if (e >= 0 && (uaddr)e != from) {        /* a host too old to know NOREPLACE */
			host(SYS_munmap, e, to - from);
			e = -ENOMEM;
		}
	} else if (to < from) {
		e = mem_is_ours(s, to, from - to) ? -ENOMEM : host(SYS_munmap, to, from - to);
	}
	return e < 0 ? -ENOMEM : 0;
}
/* In whole pages, the new break is the result; an address below the first only asks. */
long sys_break(struct call *c)
{
	struct space *s = c->t->p->space;
	uaddr want = PAGE_UP((uaddr)c->arg[0]), base = PAGE_UP(s->brk_start), now;
	long e = 0;
	lock(&s->lock);
	now = PAGE_UP(s->brk_now);
	if (want < base)
		want = now;
	else if (!(e = move_break(s, now, want)))
		s->brk_now = want;
	unlock(&s->lock);
	return e ? e : (long)want;
}
/* To the byte, and what did not succeed is told by an unmoved break. */
long sys_brk(struct call *c)
{
	struct space *s = c->t->p->space;
	uaddr want = (uaddr)c->arg[0];
	lock(&s->lock);
	if (want >= s->brk_start && want < USER_TOP && !move_break(s, PAGE_UP(s->brk_now), PAGE_UP(want)))
		s->brk_now = want;
	want = s->brk_now;
	unlock(&s->lock);
	return (long)want;
}
