/* SPDX-License-Identifier: BSD-2-Clause
 * What calls say of descriptors, paths, addresses and numbers that are not what they need: those whose own tests show only
 * how they work.
 */
#include "fbsd.h"

#define BAD 99                   /* no open descriptor */
#define NOWHERE 8                /* no memory */

static struct timespec ts2[2];
static struct timeval tv2[2];
static char b[64];
static long p0, s0, f;

static void paths(void)
{
	say("paths\n");
	show(sys(SYS_ocreat, "none/f", 0644));
	show(sys(SYS_ocreat, NOWHERE, 0644));
	show(sys(SYS_olstat, "none", b));
	show(sys(SYS_olstat, "f", NOWHERE));
	show(sys(SYS_freebsd11_lstat, "none", b));
	show(sys(SYS_freebsd11_lstat, "f", NOWHERE));
	show(sys(SYS_freebsd11_nstat, "f/x", b));
	show(sys(SYS_freebsd11_nlstat, "none", b));
	show(sys(SYS_freebsd11_statfs, "none", b));
	show(sys(SYS_freebsd11_fstatat, AT_FDCWD, "none", b, 0));
	show(sys(SYS_freebsd11_fstatat, AT_FDCWD, "f", b, 0x10));
	show(chown("none", -1, -1));
	show(chown(NOWHERE, -1, -1));
	show(lchown("none", -1, -1));
	show(lchown("f/x", -1, -1));
	show(fchownat(BAD, "f", -1, -1, 0));
	show(fchownat(AT_FDCWD, "f", -1, -1, 0x10));
	show(sys(SYS_eaccess, "none", F_OK));
	show(sys(SYS_eaccess, "f", 99));
	show(lutimes("none", 0));
	show(lutimes("f", NOWHERE));
	show(sys(SYS_futimesat, BAD, "f", 0));
	show(sys(SYS_futimesat, AT_FDCWD, "none", tv2));
	show(truncate("none", 0));
	show(truncate(".", 0));
	show(truncate("f", -1));
	show(sys(SYS_freebsd6_truncate, "none", 0, 0));
	show(mkdirat(BAD, "d", 0755));
	show(mkdirat(AT_FDCWD, "f", 0755));
	show(mkdirat(f, "d", 0755));
	show(mkfifoat(BAD, "p", 0644));
	show(mkfifoat(AT_FDCWD, "f", 0644));
	show(readlinkat(AT_FDCWD, "f", b, 64));
	show(readlinkat(BAD, "f", b, 64));
	show(readlinkat(AT_FDCWD, "l", NOWHERE, 64));
	show(renameat(AT_FDCWD, "none", AT_FDCWD, "x"));
	show(renameat(BAD, "f", AT_FDCWD, "x"));
	show(renameat(AT_FDCWD, "f", AT_FDCWD, "none/x"));
	show(symlinkat("f", BAD, "m"));
	show(symlinkat("f", AT_FDCWD, "l"));
	show(sys(SYS_extattr_delete_file, "none", 1, "a"));
	show(sys(SYS_extattr_list_file, "none", 1, 0, 0));
}
static void descriptors(void)
{
	struct iovec v = { b, 64 }, wrong = { (void *)NOWHERE, 64 };
	u32 len = 16;

	say("descriptors\n");
	show(sys(SYS_olseek, BAD, 0, SEEK_SET));
	show(sys(SYS_olseek, p0, 0, SEEK_SET));
	show(sys(SYS_freebsd6_lseek, f, 0, -5, SEEK_SET));
	show(getsockname(BAD, b, &len));
	show(getsockname(f, b, &len));
	show(getsockname(s0, b, NOWHERE));
	show(fsync(BAD));
	show(fsync(p0));
	show(fdatasync(BAD));
	show(writev(BAD, &v, 1));
	show(writev(f, &wrong, 1));
	show(writev(f, &v, 2000));
	show(writev(f, NOWHERE, 1));
	show(fchown(BAD, -1, -1));
	show(sys(SYS_oftruncate, BAD, 0));
	show(sys(SYS_oftruncate, p0, 0));
	show(sys(SYS_freebsd6_pread, BAD, b, 4, 0, 0));
	show(sys(SYS_freebsd6_pread, p0, b, 4, 0, 0));
	show(sys(SYS_freebsd6_pwrite, f, NOWHERE, 4, 0, 0));
	show(sys(SYS_freebsd11_fstat, BAD, b));
	show(sys(SYS_freebsd11_fstat, f, NOWHERE));
	show(fpathconf(BAD, 4));
	show(fpathconf(f, 7777));
	show(sys(SYS_freebsd11_getdirentries, f, b, 64, 0));
	show(sys(SYS_freebsd11_getdirentries, BAD, b, 64, 0));
	show(futimes(BAD, 0));
	show(futimes(f, NOWHERE));
	show(preadv(BAD, &v, 1, 0L));
	show(preadv(p0, &v, 1, 0L));
	show(preadv(f, &v, 1, -1L));
	show(pwritev(f, &wrong, 1, 0L));
	show(pwritev(BAD, &v, 1, 0L));
	show(sys(SYS_aio_cancel, BAD, 0));
	show(sys(SYS_aio_suspend, NOWHERE, 1, 0));
	show(sys(SYS_aio_fsync, 7, b));
	show(sys(SYS_aio_fsync, O_FSYNC, NOWHERE));
	show(sys(SYS_extattr_set_fd, BAD, 1, "a", "x", 1));
	show(sys(SYS_extattr_set_fd, f, 1, "a", NOWHERE, 1));
	show(sys(SYS_extattr_list_fd, BAD, 1, 0, 0));
	show(sys(SYS_kmq_setattr, BAD, 0, 0));
	show(accept4(BAD, 0, 0, 0));
	show(accept4(s0, 0, 0, 0));
	show(accept4(s0, 0, 0, 0x7));
	show(timerfd_create(77, 0));
	show(timerfd_create(CLOCK_REALTIME, 0x1234));
	show(timerfd_settime(f, 0, ts2, 0));
	show(timerfd_settime(BAD, 0, ts2, 0));
	show(fcntl(BAD, F_SETFD, 1));
	show(fcntl(BAD, F_GETFL, 0));
	show(fcntl(BAD, F_SETFL, 0));
	show(fcntl(BAD, F_OGETLK, b));
	show(fcntl(f, F_OGETLK, NOWHERE));
	show(fcntl(f, F_OSETLKW, NOWHERE));
	show(fcntl(BAD, F_DUP2FD, 20));
	show(fcntl(f, F_DUP2FD, -1));
	show(fcntl(f, F_GETLK, NOWHERE));
	show(fcntl(f, F_SETLKW, NOWHERE));
	show(fcntl(BAD, F_DUPFD_CLOEXEC, 0));
	show(fcntl(f, F_DUPFD_CLOEXEC, -1));
	show(fcntl(BAD, F_DUP2FD_CLOEXEC, 20));
	show(fcntl(f, F_ADD_SEALS, 1));
	show(fcntl(f, F_GET_SEALS, 0));
	show(fcntl(BAD, F_ISUNIONSTACK, 0));
	show(fcntl(p0, F_ISUNIONSTACK, 0));
}
static void others(void)
{
	sigset_t none = { 0 };
	long l;

	say("others\n");
	show(getitimer(9, b));
	show(getitimer(ITIMER_REAL, NOWHERE));
	show(sys(SYS_munlock, 4096, 4096));
	show(sys(SYS_semget, 0, -1, 0));
	show(sys(SYS_semget, 0x7eadbeef, 1, 0));
	show(sys(SYS_msgget, 0x7eadbeef, 0));
	show(sys(SYS_msgctl, -1, 2, b));
	show(sys(SYS_shmat, -1, 0, 0));
	show(clock_getres(77, b));
	show(clock_getres(CLOCK_REALTIME, NOWHERE));
	show(ktimer_gettime(77, b));
	show(ktimer_getoverrun(77));
	show(sys(SYS_sched_getscheduler, 99999999));
	show(sys(SYS_sched_getscheduler, -1));
	show(sys(SYS_sched_get_priority_min, 9));
	show(sys(SYS_sched_rr_get_interval, 99999999, b));
	show(sys(SYS_sched_rr_get_interval, 0, NOWHERE));
	show(sys(SYS_utrace, b, 10000));
	show(sigwaitinfo(NOWHERE, 0));
	show(sigwait(NOWHERE, &l));
	show(sigtimedwait(&none, 0, TS(0, 2000000000)));
	show(getresgid(NOWHERE, 0, 0));
	show(sys(SYS_thr_create, NOWHERE, &l, 0));
	show(thr_set_name(99, "x"));
	show(thr_set_name(0, NOWHERE));
	show(sys(SYS_getgroups, -1, b));
	show(kqueuex(0x8000));
	show(umtx_op(NOWHERE, UMTX_OP_CV_BROADCAST, 0, 0, 0));
	show(umtx_op(NOWHERE, UMTX_OP_MUTEX_WAIT, 0, 0, 0));
	show(umtx_op(0, UMTX_OP_ROBUST_LISTS, 8, NOWHERE, 0));
	show(umtx_op(0, UMTX_OP_ROBUST_LISTS, 1000, b, 0));
	show(umtx_op(0, 28, -1l, 0, 0));
}
int main(int argc, char **argv)
{
	int p[2], s[2];

	put_file("f", "x");
	symlink("f", "l");
	pipe2(p, 0);
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	p0 = p[0], s0 = s[0];
	f = open("f", O_RDWR, 0);
	paths();
	descriptors();
	others();
	return 0;
}
