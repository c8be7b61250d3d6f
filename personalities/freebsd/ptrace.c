/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ptrace, as FreeBSD spells it: beginning, going on, what stops a tracee, its memory. What happens is syscalls/debug's.
 */
#include "host.h"
#include "procfs.h"
#include "freebsd/freebsd.h"
#include "freebsd/ptrace.h"

struct fbsd_io { int32_t op, pad; uint64_t offs, addr, len; };

int pt_whom(const struct call *c)
{
	int tid = fbsd_tid_host(c->arg[1]);
	return tid ? tid : (int)c->arg[1];
}
long pt_ask(struct call *c, struct trace_packet *k, unsigned op)
{
	k->op = op;
	if (op != ASK_SETREGS && op != ASK_SETFPU && op != ASK_WRITE && op != ASK_CALL)
		k->len = 0;
	return tracer_ask(c->t, pt_whom(c), k);
}
sysfn fbsd_ptrace;
long fbsd_ptrace(struct call *c)
{
	struct trace_packet k;
	long e = pt_ask(c, &k, ASK_INFO);   /* who may not ask is told that first */
	return e < 0 ? e : -EINVAL;
}

/* --- beginning ----------------------------------------------------------------------------------------------------- */
sysfn fbsd_pt_trace_me, fbsd_pt_attach;
long fbsd_pt_trace_me(struct call *c) { return tracee_me(c->t); }
long fbsd_pt_attach(struct call *c)
{
	int tid = fbsd_tid_host(c->arg[1]);
	struct procfs_stat st;
	if (tid && !procfs_stat(tid, &st))
		return -ESRCH;
	if (pt_whom(c) > 0 && !fbsd_may_trace(pt_whom(c)))
		return -EPERM;
	return tracer_attach(c->t, pt_whom(c));
}

/* --- going on ------------------------------------------------------------------------------------------------------ */
static long go_on(struct call *c, unsigned op, uint64_t at, uint32_t events, bool step)
{
	struct trace_packet k;
	int sig = c->arg[3] ? sig_to_host(c->t->p->pers, c->arg[3]) : 0;
	long e = pt_ask(c, &k, ASK_INFO);
	if (e < 0)
		return e;
	if (c->arg[3] && !sig)
		return -EINVAL;
	k.a = 1;
	if (step && (e = pt_ask(c, &k, ASK_STEP)) < 0)
		return e;
	k.a = (uint64_t)sig;
	k.b = at;
	k.c = events;
	e = pt_ask(c, &k, op);
	if (!e && sig == SIGKILL)
		host(SYS_kill, tracer_pid_of(c->t, pt_whom(c)), SIGKILL);
	return e;
}
sysfn fbsd_pt_continue, fbsd_pt_step, fbsd_pt_to_sce, fbsd_pt_to_scx, fbsd_pt_syscall, fbsd_pt_detach, fbsd_pt_kill;
long fbsd_pt_continue(struct call *c) { return go_on(c, ASK_CONTINUE, (uint64_t)c->arg[2], 0, false); }
long fbsd_pt_step(struct call *c) { return go_on(c, ASK_CONTINUE, TRACE_HERE, 0, true); }
long fbsd_pt_to_sce(struct call *c) { return go_on(c, ASK_CONTINUE, (uint64_t)c->arg[2], TRACE_SCE, false); }
long fbsd_pt_to_scx(struct call *c) { return go_on(c, ASK_CONTINUE, (uint64_t)c->arg[2], TRACE_SCX, false); }
long fbsd_pt_syscall(struct call *c) { return go_on(c, ASK_CONTINUE, (uint64_t)c->arg[2], TRACE_SCE | TRACE_SCX, false); }
long fbsd_pt_detach(struct call *c) { return go_on(c, ASK_DETACH, TRACE_HERE, 0, false); }
long fbsd_pt_kill(struct call *c)
{
	struct trace_packet k;
	long e = pt_ask(c, &k, ASK_INFO);
	return e < 0 ? e : host(SYS_kill, tracer_pid_of(c->t, pt_whom(c)), SIGKILL);
}

/* --- what stops it ------------------------------------------------------------------------------------------------- */
static long events(struct call *c, uint32_t off, uint32_t on)
{
	struct trace_packet k = { .a = off, .b = on };
	return pt_ask(c, &k, ASK_EVENTS);
}
static long switched(struct call *c, uint32_t bit)
{
	long e = events(c, bit, c->arg[3] ? bit : 0);
	return e < 0 ? e : 0;
}
sysfn fbsd_pt_follow_fork, fbsd_pt_lwp_events, fbsd_pt_get_event_mask, fbsd_pt_set_event_mask;
long fbsd_pt_follow_fork(struct call *c) { return switched(c, TRACE_FORK); }
long fbsd_pt_lwp_events(struct call *c) { return switched(c, TRACE_LWP); }
long fbsd_pt_get_event_mask(struct call *c)
{
	long e = events(c, 0, 0);
	int v = (int)e;                  /* the bits are FreeBSD's own */
	return e < 0 ? e : c->arg[3] != sizeof v ? -EINVAL : pt_put(c, &v, sizeof v);
}
long fbsd_pt_set_event_mask(struct call *c)
{
	uint32_t v;
	long e = c->arg[3] != sizeof v ? -EINVAL : copy_in(&v, (uaddr)c->arg[2], sizeof v);
	if (e || (e = events(c, 0, 0)) < 0)
		return e;
	if (v & ~(uint32_t)TRACE_ALL)
		return -EINVAL;
	e = events(c, TRACE_ALL, v);
	return e < 0 ? e : 0;
}
static long one_thread(struct call *c, unsigned op, uint64_t on)
{
	struct trace_packet k = { .a = on };
	return pt_ask(c, &k, op);
}
sysfn fbsd_pt_suspend, fbsd_pt_resume, fbsd_pt_setstep, fbsd_pt_clearstep;
long fbsd_pt_suspend(struct call *c) { return one_thread(c, ASK_SUSPEND, 1); }
long fbsd_pt_resume(struct call *c) { return one_thread(c, ASK_SUSPEND, 0); }
long fbsd_pt_setstep(struct call *c) { return one_thread(c, ASK_STEP, 1); }
long fbsd_pt_clearstep(struct call *c)
{
	return fbsd_tid_host(c->arg[1]) == c->t->tid ? 0 : one_thread(c, ASK_STEP, 0);
}

/* --- memory -------------------------------------------------------------------------------------------------------- */
static long word(struct call *c, bool write)
{
	struct trace_packet k;
	uint32_t v = (uint32_t)c->arg[3], done = 0;
	while (done < 4) {
		k.a = (uint64_t)c->arg[2] + done;
		k.b = k.len = 4 - done;
		memcpy(k.data, (char *)&v + done, 4 - done);
		long r = pt_ask(c, &k, write ? ASK_WRITE : ASK_READ);
		if (!r || r > 4 - (long)done)
			r = -EFAULT;
		if (r < 0)
			return r == -EFAULT || r == -EIO ? -ENOMEM : r;
		if (!write)
			memcpy((char *)&v + done, k.data, (size_t)r);
		done += (uint32_t)r;
	}
	return write ? 0 : (long)v;      /* a word that looks like an error is none */
}
sysfn fbsd_pt_read, fbsd_pt_write, fbsd_pt_io;
long fbsd_pt_read(struct call *c) { return word(c, false); }
long fbsd_pt_write(struct call *c) { return word(c, true); }

static long io_part(struct call *c, struct trace_packet *k, const struct fbsd_io *io, uint64_t done, bool write)
{
	uint64_t n = MIN(io->len - done, (uint64_t)TRACE_DATA);
	long r;
	k->a = io->offs + done;
	k->b = n;
	k->len = 0;
	if (write && (r = copy_in(k->data, io->addr + done, n)))
		return r;
	if (write)
		k->len = (uint32_t)n;
	r = pt_ask(c, k, write ? ASK_WRITE : ASK_READ);
	if (!r || r > (long)n)
		return -EFAULT;
	if (r > 0 && !write && copy_out(io->addr + done, k->data, (size_t)r))
		return -EFAULT;
	return r;
}
long fbsd_pt_io(struct call *c)
{
	struct trace_packet k;
	struct fbsd_io io;
	uint64_t done = 0;
	long e = copy_in(&io, (uaddr)c->arg[2], sizeof io);
	if (e || (e = pt_ask(c, &k, ASK_INFO)) < 0)
		return e;
	if (io.op < 1 || io.op > 4 || io.len > INT64_MAX)
		return -EINVAL;
	while (done < io.len) {
		if ((e = io_part(c, &k, &io, done, io.op == 2 || io.op == 4)) < 0)
			return e;
		done += (uint64_t)e;
	}
	io.len = done;
	return pt_put(c, &io, sizeof io);
}
