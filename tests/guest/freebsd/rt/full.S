/* SPDX-License-Identifier: BSD-2-Clause
 *
 * void sys_full(long nr, const long arg[8], struct full *out): every argument in its place, six in registers and the
 * rest on the stack as a C call would have left them; then rax, rdx and the carry flag as they came back.
 */
	.text
	.globl sys_full
sys_full:
	push	%rbx
	push	%rbp
	mov	%rsp, %rbp
	mov	%rdx, %rbx
	mov	%rdi, %rax
	mov	%rsi, %r11
	push	56(%r11)
	push	48(%r11)
	push	$0			/* where a return address would be */
	mov	0(%r11), %rdi
	mov	8(%r11), %rsi
	mov	16(%r11), %rdx
	mov	24(%r11), %r10
	mov	32(%r11), %r8
	mov	40(%r11), %r9
	syscall
	setc	16(%rbx)
	mov	%rax, 0(%rbx)
	mov	%rdx, 8(%rbx)
	mov	%rbp, %rsp
	pop	%rbp
	pop	%rbx
	ret
	.section .note.GNU-stack, "", @progbits
