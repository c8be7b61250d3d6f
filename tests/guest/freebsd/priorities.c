/* SPDX-License-Identifier: BSD-2-Clause
 * How a process and its threads are scheduled: rtprio, POSIX policies, nice values; what needs a right is refused without
 * it, and nothing is changed then. A host may or may not grant real time: both are told as one.
 */
#include "fbsd.h"

enum { RTP_LOOKUP, RTP_SET, REALTIME = 2, NORMAL = 3, IDLE = 4, FIFO = 10 };
enum { SCHED_FIFO = 1, SCHED_OTHER, SCHED_RR, PRIO_PROCESS = 0, PRIO_PGRP, PRIO_USER };
struct rtprio { u16 type, prio; };

static long lookup(struct rtprio *r) { return sys(SYS_rtprio, RTP_LOOKUP, 0, r); }
static void real_time(void)
{
	struct rtprio r = { 99, 99 };
	long e;

	show(lookup(&r));
	say("type %d prio %d\n", r.type, r.prio);
	r = (struct rtprio){ IDLE, 0 };
	show(sys(SYS_rtprio, RTP_SET, 0, &r));
	show(lookup(&r));
	say("type %d\n", r.type);
	r = (struct rtprio){ REALTIME, 10 };
	e = sys(SYS_rtprio, RTP_SET, getpid(), &r);
	yes(e == 0 || e == -EPERM);
	r = (struct rtprio){ 99, 99 };
	lookup(&r);
	yes(e ? r.type == IDLE : r.type == REALTIME && r.prio == 10);
	r = (struct rtprio){ NORMAL, 0 };
	e = sys(SYS_rtprio_thread, RTP_SET, 0, &r);
	yes(e == 0 || e == -EPERM);
	show(sys(SYS_rtprio_thread, RTP_LOOKUP, 0, &r));
	r = (struct rtprio){ REALTIME, 32 };
	show(sys(SYS_rtprio, RTP_SET, 0, &r));
	r = (struct rtprio){ 7, 0 };
	show(sys(SYS_rtprio, RTP_SET, 0, &r));
	show(sys(SYS_rtprio, 2, 0, &r));
	show(sys(SYS_rtprio, RTP_LOOKUP, 99999999, &r));
	show(sys(SYS_rtprio, RTP_LOOKUP, -1, &r));
	show(sys(SYS_rtprio, RTP_LOOKUP, 0, 8));
	show(sys(SYS_rtprio_thread, RTP_LOOKUP, 99, &r));
}
static void policies(void)
{
	int prio = 0;
	long e;

	show(sys(SYS_sched_setscheduler, 0, SCHED_OTHER, &prio));
	show(sys(SYS_sched_getscheduler, 0));
	show(sys(SYS_sched_setparam, 0, &prio));
	show(sys(SYS_sched_getparam, 0, &prio));
	show(prio);
	prio = sys(SYS_sched_get_priority_min, SCHED_RR);
	e = sys(SYS_sched_setscheduler, getpid(), SCHED_RR, &prio);
	yes(e >= 0 || e == -EPERM);
	yes(sys(SYS_sched_getscheduler, 0) == (e < 0 ? SCHED_OTHER : SCHED_RR));
	long bad = 0;
	for (int i = 0; i < 32 && e >= 0; i += 31) {
		struct rtprio r = { 0, 0 };
		bad += sys(SYS_sched_setparam, 0, &i) != 0;
		bad += sys(SYS_sched_getparam, 0, &prio) != 0 || prio != i;
		bad += lookup(&r) != 0 || r.type != REALTIME || r.prio != 31 - i;
	}
	show(bad);
	prio = 103;
	show(sys(SYS_sched_setscheduler, 0, SCHED_OTHER, &prio));
	prio = 168;
	show(sys(SYS_sched_setscheduler, 0, SCHED_OTHER, &prio));
	prio = 32;
	show(sys(SYS_sched_setscheduler, 0, SCHED_RR, &prio));
	prio = 0;
	sys(SYS_sched_setscheduler, 0, SCHED_OTHER, &prio);
	show(sys(SYS_sched_setscheduler, 0, 0, &prio));
	show(sys(SYS_sched_setscheduler, 0, 4, &prio));
	show(sys(SYS_sched_setscheduler, 99999999, SCHED_OTHER, &prio));
	show(sys(SYS_sched_setscheduler, 0, SCHED_OTHER, 8));
	show(sys(SYS_sched_setparam, 99999999, &prio));
	show(sys(SYS_sched_setparam, 0, 8));
	prio = 1000;
	show(sys(SYS_sched_setscheduler, 0, SCHED_FIFO, &prio));
}
static void nice(void)
{
	long was = getpriority(PRIO_PROCESS, 0);

	show(setpriority(PRIO_PROCESS, 0, was + 1));
	yes(getpriority(PRIO_PROCESS, getpid()) == was + 1);
	show(setpriority(PRIO_PROCESS, 0, 99));
	yes(getpriority(PRIO_PROCESS, 0) >= 19);
	show(setpriority(PRIO_PROCESS, 99999999, 5));
	show(setpriority(9, 0, 5));
	long kid = fork();
	if (!kid) {
		sys(SYS_setuid, 65534);
		show(setpriority(PRIO_PROCESS, 0, -20));
		quit(0);
	}
	wait_for(kid);
}
int main(int argc, char **argv)
{
	long kid = fork();               /* who is not the super-user does not come back from idle */
	if (!kid) {
		real_time();
		show(sys(SYS_sched_getscheduler, 0) == SCHED_OTHER);
		quit(0);
	}
	wait_for(kid);
	policies();
	nice();
	return 0;
}
