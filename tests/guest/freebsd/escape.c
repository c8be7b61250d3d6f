/* SPDX-License-Identifier: BSD-2-Clause
 * A program that means harm, behind the one engine that is a wall: it aims at guise's own memory, whose place it knows, with
 * its own instructions, with every kind of call, and in records, vectors and lists; it tries the instructions that are
 * no program's, the machine's own pages, and more of everything than there is. Nothing may come of any of it.
 * TEST without: rewrite trap seccomp ptrace, under which guest and guise share an address space
 * TEST proves: nothing
 * TEST timeout: 120
 */
#include "aio.h"

/* guise's image: text, constants, data, zeroes; the hole below; ring 0's pages; what is no address */
static u64 const target[] = {
	0x7be00000, 0x7be01000, 0x7bf00000, 0x7c000000, 0x7c080000, 0x7c0f0000, 0x7c100000, 0x7c200000, 0x7c400000, 0x7bdff000,
	0xffffffff81000000, 0xffffffff81001000, 0xffffffff81002000, 0xffffffff81003000, 0xffffffff81004000, 0xffffffff80000000,
	0xffff800000000000, 0x7ffffffff000, 0x800000000000, 0xdead000000000000,
};
enum { OURS = 9,                 /* so many of them are guise's own */
       DOOR = 12 };              /* may be read where ring 0 is emulated: there calls leave by it */

/* --- by instructions ------------------------------------------------------------------------------------------------------ */
long attempt(void (*fn)(u64), u64 arg);
void landing(void);
u64 saved_sp;
__asm__(".globl attempt, landing\nattempt: push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15; push %rbx\n"
	"mov %rsp, saved_sp(%rip); mov %rdi, %rax; mov %rsi, %rdi; call *%rax; xor %eax, %eax; jmp 1f\n"
	"landing: mov saved_sp(%rip), %rsp; mov $1, %eax\n"
	"1: pop %rbx; pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx; ret\n");

static void on_fault(int sig, siginfo_t *si, ucontext_t *uc)
{
	uc->mc.rip = (long)landing;
	uc->mc.rflags &= ~0x40500l;      /* DF, TF, AC */
}
static void do_read(u64 a) { (void)*(volatile u8 *)a; }
static void do_write(u64 a) { *(volatile u8 *)a = 0; }
static void do_run(u64 a) { ((void (*)(void))a)(); }

static void touch(void)
{
	int n = 0;
	for (unsigned i = 0; i < COUNT(target); i++)
		n += (i != DOOR && !attempt(do_read, target[i])) + !attempt(do_write, target[i]);
	say("touched: %d\n", n);
	for (n = 0; n < OURS; n++)
		if (!attempt(do_run, target[n]))
			say("ran at %lx\n", target[n]);
}
/* --- by calls --------------------------------------------------------------------------------------------------------------- */
#define T (-7777l)                       /* stands for the target */
char buf[8192];
static u64 words[64];                    /* each the target: what a record, a vector, a list points to */
static long fd, dir, pipes[2], pair[2], udp, tcp, sem, msg, kq, shm, zero;

struct try { short nr; long a[6]; };
static int reached(const struct try *y, u64 at)
{
	long a[6];
	for (int i = 0; i < 6; i++)
		a[i] = y->a[i] == T ? (long)at : y->a[i];
	return sys(y->nr, a[0], a[1], a[2], a[3], a[4], a[5]) >= 0;
}
static void plain_calls(void)
{
	const struct try y[] = {
		{ SYS_read, { zero, T, 8 } }, { SYS_write, { pipes[1], T, 8 } }, { SYS_pread, { zero, T, 8, 0 } }, { SYS_pwrite, { fd, T, 8, 0 } },
		{ SYS_readv, { zero, T, 1 } }, { SYS_writev, { pipes[1], T, 1 } }, { SYS_open, { T, 0, 0 } }, { SYS_fstat, { fd, T } },
		{ SYS_freebsd11_fstat, { fd, T } }, { SYS_fstatfs, { fd, T } }, { SYS_getdirentries, { dir, T, 4096, 0 } },
		{ SYS_freebsd11_getdirentries, { dir, T, 4096, (long)buf } }, { SYS_freebsd11_getdirentries, { dir, (long)buf, 4096, T } },
		{ SYS___getcwd, { T, 1024 } }, { SYS_readlink, { (long)"link", T, 8 } }, { SYS_link, { (long)"f", T } }, { SYS_symlink, { T, (long)"s" } },
		{ SYS_pipe2, { T, 0 } }, { SYS_socketpair, { AF_UNIX, SOCK_STREAM, 0, T } }, { SYS_bind, { udp, T, 16 } },
		{ SYS_connect, { udp, T, 16 } }, { SYS_getsockname, { udp, T, (long)(buf + 8) } }, { SYS_getsockname, { udp, (long)buf, T } },
		{ SYS_getsockopt, { udp, SOL_SOCKET, SO_TYPE, T, (long)(buf + 8) } }, { SYS_setsockopt, { udp, SOL_SOCKET, SO_DEBUG, T, 4 } },
		{ SYS_sendto, { pair[0], T, 8, 0, 0, 0 } }, { SYS_sendto, { udp, (long)buf, 8, 0, T, 16 } }, { SYS_sendmsg, { pair[0], T, 0 } },
		{ SYS_recvmsg, { pair[1], T, MSG_DONTWAIT } }, { SYS_clock_gettime, { 0, T } }, { SYS_gettimeofday, { T, 0 } },
		{ SYS_nanosleep, { T, 0 } }, { SYS_getrlimit, { RLIMIT_NOFILE, T } }, { SYS_setrlimit, { RLIMIT_CORE, T } },
		{ SYS_getrusage, { 0, T } }, { SYS_sigaction, { SIGUSR1, T, 0 } }, { SYS_sigaction, { SIGUSR1, 0, T } },
		{ SYS_sigprocmask, { SIG_BLOCK, T, 0 } }, { SYS_sigprocmask, { SIG_BLOCK, 0, T } }, { SYS_sigaltstack, { T, 0 } },
		{ SYS_sigaltstack, { 0, T } }, { SYS_sigpending, { T } }, { SYS_sigtimedwait, { T, 0, (long)buf } }, { SYS_poll, { T, 1, 0 } },
		{ SYS_select, { 8, T, 0, 0, (long)buf } }, { SYS_select, { 8, 0, 0, 0, T } }, { SYS_kevent, { kq, T, 1, 0, 0, 0 } },
		{ SYS___sysctl, { T, 2, (long)buf, (long)(buf + 8), 0, 0 } }, { SYS___sysctl, { (long)(buf + 64), 2, T, (long)(buf + 8), 0, 0 } },
		{ SYS___sysctl, { (long)(buf + 64), 2, (long)buf, T, 0, 0 } }, { SYS_sysarch, { AMD64_GET_FSBASE, T } },
		{ SYS___semctl, { sem, 0, 6, T } }, { SYS_semop, { sem, T, 1 } }, { SYS_msgsnd, { msg, T, 8, 04000 } },
		{ SYS_msgrcv, { msg, T, 8, 0, 04000 } }, { SYS_getrandom, { T, 8, 0 } }, { SYS_uuidgen, { T, 1 } },
		{ SYS_getcontext, { T } }, { SYS_setcontext, { T } }, { SYS_cpuset_getaffinity, { 3, 1, -1, 128, T } },
		{ SYS_ktimer_create, { 0, T, (long)buf } }, { SYS_ktimer_create, { 0, 0, T } }, { SYS_getitimer, { 0, T } },
		{ SYS_aio_read, { T } }, { SYS_aio_write, { T } }, { SYS_lio_listio, { LIO_WAIT, T, 1, 0 } }, { SYS_aio_suspend, { T, 1, 0 } },
		{ SYS_thr_self, { T } }, { SYS_thr_new, { T, 104 } }, { SYS_thr_create, { T, (long)buf, 0 } }, { SYS_rtprio_thread, { 0, 0, T } },
		{ SYS__umtx_op, { T, UMTX_OP_MUTEX_TRYLOCK, 0, 0, 0 } }, { SYS__umtx_op, { T, UMTX_OP_SEM2_WAKE, 0, 0, 0 } },
		{ SYS__umtx_op, { T, UMTX_OP_RW_UNLOCK, 0, 0, 0 } }, { SYS__umtx_op, { T, UMTX_OP_CV_SIGNAL, 0, 0, 0 } },
		{ SYS__umtx_op, { T, UMTX_OP_WAIT_UINT, 0, 16, (long)buf } }, { SYS__umtx_op, { T, UMTX_OP_NWAKE_PRIVATE, 1, 0, 0 } },
		{ SYS_execve, { T, 0, 0 } }, { SYS_execve, { (long)"f", T, 0 } }, { SYS_mprotect, { T, 4096, 7 } }, { SYS_mlock, { T, 4096 } },
		{ SYS_madvise, { T, 4096, MADV_DONTNEED } }, { SYS_minherit, { T, 4096, INHERIT_NONE } }, { SYS_msync, { T, 4096, MS_INVALIDATE } },
		{ SYS_mmap, { T, 4096, 3, MAP_ANON | MAP_PRIVATE | MAP_FIXED, -1, 0 } }, { SYS_shmat, { shm, T, 0 } }, { SYS_shmat, { shm, T, 010000 } },
		{ SYS_mincore, { (long)buf & -4096, 4096, T } }, { SYS_procctl, { 0, 0, 6, T } }, { SYS_wait4, { -1, T, WNOHANG, T } },
		{ SYS_ioctl, { pipes[0], 0x4004667f, T } }, { SYS_fspacectl, { fd, 1, T, 0, 0 } }, { SYS_copy_file_range, { fd, T, pipes[1], 0, 8, 0 } },
		{ SYS_sigfastblock, { 1, T } }, { SYS_statfs, { (long)".", T } }, { SYS_utimes, { (long)"f", T } }, { SYS_extattr_get_fd, { fd, 1, T, 0, 0 } },
	};
	int n = 0;
	for (unsigned i = 0; i < COUNT(y); i++)
		for (unsigned k = 0; k < COUNT(target); k++) {
			*(u64 *)(buf + 8) = 16;
			*(u64 *)(buf + 64) = 1ull << 32 | 1;          /* kern.ostype */
			if (reached(&y[i], target[k] & -8ull) && y[i].nr != SYS_madvise) {       /* what is not there is passed over */
				say("call %d, entry %d, reached %lx\n", y[i].nr, i, target[k]);
				n++;
			}
		}
	say("by calls: %d\n", n);
}
/* Addresses inside of what is passed: all of it holds the target. */
static void nested_calls(void)
{
	int n = 0;
	for (unsigned k = 0; k < OURS; k++) {
		for (unsigned i = 0; i < COUNT(words); i++)
			words[i] = target[k];
		struct iovec v[2] = { { (void *)target[k], 8 }, { buf, 8 } }, late[2] = { { buf, 8 }, { (void *)target[k], 8 } };
		struct msghdr m = { .iov = v, .iovlen = 1 }, name = { .name = (void *)target[k], .namelen = 16, .iov = &v[1], .iovlen = 1 },
			control = { .iov = &v[1], .iovlen = 1, .control = (void *)target[k], .controllen = 64 };
		struct aiocb r = { .fd = (int)zero, .buf = (void *)target[k], .nbytes = 8 }, w = { .fd = (int)fd, .buf = (void *)target[k], .nbytes = 8 };
		struct aiocb rv = { .fd = (int)zero, .buf = v, .nbytes = 1 };
		struct { void *head; int hn; void *trail; int tn; } hdtr = { v, 1, 0, 0 };
		struct thr_param p = { .start = do_run, .stack_base = buf, .stack_size = 4096, .child_tid = (long *)target[k], .parent_tid = (long *)target[k] };
		struct { int len, pad; void *at; } fiodg = { 64, 0, (void *)target[k] };
		struct { int len; int pad; void *at; } ifconf = { 400, 0, (void *)target[k] };
		const struct try y[] = {
			{ SYS_readv, { zero, (long)v, 1 } }, { SYS_writev, { pipes[1], (long)v, 1 } }, { SYS_preadv, { zero, (long)v, 1, 0 } },
			{ SYS_pwritev, { fd, (long)v, 1, 0 } }, { SYS_sendmsg, { pair[0], (long)&m, 0 } }, { SYS_sendmsg, { udp, (long)&name, 0 } },
			{ SYS_sendmsg, { pair[0], (long)&control, 0 } }, { SYS_recvmsg, { pair[1], (long)&m, MSG_DONTWAIT } },
			{ SYS_sendfile, { fd, pair[0], 0, 8, (long)&hdtr, 0 } }, { SYS___semctl, { sem, 0, 6, (long)words } },
			{ SYS___semctl, { sem, 0, 9, (long)words } }, { SYS___semctl, { sem, 0, 2, (long)words } }, { SYS_thr_new, { (long)&p, sizeof p } },
			{ SYS_ioctl, { open("/dev/null", O_RDWR, 0), (long)0x80106678, (long)&fiodg } }, { SYS_ioctl, { udp, (long)0xc0106924, (long)&ifconf } },
			{ SYS__umtx_op, { (long)words, UMTX_OP_NWAKE_PRIVATE, 0x7fffffff, 0, 0 } }, { SYS_execve, { (long)"f", (long)words, 0 } },
			{ SYS_execve, { (long)"f", 0, (long)words } },
		};
		for (unsigned i = 0; i < COUNT(y); i++) {
			sys(SYS_sendto, pair[0], "0123456789", 8, MSG_DONTWAIT, 0, 0);
			if (reached(&y[i], 0) && y[i].nr != SYS__umtx_op) {
				say("call %d, entry %d, reached %lx in a record\n", y[i].nr, i, target[k]);
				n++;
			}
		}
		n += sys(SYS_readv, zero, late, 2) > 8;
		struct aiocb *job[] = { &r, &w, &rv };
		for (unsigned i = 0; i < 3; i++) {
			long e = i == 0 ? aio_read(job[i]) : i == 1 ? aio_write(job[i]) : aio_readv(job[i]);
			for (long end = now_ms() + 2000; e >= 0 && aio_error(job[i]) == EINPROGRESS && now_ms() < end;)
				sleep_ms(1);
			if (e >= 0 && aio_return(job[i]) >= 0) {
				say("aio %d reached %lx\n", i, target[k]);
				n++;
			}
		}
		struct aiocb *list[] = { (void *)target[k], &r };
		r.opcode = LIO_READ;
		if (lio_listio(LIO_WAIT, list, 2, 0) >= 0)
			say("a list reached %lx\n", target[k]), n++;
	}
	say("by what is pointed to: %d\n", n);
}
/* --- files that are memory, by names of any kind ---------------------------------------------------------------------------- */
static void files(void)
{
	static const char *const name[] = { "/proc/self/mem", "/proc/curproc/mem", "/proc/thread-self/mem", "link", "dir/mem", "/proc/kcore",
		"/dev/mem", "/dev/kmem", "/dev/port" };
	int n = 0;
	char c;
	symlink("/proc/self/mem", "link");
	symlink("/proc/self", "dir");
	for (unsigned i = 0; i < COUNT(name); i++) {
		long f = open(name[i], O_RDWR, 0), at = open(name[i], O_PATH, 0), again = sys(SYS_openat, at, "", O_RDWR | O_EMPTY_PATH, 0);
		n += f >= 0 && pread(f, &c, 1, target[1]) == 1;
		n += again >= 0 && pread(again, &c, 1, target[1]) == 1;
		if (f >= 0)
			close(f);
		if (again >= 0)
			close(again);
		if (at >= 0)
			close(at);
	}
	say("by files: %d\n", n);
}
/* --- what guise has open ------------------------------------------------------------------------------------------------------ */
static void descriptors(void)
{
	int n = 0;
	struct { struct cmsghdr h; int fd; } c = { { 20, SOL_SOCKET, SCM_RIGHTS } };
	struct iovec v = { buf, 1 };
	struct msghdr m = { .iov = &v, .iovlen = 1, .control = &c, .controllen = 20 };

	for (int i = 64; i < 21000; i++) {
		c.fd = i;
		if (fcntl(i, F_GETFD, 0) >= 0 || (i % 3 == 0 && sendmsg(pair[0], &m, MSG_DONTWAIT) >= 0)) {
			say("descriptor %d\n", i);
			n++;
		}
	}
	say("descriptors: %d\n", n);
}
/* --- instructions that are no program's; each in a child ---------------------------------------------------------------------- */
#define INSN(name_, text_) static void __attribute__((noinline)) name_(u64 x) { __asm__ volatile(text_); }
#define EACH(X) \
	X(hlt, "hlt") X(cli, "cli") X(sti, "sti") X(in_dx, "mov $0x64,%edx; in (%dx),%al") X(in_40, "in $0x40,%al") X(out_40, "out %al,$0x40") \
	X(out_dx, "mov $0x40,%edx; out %eax,(%dx)") X(out_8e, "out %al,$0x8e") X(outs, "mov $0x40,%edx; lea buf(%rip),%rsi; outsb") \
	X(rep_ins, "mov $0x40,%edx; mov $8,%ecx; lea buf(%rip),%rdi; rep insb") X(rd_cr0, "mov %cr0,%rax") X(wr_cr0, "xor %eax,%eax; mov %rax,%cr0") \
	X(rd_cr3, "mov %cr3,%rax") X(wr_cr3, "xor %eax,%eax; mov %rax,%cr3") X(wr_cr4, "xor %eax,%eax; mov %rax,%cr4") X(rd_cr8, "mov %cr8,%rax") \
	X(rd_dr, "mov %dr7,%rax") X(wr_dr, "mov %rax,%dr0") X(rdmsr, "mov $0xc0000082,%ecx; rdmsr") \
	X(wrmsr, "mov $0xc0000082,%ecx; xor %eax,%eax; xor %edx,%edx; wrmsr") X(efer, "mov $0xc0000080,%ecx; xor %eax,%eax; xor %edx,%edx; wrmsr") \
	X(lgdt, "lgdt (%rsp)") X(lidt, "lidt (%rsp)") X(lldt, "mov $0x2b,%eax; lldt %ax") X(ltr, "mov $0x40,%eax; ltr %ax") X(lmsw, "xor %eax,%eax; lmsw %ax") \
	X(clts, "clts") X(invlpg, "invlpg (%rsp)") X(invd, "invd") X(wbinvd, "wbinvd") X(swapgs, "swapgs") X(sysret, "sysretq") \
	X(sysexit, "sysexitq") X(sysenter, "sysenter") X(xsetbv, "xor %ecx,%ecx; mov $1,%eax; xor %edx,%edx; xsetbv") X(rdpmc, "xor %ecx,%ecx; rdpmc") \
	X(monitor, "lea buf(%rip),%rax; xor %ecx,%ecx; xor %edx,%edx; monitor") X(vmcall, "mov $1,%eax; vmcall") X(vmmcall, "mov $1,%eax; vmmcall") \
	X(vmrun, "xor %eax,%eax; vmrun") X(vmlaunch, "vmlaunch") X(vmxoff, "vmxoff") X(stgi, "stgi") X(getsec, "xor %eax,%eax; getsec") \
	X(int_0, "int $0") X(int_1, "int $1") X(int_2, "int $2") X(int_8, "int $8") X(int_13, "int $13") X(int_14, "int $14") X(int_18, "int $18") \
	X(int_31, "int $31") X(int_32, "int $32") X(int_80, "int $0x80") X(int_ff, "int $0xff") X(icebp, ".byte 0xf1") X(ud2, "ud2") \
	X(call_far, "push $0x08; push $0; lcall *(%rsp)") X(jmp_far, "push $0x08; push $0; .byte 0x48,0xff,0x2c,0x24") X(tss_far, "push $0x40; push $0; .byte 0x48,0xff,0x2c,0x24") \
	X(ret_far, "push $0x08; lea 1f(%rip),%rax; push %rax; lretq; 1:") X(ret_32, "push $0x23; lea 1f(%rip),%rax; push %rax; lretq; 1:") \
	X(iret, "push $0x10; push %rsp; push $0x3202; push $0x08; lea 1f(%rip),%rax; push %rax; iretq; 1:") \
	X(iret_port, "mov %rsp,%rax; push $0x2b; push %rax; push $0x3202; push $0x33; lea 1f(%rip),%rax; push %rax; iretq; 1: in $0x40,%al") \
	X(ds_kernel, "mov $0x10,%eax; mov %eax,%ds") X(es_code, "mov $0x08,%eax; mov %eax,%es") X(fs_tss, "mov $0x40,%eax; mov %eax,%fs") \
	X(gs_any, "mov $0x7b,%eax; mov %eax,%gs") X(ss_null, "xor %eax,%eax; mov %eax,%ss") X(ss_kernel, "mov $0x10,%eax; mov %eax,%ss") \
	X(popf_port, "push $0x3202; popfq; in $0x40,%al") X(popf_vm, "push $0x20202; popfq") X(popf_nt, "push $0x4202; popfq; pushfq; popq %rax") \
	X(trap_flag, "pushfq; orq $0x100,(%rsp); popfq; nop; nop") X(align, "pushfq; orq $0x40000,(%rsp); popfq; mov 1(%rsp),%eax") \
	X(sp_ring0, "mov $0xffffffff81003ff0,%rsp; int3") X(sp_ring0_push, "mov $0xffffffff81003ff0,%rsp; push %rax") \
	X(sp_ring0_call, "mov $0xffffffff81003ff0,%rsp; mov $20,%eax; syscall; ud2") X(sp_wrong, "mov $0xdead000000000000,%rax; mov %rax,%rsp; push %rax") \
	X(door, "mov $0xffffffff81002000,%rax; jmp *%rax") X(door_2, "mov $0xffffffff81002002,%rax; jmp *%rax") \
	X(gate, "mov $0xffffffff810010e0,%rax; jmp *%rax") X(wrong_ip, "mov $0xdead000000000000,%rax; jmp *%rax") \
	X(end_ip, "mov $0x7fffffffffff,%rax; jmp *%rax") X(long_insn, ".byte 0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x90")
EACH(INSN)
#define NAMED(name_, text_) { #name_, name_ },
static const struct { const char *name; void (*fn)(u64); } insn[] = { EACH(NAMED) };

/* By a signal, or with a sentence, or it was nothing: never without an end. */
static void instructions(void)
{
	int faulted = 0, nothing = 0, ended = 0;
	for (unsigned i = 0; i < COUNT(insn); i++) {
		int st = 0;
		long pid = fork(), end = now_ms() + 10000, r;
		if (!pid) {
			for (int s = SIGILL; s <= SIGSYS; s++)
				sys(SYS_sigaction, s, &(struct sigaction){ 0 }, 0);
			insn[i].fn(0);
			__asm__ volatile("mov $1,%%eax; xor %%edi,%%edi; syscall" ::: "memory");
		}
		while (!(r = wait4(pid, &st, WNOHANG, 0)) && now_ms() < end)
			sleep_ms(1);
		if (r != pid) {
			say("%s does not end\n", insn[i].name);
			kill(pid, SIGKILL);
			wait4(pid, 0, 0, 0);
		}
		faulted += WTERMSIG(st) != 0, nothing += !st, ended += WEXITSTATUS(st) == 125;
		if (!WTERMSIG(st) && st && WEXITSTATUS(st) != 125)
			say("%s: status %x\n", insn[i].name, st);
	}
	yes(faulted + nothing + ended == COUNT(insn));
	yes(faulted > 60);
}
/* --- more than there is --------------------------------------------------------------------------------------------------------- */
static void idle(void *x)
{
	for (;;)
		sleep_ms(100000);
}

static void exhaust(void)
{
	int st;
	long pid = fork();
	if (!pid) {
		int n = 0;
		while (n < 300 && thread(idle, 0) >= 0)
			n++;
		while (dup(0) >= 0)
			;
		quit(n >= 60 ? 7 : 8);
	}
	wait4(pid, &st, 0, 0);
	say("threads and descriptors: %x\n", st);
	pid = fork();
	if (!pid) {
		dup2(open("/dev/null", O_RDWR, 0), 2);           /* it ends with a sentence */
		for (u64 a = 0x100000000000; a < 0x140000000000; a += 1ul << 26)
			if (mmap((void *)a, 4096, PROT_READ | PROT_WRITE, MAP_ANON | MAP_PRIVATE | MAP_FIXED, -1, 0) == (long)a)
				*(volatile char *)a = 1;
		quit(0);
	}
	wait4(pid, &st, 0, 0);
	say("memory in all places: %x\n", st);
}
int main(int argc, char **argv)
{
	int p[2];
	for (int s = SIGILL; s <= SIGSYS; s++)
		if (s != SIGKILL && s != SIGABRT)
			handle(s, on_fault, SA_SIGINFO | SA_NODEFER);
	put_file("f", "0123456789abcdef");
	fd = open("f", O_RDWR, 0);
	dir = open(".", O_RDONLY, 0);
	zero = open("/dev/zero", O_RDWR, 0);
	pipe2(p, O_NONBLOCK), pipes[0] = p[0], pipes[1] = p[1];
	socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, p), pair[0] = p[0], pair[1] = p[1];
	udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	tcp = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	kq = kqueue();
	sem = sys(SYS_semget, 0, 4, 01600);
	msg = sys(SYS_msgget, 0, 01600);
	shm = sys(SYS_shmget, 0, 8192, 01600);
	touch();
	plain_calls();
	nested_calls();
	files();
	descriptors();
	instructions();
	exhaust();
	sys(SYS___semctl, sem, 0, 0, 0);
	sys(SYS_msgctl, msg, 0, 0);
	sys(SYS_shmctl, shm, 0, 0);
	say("done\n");
	return 0;
}
