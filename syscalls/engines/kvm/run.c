/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Engine kvm: the guest's instructions run in ring 3 of a virtual machine. The thread that is the guest's stands in
 * KVM_RUN all that time; it comes back with a reason, and everything else (handlers, signals) happens here, outside of
 * the machine, as under any other engine.
 *
 * Nothing of ours runs in the machine but single `out` instructions: at the place that `syscall` enters, and at those
 * that exceptions enter. Each leaves at once. The way back is to set the registers: where the exit left the machine in
 * ring 0, its segments too.
 *
 * A signal of the host ends KVM_RUN. One that comes between our last look and KVM_RUN sets immediate_exit (kick), so that
 * it ends before it begins.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <linux/futex.h>
#include "box.h"
#include "thread.h"
#include "engines/kvm/kvm.h"
#include "engines/kvm/probe.h"
#include "snapshot.h"

#define POOL_FIRST (256 * 1024ul)
/* What a program may have in its flags: never I/O privilege, virtual 8086, virtual interrupts. IF is always set. */
#define FLAGS_MAY 0x254dd5ull
#define FLAGS_MUST 0x202ull
#define HAS_ERROR_CODE (1u << 8 | 1u << 10 | 1u << 11 | 1u << 12 | 1u << 13 | 1u << 14 | 1u << 17 | 1u << 21)
enum { V_DE = 0, V_DB = 1, V_BP = 3, V_OF = 4, V_BR = 5, V_UD = 6, V_NP = 11, V_SS = 12, V_GP = 13, V_PF = 14, V_MF = 16,
       V_AC = 17, V_XM = 19 };

/* --- registers: ours and the machine's ---------------------------------------------------------------------------------- */
static void regs_out(const struct regs *r, struct kvm_regs *k)
{
	*k = (struct kvm_regs){
		.rax = r->rax, .rbx = r->rbx, .rcx = r->rcx, .rdx = r->rdx, .rsi = r->rsi, .rdi = r->rdi, .rsp = r->rsp,
		.rbp = r->rbp, .r8 = r->r8, .r9 = r->r9, .r10 = r->r10, .r11 = r->r11, .r12 = r->r12, .r13 = r->r13,
		.r14 = r->r14, .r15 = r->r15, .rip = r->rip, .rflags = (r->rflags & FLAGS_MAY) | FLAGS_MUST,
	};
}
static void regs_in(struct regs *r, const struct kvm_regs *k)
{
	*r = (struct regs){
		.rax = k->rax, .rbx = k->rbx, .rcx = k->rcx, .rdx = k->rdx, .rsi = k->rsi, .rdi = k->rdi, .rsp = k->rsp,
		.rbp = k->rbp, .r8 = k->r8, .r9 = k->r9, .r10 = k->r10, .r11 = k->r11, .r12 = k->r12, .r13 = k->r13,
		.r14 = k->r14, .r15 = k->r15, .rip = k->rip, .rflags = k->rflags,
	};
}
/* --- calls --------------------------------------------------------------------------------------------------------------- */
static void change_ends(struct vcpu *u)
{
	struct vm *vm = &kvm_vm;
	if (!u->changing)
		return;
	u->changing = false;
	if (!__atomic_sub_fetch(&vm->changing, 1, __ATOMIC_SEQ_CST))
		host(SYS_futex, &vm->changing, FUTEX_WAKE_PRIVATE, 1 << 30);
}
static void call(struct thread *t, struct vcpu *u)
{
	t->regs.rip = t->regs.rcx;
	t->regs.rflags = t->regs.r11;
	u->doubt = u->doubts = 0;
	syscall_enter(t);
	change_ends(u);
}
/* --- exceptions ------------------------------------------------------------------------------------------------------------ */
/* One that is due already goes first; the instruction, begun again behind it, causes this one again. */
static void cause(struct thread *t, int sig, int code, uaddr addr, unsigned vector, uint64_t err, uint64_t cr2)
{
	if (t->attn)
		return;
	signal_force(t, sig, code, addr, vector);
	t->pend.caused = true;
	t->pend.err = err;
	t->pend.cr2 = cr2;
}
/* Which of the arithmetic exceptions that are not masked; the last is what no bit tells. */
static int float_code(unsigned vector)
{
	char x[FPU_SIZE] __attribute__((aligned(64)));
	uint16_t control, status;
	uint32_t mxcsr, e;

	fpu_save(x);
	memcpy(&control, x, 2);
	memcpy(&status, x + 2, 2);
	memcpy(&mxcsr, x + 24, 4);
	e = vector == V_MF ? status & ~(unsigned)control : mxcsr & ~(mxcsr >> 7);
	return e & 1 ? FPE_FLTINV : e & 4 ? FPE_FLTDIV : e & 8 ? FPE_FLTOVF : e & 0x12 ? FPE_FLTUND : e & 0x20 ? FPE_FLTRES : 0;
}
static void page_fault(struct thread *t, struct vcpu *u, uint64_t err)
{
	uaddr a = u->run->s.regs.sregs.cr2;
	struct kvm_fault f;
	if (pages_fault(t, u, a, err, &f) == FAULT_SIGNAL)
		cause(t, f.sig, f.code, a, V_PF, err, a);
}
static const struct { uint8_t sig; int8_t code; bool at_rip; } signal_of[N_VECTORS] = {
	[V_DE] = { SIGFPE, FPE_INTDIV, true }, [V_DB] = { SIGTRAP, TRAP_TRACE, true }, [V_UD] = { SIGILL, ILL_ILLOPN, true },
	[V_AC] = { SIGBUS, BUS_ADRALN, false }, [V_NP] = { SIGBUS, 0, false }, [V_SS] = { SIGBUS, 0, false },
	[V_BP] = { SIGTRAP, 0, false }, [V_OF] = { SIGSEGV, 0, false }, [V_BR] = { SIGSEGV, 0, false },
	[V_GP] = { SIGSEGV, 0, false }, [V_MF] = { SIGFPE, 0, true }, [V_XM] = { SIGFPE, 0, true },
};
static void exception(struct thread *t, struct vcpu *u, unsigned v)
{
	uint64_t rsp = t->regs.rsp, *frame = (uint64_t *)(u->page + (rsp & (PAGE - 1))), err = 0;
	unsigned words = HAS_ERROR_CODE >> v & 1 ? 6 : 5;

	if (PAGE_DOWN(rsp) != K_VCPU(u->id) || rsp & 7 || (rsp & (PAGE - 1)) > PAGE - 8 * words)
		die("engine kvm: exception %u left no frame (stack %#lx)", v, rsp);
	if (words == 6)
		err = *frame++;
	if ((frame[1] & 3) != 3)
		die("engine kvm: exception %u in ring 0, at %#lx, error %#lx, address %#lx", v, frame[0], err,
		    (uint64_t)u->run->s.regs.sregs.cr2);
	t->regs.rip = frame[0];
	t->regs.rflags = frame[2];
	t->regs.rsp = frame[3];
	if (v == V_PF) {
		page_fault(t, u, err);
		return;
	}
	if (!signal_of[v].sig)
		die("engine kvm: exception %u, which no program can cause", v);
	int code = v == V_MF || v == V_XM ? float_code(v) : signal_of[v].code;
	cause(t, signal_of[v].sig, code ? code : SI_KERNEL, signal_of[v].at_rip ? t->regs.rip : 0, v, err, 0);
}
/* A program that was let near the port of calls has used it itself: what it would have got without. The host completes the
 * instruction when the machine is entered again, whatever we set meanwhile: so it is entered, and left at once. */
static void forbidden_port(struct thread *t, struct vcpu *u)
{
	struct kvm_run *r = u->run;
	uint64_t rax = t->regs.rax;
	uint8_t code[2] = { 0 };

	r->immediate_exit = 1;
	host(SYS_ioctl, u->fd, KVM_RUN, 0);
	regs_in(&t->regs, &r->s.regs.regs);
	t->regs.rax = rax;
	if (t->regs.rip >= 2 && !copy_in(code, t->regs.rip - 2, 2) && (code[0] & 0xfc) == 0xe4 && code[1] == PORT_CALL)
		t->regs.rip -= 2;
	else if (!copy_in(code, t->regs.rip - 1, 1) && (code[0] & 0xfc) == 0xec)
		t->regs.rip -= 1;
	cause(t, SIGSEGV, SI_KERNEL, 0, V_GP, 0, 0);
}
/* A signal of the host found the machine before its `out`: all that an exit would tell is there. */
static void cut_short(struct thread *t, struct vcpu *u)
{
	uint64_t page = PAGE_DOWN(t->regs.rip);
	if (page == K_AT(K_CALL))
		call(t, u);
	else if (page == K_AT(K_GATES) && !u->run->s.regs.sregs.cs.dpl)          /* else a program has jumped there */
		exception(t, u, (unsigned)((t->regs.rip - page) / GATE_SIZE));
}
static void port(struct thread *t, struct vcpu *u)
{
	uint64_t page = PAGE_DOWN(t->regs.rip), nr = u->run->io.port;
	if (nr == PORT_CALL && page == K_AT(K_CALL))
		call(t, u);
	else if (page == K_AT(K_GATES) && nr >= PORT_VECTOR && nr < PORT_VECTOR + N_VECTORS)
		exception(t, u, (unsigned)(nr - PORT_VECTOR));
	else
		forbidden_port(t, u);
}
/* --- in and out ------------------------------------------------------------------------------------------------------------ */
static void refused(struct vcpu *u)
{
	const struct { uint64_t flags, gpa, size; } *f = (const void *)&u->run->mmio;        /* the union's place */
	pages_refused(u, f->gpa, u->run->exit_reason == EXIT_MEMORY_FAULT && kvm_vm.fault_info);
}
static void left(struct thread *t, struct vcpu *u, long e)
{
	struct kvm_run *r = u->run;

	if (e == -EFAULT) {
		refused(u);
		return;
	}
	if (e < 0)
		die("engine kvm: the virtual machine does not run: %s", error_text(e));
	switch (r->exit_reason) {
	case KVM_EXIT_IO:
		port(t, u);
		return;
	case KVM_EXIT_INTR: case KVM_EXIT_IRQ_WINDOW_OPEN:
		cut_short(t, u);
		return;
	case KVM_EXIT_SHUTDOWN:
		die("engine kvm: the virtual machine has shut down, at %#lx", t->regs.rip);
	case KVM_EXIT_INTERNAL_ERROR:
		die("engine kvm: this host cannot carry out the instruction at %#lx (internal error %u)", t->regs.rip,
		    r->internal.suberror);
	default:
		die("engine kvm: unknown exit %u at %#lx", r->exit_reason, t->regs.rip);
	}
}
/* A jump to an address that is none faults in the guest's own name. */
static bool canonical(uint64_t a) { return a < 1ull << 47 || a >= ~0ull << 47; }

static void once(struct thread *t)
{
	struct vcpu *u = t->vcpu;
	struct kvm_run *r = u->run;
	long e;

	if (!canonical(t->regs.rip)) {
		cause(t, SIGSEGV, SI_KERNEL, 0, V_GP, 0, 0);
		return;
	}
	regs_out(&t->regs, &r->s.regs.regs);
	r->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
	if (r->s.regs.sregs.cs.dpl != 3)
		vcpu_into_ring3(r);
	r->immediate_exit = 0;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (t->attn)
		return;
	e = host(SYS_ioctl, u->fd, KVM_RUN, 0);
	if (e == -EINTR && r->kvm_dirty_regs)
		return;                          /* it has not begun */
	r->kvm_dirty_regs = 0;
	regs_in(&t->regs, &r->s.regs.regs);
	if (e == -EINTR || e == -EAGAIN)
		cut_short(t, u);
	else
		left(t, u, e);
}
static void loop(void *thread)
{
	struct thread *t = thread;
	t->inside = 1;
	for (;;) {
		while (t->attn)
			thread_attend(t);
		if (snapshot_due(t))
			snapshot_park(t, false);
		else
			once(t);
	}
}
/* From wherever a thread begins, onto its stack's top, as a call of any other engine finds it. */
static void kvm_run(struct thread *t) { stack_switch((void *)t->stack, loop, t); }

static void kvm_kick(struct thread *t)
{
	if (t->vcpu)
		t->vcpu->run->immediate_exit = 1;
}
/* --- the engine's other duties ----------------------------------------------------------------------------------------------- */
static void kvm_changes(struct thread *t, uaddr lo, uint64_t len, unsigned how)
{
	struct vm *vm = &kvm_vm;
	if (!len)
		return;
	lock(&vm->lock);
	if (t->vcpu && !t->vcpu->changing) {
		t->vcpu->changing = true;
		__atomic_add_fetch(&vm->changing, 1, __ATOMIC_SEQ_CST);
	}
	pages_clear(vm, lo, len);
	unlock(&vm->lock);
}
static void kvm_claimed(uaddr lo, uaddr hi)
{
	struct vm *vm = &kvm_vm;
	if (!vm->top)
		return;
	lock(&vm->lock);
	pages_clear(vm, lo, hi - lo);
	unlock(&vm->lock);
}
static int kvm_hand(struct proc *p) { return kvm_vm.kvm; }
static uint64_t kvm_fs_get(struct thread *t) { return t->vcpu->run->s.regs.sregs.fs.base; }
static long kvm_fs_set(struct thread *t, uint64_t v)
{
	if (v >= USER_TOP)
		return -EPERM;
	t->vcpu->run->s.regs.sregs.fs.base = v;
	t->vcpu->run->kvm_dirty_regs |= KVM_SYNC_X86_SREGS;
	return 0;
}
static void kvm_fpu_get(struct thread *t, void *to, size_t n)
{
	struct kvm_xsave x;
	if (kvm_ioctl(t->vcpu->fd, KVM_GET_XSAVE, &x) < 0)
		die("engine kvm: the vector registers of a vCPU cannot be read");
	memcpy(to, &x, n);
}
/* What the frame does not hold stays; what it holds as "in its first state" is in that. */
static long kvm_fpu_put(struct thread *t, const void *from, size_t n)
{
	struct kvm_xsave x;
	uint64_t had, has;
	long e = kvm_ioctl(t->vcpu->fd, KVM_GET_XSAVE, &x);
	if (e < 0)
		return e;
	memcpy(&had, (char *)&x + 512, 8);
	memcpy(&has, (const char *)from + 512, 8);
	memcpy(&x, from, n);
	has |= had & ~FPU_COMPONENTS;
	memcpy((char *)&x + 512, &has, 8);
	memset((char *)&x + 464, 0, 48);
	return kvm_ioctl(t->vcpu->fd, KVM_SET_XSAVE, &x);
}
/* --- start, fork, threads ---------------------------------------------------------------------------------------------------- */
static void maps_open(struct vm *vm, struct proc *p)
{
	long fd = file_open("/proc/self/maps", O_RDONLY);
	vm->maps = fd < 0 ? -1 : fd_ours(p, (int)fd);
}
static long machine(struct vm *vm, struct proc *p, char *pool)
{
	char why[200] = "";
	long e;

	if (vm->kvm <= 0) {
		if ((e = vm_open(vm, why, sizeof why)) < 0)
			return e;
		if ((vm->kvm = fd_ours(p, vm->kvm)) < 0)
			return vm->kvm;
		if (engine_handed >= 0)
			host(SYS_close, engine_handed);
		engine_handed = -1;
	}
	maps_open(vm, p);
	if ((e = vm_make(vm, pool, POOL_FIRST)) < 0)
		return e;
	vm->fd = fd_ours(p, vm->fd);
	return vm->fd < 0 ? vm->fd : 0;
}
static char *first_pool;

static long kvm_start(struct proc *p)
{
	struct vm *vm = &kvm_vm;
	char *pool = mem_alloc(POOL_FIRST + PAGE);

	vm->cpuid = mem_alloc(CPUID_BYTES);
	vm->slot_base = mem_alloc(32768 * sizeof *vm->slot_base);
	if (!pool || !vm->cpuid || !vm->slot_base)
		return -ENOMEM;
	vm->io_open = probe_leaves_ring3();
	p->space->claimed = kvm_claimed;
	box_start(p->space);
	first_pool = (char *)PAGE_UP((uaddr)pool);
	return machine(vm, p, first_pool);
}
/* In a forked child: the machine is the parent's. Its tables' pages are, here, copies of no use. */
static void machine_anew(struct thread *t)
{
	struct vm *vm = &kvm_vm;
	struct vcpu *mine = t->vcpu, *u, *next;

	vm->copied = false;
	if (!t->p->shares_files) {       /* with one table for both they are still the parent's */
		host(SYS_close, vm->fd);
		if (vm->maps >= 0)
			host(SYS_close, vm->maps);
		for (u = vm->vcpus; u; u = next) {
			next = u->next;
			host(SYS_close, u->fd);
		}
	}
	host(SYS_madvise, first_pool, POOL_FIRST, MADV_DONTNEED);
	for (unsigned i = 0; i < ARRAY_LEN(vm->block); i++)
		if (vm->block[i])
			memset(vm->block[i], 0, 1024 * sizeof(uint16_t));
	vm->lock = vm->changing = 0;
	vm->vcpus = NULL;
	vm->n_vcpus = 0;
	if (machine(vm, t->p, first_pool) < 0)
		die("engine kvm: no virtual machine for a forked child");
	mine->page = NULL;
	mine->changing = false;
	if (vcpu_make(vm, mine, 0) < 0 || (mine->fd = fd_ours(t->p, mine->fd)) < 0 || vcpu_setup(vm, mine) < 0 ||
	    kvm_ioctl(mine->fd, KVM_SET_XSAVE, mine->xsave) < 0)
		die("engine kvm: no vCPU for a forked child");
	mine->maker = t->p->pid;
	mine->owner = t;
	mine->next = NULL;
	vm->vcpus = mine;
	vm->n_vcpus = 1;
}
/* On the thread itself. */
static long kvm_arm(struct thread *t)
{
	if (kvm_vm.copied)
		machine_anew(t);
	long e = t->vcpu ? 0 : vcpu_give(t);
	if (e == -EAGAIN || e == -EMFILE)
		die("engine kvm: no descriptor or memory is left for a vCPU: raise the limit of open files (ulimit -n)");
	return e;
}
static void copied(struct proc *p) { kvm_vm.copied = kvm_vm.top; }
AT_FORK_IF(copied, kvm_vm.top);

/* Before the host makes it. child == t: a copy of the process. */
static long kvm_spawn(struct thread *t, struct thread *child)
{
	long e;
	vcpu_keep(t->vcpu);
	if (child == t)
		return 0;
	if ((e = vcpu_give(child)) < 0)
		return e;
	child->vcpu->run->s.regs.sregs.fs.base = t->vcpu->fs;
	child->vcpu->run->kvm_dirty_regs |= KVM_SYNC_X86_SREGS;
	return kvm_ioctl(child->vcpu->fd, KVM_SET_XSAVE, t->vcpu->xsave);
}

static long kvm_save(struct thread *t, struct engine_regs *r)
{
	const struct kvm_sregs *s = &t->vcpu->run->s.regs.sregs;
	r->fs = s->fs.base;
	r->gs = s->gs.base;
	r->xcr0 = kvm_vm.xcr0;
	return kvm_ioctl(t->vcpu->fd, KVM_GET_XSAVE, r->xsave);
}
/* The bases are a stranger's: one that no program can have would keep the machine from running. */
static long kvm_load(struct thread *t, const struct engine_regs *r)
{
	struct kvm_sregs *s = &t->vcpu->run->s.regs.sregs;
	if (r->fs >= USER_TOP || r->gs >= USER_TOP)
		return -EINVAL;
	s->fs.base = r->fs;
	s->gs.base = r->gs;
	t->vcpu->run->kvm_dirty_regs |= KVM_SYNC_X86_SREGS;
	return kvm_ioctl(t->vcpu->fd, KVM_SET_XSAVE, r->xsave);
}
static const struct engine kvm = {
	.name = "kvm", .about = "a virtual machine's ring 3: the guest sees its own memory and can make no call of the host",
	.rank = 5, .apart = true, .keeps = true, .probe = kvm_probe, .start = kvm_start, .arm = kvm_arm, .run = kvm_run,
	.hand = kvm_hand, .changes = kvm_changes, .kick = kvm_kick, .spawn = kvm_spawn, .fs_get = kvm_fs_get, .fs_set = kvm_fs_set,
	.fpu_get = kvm_fpu_get, .fpu_put = kvm_fpu_put, .save = kvm_save, .load = kvm_load,
};
ENGINE(kvm);
