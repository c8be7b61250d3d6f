/* SPDX-License-Identifier: BSD-2-Clause
 *
 * How a freestanding test program begins. FreeBSD enters with rdi pointing
 * at the argc block; every register is kept as it was found, so that a test can look at them.
 */
	.text
	.globl _start
_start:
	mov	%rax, entry_regs+0(%rip)
	mov	%rbx, entry_regs+8(%rip)
	mov	%rcx, entry_regs+16(%rip)
	mov	%rdx, entry_regs+24(%rip)
	mov	%rsi, entry_regs+32(%rip)
	mov	%rdi, entry_regs+40(%rip)
	mov	%rbp, entry_regs+48(%rip)
	mov	%rsp, entry_regs+56(%rip)
	pushfq
	popq	entry_regs+64(%rip)
	xor	%ebp, %ebp
	and	$-16, %rsp
	call	start_c
	hlt

	.bss
	.balign	16
	.globl	entry_regs
entry_regs:
	.skip	72

/* The brand: this program is for FreeBSD 13.2. */
	.section .note.tag, "a", @note
	.balign	4
	.long	8, 4, 1
	.asciz	"FreeBSD"
	.long	1302001
	.section .note.GNU-stack, "", @progbits
