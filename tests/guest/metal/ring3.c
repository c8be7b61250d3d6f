/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A kernel of its own: ring 3 by iretq, system calls from there by int 0x80 and by syscall (back by iretq and sysretq),
 * faults of ring 3 (cli, ud2, a page that is not there) with what the processor tells, its stack from the TSS.
 */
#include "guest.h"

extern uint64_t gdt[], pml4[], pdpt[], pd[];
extern char tss[], ring3[], ring3_end[], lstar[], enter_ring3[], back[];
static char kernel_stack[8192] __attribute__((aligned(16)));
static char call_stack[8192] __attribute__((aligned(16)));
static char user_stack[4096] __attribute__((aligned(4096)));
uint64_t call_sp = (uint64_t)(call_stack + sizeof call_stack), user_sp, kernel_sp;

/* rax is the number, as the code below passes it */
long on_syscall(long nr, long a)
{
	say(nr == 99 ? "syscall: last" : "syscall:", nr);
	return nr + a;
}
void on_interrupt(struct frame *f)
{
	uint64_t cr2;
	bool own_stack = (char *)f > kernel_stack && (char *)f < kernel_stack + sizeof kernel_stack;

	say(own_stack ? "vector" : "vector, on a wrong stack", (long)f->vector);
	say(" from ring", f->cs & 3);
	switch (f->vector) {
	case 0x80:
		f->rax = f->rax + f->rdi;
		break;
	case 6:
		f->ip += 2;
		break;
	case 13:
		say(" error", (long)f->error);
		f->ip += 1;
		break;
	case 14:
		__asm__("mov %%cr2, %0" : "=r"(cr2));
		say(" error", (long)f->error);
		puts(" address "), puthex(cr2), put('\n');
		f->ip += 3;
		break;
	default:
		leave(1);
	}
}
__asm__(
"	.text\n"
"	.globl ring3, ring3_end, lstar, enter_ring3, back\n"
"ring3:	mov $5, %eax\n"
"	mov $2, %edi\n"
"	int $0x80\n"
"	cmp $7, %eax\n"
"	jne bad\n"
"	ud2\n"
"	cli\n"
"	mov $0x7f0000000123, %rbx\n"
"	mov %al, 0(%rbx)\n"                      /* 2 bytes, and nop makes 3 */
"	nop\n"
"	mov $10, %eax\n"
"	mov $3, %edi\n"
"	syscall\n"
"	cmp $13, %eax\n"
"	jne bad\n"
"	mov $11, %eax\n"
"	syscall\n"
"	cmp $14, %eax\n"
"	jne bad\n"
"	mov $99, %eax\n"
"	syscall\n"
"bad:	mov $77, %eax\n"
"	syscall\n"
"ring3_end:\n"
"lstar:	mov %rsp, user_sp\n"
"	mov call_sp, %rsp\n"
"	push %rcx\n"
"	push %r11\n"
"	push %rax\n"
"	push %rdi\n"
"	mov %rdi, %rsi\n"
"	mov %rax, %rdi\n"
"	call on_syscall\n"
"	pop %rdi\n"
"	pop %rdx\n"
"	pop %r11\n"
"	pop %rcx\n"
"	cmp $90, %rdx\n"
"	jae back\n"
"	cmp $10, %rdx\n"
"	je 1f\n"
"	cmp $77, %rdx\n"
"	je back\n"
"	mov user_sp, %rsp\n"
"	sysretq\n"
"1:	mov user_sp, %rdx\n"
"	pushq $0x1b\n"
"	push %rdx\n"
"	push %r11\n"
"	pushq $0x23\n"
"	push %rcx\n"
"	iretq\n"
"back:	mov kernel_sp, %rsp\n"
"	mov %rdx, %rax\n"
"	pop %rbx\n"
"	pop %rbp\n"
"	pop %r12\n"
"	pop %r13\n"
"	pop %r14\n"
"	pop %r15\n"
"	ret\n"
"enter_ring3:\n"
"	push %r15\n"
"	push %r14\n"
"	push %r13\n"
"	push %r12\n"
"	push %rbp\n"
"	push %rbx\n"
"	mov %rsp, kernel_sp\n"
"	pushq $0x1b\n"
"	push %rdi\n"
"	pushq $0x3002\n"
"	andq $~0x3000, (%rsp)\n"
"	pushq $0x23\n"
"	pushq $ring3\n"
"	iretq\n");

int main(void)
{
	uint64_t at = (uint64_t)tss;

	idt_load();
	gdt[5] = 0x0000890000000067 | (at & 0xffffff) << 16 | (at >> 24 & 0xff) << 56;
	gdt[6] = at >> 32;
	*(uint64_t *)(tss + 4) = (uint64_t)(kernel_stack + sizeof kernel_stack);
	*(uint16_t *)(tss + 0x66) = 0x68;
	__asm__ volatile("ltr %w0" : : "r"(0x28));
	wrmsr(0xc0000081, 0x0010000800000000);
	wrmsr(0xc0000082, (uint64_t)lstar);
	wrmsr(0xc0000084, 0x200);
	wrmsr(0xc0000080, rdmsr(0xc0000080) | 1);
	say("system calls enabled:", rdmsr(0xc0000080) & 1);
	long last = ((long (*)(void *))enter_ring3)(user_stack + sizeof user_stack);
	say("left by", last);
	return last != 99;
}
