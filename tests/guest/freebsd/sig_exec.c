/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What waits for a process is there after its exec, and still from whom it came, when another thread than the first made
 * the exec and a kqueue has watched the signals.
 */
#include "kq.h"

static const int sigs[] = { SIGUSR1, 70, 100 };

static void renew(void *name)
{
	char *args[] = { name, "after", 0 };

	show(execve(name, args, args + 2));
}
static int after(void)
{
	sigset_t s = SIGSET(SIGUSR1, 70, 100);
	siginfo_t si;

	for (unsigned i = 0; i < COUNT(sigs); i++) {
		long sig = sigtimedwait(&s, &si, TS(0, 0));
		say("%d code %x, by us %d\n", sig, si.code, si.pid == getpid());
	}
	show(sigtimedwait(&s, &si, TS(0, 0)));
	return 0;
}
int main(int argc, char **argv)
{
	sigset_t s = SIGSET(SIGUSR1, 70, 100);
	long kq;

	if (argc > 1)
		return after();
	kq = kqueue();
	sigprocmask(SIG_BLOCK, &s, 0);
	for (unsigned i = 0; i < COUNT(sigs); i++)
		change(kq, sigs[i], EVFILT_SIGNAL, EV_ADD, 0, 0, 0);
	for (unsigned i = 0; i < COUNT(sigs); i++)
		kill(getpid(), sigs[i]);
	if (!fork())
		sys(SYS__exit, 3);
	thread(renew, argv[0]);
	for (;;)
		sleep_ms(1000);
}
