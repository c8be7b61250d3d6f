/* SPDX-License-Identifier: BSD-2-Clause
 * ptrace: stops at calls, what they are told of, what a tracer changes there, and calls that it has the tracee make. */
#include "pt.h"

static void stop_at(long pid, struct lwpinfo *pl)
{
	long arg[8] = { 0 };
	struct sc_ret r = { { 0 } };
	if ((next(pid, 0, pl) & 0x7f) != 0x7f)
		return;
	long e = ptrace(PT_GET_SC_ARGS, pid, arg, sizeof arg);
	say("    call %d of %d arguments: %e", pl->nr, pl->nargs, e);
	for (u32 i = 0; i < pl->nargs && i < 3 && !e && (pl->nr == SYS_lseek || pl->nr == SYS_dup2); i++)
		say(" %d", arg[i]);
	e = ptrace(PT_GET_SC_RET, pid, &r, sizeof r);
	say("; result: %e", e);
	if (!e && pl->nr != SYS_getpid)
		say(" %d error %d", r.rv[0], r.err);
	say("\n");
}
int main(int argc, char **argv)
{
	struct lwpinfo pl;
	struct reg r;
	int mask;
	long pid = fork();

	if (!pid) {
		trace_me();
		getpid();
		long e = lseek(77, 5, 1);
		say("  child: %e\n", e);
		e = dup2(1, 50);
		say("  child: dup2 is %d\n", e);
		e = lseek(78, 5, 1);
		say("  child: %e\n", e);
		quit(3);
	}
	next(pid, 0, 0);
	say("in and out\n");
	run(PT_SYSCALL, pid, 0);
	stop_at(pid, &pl);                           /* getpid begins */
	yes(!(pl.flags & PL_SI) && pl.event == 1);
	run(PT_SYSCALL, pid, 0);
	stop_at(pid, &pl);
	show(ptrace(PT_GET_EVENT_MASK, pid, &mask, 4));
	yes(mask == (PTRACE_EXEC | PTRACE_SCE | PTRACE_SCX));
	mask = PTRACE_EXEC;
	show(ptrace(PT_SET_EVENT_MASK, pid, &mask, 4));
	say("in\n");
	run(PT_TO_SCE, pid, 0);
	stop_at(pid, &pl);                           /* lseek */
	mask = PTRACE_EXEC;
	show(ptrace(PT_SET_EVENT_MASK, pid, &mask, 4));
	say("out\n");
	run(PT_TO_SCX, pid, 0);
	stop_at(pid, &pl);
	ptrace(PT_GETREGS, pid, &r, 0);
	yes(r.rax == EBADF && r.rflags & 1);
	r.rax = ENXIO;
	show(ptrace(PT_SETREGS, pid, &r, 0));
	mask = PTRACE_SCE;
	show(ptrace(PT_SET_EVENT_MASK, pid, &mask, 4));
	say("changed\n");
	run(PT_CONTINUE, pid, 0);
	do                                           /* what it says is a call, too */
		next(pid, 0, &pl);
	while (pl.nr == SYS_write && !ptrace(PT_CONTINUE, pid, HERE, 0));
	ptrace(PT_GETREGS, pid, &r, 0);
	yes(r.rax == SYS_dup2 && r.rdi == 1 && r.rsi == 50);
	r.rsi = 51;
	show(ptrace(PT_SETREGS, pid, &r, 0));
	mask = PTRACE_SCX;
	show(ptrace(PT_SET_EVENT_MASK, pid, &mask, 4));
	run(PT_CONTINUE, pid, 0);
	stop_at(pid, &pl);
	say("made\n");
	long arg[2] = { 51 };
	struct sc_remote rm = { .nr = SYS_close, .nargs = 1, .args = arg };
	show(ptrace(PT_SC_REMOTE, pid, &rm, sizeof rm));
	say("  %d %d\n", rm.ret.rv[0], rm.ret.err);
	show(ptrace(PT_SC_REMOTE, pid, &rm, sizeof rm));
	say("  %d %d\n", rm.ret.rv[0], rm.ret.err);
	rm.nargs = 9;
	show(ptrace(PT_SC_REMOTE, pid, &rm, sizeof rm));
	show(ptrace(PT_SC_REMOTE, pid, &rm, 8));
	mask = 0;
	show(ptrace(PT_SET_EVENT_MASK, pid, &mask, 4));
	run(PT_CONTINUE, pid, 0);
	next(pid, 0, 0);

	say("a signal from a call's beginning\n");
	if (!(pid = fork())) {
		trace_me();
		getpid();
		quit(1);
	}
	next(pid, 0, 0);
	run(PT_TO_SCE, pid, 0);
	next(pid, 0, 0);
	run(PT_CONTINUE, pid, SIGTERM);
	next(pid, 0, 0);
	return 0;
}
