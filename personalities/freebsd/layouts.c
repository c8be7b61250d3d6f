/* SPDX-License-Identifier: BSD-2-Clause
 *
 * FreeBSD's structs field by field, for the trace: names as its headers have them, places as layout.h has them. What is
 * the same in every system is not repeated here (syscalls/observe/layouts.c).
 */
#include "observe/layout.h"
#include "bsd/kqueue.h"
#include "bsd/termios.h"
#include "freebsd/freebsd.h"
#include "freebsd/layout.h"

/* --- files ------------------------------------------------------------------------------------------------------- */
#define STAT_FIELDS \
	F(DEV, dev, "st_dev"), F(UINT, ino, "st_ino"), F(MODE, mode, "st_mode"), F(UINT, nlink, "st_nlink"), \
	F(UINT, uid, "st_uid"), F(UINT, gid, "st_gid"), FQ(DEV, rdev, "st_rdev"), \
	FW(REC, atim, "st_atim", REC_TIMESPEC), FW(REC, mtim, "st_mtim", REC_TIMESPEC), FW(REC, ctim, "st_ctim", \
		REC_TIMESPEC), \
	F(INT, size, "st_size"), F(INT, blocks, "st_blocks"), F(INT, blksize, "st_blksize"), FQ(HEX, flags, "st_flags")
#define S struct fbsd_stat_told
static const struct field f_stat[] = { STAT_FIELDS, FW(REC, birthtim, "st_birthtim", REC_TIMESPEC), END };
#undef S
#define S struct fbsd11_stat
static const struct field stat11[] = { STAT_FIELDS, FW(REC, birthtim, "st_birthtim", REC_TIMESPEC), END };
#undef S
#define S struct fbsd_nstat
static const struct field nstat[] = { STAT_FIELDS, FW(REC, birthtim, "st_birthtim", REC_TIMESPEC), END };
#undef S
#define S struct fbsd_ostat
static const struct field ostat[] = { STAT_FIELDS, END };
#undef S
#define STATFS_FIELDS \
	F(HEX, type, "f_type"), F(HEX, flags, "f_flags"), F(UINT, bsize, "f_bsize"), F(UINT, iosize, "f_iosize"), \
	F(UINT, blocks, "f_blocks"), F(UINT, bfree, "f_bfree"), F(INT, bavail, "f_bavail"), F(UINT, files, "f_files"), \
	F(INT, ffree, "f_ffree"), F(TEXT, fstypename, "f_fstypename"), F(TEXT, mntfromname, "f_mntfromname"), \
	F(TEXT, mntonname, "f_mntonname")
#define S struct fbsd_statfs
static const struct field f_statfs[] = { STATFS_FIELDS, END };
#undef S
#define S struct fbsd11_statfs
static const struct field statfs11[] = { STATFS_FIELDS, END };
#undef S
#define S struct fbsd4_statfs
static const struct field statfs4[] = { STATFS_FIELDS, END };
#undef S
#define S struct fbsd_flock
static const struct field f_flock[] = {
	FW(SET, type, "l_type", SET_LOCKTYPE), FW(SET, whence, "l_whence", SET_SEEK), F(INT, start, "l_start"),
	F(INT, len, "l_len"), FQ(INT, pid, "l_pid"), END };
#undef S

static const struct field f_caprights[] = {
	{ .name = "0", .off = 0, .size = 8, .type = F_SET, .what = SET_CAP },
	{ .name = "1", .off = 8, .size = 8, .type = F_SET, .what = SET_CAP1 }, END };

/* --- signals ------------------------------------------------------------------------------------------------------ */
#define S struct fbsd_sigaction
static const struct field f_sigaction[] = {
	F(HANDLER, handler, "sa_handler"), F(SIGSET, mask, "sa_mask"), FW(SET, flags, "sa_flags", SET_SA), END };
#undef S
#define S struct fbsd_sigaltstack
static const struct field f_sigaltstack[] = {
	F(ADDR, sp, "ss_sp"), FW(SET, flags, "ss_flags", SET_SS), F(UINT, size, "ss_size"), END };
#undef S
#define S struct fbsd_siginfo
static const struct field f_siginfo[] = {
	F(SIG, signo, "si_signo"), FQ(INT, err, "si_errno"), F(INT, code, "si_code"), FQ(INT, pid, "si_pid"),
	FQ(UINT, uid, "si_uid"), FQ(INT, status, "si_status"), FQ(ADDR, addr, "si_addr"), FQ(HEX, value, "si_value"), END };
#undef S
#define S struct fbsd_sigevent
static const struct field f_sigevent[] = {
	FW(SET, notify, "sigev_notify", SET_SIGEV), F(INT, signo, "sigev_signo"), F(HEX, value, "sigev_value"), END };
#undef S

/* --- sockets, events ---------------------------------------------------------------------------------------------- */
#define S struct fbsd_msghdr
static const struct field f_msghdr[] = {
	FP(PSOCKADDR, name, "msg_name", namelen), F(UINT, namelen, "msg_namelen"), FP(PIOV, iov, "msg_iov", iovlen),
	F(INT, iovlen, "msg_iovlen"), FP(PCMSG, control, "msg_control", controllen), F(UINT, controllen, "msg_controllen"),
	FW(SET, flags, "msg_flags", SET_MSG), END };
#undef S
#define KEVENT_FIELDS \
	F(UINT, ident, "ident"), FW(SET, filter, "filter", SET_KQFILT), FW(SET, flags, "flags", SET_EV), \
	FWIF(SET, fflags, "fflags", SET_NOTE_FD, filter, EVFILT_READ), FWIF(SET, fflags, "fflags", SET_NOTE_FD, filter, \
		EVFILT_WRITE), \
	FWIF(SET, fflags, "fflags", SET_NOTE_VNODE, filter, EVFILT_VNODE), \
	FWIF(SET, fflags, "fflags", SET_NOTE_PROC, filter, EVFILT_PROC), \
	FWIF(SET, fflags, "fflags", SET_NOTE_PROC, filter, EVFILT_PROCDESC), \
	FWIF(SET, fflags, "fflags", SET_NOTE_TIMER, filter, EVFILT_TIMER), \
	FWIF(SET, fflags, "fflags", SET_NOTE_USER, filter, EVFILT_USER), \
	FWIF(HEX, fflags, "fflags", 0, filter, EVFILT_SIGNAL), FWIF(HEX, fflags, "fflags", 0, filter, EVFILT_AIO), \
	F(INT, data, "data"), F(HEX, udata, "udata")
#define S struct kev
static const struct field f_kevent[] = { KEVENT_FIELDS, END };
#undef S
#define S struct fbsd11_kevent
static const struct field kevent11[] = { KEVENT_FIELDS, END };
#undef S
#define S struct bsd_termios
static const struct field f_termios[] = {
	FW(SET, iflag, "c_iflag", SET_TCIFLAG), FW(SET, oflag, "c_oflag", SET_TCOFLAG), FW(SET, cflag, "c_cflag", SET_TCCFLAG),
	FW(SET, lflag, "c_lflag", SET_TCLFLAG),
	F(BYTES, cc, "c_cc"), F(UINT, ispeed, "c_ispeed"), F(UINT, ospeed, "c_ospeed"), END };
#undef S
static const struct field f_ifreq[] = {
	{ .name = "ifr_name", .off = 0, .size = 16, .type = F_TEXT },
	{ .name = "ifr_ifru", .off = 16, .size = 16, .type = F_BYTES, .quiet = true }, END };

/* --- System V, POSIX queues --------------------------------------------------------------------------------------- */
#define PERM \
	F(UINT, perm.uid, "uid"), F(UINT, perm.gid, "gid"), F(OCT, perm.mode, "mode"), F(HEX, perm.key, "key")
#define S struct fbsd_shmid_ds
static const struct field shmid[] = {
	PERM, F(UINT, segsz, "shm_segsz"), F(INT, lpid, "shm_lpid"), F(INT, cpid, "shm_cpid"), F(UINT, nattch,
		"shm_nattch"), END };
#undef S
#define S struct fbsd_semid_ds
static const struct field semid[] = { PERM, F(UINT, nsems, "sem_nsems"), END };
#undef S
#define S struct fbsd_msqid_ds
static const struct field msqid[] = {
	PERM, F(UINT, cbytes, "msg_cbytes"), F(UINT, qnum, "msg_qnum"), F(UINT, qbytes, "msg_qbytes"), END };
#undef S
#define S struct fbsd_mq_attr
static const struct field mqattr[] = {
	F(HEX, flags, "mq_flags"), F(INT, maxmsg, "mq_maxmsg"), F(INT, msgsize, "mq_msgsize"), F(INT, curmsgs,
		"mq_curmsgs"), END };
#undef S

/* --- the rest ----------------------------------------------------------------------------------------------------- */
static const struct field rtprio[] = {
	{ .name = "type", .off = 0, .size = 2, .type = F_UINT }, { .name = "prio", .off = 2, .size = 2, .type = F_UINT },
		END };
/* sys/sys/thr.h; the last is a pointer to struct rtprio */
struct thr_param { uint64_t start, arg, stack_base, stack_size, tls_base, tls_size, child_tid,
	parent_tid; int32_t flags, pad;
		   uint64_t rtp, spare[3]; };
#define S struct thr_param
static const struct field thr_param[] = {
	F(ADDR, start, "start_func"), F(ADDR, arg, "arg"), F(ADDR, stack_base, "stack_base"), F(UINT, stack_size,
		"stack_size"),
	F(ADDR, tls_base, "tls_base"), F(UINT, tls_size, "tls_size"), F(ADDR, child_tid, "child_tid"),
	F(ADDR, parent_tid, "parent_tid"), F(HEX, flags, "flags"), F(ADDR, rtp, "rtp"), END };
#undef S
static const struct field f_utsname[] = {
	{ .name = "sysname", .off = 0, .size = 32, .type = F_TEXT }, { .name = "nodename", .off = 32, .size = 32,
		.type = F_TEXT },
	{ .name = "release", .off = 64, .size = 32, .type = F_TEXT }, { .name = "version", .off = 96, .size = 32,
		.type = F_TEXT },
	{ .name = "machine", .off = 128, .size = 32, .type = F_TEXT }, END };
/* sys/dirent.h: only the heads; a name follows, up to its NUL */
static const struct field dirent[] = {
	{ .name = "d_fileno", .off = 0, .size = 8, .type = F_UINT }, { .name = "d_reclen", .off = 16, .size = 2,
		.type = F_UINT },
	{ .name = "d_name", .off = 24, .size = 0, .type = F_TEXT }, END };
static const struct field dirent11[] = {
	{ .name = "d_fileno", .off = 0, .size = 4, .type = F_UINT }, { .name = "d_reclen", .off = 4, .size = 2,
		.type = F_UINT },
	{ .name = "d_name", .off = 8, .size = 0, .type = F_TEXT }, END };
static const struct field oid[] = { { .size = 4, .type = F_INT }, END };

#define OF(rec_, struct_, f_) [REC_##rec_] = { sizeof(struct_), false, f_ }
extern const struct layout fbsd_layout[N_REC];
const struct layout fbsd_layout[N_REC] = {
	OF(STAT, struct fbsd_stat, f_stat), OF(STAT_OLD, struct fbsd11_stat, stat11), OF(NSTAT, struct fbsd_nstat, nstat),
	OF(STAT_OLDER, struct fbsd_ostat, ostat), OF(STATFS, struct fbsd_statfs, f_statfs),
	OF(STATFS_OLD, struct fbsd11_statfs, statfs11), OF(STATFS_OLDER, struct fbsd4_statfs, statfs4),
	OF(FLOCK, struct fbsd_flock, f_flock), [REC_FLOCK_OLD] = { 24, false, f_flock },
	[REC_CAPRIGHTS] = { 16, false, f_caprights },
	OF(SIGACTION, struct fbsd_sigaction, f_sigaction), OF(SIGALTSTACK, struct fbsd_sigaltstack, f_sigaltstack),
	OF(SIGINFO, struct fbsd_siginfo, f_siginfo), OF(SIGEVENT, struct fbsd_sigevent, f_sigevent),
	OF(MSGHDR, struct fbsd_msghdr, f_msghdr), OF(KEVENT, struct kev, f_kevent), OF(KEVENT_OLD, struct fbsd11_kevent,
		kevent11),
	OF(TERMIOS, struct bsd_termios, f_termios), [REC_IFREQ] = { 32, false, f_ifreq },
	OF(SHMID, struct fbsd_shmid_ds, shmid), OF(SEMID, struct fbsd_semid_ds, semid), OF(MSGID, struct fbsd_msqid_ds, msqid),
	OF(MQATTR, struct fbsd_mq_attr, mqattr), [REC_RTPRIO] = { 4, false, rtprio }, OF(THRPARAM, struct thr_param,
		thr_param),
	[REC_UTSNAME] = { 160, false, f_utsname }, [REC_OID] = { 4, true, oid },
	[REC_DIRENT] = { 0, false, dirent }, [REC_DIRENT_OLD] = { 0, false, dirent11 },
};
_Static_assert(sizeof(struct thr_param) == 104, "sys/thr.h");
