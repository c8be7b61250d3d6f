/* SPDX-License-Identifier: BSD-2-Clause
 * A signal at every possible moment around a call that sleeps, thousands of times: none may be lost between the look for
 * one and the sleep. Masks opened for the wait only (sigsuspend, ppoll, pselect, sigtimedwait), a handler that writes to
 * the pipe being read, and signals sent to one thread of several. A lost one leaves the program asleep.
 * TEST timeout: 60
 */
#include "fbsd.h"

static volatile long hits, got[4];
static int self_pipe[2];
static u32 rng = 12345;

static void count(int sig, siginfo_t *si, ucontext_t *uc) { hits++; }
static void into_pipe(int sig, siginfo_t *si, ucontext_t *uc)
{
	hits++;
	write(self_pipe[1], "s", 1);
}
static long delay(void)
{
	rng = rng * 1103515245 + 12345;
	return 1 + (rng >> 16) % 60;
}
static void alarm_soon(void)
{
	struct itimerval it = { { 0, 0 }, { 0, delay() } };

	setitimer(ITIMER_REAL, &it, 0);
}

static void waits(int n)
{
	sigset_t alrm = SIGSET(SIGALRM), none = { 0 };
	siginfo_t si;
	long wrong = 0;

	sigprocmask(SIG_BLOCK, &alrm, 0);
	handle(SIGALRM, count, 0);
	hits = 0;
	for (int i = 0; i < n; i++) {
		long r, want = -EINTR;
		alarm_soon();
		switch (i % 4) {
		case 0: r = sigsuspend(&none); break;
		case 1: r = ppoll(0, 0, 0, &none); break;
		case 2: r = pselect(0, 0, 0, 0, 0, &none); break;
		default: r = sigtimedwait(&alrm, &si, 0); want = SIGALRM; hits++; break;
		}
		wrong += r != want || hits != i + 1;
		hits = i + 1;
	}
	show(wrong);
	sigprocmask(SIG_UNBLOCK, &alrm, 0);
}
static void pipes(int n, int flags)
{
	char c;
	long r, wrong = 0, interrupted = 0;

	pipe2(self_pipe, 0);
	handle(SIGALRM, into_pipe, flags);
	for (int i = 0; i < n; i++) {
		alarm_soon();
		while ((r = read(self_pipe[0], &c, 1)) == -EINTR)
			interrupted++;
		wrong += r != 1;
	}
	show(wrong);
	yes(!(flags & SA_RESTART) || interrupted == 0);
}
static volatile long tid[4], stop, ready;
static void sleeper(void *arg)
{
	long n = (long)arg, id;
	sigset_t usr1 = SIGSET(SIGUSR1), none = { 0 };

	sigprocmask(SIG_BLOCK, &usr1, 0);
	thr_self(&id);
	tid[n] = id;
	__atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
	while (!stop) {
		sigsuspend(&none);
		got[n]++;
		umtx_op(&got[n], UMTX_OP_WAKE, 1, 0, 0);
	}
	__atomic_sub_fetch(&ready, 1, __ATOMIC_SEQ_CST);
	thr_exit(0);
}
static void threads(int n)
{
	long wrong = 0;

	handle(SIGUSR1, count, 0);
	for (long i = 0; i < 4; i++)
		thread(sleeper, (void *)i);
	while (ready < 4)
		sleep_ms(1);
	for (int i = 0; i < n; i++) {
		int to = i % 4;
		long before = got[to];
		if (thr_kill(tid[to], SIGUSR1))
			wrong++;
		while (got[to] == before)
			umtx_op(&got[to], UMTX_OP_WAIT, before, 0, 0);
		wrong += got[to] != before + 1;
	}
	show(wrong);
	stop = 1;
	for (int i = 0; i < 4; i++)
		thr_kill(tid[i], SIGUSR1);
	while (ready > 0)
		sleep_ms(1);
}

int main(int argc, char **argv)
{
	waits(8000);
	pipes(4000, SA_RESTART);
	pipes(4000, 0);
	threads(4000);
	say("all woke\n");
	return 0;
}
