/* SPDX-License-Identifier: BSD-2-Clause
 * A signal that interrupts a sleeping call: EINTR without SA_RESTART, and the call goes on with it, where FreeBSD
 * restarts that call. nanosleep tells what was left; pause-like calls always end. */
#include "fbsd.h"

static volatile int hits;

static void on(int sig, siginfo_t *si, ucontext_t *uc)
{
	hits++;
}

/* after 60 ms a signal, after 120 ms a byte */
static long helper(int fd, int sig)
{
	long me = getpid(), pid = fork();

	if (pid == 0) {
		sleep_ms(60);
		kill(me, sig);
		sleep_ms(60);
		write(fd, "x", 1);
		quit(0);
	}
	return pid;
}

static void try_read(const char *what, int flags)
{
	int p[2];
	char c;
	long child, r;

	pipe2(p, 0);
	hits = 0;
	handle(SIGUSR1, on, flags);
	child = helper(p[1], SIGUSR1);
	r = read(p[0], &c, 1);
	say("read %s: %e hits %d\n", what, r, hits);
	wait_for(child);
	close(p[0]);
	close(p[1]);
}

static void try_wait(const char *what, int flags)
{
	long me = getpid(), slow, kicker, r;

	handle(SIGUSR1, on, flags);
	hits = 0;
	if ((slow = fork()) == 0) {
		sleep_ms(150);
		quit(0);
	}
	if ((kicker = fork()) == 0) {
		sleep_ms(50);
		kill(me, SIGUSR1);
		quit(0);
	}
	r = wait4(slow, 0, 0, 0);
	say("wait4 %s: %s hits %d\n", what, r == slow ? "the child" : errname(-r), hits);
	if (r < 0)
		wait_for(slow);
	wait_for(kicker);
}

static void kick(int ms)
{
	long me = getpid();

	if (fork() == 0) {
		sleep_ms(ms);
		kill(me, SIGUSR1);
		quit(0);
	}
}

int main(int argc, char **argv)
{
	struct timespec ts = { 0, 300000000 }, left = { 0, 0 };
	struct pollfd pf;
	int p[2];

	pipe2(p, 0);
	pf = (struct pollfd){ p[0], POLLIN, 0 };
	try_read("plain", 0);
	try_read("SA_RESTART", SA_RESTART);
	try_wait("plain", 0);
	try_wait("SA_RESTART", SA_RESTART);
	handle(SIGUSR1, on, 0);
	kick(50);
	show(nanosleep(&ts, &left));
	yes(left.sec == 0 && left.nsec > 100000000 && left.nsec < 300000000);
	wait4(-1, 0, 0, 0);
	handle(SIGUSR1, on, SA_RESTART);
	kick(50);
	show(nanosleep(&ts, &left));
	wait4(-1, 0, 0, 0);
	kick(50);
	show(poll(&pf, 1, 1000));
	wait4(-1, 0, 0, 0);
	kick(50);
	show(select(1, 0, 0, 0, TV(1, 0)));
	return 0;
}
