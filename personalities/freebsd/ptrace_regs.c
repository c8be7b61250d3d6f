/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ptrace: a tracee's registers, by request and by the number of their note in a core file.
 */
#include "host.h"
#include "freebsd/ptrace.h"

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
struct fbsd_xstate_info { uint64_t mask; uint32_t len, pad; };
_Static_assert(sizeof(struct fbsd_reg) == FB_REGS, "x86/reg.h");

static struct fbsd_reg to_guest(const struct regs *r)
{
	return (struct fbsd_reg){
		.r15 = r->r15, .r14 = r->r14, .r13 = r->r13, .r12 = r->r12, .r11 = r->r11, .r10 = r->r10, .r9 = r->r9,
		.r8 = r->r8, .rdi = r->rdi, .rsi = r->rsi, .rbp = r->rbp, .rbx = r->rbx, .rdx = r->rdx, .rcx = r->rcx,
		.rax = r->rax, .fs = 0x13, .gs = 0x1b, .es = 0x3b, .ds = 0x3b, .rip = r->rip, .cs = 0x43,
		.rflags = r->rflags, .rsp = r->rsp, .ss = 0x3b,
	};
}
static struct regs from_guest(const struct fbsd_reg *g)
{
	return (struct regs){
		.r15 = g->r15, .r14 = g->r14, .r13 = g->r13, .r12 = g->r12, .r11 = g->r11, .r10 = g->r10, .r9 = g->r9,
		.r8 = g->r8, .rdi = g->rdi, .rsi = g->rsi, .rbp = g->rbp, .rbx = g->rbx, .rdx = g->rdx, .rcx = g->rcx,
		.rax = g->rax, .rip = g->rip, .rflags = g->rflags, .rsp = g->rsp,
	};
}
static long regs_of(struct call *c, struct trace_regs *r)
{
	struct trace_packet k;
	long e = pt_ask(c, &k, ASK_REGS);
	if (!e)
		memcpy(r, k.data, sizeof *r);
	return e;
}
static long regs_set(struct call *c, const struct trace_regs *r)
{
	struct trace_packet k;
	memcpy(k.data, r, sizeof *r);
	k.len = sizeof *r;
	return pt_ask(c, &k, ASK_SETREGS);
}
sysfn fbsd_pt_getregs, fbsd_pt_setregs, fbsd_pt_getfpregs, fbsd_pt_setfpregs, fbsd_pt_getxstate_info, fbsd_pt_getxstate,
	fbsd_pt_setxstate, fbsd_pt_getfsbase, fbsd_pt_setfsbase, fbsd_pt_getgsbase;
long fbsd_pt_getregs(struct call *c)
{
	struct trace_regs r;
	long e = regs_of(c, &r);
	if (e)
		return e;
	struct fbsd_reg g = to_guest(&r.r);
	return pt_put(c, &g, sizeof g);
}
#define FLAGS_FREE 0x254dd5ull           /* what may change of rflags: PSL_USERCHANGE and the trap flag */
long fbsd_pt_setregs(struct call *c)
{
	struct trace_regs r;
	struct fbsd_reg g;
	long e = copy_in(&g, (uaddr)c->arg[2], sizeof g);
	if (e || (e = regs_of(c, &r)))
		return e;
	if ((g.rflags ^ r.r.rflags) & ~(FLAGS_FREE | 0x10200) || (g.cs & 3) != 3)
		return -EINVAL;
	r.r = from_guest(&g);
	return regs_set(c, &r);
}
long fbsd_pt_getfpregs(struct call *c)
{
	struct trace_packet k;
	long e = pt_ask(c, &k, ASK_FPU);
	return e < 0 ? e : pt_put(c, k.data, FB_FPREGS);
}
static long fpu_set(struct call *c, struct trace_packet *k, size_t n)
{
	long e = copy_in(k->data, (uaddr)c->arg[2], n);
	k->a = 0;
	k->len = (uint32_t)n;
	return e ? e : pt_ask(c, k, ASK_SETFPU);
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
	long e = pt_ask(c, &k, ASK_FPU);
	if (e < 0)
		return e;
	if (c->arg[3] != sizeof(struct fbsd_xstate_info))
		return -EINVAL;
	if (k.len > 512)
		memcpy(&mask, k.data + 512, 8);
	struct fbsd_xstate_info x = { FPU_COMPONENTS | mask, k.len, 0 };
	if (k.len < 2696)                /* the components of AVX-512 end there */
		x.mask = k.len > 576 ? 7 : 3;
	return pt_put(c, &x, sizeof x);
}
long fbsd_pt_getxstate(struct call *c)
{
	struct trace_packet k;
	long e = pt_ask(c, &k, ASK_FPU);
	return e < 0 ? e : pt_put(c, k.data, k.len);
}
long fbsd_pt_setxstate(struct call *c)
{
	struct trace_packet k;
	long e = pt_ask(c, &k, ASK_INFO);
	if (e < 0)
		return e;
	return c->arg[3] < FB_FPREGS || c->arg[3] > FPU_SIZE ? -EINVAL : fpu_set(c, &k, (size_t)c->arg[3]);
}
long fbsd_pt_getfsbase(struct call *c)
{
	struct trace_regs r;
	long e = regs_of(c, &r);
	return e ? e : pt_put(c, &r.fs, 8);
}
long fbsd_pt_setfsbase(struct call *c)
{
	struct trace_regs r;
	uint64_t v;
	long e = copy_in(&v, (uaddr)c->arg[2], 8);
	if (e || (e = regs_of(c, &r)))
		return e;
	r.fs = v;
	return regs_set(c, &r);
}
/* gs is ours: a guest's is always 0. */
long fbsd_pt_getgsbase(struct call *c)
{
	struct trace_regs r;
	static const uint64_t zero;
	long e = regs_of(c, &r);
	return e ? e : pt_put(c, &zero, 8);
}

/* --- registers by the number of their note in a core file ----------------------------------------------------------- */
enum { NT_FPREGSET = 2, NT_SEGBASES = 0x200, NT_XSTATE = 0x202 };
struct fbsd_iovec { uint64_t base, len; };
struct regset { int note; size_t size; sysfn *get, *set; };

static long get_segbases(struct call *c)
{
	struct trace_regs r;
	long e = regs_of(c, &r);
	uint64_t v[2] = { e ? 0 : r.fs, 0 };
	return e ? e : pt_put(c, v, sizeof v);
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
	if (e || (size = pt_ask(c, &k, ASK_FPU)) < 0)
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
