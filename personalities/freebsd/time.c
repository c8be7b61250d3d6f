/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Where FreeBSD words a call about time otherwise: the clock of a process or thread is asked of the kernel.
 */
#include <time.h>
#include "host.h"

sysfn fbsd_clock_getcpuclockid2;

/* The caller's own clocks have fixed numbers. Another process's clock would need a number that the CLOCK table cannot
 * hold: it is refused as if that process could not be seen. */
long fbsd_clock_getcpuclockid2(struct call *c)
{
	enum { WHICH_PID, WHICH_TID };
	bool thread = c->arg[1] == WHICH_TID;
	long self = thread ? c->t->tid : c->t->p->pid;
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
