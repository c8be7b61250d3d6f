/* SPDX-License-Identifier: BSD-2-Clause
 *
 * SIGNAL: how often a signal was sent to this process, whatever is then done with it. The core's host handler tells
 * us of every one that is watched (signal_watch), blocked and ignored ones too. It may come at any point of our code, so
 * it only counts and writes to one eventfd of the process, which lies in every kqueue that has such a knote: as an edge,
 * so that one kqueue's look does not hide it from the next.
 */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include "host.h"
#include "kqueue.h"

static volatile uint64_t sent[129] SPARSE;
static volatile int sent_fd FORKED = -1;
static volatile int sent_pid FORKED;            /* a vfork child runs in this memory too, and its signals are not ours */
static volatile uint32_t start_lock FORKED;

/* For the core: counts a signal. Async-signal-safe. */
static void count(struct proc *p, int sig)
{
	uint64_t one = 1;
	if (p->pid != sent_pid || sig <= 0 || sig > 128 || sent_fd < 0)
		return;
	__atomic_add_fetch(&sent[sig], 1, __ATOMIC_RELAXED);
	host(SYS_write, sent_fd, &one, sizeof one);
}
static void sent_forget(struct proc *p)
{
	if (sent_fd >= 0 && !p->shares_files)
		host(SYS_close, sent_fd);
	sent_fd = -1;
	sent_pid = 0;
}
AT_FORK_IF(sent_forget, sent_pid);
AT_FORK_FREE(start_lock);

static void signal_prepare(struct proc *p, const struct kev *kev)
{
	int sig = sig_to_host(p->pers, (long)kev->ident);
	if (kev->ident > 127 || !sig)
		return;
	lock(&start_lock);
	if (sent_fd < 0) {
		long fd = host(SYS_eventfd2, 0, EFD_NONBLOCK);
		sent_fd = fd < 0 ? -1 : fd_ours(p, (int)fd);
		sent_pid = p->pid;
		p->signal_seen = count;
	}
	unlock(&start_lock);
	if (sent_fd >= 0)
		signal_watch(p, sig);
}
static long signal_attach(struct knote *kn)
{
	struct kqueue *kq = kn->kq;
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET, .data.u64 = KQ_WORD_SIG };

	kn->kev.flags |= EV_CLEAR;
	kn->signal.sig = kn->kev.ident > 127 ? 0 : sig_to_host(kq->p->pers, (long)kn->kev.ident);
	if (!kq->sig) {
		long e = sent_fd < 0 ? -ENOMEM : host(SYS_epoll_ctl, kq->ep, EPOLL_CTL_ADD, sent_fd, &ev);
		if (e < 0 && kn->signal.sig)
			return e;
		kq->sig = e >= 0;
	}
	kn->signal.seen = sent[kn->signal.sig];
	list_add(&kq->signals, kn, ON_FILTER);
	return 0;
}
static void signal_detach(struct knote *kn) { list_remove(&kn->kq->signals, kn, ON_FILTER); }

static bool signal_ready(struct knote *kn)
{
	uint64_t now = __atomic_load_n(&sent[kn->signal.sig], __ATOMIC_RELAXED);
	kn->kev.data += (int64_t)(now - kn->signal.seen);
	kn->signal.seen = now;
	return kn->kev.data != 0;
}
void signal_expired(struct kqueue *kq)
{
	for (struct knote *kn = kq->signals; kn; kn = kn->on[ON_FILTER].next)
		if (signal_ready(kn))
			knote_activate(kn);
}
const struct filter kq_filt_signal = {
	.name = "EVFILT_SIGNAL", .prepare = signal_prepare, .attach = signal_attach, .detach = signal_detach,
	.ready = signal_ready,
};
