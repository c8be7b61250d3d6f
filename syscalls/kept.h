/* SPDX-License-Identifier: BSD-2-Clause
 *
 * For assembler: the registers that a function of C leaves as it found them, on the stack and back.
 */
	.macro	push_kept
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	.endm
	.macro	pop_kept
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	.endm
