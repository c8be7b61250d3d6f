/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Every call that the personality has a row for, by including its rows: number, name, whether there is a handler, whether
 * it has two results, and a letter for the kind of each argument. Then those that must not be tried blindly, because they
 * do not come back, end or stop somebody, wait for ever, or take away what the test itself stands on.
 */
#pragma once
#include "fbsd.h"

#define PAD 'x'
#define STR(...) 's'
#include "../../kinds.h"

static const struct call_row { int nr; const char *name; u8 served, two; char kind[9]; } rows[] = {
#define SYS(nr_, name_, ret_, fn_, level_, ...) { nr_, #name_, 1, sizeof(#ret_) == 5 && #ret_[1] == 'A', { __VA_ARGS__ } },
#define NOSYS(nr_, name_, ...) { nr_, #name_, 0 },
#define GONE(nr_, name_, reason_)
#include "syscalls.def"
#undef SYS
#undef NOSYS
#undef GONE
};

static const char *const harmful[] = {
	"syscall", "__syscall", "_exit", "fork", "vfork", "rfork", "pdfork", "thr_new", "thr_create", "thr_exit", "execve", "fexecve",
	"__mac_execve", "abort2", "kill", "okillpg", "thr_kill", "thr_kill2", "sigqueue", "pdkill", "ptrace", "reboot", "sigreturn",
	"osigreturn", "freebsd4_sigreturn", "setcontext", "swapcontext", "thr_suspend", "sigsuspend", "osigsuspend", "sigwait", "cap_enter",
	"freebsd12_closefrom", "close_range", "setuid", "seteuid", "setreuid", "setresuid", "setgid", "setegid", "setregid", "setresgid",
	"setgroups", "freebsd14_setgroups", "setsid", "setpgid", "chroot", "fchroot", "jail", "jail_attach", "jail_set", "swapon", "swapoff",
	"mount", "nmount", "unmount", "settimeofday", "clock_settime", "adjtime", "ntp_adjtime", "revoke", "acct", "setlogin", "sync",
	"owait", "setcred", "break", "munmap", "setpriority", "select", "pselect", "wait6", "wait4", "procctl", "sigfastblock", "munlockall",
};

static int is_listed(const char *name, const char *const *list, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (!strcmp(list[i], name))
			return 1;
	return 0;
}
static int is_harmful(const char *name) { return is_listed(name, harmful, COUNT(harmful)); }
