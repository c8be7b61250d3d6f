/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a PC's firmware leaves in memory below 1 MiB and kernels look for (Xen places its start by it), and addresses where
 * neither memory nor a device is: a local APIC's, an I/O APIC's.
 */
#include "guest.h"

static unsigned word(uint32_t at) { return *(volatile uint16_t *)at; }
static unsigned byte(uint32_t at) { return *(volatile uint8_t *)at; }

int main(void)
{
	volatile uint32_t *apic = (volatile uint32_t *)0xfee00030;
	uint32_t a, b, c, d;

	puts("serial line at "), puthex(word(0x400)), put('\n');
	say("KiB of memory below:", word(0x413));
	puts("extended area at "), puthex(word(0x40e) << 4), say(", of KiB", byte(word(0x40e) << 4));
	puts("equipment "), puthex(word(0x410)), put('\n');
	puts("screen: mode "), puthex(byte(0x449)), say(", columns", word(0x44a)), say("rows less one", byte(0x484));
	puts("its controller at "), puthex(word(0x463)), put('\n');
	__asm__("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(1), "c"(0));
	say("a local APIC:", d >> 9 & 1);
	*apic = 5;
	puts("where one would be: "), puthex(*apic), put(' '), puthex(*(volatile uint16_t *)0xfec00000), put(' ');
	puthex(*(volatile uint8_t *)0xfed00003), put('\n');
	return 3;
}
