/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Waiting for children. All forms are Linux's waitid, which takes every flag the others have; the status word is made
 * from what it tells. Children whose end is not told by SIGCHLD (process descriptors) are found only by their number,
 * as where they come from.
 */
#include <sys/wait.h>
#include <sys/resource.h>
#include "host.h"
#include "ext.h"
#include "wait.h"
#include "pending.h"
#include "debug/tracing.h"

sysfn sys_wait4;

#define HOST_WALL 0x40000000
#define HOST_FLAGS (WNOHANG | WSTOPPED | WEXITED | WCONTINUED | WNOWAIT)

int wait_status(const siginfo_t *si)
{
	switch (si->si_code) {
	case CLD_EXITED: return (si->si_status & 0xff) << 8;
	case CLD_KILLED: return si->si_status & 0x7f;
	case CLD_DUMPED: return (si->si_status & 0x7f) | 0x80;
	case CLD_CONTINUED: return 0xffff;
	}
	return (si->si_status & 0xff) << 8 | 0x7f;
}
long wait_for(int idtype, long id, long flags, siginfo_t *si, struct rusage *ru)
{
	struct thread *t = thread_self();
	long e;
	memset(si, 0, sizeof *si);
	t->tr.news = false;
	t->tr.waits = true;
	if (tracer_busy(t->p)) {
		e = tracer_wait(t, idtype, id, flags, si, ru, flags & (long)X_WTRAPPED);
	} else {
		e = block(SYS_waitid, idtype, (int)id, si, (flags & HOST_FLAGS) | (idtype == P_PID ? HOST_WALL : 0), ru);
		e = e < 0 ? e : si->si_pid;
	}
	t->tr.waits = false;
	/* what ended the sleep is news for tracers, no signal: it is made again */
	return e == -EINTR && t->tr.news && !t->pend.sig && !(pending_for(t) & ~t->sigmask) ? SYS_RESTART : e;
}
static int idtype_of(long pid) { return pid > 0 ? P_PID : pid == -1 ? P_ALL : P_PGID; }

long sys_wait4(struct call *c)
{
	siginfo_t si;
	struct rusage ru;
	long pid = c->arg[0], e = 0;
	long r = wait_for(idtype_of(pid), pid < 0 ? -pid : pid, c->arg[2] | WEXITED | (long)X_WTRAPPED, &si, c->arg[3] ? &ru : NULL);
	int status = wait_status(&si);
	if (r > 0 && c->arg[1])
		e = arg_put(c, 1, &status);
	if (r > 0 && !e && c->arg[3])
		e = arg_put(c, 3, &ru);
	return e < 0 ? e : r;
}
/* POSIX's: idtype, id, info, options. 0, or -errno. */
