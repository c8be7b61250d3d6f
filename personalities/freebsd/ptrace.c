/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ptrace, as FreeBSD spells it; what happens is syscalls/tracee.c's and tracer.c's. Requests and structs: sys/sys/ptrace.h,
 * sys/x86/include/{ptrace,reg}.h; errors and their order: sys/kern/sys_process.c (15.0).
 */
#include <string.h>
#include "host.h"
#include "procfs.h"
#include "tracing.h"
#include "freebsd/freebsd.h"

#define FB_REGS 176
#define FB_FPREGS 512
struct fbsd_reg {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint32_t trapno;
	uint16_t fs, gs;
	uint32_t err;
	uint16_t es, ds;
	uint64_t rip, cs, rflags, rsp, ss;
};
struct fbsd_lwpinfo {
	int32_t lwpid, event, flags;
	uint8_t sigmask[16], siglist[16];
	uint8_t info[80] __attribute__((aligned(8)));
	char name[20];
	int32_t child;
	uint32_t nr, nargs;
};
struct fbsd_io { int32_t op, pad; uint64_t offs, addr, len; };
struct fbsd_sc_ret { uint64_t rv[2]; int32_t err, pad; };
struct fbsd_sc_remote { struct fbsd_sc_ret ret; uint32_t nr, nargs; uint64_t args; };
struct fbsd_vm_entry {
	int32_t entry, timestamp;
	uint64_t start, end, offset;
	uint32_t prot, pathlen;
	int64_t fileid;
	uint32_t fsid, pad;
	uint64_t path;
};
struct fbsd_xstate_info { uint64_t mask; uint32_t len, pad; };
_Static_assert(sizeof(struct fbsd_reg) == FB_REGS && sizeof(struct fbsd_lwpinfo) == 160, "sys/ptrace.h");
_Static_assert(sizeof(struct fbsd_vm_entry) == 64 && sizeof(struct fbsd_sc_remote) == 40, "sys/ptrace.h");

/* c->arg: request, pid or thread, addr, data */
static int whom(const struct call *c)
{
	int tid = fbsd_tid_host(c->arg[1]);
	return tid ? tid : (int)c->arg[1];
}
static long ask(struct call *c, struct trace_packet *k, unsigned op)
{
	k->op = op;
	if (op != ASK_SETREGS && op != ASK_SETFPU && op != ASK_WRITE && op != ASK_CALL)
		k->len = 0;
	return tracer_ask(c->t, whom(c), k);
}
static long put(struct call *c, const void *from, size_t n) { return copy_out((uaddr)c->arg[2], from, n); }
sysfn fbsd_ptrace;
long fbsd_ptrace(struct call *c)
{
	struct trace_packet k;
	long e = ask(c, &k, ASK_INFO);   /* who may not ask is told that first */
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
	return tracer_attach(c->t, whom(c));
}

/* --- going on ------------------------------------------------------------------------------------------------------ */
static long go_on(struct call *c, unsigned op, uint64_t at, uint32_t events, bool step)
{
	struct trace_packet k;
	int sig = c->arg[3] ? sig_to_host(c->t->p->pers, c->arg[3]) : 0;
	long e = ask(c, &k, ASK_INFO);
	if (e < 0)
		return e;
	if (c->arg[3] && !sig)
		return -EINVAL;
	k.a = 1;
	if (step && (e = ask(c, &k, ASK_STEP)) < 0)
		return e;
	k.a = (uint64_t)sig;
	k.b = at;
	k.c = events;
	e = ask(c, &k, op);
	if (!e && sig == SIGKILL)
		host(SYS_kill, tracer_pid_of(c->t, whom(c)), SIGKILL);
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
	long e = ask(c, &k, ASK_INFO);
	return e < 0 ? e : host(SYS_kill, tracer_pid_of(c->t, whom(c)), SIGKILL);
}

/* --- what stops it ------------------------------------------------------------------------------------------------- */
static long events(struct call *c, uint32_t off, uint32_t on)
{
	struct trace_packet k = { .a = off, .b = on };
	return ask(c, &k, ASK_EVENTS);
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
	return e < 0 ? e : c->arg[3] != sizeof v ? -EINVAL : put(c, &v, sizeof v);
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
	return ask(c, &k, op);
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
		long r = ask(c, &k, write ? ASK_WRITE : ASK_READ);
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
	r = ask(c, k, write ? ASK_WRITE : ASK_READ);
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
	if (e || (e = ask(c, &k, ASK_INFO)) < 0)
		return e;
	if (io.op < 1 || io.op > 4 || io.len > INT64_MAX)
		return -EINVAL;
	while (done < io.len) {
		if ((e = io_part(c, &k, &io, done, io.op == 2 || io.op == 4)) < 0)
			return e;
		done += (uint64_t)e;
	}
	io.len = done;
	return put(c, &io, sizeof io);
}

/* --- registers ----------------------------------------------------------------------------------------------------- */
static void to_guest(const struct regs *r, struct fbsd_reg *g)
{
	*g = (struct fbsd_reg){
		.r15 = r->r15, .r14 = r->r14, .r13 = r->r13, .r12 = r->r12, .r11 = r->r11, .r10 = r->r10, .r9 = r->r9,
		.r8 = r->r8, .rdi = r->rdi, .rsi = r->rsi, .rbp = r->rbp, .rbx = r->rbx, .rdx = r->rdx, .rcx = r->rcx,
		.rax = r->rax, .fs = 0x13, .gs = 0x1b, .es = 0x3b, .ds = 0x3b, .rip = r->rip, .cs = 0x43,
		.rflags = r->rflags, .rsp = r->rsp, .ss = 0x3b,
	};
}
static void from_guest(const struct fbsd_reg *g, struct regs *r)
{
	*r = (struct regs){
		.r15 = g->r15, .r14 = g->r14, .r13 = g->r13, .r12 = g->r12, .r11 = g->r11, .r10 = g->r10, .r9 = g->r9,
		.r8 = g->r8, .rdi = g->rdi, .rsi = g->rsi, .rbp = g->rbp, .rbx = g->rbx, .rdx = g->rdx, .rcx = g->rcx,
		.rax = g->rax, .rip = g->rip, .rflags = g->rflags, .rsp = g->rsp,
	};
}
static long regs_of(struct call *c, struct trace_packet *k, struct trace_regs *r)
{
	long e = ask(c, k, ASK_REGS);
	if (!e)
		memcpy(r, k->data, sizeof *r);
	return e;
}
static long regs_set(struct call *c, struct trace_packet *k, const struct trace_regs *r)
{
	memcpy(k->data, r, sizeof *r);
	k->len = sizeof *r;
	return ask(c, k, ASK_SETREGS);
}
sysfn fbsd_pt_getregs, fbsd_pt_setregs, fbsd_pt_getfpregs, fbsd_pt_setfpregs, fbsd_pt_getxstate_info, fbsd_pt_getxstate,
	fbsd_pt_setxstate, fbsd_pt_getfsbase, fbsd_pt_setfsbase, fbsd_pt_getgsbase;
long fbsd_pt_getregs(struct call *c)
{
	struct trace_packet k;
	struct trace_regs r;
	struct fbsd_reg g;
	long e = regs_of(c, &k, &r);
	if (e)
		return e;
	to_guest(&r.r, &g);
	return put(c, &g, sizeof g);
}
#define FLAGS_FREE 0x254dd5ull           /* what may change of rflags: PSL_USERCHANGE and the trap flag */
long fbsd_pt_setregs(struct call *c)
{
	struct trace_packet k;
	struct trace_regs r;
	struct fbsd_reg g;
	long e = copy_in(&g, (uaddr)c->arg[2], sizeof g);
	if (e || (e = regs_of(c, &k, &r)))
		return e;
	if ((g.rflags ^ r.r.rflags) & ~(FLAGS_FREE | 0x10200) || (g.cs & 3) != 3)
		return -EINVAL;
	from_guest(&g, &r.r);
	return regs_set(c, &k, &r);
}
long fbsd_pt_getfpregs(struct call *c)
{
	struct trace_packet k;
	long e = ask(c, &k, ASK_FPU);
	return e < 0 ? e : put(c, k.data, FB_FPREGS);
}
static long fpu_set(struct call *c, struct trace_packet *k, size_t n)
{
	long e = copy_in(k->data, (uaddr)c->arg[2], n);
	k->a = 0;
	k->len = (uint32_t)n;
	return e ? e : ask(c, k, ASK_SETFPU);
}
long fbsd_pt_setfpregs(struct call *c)
{
	struct trace_packet k;
	return fpu_set(c, &k, FB_FPREGS);
}
long fbsd_pt_getxstate_info(struct call *c)
{
	struct trace_packet k;
	uint64_t mask = 3;
	long e = ask(c, &k, ASK_FPU);
	if (e < 0)
		return e;
	if (c->arg[3] != sizeof(struct fbsd_xstate_info))
		return -EINVAL;
	if (k.len > 512)
		memcpy(&mask, k.data + 512, 8);
	struct fbsd_xstate_info x = { FPU_COMPONENTS | mask, k.len, 0 };
	if (k.len < 2696)                /* the components of AVX-512 end there */
		x.mask = k.len > 576 ? 7 : 3;
	return put(c, &x, sizeof x);
}
long fbsd_pt_getxstate(struct call *c)
{
	struct trace_packet k;
	long e = ask(c, &k, ASK_FPU);
	return e < 0 ? e : put(c, k.data, k.len);
}
long fbsd_pt_setxstate(struct call *c)
{
	struct trace_packet k;
	long e = ask(c, &k, ASK_INFO);
	if (e < 0)
		return e;
	return c->arg[3] < FB_FPREGS || c->arg[3] > FPU_SIZE ? -EINVAL : fpu_set(c, &k, (size_t)c->arg[3]);
}
long fbsd_pt_getfsbase(struct call *c)
{
	struct trace_packet k;
	struct trace_regs r;
	long e = regs_of(c, &k, &r);
	return e ? e : put(c, &r.fs, 8);
}
long fbsd_pt_setfsbase(struct call *c)
{
	struct trace_packet k;
	struct trace_regs r;
	uint64_t v;
	long e = copy_in(&v, (uaddr)c->arg[2], 8);
	if (e || (e = regs_of(c, &k, &r)))
		return e;
	r.fs = v;
	return regs_set(c, &k, &r);
}
/* gs is ours: a guest's is always 0. */
long fbsd_pt_getgsbase(struct call *c)
{
	struct trace_packet k;
	struct trace_regs r;
	static const uint64_t zero;
	long e = regs_of(c, &k, &r);
	return e ? e : put(c, &zero, 8);
}

/* --- registers by the number of their note in a core file ----------------------------------------------------------- */
enum { NT_FPREGSET = 2, NT_SEGBASES = 0x200, NT_XSTATE = 0x202 };
struct fbsd_iovec { uint64_t base, len; };
struct regset { int note; size_t size; sysfn *get, *set; };

static long get_segbases(struct call *c)
{
	struct trace_packet k;
	struct trace_regs r;
	long e = regs_of(c, &k, &r);
	uint64_t v[2] = { e ? 0 : r.fs, 0 };
	return e ? e : put(c, v, sizeof v);
}
static const struct regset regsets[] = {         /* 0: as much as there is on this machine */
	{ NT_FPREGSET, FB_FPREGS, fbsd_pt_getfpregs, fbsd_pt_setfpregs },
	{ NT_SEGBASES, 16, get_segbases, fbsd_pt_setfsbase },
	{ NT_XSTATE, 0, fbsd_pt_getxstate, fbsd_pt_setxstate },
};
/* The set, its size and the caller's buffer. */
static long regset_of(struct call *c, struct fbsd_iovec *v, const struct regset **set)
{
	struct trace_packet k;
	long e = copy_in(v, (uaddr)c->arg[2], sizeof *v), size;
	if (e || (size = ask(c, &k, ASK_FPU)) < 0)
		return e ? e : size;
	*set = NULL;
	for (unsigned i = 0; i < ARRAY_LEN(regsets); i++)
		if (regsets[i].note == c->arg[3])
			*set = &regsets[i];
	if (!*set)
		return -EINVAL;
	return (*set)->size ? (long)(*set)->size : size;
}
sysfn fbsd_pt_getregset, fbsd_pt_setregset;
long fbsd_pt_getregset(struct call *c)
{
	const struct regset *set;
	struct fbsd_iovec v;
	uaddr at = (uaddr)c->arg[2];
	long size = regset_of(c, &v, &set), e = 0;
	if (size < 0)
		return size;
	if (v.base && v.len != (uint64_t)size)
		return -EINVAL;
	c->arg[2] = (long)v.base;
	if (v.base)
		e = set->get(c);
	v.len = (uint64_t)size;
	return e < 0 ? e : copy_out(at, &v, sizeof v);
}
long fbsd_pt_setregset(struct call *c)
{
	const struct regset *set;
	struct fbsd_iovec v;
	long size = regset_of(c, &v, &set);
	if (size < 0)
		return size;
	if (v.len != (uint64_t)size)
		return -EINVAL;
	c->arg[2] = (long)v.base;
	c->arg[3] = size;
	return set->set(c);
}

/* --- threads and what happened to them ----------------------------------------------------------------------------- */
static const struct { uint16_t ours, guest; } pl_flags[] = {
	{ STOP_INFO, 0x20 }, { STOP_EXEC, 0x10 }, { STOP_FORKED, 0x40 }, { STOP_CHILD, 0x80 }, { STOP_BORN, 0x100 },
	{ STOP_EXITED, 0x200 }, { STOP_VFORKED, 0x400 }, { STOP_VFORK_DONE, 0x800 },
};
static long info_of(struct call *c, struct trace_packet *k, struct trace_info *f)
{
	long e = ask(c, k, ASK_INFO);
	if (!e)
		memcpy(f, k->data, sizeof *f);
	f->nargs = MIN(f->nargs, (uint32_t)ARRAY_LEN(f->arg));
	return e;
}
sysfn fbsd_pt_lwpinfo, fbsd_pt_getnumlwps, fbsd_pt_getlwplist, fbsd_pt_get_sc_args, fbsd_pt_get_sc_ret, fbsd_pt_sc_remote,
	fbsd_pt_vm_timestamp, fbsd_pt_vm_entry;
long fbsd_pt_lwpinfo(struct call *c)
{
	const struct personality *p = c->t->p->pers;
	struct trace_packet k;
	struct trace_info f;
	struct fbsd_lwpinfo g = { 0 };
	long e = info_of(c, &k, &f);
	if (e)
		return e;
	if (c->arg[3] <= 0 || c->arg[3] > (long)sizeof g)
		return -EINVAL;
	g.lwpid = fbsd_tid(f.tid);
	g.event = f.flags & STOP_SIGNAL ? 1 : 0;
	g.flags = f.flags & STOP_SCE ? 4 : f.flags & STOP_SCX ? 8 : 0;
	if (c->arg[3] < (long)offsetof(struct fbsd_lwpinfo, name))
		f.flags &= ~(uint32_t)STOP_INFO;
	for (unsigned i = 0; i < ARRAY_LEN(pl_flags); i++)
		g.flags |= f.flags & pl_flags[i].ours ? pl_flags[i].guest : 0;
	if (f.flags & STOP_INFO) {
		p->rec[REC_SIGINFO].put(&f.info, g.info);
		if (f.info.si_code == SI_TKILL && !f.info.si_pid)
			*(int32_t *)(g.info + 12) = tracer_pid_of(c->t, whom(c));
	}
	sigset_out(p, f.mask, g.sigmask);
	sigset_out(p, f.pending, g.siglist);
	memcpy(g.name, f.name, sizeof g.name);
	g.child = f.flags & STOP_FORKED ? f.child : 0;
	g.nr = f.nr;
	g.nargs = f.nr ? f.nargs : 0;
	return put(c, &g, (size_t)c->arg[3]);
}
long fbsd_pt_getnumlwps(struct call *c)
{
	struct trace_packet k;
	return ask(c, &k, ASK_THREADS);
}
long fbsd_pt_getlwplist(struct call *c)
{
	struct trace_packet k;
	int32_t *id = (int32_t *)k.data;
	long n = ask(c, &k, ASK_THREADS);
	if (n < 0)
		return n;
	if (c->arg[3] <= 0)
		return -EINVAL;
	n = MIN(n, MIN(c->arg[3], (long)k.len / 4));
	for (long i = 0; i < n; i++)
		id[i] = fbsd_tid(id[i]);
	long e = put(c, id, (size_t)n * 4);
	return e ? e : n;
}
long fbsd_pt_get_sc_args(struct call *c)
{
	struct trace_packet k;
	struct trace_info f;
	long e = info_of(c, &k, &f);
	if (e)
		return e;
	if (!(f.flags & (STOP_SCE | STOP_SCX)) && !f.nr)
		return -EINVAL;
	return put(c, f.arg, MIN((size_t)MAX(c->arg[3], 0l), sizeof f.arg));
}
static struct fbsd_sc_ret result(struct call *c, long rv, uint64_t rv0, uint64_t rv1)
{
	if (rv < 0 && rv > -4096)
		return (struct fbsd_sc_ret){ .err = rv == SYS_RESTART ? -1 : rv == SYS_NORETURN ? -2 :
					     errno_to_guest(c->t->p->pers, (int)-rv) };
	return (struct fbsd_sc_ret){ .rv = { rv0, rv1 } };
}
long fbsd_pt_get_sc_ret(struct call *c)
{
	struct trace_packet k;
	struct trace_info f;
	struct fbsd_sc_ret r;
	long e = info_of(c, &k, &f);
	if (e)
		return e;
	if (!(f.flags & STOP_SCX))
		return -EINVAL;
	r = result(c, f.err, f.rv[0], f.rv[1]);
	return put(c, &r, MIN((size_t)MAX(c->arg[3], 0l), sizeof r));
}
long fbsd_pt_sc_remote(struct call *c)
{
	struct trace_packet k;
	struct fbsd_sc_remote r;
	long e = c->arg[3] != sizeof r ? -EINVAL : copy_in(&r, (uaddr)c->arg[2], sizeof r);
	if (e)
		return e;
	if (r.nargs > 8)
		return -EINVAL;
	if ((e = copy_in(k.data, r.args, r.nargs * 8ul)))
		return e;
	k.len = r.nargs * 8;
	k.a = r.nr;
	if ((e = ask(c, &k, ASK_CALL)) < 0)
		return e;
	r.ret = result(c, (long)k.a, k.a, k.b);
	return put(c, &r.ret, sizeof r.ret);
}

/* --- what it has mapped -------------------------------------------------------------------------------------------- */
struct maps {
	struct trace_packet k;
	unsigned n_ours;
	int want, at;
	uint32_t hash;
	bool found;
	struct procfs_map m;
	char path[4096];
};
static bool is_ours(const struct maps *x, const struct procfs_map *m)
{
	const uint64_t *o = (const uint64_t *)x->k.data;
	for (unsigned i = 0; i < x->n_ours; i++)
		if (m->lo < o[2 * i + 1] && m->hi > o[2 * i])
			return str_cmp(m->path, "[stack]") != 0;
	return !str_ncmp(m->path, "[v", 2);
}
static long see(void *arg, const struct procfs_map *m)
{
	struct maps *x = arg;
	if (is_ours(x, m))
		return 0;
	x->hash = (x->hash ^ (uint32_t)(m->lo >> 12) ^ (uint32_t)(m->hi >> 8) ^ (uint32_t)m->prot) * 16777619u;
	if (x->at++ < x->want || x->found)
		return 0;
	x->found = true;
	x->m = *m;
	str_copy(x->path, m->path, sizeof x->path);
	return 0;
}
static long maps(struct call *c, struct maps *x)
{
	long e = ask(c, &x->k, ASK_OURS);
	if (e < 0)
		return e;
	x->n_ours = (unsigned)MIN(e, (long)x->k.len / 16);
	return procfs_maps(tracer_pid_of(c->t, whom(c)), see, x);
}
long fbsd_pt_vm_timestamp(struct call *c)
{
	struct maps *x = mem_alloc(sizeof *x);
	if (!x)
		return -ENOMEM;
	long e = maps(c, x);
	e = e < 0 ? e : (long)(x->hash & INT32_MAX);
	mem_free(x, sizeof *x);
	return e;
}
static long tell_map(struct call *c, struct fbsd_vm_entry *v, struct maps *x)
{
	char path[4096] = "";
	uint32_t room = v->pathlen;
	long e = 0;
	v->timestamp = (int32_t)(x->hash & INT32_MAX);
	v->entry++;
	v->start = x->m.lo;
	v->end = x->m.hi - 1;
	v->offset = x->m.offset;
	v->prot = (uint32_t)x->m.prot & 7;
	v->fsid = (uint32_t)-1;
	v->fileid = -1;
	if (room && x->m.ino) {
		v->fsid = (uint32_t)x->m.dev;
		v->fileid = (int64_t)x->m.ino;
	}
	v->pathlen = 0;
	if (room && x->path[0] == '/' && path_to_guest(c->t->p, x->path, path, sizeof path) > 0) {
		v->pathlen = (uint32_t)str_len(path) + 1;
		e = v->pathlen > room ? -ENAMETOOLONG : copy_out(v->path, path, v->pathlen);
	}
	return e ? e : put(c, v, sizeof *v);
}
long fbsd_pt_vm_entry(struct call *c)
{
	struct fbsd_vm_entry v;
	long e = copy_in(&v, (uaddr)c->arg[2], sizeof v);
	struct maps *x = e ? NULL : mem_alloc(sizeof *x);
	if (e || !x)
		return e ? e : -ENOMEM;
	x->want = v.entry;
	e = maps(c, x);
	if (!e)
		e = x->found ? tell_map(c, &v, x) : v.entry < 0 || v.entry > x->at ? -EINVAL : -ENOENT;
	mem_free(x, sizeof *x);
	return e;
}
