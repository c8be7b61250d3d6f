/* SPDX-License-Identifier: BSD-2-Clause
 *
 * clone decides here: CLONE_THREAD makes a thread in this process (thread.c of syscalls/), anything else a process
 * (proc.c). What the host's kernel would do for the new one with words of the guest's memory, we do, since the host's
 * own words (its tid, its thread pointer) serve us: parent and child tid before it runs, the word to clear at its end.
 *
 * A child that shares its parent's memory never returns through the parent's handler, so what it must do for itself
 * travels in struct birth by t->priv; it is freed there, or by the parent where memory is not shared.
 */
#include <fcntl.h>
#include <sched.h>
#include "linux.h"
#include "machine/privilege.h"
#include "observe/audit.h"

sysfn lnx_clone, lnx_clone3, lnx_exit, lnx_set_tid_address, lnx_set_robust_list;

#define CLEAR_SIGHAND 0x100000000ull
#define INTO_CGROUP 0x200000000ull
#define THREAD_NEEDS (CLONE_VM | CLONE_SIGHAND)
#define THREAD_SHARES (CLONE_FS | CLONE_FILES)       /* thread_spawn shares these always */
#define TO_HOST (CLONE_FS | CLONE_PARENT | CLONE_PTRACE | CLONE_UNTRACED | CLONE_IO | CLONE_SYSVSEM | CLONE_NEWNS | \
		 CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

struct clone_args_64 {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};
struct birth {
	uint64_t flags;
	uaddr stack, ptid, ctid, tls, pidfd;     /* stack: where it begins to grow down, or 0 */
	int exit_signal;
};

static long refuse(struct thread *t, uint64_t bits)
{
	report_unknown(t, UNK_BITS, "flags", bits);
	return -EINVAL;
}
static void put_pidfd(const struct birth *b, long pid)
{
	int fd = (int)host(SYS_pidfd_open, pid, b->flags & CLONE_THREAD ? O_EXCL : 0);
	if (mem_store32(b->pidfd, (uint32_t)fd))
		host(SYS_close, fd);
}

/* --- threads ---------------------------------------------------------------------------------------------------------- */
/* Still in the parent; the child waits until this is done. */
static void before_thread(struct thread *child, int tid)
{
	const struct birth *b = child->priv;
	long e = 0;

	child->priv = NULL;
	if (b->flags & CLONE_PARENT_SETTID)
		e |= mem_store32(b->ptid, (uint32_t)tid);
	if (b->flags & CLONE_CHILD_SETTID)
		e |= mem_store32(b->ctid, (uint32_t)tid);
	if (b->flags & CLONE_PIDFD)
		put_pidfd(b, tid);
	(void)e;                         /* like the kernel: a word that is not there is the guest's loss */
}
static long clone_thread(struct thread *t, const struct birth *b)
{
	struct thread *child;

	if ((b->flags & THREAD_NEEDS) != THREAD_NEEDS)
		return -EINVAL;
	if ((b->flags & THREAD_SHARES) != THREAD_SHARES)
		return refuse(t, ~b->flags & THREAD_SHARES);
	if (!(child = thread_new(t->p)))
		return -EAGAIN;
	child->regs = t->regs;
	child->regs.rax = 0;
	if (b->stack)
		child->regs.rsp = b->stack;
	child->fs = b->flags & CLONE_SETTLS ? b->tls : 0;        /* 0: as the parent's */
	child->sigmask = t->sigmask;
	child->clear_tid = b->flags & CLONE_CHILD_CLEARTID ? b->ctid : 0;
	child->priv = (void *)b;
	if (privilege_any(t))
		privilege_born(child, t, true);
	return thread_spawn(child, before_thread);
}

/* --- processes ---------------------------------------------------------------------------------------------------------- */
/* On the child, before it is a guest. */
void lnx_proc_forked(struct proc *p)
{
	struct thread *t = thread_self();
	struct birth *b = t->priv;
	long e = 0;

	t->priv = NULL;
	t->robust = t->clear_tid = 0;
	if (!b)
		return;
	if (b->flags & CLONE_CHILD_SETTID)
		e |= mem_store32(b->ctid, (uint32_t)t->tid);
	if (b->flags & CLONE_CHILD_CLEARTID)
		t->clear_tid = b->ctid;
	if (b->flags & CLONE_VM && b->flags & CLONE_PARENT_SETTID)
		e |= mem_store32(b->ptid, (uint32_t)t->tid);
	if (b->flags & CLONE_SETTLS)
		segment_fs_set(t, b->tls);
	mem_free(b, sizeof *b);
	(void)e;
}
static long clone_process(struct thread *t, const struct birth *from)
{
	struct birth *b;
	uint64_t fl = from->flags;
	unsigned how = (fl & CLONE_VM ? FORK_VM : 0) | (fl & CLONE_VFORK ? FORK_VFORK : 0) |
		       (fl & CLONE_FILES ? FORK_FILES : 0) | (fl & CLEAR_SIGHAND ? FORK_DROPSIG : 0);
	long pid;

	if (fl & (CLONE_NEWNS | CLONE_NEWUSER) && (pid = audit_names(t)))
		return pid;
	if (fl & CLONE_SIGHAND)
		return fl & CLONE_VM ? refuse(t, CLONE_SIGHAND) : -EINVAL;
	if (!(b = mem_alloc(sizeof *b)))
		return -ENOMEM;
	*b = *from;
	t->priv = b;
	pid = proc_fork(t, how, b->stack, (int)((unsigned)b->exit_signal | (fl & TO_HOST)));
	if (!pid)
		return 0;                /* the child: lnx_proc_forked has been here */
	t->priv = NULL;
	if (pid < 0 || !(fl & CLONE_VM))
		mem_free(b, sizeof *b);
	if (pid > 0 && fl & CLONE_PARENT_SETTID && mem_store32(from->ptid, (uint32_t)pid))
		return pid;
	if (pid > 0 && fl & CLONE_PIDFD)
		put_pidfd(from, pid);
	return pid;
}

/* --- the calls ---------------------------------------------------------------------------------------------------------- */
static long born(struct thread *t, const struct birth *b)
{
	return b->flags & CLONE_THREAD ? clone_thread(t, b) : clone_process(t, b);
}
/* In the older call the pidfd goes where the parent's tid would, so both cannot be asked for. */
long lnx_clone(struct call *c)
{
	uint64_t fl = (uint32_t)c->raw[0];
	struct birth b = {
		.flags = fl & ~(uint64_t)CSIGNAL, .exit_signal = (int)(fl & CSIGNAL), .stack = (uaddr)c->raw[1],
		.ptid = (uaddr)c->raw[2], .pidfd = (uaddr)c->raw[2], .ctid = (uaddr)c->raw[3], .tls = (uaddr)c->raw[4],
	};
	if (fl & CLONE_PIDFD && fl & CLONE_PARENT_SETTID)
		return -EINVAL;
	return born(c->t, &b);
}
/* A longer block than we know is right as long as what we do not know is zero. */
static long args_in(struct clone_args_64 *a, uaddr from, uint64_t size)
{
	char more[PAGE];
	memset(a, 0, sizeof *a);
	if (size > sizeof more)
		return -E2BIG;
	if (size < 64)
		return -EINVAL;
	long e = copy_in(more, from, size);
	for (uint64_t i = sizeof *a; !e && i < size; i++)
		e = more[i] ? -E2BIG : 0;
	memcpy(a, more, MIN(size, sizeof *a));
	return e;
}
long lnx_clone3(struct call *c)
{
	struct clone_args_64 a;
	long e = args_in(&a, (uaddr)c->raw[0], (uint64_t)c->raw[1]);

	if (e)
		return e;
	if (a.flags & (CSIGNAL | CLONE_DETACHED) || a.exit_signal > 64 || !a.stack != !a.stack_size ||
	    (a.flags & (CLONE_THREAD | CLONE_PARENT) && a.exit_signal))
		return a.flags & CSIGNAL ? refuse(c->t, a.flags & CSIGNAL) : -EINVAL;
	if (a.flags & INTO_CGROUP || a.set_tid_size)
		return refuse(c->t, a.flags & INTO_CGROUP);
	if (a.flags & CLEAR_SIGHAND && a.flags & CLONE_SIGHAND)
		return -EINVAL;
	struct birth b = {
		.flags = a.flags, .exit_signal = (int)a.exit_signal, .stack = a.stack ? a.stack + a.stack_size : 0,
		.ptid = a.parent_tid, .ctid = a.child_tid, .tls = a.tls, .pidfd = a.pidfd,
	};
	return born(c->t, &b);
}
long lnx_exit(struct call *c) { thread_exit(c->t, (int)c->arg[0] & 0xff); }

long lnx_set_tid_address(struct call *c)
{
	c->t->clear_tid = (uaddr)c->raw[0];
	return c->t->tid;
}
/* The host keeps it too: it acts on the list when the whole process is killed. Not where it could be led into what is ours
 * by the list's links: there only we act on it, and a mutex whose owner was killed stays locked. */
long lnx_set_robust_list(struct call *c)
{
	long e = !box_closed ? lnx_make(c, c->raw) : c->raw[1] == 24 ? 0 : -EINVAL;
	if (!e)
		c->t->robust = (uaddr)c->raw[0];
	return e;
}
