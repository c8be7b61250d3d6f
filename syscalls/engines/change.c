/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Changing a call site into a jump to a slot of ours (slot.c), and back. site.h says how; what is not certain stays as it is
 * and traps.
 *
 * Only pages that are private, executable and not writable are touched: a page that the guest can write is its own to
 * rewrite, and one that is shared may be seen elsewhere at other addresses. The page is writable and executable for the
 * time of one store.
 */
#include <sys/mman.h>
#include "host.h"
#include "procfs.h"
#include "engines/patch.h"
#include "engines/sites.h"
#include "engines/slot.h"

struct vma { uaddr lo, hi; uint8_t prot; bool ours_to_change; };
static struct vma vmas[16];              /* what was looked up, the newest over the oldest */
static unsigned next_vma;

/* --- what is mapped there ----------------------------------------------------------------------------------------- */
/* The host marks what was writable once, and two pieces of a mapping are one only if both are marked: so that a page
 * that was opened becomes one with its neighbours again, all of them are. A small mapping is opened whole each time. */
#define SMALL (64 * PAGE)
static bool is_small(const struct vma *v) { return v->hi - v->lo <= SMALL; }
static void in_one_piece(struct vma *v)
{
	if (is_small(v))
		return;
	if (host(SYS_mprotect, v->lo, v->hi - v->lo, v->prot | PROT_WRITE) < 0)
		v->ours_to_change = false;       /* a policy of this host forbids it: the sites there keep trapping */
	else
		host(SYS_mprotect, v->lo, v->hi - v->lo, v->prot);
}
static struct vma *vma_new(uaddr lo, uaddr hi, int prot, bool shared)
{
	struct vma *v = &vmas[next_vma++ % ARRAY_LEN(vmas)];
	*v = (struct vma){ lo, hi, (uint8_t)prot, !shared && prot & PROT_EXEC && !(prot & PROT_WRITE) };
	if (v->ours_to_change)
		in_one_piece(v);
	sites_touch(lo, hi);
	return v;
}
/* A call of another thread's that changes mappings there is under way, or may be: what it changes is not to be looked up before,
 * and not to be protected as it was before. It has told so (sites_changing), or will see that we touch this. */
static bool in_change(struct thread *me, uaddr lo, uaddr hi)
{
	struct thread *o;
	for (unsigned i = 0; me->p->nthreads > 1 && (o = thread_next(me->p, &i));) {
		const struct call *c = o->call;
		for (unsigned k = 0; k < 2 && o != me && c && c->row == o->changing.row; k++)
			if (overlaps(lo, hi, o->changing.lo[k], o->changing.hi[k]))
				return true;
	}
	return false;
}
void sites_changing(struct thread *t, uaddr lo, uaddr hi)
{
	if (!t->call || lo >= hi)
		return;
	t->changing.lo[1] = t->changing.lo[0], t->changing.hi[1] = t->changing.hi[0];
	t->changing.lo[0] = lo, t->changing.hi[0] = hi;
	t->changing.row = t->call->row;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}
static struct vma narrow;                /* as long as that is so: this one page, in which nothing is changed anew */
static const struct vma *vma_of(struct thread *t, uaddr a)
{
	struct procfs_map m;
	for (unsigned i = 0; i < ARRAY_LEN(vmas); i++)
		if (a >= vmas[i].lo && a < vmas[i].hi)
			return &vmas[i];
	bool busy = in_change(t, 0, ~0ull);
	if (procfs_map_at(a, &m) != 1)
		return NULL;
	sites_touch(m.lo, m.hi);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!busy && !in_change(t, m.lo, m.hi))
		return vma_new(m.lo, m.hi, m.prot, m.shared);
	narrow = (struct vma){ PAGE_DOWN(a), PAGE_DOWN(a) + PAGE, (uint8_t)m.prot, false };
	return &narrow;
}
/* A small program's first site need not ask the host what is mapped there: the loader has just mapped it. */
void change_start(struct proc *p)
{
	for (unsigned i = 0; i < p->space->n_code; i++)
		if (p->space->code[i].hi - p->space->code[i].lo <= SMALL)
			vma_new(p->space->code[i].lo, p->space->code[i].hi, p->space->code[i].prot, false);
}
void sites_forget_maps(uaddr lo, uaddr hi)
{
	for (unsigned i = 0; i < ARRAY_LEN(vmas); i++)
		if (overlaps(lo, hi, vmas[i].lo, vmas[i].hi))
			vmas[i] = (struct vma){ 0 };
}

/* --- writing a site ----------------------------------------------------------------------------------------------- */
/* A jump at `from` to the way `in` of the site's slot. */
static void jump(uint8_t jmp[CAVE_JMP], uaddr from, const struct site *s, unsigned in)
{
	uint64_t rel = slot_addr(s->slot) + in - (from + CAVE_JMP);
	jmp[0] = 0xe9;
	for (int i = 0; i < 4; i++)
		jmp[1 + i] = (uint8_t)(rel >> 8 * i);
}
struct change { struct site *s; const struct site_plan *p; };

static uaddr open_lo, open_hi;           /* a mapping that seal.c has opened; under rewrite_lock */
void sites_opened(struct thread *t, uaddr lo, uaddr hi)
{
	if (lo < hi)
		vma_of(t, lo);           /* as it is while it is shut */
	open_lo = lo;
	open_hi = hi;
}
static long with_page_open(const struct vma *v, uaddr lo, uaddr hi, long (*fn)(const struct change *), struct change c)
{
	lo = is_small(v) ? v->lo : MAX(PAGE_DOWN(lo), v->lo);
	hi = is_small(v) ? v->hi : MIN(PAGE_UP(hi), v->hi);
	if (lo >= open_lo && hi <= open_hi)
		return fn(&c);
	long e = host(SYS_mprotect, lo, hi - lo, v->prot | PROT_WRITE);
	if (e)
		return e;
	e = fn(&c);
	host(SYS_mprotect, lo, hi - lo, v->prot);
	return e;
}
/* Padding that nothing runs into is filled at leisure; what is left of it becomes int3, so that it reads as padding to
 * the next site. A long nop may run at this moment: it changes as any code that runs. */
static long write_cave(const struct site *s, const struct site_plan *p)
{
	uint8_t b[32];
	memset(b, 0xcc, sizeof b);
	b[0] = 0xeb;
	b[1] = (uint8_t)(p->pad_len - 2);
	jump(b + (s->cave - s->pad), s->cave, s, SLOT_PLAIN);
	return p->runs ? patch_code(s->pad, b, CAVE_OVER + CAVE_JMP) : copy_out(s->pad, b, p->pad_len);
}

static long write_new(const struct change *c)
{
	long e = c->p && c->p->kind == SITE_CAVE ? write_cave(c->s, c->p) : 0;
	return e ? e : patch_code(c->s->from, c->s->new, c->s->len);
}
static long write_old(const struct change *c) { return patch_code(c->s->from, c->s->old, c->s->len); }

/* --- a site ------------------------------------------------------------------------------------------------------- */
struct seen { uint8_t b[SITE_BEFORE + SITE_BEHIND]; uaddr lo; size_t n, at; };

static bool look(const struct vma *v, uaddr at, struct seen *s)
{
	s->lo = MAX(v->lo, at - SITE_BEFORE);
	s->n = MIN(v->hi, at + SITE_BEHIND) - s->lo;
	s->at = at - s->lo;
	return v->prot & PROT_READ && !copy_in(s->b, s->lo, s->n);
}
/* A site that was rewritten ends with a jump, behind which nothing seems to run: but that is where it returns to. So the
 * guest's own code is read, but for the padding that is taken: a nop of which our jump is a part is filled with what is none,
 * and ends nothing. */
static uint8_t *seen_at(struct seen *s, uaddr a, unsigned len)
{
	return a >= s->lo && a + len <= s->lo + s->n ? s->b + (a - s->lo) : NULL;
}
static void unwritten(struct seen *s)
{
	for (const struct site *o = call_sites; o < call_sites + n_call_sites; o++) {
		uint8_t jmp[CAVE_JMP], *at = o->nop ? seen_at(s, o->pad, o->nop) : NULL;
		if (at)
			jump(jmp, o->cave, o, SLOT_PLAIN);
		if (at && !memcmp(at + CAVE_OVER, jmp, sizeof jmp))
			memset(at, 0xf8, o->nop);        /* clc */
		at = o->at && o->live ? seen_at(s, o->from, o->len) : NULL;
		if (at)
			memcpy(at, o->old, o->len);
	}
}
static void as_cave(struct site *s, const struct site_plan *p)
{
	s->pad = s->at + (uaddr)(long)p->pad;
	s->cave = s->pad + (p->runs ? CAVE_OVER : 0);
	s->nop = p->runs ? (uint8_t)p->pad_len : 0;
	s->len = 2;
	s->new[0] = 0xeb;
	s->new[1] = (uint8_t)(s->cave - (s->at + 2));
}
static void as_stub(struct site *s, const struct site_plan *p)
{
	s->mov = p->mov;
	s->len = 5;
	jump(s->new, s->from, s, p->r10 ? SLOT_NR_R10 : SLOT_NR);
}
static void site_make(struct thread *t, struct site *s, const struct vma *v, struct seen *seen, uint64_t rax)
{
	struct site_plan p;

	unwritten(seen);
	site_plan(seen->b, seen->n, seen->at, seen->lo, rax, &p);
	if (p.kind == SITE_LEFT || (s->slot = slot_take(t, s->at, v->lo, v->hi, (unsigned)(s - call_sites))) < 0)
		return;
	slot_set(s->slot, s->at + 2, p.nr);
	s->from = s->at + (uaddr)p.from;
	p.kind == SITE_CAVE ? as_cave(s, &p) : as_stub(s, &p);
	memcpy(s->old, seen->b + seen->at + p.from, s->len);
	__atomic_store_n(&s->kind, (uint8_t)p.kind, __ATOMIC_RELEASE);
	site_enter(s);                   /* before a thread can be found there */
	uaddr lo = s->pad ? MIN(s->from, s->pad) : s->from, hi = MAX(s->at + 2, s->pad + p.pad_len);
	s->live = !with_page_open(v, lo, hi, write_new, (struct change){ s, &p });
}
/* The guest's bytes have come back, since it unprotected the page: is everything else of ours as we left it? */
static bool intact(const struct site *s, const struct seen *seen)
{
	uint8_t now[CAVE_JMP], jmp[CAVE_JMP];
	if (memcmp(seen->b + (s->from - seen->lo), s->old, s->len))
		return false;
	jump(jmp, s->cave, s, SLOT_PLAIN);
	return !s->cave || (!copy_in(now, s->cave, sizeof now) && !memcmp(now, jmp, sizeof jmp));
}
unsigned n_rewritten, n_left;
static void count(unsigned rewritten, unsigned left)
{
	n_rewritten += rewritten;
	n_left += left;
	observe_sites(rewritten, left);
}
static struct site *site_add(struct thread *t, uaddr at, const struct vma *v, struct seen *seen, uint64_t rax)
{
	struct site *s = site_new(at);
	if (s) {
		sites_touch(at - SITE_BEFORE, at + SITE_BEHIND);
		site_make(t, s, v, seen, rax);
		if (s->kind == SITE_LEFT)
			site_enter(s);
		count(s->kind > SITE_LEFT, s->kind == SITE_LEFT);
	}
	return s;
}
/* Where nothing may be changed at all: counted like the others, as long as they leave room for those. */
static void leave(uaddr at)
{
	struct site *s = n_left < SITES / 2 ? site_new(at) : NULL;
	if (s) {
		sites_touch(at, at + 2);
		site_enter(s);
		count(0, 1);
	}
}
void site_met(struct thread *t, uaddr at)
{
	struct seen seen;
	struct site *s = site_find(at);
	if (s && s->kind == SITE_LEFT)
		return;
	const struct vma *v = vma_of(t, at);
	if (v == &narrow)
		return;
	if (!v || !v->ours_to_change || at + 2 > v->hi || !look(v, at, &seen)) {
		if (!s)
			leave(at);
		return;
	}
	if (s && !memcmp(seen.b + (s->from - seen.lo), s->new, s->len))
		return;                  /* done by now; or somebody jumped to the syscall instruction of a stub */
	if (s && intact(s, &seen)) {
		s->live = !with_page_open(v, s->from, s->at + 2, write_new, (struct change){ s, NULL });
		return;
	}
	if (s) {                         /* other code, or the page was dropped and read anew */
		site_drop(s);
		sites_anew();
	}
	site_add(t, at, v, &seen, t->regs.rax);
}
bool site_unseen(struct thread *t, uaddr at)
{
	struct seen seen;
	const struct vma *v = vma_of(t, at);
	uint32_t nr;
	if (!v || !v->ours_to_change || !look(v, at, &seen) || site_find(at) ||
	    !site_is_stub(seen.b, seen.at, seen.lo, &nr))
		return false;
	const struct site *s = site_add(t, at, v, &seen, nr);
	return s && s->live && s->kind == SITE_CAVE;
}
void site_give_back(struct thread *t, struct site *s)
{
	uint8_t now[5];
	const struct vma *v = s->live ? vma_of(t, s->from) : NULL;
	if (v && !copy_in(now, s->from, s->len) && !memcmp(now, s->new, s->len))
		with_page_open(v, s->from, s->from + s->len, write_old, (struct change){ s, NULL });
	s->live = false;
}
