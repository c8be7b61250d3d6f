/* SPDX-License-Identifier: BSD-2-Clause
 * Calls with one thing to say: the login class, all memory locked.
 * TEST needs: root
 */
#include "fbsd.h"

enum { MCL_CURRENT = 1, MCL_FUTURE = 2 };

int main(int argc, char **argv)
{
	char b[32] = { 0 };
	struct rlimit r = { 0, 0 };

	show(sys(SYS_getloginclass, b, 32));
	say("%s\n", b);
	show(sys(SYS_getloginclass, b, 8));
	show(sys(SYS_getloginclass, b, 7));
	show(sys(SYS_getloginclass, 8, 32));
	long e = sys(SYS_setloginclass, "other");
	yes(geteuid() ? e == -EPERM : e == 0 && !sys(SYS_getloginclass, b, 6) && !strcmp(b, "other"));
	e = sys(SYS_setloginclass, "");
	yes(e == (geteuid() ? -EPERM : -EINVAL));
	e = sys(SYS_setloginclass, "a class that is longer than any may be");
	yes(e == (geteuid() ? -EPERM : -EINVAL));
	e = sys(SYS_setloginclass, 8);
	yes(e == (geteuid() ? -EPERM : -EFAULT));
	show(sys(SYS_mlockall, MCL_CURRENT));
	show(sys(SYS_munlockall));
	show(sys(SYS_mlockall, 0));
	show(sys(SYS_mlockall, 4));
	setrlimit(RLIMIT_MEMLOCK, &r);
	sys(SYS_setuid, 65534);
	show(sys(SYS_mlockall, MCL_CURRENT | MCL_FUTURE));
	show(mlock(b, 1));
	return 0;
}
