/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Words of the guest's memory that other threads, or its other processes, change at the same time: loads, stores and
 * compare-and-swap as one access. 0, or -EFAULT where the word is not there (the host handler goes on at the fixup).
 * An access that leaves user memory altogether faults like any other, so there is nothing to check before it.
 */
	.macro fixup from, to
	.pushsection guise_fixups, "a"
	.quad	\from - ., \to - . + 8
	.popsection
	.endm

	.macro begin name
	.globl	\name
	.type	\name, @function
	.p2align 4
\name:
	.endm

	.text
/* long raw_load32(uaddr, uint32_t *) */
begin raw_load32
1:	mov	(%rdi), %eax
	mov	%eax, (%rsi)
	xor	%eax, %eax
	ret
	fixup	1b, mem_fault

/* long raw_load64(uaddr, uint64_t *) */
begin raw_load64
1:	mov	(%rdi), %rax
	mov	%rax, (%rsi)
	xor	%eax, %eax
	ret
	fixup	1b, mem_fault

/* long mem_put32(uaddr, uint32_t), mem_put64(uaddr, uint64_t): plain stores, for copy_out */
begin mem_put32
	xor	%eax, %eax
1:	mov	%esi, (%rdi)
	ret
	fixup	1b, mem_fault
begin mem_put64
	xor	%eax, %eax
1:	mov	%rsi, (%rdi)
	ret
	fixup	1b, mem_fault

/* long raw_store32(uaddr, uint32_t) */
begin raw_store32
	xor	%eax, %eax
1:	xchg	%esi, (%rdi)
	ret
	fixup	1b, mem_fault

/* long raw_store64(uaddr, uint64_t) */
begin raw_store64
	xor	%eax, %eax
1:	xchg	%rsi, (%rdi)
	ret
	fixup	1b, mem_fault

/* long raw_cas32(uaddr, uint32_t expected, uint32_t desired, uint32_t *seen): it was done where seen == expected */
begin raw_cas32
	mov	%esi, %eax
1:	lock cmpxchg %edx, (%rdi)
	mov	%eax, (%rcx)
	xor	%eax, %eax
	ret
	fixup	1b, mem_fault

/* long raw_cas64(uaddr, uint64_t expected, uint64_t desired, uint64_t *seen) */
begin raw_cas64
	mov	%rsi, %rax
1:	lock cmpxchg %rdx, (%rdi)
	mov	%rax, (%rcx)
	xor	%eax, %eax
	ret
	fixup	1b, mem_fault

	.p2align 4
mem_fault:
	mov	$-14, %rax
	ret

	.section .note.GNU-stack, "", @progbits
