/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Two address spaces of its own, switched to and fro; a write-protected page of which the fault is told and mended.
 */
#include "guest.h"

extern uint64_t pml4[], pdpt[], pd[];
static uint64_t other[512] __attribute__((aligned(4096))), pdpt2[512] __attribute__((aligned(4096))), pd2[512] __attribute__((aligned(4096)));
static volatile unsigned faults;

static void space(void *top) { __asm__ volatile("mov %0, %%cr3" : : "r"(top) : "memory"); }

void on_interrupt(struct frame *f)
{
	uint64_t at;
	__asm__("mov %%cr2, %0" : "=r"(at));
	if (f->vector != 14 || ++faults > 3)
		leave(1);
	puts("page fault at "), puthex(at), say(", error", (long)f->error);
	pd2[at >> 21 & 511] |= 0x83 | (at & 0x3fe00000);
	__asm__ volatile("invlpg (%0)" : : "r"(at) : "memory");
}
int main(void)
{
	volatile uint64_t *p = (uint64_t *)0x1800000;    /* 24 MiB: in the first space itself, in the other at 32 MiB */
	uint64_t cr0;

	idt_load();
	__asm__ volatile("mov %%cr0, %0; or $0x10000, %0; mov %0, %%cr0" : "=&r"(cr0));
	for (unsigned i = 0; i < 512; i++)
		pd2[i] = pd[i];
	other[0] = (uint64_t)pdpt2 | 3, pdpt2[0] = (uint64_t)pd2 | 3;
	pd2[12] = 0x2000000 | 0x83;
	pd2[20] = 0;                             /* 40 MiB: not there */
	pd2[21] = 0x2a00000 | 0x81;              /* 42 MiB: read only */
	*p = 111;
	space(other);
	*p = 222;
	space(pml4);
	say("first:", (long)*p);
	say("where the other's lies:", (long)*(uint64_t *)0x2000000);
	space(other);
	say("other:", (long)*p);
	*(volatile uint64_t *)0x2800123 = 5;
	*(volatile uint64_t *)0x2a00010 = 6;
	say("faults:", (long)faults);
	space(pml4);
	say("written:", (long)*(uint64_t *)0x2800123 + (long)*(uint64_t *)0x2a00010);
	return 0;
}
