/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The same in 32 bits, without paging: interrupts, exceptions and iret of protected mode, software interrupts.
 */
#include "guest.h"

static volatile unsigned ticks, soft, breaks, invalid;

void on_interrupt(struct frame *f)
{
	switch (f->vector) {
	case 0x20: ticks++; pic_done(); break;
	case 0x30: soft++; f->eax += f->ebx; break;
	case 3: breaks++; break;
	case 6: invalid++; f->ip += 2; break;
	}
}
int main(void)
{
	unsigned sum = 40;

	idt_load();
	pic_start(0xfffe);
	pit_start(200);
	__asm__ volatile("int $0x30" : "+a"(sum) : "b"(2));
	say("int 0x30 answers", sum);
	__asm__ volatile("int3; ud2; int3");
	say("int3:", breaks);
	say("ud2:", invalid);
	sti();
	while (ticks < 5)
		hlt();
	cli();
	say("software interrupts:", soft);
	return 4;
}
