/* SPDX-License-Identifier: BSD-2-Clause
 * The thread pointer: sysarch sets and tells the fs base, and it is the guest's own across calls, fork and signals. */
#include "fbsd.h"

static long block[4] = { 0x1111, 0x2222, 0x3333, 0x4444 };

static long fs_word(void)
{
	long v;

	__asm__ volatile("mov %%fs:8, %0" : "=r"(v));
	return v;
}

static void on_usr1(int sig, siginfo_t *si, ucontext_t *uc)
{
	say("handler: %lx\n", fs_word());
}

int main(int argc, char **argv)
{
	long base = (long)block, got = 0, child;

	show(sysarch(AMD64_SET_FSBASE, &base));
	say("%lx\n", fs_word());
	show(sysarch(AMD64_GET_FSBASE, &got));
	yes(got == base);
	getpid();
	say("%lx\n", fs_word());
	handle(SIGUSR1, on_usr1, 0);
	kill(getpid(), SIGUSR1);
	child = fork();
	if (child == 0) {
		say("child: %lx\n", fs_word());
		quit(0);
	}
	wait_for(child);
	base = 0x8000000000000000;
	show(sysarch(AMD64_SET_FSBASE, &base));
	show(sysarch(AMD64_SET_FSBASE, (void *)8));
	show(sysarch(9999, &base));
	say("%lx\n", fs_word());
	return 0;
}
