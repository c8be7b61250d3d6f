/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Signals from the host to the guest. One host handler (signal_host) serves all: it never does the work where it stands.
 *   - In guest code: the interrupted registers move to t->regs and the thread goes to entry_attend on our stack.
 *   - In our code: the signal is noted; sleeping calls not yet begun are turned back (host_wait), the exit path begins
 *     anew, and the signal is delivered on the way out. Faults there go through guise_fixups, or are our own mistake.
 * While one signal is noted, all others stay blocked in the host's kernel, so one place for it (t->pend) is enough.
 *
 * The host's mask is the guest's, less what we need (faults, SIGSYS) and less what is watched; so the kernel chooses the
 * right thread, keeps queues and pending sets for us, and sigtimedwait and sigpending are its own. The host's
 * SA_RESTART is the guest's: the kernel decides what restarts, and a restart shows as rip on the syscall instruction.
 */
#include <ucontext.h>
#include "host.h"
#include "thread.h"
#include "options.h"
#include "pending.h"

#define BIT_OF(s) ((sigbits)1 << ((s) - 1))
#define FAULTS (1ull << (SIGSEGV - 1) | 1ull << (SIGBUS - 1) | 1ull << (SIGFPE - 1) | 1ull << (SIGILL - 1) | \
		1ull << (SIGTRAP - 1) | 1ull << (SIGSYS - 1))
#define KERNEL_SA_RESTORER 0x04000000
#define ALT_SIZE (24 * 1024ul)

struct ksigaction { void (*handler)(int, siginfo_t *, void *); unsigned long flags; void (*restorer)(void); uint64_t mask; };
struct fixup { int64_t fault, resume; };     /* both relative to the entry itself */

extern const struct fixup __start_guise_fixups[], __stop_guise_fixups[];
extern char __executable_start[], etext[];

sigbits const SIGSET_UNBLOCKABLE = (sigbits)(1ull << (SIGKILL - 1) | 1ull << (SIGSTOP - 1));
static uint64_t vdso_lo, vdso_hi;

static void __attribute__((naked)) restorer(void)
{
	__asm__("mov $15, %eax; syscall");
}

/* --- masks and actions ------------------------------------------------------------------------------------------------ */
uint64_t sigset_host(sigbits set)
{
	struct proc *p = thread_self()->p;
	return (uint64_t)set & ~FAULTS & ~p->sig_watch & ~carrier_bit(p);
}
static void host_mask(uint64_t m)
{
	host(SYS_rt_sigprocmask, SIG_SETMASK, &m, NULL, 8);
}
/* The mask was written, now the table is read; who adds to it does the reverse: one of the two sees the other. */
static sigbits deliverable(struct thread *t)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return pending_for(t) & ~t->sigmask;
}

void signal_setmask(struct thread *t, sigbits set)
{
	t->sigmask = set & ~SIGSET_UNBLOCKABLE;
	if (deliverable(t))
		t->attn = 1;
	if (t->pend.sig)
		return;                  /* thread_attend sets the host's mask when it is done */
	host_mask(sigset_host(t->sigmask));
}
void signal_mask_swap(struct thread *t, sigbits set)
{
	t->savedmask = t->sigmask;
	t->has_savedmask = true;
	t->sigmask = set & ~SIGSET_UNBLOCKABLE;
	if (deliverable(t))
		t->attn = 1;
}
void signal_mask_back(struct thread *t)
{
	if (t->attn || !t->has_savedmask)
		return;                  /* a signal came: its frame restores */
	t->sigmask = t->savedmask;
	t->has_savedmask = false;
}
/* Most sets are nearly empty or nearly full: whichever signals are fewer, those in the set or those not, are gone through. */
static unsigned count(uint64_t w)
{
	w -= w >> 1 & 0x5555555555555555;
	w = (w & 0x3333333333333333) + (w >> 2 & 0x3333333333333333);
	return (unsigned)(((w + (w >> 4)) & 0x0f0f0f0f0f0f0f0f) * 0x0101010101010101 >> 56);
}
static sigbits renamed(sigbits set, const uint8_t *as, unsigned n_as)
{
	uint64_t half[2] = { (uint64_t)set, (uint64_t)(set >> 64) };
	sigbits to = 0;
	for (unsigned i = 0; i < 2; i++)
		for (; half[i]; half[i] &= half[i] - 1) {
			unsigned n = 64 * i + (unsigned)__builtin_ctzll(half[i]) + 1;
			to |= n < n_as && as[n] ? BIT_OF(as[n]) : 0;
		}
	return to;
}
static sigbits rename_set(const struct personality *p, bool in, sigbits set)
{
	static struct { sigbits guest, ours; volatile bool known; } all;         /* every signal that has a twin */
	const uint8_t *as = in ? p->sig_in : p->sig_out;
	unsigned n_as = in ? p->n_sig : 129;
	if (!all.known) {
		all.ours = renamed(~(sigbits)0, p->sig_in, p->n_sig);
		all.guest = renamed(all.ours, p->sig_out, 129);
		all.known = true;
	}
	set &= in ? all.guest : all.ours;
	if (count((uint64_t)set) + count((uint64_t)(set >> 64)) <= 32)
		return renamed(set, as, n_as);
	return (in ? all.ours : all.guest) & ~renamed((in ? all.guest : all.ours) & ~set, as, n_as);
}
sigbits sigset_in(const struct personality *p, const uint8_t g[16])
{
	sigbits set;
	memcpy(&set, g, sizeof set);
	return rename_set(p, true, set);
}
void sigset_out(const struct personality *p, sigbits set, uint8_t g[16])
{
	set = rename_set(p, false, set);
	memcpy(g, &set, sizeof set);
}
long sigset_get(struct thread *t, uaddr a, sigbits *set)
{
	uint8_t g[16] = { 0 };
	long e = copy_in(g, a, sigset_size(t->p->pers));
	*set = e ? 0 : sigset_in(t->p->pers, g);
	return e;
}
long sigset_put(struct thread *t, uaddr a, sigbits set)
{
	uint8_t g[16];
	sigset_out(t->p->pers, set, g);
	return copy_out(a, g, sigset_size(t->p->pers));
}
size_t sigset_size(const struct personality *p) { return p->n_sig > 65 ? 16 : p->n_sig > 33 ? 8 : 4; }

/* Whose default action is to end the process: caught while somebody observes, so that its end can be told. */
#define SPARES (1ull << (SIGCHLD - 1) | 1ull << (SIGCONT - 1) | 1ull << (SIGTSTP - 1) | 1ull << (SIGTTIN - 1) | \
		1ull << (SIGTTOU - 1) | 1ull << (SIGURG - 1) | 1ull << (SIGWINCH - 1))
static bool is_told(const struct proc *p, int sig)
{
	return (p->watched || p->opt->report_fd >= 0) && !(SPARES >> (sig - 1) & 1);
}
static bool is_fault(int sig) { return sig <= 64 && FAULTS >> (sig - 1) & 1; }

/* What the host must do for a guest's action: our handler, unless the host's own default or ignoring is the same. */
static long host_action(struct proc *p, int sig)
{
	const struct sigact *a = &p->act[sig];
	struct ksigaction k = { .restorer = restorer, .mask = (~FAULTS | 1ull << (SIGSYS - 1)) & ~carrier_bit(p) };

	if (sig > 64 || sig == p->pers->sig_carrier || sig == SIGKILL || sig == SIGSTOP || sig == SIGSYS)
		return 0;                /* SIGSYS is the engine's; it passes on what is the guest's */
	k.flags = SA_SIGINFO | SA_ONSTACK | KERNEL_SA_RESTORER | (a->flags & (SA_RESTART | SA_NOCLDSTOP | SA_NOCLDWAIT));
	k.handler = signal_host;
	if (!is_fault(sig) && !(p->sig_watch >> (sig - 1) & 1)) {
		bool ignored = a->handler == 0 && p->pers->sig_ignored & BIT_OF(sig);
		if (a->handler == 1 || ignored)
			k.handler = (void *)SIG_IGN;
		else if (a->handler == 0 && !is_told(p, sig))
			k.handler = (void *)SIG_DFL;
	}
	if (p->sig_watch >> (sig - 1) & 1 && a->handler < 2)
		k.flags |= SA_RESTART;
	return host(SYS_rt_sigaction, sig, &k, NULL, 8);
}
long signal_action(struct thread *t, int sig, const struct sigact *new, struct sigact *old)
{
	struct proc *p = t->p;
	long e = 0;
	if (sig <= 0 || sig > 128 || !sig_to_guest(p->pers, sig))
		return -EINVAL;
	if (new && (SIGSET_UNBLOCKABLE & BIT_OF(sig)) && new->handler)
		return -EINVAL;
	lock(&p->siglock);
	if (old)
		*old = p->act[sig];
	if (new) {
		p->act[sig] = *new;
		e = host_action(p, sig);
	}
	unlock(&p->siglock);
	return e;
}
void signal_watch(struct proc *p, int sig)
{
	if (sig > 64 || is_fault(sig))
		return;
	lock(&p->siglock);
	p->sig_watch |= 1ull << (sig - 1);
	host_action(p, sig);
	unlock(&p->siglock);
	signal_setmask(thread_self(), thread_self()->sigmask);
}

/* --- alternate stacks --------------------------------------------------------------------------------------------------- */
static bool on_stack(const struct sigalt *s, uaddr sp) { return sp > s->base && sp - s->base <= s->size; }

bool signal_on_altstack(struct thread *t)
{
	return !(t->altstack.flags & SS_DISABLE) && on_stack(&t->altstack, t->regs.rsp);
}
long signal_altstack(struct thread *t, const struct sigalt *new, struct sigalt *old)
{
	if (old) {
		*old = t->altstack;
		old->flags |= signal_on_altstack(t) ? SS_ONSTACK : 0;
	}
	if (!new)
		return 0;
	if (signal_on_altstack(t))
		return -EPERM;
	if (new->flags & ~(uint32_t)SS_DISABLE)
		return -EINVAL;
	if (!(new->flags & SS_DISABLE) && new->size < 2048)
		return -ENOMEM;
	t->altstack = *new;
	return 0;
}

/* --- arrival: on our alternate stack, everything but faults blocked --------------------------------------------------------- */
bool signal_ours(struct thread *t, uint64_t rip)
{
	return (rip >= (uint64_t)__executable_start && rip < (uint64_t)etext) ||
	       (t->inside && rip >= vdso_lo && rip < vdso_hi);
}
static uint64_t fixup_find(uint64_t rip)
{
	for (const struct fixup *f = __start_guise_fixups; f < __stop_guise_fixups; f++)
		if ((uint64_t)&f->fault + (uint64_t)f->fault == rip)
			return (uint64_t)&f->fault + (uint64_t)f->resume;
	return 0;
}
static void our_fault(int sig, siginfo_t *si, greg_t *g)
{
	uint64_t to = fixup_find((uint64_t)g[REG_RIP]);
	if (!to)
		die("internal error: signal %d at %#lx (text begins at %#lx), address %#lx: please report this", sig,
		    (uint64_t)g[REG_RIP], (uint64_t)__executable_start, (uint64_t)si->si_addr);
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
	return g[REG_TRAPNO] != 14 || addr == (uint64_t)g[REG_CR2] || (sig == SIGBUS && si->si_code == BUS_MCEERR_AR);
}

static bool default_ignores(struct proc *p, int sig)
{
	return p->pers->sig_ignored & BIT_OF(sig) || sig == SIGCHLD || sig == SIGURG || sig == SIGWINCH || sig == SIGCONT;
}
static void note(struct thread *t, int sig, const siginfo_t *si, const greg_t *g, bool caused)
{
	struct proc *p = t->p;
	if (p->sig_watch >> (sig - 1) & 1) {
		p->signal_seen(p, sig);
		if (p->act[sig].handler == 1 || (p->act[sig].handler == 0 && default_ignores(p, sig)))
			return;          /* seen, and no reason to end anybody's sleep */
		if ((t->sigmask | t->sigwait) & BIT_OF(sig)) {   /* the host did not know: who can take it? */
			signal_keep(t, si->si_code == SI_TKILL ? t->tid : 0, si);
			return;
		}
	}
	if (t->pend.sig) {               /* one is noted already: the other goes back into the kernel's queue, blocked now */
		const siginfo_t *later = caused ? &t->pend.info : si;
		host(SYS_rt_tgsigqueueinfo, p->pid, t->tid, caused ? t->pend.sig : sig, later);
		if (!caused)
			return;
	}
	t->pend.sig = sig;
	t->pend.info = *si;
	t->pend.caused = caused;
	t->pend.trapno = (uint64_t)g[REG_TRAPNO];
	t->pend.err = (uint64_t)g[REG_ERR];
	t->pend.cr2 = (uint64_t)g[REG_CR2];
	t->attn = 1;
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
	if ((char *)g[REG_RIP] != wait_after || g[REG_RAX] != -EINTR)
		return;
	switch (t->wait_nr) {
	case SYS_clock_nanosleep: case SYS_ppoll: case SYS_pselect6: case SYS_epoll_pwait2: case SYS_epoll_pwait:
	case SYS_rt_sigtimedwait:
		return;
	}
	g[REG_RIP] = (greg_t)wait_call;
	g[REG_RAX] = t->wait_nr;
	g[REG_RCX] = (greg_t)wait_after + 1;
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
	return sig && t->p->act[sig].flags & SA_RESTART;
}
/* A guest that steps through itself has jumped to us, and the flag with it: it is the guest's, to be kept, not ours. */
static void unstep(greg_t *g)
{
	if ((void (*)(void))g[REG_RIP] == entry_jump) {
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

	if (!ours && t->p->engine->found && t->p->engine->found(t, sig, si, g))
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
	if (ours && caused) {
		our_fault(sig, si, g);
		return;
	}
	if (sig == t->p->pers->sig_carrier || carrier_within(t, si))
		carrier_arrived(t, si);
	else if (!carrier_astray(t, si))
		note(t, sig, si, g, caused);
	if (!t->attn) {
		if (ours)
			sleep_on(t, g);
		return;
	}
	if (ours) {
		turn_back(t, g, wants_restart(t));
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

/* --- delivery: on our stack, in ordinary context ------------------------------------------------------------------------------ */
void signal_die(struct thread *t, int sig)
{
	struct ksigaction dfl = { .restorer = restorer, .flags = KERNEL_SA_RESTORER };
	uint64_t none = 0;

	if (t->p->pers->proc_exit)
		t->p->pers->proc_exit(t);
	observe_end(t, sig | 0x100, true);
	report_end(t);
	if (sig > 64)
		sig = SIGTERM;
	host(SYS_rt_sigaction, sig, &dfl, NULL, 8);
	host(SYS_tgkill, host(SYS_getpid), host(SYS_gettid), sig);
	host(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, 8);
	for (;;)                         /* its default here is to be ignored, though not there */
		host(SYS_exit_group, 128 + sig);
}
static void deliver(struct thread *t, struct sigpend *pd)
{
	struct proc *p = t->p;
	struct sigact act;
	bool forced = pd->caused;

	if (forced && p->pers->fault)
		p->pers->fault(t, pd);
	int sig = pd->sig;
	lock(&p->siglock);
	act = p->act[sig];
	if (act.handler > 1 && act.flags & SA_RESETHAND) {
		p->act[sig].handler = 0;
		host_action(p, sig);
	}
	unlock(&p->siglock);
	if (p->observed)
		observe_signal(t, pd);
	if (forced && (act.handler == 1 || t->sigmask & BIT_OF(sig)))
		act.handler = 0;         /* a fault can be neither ignored nor held back */
	if (act.handler == 1)
		return;
	if (act.handler == 0) {
		if (!default_ignores(p, sig))
			signal_die(t, sig);
		return;
	}
	bool alt = act.flags & SA_ONSTACK && !(t->altstack.flags & SS_DISABLE) && !signal_on_altstack(t);
	struct sigframe sf = {
		.act = &act, .pend = pd,
		.oldmask = t->has_savedmask ? t->savedmask : t->sigmask,
		.sp = alt ? t->altstack.base + t->altstack.size : t->regs.rsp - 128,
	};
	if (p->pers->frame(t, &sf) < 0)
		signal_die(t, SIGSEGV);
	__atomic_add_fetch(&p->signals_taken, 1, __ATOMIC_RELAXED);
	t->has_savedmask = false;
	t->sigmask |= act.mask | (act.flags & SA_NODEFER ? 0 : BIT_OF(sig));
	t->sigmask &= ~SIGSET_UNBLOCKABLE;
}
/* --- what is due --------------------------------------------------------------------------------------------------------------- */
sigbits signal_waiting(struct thread *t) { return pending_for(t); }

int signal_take(struct thread *t, sigbits of, siginfo_t *si)
{
	int sig = pending_take(t, of, si);
	if (sig)
		carrier_timer_taken(t, si);
	return sig;
}
/* Blocked by the very call during which it came: back to the kernel, where it stays until unblocked. Of a fault that was
 * sent the kernel would make a signal at once, and it never knew who blocks it: that waits with us, for whoever does not.
 * What was sent to the process stays the process's: another thread may have it unblocked. */
static void put_back(struct thread *t)
{
	const siginfo_t *si = &t->pend.info;
	bool mine = si->si_code == SI_TKILL;
	if (!is_fault(t->pend.sig) && mine)
		host(SYS_rt_tgsigqueueinfo, t->p->pid, t->tid, t->pend.sig, si);
	else if (is_fault(t->pend.sig) || host(SYS_rt_sigqueueinfo, t->p->pid, t->pend.sig, si) < 0)
		signal_keep(t, mine ? t->tid : 0, si);   /* the host lets only the first thread speak for somebody else */
}
long signal_keep(struct thread *t, int tid, const siginfo_t *si)
{
	long e = pending_add(t->p, tid, si);
	if (!e && tid == t->tid)
		t->attn = 1;
	else if (!e)
		signal_route(t, si->si_signo);
	return e;
}
static bool next_pending(struct thread *t, struct sigpend *pd)
{
	sigbits v = deliverable(t);
	if (t->pend.sig && !t->pend.caused && t->sigmask & BIT_OF(t->pend.sig)) {
		put_back(t);
		t->pend.sig = 0;
	}
	if (t->pend.sig) {
		*pd = t->pend;
		t->pend.sig = 0;
		return true;
	}
	if (!v)
		return false;
	memset(pd, 0, sizeof *pd);
	pd->sig = signal_take(t, v, &pd->info);
	return pd->sig != 0;
}
static bool held(struct thread *t)
{
	const struct personality *p = t->p->pers;
	return p->signal_hold && !(t->pend.sig && t->pend.caused) &&
	       (t->pend.sig || deliverable(t)) && p->signal_hold(t);
}
void thread_attend(struct thread *t)
{
	struct sigpend pd;
	do {
		t->attn = 0;
		if (held(t)) {           /* it stays noted, all others blocked, until the guest says so */
			host_mask(~FAULTS & ~carrier_bit(t->p));
			return;
		}
		while (next_pending(t, &pd))
			deliver(t, &pd);
		if (t->has_savedmask) {
			t->sigmask = t->savedmask;
			t->has_savedmask = false;
		}
		host_mask(sigset_host(t->sigmask));
	} while (t->attn);
}
void signal_force(struct thread *t, int sig, int code, uaddr addr, unsigned trapno)
{
	if (t->pend.sig && !t->pend.caused)      /* noted during this call: later, with what waits */
		signal_keep(t, t->pend.info.si_code == SI_TKILL ? t->tid : 0, &t->pend.info);
	t->pend.info = (siginfo_t){ .si_signo = sig, .si_code = code };
	t->pend.info.si_addr = (void *)addr;
	t->pend.caused = code > 0;
	t->pend.trapno = trapno;
	t->pend.sig = sig;
	t->attn = 1;
}

/* --- start -------------------------------------------------------------------------------------------------------------------- */
void signal_thread_start(struct thread *t)
{
	stack_t ss = { .ss_sp = t->altmem, .ss_size = ALT_SIZE };
	long e = host(SYS_sigaltstack, &ss, NULL);
	if (e < 0)
		die("cannot set the alternate signal stack: %s", error_text(e));
}
static void carrier_listen(struct proc *p)
{
	struct ksigaction k = {
		.handler = signal_host, .flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART | KERNEL_SA_RESTORER, .restorer = restorer,
		.mask = ~FAULTS | 1ull << (SIGSYS - 1),
	};
	host(SYS_rt_sigaction, p->pers->sig_carrier, &k, NULL, 8);
}
/* An exec that failed has told the host what the next program was to find. */
void signal_exec_failed(struct proc *p)
{
	lock(&p->siglock);
	for (int sig = 1; sig <= 64; sig++)
		if (sig != p->pers->sig_carrier)
			host_action(p, sig);
	unlock(&p->siglock);
}
/* What the host has told us by exec: ignored signals stay ignored, the blocked stay blocked. */
void signal_start(struct proc *p)
{
	if (!p->pending && !(p->pending = pending_new()))
		die("no memory for signals that wait");
	if (p->pers->sig_carrier)
		carrier_listen(p);
	for (int sig = 65; sig <= 128; sig++)
		if (p->opt->ignored >> (sig - 65) & 1)
			p->act[sig].handler = 1;
	for (int sig = 1; sig <= 64; sig++) {
		struct ksigaction k;
		if (sig == p->pers->sig_carrier)
			continue;
		if (!host(SYS_rt_sigaction, sig, NULL, &k, 8) && k.handler == (void *)SIG_IGN)
			p->act[sig].handler = 1;
		if (is_fault(sig) || is_told(p, sig) || p->pers->sig_ignored & BIT_OF(sig))
			host_action(p, sig);
	}
}
void signal_thread_exit(struct thread *t)
{
	sigbits left = pending_of_process(t->p) & ~t->sigmask;
	pending_forget(t);
	t->sigmask = ~(sigbits)0;
	t->sigwait = 0;
	for (int sig = 1; left; sig++, left >>= 1)
		if (left & 1)
			signal_route(t, sig);
}
void signal_vdso(uint64_t lo, uint64_t hi)
{
	vdso_lo = lo;
	vdso_hi = hi;
}
