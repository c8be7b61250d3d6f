/* SPDX-License-Identifier: BSD-2-Clause
 * NOTE_TRACK: a child's child is told of, and watched as its parent is. And what one process does to another's kqueue:
 * a child that ended while it was ignored ends no sleep. */
#include "kq.h"

enum { NOTE_TRACK = 1, NOTE_CHILD = 4 };

int main(int argc, char **argv)
{
	long kq = kqueue(), child, child2 = 0;
	struct kevent k;
	u32 told = 0, told2 = 0;
	int p[2];
	char b;

	pipe2(p, 0);
	if ((child = fork()) == 0) {
		read(p[0], &b, 1);
		if (fork() == 0)
			quit(4);
		sleep_ms(100);
		quit(3);
	}
	show(change(kq, child, EVFILT_PROC, EV_ADD, NOTE_TRACK | NOTE_FORK | NOTE_EXIT, 0, 0));
	write(p[1], "x", 1);
	while (kevent(kq, 0, 0, &k, 1, TS(0, 500000000)) == 1) {
		if (k.ident == (u64)child) {
			told |= k.fflags;
			if (k.fflags & NOTE_EXIT)
				say("child ends %ld\n", k.data);
			continue;
		}
		told2 |= k.fflags;
		if (k.fflags & NOTE_CHILD)
			yes(k.data == child && (child2 = (long)k.ident));
		if (k.fflags & NOTE_EXIT)
			yes(k.ident == (u64)child2);
	}
	say("%x %x\n", told, told2);
	say("a signal that is only counted\n");
	show(change(kq, SIGCHLD, EVFILT_SIGNAL, EV_ADD, 0, 0, 0));
	if (fork() == 0) {
		sleep_ms(30);
		quit(0);
	}
	show(kevent(kqueue(), 0, 0, &k, 1, TS(0, 800000000)));
	events(kq, 0, 0);
	return 0;
}
