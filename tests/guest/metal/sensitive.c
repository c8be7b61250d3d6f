/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Instructions that tell of the system and need no privilege: a bare machine's program sees what it has loaded itself.
 */
#include "guest.h"

struct table { uint16_t limit; uint64_t base; } __attribute__((packed));
extern char gdt[], tss[];

int main(void)
{
	struct table g, i;
	uint64_t v, cr0, *d = (uint64_t *)(gdt + 0x28);
	uintptr_t at = (uintptr_t)tss;
	uint16_t sel;

	idt_load();
	__asm__ volatile("sgdt %0; sidt %1" : "=m"(g), "=m"(i));
	say("its GDT:", g.base == (uintptr_t)gdt && g.limit == 0x3f);
	say("its IDT:", i.base == (uintptr_t)idt && i.limit == 4095);
	__asm__ volatile("smsw %0; mov %%cr0, %1" : "=r"(v), "=r"(cr0));
	say("its CR0:", (v & 0xffff) == (cr0 & 0xffff));
	__asm__ volatile("str %0" : "=r"(sel));
	say("no task:", sel);
	d[0] = 0x67 | (at & 0xffffff) << 16 | 0x89ul << 40 | (at >> 24 & 0xff) << 56;
	d[1] = at >> 32;
	__asm__ volatile("ltr %w1; str %0" : "=r"(sel) : "r"(0x28));
	say("its task:", sel);
	__asm__ volatile("lldt %w1; sldt %0" : "=r"(sel) : "r"(0));
	say("its LDT:", sel);
	__asm__ volatile("pushf; pop %0; push %0; orq $0x3000, (%%rsp); popf; pushf; pop %0" : "=&r"(v) : : "cc", "memory");
	puts("popf of IOPL 3, pushf: "), puthex(v & 0x3200), put('\n');
	return 0;
}
