/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Sending signals to processes. The host sends those it has a number for: to one process, a group, or all that we may
 * signal (never ourselves, on both systems). A signal without a host number can only be sent to oneself.
 */
#include <string.h>
#include "host.h"

sysfn sys_kill, sys_sigqueue;

/* The calling thread takes it, now or when it unblocks it. */
static long to_self(struct thread *t, long pid, int sig, int code, uint64_t value)
{
	siginfo_t si;
	if (pid != t->p->pid) {
		report_unknown(t, UNK_OPTION, "signal to another process", (uint64_t)sig);
		return -EPERM;
	}
	memset(&si, 0, sizeof si);
	si.si_signo = sig;
	si.si_code = code;
	si.si_pid = t->p->pid;
	si.si_uid = (uid_t)host(SYS_getuid);
	si.si_value.sival_ptr = (void *)value;
	return signal_queue(t, &si);
}
long sys_kill(struct call *c)
{
	int sig = (int)c->arg[1];
	return sig > 64 ? to_self(c->t, c->arg[0], sig, SI_USER, 0) : host(SYS_kill, (int)c->arg[0], sig);
}
long sys_sigqueue(struct call *c)
{
	int sig = (int)c->arg[1];
	siginfo_t si;
	if (sig > 64)
		return to_self(c->t, c->arg[0], sig, SI_QUEUE, (uint64_t)c->arg[2]);
	memset(&si, 0, sizeof si);
	si.si_signo = sig;
	si.si_code = SI_QUEUE;
	si.si_pid = c->t->p->pid;
	si.si_uid = (uid_t)host(SYS_getuid);
	si.si_value.sival_ptr = (void *)c->arg[2];
	return host(SYS_rt_sigqueueinfo, (int)c->arg[0], sig, &si);
}
