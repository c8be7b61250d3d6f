/* SPDX-License-Identifier: BSD-2-Clause
 * Scheduling and locked memory: FreeBSD's policy numbers, bounds of priorities, and what every process may do. */
#include "fbsd.h"

enum { SCHED_FIFO = 1, SCHED_OTHER, SCHED_RR };

int main(int argc, char **argv)
{
	struct timespec ts = { -1, -1 };
	int prio = -1;
	char *p = pages(8192);

	show(sys(SYS_sched_getscheduler, 0));
	show(sys(SYS_sched_get_priority_min, SCHED_FIFO));
	show(sys(SYS_sched_get_priority_max, SCHED_FIFO));
	show(sys(SYS_sched_get_priority_min, SCHED_RR));
	show(sys(SYS_sched_get_priority_max, SCHED_RR));
	yes(sys(SYS_sched_get_priority_max, SCHED_OTHER) >= 103);        /* 167 since 15 */
	show(sys(SYS_sched_get_priority_min, SCHED_OTHER));
	show(sys(SYS_sched_get_priority_max, 9));
	show(sys(SYS_sched_getparam, 0, &prio));
	yes(prio >= 0);
	show(sys(SYS_sched_getparam, 0, 8));
	show(sys(SYS_sched_getparam, 99999999, &prio));
	show(sys(SYS_sched_rr_get_interval, 0, &ts));
	yes(ts.sec >= 0 && ts.nsec >= 0);
	show(sched_yield());
	show(sys(SYS_yield));
	yes(sys(SYS_sched_getcpu) >= 0);
	show(mlock(p, 4096));
	show(sys(SYS_munlock, p, 4096));
	show(sys(SYS_munlockall));
	return 0;
}
