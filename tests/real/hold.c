/* SPDX-License-Identifier: BSD-2-Clause
 *
 * hold GUISE ENGINE: is a page what the guest's last mprotect made it, though another thread's call sites in the same mapping are
 * changed at that moment? Itself is the guest; a tracer holds the thread at the host's mprotect while the other makes its
 * calls. "hold guest" is that guest: thread A asks for a page to write to, thread B calls stubs that never ran.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#pragma GCC diagnostic ignored "-Wunused-parameter"
#define PAGE 4096
#define CODE ((unsigned char *)0x500000000)
#define DATA (CODE + 3 * PAGE)
struct words { volatile int ready, start, call, called, asked, again, write; };
#define WORDS ((struct words *)0x510000000)
#define WORD(w) ((long)&WORDS->w)

/* --- the guest ---------------------------------------------------------------------------------------------------- */
static void await(volatile int *w)
{
	while (!*w)
		;
}
static void *caller(void *none)
{
	for (int i = 0; i < 2; i++) {
		await(i ? &WORDS->again : &WORDS->call);
		((long (*)(void))(CODE + 64 * i))();
		WORDS->called = i + 1;
	}
	return NULL;
}
static int guest(void)
{
	static const unsigned char stub[] = { 0xb8, SYS_getppid, 0, 0, 0, 0x0f, 0x05, 0xc3 };
	pthread_t t;

	mmap(WORDS, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	mmap(CODE, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	memset(CODE, 0xcc, 4 * PAGE);
	for (int i = 0; i < 3; i++)
		memcpy(CODE + 64 * i, stub, sizeof stub);
	mprotect(CODE, 4 * PAGE, PROT_READ | PROT_EXEC);
	((long (*)(void))(CODE + 128))();                 /* the mapping is known, and is one piece */
	pthread_create(&t, NULL, caller, NULL);
	WORDS->ready = 1;
	await(&WORDS->start);
	mprotect(DATA, PAGE, PROT_READ | PROT_WRITE);
	*DATA = 1;
	WORDS->asked = 1;
	await(&WORDS->write);
	*DATA = 2;
	return 0;
}

/* --- who holds it ------------------------------------------------------------------------------------------------- */
static pid_t pid;

static int peek(long at)
{
	int v = 0;
	struct iovec here = { &v, sizeof v }, there = { (void *)at, sizeof v };
	return process_vm_readv(pid, &here, 1, &there, 1, 0) == sizeof v ? v : 0;
}
static void set(long at)
{
	int v = 1;
	struct iovec here = { &v, sizeof v }, there = { (void *)at, sizeof v };
	process_vm_writev(pid, &here, 1, &there, 1, 0);
}
/* Until the word is `v`, half a minute at most; 0: its end came first. */
static int until(long at, int v)
{
	for (int ms = 0; ms < 30000 && peek(at) != v; ms++) {
		siginfo_t si = { 0 };
		if (!waitid(P_PID, pid, &si, WEXITED | WNOHANG | WNOWAIT) && si.si_pid)
			return 0;
		usleep(1000);
	}
	return peek(at) == v;
}
/* It stands where it asks the host for the page; false: it ended. */
static int held(void)
{
	struct user_regs_struct r;
	int status, sig = 0;
	for (;;) {
		ptrace(PTRACE_SYSCALL, pid, 0, sig);
		if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
			return 0;
		sig = WSTOPSIG(status) == SIGTRAP || status >> 16 ? 0 : WSTOPSIG(status);
		if (!sig && !ptrace(PTRACE_GETREGS, pid, 0, &r) && r.orig_rax == SYS_mprotect && r.rdi == (unsigned long)DATA)
			return 1;
	}
}
static const char *hold(void)
{
	int status;
	if (!until(WORD(ready), 1))
		return "the guest does not begin";
	if (ptrace(PTRACE_SEIZE, pid, 0, 0) || ptrace(PTRACE_INTERRUPT, pid, 0, 0) || waitpid(pid, &status, 0) != pid)
		return "the guest cannot be held";
	set(WORD(start));
	if (!held())
		return "the guest does not ask for the page";
	set(WORD(call));
	int other = until(WORD(called), 1);
	ptrace(PTRACE_DETACH, pid, 0, 0);
	if (!other)
		return "the other thread's call does not end";
	if (!until(WORD(asked), 1))
		return "the page cannot be written to";
	set(WORD(again));
	if (!until(WORD(called), 2))
		return "the other thread's next call does not end";
	set(WORD(write));
	return waitpid(pid, &status, 0) == pid && !status ? NULL : "the page cannot be written to any more";
}
int main(int argc, char **argv)
{
	char *guest_argv[] = { argv[1], "--engine", argv[2], argv[0], "guest", NULL };
	if (argc == 2 && !strcmp(argv[1], "guest"))
		return guest();
	if (argc != 3 || (pid = fork()) < 0)
		return 2;
	if (!pid) {
		execv(argv[1], guest_argv);
		_exit(127);
	}
	const char *wrong = hold();
	kill(pid, SIGKILL);
	if (wrong)
		printf("%s: %s\n", argv[2], wrong);
	return wrong != NULL;
}
