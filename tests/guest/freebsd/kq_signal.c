/* SPDX-License-Identifier: BSD-2-Clause
 * EVFILT_SIGNAL watches beside the handler: it counts in data even when the signal is ignored or blocked, and takes
 * nothing away. */
#include "kq.h"

static int hits;

static void on(int sig, siginfo_t *si, ucontext_t *uc)
{
	hits++;
}

int main(int argc, char **argv)
{
	struct sigaction ign = { .handler = (void *)SIG_IGN };
	sigset_t s = SIGSET(SIGUSR2), pend;
	long kq = kqueue(), me = getpid();

	sigaction(SIGUSR1, &ign, 0);
	show(change(kq, SIGUSR1, EVFILT_SIGNAL, EV_ADD, 0, 0, 0));
	events(kq, 0, 0);
	kill(me, SIGUSR1);
	events(kq, 500, 0);
	events(kq, 0, 0);
	kill(me, SIGUSR1);
	kill(me, SIGUSR1);
	kill(me, SIGUSR1);
	events(kq, 500, 0);
	say("with a handler\n");
	handle(SIGUSR1, on, 0);
	kill(me, SIGUSR1);
	events(kq, 500, 0);
	show(hits);
	say("blocked\n");
	handle(SIGUSR2, on, 0);
	sigprocmask(SIG_BLOCK, &s, 0);
	show(change(kq, SIGUSR2, EVFILT_SIGNAL, EV_ADD, 0, 0, 0));
	kill(me, SIGUSR2);
	events(kq, 500, 0);
	sigpending(&pend);
	say("still pending %d\n", sigset_has(&pend, SIGUSR2));
	show(change(kq, 200, EVFILT_SIGNAL, EV_ADD, 0, 0, 0));
	show(change(kq, SIGUSR2, EVFILT_SIGNAL, EV_DELETE, 0, 0, 0));
	return 0;
}
