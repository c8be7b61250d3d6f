/* SPDX-License-Identifier: BSD-2-Clause
 * Eight threads hand a mutex (FreeBSD's umutex, as libthr uses it) round: 200000 increments come out right; then the
 * kernel's own lock and unlock operations, condition variables, a reader-writer lock and a semaphore.
 * TEST timeout: 60
 */
#include "fbsd.h"

enum { THREADS = 8, ROUNDS = 25000 };
static struct umutex m;
static struct ucond cv;
static struct urwlock rw;
static struct usem2 sem;
static volatile long counter, done, readers, most, locked = 1;

static void lock(u32 tid)
{
	u32 want = 0;

	if (__atomic_compare_exchange_n(&m.owner, &want, tid, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	while (umtx_op(&m, UMTX_OP_MUTEX_LOCK, 0, 0, 0) != 0)
		;
}

static void unlock(u32 tid)
{
	u32 want = tid;

	if (__atomic_compare_exchange_n(&m.owner, &want, 0, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		return;
	umtx_op(&m, UMTX_OP_MUTEX_UNLOCK, 0, 0, 0);
}

static void finish(void)
{
	__atomic_add_fetch(&done, 1, __ATOMIC_SEQ_CST);
	umtx_op(&done, UMTX_OP_WAKE, 1, 0, 0);
	thr_exit(0);
}

static u32 tid(void)
{
	long id;

	thr_self(&id);
	return (u32)id;
}

static void worker(void *arg)
{
	u32 me = tid();

	for (int i = 0; i < ROUNDS; i++) {
		lock(me);
		counter++;
		unlock(me);
	}
	finish();
}

static void waiter(void *arg)
{
	u32 me = tid();

	lock(me);
	__atomic_add_fetch(&readers, 1, __ATOMIC_SEQ_CST);
	while (counter == 0) {
		long r = umtx_op(&cv, UMTX_OP_CV_WAIT, 0, &m, 0);	/* the kernel gives the mutex back */
		if (r != 0)
			say("CV_WAIT: %e\n", r);
		lock(me);
	}
	unlock(me);
	finish();
}

static void reader(void *arg)
{
	locked = umtx_op(&rw, UMTX_OP_RW_RDLOCK, 0, 0, 0);
	most = __atomic_add_fetch(&readers, 1, __ATOMIC_SEQ_CST);
	umtx_op(&rw, UMTX_OP_RW_UNLOCK, 0, 0, 0);
	finish();
}

static void sem_waiter(void *arg)
{
	u32 c;

	for (;;) {
		c = sem.count;
		if ((c & 0x7fffffff) && __atomic_compare_exchange_n(&sem.count, &c, c - 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			break;
		umtx_op(&sem, UMTX_OP_SEM2_WAIT, 0, 0, 0);
	}
	finish();
}

static void all(long n)
{
	long d;

	while ((d = done) < n)
		umtx_op(&done, UMTX_OP_WAIT, d, 0, 0);
	done = 0;
}

int main(int argc, char **argv)
{
	u32 me = tid();

	for (int i = 0; i < THREADS; i++)
		thread(worker, 0);
	all(THREADS);
	show(counter);
	show(m.owner & ~UMUTEX_CONTESTED);
	show(umtx_op(&m, UMTX_OP_MUTEX_TRYLOCK, 0, 0, 0));
	yes((m.owner & ~UMUTEX_CONTESTED) == me);
	show(umtx_op(&m, UMTX_OP_MUTEX_TRYLOCK, 0, 0, 0));
	show(umtx_op(&m, UMTX_OP_MUTEX_LOCK, 0, 0, TS(0, 20000000)));
	show(umtx_op(&m, UMTX_OP_MUTEX_UNLOCK, 0, 0, 0));
	show(umtx_op(&m, UMTX_OP_MUTEX_UNLOCK, 0, 0, 0));

	m = (struct umutex){ 0 };
	counter = 0;
	for (int i = 0; i < 3; i++)
		thread(waiter, 0);
	for (;;) {
		lock(me);
		if (readers == 3 && cv.has_waiters)
			break;
		unlock(me);
		sleep_ms(5);
	}
	counter = 1;
	unlock(me);
	show(umtx_op(&cv, UMTX_OP_CV_BROADCAST, 0, 0, 0));
	all(3);
	lock(me);
	show(umtx_op(&cv, UMTX_OP_CV_WAIT, 0, &m, TS(0, 20000000)));
	show(m.owner & ~UMUTEX_CONTESTED);

	readers = 0;
	show(umtx_op(&rw, UMTX_OP_RW_WRLOCK, 0, 0, 0));
	yes(rw.state & 0x80000000u);
	thread(reader, 0);
	sleep_ms(30);
	show(readers);
	show(umtx_op(&rw, UMTX_OP_RW_UNLOCK, 0, 0, 0));
	all(1);
	show(locked);
	show(umtx_op(&rw, UMTX_OP_RW_UNLOCK, 0, 0, 0));

	for (int i = 0; i < 2; i++)
		thread(sem_waiter, 0);
	sleep_ms(30);
	for (int i = 0; i < 2; i++) {
		__atomic_add_fetch(&sem.count, 1, __ATOMIC_SEQ_CST);
		show(umtx_op(&sem, UMTX_OP_SEM2_WAKE, 0, 0, 0));
	}
	all(2);
	show(sem.count & 0x7fffffff);
	show(umtx_op(&sem, UMTX_OP_SEM2_WAIT, 0, 0, TS(0, 20000000)));
	return 0;
}
