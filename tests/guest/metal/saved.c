/* SPDX-License-Identifier: BSD-2-Clause
 *
 * TEST fixture: real/snapshot_metal
 *
 * What a snapshot of a machine has to keep: memory, registers (vectors, too), an interrupt controller and a timer that run,
 * the clock's RAM, the serial line's registers, the screen, what was written to the disk, and where its time stands. 30
 * rounds of as many ticks of 10 ms as its last argument says; what it prints is the same in every run.
 */
#include "clock.h"

struct info { uint32_t flags, lower, upper, device, command; };
static uint64_t big[1 << 17];                /* 1 MiB */
static char sector[2048];

static unsigned number(const char *s)
{
	unsigned n = 0;
	const char *last = s;
	for (; *s; s++)
		last = *s == ' ' ? s + 1 : last;
	while (*last >= '0' && *last <= '9')
		n = 10 * n + (unsigned)(*last++ - '0');
	return n;
}
static unsigned cmos(unsigned at) { outb(0x70, at); return inb(0x71); }
static uint64_t tsc(void)
{
	uint32_t a, d;
	__asm__ volatile("rdtsc" : "=a"(a), "=d"(d));
	return (uint64_t)d << 32 | a;
}
static uint64_t xmm(void)
{
	uint64_t v;
	__asm__ volatile("movq %%xmm5, %0" : "=r"(v));
	return v;
}
static void draw(unsigned round)
{
	volatile uint16_t *screen = (uint16_t *)0xb8000;
	static const char text[] = "saved in round ";
	unsigned i = 0;
	for (; text[i]; i++)
		screen[i] = (uint16_t)(0x700 | text[i]);
	screen[i++] = (uint16_t)(0x730 + round / 10);
	screen[i] = (uint16_t)(0x730 + round % 10);
}
/* Something of all of the memory, and a little of it changed. */
static uint64_t stir(unsigned round)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < 64; i++)
		big[(i * 2053 + round * 131) % (sizeof big / sizeof *big)] = i * 0x9e3779b97f4a7c15ull + round;
	for (unsigned back = 0; back < round; back += 3)
		for (unsigned i = 0; i < 64; i++)
			sum = sum * 31 + big[(i * 2053 + (round - back) * 131) % (sizeof big / sizeof *big)];
	return sum;
}
static void disk(unsigned round)
{
	if (hyper(H_BLOCK_SIZE, 0, 0, 0) != 4)
		return;
	for (unsigned i = 0; i < 512; i++)
		sector[i] = (char)('a' + round % 26);
	hyper(H_BLOCK_WRITE, (long)sector, 512, round % 3);
	hyper(H_BLOCK_READ, (long)sector, 2048, 0);
	puts(" disk ");
	for (unsigned i = 0; i < 2048; i += 512)
		put(sector[i + 7]);
}
int main(unsigned magic, const struct info *info)
{
	unsigned each = number((const char *)(uintptr_t)info->command);
	uint64_t r, clock = 0, wall = 0, counter = 0;

	idt_load();
	__asm__ volatile("mov %%cr4, %0; or $0x600, %0; mov %0, %%cr4; mov %%cr0, %0; and $~4, %0; or $2, %0; mov %0, %%cr0" : "=&r"(r));
	__asm__ volatile("movq %0, %%xmm5" : : "r"(0x1234567800000000ul));
	outb(0x70, 0x40), outb(0x71, 0x5a);
	outb(0x3ff, 0xa7);
	pic_start(0xfffe);
	pit_start(100);
	sti();
	for (unsigned round = 1; round <= 30; round++) {
		unsigned from = ticks;
		uint64_t now, mono = (uint64_t)hyper(H_CLOCK, 0, 0, 0);
		do
			hlt();
		while (ticks - from < each);
		now = (uint64_t)hyper(H_CLOCK, 0, 0, 0);
		__asm__ volatile("movq %0, %%xmm6; paddq %%xmm6, %%xmm5" : : "r"(1ul));
		say("round", round);
		puts(" memory "), puthex(stir(round));
		puts(" xmm "), puthex(xmm());
		disk(round);
		put('\n');
		if (mono < clock || now < mono || now - mono > 5000000000ul)
			say(" the clock went elsewhere:", (long)(now - mono));
		if ((uint64_t)hyper(H_CLOCK, 1, 0, 0) < wall || tsc() < counter)
			say(" time went back in round", round);
		if (cmos(0x40) != 0x5a || inb(0x3ff) != 0xa7 || inb(0x21) != 0xfe || others)
			say(" a device is another in round", round);
		clock = now;
		wall = (uint64_t)hyper(H_CLOCK, 1, 0, 0);
		counter = tsc();
		draw(round);
	}
	return 42;
}
