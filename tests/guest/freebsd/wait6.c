/* SPDX-License-Identifier: BSD-2-Clause
 * Every way to wait: by pid, by group, for any; stops and continues; without taking; what a child used. */
#include "fbsd.h"

struct wrusage { struct rusage self, children; };

static long child(int how)
{
	long pid = fork();
	if (pid)
		return pid;
	if (how < 0) {
		kill(getpid(), -how);
		sleep_ms(200);           /* the end must not overtake the news that it goes on */
	}
	quit(how < 0 ? 42 : how);
}
static void tell(const char *what, long r, long pid, int status, const siginfo_t *si)
{
	say("%s: %s status %x: signo %d code %d status %d pid %s\n", what, r == pid ? "right" : r < 0 ? errname(-r) : "0", status,
	    si->signo, si->code, si->status, si->pid == pid ? "right" : si->pid ? "other" : "0");
}
int main(int argc, char **argv)
{
	siginfo_t si;
	struct wrusage ru;
	int status = 0;
	long pid, r;

	pid = child(3);
	r = wait6(P_PID, pid, &status, WEXITED | WNOWAIT, 0, &si);
	tell("kept", r, pid, status, &si);
	memset(&ru, 255, sizeof(ru));
	r = wait6(P_ALL, 0, &status, WEXITED | WTRAPPED, &ru, &si);
	tell("any", r, pid, status, &si);
	yes(ru.self.maxrss > 0 && ru.self.utime.sec == 0 && ru.children.maxrss == 0);
	pid = child(-SIGTERM);
	r = wait6(P_PGID, getpgrp(), &status, WEXITED, 0, &si);
	tell("killed", r, pid, status, &si);
	pid = child(-SIGSTOP);
	r = wait6(P_PID, pid, &status, WUNTRACED, 0, &si);
	tell("stopped", r, pid, status, &si);
	kill(pid, SIGCONT);
	r = wait6(P_PID, pid, &status, WCONTINUED | WEXITED, 0, &si);
	tell("continued", r, pid, status, &si);
	r = wait6(P_PID, pid, &status, WEXITED, 0, &si);
	tell("ended", r, pid, status, &si);

	pid = fork();
	if (!pid) {
		sleep_ms(200);
		quit(0);
	}
	status = 77;
	memset(&si, 255, sizeof(si));
	r = wait6(P_ALL, 0, &status, WEXITED | WNOHANG, 0, &si);
	tell("not yet", r, pid, status, &si);
	show(wait4(-1, &status, WNOHANG, 0));
	show(status);
	yes(wait4(0, &status, WNOWAIT, 0) == pid);
	yes(wait4(-getpgrp(), &status, 0, 0) == pid);
	show(wait4(-1, &status, 0, 0));
	show(wait4(pid, &status, 0, 0));
	show(wait6(P_ALL, 0, &status, 0, 0, 0));
	show(wait6(P_ALL, 0, &status, WNOHANG, 0, 0));
	show(wait6(1, 0, &status, WEXITED, 0, 0));
	pid = child(5);
	show(wait4(pid, 8, 0, 0));
	return 0;
}
