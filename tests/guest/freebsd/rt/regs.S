/* SPDX-License-Identifier: BSD-2-Clause
 *
 * regs_call of regs.h: loads everything, makes the call, stores everything. struct state: rbx 0 rbp 8 r12 16 r13 24 r14 32
 * r15 40 rdi 48 rsi 56 rdx 64 rsp 72 flags 80 rax 88 mxcsr 96 fcw 100 red 104 ymm 232.
 */
#include "syscalls/kept.h"
	.text
	.globl regs_call
regs_call:
	push_kept
	fnstcw	saved_fcw(%rip)
	stmxcsr	saved_mxcsr(%rip)
	mov	%rcx, saved_after(%rip)
	mov	%r8, saved_avx(%rip)
	mov	%rdi, %rax
	mov	%rsi, %r11
	mov	%rdx, %rbx
	mov	%rsp, 72(%rcx)
	mov	%rsp, 72(%rbx)
	/* the red zone */
	lea	104(%rbx), %rsi
	lea	-128(%rsp), %rdi
	mov	$128, %ecx
	rep movsb
	test	%r8, %r8
	jnz	1f
	.irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	movups	232+32*\n(%rbx), %xmm\n
	.endr
	jmp	2f
1:
	.irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	vmovups	232+32*\n(%rbx), %ymm\n
	.endr
2:
	ldmxcsr	96(%rbx)
	fldcw	100(%rbx)
	/* flags without touching the red zone: from another stack */
	mov	%rsp, %rbp
	lea	small+64(%rip), %rsp
	push	80(%rbx)
	popfq
	mov	%rbp, %rsp
	mov	8(%rbx), %rbp
	mov	16(%rbx), %r12
	mov	24(%rbx), %r13
	mov	32(%rbx), %r14
	mov	40(%rbx), %r15
	mov	0(%r11), %rdi
	mov	8(%r11), %rsi
	mov	16(%r11), %rdx
	mov	24(%r11), %r10
	mov	32(%r11), %r8
	mov	40(%r11), %r9
	mov	0(%rbx), %rbx
	syscall
	mov	saved_after(%rip), %rcx
	mov	%rbx, 0(%rcx)
	mov	%rbp, 8(%rcx)
	mov	%r12, 16(%rcx)
	mov	%r13, 24(%rcx)
	mov	%r14, 32(%rcx)
	mov	%r15, 40(%rcx)
	mov	%rdi, 48(%rcx)
	mov	%rsi, 56(%rcx)
	mov	%rdx, 64(%rcx)
	mov	%rax, 88(%rcx)
	mov	72(%rcx), %rbx
	mov	%rsp, 72(%rcx)
	lea	small+64(%rip), %rsp
	pushfq
	pop	80(%rcx)
	mov	%rbx, %rsp
	cld
	stmxcsr	96(%rcx)
	fnstcw	100(%rcx)
	cmpq	$0, saved_avx(%rip)
	jnz	1f
	.irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	movups	%xmm\n, 232+32*\n(%rcx)
	.endr
	jmp	2f
1:
	.irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	vmovups	%ymm\n, 232+32*\n(%rcx)
	.endr
2:
	lea	104(%rcx), %rdi
	lea	-128(%rsp), %rsi
	mov	$128, %ecx
	rep movsb
	ldmxcsr	saved_mxcsr(%rip)
	fldcw	saved_fcw(%rip)
	pop_kept
	ret

	/* AVX in the CPU and in XCR0 */
	.globl have_avx
have_avx:
	push	%rbx
	mov	$1, %eax
	xor	%ecx, %ecx
	cpuid
	and	$0x18000000, %ecx
	xor	%eax, %eax
	cmp	$0x18000000, %ecx
	jne	1f
	xor	%ecx, %ecx
	xgetbv
	and	$6, %eax
	cmp	$6, %eax
	sete	%al
	movzx	%al, %eax
1:	pop	%rbx
	ret

	.bss
	.balign	16
small:	.skip	64
saved_after: .quad 0
saved_avx: .quad 0
saved_mxcsr: .long 0
saved_fcw: .word 0
	.section .note.GNU-stack, "", @progbits
