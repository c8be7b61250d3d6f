/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Signals to the guest: its masks and actions, its alternate stacks, and the delivery of what has arrived (arrive.c) or
 * waits (pending.c), on our stack and in ordinary context.
 *
 * The host's mask is the guest's, less what we need (faults, SIGSYS) and less what is watched; so the kernel chooses the
 * right thread, keeps queues and pending sets for us, and sigtimedwait and sigpending are its own. The host's
 * SA_RESTART is the guest's: the kernel decides what restarts, and a restart shows as rip on the syscall instruction.
 */
#include "host.h"
#include "thread.h"
#include "options.h"
#include "pending.h"
#include "debug/tracing.h"
#include "machine/privilege.h"


sigbits const SIGSET_UNBLOCKABLE = (sigbits)(1ull << (SIGKILL - 1) | 1ull << (SIGSTOP - 1));

void __attribute__((naked)) host_restorer(void)
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
	return pending_for(t) & ~(t->sigmask | t->pace.held);
}
/* The guest's mask as the host is to have it. */
/* Once more where what was held had its end just before the host was told. */
static void guest_mask(struct thread *t)
{
	sigbits mask;
	do {
		mask = pace_mask(t, t->sigmask);
		host_mask(sigset_host(mask));
	} while (mask != (t->sigmask | *(volatile sigbits *)&t->pace.held));
}

void signal_setmask(struct thread *t, sigbits set)
{
	t->sigmask = set & ~SIGSET_UNBLOCKABLE;
	if (deliverable(t))
		t->attn = 1;
	if (t->pend.sig)
		return;                  /* thread_attend sets the host's mask when it is done */
	guest_mask(t);
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

/* Its default action ends nobody. */
bool signal_spares(const struct proc *p, int sig)
{
	return p->pers->sig_ignored & BIT_OF(sig) || sig == SIGCHLD || sig == SIGURG || sig == SIGWINCH || sig == SIGCONT;
}

/* What the host must do for a guest's action: our handler, unless the host's own default or ignoring is the same. */
static long host_action(struct proc *p, int sig)
{
	const struct sigact *a = &p->act[sig];
	struct host_sigaction k = { .restorer = host_restorer, .mask = (~FAULTS | 1ull << (SIGSYS - 1)) & ~carrier_bit(p) };

	if (sig > 64 || sig == p->pers->sig_carrier || sig == SIGKILL || sig == SIGSTOP)
		return 0;
	k.flags = SA_SIGINFO | SA_ONSTACK | HOST_SA_RESTORER | (a->flags & (SA_RESTART | SA_NOCLDSTOP | SA_NOCLDWAIT));
	k.handler = signal_host;
	if (!is_fault(sig) && !(p->sig_watch >> (sig - 1) & 1)) {
		bool ignored = a->handler == 0 && p->pers->sig_ignored & BIT_OF(sig);
		bool told = p->traced && (sig == SIGCONT || !signal_spares(p, sig));     /* its tracer */
		if (a->handler == 1 || ignored)
			k.handler = (void *)SIG_IGN;
		else if (a->handler == 0 && !told && !is_told(p, sig))
			k.handler = (void *)SIG_DFL;
	}
	if (sig == SIGSYS || sig == PACE_SIGNAL || (p->sig_watch >> (sig - 1) & 1 && a->handler < 2))
		k.flags |= SA_RESTART;   /* ours first of all (carrier.c, pace.c, engines) */
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

/* --- delivery: on our stack, in ordinary context ------------------------------------------------------------------------------ */
void signal_die(struct thread *t, int sig)
{
	struct host_sigaction dfl = { .restorer = host_restorer, .flags = HOST_SA_RESTORER };
	uint64_t none = 0;

	if (t->p->traced && t->p->nthreads > 1)
		tracee_single(t);
	if (t->p->pers->proc_exit)
		t->p->pers->proc_exit(t);
	observe_end(t, sig | 0x100, true);
	report_end(t);
	if (sig > 64)
		sig = SIGTERM;
	tracee_exits(t, sig);
	host(SYS_rt_sigaction, sig, &dfl, NULL, 8);
	host(SYS_tgkill, host(SYS_getpid), host(SYS_gettid), sig);
	host(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, 8);
	for (;;)                         /* its default here is to be ignored, though not there */
		host(SYS_exit_group, 128 + sig);
}
/* By default they stop the process, and come here only where it is traced, or was until now; one that is traced is not
 * stopped besides. */
#define SIG_STOPS (1ull << (SIGSTOP - 1) | 1ull << (SIGTSTP - 1) | 1ull << (SIGTTIN - 1) | 1ull << (SIGTTOU - 1))
static void stop_host(struct proc *p)
{
	if (!p->traced)
		host(SYS_kill, p->pid, SIGSTOP);
}
static void deliver(struct thread *t, struct sigpend *pd)
{
	struct proc *p = t->p;
	struct sigact act;

	if (pd->caused && privilege_any(t) && privilege_fault(t, pd))
		return;
	if (pd->caused && p->pers->fault)
		p->pers->fault(t, pd);
	if (p->traced && !tracee_signal(t, pd))
		return;
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
	if (pd->caused && (act.handler == 1 || t->sigmask & BIT_OF(sig)))
		act.handler = 0;         /* a fault can be neither ignored nor held back */
	if (act.handler == 1)
		return;
	if (act.handler == 0) {
		if (SIG_STOPS >> (sig - 1) & 1 && sig <= 64)
			stop_host(p);
		else if (!signal_spares(p, sig))
			signal_die(t, sig);
		return;
	}
	bool alt = act.flags & SA_ONSTACK && !(t->altstack.flags & SS_DISABLE) && !signal_on_altstack(t);
	struct sigframe sf = {
		.act = &act, .pend = pd,
		.oldmask = t->has_savedmask ? t->savedmask : t->sigmask,
		.sp = alt ? t->altstack.base + t->altstack.size : t->regs.rsp - 128,
	};
	pace_delivered(t, pd);
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
		if (t->p->traced)
			tracee_attend(t);
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
		guest_mask(t);
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
	struct host_sigaction k = {
		.handler = signal_host, .flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART | HOST_SA_RESTORER, .restorer = host_restorer,
		.mask = ~FAULTS | 1ull << (SIGSYS - 1),
	};
	host(SYS_rt_sigaction, p->pers->sig_carrier, &k, NULL, 8);
}
/* An exec that failed has told the host what the next program was to find. */
void tracee_catch(struct proc *p) { signal_exec_failed(p); }
void signal_exec_failed(struct proc *p)
{
	lock(&p->siglock);
	for (int sig = 1; sig <= 64; sig++)
		if (sig != p->pers->sig_carrier)
			host_action(p, sig);
	unlock(&p->siglock);
}
/* The two that the host's libc keeps for itself are ignored in what its posix_spawn starts, whoever that is: nobody meant the
 * guest's signals of these numbers. */
static bool libcs_own(const struct proc *p, int sig) { return (sig == 32 || sig == 33) && !p->opt->again && !p->pers->identity; }

/* What the host has told us by exec: ignored signals stay ignored, the blocked stay blocked. Where the guest's default is to
 * ignore, the host was told so by us: then it is the default. */
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
		struct host_sigaction k;
		if (sig == p->pers->sig_carrier)
			continue;
		if (!host(SYS_rt_sigaction, sig, NULL, &k, 8) && k.handler == (void *)SIG_IGN && !(p->pers->sig_ignored & BIT_OF(sig)))
			p->act[sig].handler = libcs_own(p, sig) ? 0 : 1;
		if (libcs_own(p, sig))
			host_action(p, sig);
		if (is_fault(sig) || is_told(p, sig) || p->traced || p->pers->sig_ignored & BIT_OF(sig))
			host_action(p, sig);
	}
}
void signal_thread_exit(struct thread *t)
{
	sigbits left = pending_of_process(t->p) & ~t->sigmask;
	pending_forget(t);
	pace_end(t);
	t->sigmask = ~(sigbits)0;
	t->sigwait = 0;
	for (int sig = 1; left; sig++, left >>= 1)
		if (left & 1)
			signal_route(t, sig);
}
