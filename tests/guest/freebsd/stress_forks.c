/* SPDX-License-Identifier: BSD-2-Clause
 * fork, vfork and spawn from a process whose other threads are busy with all that takes locks of the translator: no lock
 * stays held in a child, nobody sleeps for ever on one in the parent, no descriptor goes astray.
 * TEST timeout: 200
 */
#include "fbsd.h"

static volatile long stop, running, rounds[4];

static void busy(void *arg)
{
	long n = (long)arg;
	struct kevent k;
	int p[2];

	while (!stop) {
		long kq = kqueue();
		pipe2(p, 0);
		k = (struct kevent){ p[0], EVFILT_READ, EV_ADD };
		kevent(kq, &k, 1, 0, 0, 0);
		k = (struct kevent){ 1, EVFILT_TIMER, EV_ADD | EV_ONESHOT, 0, 1 };
		kevent(kq, &k, 1, 0, 0, 0);
		handle(SIGUSR1 + (int)n % 2, (void *)busy, 0);
		void *m = pages(8192);
		munmap(m, 8192);
		sys(SYS_break, 0);
		long d = dup(p[0]);
		close(p[0]);
		close(p[1]);
		close(d);
		close(kq);
		rounds[n]++;
	}
	__atomic_sub_fetch(&running, 1, __ATOMIC_SEQ_CST);
	thr_exit(0);
}
static void child(int how)
{
	struct kevent k = { 1, EVFILT_USER, EV_ADD };
	long kq = kqueue(), fd = open("f", O_RDWR | O_CREAT, 0644);
	void *m = pages(65536);

	/* every kind of lock once more, in the child */
	if (kq < 0 || fd < 0 || kevent(kq, &k, 1, 0, 0, 0) || handle(SIGTERM, (void *)child, 0) || munmap(m, 65536))
		quit(1);
	if (how % 5 == 0) {
		long p = fork();
		if (p == 0)
			quit(0);
		if (wait_for(p))
			quit(2);
	}
	quit(0);
}

int main(int argc, char **argv)
{
	char *av[] = { "true", 0 };
	long bad = 0, p;

	running = 3;
	for (long i = 0; i < 3; i++)
		thread(busy, (void *)i);
	for (int i = 0; i < 300; i++) {
		if (i % 3 == 0) {
			if ((p = fork()) == 0)
				child(i);
		} else if (i % 3 == 1) {
			if ((p = vfork()) == 0) {
				execve("/bin/true", av, env);
				quit(9);
			}
		} else if ((p = rfork(RFSPAWN)) == 0) {
			execve("/bin/true", av, env);
			quit(9);
		}
		if (p < 0 || wait_for(p) != 0)
			bad++;
	}
	stop = 1;
	for (long t = now_ms(); running > 0 && now_ms() - t < 5000;)
		sleep_ms(5);
	show(bad);
	show(running);
	yes(rounds[0] > 10 && rounds[1] > 10 && rounds[2] > 10);
	return 0;
}
