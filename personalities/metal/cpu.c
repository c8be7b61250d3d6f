/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The processor as KVM hands it to us: its registers, the program's memory by its own page tables, and MSRs on their way
 * through.
 */
#include "cpu.h"

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

/* --- memory by the program's own page tables ---------------------------------------------------------------------------- */
uint8_t *linear(uaddr at)
{
	struct kvm_translation x = { .linear_address = at };
	if (vcpu(KVM_TRANSLATE, &x) < 0 || !x.valid)
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
long linear_read(void *to, uaddr at, size_t n) { return move(at, to, n, true); }
long linear_write(uaddr at, const void *from, size_t n) { return move(at, (uint8_t *)from, n, false); }

/* --- MSRs ------------------------------------------------------------------------------------------------------------------------------------ */
static bool to_kvm(uint32_t msr, uint64_t value)
{
	struct { uint32_t n, pad; struct kvm_msr_entry e; } m = { .n = 1, .e = { .index = msr, .data = value } };
	return vcpu(KVM_SET_MSRS, &m) == 1;
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
	if (vcpu(KVM_GET_MSRS, &m) != 1)
		return false;
	*value = msr == MSR_LSTAR && box.emulated ? box.program.lstar : m.e.data;
	return true;
}
