/* SPDX-License-Identifier: BSD-2-Clause
 *
 * TIMER: any number of them on one timerfd: a heap by time, and the timerfd set to the first. A periodic timer that
 * nobody reads goes on counting; the count is what the event says.
 */
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include "host.h"
#include "kqueue.h"

#define NOTE_UNITS (NOTE_SECONDS | NOTE_MSECONDS | NOTE_USECONDS | NOTE_NSECONDS)
#define FAR (INT64_MAX / 4)

/* --- the heap --------------------------------------------------------------------------------------------------- */
static void heap_set(struct kqueue *kq, unsigned i, struct knote *kn)
{
	kq->heap[i] = kn;
	kn->timer.heap = i + 1;
}
static void heap_up(struct kqueue *kq, unsigned i)
{
	struct knote *kn = kq->heap[i];
	for (unsigned up; i && kq->heap[up = (i - 1) / 2]->timer.next > kn->timer.next; i = up)
		heap_set(kq, i, kq->heap[up]);
	heap_set(kq, i, kn);
}
static void heap_down(struct kqueue *kq, unsigned i)
{
	struct knote *kn = kq->heap[i];
	for (unsigned c; (c = i * 2 + 1) < kq->n_heap; i = c) {
		if (c + 1 < kq->n_heap && kq->heap[c + 1]->timer.next < kq->heap[c]->timer.next)
			c++;
		if (kq->heap[c]->timer.next >= kn->timer.next)
			break;
		heap_set(kq, i, kq->heap[c]);
	}
	heap_set(kq, i, kn);
}
static void timerfd_set(struct kqueue *kq)
{
	uint64_t at = kq->n_heap ? MAX(kq->heap[0]->timer.next, 1ul) : 0;
	struct itimerspec its = { .it_value = { (time_t)(at / 1000000000u), (long)(at % 1000000000u) } };
	if (at == kq->timer_at || kq->expiring)
		return;
	if (kq->timer < 0 && kq_ours(kq, &kq->timer, host(SYS_timerfd_create, CLOCK_MONOTONIC, TFD_NONBLOCK), KQ_WORD_TIMER,
				     EPOLLIN) < 0)
		return;
	host(SYS_timerfd_settime, kq->timer, TFD_TIMER_ABSTIME, &its, NULL);
	kq->timer_at = at;
}
void timer_remove(struct knote *kn)
{
	struct kqueue *kq = kn->kq;
	if (!kn->timer.heap)
		return;
	unsigned i = kn->timer.heap - 1;
	struct knote *last = kq->heap[--kq->n_heap];
	kn->timer.heap = 0;
	if (last != kn) {
		heap_set(kq, i, last);
		heap_up(kq, i);
		heap_down(kq, last->timer.heap - 1);
	}
	timerfd_set(kq);
}
bool timer_place(struct knote *kn)
{
	struct kqueue *kq = kn->kq;
	if (!kn->timer.heap) {
		if (!kq_room(&kq->heap, kq->n_heap, &kq->room_heap))
			return false;
		heap_set(kq, kq->n_heap++, kn);
	}
	heap_up(kq, kn->timer.heap - 1);
	heap_down(kq, kn->timer.heap - 1);
	timerfd_set(kq);
	return true;
}
void timer_expired(struct kqueue *kq)
{
	uint64_t now = kq_now(CLOCK_MONOTONIC);
	kq->expiring = true;             /* ready() moves them; the timerfd is set once, at the end */
	while (kq->n_heap && kq->heap[0]->timer.next <= now) {
		struct knote *kn = kq->heap[0];
		if (kn->f->ready(kn))
			knote_activate(kn);
	}
	kq->expiring = false;
	kq->timer_at = ~0ull;
	timerfd_set(kq);
}

/* --- the filter ------------------------------------------------------------------------------------------------- */
static long to_ns(int64_t data, uint32_t unit, uint64_t *ns)
{
	uint64_t per;
	switch (unit & NOTE_UNITS) {
	case NOTE_SECONDS: per = 1000000000; break;
	case NOTE_MSECONDS: case 0: per = 1000000; break;
	case NOTE_USECONDS: per = 1000; break;
	case NOTE_NSECONDS: per = 1; break;
	default: return -EINVAL;
	}
	*ns = (uint64_t)data > FAR / per ? FAR : (uint64_t)data * per;
	return 0;
}
/* An absolute time is the wall clock's now: later steps of that clock do not move the timer, as on FreeBSD. */
static uint64_t from_wall(uint64_t at)
{
	uint64_t wall = kq_now(CLOCK_REALTIME), now = kq_now(CLOCK_MONOTONIC);
	return at > wall ? now + (at - wall) : now;
}
static long timer_begin(struct knote *kn)
{
	uint64_t ns;
	long e;
	if (kn->sdata < 0 || kn->sfflags & ~(uint32_t)(NOTE_UNITS | NOTE_ABSTIME))
		return -EINVAL;
	if (kn->sdata == 0 && !(kn->kev.flags & EV_ONESHOT))
		kn->sdata = 1;
	if ((e = to_ns(kn->sdata, kn->sfflags, &ns)) < 0)
		return e;
	kn->timer.fired = false;
	kn->timer.period = kn->sfflags & NOTE_ABSTIME || kn->kev.flags & EV_ONESHOT ? 0 : ns;
	kn->timer.next = kn->sfflags & NOTE_ABSTIME ? from_wall(ns) : kq_now(CLOCK_MONOTONIC) + ns;
	return timer_place(kn) ? 0 : -ENOMEM;
}
static long timer_attach(struct knote *kn)
{
	if (!(kn->sfflags & NOTE_ABSTIME))
		kn->kev.flags |= EV_CLEAR;
	return timer_begin(kn);
}
static bool timer_ready(struct knote *kn)
{
	uint64_t now, n = 1;
	if (kn->timer.fired || kn->timer.next > (now = kq_now(CLOCK_MONOTONIC)))
		return kn->kev.data != 0;
	if (kn->timer.period) {
		n = (now - kn->timer.next) / kn->timer.period + 1;
		kn->timer.next += n * kn->timer.period;
		timer_place(kn);
	} else {
		kn->timer.fired = true;
		timer_remove(kn);
	}
	kn->kev.data += (int64_t)n;
	return true;
}
/* Added again: what it has counted is forgotten, it begins anew. Its flags stay those of the first time. */
static void timer_touch(struct knote *kn, struct kev *kev)
{
	if (!(kev->flags & EV_ADD))
		return;
	knote_unqueue(kn);
	kn->state &= (uint8_t)~KN_ACTIVE;
	kn->kev.data = 0;
	kn->sfflags = kev->fflags;
	kn->sdata = kev->data;
	long e = timer_begin(kn);
	if (e < 0) {
		kn->kev.flags |= EV_ERROR;
		kn->kev.data = errno_to_guest(kn->kq->p->pers, (int)-e);
		timer_remove(kn);
		kn->timer.fired = true;
	}
}
static void timer_told(struct knote *kn, struct kev *out)
{
	if (kn->kev.flags & EV_CLEAR)
		kn->kev.data = kn->kev.fflags = 0;
}
const struct filter kq_filt_timer = {
	.name = "EVFILT_TIMER", .attach = timer_attach, .detach = timer_remove, .ready = timer_ready, .touch = timer_touch,
	.told = timer_told,
};
