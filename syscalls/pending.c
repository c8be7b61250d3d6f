/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Signals that wait and that the host's kernel cannot keep for us: those without a host number, and those that it has
 * given to us already though the guest blocks them (faults that were sent, what a kqueue watches). A fixed table for a
 * process, without locks: the host handler puts in where it stands. An entry is for the whole process (tid 0) or for one
 * thread; who takes it first has it. Lowest number first; within a number a thread's own first, then the oldest.
 */
#include "host.h"
#include "pending.h"

enum { FREE, BUSY, WAITING };
#define MOST 511                         /* for what others send; there is no way to tell them that it is full */
#define OWN_MOST 128                     /* for what a process sends to itself: kern.sigqueue.max_pending_per_proc */

struct entry {
	volatile uint32_t state;         /* FREE -> BUSY -> WAITING -> BUSY -> FREE, by compare and swap */
	volatile int tid;
	volatile uint32_t age;
	volatile int sig;
	uint64_t info[6];                /* the kernel's siginfo; the rest of libc's is padding */
};
struct pending {
	volatile uint32_t n, age;        /* entries that are not FREE; the next age */
	volatile uint32_t top;           /* none was ever used at or above */
	struct entry e[MOST];
};

/* One that is free again is kept for the next vfork: to clear what it used is cheaper than to clear all of it. */
static struct pending *volatile spare FORKED;
struct pending *pending_new(void)
{
	struct pending *q = __atomic_exchange_n(&spare, NULL, __ATOMIC_ACQ_REL);
	return q ? q : mem_alloc(sizeof *q);
}
void pending_free(struct pending *q)
{
	struct pending *none = NULL;
	pending_clear(q);
	if (!__atomic_compare_exchange_n(&spare, &none, q, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		mem_free(q, sizeof *q);
}
/* Most never hold one: their pages are left alone. */
void pending_clear(struct pending *q)
{
	if (q->top)
		memset(q, 0, offsetof(struct pending, e[q->top]));
}

static bool take_state(struct entry *e, uint32_t from)
{
	return __atomic_compare_exchange_n(&e->state, &from, BUSY, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}
static void set_state(struct entry *e, uint32_t to) { __atomic_store_n(&e->state, to, __ATOMIC_SEQ_CST); }

static void release(struct pending *q, struct entry *e)
{
	set_state(e, FREE);
	__atomic_sub_fetch(&q->n, 1, __ATOMIC_SEQ_CST);
}
/* The plain signals are there or not; a timer whose signal still waits counts what it missed. */
static bool merged(struct pending *q, int tid, const siginfo_t *si)
{
	if (si->si_signo > 31 && si->si_code != SI_TIMER)
		return false;
	for (struct entry *e = q->e; e < q->e + q->top && q->n; e++) {
		siginfo_t *old = (siginfo_t *)e->info;
		if (e->state != WAITING || e->sig != si->si_signo || e->tid != tid || !take_state(e, WAITING))
			continue;
		bool same = e->sig == si->si_signo && e->tid == tid &&
			    (si->si_signo <= 31 || (old->si_code == SI_TIMER && old->si_timerid == si->si_timerid));
		if (same && si->si_code == SI_TIMER)
			old->si_overrun += 1 + si->si_overrun;
		set_state(e, WAITING);
		if (same)
			return true;
	}
	return false;
}
static void raise_top(struct pending *q, uint32_t to)
{
	uint32_t top = q->top;
	while (top < to && !__atomic_compare_exchange_n(&q->top, &top, to, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		;
}
bool pending_full(struct proc *p) { return p->pending->n >= OWN_MOST; }

long pending_add(struct proc *p, int tid, const siginfo_t *si)
{
	struct pending *q = p->pending;
	if (!p->traced && merged(q, tid, si))    /* a tracer is told of each */
		return 0;
	for (struct entry *e = q->e; e < q->e + MOST; e++) {
		if (!take_state(e, FREE))
			continue;
		raise_top(q, (uint32_t)(e - q->e) + 1);
		__atomic_add_fetch(&q->n, 1, __ATOMIC_SEQ_CST);
		e->tid = tid;
		e->sig = si->si_signo;
		e->age = __atomic_fetch_add(&q->age, 1, __ATOMIC_RELAXED);
		memcpy(e->info, si, sizeof e->info);
		set_state(e, WAITING);
		return 0;
	}
	return -EAGAIN;
}
long pending_each(struct proc *p, long (*fn)(void *, int, const siginfo_t *), void *arg)
{
	long r = 0;
	for (struct entry *e = p->pending->e; e < p->pending->e + p->pending->top && !r; e++) {
		siginfo_t si = { 0 };
		memcpy(&si, e->info, sizeof e->info);
		if (e->state == WAITING)
			r = fn(arg, e->tid, &si);
	}
	return r;
}
static bool for_thread(const struct entry *e, const struct thread *t) { return !e->tid || e->tid == t->tid; }

sigbits pending_for(struct thread *t)
{
	struct pending *q = t->p->pending;
	sigbits set = 0;
	if (!__atomic_load_n(&q->n, __ATOMIC_SEQ_CST))
		return 0;
	for (struct entry *e = q->e; e < q->e + q->top; e++)
		if (__atomic_load_n(&e->state, __ATOMIC_SEQ_CST) == WAITING && for_thread(e, t))
			set |= (sigbits)1 << (e->sig - 1);
	return set;
}
static bool before(const struct entry *a, const struct entry *b)
{
	if (a->sig != b->sig)
		return a->sig < b->sig;
	return !a->tid != !b->tid ? a->tid != 0 : (int32_t)(a->age - b->age) < 0;
}
static struct entry *oldest(struct pending *q, const struct thread *t, sigbits of)
{
	struct entry *best = NULL;
	for (struct entry *e = q->e; e < q->e + q->top; e++) {
		if (__atomic_load_n(&e->state, __ATOMIC_SEQ_CST) != WAITING || (t && !for_thread(e, t)))
			continue;
		if (of >> (e->sig - 1) & 1 && (!best || before(e, best)))
			best = e;
	}
	return best;
}
static int take(struct pending *q, const struct thread *t, sigbits of, siginfo_t *si)
{
	struct entry *e;
	while (q->n && (e = oldest(q, t, of))) {
		int sig = 0;
		if (!take_state(e, WAITING))
			continue;        /* another thread was faster */
		if (of >> (e->sig - 1) & 1 && (!t || for_thread(e, t))) {
			memset(si, 0, sizeof *si);
			memcpy(si, e->info, sizeof e->info);
			sig = e->sig;
			release(q, e);
			return sig;
		}
		set_state(e, WAITING);   /* it became another one under our eyes */
	}
	return 0;
}
int pending_take(struct thread *t, sigbits of, siginfo_t *si) { return take(t->p->pending, t, of, si); }
int pending_take_any(struct proc *p, siginfo_t *si) { return take(p->pending, NULL, ~(sigbits)0, si); }

sigbits pending_of_process(struct proc *p)
{
	sigbits set = 0;
	for (struct entry *e = p->pending->e; e < p->pending->e + p->pending->top && p->pending->n; e++)
		if (e->state == WAITING && !e->tid)
			set |= (sigbits)1 << (e->sig - 1);
	return set;
}
void pending_forget(struct thread *t)
{
	struct pending *q = t->p->pending;
	for (struct entry *e = q->e; e < q->e + q->top && q->n; e++)
		if (e->state == WAITING && e->tid == t->tid && take_state(e, WAITING)) {
			if (e->tid == t->tid)
				release(q, e);
			else
				set_state(e, WAITING);
		}
}
