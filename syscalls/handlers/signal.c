/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The calls about signals whose meaning all systems share; argument positions are POSIX's. Signal numbers and sets are
 * ours already (see signal.c for how the host's kernel keeps masks and queues for us).
 */
#include "host.h"

sysfn sys_sigaction, sys_sigprocmask, sys_sigsuspend, sys_sigpending, sys_sigaltstack, sys_sigtimedwait, sys_sigwaitinfo,
	sys_sigwait;

long sys_sigaction(struct call *c)
{
	struct sigact new, old;
	long e = c->arg[1] ? arg_get(c, 1, &new) : 0;
	if (!e)
		e = signal_action(c->t, (int)c->arg[0], c->arg[1] ? &new : NULL, &old);
	if (!e && c->arg[2])
		e = arg_put(c, 2, &old);
	return e;
}
long sys_sigprocmask(struct call *c)
{
	struct thread *t = c->t;
	sigbits set, old = t->sigmask;
	long e = 0;

	if (c->arg[1]) {
		if ((e = sigset_get(t, (uaddr)c->arg[1], &set)))
			return e;
		switch (c->arg[0]) {
		case SIG_BLOCK: set |= old; break;
		case SIG_UNBLOCK: set = old & ~set; break;
		case SIG_SETMASK: break;
		default: return -EINVAL;
		}
		signal_setmask(t, set);
	}
	return c->arg[2] ? sigset_put(t, (uaddr)c->arg[2], old) : 0;
}
long sys_sigsuspend(struct call *c)
{
	struct thread *t = c->t;
	sigbits set;
	long e = sigset_get(t, (uaddr)c->arg[0], &set);
	if (e)
		return e;
	signal_mask_swap(t, set);
	uint64_t m = sigset_host(t->sigmask);
	e = t->attn && !t->pend.sig ? -EINTR : block(SYS_rt_sigsuspend, &m, 8);
	if (e == SYS_RESTART)            /* a signal came before the sleep: it is delivered, then the guest sleeps again */
		t->sigmask = t->savedmask, t->has_savedmask = false;
	return e;
}
long sys_sigpending(struct call *c)
{
	struct thread *t = c->t;
	uint64_t host_pending = 0;
	host(SYS_rt_sigpending, &host_pending, 8);
	sigbits pending = (host_pending | t->vpend) & t->sigmask;
	return sigset_put(t, (uaddr)c->arg[0], pending);
}
long sys_sigaltstack(struct call *c)
{
	struct sigalt new, old;
	long e = c->arg[0] ? arg_get(c, 0, &new) : 0;
	if (!e)
		e = signal_altstack(c->t, c->arg[0] ? &new : NULL, &old);
	if (!e && c->arg[1])
		e = arg_put(c, 1, &old);
	return e;
}
/* Waits for one of the set; the host's queues are the guest's. Returns our number of the signal. */
static long wait_for(struct call *c, siginfo_t *si, const struct timespec *ts)
{
	struct thread *t = c->t;
	sigbits set;
	long e = sigset_get(t, (uaddr)c->arg[0], &set);
	if (e)
		return e;
	set &= ~SIGSET_UNBLOCKABLE;
	memset(si, 0, sizeof *si);
	uint64_t m = (uint64_t)set;
	if (set & t->vpend) {            /* the host's have the lower numbers: those first */
		static const struct timespec now = { 0, 0 };
		long sig = host(SYS_rt_sigtimedwait, &m, si, &now, 8);
		return sig > 0 ? sig : signal_take(t, set, si);
	}
	if (!(m & ~sigset_host(t->sigmask)))
		return block(SYS_rt_sigtimedwait, &m, si, ts, 8);
	/* not blocked by the caller, as it should have: waited for all the same, and not acted on meanwhile */
	host(SYS_rt_sigprocmask, SIG_BLOCK, &m, NULL, 8);
	e = block(SYS_rt_sigtimedwait, &m, si, ts, 8);
	signal_setmask(t, t->sigmask);
	return e;
}
static long wait_info(struct call *c, const struct timespec *ts)
{
	siginfo_t si;
	long sig = wait_for(c, &si, ts);
	if (sig <= 0)
		return sig;
	long e = c->arg[1] ? arg_put(c, 1, &si) : 0;
	return e ? e : sig_to_guest(c->t->p->pers, (int)sig);
}
long sys_sigtimedwait(struct call *c)
{
	struct timespec ts;
	long e = c->arg[2] ? arg_get(c, 2, &ts) : 0;
	return e ? e : wait_info(c, c->arg[2] ? &ts : NULL);
}
long sys_sigwaitinfo(struct call *c) { return wait_info(c, NULL); }

/* sigwait is never interrupted for the caller to see. */
long sys_sigwait(struct call *c)
{
	siginfo_t si;
	long sig = wait_for(c, &si, NULL);
	if (sig == -EINTR)
		return SYS_RESTART;
	if (sig < 0)
		return sig;
	int g = sig_to_guest(c->t->p->pers, (int)sig);
	return copy_out((uaddr)c->arg[1], &g, sizeof g);
}
