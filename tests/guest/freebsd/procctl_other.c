/* SPDX-License-Identifier: BSD-2-Clause
 * procctl on others: a child, a process group; what only the process itself may take back; what outlives exec, and what is
 * enforced: no tracing, no memory that is written and executed.
 * TEST without: seccomp/user ptrace/user, who gets a filter only by promising to gain no privileges
 */
#include "fbsd.h"

enum {
	TRACE_CTL = 7, TRACE_STATUS, TRAPCAP_CTL, TRAPCAP_STATUS, PDEATHSIG_CTL, PDEATHSIG_STATUS, ASLR_CTL, ASLR_STATUS,
	PROTMAX_CTL, PROTMAX_STATUS, STACKGAP_CTL, STACKGAP_STATUS, NO_NEW_PRIVS_CTL, NO_NEW_PRIVS_STATUS, WXMAP_CTL,
	WXMAP_STATUS, LOGSIGEXIT_CTL, LOGSIGEXIT_STATUS,
};
enum { RWX = PROT_READ | PROT_WRITE | PROT_EXEC, ANON = MAP_PRIVATE | MAP_ANON };

static u32 ask(long pid, int status)
{
	u32 v = 99;
	long e = procctl(P_PID, pid, status, &v);
	return e ? 0xbad : v;
}
static long set(int type, long id, int ctl, int v) { return procctl(type, id, ctl, &v); }

static void wait_byte(int fd)
{
	char b;
	if (read(fd, &b, 1) != 1)
		quit(3);
}
static void child(void)
{
	int go[2], said[2];
	long p;

	say("a child\n");
	pipe2(go, 0), pipe2(said, 0);
	if (!(p = fork())) {
		write(said[1], "x", 1);
		wait_byte(go[0]);
		say("  it: protmax %x trapcap %x trace %x\n", ask(0, PROTMAX_STATUS), ask(0, TRAPCAP_STATUS), ask(0, TRACE_STATUS));
		show(set(P_PID, 0, TRACE_CTL, 2)), show(ask(0, TRACE_STATUS));
		show(set(P_PID, 0, TRACE_CTL, 1)), show(ask(0, TRACE_STATUS));
		write(said[1], "x", 1);
		wait_byte(go[0]);
		quit(0);
	}
	wait_byte(said[0]);
	show(ask(p, PROTMAX_STATUS));
	show(set(P_PID, p, PROTMAX_CTL, 1)), say("%x\n", ask(p, PROTMAX_STATUS)), say("%x\n", ask(0, PROTMAX_STATUS));
	show(set(P_PID, p, TRAPCAP_CTL, 1)), show(set(P_PID, p, TRAPCAP_CTL, 3));
	show(set(P_PID, p, ASLR_CTL, 2)), say("%x\n", ask(p, ASLR_STATUS));
	show(set(P_PID, p, LOGSIGEXIT_CTL, 2)), show(ask(p, LOGSIGEXIT_STATUS)), show(ask(p, STACKGAP_STATUS));
	show(ask(p, NO_NEW_PRIVS_STATUS)), show(set(P_PID, p, PDEATHSIG_CTL, 9)), show(ask(p, PDEATHSIG_STATUS) == 0xbad);
	show(ask(p, TRACE_STATUS));
	show(set(P_PID, p, TRACE_CTL, 3)), show(set(P_PID, p, TRACE_CTL, 2)), show(set(P_PID, p, TRACE_CTL, 1));
	yes(ask(p, TRACE_STATUS) == (u32)-1);
	yes(geteuid() ? sys(SYS_ptrace, 10, p, 0, 0) == -EPERM : 1);
	write(go[1], "x", 1);
	wait_byte(said[0]);
	show(procctl(P_PID, p, PROTMAX_CTL, 8));
	write(go[1], "x", 1);
	show(wait_for(p));
	show(set(P_PID, p, PROTMAX_CTL, 1));
	show(set(7, p, PROTMAX_CTL, 1));
}
static void group(void)
{
	int go[2], said[2];
	long p[2];

	say("a group\n");
	pipe2(go, 0), pipe2(said, 0);
	for (int i = 0; i < 2; i++)
		if (!(p[i] = fork())) {
			setpgid(0, i ? p[0] : 0);
			write(said[1], "x", 1);
			wait_byte(go[0]);
			quit((int)ask(0, TRAPCAP_STATUS));
		} else {
			wait_byte(said[0]);
		}
	show(set(P_PGID, p[0], TRAPCAP_CTL, 1));
	show(ask(p[0], TRAPCAP_STATUS)), show(ask(p[1], TRAPCAP_STATUS)), show(ask(0, TRAPCAP_STATUS));
	show(set(P_PGID, p[0], TRAPCAP_CTL, 9));
	show(set(P_PGID, p[0], TRACE_CTL, 2));
	yes(ask(p[1], TRACE_STATUS) == (u32)-1);
	show(set(P_PGID, p[0], TRACE_CTL, 1));
	show(set(P_PGID, p[0], PROTMAX_CTL, 1));
	show(set(P_PGID, 99999999, TRAPCAP_CTL, 1));
	u32 v;
	show(procctl(P_PGID, p[0], TRAPCAP_STATUS, &v));
	write(go[1], "xx", 2);
	show(WEXITSTATUS(wait_for(p[0]))), show(WEXITSTATUS(wait_for(p[1])));
}
static void both(void)
{
	long at = mmap(0, 4096, PROT_READ | PROT_WRITE, ANON, -1, 0);
	show(mmap(0, 4096, RWX, ANON, -1, 0) < 0 ? -EACCES : 0);
	show(mprotect(at, 4096, RWX));
	show(mprotect(at, 4096, PROT_READ | PROT_EXEC));
}
static void after(void)
{
	say("after exec: trace %d trapcap %d aslr %x protmax %x gap %d wxmap %x\n", (int)ask(0, TRACE_STATUS), ask(0, TRAPCAP_STATUS),
	    ask(0, ASLR_STATUS), ask(0, PROTMAX_STATUS), ask(0, STACKGAP_STATUS), ask(0, WXMAP_STATUS));
	both();
	show(set(P_PID, 0, WXMAP_CTL, 1)), say("%x\n", ask(0, WXMAP_STATUS));
	both();
}
int main(int argc, char **argv)
{
	char *av[] = { argv[0], "again", 0 };

	if (argc > 1) {
		after();
		return 0;
	}
	child();
	group();
	say("exec\n");
	both();
	set(P_PID, 0, TRACE_CTL, 2);
	set(P_PID, 0, TRAPCAP_CTL, 1);
	set(P_PID, 0, PROTMAX_CTL, 2);
	set(P_PID, 0, STACKGAP_CTL, 2);
	show(set(P_PID, 0, WXMAP_CTL, 2));
	both();
	return (int)execve(argv[0], av, env);
}
