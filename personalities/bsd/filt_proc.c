/* SPDX-License-Identifier: BSD-2-Clause
 *
 * PROC and PROCDESC: the end of a process, told by its pidfd. Any process can be watched, not only a child. The wait
 * status is known for children that were not yet waited for, and for others where the host's kernel tells (6.15).
 * That a process forks or executes the host tells nobody: asking for that is refused.
 */
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include "host.h"
#include "kqueue.h"

#define P_PIDFD_ 3
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

	if (!host(SYS_waitid, P_PIDFD_, pidfd, &si, WEXITED | WNOHANG | WNOWAIT, NULL) && si.si_pid) {
		if (si.si_code == CLD_EXITED)
			return W_EXIT(si.si_status);
		return guest_status(p, si.si_status | (si.si_code == CLD_DUMPED ? 0x80 : 0));
	}
	if (!host(SYS_ioctl, pidfd, PIDFD_GET_INFO_, &info) && info.mask & PIDFD_INFO_EXIT_)
		return guest_status(p, info.exit_code);
	return 0;
}
static long proc_attach(struct knote *kn)
{
	long fd;
	if (kn->sfflags & (NOTE_FORK | NOTE_EXEC | NOTE_TRACK)) {
		report_unknown(thread_self(), UNK_OPTION, "EVFILT_PROC fflags", kn->sfflags);
		return -EINVAL;
	}
	if ((int64_t)kn->kev.ident <= 0 || kn->kev.ident > INT32_MAX)
		return -ESRCH;
	if ((fd = host(SYS_pidfd_open, kn->kev.ident, 0)) >= 0)
		fd = fd_ours(kn->kq->p, (int)fd);
	if (fd < 0)
		return fd == -EINVAL ? -ESRCH : fd;
	kn->fd = (int)fd;
	kn->kev.flags |= EV_CLEAR;
	return 0;
}
static void proc_detach(struct knote *kn)
{
	poll_disarm(kn);
	host(SYS_close, kn->fd);
}
static enum told proc_polled(struct knote *kn, uint32_t ev)
{
	kn->kev.fflags |= kn->sfflags & NOTE_EXIT;
	kn->kev.flags |= EV_EOF | EV_ONESHOT;
	if (!kn->kev.fflags)
		return TOLD_DROP;
	kn->kev.data = exit_status(kn, kn->fd);
	return TOLD_YES;
}
const struct filter kq_filt_proc = {
	.name = "EVFILT_PROC", .attach = proc_attach, .detach = proc_detach, .polled = proc_polled, .events = EPOLLIN,
};

/* --- PROCDESC: the guest's own descriptor of a process is a pidfd ----------------------------------------------- */
static long procdesc_attach(struct knote *kn)
{
	siginfo_t si;
	long e = host(SYS_waitid, P_PIDFD_, kn->fd, &si, WEXITED | WNOHANG | WNOWAIT, NULL);
	kn->kev.flags |= EV_CLEAR;
	if (e == -EBADF && host(SYS_fcntl, kn->fd, F_GETFD) < 0)
		return e;
	return e == -EBADF || e == -EINVAL ? -EINVAL : 0;
}
const struct filter kq_filt_procdesc = {
	.name = "EVFILT_PROCDESC", .isfd = true, .attach = procdesc_attach, .detach = poll_disarm, .polled = proc_polled,
	.events = EPOLLIN,
};
