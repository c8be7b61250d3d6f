/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The timer's interrupts come only while they are enabled, and one that became due meanwhile comes right after; an own
 * IDT, the PIC at other vectors, hlt between ticks.
 */
#include "clock.h"

static void spend(long ns)
{
	long until = hyper(H_CLOCK, 0, 0, 0) + ns;
	while (hyper(H_CLOCK, 0, 0, 0) < until)
		;
}
int main(void)
{
	idt_load();
	pic_start(0xfffe);
	pit_start(100);
	spend(50000000);
	say("while disabled:", ticks);
	sti();
	for (int i = 0; i < 1000; i++)           /* a host that emulates ring 0 looks for it every hundred instructions */
		__asm__ volatile("pause");
	say("the one that was due:", ticks > 0);
	while (ticks < 5)
		hlt();
	cli();
	unsigned at = ticks;
	spend(30000000);
	say("while disabled again:", (long)(ticks - at));
	sti();
	while (ticks < at + 3)
		__asm__ volatile("pause");       /* no exit of its own: the machine is interrupted */
	cli();
	outb(0x21, 0xff);
	sti();
	spend(30000000);
	at = ticks;
	spend(30000000);
	say("while masked:", (long)(ticks - at));
	say("others:", others);
	return 0;
}
