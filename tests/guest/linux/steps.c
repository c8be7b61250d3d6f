/* SPDX-License-Identifier: BSD-2-Clause
 * A program that steps through itself: the trap flag set by popf, by a handler's context and by sigreturn; each trap lies
 * where the processor has it, system calls between them are one step, handlers run unstepped. And int3 in the program.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define TF 0x100ull
extern char walk[], walk_end[], brk_at[], walk_call[];
static volatile int n, code[64], stop_after;
static volatile long at[64], addr_same[64];

__asm__(".text\n.globl walk, walk_end, brk_at, walk_call\n"
	"walk:\n"
	"	pushfq\n	orq $0x100, (%rsp)\n	popfq\n"
	"	nop\n"
	"	mov $186, %eax\n"                /* gettid */
	"walk_call:\n"
	"	syscall\n"
	"	nop\n"
	"	mov $110, %eax\n"                /* getppid, and the next one at once */
	"	syscall\n"
	"	mov $102, %eax\n"
	"	syscall\n"
	"	nop\n"
	"	mov $1, %ecx\n"
	"	pushfq\n	andq $~0x100, (%rsp)\n	popfq\n"
	"	nop\n	nop\n	ret\n"
	"walk_end:\n"
	"brk_at:\n	int3\n	nop\n	ret\n");
void walk_through(void) __asm__("walk");
void break_here(void) __asm__("brk_at");

static void on(int sig, siginfo_t *si, void *context)
{
	ucontext_t *uc = context;
	greg_t *g = uc->uc_mcontext.gregs;

	if (n < 64) {
		at[n] = (char *)g[REG_RIP] - walk;
		addr_same[n] = (uintptr_t)si->si_addr == (uintptr_t)g[REG_RIP];
		code[n] = si->si_code;
		n++;
	}
	if (stop_after && n >= stop_after)
		g[REG_EFL] &= ~TF;
	getuid();
}
static void on_usr(int sig, siginfo_t *si, void *context)
{
	((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] |= TF;       /* from here on what was interrupted is stepped */
}
static void tell(const char *what)
{
	printf("%s: %d\n", what, n);
	for (int i = 0; i < n; i++)
		printf(" %ld/%d/%ld", at[i], code[i], addr_same[i]);
	printf("\n");
	n = 0;
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = on, .sa_flags = SA_SIGINFO };
	sigset_t trap;

	sigaction(SIGTRAP, &sa, NULL);
	for (int i = 0; i < 4; i++) {
		walk_through();
		tell("popf");
	}
	break_here();
	tell("int3");
	stop_after = 3;
	walk_through();
	tell("stopped");
	sa.sa_sigaction = on_usr;
	sigaction(SIGUSR1, &sa, NULL);
	stop_after = 40;
	kill(getpid(), SIGUSR1);
	for (volatile int i = 0; i < 60; i++)
		;
	printf("after sigreturn: %d\n", n >= 40);
	n = 0;
	sigemptyset(&trap);
	sigaddset(&trap, SIGTRAP);
	printf("sent: ");
	sigprocmask(SIG_BLOCK, &trap, NULL);
	kill(getpid(), SIGTRAP);
	siginfo_t si = { .si_signo = SIGTRAP, .si_code = 1 };    /* as a breakpoint's, but sent */
	syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), SIGTRAP, &si);
	printf("%d ", n);
	stop_after = 0;
	sigprocmask(SIG_UNBLOCK, &trap, NULL);
	printf("%d %d\n", n, code[0]);
	return 0;
}
