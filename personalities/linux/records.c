/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Structs: the guest's bytes are the host's, so a record is a name and a size, for the trace. A few have another form
 * where the handlers and observers hold them (records.h) and are converted.
 */
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "../../syscalls/records.h"
#include "linux.h"

static void stat_get(const void *guest, void *host)
{
	const struct stat *s = guest;
	*(struct statx *)host = (struct statx){
		.stx_mask = STATX_BASIC_STATS, .stx_blksize = (uint32_t)s->st_blksize, .stx_nlink = (uint32_t)s->st_nlink,
		.stx_uid = s->st_uid, .stx_gid = s->st_gid, .stx_mode = (uint16_t)s->st_mode, .stx_ino = s->st_ino,
		.stx_size = (uint64_t)s->st_size, .stx_blocks = (uint64_t)s->st_blocks,
		.stx_atime = { .tv_sec = s->st_atim.tv_sec, .tv_nsec = (uint32_t)s->st_atim.tv_nsec },
		.stx_mtime = { .tv_sec = s->st_mtim.tv_sec, .tv_nsec = (uint32_t)s->st_mtim.tv_nsec },
		.stx_ctime = { .tv_sec = s->st_ctim.tv_sec, .tv_nsec = (uint32_t)s->st_ctim.tv_nsec },
		.stx_dev_major = major(s->st_dev), .stx_dev_minor = minor(s->st_dev),
		.stx_rdev_major = major(s->st_rdev), .stx_rdev_minor = minor(s->st_rdev),
	};
}
static void statfs_get(const void *guest, void *host)
{
	struct host_statfs *h = host;
	memset(h, 0, sizeof *h);
	memcpy(&h->f, guest, sizeof h->f);
}

struct ksigaction { uint64_t handler, flags, restorer, mask; };

static void sigaction_get(const void *guest, void *host)
{
	const struct ksigaction *k = guest;
	*(struct sigact *)host = (struct sigact){ k->handler, k->flags, k->mask, k->restorer };
}
static void sigaction_put(const void *host, void *guest)
{
	const struct sigact *a = host;
	*(struct ksigaction *)guest = (struct ksigaction){ a->handler, a->flags, a->tramp, (uint64_t)a->mask };
}
static void altstack_get(const void *guest, void *host)
{
	const stack_t *s = guest;
	*(struct sigalt *)host = (struct sigalt){ (uaddr)s->ss_sp, s->ss_size, (uint32_t)s->ss_flags };
}
static void altstack_put(const void *host, void *guest)
{
	const struct sigalt *a = host;
	*(stack_t *)guest = (stack_t){ .ss_sp = (void *)a->base, .ss_flags = (int)a->flags, .ss_size = a->size };
}
struct ktermios { uint32_t iflag, oflag, cflag, lflag; uint8_t line, cc[19]; };
_Static_assert(sizeof(struct ktermios) == 36 && sizeof(struct host_termios) == 44, "uapi");

static void termios_get(const void *guest, void *host)
{
	struct host_termios *h = host;
	memset(h, 0, sizeof *h);
	memcpy(h, guest, sizeof(struct ktermios));
}

#define SIZED(rec_, name_, size_) [REC_##rec_] = { #name_, size_, size_, NULL, NULL }
const struct record lnx_rec[N_REC] = {
	[REC_STAT] = { "stat", 144, sizeof(struct statx), stat_get, NULL },
	[REC_STATFS] = { "statfs", 120, sizeof(struct host_statfs), statfs_get, NULL },
	[REC_SIGACTION] = { "sigaction", 32, sizeof(struct sigact), sigaction_get, sigaction_put },
	[REC_SIGALTSTACK] = { "stack_t", 24, sizeof(struct sigalt), altstack_get, altstack_put },
	[REC_TERMIOS] = { "termios", 36, sizeof(struct host_termios), termios_get, NULL },
	SIZED(TERMIOS2, termios2, 44), SIZED(WINSIZE, winsize, 8), SIZED(STATX, statx, 256),
	SIZED(TIMESPEC, timespec, 16), SIZED(TIMEVAL, timeval, 16), SIZED(TIMEZONE, timezone, 8),
	SIZED(ITIMERVAL, itimerval, 32), SIZED(ITIMERSPEC, itimerspec, 32), SIZED(TIMESPEC2, timespec, 32),
	SIZED(TIMEVAL2, timeval, 32), SIZED(RLIMIT, rlimit, 16), SIZED(RUSAGE, rusage, 144), SIZED(TMS, tms, 32),
	SIZED(SIGINFO, siginfo_t, 128), SIZED(SIGEVENT, sigevent, 64), SIZED(UCONTEXT, ucontext, 304),
	SIZED(MSGHDR, msghdr, 56), SIZED(MMSGHDR, mmsghdr, 64), SIZED(IOVEC, iovec, 16), SIZED(POLLFD, pollfd, 8),
	SIZED(FDSET, fd_set, 128), SIZED(FLOCK, flock, 32), SIZED(INT, int, 4), SIZED(UINT, unsigned, 4),
	SIZED(LONG, long, 8), SIZED(ULONG, unsigned long, 8), SIZED(SIZE, size_t, 8), SIZED(OFF, off_t, 8),
	SIZED(PTR, void *, 8), SIZED(INT2, int, 8), SIZED(U64, uint64_t, 8), SIZED(SOCKLEN, socklen_t, 4),
	SIZED(WSTATUS, int, 4), SIZED(UTSNAME, utsname, 390), SIZED(SYSINFO, sysinfo, 112),
	SIZED(CLONEARGS, clone_args, 64), SIZED(OPENHOW, open_how, 24), SIZED(SCHEDPARAM, sched_param, 4),
	SIZED(SCHEDATTR, sched_attr, 48), SIZED(SEMBUF, sembuf, 6), SIZED(SHMID, shmid_ds, 112), SIZED(MSGID, msqid_ds, 120),
	SIZED(SEMID, semid_ds, 104), SIZED(MQATTR, mq_attr, 64), SIZED(FHANDLE, file_handle, 8),
	SIZED(EPOLLEVENT, epoll_event, 12), SIZED(IFREQ, ifreq, 40), SIZED(IFCONF, ifconf, 16), SIZED(RSEQ, rseq, 32),
	SIZED(TIMEX, timex, 208), SIZED(CAPHDR, cap_user_header, 8), SIZED(CAPDATA, cap_user_data, 24),
	SIZED(USTAT, ustat, 32), SIZED(UTIMBUF, utimbuf, 16), SIZED(IOCB, iocb, 64), SIZED(IOEVENT, io_event, 32),
	SIZED(PERFATTR, perf_event_attr, 64), SIZED(URINGPARAMS, io_uring_params, 120), SIZED(SIGMASKARG, sigset_argpack, 16),
	SIZED(MOUNTATTR, mount_attr, 32), SIZED(LANDLOCKATTR, landlock_ruleset_attr, 8), SIZED(FUTEXWAITV, futex_waitv, 24),
	SIZED(CACHERANGE, cachestat_range, 16), SIZED(CACHESTAT, cachestat, 40), SIZED(MNTIDREQ, mnt_id_req, 24),
	SIZED(FILEATTR, file_attr, 24), SIZED(DIRENT, linux_dirent64, 24), SIZED(DIRENT_OLD, linux_dirent, 24),
};
