/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The guest's memory. A guest address is an integer; it is only ever turned into an access in mem_move and mem_scan
 * (entry.S), whose faults the host handler turns into -EFAULT. The guest's own mistakes so never become ours.
 * Also the registry of ranges that are not the guest's to change: few, fixed early, read without a lock.
 */
#include "host.h"

long mem_move(void *dst, const void *src, size_t n);
long mem_guarded(void (*put)(const void *, void *), const void *from, void *to);
long mem_scan(char *dst, const char *src, size_t n);
long mem_put32(uaddr, uint32_t);         /* mem_atomic.S; unlike mem_store* not ordered before what follows */
long mem_put64(uaddr, uint64_t);

/* Who has no guest in its own address space reads and writes its memory by these functions (tools/supervise/; guests that
 * are machines): top is 0. */
static uaddr top = USER_TOP;
static long (*far)(void *dst, uaddr src, size_t n);
static long (*far_out)(uaddr dst, const void *src, size_t n);

void mem_far(long (*read)(void *dst, uaddr src, size_t n))
{
	far = read;
	top = 0;
}
void mem_far_out(long (*write)(uaddr dst, const void *src, size_t n)) { far_out = write; }
static long far_in(void *dst, uaddr src, size_t n) { return far ? far(dst, src, n) : -EFAULT; }

static long far_str(char *dst, uaddr src, size_t n)
{
	size_t got = 0;
	while (far && got < n) {
		size_t step = MIN(n - got, PAGE - ((src + got) & (PAGE - 1)));
		if (far(dst + got, src + got, step) < 0)
			return -EFAULT;
		for (size_t i = got; i < got + step; i++)
			if (!dst[i])
				return (long)i;
		got += step;
	}
	return far ? -ENAMETOOLONG : -EFAULT;
}
static bool in_user(uaddr a, size_t n) { return a <= top && n <= top - a && !mem_hidden(a, n); }

/* One word or two go without mem_move: its string instruction costs more to begin than they do. */
long copy_in(void *dst, uaddr src, size_t n)
{
	uint64_t *to = dst;
	long e;

	if (!in_user(src, n))
		return far_in(dst, src, n);
	if (n == 8)
		return raw_load64(src, to);
	if (n == 16)
		return (e = raw_load64(src, to)) ? e : raw_load64(src + 8, to + 1);
	return n == 4 ? raw_load32(src, dst) : mem_move(dst, (const void *)src, n);
}
long copy_in_any(void *dst, uaddr src, size_t n) { return mem_move(dst, (const void *)src, n); }

long copy_out(uaddr dst, const void *src, size_t n)
{
	const uint64_t *from = src;
	long e;

	if (!in_user(dst, n))
		return far_out ? far_out(dst, src, n) : -EFAULT;
	if (n == 8)
		return mem_put64(dst, *from);
	if (n == 16)
		return (e = mem_put64(dst, from[0])) ? e : mem_put64(dst + 8, from[1]);
	return n == 4 ? mem_put32(dst, *(const uint32_t *)src) : mem_move((void *)dst, src, n);
}
long copy_str(char *dst, uaddr src, size_t n)
{
	if (!in_user(src, box_closed))
		return far_str(dst, src, n);
	long len = mem_scan(dst, (const char *)src, n);
	return len == (long)n ? -ENAMETOOLONG : len;
}
static long get_by(const struct record *r, uaddr src, void *host, char *guest)
{
	long e = copy_in(guest, src, r->gsize);
	if (!e)
		r->get(guest, host);
	return e;
}
static long __attribute__((noinline)) get_large(const struct record *r, uaddr src, void *host)
{
	char guest[4096];
	return get_by(r, src, host, guest);
}
/* Most records are small, and the page of the stack that is in use anyway has room for them. */
long rec_get(struct thread *t, unsigned what, uaddr src, void *host)
{
	const struct record *r = &t->p->pers->rec[what];
	char guest[256];
	if (!r->get)
		return copy_in(host, src, r->gsize);
	return r->gsize > sizeof guest ? get_large(r, src, host) : get_by(r, src, host, guest);
}
static long put_by(const struct record *r, uaddr dst, const void *host, char *guest)
{
	memset(guest, 0, r->gsize);
	r->put(host, guest);
	return copy_out(dst, guest, r->gsize);
}
static long __attribute__((noinline)) put_large(const struct record *r, uaddr dst, const void *host)
{
	char guest[4096];
	return put_by(r, dst, host, guest);
}
long rec_put(struct thread *t, unsigned what, uaddr dst, const void *host)
{
	const struct record *r = &t->p->pers->rec[what];
	char guest[256];
	if (r->whole && in_user(dst, r->gsize))
		return mem_guarded(r->put, host, (void *)dst);
	if (!r->put)
		return copy_out(dst, host, r->gsize);
	return r->gsize > sizeof guest ? put_large(r, dst, host) : put_by(r, dst, host, guest);
}
long arg_get(struct call *c, int i, void *host)
{
	return rec_get(c->t, c->row->arg[i].what, (uaddr)c->arg[i], host);
}
long arg_put(struct call *c, int i, const void *host)
{
	return rec_put(c->t, c->row->arg[i].what, (uaddr)c->arg[i], host);
}
bool mem_claim_try(struct space *s, uaddr lo, uaddr hi)
{
	if (s->n_ours == ARRAY_LEN(s->ours))
		return false;
	s->ours[s->n_ours].lo = PAGE_DOWN(lo);
	s->ours[s->n_ours].hi = PAGE_UP(hi);
	__atomic_store_n(&s->n_ours, s->n_ours + 1, __ATOMIC_RELEASE);
	return true;
}
void mem_claim(struct space *s, uaddr lo, uaddr hi)
{
	if (!mem_claim_try(s, lo, hi))
		die("too many ranges of memory of our own: raise the size of space.ours");
	if (s->claimed)
		s->claimed(PAGE_DOWN(lo), PAGE_UP(hi));
}
void mem_changes(struct thread *t, uaddr lo, uint64_t len, unsigned how)
{
	if (t->p->engine->changes)
		t->p->engine->changes(t, lo, len, how);
}
bool mem_is_ours(struct space *s, uaddr lo, uint64_t len)
{
	uaddr hi = lo + len < lo ? ~0ull : lo + len;
	for (unsigned i = 0, n = __atomic_load_n(&s->n_ours, __ATOMIC_ACQUIRE); i < n; i++)
		if (lo < s->ours[i].hi && hi > s->ours[i].lo)
			return true;
	return false;
}
