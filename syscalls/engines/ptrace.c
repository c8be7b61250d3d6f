/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Engine ptrace, what of it runs in the guest's process: a filter that stops the thread at every call, and the start of
 * the supervisor (tools/supervise/), a process of its own that traces this one and all that come from it. A call that
 * the guest makes is sent to entry_syscall from outside, with the registers as the instruction would leave them, and so
 * no page of the guest is changed and no signal raised.
 *
 * Where somebody wants to know (--supervised, --witness, --post-mortem), calls from our own text stop, too: they are seen
 * and go on. So whatever becomes of the translator in this process, no call leaves it unseen; and where no supervisor is
 * left, the filter lets nothing pass (and the kernel kills the process with its supervisor).
 *
 * The supervisor is nobody's child: started twice removed, in a session of its own, with no descriptor of ours but
 * those it writes to. The guest's pid, parent, children, exit status and job control are those of a plain run.
 *
 * As with the engine seccomp, the filter outlives exec, and 335 and 336 pass every filter on new kernels.
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/ptrace.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <fcntl.h>
#include "host.h"
#include "options.h"
#include "thread.h"
#include "engines/passed.h"
#include "engines/trap.h"
#include "engines/own.h"
#include "engines/witness.h"

#define ANSWER(what)       BPF_STMT(BPF_RET | BPF_K, (what))

/* i386 calls are none of any guest here: SIGSYS, as with the other engines. */
static long filter_set(bool all)
{
	uint64_t lo = OWN_LO, hi = OWN_HI + 1;
	struct sock_filter code[] = {
		FILTER_LOAD(arch, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
		ANSWER(SECCOMP_RET_TRAP),
		FILTER_LOAD(instruction_pointer, 1),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(lo >> 32), 0, 6),
		FILTER_LOAD(instruction_pointer, 0),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (uint32_t)lo, 0, 4),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, (uint32_t)hi, 3, 0),
		FILTER_LOAD(nr, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, WITNESS_HELLO, 1, 0),
		ANSWER(all ? SECCOMP_RET_TRACE : SECCOMP_RET_ALLOW),
		ANSWER(SECCOMP_RET_TRACE),
	};
	struct sock_fprog prog = { .len = ARRAY_LEN(code), .filter = code };
	return host(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog);
}
/* 0: by nobody */
static long supervised(void)
{
	long e = host(WITNESS_HELLO);
	return e == WITNESS_HERE || e == WITNESS_ALL ? e : 0;
}

/* --- can it be? --------------------------------------------------------------------------------------------------- */
static uint64_t number_in(const char *path, const char *key)
{
	char text[4096];
	uint64_t n = 0;
	long len = file_read(path, text, sizeof text);
	for (const char *s = len > 0 ? text : NULL; s; s = (s = str_chr(s, '\n')) ? s + 1 : NULL)
		if (!str_ncmp(s, key, str_len(key))) {
			str_num(s + str_len(key), &n);
			break;
		}
	return n;
}
/* A child tries to trace us, and lets go by its end. It raises no SIGCHLD. */
static long try_seize(void)
{
	int status = 0;
	host(SYS_prctl, PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
	long pid = host(SYS_clone, 0, 0, 0, 0, 0);
	if (!pid)
		for (;;)
			host(SYS_exit_group, -host(SYS_ptrace, PTRACE_SEIZE, host(SYS_getppid), 0, 0));
	if (pid > 0)
		host(SYS_wait4, pid, &status, __WALL, NULL);
	host(SYS_prctl, PR_SET_PTRACER, 0, 0, 0, 0);
	return pid < 0 ? pid : WIFEXITED(status) ? -WEXITSTATUS(status) : -EPERM;
}
static void refused(char *why, size_t n, long e)
{
	uint64_t scope = number_in("/proc/sys/kernel/yama/ptrace_scope", "");
	if (scope >= 2)
		fmt(why, n, "kernel.yama.ptrace_scope is %lu: %s", scope,
		    scope == 2 ? "only the super-user may trace processes" : "no process may trace another");
	else
		fmt(why, n, "the host refuses ptrace: %s (the policy of a container or a security module forbids it)", error_text(e));
}
static bool ptrace_probe(char *why, size_t n)
{
	uint32_t action = SECCOMP_RET_TRACE;
	uint64_t tracer;
	long e;

	if (supervised())
		return true;
	if ((e = host(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action)) < 0)
		fmt(why, n, "this kernel has no seccomp filters that stop for a tracer (seccomp answers error %ld)", -e);
	else if ((tracer = number_in("/proc/self/status", "TracerPid:\t")))
		fmt(why, n, "process %lu traces this one already, and a process can have only one tracer", tracer);
	else if ((e = try_seize()) < 0)
		refused(why, n, e);
	return e >= 0 && !tracer;
}

/* --- the supervisor ----------------------------------------------------------------------------------------------- */
static void give(int fd, int as) { fd < 0 ? host(SYS_close, as) : host(SYS_dup3, fd, as, 0); }

static void __attribute__((noreturn)) become_supervisor(const struct options *o, int hand)
{
	static const char *env[] = { NULL };
	const char *argv[] = { "guise", "(supervisor)", "--", o->post_mortem, NULL };
	uint32_t pid = (uint32_t)host(SYS_getpid);
	int null = (int)host(SYS_open, "/dev/null", O_RDWR);

	host(SYS_setsid);
	give(hand, FD_HAND);
	give(o->supervised ? o->trace_fd : -1, FD_TRACE);
	give(o->witness_fd, FD_WITNESS);
	for (int fd = 0; fd < 2; fd++)           /* standard error stays, for what it has to say of its files */
		give(null, fd);
	give(o->supervised ? o->trace_end : -1, FD_TRACE_END);
	give(o->supervised ? o->policy_fd : -1, FD_POLICY);
	host(SYS_close_range, FD_POLICY + 1, ~0u, 0);
	host(SYS_write, FD_HAND, &pid, sizeof pid);
	long e = host(SYS_execve, "/proc/self/exe", argv, env);
	host(SYS_write, FD_HAND, &(int32_t){ (int32_t)-e }, 4);
	for (;;)
		host(SYS_exit_group, 1);
}
/* Its word, or ours to it; -EPIPE: it is not there. */
static int32_t hear(int hand)
{
	int32_t word;
	long n;
	while ((n = host(SYS_read, hand, &word, sizeof word)) == -EINTR)
		;
	return n == sizeof word ? word : -EPIPE;
}
/* Its own now: what the guest's process cannot reach, it cannot forge. */
static void gone(int *fd)
{
	if (*fd >= 0)
		host(SYS_close, *fd);
	*fd = -1;
}
static long supervise(struct proc *p)
{
	struct options *o = p->opt;
	int hand[2];

	if (o->witness_fd >= 0 && (o->witness_fd = fd_ours(p, o->witness_fd)) < 0)
		return o->witness_fd;
	long e = host(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, hand);
	if (e < 0)
		return e;
	for (int i = 0; i < 2; i++)
		if ((hand[i] = fd_ours(p, hand[i])) < 0)
			return hand[i];
	long child = host(SYS_clone, 0, 0, 0, 0, 0);
	if (!child) {
		if (host(SYS_fork))
			for (;;)
				host(SYS_exit_group, 0);
		become_supervisor(o, hand[1]);
	}
	host(SYS_close, hand[1]);
	if (child > 0)
		host(SYS_wait4, child, NULL, __WALL, NULL);
	int32_t pid = child < 0 ? (int32_t)child : hear(hand[0]);
	if (pid > 0) {                           /* it may trace us from now on, as far as that is ours to allow */
		host(SYS_prctl, PR_SET_PTRACER, pid, 0, 0, 0);
		host(SYS_write, hand[0], &p->pid, sizeof p->pid);
		e = -hear(hand[0]);
	} else {
		e = pid;
	}
	host(SYS_close, hand[0]);
	gone(&o->witness_fd);
	if (o->supervised) {
		gone(&o->trace_fd);
		gone(&o->trace_end);
	}
	return e;
}
static bool all_calls;               /* ours are seen, too, and so is the way out */

static long ptrace_start(struct proc *p)
{
	bool all = p->opt->supervised || p->opt->witness_fd >= 0 || p->opt->post_mortem;
	long e = 0, level = supervised();

	if (!level) {
		if ((e = supervise(p)) < 0)
			die("the engine ptrace has no supervisor: %s", error_text(-e));
		if ((e = filter_set(all)) == -EACCES) {  /* without privilege: promise to gain none */
			host(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
			e = filter_set(all);
		}
		if (!e && !(level = supervised()))
			die("the engine ptrace has lost its supervisor before the guest began");
	}
	all_calls = level == WITNESS_ALL;
	return e;
}
static long ptrace_arm(struct thread *t)
{
	t->leave = all_calls ? leave_supervised : NULL;
	return 0;
}
static bool ptrace_found(struct thread *t, int sig, const siginfo_t *si, long long *g)
{
	return passed_filter(sig, si, g, entry_syscall);
}

static const struct engine ptrace_engine = {
	.name = "ptrace", .about = "a supervisor outside stops the guest at each call, and sees each that leaves the process",
	.rank = 10, .keeps = true, .outside = true, .probe = ptrace_probe, .start = ptrace_start, .arm = ptrace_arm, .run = trap_run,
	.found = ptrace_found,
};
ENGINE(ptrace_engine);
