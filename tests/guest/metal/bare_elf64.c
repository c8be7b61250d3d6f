/* SPDX-License-Identifier: BSD-2-Clause
 *
 * TEST options: --as metal
 * TEST args: x
 * TEST build: -m64
 *
 * A plain ELF of 64 bits, which begins in long mode with PVH's structure in rdi.
 */
#include "guest.h"

void _start(const uint32_t *info) __attribute__((noreturn));
static unsigned zeroed[100];

void _start(const uint32_t *info)
{
	uint64_t cr0, efer = rdmsr(0xc0000080);
	unsigned sum = 0;

	for (unsigned i = 0; i < 100; i++)
		sum += zeroed[i];
	__asm__("mov %%cr0, %0" : "=r"(cr0));
	puts("magic "), puthex(info[0]), put('\n');
	say("paging:", (long)(cr0 >> 31));
	say("long mode:", (long)(efer >> 10 & 1));
	say("bss:", sum);
	say("at 3 GiB:", *(volatile uint8_t *)0xc0000000);
	leave(9);
}
