/* SPDX-License-Identifier: BSD-2-Clause
 * Who a process is: groups of processes, sessions, users; what a child inherits; groups the old way and the new. */
#include "fbsd.h"

static void others(void)
{
	long pid = fork();
	int status;

	if (!pid) {
		show(setpgid(0, 0));
		yes(getpgrp() == getpid());
		show(setpgid(0, 1));
		show(setsid());
		say("setsid again after a fork\n");
		if (!fork()) {
			yes(setsid() == getpid());
			yes(getsid(0) == getpid() && getpgid(0) == getpid());
			show(setpgid(0, 0));
			quit(0);
		}
		wait4(-1, &status, 0, 0);
		quit(WEXITSTATUS(status));
	}
	show(WEXITSTATUS(wait_for(pid)));
	show(getpgid(0x7ffffff));
	show(getsid(0x7ffffff));
	show(setpgid(-5, 0));
}
static void users(void)
{
	u32 r[3] = { 1, 2, 3 }, g[3] = { 1, 2, 3 };
	u32 uid = (u32)getuid();

	show(getresuid(&r[0], &r[1], &r[2]));
	yes(r[0] == uid && r[1] == (u32)geteuid() && r[2] == r[1]);
	show(getresuid(0, 0, 0));
	show(getresgid(&g[0], 0, &g[2]));
	yes(g[0] == (u32)getgid() && g[1] == 2);
	show(getresuid(8, 0, 0));
	show(issetugid());
	show(sys(SYS_seteuid, r[1]));
	show(sys(SYS_setuid, uid));
	show(sys(SYS_setreuid, -1, -1));
	show(sys(SYS_setresuid, -1, -1, -1));
	show(sys(SYS_setgid, g[0]));
}
/* Until 14 the effective group is the first of the list. */
static void groups(void)
{
	u32 list[1100];
	long old = sys(SYS_freebsd14_getgroups, 0, 0), n = sys(SYS_getgroups, 0, 0);

	yes(old >= 1 && n >= 0 && old <= n + 1);
	yes(sys(SYS_freebsd14_getgroups, 1100, list) == old && list[0] == (u32)getegid());
	yes(sys(SYS_getgroups, 1100, list) == n);
	show(sys(SYS_freebsd14_getgroups, -1, list));
}
int main(int argc, char **argv)
{
	char name[40] = "xx";

	others();
	users();
	groups();
	show(sys(SYS_getlogin, name, 1));
	show(sys(SYS_getlogin, name, 40));
	yes(strlen(name) > 0 && strlen(name) < 33);
	return 0;
}
