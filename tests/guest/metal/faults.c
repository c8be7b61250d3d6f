/* SPDX-License-Identifier: BSD-2-Clause
 *
 * TEST fixture: real/metal
 *
 * Ends as its last argument says: a triple fault, hlt for good, a reset by two ways, an instruction that some hosts lack.
 */
#include "guest.h"

extern char real[], real_end[];
__asm__(".text\n"
"real:	.code16\n"
"	mov %cr0, %eax\n	and $0xfffffffe, %eax\n	mov %eax, %cr0\n"
"	ljmp $0, $0x7000 + 1f - real\n"
"1:	xor %ax, %ax\n	mov %ax, %ds\n	mov %ax, %ss\n	mov $0x6000, %sp\n"
"	lidtl (0x6ff0)\n	int $8\n	mov $0xe820, %ax\n	int $0x15\n"
"	.code64\n"
"real_end:\n");
/* To real mode by way of 32 bits, and then a call of the BIOS. */
static void bios(void)
{
	static const struct { uint16_t limit; uint32_t base; } __attribute__((packed)) ivt = { 0x3ff, 0 };
	static const uint64_t segments[] = { 0, 0x00009b000000ffff, 0x000093000000ffff, 0x00cf9b000000ffff };
	static const struct { uint16_t limit; uint64_t base; } __attribute__((packed)) at = { sizeof segments - 1, (uintptr_t)segments };
	char *low = (char *)0x7000, *from = real;

	while (from < real_end)
		*low++ = *from++;
	__builtin_memcpy((void *)0x6ff0, &ivt, sizeof ivt);
	__asm__ volatile("lgdt %0; push $0x18; push $1f; lretq\n"
			 "	.code32\n"
			 "1:	mov %%cr0, %%eax; and $0x7fffffff, %%eax; mov %%eax, %%cr0\n"
			 "	mov $0xc0000080, %%ecx; xor %%eax, %%eax; xor %%edx, %%edx; wrmsr\n"
			 "	mov $0x10, %%eax; mov %%eax, %%ds; mov %%eax, %%ss\n"
			 "	ljmp $8, $0x7000\n"
			 "	.code64" : : "m"(at) : "rax", "rcx", "rdx", "memory");
}
struct info { uint32_t flags, lower, upper, device, command; };

int main(unsigned magic, const struct info *i)
{
	const char *at = (const char *)(uintptr_t)i->command, *last = at;
	uint32_t a;

	for (; *at; at++)
		last = *at == ' ' ? at + 1 : last;
	if (same(last, "triple"))
		*(volatile int *)0x7f0000000000 = 1;
	if (same(last, "halt"))
		for (;;)
			__asm__ volatile("cli; hlt");
	if (same(last, "sleep"))
		for (;;)
			__asm__ volatile("sti; hlt");
	if (same(last, "reset"))
		outb(0x64, 0xfe);
	if (same(last, "reset2"))
		outb(0xcf9, 6);
	if (same(last, "odd"))
		__asm__ volatile("lar %w1, %0" : "=r"(a) : "r"(8));
	if (same(last, "yield"))
		for (int n = 0; n < 100; n++)
			hyper(H_YIELD, 0, 0, 0);
	if (same(last, "bios"))
		bios();
	if (same(last, "spin"))
		for (;;)
			__asm__ volatile("pause");
	if (same(last, "count"))
		for (volatile int n = 0; n < 300; n++)
			outb(0x80, (unsigned)n);
	return 5;
}
