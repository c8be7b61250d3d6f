/* SPDX-License-Identifier: BSD-2-Clause
 *
 * void enter(struct state *): load every register, the flags, xmm0..15 and the red zone from it, call state->code, and
 * store all of them back. One thread at a time.
 *   0 rax 8 rbx 16 rcx 24 rdx 32 rsi 40 rdi 48 rbp 56 r8 .. 112 r15 120 flags 128 code 136 zone[128] 264 xmm[16]
 */
#include "syscalls/kept.h"
	.bss
state:	.quad	0
sp:	.quad	0
	.text
	.globl enter
enter:
	push_kept
	mov	%rdi, state(%rip)
	mov	%rsp, sp(%rip)
	lea	136(%rdi), %rsi
	lea	-136(%rsp), %rdi
	mov	$128, %ecx
	rep movsb
	mov	state(%rip), %rax
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movups	264+16*\n(%rax), %xmm\n
	.endr
	mov	8(%rax), %rbx
	mov	16(%rax), %rcx
	mov	24(%rax), %rdx
	mov	32(%rax), %rsi
	mov	40(%rax), %rdi
	mov	48(%rax), %rbp
	mov	56(%rax), %r8
	mov	64(%rax), %r9
	mov	72(%rax), %r10
	mov	80(%rax), %r11
	mov	88(%rax), %r12
	mov	96(%rax), %r13
	mov	104(%rax), %r14
	mov	112(%rax), %r15
	lea	120(%rax), %rsp
	popfq
	mov	sp(%rip), %rsp
	mov	0(%rax), %rax
	push	%rax
	mov	state(%rip), %rax
	mov	128(%rax), %rax
	xchg	%rax, (%rsp)
	mov	sp(%rip), %rsp
	call	*-8(%rsp)
	mov	%rax, save(%rip)
	mov	state(%rip), %rax
	mov	%rbx, 8(%rax)
	mov	%rcx, 16(%rax)
	mov	%rdx, 24(%rax)
	mov	%rsi, 32(%rax)
	mov	%rdi, 40(%rax)
	mov	%rbp, 48(%rax)
	mov	%r8, 56(%rax)
	mov	%r9, 64(%rax)
	mov	%r10, 72(%rax)
	mov	%r11, 80(%rax)
	mov	%r12, 88(%rax)
	mov	%r13, 96(%rax)
	mov	%r14, 104(%rax)
	mov	%r15, 112(%rax)
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movups	%xmm\n, 264+16*\n(%rax)
	.endr
	lea	128(%rax), %rsp
	pushfq
	mov	sp(%rip), %rsp
	lea	136(%rax), %rdi
	lea	-136(%rsp), %rsi
	mov	$128, %ecx
	cld
	rep movsb
	mov	save(%rip), %rdx
	mov	%rdx, 0(%rax)
	pop_kept
	ret
	.bss
save:	.quad	0
