/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the bare-metal test programs share: ports, the serial line, hypercalls, descriptor tables, and a start (start.S)
 * that brings a program that was booted by multiboot into long mode and calls main(magic, info). Everything is
 * static inline: each program is one file and start.S.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PORT_HYPERCALL 0xe8
enum { H_CONSOLE_WRITE, H_CONSOLE_READ, H_CLOCK, H_BLOCK_SIZE, H_BLOCK_READ, H_BLOCK_WRITE, H_BLOCK_FLUSH, H_EXIT, H_YIELD };

static inline void outb(unsigned port, unsigned v) { __asm__ volatile("outb %b0, %w1" : : "a"(v), "Nd"(port)); }
static inline void outw(unsigned port, unsigned v) { __asm__ volatile("outw %w0, %w1" : : "a"(v), "Nd"(port)); }
static inline void outl(unsigned port, unsigned v) { __asm__ volatile("outl %0, %w1" : : "a"(v), "Nd"(port)); }
static inline unsigned inb(unsigned port) { uint8_t v; __asm__ volatile("inb %w1, %0" : "=a"(v) : "Nd"(port)); return v; }
static inline unsigned inw(unsigned port) { uint16_t v; __asm__ volatile("inw %w1, %0" : "=a"(v) : "Nd"(port)); return v; }
static inline unsigned inl(unsigned port) { uint32_t v; __asm__ volatile("inl %w1, %0" : "=a"(v) : "Nd"(port)); return v; }

static inline long hyper(long nr, long a, long b, long c)
{
	__asm__ volatile("outb %%al, $0xe8" : "+a"(nr) : "b"(a), "c"(b), "d"(c) : "memory");
	return nr;
}
static inline _Noreturn void leave(int status) { for (;;) hyper(H_EXIT, status, 0, 0); }

static inline void put(char c) { outb(0x3f8, (unsigned char)c); }
static inline void puts(const char *s) { while (*s) put(*s++); }
static inline void puthex(unsigned long v)
{
	char t[17];
	int i = 16;
	t[i] = 0;
	do
		t[--i] = "0123456789abcdef"[v & 15];
	while (v >>= 4);
	puts("0x");
	puts(t + i);
}
static inline void putnum(long v)
{
	char t[21];
	int i = 20;
	t[i] = 0;
	if (v < 0)
		put('-'), v = -v;
	do
		t[--i] = (char)('0' + (unsigned long)v % 10);
	while ((v = (long)((unsigned long)v / 10)));
	puts(t + i);
}
static inline void say(const char *what, long v) { puts(what), puts(" "), putnum(v), put('\n'); }
static inline bool same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}
static inline void cli(void) { __asm__ volatile("cli" : : : "memory"); }
static inline void sti(void) { __asm__ volatile("sti" : : : "memory"); }
static inline void hlt(void) { __asm__ volatile("hlt" : : : "memory"); }
static inline void wrmsr(uint32_t msr, uint64_t v) { __asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32))); }
static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t a, d;
	__asm__ volatile("rdmsr" : "=a"(a), "=d"(d) : "c"(msr));
	return (uint64_t)d << 32 | a;
}

/* --- interrupts --------------------------------------------------------------------------------------------------- */
/* What an entry of entries.S leaves on the stack. A handler may change it. */
#ifdef __x86_64__
struct frame { uint64_t r11, r10, r9, r8, rdi, rsi, rdx, rcx, rbx, rax, rbp, vector, error, ip, cs, flags, sp, ss; };
struct idt_gate { uint16_t lo, sel; uint8_t ist, type; uint16_t mid; uint32_t hi, zero; };
#else
struct frame { uint32_t edi, esi, ebp, esp_, ebx, edx, ecx, eax, vector, error, ip, cs, flags, sp, ss; };
struct idt_gate { uint16_t lo, sel; uint8_t ist, type; uint16_t mid; };
#endif
extern char entries[];                       /* 256 of 16 bytes each; they call on_interrupt */
void on_interrupt(struct frame *);
extern struct idt_gate idt[256];

static inline void idt_set(unsigned vector, unsigned dpl)
{
	uintptr_t at = (uintptr_t)entries + 16 * vector;
	idt[vector] = (struct idt_gate){ .lo = (uint16_t)at, .sel = 0x08, .type = (uint8_t)(0x8e | dpl << 5), .mid = (uint16_t)(at >> 16),
#ifdef __x86_64__
					 .hi = (uint32_t)(at >> 32),
#endif
	};
}
static inline void idt_load(void)
{
	struct { uint16_t limit; uintptr_t base; } __attribute__((packed)) d = { 256 * sizeof *idt - 1, (uintptr_t)idt };
	for (unsigned v = 0; v < 256; v++)
		idt_set(v, v == 0x80 ? 3 : 0);
	__asm__ volatile("lidt %0" : : "m"(d));
}
/* Interrupts 0..15 at vectors 0x20..0x2f; those of mask are off. */
static inline void pic_start(unsigned mask)
{
	outb(0x20, 0x11), outb(0xa0, 0x11);
	outb(0x21, 0x20), outb(0xa1, 0x28);
	outb(0x21, 4), outb(0xa1, 2);
	outb(0x21, 1), outb(0xa1, 1);
	outb(0x21, mask & 0xff), outb(0xa1, mask >> 8);
}
static inline void pic_done(void) { outb(0x20, 0x20); }
static inline void pit_start(unsigned hz)
{
	unsigned n = 1193182 / hz;
	outb(0x43, 0x34), outb(0x40, n & 0xff), outb(0x40, n >> 8);
}
