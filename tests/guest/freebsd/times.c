/* SPDX-License-Identifier: BSD-2-Clause
 * Setting times in each of the ways; UTIME_NOW (-1) and UTIME_OMIT (-2) are FreeBSD's own numbers. */
#include "fbsd.h"

static void tell(const char *path)
{
	struct stat st;

	fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW);
	say("  %s: %ld.%09ld %ld.%09ld\n", path, st.atim.sec, st.atim.nsec, st.mtim.sec, st.mtim.nsec);
}

int main(int argc, char **argv)
{
	struct timeval tv[2] = { { 1000000000, 1 }, { 1100000000, 999999 } }, bad[2] = { { 1, 0 }, { 1, 1000000 } };
	struct timespec ts[2] = { { 1200000000, 123456789 }, { 1300000000, 999999999 } }, omit[2] = { { 7, -2 }, { 1400000000, 5 } };
	struct timespec now[2] = { { 0, -1 }, { 0, -1 } }, wrong[2] = { { 0, 1000000000 }, { 0, 0 } };
	struct stat st;
	long fd;

	put_file("f", "");
	symlink("f", "s");
	fd = open("f", O_RDWR, 0);
	show(utimes("f", tv));
	tell("f");
	show(utimensat(AT_FDCWD, "f", ts, 0));
	tell("f");
	show(futimens(fd, omit));
	tell("f");
	show(futimes(fd, tv));
	tell("f");
	show(lutimes("s", tv));
	tell("s");
	show(utimensat(AT_FDCWD, "s", ts, AT_SYMLINK_NOFOLLOW));
	tell("s");
	tell("f");
	show(sys(SYS_futimesat, AT_FDCWD, "f", tv));
	show(utimensat(AT_FDCWD, "f", now, 0));
	fstat(fd, &st);
	yes(st.mtim.sec > 1600000000);
	show(utimes("f", 0));
	show(utimes("f", bad));
	show(utimensat(AT_FDCWD, "f", wrong, 0));
	show(utimensat(AT_FDCWD, "f", ts, 0x40));
	show(utimes("none", tv));
	show(utimes("f", (void *)8));
	show(futimens(99, ts));
	return 0;
}
