/* SPDX-License-Identifier: BSD-2-Clause
 * Waiting for blocked signals, and sigqueue with a value: real-time signals queue in order, lowest number first. */
#include "fbsd.h"

int main(int argc, char **argv)
{
	sigset_t s = SIGSET(SIGUSR1, 65, 70, 126);
	struct timespec zero = { 0, 0 }, some = { 0, 50000000 };
	siginfo_t si;
	int sig = 0;
	long me = getpid(), t;

	sigprocmask(SIG_BLOCK, &s, 0);
	show(sigtimedwait(&s, &si, &zero));
	t = now_ms();
	show(sigtimedwait(&s, &si, &some));
	yes(now_ms() - t >= 50);
	kill(me, SIGUSR1);
	show(sigwait(&s, &sig));
	show(sig);
	show(sigqueue(me, 70, 1001));
	show(sigqueue(me, 65, 1002));
	show(sigqueue(me, 70, 1003));
	show(sigqueue(me, 126, 0x123456789abcdef));
	for (int i = 0; i < 4; i++) {
		memset(&si, 0xee, sizeof(si));
		t = sigwaitinfo(&s, &si);
		say("sigwaitinfo: %e signo %d code %x value %lx from me %d\n", t, si.signo, si.code, (long)si.value.ptr, si.pid == me);
	}
	show(sigtimedwait(&s, 0, &zero));
	if (fork() == 0) {
		sleep_ms(40);
		sigqueue(me, 66 - 1, 7);
		quit(0);
	}
	show(sigtimedwait(&s, &si, 0));
	yes(si.value.ival == 7 && si.code == SI_QUEUE && si.pid != me);
	show(sigqueue(me, 0, 1));
	show(sigqueue(me, 500, 1));
	show(sigqueue(99999999, 65, 1));
	show(sigtimedwait((void *)8, &si, &zero));
	show(sigwait((void *)8, &sig));
	show(sigtimedwait(&s, &si, TS(0, -1)));
	return 0;
}
