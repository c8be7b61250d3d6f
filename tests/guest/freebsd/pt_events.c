/* SPDX-License-Identifier: BSD-2-Clause
 * ptrace: forks that are followed, vfork and its end, exec, threads that begin and end, one that is held. */
#include "pt.h"

static volatile int runs;
static void counter(void *arg)
{
	runs++;
	thr_exit(0);
}
static void spinner(void *arg)
{
	for (;;)
		runs++;
}
static long start(long (*fn)(void))
{
	long pid = fork();
	if (!pid) {
		trace_me();
		quit((int)fn());
	}
	next(pid, 0, 0);
	return pid;
}
static long forks(void)
{
	long pid = fork();
	if (!pid)
		quit(2);
	return wait_for(pid) == 2 << 8 ? 1 : 99;
}
static long vforks(void)
{
	long pid = vfork();
	if (!pid)
		quit(2);
	return wait_for(pid) == 2 << 8 ? 1 : 99;
}
static long execs(void)
{
	char *av[] = { "pt_events", "again", 0 };
	long path = 0;
	auxv(15, &path);                             /* AT_EXECPATH */
	execve((char *)path, av, env);
	return 99;
}
static long execs_native(void)
{
	char *av[] = { "true", 0 };
	execve("/bin/true", av, env);
	return 99;
}
static long threads(void)
{
	thread(counter, 0);
	while (!runs)
		sleep_ms(10);
	sleep_ms(200);
	return 4;
}
static long leaves(void)
{
	thread(spinner, 0);
	while (!runs)
		;
	return 8;
}
static long spins(void)
{
	thread(spinner, 0);
	long id = 0;
	thr_self(&id);
	while (!runs)
		;
	thr_kill(id, SIGSTOP);
	int was = runs;
	sleep_ms(50);
	say("  child: the other one %s\n", runs == was ? "stands" : "runs");
	thr_kill(id, SIGSTOP);
	was = runs;
	sleep_ms(50);
	say("  child: the other one %s\n", runs == was ? "stands" : "runs");
	return 5;
}
/* Both sides of a fork, in either order. */
static long both(long pid)
{
	struct lwpinfo pl[2] = { { 0 } };
	long child = 0;
	int sig[2] = { 0 };
	for (int i = 0; i < 2; i++) {
		int st;
		struct lwpinfo f;
		long p = wait4(-1, &st, 0, 0);
		if (ptrace(PT_LWPINFO, p, &f, sizeof f))
			say("  no information\n");
		pl[p != pid] = f;
		sig[p != pid] = st >> 8;
		if (p != pid)
			child = p;
	}
	say("  parent %s, child %s\n", signame(sig[0]), signame(sig[1]));
	yes(pl[0].child == child && pl[0].nr && pl[0].nr == pl[1].nr && pl[0].nargs == pl[1].nargs);
	say("  parent:");
	flags_say(pl[0].flags);
	say("; child:");
	flags_say(pl[1].flags);
	say("\n");
	return child;
}
static void forked(void)
{
	int mask;
	long pid = start(forks), child;

	say("both\n");
	show(ptrace(PT_FOLLOW_FORK, pid, 0, 1));
	ptrace(PT_GET_EVENT_MASK, pid, &mask, 4);
	yes(mask == (PTRACE_EXEC | PTRACE_FORK));
	go(pid, 0);
	child = both(pid);
	go(pid, 0);
	go(child, 0);
	long who = 0;
	next(-1, &who, 0);                           /* the debugger sees the end before the parent does */
	yes(who == child);
	next(pid, 0, 0);
	show(wait4(-1, &mask, 0, 0));
	say("with every call\n");
	pid = start(forks);
	mask = PTRACE_FORK | PTRACE_SCX;
	ptrace(PT_SET_EVENT_MASK, pid, &mask, 4);
	go(pid, 0);
	do {                                         /* the ends of other calls before */
		struct lwpinfo pl;
		wait4(pid, &mask, 0, 0);
		ptrace(PT_LWPINFO, pid, &pl, sizeof pl);
		if (pl.flags & PL_FORKED) {
			child = pl.child;
			break;
		}
		go(pid, 0);
	} while (1);
	next(child, 0, 0);                           /* at once as a child */
	ptrace(PT_KILL, child, 0, 0);
	ptrace(PT_KILL, pid, 0, 0);
	next(child, 0, 0);
	next(pid, 0, 0);
	say("the child let go\n");
	pid = start(forks);
	ptrace(PT_FOLLOW_FORK, pid, 0, 1);
	go(pid, 0);
	child = both(pid);
	go(pid, 0);
	run(PT_DETACH, child, 0);
	next(-1, &who, 0);
	yes(who == pid);
	say("the parent let go\n");
	pid = start(forks);
	ptrace(PT_FOLLOW_FORK, pid, 0, 1);
	go(pid, 0);
	child = both(pid);
	run(PT_DETACH, pid, 0);
	go(child, 0);
	next(child, 0, 0);
	next(pid, 0, 0);
	say("not followed\n");
	pid = start(forks);
	show(ptrace(PT_FOLLOW_FORK, pid, 0, 0));
	go(pid, 0);
	next(pid, 0, 0);
}
static void vforked(void)
{
	int mask = PTRACE_VFORK;
	long pid = start(vforks), child;

	say("its end\n");
	show(ptrace(PT_SET_EVENT_MASK, pid, &mask, 4));
	go(pid, 0);
	next(pid, 0, 0);
	go(pid, 0);
	next(pid, 0, 0);
	say("followed\n");
	pid = start(vforks);
	mask = PTRACE_FORK | PTRACE_VFORK;
	ptrace(PT_SET_EVENT_MASK, pid, &mask, 4);
	go(pid, 0);
	child = both(pid);
	go(pid, 0);
	go(child, 0);
	next(child, 0, 0);
	next(pid, 0, 0);
	go(pid, 0);
	next(pid, 0, 0);
}
static void execed(void)
{
	struct lwpinfo pl;
	int mask = 0, told[2];
	long pid = start(execs);

	go(pid, 0);
	next(pid, 0, &pl);
	yes(pl.nr == SYS_execve && pl.nargs == 3);
	go(pid, 0);
	next(pid, 0, 0);
	say("a program of the host's, which is let go\n");
	pipe2(told, O_CLOEXEC);
	pid = start(execs_native);
	close(told[1]);
	go(pid, 0);
	char c;
	show(read(told[0], &c, 1));                  /* its end is closed before anybody is told of the exec */
	close(told[0]);
	next(pid, 0, 0);
	go(pid, 0);
	next(pid, 0, 0);
	say("unseen\n");
	pid = start(execs);
	ptrace(PT_SET_EVENT_MASK, pid, &mask, 4);
	go(pid, 0);
	next(pid, 0, 0);
}
static void threaded(void)
{
	struct lwpinfo pl;
	int first, list[4] = { 0 };
	long pid = start(threads);

	show(ptrace(PT_GETNUMLWPS, pid, 0, 0));
	show(ptrace(PT_GETLWPLIST, pid, list, 0));
	show(ptrace(PT_GETLWPLIST, pid, list, 4));
	first = list[0];
	show(ptrace(PT_LWP_EVENTS, pid, 0, 1));
	go(pid, 0);
	next(pid, 0, &pl);
	yes(pl.lwpid != first);
	show(ptrace(PT_GETNUMLWPS, pid, 0, 0));
	show(ptrace(PT_GETLWPLIST, pid, list, 4));
	yes((list[0] == first && list[1] == pl.lwpid) || (list[1] == first && list[0] == pl.lwpid));
	go(pl.lwpid, 0);
	next(pid, 0, &pl);
	yes(pl.lwpid != first);
	show(ptrace(PT_LWP_EVENTS, pid, 0, 0));
	go(pid, 0);
	next(pid, 0, 0);
	say("the others end with the process\n");
	pid = start(leaves);
	ptrace(PT_LWP_EVENTS, pid, 0, 1);
	go(pid, 0);
	next(pid, 0, &pl);
	first = pl.lwpid;
	go(pid, 0);
	next(pid, 0, &pl);
	yes(pl.lwpid == first);
	go(pid, 0);
	next(pid, 0, 0);
	say("one is held\n");
	pid = start(spins);
	go(pid, 0);
	next(pid, 0, &pl);
	ptrace(PT_GETLWPLIST, pid, list, 4);
	int other = list[0] == pl.lwpid ? list[1] : list[0];
	show(ptrace(PT_SUSPEND, other, 0, 0));
	go(pid, 0);
	next(pid, 0, &pl);
	yes(pl.lwpid != other);
	show(ptrace(PT_RESUME, other, 0, 0));
	go(pid, 0);
	next(pid, 0, 0);
}
int main(int argc, char **argv)
{
	if (argc > 1)
		return 6;
	say("fork\n");
	forked();
	say("vfork\n");
	vforked();
	say("exec\n");
	execed();
	say("threads\n");
	threaded();
	return 0;
}
