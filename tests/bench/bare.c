/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the host alone takes for the way that an engine goes, out of a program's code and back, with nothing done there:
 * prints "NANOSECONDS TIMES", the middle one of 15 parts.
 *
 *    bare WAY CASE COUNT...      dispatch  Syscall User Dispatch: SIGSYS, and back from its handler (engine trap)
 *                                stop      a seccomp filter that stops for a tracer, which sets registers (engine ptrace)
 *                                exit      out of ring 3 of a virtual machine by a `syscall`, and in again (engine kvm)
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/kvm.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

enum { PARTS = 15 };

static void need(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "bare: %s: %s\n", what, strerror(errno));
	exit(1);
}
static long now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000l + t.tv_nsec;
}
static int by_size(const void *a, const void *b) { return *(const long *)a < *(const long *)b ? -1 : 1; }
static void timed(void (*once)(void), long n)
{
	long took[PARTS];
	once();
	for (int part = 0; part < PARTS; part++) {
		long t = now();
		for (long i = 0; i < n; i++)
			once();
		took[part] = now() - t;
	}
	qsort(took, PARTS, sizeof *took, by_size);
	printf("%ld %ld\n", took[PARTS / 2], n);
}
/* --- dispatch ------------------------------------------------------------------------------------------------------------- */
static char selector;
static void on_sys(int sig, siginfo_t *si, void *uc)
{
	selector = 0;
	((ucontext_t *)uc)->uc_mcontext.gregs[REG_RAX] = 1;
}
static void a_trap(void)
{
	long rv;
	selector = 1;
	__asm__ volatile("syscall" : "=a"(rv) : "0"(39) : "rcx", "r11", "memory");
	need(rv == 1, "dispatch");
}
static void dispatch(void)
{
	/* the handler's way back is a call that the selector lets pass */
	struct sigaction a = { .sa_sigaction = on_sys, .sa_flags = SA_SIGINFO };
	sigaction(SIGSYS, &a, NULL);
	need(!prctl(59, 1, 0, 0, &selector), "prctl(PR_SET_SYSCALL_USER_DISPATCH)");
}
/* --- stop ------------------------------------------------------------------------------------------------------------------- */
static pid_t stopped;
static void a_stop(void)
{
	struct user_regs_struct r;
	int st;
	need(!ptrace(PTRACE_CONT, stopped, 0, 0) && waitpid(stopped, &st, 0) == stopped && st >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8) &&
	     !ptrace(PTRACE_GETREGS, stopped, 0, &r), "a stop");
	r.orig_rax = (unsigned long)-1;
	r.rax = 1;
	need(!ptrace(PTRACE_SETREGS, stopped, 0, &r), "PTRACE_SETREGS");
}
static void stops(void)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog p = { sizeof f / sizeof *f, f };
	int st;
	if (!(stopped = fork())) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		need(!ptrace(PTRACE_TRACEME), "PTRACE_TRACEME");
		raise(SIGSTOP);
		need(!syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &p), "seccomp");
		for (;;)
			syscall(SYS_getppid);
	}
	need(waitpid(stopped, &st, 0) == stopped && !ptrace(PTRACE_SETOPTIONS, stopped, 0, PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL), "ptrace");
}
/* --- exit: a machine of sixteen pages, each at its physical address ------------------------------------------------------- */
enum { TOP = 0x1000, DIR3 = 0x2000, DIR2 = 0x3000, TABLE = 0x4000, GDT = 0x5000, TSS = 0x6000, CODE = 0x8000, DOOR = 0x9000, PORT = 0x40 };
static char *mem;
static struct kvm_run *kvm;
static int vcpu;
static const struct kvm_segment user_code = { .limit = ~0u, .selector = 0x33, .type = 11, .present = 1, .dpl = 3, .s = 1, .l = 1, .g = 1 },
	user_data = { .limit = ~0u, .selector = 0x2b, .type = 3, .present = 1, .dpl = 3, .db = 1, .s = 1, .g = 1 };

static void an_exit(void)
{
	kvm->s.regs.regs = (struct kvm_regs){ .rip = CODE, .rsp = CODE + 0x800, .rflags = 0x202 };
	kvm->kvm_dirty_regs = KVM_SYNC_X86_REGS;
	if (kvm->s.regs.sregs.cs.dpl != 3) {
		kvm->s.regs.sregs.cs = user_code;
		kvm->s.regs.sregs.ss = user_data;
		kvm->kvm_dirty_regs |= KVM_SYNC_X86_SREGS;
	}
	need(!ioctl(vcpu, KVM_RUN, 0) && kvm->exit_reason == KVM_EXIT_IO && kvm->io.port == PORT, "an exit");
}
static void put(int at, uint64_t v) { memcpy(mem + at, &v, 8); }
static void memory(int vm)
{
	struct kvm_userspace_memory_region r = { .memory_size = 0x10000 };
	mem = mmap(NULL, 0x10000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	r.userspace_addr = (uintptr_t)mem;
	put(TOP, DIR3 | 7), put(DIR3, DIR2 | 7), put(DIR2, TABLE | 7);
	for (int i = 0; i < 16; i++)
		put(TABLE + i * 8, (uint64_t)i << 12 | 0x67);
	put(GDT + 0x08, 0x00af9b000000ffff), put(GDT + 0x10, 0x00cf93000000ffff);
	put(GDT + 0x28, 0x00cff3000000ffff), put(GDT + 0x30, 0x00affb000000ffff);
	memset(mem + TSS + 0x68, 0, 0x20);               /* all ports are open to ring 3: some hosts stay there */
	mem[TSS + 0x66] = 0x68;
	memcpy(mem + CODE, "\x0f\x05", 2);
	memcpy(mem + DOOR, "\xe6\x40\xf4", 3);
	need(!ioctl(vm, KVM_SET_USER_MEMORY_REGION, &r), "KVM_SET_USER_MEMORY_REGION");
}
static void machine(void)
{
	int dev = open("/dev/kvm", O_RDWR), vm = ioctl(dev, KVM_CREATE_VM, 0), size = ioctl(dev, KVM_GET_VCPU_MMAP_SIZE, 0);
	union { struct kvm_msrs m; char room[sizeof(struct kvm_msrs) + 3 * sizeof(struct kvm_msr_entry)]; } m = { .m.nmsrs = 3 };
	static union { struct kvm_cpuid2 c; char room[sizeof(struct kvm_cpuid2) + 128 * sizeof(struct kvm_cpuid_entry2)]; } c;
	c.c.nent = 128;
	m.m.entries[0] = (struct kvm_msr_entry){ .index = 0xc0000081, .data = 8ull << 32 | 0x23ull << 48 };
	m.m.entries[1] = (struct kvm_msr_entry){ .index = 0xc0000082, .data = DOOR };
	m.m.entries[2] = (struct kvm_msr_entry){ .index = 0xc0000084, .data = 0x3f7fd5 };
	need(dev >= 0 && vm >= 0, "/dev/kvm");
	memory(vm);
	need((vcpu = ioctl(vm, KVM_CREATE_VCPU, 0)) >= 0, "KVM_CREATE_VCPU");
	need(!ioctl(dev, KVM_GET_SUPPORTED_CPUID, &c) && !ioctl(vcpu, KVM_SET_CPUID2, &c), "KVM_SET_CPUID2");
	kvm = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	struct kvm_sregs *s = &kvm->s.regs.sregs;
	need(!ioctl(vcpu, KVM_GET_SREGS, s), "KVM_GET_SREGS");
	s->cr0 = 0x80050033, s->cr3 = TOP, s->cr4 = 0x620, s->efer = 0xd01;
	s->gdt.base = GDT, s->gdt.limit = 0x7f;
	s->tr = (struct kvm_segment){ .base = TSS, .limit = 0x88, .selector = 0x40, .type = 11, .present = 1 };
	s->cs = user_code, s->ss = s->ds = s->es = user_data;
	need(!ioctl(vcpu, KVM_SET_SREGS, s) && ioctl(vcpu, KVM_SET_MSRS, &m) == 3, "registers");
	kvm->kvm_valid_regs = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS;
}
static const struct { const char *name; void (*set_up)(void), (*once)(void); } way[] = {
	{ "dispatch", dispatch, a_trap }, { "stop", stops, a_stop }, { "exit", machine, an_exit },
};
int main(int argc, char **argv)
{
	for (unsigned i = 0; argc > 3 && i < sizeof way / sizeof *way; i++)
		if (!strcmp(way[i].name, argv[1])) {
			way[i].set_up();
			timed(way[i].once, atol(argv[3]) / PARTS);
			return 0;
		}
	return 2;
}
