/* SPDX-License-Identifier: BSD-2-Clause
 * The lock of FreeBSD 5 and 6: taken and given back by both spellings, contended by threads and by processes, with a time,
 * interrupted, and what is no owner's.
 * TEST timeout: 60 */
#include "fbsd.h"

#define CONTESTED (1ul << 63)
#define take(w) sys(SYS_freebsd10__umtx_lock, w)
#define give(w) sys(SYS_freebsd10__umtx_unlock, w)
#define ROUNDS 2000

static volatile u64 word;
static volatile long count, ended, signals;

static long tid(void)
{
	long id;
	thr_self(&id);
	return id;
}
static void worker(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		if (take(&word))
			fail("lock");
		long c = count;
		if (!(i % 50))
			sys(SYS_sched_yield);
		count = c + 1;
		if (give(&word))
			fail("unlock");
	}
	__atomic_add_fetch(&ended, 1, __ATOMIC_SEQ_CST);
	for (;;)
		thr_exit(0);
}
static void on_signal(int sig, siginfo_t *si, ucontext_t *uc) { signals++; }

static void alone(void)
{
	say("alone\n");
	show(take(&word)), yes(word == (u64)tid());
	show(give(&word)), show(word), show(give(&word));
	word = CONTESTED;
	show(take(&word)), yes(word == (CONTESTED | (u64)tid()));
	show(give(&word)), show(word);		/* nobody waits */
	show(take(1)), show(give(1));
	word = 77;
	show(give(&word));
	show(umtx_op(&word, 1, 77, 0, 0)), show(word);
	show(umtx_op(&word, 0, 88, 0, 0)), show(word);
	long then = now_ms();
	show(umtx_op(&word, 0, 99, 0, TS(0, 30000000)));
	yes(now_ms() - then >= 25), yes(word == (CONTESTED | 88));
	show(umtx_op(&word, 0, 99, 0, TS(0, 1000000000)));
	show(umtx_op(&word, 0, 99, 0, 1));
	show(umtx_op(&word, 1, 88, 0, 0)), show(word);
}
static void interrupted(void)
{
	struct itimerval often = { { 0, 20000 }, { 0, 20000 } }, never = { 0 };
	long child;

	say("interrupted\n");
	word = 88;
	handle(SIGALRM, on_signal, 0);
	setitimer(0, &often, 0);
	show(umtx_op(&word, 0, 99, 0, TS(10, 0)));
	yes(signals > 0);
	setitimer(0, &never, 0);
	u64 *shared = (u64 *)mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
	*shared = 0;
	show(take(shared));
	if (!(child = fork()))
		quit(take(shared) || give(shared));
	for (int i = 0; i < 3000 && !(*shared & CONTESTED); i++)
		sleep_ms(1);
	sleep_ms(20);
	show(give(shared));
	show(wait_for(child));
	show(take(shared)), show(give(shared));
}
int main(int argc, char **argv)
{
	alone();
	interrupted();
	say("threads\n");
	word = 0;
	for (int i = 0; i < 4; i++)
		thread(worker, 0);
	for (int i = 0; i < 50000 && ended < 4; i++)
		sleep_ms(1);
	show(count);
	yes(!(word & ~CONTESTED));
	return 0;
}
