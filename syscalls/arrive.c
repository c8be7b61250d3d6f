/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Signals from the host to us. One host handler (signal_host) serves all: it never does the work where it stands.
 *   - In guest code: the interrupted registers move to t->regs and the thread goes to entry_attend on our stack.
 *   - In our code: the signal is noted; sleeping calls not yet begun are turned back (host_wait), the exit path begins
 *     anew, and the signal is delivered on the way out. Faults there go through guise_fixups, or are our own mistake.
 * While one signal is noted, all others stay blocked in the host's kernel, so one place for it (t->pend) is enough.
 * What becomes of it is signal.c's. Everything here runs on our alternate stack, with everything but faults blocked.
 */
#include <ucontext.h>
#include <asm/prctl.h>
#include "host.h"
#include "thread.h"
#include "pending.h"
#include "debug/tracing.h"
#include "engines/own.h"
#include "snapshot.h"

struct fixup { int64_t fault, resume; };     /* both relative to the entry itself */

extern const struct fixup __start_guise_fixups[], __stop_guise_fixups[];
extern char __start_guise_slots[], __stop_guise_slots[];
static uint64_t vdso_lo, vdso_hi;

/* Is this address our own code? */
static bool signal_ours(struct thread *t, uint64_t rip)
{
	bool slot = rip >= (uint64_t)__start_guise_slots && rip < (uint64_t)__stop_guise_slots;
	return (own_text(rip) && !slot) ||
	       (t->inside && rip >= vdso_lo && rip < vdso_hi);
}
static uint64_t fixup_find(uint64_t rip)
{
	for (const struct fixup *f = __start_guise_fixups; f < __stop_guise_fixups; f++)
		if ((uint64_t)&f->fault + (uint64_t)f->fault == rip)
			return (uint64_t)&f->fault + (uint64_t)f->resume;
	return 0;
}
/* Natively no program has anything at gs, and a store there is its SIGSEGV; under the engines that share its address space it hits
 * this block. */
static bool is_overwritten(const struct thread *t)
{
	uint64_t base = 0;
	host(SYS_arch_prctl, ARCH_GET_GS, &base);
	return base != (uint64_t)t || t->stack != (base & ~63ul) || (t->entry != entry_jump && t->entry != entry_direct);
}
static void our_fault(struct thread *t, int sig, siginfo_t *si, greg_t *g)
{
	uint64_t to = fixup_find((uint64_t)g[REG_RIP]);
	if (!to && t->guard) {
		to = (uint64_t)mem_guard_broken;
		g[REG_RSP] = (greg_t)t->guard;
	}
	if (!to && is_overwritten(t))
		die("the program has written over memory of guise's own, in which a thread is described: through the segment register gs, "
		    "where there is nothing natively, or by an address of its own making. The engine kvm keeps it from that");
	if (!to)
		die("internal error: signal %d at %#lx (text begins at %#lx), address %#lx: please report this", sig,
		    (uint64_t)g[REG_RIP], OWN_LO, (uint64_t)si->si_addr);
	t->fault_sig = sig;
	t->fault_code = si->si_code;
	g[REG_RIP] = (greg_t)to;
}
/* Did this instruction cause it? A positive code does not prove it: what a process sends to itself may have any, the end
 * of a child or a descriptor's readiness may come under a fault's number. But then the address is no fault's. */
static bool is_caused(int sig, const siginfo_t *si, const greg_t *g)
{
	uint64_t addr = (uint64_t)si->si_addr;
	if (!is_fault(sig) || si->si_code <= 0)
		return false;
	if (si->si_code == SI_KERNEL)
		return true;
	if (sig != SIGSEGV && sig != SIGBUS)
		return addr == (uint64_t)g[REG_RIP];
	if (sig == SIGBUS && si->si_code == BUS_MCEERR_AR)
		return true;
	return g[REG_TRAPNO] == 14 ? addr == (uint64_t)g[REG_CR2] : g[REG_TRAPNO] != 0;  /* 0: this thread never faulted */
}

static void note(struct thread *t, int sig, const siginfo_t *si, const greg_t *g, bool caused)
{
	struct proc *p = t->p;
	if (p->sig_watch >> (sig - 1) & 1) {
		p->signal_seen(p, sig);
		if (p->act[sig].handler == 1 || (p->act[sig].handler == 0 && signal_spares(p, sig)))
			return;          /* seen, and no reason to end anybody's sleep */
		if ((t->sigmask | t->sigwait) & BIT_OF(sig)) {   /* the host did not know: who can take it? */
			signal_keep(t, si->si_code == SI_TKILL ? t->tid : 0, si);
			return;
		}
	}
	if (t->pend.sig) {               /* one is noted already: the other goes back into the kernel's queue, blocked now */
		const siginfo_t *later = caused ? &t->pend.info : si;
		host(SYS_rt_tgsigqueueinfo, p->pid, t->tid, caused ? t->pend.sig : sig, later);
		if (!caused) {
			t->attn = 1;     /* else it would come again at once, for ever: nobody has blocked anything if what is noted
			                  * is our own (signal_force) */
			return;
		}
	}
	t->pend.sig = sig;
	t->pend.info = *si;
	t->pend.caused = caused;
	t->pend.trapno = (uint64_t)g[REG_TRAPNO];
	t->pend.err = (uint64_t)g[REG_ERR];
	t->pend.cr2 = (uint64_t)g[REG_CR2];
	t->attn = 1;
}
/* The host's kernel cannot use what the guest gave it for itself. The guest's mistake, told once; while it holds SIGSEGV back
 * it is told when its own code is interrupted next. */
static bool is_spoiled(struct thread *t, const siginfo_t *si, const greg_t *g)
{
	return si->si_code == SI_KERNEL && !fixup_find((uint64_t)g[REG_RIP]) && !t->guard && rseq_spoiled(t);
}
static void note_spoiled(struct thread *t, const siginfo_t *si, const greg_t *g)
{
	bool told = t->pend.sig == SIGSEGV && t->pend.caused;
	if (!told && !(t->sigmask & BIT_OF(SIGSEGV)))
		note(t, SIGSEGV, si, g, true);
}
static void regs_from(struct regs *r, const greg_t *g)
{
	*r = (struct regs){
		.rax = (uint64_t)g[REG_RAX], .rbx = (uint64_t)g[REG_RBX], .rcx = (uint64_t)g[REG_RCX],
		.rdx = (uint64_t)g[REG_RDX], .rsi = (uint64_t)g[REG_RSI], .rdi = (uint64_t)g[REG_RDI],
		.rbp = (uint64_t)g[REG_RBP], .rsp = (uint64_t)g[REG_RSP], .r8 = (uint64_t)g[REG_R8],
		.r9 = (uint64_t)g[REG_R9], .r10 = (uint64_t)g[REG_R10], .r11 = (uint64_t)g[REG_R11],
		.r12 = (uint64_t)g[REG_R12], .r13 = (uint64_t)g[REG_R13], .r14 = (uint64_t)g[REG_R14],
		.r15 = (uint64_t)g[REG_R15], .rip = (uint64_t)g[REG_RIP], .rflags = (uint64_t)g[REG_EFL],
	};
}
static bool leaving(const greg_t *g)
{
	return (char *)g[REG_RIP] >= exit_begin && (char *)g[REG_RIP] < exit_end;
}
/* Before the call: it is not made. One that slept and that the kernel would now restart: made again by the guest, unless
 * what is due wants it ended. (The kernel knows what the guest wants of the host's signals; of others it does not.) */
static void turn_back(struct thread *t, greg_t *g, bool restart)
{
	char *rip = (char *)g[REG_RIP];
	if (leaving(g)) {
		g[REG_RIP] = (greg_t)exit_begin;
		g[REG_RSP] = (greg_t)t->stack;
	} else if (rip == wait_call && (g[REG_RCX] == (greg_t)wait_after + 1 || (g[REG_RCX] == (greg_t)wait_after && !restart))) {
		g[REG_RIP] = (greg_t)wait_after;
		g[REG_RAX] = -EINTR;
	} else if (rip >= wait_begin && rip < wait_after) {
		g[REG_RIP] = (greg_t)wait_interrupted;
	}
}
/* Nothing is due to this thread: a sleep that our own signal has ended goes on. Handlers of calls that count a time down
 * do that themselves: they know what is left of it. */
static void sleep_on(struct thread *t, greg_t *g)
{
	bool direct = (char *)g[REG_RIP] == direct_after;
	if ((!direct && (char *)g[REG_RIP] != wait_after) || g[REG_RAX] != -EINTR)
		return;
	switch (t->wait_nr) {
	case SYS_clock_nanosleep: case SYS_ppoll: case SYS_pselect6: case SYS_epoll_pwait2: case SYS_epoll_pwait:
	case SYS_rt_sigtimedwait:
	case SYS_close:                  /* it is closed all the same, and the number may be another's by now */
		return;
	}
	g[REG_RIP] = (greg_t)(direct ? direct_call : wait_call);
	g[REG_RAX] = t->wait_nr;
	g[REG_RCX] = (greg_t)(direct ? direct_after : wait_after) + 1;
}
/* Does the guest want a call restarted that this has interrupted? */
static bool wants_restart(struct thread *t)
{
	sigbits v = pending_for(t);
	int sig = t->pend.sig;
	if (v & t->sigwait)
		return false;            /* sigtimedwait ends with it */
	for (v &= ~t->sigmask; !sig && v; )
		sig = (uint64_t)v ? __builtin_ctzll((uint64_t)v) + 1 : __builtin_ctzll((uint64_t)(v >> 64)) + 65;
	return sig && (t->p->act[sig].flags & SA_RESTART || (t->p->traced && t->p->act[sig].handler < 2));
}
/* A guest that steps through itself has jumped to us, and the flag with it: it is the guest's, to be kept, not ours. */
static void unstep(greg_t *g)
{
	if ((void (*)(void))g[REG_RIP] == entry_jump || (void (*)(void))g[REG_RIP] == entry_direct) {
		g[REG_R11] = g[REG_EFL];
		g[REG_RIP] = (greg_t)entry_syscall;
	}
	g[REG_EFL] &= ~0x100ll;
}
void signal_host(int sig, siginfo_t *si, void *context)
{
	struct thread *t = thread_self();
	ucontext_t *uc = context;
	greg_t *g = uc->uc_mcontext.gregs;
	uint64_t all = ~FAULTS & ~carrier_bit(t->p);
	bool ours = signal_ours(t, (uint64_t)g[REG_RIP]), left = false, caused = is_caused(sig, si, g);

	if ((!ours || sig == SIGSYS) && t->p->engine->found && t->p->engine->found(t, sig, si, g))
		return;
	if (caused && sig == SIGTRAP && si->si_addr)
		si->si_addr = (void *)g[REG_RIP];
	if (ours && caused && sig == SIGTRAP && g[REG_TRAPNO] == 1) {
		unstep(g);
		return;
	}
	if (ours && caused && leaving(g)) {
		ours = false;            /* its next address is none: the last jump faults here, and is the guest's mistake */
		left = true;
	}
	bool spoiled = ours && caused && sig == SIGSEGV && is_spoiled(t, si, g);
	if (ours && caused && !spoiled) {
		our_fault(t, sig, si, g);
		return;
	}
	if (spoiled)
		note_spoiled(t, si, g);
	else if (sig == t->p->pers->sig_carrier || carrier_within(t, si))
		carrier_arrived(t, si);
	else if (!carrier_astray(t, si) && !pace_over(t, si, &uc->uc_sigmask))
		note(t, sig, si, g, caused);
	if (t->p->traced)
		tracee_halted(t, ours, g, uc->uc_mcontext.fpregs);
	if (!t->attn) {
		if (ours && !(snapshot_due(t) && snapshot_stop(t, g)))
			sleep_on(t, g);
		if (ours && snapshot_due(t) && t->p->engine->kick)
			t->p->engine->kick(t);
		return;
	}
	if (ours && direct_turned(t, g, wants_restart(t)))
		ours = false;
	if (ours) {
		turn_back(t, g, wants_restart(t));
		if (t->p->engine->kick)
			t->p->engine->kick(t);
	} else {
		if (!left)
			regs_from(&t->regs, g);
		t->inside = 1;
		g[REG_RIP] = (greg_t)entry_attend;
		g[REG_RSP] = (greg_t)t->stack;
		g[REG_EFL] = 0x202;
	}
	memcpy(&uc->uc_sigmask, &all, 8);
}
void signal_vdso(uint64_t lo, uint64_t hi)
{
	vdso_lo = lo;
	vdso_hi = hi;
}
