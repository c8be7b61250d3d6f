/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The machine. Its physical addresses are slots of one size, given in the order of their first use, so any physical width
 * will do: a block of the guest's addresses, or a piece of our memory for page tables. What a slot covers the guest cannot
 * see thereby: that is what the page tables say, which lie in no page of its own.
 */
#include <fcntl.h>
#include "engines/kvm/kvm.h"

#define POOL_PIECE (1ul << 20)
#define MOST_SLOTS 12u                       /* 2^12 blocks: shadow paging costs the host 128 KiB for each */

struct vm kvm_vm;

static const char *reason(long e)
{
	switch (e) {
	case -ENOENT: case -ENODEV: case -ENXIO: return "the host offers no virtual machines to programs";
	case -EACCES: case -EPERM: return "this user may not open it (add it to the group kvm)";
	case -EMFILE: case -ENFILE: return "no descriptor is left";
	case -EBUSY: return "another hypervisor has the processor";
	}
	return error_text(e);
}
/* An exec hands it on: a program that has become another user, or sees other files, could not open it again. */
static long device(void)
{
	if (engine_handed >= 0 && kvm_ioctl(engine_handed, KVM_GET_API_VERSION, NULL) == KVM_API_VERSION)
		return host(SYS_fcntl, engine_handed, F_DUPFD_CLOEXEC, 3);
	return host(SYS_open, "/dev/kvm", O_RDWR | O_CLOEXEC);
}
long vm_open(struct vm *vm, char *why, size_t n)
{
	long fd = device(), e;

	if (fd < 0) {
		fmt(why, n, "/dev/kvm cannot be opened: %s", reason(fd));
		return fd;
	}
	if ((e = kvm_ioctl((int)fd, KVM_GET_API_VERSION, NULL)) != KVM_API_VERSION) {
		if (e < 0)
			fmt(why, n, "/dev/kvm is not the device that offers virtual machines: %s", error_text(e));
		else
			fmt(why, n, "/dev/kvm is of version %ld, and only %d is known", e, KVM_API_VERSION);
		return -EINVAL;
	}
	e = host(SYS_ioctl, fd, KVM_CHECK_EXTENSION, KVM_CAP_SYNC_REGS);
	if ((e & (KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS)) != (KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS) ||
	    host(SYS_ioctl, fd, KVM_CHECK_EXTENSION, KVM_CAP_IMMEDIATE_EXIT) <= 0) {
		fmt(why, n, "this kernel's KVM has no synchronized registers or no immediate exit: it needs Linux 4.17 or newer");
		return -EINVAL;
	}
	vm->kvm = (int)fd;
	return 0;
}
static unsigned physical_bits(const struct kvm_cpuid2 *c)
{
	for (unsigned i = 0; i < c->nent; i++)
		if (c->entries[i].function == 0x80000008)
			return c->entries[i].eax & 0xff;
	return 36;
}
static uint64_t host_xcr0(void)
{
	uint32_t lo, hi;
	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	return (uint64_t)hi << 32 | lo;
}
static void limits(struct vm *vm)
{
	long slots = host(SYS_ioctl, vm->kvm, KVM_CHECK_EXTENSION, KVM_CAP_NR_MEMSLOTS);
	unsigned bits = physical_bits(vm->cpuid);
	uint64_t fit = bits <= BLOCK_SHIFT ? 1 : 1ull << MIN(bits - BLOCK_SHIFT, MOST_SLOTS);

	vm->max_slots = (unsigned)MIN((uint64_t)(slots > 0 ? slots : 32), fit);
	vm->run_size = (int)host(SYS_ioctl, vm->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	vm->fault_info = host(SYS_ioctl, vm->kvm, KVM_CHECK_EXTENSION, CAP_MEMORY_FAULT_INFO) > 0;
	vm->xcr0 = 0;
	for (unsigned i = 0; i < vm->cpuid->nent; i++)
		if (vm->cpuid->entries[i].function == 0xd && vm->cpuid->entries[i].index == 0)
			vm->xcr0 = (vm->cpuid->entries[i].eax | (uint64_t)vm->cpuid->entries[i].edx << 32) & host_xcr0();
}
static long vm_slot(struct vm *vm, uaddr base, uint64_t len)
{
	struct kvm_userspace_memory_region r = {
		.slot = vm->slots, .guest_phys_addr = (uint64_t)vm->slots << BLOCK_SHIFT, .memory_size = len, .userspace_addr = base,
	};
	if (vm->slots >= vm->max_slots)
		return -ENOSPC;
	long e = kvm_ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &r);
	if (e < 0)
		return e;
	if (vm->slot_base)
		vm->slot_base[vm->slots] = base;
	return vm->slots++;
}
uint64_t vm_gpa(struct vm *vm, uaddr a)
{
	uint16_t **line = &vm->block[a >> 36];
	uaddr base = a & ~(BLOCK - 1);

	if (!*line && !(*line = mem_alloc(1024 * sizeof **line)))
		return 0;
	uint16_t *slot = &(*line)[a >> BLOCK_SHIFT & 1023];
	if (!*slot) {
		long s = vm_slot(vm, base, MIN(BLOCK, USER_TOP - base));
		if (s < 0)
			return 0;
		*slot = (uint16_t)s;
	}
	return (uint64_t)*slot << BLOCK_SHIFT | (a & (BLOCK - 1));
}
/* --- pages of ours that hold tables ------------------------------------------------------------------------------- */
static long pool_add(struct vm *vm, char *piece, size_t size)
{
	long s = vm_slot(vm, (uaddr)piece, size);
	if (s < 0)
		return s;
	vm->pool = piece;
	vm->pool_end = piece + size;
	vm->pool_gpa = (uint64_t)s << BLOCK_SHIFT;
	return 0;
}
void *vm_page(struct vm *vm, uint64_t *gpa)
{
	if (vm->pool == vm->pool_end) {
		char *more = mem_alloc(POOL_PIECE);
		uaddr lo = PAGE_UP((uaddr)more), hi = PAGE_DOWN((uaddr)more + POOL_PIECE);
		if (!more || pool_add(vm, (char *)lo, hi - lo) < 0)
			return NULL;
	}
	void *p = vm->pool;
	*gpa = vm->pool_gpa;
	vm->pool += PAGE;
	vm->pool_gpa += PAGE;
	return p;
}
void *vm_host(struct vm *vm, uint64_t gpa)
{
	return (char *)vm->slot_base[gpa >> BLOCK_SHIFT] + (gpa & (BLOCK - 1));
}
uint64_t *vm_entry(struct vm *vm, uaddr a, bool make)
{
	uint64_t *t = vm->top, gpa;

	for (int level = 3; level > 0; level--) {
		uint64_t *e = &t[a >> (12 + 9 * level) & 511];
		if (!*e) {
			if (!make || !vm_page(vm, &gpa))
				return NULL;
			__atomic_store_n(e, gpa | PTE_P | PTE_W | PTE_U | PTE_AD, __ATOMIC_RELEASE);
		}
		t = vm_host(vm, *e & PTE_ADDR);
	}
	return &t[a >> 12 & 511];
}
/* Into the upper half; what lies there is every vCPU's. */
long vm_map_kernel(struct vm *vm, uint64_t va, uint64_t gpa, uint64_t bits)
{
	uint64_t *e = vm_entry(vm, va, true);
	if (!e)
		return -ENOMEM;
	*e = gpa | bits | PTE_P | PTE_AD;
	return 0;
}
/* --- ring 0: nothing runs there but one `out` ----------------------------------------------------------------------- */
static void idt_gate(uint64_t *d, unsigned vector)
{
	uint64_t at = K_AT(K_GATES) + vector * GATE_SIZE, dpl = vector == 3 || vector == 4 ? 3 : 0;
	d[0] = (at & 0xffff) | (uint64_t)SEL_K_CODE << 16 | (0x8e | dpl << 5) << 40 | (at >> 16 & 0xffff) << 48;
	d[1] = at >> 32;
}
static long kernel(struct vm *vm)
{
	uint64_t gpa[K_SHARED];
	uint8_t *page[K_SHARED];
	long e = 0;

	for (unsigned i = 0; i < K_SHARED && !e; i++) {
		page[i] = vm_page(vm, &gpa[i]);
		e = !page[i] ? -ENOMEM : vm_map_kernel(vm, K_AT(i), gpa[i], i == K_CALL && vm->io_open ? PTE_U : 0);
	}
	if (e)
		return e;
	uint64_t *gdt = (uint64_t *)page[K_DESC], *idt = gdt + 64;
	gdt[SEL_K_CODE / 8] = 0x00af9b000000ffff;
	gdt[SEL_K_CODE / 8 + 1] = 0x00cf93000000ffff;
	gdt[SEL_U_DATA / 8] = 0x00cff3000000ffff;
	gdt[SEL_U_CODE / 8] = 0x00affb000000ffff;
	for (unsigned v = 0; v < N_VECTORS; v++) {
		uint8_t *code = page[K_GATES] + v * GATE_SIZE;
		idt_gate(idt + 2 * v, v);
		memset(code, 0xf4, GATE_SIZE);                   /* hlt */
		code[0] = 0xe6, code[1] = (uint8_t)(PORT_VECTOR + v);
	}
	memset(page[K_CALL], 0xf4, PAGE);
	page[K_CALL][0] = 0xe6, page[K_CALL][1] = PORT_CALL;
	return 0;
}
long vm_make(struct vm *vm, char *pool, size_t pool_size)
{
	long e;

	vm->cpuid->nent = N_CPUID;
	if ((e = kvm_ioctl(vm->kvm, KVM_GET_SUPPORTED_CPUID, vm->cpuid)) < 0)
		return e;
	limits(vm);
	if ((e = host(SYS_ioctl, vm->kvm, KVM_CREATE_VM, 0)) < 0)
		return e;
	vm->fd = (int)e;
	vm->slots = 0;
	if ((e = pool_add(vm, pool, pool_size)) < 0)
		return e;
	if (!(vm->top = vm_page(vm, &vm->root)))
		return -ENOMEM;
	return kernel(vm);
}
