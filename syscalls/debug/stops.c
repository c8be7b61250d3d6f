/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What stops a traced process: a signal before it is delivered, a call's beginning and end, a thread's birth and end, fork
 * and exec, the first stop of one that was attached to. How it then stands still: stand.c.
 */
#include <linux/futex.h>
#include "host.h"
#include "thread.h"
#include "pending.h"
#include "debug/traced.h"

#define TRAP_FLAG 0x100ull
#define INJECTED 0x67757365              /* si_errno of a signal that the tracer gave: it is not told again */

/* --- signals ----------------------------------------------------------------------------------------------------- */
static bool can_take(const struct thread *t, int sig) { return !(t->sigmask & BIT_OF(sig)); }

/* A signal that the tracer gives is not told again. Whoever can take it takes it, else this thread when it can; true:
 * there is nobody else. */
static bool inject(struct thread *t, int sig)
{
	siginfo_t si = { .si_signo = sig, .si_errno = INJECTED, .si_code = SI_USER };
	struct thread *o;
	bool other = false;

	if (sig <= 0 || (sig == SIGSTOP && t->p->traced))
		return true;
	if (sig == SIGKILL)
		traced_die(t);
	if (sig <= 64 && t->p->sig_watch >> (sig - 1) & 1)
		t->p->signal_seen(t->p, sig);
	for (unsigned i = 0; !can_take(t, sig) && (o = thread_next(t->p, &i));)
		other |= can_take(o, sig);
	signal_keep(t, other ? 0 : t->tid, &si);
	return !other;
}
static int stop_by(struct thread *t, int sig, const siginfo_t *info, unsigned flags, int child)
{
	return traced_in_view(t, NULL, traced_stop, &(struct happened){ sig, info, flags, child });
}
bool tracee_signal(struct thread *t, struct sigpend *pd)
{
	int sig = pd->sig, with;
	if (pd->info.si_errno == INJECTED) {
		pd->info.si_errno = 0;
		return true;
	}
	if (pd->caused && sig == SIGTRAP)
		t->regs.rflags &= ~TRAP_FLAG;
	with = stop_by(t, sig, &pd->info, 0, 0);
	if (with == sig)
		return true;
	if (!with)
		return false;
	if (!can_take(t, with) || with == SIGKILL) {
		if (inject(t, with))     /* it waits twice then: to be taken, and as one that came in the other's place, to be told */
			signal_keep(t, 0, &(siginfo_t){ .si_signo = with, .si_code = SI_USER });
		return false;
	}
	if (with <= 64 && t->p->sig_watch >> (with - 1) & 1)
		t->p->signal_seen(t->p, with);
	*pd = (struct sigpend){ .sig = with, .info = { .si_signo = with, .si_code = SI_USER } };
	return true;
}

/* --- events ------------------------------------------------------------------------------------------------------ */
static void event(struct thread *t, int sig, unsigned flags, int child) { inject(t, stop_by(t, sig, NULL, flags, child)); }

static void orphaned(struct thread *t, struct traced *d)
{
	int parent = (int)host(SYS_getppid);
	if (parent != d->tracer)
		carrier_tell(t, parent, 0, TRACE_OP_ORPHAN, (uint64_t)t->p->pid << 32 | (unsigned)d->tracer);
}
static const siginfo_t stop_info = { .si_signo = SIGSTOP, .si_code = SI_USER };
static const struct happened attached = { SIGSTOP, &stop_info };

static void first_stop(struct thread *t, struct traced *d, uint32_t due)
{
	traced_set_up(t, d);
	if (due == DUE_ATTACH) {
		orphaned(t, d);
		inject(t, traced_in_view(t, NULL, traced_stop, &attached));
	} else if (due == DUE_CHILD) {
		event(t, SIGSTOP, STOP_CHILD | STOP_SCX, 0);
	} else if (due == DUE_EXEC && d->events & TRACE_EXEC) {
		event(t, SIGTRAP, STOP_EXEC | STOP_SCX, 0);
	}
	t->tr.nr = 0;
}
static int standing(struct thread *t, const struct happened *h)
{
	struct traced *d = t->p->traced;
	if (d && traced_must_stand(t, d))
		traced_stand(t, d);
	return 0;
}
void tracee_attend(struct thread *t)
{
	struct traced *d;
	while ((d = t->p->traced)) {
		if (d->single && d->single != t) {
			if (d->events & TRACE_LWP)
				stop_by(t, SIGTRAP, NULL, STOP_EXITED, 0);
			traced_ended(t, d);
		} else if (traced_must_stand(t, d)) {
			traced_in_view(t, NULL, standing, NULL);
		} else if (d->due) {
			uint32_t due = __atomic_exchange_n(&d->due, 0, __ATOMIC_SEQ_CST);
			if (due)
				first_stop(t, d, due);
		} else if (t->tr.flags & STOP_BORN) {
			event(t, SIGTRAP, STOP_SCX, 0);
			t->tr.flags = 0;
			t->tr.nr = 0;
		} else {
			return;
		}
	}
	t->tr.flags = 0;
}
static int rest(struct thread *t, const struct happened *h)
{
	struct traced *d = t->p->traced;
	if (d->due && __atomic_exchange_n(&d->due, 0, __ATOMIC_SEQ_CST)) {
		traced_set_up(t, d);
		orphaned(t, d);
		inject(t, traced_stop(t, &attached));
	}
	return standing(t, h);
}
/* In the host handler. One that slept stands still here, so that its sleep goes on; the others where they come by. */
void tracee_halted(struct thread *t, bool ours, const long long *g, void *fpu)
{
	struct traced *d = t->p->traced;
	char *rip = (char *)g[16];               /* REG_RIP */
	bool slept = ours && ((rip >= wait_begin && rip < wait_after) || (rip == wait_after && g[13] == -EINTR)) && !t->attn;

	if (!d || !(traced_must_stand(t, d) || d->due || (d->single && d->single != t)))
		return;
	if (t->helper) {                 /* none of the guest's: one of those */
		if (d->due)
			traced_summon(t);
		return;
	}
	if (!slept || (d->single && d->single != t)) {
		t->attn = 1;
		return;
	}
	traced_in_view(t, t->p->engine->apart ? NULL : fpu, rest, NULL);        /* apart: the engine has its vectors */
}
bool tracee_enter(struct thread *t)
{
	const struct traced *d = t->p->traced;
	t->tr.flags = STOP_SCE;
	if (!d || !(d->events & TRACE_SCE))
		return false;
	event(t, SIGTRAP, 0, 0);
	return true;
}
void tracee_leave(struct thread *t, struct call *c)
{
	struct traced *d = t->p->traced;
	unsigned told = t->tr.flags;
	t->tr.flags = STOP_SCX | (told & STOP_FORKED);
	t->call = c;
	/* a fork's child tells the end of the call with its first stop */
	if (d && !d->due && !(told & STOP_SIGNAL) && (d->events & TRACE_SCX || told & STOP_FORKED))
		event(t, SIGTRAP, 0, t->tr.child);
	t->call = NULL;
	t->tr.flags = 0;
}
void tracee_born(struct thread *self, struct thread *child)
{
	struct traced *d = self->p->traced;
	if (!(d->events & (TRACE_LWP | TRACE_SCX)))
		return;
	child->tr.flags = STOP_BORN;
	child->tr.nr = self->call ? self->call->nr : 0;
	child->tr.row = self->call ? self->call->row : NULL;
}
void tracee_ends(struct thread *t)
{
	if (t->p->traced && t->p->traced->events & TRACE_LWP)
		event(t, SIGTRAP, STOP_EXITED, 0);
}
/* --- forks and exec ---------------------------------------------------------------------------------------------- */
void tracee_forks(struct thread *t, int child)
{
	if (!tracee_follows(t->p))
		return;
	tracer_orphan(t, child, t->p->traced->tracer);
	t->tr.flags |= STOP_FORKED;
	t->tr.child = child;
}
void tracee_vforked(struct thread *t, struct thread *child, int pid)
{
	struct traced *d = t->p->traced;
	struct proc *p = child->p;
	struct call done = *t->call;

	if (d && d->events & TRACE_FORK) {
		tracer_orphan(t, pid, d->tracer);
		done.rv = pid;
		t->p->pers->store(t, &done);
		t->tr.flags = STOP_FORKED | STOP_VFORKED | STOP_SCX;
		t->tr.child = pid;
		struct call *c = t->call;
		t->call = &done;
		event(t, SIGTRAP, 0, pid);
		t->call = c;
	}
	tracee_absent(t);
	for (int tid; (tid = child->tid) > 0 && child->p == p;)
		host(SYS_futex, &child->tid, FUTEX_WAIT, tid, NULL);
	tracee_back(t);
	unsigned flags = t->tr.flags & STOP_FORKED ? STOP_SIGNAL : t->tr.flags;  /* its end is told already */
	t->tr.flags = 0;
	if ((d = t->p->traced) && d->events & TRACE_VFORK)
		event(t, SIGTRAP, STOP_VFORK_DONE, pid);
	t->tr.flags = flags;
}
void tracee_leaves(struct thread *t, int program)
{
	uint32_t flags = t->tr.flags;
	if (!(t->p->traced->events & TRACE_EXEC))
		return;
	fd_close_for_exec(t->p, program);       /* who waits for their end is who is told */
	t->tr.flags = STOP_SCX;
	event(t, SIGTRAP, STOP_EXEC, 0);
	t->tr.flags = flags;
}
