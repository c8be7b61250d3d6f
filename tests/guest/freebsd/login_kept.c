/* SPDX-License-Identifier: BSD-2-Clause
 * The login name and class that the super-user has set: children have them, exec keeps them, the process table shows the class.
 * TEST needs: root
 */
#include "fbsd.h"

static struct { char b[1088]; } k;
static void tell(const char *who, long pid)
{
	char name[40] = { 0 }, class[40] = { 0 };
	u64 len = sizeof(k);
	long e = sysctl(((int[]){ 1, 14, 1, (int)pid }), 4, &k, &len, 0, 0);
	say("%s: %e %s, ", who, sys(SYS_getlogin, name, 40), name);
	say("%e %s, table %e %s\n", sys(SYS_getloginclass, class, 40), class, e, k.b + 484);
}
/* The name is the session's: one sets it, its leader and all others have it; another session keeps its own. */
static void session(void)
{
	long p, q;

	if (!(p = fork())) {
		setsid();
		if (!(q = fork())) {
			show(sys(SYS_setlogin, "another"));
			quit(0);
		}
		wait_for(q);
		tell("leader", getpid());
		if (!fork()) {
			tell("sibling", getpid());
			quit(0);
		}
		wait4(-1, 0, 0, 0);
		if (!fork()) {
			setsid();
			show(sys(SYS_setlogin, "third"));
			quit(0);
		}
		wait4(-1, 0, 0, 0);
		tell("leader", getpid());
		quit(0);
	}
	wait_for(p);
	tell("the first session", getpid());
}
int main(int argc, char **argv)
{
	char *av[] = { argv[0], "again", 0 };
	long p;

	if (argc > 1) {
		tell("after exec", getpid());
		return 0;
	}
	show(sys(SYS_setloginclass, "staff"));
	setsid();
	show(sys(SYS_setlogin, "keeper"));
	session();
	if (!(p = fork())) {
		tell("child", getpid());
		sleep_ms(10000);
	}
	sleep_ms(100);
	tell("parent, of its child", p);
	kill(p, SIGKILL);
	wait_for(p);
	return (int)execve(argv[0], av, env);
}
