/* SPDX-License-Identifier: BSD-2-Clause
 *
 * An exec that fails late leaves everything as it was: a signal that is ignored and watched is seen before and after,
 * and nobody was told of a program that never began.
 */
#include "fbsd.h"

static void seen(long kq)
{
	struct kevent e[2] = { { .filter = 0 } };

	kill(getpid(), SIGUSR1);
	long n = sys(SYS_kevent, kq, 0, 0, e, 2, TS(1, 0));
	say("events %d filter %d\n", n, e[0].filter);
}
int main(int argc, char **argv)
{
	static char *args[40000];
	struct kevent watch[] = {
		{ .ident = SIGUSR1, .filter = -6 /* EVFILT_SIGNAL */, .flags = 0x21 /* EV_ADD | EV_CLEAR */ },
		{ .ident = getpid(), .filter = -5 /* EVFILT_PROC */, .flags = 0x21, .fflags = 0x20000000 /* NOTE_EXEC */ },
	};
	long kq = sys(SYS_kqueue), size = 200000;
	char *word = pages(size);

	memset(word, 'x', size - 1);
	for (unsigned i = 0; i < COUNT(args) - 1; i++)
		args[i] = word;
	args[0] = argv[0];
	sys(SYS_sigaction, SIGUSR1, &(struct sigaction){ .handler = (void *)SIG_IGN }, 0);
	show(sys(SYS_kevent, kq, watch, COUNT(watch), 0, 0, 0));
	seen(kq);
	show(execve(argv[0], args, args + COUNT(args) - 1));
	seen(kq);
	args[1] = (char *)8;
	show(execve(argv[0], args, args + COUNT(args) - 1));
	args[1] = 0;
	args[COUNT(args) - 2] = pages(size);
	memset(args[COUNT(args) - 2], 'x', size);        /* an environment without an end */
	show(execve(argv[0], args, args + COUNT(args) - 2));
	seen(kq);
	return 0;
}
