/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Processes. fork is fork: the child has a copy of everything, the engine is armed again before guest code runs, and no
 * lock of ours was left held by a thread that is not there. vfork shares the parent's memory for real (so what the child
 * writes is seen), therefore the child gets a thread block and a struct proc of its own; the host suspends the parent.
 * exec builds everything, then commits with one host execve: ourselves again for a foreign program, the program itself
 * for a native one. What can fail is checked before (loader/plan.c, behind the gate).
 */
#include <sched.h>
#include <fcntl.h>
#include "host.h"
#include "thread.h"
#include "arena.h"
#include "options.h"
#include "pending.h"
#include "loader/plan.h"

extern void (*const __start_guise_atfork[])(struct proc *);
extern void (*const __stop_guise_atfork[])(struct proc *);
extern volatile uint32_t *const __start_guise_forklocks[], *const __stop_guise_forklocks[];

static void child_ids(struct proc *p, struct thread *t)
{
	p->pid = (int)host(SYS_getpid);
	p->ppid = (int)host(SYS_getppid);
	t->tid = (int)host(SYS_gettid);
	host(SYS_set_tid_address, &t->tid);      /* a copied process has lost what its maker's thread had asked for */
}
/* Every page that is written here is one that the kernel copies: what is right already is left alone. */
static void child_begin(struct proc *p, struct thread *t)
{
	lock_forget(&p->siglock);
	p->ppid = p->pid;
	p->pid = t->tid;                 /* which the host wrote */
	t->vforked = false;
	pending_clear(p->pending);
	p->signals_taken = 0;
	t->sigwait = 0;
	fd_forked(p);
	for (void (*const *f)(struct proc *) = __start_guise_atfork; f < __stop_guise_atfork; f++)
		(*f)(p);
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

static volatile bool memory_shared FORKED;      /* a child that has our memory may run beside us: a process of one thread, too */

/* Nobody else could hold a lock: then none is taken, since each would cost parent and child a page to copy. */
static bool alone(const struct thread *t) { return t->p->nthreads == 1 && !t->vforked && !memory_shared; }

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
	bool locks = !alone(t);
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
		memory_shared = false;
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
	child->regs = t->regs;
	child->sigmask = t->sigmask;
	child->altstack = stack ? (struct sigalt){ .flags = 2 } : t->altstack;
	child->priv = t->priv;
	child->flags = t->flags;
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
	host_flags |= CLONE_VM | (flags & FORK_VFORK ? CLONE_VFORK : 0);
	if (!(flags & FORK_VFORK))
		memory_shared = true;
	long pid = thread_clone(child, (long)host_flags);
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
}
void proc_exit(struct thread *t, int status)
{
	if (t->p->pers->proc_exit)
		t->p->pers->proc_exit(t);
	observe_end(t, status, true);
	report_end(t);
	for (;;)
		host(SYS_exit_group, status);
}

/* --- exec ------------------------------------------------------------------------------------------------------------------ */
struct vec { uint64_t *v; size_t n, room; };

static long vec_add(struct vec *v, uint64_t s)
{
	if (v->n == v->room) {
		size_t room = v->room ? v->room * 2 : 64;
		uint64_t *bigger = mem_alloc(room * sizeof *bigger);
		if (!bigger)
			return -E2BIG;
		memcpy(bigger, v->v, v->n * sizeof *bigger);
		mem_free(v->v, v->room * sizeof *bigger);
		v->v = bigger;
		v->room = room;
	}
	v->v[v->n++] = s;
	return 0;
}
/* The guest's pointers as they are: the host's execve reads the strings, and checks them. */
static long vec_guest(struct vec *v, uaddr from)
{
	uint64_t s = 1;
	for (long e; from && s; from += 8)
		if ((e = copy_in(&s, from, 8)) || (s && (e = vec_add(v, s))))
			return e;
	return 0;
}
static long vec_text(struct vec *v, const char *s) { return vec_add(v, (uint64_t)s); }

struct exec {
	struct thread *t;
	struct plan plan;
	struct vec argv, envv, guest;
	char signals[40];
};

/* What the guest blocks and ignores, where the host does not keep it over exec. */
static long vec_signals(struct exec *x)
{
	uint64_t blocked = (uint64_t)(x->t->sigmask >> 64), ignored = 0;
	for (int sig = 65; sig <= 128; sig++)
		ignored |= (uint64_t)(x->t->p->act[sig].handler == 1) << (sig - 65);
	if (!x->t->p->pers->sig_carrier || !(blocked | ignored))
		return 0;
	fmt(x->signals, sizeof x->signals, "%lx:%lx", blocked, ignored);
	long e = vec_text(&x->argv, "--signals");
	return e ? e : vec_text(&x->argv, x->signals);
}
/* argv of the host's exec: [guise, its options, --argv0 .. --,] interpreter, its argument, script, the guest's own rest */
static long build(struct exec *x, uaddr argv, uaddr envv)
{
	struct options *o = x->t->p->opt;
	struct plan *pl = &x->plan;
	char *argv0 = pl->n_pre ? pl->pre[0] : NULL;
	long e = vec_guest(&x->guest, argv);

	if (!e)
		e = vec_guest(&x->envv, envv);
	if (!e && !pl->native) {
		e = vec_text(&x->argv, "guise");
		for (unsigned i = 0; !e && i < o->n_self; i++)
			e = vec_text(&x->argv, o->self_argv[i]);
		if (!e && o->trace_fd >= 0 && !(e = vec_text(&x->argv, "--trace-fd")) && !(e = vec_text(&x->argv, o->fd_text[0])) &&
		    !(e = vec_text(&x->argv, "--trace-end")))        /* it may have come later than the options */
			e = vec_text(&x->argv, o->fd_text[2]);
		if (!e)
			e = vec_signals(x);
		if (!e && !(e = vec_text(&x->argv, "--resume-fd")) && !(e = vec_text(&x->argv, pl->fd_text)) &&
		    !(e = vec_text(&x->argv, "--argv0")) &&
		    !(e = argv0 ? vec_text(&x->argv, argv0) : vec_add(&x->argv, x->guest.n ? x->guest.v[0] : (uint64_t)"")) &&
		    !(e = vec_text(&x->argv, "--")))
			e = vec_text(&x->argv, pl->guest_path);
	} else if (!e && x->guest.n + pl->n_pre) {
		e = argv0 ? vec_text(&x->argv, argv0) : vec_add(&x->argv, x->guest.v[0]);
	}
	for (unsigned i = 1; !e && i < pl->n_pre; i++)
		e = vec_text(&x->argv, pl->pre[i]);
	for (size_t i = 1; !e && i < x->guest.n; i++)
		e = vec_add(&x->argv, x->guest.v[i]);
	return e ? e : (e = vec_add(&x->argv, 0)) ? e : vec_add(&x->envv, 0);
}
static long plan_gated(void *x) { return plan_make(&((struct exec *)x)->plan, ((struct exec *)x)->t); }

static void signals_for_exec(struct thread *t, bool keep)
{
	struct { uint64_t handler, flags, restorer, mask; } ign = { .handler = 1 };
	uint64_t mask = (uint64_t)t->sigmask | (keep ? carrier_bit(t->p) : 0);
	for (int sig = 1; sig <= (keep ? 63 : 31); sig++)
		if (t->p->act[sig].handler == 1)
			host(SYS_rt_sigaction, sig, &ign, NULL, 8);
	host(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8);
	if (keep)
		carrier_keep(t);
}
static long commit(struct exec *x)
{
	struct proc *p = x->t->p;
	long e;

	observe_exec(x->t, !x->plan.native);
	if (p->pers->proc_exit)
		p->pers->proc_exit(x->t);
	if (p->pers->proc_execs)
		p->pers->proc_execs(p);
	signals_for_exec(x->t, !x->plan.native && x->plan.pers->sig_carrier == p->pers->sig_carrier && p->pers->sig_carrier);
	fd_limit_exec(p, false);
	if (!x->plan.native)
		host(SYS_fcntl, x->plan.fd, F_SETFD, 0);
	if (x->plan.native)
		e = host(SYS_execve, x->plan.path, x->argv.v, x->envv.v);
	else
		e = host(SYS_execve, "/proc/self/exe", x->argv.v, x->envv.v);
	fd_limit_exec(p, true);
	signal_start(p);
	signal_exec_failed(p);
	signal_setmask(x->t, x->t->sigmask);
	return e;
}
long proc_exec(struct thread *t, int dirfd, const char *guestpath, uaddr argv, uaddr envv)
{
	struct exec *x = mem_alloc(sizeof *x);
	if (!x)
		return -ENOMEM;
	x->t = t;
	x->plan.dirfd = dirfd;
	x->plan.fd = x->plan.given = -1;
	str_copy(x->plan.guest_path, guestpath, sizeof x->plan.guest_path);
	long e = gate(plan_gated, x);
	if (!e)
		e = build(x, argv, envv);
	if (!e)
		e = commit(x);
	if (x->plan.fd >= 0)
		host(SYS_close, x->plan.fd);
	mem_free(x->argv.v, x->argv.room * 8);
	mem_free(x->envv.v, x->envv.room * 8);
	mem_free(x->guest.v, x->guest.room * 8);
	mem_free(x, sizeof *x);
	return e;
}
