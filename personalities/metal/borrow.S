/* SPDX-License-Identifier: BSD-2-Clause
 *
 * borrow_run: one instruction of the program's on our own processor. All its registers but rsp are loaded from
 * `borrowed` (borrow.c), the vector state from its area, then the code at borrowed.code runs, which ends in ret; what it
 * leaves goes back. Our own vector registers hold nothing: this is runtime code.
 */
#include "kept.h"
	.text
	.globl borrow_run
	.type borrow_run, @function
#define R(n) borrowed + 8 * (n)(%rip)
borrow_run:
	push_kept
	mov R(17), %rcx                  /* the area */
	mov R(18), %rax                  /* which components */
	mov %rax, %rdx
	shr $32, %rdx
	xrstor64 (%rcx)
	pushq R(16)
	popfq
	mov R(0), %rax
	mov R(1), %rcx
	mov R(2), %rdx
	mov R(3), %rbx
	mov R(5), %rbp
	mov R(6), %rsi
	mov R(7), %rdi
	mov R(8), %r8
	mov R(9), %r9
	mov R(10), %r10
	mov R(11), %r11
	mov R(12), %r12
	mov R(13), %r13
	mov R(14), %r14
	mov R(15), %r15
	call *R(19)
	mov %rax, R(0)
	mov %rcx, R(1)
	mov %rdx, R(2)
	mov %rbx, R(3)
	mov %rbp, R(5)
	mov %rsi, R(6)
	mov %rdi, R(7)
	mov %r8, R(8)
	mov %r9, R(9)
	mov %r10, R(10)
	mov %r11, R(11)
	mov %r12, R(12)
	mov %r13, R(13)
	mov %r14, R(14)
	mov %r15, R(15)
	pushfq
	popq R(16)
	cld
	mov R(17), %rcx
	mov R(18), %rax
	mov %rax, %rdx
	shr $32, %rdx
	xsave64 (%rcx)
	pop_kept
	ret
	.section .note.GNU-stack, "", @progbits
