/* SPDX-License-Identifier: BSD-2-Clause
 * EVFILT_PROC: exit with its status, fork and exec; a child that ended before it was watched; nobody. */
#include "kq.h"

static long start(int ms, int how)
{
	char *av[] = { "sleep", "0.2", 0 };
	long p = fork();

	if (p == 0) {
		sleep_ms(ms);
		if (how == -100) {
			execve("/bin/sleep", av, env);
			quit(99);
		}
		if (how == -101) {
			long c = fork();
			if (c == 0)
				quit(0);
			wait_for(c);
			sleep_ms(200);
			quit(0);
		}
		if (how < 0) {
			kill(getpid(), -how);
			sleep_ms(1000);
		}
		quit(how);
	}
	return p;
}

int main(int argc, char **argv)
{
	long kq = kqueue(), p = start(40, 3);

	show(change(kq, p, EVFILT_PROC, EV_ADD, NOTE_EXIT, 0, (void *)8));
	events(kq, 0, p);
	events(kq, 2000, p);
	events(kq, 0, p);
	wait_for(p);
	p = start(40, -SIGTERM);
	show(change(kq, p, EVFILT_PROC, EV_ADD, NOTE_EXIT, 0, 0));
	events(kq, 2000, p);
	wait_for(p);
	say("a zombie\n");
	p = start(0, 5);
	sleep_ms(100);
	show(change(kq, p, EVFILT_PROC, EV_ADD, NOTE_EXIT, 0, 0));
	events(kq, 1000, p);
	wait_for(p);
	show(change(kq, p, EVFILT_PROC, EV_ADD, NOTE_EXIT, 0, 0));
	say("exec\n");
	p = start(40, -100);
	show(change(kq, p, EVFILT_PROC, EV_ADD, NOTE_EXEC, 0, 0));
	events(kq, 1000, p);
	wait_for(p);
	say("fork\n");
	p = start(40, -101);
	show(change(kq, p, EVFILT_PROC, EV_ADD, NOTE_FORK, 0, 0));
	events(kq, 1000, p);
	wait_for(p);
	return 0;
}
