/* SPDX-License-Identifier: BSD-2-Clause
 *
 * guise (supervisor): waits for stops of every thread of the run and lets each go on. What is ready is collected first
 * and served in that order, since the kernel names the youngest first: under load the others would starve.
 *
 * Nothing here waits for one certain thread, so none that is killed, stopped or asleep holds up another. A thread that
 * ends stops once more at its end; where its process dies by a fault and a post-mortem is wanted, it stays there until all
 * the others have come to theirs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>
#include "engines/witness.h"
#include "syscalls/snapshot.h"
#include "tools/command.h"
#include "tools/supervise/supervise.h"
#include "tools/supervise/trace.h"

#define BUCKETS 4096u
#define OPTIONS (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | \
		 PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL)

static struct task *table[BUCKETS];

/* --- who ---------------------------------------------------------------------------------------------------------- */
struct task *task_find(int tid)
{
	struct task *t = table[(unsigned)tid % BUCKETS];
	while (t && t->tid != tid)
		t = t->next;
	return t;
}
void task_each(struct guest *g, void (*fn)(struct task *, void *), void *arg)
{
	for (unsigned i = 0; i < BUCKETS; i++)
		for (struct task *t = table[i], *next; t; t = next) {
			next = t->next;
			if (!g || t->guest == g)
				fn(t, arg);
		}
}
static struct guest *guest_of(int pid)
{
	for (unsigned i = 0; i < BUCKETS; i++)
		for (struct task *t = table[i]; t; t = t->next)
			if (t->guest->pid == pid)
				return t->guest;
	struct guest *g = calloc(1, sizeof *g);
	if (!g)
		abort();                 /* the kernel then ends what we trace */
	g->pid = pid;
	return g;
}
static struct task *task_get(int tid)
{
	struct task *t = task_find(tid), *leader;
	if (t)
		return t;
	if (!(t = calloc(1, sizeof *t)))
		abort();
	int pid = (int)status_number(tid, "Tgid:");
	t->tid = tid;
	leader = task_find(pid);
	t->guest = leader ? leader->guest : guest_of(pid > 0 ? pid : tid);
	t->guest->tasks++;
	t->next = table[(unsigned)tid % BUCKETS];
	table[(unsigned)tid % BUCKETS] = t;
	return t;
}
static void release(struct task *t, void *unused)
{
	if (t->held) {
		t->held = false;
		resume(t, 0);
	}
}
/* All that are left of a process that dies are held: now it can be looked at. */
static void look_at_dead(struct guest *g)
{
	if (!g->hold || !g->tasks || g->at_end < g->tasks)
		return;
	g->hold = false;
	mortem(g, g->died);
	g->at_end = 0;
	task_each(g, release, NULL);
}
static void task_drop(struct task *t)
{
	struct guest *g = t->guest;
	struct task **at = &table[(unsigned)t->tid % BUCKETS];
	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	if (t->held)
		g->at_end--;
	judge_gone(t);
	trace_task_gone(t);
	free(t);
	if (!--g->tasks) {
		guest_forget(g);
		free(g);
	} else {
		look_at_dead(g);
	}
}

/* --- stops -------------------------------------------------------------------------------------------------------- */
void resume(struct task *t, int sig)
{
	ptrace(t->pending ? PTRACE_SYSCALL : PTRACE_CONT, t->tid, 0L, (long)sig);
}
/* Another thread's exec has taken the process's number: the others are gone, and nothing was said of the first. */
static void drop_other(struct task *t, void *keep)
{
	if (t != keep)
		task_drop(t);
}
static void exec_happened(struct task *t)
{
	unsigned long before = 0;
	ptrace(PTRACE_GETEVENTMSG, t->tid, 0L, &before);
	struct task *caller = (int)before != t->tid ? task_find((int)before) : NULL;
	if (caller) {                            /* what it was doing goes on under the first thread's number */
		t->call = caller->call;
		t->host = caller->host;
		t->pending = caller->pending;
		t->out = caller->out;
	}
	task_each(t->guest, drop_other, t);
	on_exec(t);
	resume(t, 0);
}
static void ends(struct task *t)
{
	unsigned long status = 0;
	ptrace(PTRACE_GETEVENTMSG, t->tid, 0L, &status);
	int sig = (int)(status & 0x7f);
	trace_end(t, (int)status);
	if (mortem_dir && (t->guest->hold || mortem_signal(sig))) {
		t->guest->died = sig;
		t->guest->hold = t->held = true;
		t->guest->at_end++;
		look_at_dead(t->guest);
		return;
	}
	resume(t, 0);
}
static void stopped(struct task *t, int status)
{
	unsigned long message = 0;
	int sig = WSTOPSIG(status);
	if (!t->born && status >> 16 == PTRACE_EVENT_STOP)
		on_birth(t);
	t->born = true;
	switch (status >> 16) {
	case PTRACE_EVENT_SECCOMP:
		on_call(t);
		return;
	case PTRACE_EVENT_EXEC:
		exec_happened(t);
		return;
	case PTRACE_EVENT_FORK: case PTRACE_EVENT_VFORK: case PTRACE_EVENT_CLONE:
		if (!ptrace(PTRACE_GETEVENTMSG, t->tid, 0L, &message))
			on_fork(t, (int)message);
		resume(t, 0);
		return;
	case PTRACE_EVENT_EXIT:
		ends(t);
		return;
	case PTRACE_EVENT_STOP:                  /* a group's stop is left to last; a new thread's first one is over */
		ptrace(sig == SIGTRAP ? t->pending ? PTRACE_SYSCALL : PTRACE_CONT : PTRACE_LISTEN, t->tid, 0L, 0L);
		return;
	case 0:
		break;
	default:
		resume(t, 0);
		return;
	}
	if (sig == (SIGTRAP | 0x80))
		on_result(t);
	else
		on_signal(t, sig);
}
static void happened(int tid, int status)
{
	struct task *t = WIFSTOPPED(status) ? task_get(tid) : task_find(tid);
	if (t && WIFSTOPPED(status))
		stopped(t, status);
	else if (t)
		task_drop(t);
}
static void watch(void)
{
	static struct { int tid, status; } ready[1024];
	for (;;) {
		unsigned n = 0;
		int tid = waitpid(-1, &ready[0].status, __WALL);
		if (tid < 0 && errno == EINTR) {
			judge_poll();
			continue;
		}
		if (tid < 0)
			return;          /* nobody is left */
		do {
			ready[n++].tid = tid;
		} while (n < ARRAY_LEN(ready) && (tid = waitpid(-1, &ready[n].status, __WALL | WNOHANG)) > 0);
		for (unsigned i = 0; i < n; i++)
			happened(ready[i].tid, ready[i].status);
	}
}

/* --- start -------------------------------------------------------------------------------------------------------- */
static __attribute__((noreturn)) void refuse_start(int error)
{
	ssize_t n = write(FD_HAND, &error, sizeof error);
	_exit(n < 0 ? 2 : 1);
}
static int run(struct request *r, int argc, char **argv)
{
	sigset_t none;
	int pid;

	for (int sig = 1; sig < 32; sig++)
		signal(sig, sig == SIGPIPE || sig == SIGINT || sig == SIGHUP || sig == SIGTERM || sig == SIGQUIT ? SIG_IGN : SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_NAME, "guise-witness");
	snapshot_point.magic = 0;                /* nobody need wait for a guest here (others.c) */
	prctl(PR_SET_DUMPABLE, 0);               /* not to be read, written or traced by others of the same user */
	if (chdir("/") < 0 || read(FD_HAND, &pid, sizeof pid) != sizeof pid)
		return EXIT_OURS;
	mortem_dir = argc ? argv[0] : NULL;
	witness_start();
	decode_start();
	watch_all = trace_start() || witness_wants() || mortem_dir;
	if (judge_start() && !watch_all)
		refuse_start(EINVAL);            /* a policy with nobody to tell of it */
	if (ptrace(PTRACE_SEIZE, pid, 0L, (long)OPTIONS) < 0)
		refuse_start(errno);
	task_get(pid)->begins = true;
	int yes = 0;
	ssize_t n = write(FD_HAND, &yes, sizeof yes);
	close(FD_HAND);
	if (n == sizeof yes)
		watch();
	trace_over();
	return 0;
}
static const struct subcommand supervisor_command = { .name = "(supervisor)", .run = run };
SUBCOMMAND(supervisor_command);
