/* SPDX-License-Identifier: BSD-2-Clause
 * A signal that a kqueue watches, and several threads: who does not block it takes it, who waits for it has it, and it is
 * counted once. One that all block waits for the first that opens.
 */
#include "kq.h"
#include "threads.h"

static volatile long hits, by, got, slept;

static void on(int sig, siginfo_t *si, ucontext_t *uc)
{
	hits++;
	by = self();
}
static void open_one(void *arg)
{
	sigset_t s = SIGSET(SIGUSR1, 100, 70);
	long t = now_ms();

	sigprocmask(SIG_UNBLOCK, &s, 0);
	if (!hits)                               /* it may have come already, where the machine is slow */
		nanosleep(TS(3, 0), 0);
	slept = now_ms() - t;
	finish();
}
static void waiter(void *arg)
{
	sigset_t s = SIGSET(SIGUSR1, 100, 70);
	siginfo_t si;

	got = sigtimedwait(&s, &si, TS(3, 0));
	finish();
}
static void late(void *arg)
{
	sigset_t s = SIGSET(SIGUSR1, 100, 70);

	sleep_ms(60);
	sigprocmask(SIG_UNBLOCK, &s, 0);
	finish();
}

int main(int argc, char **argv)
{
	static const int sigs[] = { SIGUSR1, 70, 100 };
	sigset_t s = SIGSET(SIGUSR1, 100, 70), pend;
	long kq = kqueue(), t;

	sigprocmask(SIG_BLOCK, &s, 0);
	for (int i = 0; i < 3; i++) {
		handle(sigs[i], on, SA_SIGINFO);
		show(change(kq, sigs[i], EVFILT_SIGNAL, EV_ADD, 0, 0, 0));
	}
	for (int i = 0; i < 3; i++) {
		say("signal %d\n", sigs[i]);
		hits = 0;
		t = thread(open_one, 0);
		sleep_ms(40);
		kill(getpid(), sigs[i]);
		await();
		yes(hits == 1 && by == t && slept < 2500);
		t = thread(waiter, 0);
		sleep_ms(40);
		kill(getpid(), sigs[i]);
		await();
		say("waited for %d, handled %d\n", got, hits);
		hits = 0;
		t = thread(late, 0);
		kill(getpid(), sigs[i]);
		sigpending(&pend);
		say("pending %d\n", sigset_has(&pend, sigs[i]));
		await();
		yes(hits == 1 && by == t);
		hits = 0;
		t = thread(open_one, 0);
		sleep_ms(40);
		show(thr_kill(t, sigs[i]));
		await();
		yes(hits == 1 && by == t && slept < 2500);
		events(kq, 500, 0);
	}
	return 0;
}
