/* SPDX-License-Identifier: BSD-2-Clause
 * A call site that has run a few times makes some calls without dispatch. What a program sees of them is the same the first
 * time and the hundredth: registers, flags, results, each error, which descriptors are whose; and a call that fails, an object
 * of ours, a socket that may not raise SIGPIPE, come between such that succeed.
 * TEST timeout: 60
 */
#include "regs.h"

static char buf[64];

static void kept(const char *what, long nr, long a, long b, long c, long d)
{
	struct state before, after = { 0 };
	long arg[6] = { a, b, c, d, -1, 0 }, carries = 0;
	const char *differ = "";

	for (int i = 0; i < 100 && !*differ; i++) {
		regs_fill(&before, arg);
		before.flags ^= i & 1 ? 0x8d5 : 0;       /* all of them set, all clear */
		regs_call(nr, arg, &before, &after, have_avx());
		differ = regs_differ(&before, &after, 0, have_avx());
		carries += after.flags & 1;
	}
	say("%s: %s%s, %ld carries\n", what, *differ ? "changed: " : "kept", differ, carries);
}
/* The same, often: the last answer, and whether all were alike. */
static void often(const char *what, long nr, long a, long b, long c, long d)
{
	long first = sys(nr, a, b, c, d), alike = 1;
	for (int i = 0; i < 100; i++)
		alike += sys(nr, a, b, c, d) == first;
	say("%s: %e, %ld times\n", what, first, alike);
}

static long passed;
static void on_pipe(int sig, siginfo_t *si, ucontext_t *uc) { passed++; }

static void errors(long zero, int *p)
{
	long q = kqueue(), gone = dup(zero);
	struct iovec v = { buf, 8 };
	close(gone);
	often("read", SYS_read, zero, (long)buf, 8, 0);
	often("read of a descriptor that is closed", SYS_read, gone, (long)buf, 8, 0);
	often("read of -1", SYS_read, -1, (long)buf, 8, 0);
	often("read of 2^32", SYS_read, 1l << 32 | zero, (long)buf, 8, 0);
	often("read into nothing", SYS_read, zero, 8, 8, 0);
	often("read of less than nothing", SYS_read, zero, 8, -1, 0);
	often("read of a kqueue", SYS_read, q, (long)buf, 8, 0);
	often("write to a kqueue", SYS_write, q, (long)buf, 8, 0);
	often("read of a pipe's other end", SYS_read, p[1], (long)buf, 8, 0);
	often("pread of a pipe", SYS_pread, p[0], (long)buf, 8, 0);
	often("pread before the beginning", SYS_pread, zero, (long)buf, 8, -1);
	often("readv", SYS_readv, zero, (long)&v, 1, 0);
	often("readv of 2000", SYS_readv, zero, (long)&v, 2000, 0);
	handle(SIGSYS, on_pipe, 0);
	often("a number of another kernel", 0x1234003, zero, (long)buf, 8, 0);
	often("-1", -1, zero, (long)buf, 8, 0);
	often("its low half is read's", 0x100000003l, zero, (long)buf, 8, 0);
}
/* What the guest did not open, it cannot read, however high: not what lies right above the highest number that it may have. */
static void others(void)
{
	long open_ones = 0, most = getdtablesize();
	for (long fd = 20; fd < most + 300; fd += fd < 100 || fd > most - 50 ? 1 : 50)
		open_ones += read(fd, buf, 0) != -EBADF;
	show(open_ones);
}
static void quiet(void)
{
	int pair[2], on = 1;
	handle(SIGPIPE, on_pipe, 0);
	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	for (int i = 0; i < 20; i++)
		write(pair[0], buf, 1);
	close(pair[1]);
	passed = 0;
	show(write(pair[0], buf, 1));
	show(passed);
	setsockopt(pair[0], SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
	show(write(pair[0], buf, 1));
	show(passed);
	on = 0;
	setsockopt(pair[0], SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
	show(write(pair[0], buf, 1));
	show(passed);
}
/* Threads that call and threads that interrupt them: each signal is taken, and finds the thread in the guest's own code. */
extern char __executable_start[], etext[];
enum { CALLERS = 2, HITS = 300 };
static volatile long taken, astray, wrong, tids[CALLERS], ended;
static int back[2];
static void hit(int sig, siginfo_t *si, ucontext_t *uc)
{
	__atomic_add_fetch(&taken, 1, __ATOMIC_RELAXED);
	write(back[1], "!", 1);
	astray += uc->mc.rip < (long)__executable_start || uc->mc.rip >= (long)etext;
}
static void caller(void *arg)
{
	long zero = open("/dev/zero", O_RDONLY, 0), parent = getppid(), id;
	char c[16];
	thr_self(&id);
	tids[(long)arg] = id;
	while (!ended) {
		wrong += read(zero, c, 16) != 16;
		wrong += getppid() != parent;
		wrong += read(-1, c, 16) != -EBADF;
		wrong += pread(zero, c, 4, 0) != 4;
	}
	__atomic_add_fetch(&ended, 1, __ATOMIC_SEQ_CST);
	thr_exit(0);
}
static void storm(void)
{
	long sent = 0;
	handle(SIGUSR1, hit, SA_RESTART);
	pipe2(back, 0);
	for (long i = 0; i < CALLERS; i++)
		thread(caller, (void *)i);
	for (int i = 0; i < CALLERS; i++)
		while (!tids[i])
			sleep_ms(1);
	for (int i = 0; i < HITS; i++) {
		sent += thr_kill(tids[i % CALLERS], SIGUSR1) == 0;
		read(back[0], buf, 1);
	}
	ended = 1;
	while (ended < 1 + CALLERS)
		sleep_ms(1);
	yes(taken == sent);
	show(astray);
	show(wrong);
}
int main(int argc, char **argv)
{
	long zero = open("/dev/zero", O_RDWR, 0);
	struct iovec v[2] = { { buf, 8 }, { buf, 4 } };
	int p[2];

	pipe2(p, 0);
	kept("getppid", SYS_getppid, 1, 2, 3, 4);
	kept("read", SYS_read, zero, (long)buf, 64, 4);
	kept("write", SYS_write, zero, (long)buf, 64, 4);
	kept("pread", SYS_pread, zero, (long)buf, 64, 4);
	kept("pwrite", SYS_pwrite, zero, (long)buf, 64, 4);
	kept("readv", SYS_readv, zero, (long)v, 2, 4);
	kept("writev", SYS_writev, zero, (long)v, 2, 4);
	kept("a read that fails", SYS_read, -1, (long)buf, 64, 4);
	kept("getuid", SYS_getuid, 1, 2, 3, 4);
	errors(zero, p);
	others();
	quiet();
	storm();
	return 0;
}
