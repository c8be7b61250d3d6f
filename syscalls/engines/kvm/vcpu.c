/* SPDX-License-Identifier: BSD-2-Clause
 *
 * vCPUs, one for each thread at a time. Its general and segment registers are in the words that it shares with us
 * (run->s.regs), valid after every exit; its vectors stay in the host's kernel until somebody asks. The host never
 * destroys a vCPU before its machine, so those of ended threads are given to new ones. Who is to have one is found by its
 * thread's own word (t->vcpu): a thread that was killed returns nothing.
 *
 * In an address space that two processes share, each has descriptors of its own: a vCPU is given again only by the
 * process that made it, and one for a child is made by its parent.
 */
#include <sys/mman.h>
#include "thread.h"
#include "engines/kvm/kvm.h"

#define CR0 0x80050033u                      /* paging, write protection, x87 errors by exception */
#define CR4 (1u << 5 | 1u << 9 | 1u << 10)   /* PAE, SSE and its exceptions */
#define CR4_FSGSBASE (1u << 16)
#define CR4_OSXSAVE (1u << 18)
#define EFER 0xd01u                          /* syscall, long mode, no-execute */
#define MSR_STAR 0xc0000081u
#define MSR_LSTAR 0xc0000082u
#define MSR_SFMASK 0xc0000084u
#define TSC_CTRL 0
#define TSC_OFFSET 0

#define TSS_RSP0 4
#define TSS_IO_AT 0x66
#define TSS_IO 0x68
#define TSS_LIMIT (TSS_IO + 0x20)            /* ports below 0x100 have a bit each; the last byte is all ones */

static const struct kvm_segment user_code = {
	.limit = ~0u, .selector = SEL_U_CODE, .type = 11, .present = 1, .dpl = 3, .s = 1, .l = 1, .g = 1,
}, user_data = {
	.limit = ~0u, .selector = SEL_U_DATA, .type = 3, .present = 1, .dpl = 3, .db = 1, .s = 1, .g = 1,
};

void vcpu_into_ring3(struct kvm_run *r)
{
	r->s.regs.sregs.cs = user_code;
	r->s.regs.sregs.ss = user_data;
	r->kvm_dirty_regs |= KVM_SYNC_X86_SREGS;
}
static void page_fill(const struct vm *vm, struct vcpu *u)
{
	*(uint64_t *)(u->page + TSS_RSP0) = K_VCPU(u->id) + PAGE;
	*(uint16_t *)(u->page + TSS_IO_AT) = TSS_IO;
	memset(u->page + TSS_IO, 0xff, 0x21);
	if (vm->io_open)
		u->page[TSS_IO + PORT_CALL / 8] &= (char)~(1 << PORT_CALL % 8);
}
long vcpu_make(struct vm *vm, struct vcpu *u, int id)
{
	uint64_t gpa;
	long fd, a;

	u->id = id;
	if (!u->page && (!(u->page = vm_page(vm, &gpa)) || vm_map_kernel(vm, K_VCPU(id), gpa, PTE_W)))
		return -ENOMEM;
	page_fill(vm, u);
	if ((fd = host(SYS_ioctl, vm->fd, KVM_CREATE_VCPU, id)) < 0)
		return fd;
	a = host(SYS_mmap, u->run, vm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED | (u->run ? MAP_FIXED : 0), fd, 0);
	if (a < 0 && a > -4096) {
		host(SYS_close, fd);
		return a;
	}
	host(SYS_madvise, a, vm->run_size, MADV_DONTDUMP);
	u->run = (struct kvm_run *)a;
	u->fd = (int)fd;
	return 0;
}
static void special(const struct vm *vm, const struct vcpu *u, struct kvm_sregs *s)
{
	uint32_t a, b, c, d;
	__asm__("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(7), "c"(0));
	s->ds = s->es = s->fs = s->gs = user_data;
	s->ds.selector = s->es.selector = s->fs.selector = s->gs.selector = 0;
	s->fs.base = u->fs;
	s->tr = (struct kvm_segment){ .base = K_VCPU(u->id), .limit = TSS_LIMIT, .selector = SEL_TSS, .type = 11, .present = 1 };
	s->gdt.base = K_AT(K_DESC);
	s->gdt.limit = 0x7f;
	s->idt.base = K_AT(K_DESC) + 512;
	s->idt.limit = N_VECTORS * 16 - 1;
	s->cr0 = CR0;
	s->cr3 = vm->root;
	s->cr4 = CR4 | (b & 1 ? CR4_FSGSBASE : 0) | (vm->xcr0 ? CR4_OSXSAVE : 0);
	s->efer = EFER;
	s->cs = user_code;
	s->ss = user_data;
}
/* Everything but the general registers. */
long vcpu_setup(struct vm *vm, struct vcpu *u)
{
	struct { uint32_t n, pad; struct kvm_msr_entry e[3]; } m = { .n = 3, .e = {
		{ .index = MSR_STAR, .data = (uint64_t)SEL_K_CODE << 32 | (uint64_t)(SEL_U_DATA - 8) << 48 },
		{ .index = MSR_LSTAR, .data = K_AT(K_CALL) },
		{ .index = MSR_SFMASK, .data = 0x3f7fd5 },
	} };
	struct kvm_xcrs x = { .nr_xcrs = 1, .xcrs = { { .xcr = 0, .value = vm->xcr0 } } };
	uint64_t none = 0;
	struct kvm_device_attr tsc = { .group = TSC_CTRL, .attr = TSC_OFFSET, .addr = (uint64_t)&none };
	struct kvm_sregs *s = &u->run->s.regs.sregs;
	long e;

	if ((e = kvm_ioctl(u->fd, KVM_SET_CPUID2, vm->cpuid)) < 0 || (e = kvm_ioctl(u->fd, KVM_GET_SREGS, s)) < 0)
		return e;
	special(vm, u, s);
	if ((e = kvm_ioctl(u->fd, KVM_SET_SREGS, s)) < 0 || (e = kvm_ioctl(u->fd, KVM_SET_MSRS, &m)) != 3)
		return e < 0 ? e : -EINVAL;
	if (vm->xcr0 && (e = kvm_ioctl(u->fd, KVM_SET_XCRS, &x)) < 0)
		return e;
	kvm_ioctl(u->fd, KVM_SET_DEVICE_ATTR, &tsc);     /* the counter as the host has it; without, from when it was made */
	u->run->kvm_valid_regs = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS;
	u->run->kvm_dirty_regs = 0;
	u->fresh = false;
	return 0;
}
/* --- threads and their vCPUs --------------------------------------------------------------------------------------------- */
static bool is_free(const struct vcpu *u, int pid)
{
	const struct thread *o = u->owner;
	return u->maker == pid && (!o || !o->tid || o->vcpu != u);
}
static struct vcpu *vcpu_new(struct vm *vm, struct proc *p)
{
	struct vcpu *u = mem_alloc(sizeof *u);
	uint64_t room = PAGE_UP((uint64_t)vm->run_size) + PAGE;
	long e = -ENOMEM;

	if (u && (u->run = mem_alloc(room))) {           /* ours, so claimed: the host's words go where it is */
		u->run = (struct kvm_run *)PAGE_UP((uint64_t)u->run);
		e = vcpu_make(vm, u, (int)vm->n_vcpus);
	}
	if (e < 0)
		return NULL;                             /* what it had is lost: the machine is at its end */
	u->fd = fd_ours_many(p, u->fd);
	if (u->fd < 0)
		return NULL;
	vm->n_vcpus++;
	u->maker = p->pid;
	u->fresh = true;
	u->next = vm->vcpus;
	vm->vcpus = u;
	return u;
}
long vcpu_give(struct thread *t)
{
	struct vm *vm = &kvm_vm;
	int pid = thread_self()->p->pid;
	struct vcpu *u;
	long e = 0;

	lock(&vm->lock);
	for (u = vm->vcpus; u && !is_free(u, pid); u = u->next)
		;
	if (!u)
		u = vcpu_new(vm, thread_self()->p);
	if (u) {
		u->owner = t;
		t->vcpu = u;
	}
	unlock(&vm->lock);
	if (!u)
		return -EAGAIN;
	u->doubt = 0;
	u->changing = false;
	if (u->fresh && (e = vcpu_setup(vm, u)) < 0)
		return e;
	return 0;
}
void vcpu_keep(struct vcpu *u)
{
	u->fs = u->run->s.regs.sregs.fs.base;
	if (kvm_ioctl(u->fd, KVM_GET_XSAVE, u->xsave) < 0)
		die("engine kvm: the vector registers of a vCPU cannot be read");
}
