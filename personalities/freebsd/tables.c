/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The .def files of this folder made into tables. Nothing is said here that is not said there; what can be checked when
 * it is compiled is checked here. personality.c hands the tables to the core.
 */
#include <aio.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>
#include <linux/close_range.h>
#include <linux/fs.h>
#include <linux/kcmp.h>
#include <linux/memfd.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include "host.h"
#include "ext.h"
#include "freebsd/freebsd.h"
#include "row.h"
#include "machine/privilege.h"

/* --- calls --- */
#define SYS(nr_, name_, ret_, fn_, level_, ...) sysfn fn_;
#define NOSYS(...)
#define GONE(nr_, name_, reason_)
#include "syscalls.def"
#undef SYS
#undef NOSYS
#undef GONE
static const struct row rows[] = {
#define SYS(nr_, name_, ret_, fn_, level_, ...) [nr_] = ROW(name_, ret_, fn_, level_, __VA_ARGS__),
#define NOSYS(nr_, name_, ...) [nr_] = ROW_NOSYS(name_, __VA_ARGS__),
#define GONE(nr_, name_, reason_) [nr_] = ROW_GONE(name_, reason_),
#include "syscalls.def"
#undef SYS
#undef NOSYS
#undef GONE
};
_Static_assert(ARRAY_LEN(rows) == 599, "the last call of 15.0 is 598");
const struct systab fbsd_tab[2] = { { "freebsd", rows, ARRAY_LEN(rows) }, INSN_TABLE };

/* --- one level down: a row holds what is its own; the arguments that all of them have stand here --- */
#define IOC_(dir_, g_, n_, size_) ((dir_) | (size_) << 16 | (g_) << 8 | (n_))
#define IO(g_, n_) IOC_(0x20000000u, g_, n_, 0)
#define IOR(g_, n_, size_) IOC_(0x40000000u, g_, n_, size_)
#define IOW(g_, n_, size_) IOC_(0x80000000u, g_, n_, size_)
#define IOWR(g_, n_, size_) IOC_(0xc0000000u, g_, n_, size_)
#define CMD(nr_, name_, ret_, fn_, ...) sysfn fn_;
#define NOCMD(nr_, name_, reason_)
#include "fcntl.def"
#include "ioctl.def"
#include "sysarch.def"
#include "procctl.def"
#include "umtx.def"
#include "ptrace.def"
#undef CMD
#undef NOCMD
static const struct subrow fcntls[] = {
#define CMD(nr_, name_, ret_, fn_, level_, right_, ...) \
	SUBROW(nr_, #name_, ret_, fn_, level_, FD(fd, right_), SUB(cmd, FCNTL), __VA_ARGS__),
#define NOCMD(nr_, name_, reason_) SUBROW_NOSYS(nr_, #name_, reason_, FD(fd), SUB(cmd, FCNTL), LONG(arg)),
#include "fcntl.def"
#undef CMD
#undef NOCMD
};
static const struct subrow ioctls[] = {
#define CMD(nr_, name_, ret_, fn_, level_, ...) \
	SUBROW(nr_, #name_, ret_, fn_, level_, FD(fd, IOCTL), SUB(com, IOCTL), __VA_ARGS__),
#define NOCMD(nr_, name_, reason_) SUBROW_NOSYS(nr_, #name_, reason_, FD(fd, IOCTL), SUB(com, IOCTL), PTR(data)),
#include "ioctl.def"
#undef CMD
#undef NOCMD
};
static const struct subrow sysarchs[] = {
#define CMD(nr_, name_, ret_, fn_, level_, ...) \
	SUBROW(nr_, #name_, ret_, fn_, level_, SUB(op, SYSARCH), __VA_ARGS__),
#define NOCMD(nr_, name_, reason_) SUBROW_NOSYS(nr_, #name_, reason_, SUB(op, SYSARCH), PTR(parms)),
#include "sysarch.def"
#undef CMD
#undef NOCMD
};
static const struct subrow procctls[] = {
#define CMD(nr_, name_, ret_, fn_, level_, ...) \
	SUBROW(nr_, #name_, ret_, fn_, level_, ENUM(idtype, IDTYPE), LONG(id), SUB(com, PROCCTL), __VA_ARGS__),
#define NOCMD(nr_, name_, reason_) \
	SUBROW_NOSYS(nr_, #name_, reason_, ENUM(idtype, IDTYPE), LONG(id), SUB(com, PROCCTL), PTR(data)),
#include "procctl.def"
#undef CMD
#undef NOCMD
};
static const struct subrow umtxs[] = {
#define CMD(nr_, name_, ret_, fn_, level_) \
	SUBROW(nr_, #name_, ret_, fn_, level_, PTR(obj), SUB(op, UMTX), ULONG(val), PTR(uaddr1), PTR(uaddr2)),
#define NOCMD(nr_, name_, reason_) SUBROW_NOSYS(nr_, #name_, reason_, PTR(obj), SUB(op, UMTX), ULONG(val)),
#include "umtx.def"
#undef CMD
#undef NOCMD
};
static const struct subrow ptraces[] = {
#define CMD(nr_, name_, ret_, fn_, level_, ...) \
	SUBROW(nr_, #name_, ret_, fn_, level_, SUB(req, PTRACE), PID(pid), __VA_ARGS__),
#define NOCMD(nr_, name_, reason_) SUBROW_NOSYS(nr_, #name_, reason_, SUB(req, PTRACE), PID(pid), PTR(addr), INT(data)),
#include "ptrace.def"
#undef CMD
#undef NOCMD
};
struct subtab fbsd_sub[N_SUB] = {
	[SUB_FCNTL] = { "fcntl", fcntls, ARRAY_LEN(fcntls) },
	[SUB_IOCTL] = { "ioctl", ioctls, ARRAY_LEN(ioctls) },
	[SUB_SYSARCH] = { "sysarch", sysarchs, ARRAY_LEN(sysarchs) },
	[SUB_PROCCTL] = { "procctl", procctls, ARRAY_LEN(procctls) },
	[SUB_PTRACE] = { "ptrace", ptraces, ARRAY_LEN(ptraces) },
	[SUB_UMTX] = { "umtx", umtxs, ARRAY_LEN(umtxs) },
};
_Static_assert(ARRAY_LEN(umtxs) == 29, "the operations are 0..28");
_Static_assert(ARRAY_LEN(fcntls) == 26, "the commands are 0..24, the last in two forms");

/* --- scalars --- */
const struct bit fbsd_bits[] = {
#include "bits.def"
#include "machine/names.def"
#define OWN(bits_) (((bits_) & ~0x400ull) ?: (bits_))        /* nearly all names of files need LOOKUP, too */
#define RIGHT0(name_, bits_) BIT(CAP, CAP_##name_, OWN(bits_), OWN(bits_))
#define RIGHT1(...)
#include "rights.def"
	BIT(CAP, INDEX_0, 1ull << 57, 1ull << 57)
#undef RIGHT0
#undef RIGHT1
#define RIGHT0(...)
#define RIGHT1(name_, bits_) BIT(CAP1, CAP_##name_, bits_, bits_)
#include "rights.def"
	BIT(CAP1, INDEX_1, 1ull << 58, 1ull << 58)
	{ .name = NULL }
};

/* --- errors --- */
#define ERRNO(name_, guest_) [name_] = guest_,
#define ERRNO_AS(name_, guest_, host_) [host_] = guest_,
#define ERRNO_NAME(name_, guest_)
#define ERRNO_HOST(host_, guest_) [host_] = guest_,
const uint16_t fbsd_errno_of[] = {
#include "errno.def"
};
#undef ERRNO
#undef ERRNO_AS
#undef ERRNO_NAME
#undef ERRNO_HOST
_Static_assert(ARRAY_LEN(fbsd_errno_of) == EHWPOISON + 1, "every errno of the host");
#define ERRNO(name_, guest_) [guest_] = #name_,
#define ERRNO_AS(name_, guest_, host_) [guest_] = #name_,
#define ERRNO_NAME(name_, guest_) [guest_] = #name_,
#define ERRNO_HOST(host_, guest_)
const char *const fbsd_errno_name[FBSD_ELAST + 1] = {
#include "errno.def"
};

/* --- signals --- */
#define TIMES1(m, g, o) m(g, o)
#define TIMES30(m, g, o) \
	m(g, o) m(g + 1, o + 1) m(g + 2, o + 2) m(g + 3, o + 3) m(g + 4, o + 4) m(g + 5, o + 5) m(g + 6, o + 6) \
	m(g + 7, o + 7) m(g + 8, o + 8) m(g + 9, o + 9) m(g + 10, o + 10) m(g + 11, o + 11) m(g + 12, o + 12) \
	m(g + 13, o + 13) m(g + 14, o + 14) m(g + 15, o + 15) m(g + 16, o + 16) m(g + 17, o + 17) m(g + 18, o + 18) \
	m(g + 19, o + 19) m(g + 20, o + 20) m(g + 21, o + 21) m(g + 22, o + 22) m(g + 23, o + 23) m(g + 24, o + 24) \
	m(g + 25, o + 25) m(g + 26, o + 26) m(g + 27, o + 27) m(g + 28, o + 28) m(g + 29, o + 29)
#define TIMES31(m, g, o) TIMES30(m, g, o) m(g + 30, o + 30)
#define TIMES32(m, g, o) TIMES31(m, g, o) m(g + 31, o + 31)
#define ONE_IN(g, o) [g] = (o),
#define ONE_OUT(g, o) [o] = (g),
#define SIGNAL(name_, guest_, ours_) [guest_] = ours_,
#define SIGNALS(prefix_, guest_, n_, ours_) TIMES##n_(ONE_IN, guest_, ours_)
const uint8_t fbsd_sig_in[FBSD_NSIG] = {
#include "signal.def"
};
#undef SIGNAL
#undef SIGNALS
#define SIGNAL(name_, guest_, ours_) [ours_] = guest_,
#define SIGNALS(prefix_, guest_, n_, ours_) TIMES##n_(ONE_OUT, guest_, ours_)
const uint8_t fbsd_sig_out[129] = {
#include "signal.def"
};
#undef SIGNAL
#undef SIGNALS
#define SIGNAL(name_, guest_, ours_) [guest_] = #name_,
#define SIGNALS(prefix_, guest_, n_, ours_)
const char *const fbsd_sig_name[FBSD_NSIG] = {
#include "signal.def"
};
