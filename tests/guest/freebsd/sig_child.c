/* SPDX-License-Identifier: BSD-2-Clause
 * SIGCHLD says who ended and how; SA_NOCLDWAIT and an ignored SIGCHLD leave no zombie; SA_NOCLDSTOP is silent on stops. */
#include "fbsd.h"

static volatile int hits, code, status, pid;

static void on(int sig, siginfo_t *si, ucontext_t *uc)
{
	hits++;
	code = si->code;
	status = si->status;
	pid = si->pid;
}

static void child(const char *what, int how)
{
	sigset_t block = SIGSET(SIGCHLD), old;
	long p;

	hits = 0;
	sigprocmask(SIG_BLOCK, &block, &old);
	if ((p = fork()) == 0) {
		if (how >= 0)
			quit(how);
		kill(getpid(), -how);
		sleep_ms(1000);
		quit(0);
	}
	while (!hits)
		sigsuspend(&old);
	sigprocmask(SIG_SETMASK, &old, 0);
	say("%s: code %d status %d pid %s\n", what, code, status, pid == p ? "right" : "WRONG");
	if (how == -SIGSTOP)
		kill(p, SIGKILL);
	wait_for(p);
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .handler = (void *)SIG_IGN };
	long p;

	handle(SIGCHLD, on, 0);
	child("exit 3", 3);
	child("killed", -SIGTERM);
	child("stopped", -SIGSTOP);
	handle(SIGCHLD, on, SA_NOCLDSTOP);
	hits = 0;
	if ((p = fork()) == 0) {
		kill(getpid(), SIGSTOP);
		quit(0);
	}
	wait4(p, 0, WUNTRACED, 0);
	show(hits);
	kill(p, SIGCONT);
	wait_for(p);
	sigaction(SIGCHLD, &sa, 0);
	if (fork() == 0)
		quit(1);
	show(wait4(-1, 0, 0, 0));
	handle(SIGCHLD, on, SA_NOCLDWAIT);
	if (fork() == 0)
		quit(1);
	show(wait4(-1, 0, 0, 0) == -ECHILD);
	return 0;
}
