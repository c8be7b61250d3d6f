/* SPDX-License-Identifier: BSD-2-Clause
 * sigaltstack: SA_ONSTACK handlers run on it, the state tells so, a stack overflow is survived on it. */
#include "fbsd.h"

static char *alt;
static long low;

static void on(int sig, siginfo_t *si, ucontext_t *uc)
{
	stack_t now, other = { pages(8192), 8192, 0 };
	char here;

	say("signal %d on the alternate stack: %s\n", sig, &here >= alt && &here < alt + 32768 ? "yes" : "no");
	sigaltstack(0, &now);
	say("flags %d\n", now.flags);
	if (now.flags & SS_ONSTACK)
		show(sigaltstack(&other, 0));
	say("uc_stack: base %s size %lu\n", uc->stack.sp == alt ? "right" : "other", uc->stack.size);
}

static void overflow(int sig, siginfo_t *si, ucontext_t *uc)
{
	say("overflow: signal %d\n", sig);
	quit(0);
}

#pragma clang diagnostic ignored "-Winfinite-recursion"
static __attribute__((noinline)) long dig(long n)
{
	volatile char room[4096];

	room[0] = (char)n;
	low = (long)room;
	return dig(n + 1) + room[0];
}

int main(int argc, char **argv)
{
	stack_t ss = { 0, 32768, 0 }, old = { 0 }, small = { 0, 100, 0 };
	struct rlimit rl = { 1 << 20, 1 << 20 };

	ss.sp = alt = pages(32768);
	show(sigaltstack(0, &old));
	say("flags %d\n", old.flags);
	show(sigaltstack(&ss, 0));
	show(sigaltstack(0, &old));
	yes(old.sp == alt && old.size == 32768 && old.flags == 0);
	handle(SIGUSR1, on, SA_ONSTACK);
	handle(SIGUSR2, on, 0);
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR2);
	show(sigaltstack(&small, 0));
	ss.flags = 0x100;
	show(sigaltstack(&ss, 0));
	ss.flags = SS_DISABLE;
	show(sigaltstack(&ss, 0));
	kill(getpid(), SIGUSR1);
	show(sigaltstack((void *)8, 0));
	ss.flags = 0;
	sigaltstack(&ss, 0);
	setrlimit(RLIMIT_STACK, &rl);
	handle(SIGSEGV, overflow, SA_ONSTACK);
	return (int)dig(0);
}
