/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Engine rewrite: Syscall User Dispatch catches what was not seen yet; after its first trap a call site is changed into
 * a jump to a slot of ours (change.c) and from there to entry_jump, and never traps again. Before the guest changes what is
 * mapped (engine->changes), its own bytes are put back.
 *
 * A signal that finds a thread in a slot or in a cave must not be seen there: `found` moves it to the place in the
 * guest's own code where it would be (each step of a slot has one).
 *
 * Lock: rewrite_lock, outermost. It covers all tables; the host handler reads them without it.
 */
#include <ucontext.h>
#include "host.h"
#include "thread.h"
#include "engines/patch.h"
#include "engines/rewrite.h"
#include "engines/seal.h"
#include "engines/sites.h"
#include "engines/slot.h"
#include "engines/trap.h"

static volatile uint32_t rewrite_lock;
FORK_LOCK(rewrite_lock);

static long rewrite_start(struct proc *p)
{
	change_start(p);
	return 0;
}

/* A forked child often makes a few calls that its parent never did, once (exit, exec): to change such a site would cost it
 * more pages to copy than it could ever win back. It is changed when it is met again. */
static uaddr met[32] FORKED;

static bool worth_it(const struct proc *p, uaddr at)
{
	uaddr *m = &met[site_hash(at) % ARRAY_LEN(met)];
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
		site_met(t, t->regs.rip - 2);
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
void rewrite_changes(struct thread *t, uaddr lo, uint64_t len, unsigned how)
{
	uaddr hi = lo + len < lo ? ~0ull : PAGE_UP(lo + len);
	bool lost = false;

	sites_changing(t, lo, hi);
	if (!overlaps(lo, hi, touched_lo, touched_hi) && !(how & (CHANGE_EXEC | CHANGE_UNSEEN)))
		return;
	lock(&rewrite_lock);
	seal_break(t, how & CHANGE_UNSEEN);
	for (unsigned i = 0; i < n_call_sites; i++) {
		struct site *s = &call_sites[i];
		if (!s->at || (!overlaps(lo, hi, s->from, s->at + 2) && !overlaps(lo, hi, s->pad, s->cave + CAVE_JMP)))
			continue;
		if (s->kind > SITE_LEFT)
			site_give_back(t, s);
		if (how & CHANGE_GONE || s->kind == SITE_LEFT) {
			site_drop(s);
			lost = true;
		}
	}
	sites_forget_maps(lo, hi);
	if (lost)
		sites_anew();
	unlock(&rewrite_lock);
}

/* --- signals ------------------------------------------------------------------------------------------------------ */
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
	uaddr rip = (uaddr)g[REG_RIP], there = rip;

	if (trap_taken(t, sig, si, g, entry_trapped))
		return true;
	if (sig == SIGTRAP && si->si_code > 0 && g[REG_TRAPNO] == 3 && met_int3(rip - 1)) {
		g[REG_RIP] = (greg_t)rip - 1;
		return true;
	}
	if (site_place(&there) && sig == SIGTRAP && si->si_code > 0 && g[REG_TRAPNO] == 1 && !after_load(rip))
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
