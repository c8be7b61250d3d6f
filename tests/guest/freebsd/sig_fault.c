/* SPDX-License-Identifier: BSD-2-Clause
 * Faults become signals with the address and the cause; a handler may mend the page, or step over the instruction. */
#include "fbsd.h"

static char *page;
static int skip;

static void on_fault(int sig, siginfo_t *si, ucontext_t *uc)
{
	say("signal %d code %d addr %s trapno %u\n", sig, si->code, si->addr == page + 5 ? "right" : si->addr == 0 ? "0" : "other",
	    uc->mc.trapno);
	if (uc->mc.trapno == 12)
		yes(uc->mc.addr == (long)si->addr);
	if (skip)
		uc->mc.rip += skip;
	else
		mprotect(page, 4096, PROT_READ | PROT_WRITE);
	skip = 0;
}

static void on_other(int sig, siginfo_t *si, ucontext_t *uc)
{
	say("signal %d code %d trapno %u addr %s\n", sig, si->code, uc->mc.trapno, (long)si->addr == uc->mc.rip ? "of the instruction" : "other");
	uc->mc.rip += skip;
}

int main(int argc, char **argv)
{
	page = pages(8192);
	page[5] = 'q';
	for (int s = 1; s <= 3; s++)
		handle((int[]){ 0, SIGSEGV, SIGBUS, SIGFPE }[s], s < 3 ? on_fault : on_other, 0);
	handle(SIGILL, on_other, 0);
	handle(SIGTRAP, on_other, 0);

	mprotect(page, 4096, PROT_NONE);
	say("read: %c\n", ((volatile char *)page)[5]);
	mprotect(page, 4096, PROT_READ);
	((volatile char *)page)[5] = 'w';
	say("wrote: %c\n", page[5]);
	munmap(page, 4096);
	skip = 2;	/* mov (%rax),%al is two bytes */
	__asm__ volatile("mov (%0), %%al" : : "a"(page + 5) : "memory");
	skip = 2;
	__asm__ volatile("mov (%0), %%al" : : "a"(0l) : "memory");
	skip = 2;
	__asm__ volatile("mov (%0), %%al" : : "a"(0x8000000000000000) : "memory");
	skip = 2;
	__asm__ volatile("xor %%edx, %%edx\nmov $1, %%eax\nxor %%ecx, %%ecx\ndiv %%ecx" : : : "rax", "rcx", "rdx");
	skip = 2;
	__asm__ volatile("ud2");
	skip = 0;
	__asm__ volatile("int3");
	skip = 1;
	__asm__ volatile("hlt");
	return 0;
}
