/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A signal at every instruction of a guest's call: between the two breakpoints of the guest it is stepped n times and then
 * sent SIGUSR1, for each n, in a process of its own each time. Instructions of the kernel's are not stepped, of ours all.
 *     interrupt [-b|-c] COMMAND...    says how many there were; fails if the guest did for any
 * With -b the guest's call is one that sleeps: the last signal comes when it does. With -c it is only counted, once, without signals.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PUSHFQ = 0x9c, SYSCALL = 0x050f, TF = 0x100 };

/* The trap flag of the stepping is not the guest's: taken out of what pushfq pushes and of what syscall leaves in r11. */
static void step(pid_t pid)
{
	struct user_regs_struct u;
	int status;
	ptrace(PTRACE_GETREGS, pid, 0, &u);
	long code = ptrace(PTRACE_PEEKDATA, pid, u.rip, 0);
	ptrace(PTRACE_SINGLESTEP, pid, 0, 0);
	waitpid(pid, &status, 0);
	ptrace(PTRACE_GETREGS, pid, 0, &u);
	if ((code & 0xff) == PUSHFQ)
		ptrace(PTRACE_POKEDATA, pid, u.rsp, ptrace(PTRACE_PEEKDATA, pid, u.rsp, 0) & ~(long)TF);
	if ((code & 0xffff) == SYSCALL) {
		u.r11 &= ~(unsigned long long)TF;
		ptrace(PTRACE_SETREGS, pid, 0, &u);
	}
}
static bool at_mark(pid_t pid, unsigned long long *rip)
{
	struct user_regs_struct u;
	ptrace(PTRACE_GETREGS, pid, 0, &u);
	*rip = u.rip;
	return (ptrace(PTRACE_PEEKDATA, pid, u.rip, 0) & 0xff) == 0xcc;
}
/* On to its end, with all that comes: breakpoints are passed. The status, as wait tells it. */
static int goes_on_with(pid_t pid, int sig)
{
	int status;
	while (ptrace(PTRACE_CONT, pid, 0, sig) == 0 && waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		siginfo_t si = { .si_code = 0 };
		ptrace(PTRACE_GETSIGINFO, pid, 0, &si);
		sig = WSTOPSIG(status) == SIGTRAP && si.si_code == SI_KERNEL ? 0 : WSTOPSIG(status);
	}
	return status;
}
static int goes_on(pid_t pid) { return goes_on_with(pid, 0); }

static bool started(pid_t pid)
{
	int status, sig = 0;
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		siginfo_t si = { .si_code = 0 };
		ptrace(PTRACE_GETSIGINFO, pid, 0, &si);
		if (WSTOPSIG(status) == SIGTRAP && si.si_code == SI_KERNEL)
			return true;
		sig = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
		ptrace(PTRACE_CONT, pid, 0, sig);
	}
	return false;
}
static bool at_call(pid_t pid)
{
	struct user_regs_struct u;
	ptrace(PTRACE_GETREGS, pid, 0, &u);
	return (ptrace(PTRACE_PEEKDATA, pid, u.rip, 0) & 0xffff) == SYSCALL;
}
/* Into the kernel, which it leaves for a signal only. */
static void sleeps(pid_t pid)
{
	ptrace(PTRACE_CONT, pid, 0, 0);
	usleep(100000);
}
static pid_t begun(char **argv)
{
	pid_t pid = fork();
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		execv(argv[0], argv);
		_exit(127);
	}
	if (!started(pid)) {
		fprintf(stderr, "interrupt: it did not come to its first breakpoint\n");
		exit(1);
	}
	return pid;
}
static unsigned counted(char **argv)
{
	unsigned long long rip;
	unsigned n = 1;
	pid_t pid = begun(argv);
	for (step(pid); !at_mark(pid, &rip); n++)
		step(pid);
	goes_on(pid);
	return n;
}
/* true: there was an nth instruction, and it was not the last */
static bool at(char **argv, unsigned n, bool blocks, bool *good)
{
	unsigned long long rip = 0;
	pid_t pid = begun(argv);
	bool over = false, asleep = false;
	for (unsigned i = 0; i < n && !over && !asleep; i++) {
		if ((asleep = blocks && at_call(pid))) {
			sleeps(pid);
			break;
		}
		step(pid);
		over = at_mark(pid, &rip);
	}
	if (over) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return false;
	}
	syscall(SYS_tgkill, pid, pid, SIGUSR1);
	int status = 0;
	if (!asleep)
		status = goes_on(pid);
	else if (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status))
		status = goes_on_with(pid, WSTOPSIG(status));
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		printf("after %u instructions, at %#llx: status %#x\n", n, rip, status);
		*good = false;
	}
	return !asleep;
}
int main(int argc, char **argv)
{
	bool option = argc > 1 && argv[1][0] == '-', counts = option && argv[1][1] == 'c', good = true;
	unsigned n = 0;
	if (counts && argc > 2)
		n = counted(argv + 2);
	while (!counts && argc > 1 + option && good && at(argv + 1 + option, n, option, &good))
		n++;
	printf("%u instructions\n", n);
	return !good || !n;
}
