/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The calls about signals whose meaning all systems share; argument positions are POSIX's. Signal numbers and sets are
 * ours already (see signal.c for how the host's kernel keeps masks and queues for us).
 */
#include <time.h>
#include "host.h"
#include "pending.h"

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
	sigbits pending = (host_pending | signal_waiting(t)) & t->sigmask;
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
#define SECOND 1000000000ll
static int64_t now_ns(void)
{
	struct timespec now;
	host(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND + now.tv_nsec;
}
/* Waits for one of the set; the host's queues are the guest's, but for what pending.c keeps. Our number of the signal. */
static long wait_once(struct thread *t, sigbits set, siginfo_t *si, const struct timespec *ts)
{
	static const struct timespec now = { 0, 0 };
	uint64_t m = (uint64_t)set;
	if (!(set & signal_waiting(t))) {
		long r = block(SYS_rt_sigtimedwait, &m, si, ts, 8);
		return r == SIGSYS && carrier_within(t, si) ? -EINTR : r;
	}
	long sig = host(SYS_rt_sigtimedwait, &m, si, &now, 8);   /* the host's have the lower numbers: those first */
	return sig > 0 ? sig : (sig = signal_take(t, set, si)) ? sig : -EAGAIN;
}
/* Another thread may take what woke us, and the host's sleep may end for our own reasons: then on with what is left. */
static long wait_in(struct thread *t, sigbits set, siginfo_t *si, const struct timespec *ts)
{
	bool counts = ts && ts->tv_sec >= 0 && ts->tv_sec < INT32_MAX && ts->tv_nsec >= 0 && ts->tv_nsec < 1000000000;
	struct timespec left = ts ? *ts : (struct timespec){ 0 };
	int64_t end = counts ? now_ns() + left.tv_sec * SECOND + left.tv_nsec : 0;
	long r;

	for (;;) {
		__atomic_thread_fence(__ATOMIC_SEQ_CST);         /* sigwait was written before the table is read */
		bool kept = set & signal_waiting(t);
		r = wait_once(t, set, si, ts ? &left : NULL);
		bool ours = r == -EINTR && !t->poked && (!t->attn || set & signal_waiting(t));
		if (!ours && !(r == SYS_RESTART && set & signal_waiting(t)) && !(r == -EAGAIN && kept))
			return r;
		if (counts) {
			int64_t ns = MAX(end - now_ns(), (int64_t)0);
			left = (struct timespec){ ns / SECOND, ns % SECOND };
		}
	}
}
static long wait_for(struct call *c, siginfo_t *si, const struct timespec *ts)
{
	struct thread *t = c->t;
	sigbits set;
	long e = sigset_get(t, (uaddr)c->arg[0], &set);
	if (e)
		return e;
	set &= ~SIGSET_UNBLOCKABLE;
	pace_stop(t);
	memset(si, 0, sizeof *si);
	uint64_t m = (uint64_t)set;
	bool open = m & ~sigset_host(t->sigmask) & ~t->p->sig_watch;
	t->sigwait = set;
	if (open)                        /* not blocked by the caller, as it should have: waited for, and not acted on */
		host(SYS_rt_sigprocmask, SIG_BLOCK, &m, NULL, 8);
	e = wait_in(t, set, si, ts);
	if (open)
		signal_setmask(t, t->sigmask);
	t->sigwait = 0;
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
