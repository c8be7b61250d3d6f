/* SPDX-License-Identifier: BSD-2-Clause
 * Corners of _umtx_op: a long whose high half changes, wakers and sleepers of different ops, many at once, clocks and
 * kinds of timeout, a signal in the middle, robust mutexes of a thread that ends, a writer who gives up and the readers
 * he kept out, ceilings, what is left of a sleep, words that are not there.
 * TEST timeout: 60
 */
#include "fbsd.h"

enum { UMTX_GET_MIN_TIMEOUT = 27, UMTX_SET_MIN_TIMEOUT, UMTX_ABSTIME = 1 };
enum { UMUTEX_PRIO_INHERIT = 4, UMUTEX_PRIO_PROTECT = 8, UMUTEX_ROBUST = 16 };
enum { WRITE_WAITERS = 0x40000000, READ_WAITERS = 0x20000000 };
static volatile long word;
static volatile u32 small, ready, woken;
static struct umutex m;
static struct urwlock rw;
static struct usem2 sem;

static u32 tid(void)
{
	long id;

	thr_self(&id);
	return (u32)id;
}

static struct umtx_time *abs_in(u32 clock, long ms)
{
	static struct umtx_time t;

	clock_gettime(clock, &t.timeout);
	t.timeout.sec--;                 /* so that a time in the past borrows */
	t.timeout.nsec += 1000000000 + ms * 1000000;
	t.timeout.sec += t.timeout.nsec / 1000000000;
	t.timeout.nsec %= 1000000000;
	t.flags = UMTX_ABSTIME;
	t.clockid = clock;
	return &t;
}

static void done(void)
{
	__atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
	thr_exit(0);
}
static void all(u32 n)
{
	for (int i = 0; i < 2000 && woken < n; i++)
		sleep_ms(1);
	say("woken: %u\n", woken);
	woken = 0;
}

static void long_waiter(void *arg)
{
	ready = 1;
	while (word == 5)
		umtx_op(&word, UMTX_OP_WAIT, 5, 0, 0);
	done();
}
static void private_waiter(void *arg)
{
	__atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
	umtx_op(arg, UMTX_OP_WAIT_UINT_PRIVATE, 0, 0, 0);
	done();
}
static void shared_waiter(void *arg)
{
	__atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
	umtx_op(arg, UMTX_OP_WAIT_UINT, 0, 0, 0);
	done();
}
static void wait_ready(u32 n)
{
	while (ready < n)
		sleep_ms(1);
	sleep_ms(20);
	ready = 0;
}

static void waiting(void)
{
	static volatile u32 many[3];
	void *at[3] = { (void *)&many[0], (void *)&many[1], (void *)&many[2] };

	word = 5;
	thread(long_waiter, 0);
	wait_ready(1);
	word = 5 + (1l << 32);
	show(umtx_op(&word, UMTX_OP_WAKE, 1, 0, 0));
	all(1);
	thread(private_waiter, (void *)&small);
	thread(shared_waiter, (void *)&small);
	wait_ready(2);
	small = 1;
	show(umtx_op(&small, UMTX_OP_WAKE, 100, 0, 0));
	all(2);
	small = 0;
	thread(private_waiter, (void *)&small);
	thread(shared_waiter, (void *)&small);
	wait_ready(2);
	small = 1;
	show(umtx_op(&small, UMTX_OP_WAKE_PRIVATE, 100, 0, 0));
	all(2);
	for (int i = 0; i < 3; i++)
		thread(private_waiter, (void *)&many[i]);
	wait_ready(3);
	show(umtx_op(at, UMTX_OP_NWAKE_PRIVATE, 3, 0, 0));
	all(3);
	small = 0;
	for (int i = 0; i < 3; i++)
		thread(private_waiter, (void *)&small);
	wait_ready(3);
	show(umtx_op(&small, UMTX_OP_WAKE_PRIVATE, 1, 0, 0));
	sleep_ms(50);
	say("one woken: %u\n", woken);
	show(umtx_op(&small, UMTX_OP_WAKE_PRIVATE, 2, 0, 0));
	all(3);
}

static void on_signal(int sig, siginfo_t *si, ucontext_t *uc) { }
static volatile long target;
static void signaller(void *arg)
{
	sleep_ms(50);
	thr_kill(target, SIGUSR1);
	thr_exit(0);
}
static void times(void)
{
	long min = 0;
	long t0 = now_ms();

	small = 0;
	show(umtx_op(&small, UMTX_OP_WAIT_UINT, 0, 0, TS(0, 30000000)));
	show(umtx_op(&small, UMTX_OP_WAIT_UINT_PRIVATE, 0, sizeof(struct umtx_time), abs_in(CLOCK_REALTIME, 30)));
	show(umtx_op(&small, UMTX_OP_WAIT_UINT, 0, sizeof(struct umtx_time), abs_in(CLOCK_MONOTONIC, 30)));
	show(umtx_op(&small, UMTX_OP_WAIT_UINT, 0, sizeof(struct umtx_time), abs_in(CLOCK_UPTIME_FAST, 30)));
	yes(now_ms() - t0 >= 110 && now_ms() - t0 < 1500);
	show(umtx_op(&small, UMTX_OP_WAIT_UINT, 0, sizeof(struct umtx_time), abs_in(CLOCK_MONOTONIC, -5)));
	show(umtx_op(&small, UMTX_OP_WAIT_UINT, 0, 0, TS(0, 1000000000)));
	show(umtx_op(&small, UMTX_OP_WAIT_UINT, 0, 0, TS(-1, 0)));
	show(umtx_op(&small, UMTX_OP_WAIT_UINT, 1, 0, 0));
	show(umtx_op(8, UMTX_OP_WAIT_UINT, 1, 0, 0));
	show(umtx_op(8, UMTX_OP_WAIT, 1, 0, 0));
	show(umtx_op(8, UMTX_OP_MUTEX_LOCK, 0, 0, 0));
	show(umtx_op(8, UMTX_OP_CV_SIGNAL, 0, 0, 0));
	show(umtx_op(8, UMTX_OP_RW_RDLOCK, 0, 0, 0));
	show(umtx_op(8, UMTX_OP_SEM2_WAKE, 0, 0, 0));
	show(umtx_op(&small, 99, 0, 0, 0));
	show(umtx_op(0, UMTX_SET_MIN_TIMEOUT, 40000000, 0, 0));
	show(umtx_op(0, UMTX_GET_MIN_TIMEOUT, 0, &min, 0));
	show(min);
	t0 = now_ms();
	show(umtx_op(&small, UMTX_OP_WAIT_UINT, 0, 0, TS(0, 1000000)));
	yes(now_ms() - t0 >= 39);
	umtx_op(0, UMTX_SET_MIN_TIMEOUT, 0, 0, 0);
}
static void signals(void)
{
	struct { struct umtx_time t; struct timespec left; } s = { .t = { .timeout = { 5, 0 }, .clockid = CLOCK_MONOTONIC } };

	target = tid();
	handle(SIGUSR1, on_signal, 0);
	thread(signaller, 0);
	show(umtx_op(&small, UMTX_OP_WAIT_UINT, 0, 0, 0));
	handle(SIGUSR1, on_signal, SA_RESTART);
	thread(signaller, 0);
	show(umtx_op(&small, UMTX_OP_WAIT_UINT, 0, 0, TS(5, 0)));
	handle(SIGUSR1, on_signal, 0);
	thread(signaller, 0);
	show(umtx_op(&sem, UMTX_OP_SEM2_WAIT, 0, sizeof(s), &s));
	yes(s.left.sec == 4 && s.left.nsec > 0);
}

/* --- robust ------------------------------------------------------------------------------------------------------ */
static struct umutex r1 = { .flags = UMUTEX_ROBUST }, r2 = { .flags = UMUTEX_ROBUST }, r3 = { .flags = UMUTEX_ROBUST };
static void dying(void *arg)
{
	static u64 list, plist, inact;
	u64 param[3] = { (u64)&list, (u64)&plist, (u64)&inact };

	show(umtx_op(0, UMTX_OP_ROBUST_LISTS, sizeof(param), param, 0));
	umtx_op(&r1, UMTX_OP_MUTEX_LOCK, 0, 0, 0);
	umtx_op(&r2, UMTX_OP_MUTEX_LOCK, 0, 0, 0);
	umtx_op(&r3, UMTX_OP_MUTEX_LOCK, 0, 0, 0);
	list = (u64)&r1;
	r1.rb_lnk = (u64)&r2;
	inact = (u64)&r3;
	ready = 1;
	sleep_ms(50);
	done();
}
static void robust(void)
{
	thread(dying, 0);
	while (!ready)
		sleep_ms(1);
	ready = 0;
	show(umtx_op(&r1, UMTX_OP_MUTEX_LOCK, 0, 0, 0));     /* sleeps until the owner is gone */
	show(umtx_op(&r2, UMTX_OP_MUTEX_LOCK, 0, 0, 0));
	show(umtx_op(&r3, UMTX_OP_MUTEX_LOCK, 0, 0, 0));
	r1.flags |= 32;                                      /* what the library notes until it was made consistent */
	show(umtx_op(&r1, UMTX_OP_MUTEX_UNLOCK, 0, 0, 0));
	show(umtx_op(&r1, UMTX_OP_MUTEX_LOCK, 0, 0, 0));
	show(umtx_op(&r2, UMTX_OP_MUTEX_UNLOCK, 0, 0, 0));
	show(umtx_op(&r2, UMTX_OP_MUTEX_LOCK, 0, 0, 0));
	all(1);
}

/* --- read-write, ceilings, inheritance --------------------------------------------------------------------------- */
static volatile long wrote, had_read;
static void writer(void *arg)
{
	ready = 1;
	wrote = umtx_op(&rw, UMTX_OP_RW_WRLOCK, 0, 0, TS(0, 100000000));
	done();
}
static void late_reader(void *arg)
{
	had_read = umtx_op(&rw, UMTX_OP_RW_RDLOCK, 0, 0, 0);
	done();
}
static void others(void)
{
	u32 old = 99;

	show(umtx_op(&rw, UMTX_OP_RW_RDLOCK, 0, 0, 0));
	thread(writer, 0);
	wait_ready(1);
	yes(rw.state == (WRITE_WAITERS | 1));
	thread(late_reader, 0);                              /* kept out by the writer, let in when he gives up */
	all(2);
	show(wrote);
	show(had_read);
	yes(rw.state == 2);
	show(umtx_op(&rw, UMTX_OP_RW_UNLOCK, 0, 0, 0));
	show(umtx_op(&rw, UMTX_OP_RW_UNLOCK, 0, 0, 0));
	show(umtx_op(&rw, UMTX_OP_RW_UNLOCK, 0, 0, 0));
	show(rw.state | rw.blocked_readers | rw.blocked_writers);

	m = (struct umutex){ .owner = UMUTEX_CONTESTED, .flags = UMUTEX_PRIO_PROTECT, .ceilings = { 20, (u32)-1 } };
	show(umtx_op(&m, UMTX_OP_MUTEX_LOCK, 0, 0, 0));
	yes(m.owner == (tid() | UMUTEX_CONTESTED));
	show(umtx_op(&m, UMTX_OP_MUTEX_TRYLOCK, 0, 0, 0));
	show(umtx_op(&m, UMTX_OP_SET_CEILING, 25, &old, 0));
	say("ceiling %u -> %u\n", old, m.ceilings[0]);
	show(umtx_op(&m, UMTX_OP_MUTEX_UNLOCK, 0, 0, 0));
	yes(m.owner == UMUTEX_CONTESTED);
	show(umtx_op(&m, UMTX_OP_SET_CEILING, 32, 0, 0));
	m = (struct umutex){ .flags = UMUTEX_PRIO_INHERIT };
	show(umtx_op(&m, UMTX_OP_MUTEX_LOCK, 0, 0, 0));
	show(umtx_op(&m, UMTX_OP_MUTEX_LOCK, 0, 0, 0));
	show(umtx_op(&m, UMTX_OP_MUTEX_UNLOCK, 0, 0, 0));
	m.flags |= UMUTEX_PRIO_PROTECT;
	show(umtx_op(&m, UMTX_OP_MUTEX_LOCK, 0, 0, 0));
}

int main(int argc, char **argv)
{
	waiting();
	times();
	signals();
	robust();
	others();
	return 0;
}
