/* SPDX-License-Identifier: BSD-2-Clause
 * Timers that are faster than some engines deliver a signal, one with a host's number and one without: what they interrupt gets on,
 * their handlers run, and what could not be told is counted.
 * TEST timeout: 60
 */
#include "fbsd.h"

static volatile long runs, missed, wrong;
static int timer, by_timer;

static void on(int sig, siginfo_t *si, ucontext_t *uc)
{
	sigset_t now;
	runs++;
	if (by_timer)
		missed += ktimer_getoverrun(timer);
	if (runs % 64 == 1 && (sigprocmask(SIG_BLOCK, 0, &now) || !(now.bits[(sig - 1) / 32] >> (sig - 1) % 32 & 1)))
		wrong++;
}
static volatile u64 sum;
static void work(long n)
{
	for (long i = 0; i < n; i++)
		sum += (u64)i;
}
static void calls(long n)
{
	int p[2];
	char c = 1;
	pipe2(p, 0);
	for (long i = 0; i < n; i++) {
		getppid();
		if (write(p[1], &c, 1) != 1 || read(p[0], &c, 1) != 1)
			wrong++;
	}
	close(p[0]);
	close(p[1]);
}
static void every(long us)
{
	struct itimerval it = { { 0, us }, { 0, us } };
	struct itimerspec its = { { 0, us * 1000 }, { 0, us * 1000 } };
	if (by_timer)
		ktimer_settime(timer, 0, &its, 0);
	else
		setitimer(ITIMER_REAL, &it, 0);
}
static void under(int sig, long us)
{
	struct sigevent ev = { .notify = SIGEV_SIGNAL, .signo = sig };
	sigset_t none = { 0 }, now = { 0 };

	by_timer = sig != SIGALRM;
	runs = missed = wrong = 0;
	handle(sig, on, SA_SIGINFO | SA_RESTART);
	if (by_timer)
		ktimer_create(CLOCK_MONOTONIC, &ev, &timer);
	every(us);
	work(300000);
	calls(200);
	for (int i = 0; i < 10000 && !(runs + missed); i++)
		work(1000);
	every(0);
	if (by_timer)
		ktimer_delete(timer);
	sigprocmask(SIG_BLOCK, 0, &now);
	say("signal %d, %ld us: %s, %ld wrong, mask %s\n", sig, us, runs ? "told" : "never told", wrong,
	    memcmp(&now, &none, sizeof now) ? "changed" : "as it was");
}
int main(int argc, char **argv)
{
	under(SIGALRM, 50);
	under(SIGALRM, 10);
	under(SIGUSR1, 50);
	under(SIGUSR1, 10);
	under(100, 50);
	under(100, 10);
	return 0;
}
