/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Engine rewrite: Syscall User Dispatch catches what was not seen yet; after its first trap a call site is changed into
 * a jump to a slot of ours (slot.c) and from there to entry_jump, and never traps again. site.h says how; what is not
 * certain stays as it is and traps.
 *
 * Only pages that are private, executable and not writable are touched: a page that the guest can write is its own to
 * rewrite, and one that is shared may be seen elsewhere at other addresses. Before the guest changes what is mapped
 * (engine->changes), its own bytes are put back. The page is writable and executable for the time of one store.
 *
 * A signal that finds a thread in a slot or in a cave must not be seen there: `found` moves it to the place in the
 * guest's own code where it would be (each step of a slot has one).
 *
 * Lock: rewrite_lock, outermost. It covers all tables; the host handler reads them without it.
 */
#include <sys/mman.h>
#include <ucontext.h>
#include <fcntl.h>
#include "host.h"
#include "procfs.h"
#include "thread.h"
#include "engines/patch.h"
#include "engines/site.h"
#include "engines/rewrite.h"
#include "engines/seal.h"
#include "engines/slot.h"
#include "engines/trap.h"

struct site {
	uaddr at;                /* the syscall instruction; 0: nobody's */
	uaddr from;              /* the first byte changed */
	uaddr cave, pad;         /* the jump in the padding, and where the padding begins; or 0 */
	uint8_t kind;            /* enum site_kind; LEFT: looked at, stays */
	bool live;               /* our bytes are there; false: the guest's are back, everything else is kept */
	uint8_t mov, len;        /* length of the load; of what was changed at `from` */
	uint8_t nop;             /* of the long nop at `pad`, if it is one that runs */
	int slot;
	uint8_t old[5];          /* the guest's own bytes at `from` */
	uint8_t new[5];
};
struct vma { uaddr lo, hi; uint8_t prot; bool ours_to_change; };

#define SITES 2048u
#define HASH 16384u
static struct site sites[SITES] SPARSE;
static unsigned n_sites;                 /* every site below was used once */
static uint16_t hash[HASH] SPARSE;              /* site number + 1, by the addresses at, from and cave */
static volatile uint32_t hash_turn;      /* odd while the table is made anew */
static struct vma vmas[16];              /* what was looked up, the newest over the oldest */
static unsigned next_vma;
static volatile uaddr touched_lo = ~0ull, touched_hi;    /* around all sites and vmas */
static const struct engine rewrite;
static volatile uint32_t rewrite_lock;
FORK_LOCK(rewrite_lock);

/* --- sites by address --------------------------------------------------------------------------------------------- */
/* What belongs to one site lies near: one page of the table, and for most programs one in all. */
static unsigned hash_of(uaddr a)
{
	unsigned group = (unsigned)((a >> 8) * 0x9e3779b97f4a7c15ull >> 58);
	return group << 8 | (a & 0xff);
}

static struct site *lookup(uaddr a)
{
	for (unsigned h = hash_of(a);; h = (h + 1) % HASH) {
		unsigned n = __atomic_load_n(&hash[h], __ATOMIC_ACQUIRE);
		if (!n)
			return NULL;
		struct site *s = &sites[n - 1];
		if (s->at == a || (s->kind > SITE_LEFT && (s->from == a || s->cave == a || s->pad == a)))
			return s;
	}
}
/* Without the lock, in the host handler: what was not found while the table was made anew is looked for again. */
static struct site *site_find(uaddr a)
{
	for (;;) {
		uint32_t turn = __atomic_load_n(&hash_turn, __ATOMIC_ACQUIRE);
		struct site *s = lookup(a);
		if (s || (!(turn & 1) && turn == __atomic_load_n(&hash_turn, __ATOMIC_ACQUIRE)))
			return s;
	}
}
static void hash_add(uaddr a, const struct site *s)
{
	unsigned h = hash_of(a);
	while (hash[h])
		h = (h + 1) % HASH;
	__atomic_store_n(&hash[h], (uint16_t)(s - sites + 1), __ATOMIC_RELEASE);
}
static void site_enter(const struct site *s)
{
	hash_add(s->at, s);
	if (s->kind > SITE_LEFT && s->from != s->at)
		hash_add(s->from, s);
	if (s->cave)
		hash_add(s->cave, s);
	if (s->pad != s->cave)
		hash_add(s->pad, s);
}
/* Rare: a mapping with sites in it has gone. */
static void hash_anew(void)
{
	__atomic_add_fetch(&hash_turn, 1, __ATOMIC_SEQ_CST);
	memset(hash, 0, sizeof hash);
	for (unsigned i = 0; i < n_sites; i++)
		if (sites[i].at)
			site_enter(&sites[i]);
	__atomic_add_fetch(&hash_turn, 1, __ATOMIC_SEQ_CST);
}
static struct site *site_new(uaddr at)
{
	struct site *s = sites;
	while (s < sites + n_sites && s->at)
		s++;
	if (s == sites + SITES)
		return NULL;
	n_sites = MAX(n_sites, (unsigned)(s - sites) + 1);
	*s = (struct site){ .at = at, .from = at, .kind = SITE_LEFT };
	return s;
}
static void site_drop(struct site *s)
{
	if (s->kind > SITE_LEFT)
		slot_drop(s->slot);
	s->at = 0;
}
static void touch(uaddr lo, uaddr hi)
{
	touched_lo = MIN(touched_lo, lo);
	touched_hi = MAX(touched_hi, hi);
}

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
	touch(lo, hi);
	return v;
}
static const struct vma *vma_of(struct thread *t, uaddr a)
{
	struct procfs_map m;
	for (unsigned i = 0; i < ARRAY_LEN(vmas); i++)
		if (a >= vmas[i].lo && a < vmas[i].hi)
			return &vmas[i];
	return procfs_map_at(a, &m) == 1 ? vma_new(m.lo, m.hi, m.prot, m.shared) : NULL;
}
/* A small program's first site need not ask the host what is mapped there: the loader has just mapped it. */
long rewrite_start(struct proc *p)
{
	for (unsigned i = 0; i < p->space->n_code; i++)
		if (p->space->code[i].hi - p->space->code[i].lo <= SMALL)
			vma_new(p->space->code[i].lo, p->space->code[i].hi, p->space->code[i].prot, false);
	return 0;
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
void rewrite_opened(struct thread *t, uaddr lo, uaddr hi)
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
	for (const struct site *o = sites; o < sites + n_sites; o++) {
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
	if (p.kind == SITE_LEFT || (s->slot = slot_take(t, s->at, v->lo, v->hi, (unsigned)(s - sites))) < 0)
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
/* For people: what was found so far, what has gone since with it. */
static unsigned n_rewritten, n_left;
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
		touch(at - SITE_BEFORE, at + SITE_BEHIND);
		site_make(t, s, v, seen, rax);
		if (s->kind == SITE_LEFT)
			site_enter(s);
		count(s->kind > SITE_LEFT, s->kind == SITE_LEFT);
	}
	return s;
}
/* Where nothing may be changed at all: counted like the others, as long as they leave room for those. */
static bool leave(uaddr at)
{
	struct site *s = n_left < SITES / 2 ? site_new(at) : NULL;
	if (s) {
		touch(at, at + 2);
		site_enter(s);
		count(0, 1);
	}
	return false;
}
static bool trapped(struct thread *t, uaddr at)
{
	struct seen seen;
	struct site *s = site_find(at);
	if (s && s->kind == SITE_LEFT)
		return false;
	const struct vma *v = vma_of(t, at);
	if (!v || !v->ours_to_change || at + 2 > v->hi || !look(v, at, &seen))
		return !s && leave(at);
	if (s && !memcmp(seen.b + (s->from - seen.lo), s->new, s->len))
		return false;            /* done by now; or somebody jumped to the syscall instruction of a stub */
	if (s && intact(s, &seen)) {
		s->live = !with_page_open(v, s->from, s->at + 2, write_new, (struct change){ s, NULL });
		return true;
	}
	if (s) {                         /* other code, or the page was dropped and read anew */
		site_drop(s);
		hash_anew();
	}
	s = site_add(t, at, v, &seen, t->regs.rax);
	return s && s->live;
}
bool rewrite_unseen(struct thread *t, uaddr at)
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
/* A forked child often makes a few calls that its parent never did, once (exit, exec): to change such a site would cost it
 * more pages to copy than it could ever win back. It is changed when it is met again. */
static uaddr met[32] FORKED;

static bool worth_it(const struct proc *p, uaddr at)
{
	uaddr *m = &met[hash_of(at) % ARRAY_LEN(met)];
	if (!p->forked || *m == at)
		return true;
	*m = at;
	return false;
}
void rewrite_trapped(struct thread *t);
void rewrite_trapped(struct thread *t)
{
	/* where another site is being changed: this one at its next trap */
	if (!t->p->traced && worth_it(t->p, t->regs.rip - 2) && lock_try(&rewrite_lock)) {
		trapped(t, t->regs.rip - 2);
		if (seal_hopeful())
			t->look = 1;
		unlock(&rewrite_lock);
	}
	syscall_enter(t);
}

static void rewrite_look(struct thread *t)
{
	if (!lock_try(&rewrite_lock))
		return;
	seal_try(t);
	unlock(&rewrite_lock);
}

/* --- the guest changes what is mapped ----------------------------------------------------------------------------- */
static bool overlaps(uaddr lo, uaddr hi, uaddr a, uaddr b) { return lo < b && a < hi; }

static void give_back(struct thread *t, struct site *s)
{
	uint8_t now[5];
	const struct vma *v = s->live ? vma_of(t, s->from) : NULL;
	if (v && !copy_in(now, s->from, s->len) && !memcmp(now, s->new, s->len))
		with_page_open(v, s->from, s->from + s->len, write_old, (struct change){ s, NULL });
	s->live = false;
}
void rewrite_changes(struct thread *t, uaddr lo, uint64_t len, unsigned how)
{
	uaddr hi = lo + len < lo ? ~0ull : PAGE_UP(lo + len);
	bool lost = false;

	bool ours = overlaps(lo, hi, touched_lo, touched_hi);

	if (!ours && !(how & (CHANGE_EXEC | CHANGE_UNSEEN)))
		return;
	lock(&rewrite_lock);
	if (ours || how & (CHANGE_EXEC | CHANGE_UNSEEN))
		seal_break(t, how & CHANGE_UNSEEN);
	for (unsigned i = 0; i < n_sites; i++) {
		struct site *s = &sites[i];
		if (!s->at || (!overlaps(lo, hi, s->from, s->at + 2) && !overlaps(lo, hi, s->pad, s->cave + CAVE_JMP)))
			continue;
		if (s->kind > SITE_LEFT)
			give_back(t, s);
		if (how & CHANGE_GONE || s->kind == SITE_LEFT) {
			site_drop(s);
			lost = true;
		}
	}
	for (unsigned i = 0; i < ARRAY_LEN(vmas); i++)
		if (overlaps(lo, hi, vmas[i].lo, vmas[i].hi))
			vmas[i] = (struct vma){ 0 };
	if (lost)
		hash_anew();
	unlock(&rewrite_lock);
}

/* --- signals ------------------------------------------------------------------------------------------------------ */
/* Where in the guest's own code a thread is that stands in a slot. By offset of the step. */
static uaddr place_of(const struct site *s, unsigned offset)
{
	switch (offset) {
	case SLOT_NR_R10: case SLOT_NR: return s->from;
	case 6: return s->from + s->mov;
	default: return s->at;           /* rcx may have changed already: it is the syscall instruction's to change */
	}
}
static uaddr place(uaddr rip)
{
	unsigned owner, step;
	if (slot_of(rip, &owner, &step))
		return place_of(&sites[owner], step);
	const struct site *s = site_find(rip);
	return s && s->cave == rip ? s->at : rip;
}
/* An int3 of ours that is gone by now, or will be at once. */
static bool met_int3(uaddr at)
{
	const struct site *s;
	uint8_t b;
	if (patch_stands(at))
		return true;
	s = site_find(at);
	return s && (s->from == at || s->pad == at) && s->kind > SITE_LEFT && !copy_in(&b, at, 1) && b != 0xcc;
}
/* The load of the number, which a slot has done in its place, is a step of its own; on from there with the guest's own. */
static bool after_load(uaddr rip)
{
	unsigned owner, step;
	return slot_of(rip, &owner, &step) && (step == SLOT_NR_R10 + 6 || step == SLOT_NR + 6);
}
bool rewrite_found(struct thread *t, int sig, const siginfo_t *si, long long *g)
{
	uaddr rip = (uaddr)g[REG_RIP], there;

	if (trap_taken(t, sig, si, g, entry_trapped))
		return true;
	if (sig == SIGTRAP && si->si_code > 0 && g[REG_TRAPNO] == 3 && met_int3(rip - 1)) {
		g[REG_RIP] = (greg_t)rip - 1;
		return true;
	}
	there = place(rip);
	if (there != rip && sig == SIGTRAP && si->si_code > 0 && g[REG_TRAPNO] == 1 && !after_load(rip))
		return true;             /* a single step in our code: the guest sees one for the whole call, as natively */
	g[REG_RIP] = (greg_t)there;
	return false;
}

void rewrite_count(unsigned *rewritten, unsigned *left)
{
	*rewritten = n_rewritten;
	*left = n_left;
}
static long rewrite_arm(struct thread *t) { return t->p->space->sealed && !t->vforked ? 0 : trap_arm(t); }

static const struct engine rewrite = {
	.name = "rewrite", .about = "Syscall User Dispatch once for each call site, which then jumps straight to us",
	.rank = 60, .probe = trap_probe, .start = rewrite_start, .arm = rewrite_arm, .run = trap_run,
	.found = rewrite_found, .changes = rewrite_changes, .look = rewrite_look, .count = rewrite_count,
};
ENGINE(rewrite);
