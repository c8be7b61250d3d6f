/* SPDX-License-Identifier: BSD-2-Clause
 * The plain sleeping words of _umtx_op: a wrong value does not sleep, a time runs out, a wake is counted out. */
#include "fbsd.h"

static volatile long word;
static volatile u32 uword;
static volatile long woken, started;

static void sleeper(void *arg)
{
	__atomic_add_fetch(&started, 1, __ATOMIC_SEQ_CST);
	while (word == 0)
		umtx_op(&word, UMTX_OP_WAIT, 0, 0, 0);
	__atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
	thr_exit(0);
}

static void usleeper(void *arg)
{
	__atomic_add_fetch(&started, 1, __ATOMIC_SEQ_CST);
	long r = umtx_op(&uword, UMTX_OP_WAIT_UINT_PRIVATE, 0, 0, 0);
	if (r == 0)
		__atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
	thr_exit(0);
}

static void until(volatile long *what, long n)
{
	for (long t = now_ms(); *what != n && now_ms() - t < 3000;)
		sleep_ms(5);
	show(*what);
}

int main(int argc, char **argv)
{
	struct umtx_time ut = { { 0, 50000000 }, 0, CLOCK_MONOTONIC };
	void *many[3] = { (void *)&uword, (void *)&word, (void *)&uword };
	long t;

	show(umtx_op(&word, UMTX_OP_WAIT, 1, 0, 0));
	show(umtx_op(&uword, UMTX_OP_WAIT_UINT, 1, 0, 0));
	t = now_ms();
	show(umtx_op(&word, UMTX_OP_WAIT, 0, 0, TS(0, 50000000)));
	yes(now_ms() - t >= 49);
	t = now_ms();
	show(umtx_op(&uword, UMTX_OP_WAIT_UINT_PRIVATE, 0, sizeof(ut), &ut));
	yes(now_ms() - t >= 49);
	clock_gettime(CLOCK_MONOTONIC, &ut.timeout);
	ut.flags = 1;	/* absolute */
	show(umtx_op(&uword, UMTX_OP_WAIT_UINT_PRIVATE, 0, sizeof(ut), &ut));
	show(umtx_op(8, UMTX_OP_WAIT_UINT, 0, 0, 0));
	show(umtx_op(&uword, UMTX_OP_WAIT_UINT, 0, 0, TS(0, -5)));
	show(umtx_op(&uword, 77, 0, 0, 0));
	show(umtx_op(&uword, UMTX_OP_WAKE, 1, 0, 0));
	for (int i = 0; i < 3; i++)
		thread(sleeper, 0);
	until(&started, 3);
	sleep_ms(30);
	word = 1;
	show(umtx_op(&word, UMTX_OP_WAKE, 1, 0, 0));
	until(&woken, 1);
	show(umtx_op(&word, UMTX_OP_WAKE, 100, 0, 0));
	until(&woken, 3);
	started = woken = 0;
	for (int i = 0; i < 4; i++)
		thread(usleeper, 0);
	until(&started, 4);
	sleep_ms(30);
	show(umtx_op(&uword, UMTX_OP_WAKE_PRIVATE, 2, 0, 0));
	until(&woken, 2);
	show(umtx_op(many, UMTX_OP_NWAKE_PRIVATE, 3, 0, 0));
	until(&woken, 4);
	return 0;
}
