/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Where the instructions of a call are: a warm call of calls.c is stepped through under ptrace, from the caller to the result,
 * and each instruction is put to the function of guise that it lies in. Numbers are the same on every machine and need no
 * counters, which virtual machines seldom have. What the kernel does is not in them.
 *
 *     steps GUISE CALLS.FREEBSD CALLS.LINUX [CASE]      with a CASE, its functions are listed too
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum phase { CALLER, SLOT, DIRECT, IN, DISPATCH, HANDLER, OUT, PHASES };
static const char *const phase_name[] = { "caller", "slot", "direct", "in", "dispatch", "handler", "out" };
static const struct { const char *function; enum phase phase; } known[] = {      /* all others are the handler's */
	{ "__start_guise_slots", SLOT }, { "entry_jump", IN }, { "entry_syscall", IN }, { "entry_direct", DIRECT }, { "exit_begin", OUT }, { "syscall_run", DISPATCH },
	{ "fetch", DISPATCH }, { "stack_args", DISPATCH }, { "store", DISPATCH }, { "scalar", DISPATCH }, { "set_to_host", DISPATCH },
	{ "errno_to_guest", DISPATCH },
};
static const char *const cases[] = { "getpid", "clock", "getppid", "close", "read", "pread", "stat", "open", "queue" };

/* --- functions of guise, by address --------------------------------------------------------------------------------- */
static struct function { uint64_t at; char name[48]; enum phase phase; unsigned steps; } *functions;
static size_t n_functions;

static int by_address(const void *a, const void *b)
{
	uint64_t x = ((const struct function *)a)->at, y = ((const struct function *)b)->at;
	return (x > y) - (x < y);
}
static int by_steps(const void *a, const void *b)
{
	return (int)((const struct function *)b)->steps - (int)((const struct function *)a)->steps;
}
static enum phase phase_of(const char *function)
{
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strlen(known[i].function) == strcspn(function, ".") && !strncmp(known[i].function, function, strcspn(function, ".")))
			return known[i].phase;
	return HANDLER;
}
static bool is_entry(const char *name)   /* labels within entry.S that are no functions of their own */
{
	static const char *const within[] = { "exit_end", "direct_kept", "direct_call", "direct_after", "direct_end", "direct_not",
					      "direct_answered", "leave_native", "leave_supervised" };
	for (size_t i = 0; i < sizeof within / sizeof *within; i++)
		if (!strcmp(name, within[i]))
			return false;
	return strncmp(name, "wait_", 5);
}
static void functions_of(const char *path)
{
	int fd = open(path, O_RDONLY);
	Elf *e = elf_version(EV_CURRENT) ? elf_begin(fd, ELF_C_READ, NULL) : NULL;
	GElf_Shdr h;
	for (Elf_Scn *s = NULL; (s = elf_nextscn(e, s)); ) {
		if (!gelf_getshdr(s, &h) || h.sh_type != SHT_SYMTAB)
			continue;
		Elf_Data *d = elf_getdata(s, NULL);
		functions = calloc(h.sh_size / h.sh_entsize, sizeof *functions);
		for (int k = 0; k < (int)(h.sh_size / h.sh_entsize); k++) {
			GElf_Sym y;
			GElf_Shdr in;
			const char *name = gelf_getsym(d, k, &y) ? elf_strptr(e, h.sh_link, y.st_name) : NULL;
			if (!name || !*name || y.st_shndx >= SHN_LORESERVE || GELF_ST_TYPE(y.st_info) > STT_FUNC ||
			    !gelf_getshdr(elf_getscn(e, y.st_shndx), &in) || !(in.sh_flags & SHF_EXECINSTR) || !is_entry(name))
				continue;
			struct function *f = &functions[n_functions++];
			f->at = y.st_value;
			f->phase = phase_of(name);
			snprintf(f->name, sizeof f->name, "%s", name);
		}
	}
	elf_end(e);
	close(fd);
	if (!n_functions) {
		fprintf(stderr, "steps: %s: no symbols\n", path);
		exit(1);
	}
	qsort(functions, n_functions, sizeof *functions, by_address);
}
static struct function *function_at(uint64_t rip)
{
	size_t lo = 0, hi = n_functions;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (functions[mid].at <= rip)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? &functions[lo - 1] : NULL;
}

/* --- stepping --------------------------------------------------------------------------------------------------------- */
struct count { unsigned steps[PHASES], host; };

#define GUISE_AT 0x7be00000ul            /* where the Makefile links it: 16 MiB hold it */
#define VDSO_FROM 0x7f0000000000ul       /* far up lies nothing else that runs: a handler called it */
static void count(struct count *c, uint64_t rip, uint64_t caller, uint16_t opcode, bool guest)
{
	bool ours = guest && rip >= GUISE_AT && rip < GUISE_AT + (16 << 20);
	struct function *f = ours ? function_at(rip) : NULL;
	bool calls = !guest || rip >> 20 == caller >> 20;
	enum phase p = f ? f->phase : calls ? CALLER : rip >= VDSO_FROM ? HANDLER : SLOT;
	c->steps[p]++;
	c->host += opcode == 0x050f && (ours || !guest);
	if (f)
		f->steps++;
}
static long peek(pid_t pid, uint64_t at) { return ptrace(PTRACE_PEEKDATA, pid, at, 0); }

/* Between the two breakpoints. What pushfq pushes has the trap flag of the stepping in it: it is taken out again. */
static bool steps(char *const *argv, bool guest, struct count *c)
{
	struct user_regs_struct u;
	uint64_t caller = 0;
	int status;
	pid_t pid = fork();
	*c = (struct count){ .host = 0 };
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		execv(argv[0], argv);
		_exit(127);
	}
	for (bool within = false, pushed = false; waitpid(pid, &status, 0) == pid && WIFSTOPPED(status); ) {
		siginfo_t si = { .si_code = 0 };
		int sig = WSTOPSIG(status);
		ptrace(PTRACE_GETREGS, pid, 0, &u);
		ptrace(PTRACE_GETSIGINFO, pid, 0, &si);
		bool mark = sig == SIGTRAP && si.si_code == SI_KERNEL;
		if (mark && !within)
			caller = u.rip;
		within ^= mark;
		if (pushed)
			ptrace(PTRACE_POKEDATA, pid, u.rsp, peek(pid, u.rsp) & ~0x100l);
		uint16_t opcode = (uint16_t)peek(pid, u.rip);
		pushed = within && (opcode & 0xff) == 0x9c;
		if (within && (opcode & 0xff) != 0xcc)
			count(c, u.rip, caller, opcode, guest);
		ptrace(within ? PTRACE_SINGLESTEP : PTRACE_CONT, pid, 0, sig == SIGTRAP ? 0 : sig);
	}
	return caller && WIFEXITED(status) && !WEXITSTATUS(status);
}
static unsigned sum(const struct count *c)
{
	unsigned n = 0;
	for (int p = 0; p < PHASES; p++)
		n += c->steps[p];
	return n;
}
static bool row(char **argv, const char *name, bool list)
{
	char *native[] = { argv[3], (char *)name, "1", "marked", NULL };
	char *guest[] = { argv[1], argv[2], (char *)name, "1", "marked", NULL };
	struct count n, g;
	if (!steps(native, false, &n))
		return false;
	for (size_t i = 0; i < n_functions; i++)
		functions[i].steps = 0;
	if (!steps(guest, true, &g))
		return false;
	printf("%-10s %8u %8u", name, sum(&n), sum(&g));
	for (int p = 0; p < PHASES; p++)
		printf(" %8u", g.steps[p]);
	printf(" %8u %8u\n", n.host, g.host);
	if (list) {
		qsort(functions, n_functions, sizeof *functions, by_steps);
		for (size_t i = 0; i < n_functions && functions[i].steps; i++)
			printf("%10u  %s (%s)\n", functions[i].steps, functions[i].name, phase_name[functions[i].phase]);
	}
	return true;
}
int main(int argc, char **argv)
{
	bool ok = argc >= 4;
	if (!ok)
		fprintf(stderr, "usage: steps GUISE CALLS.FREEBSD CALLS.LINUX [CASE]\n");
	else
		functions_of(argv[1]);
	if (ok)
		printf("instructions\n%-10s %8s %8s %8s %8s %8s %8s %8s %8s %8s %8s %8s\n", "case", "native", "guise", phase_name[0],
		       phase_name[1], phase_name[2], phase_name[3], phase_name[4], phase_name[5], phase_name[6], "calls", "host");
	if (ok && argc > 4)
		ok = row(argv, argv[4], true);
	for (size_t i = 0; ok && argc == 4 && i < sizeof cases / sizeof *cases; i++)
		ok = row(argv, cases[i], false);
	return !ok;
}
