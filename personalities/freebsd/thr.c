/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Threads: made, ended, named, poked. A guest thread is a host thread (core: thread_new, thread_spawn); here is only
 * what FreeBSD's kernel promises its thread library about it. A host number becomes the guest's in thr.h.
 */
#include <sched.h>
#include <linux/futex.h>
#include <linux/prctl.h>
#include <fcntl.h>
#include "host.h"
#include "procfs.h"
#include "freebsd/thr.h"
#include "machine/privilege.h"
#include "freebsd/lend.h"
#include "freebsd/rtp.h"

sysfn fbsd_thr_create, fbsd_thr_new, fbsd_thr_self, fbsd_thr_exit, fbsd_thr_kill, fbsd_thr_kill2, fbsd_thr_suspend,
      fbsd_thr_wake, fbsd_thr_set_name;

struct thr_param {
	uint64_t start_func, arg, stack_base, stack_size, tls_base, tls_size, child_tid, parent_tid;
	int32_t flags, pad;
	uint64_t rtp, spare[3];
};
_Static_assert(sizeof(struct thr_param) == 104, "struct thr_param");
enum { THR_SUSPENDED = 1, THR_SYSTEM_SCOPE = 2, THR_C_RUNTIME = 4 };
#define USER_MAX 0x800000000000ull

static struct fbsd_thread *all FORKED;
static bool more FORKED;                 /* than one, at some time since the last fork; both under all_lock */
static volatile uint32_t all_lock FORKED;

void fbsd_thread_start(struct thread *t)
{
	struct fbsd_thread *f = t->priv ? NULL : mem_alloc(sizeof *f);
	if (t->priv)
		return;
	if (!f)
		die("no memory for a thread");
	f->t = t;
	lock(&all_lock);
	more = (f->next = all) != NULL;
	all = f;
	unlock(&all_lock);
	t->priv = f;
}
void fbsd_thread_saved(struct thread *t, uint64_t own[8])
{
	const struct fbsd_thread *f = fbsd_thread(t);
	const uint64_t w[8] = { f->rb_list, f->rbp_list, f->rb_inact, f->fastblock, f->tlsbase, f->has_tlsbase, f->wake };
	memcpy(own, w, sizeof w);
}
void fbsd_thread_restored(struct thread *t, const uint64_t own[8])
{
	fbsd_thread_start(t);
	struct fbsd_thread *f = fbsd_thread(t);
	f->rb_list = own[0], f->rbp_list = own[1], f->rb_inact = own[2], f->fastblock = own[3];
	f->tlsbase = own[4], f->has_tlsbase = own[5] & 1, f->wake = own[6] & 1;
}
static void forget(struct fbsd_thread *f)
{
	lock(&all_lock);
	for (struct fbsd_thread **p = &all; *p; p = &(*p)->next)
		if (*p == f) {
			*p = f->next;
			break;
		}
	unlock(&all_lock);
}
/* In this order: mutexes first, then the word on which the one who joins us sleeps (he frees our guest stack). */
void fbsd_thread_exit(struct thread *t)
{
	struct fbsd_thread *f = fbsd_thread(t);
	if (!f || f->t != t)             /* a vforked child has its parent's */
		return;
	fbsd_robust_exit(t, false);
	lend_exit(t);
	if (t->clear_tid && !mem_store64(t->clear_tid, 1))
		fbsd_wake_word(t->clear_tid, INT32_MAX);
	forget(f);
	t->priv = NULL;
	mem_free(f, sizeof *f);
}
/* The other threads still run, until the host ends them: of theirs only what another process could wait for is given
 * up. A child in its parent's memory has nothing of its own. */
void fbsd_proc_exit(struct thread *t)
{
	if (t->vforked)
		return;
	lock(&all_lock);
	for (struct fbsd_thread *f = all; f; f = f->next)
		fbsd_robust_exit(f->t, true);
	unlock(&all_lock);
	fbsd_umtx_shm_exit();
}
/* A fork's child is alone; the blocks of the others are left to the arena's copy. */
static void only_me(struct proc *p)
{
	struct thread *t = thread_self();
	all = fbsd_thread(t);
	all->t = t;
	all->next = NULL;
	more = false;
}
AT_FORK_IF(only_me, more);
AT_FORK_FREE(all_lock);

/* --- birth ------------------------------------------------------------------------------------------------------- */
static long can_store(uaddr a)
{
	uint64_t v, seen;
	long e = a ? mem_load64(a, &v) : 0;
	return !a || e ? e : mem_cas64(a, v, v, &seen);
}
static void tell_tid(struct thread *child, int tid)
{
	struct fbsd_thread *f = fbsd_thread(child);
	for (int i = 0; i < 2; i++)
		if (f->tid_word[i] && mem_store64(f->tid_word[i], (uint64_t)fbsd_tid(tid)))
			f->tid_word[i] = 0;      /* unmapped by another thread since can_store: nobody is left to tell */
}
static long spawn(struct thread *t, struct thread *child, uaddr child_word, uaddr parent_word)
{
	struct fbsd_thread *f = fbsd_thread(child);
	f->tid_word[0] = child_word;
	f->tid_word[1] = parent_word;
	child->sigmask = t->sigmask;
	if (privilege_any(t))
		privilege_born(child, t, false);
	long r = thread_spawn(child, tell_tid);
	if (r >= 0)
		return 0;
	forget(f);
	mem_free(f, sizeof *f);
	return r;
}
static struct thread *make_child(struct thread *t)
{
	struct thread *child = thread_new(t->p);
	if (child)
		fbsd_thread_start(child);
	return child;
}
/* As cpu_set_upcall lays it: a null return address on top, aligned as after a call. */
static long spawn_param(struct thread *t, const struct thr_param *p)
{
	uaddr sp = ((p->stack_base + p->stack_size) & ~15ull) - 8;
	struct thread *child;
	long e;

	if ((e = mem_store64(sp, 0)) || (e = can_store(p->child_tid)) || (e = can_store(p->parent_tid)))
		return e;
	if (!(child = make_child(t)))
		return -EAGAIN;
	child->regs = (struct regs){ .rip = p->start_func, .rdi = p->arg, .rsp = sp, .rflags = 0x202 };
	child->fs = p->tls_base;
	return spawn(t, child, p->child_tid, p->parent_tid);
}
/* A host thread inherits its maker's scheduling: take the new one's on for the moment of its making. */
static long spawn_scheduled(struct thread *t, const struct thr_param *p)
{
	struct rtprio rtp;
	struct rtp_host old;
	long e;

	if (!p->rtp)
		return spawn_param(t, p);
	if ((e = copy_in(&rtp, p->rtp, sizeof rtp)))
		return e;
	if (rtp.type == RTP_PRIO_NORMAL)
		return spawn_param(t, p);
	if (rtp.type != RTP_PRIO_REALTIME && rtp.type != RTP_PRIO_FIFO)
		return -EINVAL;
	if ((e = rtp_save(0, &old)) || (e = rtp_set(0, &rtp)))
		return e;
	e = spawn_param(t, p);
	rtp_restore(0, &old);
	return e;
}
long fbsd_thr_new(struct call *c)
{
	struct thr_param p = { 0 };
	long e;

	if (c->arg[1] < 0 || (size_t)c->arg[1] > sizeof p)
		return -EINVAL;
	if ((e = copy_in(&p, (uaddr)c->arg[0], (size_t)c->arg[1])))
		return e;
	if (p.flags & ~(THR_SUSPENDED | THR_SYSTEM_SCOPE | THR_C_RUNTIME) || p.tls_base >= USER_MAX)
		return -EINVAL;
	return spawn_scheduled(c->t, &p);
}

/* The call before thr_new: the new thread's registers come as a ucontext. Its vector registers begin fresh. */
struct old_context {
	uint64_t sigmask[2], onstack, rdi, rsi, rdx, rcx, r8, r9, rax, rbx, rbp, r10, r11, r12, r13, r14, r15;
	uint64_t trap_fs_gs, addr, flags_es_ds, err, rip, cs, rflags, rsp, ss;
	uint64_t len, fpformat, ownedfp, fpstate[64], fsbase;
};
_Static_assert(offsetof(struct old_context, fsbase) == 16 + 736, "mcontext.mc_fsbase");
long fbsd_thr_create(struct call *c)
{
	struct old_context u;
	struct thread *child;
	long e = copy_in(&u, (uaddr)c->arg[0], sizeof u);

	if (e || (e = can_store((uaddr)c->arg[1])))
		return e;
	if (u.rip >= USER_MAX || u.fsbase >= USER_MAX)
		return -EINVAL;
	if (!(child = make_child(c->t)))
		return -EAGAIN;
	child->regs = (struct regs){
		u.rax, u.rbx, u.rcx, u.rdx, u.rsi, u.rdi, u.rbp, u.rsp, u.r8, u.r9, u.r10, u.r11, u.r12, u.r13, u.r14,
		u.r15, u.rip, (u.rflags & 0xcd5) | 0x202,
	};
	child->fs = u.fsbase;
	return spawn(c->t, child, (uaddr)c->arg[1], 0);
}

/* --- life -------------------------------------------------------------------------------------------------------- */
long fbsd_thr_self(struct call *c)
{
	return mem_store64((uaddr)c->arg[0], (uint64_t)fbsd_tid(c->t->tid));
}
/* The last thread is not ended: it comes back, and its library then ends the process. */
long fbsd_thr_exit(struct call *c)
{
	struct thread *t = c->t;
	t->clear_tid = (uaddr)c->arg[0];
	if (__atomic_load_n(&t->p->nthreads, __ATOMIC_ACQUIRE) > 1)
		thread_exit(t, 0);
	fbsd_robust_exit(t, false);
	if (t->clear_tid && !mem_store64(t->clear_tid, 1))
		fbsd_wake_word(t->clear_tid, INT32_MAX);
	t->clear_tid = 0;
	return 0;
}

/* Every other thread of a process. */
struct others { struct thread *t; int pid, but, sig; bool found; };
static long kill_one(void *arg, unsigned tid)
{
	struct others *o = arg;
	if ((int)tid != o->but && signal_send(o->t, o->pid, (int)tid, o->sig, SI_TKILL, 0) == 0)
		o->found = true;
	return 0;
}
static long kill_others(struct thread *t, int pid, int but, int sig)
{
	struct others o = { t, pid, but, sig, false };
	struct thread *other;
	char path[40];
	if (pid == t->p->pid) {                  /* of our own we know which are the guest's */
		for (unsigned i = 0; (other = thread_next(t->p, &i));)
			kill_one(&o, (unsigned)other->tid);
		return o.found ? 0 : -ESRCH;
	}
	fmt(path, sizeof path, "/proc/%d/task", pid);
	return procfs_each(path, kill_one, &o) < 0 || !o.found ? -ESRCH : 0;
}
static long kill_thread(struct thread *t, int pid, long id, int sig)
{
	int tid = fbsd_tid_host(id);
	if (id == -1)
		return kill_others(t, pid, pid == t->p->pid ? t->tid : 0, sig);
	return tid ? signal_send(t, pid, tid, sig, SI_TKILL, 0) : -ESRCH;
}
long fbsd_thr_kill(struct call *c)
{
	return kill_thread(c->t, c->t->p->pid, c->arg[0], (int)c->arg[1]);
}
long fbsd_thr_kill2(struct call *c)
{
	return kill_thread(c->t, (int)c->arg[0], c->arg[1], (int)c->arg[2]);
}

/* A wake-up is kept until the next thr_suspend. For the caller itself it also ends the next call that would sleep: the
 * thread library cancels a thread so (core: thread.poked). */
long fbsd_thr_suspend(struct call *c)
{
	struct fbsd_thread *f = fbsd_thread(c->t);
	struct timespec ts;
	long e = 0;

	if (c->arg[0] && (e = copy_in(&ts, (uaddr)c->arg[0], sizeof ts)))
		return e;
	if (c->arg[0] && (ts.tv_sec < 0 || ts.tv_nsec < 0 || ts.tv_nsec >= 1000000000))
		return -EINVAL;
	if (c->t->poked) {
		c->t->poked = 0;
		return 0;
	}
	while (!__atomic_exchange_n(&f->wake, 0, __ATOMIC_ACQ_REL)) {
		e = block(SYS_futex, &f->wake, FUTEX_WAIT_PRIVATE, 0, c->arg[0] ? &ts : NULL);
		if (e < 0 && e != -EAGAIN)
			return e == SYS_RESTART && c->arg[0] ? -EINTR : e;
	}
	return 0;
}
long fbsd_thr_wake(struct call *c)
{
	int tid = fbsd_tid_host(c->arg[0]);
	long e = -ESRCH;

	if (tid == c->t->tid) {
		c->t->poked = 1;
		return 0;
	}
	lock(&all_lock);
	for (struct fbsd_thread *f = all; f && tid; f = f->next)
		if (f->t->tid == tid) {
			__atomic_store_n(&f->wake, 1, __ATOMIC_RELEASE);
			host(SYS_futex, &f->wake, FUTEX_WAKE_PRIVATE, 1);
			e = 0;
		}
	unlock(&all_lock);
	return e;
}

/* 19 characters there, 15 here. */
static long write_comm(int pid, int tid, const char *name)
{
	char path[64];
	fmt(path, sizeof path, "/proc/%d/task/%d/comm", pid, tid);
	long fd = host(SYS_open, path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -ESRCH;
	long r = host(SYS_write, fd, name, str_len(name) + 1);
	host(SYS_close, fd);
	return r < 0 ? r : 0;
}
long fbsd_thr_set_name(struct call *c)
{
	char name[20] = "";
	int tid = fbsd_tid_host(c->arg[0]);
	long e = c->arg[1] ? copy_str(name, (uaddr)c->arg[1], sizeof name) : 0;

	if (e < 0 && e != -ENAMETOOLONG)
		return e;
	name[15] = 0;
	if (tid == c->t->tid)
		return host(SYS_prctl, PR_SET_NAME, name);
	return tid ? write_comm(c->t->p->pid, tid, name) : -ESRCH;
}
