/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Engine trap: Syscall User Dispatch. Every syscall instruction outside our own text raises SIGSYS on its thread; the
 * host handler only moves the interrupted context to entry_syscall, exactly as the instruction itself would have left it
 * (rcx, r11), and returns. No selector is used: the range alone tells guest from us, so nothing needs switching on the
 * way in and out. The range ends one byte late because the kernel looks at the address after the instruction.
 */
#include <ucontext.h>
#include "host.h"
#include "thread.h"
#include "engines/own.h"
#include "engines/trap.h"

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_OFF 0
#define PR_SYS_DISPATCH_ON 1
#endif
#define USER_DISPATCH_CODE 2             /* si_code of our SIGSYS; 1 is that of a filter (engine seccomp) */
#define SECCOMP_CODE 1

/* Our own vDSO made a call while a handler was in it (no usable clock source): do it for it, here. */
static void vdso_call(greg_t *g)
{
	g[REG_RAX] = host6(g[REG_RAX], g[REG_RDI], g[REG_RSI], g[REG_RDX], g[REG_R10], g[REG_R8], g[REG_R9]);
}
/* As the syscall instruction itself would leave it. */
void trap_move(long long *g, void (*entry)(void))
{
	g[REG_RCX] = g[REG_RIP];
	g[REG_R11] = g[REG_EFL];
	g[REG_RIP] = (greg_t)entry;
	g[REG_EFL] = 0x202;
}
bool trap_taken(struct thread *t, int sig, const siginfo_t *si, long long *g, void (*entry)(void))
{
	if (sig != SIGSYS || (si->si_code != USER_DISPATCH_CODE && si->si_code != SECCOMP_CODE) || si->si_arch != 0xc000003e)
		return false;            /* sent, or an i386 call: the guest's SIGSYS */
	if (t->inside)
		vdso_call(g);
	else
		trap_move(g, entry);
	return true;
}
static bool trap_found(struct thread *t, int sig, const siginfo_t *si, long long *g)
{
	return trap_taken(t, sig, si, g, entry_syscall);
}
bool trap_probe(char *why, size_t n)
{
	long e = host(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_OFF, 0, 0, 0);
	if (e < 0)
		fmt(why, n, "this kernel has no Syscall User Dispatch (prctl answers error %ld): it needs Linux 5.11 or newer",
		    -e);
	return e >= 0;
}
static long trap_start(struct proc *p) { return 0; }
long trap_arm(struct thread *t)
{
	return host(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, OWN_LO, OWN_HI - OWN_LO + 1, 0);
}
void trap_disarm(struct thread *t)
{
	host(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_OFF, 0, 0, 0);
}
void trap_run(struct thread *t)
{
	entry_attend();
	__builtin_unreachable();
}
static const struct engine trap = {
	.name = "trap", .about = "Syscall User Dispatch: every call of the guest raises SIGSYS in its own thread",
	.rank = 50, .probe = trap_probe, .start = trap_start, .arm = trap_arm, .run = trap_run,
	.found = trap_found,
};
ENGINE(trap);
