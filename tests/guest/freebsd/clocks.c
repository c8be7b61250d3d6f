/* SPDX-License-Identifier: BSD-2-Clause
 * Clocks by FreeBSD's numbers, their resolution, sleeping on them, timers of the process. */
#include "fbsd.h"

static volatile int hits;

static void on(int sig, siginfo_t *si, ucontext_t *uc)
{
	hits++;
}

int main(int argc, char **argv)
{
	static const struct { int id; const char *name; } clock[] = {
		{ 0, "REALTIME" }, { 1, "VIRTUAL" }, { 2, "PROF" }, { 4, "MONOTONIC" }, { 5, "UPTIME" }, { 7, "UPTIME_PRECISE" },
		{ 8, "UPTIME_FAST" }, { 9, "REALTIME_PRECISE" }, { 10, "REALTIME_FAST" }, { 11, "MONOTONIC_PRECISE" },
		{ 12, "MONOTONIC_FAST" }, { 13, "SECOND" }, { 14, "THREAD_CPUTIME" }, { 15, "PROCESS_CPUTIME" },
	};
	struct timespec a, b, r;
	struct timeval tv;
	struct itimerval it = { { 0, 10000 }, { 0, 10000 } }, old;
	long t;

	for (unsigned i = 0; i < COUNT(clock); i++) {
		a = b = (struct timespec){ -1, -1 };
		long x = clock_gettime(clock[i].id, &a), z = clock_getres(clock[i].id, &r);
		clock_gettime(clock[i].id, &b);
		say("%s: %e %e %s\n", clock[i].name, x, z, a.sec >= 0 && a.nsec >= 0 && a.nsec < 1000000000 &&
		    (b.sec > a.sec || (b.sec == a.sec && b.nsec >= a.nsec)) && r.sec + r.nsec > 0 ? "ok" : "BAD");
	}
	show(clock_gettime(6, &a));
	show(clock_gettime(3, &a));
	show(clock_gettime(99, &a));
	clock_gettime(CLOCK_SECOND, &a);
	yes(a.nsec == 0 && a.sec > 1600000000);
	show(gettimeofday(&tv, 0));
	yes(tv.sec - a.sec < 3);
	t = now_ms();
	show(clock_nanosleep(CLOCK_MONOTONIC, 0, TS(0, 30000000), 0));
	yes(now_ms() - t >= 30);
	clock_gettime(CLOCK_REALTIME, &a);
	a.nsec += 30000000;
	if (a.nsec >= 1000000000)
		a.sec++, a.nsec -= 1000000000;
	t = now_ms();
	show(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &a, 0));
	yes(now_ms() - t >= 29);
	show(clock_nanosleep(99, 0, TS(0, 1), 0));
	show(nanosleep(TS(0, 1000000000), 0));
	show(nanosleep(TS(-1, 0), 0));
	show(nanosleep(TS(0, 0), 0));

	handle(SIGALRM, on, SA_RESTART);
	show(setitimer(ITIMER_REAL, &it, 0));
	for (t = now_ms(); hits < 3 && now_ms() - t < 2000;)
		sleep_ms(5);
	yes(hits >= 3);
	it = (struct itimerval){ { 0, 0 }, { 0, 0 } };
	show(setitimer(ITIMER_REAL, &it, &old));
	say("interval %ld.%06ld\n", old.interval.sec, old.interval.usec);
	show(getitimer(ITIMER_REAL, &old));
	say("%ld.%06ld\n", old.value.sec, old.value.usec);
	show(setitimer(9, &it, 0));
	show(getitimer(ITIMER_PROF, &old));
	it.value.usec = 1000000;
	show(setitimer(ITIMER_REAL, &it, 0));
	return 0;
}
