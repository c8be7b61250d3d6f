/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A multiboot start for the test programs: header, own GDT, and for 64-bit programs (-m64) long mode with the first
 * GiB mapped to itself, all of it open to ring 3. Then main(magic, info); what it returns is the exit status. Interrupt
 * entries: each pushes its vector and goes on to on_interrupt(frame).
 */
	.section .boot, "ax"
	.align 4
	.long 0x1badb002, 3, -(0x1badb002 + 3)
	.code32
	.globl _start
_start:
	mov $stack_end, %esp
	lgdt gdt_at
	ljmp $GDT_CODE32, $1f
1:	mov $0x10, %cx
	mov %cx, %ds
	mov %cx, %es
	mov %cx, %fs
	mov %cx, %gs
	mov %cx, %ss
	mov %eax, %esi
#ifndef __x86_64__
	push %ebx
	push %esi
	call main
	mov %eax, %ebx
	mov $7, %eax
	out %al, $0xe8
	.set GDT_CODE32, 0x08
#else
	.set GDT_CODE32, 0x38
	movl $pdpt + 7, pml4
	movl $pd + 7, pdpt
	xor %ecx, %ecx
2:	mov %ecx, %eax
	shl $21, %eax
	or $0x87, %eax
	mov %eax, pd(, %ecx, 8)
	inc %ecx
	cmp $512, %ecx
	jb 2b
	mov $pml4, %eax
	mov %eax, %cr3
	mov %cr4, %eax
	or $0x20, %eax
	mov %eax, %cr4
	mov $0xc0000080, %ecx
	rdmsr
	or $0x101, %eax
	wrmsr
	mov %cr0, %eax
	or $0x80000001, %eax
	mov %eax, %cr0
	ljmp $0x08, $3f
	.code64
3:	xor %eax, %eax
	mov %ax, %ss
	mov %esi, %edi
	mov %ebx, %esi
	call main
	mov %eax, %ebx
	mov $7, %eax
	out %al, $0xe8
#endif

/* --- interrupts */
	.text
	.weak on_interrupt
	.globl entries
	.align 16
entries:
	.set v, 0
	.rept 256
	.align 16
	.if v != 8 && v != 10 && v != 11 && v != 12 && v != 13 && v != 14 && v != 17
	push $0
	.endif
	push $v
	jmp entered
	.set v, v + 1
	.endr
entered:
#ifdef __x86_64__
	push %rbp
	push %rax
	push %rbx
	push %rcx
	push %rdx
	push %rsi
	push %rdi
	push %r8
	push %r9
	push %r10
	push %r11
	cld
	mov %rsp, %rdi
	mov %rsp, %rbp
	and $-16, %rsp
	call on_interrupt
	mov %rbp, %rsp
	pop %r11
	pop %r10
	pop %r9
	pop %r8
	pop %rdi
	pop %rsi
	pop %rdx
	pop %rcx
	pop %rbx
	pop %rax
	pop %rbp
	add $16, %rsp
	iretq
#else
	pusha
	cld
	mov %esp, %eax
	push %eax
	call on_interrupt
	add $4, %esp
	popa
	add $8, %esp
	iret
#endif

	.data
	.align 16
	.globl gdt, tss
/* 08 code, 10 data of ring 0; 1b data, 23 code of ring 3 (where sysret wants them); 28 a TSS; 38 code of 32 bits */
gdt:	.quad 0
#ifdef __x86_64__
	.quad 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00cff3000000ffff, 0x00affb000000ffff
#else
	.quad 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00cff3000000ffff, 0x00cffb000000ffff
#endif
	.quad 0, 0
	.quad 0x00cf9b000000ffff
gdt_at:	.word . - gdt - 1
	.long gdt, 0
	.section .bss, "aw", @nobits
	.align 4096
	.globl pml4, pdpt, pd, idt
pml4:	.skip 4096
pdpt:	.skip 4096
pd:	.skip 4096
idt:	.skip 4096
tss:	.skip 128
	.skip 16384
stack_end:
	.section .note.GNU-stack, "", @progbits
