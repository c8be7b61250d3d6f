/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A machine of two pages: a program that makes a call, goes on, and touches memory that is not there. What comes back says
 * how this host runs ring 0. On processors with virtualization `syscall` enters it and `out` leaves the machine. Hosts
 * that emulate ring 0 have been seen to leave the processor in ring 3 behind `syscall`, where `out` is forbidden unless the
 * TSS opens the port; then the way back needs no segments. Nothing is left behind: no descriptor, no memory.
 */
#include <sys/mman.h>
#include "engines/kvm/kvm.h"
#include "engines/kvm/probe.h"

#define POOL (64 * PAGE)
#define CODE_AT 0x10000ull
#define NOWHERE 0x7f1234567000ull

/* mov $1,%eax; syscall; mov %rax,%rbx; mov $NOWHERE,%rdi; mov %rbx,(%rdi) */
static const uint8_t program[] = {
	0xb8, 1, 0, 0, 0, 0x0f, 0x05, 0x48, 0x89, 0xc3, 0x48, 0xbf, 0x00, 0x70, 0x56, 0x34, 0x12, 0x7f, 0, 0, 0x48, 0x89, 0x1f,
};
#define BEHIND_CALL 7
#define AT_STORE 20

static bool leaves_ring3;
bool probe_leaves_ring3(void) { return leaves_ring3; }

struct trial {
	struct vm vm;
	struct vcpu vcpu;
	uaddr slot_base[64];
	uint64_t cpuid[CPUID_BYTES / 8 + 1];
};

static long enter(struct vcpu *u, uint64_t rip, uint64_t rax)
{
	struct kvm_run *r = u->run;
	r->s.regs.regs = (struct kvm_regs){ .rip = rip, .rax = rax, .rflags = 0x202, .rsp = CODE_AT + 0x800 };
	r->kvm_dirty_regs = KVM_SYNC_X86_REGS;
	if (r->s.regs.sregs.cs.dpl != 3)
		vcpu_into_ring3(r);
	return host(SYS_ioctl, u->fd, KVM_RUN, 0);
}
static bool port_is(const struct kvm_run *r, unsigned port)
{
	return r->exit_reason == KVM_EXIT_IO && r->io.port == port;
}
/* With the port open or not: does a call come out as one? */
static long call_once(struct trial *x)
{
	const struct kvm_regs *k = &x->vcpu.run->s.regs.regs;
	long e = enter(&x->vcpu, CODE_AT, 0);
	if (e < 0 || !port_is(x->vcpu.run, PORT_CALL))
		return e;
	return k->rcx == CODE_AT + BEHIND_CALL && PAGE_DOWN(k->rip) == K_AT(K_CALL) ? 1 : 0;
}
static long fault_once(struct trial *x)
{
	const struct kvm_sregs *s = &x->vcpu.run->s.regs.sregs;
	long e = enter(&x->vcpu, CODE_AT + BEHIND_CALL, 5);
	if (e < 0 || !port_is(x->vcpu.run, PORT_VECTOR + 14))
		return e;
	return s->cr2 == NOWHERE && *(uint64_t *)(x->vcpu.page + PAGE - 40) == CODE_AT + AT_STORE;
}
static long build(struct trial *x, char *pool, bool io_open)
{
	struct vm *vm = &x->vm;
	uint64_t gpa, *e;
	char *page;
	long r;

	vm->cpuid = (struct kvm_cpuid2 *)x->cpuid;
	vm->slot_base = x->slot_base;
	vm->io_open = io_open;
	if ((r = vm_make(vm, pool, POOL)) < 0)
		return r;
	page = vm_page(vm, &gpa);
	if (!page || !(e = vm_entry(vm, CODE_AT, true)))
		return -ENOMEM;
	memcpy(page, program, sizeof program);
	*e = gpa | PTE_P | PTE_W | PTE_U | PTE_AD;
	return (r = vcpu_make(vm, &x->vcpu, 0)) < 0 ? r : vcpu_setup(vm, &x->vcpu);
}
static void drop(struct trial *x)
{
	if (x->vcpu.run)
		host(SYS_munmap, x->vcpu.run, x->vm.run_size);
	if (x->vcpu.fd > 0)
		host(SYS_close, x->vcpu.fd);
	if (x->vm.fd > 0)
		host(SYS_close, x->vm.fd);
}
struct result { long made, call, fault; unsigned exit, cpl; };

static struct result try(struct trial *x, int kvm, char *pool, bool io_open)
{
	struct result r = { 0 };
	memset(x, 0, sizeof *x);
	memset(pool, 0, POOL);
	x->vm.kvm = kvm;
	if ((r.made = build(x, pool, io_open)) >= 0) {
		r.call = call_once(x);
		r.exit = x->vcpu.run->exit_reason;
		r.cpl = x->vcpu.run->s.regs.sregs.cs.dpl;
		r.fault = r.call == 1 ? fault_once(x) : 0;
	}
	drop(x);
	return r;
}
static bool judge(const struct result *r, char *why, size_t n)
{
	if (r->made < 0)
		fmt(why, n, "no virtual machine can be made: %s", error_text(r->made));
	else if (r->call < 0)
		fmt(why, n, "its test machine does not run: %s", error_text(r->call));
	else if (r->call != 1)
		fmt(why, n, "a call in its test machine did not come out (exit %u)", r->exit);
	else if (r->fault != 1)
		fmt(why, n, "a page fault in its test machine did not come out");
	else
		fmt(why, n, r->cpl == 3 ? "ring 0 is emulated by this host: syscall stays in ring 3 and leaves by an opened port; "
		    "back by general registers alone" : "syscall enters ring 0 and leaves by out; back by registers and segments");
	return r->made >= 0 && r->call == 1 && r->fault == 1;
}
bool kvm_probe(char *why, size_t n)
{
	size_t size = PAGE_UP(sizeof(struct trial));
	struct vm open = { 0 };
	struct result r;
	long a;

	if (vm_open(&open, why, n) < 0)
		return false;
	a = host(SYS_mmap, NULL, size + POOL, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (a < 0 && a > -4096) {
		fmt(why, n, "no memory for its test machine: %s", error_text(a));
		host(SYS_close, open.kvm);
		return false;
	}
	struct trial *x = (struct trial *)a;
	leaves_ring3 = false;
	r = try(x, open.kvm, (char *)a + size, false);
	if (r.made >= 0 && r.call == 0) {
		leaves_ring3 = true;
		r = try(x, open.kvm, (char *)a + size, true);
	}
	host(SYS_munmap, a, size + POOL);
	host(SYS_close, open.kvm);
	return judge(&r, why, n);
}
