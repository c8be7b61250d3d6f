/* SPDX-License-Identifier: BSD-2-Clause
 * fork: the child sees 0 in rax and 1 in rdx, the parent rdx 0; memory is copied, descriptors shared; wait statuses. */
#include "fbsd.h"

static int value = 1;

static long raw_fork(long *second)
{
	struct full r;

	sys_full(SYS_fork, (long[8]){ 0, 0, 99 }, &r);
	*second = r.rdx;
	return r.rax;
}

static void end_with(int how)
{
	struct rusage ru = { 0 };
	int status = -1;
	long pid = fork();

	if (pid == 0) {
		if (how > 0)
			quit(how);
		kill(getpid(), -how);
		quit(0);
	}
	show(wait4(pid, &status, 0, &ru) == pid);
	say("status %x\n", status & ~0x80);
}

static void family(void)
{
	long me = getpid(), child = fork();

	if (child == 0) {
		yes(getppid() == me);
		yes(getpid() != me);
		yes(getpgrp() == getpgid(me));
		quit(0);
	}
	wait_for(child);
	show(wait4(child, 0, 0, 0));
	show(wait4(-1, 0, WNOHANG, 0));
	show(wait4(-1, 0, 0x40000000, 0));
}

static void stopped(void)
{
	int status = 0;
	long child = fork();

	if (child == 0) {
		kill(getpid(), SIGSTOP);
		quit(5);
	}
	show(wait4(child, &status, WUNTRACED, 0) == child);
	say("status %x\n", status);
	show(wait4(child, &status, WNOHANG, 0));
	kill(child, SIGCONT);
	show(wait4(child, &status, 0, 0) == child);
	say("status %x\n", status);
}

/* Descriptors that are shared, until one of the two will have its own. */
static void shared(void)
{
	long pid = rfork(RFPROC), fd;
	if (!pid) {
		dup2(1, 40);
		show(rfork(RFFDG));
		close(40);
		dup2(1, 41);
		quit(0);
	}
	wait_for(pid);
	show(close(40));
	show(close(41));
	fd = dup2(1, 42);
	if (!(pid = rfork(RFPROC)))
		quit(rfork(RFCFDG) ? 1 : close(42) == -EBADF ? 3 : 2);
	show(WEXITSTATUS(wait_for(pid)));
	show(close(fd));
}
int main(int argc, char **argv)
{
	long second, pid = raw_fork(&second);

	if (pid == 0) {
		say("child: rdx %ld\n", second);
		value = 2;
		close(1);
		quit(7);
	}
	say("status %x, value %d, rdx %ld\n", wait_for(pid), value, second);
	end_with(1);
	end_with(255);
	end_with(-SIGTERM);
	end_with(-SIGUSR1);
	end_with(-SIGBUS);
	end_with(-SIGEMT);
	end_with(-(SIGRTMIN + 3));
	family();
	stopped();
	shared();
	return 0;
}
