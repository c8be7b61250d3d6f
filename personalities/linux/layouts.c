/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Linux's structs field by field, for the trace; what other systems have, too, is in syscalls/observe/layouts.c.
 * Places and names: include/uapi and arch/x86/include/uapi.
 */
#include <fcntl.h>
#include <sys/statfs.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <linux/stat.h>
#include "../../syscalls/observe/layout.h"
#include "../../syscalls/sock.h"
#include "linux.h"

/* --- files ------------------------------------------------------------------------------------------------------- */
#define S struct stat
static const struct field lnx_stat[] = {
	F(DEV, st_dev, "st_dev"), F(UINT, st_ino, "st_ino"), F(MODE, st_mode, "st_mode"), F(UINT, st_nlink, "st_nlink"),
	F(UINT, st_uid, "st_uid"), F(UINT, st_gid, "st_gid"), FQ(DEV, st_rdev, "st_rdev"), F(INT, st_size, "st_size"),
	F(INT, st_blksize, "st_blksize"), F(INT, st_blocks, "st_blocks"), FW(REC, st_atim, "st_atim", REC_TIMESPEC),
	FW(REC, st_mtim, "st_mtim", REC_TIMESPEC), FW(REC, st_ctim, "st_ctim", REC_TIMESPEC), END };
#undef S
#define STAMP(m_, name_) { .name = name_, .off = offsetof(S, m_.tv_sec), .size = 8, .type = F_INT }
#define S struct statx
static const struct field lnx_statx[] = {
	FW(SET, stx_mask, "stx_mask", SET_STATX), F(UINT, stx_blksize, "stx_blksize"), FQ(HEX, stx_attributes,
		"stx_attributes"),
	F(UINT, stx_nlink, "stx_nlink"), F(UINT, stx_uid, "stx_uid"), F(UINT, stx_gid, "stx_gid"), F(MODE, stx_mode,
		"stx_mode"),
	F(UINT, stx_ino, "stx_ino"), F(UINT, stx_size, "stx_size"), F(UINT, stx_blocks, "stx_blocks"), STAMP(stx_atime,
		"stx_atime"),
	STAMP(stx_btime, "stx_btime"), STAMP(stx_ctime, "stx_ctime"), STAMP(stx_mtime, "stx_mtime"), END };
#undef S
#define S struct statfs
static const struct field lnx_statfs[] = {
	F(HEX, f_type, "f_type"), F(INT, f_bsize, "f_bsize"), F(UINT, f_blocks, "f_blocks"), F(UINT, f_bfree, "f_bfree"),
	F(UINT, f_bavail, "f_bavail"), F(UINT, f_files, "f_files"), F(UINT, f_ffree, "f_ffree"), F(INT, f_namelen,
		"f_namelen"),
	F(INT, f_frsize, "f_frsize"), F(HEX, f_flags, "f_flags"), END };
#undef S
#define S struct flock
static const struct field lnx_flock[] = {
	FW(SET, l_type, "l_type", SET_LOCKTYPE), FW(SET, l_whence, "l_whence", SET_SEEK), F(INT, l_start, "l_start"),
	F(INT, l_len, "l_len"), FQ(INT, l_pid, "l_pid"), END };
#undef S
#define S struct open_how
static const struct field lnx_how[] = {
	FW(SET, flags, "flags", SET_OPEN), FQ(OCT, mode, "mode"), F(HEX, resolve, "resolve"), END };
#undef S

/* --- signals, processes ------------------------------------------------------------------------------------------- */
struct ksigaction { uint64_t handler, flags, restorer, mask; };
#define S struct ksigaction
static const struct field lnx_sigaction[] = {
	F(HANDLER, handler, "sa_handler"), F(SIGSET, mask, "sa_mask"), FW(SET, flags, "sa_flags", SET_SA),
	FQ(ADDR, restorer, "sa_restorer"), END };
#undef S
#define S stack_t
static const struct field lnx_altstack[] = {
	F(ADDR, ss_sp, "ss_sp"), FW(SET, ss_flags, "ss_flags", SET_SS), F(UINT, ss_size, "ss_size"), END };
#undef S
static const struct field lnx_siginfo[] = { { .size = 128, .type = F_SIGINFO }, END };
static const struct field lnx_sigevent[] = {
	{ .name = "sigev_value", .off = 0, .size = 8, .type = F_HEX }, { .name = "sigev_signo", .off = 8, .size = 4,
		.type = F_INT },
	{ .name = "sigev_notify", .off = 12, .size = 4, .type = F_INT }, END };
#define S struct clone_args
static const struct field lnx_clone[] = {
	FW(SET, flags, "flags", SET_CLONE), FQ(ADDR, child_tid, "child_tid"), FQ(ADDR, parent_tid, "parent_tid"),
	F(INT, exit_signal, "exit_signal"), F(ADDR, stack, "stack"), F(HEX, stack_size, "stack_size"), FQ(ADDR, tls,
		"tls"), END };
#undef S
#define S struct tms
static const struct field lnx_tms[] = {
	F(INT, tms_utime, "tms_utime"), F(INT, tms_stime, "tms_stime"), F(INT, tms_cutime, "tms_cutime"),
	F(INT, tms_cstime, "tms_cstime"), END };
#undef S
#define S struct utsname
static const struct field lnx_utsname[] = {
	F(TEXT, sysname, "sysname"), F(TEXT, nodename, "nodename"), F(TEXT, release, "release"), F(TEXT, version, "version"),
	F(TEXT, machine, "machine"), F(TEXT, domainname, "domainname"), END };
#undef S
#define S struct sysinfo
static const struct field lnx_sysinfo[] = {
	F(INT, uptime, "uptime"), F(UINT, totalram, "totalram"), F(UINT, freeram, "freeram"), F(UINT, procs, "procs"),
	F(UINT, mem_unit, "mem_unit"), END };
#undef S

/* --- sockets, events, terminals ----------------------------------------------------------------------------------- */
#define MSG_FIELDS(m_) \
	FP(PSOCKADDR, m_ msg_name, "msg_name", m_ msg_namelen), F(UINT, m_ msg_namelen, "msg_namelen"), \
	FP(PIOV, m_ msg_iov, "msg_iov", m_ msg_iovlen), F(UINT, m_ msg_iovlen, "msg_iovlen"), \
	FP(PCMSG, m_ msg_control, "msg_control", m_ msg_controllen), F(UINT, m_ msg_controllen, "msg_controllen"), \
	FW(SET, m_ msg_flags, "msg_flags", SET_MSG)
#define S struct msghdr
static const struct field lnx_msghdr[] = { MSG_FIELDS(), END };
#undef S
#define S struct mmsghdr
static const struct field lnx_mmsghdr[] = {
	{ .name = "msg_hdr", .off = 0, .size = 56, .type = F_REC, .what = REC_MSGHDR }, F(UINT, msg_len, "msg_len"), END };
#undef S
static const struct field lnx_epoll[] = {
	{ .name = "events", .off = 0, .size = 4, .type = F_SET, .what = SET_EPOLL },
	{ .name = "data", .off = 4, .size = 8, .type = F_HEX }, END };
struct ktermios { uint32_t iflag, oflag, cflag, lflag; uint8_t line, cc[19]; };
#define S struct ktermios
static const struct field lnx_termios[] = {
	FW(SET, iflag, "c_iflag", SET_TCIFLAG), FW(SET, oflag, "c_oflag", SET_TCOFLAG), FW(SET, cflag, "c_cflag", SET_TCCFLAG),
	FW(SET, lflag, "c_lflag", SET_TCLFLAG),
	F(UINT, line, "c_line"), F(BYTES, cc, "c_cc"), END };
#undef S

/* include/linux/dirent.h, fs/readdir.c: only the heads; a name follows, up to its NUL */
static const struct field lnx_dirent64[] = {
	{ .name = "d_ino", .off = 0, .size = 8, .type = F_UINT }, { .name = "d_reclen", .off = 16, .size = 2, .type = F_UINT },
	{ .name = "d_name", .off = 19, .size = 0, .type = F_TEXT }, END };
static const struct field lnx_dirent[] = {
	{ .name = "d_ino", .off = 0, .size = 8, .type = F_UINT }, { .name = "d_reclen", .off = 16, .size = 2, .type = F_UINT },
	{ .name = "d_name", .off = 18, .size = 0, .type = F_TEXT }, END };

#define OF(rec_, struct_, f_) [REC_##rec_] = { sizeof(struct_), false, f_ }
extern const struct layout lnx_layout[N_REC];
extern const struct cmsgrow lnx_cmsg[];
const struct layout lnx_layout[N_REC] = {
	OF(STAT, struct stat, lnx_stat), OF(STATX, struct statx, lnx_statx), OF(STATFS, struct statfs, lnx_statfs),
	OF(FLOCK, struct flock, lnx_flock), OF(OPENHOW, struct open_how, lnx_how), OF(SIGACTION, struct ksigaction,
		lnx_sigaction),
	OF(SIGALTSTACK, stack_t, lnx_altstack), [REC_SIGINFO] = { 128, true, lnx_siginfo },
	[REC_SIGEVENT] = { 64, false, lnx_sigevent }, [REC_CLONEARGS] = { 64, false, lnx_clone }, OF(TMS, struct tms, lnx_tms),
	OF(UTSNAME, struct utsname, lnx_utsname), OF(SYSINFO, struct sysinfo, lnx_sysinfo), OF(MSGHDR, struct msghdr,
		lnx_msghdr),
	OF(MMSGHDR, struct mmsghdr, lnx_mmsghdr), [REC_EPOLLEVENT] = { 12, false, lnx_epoll },
	[REC_DIRENT] = { 0, false, lnx_dirent64 }, [REC_DIRENT_OLD] = { 0, false, lnx_dirent },
	[REC_TERMIOS] = { 36, false, lnx_termios }, [REC_TERMIOS2] = { 44, false, lnx_termios },
};
_Static_assert(sizeof(struct stat) == 144 && sizeof(struct statx) == 256 && sizeof(struct msghdr) == 56, "uapi");

/* The kinds of control messages; they pass as they are, so these are for the trace alone. */
const struct cmsgrow lnx_cmsg[] = {
	{ .name = "SCM_RIGHTS", .level = SOL_SOCKET, .type = 1 }, { .name = "SCM_CREDENTIALS", .level = SOL_SOCKET,
		.type = 2 },
	{ .name = "SCM_TIMESTAMP", .level = SOL_SOCKET, .type = 29 }, { .name = "SCM_TIMESTAMPNS", .level = SOL_SOCKET,
		.type = 35 },
	{ .name = "SCM_PIDFD", .level = SOL_SOCKET, .type = 4 }, { .name = "IP_PKTINFO", .level = 0, .type = 8 },
	{ .name = "IP_TTL", .level = 0, .type = 2 }, { .name = "IPV6_PKTINFO", .level = 41, .type = 50 },
	{ .name = NULL },
};
