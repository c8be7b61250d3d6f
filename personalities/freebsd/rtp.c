/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rtprio and rtprio_thread, and the POSIX calls that name the same classes with priorities the other way round: 0 (last)
 * to 31 (first). See rtp.h. The host lets a process without the right (CAP_SYS_NICE, RLIMIT_RTPRIO) choose no real-time
 * class: EPERM, as there.
 */
#include <sched.h>
#include "host.h"
#include "freebsd/freebsd.h"
#include "freebsd/lend.h"
#include "freebsd/rtp.h"
#include "freebsd/thr.h"

sysfn fbsd_rtprio, fbsd_rtprio_thread, fbsd_sched_setparam, fbsd_sched_getparam, fbsd_sched_setscheduler,
      fbsd_sched_get_priority_max, fbsd_sched_get_priority_min;

static const struct { uint16_t type; int policy; } classes[] = {
	{ RTP_PRIO_REALTIME, SCHED_RR }, { RTP_PRIO_FIFO, SCHED_FIFO }, { RTP_PRIO_NORMAL, SCHED_OTHER },
	{ RTP_PRIO_IDLE, SCHED_IDLE },
};

static long set_host(int tid, int policy, int prio)
{
	struct sched_param sp = { .sched_priority = prio };
	return host(SYS_sched_setscheduler, tid, policy, &sp);
}
long rtp_save(int tid, struct rtp_host *h)
{
	struct sched_param sp;
	long r = host(SYS_sched_getscheduler, tid);
	if (r < 0)
		return r;
	h->policy = (int)r;
	r = host(SYS_sched_getparam, tid, &sp);
	h->prio = sp.sched_priority;
	return r < 0 ? r : 0;
}
void rtp_restore(int tid, const struct rtp_host *h)
{
	set_host(tid, h->policy, h->prio);
}
static long set_by(int tid, const struct rtprio *r, long (*set)(int, int, int))
{
	bool real = r->type == RTP_PRIO_REALTIME || r->type == RTP_PRIO_FIFO;
	if (real && r->prio > RTP_PRIO_MAX)
		return -EINVAL;
	for (unsigned i = 0; i < ARRAY_LEN(classes); i++)
		if (classes[i].type == r->type)
			return set(tid, classes[i].policy, real ? RTP_PRIO_MAX - r->prio + 1 : 0);
	return -EINVAL;
}
long rtp_set(int tid, const struct rtprio *r) { return set_by(tid, r, set_host); }
/* What is lent for a time (lend.c) is not its own. */
static long own_get(int tid, struct rtp_host *h) { return lend_own(tid, h) ? 0 : rtp_save(tid, h); }
static long own_set(int tid, int policy, int prio) { return lend_changed(tid, policy, prio) ? 0 : set_host(tid, policy, prio); }

static long rtp_get(int tid, struct rtprio *r)
{
	struct rtp_host h;
	long e = own_get(tid, &h);
	r->type = RTP_PRIO_NORMAL;
	r->prio = 0;
	for (unsigned i = 0; !e && i < ARRAY_LEN(classes); i++)
		if (classes[i].policy == (h.policy & ~SCHED_RESET_ON_FORK))
			r->type = classes[i].type;
	if (h.prio)
		r->prio = h.prio > RTP_PRIO_MAX ? 0 : (uint16_t)(RTP_PRIO_MAX + 1 - h.prio);
	return e;
}
static long rtprio(struct call *c, int tid)
{
	struct rtprio r;
	long e;

	switch (c->arg[0]) {
	case RTP_LOOKUP:
		e = rtp_get(tid, &r);
		return e ? e : copy_out((uaddr)c->arg[2], &r, sizeof r);
	case RTP_SET:
		e = copy_in(&r, (uaddr)c->arg[2], sizeof r);
		return e ? e : set_by(tid, &r, own_set);
	}
	return -EINVAL;
}
/* Of another process the host sets the first thread only. */
long fbsd_rtprio(struct call *c)
{
	return c->arg[1] < 0 ? -ESRCH : rtprio(c, (int)c->arg[1]);
}
long fbsd_rtprio_thread(struct call *c)
{
	int tid = c->arg[1] ? fbsd_tid_host((int)c->arg[1]) : 0;
	return c->arg[1] && !tid ? -ESRCH : rtprio(c, tid);
}

/* --- POSIX ------------------------------------------------------------------------------------------------------- */
#define RELEASE_15 1500000
/* What time sharing has: PRI_MAX_TIMESHARE - PRI_MIN_TIMESHARE. The host has nothing for it to change. */
static int shared_max(const struct proc *p) { return fbsd_osreldate(p) < RELEASE_15 ? 103 : 167; }

/* A negative number is nobody's; the host calls it a mistake. */
static long nobody(long e, const struct call *c) { return e == -EINVAL && (int)c->arg[0] < 0 ? -ESRCH : e; }

static long set_class(struct call *c, int policy, const struct sched_param *sp)
{
	bool real = policy == SCHED_FIFO || policy == SCHED_RR;
	if (sp->sched_priority < 0 || sp->sched_priority > (real ? RTP_PRIO_MAX : shared_max(c->t->p)))
		return -EINVAL;
	return nobody(own_set((int)c->arg[0], policy, real ? sp->sched_priority + 1 : 0), c);
}
long fbsd_sched_setscheduler(struct call *c)
{
	struct sched_param sp;
	long e = arg_get(c, 2, &sp);
	return e < 0 ? e : set_class(c, (int)c->arg[1], &sp);
}
long fbsd_sched_setparam(struct call *c)
{
	struct sched_param sp;
	long e = arg_get(c, 1, &sp), policy = e < 0 ? e : host(SYS_sched_getscheduler, (int)c->arg[0]);
	return policy < 0 ? nobody(policy, c) : set_class(c, (int)policy & ~SCHED_RESET_ON_FORK, &sp);
}
long fbsd_sched_getparam(struct call *c)
{
	struct rtp_host h = { 0 };
	long e = own_get((int)c->arg[0], &h);
	struct sched_param sp = { .sched_priority = MIN(MAX(h.prio - 1, 0), RTP_PRIO_MAX) };
	return e < 0 ? nobody(e, c) : arg_put(c, 1, &sp);
}
long fbsd_sched_get_priority_max(struct call *c)
{
	return c->arg[0] == SCHED_OTHER ? shared_max(c->t->p) : RTP_PRIO_MAX;
}
long fbsd_sched_get_priority_min(struct call *c) { return 0; }
