/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The POSIX scheduling calls. Policies are the host's by the SCHED table; priorities are the host's own range (1..99
 * for the real-time policies), which is what sched_get_priority_min and _max tell.
 */
#include <sched.h>
#include <time.h>
#include "host.h"

sysfn sys_sched_yield, sys_sched_setparam, sys_sched_getparam, sys_sched_setscheduler, sys_sched_getscheduler,
	sys_sched_get_priority_max, sys_sched_get_priority_min, sys_sched_rr_get_interval, sys_sched_getcpu;

long sys_sched_yield(struct call *c) { return host_last(SYS_sched_yield); }

/* A negative number is nobody's; the host calls it a mistake. */
static long nobody(long e, const struct call *c) { return e == -EINVAL && (int)c->arg[0] < 0 ? -ESRCH : e; }

long sys_sched_setparam(struct call *c)
{
	struct sched_param sp;
	long e = arg_get(c, 1, &sp);
	return nobody(e < 0 ? e : host(SYS_sched_setparam, (int)c->arg[0], &sp), c);
}
long sys_sched_getparam(struct call *c)
{
	struct sched_param sp;
	long e = host(SYS_sched_getparam, (int)c->arg[0], &sp);
	return e < 0 ? nobody(e, c) : arg_put(c, 1, &sp);
}
/* Linux gives ordinary processes no priority but 0; elsewhere they have a range, which changes nothing here. */
long sys_sched_setscheduler(struct call *c)
{
	struct sched_param sp;
	long e = arg_get(c, 2, &sp);
	if (c->arg[1] == SCHED_OTHER)
		sp.sched_priority = 0;
	return nobody(e < 0 ? e : host(SYS_sched_setscheduler, (int)c->arg[0], (int)c->arg[1], &sp), c);
}
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
long sys_sched_get_priority_max(struct call *c) { return host(SYS_sched_get_priority_max, (int)c->arg[0]); }
long sys_sched_get_priority_min(struct call *c) { return host(SYS_sched_get_priority_min, (int)c->arg[0]); }

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
