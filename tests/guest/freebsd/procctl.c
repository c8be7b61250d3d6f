/* SPDX-License-Identifier: BSD-2-Clause
 * procctl: the switches of a process, what they are at first, what they become, and which values are none.
 * TEST without: seccomp/user ptrace/user, who gets a filter only by promising to gain no privileges
 */
#include "fbsd.h"

enum {
	TRACE_CTL = 7, TRACE_STATUS, TRAPCAP_CTL, TRAPCAP_STATUS, PDEATHSIG_CTL, PDEATHSIG_STATUS, ASLR_CTL, ASLR_STATUS,
	PROTMAX_CTL, PROTMAX_STATUS, STACKGAP_CTL, STACKGAP_STATUS, NO_NEW_PRIVS_CTL, NO_NEW_PRIVS_STATUS, WXMAP_CTL,
	WXMAP_STATUS, LOGSIGEXIT_CTL, LOGSIGEXIT_STATUS,
};

static u32 ask(int status)
{
	u32 v = 99;
	long e = procctl(P_PID, 0, status, &v);
	if (e)
		say("status %d: %e\n", status, e);
	return v;
}
static void set(int ctl, int v)
{
	long e = procctl(P_PID, 0, ctl, &v);
	say("  %d <- %d: %e, is %x\n", ctl, v, e, ask(ctl + 1));
}
static void walk(const char *name, int ctl, int from, int to)
{
	say("%s %x\n", name, ask(ctl + 1));
	for (int v = from; v <= to; v++)
		set(ctl, v);
}
int main(int argc, char **argv)
{
	u32 v = SIGUSR1;
	long kid;

	walk("trapcap", TRAPCAP_CTL, 0, 3);
	walk("aslr", ASLR_CTL, 0, 4);
	walk("protmax", PROTMAX_CTL, 0, 4);
	walk("stackgap", STACKGAP_CTL, 3, 4);
	set(STACKGAP_CTL, 8);
	set(STACKGAP_CTL, 12);
	set(STACKGAP_CTL, 16);
	set(STACKGAP_CTL, 0);
	set(STACKGAP_CTL, 2);
	set(STACKGAP_CTL, 1);                        /* what is off now stays off */
	set(STACKGAP_CTL, 4);
	walk("wxmap", WXMAP_CTL, 0, 3);
	walk("logsigexit", LOGSIGEXIT_CTL, 0, 4);
	walk("no new privileges", NO_NEW_PRIVS_CTL, 0, 2);
	set(TRACE_CTL, 2);
	set(TRACE_CTL, 3);
	set(TRACE_CTL, 1);
	show(procctl(P_PID, 0, PDEATHSIG_CTL, &v));
	show(procctl(P_PID, 1, PDEATHSIG_CTL, &v));
	show(ask(PDEATHSIG_STATUS));
	v = 0;
	show(procctl(P_PID, getpid(), PDEATHSIG_CTL, &v));
	show(ask(PDEATHSIG_STATUS));
	v = 200;
	show(procctl(P_PID, 0, PDEATHSIG_CTL, &v));
	show(procctl(P_PID, 0, TRAPCAP_STATUS, 8));
	show(procctl(P_PID, 0, PROTMAX_CTL, 8));
	show(procctl(7, 0, TRAPCAP_STATUS, &v));
	show(procctl(P_PID, 99999999, TRAPCAP_STATUS, &v));
	/* a child keeps them */
	if (!(kid = fork())) {
		say("%x %x %x\n", ask(LOGSIGEXIT_STATUS), ask(NO_NEW_PRIVS_STATUS), ask(PDEATHSIG_STATUS));
		quit(0);
	}
	wait_for(kid);
	return 0;
}
