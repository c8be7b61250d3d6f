/* SPDX-License-Identifier: BSD-2-Clause
 * What is not the program's own: it cannot be seen, closed, duplicated over, unmapped or mapped over, and trying to does no
 * harm. The program sees three descriptors, its own lowest free number, and no memory that it did not ask for. */
#include "fbsd.h"

static long open_fds, wrong;

static void look(long fd)
{
	if (fd < 3 || fd > 0x7fffffff)
		return;
	if (fcntl(fd, F_GETFD, 0) != -EBADF)
		open_fds++;
	if (close(fd) != -EBADF)
		wrong++;
	if (fcntl(fd, F_DUPFD, 0) != -EBADF)
		wrong++;
}

static void descriptors(void)
{
	struct rlimit rl;

	show(dup(0));
	close(3);
	getrlimit(RLIMIT_NOFILE, &rl);
	if (rl.cur > rl.max - 64) {      /* ours may have to lie at the very top: what is below is the guest's to the last */
		rl.cur = rl.max - 64;
		setrlimit(RLIMIT_NOFILE, &rl);
	}
	for (long fd = 3; fd < 2000; fd++)
		look(fd);
	for (long p = 2048; p <= 1l << 31; p *= 2)
		for (long fd = p - 40; fd < p + 40; fd++)
			look(fd);
	for (long fd = rl.cur - 300; fd < rl.cur + 300; fd++)
		look(fd);
	show(open_fds);
	show(wrong);
	show(sys(SYS_freebsd12_closefrom, 3));
	show(close_range(3, ~0u, 0));
	show(close_range(3, ~0u, 4));
	show(dup2(0, rl.cur));
	yes(dup2(0, rl.cur - 1) == rl.cur - 1);
	yes(close(rl.cur - 1) == 0);
	show(dup2(0, 0x7fffffff));
	show(fcntl(0, F_DUPFD, 0x7ffffff0));
}

/* the whole of the upper address space but our own stack, in a child */
static void memory(void)
{
	const long step = 1l << 32, low = 0x10000000000, high = 0x7ff000000000;
	char here;

	if (fork() == 0) {
		for (long a = low; a < high; a += step)
			if ((long)&here < a - step || (long)&here > a + 2 * step)
				munmap(a, step);
		say("still here %d\n", getpid() > 0);
		for (long a = low; a < high; a += step)
			if ((long)&here < a - step || (long)&here > a + 2 * step)
				mprotect(a, step, PROT_NONE);
		say("and here %d\n", getpid() > 0);
		sleep_ms(1);
		handle(SIGUSR1, (void *)0, 0);
		quit(0);
	}
	wait4(-1, 0, 0, 0);
}

static void signals(void)
{
	struct sigaction ign = { .handler = (void *)SIG_IGN };
	stack_t ss = { pages(8192), 8192, 0 };
	sigset_t all;

	sigset_fill(&all);
	show(sigprocmask(SIG_BLOCK, &all, 0));
	sleep_ms(1);
	sigprocmask(0, 0, &all);
	say("KILL %d STOP %d SEGV %d SYS %d THR %d\n", sigset_has(&all, SIGKILL), sigset_has(&all, SIGSTOP), sigset_has(&all, SIGSEGV),
	    sigset_has(&all, SIGSYS), sigset_has(&all, SIGTHR));
	for (int i = 0; i < 100; i++)
		getpid();
	say("calls go on\n");
	for (int s = 1; s <= 128; s++)
		sigaction(s, &ign, 0);
	yes(getpid() > 0);
	show(sigaltstack(&ss, 0));
	yes(getppid() > 0);
}

int main(int argc, char **argv)
{
	descriptors();
	memory();
	signals();
	return 0;
}
