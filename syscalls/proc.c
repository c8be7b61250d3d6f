/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Processes. fork is fork: the child has a copy of everything, the engine is armed again before guest code runs, and no
 * lock of ours was left held by a thread that is not there. vfork shares the parent's memory for real (so what the child
 * writes is seen), therefore the child gets a thread block and a struct proc of its own; the host suspends the parent.
 */
#include <sched.h>
#include <sys/wait.h>
#include "host.h"
#include "observe/audit.h"
#include "thread.h"
#include "arena.h"
#include "pending.h"
#include "debug/tracing.h"
#include "machine/privilege.h"

extern const struct atfork __start_guise_atfork[], __stop_guise_atfork[];
extern volatile uint32_t *const __start_guise_forklocks[], *const __stop_guise_forklocks[];

static void child_ids(struct proc *p, struct thread *t)
{
	p->pid = (int)host(SYS_getpid);
	p->ppid = (int)host(SYS_getppid);
	t->tid = (int)host(SYS_gettid);
	host(SYS_set_tid_address, &t->tid);      /* a copied process has lost what its maker's thread had asked for */
}
static void at_fork(struct proc *p)
{
	for (const struct atfork *a = __start_guise_atfork; a < __stop_guise_atfork; a++) {
		const volatile char *w = a->word;
		bool set = !w;
		for (size_t i = 0; i < a->size; i++)
			set |= w[i] != 0;
		if (!a->fn)
			lock_forget((volatile uint32_t *)a->word);
		else if (set)
			a->fn(p);
	}
}
/* Every page that is written here is one that the kernel copies: what is right already is left alone. */
static void child_begin(struct proc *p, struct thread *t)
{
	lock_forget(&p->siglock);
	if (t->ports && !(p->pers->io_keeps & IO_PORTS_BORN))
		privilege_end_ports(t);
	p->ppid = p->pid;
	p->pid = t->tid;                 /* which the host wrote */
	t->vforked = false;
	p->forked = true;
	pending_clear(p->pending);
	p->signals_taken = 0;
	t->sigwait = 0;
	fd_forked(p);
	at_fork(p);
	if (p->pers->proc_forked)
		p->pers->proc_forked(p);
	if (p->engine->arm(t) < 0)
		die("the engine cannot be armed in a forked child");
}
static void fork_locks(void (*each)(volatile uint32_t *))
{
	for (volatile uint32_t *const *l = __start_guise_forklocks; l < __stop_guise_forklocks; l++)
		each(*l);
}
static void lock_one(volatile uint32_t *l) { lock(l); }
static void unlock_one(volatile uint32_t *l) { unlock(l); }

static volatile bool shared FORKED;      /* a child that has our memory or our descriptors may run beside us: not only threads */

bool proc_alone(const struct thread *t) { return t->p->nthreads == 1 && !t->p->helpers && !t->vforked && !shared; }

static void locks_take(struct thread *t)
{
	fork_locks(lock_one);
	lock(&t->p->siglock);
	lock(&t->p->space->lock);
	lock(&gate_lock);
	lock(&arena_lock);
}
static void locks_give(struct thread *t)
{
	unlock(&arena_lock);             /* others may sleep on them */
	unlock(&gate_lock);
	unlock(&t->p->space->lock);
	unlock(&t->p->siglock);
	fork_locks(unlock_one);
}
/* A signal for the child that comes before it has its own numbers and queues must wait until it has. */
static long fork_copy(struct thread *t, unsigned long flags)
{
	uint64_t all = ~0ull, old;
	bool locks = !proc_alone(t);     /* where nobody else could hold one none is taken: each would be a page to copy */
	long e = t->p->engine->spawn ? t->p->engine->spawn(t, t) : 0;
	if (e < 0)
		return e;
	pace_stop(t);                    /* what ends it is the parent's alone */
	if (flags & CLONE_FILES)
		shared = true;
	if (locks)
		locks_take(t);
	host(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, 8);
	long pid = host(SYS_clone, flags | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID, 0, 0, &t->tid, 0);
	if (pid && locks)
		locks_give(t);
	if (!pid) {
		if (locks)
			fork_locks(lock_forget);
		lock_forget(&arena_lock);
		lock_forget(&gate_lock);
		lock_forget(&t->p->space->lock);
		shared = flags & CLONE_FILES;
		t->p->shares_files = flags & CLONE_FILES;
		child_begin(t->p, t);
	}
	host(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, 8);
	return pid;
}
/* The child's result is written by the personality as if its own call had returned 0. */
static void child_result(struct thread *child, const struct call *c)
{
	struct call mine = *c;
	mine.t = child;
	mine.rv = 0;
	mine.rv2 = 1;
	mine.has_rv2 = c->has_rv2;
	child->p->pers->store(child, &mine);
}
static struct thread *child_block(struct thread *t, uaddr stack)
{
	struct proc *p = mem_alloc(sizeof *p);
	struct thread *child = p ? thread_new(p) : NULL;
	struct pending *pending = child ? pending_new() : NULL;
	if (!pending) {
		if (child)
			thread_free(child);
		mem_free(p, sizeof *p);
		return NULL;
	}
	*p = *t->p;
	p->pending = pending;
	p->siglock = 0;
	p->nthreads = 1;
	p->helpers = 0;
	child->regs = t->regs;
	child->sigmask = t->sigmask;
	child->altstack = stack ? (struct sigalt){ .flags = 2 } : t->altstack;
	child->priv = t->priv;
	child->flags = t->flags;
	if (privilege_any(t))
		privilege_born(child, t, p->pers->io_keeps & IO_PORTS_BORN);
	child->vforked = true;
	child->go = 1;
	child_result(child, t->call);
	if (stack)
		child->regs.rsp = stack;
	return child;
}
/* Handlers become the default; the host's own table need not know: deliver() goes by ours. */
static void drop_handlers(struct proc *p)
{
	for (unsigned sig = 1; sig < ARRAY_LEN(p->act); sig++)
		if (p->act[sig].handler > 1)
			p->act[sig] = (struct sigact){ 0 };
}
/* A child of vfork that has ended can be waited for when its parent runs again: elsewhere it is let go no earlier, and a
 * posix_spawn may take what failed with WNOHANG. The host's gives the memory back a little before. */
static void ended_whole(long pid)
{
	siginfo_t si;
	while (host(SYS_waitid, P_PID, pid, &si, WEXITED | WNOWAIT | __WALL, NULL) == -EINTR)
		;
}
static long fork_shared(struct thread *t, unsigned flags, unsigned long host_flags, uaddr stack)
{
	mem_changes(t, 0, 0, CHANGE_EXEC);       /* its code is the parent's, and it is armed alone */
	struct thread *child = child_block(t, stack);
	if (!child)
		return -ENOMEM;
	struct proc *p = child->p;
	p->shares_files = flags & FORK_FILES;
	if (flags & FORK_DROPSIG)
		drop_handlers(p);
	if (p->engine->spawn && p->engine->spawn(t, child) < 0) {
		thread_free(child);
		pending_free(p->pending);
		mem_free(p, sizeof *p);
		return -EAGAIN;
	}
	child->tr.nr = t->call->nr;
	child->tr.row = t->call->row;
	bool own = tracee_vfork_own(t->p, p) && flags & FORK_VFORK, was_shared = shared;
	host_flags |= CLONE_VM | (flags & FORK_VFORK && !own ? CLONE_VFORK : 0);
	if (!(flags & FORK_VFORK) || own)
		shared = true;
	if (!own && flags & FORK_VFORK)
		tracee_absent(t);
	long pid = thread_clone(child, (long)host_flags);
	if (!own && flags & FORK_VFORK)
		tracee_back(t);
	if (own && pid > 0) {
		tracee_vforked(t, child, (int)pid);
		shared = was_shared;
	}
	if (pid > 0 && flags & FORK_VFORK && !p->execs)
		ended_whole(pid);
	if (pid < 0 || flags & FORK_VFORK) {
		pending_free(p->pending);
		if (p->fds != t->p->fds)
			fd_gone(p);
		mem_free(p, sizeof *p);
	}
	return pid;
}
long proc_fork(struct thread *t, unsigned flags, uaddr stack, int exit_signal)
{
	unsigned long host_flags = (unsigned)exit_signal | (flags & FORK_FILES ? CLONE_FILES : 0);
	if (flags & FORK_VM)
		return fork_shared(t, flags, host_flags, stack);
	long pid = fork_copy(t, host_flags);
	if (pid > 0 && t->p->pers->proc_forks)
		t->p->pers->proc_forks(t->p, (int)pid);
	if (pid > 0 && t->p->traced)
		tracee_forks(t, (int)pid);
	if (!pid && flags & FORK_DROPSIG)
		drop_handlers(t->p);
	if (!pid && stack)
		t->regs.rsp = stack;
	return pid;
}
/* A child that shares its parent's memory, on its own thread, before it is a guest (thread.c). */
void proc_child_shared(struct thread *t)
{
	child_ids(t->p, t);
	fd_forked_shared(t->p);
	if (t->p->pers->proc_forked)
		t->p->pers->proc_forked(t->p);
	tracee_vfork_began(t);
}
void proc_exit(struct thread *t, int status)
{
	if (t->p->traced && t->p->nthreads > 1)
		tracee_single(t);
	if (t->p->pers->proc_exit)
		t->p->pers->proc_exit(t);
	status = audit_status(t, status);
	observe_end(t, status, true);
	report_end(t);
	tracee_exits(t, (status & 0xff) << 8);
	for (;;)
		host(SYS_exit_group, status);
}
