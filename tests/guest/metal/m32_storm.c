/* SPDX-License-Identifier: BSD-2-Clause
 *
 * TEST timeout: 60
 *
 * Timer interrupts as fast as they come, and in between nothing but software interrupts and returns: each interrupt is
 * delivered once, and the program between them goes on.
 */
#include "guest.h"

static volatile unsigned ticks, soft;

void on_interrupt(struct frame *f)
{
	if (f->vector == 0x20)
		ticks++, pic_done();
	else
		soft++;
}
int main(void)
{
	unsigned n = 0;

	idt_load();
	pic_start(0xfffe);
	pit_start(500);
	sti();
	for (; ticks < 30 || n < 200; n++)
		__asm__ volatile("int $0x30");
	cli();
	say("as many software interrupts as were made:", soft == n);
	return 0;
}
