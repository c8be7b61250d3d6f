/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What KVM leaves to us of the processor. On a host with hardware virtualization that is the program's memory by its own
 * page tables, and MSRs on their way through. A host whose KVM carries ring 0 out itself gives up at instructions that a
 * kernel cannot do without, or gets them wrong; seen on Linux 6.18 in a machine without nested virtualization, and mended here:
 *
 *   int n, int3, 32-bit iret in ring 0, fwait, rdtscp, xgetbv, stac, clac, hints (endbr64)   KVM ends with an internal error at them
 *   int n in ring 3           comes to the program as #UD (int 0x80) or #GP
 *   syscall in ring 3         enters LSTAR with ring 3's rights, EFER.SCE or not; so KVM is told an LSTAR where nothing is,
 *                             and what comes is a page fault there
 *   x87, SSE and newer in ring 0  the same; our own processor carries them out (borrow.c)
 *   vmcall, vmmcall           stand still for ever: KVM writes the instruction anew and tries again
 *
 * So the entries of the program's handlers of #UD, #GP and #PF are watched by breakpoints, which work where ring 0 is
 * emulated: if what raised it is one of these, the delivery is undone and the right one made. vmcall is found where a timer
 * ends KVM_RUN, and by a breakpoint from then on. A program's own hardware breakpoints do not work there.
 */
#include "engines/insn.h"
#include "metal.h"

#define EFER_SCE 1ull
#define EFER_LMA 0x400ull
#define FL_IF 0x200ull
#define FL_IOPL 0x3000ull
#define FL_IRET 0x257fd5ull              /* what iret takes off the stack: all but virtual 8086 and its like */
#define FL_GONE (0x100ull | 0x4000ull | 0x10000ull | 0x20000ull)
#define FL_AC 0x40000ull
#define N_WATCH 4
#define NOWHERE 0xffffffffffffe000ull     /* the LSTAR that KVM has */
enum { V_UD = 6, V_GP = 13, V_PF = 14 };
enum { MSR_TSC = 0x10, MSR_EFER = 0xc0000080, MSR_STAR = 0xc0000081, MSR_LSTAR = 0xc0000082, MSR_FMASK = 0xc0000084, MSR_TSC_AUX = 0xc0000103 };

static long kvm(unsigned long nr, const void *arg) { return host(SYS_ioctl, box.fd, nr, arg); }

/* --- registers --------------------------------------------------------------------------------------------------------- */
struct kvm_regs *cpu_regs(void)
{
	box.run->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
	return &box.run->s.regs.regs;
}
struct kvm_sregs *cpu_sregs(void)
{
	box.run->kvm_dirty_regs |= KVM_SYNC_X86_SREGS;
	return &box.run->s.regs.sregs;
}
static const struct kvm_regs *regs(void) { return &box.run->s.regs.regs; }
static const struct kvm_sregs *sregs(void) { return &box.run->s.regs.sregs; }
static bool long_mode(void) { return sregs()->efer & EFER_LMA; }
static unsigned ring(void) { return sregs()->ss.dpl; }

/* --- memory by the program's own page tables ---------------------------------------------------------------------------- */
static uint8_t *linear(uaddr at)
{
	struct kvm_translation x = { .linear_address = at };
	if (kvm(KVM_TRANSLATE, &x) < 0 || !x.valid)
		return NULL;
	return phys(x.physical_address, 1);
}
static long move(uaddr at, uint8_t *mine, size_t n, bool in)
{
	while (n) {
		size_t step = MIN(n, PAGE - (at & (PAGE - 1)));
		uint8_t *theirs = linear(at);
		if (!theirs)
			return -EFAULT;
		memcpy(in ? mine : theirs, in ? theirs : mine, step);
		at += step, mine += step, n -= step;
	}
	return 0;
}
/* Before the machine runs addresses are our own, of what observers ask then: its command line. */
long linear_read(void *to, uaddr at, size_t n)
{
	return move(at, to, n, true);
}
long linear_write(uaddr at, const void *from, size_t n) { return move(at, (uint8_t *)from, n, false); }

/* --- descriptors ---------------------------------------------------------------------------------------------------------- */
static bool descriptor(uint16_t selector, uint64_t *d)
{
	const struct kvm_sregs *s = sregs();
	uint64_t base = selector & 4 ? s->ldt.base : s->gdt.base, limit = selector & 4 ? s->ldt.limit : s->gdt.limit;
	return (selector & ~7u) + 7u <= limit && !linear_read(d, base + (selector & ~7u), 8);
}
static struct kvm_segment segment_of(uint16_t selector, uint64_t d)
{
	uint64_t limit = (d & 0xffff) | (d >> 32 & 0xf0000);
	bool g = d >> 55 & 1;
	return (struct kvm_segment){
		.base = (d >> 16 & 0xffffff) | (d >> 56 & 0xff) << 24, .limit = (uint32_t)(g ? limit << 12 | 0xfff : limit), .selector = selector,
		.type = d >> 40 & 15, .present = d >> 47 & 1, .dpl = d >> 45 & 3, .db = d >> 54 & 1, .s = d >> 44 & 1, .l = d >> 53 & 1, .g = g,
		.avl = d >> 52 & 1,
	};
}
static bool load(struct kvm_segment *to, uint16_t selector)
{
	uint64_t d;
	if (!(selector & ~3u)) {
		*to = (struct kvm_segment){ .selector = selector, .unusable = 1, .dpl = selector & 3, .type = 3, .s = 1 };
		return true;
	}
	if (!descriptor(selector, &d))
		return false;
	*to = segment_of(selector, d);
	to->type |= 1;
	return to->present && to->s;
}
static struct kvm_segment flat(uint16_t selector, unsigned type, unsigned dpl, bool l)
{
	return (struct kvm_segment){ .limit = ~0u, .selector = selector, .type = (uint8_t)type, .present = 1, .dpl = (uint8_t)dpl, .db = !l, .s = 1,
				     .l = l, .g = 1 };
}

/* --- entering a handler through the IDT -------------------------------------------------------------------------------------- */
struct gate { uint64_t offset; uint16_t selector; uint8_t type, dpl, ist; bool present; };

static bool gate_read(unsigned vector, struct gate *g)
{
	uint64_t d[2] = { 0 };
	unsigned size = long_mode() ? 16 : 8;
	if (vector * size + size - 1 > sregs()->idt.limit || linear_read(d, sregs()->idt.base + vector * size, size))
		return false;
	*g = (struct gate){
		.offset = (d[0] & 0xffff) | (d[0] >> 32 & 0xffff0000) | d[1] << 32, .selector = (uint16_t)(d[0] >> 16),
		.type = d[0] >> 40 & 15, .dpl = d[0] >> 45 & 3, .ist = d[0] >> 32 & 7, .present = d[0] >> 47 & 1,
	};
	return g->present && (g->type & 14) == 14;
}
/* Where the handler's stack begins; false: the TSS does not say. */
static bool new_stack(const struct gate *g, unsigned to, uint64_t *sp, uint16_t *ss)
{
	uint64_t tss = sregs()->tr.base;
	uint32_t sp32 = 0;

	*ss = 0;
	if (long_mode())
		return !linear_read(sp, tss + (g->ist ? 0x24 + 8 * (g->ist - 1u) : 4 + 8 * to), 8);
	if (linear_read(&sp32, tss + 4 + 8 * to, 4) || linear_read(ss, tss + 8 + 8 * to, 2))
		return false;
	*sp = sp32;
	return true;
}
static bool push_frame(uint64_t *sp, const uint64_t *word, unsigned n)
{
	unsigned size = long_mode() ? 8 : 4;
	for (unsigned i = 0; i < n; i++) {
		*sp -= size;
		if (!long_mode())
			*sp &= ~0u;
		if (linear_write(*sp, &word[i], size))
			return false;
	}
	return true;
}
/* Everything is read and written before a register changes. */
static bool enter(unsigned vector, const uint64_t *error, uint64_t rip)
{
	const struct kvm_regs *r = regs();
	struct kvm_segment cs, ss = sregs()->ss;
	struct gate g;
	uint64_t sp = r->rsp;
	uint16_t ss_new;
	unsigned n = 0;

	if (!gate_read(vector, &g) || !load(&cs, g.selector) || cs.dpl > ring())
		return false;
	bool inward = cs.dpl < ring(), lm = long_mode();
	cs.selector = (uint16_t)((g.selector & ~3u) | cs.dpl);
	if (inward || (lm && g.ist)) {
		if (!new_stack(&g, cs.dpl, &sp, &ss_new))
			return false;
		if (inward && lm)
			ss = flat(cs.dpl, 3, cs.dpl, false);
		else if (inward && !load(&ss, ss_new))
			return false;
	}
	uint64_t word[6];
	if (lm)
		sp &= ~15ull;
	if (lm || inward)
		word[n++] = sregs()->ss.selector, word[n++] = r->rsp;
	word[n++] = r->rflags, word[n++] = sregs()->cs.selector, word[n++] = rip;
	if (error)
		word[n++] = *error;
	if (!push_frame(&sp, word, n))
		return false;
	struct kvm_sregs *s = cpu_sregs();
	struct kvm_regs *to = cpu_regs();
	s->cs = cs;
	s->ss = ss;
	to->rsp = sp;
	to->rip = g.offset;
	to->rflags &= ~(FL_GONE | (g.type == 14 ? FL_IF : 0));
	return true;
}
bool cpu_enter(unsigned vector, const uint64_t *error) { return enter(vector, error, regs()->rip); }

/* From ring 3 only through a gate that allows it. */
static bool software_interrupt(unsigned vector, unsigned len)
{
	uint64_t error = vector << 3 | 2;
	struct gate g;
	if (ring() && gate_read(vector, &g) && g.dpl < ring())
		return enter(V_GP, &error, regs()->rip);
	return enter(vector, NULL, regs()->rip + len);
}

/* --- leaving one, in 32 bits ------------------------------------------------------------------------------------------------------ */
static void drop_data(struct kvm_segment *s, unsigned to)
{
	if (s->dpl < to && !(s->type & 8 && s->type & 4))
		*s = (struct kvm_segment){ .unusable = 1, .dpl = 3, .type = 3, .s = 1 };
}
static bool iret32(void)
{
	uint32_t w[5] = { 0 };
	struct kvm_segment cs, ss = sregs()->ss;
	uint64_t sp = regs()->rsp;

	if (long_mode() || linear_read(w, ss.base + sp, 12) || w[2] & 0x20000 || !load(&cs, (uint16_t)w[1]))
		return false;
	unsigned to = w[1] & 3;
	if (to > ring()) {
		if (linear_read(w, ss.base + sp, 20) || !load(&ss, (uint16_t)w[4]))
			return false;
	}
	struct kvm_sregs *s = cpu_sregs();
	struct kvm_regs *r = cpu_regs();
	unsigned from = ring();
	uint64_t keeps = from ? FL_IF | FL_IOPL : 0;
	s->cs = cs;
	s->cs.dpl = (uint8_t)to;
	s->ss = ss;
	r->rip = w[0];
	r->rflags = (w[2] & FL_IRET & ~keeps) | (r->rflags & keeps) | 2;
	r->rsp = to > from ? w[3] : (uint32_t)(sp + 12);
	if (to > from) {
		drop_data(&s->ds, to), drop_data(&s->es, to);
		drop_data(&s->fs, to), drop_data(&s->gs, to);
	}
	return true;
}

/* --- syscall and sysret --------------------------------------------------------------------------------------------------------------- */
/* KVM has begun it: rcx and r11 are what they have to be. */
static bool do_syscall(void)
{
	struct kvm_sregs *s = cpu_sregs();
	struct kvm_regs *r = cpu_regs();
	uint16_t selector = (uint16_t)(box.program.star >> 32 & ~3u);

	if (!(box.program.efer & EFER_SCE)) {
		r->rip = r->rcx - 2;
		return enter(V_UD, NULL, r->rip);
	}
	r->rip = box.program.lstar;
	r->rflags = (r->r11 & ~box.program.fmask & ~0x10000ull) | 2;
	s->cs = flat(selector, 11, 0, true);
	s->ss = flat((uint16_t)(selector + 8), 3, 0, false);
	return true;
}
static bool do_sysret(bool wide)
{
	if (!(box.program.efer & EFER_SCE) || ring())
		return false;
	struct kvm_sregs *s = cpu_sregs();
	struct kvm_regs *r = cpu_regs();
	uint16_t selector = (uint16_t)(box.program.star >> 48 | 3);
	r->rip = wide ? r->rcx : (uint32_t)r->rcx;
	r->rflags = (r->r11 & 0x3c7fd7) | 2;
	s->cs = flat((uint16_t)(wide ? selector + 16 : selector), 11, 3, wide);
	s->ss = flat((uint16_t)(selector + 8), 3, 3, false);
	return true;
}
/* --- small ones ---------------------------------------------------------------------------------------------------------------------------- */
static bool do_rdtscp(void)
{
	struct { uint32_t n, pad; struct kvm_msr_entry e[2]; } m = { .n = 2, .e = { { .index = MSR_TSC }, { .index = MSR_TSC_AUX } } };
	if (kvm(KVM_GET_MSRS, &m) != 2)
		return false;
	struct kvm_regs *r = cpu_regs();
	r->rax = (uint32_t)m.e[0].data, r->rdx = m.e[0].data >> 32, r->rcx = (uint32_t)m.e[1].data;
	return r->rip += 3;
}
static bool do_xgetbv(void)
{
	struct kvm_xcrs x = { 0 };
	if ((uint32_t)regs()->rcx || kvm(KVM_GET_XCRS, &x) < 0 || !x.nr_xcrs)
		return false;
	struct kvm_regs *r = cpu_regs();
	r->rax = (uint32_t)x.xcrs[0].value, r->rdx = x.xcrs[0].value >> 32;
	return r->rip += 3;
}
/* The encodings that are kept for hints (endbr64, rdssp): they do nothing where what they are for is missing. */
static bool do_hint(const uint8_t *b, size_t n)
{
	struct insn i;
	if (!insn_decode(b, n, &i) || (i.rex && !sregs()->cs.l) || i.map != 1 || i.op < 0x18 || i.op > 0x1f)
		return false;
	return cpu_regs()->rip += i.len;
}
static bool set_ac(bool on)
{
	struct kvm_regs *r = cpu_regs();
	r->rflags = on ? r->rflags | FL_AC : r->rflags & ~FL_AC;
	return r->rip += 3;
}
/* The instruction at rip, if it is one of those at the head of this file. */
static bool carry_out(void)
{
	uint8_t b[15] = { 0 };
	uint64_t at = sregs()->cs.base + regs()->rip;
	unsigned n = 0;

	if (regs()->rip == NOWHERE)
		return do_syscall();
	while (n < sizeof b && !linear_read(b + n, at + n, 1))
		n++;
	if (b[0] == 0xcd)
		return software_interrupt(b[1], 2);
	if (b[0] == 0xcc)
		return software_interrupt(3, 1);
	if (b[0] == 0xcf)
		return iret32();
	if (b[0] == 0x9b)                /* fwait: what it would wait for is not emulated either */
		return cpu_regs()->rip += 1;
	if (b[0] == 0x48 && b[1] == 0x0f && b[2] == 0x07)
		return do_sysret(true);
	if (b[0] == 0x0f && b[1] == 0x07)
		return do_sysret(false);
	if (b[0] != 0x0f || b[1] != 0x01)
		return !ring() && (do_hint(b, n) || borrow(b, n));
	return b[2] == 0xf9 ? do_rdtscp() : b[2] == 0xd0 ? do_xgetbv() : b[2] == 0xcb ? !ring() && set_ac(true) : b[2] == 0xca && !ring() && set_ac(false);
}
static void no_exception(void)
{
	struct kvm_vcpu_events ev;
	if (kvm(KVM_GET_VCPU_EVENTS, &ev) < 0)
		return;
	memset(&ev.exception, 0, sizeof ev.exception);
	ev.flags &= ~(uint32_t)KVM_VCPUEVENT_VALID_SIPI_VECTOR;
	kvm(KVM_SET_VCPU_EVENTS, &ev);
}
bool cpu_missing(void)
{
	if (!box.emulated || !carry_out())
		return false;
	no_exception();
	return true;
}
bool cpu_fault(void) { return cpu_missing(); }

/* --- breakpoints of ours ---------------------------------------------------------------------------------------------------------------------- */
static uint64_t watched[N_WATCH];        /* as KVM has them: handlers of #UD, #GP, #PF; the site of vmcall */
static bool stepping_told;

static void tell_breakpoints(bool step)
{
	struct kvm_guest_debug d = { 0 };

	for (unsigned i = 0; i < N_WATCH; i++)
		if (watched[i]) {
			d.arch.debugreg[i] = watched[i];
			d.arch.debugreg[7] |= 0x400 | 1u << 2 * i;
		}
	d.control = step ? KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP : d.arch.debugreg[7] ? KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP : 0;
	kvm(KVM_SET_GUEST_DEBUG, &d);
	stepping_told = step;
}
/* The place in our memory of a gate, which is looked at after every exit, and for which table that holds. */
static struct { uint64_t idt, cr3, cr0; const uint8_t *at; uint16_t limit; } seen[3];

static uint64_t handler_at(unsigned i, unsigned vector)
{
	const struct kvm_sregs *s = sregs();
	unsigned size = long_mode() ? 16 : 8;
	uint64_t d[2] = { 0 };

	if (vector * size + size - 1 > s->idt.limit)
		return 0;
	if (!seen[i].at || seen[i].idt != s->idt.base || seen[i].cr3 != s->cr3 || seen[i].cr0 != s->cr0 || seen[i].limit != s->idt.limit) {
		seen[i].idt = s->idt.base, seen[i].cr3 = s->cr3, seen[i].cr0 = s->cr0, seen[i].limit = s->idt.limit;
		seen[i].at = linear(s->idt.base + vector * size);
	}
	if (!seen[i].at)
		return 0;
	memcpy(d, seen[i].at, size);
	return d[0] >> 47 & 1 ? (d[0] & 0xffff) | (d[0] >> 32 & 0xffff0000) | d[1] << 32 : 0;
}
void cpu_watch(void)
{
	uint64_t want[N_WATCH] = { handler_at(0, V_UD), handler_at(1, V_GP), box.program.syscalls ? handler_at(2, V_PF) : 0, box.program.site };
	if (stepping_told || !memcmp(want, watched, sizeof want))
		return;
	memcpy(watched, want, sizeof want);
	tell_breakpoints(false);
}
static bool at_vmcall(void)
{
	uint8_t b[3] = { 0 };
	return !linear_read(b, sregs()->cs.base + regs()->rip, 3) && b[0] == 0x0f && b[1] == 0x01 && (b[2] == 0xc1 || b[2] == 0xd9);
}
bool cpu_vmcall(void)
{
	uint64_t at = sregs()->cs.base + regs()->rip;
	if (ring() || !at_vmcall())
		return false;
	box.program.site = at;
	cpu_regs()->rip += 3;
	metal_hypercall();
	return true;
}
/* At a handler's first instruction: was it raised by what should not raise anything? Then back to there. */
static bool wrongly_raised(unsigned vector)
{
	uint64_t w[6] = { 0 };
	unsigned skip = vector != V_UD, n = 5, i;
	struct kvm_sregs was = *sregs();
	struct kvm_regs regs_were = *regs();
	uint8_t b[2] = { 0 };

	for (i = 0; i < n + skip; i++)
		if (linear_read(&w[i], was.ss.base + regs_were.rsp + i * (long_mode() ? 8 : 4), long_mode() ? 8 : 4))
			return false;
	uint64_t *f = w + skip;
	if ((f[1] & 3) == 0 && f[0] != NOWHERE)
		return false;                    /* ring 0's come as missing instructions */
	if (vector == V_PF ? f[0] != NOWHERE : linear_read(b, f[0], 2) || b[0] != 0xcd || (vector == V_GP && !(w[0] & 2)))
		return false;
	struct kvm_sregs *s = cpu_sregs();
	struct kvm_regs *r = cpu_regs();
	bool ok = load(&s->cs, (uint16_t)f[1]) && load(&s->ss, (uint16_t)f[4]);
	s->cs.dpl = s->ss.dpl = f[1] & 3;
	r->rip = f[0], r->rflags = f[2], r->rsp = f[3];
	if (ok && carry_out())
		return true;
	*cpu_sregs() = was;
	*cpu_regs() = regs_were;
	return false;
}
bool cpu_debug(void)
{
	uint64_t pc = box.run->debug.arch.pc;

	if (!box.emulated)
		return false;
	if (stepping_told) {
		tell_breakpoints(false);
		return true;
	}
	if (pc == box.program.site && cpu_vmcall())
		return true;
	for (unsigned i = 0; i < 3; i++)
		if (pc == watched[i] && wrongly_raised((const unsigned[]){ V_UD, V_GP, V_PF }[i]))
			return true;
	tell_breakpoints(true);          /* the program's own: past it, and then as before */
	return true;
}

/* --- MSRs ------------------------------------------------------------------------------------------------------------------------------------ */
static bool to_kvm(uint32_t msr, uint64_t value)
{
	struct { uint32_t n, pad; struct kvm_msr_entry e; } m = { .n = 1, .e = { .index = msr, .data = value } };
	return kvm(KVM_SET_MSRS, &m) == 1;
}
/* What an instruction may not change, the host's way of setting it lets pass. LMA is the processor's own bit. */
static bool efer(uint64_t value)
{
	uint64_t was = sregs()->efer;
	if ((sregs()->cr0 & 0x80000000) && (value ^ was) & 0x100)
		return false;
	if (!to_kvm(MSR_EFER, value))
		return false;
	box.program.efer = value;
	return true;
}
bool cpu_wrmsr(uint32_t msr, uint64_t value)
{
	switch (msr) {
	case MSR_EFER: return efer(value);
	case MSR_STAR: box.program.star = value; break;
	case MSR_FMASK: box.program.fmask = value; break;
	case MSR_LSTAR:
		if (box.emulated && to_kvm(msr, value)) {        /* it judges whether that is an address */
			box.program.lstar = value;
			box.program.syscalls = true;
			return to_kvm(msr, NOWHERE);
		}
	}
	return to_kvm(msr, value);
}
bool cpu_rdmsr(uint32_t msr, uint64_t *value)
{
	struct { uint32_t n, pad; struct kvm_msr_entry e; } m = { .n = 1, .e = { .index = msr } };
	if (kvm(KVM_GET_MSRS, &m) != 1)
		return false;
	*value = msr == MSR_LSTAR && box.emulated ? box.program.lstar : m.e.data;
	return true;
}
