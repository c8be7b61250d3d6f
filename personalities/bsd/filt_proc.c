/* SPDX-License-Identifier: BSD-2-Clause
 *
 * PROC and PROCDESC: the end of a process, told by its pidfd. Any process can be watched, not only a child. The wait
 * status is known for children that were not yet waited for, and for others where the host's kernel tells (6.15).
 * Forks and execs the host tells nobody; programs run by us tell them themselves (proc_note.c).
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include "host.h"
#include "kqueue.h"

#define P_PIDFD_ 3
#define WALL 0x40000000                  /* children without SIGCHLD too */
#define W_EXIT(code) (((code) & 0xff) << 8)

struct pidfd_info_new { uint64_t mask, cgroup; uint32_t ids[11]; int32_t exit_code; uint32_t pad[16]; };
#define PIDFD_INFO_EXIT_ (1u << 3)
#define PIDFD_GET_INFO_ _IOC(_IOC_READ | _IOC_WRITE, 0xff, 11, 64)

static int guest_status(const struct personality *p, int st)
{
	int sig = st & 0x7f;
	return sig ? (st & ~0x7f) | sig_to_guest(p, sig) : st;
}
static int64_t exit_status(struct knote *kn, int pidfd)
{
	const struct personality *p = kn->kq->p->pers;
	struct pidfd_info_new info = { .mask = PIDFD_INFO_EXIT_ };
	siginfo_t si = { 0 };

	/* It has ended, so this does not wait for that; at most for somebody who traces it to have seen its end before us. */
	if (!host(SYS_waitid, P_PIDFD_, pidfd, &si, WEXITED | WNOWAIT | WALL, NULL) && si.si_pid) {
		if (si.si_code == CLD_EXITED)
			return W_EXIT(si.si_status);
		return guest_status(p, si.si_status | (si.si_code == CLD_DUMPED ? 0x80 : 0));
	}
	if (!host(SYS_ioctl, pidfd, PIDFD_GET_INFO_, &info) && info.mask & PIDFD_INFO_EXIT_)
		return guest_status(p, info.exit_code);
	return 0;
}
static long notes_start(struct knote *kn)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = knote_word(kn) | KN_WORD_NOTES };
	if (kn->proc.notes >= 0 || !(kn->sfflags & (NOTE_FORK | NOTE_EXEC | NOTE_TRACK)))
		return 0;
	long fd = notes_listen(kn->kq->p, (int)kn->kev.ident);
	if (fd < 0)
		return fd;
	kn->proc.notes = (int)fd;
	return host(SYS_epoll_ctl, kn->kq->ep, EPOLL_CTL_ADD, fd, &ev);
}
static bool has_ended(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	return host(SYS_poll, &p, 1, 0) == 1;
}
static void proc_detach(struct knote *kn)
{
	poll_disarm(kn);
	if (kn->fd >= 0)
		host(SYS_close, kn->fd);
	if (kn->proc.notes >= 0)
		host(SYS_close, kn->proc.notes);
}
static long proc_attach(struct knote *kn)
{
	long fd, e;
	kn->proc.notes = -1;
	if ((int64_t)kn->kev.ident <= 0 || kn->kev.ident > INT32_MAX)
		return -ESRCH;
	if ((fd = host(SYS_pidfd_open, kn->kev.ident, 0)) >= 0)
		fd = fd_ours(kn->kq->p, (int)fd);
	if (fd < 0)
		return fd == -EINVAL || fd == -ENOENT ? -ESRCH : fd;
	kn->fd = (int)fd;
	kn->kev.flags |= EV_CLEAR;
	e = !(kn->sfflags & NOTE_EXIT) && has_ended(kn->fd) ? -ESRCH : notes_start(kn);
	if (e < 0)
		proc_detach(kn);
	return e;
}
static void proc_touch(struct knote *kn, struct kev *kev)
{
	kn->sfflags = kev->fflags;
	kn->sdata = kev->data;
	if (notes_start(kn) < 0)
		kn->kev.fflags |= NOTE_TRACKERR;
}
static bool proc_ready(struct knote *kn) { return kn->kev.fflags != 0; }

/* NOTE_TRACK: two new knotes for the child, one that only says whose it is, one that watches it as its parent is. */
static bool track(struct knote *kn, int child, int pidfd)
{
	struct knote *says = knote_new(kn->kq), *watches = knote_new(kn->kq);
	if (!says || !watches) {
		if (says)
			knote_free(says);
		host(SYS_close, pidfd);
		return false;
	}
	says->f = watches->f = kn->f;
	says->kev = watches->kev = kn->kev;
	says->kev.ident = watches->kev.ident = (uint64_t)child;
	watches->kev.data = watches->kev.fflags = 0;
	watches->sfflags = kn->sfflags;
	watches->fd = pidfd;
	says->proc.notes = watches->proc.notes = -1;
	says->kev.flags |= EV_ONESHOT;
	says->kev.fflags = NOTE_CHILD;
	says->kev.data = (int64_t)kn->kev.ident;
	if (!knote_insert(watches) || !knote_insert(says))
		return false;
	knote_activate(says);
	return notes_start(watches) == 0 && poll_arm(watches) == 0;
}
void proc_noted(struct knote *kn)
{
	struct proc_note n;
	int pidfd;
	while (notes_next(kn->kq->p, kn->proc.notes, (int)kn->kev.ident, &n, &pidfd)) {
		bool follow = n.what == NOTE_FORK && kn->sfflags & NOTE_TRACK;
		if (follow && (pidfd < 0 || !track(kn, n.child, pidfd)))
			kn->kev.fflags |= NOTE_TRACKERR;
		if (!follow && pidfd >= 0)
			host(SYS_close, pidfd);
		kn->kev.fflags |= kn->sfflags & n.what;
	}
	if (kn->kev.fflags)
		knote_activate(kn);
}
static enum told proc_polled(struct knote *kn, uint32_t ev)
{
	if (kn->proc.notes >= 0)
		proc_noted(kn);          /* what it did before it ended */
	kn->kev.fflags |= kn->sfflags & NOTE_EXIT;
	kn->kev.flags |= EV_EOF | EV_ONESHOT;
	if (!kn->kev.fflags)
		return TOLD_DROP;
	kn->kev.data = exit_status(kn, kn->fd);
	return TOLD_YES;
}
const struct filter kq_filt_proc = {
	.name = "EVFILT_PROC", .attach = proc_attach, .detach = proc_detach, .ready = proc_ready,
	.polled = proc_polled, .events = EPOLLIN, .touch = proc_touch,
};

/* --- PROCDESC: the guest's own descriptor of a process is a pidfd ----------------------------------------------- */
static long procdesc_attach(struct knote *kn)
{
	siginfo_t si;
	long e = host(SYS_waitid, P_PIDFD_, kn->fd, &si, WEXITED | WNOHANG | WNOWAIT | WALL, NULL);
	kn->kev.flags |= EV_CLEAR;
	kn->proc.notes = -1;
	if (e == -EBADF && host(SYS_fcntl, kn->fd, F_GETFD) < 0)
		return e;
	return e == -EBADF || e == -EINVAL ? -EINVAL : 0;
}
const struct filter kq_filt_procdesc = {
	.name = "EVFILT_PROCDESC", .isfd = true, .attach = procdesc_attach, .detach = poll_disarm, .polled = proc_polled,
	.events = EPOLLIN,
};
