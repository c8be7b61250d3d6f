/* SPDX-License-Identifier: BSD-2-Clause
 *
 * kevent: make the changes, then wait and tell. One host wait a call where only descriptors are waited for. Every knote
 * is told at most once in a call; what is still true afterwards goes to the end of the line (of epoll's list, or ours).
 */
#include <limits.h>
#include <sys/epoll.h>
#include <time.h>
#include "host.h"
#include "kqueue.h"
#include "snapshot.h"

#define BATCH 64

sysfn bsd_kevent;

/* --- what goes back --------------------------------------------------------------------------------------------- */
struct out {
	struct call *c;
	unsigned rec;
	uaddr at;                /* where the next event goes */
	int room;                /* events that still fit there */
	int got;
	unsigned n;              /* waiting in kev */
	uint32_t round;
	struct kev *kev;         /* BATCH of them, each written when it is counted in n */
};
static long out_flush(struct out *o)
{
	uint32_t size = o->c->t->p->pers->rec[o->rec].gsize;
	long e = 0;
	for (unsigned i = 0; i < o->n && !e; i++, o->at += size)
		e = rec_put(o->c->t, o->rec, o->at, &o->kev[i]);
	o->n = 0;
	return e;
}
static bool out_full(const struct out *o) { return !o->room || o->n == BATCH; }

static struct kev *out_next(struct out *o, struct knote *kn)
{
	struct kev *k = &o->kev[o->n++];
	*k = kn->kev;
	kn->round = o->round;
	o->room--;
	o->got++;
	return k;
}
/* An event of a polled knote. That of a level comes again by itself, at the end of epoll's list. */
static void tell_polled(struct out *o, struct knote *kn, uint32_t events)
{
	bool clear = kn->kev.flags & EV_CLEAR;

	if (kn->state & KN_DISABLED)
		poll_disarm(kn);
	if (kn->state & KN_DISABLED || (kn->round == o->round && !clear && !kn->edge))
		return;
	enum told told = kn->f->polled(kn, events);
	if (kn->state & KN_QUEUED && !(kn->kev.flags & EV_ONESHOT))
		return;                  /* it is told from there, with what it is now */
	if (told == TOLD_DROP)
		knote_drop(kn);
	if (told == TOLD_NO && !clear && !kn->edge) {
		kn->edge = true;
		poll_arm(kn);
	}
	if (told != TOLD_YES)
		return;
	out_next(o, kn);
	if (kn->kev.flags & EV_ONESHOT) {
		knote_drop(kn);
		return;
	}
	if (clear)
		kn->kev.data = kn->kev.fflags = 0;
	if (kn->kev.flags & EV_DISPATCH) {
		kn->state |= KN_DISABLED;
		if (clear || kn->edge)
			poll_disarm(kn);     /* else EPOLLONESHOT did it */
	} else if (kn->edge && !clear) {
		kn->edge = false;
		poll_arm(kn);
	}
}
static void tell_queued(struct out *o, struct knote *kn)
{
	uint16_t flags = kn->kev.flags;

	knote_unqueue(kn);
	if (kn->state & KN_DISABLED)
		return;
	if (flags & EV_ONESHOT) {
		out_next(o, kn);
		knote_drop(kn);
		return;
	}
	if (!kn->f->ready(kn)) {
		kn->state &= (uint8_t)~KN_ACTIVE;
		return;
	}
	struct kev *k = out_next(o, kn);
	if (kn->f->told)
		kn->f->told(kn, k);
	else if (flags & EV_CLEAR)
		kn->kev.data = kn->kev.fflags = 0;
	if (flags & EV_DISPATCH)
		kn->state |= KN_DISABLED;
	if (flags & (EV_CLEAR | EV_DISPATCH))
		kn->state &= (uint8_t)~KN_ACTIVE;
	else
		knote_enqueue(kn);
}
static void scan_queue(struct kqueue *kq, struct out *o)
{
	for (unsigned n = kq->queued; n && kq->head && !out_full(o); n--) {
		if (kq->head->round == o->round)
			break;           /* all that follow were told in this call already */
		tell_queued(o, kq->head);
	}
}

/* --- waiting ---------------------------------------------------------------------------------------------------- */
static void take(struct kqueue *kq, struct out *o, const struct epoll_event *ev, int n);

static void take_side(struct kqueue *kq, struct out *o)
{
	struct epoll_event ev[BATCH];
	int room = MIN(o->room, BATCH - (int)o->n);
	if (room > 0)
		take(kq, o, ev, (int)host(SYS_epoll_wait, kq->side, ev, room, 0));
}
static void take(struct kqueue *kq, struct out *o, const struct epoll_event *ev, int n)
{
	bool side = false;
	for (int i = 0; i < n; i++) {
		struct knote *kn;
		switch (ev[i].data.u64) {
		case KQ_WORD_KICK: break;
		case KQ_WORD_SIDE: side = true; break;
		case KQ_WORD_TIMER: timer_expired(kq); break;
		case KQ_WORD_INO: vnode_expired(kq); break;
		case KQ_WORD_SIG: signal_expired(kq); break;
		default:
			if (!(kn = knote_of(kq, ev[i].data.u64 & ~KN_WORD_NOTES)))
				break;
			if (ev[i].data.u64 & KN_WORD_NOTES)
				proc_noted(kn);
			else
				tell_polled(o, kn, ev[i].events);
		}
	}
	if (side)
		take_side(kq, o);
}
/* How many events to ask epoll for: all that fit, less a share for our own queue where that has some too. */
static int share(struct kqueue *kq, const struct out *o)
{
	int room = MIN(o->room, BATCH);
	if (!kq->queued)
		return room;
	if (room == 1) {
		kq->turn = !kq->turn;
		return kq->turn;
	}
	return room - MIN((int)MIN(kq->queued, (unsigned)BATCH), room / 2);
}
static long sleep_ms(struct kqueue *kq, struct epoll_event *ev, int max, const struct timespec *ts)
{
	int64_t ms = -1;
	if (ts)
		ms = MIN(ts->tv_sec * 1000 + (ts->tv_nsec + 999999) / 1000000, (int64_t)INT_MAX);
	return block(SYS_epoll_wait, kq->ep, ev, max, ms);
}
static long kq_sleep(struct kqueue *kq, struct epoll_event *ev, int max, const struct timespec *ts)
{
	static bool old_host;            /* before 5.11: milliseconds only */
	if (!old_host) {
		long r = block(SYS_epoll_pwait2, kq->ep, ev, max, ts, NULL, 0);
		if (r != -ENOSYS)
			return r;
		old_host = true;
	}
	return sleep_ms(kq, ev, max, ts);
}
/* One look, or one sleep: what has happened goes to o. Result of the host's wait. */
static long look(struct kqueue *kq, struct out *o, bool sleep, const struct timespec *ts)
{
	struct epoll_event ev[BATCH];
	long n = 0;

	int max = MIN(o->room, BATCH);
	/* Without the lock: what comes to the queue a moment later makes the sleep end, whichever moment that is. */
	if (*(volatile unsigned *)&kq->queued || *(struct knote *volatile *)&kq->files) {
		lock(&kq->lock);
		if (kq->files)
			files_check(kq);
		max = share(kq, o);
		if (kq->queued)
			sleep = false;
		unlock(&kq->lock);
	}
	if (max)
		n = sleep ? kq_sleep(kq, ev, max, ts) : host(SYS_epoll_wait, kq->ep, ev, max, 0);
	lock(&kq->lock);
	take(kq, o, ev, (int)MAX(n, 0l));
	scan_queue(kq, o);
	kq_kick(kq);
	unlock(&kq->lock);
	return n;
}
struct wait { bool sleep, forever; uint64_t until; };

static long begin_wait(struct wait *w, const struct timespec *ts)
{
	*w = (struct wait){ .sleep = true, .forever = true };
	if (!ts)
		return 0;
	if (ts->tv_sec < 0 || ts->tv_nsec < 0 || ts->tv_nsec >= 1000000000)
		return -EINVAL;
	w->forever = ts->tv_sec > INT_MAX;
	w->sleep = ts->tv_sec || ts->tv_nsec;
	if (w->sleep && !w->forever)
		w->until = kq_now(CLOCK_MONOTONIC) + (uint64_t)ts->tv_sec * 1000000000u + (uint64_t)ts->tv_nsec;
	return 0;
}
static const struct timespec *left_of(struct wait *w, struct timespec *ts)
{
	if (w->forever || !w->sleep)
		return NULL;
	uint64_t now = kq_now(CLOCK_MONOTONIC), left = w->until > now ? w->until - now : 0;
	ts->tv_sec = (time_t)(left / 1000000000u);
	ts->tv_nsec = (long)(left % 1000000000u);
	w->sleep = left != 0;
	return ts;
}
/* A signal came: events that are there go first, as they do where the sleep ends for two reasons at once. */
static long interrupted(struct call *c, struct kqueue *kq, struct out *o, long r, bool changed)
{
	look(kq, o, false, NULL);
	if (o->got)
		return out_flush(o);
	if (r == SYS_RESTART)
		return changed ? -EINTR : SYS_RESTART;
	return c->t->attn || c->t->poked ? -EINTR : 0;       /* 0: a signal that the guest does not see */
}
static long wait_in(struct call *c, struct kqueue *kq, struct out *o, const struct timespec *timeout, bool changed)
{
	struct timespec left = timeout ? *timeout : (struct timespec){ 0 };
	const struct timespec *ts = timeout;
	struct wait w;
	long r, e = begin_wait(&w, timeout);
	if (e)
		return e;
	if (w.forever)
		ts = NULL;
	struct timespec end = { w.forever ? SLEEP_FOREVER : (time_t)(w.until / 1000000000u), w.forever ? 0 : (long)(w.until % 1000000000u) };
	sleep_ends(c->t, w.sleep ? &end : NULL);
	for (;;) {
		int before = o->got;
		bool slept = w.sleep && !before;
		r = look(kq, o, slept, ts);
		bool full = o->n == BATCH;
		if (o->n && (e = out_flush(o)))
			return e;
		if (r == SYS_RESTART || r == -EINTR) {
			if (!o->got && (e = interrupted(c, kq, o, r, changed)))
				return e;
		} else if (r < 0) {
			return r;
		}
		if (o->got && (!o->room || !full || o->got == before))
			return o->got;
		if (!o->got && (!w.sleep || (slept && r == 0 && !w.forever)))
			return 0;
		if (!o->got)
			ts = left_of(&w, &left);
	}
}

static long kq_wait(struct call *c, struct kqueue *kq, struct out *o, const struct timespec *timeout, bool changed)
{
	long r = wait_in(c, kq, o, timeout, changed);
	sleep_ends(c->t, NULL);
	return r;
}

/* --- kevent(kq, changelist, nchanges, eventlist, nevents, timeout) ---------------------------------------------- */
static long changes(struct call *c, struct kqueue *kq, struct out *o)
{
	unsigned rec = c->row->arg[1].what;
	uint32_t size = c->t->p->pers->rec[rec].gsize;
	uaddr at = (uaddr)c->arg[1];
	struct kev kev;
	long e;

	for (int n = (int)c->arg[2]; n > 0; n--, at += size) {
		if ((e = rec_get(c->t, rec, at, &kev)))
			return e;
		if (!kev.filter)
			continue;
		kev.flags &= (uint16_t)~EV_SYSFLAGS;
		e = kq_register(c, kq, &kev);
		if (!e && !(kev.flags & EV_RECEIPT))
			continue;
		if (!o->room)
			return e ? e : 1;        /* FreeBSD leaves off at a receipt that has no room */
		kev.flags = EV_ERROR;
		kev.data = e ? errno_to_guest(c->t->p->pers, (int)-e) : 0;
		if (rec_put(c->t, o->rec, o->at, &kev) == 0)
			o->at += c->t->p->pers->rec[o->rec].gsize;
		o->room--;
		o->got++;
	}
	return 0;
}
long bsd_kevent(struct call *c)
{
	struct kev kev[BATCH];
	struct out o = { .c = c, .rec = c->row->arg[3].what, .at = (uaddr)c->arg[3], .room = (int)c->arg[4], .kev = kev };
	struct timespec ts, *timeout = NULL;
	struct kqueue *kq;
	bool again = sleep_resumed(c->t, &ts);   /* restored in its sleep: the changes were made then */
	long e;

	if (again) {
		timeout = &ts;
	} else if (c->arg[5]) {
		if ((e = arg_get(c, 5, &ts)))
			return e;
		timeout = &ts;
	}
	if (!(kq = kq_enter(c->t->p, c->arg[0], &o.round)))
		return -EBADF;
	e = (int)c->arg[2] < 0 ? -EINVAL : again ? 0 : changes(c, kq, &o);
	if (e > 0)
		e = 0;
	else if (!e && o.got)
		e = o.got;
	else if (!e && o.room < 0)
		e = -EINVAL;
	else if (!e && o.room > 0)
		e = kq_wait(c, kq, &o, timeout, c->arg[2] > 0);
	kq_leave(kq);
	return e;
}
