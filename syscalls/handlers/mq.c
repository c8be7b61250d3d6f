/* SPDX-License-Identifier: BSD-2-Clause
 *
 * POSIX message queues: the host's, whose descriptor is a descriptor of the guest. The host's call wants the name
 * without its slash, as its C library passes it.
 */
#include <fcntl.h>
#include <mqueue.h>
#include "host.h"
#include "ext.h"

sysfn sys_mq_open, sys_mq_unlink, sys_mq_setattr, sys_mq_timedsend, sys_mq_timedreceive, sys_mq_notify;

static long name_get(uaddr from, char name[256])
{
	long n = copy_str(name, from, 256);
	if (n < 0)
		return n;
	return n < 2 || *name != '/' || str_chr(name + 1, '/') ? -EINVAL : n;
}
long sys_mq_open(struct call *c)
{
	char name[256];
	struct mq_attr a;
	bool with = c->arg[1] & O_CREAT && c->arg[3];     /* else the fourth argument is whatever lay there */
	long e = name_get((uaddr)c->arg[0], name);
	if (e >= 0 && with)
		e = arg_get(c, 3, &a);
	if (e < 0)
		return e;
	return host(SYS_mq_open, name + 1, (unsigned)(c->arg[1] & (long)HOST_BITS), c->arg[2], with ? &a : NULL);
}
long sys_mq_unlink(struct call *c)
{
	char name[256];
	long e = name_get((uaddr)c->arg[0], name);
	return e < 0 ? e : host(SYS_mq_unlink, name + 1);
}
long sys_mq_setattr(struct call *c)
{
	struct mq_attr new, old;
	long e = c->arg[1] ? arg_get(c, 1, &new) : 0;
	if (!e)
		e = host(SYS_mq_getsetattr, (int)c->arg[0], c->arg[1] ? &new : NULL, &old);
	return e < 0 || !c->arg[2] ? e : arg_put(c, 2, &old);
}
static long timed(struct call *c, long nr)
{
	struct timespec ts;
	long e = c->arg[4] ? arg_get(c, 4, &ts) : 0;
	return e < 0 ? e : block(nr, (int)c->arg[0], c->arg[1], c->arg[2], c->arg[3], c->arg[4] ? &ts : NULL);
}
long sys_mq_timedsend(struct call *c) { return timed(c, SYS_mq_timedsend); }
long sys_mq_timedreceive(struct call *c) { return timed(c, SYS_mq_timedreceive); }
/* Others tell at once of what waits already; the host tells only of what comes into an empty queue. */
static long told_already(struct call *c, const struct sigevent *ev, int row)
{
	struct mq_attr now;
	if (host(SYS_mq_getsetattr, (int)c->arg[0], NULL, &now) < 0 || !now.mq_curmsgs)
		return 0;
	host(SYS_mq_notify, (int)c->arg[0], NULL);
	if (row >= 0)
		carrier_event_done(row);
	return ev->sigev_notify == SIGEV_SIGNAL ? signal_send(c->t, c->t->p->pid, 0, ev->sigev_signo, SI_MESGQ,
							      (uint64_t)ev->sigev_value.sival_ptr) : 0;
}
/* The host's kernel sends signals; a thread to be started is the C library's work on every system. */
long sys_mq_notify(struct call *c)
{
	struct sigevent ev = { 0 }, asked;
	long e = c->arg[1] ? arg_get(c, 1, &ev) : 0;
	if (e < 0)
		return e;
	asked = ev;
	if (c->arg[1] && ev.sigev_notify != SIGEV_NONE && ev.sigev_notify != SIGEV_SIGNAL)
		return -EINVAL;
	int row = c->arg[1] && ev.sigev_notify == SIGEV_SIGNAL && ev.sigev_signo > 64 ? carrier_event(c->t, &ev) : -1;
	if (row < -1)
		return row;
	e = host(SYS_mq_notify, (int)c->arg[0], c->arg[1] ? &ev : NULL);
	if (e < 0 && row >= 0)
		carrier_event_done(row);
	return e < 0 || !c->arg[1] ? e : told_already(c, &asked, row);
}
