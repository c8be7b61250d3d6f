/* SPDX-License-Identifier: BSD-2-Clause
 * ptrace of one's own child: stops by signals, which signal it goes on with, memory, registers, how it ends, and who may
 * not be asked.
 */
#include "pt.h"

static volatile int word = 0x11223344, got;
static char text[64] = "the tracee's own text";
static const int locked = 77;

static void on(int sig, siginfo_t *si, ucontext_t *uc) { got = sig; }
static int child(void)
{
	word = 0x55667788;
	strcpy(text, "what it has written");
	handle(SIGUSR1, on, 0);
	handle(SIGUSR2, on, 0);
	trace_me();
	long id = 0;
	thr_self(&id);
	thr_kill(id, SIGUSR1);
	say("  child: got %s, word %x\n", signame(got), word);
	thr_kill(id, SIGUSR1);
	say("  child: got %s\n", signame(got));
	got = 0;
	thr_kill(id, SIGUSR1);
	say("  child: got %s\n", signame(got));
	return 7;
}
static void memory(long pid)
{
	char buf[64] = "";
	struct io_desc io = { 1, text, buf, sizeof buf };

	say("memory\n");
	yes((int)ptrace(PT_READ_D, pid, &word, 0) == 0x55667788);
	yes((int)ptrace(PT_READ_I, pid, &word, 0) == 0x55667788);
	show(ptrace(PT_WRITE_D, pid, &word, -1));
	yes((int)ptrace(PT_READ_D, pid, &word, 0) == -1);
	show(ptrace(PT_WRITE_I, pid, &locked, 78));          /* through the protection of its page */
	yes((int)ptrace(PT_READ_I, pid, &locked, 0) == 78);
	show(ptrace(PT_WRITE_D, pid, &word, 0xabc));
	show(ptrace(PT_READ_D, pid, 8, 0));
	show(ptrace(PT_WRITE_D, pid, 8, 0));
	show(ptrace(PT_IO, pid, &io, 0));
	say("  %d bytes: %s\n", io.len, buf);
	io = (struct io_desc){ 3, text, buf, 4 };
	show(ptrace(PT_IO, pid, &io, 0));
	io = (struct io_desc){ 2, text, "who", 3 };
	show(ptrace(PT_IO, pid, &io, 0));
	io = (struct io_desc){ 4, text + 3, "m", 1 };
	show(ptrace(PT_IO, pid, &io, 0));
	io = (struct io_desc){ 1, text, buf, 8 };
	show(ptrace(PT_IO, pid, &io, 0));
	buf[8] = 0;
	say("  %s\n", buf);
	io.op = 9;
	show(ptrace(PT_IO, pid, &io, 0));
	io = (struct io_desc){ 1, (void *)16, buf, 8 };
	show(ptrace(PT_IO, pid, &io, 0));
	/* more than a page, over its end */
	char *big = pages(3 * 4096);
	io = (struct io_desc){ 1, (void *)((u64)main & ~4095ul), big, 4096 + 100 };
	show(ptrace(PT_IO, pid, &io, 0));
	yes(!memcmp(big, (void *)((u64)main & ~4095ul), 4096));
}
static void wrong(long pid)
{
	struct lwpinfo pl;
	int mask = 0;

	say("wrong\n");
	show(ptrace(999, pid, 0, 0));
	show(ptrace(PT_LWPINFO, pid, &pl, 0));
	show(ptrace(PT_LWPINFO, pid, &pl, 161));
	show(ptrace(PT_LWPINFO, pid, 8, 160));
	show(ptrace(PT_GETREGS, pid, 8, 0));
	show(ptrace(PT_SETREGS, pid, 8, 0));
	show(ptrace(PT_CONTINUE, pid, HERE, 129));
	show(ptrace(PT_CONTINUE, pid, HERE, -1));
	show(ptrace(PT_GET_EVENT_MASK, pid, &mask, 3));
	show(ptrace(PT_SET_EVENT_MASK, pid, &mask, 3));
	mask = 0x1000;
	show(ptrace(PT_SET_EVENT_MASK, pid, &mask, 4));
	show(ptrace(PT_GET_SC_RET, pid, &mask, 4));
	show(ptrace(PT_ATTACH, pid, 0, 0));
	show(ptrace(PT_ATTACH, getpid(), 0, 0));
	show(ptrace(PT_ATTACH, 999999, 0, 0));
	show(ptrace(PT_CONTINUE, 999999, HERE, 0));
	show(ptrace(PT_CONTINUE, getpid(), HERE, 0));
	show(ptrace(PT_GETDBREGS, pid, &pl, 0));
}
int main(int argc, char **argv)
{
	struct lwpinfo pl;
	struct reg r;
	int st;
	long pid = fork();

	if (!pid)
		quit(child());
	next(pid, 0, &pl);
	yes(pl.event == 1 && pl.lwpid > 0 && pl.si.signo == SIGSTOP && pl.si.code == SI_LWP && pl.si.pid == pid);
	show(wait4(pid, &st, WNOHANG, 0));
	memory(pid);
	wrong(pid);
	say("registers\n");
	show(ptrace(PT_GETREGS, pid, &r, 0));
	yes(r.cs == 0x43 && r.ss == 0x3b && r.rip && r.rsp);
	yes(ptrace(PT_GETREGS, pl.lwpid, &r, 0) == 0);
	r.r15 = 0x1515;
	show(ptrace(PT_SETREGS, pid, &r, 0));
	memset(&r, 0, sizeof r);
	ptrace(PT_GETREGS, pid, &r, 0);
	yes(r.r15 == 0x1515);
	r.cs = 0;
	show(ptrace(PT_SETREGS, pid, &r, 0));
	say("signals\n");
	run(PT_CONTINUE, pid, 0);
	next(pid, 0, &pl);
	yes(pl.si.signo == SIGUSR1 && pl.si.code == SI_LWP);
	run(PT_CONTINUE, pid, SIGUSR1);
	next(pid, 0, 0);
	run(PT_CONTINUE, pid, SIGUSR2);       /* another one in its place */
	next(pid, 0, 0);
	run(PT_CONTINUE, pid, 0);             /* none */
	next(pid, 0, 0);
	show(wait4(pid, &st, 0, 0));

	say("killed\n");
	if (!(pid = fork())) {
		trace_me();
		quit(1);
	}
	next(pid, 0, 0);
	show(ptrace(PT_KILL, pid, 0, 0));
	next(pid, 0, 0);
	show(ptrace(PT_KILL, pid, 0, 0));
	if (!(pid = fork())) {
		trace_me();
		quit(1);
	}
	next(pid, 0, 0);
	run(PT_CONTINUE, pid, SIGTERM);
	next(pid, 0, 0);

	say("let go\n");
	if (!(pid = fork())) {
		trace_me();
		long id = 0;
		thr_self(&id);
		show(ptrace(PT_TRACE_ME, 0, 0, 0));          /* not any more: again */
		quit(12);
	}
	next(pid, 0, 0);
	run(PT_DETACH, pid, 0);
	next(pid, 0, 0);
	if (!(pid = fork())) {
		trace_me();
		quit(13);
	}
	next(pid, 0, 0);
	run(PT_DETACH, pid, SIGTERM);
	next(pid, 0, 0);

	say("who runs\n");
	if (!(pid = fork())) {
		trace_me();
		show(ptrace(PT_TRACE_ME, 0, 0, 0));
		sleep_ms(3000);
		quit(14);
	}
	next(pid, 0, 0);
	run(PT_CONTINUE, pid, 0);
	sleep_ms(200);
	show(ptrace(PT_CONTINUE, pid, HERE, 0));
	show(kill(pid, SIGSTOP));
	next(pid, 0, &pl);
	yes(pl.si.signo == SIGSTOP);
	run(PT_CONTINUE, pid, 0);
	show(kill(pid, SIGUSR1));
	show(kill(pid, SIGUSR1));
	next(pid, 0, &pl);
	yes(pl.si.signo == SIGUSR1 && pl.si.code == SI_USER && pl.si.pid == getpid());
	show(kill(pid, SIGKILL));
	next(pid, 0, 0);
	return 0;
}
