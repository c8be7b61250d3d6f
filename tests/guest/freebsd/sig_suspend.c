/* SPDX-License-Identifier: BSD-2-Clause
 * sigsuspend waits with another mask, always ends with EINTR after the handler ran, and the old mask is back. */
#include "fbsd.h"

static volatile int hits;

static void on(int sig, siginfo_t *si, ucontext_t *uc)
{
	sigset_t s;

	hits++;
	sigprocmask(0, 0, &s);
	say("in handler of %d: USR1 %d USR2 %d\n", sig, sigset_has(&s, SIGUSR1), sigset_has(&s, SIGUSR2));
}

int main(int argc, char **argv)
{
	sigset_t both = SIGSET(SIGUSR1, SIGUSR2), one = SIGSET(SIGUSR2), none = { 0 }, now;
	long me = getpid();

	handle(SIGUSR1, on, 0);
	handle(SIGUSR2, on, 0);
	sigprocmask(SIG_SETMASK, &both, 0);
	kill(me, SIGUSR1);
	kill(me, SIGUSR2);
	show(sigsuspend(&one));
	show(hits);
	sigprocmask(0, 0, &now);
	yes(sigset_has(&now, SIGUSR1) && sigset_has(&now, SIGUSR2));
	show(sigsuspend(&none));
	show(hits);
	if (fork() == 0) {
		sleep_ms(50);
		kill(me, SIGUSR1);
		quit(0);
	}
	show(sigsuspend(&none));
	show(hits);
	show(sigsuspend((void *)8));
	return 0;
}
