/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What KVM leaves to us of the processor. A host whose KVM carries ring 0 out itself gives up at instructions that a
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
#include "insn.h"
#include "cpu.h"

#define FL_AC 0x40000ull
#define N_WATCH 4

/* --- syscall and sysret --------------------------------------------------------------------------------------------------------------- */
/* KVM has begun it: rcx and r11 are what they have to be. */
static bool do_syscall(void)
{
	struct kvm_sregs *s = cpu_sregs();
	struct kvm_regs *r = cpu_regs();
	uint16_t selector = (uint16_t)(box.program.star >> 32 & ~3u);

	if (!(box.program.efer & EFER_SCE)) {
		r->rip = r->rcx - 2;
		return cpu_enter_at(V_UD, NULL, r->rip);
	}
	r->rip = box.program.lstar;
	r->rflags = (r->r11 & ~box.program.fmask & ~0x10000ull) | 2;
	s->cs = segment_flat(selector, 11, 0, true);
	s->ss = segment_flat((uint16_t)(selector + 8), 3, 0, false);
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
	s->cs = segment_flat((uint16_t)(wide ? selector + 16 : selector), 11, 3, wide);
	s->ss = segment_flat((uint16_t)(selector + 8), 3, 3, false);
	return true;
}
/* --- small ones ---------------------------------------------------------------------------------------------------------------------------- */
static bool do_rdtscp(void)
{
	struct { uint32_t n, pad; struct kvm_msr_entry e[2]; } m = { .n = 2, .e = { { .index = MSR_TSC }, { .index = MSR_TSC_AUX } } };
	if (vcpu(KVM_GET_MSRS, &m) != 2)
		return false;
	struct kvm_regs *r = cpu_regs();
	r->rax = (uint32_t)m.e[0].data, r->rdx = m.e[0].data >> 32, r->rcx = (uint32_t)m.e[1].data;
	return r->rip += 3;
}
static bool do_xgetbv(void)
{
	struct kvm_xcrs x = { 0 };
	if ((uint32_t)regs()->rcx || vcpu(KVM_GET_XCRS, &x) < 0 || !x.nr_xcrs)
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
	if (vcpu(KVM_GET_VCPU_EVENTS, &ev) < 0)
		return;
	memset(&ev.exception, 0, sizeof ev.exception);
	ev.flags &= ~(uint32_t)KVM_VCPUEVENT_VALID_SIPI_VECTOR;
	vcpu(KVM_SET_VCPU_EVENTS, &ev);
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
	vcpu(KVM_SET_GUEST_DEBUG, &d);
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
	bool ok = segment_load(&s->cs, (uint16_t)f[1]) && segment_load(&s->ss, (uint16_t)f[4]);
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
