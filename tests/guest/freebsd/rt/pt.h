/* SPDX-License-Identifier: BSD-2-Clause
 *
 * For the tests of ptrace: requests and structs as FreeBSD spells them, and what all those tests do.
 */
#pragma once
#include "fbsd.h"

enum {
	PT_TRACE_ME, PT_READ_I, PT_READ_D, PT_WRITE_I = 4, PT_WRITE_D, PT_CONTINUE = 7, PT_KILL, PT_STEP, PT_ATTACH, PT_DETACH,
	PT_IO, PT_LWPINFO, PT_GETNUMLWPS, PT_GETLWPLIST, PT_CLEARSTEP, PT_SETSTEP, PT_SUSPEND, PT_RESUME, PT_TO_SCE, PT_TO_SCX,
	PT_SYSCALL, PT_FOLLOW_FORK, PT_LWP_EVENTS, PT_GET_EVENT_MASK, PT_SET_EVENT_MASK, PT_GET_SC_ARGS, PT_GET_SC_RET,
	PT_GETREGS = 33, PT_SETREGS, PT_GETFPREGS, PT_SETFPREGS, PT_GETDBREGS, PT_VM_TIMESTAMP = 40, PT_VM_ENTRY,
	PT_GETREGSET, PT_SETREGSET, PT_SC_REMOTE, PT_GETXSTATE_INFO = 68, PT_GETXSTATE, PT_SETXSTATE, PT_GETFSBASE, PT_SETFSBASE,
	PT_GETGSBASE,
};
enum { PTRACE_EXEC = 1, PTRACE_SCE = 2, PTRACE_SCX = 4, PTRACE_FORK = 8, PTRACE_LWP = 16, PTRACE_VFORK = 32 };
enum {
	PL_SCE = 4, PL_SCX = 8, PL_EXEC = 0x10, PL_SI = 0x20, PL_FORKED = 0x40, PL_CHILD = 0x80, PL_BORN = 0x100,
	PL_EXITED = 0x200, PL_VFORKED = 0x400, PL_VFORK_DONE = 0x800,
};
struct lwpinfo {
	int lwpid, event, flags;
	sigset_t mask, list;
	siginfo_t si;
	char name[20];
	int child;
	u32 nr, nargs;
};
_Static_assert(sizeof(struct lwpinfo) == 160, "ptrace_lwpinfo");
struct reg {
	long r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	u32 trapno;
	u16 fs, gs;
	u32 err;
	u16 es, ds;
	long rip, cs, rflags, rsp, ss;
};
_Static_assert(sizeof(struct reg) == 176, "reg");
struct io_desc { int op; void *offs, *addr; size_t len; };
struct sc_ret { long rv[2]; int err; };
struct sc_remote { struct sc_ret ret; u32 nr, nargs; long *args; };
struct vm_entry { int entry, timestamp; u64 start, end, offset; u32 prot, pathlen; long fileid; u32 fsid; char *path; };

#define ptrace(req, pid, addr, data) sys(SYS_ptrace, req, pid, addr, data)
#define HERE ((void *)1)

/* --- what happened ------------------------------------------------------------------------------------------------ */
static inline const char *signame(int sig)
{
	static const char *const names[32] = {
		"0", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "EMT", "FPE", "KILL", "BUS", "SEGV", "SYS", "PIPE", "ALRM",
		"TERM", "URG", "STOP", "TSTP", "CONT", "CHLD", "TTIN", "TTOU", "IO", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH",
		"INFO", "USR1", "USR2" };
	return sig >= 0 && sig < 32 ? names[sig] : "?";
}
static inline void flags_say(int f)
{
	static const char *const names[12] = { "?", "?", "sce", "scx", "exec", "si", "forked", "child", "born", "exited",
		"vforked", "vfork_done" };
	for (int i = 0; i < 12; i++)
		if (f >> i & 1)
			say(" %s", names[i]);
}
static inline void status_say(int st)
{
	if ((st & 0x7f) == 0x7f)
		say("stopped by %s", signame(st >> 8 & 0xff));
	else if (st & 0x7f)
		say("killed by %s", signame(st & 0x7f));
	else
		say("exit %d", WEXITSTATUS(st));
}
/* The next thing that a process tells, and which flags it has then. -1: any */
static inline int next(long pid, long *who, struct lwpinfo *pl)
{
	static struct lwpinfo none;
	int st = 0;
	long p = wait4(pid, &st, 0, 0);
	if (p < 0) {
		say("  wait: %e\n", p);
		return -1;
	}
	if (who)
		*who = p;
	say("  ");
	status_say(st);
	struct lwpinfo f = none;
	if ((st & 0x7f) == 0x7f && !ptrace(PT_LWPINFO, p, &f, sizeof f))
		flags_say(f.flags);
	say("\n");
	if (pl)
		*pl = f;
	return st;
}
/* Goes on; said only if it does not: what the tracee says comes first or second otherwise. */
#define run(req, pid, sig) do { long e_ = ptrace(req, pid, HERE, sig); if (e_) say("%s: %e\n", #req, e_); } while (0)
#define go(pid, sig) run(PT_CONTINUE, pid, sig)
static inline void trace_me(void)
{
	long id = 0;
	if (ptrace(PT_TRACE_ME, 0, 0, 0))
		quit(90);
	thr_self(&id);
	thr_kill(id, SIGSTOP);
}
