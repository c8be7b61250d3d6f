/* SPDX-License-Identifier: BSD-2-Clause
 *
 * READ, WRITE and EMPTY: what can be read, written, and whether all that was written has left. epoll tells when; how
 * much, and whether it is the end, is asked here. Where epoll's answer is not yet the guest's (a low water mark, a TCP
 * socket that was never connected: Linux calls it hung up, a BSD calls it quiet) the knote is registered for edges
 * until it is true, so that a level that means nothing to the guest does not keep us busy.
 *
 * Plain files epoll does not take. A BSD tells of them too: data is the distance to the end, no event at the end.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <linux/magic.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <linux/tcp.h>
#include <time.h>
#include "host.h"
#include "kqueue.h"

#define EMPTY_AGAIN 2000000u             /* ns; the host does not tell when a send buffer has run empty */
#define PIPE_LEAST 4096

/* --- registration ----------------------------------------------------------------------------------------------- */
static const int16_t polled_filters[] = { EVFILT_READ, EVFILT_WRITE, EVFILT_PROCDESC };

static struct knote *sibling(struct knote *kn, bool in_main)
{
	for (unsigned i = 0; i < ARRAY_LEN(polled_filters); i++) {
		struct knote *k = knote_find(kn->kq, (uint64_t)kn->fd, polled_filters[i]);
		if (k && k != kn && (!in_main || k->where == SET_OF_MAIN))
			return k;
	}
	return NULL;
}
static long side_make(struct kqueue *kq)
{
	return kq->side >= 0 ? 0 : kq_ours(kq, &kq->side, host(SYS_epoll_create1, 0), KQ_WORD_SIDE, EPOLLIN);
}
static int set_of(const struct knote *kn) { return kn->where == SET_OF_SIDE ? kn->kq->side : kn->kq->ep; }

long poll_arm(struct knote *kn)
{
	bool clear = kn->kev.flags & EV_CLEAR;
	uint32_t how = clear || kn->edge ? EPOLLET : kn->kev.flags & EV_DISPATCH ? EPOLLONESHOT : 0;
	struct epoll_event ev = { .events = kn->f->events | how, .data.u64 = knote_word(kn) };
	long e = -ENOENT;

	if (kn->where)
		e = host(SYS_epoll_ctl, set_of(kn), EPOLL_CTL_MOD, kn->fd, &ev);
	if (e != -ENOENT)
		return e;
	bool second = kn->f->isfd && sibling(kn, true);
	if (second && (e = side_make(kn->kq)) < 0)
		return e;
	e = host(SYS_epoll_ctl, second ? kn->kq->side : kn->kq->ep, EPOLL_CTL_ADD, kn->fd, &ev);
	kn->where = e < 0 ? SET_OF_NONE : second ? SET_OF_SIDE : SET_OF_MAIN;
	return e == -ELOOP ? -EINVAL : e;
}
void poll_disarm(struct knote *kn)
{
	struct epoll_event ev = { 0 };
	if (kn->where)
		host(SYS_epoll_ctl, set_of(kn), EPOLL_CTL_DEL, kn->fd, &ev);
	kn->where = SET_OF_NONE;
}

/* --- asking the host -------------------------------------------------------------------------------------------- */
static short poll_now(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP };
	host(SYS_poll, &p, 1, 0);
	return p.revents;
}
static int64_t count(int fd, unsigned long what)
{
	int n = 0;
	long e = host(SYS_ioctl, fd, what, &n);
	return e < 0 ? e : n;
}
static int sockopt(int fd, int level, int name)
{
	int v = 0;
	unsigned len = sizeof v;
	return host(SYS_getsockopt, fd, level, name, &v, &len) < 0 ? -1 : v;
}
/* Connections waiting to be accepted. Only TCP tells how many. */
static int64_t backlog(int fd)
{
	struct tcp_info ti = { 0 };
	unsigned len = sizeof ti;
	if (host(SYS_getsockopt, fd, IPPROTO_TCP, TCP_INFO, &ti, &len) < 0)
		return 1;
	return MAX((int64_t)ti.tcpi_unacked, 1l);
}
/* The error that ended a connection goes with EV_EOF, and stays for the guest to fetch. The host cannot show it without
 * taking it away, so it is told from what became of the connection. */
static uint32_t end_error(struct knote *kn, uint32_t ev)
{
	struct tcp_info ti = { 0 };
	unsigned len = sizeof ti;
	int e = ECONNRESET;
	if (!(ev & EPOLLERR) || host(SYS_getsockopt, kn->fd, IPPROTO_TCP, TCP_INFO, &ti, &len) < 0)
		return 0;
	if (!ti.tcpi_rtt)                /* it never was one */
		e = ti.tcpi_segs_in ? ECONNREFUSED : ti.tcpi_total_retrans ? ETIMEDOUT : EHOSTUNREACH;
	return (uint32_t)errno_to_guest(kn->kq->p->pers, e);
}
static bool access_is(int fd, int mode)
{
	return (host(SYS_fcntl, fd, F_GETFL) & O_ACCMODE) == mode;
}
/* Asking the wrong end of a named pipe is allowed, and never told of. That of pipe(2) tells when the other has closed. */
static bool is_named(int fd)
{
	struct statfs sf = { 0 };
	return host(SYS_fstatfs, fd, &sf) < 0 || sf.f_type != PIPEFS_MAGIC;
}
static bool host_polls(struct knote *kn)
{
	struct epoll_event ev = { .events = EPOLLET };
	struct knote *k = sibling(kn, false);
	if (k)
		return !k->queued_kind;
	if (host(SYS_epoll_ctl, kn->kq->ep, EPOLL_CTL_ADD, kn->fd, &ev) < 0)
		return false;
	host(SYS_epoll_ctl, kn->kq->ep, EPOLL_CTL_DEL, kn->fd, &ev);
	return true;
}
static long kind_of(struct knote *kn)
{
	struct knote *k = sibling(kn, false);
	struct stat st;
	long e;

	if (k && k->f != &kq_filt_procdesc)
		return k->kind;
	if ((e = host(SYS_fstat, kn->fd, &st)) < 0)
		return e;
	switch (st.st_mode & S_IFMT) {
	case S_IFSOCK: return FD_SOCK;
	case S_IFIFO: return FD_FIFO;
	case S_IFREG: case S_IFDIR: case S_IFBLK: case S_IFLNK: return FD_FILE;
	case S_IFCHR: return FD_CHAR;
	}
	return fd_get(kn->kq->p, kn->fd, &kqueue_ops) ? FD_KQUEUE : FD_OTHER;
}
static long attach(struct knote *kn)
{
	long k = kind_of(kn);
	if (k < 0)
		return k;
	kn->kind = (uint8_t)k;
	if (k == FD_FILE || (k == FD_CHAR && !host_polls(kn)))
		kn->queued_kind = true;
	return 0;
}
static void detach(struct knote *kn)
{
	poll_disarm(kn);
	if (kn->queued_kind && kn->kind == FD_FILE && kn->f == &kq_filt_read) {
		vnode_unwatch(kn);
		list_remove(&kn->kq->files, kn, ON_FILTER);
	}
}

/* --- READ ------------------------------------------------------------------------------------------------------- */
static long read_attach(struct knote *kn)
{
	long e = attach(kn);
	if (e < 0)
		return e;
	if (kn->kind == FD_KQUEUE && fd_get(kn->kq->p, kn->fd, &kqueue_ops) == &kn->kq->obj)
		return -EINVAL;
	if (kn->kind == FD_FIFO && access_is(kn->fd, O_WRONLY))
		kn->queued_kind = is_named(kn->fd);
	if (kn->kind == FD_FILE) {
		list_add(&kn->kq->files, kn, ON_FILTER);
		if (vnode_watch(kn, IN_MODIFY) < 0)
			return 0;            /* then growth is seen at the next kevent only */
	}
	return 0;
}
static bool read_ready(struct knote *kn)
{
	struct stat st;
	if (kn->kind == FD_CHAR)
		return true;
	if (kn->kind != FD_FILE || host(SYS_fstat, kn->fd, &st) < 0)
		return false;
	kn->kev.data = st.st_size - host(SYS_lseek, kn->fd, 0, SEEK_CUR);
	kn->vnode.size = (uint64_t)kn->kev.data;
	return kn->kev.data || kn->sfflags & NOTE_FILE_POLL;
}
/* Another thread may move the offset of a plain file; nobody tells us. */
void files_check(struct kqueue *kq)
{
	for (struct knote *kn = kq->files; kn; kn = kn->on[ON_FILTER].next) {
		uint64_t before = kn->vnode.size;
		if (kn->state & (KN_QUEUED | KN_DISABLED) || !kn->f->ready(kn))
			continue;
		if (!(kn->kev.flags & EV_CLEAR) || kn->vnode.size != before)
			knote_activate(kn);
	}
}
static enum told read_socket(struct knote *kn, uint32_t ev)
{
	int64_t n = count(kn->fd, FIONREAD);
	bool low = kn->sfflags & NOTE_LOWAT;

	kn->kev.data = n < 0 ? backlog(kn->fd) : n;
	kn->kev.flags &= (uint16_t)~EV_EOF;
	if (ev & EPOLLHUP && !(ev & EPOLLRDHUP))
		return TOLD_NO;          /* never connected */
	if (ev & (EPOLLHUP | EPOLLRDHUP)) {
		kn->kev.flags |= EV_EOF;
		kn->kev.fflags = end_error(kn, ev);
		return TOLD_YES;
	}
	if (ev & EPOLLERR || n < 0)
		return TOLD_YES;
	if (low)
		return n >= kn->sdata ? TOLD_YES : TOLD_NO;
	/* Nothing to read and yet something: an empty datagram, or another thread was faster. */
	return n || poll_now(kn->fd) & POLLIN ? TOLD_YES : TOLD_NO;
}
static enum told read_polled(struct knote *kn, uint32_t ev)
{
	if (kn->kind == FD_SOCK)
		return read_socket(kn, ev);
	int64_t n = kn->kind == FD_KQUEUE ? 1 : count(kn->fd, FIONREAD);
	kn->kev.flags &= (uint16_t)~EV_EOF;
	kn->kev.data = ev & EPOLLERR ? 0 : MAX(n, 0l);
	if (ev & (EPOLLHUP | EPOLLERR)) {
		kn->kev.flags |= EV_EOF;
		return TOLD_YES;
	}
	if (n < 0)
		kn->kev.data = 1;        /* a descriptor that does not count: eventfd, timerfd */
	else if (kn->sfflags & NOTE_LOWAT && kn->kind == FD_SOCK && n < kn->sdata)
		return TOLD_NO;
	return n || poll_now(kn->fd) & POLLIN ? TOLD_YES : TOLD_NO;
}
const struct filter kq_filt_read = {
	.name = "EVFILT_READ", .isfd = true, .attach = read_attach, .detach = detach, .ready = read_ready,
	.polled = read_polled, .events = EPOLLIN | EPOLLRDHUP,
};

/* --- WRITE ------------------------------------------------------------------------------------------------------ */
static long write_attach(struct knote *kn)
{
	long e = attach(kn);
	if (e < 0)
		return e;
	if (kn->kind == FD_KQUEUE)
		return -EINVAL;
	if (kn->kind != FD_FIFO)
		return 0;
	if (access_is(kn->fd, O_RDONLY) && is_named(kn->fd))
		kn->queued_kind = true;
	else if (poll_now(kn->fd) & (POLLERR | POLLHUP))
		return -EPIPE;
	return 0;
}
static bool write_ready(struct knote *kn)
{
	kn->kev.data = 0;
	return kn->kind != FD_FIFO;
}
static int64_t space(struct knote *kn)
{
	if (kn->kind == FD_SOCK)
		return MAX((int64_t)sockopt(kn->fd, SOL_SOCKET, SO_SNDBUF) - count(kn->fd, SIOCOUTQ), 1l);
	if (kn->kind == FD_FIFO)
		return MAX(host(SYS_fcntl, kn->fd, F_GETPIPE_SZ) - count(kn->fd, FIONREAD), PIPE_LEAST);
	return MAX(PIPE_LEAST - count(kn->fd, TIOCOUTQ), 1l);
}
static enum told write_polled(struct knote *kn, uint32_t ev)
{
	kn->kev.flags &= (uint16_t)~EV_EOF;
	if (kn->kind == FD_SOCK && ev & EPOLLHUP && !(poll_now(kn->fd) & POLLRDHUP))
		return TOLD_NO;
	kn->kev.data = space(kn);
	if (ev & EPOLLHUP || (ev & EPOLLERR && kn->kind != FD_SOCK)) {
		/* of a pipe that has lost its reader it is told once: the knote was its, and goes with it */
		kn->kev.flags |= EV_EOF | (kn->kind == FD_FIFO && !is_named(kn->fd) ? EV_ONESHOT : 0);
		kn->kev.fflags = kn->kind == FD_SOCK ? end_error(kn, ev) : 0;
		return TOLD_YES;
	}
	if (ev & EPOLLERR)
		return TOLD_YES;
	return kn->sfflags & NOTE_LOWAT && kn->kev.data < kn->sdata ? TOLD_NO : TOLD_YES;
}
const struct filter kq_filt_write = {
	.name = "EVFILT_WRITE", .isfd = true, .attach = write_attach, .detach = detach, .ready = write_ready,
	.polled = write_polled, .events = EPOLLOUT,
};

/* --- EMPTY ------------------------------------------------------------------------------------------------------ */
static long empty_attach(struct knote *kn)
{
	long k = kind_of(kn);
	if (k < 0)
		return k;
	kn->kind = (uint8_t)k;
	return k == FD_SOCK ? 0 : -EINVAL;
}
static bool empty_ready(struct knote *kn)
{
	kn->kev.data = count(kn->fd, SIOCOUTQ);
	if (kn->kev.data <= 0) {
		kn->kev.data = 0;
		timer_remove(kn);
		return true;
	}
	kn->timer.next = kq_now(CLOCK_MONOTONIC) + EMPTY_AGAIN;
	timer_place(kn);
	return false;
}
const struct filter kq_filt_empty = {
	.name = "EVFILT_EMPTY", .isfd = true, .attach = empty_attach, .detach = timer_remove, .ready = empty_ready,
};
