/* SPDX-License-Identifier: BSD-2-Clause
 * A signal may come at any instruction. After the handler, which ruins all it may, every register is as it was: the
 * general ones, the flags, all of xmm; and a change the handler makes in its context is what the program goes on with. */
#include "fbsd.h"

static volatile int hits;

static void spoil(int sig, siginfo_t *si, ucontext_t *uc)
{
	hits++;
	__asm__ volatile(".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\npcmpeqd %%xmm\\n, %%xmm\\n\n.endr\n"
			 "xor %%r8d, %%r8d\nxor %%r9d, %%r9d\nxor %%r10d, %%r10d\nxor %%r11d, %%r11d\nstd\ncld\n"
			 : : : "r8", "r9", "r10", "r11", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
			 "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
}

/* Spins with known values everywhere until the handler ran; returns the number of registers that changed. */
extern long spin(volatile int *hits, u8 pattern[256]);
__asm__(".globl spin\nspin:\npush %rbx\npush %rbp\npush %r12\npush %r13\npush %r14\npush %r15\n"
	".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\nmovups 16*\\n(%rsi), %xmm\\n\n.endr\n"
	"movq $0x7b, -8(%rsp)\nmovq $0x7c, -128(%rsp)\n"
	"mov $1, %eax\nmov $2, %ebx\nmov $3, %ecx\nmov $4, %edx\nmov $5, %ebp\nmov $8, %r8d\nmov $9, %r9d\nmov $10, %r10d\n"
	"mov $11, %r11d\nmov $12, %r12d\nmov $13, %r13d\nmov $14, %r14d\nmov $15, %r15d\n"
	"1: cmpl $0, (%rdi)\nje 1b\n"
	"push %rax\nxor %eax, %eax\nadd $8, %rsp\n"
	".macro want reg, n\ncmp $\\n, %\\reg\nje 2f\ninc %eax\n2:\n.endm\n"
	"want rbx,2\nwant rcx,3\nwant rdx,4\nwant rbp,5\nwant r8,8\nwant r9,9\nwant r10,10\nwant r11,11\nwant r12,12\nwant r13,13\n"
	"want r14,14\nwant r15,15\n"
	"cmpq $1, -8(%rsp)\nje 2f\ninc %eax\n2: cmpq $0x7c, -128(%rsp)\nje 2f\ninc %eax\n2:\n"
	".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\nmovups %xmm\\n, 16*\\n(%rsi)\n.endr\n"
	"pop %r15\npop %r14\npop %r13\npop %r12\npop %rbp\npop %rbx\nret\n");

static void change(int sig, siginfo_t *si, ucontext_t *uc)
{
	uc->mc.rax = 0x1234;
	uc->mc.rflags |= 1;
	memset(uc->mc.fpstate + 160, 0x5a, 16);	/* xmm0 */
	sigset_add(&uc->sigmask, SIGUSR2);
}

int main(int argc, char **argv)
{
	u8 pattern[256], copy[256];
	long me = getpid(), child, rv, x;
	struct itimerval it = { { 0, 0 }, { 0, 20000 } };
	sigset_t now;
	_Bool carry;

	for (int i = 0; i < 256; i++)
		pattern[i] = copy[i] = (u8)(i * 7 + 3);
	handle(SIGALRM, spoil, 0);
	show(setitimer(ITIMER_REAL, &it, 0));
	show(spin(&hits, pattern));
	show(memcmp(pattern, copy, 256));
	hits = 0;
	handle(SIGUSR1, spoil, 0);
	if ((child = fork()) == 0) {
		sleep_ms(30);
		kill(me, SIGUSR1);
		quit(0);
	}
	show(spin(&hits, pattern));
	show(memcmp(pattern, copy, 256));
	wait_for(child);

	handle(SIGUSR1, change, 0);
	__asm__ volatile("pxor %%xmm0, %%xmm0\nsyscall\nmovq %%xmm0, %2" : "=a"(rv), "=@ccc"(carry), "=r"(x)
			 : "0"(SYS_kill), "D"(me), "S"(SIGUSR1) : "rcx", "r8", "r9", "r10", "r11", "xmm0", "memory");
	say("rax %lx carry %d xmm0 %lx\n", rv, carry, x);
	sigprocmask(0, 0, &now);
	say("mask USR2 %d USR1 %d\n", sigset_has(&now, SIGUSR2), sigset_has(&now, SIGUSR1));
	show(sys(SYS_sigreturn, 8));
	return 0;
}
