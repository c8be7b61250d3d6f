/* SPDX-License-Identifier: BSD-2-Clause
 * ptrace of a process that runs already: one that sleeps does not notice, who sees its end first, a tracer that goes, one
 * that waits by SIGCHLD, many threads at once; who traces a process, or began what does, is not traced by it.
 */
#include "pt.h"

static int ends[2];
static volatile int chld_pid, chld_code, chld_status;
static volatile long runs[4];

static void on_child(int sig, siginfo_t *si, ucontext_t *uc)
{
	chld_pid = si->pid;
	chld_code = si->code;
	chld_status = si->status;
}
static long sleeper(void)
{
	long pid = fork();
	if (!pid) {
		long t = now_ms(), e;
		struct timespec left = { 0 };
		e = nanosleep(TS(0, 400000000), &left);
		t = now_ms() - t;
		say("  child: %e, %s\n", e, t >= 395 ? "all of it" : "too short");
		char c;
		e = read(ends[0], &c, 1);
		say("  child: read %e\n", e);
		quit(7);
	}
	sleep_ms(50);
	return pid;
}
static void runner(void *arg)
{
	volatile long *n = arg;
	for (;;) {
		++*n;
		if (*n % 64 == 0)
			getpid();
	}
}
static void unnoticed(void)
{
	long pid = sleeper();
	struct lwpinfo pl;
	struct reg r;

	show(ptrace(PT_ATTACH, pid, 0, 0));
	show(ptrace(PT_ATTACH, pid, 0, 0));
	next(pid, 0, &pl);
	yes(pl.si.signo == SIGSTOP);
	show(ptrace(PT_GETREGS, pid, &r, 0));
	u64 fp[64];
	show(ptrace(PT_GETFPREGS, pid, fp, 0));
	go(pid, 0);
	sleep_ms(600);
	show(kill(pid, SIGSTOP));                    /* while it reads */
	next(pid, 0, 0);
	go(pid, 0);
	write(ends[1], "x", 1);
	next(pid, 0, 0);
}
/* The parent sees nothing before its child's debugger has. */
static void stranger(void)
{
	int st = 0, go_on[2];
	long pid, dbg;

	pipe2(go_on, 0);
	if (!(pid = fork())) {
		char c;
		read(ends[0], &c, 1);
		quit(5);
	}
	if (!(dbg = fork())) {
		show(ptrace(PT_ATTACH, pid, 0, 0));
		next(pid, 0, 0);
		go(pid, 0);
		write(ends[1], "x", 1);
		sleep_ms(300);
		next(pid, 0, 0);
		quit(0);
	}
	sleep_ms(250);
	show(ptrace(PT_ATTACH, pid, 0, 0));
	show(ptrace(PT_CONTINUE, pid, HERE, 0));
	show(wait4(pid, &st, WNOHANG, 0));
	yes(wait_for(dbg) == 0);
	yes(wait4(pid, &st, 0, 0) == pid && WEXITSTATUS(st) == 5);
}
static void gone(void)
{
	int st = 0;
	long pid = fork(), dbg;
	if (!pid) {
		sleep_ms(5000);
		quit(5);
	}
	if (!(dbg = fork())) {
		show(ptrace(PT_ATTACH, pid, 0, 0));
		next(pid, 0, 0);
		go(pid, 0);
		quit(0);
	}
	wait_for(dbg);
	yes(wait4(pid, &st, 0, 0) == pid && WTERMSIG(st) == SIGKILL);
	say("while it is stopped\n");
	if (!(pid = fork())) {
		sleep_ms(5000);
		quit(5);
	}
	if (!(dbg = fork())) {
		show(ptrace(PT_ATTACH, pid, 0, 0));
		next(pid, 0, 0);
		kill(getpid(), SIGKILL);
	}
	wait_for(dbg);
	yes(wait4(pid, &st, 0, 0) == pid && WTERMSIG(st) == SIGKILL);
}
static void told(void)
{
	sigset_t chld = SIGSET(SIGCHLD), none = { { 0 } };
	int st;
	siginfo_t si = { 0 };
	long pid;

	handle(SIGCHLD, on_child, 0);
	sigprocmask(SIG_BLOCK, &chld, 0);
	if (!(pid = fork())) {
		trace_me();
		quit(9);
	}
	show(sigsuspend(&none));
	yes(chld_code == CLD_TRAPPED);
	show(wait6(P_PID, pid, &st, WEXITED | WNOHANG, 0, &si));
	yes(wait6(P_PID, pid, &st, WTRAPPED | WNOWAIT, 0, &si) == pid);
	yes(si.pid == pid && si.code == CLD_TRAPPED && si.status == SIGSTOP);
	show(ptrace(PT_CONTINUE, pid, HERE, 0));     /* not waited for yet */
	next(pid, 0, 0);
	go(pid, 0);
	next(pid, 0, 0);
	sigprocmask(SIG_UNBLOCK, &chld, 0);
}
/* Stopped again and again, wherever its threads are. */
static void busy(void)
{
	int st, list[8], bad = 0;
	struct reg r;
	long pid = fork();

	if (!pid) {
		for (int i = 0; i < 4; i++)
			thread(runner, (void *)&runs[i]);
		for (;;)
			sleep_ms(1);
	}
	sleep_ms(50);
	show(ptrace(PT_ATTACH, pid, 0, 0));
	for (int i = 0; i < 40; i++) {
		if (wait4(pid, &st, 0, 0) != pid || st != (SIGSTOP << 8 | 0x7f))
			bad++;
		if (ptrace(PT_GETLWPLIST, pid, list, 8) != 5)
			bad++;
		for (int k = 0; k < 5; k++)
			bad += ptrace(PT_GETREGS, list[k], &r, 0) != 0 || r.rip > 0x10000000;
		int was = (int)ptrace(PT_READ_D, pid, &runs[1], 0);
		bad += was != (int)ptrace(PT_READ_D, pid, &runs[1], 0);
		if (i == 39)
			break;
		bad += ptrace(PT_CONTINUE, pid, HERE, 0) != 0;
		if (i % 4 == 0)
			sleep_ms(2);
		bad += kill(pid, SIGSTOP) != 0;
	}
	say("  wrong: %d\n", bad);
	run(PT_DETACH, pid, 0);
	kill(pid, SIGTERM);
	next(pid, 0, 0);
}
static void ancestors(void)
{
	long top = getpid(), dbg = fork(), pid;

	if (!dbg) {
		if (!(pid = fork())) {
			ptrace(PT_TRACE_ME, 0, 0, 0);
			kill(getpid(), SIGUSR1);
			show(ptrace(PT_ATTACH, getppid(), 0, 0));
			show(ptrace(PT_ATTACH, top, 0, 0));
			quit(5);
		}
		for (int i = 0; i < 2; i++) {
			next(pid, 0, 0);
			ptrace(PT_CONTINUE, pid, HERE, 0);
		}
		quit(6);
	}
	next(dbg, 0, 0);
}
int main(int argc, char **argv)
{
	pipe2(ends, 0);
	say("asleep\n");
	unnoticed();
	say("a stranger\n");
	stranger();
	say("its tracer goes\n");
	gone();
	say("told\n");
	told();
	say("busy\n");
	busy();
	say("ancestors\n");
	ancestors();
	return 0;
}
