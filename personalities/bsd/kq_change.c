/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One change of kevent's list: find the knote, or make it, or end it, and bring its registration in line. The order and
 * the oddities are FreeBSD's: flags are taken when a knote is added and never again, an EV_DISABLE with EV_ENABLE is
 * refused, a missing descriptor is EBADF before a missing knote is ENOENT.
 */
#include <fcntl.h>
#include <limits.h>
#include "host.h"
#include "confine.h"
#include "kqueue.h"

static bool is_polled(const struct knote *kn) { return kn->f->polled && !kn->queued_kind; }

/* After any change: let epoll or the queue know what this knote is now. */
static long settle(struct knote *kn)
{
	long e = 0;
	bool off = kn->state & KN_DISABLED;
	if (is_polled(kn)) {
		if (off)
			poll_disarm(kn);
		else
			e = poll_arm(kn);
	} else if (!off && kn->f->ready(kn)) {
		kn->state |= KN_ACTIVE;
	}
	if (kn->state & KN_ACTIVE)
		knote_activate(kn);
	return e;
}
static long change_add(struct kqueue *kq, const struct filter *f, struct kev *kev)
{
	struct knote *kn = knote_new(kq);
	long e;
	if (!kn)
		return -ENOMEM;
	kn->f = f;
	kn->sfflags = kev->fflags;
	kn->sdata = kev->data;
	kev->fflags = 0;
	kev->data = 0;
	kn->kev = *kev;
	kn->kev.flags &= (uint16_t)~(EV_ADD | EV_DELETE | EV_ENABLE | EV_DISABLE | EV_FORCEONESHOT);
	kn->state = kev->flags & EV_DISABLE ? KN_DISABLED : 0;
	if (f->isfd)
		kn->fd = (int)kev->ident;
	if ((e = f->attach(kn)) < 0) {
		knote_free(kn);
		return e;
	}
	if (!knote_insert(kn)) {
		f->detach(kn);
		knote_free(kn);
		return -ENOMEM;
	}
	if ((e = settle(kn)) < 0)
		knote_drop(kn);
	return e;
}
static long change_old(struct knote *kn, struct kev *kev)
{
	if (kev->flags & EV_DELETE) {
		knote_drop(kn);
		return 0;
	}
	if (kev->flags & EV_FORCEONESHOT) {
		kn->kev.flags |= EV_ONESHOT;
		knote_activate(kn);
	}
	if (kev->flags & EV_ENABLE)
		kn->state &= (uint8_t)~KN_DISABLED;
	else if (kev->flags & EV_DISABLE)
		kn->state |= KN_DISABLED;
	if (!(kev->flags & EV_KEEPUDATA))
		kn->kev.udata = kev->udata;
	if (kn->f->touch) {
		kn->f->touch(kn, kev);
	} else {
		kn->sfflags = kev->fflags;
		kn->sdata = kev->data;
	}
	return settle(kn);
}

/* With the kqueue locked: is the table of descriptors told to call kq_fd_gone for this one? */
static bool is_watched(const struct kqueue *kq, int fd)
{
	return (unsigned)fd / 64 < kq->n_watched && kq->watched[fd / 64] >> fd % 64 & 1;
}
static bool set_watched(struct kqueue *kq, int fd)
{
	unsigned n = MAX(kq->n_watched, 16u);
	while (n <= (unsigned)fd / 64)
		n *= 2;
	if (n > kq->n_watched) {
		void *p = kq_grow(kq->watched, kq->n_watched * 8, n * 8ul);
		if (!p)
			return false;
		kq->watched = p;
		kq->n_watched = n;
	}
	kq->watched[fd / 64] |= 1ull << fd % 64;
	return true;
}
/* Locks the kqueue with fd watched. A close that comes between is seen by gone_seq, and it is done again. */
static bool lock_watched(struct kqueue *kq, int fd)
{
	unsigned seq;
	lock(&kq->lock);
	while (!is_watched(kq, fd)) {
		seq = kq->gone_seq;
		unlock(&kq->lock);
		fd_watch(kq->p, fd, kq_fd_gone, kq);
		lock(&kq->lock);
		if (seq == kq->gone_seq && !is_watched(kq, fd))
			return set_watched(kq, fd);
	}
	return true;
}
static long change(struct kqueue *kq, const struct filter *f, struct kev *kev)
{
	struct knote *kn = knote_find(kq, kev->ident, kev->filter);
	if (kn)
		return change_old(kn, kev);
	if (kev->flags & EV_ADD)
		return change_add(kq, f, kev);
	if (f->isfd && host(SYS_fcntl, kev->ident, F_GETFD) < 0)
		return -EBADF;
	return -ENOENT;
}
long kq_register(struct call *c, struct kqueue *kq, struct kev *kev)
{
	const struct filter *f = kev->filter < 0 && kev->filter >= -KQ_FILTERS ? kq_filters[-kev->filter] : NULL;
	long e = 0;

	if ((kev->flags & (EV_ENABLE | EV_DISABLE)) == (EV_ENABLE | EV_DISABLE))
		return -EINVAL;
	if (!f) {
		report_unknown(c->t, UNK_OPTION, "kevent filter", (uint64_t)kev->filter);
		return kev->filter == EVFILT_SENDFILE ? -ENXIO : -EINVAL;       /* a name that no kernel ever filled */
	}
	if (kev->flags & EV_ADD && kev->flags & EV_KEEPUDATA)
		return -EINVAL;
	if (f->isfd && (kev->ident > INT_MAX || fd_is_ours(kq->p, (long)kev->ident)))
		return -EBADF;
	if (f->isfd && (e = fd_may(c->t, (int)kev->ident, RIGHT_EVENT)))
		return e;
	if (kev->flags & EV_ADD && f->prepare)
		f->prepare(kq->p, kev);
	if (f->isfd && kev->flags & EV_ADD)
		e = lock_watched(kq, (int)kev->ident) ? 0 : -ENOMEM;
	else
		lock(&kq->lock);
	if (!e)
		e = change(kq, f, kev);
	kq_kick(kq);
	unlock(&kq->lock);
	return e == -ENOSPC ? -ENOMEM : e;
}
