/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Ports in every width, string instructions too, and where nothing is; MSRs read and written; what the processor is
 * called. It ends by isa-debug-exit.
 */
#include "guest.h"

void on_interrupt(struct frame *f)
{
	say("vector", (long)f->vector);
	f->ip += 2;
}
int main(void)
{
	uint32_t a = 0x40000000, b, c, d;
	const char text[] = "by outsb\n", *at = text;
	long n = sizeof text - 1;
	uint8_t seconds[4];
	void *to = seconds;

	idt_load();
	outl(0xcf8, 0x80000000);
	puts("host bridge: there is "), puts(inl(0xcfc) != 0xffffffff ? "one\n" : "none\n");
	outl(0xcf8, 0x80000008);
	puts("its class, by half: "), puthex(inw(0xcfe)), put('\n');
	outw(0x3d4, 0x0e);
	puts("nothing: "), puthex(inb(0x1234)), put(' '), puthex(inw(0x1234)), put(' '), puthex(inl(0x1234)), put('\n');
	__asm__ volatile("rep outsb" : "+S"(at), "+c"(n) : "d"(0x3f8) : "memory");
	outb(0x70, 0);
	n = 4;
	__asm__ volatile("rep insb" : "+D"(to), "+c"(n) : "d"(0x71) : "memory");
	say("insb of seconds, the last two alike:", seconds[2] == seconds[3]);
	wrmsr(0xc0000082, 0xffffffff80123456);
	puts("LSTAR "), puthex(rdmsr(0xc0000082)), put('\n');
	puts("EFER "), puthex(rdmsr(0xc0000080)), put('\n');
	puts("an MSR that is none:\n");
	rdmsr(0x12345678);
	wrmsr(0x12345678, 1);
	__asm__("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
	puts("hypervisor "), puts(b == 0x73697567 && c == 0x74656d65 && d == 0x6c61 ? "guisemetal\n" : "?\n");
	a = 0x40000001;
	__asm__("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
	puts("hypercalls at port "), puthex(b), put('\n');
	outb(0xf4, 20);
	return 1;
}
