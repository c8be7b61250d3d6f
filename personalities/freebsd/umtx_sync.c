/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The kernel's half of condition variables, read-write locks and semaphores. The words are the guest's and the futexes
 * are at the guest's addresses; FreeBSD works on them under the lock of a queue, here every step is one atomic access.
 * Where a bit says "somebody sleeps" it is only taken away by one who looks again afterwards and wakes all whom he may
 * have hidden by it; those come back and set it again.
 */
#include "host.h"
#include "freebsd/umtx.h"

sysfn fbsd_umtx_cv_wait, fbsd_umtx_cv_signal, fbsd_umtx_cv_broadcast, fbsd_umtx_rw_rdlock, fbsd_umtx_rw_wrlock,
      fbsd_umtx_rw_unlock, fbsd_umtx_sem_wait, fbsd_umtx_sem_wake, fbsd_umtx_sem2_wait, fbsd_umtx_sem2_wake;

#define ALL INT32_MAX

static long add32(uaddr a, uint32_t by, uint32_t *now)
{
	uint32_t v, seen;
	long e = mem_load32(a, &v);
	for (; !e; v = seen) {
		e = mem_cas32(a, v, v + by, &seen);
		if (!e && seen == v)
			break;
	}
	*now = v + by;
	return e;
}
static long clear32(uaddr a, uint32_t bits)
{
	uint32_t v, seen;
	long e = mem_load32(a, &v);
	for (; !e && v & bits; v = seen) {
		e = mem_cas32(a, v, v & ~bits, &seen);
		if (!e && seen == v)
			break;
	}
	return e;
}
static long op_until(struct call *c, struct until *u)
{
	return until_get(c, (uaddr)c->arg[4], (size_t)c->arg[3], u);
}

/* --- condition variables ---------------------------------------------------------------------------------------------
 * c_has_waiters tells the library whether to come here at all. Sleepers watch a sequence number in the spare word: it
 * is read before the mutex is given back, so a signal sent in between is seen as a change. */
#define GUEST_CLOCK_THREAD_CPUTIME 14
#define GUEST_CLOCK_TAI 16

static long cv_queue(uaddr cv, struct queue *q)
{
	uint32_t flags;
	long e = mem_load32(AT(ucond, cv, flags), &flags);
	*q = (struct queue){ AT(ucond, cv, seq), Q_CV, !e && flags & USYNC_PROCESS_SHARED };
	return e;
}
static long cv_until(struct call *c, struct until *u)
{
	struct timespec ts;
	uint32_t clock = 0, flags = (uint32_t)c->arg[2];
	long e = 0;

	*u = (struct until){ 0 };
	if (c->arg[4] && (e = copy_in(&ts, (uaddr)c->arg[4], sizeof ts)))
		return e;
	if (flags & CVWAIT_CLOCKID && (e = mem_load32(AT(ucond, c->arg[0], clockid), &clock)))
		return e;
	if (clock >= GUEST_CLOCK_THREAD_CPUTIME && clock != GUEST_CLOCK_TAI)
		return -EINVAL;
	return c->arg[4] ? until_set(c, u, clock, flags & CVWAIT_ABSTIME, &ts) : 0;
}
/* The mutex is not taken again here: the library does that. Never restarted, since the mutex is given back already. */
long fbsd_umtx_cv_wait(struct call *c)
{
	uaddr cv = (uaddr)c->arg[0];
	struct queue q;
	struct until u;
	uint32_t seq, has;
	long e;

	if ((e = cv_queue(cv, &q)) || (e = cv_until(c, &u)))
		return e;
	if ((e = mem_load32(q.word, &seq)) || (e = mem_load32(AT(ucond, cv, has_waiters), &has)))
		return e;
	if (!has && (e = mem_store32(AT(ucond, cv, has_waiters), 1)))
		return e;
	if ((e = umtx_unlock(c, (uaddr)c->arg[3])))
		return e;
	return umtx_eintr(umtx_sleep(&q, seq, &u));
}
/* Who finds nobody left says so first and counts on: one who came in between sees the change. The cv is not touched
 * after the last sleeper was woken, since he may free it. */
static long cv_wake(uaddr cv, bool all)
{
	struct queue q;
	uint32_t seq;
	long e = cv_queue(cv, &q);

	if (e)
		return e;
	all |= umtx_sleepers_max(&q) <= 1 || umtx_sleepers(&q) <= 1;
	if (all && (e = mem_store32(AT(ucond, cv, has_waiters), 0)))
		return e;
	if ((e = add32(q.word, 1, &seq)))
		return e;
	umtx_wake(&q, all ? ALL : 1);
	return 0;
}
long fbsd_umtx_cv_signal(struct call *c) { return cv_wake((uaddr)c->arg[0], false); }
long fbsd_umtx_cv_broadcast(struct call *c) { return cv_wake((uaddr)c->arg[0], true); }

/* --- read-write locks -------------------------------------------------------------------------------------------- */
struct side {                        /* of a lock: readers or writers */
	uint32_t kind, bit;
	size_t blocked;          /* where the lock counts those who are blocked */
};
static const struct side readers = { Q_READ, URWLOCK_READ_WAITERS, offsetof(struct urwlock, blocked_readers) };
static const struct side writers = { Q_WRITE, URWLOCK_WRITE_WAITERS, offsetof(struct urwlock, blocked_writers) };

static struct queue rw_queue(uaddr rw, const struct side *s, uint32_t flags)
{
	return (struct queue){ AT(urwlock, rw, state), s->kind, flags & USYNC_PROCESS_SHARED };
}
static long rw_clear(uaddr rw, const struct side *s, uint32_t flags)
{
	struct queue q = rw_queue(rw, s, flags);
	uint32_t blocked = 0;
	long e = clear32(rw, s->bit);
	if (!e && !(e = mem_load32(rw + s->blocked, &blocked)) && blocked)
		umtx_wake(&q, ALL);
	return e;
}
/* Sleep on a state that says so; the last of a side to leave takes its bit away. */
static long rw_sleep(uaddr rw, const struct side *s, uint32_t flags, uint32_t state, const struct until *u)
{
	struct queue q = rw_queue(rw, s, flags);
	uint32_t seen, blocked;
	long e, slept;

	if (!(state & s->bit) && ((e = mem_cas32(rw, state, state | s->bit, &seen)) || seen != state))
		return e;
	if ((e = add32(rw + s->blocked, 1, &blocked)))
		return e;
	slept = umtx_eintr(umtx_sleep(&q, state | s->bit, u));
	if ((e = add32(rw + s->blocked, -1u, &blocked)) || blocked)
		return e ? e : slept;
	e = rw_clear(rw, s, flags);
	return e ? e : slept;
}
/* One lock, one loop: busy are the bits that keep this side out, get is what it adds. */
static long rw_lock(uaddr rw, const struct side *s, uint32_t flags, uint32_t busy, uint32_t get, const struct until *u)
{
	uint32_t state, seen;
	long e;

	if ((e = mem_load32(rw, &state)))
		return e;
	for (;;) {
		while (!(state & busy)) {
			if (s == &readers && (state & URWLOCK_READERS) == URWLOCK_READERS)
				return -EAGAIN;
			if ((e = mem_cas32(rw, state, state + get, &seen)) || seen == state)
				return e;
			state = seen;
		}
		if ((e = rw_sleep(rw, s, flags, state, u)) || (e = mem_load32(rw, &state)))
			return e;
	}
}
static long rw_start(struct call *c, uint32_t *flags, struct until *u)
{
	long e = op_until(c, u);
	return e ? e : mem_load32(AT(urwlock, c->arg[0], flags), flags);
}
long fbsd_umtx_rw_rdlock(struct call *c)
{
	uint32_t flags, busy = URWLOCK_WRITE_OWNER;
	struct until u;
	long e = rw_start(c, &flags, &u);

	if (e)
		return e;
	if (!((flags | (uint32_t)c->arg[2]) & URWLOCK_PREFER_READER))
		busy |= URWLOCK_WRITE_WAITERS;
	return rw_lock((uaddr)c->arg[0], &readers, flags, busy, 1, &u);
}
/* A writer who gives up may have been all that kept sleeping readers out. */
long fbsd_umtx_rw_wrlock(struct call *c)
{
	uaddr rw = (uaddr)c->arg[0];
	uint32_t flags, state, blocked;
	struct until u;
	long e = rw_start(c, &flags, &u);

	if (e)
		return e;
	e = rw_lock(rw, &writers, flags, URWLOCK_WRITE_OWNER | URWLOCK_READERS, URWLOCK_WRITE_OWNER, &u);
	if (e && !mem_load32(rw, &state) && !(state & (URWLOCK_WRITE_OWNER | URWLOCK_WRITE_WAITERS)) &&
	    !mem_load32(rw + readers.blocked, &blocked) && blocked) {
		struct queue q = rw_queue(rw, &readers, flags);
		umtx_wake(&q, ALL);
	}
	return e;
}
static long rw_release(uaddr rw, uint32_t *was)
{
	uint32_t state, seen;
	long e = mem_load32(rw, &state);

	for (; !e; state = seen) {
		uint32_t give = state & URWLOCK_WRITE_OWNER ? URWLOCK_WRITE_OWNER : 1;
		if (!(state & (URWLOCK_WRITE_OWNER | URWLOCK_READERS)))
			return -EPERM;
		e = mem_cas32(rw, state, state - give, &seen);
		if (!e && seen == state)
			break;
	}
	*was = state;
	return e;
}
/* Writers sleep one by one, readers are woken together. Where a writer of another process was killed in its sleep his
 * bit stays: nobody woken means that it is taken away, or readers would be kept out for good. */
long fbsd_umtx_rw_unlock(struct call *c)
{
	uaddr rw = (uaddr)c->arg[0];
	uint32_t flags, was;
	long e;

	if ((e = mem_load32(AT(urwlock, rw, flags), &flags)) || (e = rw_release(rw, &was)))
		return e;
	struct queue rq = rw_queue(rw, &readers, flags), wq = rw_queue(rw, &writers, flags);
	bool read = was & URWLOCK_READ_WAITERS, write = was & URWLOCK_WRITE_WAITERS;
	if (write && !(read && flags & URWLOCK_PREFER_READER)) {
		if (umtx_wake(&wq, 1) < 1 && wq.shared) {
			e = rw_clear(rw, &writers, flags);
			umtx_wake(&rq, ALL);
		}
	} else if (read) {
		umtx_wake(&rq, ALL);
	}
	return e;
}

/* --- semaphores ------------------------------------------------------------------------------------------------------
 * One who posts may not touch the semaphore after he has woken the last sleeper; so it is the sleeper who takes the
 * mark away when he leaves and nobody else sleeps. Between processes it stays: that costs a call per post, no more. */
static bool last_out(const struct queue *q) { return !q->shared && !umtx_sleepers_max(q); }

long fbsd_umtx_sem_wait(struct call *c)
{
	uaddr sem = (uaddr)c->arg[0];
	uint32_t flags, count;
	struct until u;
	long e, slept;

	if ((e = op_until(c, &u)) || (e = mem_load32(AT(usem, sem, flags), &flags)))
		return e;
	struct queue q = { AT(usem, sem, count), Q_SEM, flags & USYNC_PROCESS_SHARED };
	if ((e = mem_store32(AT(usem, sem, has_waiters), 1)) || (e = mem_load32(q.word, &count)))
		return e;
	slept = count ? 0 : umtx_sleep(&q, 0, &u);
	if (last_out(&q) && !(e = mem_store32(AT(usem, sem, has_waiters), 0)) && !last_out(&q)) {
		e = mem_store32(AT(usem, sem, has_waiters), 1);
		umtx_wake(&q, ALL);
	}
	return e ? e : slept;
}
static long wake_one(uaddr count, uaddr flags_at)
{
	uint32_t flags;
	long e = mem_load32(flags_at, &flags);
	struct queue q = { count, Q_SEM, !e && flags & USYNC_PROCESS_SHARED };
	if (!e)
		umtx_wake(&q, 1);
	return e;
}
long fbsd_umtx_sem_wake(struct call *c) { return wake_one(AT(usem, c->arg[0], count), AT(usem, c->arg[0], flags)); }
static long sem2_sleep(uaddr sem, uint32_t flags, const struct until *u)
{
	struct queue q = { AT(usem2, sem, count), Q_SEM, flags & USYNC_PROCESS_SHARED };
	uint32_t count, seen;
	long e, slept;

	do {
		if ((e = mem_load32(q.word, &count)))
			return e;
		if (count & ~USEM_HAS_WAITERS)
			return 0;
		if ((e = mem_cas32(q.word, count, USEM_HAS_WAITERS, &seen)))
			return e;
	} while (seen != count);
	slept = umtx_sleep(&q, USEM_HAS_WAITERS, u);
	if (last_out(&q) && !(e = clear32(q.word, USEM_HAS_WAITERS)) && !last_out(&q))
		umtx_wake(&q, ALL);
	return e ? e : slept;
}
/* A relative sleep that a signal ends tells what was left of it, if the caller gave room behind his timeout. */
long fbsd_umtx_sem2_wait(struct call *c)
{
	uint32_t flags;
	struct until u;
	struct timespec left;
	long e;

	if ((e = op_until(c, &u)) || (e = mem_load32(AT(usem2, c->arg[0], flags), &flags)))
		return e;
	e = sem2_sleep((uaddr)c->arg[0], flags, &u);
	if (e != -EINTR || !u.timed || u.abs || (size_t)c->arg[3] < sizeof(struct umtx_time) + sizeof left)
		return e;
	until_left(&u, &left);
	long f = copy_out((uaddr)c->arg[4] + sizeof(struct umtx_time), &left, sizeof left);
	return f ? f : e;
}
long fbsd_umtx_sem2_wake(struct call *c) { return wake_one(AT(usem2, c->arg[0], count), AT(usem2, c->arg[0], flags)); }
