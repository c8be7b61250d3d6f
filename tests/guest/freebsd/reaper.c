/* SPDX-License-Identifier: BSD-2-Clause
 * Reaping, as others than the reaper see it, too: whose reaper is who, subtrees that outlive their root, reapers below a
 * reaper, exec, and children that were there before.
 */
#include "fbsd.h"

enum { REAP_ACQUIRE = 2, REAP_RELEASE, REAP_STATUS, REAP_GETPIDS, REAP_KILL, TRACE_STATUS = 8 };
struct status { u32 flags, children, descendants; int reaper, pid; u32 pad[15]; };
struct pidinfo { int pid, subtree; u32 flags, pad[15]; };
struct pids { u32 count, pad[15]; struct pidinfo *at; };
struct reap_kill { int sig; u32 flags; int subtree; u32 killed; int fpid; u32 pad[15]; };
static long me;

static void status(const char *who, long pid)
{
	struct status s = { 0 };
	long e = procctl(P_PID, pid, REAP_STATUS, &s);
	say("%s: %e, flags %x, %d children of %d descendants, ", who, e, s.flags, s.children, s.descendants);
	say("reaper is %s\n", s.reaper == me ? "the test" : s.reaper == 1 ? "the first" : "another");
}
static void family(const char *who, long pid, long subtree)
{
	struct pidinfo info[8] = { { 0 } };
	struct pids p = { .count = 8, .at = info };
	say("%s: %e", who, procctl(P_PID, pid, REAP_GETPIDS, &p));
	for (int i = 0; i < 8 && info[i].flags; i++)
		say(", flags %x of %s", info[i].flags, info[i].subtree == subtree ? "the child" :
		    info[i].subtree == info[i].pid ? "its own" : "another");
	say("\n");
}
static void hang(void)
{
	for (;;)
		sleep_ms(1000);
}
int main(int argc, char **argv)
{
	int st, way[2], back[2];
	char c;
	long child, grand = 0, early;
	struct reap_kill k = { .sig = SIGTERM };

	me = getpid();
	pipe2(way, 0);
	pipe2(back, 0);
	if (argc > 1) {                              /* after exec */
		status("after exec", 0);
		quit(0);
	}
	show(procctl(P_PID, 0, REAP_RELEASE, 0));
	if (!(early = fork()))
		hang();
	show(procctl(P_PID, 0, REAP_ACQUIRE, 0));
	show(procctl(P_PID, 0, REAP_ACQUIRE, 0));
	status("with one from before", 0);
	show(procctl(P_PID, 0, REAP_KILL, &k));
	kill(early, SIGKILL);
	wait_for(early);
	if (!(child = fork())) {
		status("from a child", getpid());
		status("of the parent", me);
		family("from a child", 0, getpid());
		if (!(grand = fork()))
			hang();
		write(back[1], &grand, sizeof grand);
		read(way[0], &c, 1);
		quit(3);
	}
	read(back[0], &grand, sizeof grand);
	status("two", 0);
	family("two", 0, child);
	write(way[1], "x", 1);
	yes(wait_for(child) == 3 << 8);
	family("its root has gone", 0, child);
	status("its root has gone", 0);
	k = (struct reap_kill){ .sig = SIGTERM, .flags = 2, .subtree = (int)child };
	show(procctl(P_PID, 0, REAP_KILL, &k));
	yes(k.killed == 1);
	yes(wait4(-1, &st, 0, 0) == grand && WTERMSIG(st) == SIGTERM);
	show(procctl(P_PID, 0, REAP_KILL, &k));

	say("a reaper below\n");
	if (!(child = fork())) {
		show(procctl(P_PID, 0, REAP_ACQUIRE, 0));
		if (!(grand = fork()))
			hang();
		write(back[1], &grand, sizeof grand);
		hang();
	}
	read(back[0], &grand, sizeof grand);
	family("above", 0, child);
	family("below", child, grand);
	status("the one between", child);
	status("the lowest", grand);
	k = (struct reap_kill){ .sig = SIGKILL };
	show(procctl(P_PID, 0, REAP_KILL, &k));      /* those below, too */
	yes(k.killed == 2);
	wait_for(child);
	yes(wait4(-1, &st, 0, 0) == grand);
	show(procctl(P_PID, 999999, REAP_STATUS, &k));
	show(procctl(P_PID, 1, REAP_ACQUIRE, 0));
	show(procctl(P_PGID, 0, REAP_STATUS, &k));
	show(procctl(P_PID, 0, REAP_STATUS, 8));
	if (!(child = fork())) {
		char *av[] = { "reaper", "x", 0 };
		long path = 0;
		procctl(P_PID, 0, REAP_ACQUIRE, 0);
		auxv(15, &path);
		execve((char *)path, av, env);
		quit(99);
	}
	show(wait_for(child));
	show(procctl(P_PID, 0, REAP_RELEASE, 0));
	show(procctl(P_PID, 0, REAP_KILL, &k));
	return 0;
}
