/* SPDX-License-Identifier: BSD-2-Clause
 *
 * rtprio and rtprio_thread. See rtp.h. The host lets a process without the right (CAP_SYS_NICE, RLIMIT_RTPRIO) choose
 * no real-time class: EPERM, as there.
 */
#include <sched.h>
#include "host.h"
#include "personalities/freebsd/rtp.h"
#include "personalities/freebsd/thr.h"

sysfn fbsd_rtprio, fbsd_rtprio_thread;

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
long rtp_set(int tid, const struct rtprio *r)
{
	bool real = r->type == RTP_PRIO_REALTIME || r->type == RTP_PRIO_FIFO;
	if (real && r->prio > RTP_PRIO_MAX)
		return -EINVAL;
	for (unsigned i = 0; i < ARRAY_LEN(classes); i++)
		if (classes[i].type == r->type)
			return set_host(tid, classes[i].policy, real ? RTP_PRIO_MAX - r->prio + 1 : 0);
	return -EINVAL;
}
static long rtp_get(int tid, struct rtprio *r)
{
	struct rtp_host h;
	long e = rtp_save(tid, &h);
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
		return e ? e : rtp_set(tid, &r);
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
