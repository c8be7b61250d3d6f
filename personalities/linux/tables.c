/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The .def files of this folder as tables. The row words of row.h name a row after they have expanded it, which would
 * turn a name that a header defines into its number; here the name is taken as it is written.
 */
#include "../../syscalls/row.h"
#include "linux.h"
#include "machine/privilege.h"
#include "../../syscalls/ext.h"

#define ROW_AS(name_, ret_, fn_, level_, ...) \
	{ .name = name_, .fn = fn_, .by = #fn_, .ret = ret_, .arg = { __VA_ARGS__ }, LEVEL_##level_ }

/* --- calls --------------------------------------------------------------------------------------------------------- */
#define SYS(nr_, name_, ret_, fn_, level_, ...) sysfn fn_;
#define NOSYS(nr_, name_, reason_)
#define CMD(nr_, name_, ret_, fn_, level_, ...) sysfn fn_;
#define PRC(nr_, name_, ret_, fn_, level_, ...) sysfn fn_;
#include "syscalls.def"
#include "fcntl.def"
#include "prctl.def"
#undef SYS
#undef NOSYS
#undef CMD
#undef PRC

#define SYS(nr_, name_, ret_, fn_, level_, ...) [nr_] = ROW_AS(#name_, R_##ret_, fn_, level_, __VA_ARGS__),
#define NOSYS(nr_, name_, reason_) [nr_] = { .name = #name_, .ret = R_INT, .level = L_NOSYS, .note = reason_ },
static const struct row rows[] = {
#include "syscalls.def"
};
_Static_assert(ARRAY_LEN(rows) == 470, "file_setattr is the last call of 6.18");

const struct systab lnx_tab[] = { { "linux", rows, ARRAY_LEN(rows) }, INSN_TABLE };

/* --- one level down -------------------------------------------------------------------------------------------------- */
#define CMD(nr_, name_, ret_, fn_, level_, ...) \
	{ nr_, ROW_AS(#name_, R_##ret_, fn_, level_, FD(fd), SUB(op, FCNTL), __VA_ARGS__) },
static const struct subrow fcntl_rows[] = {
#include "fcntl.def"
};
#define IOC(nr_, name_, ret_, ...) \
	{ nr_, ROW_AS(#name_, R_##ret_, lnx_pass, FULL, FD(fd), SUB(op, IOCTL), __VA_ARGS__) },
static const struct subrow ioctl_rows[] = {
#include "ioctl.def"
};
#define PRC(nr_, name_, ret_, fn_, level_, ...) \
	{ nr_, ROW_AS(#name_, R_##ret_, fn_, level_, SUB(op, PRCTL), __VA_ARGS__) },
static const struct subrow prctl_rows[] = {
#include "prctl.def"
};
#define LEVEL(nr_, name_, opt_) \
	{ nr_, ROW_AS(#name_, R_INT, lnx_sockopt, FULL, FD(sockfd), SUB(level, SOCKOPT), opt_, OPTIN(optval, optlen), INT(optlen)) },
static const struct subrow setsockopt_rows[] = {
#include "sockopt.def"
};
#undef LEVEL
#define LEVEL(nr_, name_, opt_) \
	{ nr_, ROW_AS(#name_, R_INT, lnx_sockopt, FULL, FD(sockfd), SUB(level, GETSOCKOPT), opt_, OPTOUT(optval, optlen), \
		      INOUT(optlen, SOCKLEN)) },
static const struct subrow getsockopt_rows[] = {
#include "sockopt.def"
};
struct subtab lnx_sub[N_SUB] = {
	[SUB_FCNTL] = { "fcntl", fcntl_rows, ARRAY_LEN(fcntl_rows) },
	[SUB_IOCTL] = { "ioctl", ioctl_rows, ARRAY_LEN(ioctl_rows) },
	[SUB_PRCTL] = { "prctl", prctl_rows, ARRAY_LEN(prctl_rows) },
	[SUB_SOCKOPT] = { "setsockopt", setsockopt_rows, ARRAY_LEN(setsockopt_rows) },
	[SUB_GETSOCKOPT] = { "getsockopt", getsockopt_rows, ARRAY_LEN(getsockopt_rows) },
};

/* --- scalars ------------------------------------------------------------------------------------------------------------ */
#define SAME(set_, name_, val_) { SET_##set_, #name_, val_, val_, val_, val_ },
#define FIELD(set_, name_, mask_, val_) { SET_##set_, #name_, mask_, val_, mask_, val_ },
#define ONE(set_, name_, val_) { SET_##set_, #name_, ~0ull, (uint64_t)(val_), ~0ull, (uint64_t)(val_) },
const struct bit lnx_bits[] = {
#include "bits.def"
#include "machine/names.def"
	{ 0 }
};

#define ERRNO(nr_, name_) [nr_] = #name_,
const char *const lnx_errno_name[LNX_ERRNOS] = {
#include "errno.def"
};

#define SIGNAL(nr_, name_) [nr_] = #name_,
const char *const lnx_sig_name[LNX_NSIG] = {
#include "signal.def"
};
#undef SIGNAL
#define SIGNAL(nr_, name_) [nr_] = nr_,
const uint8_t lnx_sig_in[LNX_NSIG] = {
#include "signal.def"
};
const uint8_t lnx_sig_out[129] = {
#include "signal.def"
};
