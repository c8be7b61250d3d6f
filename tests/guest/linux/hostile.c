/* SPDX-License-Identifier: BSD-2-Clause
 * TEST fixture: real/hostile.test
 *
 * A guest that knows that guise lies in its memory, and means harm: it makes Linux calls past it in the way its argument
 * names. Each way opens a file with a name of its own, so that the record can be looked through for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static uint8_t *text, *text_end, *gadget;

static void find_text(void)
{
	char line[512];
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned long lo, hi;
	char prot[8];
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "%lx-%lx %7s", &lo, &hi, prot) == 3 && prot[2] == 'x' && strstr(line, "/guise\n")) {
			text = (uint8_t *)lo;
			text_end = (uint8_t *)hi;
		}
	if (f)
		fclose(f);
}
/* syscall; pop %rcx; jmp *%rcx, or syscall; ret: like a function, to whoever calls it */
static void find_gadget(void)
{
	for (uint8_t *p = text; p && p + 5 < text_end && !gadget; p++)
		if (p[0] == 0x0f && p[1] == 0x05 && ((p[2] == 0x59 && p[3] == 0xff && p[4] == 0xe1) || p[2] == 0xc3))
			gadget = p;
	if (!gadget) {
		puts("no gadget");
		exit(2);
	}
}
static long past(long nr, long a, long b, long c, long d)
{
	long rv;
	register long r10 __asm__("r10") = d;
	register uint8_t *to __asm__("r13") = gadget;
	__asm__ volatile("sub $128, %%rsp\n\tcall *%[to]\n\tadd $128, %%rsp" : "=a"(rv)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), [to] "r"(to) : "rcx", "r8", "r9", "r11", "memory");
	return rv;
}
static void open_past(const char *name) { printf("open: %ld\n", past(SYS_openat, AT_FDCWD, (long)name, O_RDONLY, 0)); }

/* --- the ways ----------------------------------------------------------------------------------------------------- */
static void way_jump(void) { open_past("/hostile/jump"); }

/* Our text made writable, a call of its own put there. */
static void way_text(void)
{
	printf("mprotect: %ld\n", past(SYS_mprotect, (long)text, text_end - text, PROT_READ | PROT_WRITE | PROT_EXEC, 0));
	uint8_t *at = text + (text_end - text) / 2;      /* what the beginning holds every call of ours runs through */
	memcpy(at, "\x0f\x05\xc3", 3);
	gadget = at;
	open_past("/hostile/text");
}
/* The thread's own block: it leaves to the guest without telling. */
static void way_data(void)
{
	__asm__ volatile("movq $0, %%gs:184" : : : "memory");
	getppid();
	open_past("/hostile/data");
}
/* Everything of ours that can be written is overwritten; how that ends is open, but it ends. */
static void way_wreck(void)
{
	uint64_t self;
	__asm__ volatile("mov %%gs:0, %0" : "=r"(self));
	memset((void *)(self + 192), 0xa5, 2048);
	open("/hostile/wreck", O_RDONLY);
}
/* A process that no tracer is told of. */
static void way_untraced(void)
{
	long pid = past(SYS_clone, CLONE_UNTRACED | SIGCHLD, 0, 0, 0);
	int status = 0;
	if (!pid) {
		past(SYS_openat, AT_FDCWD, (long)"/hostile/untraced", O_RDONLY, 0);
		past(SYS_exit_group, 7, 0, 0, 0);
	}
	waitpid((int)pid, &status, 0);
	printf("clone: %s, %d\n", pid > 0 ? "yes" : "no", WEXITSTATUS(status));
	long args[11] = { CLONE_UNTRACED };
	printf("clone3: %ld\n", past(SYS_clone3, (long)args, 88, 0, 0));
}
/* A program that is not ours. */
static void way_exec(void)
{
	static const char *argv[] = { "cat", "/hostile/exec", NULL }, *env[] = { NULL };
	printf("exec: %ld\n", past(SYS_execve, (long)"/bin/cat", (long)argv, (long)env, 0));
}
/* The filter, and the tracer itself. */
static void way_tracer(void)
{
	int tracer = 0;
	char line[256];
	FILE *f = fopen("/proc/self/status", "r");
	while (f && fgets(line, sizeof line, f))
		sscanf(line, "TracerPid: %d", &tracer);
	if (f)
		fclose(f);
	printf("traceme: %d %s\n", ptrace(PTRACE_TRACEME, 0, 0, 0) ? errno : 0, tracer > 0 ? "traced" : "not traced");
	printf("seize the tracer: %ld\n", past(SYS_ptrace, PTRACE_SEIZE, tracer, 0, 0));
	printf("kill the tracer: %ld\n", past(SYS_kill, tracer, SIGKILL, 0, 0));
	printf("write to it: %ld\n", past(SYS_process_vm_writev, tracer, 0, 0, 0));
	pid_t p = fork();
	if (!p) {
		pause();
		_exit(0);
	}
	printf("attach to a child: %d\n", ptrace(PTRACE_ATTACH, p, 0, 0) ? errno : 0);
	kill(p, SIGKILL);
	waitpid(p, NULL, 0);
	open_past("/hostile/tracer");
}
/* From a signal handler, where our text has just been. */
static void handler(int sig) { open_past("/hostile/handler"); }
static void way_handler(void)
{
	signal(SIGUSR1, handler);
	raise(SIGUSR1);
	raise(SIGCHLD);                  /* ignored: nobody comes in by it */
	open_past("/hostile/ignored");
}

int main(int argc, char **argv)
{
	static const struct { const char *name; void (*fn)(void); } way[] = {
		{ "jump", way_jump }, { "text", way_text }, { "data", way_data }, { "wreck", way_wreck },
		{ "untraced", way_untraced }, { "exec", way_exec }, { "tracer", way_tracer }, { "handler", way_handler },
	};
	setvbuf(stdout, NULL, _IONBF, 0);
	find_text();
	find_gadget();
	for (unsigned i = 0; i < sizeof way / sizeof *way; i++)
		if (argc > 1 && !strcmp(argv[1], way[i].name)) {
			way[i].fn();
			puts("end");
			return 0;
		}
	return 1;
}
