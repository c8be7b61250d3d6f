/* SPDX-License-Identifier: BSD-2-Clause
 * How results come back: the carry flag tells an error from a result, rdx is left alone by calls with one result, and
 * the indirect calls 0 and 198 take the number as their first argument, the rest shifted by one. */
#include "fbsd.h"

static void raw(const char *what, long nr, long a, long b, long c)
{
	struct full r;

	sys_full(nr, (long[8]){ a, b, c }, &r);
	say("%s: rax %ld carry %d rdx %ld\n", what, r.carry || r.rax < 100 ? r.rax : -1l, r.carry, r.rdx);
}

int main(int argc, char **argv)
{
	struct full r;
	long pid = getpid();

	raw("close(-1)", SYS_close, -1, 0, 77);
	raw("write 3 bytes", SYS_write, 1, (long)"ab\n", 3);
	raw("issetugid", SYS_issetugid, 1, 2, 1234567);
	raw("open missing", SYS_open, (long)"/no/such/file", 0, 55);
	sys_full(SYS_syscall, (long[8]){ SYS_getpid }, &r);
	yes(r.rax == pid && !r.carry);
	sys_full(SYS___syscall, (long[8]){ SYS_getpid }, &r);
	yes(r.rax == pid && !r.carry);
	/* six arguments behind the number: the last one is on the stack */
	sys_full(SYS___syscall, (long[8]){ SYS_mmap, 0, 8192, PROT_READ | PROT_WRITE, MAP_ANON | MAP_PRIVATE, -1, 0 }, &r);
	yes(!r.carry && r.rax > 0);
	((char *)r.rax)[8191] = 1;
	/* the upper half of a 32-bit argument is not looked at */
	show(close(0x500000000l | 99));
	show(write(0x100000001l, "w\n", 2));
	show(fcntl(0x700000001l, F_GETFD | 0x300000000l, 0));
	return 0;
}
