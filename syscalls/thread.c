/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A guest thread is a host thread with a block of ours: stack, struct thread, alternate stack. Blocks lie in one
 * stretch (arena.c) in slots of equal size; a slot is free again when the kernel has cleared its tid, which it does when
 * the host thread has left our stack for good. Threads are made by raw clone: libc never learns of them.
 *
 *   slot:  [guard][ our stack, 103 KiB ... ][ struct thread ][ alternate stack, 24 KiB ]
 *
 * What every call touches, the block and the top of the stack, lies on one page: a fork copies it for both sides.
 */
#include <sched.h>
#include <sys/mman.h>
#include <asm/prctl.h>
#include <linux/futex.h>
#include <sys/prctl.h>
#include "host.h"
#include "observe/audit.h"
#include "arena.h"
#include "thread.h"
#include "pending.h"
#include "debug/tracing.h"
#include "snapshot.h"
#include "machine/privilege.h"

#define SLOT (128 * 1024ul)
#define SLOTS 8192ul                     /* threads at once; fewer where virtual memory is limited */

_Static_assert(offsetof(struct thread, self) == 0 && offsetof(struct thread, stack) == 8, "entry.S");
_Static_assert(offsetof(struct thread, attn) == 16 && offsetof(struct thread, inside) == 20, "entry.S");
_Static_assert(offsetof(struct thread, regs) == 24 && offsetof(struct thread, regs.rip) == 152, "entry.S");
_Static_assert(offsetof(struct thread, poked) == 168 && offsetof(struct thread, wait_nr) == 172, "entry.S");
_Static_assert(offsetof(struct thread, entry) == 176 && offsetof(struct thread, leave) == 184, "entry.S");
_Static_assert(offsetof(struct thread, look) == 192 && offsetof(struct thread, p) == 200, "entry.S");
_Static_assert(offsetof(struct thread, entry_nr) == 208 && offsetof(struct thread, entry_rip) == 216, "entry.S");
_Static_assert(offsetof(struct thread, guard) == 224, "entry.S");
_Static_assert(offsetof(struct proc, fd_base) == 72 && offsetof(struct proc, slow) == 76, "entry.S");
_Static_assert(offsetof(struct proc, limited) == 77 && offsetof(struct proc, told_all) == 80, "entry.S, proc_barred");
_Static_assert(offsetof(struct thread, regs.rflags) == 160 && sizeof(struct regs) == 144, "entry.S");

static char *slots FORKED;               /* where the first ends; the others lie below it */
static size_t n_slots FORKED = SLOTS;
static volatile uint32_t slot_lock FORKED;
static unsigned slots_used FORKED;       /* every slot below was used once; under slot_lock */

void threads_start(struct space *s)
{
	slots = arena_start(s, 512ul << 20, SLOT, &n_slots);
}
static char *slot_at(unsigned i) { return slots - (i + 1) * SLOT; }
static struct thread *slot_thread(unsigned i)
{
	return (struct thread *)(slot_at(i) + SLOT - ALT_SIZE - ((sizeof(struct thread) + 63) & ~63ul));
}
/* All of it but the guard, which is what it was from the beginning. */
static bool slot_open(unsigned i) { return host(SYS_mprotect, slot_at(i) + PAGE, SLOT - PAGE, PROT_READ | PROT_WRITE) == 0; }

static unsigned slot_free(void)
{
	static unsigned hint;
	for (unsigned k = 0; k < slots_used; k++) {
		unsigned i = (hint + k) % slots_used;
		if (!slot_thread(i)->tid) {
			hint = i + 1;
			return i;
		}
	}
	if (slots_used == n_slots || !slot_open(slots_used))
		return (unsigned)n_slots;
	return slots_used++;
}
struct thread *thread_new(struct proc *p)
{
	lock(&slot_lock);
	unsigned i = slot_free();
	struct thread *t = i < n_slots ? slot_thread(i) : NULL;
	if (t) {
		memset(t, 0, sizeof *t);
		t->tid = -1;             /* taken; the host's number comes with the clone */
	}
	unlock(&slot_lock);
	if (!t)
		return NULL;
	t->self = t;
	t->look = LOOK_FIRST;
	t->entry = entry_jump;
	t->stack = (uint64_t)t & ~63ul;
	t->altmem = slot_at(i) + SLOT - ALT_SIZE;
	t->altstack.flags = SS_DISABLE;
	t->p = p;
	return t;
}
void thread_free(struct thread *t)
{
	__atomic_store_n(&t->tid, 0, __ATOMIC_RELEASE);
}
/* After fork only the calling thread is left. */
static void forget_others(struct proc *p)
{
	struct thread *me = thread_self();
	for (unsigned i = 0; i < slots_used; i++)
		if (slot_thread(i) != me && slot_thread(i)->tid)
			slot_thread(i)->tid = 0;
	lock_forget(&slot_lock);
	lock_forget(&p->all.lock);
	if (p->nthreads != 1)
		p->nthreads = 1;
	if (p->helpers)
		p->helpers = 0;
}
AT_FORK(forget_others);

struct thread *thread_next(struct proc *p, unsigned *i)
{
	while (*i < slots_used) {
		struct thread *t = slot_thread((*i)++);
		if (t->tid > 0 && t->p == p)
			return t;
	}
	return NULL;
}
static void noreturn_fail(const char *what, long e) { die("%s failed on a new thread: %s", what, error_text(e)); }

/* On the thread itself, once: everything that the host keeps by thread. */
static void thread_adopt(struct thread *t)
{
	long e = host(SYS_arch_prctl, ARCH_SET_GS, t);
	if (e < 0)
		noreturn_fail("setting gs", e);
	signal_thread_start(t);
	if ((e = t->p->engine->arm(t)) < 0)
		noreturn_fail("arming the engine", e);
	t->attn = 1;                     /* pass thread_attend once: it sets the guest's mask */
}
static void __attribute__((noreturn)) help(struct thread *t)
{
	long e = host(SYS_arch_prctl, ARCH_SET_GS, t);
	if (e < 0)
		noreturn_fail("setting gs", e);
	signal_thread_start(t);
	signal_setmask(t, ~(sigbits)0);
	host(SYS_prctl, PR_SET_NAME, THREAD_HELPER);
	t->helper(t);
	__builtin_unreachable();
}
void clone_child(struct thread *t)
{
	t->tid = (int)host(SYS_gettid);
	if (t->helper)
		help(t);
	if (t->vforked)
		proc_child_shared(t);
	if (t->fs)
		segment_fs_set(t, t->fs);
	while (!t->go)
		host(SYS_futex, &t->go, FUTEX_WAIT_PRIVATE, 0, NULL);
	thread_adopt(t);
	if (t->begin)
		t->begin(t);
	t->p->engine->run(t);
	__builtin_unreachable();
}
static void enter(void *t) { ((struct thread *)t)->p->engine->run(t); }

/* Leave the stack we came on and begin as a guest. */
void thread_begin(struct thread *t)
{
	thread_adopt(t);
	fpu_init();
	host(SYS_arch_prctl, ARCH_SET_FS, 0);    /* libc's is lent by the gate only */
	segment_fs_set(t, t->fs);
	if (t->begin)
		t->begin(t);
	stack_switch((void *)t->stack, enter, t);
}

/* The whole mask is blocked in the child: it must not take a signal before it has an alternate stack. */
long thread_clone(struct thread *child, long flags)
{
	uint64_t all = ~0ull, old;
	uint64_t *top = (uint64_t *)child->stack - 2;
	*top = (uint64_t)child;
	host(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, 8);
	long r = host_clone(flags | CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | CLONE_PARENT_SETTID, top, (void *)&child->tid, &child->tid, 0);
	host(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, 8);
	if (r < 0)
		thread_free(child);
	return r;
}
long thread_spawn(struct thread *child, void (*before)(struct thread *, int tid))
{
	struct proc *p = child->p;
	struct thread *self = thread_self();
	long r = p->engine->spawn ? p->engine->spawn(self, child) : 0;
	if (r < 0) {
		thread_free(child);
		return r;
	}
	if (p->nthreads == 1 && p->engine->look)
		p->engine->look(self);   /* the last occasion for what only a process of one thread can have */
	child->go = !before;
	if (p->traced)
		tracee_born(self, child);
	lock(&p->all.lock);              /* a thread begins as its maker is: not in the middle of a broadcast */
	child->turn = p->all.turn;
	__atomic_add_fetch(&p->nthreads, 1, __ATOMIC_RELAXED);
	r = thread_clone(child, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM);
	unlock(&p->all.lock);
	if (r < 0) {
		__atomic_sub_fetch(&p->nthreads, 1, __ATOMIC_RELAXED);
	} else if (before) {
		before(child, (int)r);
		child->go = 1;
		host(SYS_futex, &child->go, FUTEX_WAKE_PRIVATE, 1);
	}
	return r;
}
long thread_help(struct proc *p, void (*fn)(struct thread *))
{
	struct thread *t = thread_new(p);
	if (!t)
		return -EAGAIN;
	t->helper = fn;
	t->inside = 1;
	lock(&p->all.lock);
	t->turn = p->all.turn;
	__atomic_add_fetch(&p->helpers, 1, __ATOMIC_RELAXED);
	long r = thread_clone(t, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM);
	unlock(&p->all.lock);
	if (r < 0)
		__atomic_sub_fetch(&p->helpers, 1, __ATOMIC_RELAXED);
	return r < 0 ? r : 0;
}
/* --- all threads at once ---------------------------------------------------------------------------------------------------- */
void broadcast_take(struct thread *t)
{
	struct broadcast *b = &t->p->all;
	if (t->turn == b->turn)
		return;
	long e = b->fn(b->arg);
	if (e)
		b->failed = e;
	__atomic_store_n(&t->turn, b->turn, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&b->done, 1, __ATOMIC_SEQ_CST);
	host(SYS_futex, &b->done, FUTEX_WAKE_PRIVATE, 1);
}
/* Ended, or in its parent's memory now as another process: nobody to wait for. */
static bool takes_part(const struct proc *p, const struct thread *t) { return t->tid > 0 && t->p == p && t->turn != p->all.turn; }

/* It is told again, since it may have become another process's for a while; ever more rarely, since what it is told is queued. */
static void await(struct thread *self, struct thread *t)
{
	struct timespec again = { 0, 5000000 };
	struct broadcast *b = &self->p->all;
	while (takes_part(self->p, t)) {
		uint32_t done = b->done;
		carrier_broadcast(self, t);
		if (self->p->traced)
			tracee_remind(self->p);
		if (takes_part(self->p, t))
			host(SYS_futex, &b->done, FUTEX_WAIT_PRIVATE, done, &again);
		again.tv_nsec = MIN(2 * again.tv_nsec, 640000000l);
	}
}
/* Each is told before the first is waited for. One that is ending blocks all signals and is gone in a moment. */
long thread_broadcast(struct thread *self, long (*fn)(void *), void *arg)
{
	struct broadcast *b = &self->p->all;
	struct thread *t;
	long e;

	lock(&b->lock);
	b->fn = fn;
	b->arg = arg;
	b->failed = 0;
	self->turn = __atomic_add_fetch(&b->turn, 1, __ATOMIC_SEQ_CST);
	for (unsigned i = 0; (t = thread_next(self->p, &i));)
		if (t != self)
			carrier_broadcast(self, t);
	for (unsigned i = 0; (t = thread_next(self->p, &i));)
		if (t != self)
			await(self, t);
	e = b->failed;
	unlock(&b->lock);
	return e;
}
void thread_exit(struct thread *t, int status)
{
	struct proc *p = t->p;
	uint64_t all = ~0ull;

	if (p->traced && p->nthreads > 1)
		tracee_ends(t);
	if (p->pers->thread_exit)
		p->pers->thread_exit(t);
	if (p->nthreads == 1)
		status = audit_status(t, status);
	observe_end(t, status, false);
	host(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, 8);
	signal_thread_exit(t);
	if (p->renamed)
		alias_end(t->tid);
	if (privilege_any(t))
		privilege_end(t);
	if (t->tid == p->pid)
		p->head_status = status;
	if (__atomic_sub_fetch(&p->nthreads, 1, __ATOMIC_ACQ_REL) == 0) {
		report_end(t);
		if (p->engine->apart)            /* the host may have threads of its own in this process: they end only so */
			host(SYS_exit_group, p->head_status);
	}
	for (;;)
		host(SYS_exit, status);
}
