/* SPDX-License-Identifier: BSD-2-Clause
 *
 * umutex: the mutex whose first word is its owner's thread number, or with UMUTEX_CONTESTED that somebody sleeps. The
 * library takes and gives a free one by itself and comes here when it must sleep or wake.
 *
 * The rule that keeps sleepers from being forgotten: a sleeper has set CONTESTED on the very word on which the host
 * compares. Whoever frees the mutex leaves CONTESTED behind if more than the one woken sleeper is left, since the woken
 * one may take it in the library, without coming here. FreeBSD counts and stores under its queue's lock; here the
 * count is taken again after the store, and if it has grown in between all are woken (they come back).
 * A word is touched after it was freed only while somebody is known to sleep on it: else it may be another's memory.
 *
 * Priorities: who sleeps for a mutex with inheritance lends its priority to the owner, and a ceiling is the owner's while it
 * holds the mutex (lend.c); between processes nothing is lent.
 * A mutex of a process that was killed outright stays locked: the host tells nobody in time.
 */
#include "host.h"
#include "freebsd/umtx.h"
#include "freebsd/lend.h"
#include "freebsd/thr.h"
#include "freebsd/rtp.h"

sysfn fbsd_umtx_mutex_trylock, fbsd_umtx_mutex_lock, fbsd_umtx_mutex_unlock, fbsd_umtx_mutex_wait, fbsd_umtx_mutex_wake,
      fbsd_umtx_mutex_wake2, fbsd_umtx_set_ceiling, fbsd_umtx_robust_lists;

enum mode { LOCK, TRY, WAIT };
#define MAX_ROBUST 1000

static struct queue queue_of(uaddr m, uint32_t flags)
{
	return (struct queue){ AT(umutex, m, owner), Q_MUTEX, flags & USYNC_PROCESS_SHARED };
}
static uint32_t self(struct thread *t) { return (uint32_t)fbsd_tid(t->tid); }
static bool dead(uint32_t owner) { return owner == UMUTEX_RB_OWNERDEAD || owner == UMUTEX_RB_NOTRECOV; }
static bool is_free(uint32_t owner) { return !(owner & ~UMUTEX_CONTESTED) || dead(owner); }

/* Take a free one. 0, -EOWNERDEAD (taken too), -ENOTRECOVERABLE, -EBUSY, -EFAULT. */
static long take(uaddr m, uint32_t me, uint32_t *owner)
{
	for (;;) {
		uint32_t o = *owner, want;
		long e;
		if (o == UMUTEX_RB_NOTRECOV)
			return -ENOTRECOVERABLE;
		if (!is_free(o))
			return -EBUSY;
		want = me | (o & UMUTEX_CONTESTED);
		if ((e = mem_cas32(m, o, want, owner)))
			return e;
		if (*owner == o)
			return o == UMUTEX_RB_OWNERDEAD ? -EOWNERDEAD : 0;
	}
}
static long sleep_for(struct thread *t, uaddr m, uint32_t flags, uint32_t owner, const struct until *u)
{
	struct queue q = queue_of(m, flags);
	struct lend_wait w;
	if (!(flags & UMUTEX_PRIO_INHERIT) || flags & USYNC_PROCESS_SHARED)
		return umtx_sleep(&q, owner | UMUTEX_CONTESTED, u);
	lend_wait(&w, t, m, is_free(owner) ? 0 : fbsd_tid_host(owner & ~UMUTEX_CONTESTED));
	long e = umtx_sleep(&q, owner | UMUTEX_CONTESTED, u);
	lend_woken(&w);
	return e;
}
static long lock_plain(struct thread *t, uaddr m, uint32_t flags, const struct until *u, enum mode mode)
{
	uint32_t owner, seen, me = self(t);
	long e, slept = 0;

	for (;;) {
		if ((e = mem_load32(m, &owner)))
			return e;
		if (mode == WAIT && is_free(owner))
			return 0;
		if (mode != WAIT && (e = take(m, me, &owner)) != -EBUSY) {
			if (flags & UMUTEX_PRIO_INHERIT && (!e || e == -EOWNERDEAD))
				lend_taken(t, m);
			return e;
		}
		if (mode == TRY)
			return -EBUSY;
		if (flags & UMUTEX_PRIO_INHERIT && (owner & ~UMUTEX_CONTESTED) == me)
			return -EDEADLK;
		if (slept)
			return slept;
		if ((e = mem_cas32(m, owner, owner | UMUTEX_CONTESTED, &seen)))
			return e;
		if (seen == owner)
			slept = sleep_for(t, m, flags, owner, u);
	}
}

/* With a ceiling the free word is CONTESTED, never 0, so that the library always comes here. */
static long ceiling_ok(uaddr m, int i)
{
	uint32_t ceiling;
	long e = mem_load32(m + offsetof(struct umutex, ceilings) + 4 * (unsigned)i, &ceiling);
	if (!e && ceiling > RTP_PRIO_MAX && !(i == 1 && ceiling == UINT32_MAX))
		e = -EINVAL;
	return e;
}
static long lock_protected(struct thread *t, uaddr m, uint32_t flags, const struct until *u, enum mode mode)
{
	struct queue q = queue_of(m, flags);
	uint32_t owner;
	long e, slept = 0;

	for (;;) {
		if ((e = ceiling_ok(m, 0)) || (e = mem_load32(m, &owner)))
			return e;
		if (owner && (e = take(m, self(t), &owner)) != -EBUSY)
			return e;
		if (mode != LOCK)
			return -EBUSY;
		if (slept)
			return slept;
		slept = umtx_sleep(&q, owner, u);
	}
}
/* Nobody may take it whose own priority is above the ceiling. The ceiling is the thread's from before it has the mutex. */
static long lock_protect(struct thread *t, uaddr m, uint32_t flags, const struct until *u, enum mode mode)
{
	uint32_t ceiling;
	long e = ceiling_ok(m, 0);
	if (e || (e = mem_load32(m + offsetof(struct umutex, ceilings), &ceiling)))
		return e;
	if (lend_own_prio(t) > (int)ceiling + 1)
		return -EINVAL;
	int before = lend_ceiling(t, (int)ceiling + 1);
	if (before > (int)ceiling + 1)
		lend_ceiling(t, before);
	e = lock_protected(t, m, flags, u, mode);
	if (e && e != -EOWNERDEAD)
		lend_ceiling(t, before);
	return e;
}
static long lock_any(struct thread *t, uaddr m, const struct until *u, enum mode mode)
{
	uint32_t flags;
	long e = mem_load32(AT(umutex, m, flags), &flags);
	if (e)
		return e;
	switch (flags & (UMUTEX_PRIO_INHERIT | UMUTEX_PRIO_PROTECT)) {
	case 0: return lock_plain(t, m, flags, u, mode);
	case UMUTEX_PRIO_INHERIT: return lock_plain(t, m, flags, u, mode == WAIT ? TRY : mode);
	case UMUTEX_PRIO_PROTECT: return lock_protect(t, m, flags, u, mode);
	}
	return -EINVAL;
}
/* Without a timeout a lock is taken up again after a signal; with one the signal ends it. */
static long lock_timed(struct call *c, enum mode mode)
{
	struct until u;
	long e = until_get(c, (uaddr)c->arg[4], (size_t)c->arg[3], &u);
	if (e)
		return e;
	e = lock_any(c->t, (uaddr)c->arg[0], &u, mode);
	if (u.timed)
		return umtx_eintr(e);
	if (e != -EINTR || mode != LOCK)
		return e;
	c->t->poked = 0;
	return SYS_RESTART;
}
long fbsd_umtx_mutex_lock(struct call *c) { return lock_timed(c, LOCK); }
long fbsd_umtx_mutex_wait(struct call *c) { return lock_timed(c, WAIT); }
long fbsd_umtx_mutex_trylock(struct call *c) { return lock_any(c->t, (uaddr)c->arg[0], NULL, TRY); }

/* --- giving back ------------------------------------------------------------------------------------------------- */
static uint32_t left_behind(uint32_t flags, bool died)
{
	return died ? UMUTEX_RB_OWNERDEAD : flags & UMUTEX_NONCONSISTENT ? UMUTEX_RB_NOTRECOV : 0;
}
/* The second ceiling is that of what else is held, as the library keeps it; -1: nothing. */
static long unlock_protect(struct thread *t, uaddr m, uint32_t flags, bool died)
{
	struct queue q = queue_of(m, flags);
	uint32_t left;
	long e = ceiling_ok(m, 1);
	if (e || (e = mem_load32(m + offsetof(struct umutex, ceilings) + 4, &left)) ||
	    (e = mem_store32(m, left_behind(flags, died) | UMUTEX_CONTESTED)))
		return e;
	umtx_wake(&q, 1);
	lend_ceiling(t, left == UINT32_MAX ? 0 : (int)left + 1);
	return 0;
}
static long unlock_plain(uaddr m, uint32_t flags, uint32_t owner, bool died)
{
	struct queue q = queue_of(m, flags);
	uint32_t new, seen;
	unsigned n;
	long e;

	for (;; owner = seen) {
		new = left_behind(flags, died);
		if (owner & UMUTEX_CONTESTED && umtx_sleepers_max(&q) > 1)
			new |= UMUTEX_CONTESTED;
		if ((e = mem_cas32(m, owner, new, &seen)))
			return e;
		if (seen == owner)
			break;
		if ((seen ^ owner) & ~UMUTEX_CONTESTED)
			return -EINVAL;
	}
	if (owner & UMUTEX_CONTESTED && (n = umtx_sleepers_max(&q)))
		umtx_wake(&q, (!new && n > 1) || new == UMUTEX_RB_NOTRECOV ? INT32_MAX : 1);
	return 0;
}
static long unlock_any(struct thread *t, uaddr m, bool died)
{
	uint32_t flags, owner;
	long e;

	if ((e = mem_load32(AT(umutex, m, flags), &flags)) || (e = mem_load32(m, &owner)))
		return e;
	if ((owner & ~UMUTEX_CONTESTED) != self(t))
		return -EPERM;
	switch (flags & (UMUTEX_PRIO_INHERIT | UMUTEX_PRIO_PROTECT)) {
	case 0: return unlock_plain(m, flags, owner, died);
	case UMUTEX_PRIO_INHERIT:
		e = unlock_plain(m, flags, owner, died);
		if (!e)
			lend_given(t, m);
		return e;
	case UMUTEX_PRIO_PROTECT: return unlock_protect(t, m, flags, died);
	}
	return -EINVAL;
}
long umtx_unlock(struct call *c, uaddr m) { return unlock_any(c->t, m, false); }
long fbsd_umtx_mutex_unlock(struct call *c) { return unlock_any(c->t, (uaddr)c->arg[0], false); }

/* The library has freed the word itself. */
long fbsd_umtx_mutex_wake(struct call *c)
{
	uaddr m = (uaddr)c->arg[0];
	uint32_t owner, flags, seen;
	bool cleared = false;
	long e;

	if ((e = mem_load32(m, &owner)) || !is_free(owner) || (e = mem_load32(AT(umutex, m, flags), &flags)))
		return e;
	struct queue q = queue_of(m, flags);
	if (umtx_sleepers_max(&q) <= 1 && owner == UMUTEX_CONTESTED) {
		if ((e = mem_cas32(m, UMUTEX_CONTESTED, 0, &seen)))
			return e;
		cleared = seen == UMUTEX_CONTESTED;
	}
	umtx_wake(&q, cleared ? INT32_MAX : 1);
	return 0;
}
long fbsd_umtx_mutex_wake2(struct call *c)
{
	uaddr m = (uaddr)c->arg[0];
	uint32_t flags = (uint32_t)c->arg[2], owner = 0, seen;
	struct queue q = queue_of(m, flags);
	unsigned n;
	long e;

	if ((flags & UMUTEX_PRIO_INHERIT) && (flags & UMUTEX_PRIO_PROTECT))
		return -EINVAL;
	if (!(n = umtx_sleepers(&q)))
		return 0;
	for (;; owner = seen) {
		if ((e = mem_load32(m, &owner))) {
			umtx_wake(&q, INT32_MAX);
			return e;
		}
		if (owner & UMUTEX_CONTESTED || (n == 1 && !owner))
			break;
		if (mem_cas32(m, owner, owner | UMUTEX_CONTESTED, &seen) || seen == owner)
			break;
	}
	if (is_free(owner))
		umtx_wake(&q, 1);
	return 0;
}

/* --- ceilings ---------------------------------------------------------------------------------------------------- */
static long store_ceiling(uaddr m, uint32_t ceiling)
{
	return mem_store32(m + offsetof(struct umutex, ceilings), ceiling);
}
static long change_ceiling(struct thread *t, uaddr m, uint32_t flags, uint32_t ceiling)
{
	struct queue q = queue_of(m, flags);
	uint32_t owner, me = self(t);
	long e, slept = 0;

	for (;;) {
		if ((e = mem_cas32(m, UMUTEX_CONTESTED, me | UMUTEX_CONTESTED, &owner)))
			return e;
		if (owner == UMUTEX_CONTESTED) {
			e = store_ceiling(m, ceiling);
			if (mem_store32(m, UMUTEX_CONTESTED))
				e = -EFAULT;
			break;
		}
		if ((owner & ~UMUTEX_CONTESTED) == me) {
			e = store_ceiling(m, ceiling);
			break;
		}
		if (dead(owner))
			return owner == UMUTEX_RB_OWNERDEAD ? -EOWNERDEAD : -ENOTRECOVERABLE;
		if (slept)
			return slept;
		slept = umtx_sleep(&q, owner, NULL);
	}
	if (!e)
		umtx_wake(&q, INT32_MAX);
	return e;
}
long fbsd_umtx_set_ceiling(struct call *c)
{
	uaddr m = (uaddr)c->arg[0];
	uint32_t flags, old;
	long e;

	if ((e = mem_load32(AT(umutex, m, flags), &flags)))
		return e;
	if (!(flags & UMUTEX_PRIO_PROTECT) || (uint32_t)c->arg[2] > RTP_PRIO_MAX)
		return -EINVAL;
	if ((e = mem_load32(m + offsetof(struct umutex, ceilings), &old)) ||
	    (e = change_ceiling(c->t, m, flags, (uint32_t)c->arg[2])))
		return e;
	return c->arg[3] ? mem_store32((uaddr)c->arg[3], old) : 0;
}

/* --- robust mutexes ---------------------------------------------------------------------------------------------- */
long fbsd_umtx_robust_lists(struct call *c)
{
	struct fbsd_thread *f = fbsd_thread(c->t);
	uaddr lists[3] = { 0 };
	long e;

	if ((size_t)c->arg[2] > sizeof lists)
		return -EINVAL;
	if ((e = copy_in(lists, (uaddr)c->arg[3], (size_t)c->arg[2])))
		return e;
	f->rb_list = lists[0];
	f->rbp_list = lists[1];
	f->rb_inact = lists[2];
	return 0;
}
/* One mutex whose owner ends; *next is the one after it. A mutex in hand may be on no list, or already given back. */
static long abandon(struct thread *t, uaddr m, uaddr *next, bool in_hand, bool shared_only)
{
	struct umutex u;
	long e = copy_in(&u, m, sizeof u);
	if (e)
		return e;
	if (next)
		*next = u.rb_lnk;
	if (!(u.flags & UMUTEX_ROBUST))
		return -EINVAL;
	if ((u.owner & ~UMUTEX_CONTESTED) != self(t))
		return in_hand ? 0 : -EINVAL;
	return shared_only && !(u.flags & USYNC_PROCESS_SHARED) ? 0 : unlock_any(t, m, true);
}
static void abandon_list(struct thread *t, uaddr head, uaddr *in_hand, bool shared_only)
{
	uaddr m;
	if (!head || mem_load64(head, &m))
		return;
	for (int i = 0; m && i < MAX_ROBUST; i++) {
		bool inact = m == *in_hand;
		if (inact)
			*in_hand = 0;
		if (abandon(t, m, &m, inact, shared_only))
			return;
	}
}
void fbsd_robust_exit(struct thread *t, bool shared_only)
{
	struct fbsd_thread *f = fbsd_thread(t);
	uaddr in_hand = 0;

	if (!f || (!f->rb_list && !f->rbp_list && !f->rb_inact))
		return;
	if (f->rb_inact && mem_load64(f->rb_inact, &in_hand))
		in_hand = 0;
	abandon_list(t, f->rb_list, &in_hand, shared_only);
	abandon_list(t, f->rbp_list, &in_hand, shared_only);
	if (in_hand)
		(void)!abandon(t, in_hand, NULL, true, shared_only);
	f->rb_list = f->rbp_list = f->rb_inact = 0;
}
