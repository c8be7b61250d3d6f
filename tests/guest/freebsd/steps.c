/* SPDX-License-Identifier: BSD-2-Clause
 * A program that steps through itself. Each trap lies where the processor has it; a system call ends the stepping with a
 * trap right behind it (amd64_syscall), handlers run unstepped, sigreturn steps on. int3, and a SIGTRAP that is sent.
 */
#include "fbsd.h"

#define TF 0x100ul
extern char walk[], brk_at[];
void walk_through(void) __asm__("walk");
void break_here(void) __asm__("brk_at");
__asm__(".text\n.globl walk, brk_at\n"
	"walk:\n	pushfq\n	orq $0x100, (%rsp)\n	popfq\n"
	"	nop\n	mov $20, %eax\n	syscall\n	nop\n	mov $24, %eax\n	syscall\n	mov $39, %eax\n	syscall\n	nop\n"
	"	mov $1, %ecx\n	pushfq\n	andq $~0x100, (%rsp)\n	popfq\n	nop\n	nop\n	ret\n"
	"brk_at:\n	int3\n	nop\n	ret\n");

static volatile int n, again, code[64], same[64], trapno[64];
static volatile long at[64];

static void on(int sig, siginfo_t *si, ucontext_t *uc)
{
	if (n < 64) {
		at[n] = (long)uc->mc.rip - (long)walk;
		same[n] = (long)si->addr == (long)uc->mc.rip;
		code[n] = si->code;
		trapno[n] = uc->mc.trapno;
		n++;
	}
	if (again && at[n - 1] < 40)
		uc->mc.rflags |= TF;
	getuid();
}
static void tell(const char *what)
{
	say("%s: %d\n", what, n);
	for (int i = 0; i < n; i++)
		say(" %d/%x/%d", at[i], code[i], same[i]);
	say("\n");
	n = 0;
}

int main(int argc, char **argv)
{
	sigset_t trap = SIGSET(SIGTRAP);

	handle(SIGTRAP, on, SA_SIGINFO);
	for (int i = 0; i < 3; i++) {
		walk_through();
		tell("walk");
	}
	for (int i = 0; i < 3; i++) {
		again = 1;
		walk_through();
		again = 0;
		tell("on and on");
	}
	break_here();
	say("trapno %d\n", trapno[0]);
	tell("int3");
	sigprocmask(SIG_BLOCK, &trap, 0);
	kill(getpid(), SIGTRAP);
	show(n);
	sigprocmask(SIG_UNBLOCK, &trap, 0);
	say("sent: %d %x\n", n, code[0]);
	return 0;
}
