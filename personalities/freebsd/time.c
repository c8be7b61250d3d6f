/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Where FreeBSD words a call about time otherwise: a sleep that is over before it begins, and the clock of a process or
 * thread, which is asked of the kernel.
 */
#include <time.h>
#include "host.h"
#include "freebsd/thr.h"

sysfn fbsd_nanosleep, fbsd_clock_nanosleep, fbsd_clock_getcpuclockid2;
extern sysfn sys_nanosleep, sys_clock_nanosleep;

/* A time to sleep that is less than nothing is no mistake here; Linux says EINVAL. */
static bool is_over(struct call *c, int i)
{
	struct timespec ts;
	return arg_get(c, i, &ts) == 0 && ts.tv_sec < 0 && ts.tv_nsec >= 0 && ts.tv_nsec < 1000000000;
}
long fbsd_nanosleep(struct call *c) { return is_over(c, 0) ? 0 : sys_nanosleep(c); }
long fbsd_clock_nanosleep(struct call *c) { return is_over(c, 2) ? 0 : sys_clock_nanosleep(c); }

/* The caller's own clocks have fixed numbers. Another process's clock would need a number that the CLOCK table cannot
 * hold: it is refused as if that process could not be seen. */
long fbsd_clock_getcpuclockid2(struct call *c)
{
	enum { WHICH_PID, WHICH_TID };
	bool thread = c->arg[1] == WHICH_TID;
	long self = thread ? fbsd_tid(c->t->tid) : c->t->p->pid;
	int clock;

	if (c->arg[1] != WHICH_PID && !thread)
		return -EINVAL;
	if (c->arg[0] && c->arg[0] != self) {
		report_unknown(c->t, UNK_OPTION, "clock of another process", (uint64_t)c->arg[0]);
		return -ESRCH;
	}
	clock = (int)set_to_guest(c->t->p->pers, SET_CLOCK,
				  thread ? CLOCK_THREAD_CPUTIME_ID : CLOCK_PROCESS_CPUTIME_ID);
	return arg_put(c, 2, &clock);
}
