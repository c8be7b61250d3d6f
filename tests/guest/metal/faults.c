/* SPDX-License-Identifier: BSD-2-Clause
 *
 * TEST fixture: real/metal
 *
 * Ends as its last argument says: a triple fault, hlt for good, a reset by two ways, an instruction that some hosts lack.
 */
#include "guest.h"

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
	if (same(last, "spin"))
		for (;;)
			__asm__ volatile("pause");
	if (same(last, "count"))
		for (volatile int n = 0; n < 300; n++)
			outb(0x80, (unsigned)n);
	return 5;
}
