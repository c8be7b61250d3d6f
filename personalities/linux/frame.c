/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The frame under a signal handler and the way back. Layout: arch/x86/include/asm/sigframe.h and uapi/asm/sigcontext.h
 * (6.18), the same that the host's kernel would have laid; debuggers and unwinders know it. The vector state is the part
 * that syscalls/fpu.c moves (up to AVX-512): protection keys and tile registers stay as they are.
 */
#include "linux.h"

sysfn lnx_sigreturn;

#define UC_FP_XSTATE 1
#define UC_SIGCONTEXT_SS 2
#define UC_STRICT_RESTORE_SS 4
#define MAGIC1 0x46505853u
#define MAGIC2 0x46505845u
#define SW_AT 464                        /* in the legacy area: what the kernel says about the rest */
#define LEGACY 512
#define HEADER_END 576
#define SA_RESTORER_ 0x04000000u
#define SS_AUTODISARM_ (1u << 31)
#define FLAGS_KEPT 0x40dd5ull            /* AC OF DF TF SF ZF AF PF CF: what a program may set */

struct sigcontext_64 {
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, rflags;
	uint16_t cs, gs, fs, ss;
	uint64_t err, trapno, oldmask, cr2, fpstate, reserved[8];
};
struct ucontext_64 {
	uint64_t flags, link;
	struct { uint64_t sp; uint32_t flags, pad; uint64_t size; } stack;
	struct sigcontext_64 mc;
	uint64_t sigmask;
};
struct rt_sigframe_64 {
	uint64_t restorer;
	struct ucontext_64 uc;
	siginfo_t info;
};
struct sw_bytes { uint32_t magic1, extended_size; uint64_t xfeatures; uint32_t xstate_size, pad[7]; };
_Static_assert(sizeof(struct sigcontext_64) == 256 && sizeof(struct ucontext_64) == 304, "uapi");
_Static_assert(sizeof(struct rt_sigframe_64) == 440 && sizeof(struct sw_bytes) == 48, "uapi");

/* --- vector state ------------------------------------------------------------------------------------------------------ */
static uint64_t components(void)
{
	uint32_t lo, hi;
	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	return lo & 0xe7;
}
static long put_fpu(uaddr *sp)
{
	char x[FPU_SIZE + 64] __attribute__((aligned(64)));
	size_t n = fpu_size();
	bool more = n > LEGACY;
	struct sw_bytes sw = { 0 };

	fpu_save(x);
	if (more) {
		sw = (struct sw_bytes){ MAGIC1, (uint32_t)n + 4, components(), (uint32_t)n, { 0 } };
		memcpy(x + n, &(uint32_t){ MAGIC2 }, 4);
	}
	memcpy(x + SW_AT, &sw, sizeof sw);
	*sp = (*sp - n - 4) & ~63ul;
	return copy_out(*sp, x, more ? n + 4 : n);
}
/* How much of the state at `from` is to be believed: the size its own words prove, or the legacy part. */
static size_t believed(uaddr from, const char *x)
{
	struct sw_bytes sw;
	uint32_t magic2;

	memcpy(&sw, x + SW_AT, sizeof sw);
	if (sw.magic1 != MAGIC1 || sw.xstate_size < HEADER_END || sw.xstate_size > fpu_size() ||
	    sw.extended_size < sw.xstate_size || copy_in(&magic2, from + sw.xstate_size, 4) || magic2 != MAGIC2)
		return LEGACY;
	return sw.xstate_size;
}
static long get_fpu(uaddr from)
{
	char x[FPU_SIZE] __attribute__((aligned(64)));
	uint64_t legacy_only = 3;
	size_t n;
	long e;

	if (!from)
		return fpu_init(), 0;
	memset(x, 0, sizeof x);
	if ((e = copy_in(x, from, LEGACY)))
		return e;
	n = believed(from, x);
	if (n == LEGACY)
		memcpy(x + LEGACY, &legacy_only, 8);
	else if ((e = copy_in(x, from, n)))
		return e;
	return fpu_load(x);
}

/* --- general registers ---------------------------------------------------------------------------------------------------- */
static struct sigcontext_64 from_regs(const struct regs *r)
{
	return (struct sigcontext_64){
		.r8 = r->r8, .r9 = r->r9, .r10 = r->r10, .r11 = r->r11, .r12 = r->r12, .r13 = r->r13, .r14 = r->r14,
		.r15 = r->r15, .rdi = r->rdi, .rsi = r->rsi, .rbp = r->rbp, .rbx = r->rbx, .rdx = r->rdx, .rax = r->rax,
		.rcx = r->rcx, .rsp = r->rsp, .rip = r->rip, .rflags = r->rflags, .cs = 0x33, .ss = 0x2b,
	};
}
static struct regs to_regs(const struct sigcontext_64 *m)
{
	return (struct regs){
		.r8 = m->r8, .r9 = m->r9, .r10 = m->r10, .r11 = m->r11, .r12 = m->r12, .r13 = m->r13, .r14 = m->r14,
		.r15 = m->r15, .rdi = m->rdi, .rsi = m->rsi, .rbp = m->rbp, .rbx = m->rbx, .rdx = m->rdx, .rax = m->rax,
		.rcx = m->rcx, .rsp = m->rsp, .rip = m->rip, .rflags = (m->rflags & FLAGS_KEPT) | 0x202,
	};
}
long lnx_frame(struct thread *t, const struct sigframe *sf)
{
	struct rt_sigframe_64 f;
	uaddr sp = sf->sp, fp;
	long e;

	if (!(sf->act->flags & SA_RESTORER_))
		return -EFAULT;          /* the kernel refuses a handler without one */
	if ((e = put_fpu(&sp)))
		return e;
	fp = sp;
	sp = ((sp - sizeof f) & ~15ul) - 8;
	memset(&f, 0, sizeof f);
	f.restorer = sf->act->tramp;
	f.uc.flags = (fpu_size() > LEGACY ? UC_FP_XSTATE : 0) | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS;
	f.uc.stack.sp = t->altstack.base;
	f.uc.stack.flags = t->altstack.flags;
	f.uc.stack.size = t->altstack.size;
	f.uc.mc = from_regs(&t->regs);
	f.uc.mc.err = sf->pend->err;
	f.uc.mc.trapno = sf->pend->trapno;
	f.uc.mc.cr2 = sf->pend->cr2;
	f.uc.mc.oldmask = f.uc.sigmask = (uint64_t)sf->oldmask;
	f.uc.mc.fpstate = fp;
	f.info = sf->pend->info;
	if ((e = copy_out(sp, &f, sizeof f)))
		return e;
	t->regs.rdi = (uint64_t)sf->pend->sig;
	t->regs.rsi = sp + offsetof(struct rt_sigframe_64, info);
	t->regs.rdx = sp + offsetof(struct rt_sigframe_64, uc);
	t->regs.rax = 0;
	t->regs.rip = sf->act->handler;
	t->regs.rsp = sp;
	t->regs.rflags &= ~0x10500ull;           /* DF, TF, RF */
	if (t->altstack.flags & SS_AUTODISARM_)
		t->altstack = (struct sigalt){ .flags = SS_DISABLE };
	return 0;
}
long lnx_sigreturn(struct call *c)
{
	struct thread *t = c->t;
	struct ucontext_64 uc;

	if (copy_in(&uc, t->regs.rsp, sizeof uc) || get_fpu(uc.mc.fpstate)) {
		signal_force(t, SIGSEGV, SI_KERNEL, 0, 0);
		return SYS_NORETURN;
	}
	t->regs = to_regs(&uc.mc);
	if (uc.stack.flags & SS_DISABLE || uc.stack.size >= 2048)
		t->altstack = (struct sigalt){ uc.stack.sp, uc.stack.size,
					       uc.stack.flags & (SS_DISABLE | SS_AUTODISARM_) };
	signal_setmask(t, uc.sigmask);
	return SYS_NORETURN;
}
