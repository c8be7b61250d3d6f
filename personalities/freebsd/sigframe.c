/* SPDX-License-Identifier: BSD-2-Clause
 *
 * FreeBSD's machine context: the frame under a signal handler and the way back, getcontext and setcontext. Layouts:
 * sys/x86/include/ucontext.h, sys/sys/_ucontext.h, frame order sys/amd64/amd64/exec_machdep.c (15.0). The return path is
 * code the system supplies (its shared page); ours is a page of our own with the same calling sequence.
 */
#include <sys/mman.h>
#include "host.h"
#include "freebsd.h"

#define FPFMT_XMM 0x10002
#define FPOWNED_NONE 0x20000
#define FPOWNED_FPU 0x20001
#define HASSEGS 0x1
#define HASBASES 0x2
#define HASFPXSTATE 0x4
#define HASTLSBASE 0x8
#define FLAGS_KNOWN (HASSEGS | HASBASES | HASFPXSTATE | HASTLSBASE)
#define USER_CS 0x43
#define USER_DS 0x3b
#define FLAGS_FREE 0x254dd5ull           /* what a program may change of rflags: CF PF AF ZF SF TF DF OF NT AC ID */
#define LEGACY FPU_LEGACY

struct fbsd_stack { uint64_t sp, size; int32_t flags, pad; };
struct fbsd_mcontext {
	uint64_t onstack, rdi, rsi, rdx, rcx, r8, r9, rax, rbx, rbp, r10, r11, r12, r13, r14, r15;
	uint32_t trapno;
	uint16_t fs, gs;
	uint64_t addr;
	uint32_t flags;
	uint16_t es, ds;
	uint64_t err, rip, cs, rflags, rsp, ss;
	int64_t len, fpformat, ownedfp;
	uint8_t fpstate[LEGACY] __attribute__((aligned(16)));
	uint64_t fsbase, gsbase, xfpustate, xfpustate_len, tlsbase, spare[3];
};
struct fbsd_ucontext {
	uint8_t sigmask[16];
	struct fbsd_mcontext mc;
	uint64_t link;
	struct fbsd_stack stack;
	int32_t flags, spare[4];
};
struct fbsd_sigframe {
	uint64_t handler;
	struct fbsd_ucontext uc;
	uint8_t info[80];
};
_Static_assert(sizeof(struct fbsd_mcontext) == 800, "mcontext");
_Static_assert(sizeof(struct fbsd_ucontext) == 880, "ucontext");

/* call *(%rsp); lea 16(%rsp),%rdi; push $0; mov $417,%eax; syscall; hlt; jmp to the hlt */
static const uint8_t trampoline[] = {
	0xff, 0x14, 0x24, 0x48, 0x8d, 0x7c, 0x24, 0x10, 0x6a, 0x00, 0xb8, 0xa1, 0x01, 0x00, 0x00, 0x0f, 0x05, 0xf4, 0xeb, 0xfd,
};
_Static_assert(offsetof(struct fbsd_sigframe, uc) == 16, "trampoline");
#define TRAMPOLINE_AT 64

/* FreeBSD's trap numbers for the processor's vectors; the others keep 0 */
static const uint8_t trap_of[32] = {
	[0] = 18, [1] = 10, [2] = 19, [3] = 3, [4] = 20, [5] = 21, [6] = 1, [7] = 22, [8] = 23, [9] = 24, [10] = 26,
	[11] = 27, [12] = 28, [13] = 9, [14] = 12, [16] = 6, [17] = 14, [18] = 28, [19] = 29,
};

static uaddr page;
void fbsd_trampoline_is(uaddr at) { page = at; }
const uaddr *fbsd_trampoline_at(void) { return &page; }

uaddr fbsd_trampoline(size_t *len)
{
	*len = sizeof trampoline;
	if (page)
		return page;
	long a = host(SYS_mmap, NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (a < 0 && a > -4096)
		die("no memory for the signal return page: %s", error_text(a));
	memset((void *)a, 0xcc, PAGE);           /* padding around it: its call is a site like any other */
	memcpy((char *)a + TRAMPOLINE_AT, trampoline, sizeof trampoline);
	host(SYS_mprotect, a, PAGE, PROT_READ | PROT_EXEC);
	return page = (uaddr)a + TRAMPOLINE_AT;
}
static void mc_from_regs(struct fbsd_mcontext *m, const struct regs *r)
{
	m->rdi = r->rdi; m->rsi = r->rsi; m->rdx = r->rdx; m->rcx = r->rcx; m->r8 = r->r8; m->r9 = r->r9;
	m->rax = r->rax; m->rbx = r->rbx; m->rbp = r->rbp; m->r10 = r->r10; m->r11 = r->r11; m->r12 = r->r12;
	m->r13 = r->r13; m->r14 = r->r14; m->r15 = r->r15; m->rip = r->rip; m->rsp = r->rsp; m->rflags = r->rflags;
	m->fs = 0x13;
	m->gs = 0x1b;
	m->es = m->ds = USER_DS;
	m->flags = HASSEGS;
	m->cs = USER_CS;
	m->ss = USER_DS;
	m->len = sizeof *m;
	m->fsbase = segment_fs(thread_self());
}
static void mc_to_regs(const struct fbsd_mcontext *m, struct regs *r)
{
	r->rdi = m->rdi; r->rsi = m->rsi; r->rdx = m->rdx; r->rcx = m->rcx; r->r8 = m->r8; r->r9 = m->r9;
	r->rax = m->rax; r->rbx = m->rbx; r->rbp = m->rbp; r->r10 = m->r10; r->r11 = m->r11; r->r12 = m->r12;
	r->r13 = m->r13; r->r14 = m->r14; r->r15 = m->r15; r->rip = m->rip; r->rsp = m->rsp; r->rflags = m->rflags;
}
/* The legacy part lies in the context; what lies behind it in the saved state goes to its own place below the stack. */
static long put_fpu(struct fbsd_mcontext *m, uaddr *sp)
{
	char x[FPU_SIZE] __attribute__((aligned(64)));
	size_t more = fpu_size() - LEGACY;

	fpu_save(x);
	m->fpformat = FPFMT_XMM;
	m->ownedfp = FPOWNED_FPU;
	memcpy(m->fpstate, x, LEGACY);
	if (!more || !sp)
		return 0;
	*sp = (*sp - more) & ~63ull;
	m->xfpustate = *sp;
	m->xfpustate_len = more;
	m->flags |= HASFPXSTATE;
	return copy_out(*sp, x + LEGACY, more);
}
static long get_fpu(const struct fbsd_mcontext *m)
{
	char x[FPU_SIZE] __attribute__((aligned(64)));
	size_t more = fpu_size() - LEGACY;
	long e;

	if (m->ownedfp == FPOWNED_NONE)
		return 0;
	if (m->ownedfp != FPOWNED_FPU && m->ownedfp != FPOWNED_FPU + 1)
		return -EINVAL;
	fpu_save(x);                     /* components the context does not hold stay as they are */
	memcpy(x, m->fpstate, LEGACY);
	if (m->flags & HASFPXSTATE) {
		if (m->xfpustate_len > fpu_room() - LEGACY)
			return -EINVAL;
		if ((e = copy_in(x + LEGACY, m->xfpustate, MIN(m->xfpustate_len, more))))
			return e;
	}
	*(uint64_t *)(x + LEGACY) |= 3;  /* the legacy part is always meant */
	return fpu_load(x);
}
/* What FreeBSD makes of a processor fault: by the processor's vector, amd64 trap(). Page faults, divisions and illegal
 * instructions are as Linux has them. The address is the instruction's, but for a page fault. */
static const struct { uint8_t sig, code; } fault_of[32] = {
	[1] = { SIGTRAP, TRAP_TRACE }, [3] = { SIGTRAP, TRAP_BRKPT }, [6] = { SIGILL, ILL_PRVOPC }, [5] = { SIGFPE, FPE_FLTSUB },
	[10] = { SIGBUS, BUS_OBJERR }, [11] = { SIGBUS, BUS_ADRERR }, [12] = { SIGBUS, BUS_OBJERR },
	[13] = { SIGBUS, BUS_OBJERR }, [17] = { SIGBUS, BUS_ADRALN },
};
void fbsd_fault(struct thread *t, struct sigpend *pd)
{
	unsigned v = pd->trapno & 31;
	if (fault_of[v].sig) {
		pd->sig = pd->info.si_signo = fault_of[v].sig;
		pd->info.si_code = fault_of[v].code;
	}
	if (v == 14 && pd->sig == SIGBUS && pd->info.si_code == BUS_ADRERR)
		pd->info.si_code = BUS_OBJERR;   /* beyond the end of what is mapped */
	if (v != 14 && !(pd->sig == SIGTRAP && pd->info.si_code == FBSD_TRAP_CAP))
		pd->info.si_addr = (void *)t->regs.rip;
}
static void put_fault(struct fbsd_mcontext *m, const struct sigpend *pd)
{
	if (!pd->caused)
		return;
	m->trapno = trap_of[pd->trapno & 31];
	m->err = pd->err;
	m->addr = pd->trapno == 14 ? pd->cr2 : m->rip;
}
long fbsd_frame(struct thread *t, const struct sigframe *sf)
{
	const struct personality *p = t->p->pers;
	struct fbsd_sigframe f;
	uaddr sp = sf->sp;
	size_t len;
	long e;

	memset(&f, 0, sizeof f);
	mc_from_regs(&f.uc.mc, &t->regs);
	put_fault(&f.uc.mc, sf->pend);
	f.uc.mc.onstack = signal_on_altstack(t);
	sigset_out(p, sf->oldmask, f.uc.sigmask);
	f.uc.stack = (struct fbsd_stack){ t->altstack.base, t->altstack.size, (int32_t)t->altstack.flags & 2 ? 4 :
					  signal_on_altstack(t) ? 1 : 0, 0 };
	if ((e = put_fpu(&f.uc.mc, &sp)))
		return e;
	sp = (sp - sizeof f) & ~15ull;
	p->rec[REC_SIGINFO].put(&sf->pend->info, f.info);
	*(int32_t *)f.info = sig_to_guest(p, sf->pend->sig);
	f.handler = sf->act->handler;
	if ((e = copy_out(sp, &f, sizeof f)))
		return e;
	t->regs.rdi = (uint64_t)sig_to_guest(p, sf->pend->sig);
	t->regs.rsi = sf->act->flags & SA_SIGINFO ? sp + offsetof(struct fbsd_sigframe, info) :
						    (uint64_t)(int64_t)*(int32_t *)(f.info + 8);
	t->regs.rdx = sp + offsetof(struct fbsd_sigframe, uc);
	t->regs.rcx = *(uint64_t *)(f.info + 24);                /* si_addr */
	t->regs.rsp = sp;
	t->regs.rip = fbsd_trampoline(&len);
	t->regs.rflags &= ~0x500ull;                             /* TF, DF */
	return 0;
}
static long context_load(struct thread *t, const struct fbsd_ucontext *uc, bool strict)
{
	if (uc->mc.flags & ~FLAGS_KNOWN || (strict && (uc->mc.rflags ^ t->regs.rflags) & ~FLAGS_FREE & ~0x10200ull))
		return -EINVAL;
	if ((uc->mc.cs & 3) != 3 && uc->mc.cs)
		return -EINVAL;
	long e = get_fpu(&uc->mc);
	if (e)
		return e;
	mc_to_regs(&uc->mc, &t->regs);
	t->regs.rflags = (t->regs.rflags & FLAGS_FREE) | 0x202;
	signal_setmask(t, sigset_in(t->p->pers, uc->sigmask));
	return SYS_NORETURN;
}
long fbsd_sigreturn(struct call *c)
{
	struct fbsd_ucontext uc;
	long e = copy_in(&uc, (uaddr)c->arg[0], sizeof uc);
	if (e)
		return e;
	e = context_load(c->t, &uc, true);
	if (e == SYS_NORETURN && uc.mc.fsbase && uc.mc.fsbase != segment_fs(c->t))
		segment_fs_set(c->t, uc.mc.fsbase);
	return e;
}
/* As if this call returned 0 twice: once now, once for whoever loads the context. */
static long context_save(struct thread *t, uaddr to)
{
	struct fbsd_ucontext uc;
	memset(&uc, 0, sizeof uc);
	mc_from_regs(&uc.mc, &t->regs);
	uc.mc.rax = uc.mc.rdx = 0;
	uc.mc.rflags &= ~1ull;
	put_fpu(&uc.mc, NULL);
	sigset_out(t->p->pers, t->sigmask, uc.sigmask);
	/* the members behind the stack are the caller's: only what lies before is written */
	return copy_out(to, &uc, offsetof(struct fbsd_ucontext, link));
}
long fbsd_getcontext(struct call *c) { return c->arg[0] ? context_save(c->t, (uaddr)c->arg[0]) : -EINVAL; }

long fbsd_setcontext(struct call *c)
{
	struct fbsd_ucontext uc;
	if (!c->arg[0])
		return -EINVAL;
	long e = copy_in(&uc, (uaddr)c->arg[0], sizeof uc);
	if (!e && uc.mc.len != sizeof uc.mc)
		e = -EINVAL;
	return e ? e : context_load(c->t, &uc, false);
}
long fbsd_swapcontext(struct call *c)
{
	if (!c->arg[0] || !c->arg[1])
		return -EINVAL;
	long e = context_save(c->t, (uaddr)c->arg[0]);
	if (e)
		return e;
	c->arg[0] = c->arg[1];
	return fbsd_setcontext(c);
}

/* --- sigfastblock: a word of the guest's that holds signals back without a call ------------------------------------------------- */
#define FAST_PEND 0x1u
#define FAST_COUNT (~0xfu)

bool fbsd_signal_hold(struct thread *t)
{
	uaddr at = fbsd_thread(t)->fastblock;
	uint32_t word;
	if (!at || copy_in(&word, at, 4) || !(word & FAST_COUNT))
		return false;
	for (;;) {
		uint32_t seen;
		if (mem_cas32(at, word, word | FAST_PEND, &seen))
			return false;
		if (seen == word)
			return true;
		if (!((word = seen) & FAST_COUNT))
			return false;
	}
}
long fbsd_sigfastblock(struct call *c)
{
	struct fbsd_thread *ft = fbsd_thread(c->t);
	uint32_t word;
	long e;

	switch (c->arg[0]) {
	case 1:
		if (ft->fastblock)
			return -EBUSY;
		if (c->arg[1] & 3)
			return -EINVAL;
		if ((e = copy_in(&word, (uaddr)c->arg[1], 4)))
			return e;
		ft->fastblock = (uaddr)c->arg[1];
		return 0;
	case 2:
		if (!ft->fastblock)
			return -EINVAL;
		break;
	case 3:
		if (!ft->fastblock)
			return -EINVAL;
		if ((e = copy_in(&word, ft->fastblock, 4)))
			return e;
		if (word & FAST_COUNT)
			return -EBUSY;
		break;
	default:
		return -EINVAL;
	}
	word = 0;
	e = copy_in(&word, ft->fastblock, 4);
	while (!e && word & FAST_PEND) {
		uint32_t seen;
		e = mem_cas32(ft->fastblock, word, word & ~FAST_PEND, &seen);
		if (!e && seen == word)
			break;
		word = seen;
	}
	if (c->arg[0] == 3)
		ft->fastblock = 0;
	c->t->attn = 1;
	return e;
}
