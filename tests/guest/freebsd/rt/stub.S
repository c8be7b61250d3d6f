/* SPDX-License-Identifier: BSD-2-Clause
 *
 * long sys_stub(nr, a, b, c, d, e, f): one call site for all calls, of the kind that a libc has for each. For programs
 * whose every call goes through it (THROUGH_STUB): nothing else here holds a syscall instruction.
 */
	.text
	.globl	sys_stub
	.p2align 4
sys_stub:
	mov	%rdi, %rax
	mov	%rsi, %rdi
	mov	%rdx, %rsi
	mov	%rcx, %rdx
	mov	%r8, %r10
	mov	%r9, %r8
	mov	8(%rsp), %r9
	syscall
	jb	1f
	ret
1:	neg	%rax
	ret
	.fill	16, 1, 0xcc
	.section .note.GNU-stack, "", @progbits
