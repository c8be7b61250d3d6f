/* SPDX-License-Identifier: BSD-2-Clause
 *
 * TEST stdin: some input
 *
 * Hypercalls that need no disk, and what they answer to what is wrong; their addresses are those of the page tables.
 */
#include "guest.h"

extern uint64_t pml4[], pdpt[], pd[];
void on_interrupt(struct frame *f) { }

int main(void)
{
	static const char text[] = "written by a hypercall\n";
	char buf[64];
	long n, at = 0, clock = hyper(H_CLOCK, 0, 0, 0);

	say("written", hyper(H_CONSOLE_WRITE, (long)text, sizeof text - 1, 0));
	pdpt[1] = pdpt[0];
	__asm__ volatile("mov %%cr3, %%rax; mov %%rax, %%cr3" : : : "rax", "memory");
	say("by another mapping", hyper(H_CONSOLE_WRITE, (long)text + (1l << 30), sizeof text - 1, 0));
	say("from nowhere", hyper(H_CONSOLE_WRITE, 1l << 39, 5, 0));
	while ((n = hyper(H_CONSOLE_READ, (long)buf + at, 20, 0)) > 0 || n == -11)
		if (n > 0)
			at += n;
		else
			hyper(H_YIELD, 0, 0, 0);
	buf[at] = 0;
	puts("read: "), puts(buf), put('\n');
	say("to nowhere", hyper(H_CONSOLE_READ, 1l << 39, 0, 0));
	say("time goes on:", hyper(H_CLOCK, 0, 0, 0) > clock);
	say("years since 1970 > 50:", hyper(H_CLOCK, 1, 0, 0) / 1000000000 / 86400 / 365 > 50);
	say("another clock", hyper(H_CLOCK, 7, 0, 0));
	say("no disk", hyper(H_BLOCK_SIZE, 0, 0, 0));
	say("no disk", hyper(H_BLOCK_READ, (long)buf, 512, 0));
	say("unknown", hyper(77, 0, 0, 0));
	say("yield", hyper(H_YIELD, 0, 0, 0));
	return 42;
}
