/* SPDX-License-Identifier: BSD-2-Clause
 * A program that means harm, where the engine is a wall: it looks for guise's memory everywhere it may lie, by itself and
 * by calls that it has the kernel make, and tries what would reach around the engine. Under kvm nothing may come of it.
 * Each line says what was tried and that it failed; natively there is nothing to reach, and every line says the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "touch.h"

enum { MOST = 64 };
static struct { uintptr_t lo, hi; int prot; char name[64]; } map[256];
static unsigned n_map;

static void read_maps(void)
{
	char line[512];
	FILE *f = fopen("/proc/self/maps", "r");
	while (f && n_map < 256 && fgets(line, sizeof line, f)) {
		char p[8] = "", name[256] = "";
		unsigned long lo, hi;
		if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %255s", &lo, &hi, p, name) < 3 || lo >= 0x7ffffffff000)
			continue;
		map[n_map].lo = lo, map[n_map].hi = hi;
		map[n_map].prot = (p[0] == 'r') | (p[1] == 'w') << 1 | (p[2] == 'x') << 2;
		snprintf(map[n_map++].name, sizeof map->name, "%.63s", name);
	}
	if (f)
		fclose(f);
}
/* Mapped and readable, as the kernel says, but not for us: that is what we are after. */
static unsigned targets(uintptr_t *t)
{
	unsigned n = 0;
	for (unsigned i = 0; i < n_map && n < MOST; i++)
		if (map[i].prot & 2 && !can_write(map[i].lo) && strcmp(map[i].name, "[vvar]"))
			t[n++] = map[i].lo;
	return n;
}

/* --- by calls: the kernel is to write there, or to tell us what is there --------------------------------------------- */
static int fd_zero, fd_pipe[2], fd_sock[2];
static char secret[64];

static long by_call(unsigned how, uintptr_t a)
{
	struct iovec v = { (void *)a, 16 }, two[2] = { { secret, 1 }, { (void *)a, 16 } };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 }, mc = { .msg_iov = two, .msg_iovlen = 1, .msg_control = (void *)a,
		.msg_controllen = 64 }, mn = { .msg_iov = two, .msg_iovlen = 1, .msg_name = (void *)a, .msg_namelen = 16 };

	switch (how) {
	case 0: return read(fd_zero, (void *)a, 16);
	case 1: return write(fd_pipe[1], (void *)a, 16);
	case 2: return readv(fd_zero, &v, 1);
	case 3: return readv(fd_zero, two, 2) > 1 ? 1 : -1;
	case 4: return writev(fd_pipe[1], &v, 1);
	case 5: return pread(fd_zero, (void *)a, 16, 0);
	case 6: return preadv(fd_zero, &v, 1, 0);
	case 7: return syscall(SYS_getrandom, a, 16, 0);
	case 8: return syscall(SYS_getcwd, a, 4096);
	case 9: return syscall(SYS_uname, a);
	case 10: return syscall(SYS_clock_gettime, 0, a);
	case 11: return syscall(SYS_rt_sigaction, SIGUSR1, 0, a, 8) == 0 ? 1 : -1;
	case 12: return syscall(SYS_prlimit64, 0, 7, 0, a);
	case 13: return sendmsg(fd_sock[0], &m, MSG_DONTWAIT);
	case 14: send(fd_sock[0], "0123456789abcdef", 16, MSG_DONTWAIT); return recvmsg(fd_sock[1], &m, MSG_DONTWAIT);
	case 15: return sendmsg(fd_sock[0], &mc, MSG_DONTWAIT);
	case 16: return sendmsg(fd_sock[0], &mn, MSG_DONTWAIT);
	case 17: return syscall(SYS_futex, a, 0x81 | 5, 1, 1, a, 1 << 28 | 1 << 12);
	case 18: return syscall(SYS_futex, a, 0x80 | 1, 1, 0, 0, 0);
	case 19: return syscall(SYS_prctl, 16, a, 0, 0, 0);
	case 20: return syscall(SYS_ioctl, fd_pipe[0], 0x541b, a);
	case 21: return syscall(SYS_getdents64, fd_zero, a, 4096);
	case 22: return syscall(SYS_pipe2, a, 0);
	case 23: return syscall(SYS_arch_prctl, 0x1003, a);
	case 24: return syscall(SYS_time, a);
	case 25: return syscall(SYS_sched_getaffinity, 0, 128, a);
	case 26: return syscall(SYS_open, a, O_RDONLY);
	case 27: return syscall(SYS_execve, "/bin/true", (char *[]){ "true", (char *)a, NULL }, NULL);
	case 28: return syscall(SYS_process_vm_writev, getpid(), two, 1, &v, 1, 0);
	case 29: return syscall(SYS_process_vm_readv, getpid(), two, 1, &v, 1, 0);
	case 30: return syscall(SYS_munmap, a & ~4095ul, 4096) ? -1 : can_read(a) ? 1 : -1;
	case 31: return syscall(SYS_mprotect, a & ~4095ul, 4096, 7);
	case 32: return syscall(SYS_madvise, a & ~4095ul, 4096, 4);
	case 33: return syscall(SYS_mremap, a & ~4095ul, 4096, 8192, 1) < 0 ? -1 : 0;
	case 34: return mmap((void *)(a & ~4095ul), 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED ? -1 : 0;
	case 35: return syscall(SYS_set_mempolicy, 0, a, 64) ? -1 : -1;
	case 36: return syscall(SYS_rseq, a & ~31ul, 32, 0, 0x1234) ? -1 : 0;
	case 37: return syscall(SYS_io_uring_setup, 4, a);
	case 38: return syscall(SYS_timer_create, 0, 0, a);
	case 39: return syscall(SYS_socketpair, 1, 1, 0, a);
	default: return -2;
	}
}
static void calls(const uintptr_t *t, unsigned n)
{
	unsigned reached = 0, how, tried = 0;
	for (how = 0; how < 40; how++)
		for (unsigned i = 0; i < n; i++) {
			tried++;
			for (unsigned off = 0; off < 4096 && !reached; off += 4088)
				if (by_call(how, t[i] + off) >= 0) {
					printf("call %u reached %#lx\n", how, (long)(t[i] + off));
					reached++;
				}
		}
	printf("by calls: reached %u\n", reached);
}
/* One write that begins in our page and would run on into what lies above. */
static void across(const uintptr_t *t, unsigned n)
{
	unsigned reached = 0;
	for (unsigned i = 0; i < n; i++) {
		uintptr_t below = t[i] - 4096;
		char *p = mmap((void *)below, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
		if (p == MAP_FAILED)
			continue;
		if ((uintptr_t)p == below && read(fd_zero, p, 8192) > 4096)
			reached++;
		munmap(p, 4096);
	}
	printf("across an edge: reached %u\n", reached);
}
/* --- another thread changes the vector while the kernel is to read it ------------------------------------------------------ */
static struct iovec race_v;
static volatile int race_on = 1;
static char mine[16];
static void *racer(void *target)
{
	while (race_on) {
		race_v.iov_base = target;
		race_v.iov_base = mine;
	}
	return NULL;
}
static void race(uintptr_t target)
{
	pthread_t th;
	int lost = 0;
	race_v = (struct iovec){ mine, 16 };
	pthread_create(&th, NULL, racer, (void *)target);
	for (int i = 0; i < 400; i++) {
		memset(mine, 1, sizeof mine);
		/* whose bytes they are cannot be told by the result: what was hit would be */
		lost += readv(fd_zero, &race_v, 1) != 16 && errno != EFAULT;
	}
	race_on = 0;
	pthread_join(th, NULL);
	printf("race over a vector: %d\n", lost);
}
/* --- unmapping while others call ----------------------------------------------------------------------------------------- */
static char *volatile area;
static volatile int calling = 1;
static void *caller(void *x)
{
	while (calling)
		if (read(fd_zero, area, 4096) < 0 && errno != EFAULT)
			return (void *)1;
	return NULL;
}
static void unmap_race(void)
{
	pthread_t th[2];
	void *r;
	int bad = 0;
	area = mmap(NULL, 65536, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < 2; i++)
		pthread_create(&th[i], NULL, caller, NULL);
	for (int i = 0; i < 150; i++) {
		munmap(area, 65536);
		bad += can_read((uintptr_t)area) != 0;
		bad += mmap(area, 65536, i & 1 ? 1 : 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != area;
		bad += !can_read((uintptr_t)area + 8192);
		bad += can_write((uintptr_t)area + 16384) != !(i & 1);
	}
	calling = 0;
	for (int i = 0; i < 2; i++) {
		pthread_join(th[i], &r);
		bad += r != NULL;
	}
	printf("unmapped under calls: bad %d\n", bad);
}
/* --- instructions that are no program's ----------------------------------------------------------------------------------- */
#define INSN(name, text) static void name(void) { __asm__ volatile(text); }
INSN(i_hlt, "hlt") INSN(i_out, "mov $0x40,%edx; out %al,%dx") INSN(i_out_call, "out %al,$0x40") INSN(i_out_fault, "out %al,$0x8e")
INSN(i_in, "in $0x40,%al") INSN(i_cli, "cli") INSN(i_cr3, "mov %cr3,%rax") INSN(i_wcr3, "xor %eax,%eax; mov %rax,%cr3")
INSN(i_wrmsr, "mov $0xc0000082,%ecx; wrmsr") INSN(i_rdmsr, "mov $0xc0000082,%ecx; rdmsr") INSN(i_invlpg, "invlpg (%rax)")
INSN(i_lgdt, "lgdt (%rsp)") INSN(i_ltr, "mov $0x40,%eax; ltr %ax") INSN(i_sysret, "sysretq") INSN(i_swapgs, "swapgs")
INSN(i_wbinvd, "wbinvd") INSN(i_dr, "mov %rax,%dr7") INSN(i_clts, "clts")
static void (*const insn[])(void) = {
	i_hlt, i_out, i_out_call, i_out_fault, i_in, i_cli, i_cr3, i_wcr3, i_wrmsr, i_rdmsr, i_invlpg, i_lgdt, i_ltr, i_sysret,
	i_swapgs, i_wbinvd, i_dr, i_clts,
};
static void instructions(void)
{
	int faulted = 0;
	for (unsigned i = 0; i < sizeof insn / sizeof *insn; i++)
		faulted += !can_run((uintptr_t)insn[i]);
	printf("privileged instructions: %d of %zu faulted\n", faulted, sizeof insn / sizeof *insn);
}
/* The flags' own: I/O privilege cannot be had by a pop, nor by a signal's return. */
static void privilege(void)
{
	unsigned long f;
	__asm__ volatile("pushfq; orq $0x3000,(%%rsp); popfq; pushfq; pop %0" : "=r"(f));
	printf("I/O privilege by popf: %lx\n", f & 0x3000);
}
/* --- the upper half, and what no address is -------------------------------------------------------------------------------- */
static void upper(void)
{
	static const uintptr_t at[] = {
		0xffffffff81000000, 0xffffffff81001000, 0xffffffff81003000, 0xffff800000000000, 0xffffffffffffffff,
		0x800000000000, 0x7ffffffff000, 0xdead000000000000,
	};
	int bad = 0;
	for (unsigned i = 0; i < sizeof at / sizeof *at; i++)
		bad += can_write(at[i]) + can_run(at[i]);
	printf("upper half: written or run %d\n", bad);
}
/* --- more of everything than there is --------------------------------------------------------------------------------------- */
static void *sleeper(void *x) { pause(); return NULL; }
static void exhaust(void)
{
	pid_t pid = fork();
	int st;
	if (!pid) {
		pthread_attr_t a;
		pthread_t th;
		int n = 0;
		pthread_attr_init(&a);
		pthread_attr_setstacksize(&a, 16384);
		while (n < 300 && !pthread_create(&th, &a, sleeper, NULL))
			n++;
		while (dup(0) >= 0)
			;
		for (int i = 0; i < 200; i++) {
			char *p = mmap(NULL, 1 << 26, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
			if (p != MAP_FAILED)
				p[1 << 25] = 1;
		}
		_exit(n == 300 ? 7 : 8);
	}
	waitpid(pid, &st, 0);
	printf("exhausted: %x\n", st);
}

/* --- the file that is a process's memory: by name, through links and descriptors, by names that change ------------------------- */
static void memory_file(uintptr_t a)
{
	static const char *const name[] = { "/proc/self/mem", "/proc/thread-self/mem", "link", "dir/mem", "/proc/self/fd/../mem" };
	int reached = 0, fd, at;
	char c;

	(void)!symlink("/proc/self/mem", "link");
	(void)!symlink("/proc/self", "dir");
	for (unsigned i = 0; a && i < sizeof name / sizeof *name; i++) {
		fd = open(name[i], O_RDWR);
		reached += fd >= 0 && pread(fd, &c, 1, (off_t)a) == 1;
		close(fd);
		at = open(name[i], O_PATH);
		char again[40];
		snprintf(again, sizeof again, "/proc/self/fd/%d", at);
		fd = open(again, O_RDONLY);
		reached += fd >= 0 && pread(fd, &c, 1, (off_t)a) == 1;
		close(fd);
		close(at);
	}
	printf("memory by its file: reached %d\n", reached);
}
int main(void)
{
	uintptr_t t[MOST];
	unsigned n;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int s = SIGILL; s <= SIGSEGV; s++)
		if (s == SIGILL || s == SIGBUS || s == SIGSEGV || s == SIGFPE || s == SIGTRAP)
			signal(s, on_fault);
	fd_zero = open("/dev/zero", O_RDWR);
	if (pipe(fd_pipe) || socketpair(AF_UNIX, SOCK_DGRAM, 0, fd_sock))
		return 1;
	fcntl(fd_pipe[1], F_SETFL, O_NONBLOCK);
	read_maps();
	n = targets(t);
	calls(t, n);
	across(t, n);
	race(n ? t[0] : (uintptr_t)mine);
	unmap_race();
	instructions();
	privilege();
	upper();
	exhaust();
	memory_file(n ? t[0] : 0);
	puts("done");
	return 0;
}
