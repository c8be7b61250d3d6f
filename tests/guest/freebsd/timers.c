/* SPDX-License-Identifier: BSD-2-Clause
 * Timers with signals, and timers that are descriptors. */
#include "fbsd.h"

static volatile int hits, value, code;
static void on_signal(int sig, siginfo_t *si, ucontext_t *uc)
{
	hits++;
	value = si->value.ival;
	code = si->code;
}
int main(int argc, char **argv)
{
	struct sigevent ev = { SIGEV_SIGNAL, SIGUSR2, { 55 } };
	struct itimerspec it = { { 0, 0 }, { 0, 20000000 } }, got;
	int id = -1;
	u64 n = 0;
	long tid, fd;

	handle(SIGUSR2, on_signal, SA_SIGINFO);
	show(ktimer_create(CLOCK_MONOTONIC, &ev, &id));
	show(ktimer_settime(id, 0, &it, &got));
	say("old %ld.%ld\n", got.value.sec, got.value.nsec);
	show(nanosleep(TS(2, 0), 0));
	say("hits %d value %d code %x\n", hits, value, code);
	show(ktimer_gettime(id, &got));
	yes(got.value.sec == 0 && got.value.nsec == 0);
	show(ktimer_getoverrun(id));
	show(ktimer_delete(id));
	show(ktimer_delete(id));
	show(ktimer_settime(id, 0, &it, 0));
	thr_self(&tid);
	ev = (struct sigevent){ SIGEV_THREAD_ID, SIGUSR2, { 56 }, { (int)tid } };
	show(ktimer_create(CLOCK_REALTIME, &ev, &id));
	it.interval.nsec = 10000000;
	show(ktimer_settime(id, 0, &it, 0));
	hits = 0;
	for (int i = 0; i < 100 && hits < 3; i++)
		nanosleep(TS(0, 20000000), 0);
	yes(hits >= 3 && value == 56);
	show(ktimer_delete(id));
	ev.notify = SIGEV_NONE;
	show(ktimer_create(CLOCK_MONOTONIC, &ev, &id));
	show(ktimer_create(CLOCK_MONOTONIC, &ev, 8));
	show(ktimer_create(99, &ev, &id));
	ev = (struct sigevent){ SIGEV_SIGNAL, 200 };
	show(ktimer_create(CLOCK_MONOTONIC, &ev, &id));

	say("descriptors\n");
	show(fd = timerfd_create(CLOCK_MONOTONIC, 4 | O_CLOEXEC));
	show(read(fd, &n, 8));
	it = (struct itimerspec){ { 0, 10000000 }, { 0, 10000000 } };
	show(timerfd_settime(fd, 0, &it, 0));
	struct pollfd pf = { (int)fd, POLLIN, 0 };
	show(poll(&pf, 1, 2000));
	show(read(fd, &n, 8));
	yes(n >= 1);
	show(timerfd_gettime(fd, &got));
	yes(got.interval.nsec == 10000000 && got.value.nsec > 0);
	show(timerfd_gettime(0, &got));

	say("never faster than the clock ticks\n");
	struct itimerval fast = { { 0, 1 }, { 0, 1 } }, none = { .value = { 0, 0 } };
	sigset_t alrm = SIGSET(SIGALRM);
	sigprocmask(SIG_BLOCK, &alrm, 0);
	show(setitimer(ITIMER_REAL, &fast, 0));
	show(setitimer(ITIMER_REAL, &none, &fast));
	yes(fast.interval.usec == 62);
	it = (struct itimerspec){ { 0, 5 }, { 100, 5 } };
	ev = (struct sigevent){ 0 };
	show(ktimer_create(CLOCK_MONOTONIC, &ev, &id));
	show(ktimer_settime(id, 0, &it, 0));
	show(ktimer_gettime(id, &got));
	yes(got.interval.nsec == 1000000);
	ktimer_delete(id);
	siginfo_t si;
	sigtimedwait(&alrm, &si, TS(0, 0));
	sigprocmask(SIG_UNBLOCK, &alrm, 0);

	say("sleeping\n");
	handle(SIGALRM, on_signal, SA_SIGINFO);
	struct itimerval tv = { { 0, 0 }, { 0, 30000 } };
	struct timespec rest = { 99, 99 };
	setitimer(ITIMER_REAL, &tv, 0);
	show(nanosleep(TS(5, 0), &rest));
	yes(rest.sec == 4);
	setitimer(ITIMER_REAL, &tv, 0);
	show(clock_nanosleep(CLOCK_MONOTONIC, 0, TS(5, 0), &rest));
	yes(rest.sec == 4);
	rest.sec = 99;
	show(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, TS(1, 0), &rest));
	show(rest.sec);
	show(clock_nanosleep(CLOCK_REALTIME, 0, TS(0, -1), 0));
	show(nanosleep(TS(-1, 0), 0));
	show(nanosleep(8, 0));
	return 0;
}
