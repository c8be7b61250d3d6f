/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Layouts (layout.h) of the structs that 64-bit systems have in common: numbers, times, limits. A system whose own
 * differs declares its own, which is taken instead; one whose record has another size is never shown by these.
 */
#include <poll.h>
#include <time.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/sem.h>
#include <sys/ioctl.h>
#include "guise.h"
#include "observe/layout.h"

#define ONE(name_, type_, size_) static const struct field name_[] = { { .size = size_, .type = F_##type_ }, END };
ONE(an_int, INT, 4) ONE(a_uint, UINT, 4) ONE(a_long, INT, 8) ONE(a_ulong, UINT, 8) ONE(a_pointer, ADDR, 8)
ONE(a_status, WSTATUS, 4)

static const struct field two_ints[] = { { .off = 0, .size = 4, .type = F_INT }, { .off = 4, .size = 4,
	.type = F_INT }, END };
static const struct field uuid[] = { { .size = 16, .type = F_BYTES }, END };

#define S struct timespec
static const struct field timespec[] = { F(INT, tv_sec, "tv_sec"), F(INT, tv_nsec, "tv_nsec"), END };
#undef S
#define S struct timeval
static const struct field timeval[] = { F(INT, tv_sec, "tv_sec"), F(INT, tv_usec, "tv_usec"), END };
#undef S
#define S struct timezone
static const struct field time_zone[] = { F(INT, tz_minuteswest, "tz_minuteswest"), F(INT, tz_dsttime,
	"tz_dsttime"), END };
#undef S
#define PAIR(name_, rec_) static const struct field name_[] = { { .off = 0, .size = 16, .type = F_REC, \
	.what = REC_##rec_ }, \
	{ .off = 16, .size = 16, .type = F_REC, .what = REC_##rec_ }, END };
PAIR(two_timespecs, TIMESPEC)
PAIR(two_timevals, TIMEVAL)
#define S struct itimerval
static const struct field itimerval[] = {
	FW(REC, it_interval, "it_interval", REC_TIMEVAL), FW(REC, it_value, "it_value", REC_TIMEVAL), END };
#undef S
#define S struct itimerspec
static const struct field itimerspec[] = {
	FW(REC, it_interval, "it_interval", REC_TIMESPEC), FW(REC, it_value, "it_value", REC_TIMESPEC), END };
#undef S
#define S struct rlimit
static const struct field rlimit[] = { F(LIMIT, rlim_cur, "rlim_cur"), F(LIMIT, rlim_max, "rlim_max"), END };
#undef S
#define S struct rusage
#define L(m_) { .name = #m_, .off = offsetof(S, m_), .size = 8, .type = F_INT }
static const struct field rusage[] = {
	FW(REC, ru_utime, "ru_utime", REC_TIMEVAL), FW(REC, ru_stime, "ru_stime", REC_TIMEVAL), L(ru_maxrss), L(ru_ixrss),
	L(ru_idrss), L(ru_isrss), L(ru_minflt), L(ru_majflt), L(ru_nswap), L(ru_inblock), L(ru_oublock), L(ru_msgsnd),
	L(ru_msgrcv), L(ru_nsignals), L(ru_nvcsw), L(ru_nivcsw), END };
#undef L
#undef S
static const struct field wrusage[] = {
	{ .name = "wru_self", .off = 0, .size = 144, .type = F_REC, .what = REC_RUSAGE },
	{ .name = "wru_children", .off = 144, .size = 144, .type = F_REC, .what = REC_RUSAGE }, END };
#define S struct pollfd
static const struct field pollfd[] = {
	F(FD, fd, "fd"), FW(SET, events, "events", SET_POLL), FWQ(SET, revents, "revents", SET_POLL), END };
#undef S
static const struct field sched_param[] = { { .name = "sched_priority", .size = 4, .type = F_INT }, END };
#define S struct winsize
static const struct field winsize[] = { F(UINT, ws_row, "ws_row"), F(UINT, ws_col, "ws_col"), F(UINT, ws_xpixel,
	"ws_xpixel"),
	F(UINT, ws_ypixel, "ws_ypixel"), END };
#undef S
#define S struct sembuf
static const struct field sembuf[] = { F(UINT, sem_num, "sem_num"), F(INT, sem_op, "sem_op"),
	FW(SET, sem_flg, "sem_flg", SET_IPC), END };
#undef S

#define SCALAR(rec_, size_, f_) [REC_##rec_] = { size_, true, f_ }
#define STRUCT(rec_, size_, f_) [REC_##rec_] = { size_, false, f_ }
const struct layout common_layout[N_REC] = {
	SCALAR(INT, 4, an_int), SCALAR(UINT, 4, a_uint), SCALAR(SOCKLEN, 4, a_uint), SCALAR(LONG, 8, a_long),
	SCALAR(ULONG, 8, a_ulong), SCALAR(SIZE, 8, a_ulong), SCALAR(U64, 8, a_ulong), SCALAR(OFF, 8, a_long),
	SCALAR(PTR, 8, a_pointer), SCALAR(WSTATUS, 4, a_status), SCALAR(UUID, 16, uuid),
	STRUCT(INT2, 8, two_ints), STRUCT(TIMESPEC, 16, timespec), STRUCT(TIMEVAL, 16, timeval), STRUCT(TIMEZONE, 8,
		time_zone),
	STRUCT(TIMESPEC2, 32, two_timespecs), STRUCT(TIMEVAL2, 32, two_timevals), STRUCT(ITIMERVAL, 32, itimerval),
	STRUCT(ITIMERSPEC, 32, itimerspec), STRUCT(RLIMIT, 16, rlimit), STRUCT(RUSAGE, 144, rusage),
	STRUCT(WRUSAGE, 288, wrusage), STRUCT(POLLFD, 8, pollfd), STRUCT(SCHEDPARAM, 4, sched_param),
	STRUCT(WINSIZE, 8, winsize), STRUCT(SEMBUF, 6, sembuf),
};
_Static_assert(sizeof(struct timespec) == 16 && sizeof(struct itimerval) == 32 && sizeof(struct rusage) == 144,
	"sizes above");
_Static_assert(sizeof(struct winsize) == 8 && sizeof(struct sembuf) == 6 && sizeof(struct rlimit) == 16, "sizes above");
