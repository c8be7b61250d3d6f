/* SPDX-License-Identifier: BSD-2-Clause
 *
 * TEST stdin: abc\ndef\n
 *
 * The serial line by interrupts: what comes on standard input wakes a machine that waits in hlt, to its end.
 */
#include "guest.h"

static volatile unsigned got, interrupts, lines;

void on_interrupt(struct frame *f)
{
	interrupts++;
	while (inb(0x3fd) & 1) {
		unsigned c = inb(0x3f8);
		got++;
		lines += c == '\n';
		put(c >= 'a' && c <= 'z' ? (char)(c - 32) : (char)c);
	}
	pic_done();
}
int main(void)
{
	idt_load();
	pic_start(0xffef);
	outb(0x3fa, 7);
	outb(0x3fc, 11);
	outb(0x3f9, 1);
	while (lines < 2) {                      /* looked at while nothing can come in between */
		__asm__ volatile("sti; hlt" : : : "memory");
		cli();
	}
	say("bytes", got);
	say("by interrupts:", interrupts > 0);
	return 0;
}
