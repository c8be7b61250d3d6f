/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The threads of a restored guest. The first one, on its way into the guest, makes the others, timers and waiting signals;
 * nobody runs an instruction of the guest before all are there, since a thread may look for any other by its number.
 * What thread_attend then delivers was waiting when the snapshot was taken.
 */
#include <linux/futex.h>
#include <linux/prctl.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include "host.h"
#include "pending.h"
#include "revive.h"

#define TRIES 100000
#define PATIENCE 300                     /* looks of 50 ms */

static const struct revive *job;
static const struct snap_thread *making;         /* whose thread is being made */
static volatile uint32_t ready;

void revive_thread(struct thread *t, const struct snap_thread *r)
{
	t->regs = r->regs;
	t->poked = r->poked;
	t->flags = r->flags;
	t->altstack = (struct sigalt){ r->alt_base, r->alt_size, r->alt_flags };
	t->clear_tid = r->clear_tid;
	t->robust = r->robust;
	t->sigmask = ((sigbits)r->mask[1] << 64 | r->mask[0]) & ~SIGSET_UNBLOCKABLE;
	t->left_at = r->left_at;
	t->left_ns = r->left;
	t->fs = 0;
	if (t->p->pers->thread_restored)
		t->p->pers->thread_restored(t, r->own);
}
static void load(struct thread *t, const struct snap_thread *r, int tid)
{
	long e = t->p->engine->load(t, &r->engine);
	if (e < 0)
		die("the registers of a thread cannot be restored: %s; another processor may have saved them", error_text(e));
	if (r->tid != tid && !alias_add(r->tid, tid))
		t->p->renamed = true;
	else if (r->tid != tid)
		die("no memory for the numbers of threads");
}
static void before(struct thread *child, int tid) { load(child, making, tid); }

/* Its scheduling, as far as whoever restores may: what cannot be had here is said. */
static void schedule(const struct snap_task *k)
{
	struct { uint32_t size, policy; uint64_t flags; int32_t nice; uint32_t priority; uint64_t runtime, deadline, period; } now;
	long e = 0;

	if (!host(SYS_sched_getattr, 0, &now, sizeof now, 0) && memcmp(&now, &k->sched, sizeof now))
		e = host(SYS_sched_setattr, 0, &k->sched, 0);
	if (e < 0)
		warn("its scheduling (policy %u, priority %u, niceness %d) cannot be had here: %s; it has the restorer's", k->sched.policy,
		     k->sched.priority, k->sched.nice, error_text(e));
	if ((e = host(SYS_sched_setaffinity, 0, sizeof k->cpus, k->cpus)) < 0)
		warn("the processors that it is bound to cannot be had here: %s; it has the restorer's", error_text(e));
	if (host(SYS_ioprio_get, 1, 0) != k->ioprio && (e = host(SYS_ioprio_set, 1, 0, k->ioprio)) < 0)
		warn("its priority of input and output cannot be had here: %s; it has the restorer's", error_text(e));
}
static void task(const struct snap_thread *r)
{
	for (unsigned i = 0; i < job->tasks.n; i++) {
		const struct snap_task *k = job->tasks.at[i];
		if (k->tid != r->tid)
			continue;
		schedule(k);
		host(SYS_prctl, PR_SET_PDEATHSIG, k->pdeathsig);
		host(SYS_prctl, PR_SET_TIMERSLACK, k->slack);
		host(SYS_personality, k->persona);
		if (host(SYS_prctl, PR_GET_SECUREBITS) != k->secure && host(SYS_prctl, PR_SET_SECUREBITS, k->secure) < 0)
			die("it had other rights of the super-user's (securebits %#x), which cannot be set here", (unsigned)k->secure);
		if (k->keepcaps == 1)
			host(SYS_prctl, PR_SET_KEEPCAPS, 1);
		if (k->nnp == 1)
			host(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	}
}
/* What only a thread can do for itself. Signals of any code may be sent to oneself. */
static void for_itself(struct thread *t, const struct snap_thread *r)
{
	host(SYS_prctl, PR_SET_NAME, r->comm);
	if (t->robust)
		host(SYS_set_robust_list, t->robust, 24);
	task(r);
	for (unsigned i = 0; i < job->signals.n; i++) {
		const struct snap_waiting *s = job->signals.at[i];
		if (s->tid == r->tid)
			host(SYS_rt_tgsigqueueinfo, t->p->pid, t->tid, s->sig, s->info);
		else if (!s->tid && r == job->threads.at[0])
			host(SYS_rt_sigqueueinfo, t->p->pid, s->sig, s->info);
	}
}
static void other_begins(struct thread *t)
{
	while (!ready)
		host(SYS_futex, &ready, FUTEX_WAIT_PRIVATE, 0, NULL);
	for (unsigned i = 0; i < job->threads.n; i++) {
		const struct snap_thread *r = job->threads.at[i];
		if (alias_host(r->tid) == t->tid)
			for_itself(t, r);
	}
}
static void make_threads(struct thread *self)
{
	for (unsigned i = 1; i < job->threads.n; i++) {
		struct thread *t = thread_new(self->p);
		long e = t ? 0 : -ENOMEM;
		if (t) {
			making = job->threads.at[i];
			revive_thread(t, making);
			t->begin = other_begins;
			e = thread_spawn(t, before);
		}
		if (e < 0)
			die("thread %u of %u cannot be made: %s", i + 1, job->threads.n, error_text(e));
	}
}
/* The host gives numbers in order, and takes those of deleted timers again only much later. */
static void make_timer(const struct snap_timer *r)
{
	struct sigevent ev = { .sigev_notify = r->notify, .sigev_signo = r->sig, .sigev_value.sival_ptr = (void *)r->value };
	struct itimerspec it = { { r->interval[0], r->interval[1] }, { r->left[0], r->left[1] } };
	int id = -1;
	long e = 0;

	if (r->notify == SIGEV_THREAD_ID)
		ev._sigev_un._tid = alias_host(r->tid);
	for (int i = 0; i < TRIES && e >= 0 && id < r->id; i++) {
		if (id >= 0)
			host(SYS_timer_delete, id);
		e = host(SYS_timer_create, r->clock, &ev, &id);
	}
	if (e < 0 || id != r->id || (e = host(SYS_timer_settime, id, 0, &it, NULL)) < 0)
		die("timer %d cannot be made again: %s", r->id, e < 0 ? error_text(e) : "the host gives other numbers");
}
static void make_clocks(void)
{
	for (unsigned i = 0; i < job->timers.n; i++)
		make_timer(job->timers.at[i]);
	for (int i = 0; i < 3; i++) {
		const int64_t *w = job->proc->itimer[i];
		struct itimerval it = { { w[0], w[1] }, { w[2], w[3] } };
		if (w[2] || w[3])
			host(SYS_setitimer, i, &it, NULL);
	}
}
static void keep_pending(struct proc *p)
{
	for (unsigned i = 0; i < job->pending.n; i++) {
		const struct snap_pending *r = job->pending.at[i];
		siginfo_t si = { 0 };
		memcpy(&si, r->info, sizeof r->info);
		si.si_signo = (int)r->sig;
		if (pending_add(p, r->tid ? alias_host(r->tid) : 0, &si) < 0)
			die("no room for a signal that waits");
	}
}
static void of_the_process(const struct snap_proc *p)
{
	if (p->dumpable == 0 || p->dumpable == 1)
		host(SYS_prctl, PR_SET_DUMPABLE, p->dumpable);
	if (p->subreaper)
		host(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1);
	if (p->no_thp)
		host(SYS_prctl, PR_SET_THP_DISABLE, 1, 0, 0, 0);
	for (unsigned bit = 0; bit < 9; bit++)
		if (p->membarrier >> bit & 1)
			host(SYS_membarrier, 1 << bit, 0, 0);
}
static bool is_missed(void)
{
	siginfo_t si = { 0 };
	for (unsigned i = 0; i < job->n_kin; i++)
		if (!host(SYS_waitid, P_PID, job->kin[i], &si, WEXITED | WNOHANG | WNOWAIT | __WALL, NULL) && si.si_pid)
			return true;
	return job->parent && host(SYS_getppid) != job->parent;
}
/* No process of a tree begins before all are there. */
static void meet(void)
{
	static const struct timespec nap = { 0, 50000000 };
	uint32_t seen;

	if (!job->arrived)
		return;
	__atomic_add_fetch(job->arrived, 1, __ATOMIC_SEQ_CST);
	host(SYS_futex, job->arrived, FUTEX_WAKE, 1 << 30);
	for (unsigned i = 0; (seen = *job->arrived) < job->members && !*job->failed && i < PATIENCE; i++) {
		host(SYS_futex, job->arrived, FUTEX_WAIT, seen, &nap);
		if (*job->arrived < job->members && is_missed())
			*job->failed = 1;
	}
	if (*job->arrived < job->members)
		die("another process of its tree could not be made again");
}
static void first_begins(struct thread *t)
{
	const struct snap_thread *r = job->threads.at[0];
	load(t, r, t->tid);
	make_threads(t);
	keep_pending(t->p);
	for_itself(t, r);
	make_clocks();
	of_the_process(job->proc);
	meet();
	ready = 1;
	host(SYS_futex, &ready, FUTEX_WAKE_PRIVATE, 1 << 30);
}
void revive_first(struct thread *t, const struct revive *v)
{
	job = v;
	t->begin = first_begins;
}
