/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Making, ending and forking kqueues. kevent is in kevent.c, the changes it makes in kq_change.c, what a filter means
 * in filt_*.c, where knotes live in knote.c. Differences from epoll that programs rely on: a knote dies with its
 * descriptor (not with the file behind it), a kqueue is not inherited by fork, an error of one change is told as an
 * event, kevent is never restarted after a signal, and every event carries how much there is to read or write.
 */
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include "host.h"
#include "kqueue.h"

sysfn bsd_kqueue, bsd_kqueuex;

const struct filter *const kq_filters[KQ_FILTERS + 1] = {
	[-EVFILT_READ] = &kq_filt_read, [-EVFILT_WRITE] = &kq_filt_write, [-EVFILT_EMPTY] = &kq_filt_empty,
	[-EVFILT_TIMER] = &kq_filt_timer, [-EVFILT_USER] = &kq_filt_user, [-EVFILT_SIGNAL] = &kq_filt_signal,
	[-EVFILT_PROC] = &kq_filt_proc, [-EVFILT_PROCDESC] = &kq_filt_procdesc, [-EVFILT_VNODE] = &kq_filt_vnode,
	[-EVFILT_AIO] = &kq_filt_aio, [-EVFILT_LIO] = &kq_filt_lio,
};

static struct kqueue *all FORKED;               /* linked once, never unlinked; under all_lock */
static volatile uint32_t all_lock FORKED;

/* --- making and ending one -------------------------------------------------------------------------------------- */
static struct kqueue *kq_alloc(void)
{
	struct kqueue *kq;
	lock(&all_lock);
	for (kq = all; kq && kq->live; kq = kq->next)
		;
	if (!kq && (kq = mem_alloc(sizeof *kq))) {
		kq->next = all;
		all = kq;
	}
	if (kq)
		kq->live = true;
	unlock(&all_lock);
	return kq;
}
static void kq_release(struct kqueue *kq)
{
	lock(&all_lock);
	kq->live = false;
	unlock(&all_lock);
}
/* fd, an epoll descriptor of the guest's, is one from now on; fd or -errno. */
static long kqueue_around(struct proc *p, long fd)
{
	struct kqueue *kq = kq_alloc();
	long ep;

	if (!kq)
		return -ENOMEM;
	ep = fd_is_ours(p, fd) ? -EMFILE : host(SYS_fcntl, fd, F_DUPFD_CLOEXEC, p->fd_base);
	if (ep < 0) {
		kq_release(kq);
		return ep;
	}
	lock(&kq->lock);
	kq->obj = (struct fdobj){ .ops = &kqueue_ops, .refs = 1 };
	kq->p = p;
	kq->pid = p->pid;
	kq->ep = (int)ep;
	kq->side = kq->kick = kq->timer = kq->ino = -1;
	kq->closed = kq->kicked = kq->sig = false;
	unlock(&kq->lock);
	return fd_put(p, (int)fd, &kq->obj);
}
static long kqueue_make(struct call *c, int flags)
{
	long fd = host(SYS_epoll_create1, flags & O_CLOEXEC ? EPOLL_CLOEXEC : 0), e;
	if (fd < 0)
		return fd;
	e = kqueue_around(c->t->p, fd);
	if (e < 0)
		host(SYS_close, fd);
	return e;
}
long bsd_kqueue(struct call *c) { return kqueue_make(c, 0); }
long bsd_kqueuex(struct call *c) { return kqueue_make(c, (int)c->arg[0]); }

void kq_fd_gone(void *arg, int fd)
{
	struct kqueue *kq = arg;
	struct knote *kn;

	lock(&kq->lock);
	for (int i = 1; i <= KQ_FILTERS; i++)
		if (kq_filters[i] && kq_filters[i]->isfd && (kn = knote_find(kq, (uint64_t)fd, -i)))
			knote_drop(kn);
	if ((unsigned)fd / 64 < kq->n_watched)
		kq->watched[fd / 64] &= ~(1ull << fd % 64);
	kq->gone_seq++;
	unlock(&kq->lock);
}
static void close_ours(int *fd)
{
	if (*fd >= 0)
		host(SYS_close, *fd);
	*fd = -1;
}
/* Nobody can reach it any more but watchers that are just being told, who find nothing. */
static void kq_destroy(struct kqueue *kq)
{
	uint64_t *watched;
	unsigned n;

	lock(&kq->lock);
	for (unsigned i = 0; i < kq->n_hash; i++)
		while (kq->hash[i])
			knote_drop(kq->hash[i]);
	int *fds[] = { &kq->ino, &kq->timer, &kq->kick, &kq->side, &kq->ep };
	for (unsigned i = 0; i < ARRAY_LEN(fds); i++)
		close_ours(fds[i]);
	knotes_free(kq);
	kq->timer_at = 0;
	watched = kq->watched;
	n = kq->n_watched;
	kq->watched = NULL;
	kq->n_watched = 0;
	unlock(&kq->lock);
	for (unsigned i = 0; i < n; i++)
		for (uint64_t w = watched[i]; w; w &= w - 1)
			fd_unwatch(kq->p, (int)(i * 64) + __builtin_ctzll(w), kq_fd_gone, kq);
	mem_free(watched, n * sizeof *watched);
	kq_release(kq);
}
static void kq_close(struct fdobj *o)
{
	struct kqueue *kq = (struct kqueue *)o;
	lock(&kq->lock);
	kq->closed = true;
	bool last = !kq->users;
	unlock(&kq->lock);
	if (last)
		kq_destroy(kq);
}
/* A child has no kqueue of its parent's. It may share the parent's memory: only its descriptors are touched here. */
static void kq_forked(struct proc *child, int fd, struct fdobj *o)
{
	struct kqueue *kq = (struct kqueue *)o;
	int fds[] = { fd, kq->ep, kq->side, kq->kick, kq->timer, kq->ino };
	if (child->shares_files)
		return;
	for (unsigned i = 0; i < ARRAY_LEN(fds); i++)
		if (fds[i] >= 0)
			host(SYS_close, fds[i]);
}
static long kq_restored(struct thread *t, int fd, uint64_t word) { return kqueue_around(t->p, fd); }
const struct fdops kqueue_ops = { .name = "kqueue", .close = kq_close, .forked = kq_forked, .saved = kq_saved,
	.restored = kq_restored, .no_file = EOPNOTSUPP };
FDOPS(kqueue_ops);

/* In a child with memory of its own. What another thread was doing to them is not known: their memory is left alone. */
static void kq_forget(struct proc *p)
{
	for (struct kqueue *kq = all, *next; kq; kq = next) {
		next = kq->next;
		memset(kq, 0, sizeof *kq);
		kq->next = next;
	}
}
AT_FORK_IF(kq_forget, all);
AT_FORK_FREE(all_lock);

/* A thread inside a kqueue. The table of descriptors counts none, so the object is looked at again under its lock. */
struct kqueue *kq_enter(struct proc *p, long fd, uint32_t *round)
{
	struct kqueue *kq = (struct kqueue *)fd_get(p, (int)fd, &kqueue_ops);
	if (!kq)
		return NULL;
	lock(&kq->lock);
	bool ok = kq->live && !kq->closed && kq->pid == p->pid;
	if (ok) {
		kq->users++;
		if (round)
			*round = ++kq->round;
	}
	unlock(&kq->lock);
	return ok ? kq : NULL;
}
void kq_leave(struct kqueue *kq)
{
	lock(&kq->lock);
	bool last = !--kq->users && kq->closed;
	unlock(&kq->lock);
	if (last)
		kq_destroy(kq);
}

/* --- descriptors of our own in the epoll set -------------------------------------------------------------------- */
long kq_ours(struct kqueue *kq, int *slot, long fd, uint64_t word, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.u64 = word };
	if (fd >= 0)
		fd = fd_ours(kq->p, (int)fd);
	if (fd < 0)
		return fd;
	long e = host(SYS_epoll_ctl, kq->ep, EPOLL_CTL_ADD, fd, &ev);
	if (e < 0) {
		host(SYS_close, fd);
		return e;
	}
	*slot = (int)fd;
	return 0;
}
void kq_kick(struct kqueue *kq)
{
	uint64_t one = 1;
	bool want = kq->queued > 0;
	if (want == kq->kicked)
		return;
	if (kq->kick < 0 && kq_ours(kq, &kq->kick, host(SYS_eventfd2, 0, EFD_NONBLOCK), KQ_WORD_KICK, EPOLLIN) < 0)
		return;
	host(want ? SYS_write : SYS_read, kq->kick, &one, sizeof one);
	kq->kicked = want;
}
uint64_t kq_now(int clock)
{
	struct timespec ts = { 0 };
	host(SYS_clock_gettime, clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}
