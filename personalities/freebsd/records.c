/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Every record of FreeBSD's rows: how large it is for the guest, how large for us (records.h), and what turns one into the
 * other. Without a function both layouts are the same; a record with size 0 on our side is only ever seen by the trace.
 */
#include <mqueue.h>
#include <poll.h>
#include <fcntl.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include "host.h"
#include "records.h"
#include "bsd/kqueue.h"
#include "bsd/termios.h"
#include "freebsd/freebsd.h"
#include "freebsd/layout.h"

/* --- small ones ------------------------------------------------------------------------------------------------------------ */
#define FB_RLIM_INFINITY 0x7fffffffffffffffull

static void rlimit_get(const void *from, void *to)
{
	const uint64_t *g = from;
	*(struct rlimit *)to = (struct rlimit){
		g[0] >= FB_RLIM_INFINITY ? RLIM_INFINITY : g[0], g[1] >= FB_RLIM_INFINITY ? RLIM_INFINITY : g[1],
	};
}
static void rlimit_put(const void *from, void *to)
{
	const struct rlimit *h = from;
	((uint64_t *)to)[0] = MIN(h->rlim_cur, FB_RLIM_INFINITY);
	((uint64_t *)to)[1] = MIN(h->rlim_max, FB_RLIM_INFINITY);
}
static const struct { uint16_t guest, host; } poll_bits[] = {
	{ 0x1, POLLIN }, { 0x2, POLLPRI }, { 0x4, POLLOUT }, { 0x8, POLLERR }, { 0x10, POLLHUP }, { 0x20, POLLNVAL },
	{ 0x40, POLLRDNORM }, { 0x80, POLLRDBAND }, { 0x100, POLLWRBAND }, { 0x4000, POLLRDHUP },
};
static void pollfd_get(const void *from, void *to)
{
	const struct pollfd *g = from;
	struct pollfd h = { .fd = g->fd };
	for (unsigned i = 0; i < ARRAY_LEN(poll_bits); i++)
		if (g->events & poll_bits[i].guest)
			h.events |= (short)poll_bits[i].host;
	*(struct pollfd *)to = h;
}
static void pollfd_put(const void *from, void *to)
{
	const struct pollfd *h = from;
	struct pollfd g = { .fd = h->fd };
	for (unsigned i = 0; i < ARRAY_LEN(poll_bits); i++) {
		if (h->events & poll_bits[i].host)
			g.events |= (short)poll_bits[i].guest;
		if (h->revents & poll_bits[i].host)
			g.revents |= (short)poll_bits[i].guest;
	}
	if (h->revents & POLLHUP)        /* what is hung up can be read here: its end. Linux says so of sockets only */
		g.revents |= g.events & 0x41;
	*(struct pollfd *)to = g;
}
static void kevent_get(const void *from, void *to)
{
	const struct fbsd11_kevent *g = from;
	*(struct kev *)to = (struct kev){ g->ident, g->filter, g->flags, g->fflags, g->data, g->udata, { 0 } };
}
static void kevent_put(const void *from, void *to)
{
	const struct kev *h = from;
	*(struct fbsd11_kevent *)to = (struct fbsd11_kevent){ h->ident, h->filter, h->flags, h->fflags, h->data, h->udata };
}

/* --- all ---------------------------------------------------------------------------------------------------------------------- */
#define SAME(rec_, name_, size_) [REC_##rec_] = { name_, size_, size_, NULL, NULL },
#define CONV(rec_, name_, guest_, host_, get_, put_) [REC_##rec_] = { name_, sizeof(guest_), sizeof(host_), get_, put_ },
#define WHOLE(rec_, name_, guest_, host_, put_) [REC_##rec_] = { name_, sizeof(guest_), sizeof(host_), NULL, put_, true },
#define SEEN(rec_, name_, size_) [REC_##rec_] = { name_, size_, 0, NULL, NULL },

const struct record fbsd_rec[N_REC] = {
	WHOLE(STAT, "stat", struct fbsd_stat, struct statx, fbsd_stat_put)
	CONV(STAT_OLD, "freebsd11_stat", struct fbsd11_stat, struct statx, NULL, fbsd11_stat_put)
	CONV(STAT_OLDER, "ostat", struct fbsd_ostat, struct statx, NULL, fbsd_ostat_put)
	CONV(NSTAT, "nstat", struct fbsd_nstat, struct statx, NULL, fbsd_nstat_put)
	CONV(STATFS, "statfs", struct fbsd_statfs, struct host_statfs, NULL, fbsd_statfs_put)
	CONV(STATFS_OLD, "freebsd11_statfs", struct fbsd11_statfs, struct host_statfs, NULL, fbsd11_statfs_put)
	CONV(STATFS_OLDER, "ostatfs", struct fbsd4_statfs, struct host_statfs, NULL, fbsd4_statfs_put)
	CONV(FLOCK, "flock", struct fbsd_flock, struct flock, fbsd_flock_get, fbsd_flock_put)
	[REC_FLOCK_OLD] = { "oflock", 24, sizeof(struct flock), fbsd_flock_get, fbsd_oflock_put },

	SAME(TIMESPEC, "timespec", 16)
	SAME(TIMEVAL, "timeval", 16)
	SAME(TIMEZONE, "timezone", 8)
	SAME(ITIMERVAL, "itimerval", 32)
	SAME(ITIMERSPEC, "itimerspec", 32)
	SAME(TIMEVAL2, "timeval[2]", 32)
	[REC_TIMESPEC2] = { "timespec[2]", 32, 32, fbsd_timespec2_get, NULL },

	CONV(RLIMIT, "rlimit", uint64_t[2], struct rlimit, rlimit_get, rlimit_put)
	SAME(RUSAGE, "rusage", sizeof(struct rusage))
	SAME(WRUSAGE, "__wrusage", 2 * sizeof(struct rusage))
	SAME(SCHEDPARAM, "sched_param", 4)
	SAME(RTPRIO, "rtprio", 4)
	SEEN(THRPARAM, "thr_param", 104)

	CONV(SIGACTION, "sigaction", struct fbsd_sigaction, struct sigact, fbsd_sigaction_get, fbsd_sigaction_put)
	CONV(SIGALTSTACK, "sigaltstack", struct fbsd_sigaltstack, struct sigalt, fbsd_sigaltstack_get, fbsd_sigaltstack_put)
	CONV(SIGINFO, "siginfo", struct fbsd_siginfo, siginfo_t, NULL, fbsd_siginfo_put)
	CONV(SIGEVENT, "sigevent", struct fbsd_sigevent, struct sigevent, fbsd_sigevent_get, NULL)
	CONV(WSTATUS, "status", int, int, fbsd_wstatus_get, fbsd_wstatus_put)

	CONV(MSGHDR, "msghdr", struct fbsd_msghdr, struct msghdr, fbsd_msghdr_get, fbsd_msghdr_put)
	SAME(IOVEC, "iovec", 16)
	SAME(SOCKLEN, "socklen", 4)
	CONV(POLLFD, "pollfd", struct pollfd, struct pollfd, pollfd_get, pollfd_put)
	SAME(KEVENT, "kevent", sizeof(struct kev))
	CONV(KEVENT_OLD, "freebsd11_kevent", struct fbsd11_kevent, struct kev, kevent_get, kevent_put)
	SAME(FDSET, "fd_set", 128)
	SEEN(IFREQ, "ifreq", 32)
	CONV(TERMIOS, "termios", struct bsd_termios, struct host_termios, bsd_termios_get, bsd_termios_put)
	SAME(WINSIZE, "winsize", 8)

	SAME(SEMBUF, "sembuf", sizeof(struct sembuf))
	CONV(SHMID, "shmid_ds", struct fbsd_shmid_ds, struct shmid_ds, fbsd_shmid_get, fbsd_shmid_put)
	CONV(SEMID, "semid_ds", struct fbsd_semid_ds, struct semid_ds, fbsd_semid_get, fbsd_semid_put)
	CONV(MSGID, "msqid_ds", struct fbsd_msqid_ds, struct msqid_ds, fbsd_msqid_get, fbsd_msqid_put)
	CONV(MQATTR, "mq_attr", struct fbsd_mq_attr, struct mq_attr, fbsd_mqattr_get, fbsd_mqattr_put)

	SAME(INT, "int", 4)
	SAME(UINT, "u_int", 4)
	SAME(LONG, "long", 8)
	SAME(SIZE, "size_t", 8)
	SAME(OFF, "off_t", 8)
	SAME(PTR, "pointer", 8)
	SAME(U64, "uint64", 8)
	SAME(INT2, "int[2]", 8)
	SAME(UUID, "uuid", 16)
	SAME(OID, "int", 4)
	SAME(CAPRIGHTS, "cap_rights", 16)

	SEEN(UTSNAME, "utsname", 160)
	SEEN(FHANDLE, "fhandle", 28)
	SEEN(ACL, "acl", 0)
	SEEN(KLDSTAT, "kld_file_stat", 4)
	SEEN(MODSTAT, "module_stat", 4)
};
_Static_assert(sizeof(struct rusage) == 144 && sizeof(struct pollfd) == 8 && sizeof(struct sembuf) == 6, "same on both");
_Static_assert(sizeof(struct mq_attr) == 64, "same on both but for the flags");
