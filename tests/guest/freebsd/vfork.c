/* SPDX-License-Identifier: BSD-2-Clause
 * vfork: the child runs in the parent's memory while the parent waits; a failed exec is seen; so is a good one. */
#include "fbsd.h"

static volatile long shared;
static volatile long order[4];
static volatile int n;

int main(int argc, char **argv)
{
	char *av[] = { "echo", "from the child", 0 };
	long me = getpid(), p;

	p = vfork();
	if (p == 0) {
		shared = getpid();
		order[n++] = 1;
		sleep_ms(50);
		order[n++] = 2;
		quit(3);
	}
	order[n++] = 3;
	yes(shared == p && p != me);
	say("order %ld %ld %ld\n", order[0], order[1], order[2]);
	say("-> %x\n", wait_for(p));

	shared = 0;
	p = vfork();
	if (p == 0) {
		shared = execve("/no/such/program", av, 0);
		quit(127);
	}
	say("shared %e -> %x\n", shared, wait_for(p));
	p = vfork();
	if (p == 0) {
		execve("/bin/echo", av, env);
		quit(127);
	}
	say("-> %x\n", wait_for(p));
	/* the descriptors are the child's own */
	p = vfork();
	if (p == 0) {
		close(0);
		quit(0);
	}
	wait_for(p);
	works(fcntl(0, F_GETFD, 0));
	/* posix_spawn of newer libcs */
	p = rfork(RFSPAWN);
	if (p == 0) {
		shared = 77;
		execve("/bin/echo", av, env);
		quit(127);
	}
	say("shared %ld -> %x\n", shared, wait_for(p));
	/* one that has ended can be waited for at once: posix_spawn does so where the program is not there */
	long early = 0;
	for (int i = 0; i < 200; i++) {
		p = i & 1 ? rfork(RFSPAWN) : vfork();
		if (p == 0) {
			execve("/no/such/program", av, 0);
			quit(127);
		}
		early += wait4(p, 0, WNOHANG, 0) != p;
	}
	say("too early %ld times\n", early);
	return 0;
}
