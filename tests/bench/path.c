/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the way of a call costs by itself, without an engine: syscall_enter is called in a loop as entry.S does, and once
 * more under a tracer that steps it instruction by instruction and says in which functions they lie. Nanoseconds are of
 * this machine and this minute; instructions are the same everywhere. "native" is the host's call alone.
 *
 *     path [word]      only calls whose name holds the word; with a word, the functions are listed too
 */
#include <asm/prctl.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "guise.h"
#include "options.h"
#include "arena.h"

extern const struct personality *const __start_guise_personalities[], *const __stop_guise_personalities[];
extern char __executable_start[];

static struct space space;
static struct options options = { .trace_fd = -1, .report_fd = -1, .resume_fd = -1 };
static struct proc proc = { .space = &space, .opt = &options, .fd_limit = 1 << 20, .fd_base = 1 << 20 };
static struct thread thread = { .self = &thread, .p = &proc, .inside = 1, .altstack = { .flags = 2 } };

static char byte[4096];
static struct timespec ts;
static int zero, spare;

/* FreeBSD's numbers, and what the host's own program would call instead; nr < 0: the same without a kernel entry */
static const struct { const char *name; long nr, a, b, c, d, host, ha, hb, hc, hd; } calls[] = {
	{ "getpid", 20, .host = SYS_getpid },
	{ "getuid", 24, .host = SYS_getuid },
	{ "getppid", 39, .host = SYS_getppid },
	{ "clock_gettime", 232, 4, (long)&ts, .host = SYS_clock_gettime, .ha = CLOCK_MONOTONIC, .hb = (long)&ts },
	{ "read 1", 3, 100, (long)byte, 1, .host = SYS_read, .ha = 100, .hb = (long)byte, .hc = 1 },
	{ "pread 1", 475, 100, (long)byte, 1, .host = SYS_pread64, .ha = 100, .hb = (long)byte, .hc = 1 },
	{ "lseek", 478, 100, 0, 0, .host = SYS_lseek, .ha = 100 },
	{ "fcntl F_GETFL", 92, 100, 3, .host = SYS_fcntl, .ha = 100, .hb = F_GETFL },
	{ "openat (fails)", 499, -100, (long)"none/such", 0x100000 | 4, .host = SYS_openat, .ha = AT_FDCWD, .hb = (long)"none/such",
	  .hc = O_CLOEXEC | O_NONBLOCK },
	{ "fstat", 551, 100, (long)byte, .host = SYS_fstat, .ha = 100, .hb = (long)byte },
	{ "mmap (fails)", 477, 0, 0, 3, 0x1002, .host = SYS_mmap, .hc = 3, .hd = 0x22 },
	{ "sigprocmask", 340, 1, (long)(byte + 2048), (long)(byte + 2064), .host = SYS_rt_sigprocmask, .hb = (long)(byte + 2048),
	  .hc = (long)(byte + 2064), .hd = 8 },
	{ "umtx wake", 454, (long)byte, 16, 1, .host = SYS_futex, .ha = (long)byte, .hb = 129, .hc = 1 },
	{ "poll 0", 209, (long)byte, 0, 0, .host = SYS_poll, .ha = (long)byte },
	{ "sched_yield", 331, .host = SYS_sched_yield },
};

static void setup(void)
{
	zero = open("/dev/zero", O_RDONLY);
	spare = dup2(zero, 100);
	syscall(SYS_arch_prctl, ARCH_SET_GS, &thread);
	for (const struct personality *const *p = __start_guise_personalities; p < __stop_guise_personalities; p++)
		if (!strcmp((*p)->name, "freebsd"))
			proc.pers = *p;
	proc.pid = getpid();
	thread.tid = (int)syscall(SYS_gettid);
	arena_start(&space, 64 << 20, 1 << 20, &(size_t){ 16 });
	int base = proc.fd_base;
	fd_start(&proc);
	proc.fd_base = base;
	proc.fd_limit = 1 << 20;
	time_start(getauxval(AT_SYSINFO_EHDR));
	xlate_start(proc.pers);
}
static void __attribute__((noinline)) one(unsigned i)
{
	thread.regs = (struct regs){ .rax = (uint64_t)calls[i].nr, .rdi = (uint64_t)calls[i].a, .rsi = (uint64_t)calls[i].b,
		.rdx = (uint64_t)calls[i].c, .r10 = (uint64_t)calls[i].d, .rflags = 0x202 };
	syscall_enter(&thread);
}
static long now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000 + t.tv_nsec;
}
static int smaller(const void *a, const void *b) { return (*(double *)a > *(double *)b) - (*(double *)a < *(double *)b); }

/* medians of runs in turns: the path with its host call, the host call alone */
static void times(unsigned i, double *ours, double *native)
{
	enum { RUNS = 15, N = 20000 };
	double o[RUNS], h[RUNS];
	for (int r = 0; r < RUNS; r++) {
		long t = now();
		for (int k = 0; k < N; k++)
			one(i);
		o[r] = (double)(now() - t) / N;
		t = now();
		for (int k = 0; k < N; k++)
			syscall(calls[i].host, calls[i].ha, calls[i].hb, calls[i].hc, calls[i].hd, 0, 0);
		h[r] = (double)(now() - t) / N;
	}
	qsort(o, RUNS, sizeof *o, smaller);
	qsort(h, RUNS, sizeof *h, smaller);
	*ours = o[RUNS / 2];
	*native = h[RUNS / 2];
}

/* --- instructions, by function -------------------------------------------------------------------------------------- */
static struct sym { uint64_t at, size; char name[64]; unsigned hits; } *syms;
static size_t n_syms;

static int by_hits(const void *a, const void *b) { return (int)((const struct sym *)b)->hits - (int)((const struct sym *)a)->hits; }
static void symbols(void)
{
	int fd = open("/proc/self/exe", O_RDONLY);
	elf_version(EV_CURRENT);
	Elf *e = elf_begin(fd, ELF_C_READ, NULL);
	for (Elf_Scn *s = NULL; (s = elf_nextscn(e, s)); ) {
		GElf_Shdr h;
		Elf_Data *d = elf_getdata(s, NULL);
		gelf_getshdr(s, &h);
		if (h.sh_type != SHT_SYMTAB)
			continue;
		syms = calloc(h.sh_size / h.sh_entsize + 1, sizeof *syms);
		for (size_t k = 0; k < h.sh_size / h.sh_entsize; k++) {
			GElf_Sym y;
			gelf_getsym(d, (int)k, &y);
			if (!y.st_value || (GELF_ST_TYPE(y.st_info) != STT_FUNC))
				continue;
			struct sym *to = &syms[n_syms++];
			to->at = y.st_value + (uint64_t)__executable_start;
			to->size = y.st_size ? y.st_size : 64;
			snprintf(to->name, sizeof to->name, "%s", elf_strptr(e, h.sh_link, y.st_name));
		}
	}
	elf_end(e);
	close(fd);
}
static void hit(uint64_t rip)
{
	struct sym *best = &syms[n_syms];        /* the last: everything else */
	for (struct sym *s = syms; s < syms + n_syms; s++)
		if (rip >= s->at && rip < s->at + s->size)
			best = s;
	best->hits++;
}
static void stepped(unsigned i)
{
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	setup();
	for (int k = 0; k < 3; k++)
		one(i);
	struct regs r = { .rax = (uint64_t)calls[i].nr, .rdi = (uint64_t)calls[i].a, .rsi = (uint64_t)calls[i].b,
		.rdx = (uint64_t)calls[i].c, .r10 = (uint64_t)calls[i].d, .rflags = 0x202 };
	thread.regs = r;
	__asm__ volatile("int3");
	syscall_enter(&thread);
	__asm__ volatile("int3");
	_exit(0);
}
static unsigned steps(unsigned i, bool list)
{
	unsigned count = 0, traps = 0;
	int status;
	pid_t pid = fork();
	if (!pid)
		stepped(i);
	for (unsigned k = 0; k <= n_syms; k++)
		syms[k].hits = 0;
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		struct user_regs_struct u;
		ptrace(PTRACE_GETREGS, pid, 0, &u);
		bool trap = WSTOPSIG(status) == SIGTRAP;
		siginfo_t si = { .si_code = 0 };
		ptrace(PTRACE_GETSIGINFO, pid, 0, &si);
		bool mark = trap && si.si_code == SI_KERNEL;     /* int3; a step has another code */
		traps += mark;
		if (trap && !mark && traps == 1) {
			count++;
			hit(u.rip);
		}
		ptrace(traps == 1 ? PTRACE_SINGLESTEP : PTRACE_CONT, pid, 0, trap || WSTOPSIG(status) == SIGSTOP ? 0 : WSTOPSIG(status));
	}
	if (list) {
		qsort(syms, n_syms, sizeof *syms, by_hits);
		for (unsigned k = 0; k <= n_syms && (syms[k].hits || k == 0); k++)
			printf("    %5u  %s\n", syms[k].hits, syms[k].name);
	}
	return count;
}
int main(int argc, char **argv)
{
	const char *only = argc > 1 ? argv[1] : NULL;
	symbols();
	printf("%-16s %6s %9s %9s %9s %13s\n", "call", "result", "ns", "native", "added", "instructions");
	for (unsigned i = 0; i < ARRAY_LEN(calls); i++) {
		double ours, native;
		if (only && !strstr(calls[i].name, only))
			continue;
		fflush(stdout);
		pid_t pid = fork();
		if (!pid) {
			setup();
			times(i, &ours, &native);
			printf("%-16s %6ld %9.1f %9.1f %9.1f ", calls[i].name, thread.regs.rflags & 1 ? -(long)thread.regs.rax : (long)thread.regs.rax,
			       ours, native, ours - native);
			fflush(stdout);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
		unsigned n = steps(i, false);
		printf("%13u\n", n);
		if (only)
			steps(i, true);
	}
	return 0;
}
