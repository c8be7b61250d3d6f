/* SPDX-License-Identifier: BSD-2-Clause
 * Setting the clock is the super-user's: everybody else is refused. What is no time at all is told first.
 */
#include "fbsd.h"

int main(int argc, char **argv)
{
	struct timeval tv = { 1, 0 }, bad = { 1, 1000000 };
	struct timespec ts = { 1, 0 }, wrong = { 1, -1 };
	struct { int west, dst; } zone = { 0, 0 };

	yes(sys(SYS_settimeofday, 0, 0) == (geteuid() ? -EPERM : 0));
	show(sys(SYS_settimeofday, &bad, 0));
	show(sys(SYS_settimeofday, 8, 0));
	show(sys(SYS_clock_settime, CLOCK_REALTIME, &wrong));
	show(sys(SYS_clock_settime, CLOCK_REALTIME, 8));
	sys(SYS_setuid, 65534);
	show(sys(SYS_settimeofday, &tv, 0));
	show(sys(SYS_clock_settime, CLOCK_REALTIME, &ts));
	show(sys(SYS_adjtime, &tv, 0));
	tv = (struct timeval){ 77, 77 };
	show(sys(SYS_adjtime, 0, &tv));
	yes(tv.sec < 77 && tv.usec < 1000000 && tv.usec > -1000000);
	show(sys(SYS_adjtime, 0, 8));
	yes(now_ms() > 0 && sys(SYS_gettimeofday, &tv, &zone) == 0 && tv.sec > 1600000000);
	return 0;
}
