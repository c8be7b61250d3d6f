/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Where FreeBSD words a call about time otherwise: a sleep that is over before it begins, and the clock of a process or
 * thread, which is asked of the kernel.
 */
#include "host.h"
#include "freebsd/freebsd.h"
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

/* --- the clocks of processes and threads: a bit, and the number of whose it is -------------------------------------------- */
#define CPUCLOCK 0x80000000u
#define CPUCLOCK_PROCESS 0x40000000u
#define HOST_CLOCK(id, thread) ((uint32_t)(~(unsigned)(id) << 3 | ((thread) ? 4 : 0) | 2))       /* what it ran, user and system */

long fbsd_value(unsigned set, uint64_t guest, uint64_t *h)
{
	int id = (int)(guest & ~(CPUCLOCK | CPUCLOCK_PROCESS)), tid = fbsd_tid_host(id);
	bool process = guest & CPUCLOCK_PROCESS;

	if (set != SET_CLOCK || !(guest & CPUCLOCK) || guest >> 32 || !(process ? id : tid))
		return -EINVAL;
	*h = process ? HOST_CLOCK(id, false) : HOST_CLOCK(tid, true);
	return 0;
}
/* A process must be there; whether a thread is one of ours is found when its clock is asked. */
long fbsd_clock_getcpuclockid2(struct call *c)
{
	enum { WHICH_PID, WHICH_TID };
	unsigned clock;
	long id = c->arg[0];

	if (c->arg[1] == WHICH_PID) {
		id = id ? id : c->t->p->pid;
		if (id != (int)id || id < 0 || host(SYS_kill, id, 0) == -ESRCH)
			return -ESRCH;
		clock = CPUCLOCK | CPUCLOCK_PROCESS | (unsigned)id;
	} else if (c->arg[1] == WHICH_TID) {
		clock = CPUCLOCK | (unsigned)(id ? id : fbsd_tid(c->t->tid));
	} else {
		return -EINVAL;
	}
	return arg_put(c, 2, &clock);
}
