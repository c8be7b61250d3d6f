/* SPDX-License-Identifier: BSD-2-Clause
 * thr_wake on oneself makes the next call that would sleep answer EINTR, once: the thread library cancels a thread so.
 * thr_suspend and thr_wake of another.
 */
#include "fbsd.h"

#define thr_suspend(...) sys(SYS_thr_suspend, __VA_ARGS__)
#define thr_wake(...) sys(SYS_thr_wake, __VA_ARGS__)

static volatile long other;
static volatile long slept = 1;
static volatile u32 back;
static void sleeper(void *arg)
{
	long id;

	thr_self(&id);
	other = id;
	slept = thr_suspend(0);
	back = 1;
	thr_exit(0);
}
int main(int argc, char **argv)
{
	int fd[2];
	char b;
	long self, t0;

	long woke, r, again;

	thr_self(&self);
	show(pipe2(fd, 0));
	woke = thr_wake(self);               /* no printing in between: a write may sleep too */
	r = read(fd[0], &b, 1);
	write(fd[1], "x", 1);
	again = read(fd[0], &b, 1);
	say("%e %e %e\n", woke, r, again);
	thr_wake(self);
	r = nanosleep(TS(5, 0), 0);
	t0 = now_ms();
	again = nanosleep(TS(0, 20000000), 0);
	yes(now_ms() - t0 >= 20);
	say("%e %e\n", r, again);
	thr_wake(self);
	r = thr_suspend(0);
	show(r);
	show(thr_suspend(TS(0, 20000000)));
	show(thr_suspend(TS(0, -1)));
	show(thr_wake(self + 100000));
	thread(sleeper, 0);
	while (!other)
		sleep_ms(1);
	sleep_ms(20);
	show(thr_wake(other));
	while (!back)
		sleep_ms(1);
	show(slept);
	return 0;
}
