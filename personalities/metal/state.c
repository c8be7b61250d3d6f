/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a machine is, as plain memory: for snapshots. Its memory, its devices up to MACHINE_STATE, what cpu.c remembers of
 * it, its disk's changed sectors (which sectors: the bits; their bytes lie in the file box.disk.over), and the vCPU as KVM's
 * calls give it. What is not state: descriptors, the shared page of KVM, the timer, breakpoints; a machine made anew by
 * vm_create has its own. machine_attach makes the devices' own pointers again; their times are of the host's monotonic
 * clock, so that who goes on elsewhere gives machine_host.now an offset.
 */
#include "metal.h"

static const uint32_t msrs[] = {
	0x10, 0x174, 0x175, 0x176, 0x277, 0x2ff, 0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084, 0xc0000102, 0xc0000103, 0x1a0,
};
_Static_assert(ARRAY_LEN(msrs) <= CPU_MSRS, "room for them");

static long kvm(unsigned long nr, const void *arg) { return host(SYS_ioctl, box.fd, nr, arg); }

unsigned box_parts(struct box_part p[8])
{
	unsigned n = 0;
	p[n++] = (struct box_part){ "memory", box.ram, box.memory };
	p[n++] = (struct box_part){ "devices", &box.m, MACHINE_STATE };
	p[n++] = (struct box_part){ "processor", &box.program, sizeof box.program };
	p[n++] = (struct box_part){ "disk", box.disk.changed, box.disk.changed ? (box.disk.bytes / SECTOR + 7) / 8 : 0 };
	return n;
}
/* One at a time: KVM stops at the first that this host does not know. */
static void save_msrs(struct cpu_state *s)
{
	s->n_msrs = 0;
	for (unsigned i = 0; i < ARRAY_LEN(msrs); i++) {
		struct { uint32_t n, pad; struct kvm_msr_entry e; } m = { .n = 1, .e = { .index = msrs[i] } };
		if (kvm(KVM_GET_MSRS, &m) == 1)
			s->msr[s->n_msrs++] = m.e;
	}
}
static long load_msrs(const struct cpu_state *s)
{
	for (unsigned i = 0; i < MIN(s->n_msrs, CPU_MSRS); i++) {
		struct { uint32_t n, pad; struct kvm_msr_entry e; } m = { .n = 1, .e = s->msr[i] };
		if (kvm(KVM_SET_MSRS, &m) != 1)
			return -EINVAL;
	}
	return 0;
}
/* An instruction that waits for its answer (in, rdmsr) is finished first: KVM_RUN, told to leave at once. */
static long finish(void)
{
	box.run->immediate_exit = 1;
	long e = host(SYS_ioctl, box.fd, KVM_RUN, 0);
	box.run->immediate_exit = 0;
	return e == -EINTR ? 0 : e < 0 ? e : -EAGAIN;
}
long cpu_save(struct cpu_state *s)
{
	long e = finish();
	if (e || (e = kvm(KVM_GET_REGS, &s->regs)) || (e = kvm(KVM_GET_SREGS, &s->sregs)) || (e = kvm(KVM_GET_XSAVE, &s->xsave)) ||
	    (e = kvm(KVM_GET_XCRS, &s->xcrs)) || (e = kvm(KVM_GET_VCPU_EVENTS, &s->events)) || (e = kvm(KVM_GET_DEBUGREGS, &s->debugregs)) ||
	    (e = kvm(KVM_GET_MP_STATE, &s->mp)))
		return e;
	save_msrs(s);
	return 0;
}
long cpu_load(const struct cpu_state *s)
{
	long e;
	if ((e = kvm(KVM_SET_SREGS, &s->sregs)) || (e = kvm(KVM_SET_REGS, &s->regs)) || (e = kvm(KVM_SET_XCRS, &s->xcrs)) ||
	    (e = kvm(KVM_SET_XSAVE, &s->xsave)) || (e = load_msrs(s)) || (e = kvm(KVM_SET_DEBUGREGS, &s->debugregs)) ||
	    (e = kvm(KVM_SET_VCPU_EVENTS, &s->events)) || (e = kvm(KVM_SET_MP_STATE, &s->mp)))
		return e;
	box.run->s.regs.regs = s->regs;
	box.run->s.regs.sregs = s->sregs;
	box.run->kvm_dirty_regs = 0;
	return 0;
}
