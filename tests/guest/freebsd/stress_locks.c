/* SPDX-License-Identifier: BSD-2-Clause
 * Eight threads, a mutex and a condition variable as libthr builds them on _umtx_op: a million times the lock changes
 * hands or is taken, every count comes out right, and a ring of 20000 turns goes round in order.
 * TEST timeout: 150
 */
#include "fbsd.h"

enum { THREADS = 8, ROUNDS = 125000, TURNS = 20000 };
static struct umutex m;
static struct ucond cv;
static volatile long counter, turn, done, wrong, asleep;

static u32 self(void)
{
	long id;

	thr_self(&id);
	return (u32)id;
}
static void lock(u32 me)
{
	u32 o = 0;

	if (__atomic_compare_exchange_n(&m.owner, &o, me, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	for (;;) {
		o = UMUTEX_CONTESTED;
		if (__atomic_compare_exchange_n(&m.owner, &o, me | UMUTEX_CONTESTED, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return;
		o = 0;
		if (__atomic_compare_exchange_n(&m.owner, &o, me, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return;
		asleep++;
		umtx_op(&m, UMTX_OP_MUTEX_WAIT, 0, 0, 0);
	}
}
static void unlock(u32 me)
{
	u32 o = me;

	if (__atomic_compare_exchange_n(&m.owner, &o, 0, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		return;
	__atomic_store_n(&m.owner, UMUTEX_CONTESTED, __ATOMIC_RELEASE);
	umtx_op(&m, UMTX_OP_MUTEX_WAKE2, 0, 0, 0);
}
static void worker(void *arg)
{
	u32 me = self();
	long n = (long)arg, before;

	for (int i = 0; i < ROUNDS; i++) {
		lock(me);
		before = counter;
		counter = before + 1;
		if ((m.owner & ~UMUTEX_CONTESTED) != me)
			wrong++;
		unlock(me);
	}
	lock(me);
	while (turn < TURNS)
		if (turn % THREADS == n) {
			turn++;
			umtx_op(&cv, UMTX_OP_CV_BROADCAST, 0, 0, 0);
		} else {
			umtx_op(&cv, UMTX_OP_CV_WAIT, 0, &m, 0);
			lock(me);
		}
	unlock(me);
	__atomic_add_fetch(&done, 1, __ATOMIC_SEQ_CST);
	umtx_op(&done, UMTX_OP_WAKE, 1, 0, 0);
	thr_exit(0);
}

int main(int argc, char **argv)
{
	long d;

	for (long i = 0; i < THREADS; i++)
		thread(worker, (void *)i);
	while ((d = done) < THREADS)
		umtx_op(&done, UMTX_OP_WAIT, d, 0, 0);
	show(counter);
	show(turn);
	show(wrong);
	yes(m.owner == 0 || m.owner == UMUTEX_CONTESTED);
	return 0;
}
