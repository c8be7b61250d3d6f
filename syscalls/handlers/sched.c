/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Those of the POSIX scheduling calls that know of no priority: its range is each system's own. Policies are the host's
 * by the SCHED table.
 */
#include <sched.h>
#include "host.h"

sysfn sys_sched_yield, sys_sched_getscheduler, sys_sched_rr_get_interval, sys_sched_getcpu;

long sys_sched_yield(struct call *c) { return host_last(SYS_sched_yield); }

/* A negative number is nobody's; the host calls it a mistake. */
static long nobody(long e, const struct call *c) { return e == -EINVAL && (int)c->arg[0] < 0 ? -ESRCH : e; }

long sys_sched_getscheduler(struct call *c)
{
	long r = host(SYS_sched_getscheduler, (int)c->arg[0]);
	if (r < 0)
		return nobody(r, c);
	r &= 0xff;
	/* the host's idle and batch policies are classes of time sharing to everybody else */
	if (r != SCHED_FIFO && r != SCHED_RR)
		r = SCHED_OTHER;
	return (long)set_to_guest(c->t->p->pers, SET_SCHED, (uint64_t)r);
}
long sys_sched_rr_get_interval(struct call *c)
{
	struct timespec ts;
	long e = host(SYS_sched_rr_get_interval, (int)c->arg[0], &ts);
	return e < 0 ? nobody(e, c) : arg_put(c, 1, &ts);
}
long sys_sched_getcpu(struct call *c)
{
	unsigned cpu;
	long e = host(SYS_getcpu, &cpu, NULL, NULL);
	return e < 0 ? e : (long)cpu;
}
