/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Sending signals to processes. The host sends those it has a number for: to one process, a group, or all that we may
 * signal (never ourselves, on both systems). Those without a host number reach guise processes only (carrier.c). A process
 * from which others are hidden (a jail's) reaches many one by one: those that it sees.
 */
#include "host.h"
#include "procfs.h"

sysfn sys_kill, sys_sigqueue;

struct many { struct call *c; int code; uint64_t value; long err; bool any; };

static long one(void *arg, unsigned pid)
{
	struct many *m = arg;
	struct thread *t = m->c->t;
	long group = m->c->arg[0] == -1 ? -1 : m->c->arg[0] ? -m->c->arg[0] : host(SYS_getpgid, 0);
	bool meant = group == -1 ? pid != (unsigned)t->p->pid : host(SYS_getpgid, pid) == group;

	if (!meant || t->p->pers->hidden(t, pid))
		return 0;
	long e = signal_send(t, (int)pid, 0, (int)m->c->arg[1], m->code, m->value);
	m->any |= !e;
	m->err = e ? e : m->err;
	return 0;
}
static long send_all(struct call *c, int code, uint64_t value)
{
	const struct personality *p = c->t->p->pers;
	struct many m = { c, code, value, -ESRCH, false };
	if (c->arg[0] > 0 || !p->hidden || !p->hidden(c->t, 0))
		return signal_send(c->t, (int)c->arg[0], 0, (int)c->arg[1], code, value);
	procfs_each("/proc", one, &m);
	return m.any ? 0 : m.err;
}
long sys_kill(struct call *c) { return send_all(c, SI_USER, 0); }
long sys_sigqueue(struct call *c) { return send_all(c, SI_QUEUE, (uint64_t)c->arg[2]); }
