/* SPDX-License-Identifier: BSD-2-Clause
 * A signal that interrupts a sleeping call: EINTR without SA_RESTART, and the call goes on with it, where FreeBSD
 * restarts that call. nanosleep tells what was left; pause-like calls always end. */
#include "fbsd.h"

static volatile int hits;
static volatile int *over;               /* shared: the call has ended */

static void on(int sig, siginfo_t *si, ucontext_t *uc)
{
	hits++;
}

/* A process that sends a signal each 50 ms, at most `most` times, until the call has ended. Then, a while later, a byte. */
static long kicker(int most, int fd)
{
	long me = getpid(), pid;

	*over = 0;
	if ((pid = fork()) != 0)
		return pid;
	while (most--) {
		sleep_ms(50);
		if (*over)
			break;
		kill(me, SIGUSR1);
	}
	sleep_ms(60);
	if (fd >= 0)
		write(fd, "x", 1);
	quit(0);
}
static long ended(long r)
{
	*over = 1;
	return r;
}
static const char *some(void) { return hits ? "some" : "no"; }

/* Where the call ends by a signal, one comes that finds it asleep, however slow all is; else one signal is enough. */
static void try_read(const char *what, int flags, int most)
{
	int p[2];
	char c;
	long child, r;

	pipe2(p, 0);
	hits = 0;
	handle(SIGUSR1, on, flags);
	child = kicker(most, p[1]);
	r = ended(read(p[0], &c, 1));
	say("read %s: %e, %s hits\n", what, r, some());
	wait_for(child);
	close(p[0]);
	close(p[1]);
}
static void try_wait(const char *what, int flags, int most)
{
	long slow, child, r;

	handle(SIGUSR1, on, flags);
	hits = 0;
	if ((slow = fork()) == 0) {
		for (int i = 0; i < (most > 1 ? 100 : 3) && !*over; i++)
			sleep_ms(50);
		quit(0);
	}
	child = kicker(most, -1);
	r = ended(wait4(slow, 0, 0, 0));
	say("wait4 %s: %s, %s hits\n", what, r == slow ? "the child" : errname(-r), some());
	if (r < 0)
		wait_for(slow);
	wait_for(child);
}
static long kick(void) { return kicker(40, -1); }

int main(int argc, char **argv)
{
	struct timespec ts = { 5, 0 }, left = { 0, 0 };
	struct pollfd pf;
	int p[2];
	long child;

	over = (void *)mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
	pipe2(p, 0);
	pf = (struct pollfd){ p[0], POLLIN, 0 };
	try_read("plain", 0, 40);
	try_read("SA_RESTART", SA_RESTART, 1);
	*over = 0;
	try_wait("plain", 0, 40);
	*over = 0;
	try_wait("SA_RESTART", SA_RESTART, 1);
	handle(SIGUSR1, on, 0);
	child = kick();
	show(ended(nanosleep(&ts, &left)));
	yes(left.sec >= 1 && left.sec < 5);
	wait_for(child);
	handle(SIGUSR1, on, SA_RESTART);
	child = kick();
	show(ended(nanosleep(&ts, &left)));
	wait_for(child);
	child = kick();
	show(ended(poll(&pf, 1, 5000)));
	wait_for(child);
	child = kick();
	show(ended(select(1, 0, 0, 0, TV(5, 0))));
	wait_for(child);
	return 0;
}
