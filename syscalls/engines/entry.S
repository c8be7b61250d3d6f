/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The way in and out, one path for every native engine. gs points at struct thread; the offsets below are its first
 * fields (checked by assertions in thread.c). Vector registers, the guest's stack and its red zone are never touched.
 *
 * entry_syscall   as the `syscall` instruction leaves things: rcx = where to return, r11 = flags, rax = number
 * entry_trapped   the same, at a site that the engine `rewrite` may want to change first
 * entry_jump      from a rewritten site: rcx = where to return, flags as they are at the site
 * entry_direct    the same, for calls that direct.c knows: entry_direct..direct_end. No register of the guest's but rax, rcx
 *                 and r11 is used, no stack, and until the answer no flag (so loads, lea and jrcxz): a signal in here before
 *                 direct_after finds the guest at its site, one behind it begins again at direct_after (arrive.c)
 * entry_attend    registers are in t->regs already; see what is due, then leave
 * exit_begin..exit_end   reads t->regs only: a signal in here makes us begin again at exit_begin (arrive.c). A guest that
 *                 steps through itself (the trap flag) is left by iretq: the first step is then the guest's instruction,
 *                 as after the kernel's own return, and none of ours
 * leave_*         where the way out of an engine differs (thread.leave): after exit_begin has seen that nothing is due
 * host_wait       wait_begin..wait_after: a signal at or before the syscall instruction turns into SYS_RESTART. There
 *                 rcx is 0 before the call was first made, wait_after once it has slept and the kernel restarts it,
 *                 wait_after + 1 where arrive.c does that with a call that the kernel never restarts
 */
#include "engines/witness.h"
#include "kept.h"

#define T_SELF   0
#define T_STACK  8
#define T_ATTN   16
#define T_INSIDE 20
#define T_RAX    24
#define T_RBX    32
#define T_RCX    40
#define T_RDX    48
#define T_RSI    56
#define T_RDI    64
#define T_RBP    72
#define T_RSP    80
#define T_R8     88
#define T_R9     96
#define T_R10    104
#define T_R11    112
#define T_R12    120
#define T_R13    128
#define T_R14    136
#define T_R15    144
#define T_RIP    152
#define T_RFLAGS 160
#define T_POKED  168
#define T_WAITNR 172
#define T_ENTRY  176
#define T_LEAVE  184
#define T_LOOK   192
#define T_P      200
#define T_NR     208
#define T_RET    216
#define T_GUARD  224
#define P_FDBASE 72
#define P_BARRED 77              /* four bytes: whatever keeps every call from being direct */
/* an entry of direct.c's table */
#define E_KEY    0
#define E_NR     4
#define E_UNLESS 8
#define E_LIMIT  12

/* The flags of ordinary code: arithmetic, and what is always set. popfq takes as long as half of the rest of a call. */
#define PLAIN_FLAGS 0xad7
#define TRAP_FLAG 0x100

/* The guest's registers into the thread block; %rsp and what syscall leaves in rcx and r11 are there already. */
	.macro registers_away
	mov	%rax, %gs:T_RAX
	mov	%rbx, %gs:T_RBX
	mov	%rcx, %gs:T_RCX
	mov	%rdx, %gs:T_RDX
	mov	%rsi, %gs:T_RSI
	mov	%rdi, %gs:T_RDI
	mov	%rbp, %gs:T_RBP
	mov	%r8, %gs:T_R8
	mov	%r9, %gs:T_R9
	mov	%r10, %gs:T_R10
	mov	%r11, %gs:T_R11
	mov	%r12, %gs:T_R12
	mov	%r13, %gs:T_R13
	mov	%r14, %gs:T_R14
	mov	%r15, %gs:T_R15
	mov	%rcx, %gs:T_RIP
	mov	%r11, %gs:T_RFLAGS
	movl	$1, %gs:T_INSIDE
	cld
	xor	%ebp, %ebp
	mov	%gs:T_SELF, %rdi
	.endm

	.macro registers_back
	mov	%gs:T_RAX, %rax
	mov	%gs:T_RBX, %rbx
	mov	%gs:T_RCX, %rcx
	mov	%gs:T_RDX, %rdx
	mov	%gs:T_RSI, %rsi
	mov	%gs:T_RDI, %rdi
	mov	%gs:T_RBP, %rbp
	mov	%gs:T_R8, %r8
	mov	%gs:T_R9, %r9
	mov	%gs:T_R10, %r10
	mov	%gs:T_R11, %r11
	mov	%gs:T_R12, %r12
	mov	%gs:T_R13, %r13
	mov	%gs:T_R14, %r14
	mov	%gs:T_R15, %r15
	.endm

/* What a fork looks at (FORKED) begins on a page of its own; this file is linked first. */
	.section guise_forked, "aw"
	.balign	4096

	.text
	.globl entry_syscall, entry_trapped, entry_jump, entry_attend, exit_begin, exit_end, leave_supervised
	.type entry_trapped, @function
	.p2align 4
entry_trapped:
	mov	%rsp, %gs:T_RSP
	mov	%gs:T_STACK, %rsp
	registers_away
	call	rewrite_trapped
	jmp	exit_begin

	.type entry_jump, @function
	.p2align 4
entry_jump:
	mov	%rsp, %gs:T_RSP
	mov	%gs:T_STACK, %rsp
	pushfq
	pop	%r11
	jmp	1f

	.type entry_syscall, @function
	.p2align 4
entry_syscall:
	mov	%rsp, %gs:T_RSP
	mov	%gs:T_STACK, %rsp
1:	registers_away
	push	%rbp             /* no return address: syscall_run goes on at exit_begin */
	jmp	syscall_run

	.globl entry_direct, direct_kept, direct_call, direct_after, direct_end
	.type entry_direct, @function
	.p2align 4
entry_direct:
	mov	%rcx, %gs:T_RET
	mov	%rax, %gs:T_NR
direct_kept:
	movzbl	%al, %ecx
	lea	(%rcx,%rcx), %rcx
	lea	direct_table(%rip), %r11
	lea	(%r11,%rcx,8), %r11
	mov	E_KEY(%r11), %ecx
	lea	1(%rcx,%rax), %ecx
	mov	%r11, %rax               /* the entry, if it is this number's */
	jrcxz	1f
	jmp	direct_not
1:	mov	%gs:T_P, %rcx
	mov	%edi, %r11d
	not	%r11
	mov	P_FDBASE(%rcx), %ecx
	lea	(%r11,%rcx), %r11
	movslq	E_LIMIT(%rax), %rcx
	lea	(%r11,%rcx,8), %r11      /* negative: a descriptor that is not the guest's */
	bswap	%r11
	movzbl	%r11b, %r11d
	mov	%gs:T_P, %rcx
	mov	P_BARRED(%rcx), %ecx
	lea	(%r11,%rcx), %r11
	mov	%gs:T_POKED, %ecx
	lea	(%r11,%rcx), %r11
	movslq	E_UNLESS(%rax), %rcx
	mov	(%rax,%rcx), %ecx
	lea	(%r11,%rcx), %rcx        /* all of these are 0 */
	jrcxz	2f
	jmp	direct_not
2:	mov	%gs:T_LOOK, %ecx
	lea	-1(%rcx), %ecx
	jrcxz	direct_not
	mov	%ecx, %gs:T_LOOK
	mov	E_NR(%rax), %eax
	mov	%eax, %gs:T_WAITNR
	mov	$0, %ecx
	clc                              /* so will it be if this succeeds; r11 gets it, too */
direct_call:
	syscall
direct_after:
	mov	%rax, %rcx
	bswap	%rcx
	movzbl	%cl, %ecx
	jrcxz	3f                       /* no error */
	jmp	direct_answered
3:	mov	%gs:T_ATTN, %ecx
	jrcxz	4f
	jmp	direct_answered
4:	mov	%gs:T_RET, %rcx
	jmp	*%gs:T_RET
direct_end:
direct_not:
	mov	%gs:T_RET, %rcx
	mov	%gs:T_NR, %rax
	jmp	entry_jump
direct_answered:
	mov	%rsp, %gs:T_RSP
	mov	%gs:T_STACK, %rsp
	mov	%gs:T_RET, %rcx
	registers_away
	call	syscall_answered
	jmp	exit_begin

	.type entry_attend, @function
	.p2align 4
entry_attend:
	movl	$1, %gs:T_INSIDE
	cld
	xor	%ebp, %ebp
	mov	%gs:T_STACK, %rsp
	mov	%gs:T_SELF, %rdi
	call	thread_attend
	.p2align 4
exit_begin:
	cmpl	$0, %gs:T_ATTN
	jne	entry_attend
	cmpq	$0, %gs:T_LEAVE
	jne	5f
leave_native:
	movl	$0, %gs:T_INSIDE
	mov	%gs:T_RFLAGS, %eax
	testl	$~PLAIN_FLAGS, %eax
	jnz	3f
	mov	%eax, %ecx
	shr	$11, %ecx
	and	$1, %ecx
	add	$0x7f, %cl               /* overflow, if that bit is set */
	mov	%al, %ah
	sahf                             /* sign, zero, adjust, parity, carry */
2:	registers_back
	mov	%gs:T_RSP, %rsp
	jmp	*%gs:T_RIP
3:	test	$TRAP_FLAG, %eax
	jnz	4f
	pushq	%gs:T_RFLAGS
	popfq
	jmp	2b
4:	pushq	$0x2b
	pushq	%gs:T_RSP
	pushq	%gs:T_RFLAGS
	pushq	$0x33
	pushq	%gs:T_RIP
	registers_back
	iretq
5:	jmp	*%gs:T_LEAVE
/* Engine ptrace: a call that no kernel has, by which the supervisor is told that the guest goes on (witness.h). */
leave_supervised:
	mov	$WITNESS_LEAVE, %eax
	syscall
	jmp	leave_native
exit_end:

/* long host_wait(nr, a, b, c, d, e), long host_wait6(nr, a, b, c, d, e, f). Their returns, which the kernel has made the
 * processor forget, are jumps: those it guesses as before. long host_pass(nr, a, b, c): a call that cannot sleep, as the
 * last thing that a handler does. */
	.globl host_wait, host_wait6, host_pass, wait_begin, wait_call, wait_after, wait_interrupted
	.type host_pass, @function
	.p2align 4
host_pass:
	mov	%rdi, %rax
	mov	%rsi, %rdi
	mov	%rdx, %rsi
	mov	%rcx, %rdx
	syscall
	pop	%rcx
	jmp	*%rcx

	.type host_wait6, @function
	.p2align 4
host_wait6:
	mov	8(%rsp), %rax
	jmp	1f
	.type host_wait, @function
	.p2align 4
host_wait:
	xor	%eax, %eax
1:	mov	%edi, %gs:T_WAITNR
	mov	%r8, %r10
	mov	%r9, %r8
	mov	%rax, %r9
	mov	%rdi, %rax
	mov	%rsi, %rdi
	mov	%rdx, %rsi
	mov	%rcx, %rdx
	xor	%ecx, %ecx
	cmpl	$0, %gs:T_POKED
	jne	wait_poked
wait_begin:
	cmpl	$0, %gs:T_ATTN
	jne	wait_interrupted
wait_call:
	syscall
wait_after:
	pop	%rcx
	jmp	*%rcx
wait_poked:
	cmpl	$0, %gs:T_ATTN
	mov	$-4, %rax
	je	1f
wait_interrupted:
	mov	$-512, %rax
1:	ret

/* long mem_move(void *dst, const void *src, size_t n): 0, or -EFAULT where either side is not there. */
	.globl mem_move
	.type mem_move, @function
	.p2align 4
mem_move:
	mov	%rdx, %rcx
	xor	%eax, %eax
1:	rep movsb
	ret
2:	mov	$-14, %rax
	ret
	.pushsection guise_fixups, "a"
	.quad	1b - ., 2b - . + 8
	.popsection

/* long mem_guarded(void (*put)(const void *, void *), const void *from, void *to): put may fault at `to`, wherever it is, and is
 * then left where it stands (arrive.c): 0 or -EFAULT. */
	.globl mem_guarded, mem_guard_broken
	.type mem_guarded, @function
	.p2align 4
mem_guarded:
	push_kept
	mov	%rdi, %rax
	mov	%rsi, %rdi
	mov	%rdx, %rsi
	mov	%rsp, %gs:T_GUARD
	sub	$8, %rsp
	call	*%rax
	add	$8, %rsp
	xor	%eax, %eax
1:	movq	$0, %gs:T_GUARD
	pop_kept
	ret
mem_guard_broken:
	mov	$-14, %rax
	jmp	1b

/* long mem_scan(char *dst, const char *src, size_t n): copies up to and with NUL; its length, n if none, or -EFAULT. */
	.globl mem_scan
	.type mem_scan, @function
	.p2align 4
mem_scan:
	xor	%eax, %eax
3:	cmp	%rdx, %rax
	je	5f
4:	mov	(%rsi,%rax), %cl
	mov	%cl, (%rdi,%rax)
	test	%cl, %cl
	je	5f
	inc	%rax
	jmp	3b
5:	ret
6:	mov	$-14, %rax
	ret
	.pushsection guise_fixups, "a"
	.quad	4b - ., 6b - . + 8
	.popsection

/* noreturn void stack_switch(void *sp, void (*fn)(void *), void *arg): go on with fn(arg) on another stack. */
	.globl stack_switch
	.type stack_switch, @function
stack_switch:
	mov	%rdi, %rsp
	mov	%rdx, %rdi
	xor	%ebp, %ebp
	call	*%rsi
	ud2

/* long host_clone(flags, stack, ptid, ctid, tls): as clone(2); with a new stack the child goes on in clone_child(%r12),
   where r12 is the word that lies on top of that stack. */
	.globl host_clone
	.type host_clone, @function
host_clone:
	mov	%rcx, %r10
	mov	$56, %eax
	syscall
	test	%rax, %rax
	jnz	7f
	xor	%ebp, %ebp
	pop	%rdi
	call	clone_child
	ud2
7:	ret

/* What every start reads of the file and writes of the data, in a few calls instead of by a hundred page faults. Kernels that
 * cannot do that (before 5.14) refuse, and nothing is lost. rdx and the stack are _start's. */
	.macro populate from, to, how
	lea	\from(%rip), %rdi
	lea	\to(%rip), %rsi
	and	$-4096, %rdi
	sub	%rdi, %rsi
	add	$4095, %rsi
	and	$-4096, %rsi
	mov	$\how, %edx
	mov	$28, %eax                /* madvise */
	syscall
	.endm
	.set	POPULATE_READ, 22
	.set	POPULATE_WRITE, 23
	.type warm_start, @function
warm_start:
	mov	%rsp, start_stack(%rip)
	mov	%rdx, %r8
	populate _GLOBAL_OFFSET_TABLE_-0x1800, __bss_start+0x2000, POPULATE_WRITE
	populate end-0x6000, end, POPULATE_WRITE
	mov	%r8, %rdx
/* "guise run --again": a guest's exec, which goes on without libc's start (loader/again.c). Behind the words there is always
 * something to be read: the environment, the program's name, and 8 bytes of zeros at the end of the host's stack. */
	cmpq	$3, (%rsp)
	jb	_start
	mov	16(%rsp), %rax
	cmpl	$0x6e7572, (%rax)
	jne	_start
	mov	24(%rsp), %rax
	movabs	$0x6e696167612d2d, %rcx
	cmp	%rcx, (%rax)
	jne	_start
	mov	%rsp, %rdi
	and	$-16, %rsp
	xor	%ebp, %ebp
	call	start_again
	ud2
	.pushsection .data, "aw"
	.globl start_stack
	.p2align 3
start_stack:
	.quad	0
	.popsection

/* Where the program that is guise begins, and its text ends, as far as calls from there are ours. A debugger of the host
 * that steps over a breakpoint runs a copy of the guest's instruction at a program's entry: it must be caught there, too.
 * Only .fini comes last in every link; whoever runs through it jumps over this. */
	.section .fini, "ax", @progbits
	.globl front
	jmp	8f
	.p2align 4
front:	jmp	warm_start
	.fill	62, 1, 0x90
8:
	.section .note.GNU-stack, "", @progbits
