/* SPDX-License-Identifier: BSD-2-Clause
 * A call that does not exist sends SIGSYS; who ignores or handles that gets ENOSYS. */
#include "fbsd.h"

static int seen;

static void on_sys(int sig, siginfo_t *si, ucontext_t *uc)
{
	seen++;
	say("handler: signal %d\n", sig);
}

int main(int argc, char **argv)
{
	struct sigaction ign = { .handler = (void *)SIG_IGN };
	long child = fork();

	if (child == 0) {
		sys(9999);
		say("not reached\n");
		quit(0);
	}
	say("child ended by signal %d\n", WTERMSIG(wait_for(child)));
	handle(SIGSYS, on_sys, 0);
	show(sys(9999));
	show(sys(11));	/* a number of old times that is not served */
	show(seen);
	sigaction(SIGSYS, &ign, 0);
	show(sys(9999));
	show(sys(-1));
	return 0;
}
