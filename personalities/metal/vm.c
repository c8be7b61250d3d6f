/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The machine as KVM has it: memory, one vCPU, and what is to come out to us: ports, memory where nothing is, MSRs that
 * are written, hypercalls where the host lets us have them. Interrupt controllers and timer are our own devices and not
 * KVM's: what goes through them is to be seen in a trace, kept in a snapshot, and the same on every host.
 *
 * A host without hardware virtualization carries ring 0 out itself (`emulated`). It gives up at some instructions; those
 * that a kernel cannot do without we carry out (missing.c).
 */
#include <signal.h>
#include <sys/mman.h>
#include <time.h>
#include "metal.h"

#define KICK 64                          /* the signal that ends KVM_RUN, when our timer says so */
#define N_CPUID 128
#define CPUID_SIZE (sizeof(struct kvm_cpuid2) + N_CPUID * sizeof(struct kvm_cpuid_entry2))

long metal_run_forever(void);

static long kvm(int fd, unsigned long nr, const void *arg) { return host(SYS_ioctl, fd, nr, arg); }

static const char *reason(long e)
{
	switch (e) {
	case -ENOENT: case -ENODEV: case -ENXIO: return "the host offers no virtual machines to programs";
	case -EACCES: case -EPERM: return "this user may not open it (add it to the group kvm)";
	case -EBUSY: return "another hypervisor has the processor";
	}
	return error_text(e);
}
static bool hardware(void)
{
	uint32_t a, b, c, d;
	__asm__("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(1), "c"(0));
	bool intel = c & 1u << 5;
	__asm__("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(0x80000001), "c"(0));
	return intel || c & 1u << 2;
}
static bool probe(char *why, size_t n)
{
	long fd = host(SYS_open, "/dev/kvm", 02000002), e;

	if (fd < 0) {
		fmt(why, n, "a bare-metal program needs a virtual machine, and /dev/kvm cannot be opened: %s", reason(fd));
		return false;
	}
	e = host(SYS_ioctl, fd, KVM_CHECK_EXTENSION, KVM_CAP_SYNC_REGS);
	bool ok = kvm((int)fd, KVM_GET_API_VERSION, NULL) == KVM_API_VERSION && (e & 3) == 3 &&
		  host(SYS_ioctl, fd, KVM_CHECK_EXTENSION, KVM_CAP_IMMEDIATE_EXIT) > 0;
	host(SYS_close, fd);
	if (!ok)
		fmt(why, n, "this kernel's KVM has no synchronized registers or no immediate exit: it needs Linux 4.17 or newer");
	else if (!hardware())
		fmt(why, n, "ring 0 is emulated by this host, at about two instructions a microsecond");
	return ok;
}

/* --- what the processor says it can do ------------------------------------------------------------------------------------- */
static void name_us(struct kvm_cpuid_entry2 *e)
{
	static const uint32_t name[3] = { 0x73697567, 0x74656d65, 0x00006c61 };        /* "guisemetal" */
	if (e->function == 0x40000000)
		e->eax = 0x40000001, e->ebx = name[0], e->ecx = name[1], e->edx = name[2];
	if (e->function == 0x40000001)
		e->eax = 1, e->ebx = PORT_HYPERCALL, e->ecx = e->edx = 0;
	if (e->function == 1) {
		e->ebx &= 0x0000ffff;
		e->ebx |= 1 << 16;
		e->ecx &= ~(1u << 3 | 1u << 21 | 1u << 24);      /* monitor, and all of a local APIC: none is there */
		e->edx &= ~(1u << 9);
		e->ecx |= 1u << 31;
	}
}
static long give_cpuid(void)
{
	struct kvm_cpuid2 *c = mem_alloc(CPUID_SIZE);
	long e;
	if (!c)
		return -ENOMEM;
	c->nent = N_CPUID;
	if ((e = kvm(box.kvm, KVM_GET_SUPPORTED_CPUID, c)) >= 0) {
		for (unsigned i = 0; i < c->nent; i++)
			name_us(&c->entries[i]);
		e = kvm(box.fd, KVM_SET_CPUID2, c);
	}
	mem_free(c, CPUID_SIZE);
	return e;
}

/* --- the machine --------------------------------------------------------------------------------------------------------------- */
static long slot(unsigned nr, uint64_t gpa, uint64_t len, void *at)
{
	struct kvm_userspace_memory_region r = { .slot = nr, .guest_phys_addr = gpa, .memory_size = len, .userspace_addr = (uint64_t)at };
	return len ? kvm(box.vm, KVM_SET_USER_MEMORY_REGION, &r) : 0;
}
static long cap(unsigned nr, uint64_t arg)
{
	struct kvm_enable_cap c = { .cap = nr, .args = { arg } };
	return host(SYS_ioctl, box.vm, KVM_CHECK_EXTENSION, nr) > 0 ? kvm(box.vm, KVM_ENABLE_CAP, &c) : -EINVAL;
}
/* Every write of an MSR is ours to see; reads of EFER to FMASK (cpu.c) and of those that KVM does not know. */
static void msrs_out(void)
{
	static uint8_t none[0x600 / 8], high[0x2000 / 8];
	struct kvm_msr_filter f = { .flags = KVM_MSR_FILTER_DEFAULT_ALLOW };

	memset(none, 0, sizeof none);
	memset(high, 0, sizeof high);
	f.ranges[0] = (struct kvm_msr_filter_range){ .flags = KVM_MSR_FILTER_WRITE, .nmsrs = 0x600, .base = 0, .bitmap = none };
	f.ranges[1] = (struct kvm_msr_filter_range){ .flags = KVM_MSR_FILTER_WRITE, .nmsrs = 0x2000, .base = 0xc0000000, .bitmap = high };
	f.ranges[2] = (struct kvm_msr_filter_range){ .flags = KVM_MSR_FILTER_READ, .nmsrs = 8, .base = 0xc0000080, .bitmap = high };
	if (cap(KVM_CAP_X86_USER_SPACE_MSR, KVM_MSR_EXIT_REASON_UNKNOWN | KVM_MSR_EXIT_REASON_INVAL | KVM_MSR_EXIT_REASON_FILTER) >= 0)
		kvm(box.vm, KVM_X86_SET_MSR_FILTER, &f);
}
static void hypercalls_out(void)
{
	struct kvm_xen_hvm_config x = { .flags = KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL };
	long has = host(SYS_ioctl, box.vm, KVM_CHECK_EXTENSION, KVM_CAP_XEN_HVM);
	box.xen = has > 0 && has & KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL && kvm(box.vm, KVM_XEN_HVM_CONFIG, &x) >= 0;
}
static long vcpu(void)
{
	long e = host(SYS_ioctl, box.vm, KVM_CREATE_VCPU, 0), size, a;
	if (e < 0)
		return e;
	box.fd = (int)e;
	size = host(SYS_ioctl, box.kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	a = host(SYS_mmap, NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, box.fd, 0);
	if (a < 0 && a > -4096)
		return a;
	box.run = (struct kvm_run *)a;
	box.run->kvm_valid_regs = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS;
	if ((e = give_cpuid()) < 0)
		return e;
	return kvm(box.fd, KVM_GET_SREGS, &box.run->s.regs.sregs);
}
long vm_create(char *why, size_t n)
{
	uint64_t low = MIN(box.memory, HOLE);
	long e = host(SYS_open, "/dev/kvm", 02000002);

	box.kvm = (int)e;
	box.emulated = !hardware();
	if (e >= 0 && (e = host(SYS_ioctl, box.kvm, KVM_CREATE_VM, 0)) >= 0) {
		uint64_t identity = 0xfffbc000;          /* pages that some processors need for modes without paging */
		box.vm = (int)e;
		host(SYS_ioctl, box.vm, KVM_SET_TSS_ADDR, 0xfffbd000);
		kvm(box.vm, KVM_SET_IDENTITY_MAP_ADDR, &identity);
		cap(KVM_CAP_EXIT_ON_EMULATION_FAILURE, 1);
		msrs_out();
		hypercalls_out();
		if ((e = slot(0, 0, low, box.ram)) >= 0)
			e = slot(1, FOUR_GIB, box.memory - low, box.ram + low);
		if (e < 0) {
			fmt(why, n, "this host's KVM takes no memory of %lu MiB for a machine: %s; give it less with --memory", box.memory >> 20,
			    error_text(e));
			return e;
		}
		e = vcpu();
	}
	if (e < 0)
		fmt(why, n, "its virtual machine cannot be made: %s", error_text(e));
	return e;
}

/* --- the engine ---------------------------------------------------------------------------------------------------------------------- */
static void kicked(int sig, siginfo_t *si, void *uc)
{
	if (box.run)
		box.run->immediate_exit = 1;
}
static void kick(struct thread *t) { kicked(0, NULL, NULL); }
static void faulted(int sig, siginfo_t *si, void *uc)
{
	if (!borrow_raised(uc))
		die("%s: a fault of guise's own (signal %d at %p)", box.t->p->comm, sig, si->si_addr);
}
static long handle(int sig, void (*fn)(int, siginfo_t *, void *))
{
	struct host_sigaction k = { .handler = fn, .flags = SA_SIGINFO | HOST_SA_RESTORER, .restorer = host_restorer, .mask = 0 };
	return host(SYS_rt_sigaction, sig, &k, NULL, 8);
}
static void keep_fd(struct proc *p, int *fd)
{
	if (*fd >= 0)
		*fd = fd_ours(p, *fd);
}
static long start(struct proc *p)
{
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = KICK };
	long e = handle(KICK, kicked);

	handle(SIGILL, faulted), handle(SIGFPE, faulted), handle(SIGSEGV, faulted);

	((int *)&ev)[4] = (int)host(SYS_gettid);         /* sigev_notify_thread_id, which libc's header gives no name */
	if (e >= 0)
		e = host(SYS_timer_create, CLOCK_MONOTONIC, &ev, &box.timer);
	keep_fd(p, &box.kvm), keep_fd(p, &box.vm), keep_fd(p, &box.fd), keep_fd(p, &box.disk.fd), keep_fd(p, &box.disk.over);
	return e;
}
static long arm(struct thread *t)
{
	uint64_t mask = 1ull << (KICK - 1);
	return host(SYS_rt_sigprocmask, SIG_UNBLOCK, &mask, NULL, 8);
}
static void run(struct thread *t)
{
	t->inside = 1;
	mem_far(linear_read);
	mem_far_out(linear_write);
	box.running = true;
	box.magic = BOX_MAGIC;
	metal_run_forever();
}
const struct engine metal_engine = {
	.name = "metal", .about = "a whole virtual machine of KVM", .rank = 1, .apart = true, .probe = probe,
	.start = start, .arm = arm, .run = run, .kick = kick, .stops = KICK,
};
