/* SPDX-License-Identifier: BSD-2-Clause
 * The clocks of other processes and threads, by number (clock_getcpuclockid, pthread_getcpuclockid): they go while these
 * work and stand while they sleep; a process that is not there has none.
 */
#include "fbsd.h"

static volatile long id, stop, naps;

static long ran(int clock)
{
	struct timespec ts = { -1, -1 };
	long e = clock_gettime(clock, &ts);
	return e ? e : ts.sec * 1000 + ts.nsec / 1000000;
}
static void work(void)
{
	for (volatile int i = 0; i < 1000; i++)
		;
}
static void worker(void *arg)
{
	thr_self((long *)&id);
	while (!stop)
		naps ? (void)nanosleep(TS(0, 5000000), 0) : work();
	thr_exit((long *)&stop);
}
/* Until it has run so many milliseconds more, or three seconds are over. */
static int goes(int clock, long ms)
{
	long from = ran(clock), t = now_ms();
	while (from >= 0 && ran(clock) < from + ms && now_ms() - t < 3000)
		nanosleep(TS(0, 5000000), 0);
	return ran(clock) >= from + ms && from >= 0;
}
int main(int argc, char **argv)
{
	int clock = 0;
	struct timespec ts;
	long kid = fork();

	if (!kid)
		for (;;)
			work();
	show(sys(SYS_clock_getcpuclockid2, kid, 0, &clock));
	yes((clock & 0xc0000000) == 0xc0000000);
	yes(goes(clock, 50));
	show(clock_getres(clock, &ts));
	yes(ts.sec == 0 && ts.nsec > 0);
	kill(kid, SIGSTOP);
	nanosleep(TS(0, 50000000), 0);
	long stood = ran(clock);
	nanosleep(TS(0, 100000000), 0);
	yes(ran(clock) - stood < 20);
	kill(kid, SIGKILL);
	wait_for(kid);
	show(clock_gettime(clock, &ts));
	show(sys(SYS_clock_getcpuclockid2, kid, 0, &clock));

	thread(worker, 0);
	while (!id)
		sched_yield();
	show(sys(SYS_clock_getcpuclockid2, id, 1, &clock));
	yes((clock & 0xc0000000) == 0x80000000);
	yes(goes(clock, 50));
	naps = 1;
	nanosleep(TS(0, 50000000), 0);
	stood = ran(clock);
	nanosleep(TS(0, 100000000), 0);
	yes(ran(clock) - stood < 50);
	stop = 1;
	for (long t = now_ms(); clock_gettime(clock, &ts) == 0 && now_ms() - t < 3000;)
		nanosleep(TS(0, 5000000), 0);
	show(clock_gettime(clock, &ts));         /* it is gone */

	show(sys(SYS_clock_getcpuclockid2, 0l, 1, &clock));
	yes(ran(clock) >= 0);
	show(sys(SYS_clock_getcpuclockid2, 0l, 0, &clock));
	yes((clock & 0x3fffffff) == getpid() && ran(clock) >= 0);
	show(sys(SYS_clock_settime, clock, &ts));
	show(sys(SYS_clock_getcpuclockid2, -1l, 0, &clock));
	show(sys(SYS_clock_getcpuclockid2, 0l, 7, &clock));
	show(clock_gettime(0x80000001, &ts));
	return 0;
}
