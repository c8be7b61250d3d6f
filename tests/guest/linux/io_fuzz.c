/* SPDX-License-Identifier: BSD-2-Clause
 * A hostile user of the privilege: privileged instructions with odd prefixes, operands and registers, cut off by the end of
 * a page, changed by another thread while they are carried out. No system call is among the bytes: what is tried is us.
 * io_fuzz SECONDS SEED; the last line tells what happened.
 * TEST fixture: fuzz/io.test */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

static unsigned char *page;              /* two of code: nothing behind them */
static volatile unsigned long faults, again;
static volatile int in_it;
static long stack_at;                    /* of one(), to go back to */
static char *buffer;                     /* a page of data, nothing on either side: strings run far */

extern char leave[];
static void caught(int sig, siginfo_t *si, void *ctx)
{
	ucontext_t *u = ctx;
	if (!in_it) {
		if (sig == SIGALRM)
			return;
		_exit(3);
	}
	if (sig == SIGALRM && ++again % 8)
		return;                  /* some of them go on: a string that is broken off is taken up again */
	if (++faults > 2000)
		_exit(43);
	u->uc_mcontext.gregs[REG_RIP] = (long)leave;
	u->uc_mcontext.gregs[REG_RSP] = stack_at;
	u->uc_mcontext.gregs[REG_EFL] &= ~0x400l & ~0x100l & ~0x40000l;
}
static unsigned long state = 1;          /* libc's has a lock, which whoever is thrown out of it keeps */
static unsigned rnd(unsigned n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 20) % n;
}

static const char *const opcodes[] = {
	"\xe4", "\xe5", "\xe6", "\xe7", "\xec", "\xed", "\xee", "\xef", "\x6c", "\x6d", "\x6e", "\x6f", "\xfa", "\xfb", "\xf4", "\x0f\x30",
	"\x0f\x32", "\x0f\x20", "\x0f\x21", "\x0f\x22", "\x0f\x23", "\x0f\x06", "\x0f\x08", "\x0f\x09", "\x0f\x01\x10", "\x0f\x01\x18",
	"\x0f\x01\x38", "\x0f\x01\xf0", "\x0f\x01\xf8", "\x0f\x01\xd1", "\x0f\x01", "\x0f\x38\x82",
};
/* ModRM and what it asks for: of moves to and from control registers nothing. */
static unsigned operand(unsigned char *to, int alone)
{
	unsigned m = rnd(256), n = 0, base;
	to[n++] = (unsigned char)m;
	if (m >= 0xc0 || alone)
		return n;
	base = m & 7;
	if (base == 4)
		base = (to[n++] = (unsigned char)rnd(256)) & 7;
	for (unsigned k = m >> 6 == 1 ? 1 : m >> 6 == 2 || base == 5 ? 4 : 0; k; k--)
		to[n++] = (unsigned char)rnd(256);
	return n;
}
static unsigned make(unsigned char *to)
{
	static const char prefix[] = "\x66\x67\xf2\xf3\x64\x2e\xf0\x65";
	const char *op = opcodes[rnd(sizeof opcodes / sizeof *opcodes)];
	/* sgdt, sidt and smsw write where they are, unasked: not through gs, behind which our own block lies in most engines */
	bool writes = op[0] == 0x0f && op[1] == 1 && !op[2];
	unsigned n = 0;

	for (unsigned k = rnd(3) ? 0 : rnd(6); k; k--)
		to[n++] = (unsigned char)prefix[rnd(8 - writes)];
	if (!rnd(3))
		to[n++] = (unsigned char)(0x40 + rnd(16));
	for (size_t k = 0; op[k]; k++)
		to[n++] = (unsigned char)op[k];
	/* lldt, ltr: the zero that the table cannot hold */
	if (op[0] == 0x0f && !op[1])
		to[n++] = 0;
	if (to[n - 1] >= 0xe4 && to[n - 1] <= 0xe7)
		to[n++] = (unsigned char)rnd(256);
	else if (op[0] == 0x0f && (!op[1] || op[1] == 1 || op[1] == 0x38 || (op[1] >= 0x20 && op[1] <= 0x23)) && !(op[1] == 1 && op[2]))
		n += operand(to + n, op[1] >= 0x20 && op[1] <= 0x23);
	return n;
}
static unsigned long value(void)
{
	switch (rnd(8)) {
	case 0: return (unsigned long)buffer + rnd(4096);
	case 1: return (unsigned long)page + 8192 - rnd(16);
	case 2: return 0xc0000080u + rnd(8);
	case 3: return rnd(2) ? 0x3f8 + rnd(8) : 0x20 + rnd(2);
	case 4: return 0x7ffffffff000ul - rnd(16);
	case 5: return (unsigned long)rnd(0x10000) << 48 | rnd(1 << 20);
	case 6: return rnd(0x10000);
	}
	return rnd(2) ? 0 : ~0ul - rnd(300);
}
static void one(unsigned char *to)
{
	unsigned long v[16];
	for (unsigned i = 0; i < 16; i++)
		v[i] = value();
	if (rnd(8) && v[2] - 0xc0000000u > 0x200)
		v[2] &= 0xff;                    /* few elements of a string, mostly: each is a call */
	if ((v[3] & 0xffff) >= 0xf1 && (v[3] & 0xffff) <= 0xf7)
		v[3] = 0x80;
	if ((v[3] & 0xffff) == 0x64 || (v[3] & 0xffff) == 0x60 || (v[3] & 0xffff) == 0x92 || (v[3] & 0xfff8) == 0xcf8)
		v[3] = 0x71;                     /* not the end of the machine, at least on purpose */
	register unsigned long *r8 __asm__("r8") = v;
	register unsigned char *r9 __asm__("r9") = to;
	in_it = 1;
	__asm__ volatile("push %%rbx; push %%rbp; push %%r12; push %%r13; push %%r14; push %%r15; mov %%rsp, %2\n\t"
			 "push %%r9; mov (%%r8), %%rax; mov 8(%%r8), %%rbx; mov 16(%%r8), %%rcx; mov 24(%%r8), %%rdx\n\t"
			 "mov 32(%%r8), %%rsi; mov 40(%%r8), %%rdi; mov 48(%%r8), %%rbp; mov 56(%%r8), %%r10; mov 64(%%r8), %%r11\n\t"
			 "mov 72(%%r8), %%r12; mov 80(%%r8), %%r13; mov 88(%%r8), %%r14; mov 96(%%r8), %%r15; mov 104(%%r8), %%r9\n\t"
			 "mov 112(%%r8), %%r8; ret\n\t"
			 ".globl leave\nleave: pop %%r15; pop %%r14; pop %%r13; pop %%r12; pop %%rbp; pop %%rbx; cld"
			 : "+r"(r8), "+r"(r9), "=m"(stack_at) : : "rax", "rcx", "rdx", "rsi", "rdi", "r10", "r11", "memory", "cc");
	in_it = 0;
}
static void *meddle(void *arg)
{
	for (;;)
		if (page[4096 + 2000] == 0xec)
			page[4096 + 2000] = 0xee, page[4096 + 2001] = 0xf4;
		else
			page[4096 + 2000] = 0xec, page[4096 + 2001] = 0xfa;
	return NULL;
}
static void child(unsigned seed)
{
	sigset_t all;
	struct sigaction sa = { .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK };
	stack_t ss = { .ss_sp = malloc(65536), .ss_size = 65536 };
	static const int sigs[] = { SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGALRM, SIGFPE };
	pthread_t t;

	state = seed * 0x9e3779b97f4a7c15ul | 1;
	sigaltstack(&ss, NULL);
	sa.sa_sigaction = caught;
	for (unsigned i = 0; i < sizeof sigs / sizeof *sigs; i++)
		sigaction(sigs[i], &sa, NULL);
	syscall(SYS_iopl, 3);
	setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 10000 }, { 0, 10000 } }, NULL);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	if (seed & 1)
		pthread_create(&t, NULL, meddle, NULL);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	for (unsigned i = 0; i < 400; i++) {
		unsigned char bytes[32] = { 0 };
		unsigned n = make(bytes), cut = rnd(4) ? 0 : rnd(n);
		unsigned char *to = page + 8192 - (rnd(2) ? n + 64 : n - cut);
		if (to + n + 2 <= page + 8192)
			memset(to, 0xcc, (size_t)(page + 8192 - to));
		memcpy(to, bytes, (size_t)(page + 8192 - to) < n ? (size_t)(page + 8192 - to) : n);
		one(to);
		if (seed & 1)
			one(page + 4096 + 2000);
	}
	_exit(42);
}
int main(int argc, char **argv)
{
	time_t until = time(NULL) + (argc > 1 ? atoi(argv[1]) : 5);
	unsigned seed = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 0) : 1, ended[3] = { 0 };

	page = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(page + 8192, 4096);
	buffer = mmap(NULL, 3 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	buffer += 4096;
	mprotect(buffer, 4096, PROT_READ | PROT_WRITE);
	if (argc > 3)
		child(seed);             /* one of them alone */
	for (unsigned n = 0; time(NULL) < until; n++, seed++) {
		int st = 0;
		pid_t pid = fork();
		if (!pid)
			child(seed);
		for (unsigned k = 0; !waitpid(pid, &st, WNOHANG); k++) {
			usleep(1000);
			if (k == 20000) {
				printf("seed %u does not end\n", seed);
				kill(pid, SIGKILL);
			}
		}
		ended[WIFSIGNALED(st) ? 2 : WEXITSTATUS(st) == 42 ? 0 : 1]++;
		if (WIFEXITED(st) && WEXITSTATUS(st) == 125)
			printf("seed %u: the translator gave up\n", seed);
	}
	printf("%u ran through, %u ended otherwise, %u by a signal\n", ended[0], ended[1], ended[2]);
	return !ended[0];
}
