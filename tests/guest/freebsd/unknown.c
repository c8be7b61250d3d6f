/* SPDX-License-Identifier: BSD-2-Clause
 * What no FreeBSD knows is refused as FreeBSD's kernel refuses it; tests/real/report.test reads what was counted. */
#include "fbsd.h"

int main(int argc, char **argv)
{
	int p[2];
	long pid;

	show(pipe2(p, 0x40000000));
	show(pipe2(p, 0x40000000));
	show(fcntl(0, 999, 0));
	show(setitimer(99, 0, 0));
	show(sys(SYS_ktrace, "x", 0, 0, 0));
	pid = fork();
	if (pid == 0) {
		pipe2(p, 0x20000000);
		quit(0);
	}
	say("child: %d\n", wait_for(pid));
	return 0;
}
