/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What real/direct.test interrupts at every instruction: a call that has run often, once more between two breakpoints, with a
 * handler for SIGUSR1 that looks where the signal found the guest. Ends with 0 if that was in its own code, if the handler saw
 * the call's arguments, or its result behind it, and if the result is right.
 *     direct_marks ok|fails|parent|blocks|fstat|clock|noclock
 * TEST fixture: real/direct.test
 */
#include "fbsd.h"

static volatile long taken, astray;
static char buf[256];
static long nr, fd, expected;
static int p[2];

extern char site[], behind[];
__attribute__((naked, noinline, aligned(16))) static long stub(long number, long a, void *b, long c)
{
	__asm__("mov %rdi, %rax; mov %rsi, %rdi; mov %rdx, %rsi; mov %rcx, %rdx; .globl site; site: syscall; .globl behind; behind:"
		"jb 1f; ret; 1: neg %rax; ret; .fill 15, 1, 0xcc");
}
extern char __executable_start[], etext[];
static void on(int sig, siginfo_t *si, ucontext_t *uc)
{
	const mcontext_t *m = &uc->mc;
	taken++;
	astray += m->rip < (long)__executable_start || m->rip >= (long)etext;
	if (m->rip == (long)site)
		astray += m->rax != nr || m->rdi != fd || m->rsi != (long)buf || m->rdx != 8;
	if (m->rip == (long)behind)
		astray += m->rax != (expected < 0 ? -expected : expected) || (m->rflags & 1) != (expected < 0);
	if (nr == SYS_read && p[1])
		write(p[1], "12345678", 8);
}
int main(int argc, char **argv)
{
	long got;
	handle(SIGUSR1, on, SA_RESTART);
	int clock = !strcmp(argv[1], "clock") || !strcmp(argv[1], "noclock");
	nr = clock ? SYS_clock_gettime : !strcmp(argv[1], "fstat") ? SYS_fstat : strcmp(argv[1], "parent") ? SYS_read : SYS_getppid;
	fd = clock ? CLOCK_MONOTONIC : open("/dev/zero", O_RDONLY, 0);
	expected = stub(nr, fd, buf, 8);
	if (!strcmp(argv[1], "fails"))
		fd = -1;
	if (!strcmp(argv[1], "noclock"))         /* quick calls do not make it: it goes the whole way after all */
		fd = 99;
	if (fd == -1 || fd == 99)
		expected = stub(nr, fd, buf, 8);
	for (int i = 0; i < 12; i++)
		stub(nr, fd, buf, 8);
	if (!strcmp(argv[1], "blocks")) {        /* nothing to read but what the handler brings */
		pipe2(p, 0);
		fd = p[0];
	}
	__asm__ volatile("int3" ::: "memory");
	got = stub(nr, fd, buf, 8);
	__asm__ volatile("int3" ::: "memory");
	return got != expected || taken != 1 || astray;
}
