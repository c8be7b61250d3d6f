/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Kqueues in a snapshot: each knote as the change that made it, with what it has seen since. A copy makes the kqueues
 * first (they may watch each other), then the knotes. What a descriptor has to tell epoll finds out again; so an edge
 * (EV_CLEAR) may be told once more. Knotes about other processes and about asynchronous I/O cannot be saved.
 */
#include <time.h>
#include "host.h"
#include "kqueue.h"
#include "snapshot.h"

#define MAY_ASK (EV_ONESHOT | EV_CLEAR | EV_RECEIPT | EV_DISPATCH | EV_FLAG1)
_Static_assert(sizeof(struct kev) == sizeof ((struct snap_knote *)NULL)->kev, "snapshot.h");

static bool savable(int filter)
{
	switch (filter) {
	case EVFILT_READ: case EVFILT_WRITE: case EVFILT_EMPTY: case EVFILT_TIMER: case EVFILT_USER: case EVFILT_SIGNAL:
	case EVFILT_VNODE:
		return true;
	}
	return false;
}
static bool put_knote(int fd, struct knote *kn)
{
	struct snap_knote *r = snapshot_room(SNAP_KNOTE, sizeof *r);
	if (!r)
		return false;
	/* sent, and not yet looked at */
	bool active = kn->state & KN_ACTIVE || (kn->kev.filter == EVFILT_SIGNAL && kn->f->ready(kn));
	r->fd = fd;
	r->state = (kn->state & KN_DISABLED) | (active ? KN_ACTIVE : 0);
	memcpy(r->kev, &kn->kev, sizeof r->kev);
	r->sfflags = kn->sfflags;
	r->sdata = kn->sdata;
	if (kn->kev.filter == EVFILT_TIMER) {
		r->fired = kn->timer.fired;
		r->period = kn->timer.period;
		r->left = (int64_t)(kn->timer.next - kq_now(CLOCK_MONOTONIC));
	} else if (kn->kev.filter == EVFILT_USER) {
		r->fired = kn->user.triggered;
	}
	return true;
}
/* Everybody has stopped. Of several descriptors of one kqueue the first brings it. */
const char *kq_saved(struct proc *p, int fd, struct fdobj *o, uint64_t *word)
{
	struct kqueue *kq = (struct kqueue *)o;
	for (int before = 0; before < fd; before++)
		if (fd_get(p, before, &kqueue_ops) == o)
			return NULL;
	for (unsigned i = 0; i < kq->n_hash; i++)
		for (struct knote *kn = kq->hash[i]; kn; kn = kn->chain) {
			if (!savable(kn->kev.filter))
				return "is a kqueue that watches another process or asynchronous input and output";
			if (!put_knote(fd, kn))
				return "is a kqueue with too much in it";
		}
	return NULL;
}
/* --- and back ----------------------------------------------------------------------------------------------------------- */
static long timer_back(struct knote *kn, const struct snap_knote *r)
{
	uint64_t now = kq_now(CLOCK_MONOTONIC);
	kn->timer.fired = r->fired;
	kn->timer.period = r->period;
	kn->timer.next = r->left < 0 && now < (uint64_t)-r->left ? 0 : now + (uint64_t)r->left;
	if (r->fired)
		timer_remove(kn);
	else if (!timer_place(kn))
		return -ENOMEM;
	return 0;
}
static long seen_back(struct kqueue *kq, const struct snap_knote *r, const struct kev *had)
{
	struct knote *kn = knote_find(kq, had->ident, had->filter);
	long e = 0;
	if (!kn)
		return 0;                /* it was told and gone at once */
	kn->kev.flags = had->flags;
	kn->sfflags = r->sfflags;
	kn->sdata = r->sdata;
	if (had->filter == EVFILT_TIMER)
		e = timer_back(kn, r);
	else if (had->filter == EVFILT_USER)
		kn->user.triggered = r->fired;
	if (kn->f->polled && !kn->queued_kind)
		return e;
	kn->kev.fflags = had->fflags;
	kn->kev.data = had->data;
	if (!e && r->state & KN_ACTIVE) {
		kn->state |= KN_ACTIVE;
		knote_activate(kn);
	}
	return e;
}
long bsd_knote_restored(struct thread *t, const struct snap_knote *r)
{
	struct call c = { .t = t };
	struct kqueue *kq = kq_enter(t->p, r->fd, NULL);
	struct kev had, change;
	long e;

	if (!kq)
		return -EBADF;
	memcpy(&had, r->kev, sizeof had);
	change = had;
	change.flags = (had.flags & MAY_ASK) | EV_ADD | (r->state & KN_DISABLED ? EV_DISABLE : 0);
	change.fflags = had.filter == EVFILT_USER ? r->sfflags & NOTE_FFLAGSMASK : r->sfflags;
	change.data = r->sdata;
	e = savable(had.filter) ? kq_register(&c, kq, &change) : -EINVAL;
	lock(&kq->lock);
	if (!e)
		e = seen_back(kq, r, &had);
	kq_kick(kq);
	unlock(&kq->lock);
	kq_leave(kq);
	return e;
}
