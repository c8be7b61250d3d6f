/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A process that another guest debugs. It stops itself, where a kernel would have stopped it: before a signal is
 * delivered, at a call's beginning and end, after fork and exec, at a thread's birth and end. The thread that it happens
 * to (the one who tells) has all others stand still, sends a packet to the tracer and then serves its requests until it
 * may go on (serve.c).
 *
 * A thread stands still in thread_attend, or, if it slept in a call, within the host handler that woke it: then the sleep
 * goes on afterwards and the guest never learns of it. Its registers are in t->regs either way, its vector state where
 * t->tr.fpu says.
 *
 * The socket is made at the first stop: whoever called PT_TRACE_ME in its parent's memory (vfork) has no parent that could
 * answer before. If the tracer goes, what it traced dies, as on the systems that have this. Lock: traced.lock, innermost;
 * nothing here needs memory, since it may run in the host handler.
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "host.h"
#include "thread.h"
#include "pending.h"
#include "mark.h"
#include "tracing.h"

enum { DUE_NOTHING, DUE_ATTACH, DUE_CHILD, DUE_EXEC };
struct traced {
	volatile int pid;        /* whose this is; 0: nobody's */
	int tracer;
	int sock, marker;        /* ours, or -1 */
	uint32_t events;         /* TRACE_*; changed by whoever serves */
	volatile uint32_t due;   /* the first stop */
	uint32_t exec_nr;        /* with DUE_EXEC: the call that it was */
	bool set_up;
	volatile uint32_t lock;
	volatile uint32_t stopped;       /* the others stand still; under lock */
	volatile uint32_t turn;          /* changes when somebody may go on */
	volatile uint32_t came;          /* changes when one has come to stand */
	struct thread *volatile who;     /* who tells */
	struct thread *volatile single;  /* who ends the process, or executes; or NULL */
	struct trace_packet packet;      /* who tells has it */
};
static struct traced pool[8] SPARSE;     /* one, and one for each child in its memory */
static volatile bool any FORKED;
#define TRAP_FLAG 0x100ull
#define INJECTED 0x67757365              /* si_errno of a signal that the tracer gave: it is not told again */

static long sleep_on(volatile uint32_t *word, uint32_t was, const struct timespec *ts)
{
	return host(SYS_futex, word, FUTEX_WAIT_PRIVATE, was, ts);
}
static void wake_all(volatile uint32_t *word)
{
	__atomic_add_fetch(word, 1, __ATOMIC_SEQ_CST);
	host(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT32_MAX);
}
void tracee_wake(struct thread *t) { wake_all(&t->p->traced->turn); }
static uint64_t block_all(void)
{
	uint64_t all = ~FAULTS, old = 0;         /* our own accesses to its memory may fault */
	host(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, 8);
	return old;
}
static void unblock(uint64_t old) { host(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, 8); }

/* --- who is traced ----------------------------------------------------------------------------------------------- */
static struct traced *traced_new(int pid, int tracer, uint32_t events)
{
	for (struct traced *d = pool; d < pool + ARRAY_LEN(pool); d++) {
		int none = 0;
		if (d->pid || !__atomic_compare_exchange_n(&d->pid, &none, pid, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			continue;
		d->tracer = tracer;
		d->sock = d->marker = -1;
		d->events = events;
		d->due = DUE_NOTHING;
		d->set_up = false;
		d->lock = d->stopped = 0;
		d->who = d->single = NULL;
		any = true;
		return d;
	}
	return NULL;
}
static void traced_by(struct proc *p, struct traced *d)
{
	p->traced = d;
	p->debugged = d != NULL;
}
static void close_fd(int *fd)
{
	if (*fd >= 0)
		host(SYS_close, *fd);
	*fd = -1;
}
bool tracee_is(int pid) { return mark_is(pid, "traced"); }
int tracee_tracer(const struct proc *p) { return p->traced ? p->traced->tracer : 0; }

/* From now on every signal comes to us, and no site is a jump: the tracer finds the guest's own code, and what it writes
 * there is not written over. */
static void set_up(struct thread *t, struct traced *d)
{
	if (d->set_up)
		return;
	d->set_up = true;
	d->marker = mark_hold(t->p, "traced");
	tracee_catch(t->p);
	if (!t->p->engine->apart)        /* there nothing of the guest's is changed by us */
		mem_changes(t, 0, USER_TOP, CHANGE_UNSEEN);
}
static void let_go(struct thread *t, struct traced *d)
{
	struct proc *p = t->p;
	traced_by(p, NULL);
	close_fd(&d->sock);
	close_fd(&d->marker);
	tracee_catch(p);
	d->pid = 0;
}
static void __attribute__((noreturn)) die_with(struct thread *t)
{
	for (;;)
		host(SYS_kill, host(SYS_getpid), SIGKILL);
}
long tracee_me(struct thread *t)
{
	struct proc *p = t->p;
	int parent = (int)host(SYS_getppid);
	if (p->traced)
		return -EBUSY;
	if (carrier_tell(t, parent, 0, 0, 0) < 0)        /* a native parent, or none: nobody who could trace */
		return -EPERM;
	struct traced *d = traced_new(p->pid, parent, TRACE_EXEC);
	if (!d)
		return -EAGAIN;
	traced_by(p, d);
	set_up(t, d);
	return 0;
}
void tracee_asked(struct thread *t, int tracer)
{
	struct traced *d = t->p->traced ? NULL : traced_new(t->p->pid, tracer, TRACE_EXEC);
	if (!d)
		return;
	d->due = DUE_ATTACH;
	traced_by(t->p, d);
}

/* --- to the tracer ----------------------------------------------------------------------------------------------- */
static void notify(struct traced *d, bool on) { host(SYS_fcntl, d->sock, F_SETFL, on ? O_ASYNC : 0); }

static bool is_tracer(struct traced *d, long s)
{
	struct ucred who = { 0 };
	unsigned len = sizeof who;
	host(SYS_getsockopt, s, SOL_SOCKET, SO_PEERCRED, &who, &len);
	return who.pid == d->tracer;
}
static void link_up(struct thread *t, struct traced *d)
{
	static const struct timespec nap = { 0, 200000 };
	struct sockaddr_un a;
	long n = mark_name(&a, "tracer", d->tracer), e = 0, s = -1;

	for (unsigned i = 0; d->sock < 0; i++) {
		s = host(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
		s = s < 0 ? s : fd_ours(t->p, (int)s);
		e = s < 0 ? s : host(SYS_connect, s, &a, n);
		if (!e && is_tracer(d, s)) {
			d->sock = (int)s;
			break;
		}
		if (s >= 0)
			host(SYS_close, s);
		if (host(SYS_kill, d->tracer, 0) == -ESRCH)
			die_with(t);
		if (i % 64 == 0)
			carrier_tell(t, d->tracer, 0, TRACE_OP_SERVE, 0);
		host(SYS_nanosleep, &nap, NULL);
	}
	if (t->p->pers->sig_carrier) {
		host(SYS_fcntl, d->sock, F_SETSIG, t->p->pers->sig_carrier);
		host(SYS_fcntl, d->sock, F_SETOWN, t->p->pid);
	}
}
static void tell(struct traced *d, unsigned op, int tid, uint64_t a, uint64_t b, uint64_t c)
{
	struct trace_packet *k = &d->packet;
	k->op = op;
	k->tid = tid;
	k->rv = 0;
	k->a = a, k->b = b, k->c = c;
	k->len = 0;
	host(SYS_sendto, d->sock, k, TRACE_HEAD, MSG_NOSIGNAL, NULL, 0);
}
/* While it runs: nothing is to be read, so an end is all that there can be. */
void tracee_heard(struct thread *t)
{
	struct traced *d = t->p->traced;
	char c;
	if (d && d->sock >= 0 && !d->stopped && host(SYS_recvfrom, d->sock, &c, 1, MSG_PEEK | MSG_DONTWAIT, NULL, NULL) == 0)
		die_with(t);
}

/* --- standing still ---------------------------------------------------------------------------------------------- */
static bool must_stand(struct thread *t, const struct traced *d)
{
	return t->p->traced == d && ((d->stopped && d->who != t) || t->tr.suspended);
}
static void stand(struct thread *t, struct traced *d)
{
	do {
		__atomic_store_n(&t->tr.parked, 1, __ATOMIC_SEQ_CST);
		wake_all(&d->came);
		for (uint32_t turn = d->turn; must_stand(t, d); turn = d->turn)
			sleep_on(&d->turn, turn, NULL);
		__atomic_store_n(&t->tr.parked, 0, __ATOMIC_SEQ_CST);
	} while (must_stand(t, d));
}
void tracee_absent(struct thread *t) { __atomic_store_n(&t->tr.parked, 1, __ATOMIC_SEQ_CST); }
void tracee_back(struct thread *t)
{
	struct traced *d = t->p->traced;
	__atomic_store_n(&t->tr.parked, 0, __ATOMIC_SEQ_CST);
	if (d && must_stand(t, d)) {
		uint64_t old = block_all();
		stand(t, d);
		unblock(old);
	}
}
static bool all_stand(struct thread *t, struct traced *d, bool ask)
{
	struct thread *o;
	bool all = true;
	for (unsigned i = 0; (o = thread_next(t->p, &i));)
		if (o != t && !o->helper && !__atomic_load_n(&o->tr.parked, __ATOMIC_SEQ_CST)) {
			all = false;
			if (ask)
				carrier_tell(t, t->p->pid, o->tid, TRACE_OP_HALT, 0);
		}
	return all;
}
/* One that is being born or is ending takes no signal: it is looked at again. */
static void gather(struct thread *t, struct traced *d)
{
	static const struct timespec again = { 0, 2000000 };
	for (unsigned i = 0;; i++) {
		uint32_t came = d->came;
		if (all_stand(t, d, i % 8 == 0))
			return;
		sleep_on(&d->came, came, &again);
	}
}
static bool claim(struct thread *t, struct traced *d)
{
	for (;;) {
		bool mine;
		lock(&d->lock);
		mine = t->p->traced == d && !d->stopped && !t->tr.suspended;
		if (mine) {
			d->stopped = 1;
			d->who = t;
		}
		unlock(&d->lock);
		if (mine || t->p->traced != d)
			return mine;
		stand(t, d);
	}
}
static void release(struct thread *t, struct traced *d)
{
	lock(&d->lock);
	d->stopped = 0;
	d->who = NULL;
	unlock(&d->lock);
	wake_all(&d->turn);
}
/* With all signals blocked, and t->tr.fpu said. The signal to go on with; 0: none. */
static int stop(struct thread *t, int sig, const siginfo_t *si, unsigned flags, int child)
{
	struct traced *d = t->p->traced;
	struct trace_stop st = { .who = t, .flags = t->tr.flags | flags | STOP_SIGNAL, .child = child };

	if (!d || !claim(t, d))
		return si ? sig : 0;
	set_up(t, d);
	gather(t, d);
	t->tr.parked = 1;
	link_up(t, d);
	notify(d, false);
	if (si) {
		st.info = *si;
		st.has_info = true;
		st.flags |= STOP_INFO;
	}
	tell(d, TELL_STOP, t->tid, (uint64_t)sig, st.flags, (uint64_t)child);
	enum serve_end end = trace_serve(t, d->sock, &st, &d->events, &d->packet, &sig);
	if (end == SERVE_GONE)
		die_with(t);
	if (end == SERVE_DETACH)
		let_go(t, d);
	else
		notify(d, true);
	t->tr.parked = 0;
	release(t, d);
	if (end == SERVE_CONTINUE)
		tracee_heard(t);
	return sig;
}
/* In ordinary context: the vector state is live. */
static __attribute__((noinline)) int stop_here(struct thread *t, int sig, const siginfo_t *si, unsigned flags, int child)
{
	char x[FPU_SIZE] __attribute__((aligned(64)));
	uint64_t old = block_all();
	fpu_save(x);
	t->tr.fpu = x;
	t->tr.fs = segment_fs(t);
	t->tr.changed = 0;
	sig = stop(t, sig, si, flags, child);
	if (t->tr.changed & TR_FPU && fpu_load(x) < 0)
		fpu_init();
	if (t->tr.changed & TR_FS)
		segment_fs_set(t, t->tr.fs);
	t->tr.fpu = NULL;
	unblock(old);
	return sig;
}
static __attribute__((noinline)) void stand_here(struct thread *t, struct traced *d)
{
	char x[FPU_SIZE] __attribute__((aligned(64)));
	uint64_t old = block_all();
	fpu_save(x);
	t->tr.fpu = x;
	t->tr.fs = segment_fs(t);
	t->tr.changed = 0;
	stand(t, d);
	if (t->tr.changed & TR_FPU && fpu_load(x) < 0)
		fpu_init();
	if (t->tr.changed & TR_FS)
		segment_fs_set(t, t->tr.fs);
	t->tr.fpu = NULL;
	unblock(old);
}

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
		die_with(t);
	if (sig <= 64 && t->p->sig_watch >> (sig - 1) & 1)
		t->p->signal_seen(t->p, sig);
	for (unsigned i = 0; !can_take(t, sig) && (o = thread_next(t->p, &i));)
		other |= can_take(o, sig);
	signal_keep(t, other ? 0 : t->tid, &si);
	return !other;
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
	with = stop_here(t, sig, &pd->info, 0, 0);
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
static void event(struct thread *t, int sig, unsigned flags, int child) { inject(t, stop_here(t, sig, NULL, flags, child)); }

static void orphaned(struct thread *t, struct traced *d)
{
	int parent = (int)host(SYS_getppid);
	if (parent != d->tracer)
		carrier_tell(t, parent, 0, TRACE_OP_ORPHAN, (uint64_t)t->p->pid << 32 | (unsigned)d->tracer);
}
static const siginfo_t stop_info = { .si_signo = SIGSTOP, .si_code = SI_USER };

static void first_stop(struct thread *t, struct traced *d, uint32_t due)
{
	set_up(t, d);
	if (due == DUE_ATTACH) {
		orphaned(t, d);
		inject(t, stop_here(t, SIGSTOP, &stop_info, 0, 0));
	} else if (due == DUE_CHILD) {
		event(t, SIGSTOP, STOP_CHILD | STOP_SCX, 0);
	} else if (due == DUE_EXEC && d->events & TRACE_EXEC) {
		event(t, SIGTRAP, STOP_EXEC | STOP_SCX, 0);
	}
	t->tr.nr = 0;
}
/* Its end is told, and it waits for what ends it. */
static void end_here(struct thread *t, struct traced *d)
{
	if (d->events & TRACE_LWP)
		stop_here(t, SIGTRAP, NULL, STOP_EXITED, 0);
	block_all();
	t->tr.gone = true;
	__atomic_store_n(&t->tr.parked, 1, __ATOMIC_SEQ_CST);
	wake_all(&d->came);
	while (d->single)
		host(SYS_pause);
	t->tr.gone = false;
}
void tracee_single(struct thread *t)
{
	static const struct timespec again = { 0, 2000000 };
	struct traced *d = t->p->traced;
	struct thread *o, *none = NULL;
	bool all = false;

	if (!d || !(d->events & TRACE_LWP) || !__atomic_compare_exchange_n(&d->single, &none, t, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		return;
	tracee_absent(t);
	for (unsigned n = 0; !all && t->p->traced == d; n++) {
		uint32_t came = d->came;
		all = true;
		for (unsigned i = 0; (o = thread_next(t->p, &i));)
			if (o != t && !o->helper && !o->tr.gone) {
				all = false;
				if (n % 8 == 0)
					carrier_tell(t, t->p->pid, o->tid, TRACE_OP_HALT, 0);
			}
		if (!all)
			sleep_on(&d->came, came, &again);
	}
	tracee_back(t);
}
void tracee_attend(struct thread *t)
{
	struct traced *d;
	while ((d = t->p->traced)) {
		if (d->single && d->single != t) {
			end_here(t, d);
		} else if (must_stand(t, d)) {
			stand_here(t, d);
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
/* In the host handler of one that slept: its vector state is in the frame that the handler returns by. */
static void rest(struct thread *t, void *fpu)
{
	struct traced *d = t->p->traced;
	t->tr.fpu = fpu;
	t->tr.fs = segment_fs(t);
	t->tr.changed = 0;
	uint64_t old = block_all();
	if (d->due && __atomic_exchange_n(&d->due, 0, __ATOMIC_SEQ_CST)) {
		set_up(t, d);
		orphaned(t, d);
		inject(t, stop(t, SIGSTOP, &stop_info, 0, 0));
	}
	if ((d = t->p->traced) && must_stand(t, d))
		stand(t, d);
	if (t->tr.changed & TR_FS)
		segment_fs_set(t, t->tr.fs);
	t->tr.fpu = NULL;
	unblock(old);
}
/* ... or with the engine, which has the guest's registers. */
static __attribute__((noinline)) void rest_apart(struct thread *t)
{
	char x[FPU_SIZE] __attribute__((aligned(64)));
	fpu_save(x);
	rest(t, x);
	if (t->tr.changed & TR_FPU && fpu_load(x) < 0)
		fpu_init();
}
/* In the host handler. One that slept stands still here, so that its sleep goes on; the others where they come by. */
void tracee_halted(struct thread *t, bool ours, const long long *g, void *fpu)
{
	struct traced *d = t->p->traced;
	char *rip = (char *)g[16];               /* REG_RIP */
	bool slept = ours && ((rip >= wait_begin && rip < wait_after) || (rip == wait_after && g[13] == -EINTR)) && !t->attn;

	if (!d || !(must_stand(t, d) || d->due || (d->single && d->single != t)))
		return;
	if (t->helper) {                 /* none of the guest's: one of those */
		if (d->due)
			all_stand(t, d, true);
		return;
	}
	if (!slept || (d->single && d->single != t)) {
		t->attn = 1;
		return;
	}
	if (t->p->engine->apart)
		rest_apart(t);
	else
		rest(t, fpu);
}
bool tracee_enter(struct thread *t)
{
	t->tr.flags = STOP_SCE;
	if (!(t->p->traced->events & TRACE_SCE))
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
void tracee_exits(struct thread *t, int status)
{
	struct traced *d = t->p->traced;
	if (!d || d->sock < 0)
		return;
	lock(&d->lock);
	if (!d->stopped)
		tell(d, TELL_EXIT, t->tid, (uint64_t)status, 0, 0);
	unlock(&d->lock);
}

/* --- copies of it ------------------------------------------------------------------------------------------------ */
bool tracee_follows(const struct proc *p) { return p->traced && p->traced->events & TRACE_FORK; }

void tracee_forks(struct thread *t, int child)
{
	if (!tracee_follows(t->p))
		return;
	tracer_orphan(t, child, t->p->traced->tracer);
	t->tr.flags |= STOP_FORKED;
	t->tr.child = child;
}
static void child_of_traced(struct thread *t, struct traced *d)
{
	d->due = DUE_CHILD;
	t->attn = 1;
}
/* A fork's child has a copy of all this; what stood for its parent's others is nobody's there. */
static void copied(struct proc *p)
{
	struct thread *t = thread_self();
	struct traced *d = p->traced;
	int tracer = d ? d->tracer : 0;
	uint32_t events = d ? d->events : 0;
	if (d) {
		close_fd(&d->sock);
		close_fd(&d->marker);
	}
	for (struct traced *o = pool; o < pool + ARRAY_LEN(pool); o++)
		o->pid = 0;
	any = false;
	traced_by(p, NULL);
	t->tr.parked = t->tr.suspended = 0;
	t->tr.flags = 0;
	if (events & TRACE_FORK && (d = traced_new(p->pid, tracer, events))) {
		traced_by(p, d);
		t->tr.nr = t->call->nr;
		t->tr.row = t->call->row;
		child_of_traced(t, d);
	} else if (tracer) {
		tracee_catch(p);
	}
}
AT_FORK_IF(copied, any);

bool tracee_vfork_own(struct proc *p, struct proc *child)
{
	struct traced *d = p->traced;
	traced_by(child, d && d->events & TRACE_FORK ? traced_new(-1, d->tracer, d->events) : NULL);
	return d != NULL;
}
void tracee_vfork_began(struct thread *t)
{
	struct traced *d = t->p->traced;
	if (d) {
		d->pid = t->p->pid;
		child_of_traced(t, d);
	} else if (any) {
		tracee_catch(t->p);
	}
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

/* --- over exec --------------------------------------------------------------------------------------------------- */
void tracee_leaves(struct thread *t)
{
	uint32_t flags = t->tr.flags;
	t->tr.flags = STOP_SCX;
	if (t->p->traced->events & TRACE_EXEC)
		event(t, SIGTRAP, STOP_EXEC, 0);
	t->tr.flags = flags;
}
size_t tracee_save(struct proc *p, char *text, size_t n)
{
	struct traced *d = p->traced;
	struct call *c = thread_self()->call;
	if (!d)
		return 0;
	if (d->sock >= 0)
		host(SYS_fcntl, d->sock, F_SETFD, 0);
	return fmt(text, n, "%d:%u:%u:%u", d->tracer, d->events, (unsigned)(d->sock + 1), c ? c->nr : 0);
}
void tracee_load(struct proc *p, const char *text)
{
	uint64_t v[4] = { 0 };
	struct thread *t = thread_self();
	for (unsigned i = 0; i < 4 && text && *text; i++) {
		text = str_num(text, &v[i]);
		text = text && *text == ':' ? text + 1 : text;
	}
	struct traced *d = traced_new((int)host(SYS_getpid), (int)v[0], (uint32_t)v[1]);
	d->sock = (int)v[2] - 1;
	if (d->sock >= 0)
		host(SYS_fcntl, d->sock, F_SETFD, FD_CLOEXEC);
	d->due = DUE_EXEC;
	t->tr.nr = (uint32_t)v[3];
	t->tr.row = v[3] < p->pers->tab[0].n ? &p->pers->tab[0].row[v[3]] : NULL;
	t->attn = 1;
	traced_by(p, d);
}
