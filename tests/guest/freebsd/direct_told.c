/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Threads, and a child from time to time, that make calls which need no dispatch (syscalls/direct.c), each with a number one
 * above the last: whoever begins to tell of them must tell every one from then on.
 *     direct_told            three threads until a signal: write(null, buf, T * 10000000 + i), getppid, pwrite of as much
 *     direct_told N          one thread, N times, then it ends
 * TEST fixture: real/trace_direct.test
 */
#include "fbsd.h"

static char buf[8];
static long null;

static void once(long n)
{
	write(null, buf, n);
	getppid();
	pwrite(null, buf, n, 0);
}
static void caller(void *arg)
{
	for (long i = 1; ; i++) {
		once((long)arg * 10000000 + i);
		if (i % 100 == 0)
			sleep_ms(20);
	}
}
/* A child begins with 1: its parent's observers are its own from the first call on. */
static __attribute__((noreturn)) void children(void)
{
	for (long c = 4; ; c = c == 99 ? 4 : c + 1) {
		int status;
		long pid = fork();
		for (long i = 1; !pid && i <= 300; i++)
			once(c * 10000000 + i);
		if (!pid)
			sys(SYS__exit, 0);
		wait4(pid, &status, 0, 0);
		sleep_ms(50);
	}
}
int main(int argc, char **argv)
{
	long n = 0;
	null = open("/dev/null", O_RDWR, 0);
	for (const char *p = argc > 1 ? argv[1] : ""; *p; p++)
		n = n * 10 + *p - '0';
	for (long i = 1; i <= n; i++)
		once(i);
	if (argc > 1)
		return 0;
	for (long t = 1; t <= 3; t++)
		thread(caller, (void *)t);
	say("go\n");
	children();
}
