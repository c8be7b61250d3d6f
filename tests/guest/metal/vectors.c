/* SPDX-License-Identifier: BSD-2-Clause
 *
 * TEST needs: cpu:popcnt cpu:cx16 cpu:xsave
 *
 * x87, SSE, popcnt, xsave and xrstor in ring 0, which some hosts do not carry out themselves: every way to name an operand, results,
 * flags, and the faults that belong to them (no FPU while CR0.TS is set, an operand that is nowhere).
 */
#include "guest.h"

static volatile unsigned nm, pf, ud, xm, gp;
static uint8_t states[8192] __attribute__((aligned(4096)));
static uint64_t pair[2] __attribute__((aligned(16)));
extern uint64_t pml4[], pdpt[];

void on_interrupt(struct frame *f)
{
	uint64_t cr2;
	if (f->vector == 7) {
		nm++;
		__asm__ volatile("clts");
	} else if (f->vector == 14) {
		pf++;
		__asm__("mov %%cr2, %0" : "=r"(cr2));
		puts("page fault at "), puthex(cr2), put('\n');
		f->ip += 4;                      /* movups (%rdi), %xmm1; nop */
	} else if (f->vector == 6) {
		ud++;
		f->ip += 5;
	} else if (f->vector == 13) {
		gp++;
		f->ip += 5;
	} else if (f->vector == 19) {
		xm++;
		f->ip += 4;
	} else {
		say("vector", (long)f->vector);
		leave(1);
	}
}
int main(void)
{
	uint64_t v[4] __attribute__((aligned(16))) = { 1, 2, 30, 40 }, out[2] __attribute__((aligned(16))) = { 0 }, r;
	int32_t n = 0, ten = 10;
	uint8_t zero;
	uint64_t hint = 7;

	__asm__ volatile(".byte 0xf3, 0x0f, 0x1e, 0xfa; .byte 0xf3, 0x48, 0x0f, 0x1e, 0xc8; prefetcht0 (%1); nopw 4(%1,%1,2)" : "+a"(hint) : "r"(v));
	say("endbr64, rdssp and their like do nothing:", hint == 7);

	idt_load();
	__asm__ volatile("mov %%cr4, %0; or $0x600, %0; mov %0, %%cr4; mov %%cr0, %0; and $~4, %0; or $2, %0; mov %0, %%cr0" : "=&r"(r));
	__asm__ volatile("fninit; fildl %1; fldpi; fmulp; frndint; fistpl %0; fwait" : "=m"(n) : "m"(ten));
	say("ten times pi:", n);
	__asm__ volatile("movdqu (%1), %%xmm5; movdqa 16(%1), %%xmm14; paddq %%xmm14, %%xmm5; movdqa %%xmm5, %0" : "=m"(out) : "r"(v), "m"(v));
	say("sums:", (long)out[0]), say("", (long)out[1]);
	__asm__ volatile("movq %1, %%xmm3; pshufd $0x44, %%xmm3, %%xmm3; movq %%xmm3, %0; movups %%xmm3, %2" : "=r"(r), "+r"(v[3]), "=m"(out));
	say("to a register and back:", (long)r), say("", (long)out[1]);
	__asm__ volatile("movups (%1, %2, 8), %%xmm0; movups %%xmm0, %0" : "=m"(out) : "r"(v), "r"(1l), "m"(v));
	say("by base and index:", (long)out[0]);
	__asm__ volatile("movdqa pair(%%rip), %%xmm1; pcmpeqb %%xmm1, %%xmm1; movdqa %%xmm1, pair(%%rip)" : "+m"(pair));
	say("by rip:", (long)(pair[0] & pair[1]));
	__asm__ volatile("popcnt %1, %0" : "=r"(r) : "r"(0xff00ff01ul));
	say("popcnt:", (long)r);
	__asm__ volatile("popcnt %2, %0; setz %1" : "=r"(r), "=q"(zero) : "r"(0ul) : "cc");
	say("popcnt of nothing, ZF:", zero);
	pair[0] = 7, pair[1] = 8;
	__asm__ volatile("lock cmpxchg16b %0; setz %1" : "+m"(pair), "=q"(zero) : "a"(7l), "d"(8l), "b"(70l), "c"(80l) : "cc");
	say("exchanged:", zero), say("", (long)pair[0]), say("", (long)pair[1]);
	__asm__ volatile("mov %%cr0, %0; or $8, %0; mov %0, %%cr0; pxor %%xmm2, %%xmm2" : "=&r"(r));
	say("with TS set:", nm);
	__asm__ volatile("movups (%0), %%xmm1; nop" : : "D"(0x7f0000000000ul));
	say("page faults:", pf);
	__asm__ volatile(".byte 0x0f, 0x3a, 0x3f, 0xc0, 0");
	say("invalid:", ud);
	uint64_t *at = (uint64_t *)(states + 4096 - 64), *header = at + 64;       /* over the end of a page */
	__asm__ volatile("xsave64 (%0); nop" : : "r"(at), "a"(3), "d"(0) : "memory");
	say("invalid without CR4.OSXSAVE:", ud == 2);
	__asm__ volatile("mov %%cr4, %0; or $0x40000, %0; mov %0, %%cr4" : "=&r"(r));
	__asm__ volatile("xsetbv" : : "a"(3), "d"(0), "c"(0));
	__asm__ volatile("movdqu (%1), %%xmm7; xsave64 (%0); pxor %%xmm7, %%xmm7; xrstor64 (%0); movdqu %%xmm7, %2"
			 : : "r"(at), "r"(v), "m"(out), "a"(-1), "d"(-1) : "memory");
	say("saved and taken back:", out[0] == v[0] && out[1] == v[1]);
	say("what is kept, less x87:", (long)header[0] & ~1);
	__asm__ volatile("pxor %%xmm7, %%xmm7; xrstor64 (%0); movdqu %%xmm7, %1" : : "r"(at), "m"(out), "a"(1), "d"(0) : "memory");
	say("x87 alone:", out[0] == 0);
	__asm__ volatile("xsave64 (%0); nop" : : "r"(states + 32), "a"(3), "d"(0) : "memory");
	say("off its place:", gp);
	header[0] = 4;
	__asm__ volatile("xrstor64 (%0); nop" : : "r"(at), "a"(3), "d"(0) : "memory");
	say("what XCR0 has not:", gp);
	n = 0x1f80 & ~0x80;
	__asm__ volatile("ldmxcsr %0; pxor %%xmm0, %%xmm0; divss %%xmm0, %%xmm0" : : "m"(n));
	say("arithmetic:", xm);
	return 0;
}
