/* SPDX-License-Identifier: BSD-2-Clause
 *
 * An exec that fails late leaves everything as it was: a signal that is ignored and watched is seen before and after.
 */
#include "fbsd.h"

static void seen(long kq)
{
	struct kevent e;

	kill(getpid(), SIGUSR1);
	say("events %d\n", sys(SYS_kevent, kq, 0, 0, &e, 1, TS(1, 0)));
}
int main(int argc, char **argv)
{
	static char *args[40000];
	struct kevent watch = { .ident = SIGUSR1, .filter = -6 /* EVFILT_SIGNAL */, .flags = 1 /* EV_ADD */ };
	long kq = sys(SYS_kqueue), size = 200000;
	char *word = pages(size);

	memset(word, 'x', size - 1);
	for (unsigned i = 0; i < COUNT(args) - 1; i++)
		args[i] = word;
	args[0] = argv[0];
	sys(SYS_sigaction, SIGUSR1, &(struct sigaction){ .handler = (void *)SIG_IGN }, 0);
	show(sys(SYS_kevent, kq, &watch, 1, 0, 0, 0));
	seen(kq);
	show(execve(argv[0], args, args + COUNT(args) - 1));
	seen(kq);
	return 0;
}
