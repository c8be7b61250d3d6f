/* SPDX-License-Identifier: BSD-2-Clause
 * What a call may change: rax, rcx, r11, and r8 to r10. All else survives. Here the calls that have something to do: bytes
 * copied, a sleep, a lookup, memory. (regs_all tries every call there is.) */
#include "regs.h"

static void try(const char *what, long nr, long a, long b, long c, long d)
{
	struct state before, after = { 0 };
	long arg[6] = { a, b, c, d, -1, 0 };
	const char *differ;

	regs_fill(&before, arg);
	regs_call(nr, arg, &before, &after, have_avx());
	differ = regs_differ(&before, &after, 0, have_avx());
	say("%s: %s%s, carry %ld\n", what, *differ ? "changed: " : "kept", differ, after.flags & 1);
}

int main(int argc, char **argv)
{
	static char buf[4096];
	struct timespec ts = { 0, 1000 };
	int p[2];

	pipe2(p, 0);
	try("getpid", SYS_getpid, 1, 2, 3, 4);
	try("close(-1)", SYS_close, -1, 2, 3, 4);
	try("read", SYS_read, open("/dev/zero", O_RDONLY, 0), (long)buf, 64, 4);
	try("pipe write", SYS_write, p[1], (long)buf, 64, 4);
	try("pipe read", SYS_read, p[0], (long)buf, 64, 4);
	try("nanosleep", SYS_nanosleep, (long)&ts, 0, 5, 4);
	try("stat", SYS_fstatat, AT_FDCWD, (long)"/", (long)buf, 0);
	try("old stat", SYS_freebsd11_stat, (long)"/", (long)buf, 5, 4);
	try("sysctl", SYS___sysctl, (long)(int[]){ 1, 1 }, 2, (long)buf, 0);
	try("mmap", SYS_mmap, 0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANON);
	try("mmap refused", SYS_mmap, 0, 0, 0, 0);
	try("getrandom", SYS_getrandom, (long)buf, 4096, 0, 0);
	try("clock_gettime", SYS_clock_gettime, 0, (long)&ts, 7, 0);
	try("kqueue", SYS_kqueue, 1, 2, 3, 4);
	try("kill", SYS_kill, getpid(), 0, 3, 4);
	try("sigprocmask", SYS_sigprocmask, 1, (long)buf, 0, 4);
	return 0;
}
