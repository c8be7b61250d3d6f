/* SPDX-License-Identifier: BSD-2-Clause
 *
 * _umtx_op: sleeping and waking. A guest's word is a futex of the host, at the guest's own address, so sleepers of
 * other processes are found by the host and no lock of ours is involved. The kinds of lock built upon this are in
 * umtx_mutex.c and umtx_sync.c.
 *
 * Differences of the two kernels that are bridged here:
 * - FreeBSD finds by itself whether a word lies in shared memory; a host futex is private by flag. WAIT, WAKE use the
 *   shared kind, the _PRIVATE ops the private one; a waker looks at both where this process has such sleepers.
 * - WAIT compares 64 bits, a futex 32: both halves are waited on at once (futex_waitv), so a change of either is seen.
 *   Where the host has no futex_waitv only the low half is guarded between the comparison and the sleep.
 * - FreeBSD's timeouts name a clock; the host's futex knows realtime and monotonic. Others are polled.
 *
 * sleepers[] counts the threads of this process that are going to sleep, sleep, or just woke, by a hash of the word. A
 * thread counts itself before the host compares the word; a waker changes the word before he reads the count. So a
 * count of none means that nobody needs the host call.
 */
#include <linux/futex.h>
#include "host.h"
#include "ext.h"
#include "freebsd/umtx.h"
#include "freebsd/thr.h"

sysfn fbsd_umtx_op, fbsd_umtx_wait, fbsd_umtx_wake, fbsd_umtx_wait_uint, fbsd_umtx_wait_uint_private,
      fbsd_umtx_wake_private, fbsd_umtx_nwake_private, fbsd_umtx_get_min_timeout, fbsd_umtx_set_min_timeout;

#define NS 1000000000l
#define BUCKETS 1024u
static struct { volatile uint32_t own, shared; } sleepers[BUCKETS] SPARSE;
static volatile uint64_t min_timeout;    /* UMTX_OP_SET_MIN_TIMEOUT, ns */

static volatile bool somebody_slept FORKED;     /* since the last fork */

static void nobody_sleeps(struct proc *p)
{
	memset((void *)sleepers, 0, sizeof sleepers);
	somebody_slept = false;
}
AT_FORK_IF(nobody_sleeps, somebody_slept);

static volatile uint32_t *counter(const struct queue *q)
{
	unsigned b = (unsigned)((q->word >> 2) * 2654404609u >> 8) % BUCKETS;
	return q->shared ? &sleepers[b].shared : &sleepers[b].own;
}
static long futex(const struct queue *q, int op, long val, const struct timespec *ts, uint32_t value3)
{
	return host(SYS_futex, q->word, op | (q->shared ? 0 : FUTEX_PRIVATE_FLAG), val, ts, q->word, value3);
}

/* --- clocks ------------------------------------------------------------------------------------------------------ */
static int ts_cmp(const struct timespec *a, const struct timespec *b)
{
	if (a->tv_sec != b->tv_sec)
		return a->tv_sec < b->tv_sec ? -1 : 1;
	return (a->tv_nsec > b->tv_nsec) - (a->tv_nsec < b->tv_nsec);
}
static void ts_add(struct timespec *a, const struct timespec *b)
{
	if (__builtin_add_overflow(a->tv_sec, b->tv_sec, &a->tv_sec) || a->tv_sec > INT64_MAX / 4)
		a->tv_sec = INT64_MAX / 4;
	a->tv_nsec += b->tv_nsec;
	if (a->tv_nsec >= NS) {
		a->tv_sec++;
		a->tv_nsec -= NS;
	}
}
static void ts_sub(struct timespec *a, const struct timespec *b)
{
	a->tv_sec -= b->tv_sec;
	a->tv_nsec -= b->tv_nsec;
	if (a->tv_nsec < 0) {
		a->tv_sec--;
		a->tv_nsec += NS;
	}
}
static int clock_of(const struct until *u) { return u->clock < 0 ? u->poll : u->clock; }
void until_left(const struct until *u, struct timespec *left)
{
	struct timespec now;
	host(SYS_clock_gettime, clock_of(u), &now);
	*left = u->end;
	ts_sub(left, &now);
}
static void umtx_min_timeout(struct timespec *end, int clock)
{
	uint64_t min = min_timeout;
	struct timespec when, add = { (time_t)(min / NS), (long)(min % NS) };
	if (!min)
		return;
	host(SYS_clock_gettime, clock, &when);
	ts_add(&when, &add);
	if (ts_cmp(end, &when) < 0)
		*end = when;
}
/* Realtime and monotonic, by any precision, are the futex's own; a relative time runs on the monotonic clock. */
static int futex_clock(int clock)
{
	switch (clock) {
	case CLOCK_REALTIME: case CLOCK_REALTIME_COARSE: return CLOCK_REALTIME;
	case CLOCK_MONOTONIC: case CLOCK_MONOTONIC_COARSE: return CLOCK_MONOTONIC;
	}
	return -1;
}
long until_set(struct call *c, struct until *u, uint32_t clockid, bool abs, const struct timespec *ts)
{
	uint64_t clock;
	if (ts->tv_sec < 0 || ts->tv_nsec < 0 || ts->tv_nsec >= NS ||
	    set_to_host(c->t->p->pers, SET_CLOCK, clockid, &clock) < 0)
		return -EINVAL;
	u->timed = true;
	u->abs = abs;
	u->poll = clock == X_CLOCK_SECOND ? CLOCK_REALTIME : (int)clock;
	u->clock = futex_clock(u->poll);
	u->end = *ts;
	if (!abs) {
		struct timespec now;
		if (u->clock == CLOCK_REALTIME)
			u->clock = CLOCK_MONOTONIC;
		host(SYS_clock_gettime, clock_of(u), &now);
		ts_add(&u->end, &now);
	}
	umtx_min_timeout(&u->end, clock_of(u));
	return 0;
}
long until_get(struct call *c, uaddr at, size_t size, struct until *u)
{
	struct umtx_time ut = { .clockid = 0 };
	long e;

	*u = (struct until){ 0 };
	if (!at)
		return 0;
	e = copy_in(&ut, at, size <= sizeof ut.timeout ? sizeof ut.timeout : sizeof ut);
	return e ? e : until_set(c, u, ut.clockid, ut.flags & UMTX_ABSTIME, &ut.timeout);
}
static long call_until(struct call *c, struct until *u)
{
	return until_get(c, (uaddr)c->arg[4], (size_t)c->arg[3], u);
}

/* --- sleeping ---------------------------------------------------------------------------------------------------- */
static long sleep32(const struct queue *q, uint64_t value, const struct timespec *end, int clock)
{
	int op = FUTEX_WAIT_BITSET | (q->shared ? 0 : FUTEX_PRIVATE_FLAG) |
		 (clock == CLOCK_REALTIME ? FUTEX_CLOCK_REALTIME : 0);
	return block(SYS_futex, q->word, op, (uint32_t)value, end, 0, q->kind);
}
static long sleep64(const struct queue *q, uint64_t value, const struct timespec *end, int clock)
{
	uint32_t flags = FUTEX_32 | (q->shared ? 0 : FUTEX_PRIVATE_FLAG);
	struct futex_waitv half[2] = {
		{ .val = (uint32_t)value, .uaddr = q->word, .flags = flags },
		{ .val = value >> 32, .uaddr = q->word + 4, .flags = flags },
	};
	long r = block(SYS_futex_waitv, half, 2, 0, end, clock);
	return r == -ENOSYS ? sleep32(q, value, end, clock) : r;
}
typedef long sleepfn(const struct queue *, uint64_t, const struct timespec *, int);

/* A clock that the host cannot sleep on: sleep for as long as it would take at full pace, look again. */
static long sleep_poll(sleepfn *fn, const struct queue *q, uint64_t value, const struct until *u)
{
	for (;;) {
		struct timespec left, now;
		until_left(u, &left);
		if (left.tv_sec < 0 || (!left.tv_sec && !left.tv_nsec))
			return -ETIMEDOUT;
		host(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
		ts_add(&left, &now);
		long r = fn(q, value, &left, CLOCK_MONOTONIC);
		if (r != -ETIMEDOUT)
			return r;
	}
}
static long sleep_on(sleepfn *fn, const struct queue *q, uint64_t value, const struct until *u)
{
	volatile uint32_t *n = counter(q);
	long r;

	if (q->word & 3)
		return -EINVAL;
	if (!somebody_slept)
		somebody_slept = true;
	__atomic_add_fetch(n, 1, __ATOMIC_SEQ_CST);
	if (!u || !u->timed)
		r = fn(q, value, NULL, CLOCK_MONOTONIC);
	else if (u->clock < 0)
		r = sleep_poll(fn, q, value, u);
	else
		r = fn(q, value, &u->end, u->clock);
	__atomic_sub_fetch(n, 1, __ATOMIC_SEQ_CST);
	if (r == SYS_RESTART && u && u->timed && !u->abs)
		return -EINTR;           /* made again it would sleep the whole time again */
	return r == -EAGAIN || r > 0 ? 0 : r;
}
long umtx_sleep(const struct queue *q, uint32_t value, const struct until *u)
{
	return sleep_on(sleep32, q, value, u);
}
long umtx_sleep64(const struct queue *q, uint64_t value, const struct until *u)
{
	return sleep_on(sleep64, q, value, u);
}
unsigned umtx_sleepers(const struct queue *q)
{
	if (!q->shared && !umtx_sleepers_max(q))
		return 0;
	long r = futex(q, FUTEX_REQUEUE, 0, (void *)(long)INT32_MAX, 0);      /* to itself: moves nobody, counts all */
	return r < 0 ? 0 : (unsigned)r;
}
unsigned umtx_sleepers_max(const struct queue *q)
{
	return q->shared ? umtx_sleepers(q) : umtx_sleepers_here(q);
}
unsigned umtx_sleepers_here(const struct queue *q)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return *counter(q);
}
long umtx_wake(const struct queue *q, int n)
{
	if (!q->shared && !umtx_sleepers_max(q))
		return 0;
	return futex(q, FUTEX_WAKE_BITSET, n, NULL, q->kind);
}

/* Only for an operation that umtx.def does not have. */
long fbsd_umtx_op(struct call *c) { return -EINVAL; }

/* --- WAIT, WAKE -------------------------------------------------------------------------------------------------- */
/* Woken, changed in between or another value at once are one answer. A signal always ends it, SA_RESTART or not. */
static long wait(struct call *c, bool wide, bool shared)
{
	struct queue q = { (uaddr)c->arg[0], Q_WAIT, shared };
	struct until u;
	uint64_t now64 = 0, want = wide ? (uint64_t)c->arg[2] : (uint32_t)c->arg[2];
	uint32_t now32;
	long e = call_until(c, &u);

	if (e)
		return e;
	e = wide ? mem_load64(q.word, &now64) : mem_load32(q.word, &now32);
	if (e || (wide ? now64 : now32) != want)
		return e;
	return umtx_eintr(wide ? umtx_sleep64(&q, want, &u) : umtx_sleep(&q, (uint32_t)want, &u));
}
long fbsd_umtx_wait(struct call *c) { return wait(c, true, true); }
long fbsd_umtx_wait_uint(struct call *c) { return wait(c, false, true); }
long fbsd_umtx_wait_uint_private(struct call *c) { return wait(c, false, false); }

/* Both kinds of futex at this word; the second only where this process has such sleepers. */
static long wake_word(uaddr word, int n, bool private)
{
	struct queue first = { word, Q_WAIT, !private }, second = { word, Q_WAIT, private };
	long r = umtx_wake(&first, n);
	if (r < 0 || r >= n || !*counter(&second))
		return r;
	return umtx_wake(&second, n - (int)r);
}
static int wake_count(long val) { return (int)val > 0 ? (int)val : 1; }      /* there, none still wakes one */
static long wake(struct call *c, bool private)
{
	uint32_t v;
	if (mem_load32((uaddr)c->arg[0], &v) && !private)
		return -EFAULT;
	wake_word((uaddr)c->arg[0], wake_count(c->arg[2]), private);
	return 0;
}
long fbsd_wake_word(uaddr word, long n) { return wake_word(word, wake_count(n), false); }
long fbsd_umtx_wake(struct call *c) { return wake(c, false); }
long fbsd_umtx_wake_private(struct call *c) { return wake(c, true); }

long fbsd_umtx_nwake_private(struct call *c)
{
	uaddr batch[128], at = (uaddr)c->arg[0];
	for (int left = (int)c->arg[2]; left > 0;) {
		int n = MIN(left, (int)ARRAY_LEN(batch));
		long e = copy_in(batch, at, (size_t)n * 8);
		if (e)
			return e;
		for (int i = 0; i < n; i++)
			wake_word(batch[i], INT32_MAX, true);
		at += (uaddr)n * 8;
		left -= n;
	}
	return 0;
}

long fbsd_umtx_get_min_timeout(struct call *c)
{
	uint64_t v = min_timeout;
	return copy_out((uaddr)c->arg[3], &v, sizeof v);
}
long fbsd_umtx_set_min_timeout(struct call *c)
{
	if (c->arg[2] < 0)
		return -EINVAL;
	min_timeout = (uint64_t)c->arg[2];
	return 0;
}
