/* SPDX-License-Identifier: BSD-2-Clause
 *
 * How a freestanding test program begins, and the calls that need more than C can say. FreeBSD enters with rdi pointing
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

/* void sys_full(long nr, const long arg[8], struct full *out): every argument in its place, six in registers and the
 * rest on the stack as a C call would have left them; then rax, rdx and the carry flag as they came back. */
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
