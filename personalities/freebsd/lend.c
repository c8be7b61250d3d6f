/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Lent priorities (lend.h). FreeBSD's kernel keeps a lent priority beside a thread's own; the host has it in its PI futexes, whose
 * words must hold the host's thread numbers, which the guest's do not. So it is done by setting the policy of the thread
 * that holds the mutex, with its own policy remembered here, and told to the guest in its place. Only within a process: who
 * waits in another one lends nothing. Without the right to real-time priorities nothing can be lent, as there.
 *
 * One lock for all, taken only where somebody sleeps for such a mutex or a ceiling is met: by then the host was called.
 */
#include <sched.h>
#include "host.h"
#include "freebsd/lend.h"

#define CHAIN 32                         /* a holder waits for another, and that one ...: so far it is followed */

struct lent {                            /* a thread with a ceiling, or whose policy is not its own */
	struct lent *next;
	int tid, ceiling;
	int now;                         /* the lent priority that the host was told, or 0 */
	struct rtp_host own;
};
static volatile uint32_t lend_lock FORKED;
static struct { struct lent *volatile lents; struct lend_wait *volatile waits; } known FORKED;
FORK_LOCK(lend_lock);
/* A child has one thread, which nobody waits for; a policy that was lent the host has not handed on (SCHED_RESET_ON_FORK). */
static void forget(struct proc *p)
{
	known.lents = NULL;
	known.waits = NULL;
}
AT_FORK_IF(forget, known);

/* --- what is known; under the lock ------------------------------------------------------------------------------------ */
static struct lent *lent_of(int tid)
{
	struct lent *l = known.lents;
	while (l && l->tid != tid)
		l = l->next;
	return l;
}
static struct lend_wait *wait_of(int tid)
{
	struct lend_wait *w = known.waits;
	while (w && w->tid != tid)
		w = w->next;
	return w;
}
/* The first of all priorities that others lend to it. */
static int lent_prio(int tid, int depth)
{
	const struct lent *l = lent_of(tid);
	int most = l ? l->ceiling : 0;
	for (const struct lend_wait *w = known.waits; w && depth < CHAIN; w = w->next)
		if (w->owner == tid)
			most = MAX(most, MAX(w->own, lent_prio(w->tid, depth + 1)));
	return most;
}
static struct lent *lent_make(int tid)
{
	struct lent *l = lent_of(tid);
	if (l || host(SYS_tgkill, host(SYS_getpid), tid, 0) < 0 || !(l = mem_alloc(sizeof *l)))
		return l;                /* a number that is nobody's any more may be another process's */
	l->tid = tid;
	if (rtp_save(tid, &l->own) < 0) {
		mem_free(l, sizeof *l);
		return NULL;
	}
	l->next = known.lents;
	known.lents = l;
	return l;
}
static void lent_drop(struct lent *gone)
{
	struct lent **at = (struct lent **)&known.lents;
	while (*at != gone)
		at = &(*at)->next;
	*at = gone->next;
	mem_free(gone, sizeof *gone);
}
static long tell(int tid, const struct rtp_host *own, int prio)
{
	int policy = own->policy & ~SCHED_RESET_ON_FORK;
	struct sched_param sp = { .sched_priority = prio };
	if (policy != SCHED_FIFO)                        /* a new thread of a common one is a common one */
		policy = SCHED_RR | (policy == SCHED_RR ? 0 : SCHED_RESET_ON_FORK);
	return host(SYS_sched_setscheduler, tid, policy, &sp);
}
/* Who may set it by a limit alone may not take SCHED_RESET_ON_FORK away again. */
static void restore(struct lent *l)
{
	struct sched_param sp = { .sched_priority = l->own.prio };
	if (host(SYS_sched_setscheduler, l->tid, l->own.policy, &sp) < 0)
		host(SYS_sched_setscheduler, l->tid, l->own.policy | SCHED_RESET_ON_FORK, &sp);
	l->now = 0;
}
static int own_prio(int tid)
{
	struct rtp_host h = { 0 };
	const struct lent *l = lent_of(tid);
	if (!l && rtp_save(tid, &h) < 0)
		return 0;
	return l ? l->own.prio : h.prio;
}
/* What a thread is due, and whoever it waits for. */
static void settle(int tid, int depth)
{
	int prio = lent_prio(tid, 0);
	struct lent *l = prio ? lent_make(tid) : lent_of(tid);
	const struct lend_wait *w = wait_of(tid);

	if (l && prio > l->own.prio && prio != l->now) {
		if (tell(tid, &l->own, prio) >= 0)
			l->now = prio;
	} else if (l && prio <= l->own.prio && l->now) {
		restore(l);
	}
	if (l && !l->now && !l->ceiling)
		lent_drop(l);
	if (w && w->owner && depth < CHAIN)
		settle(w->owner, depth + 1);
}

/* --- inheritance -------------------------------------------------------------------------------------------------------- */
void lend_wait(struct lend_wait *w, struct thread *t, uaddr mutex, int owner)
{
	lock(&lend_lock);
	*w = (struct lend_wait){ .next = known.waits, .mutex = mutex, .tid = t->tid, .owner = owner, .own = own_prio(t->tid) };
	known.waits = w;
	if (owner)
		settle(owner, 0);
	unlock(&lend_lock);
}
void lend_woken(struct lend_wait *gone)
{
	struct lend_wait **at = (struct lend_wait **)&known.waits;
	lock(&lend_lock);
	while (*at && *at != gone)
		at = &(*at)->next;
	if (*at)
		*at = gone->next;
	if (gone->owner)
		settle(gone->owner, 0);
	unlock(&lend_lock);
}
static void owned(struct thread *t, uaddr mutex, bool was, int owner)
{
	bool any = false;
	if (!known.waits && !known.lents)
		return;
	lock(&lend_lock);
	for (struct lend_wait *w = known.waits; w; w = w->next)
		if (w->mutex == mutex && (!was || w->owner == t->tid)) {
			w->owner = owner;
			any = true;
		}
	if (any || lent_of(t->tid))
		settle(t->tid, 0);
	unlock(&lend_lock);
}
void lend_taken(struct thread *t, uaddr mutex) { owned(t, mutex, false, t->tid); }
void lend_given(struct thread *t, uaddr mutex) { owned(t, mutex, true, 0); }

/* --- protection ---------------------------------------------------------------------------------------------------------- */
int lend_ceiling(struct thread *t, int prio)
{
	int before = 0;
	lock(&lend_lock);
	struct lent *l = prio ? lent_make(t->tid) : lent_of(t->tid);
	if (l) {
		before = l->ceiling;
		l->ceiling = prio;
		settle(t->tid, 0);
	}
	unlock(&lend_lock);
	return before;
}
int lend_own_prio(struct thread *t)
{
	lock(&lend_lock);
	int prio = own_prio(t->tid);
	unlock(&lend_lock);
	return prio;
}

/* --- the rest of its life -------------------------------------------------------------------------------------------------- */
void lend_exit(struct thread *t)
{
	if (!known.lents)
		return;
	lock(&lend_lock);
	struct lent *l = lent_of(t->tid);
	if (l)
		lent_drop(l);
	unlock(&lend_lock);
}
static int true_tid(int tid) { return tid ? tid : thread_self()->tid; }
bool lend_own(int tid, struct rtp_host *h)
{
	struct lent *l = NULL;
	if (!known.lents)
		return false;
	lock(&lend_lock);
	if ((l = lent_of(true_tid(tid))))
		*h = l->own;
	unlock(&lend_lock);
	return l;
}
bool lend_changed(int tid, int policy, int prio)
{
	struct lent *l = NULL;
	if (!known.lents)
		return false;
	lock(&lend_lock);
	if ((l = lent_of(true_tid(tid))) && l->now) {
		l->own = (struct rtp_host){ policy, prio };
		if (prio >= l->now)              /* what is lent is no more than that */
			restore(l);
		settle(l->tid, 0);
	} else if (l) {
		l->own = (struct rtp_host){ policy, prio };
		l = NULL;                        /* the host is to be told */
	}
	unlock(&lend_lock);
	return l;
}
