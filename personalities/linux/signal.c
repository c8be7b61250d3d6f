/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Signal calls: the shared handlers do them; here is what only this system says: the size of the set, which must be
 * right, SS_AUTODISARM, and the calls that sleep with another mask, wherever in their arguments the mask lies.
 */
#include "linux.h"

sysfn lnx_sigaction, lnx_sigprocmask, lnx_sigpending, lnx_sigtimedwait, lnx_sigaltstack, lnx_kill, lnx_sigqueue,
	lnx_masked;
sysfn sys_sigaction, sys_sigprocmask, sys_sigpending, sys_sigtimedwait, sys_sigsuspend;

#define SS_AUTODISARM_ (1u << 31)
#define FAULTS (1ull << (SIGSEGV - 1) | 1ull << (SIGBUS - 1) | 1ull << (SIGFPE - 1) | 1ull << (SIGILL - 1) | \
		1ull << (SIGTRAP - 1) | 1ull << (SIGSYS - 1))

long lnx_sigaction(struct call *c)
{
	bool fixed = c->arg[0] == SIGKILL || c->arg[0] == SIGSTOP;
	return c->arg[3] != 8 || (fixed && c->arg[1]) ? -EINVAL : sys_sigaction(c);
}
long lnx_sigprocmask(struct call *c) { return c->arg[3] == 8 ? sys_sigprocmask(c) : -EINVAL; }
long lnx_sigtimedwait(struct call *c) { return c->arg[3] == 8 ? sys_sigtimedwait(c) : -EINVAL; }

/* A shorter set than the kernel's is filled as far as it goes. */
long lnx_sigpending(struct call *c)
{
	uint64_t set = 0;
	if ((uint64_t)c->arg[1] > 8)
		return -EINVAL;
	host(SYS_rt_sigpending, &set, 8);
	set = (set | (uint64_t)signal_waiting(c->t)) & (uint64_t)c->t->sigmask;
	return copy_out((uaddr)c->arg[0], &set, (size_t)c->arg[1]);
}
long lnx_sigaltstack(struct call *c)
{
	struct thread *t = c->t;
	struct sigalt new, old = t->altstack;
	bool on = !(old.flags & SS_AUTODISARM_) && signal_on_altstack(t);
	long e = c->arg[0] ? arg_get(c, 0, &new) : 0;

	if (e)
		return e;
	old.flags |= on ? SS_ONSTACK : 0;
	if (c->arg[0]) {
		uint32_t mode = new.flags & ~SS_AUTODISARM_;
		if (on)
			return -EPERM;
		if (mode && mode != SS_DISABLE && mode != SS_ONSTACK)
			return -EINVAL;
		if (mode == SS_DISABLE)
			new = (struct sigalt){ .flags = new.flags };
		else if (new.size < 2048)
			return -ENOMEM;
		new.flags &= ~(uint32_t)SS_ONSTACK;
		t->altstack = new;
	}
	return c->arg[1] ? arg_put(c, 1, &old) : 0;
}

/* What one sends to oneself has arrived when the call is over. They do not sleep: nothing that is due turns them back. */
long lnx_kill(struct call *c)
{
	pace_stop(c->t);
	return host6(c->nr, c->raw[0], c->raw[1], c->raw[2], c->raw[3], c->raw[4], c->raw[5]);
}
/* A positive code may be sent only to the own number. Under a fault's it would look, on its way through the kernel, as if
 * we had faulted (crash handlers send themselves a fault's very words, to die by it in the end): it takes our way. */
long lnx_sigqueue(struct call *c)
{
	unsigned i = c->nr == SYS_rt_tgsigqueueinfo ? 2 : 1;
	int sig = (int)c->arg[i];
	siginfo_t si;

	if (sig < 1 || sig > 64 || !(FAULTS >> (sig - 1) & 1) || !c->arg[i + 1] || copy_in(&si, (uaddr)c->arg[i + 1], sizeof si) ||
	    si.si_code <= 0)
		return lnx_kill(c);
	if (c->nr == SYS_pidfd_send_signal || c->arg[i - 1] != c->t->tid)
		return -EPERM;
	si.si_signo = sig;
	return signal_keep(c->t, i == 2 ? c->t->tid : 0, &si);
}

/* --- sleeping with another mask ------------------------------------------------------------------------------------------- */
struct pair { uint64_t set, size; };     /* how some calls pass mask and size in one argument */
struct ext_arg { uint64_t sigmask; uint32_t size, min_wait; uint64_t ts; };
enum { DIRECT, PAIR };
static const struct { uint8_t arg, how; } mask_at[] = {
	[SYS_rt_sigsuspend] = { 0, DIRECT }, [SYS_ppoll] = { 3, DIRECT }, [SYS_epoll_pwait] = { 4, DIRECT },
	[SYS_epoll_pwait2] = { 4, DIRECT }, [SYS_pselect6] = { 5, PAIR }, [SYS_io_pgetevents] = { 5, PAIR },
	[SYS_io_uring_enter] = { 4, DIRECT },
};
#define URING_EXT_ARG 8
#define URING_EXT_ARG_REG 64

static long asleep(struct call *c, long a[6], uint64_t *mask)
{
	struct thread *t = c->t;
	long e;

	signal_mask_swap(t, *mask);
	*mask = sigset_host(t->sigmask);
	e = t->attn && !t->pend.sig ? -EINTR : lnx_make(c, a);
	if (e == SYS_RESTART)
		t->sigmask = t->savedmask, t->has_savedmask = false;
	else
		signal_mask_back(t);
	return e;
}
/* The mask inside the ring's argument block. */
static long uring_ext(struct call *c, long a[6])
{
	struct ext_arg x;
	uint64_t mask;
	long e;

	if (c->raw[5] != sizeof x || c->raw[3] & URING_EXT_ARG_REG)
		return lnx_make(c, a);
	if ((e = copy_in(&x, (uaddr)c->raw[4], sizeof x)))
		return e;
	if (!x.sigmask)
		return lnx_make(c, a);
	if (x.size != 8)
		return -EINVAL;
	if ((e = copy_in(&mask, x.sigmask, 8)))
		return e;
	x.sigmask = (uint64_t)&mask;
	a[4] = (long)&x;
	return asleep(c, a, &mask);
}
long lnx_masked(struct call *c)
{
	unsigned i = mask_at[c->nr].arg;
	struct pair pr = { (uint64_t)c->raw[i], i < 5 ? (uint64_t)c->raw[i + 1] : 0 };
	uint64_t mask;
	long a[6];

	memcpy(a, c->raw, sizeof a);
	if (c->nr == SYS_io_uring_enter && c->raw[3] & URING_EXT_ARG)
		return box_closed ? -ENOSYS : uring_ext(c, a);   /* no ring was made there */
	if (mask_at[c->nr].how == PAIR && pr.set && copy_in(&pr, pr.set, sizeof pr))
		return box_closed ? -EFAULT : lnx_make(c, a);
	if (!pr.set)
		return lnx_make(c, a);
	if (pr.size != 8 || copy_in(&mask, pr.set, 8))   /* an error; the host knows which of several comes first */
		return !box_closed ? lnx_make(c, a) : pr.size != 8 ? -EINVAL : -EFAULT;
	pr.set = (uint64_t)&mask;
	a[i] = mask_at[c->nr].how == PAIR ? (long)&pr : (long)&mask;
	return asleep(c, a, &mask);
}
