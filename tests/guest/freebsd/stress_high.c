/* SPDX-License-Identifier: BSD-2-Clause
 * TEST timeout: 60
 * Signals without a host number under stress: two threads and two processes send, two threads take them while asleep, at
 * work and masking, one waits with sigwaitinfo; each sent one arrives once and in order for its sender.
 */
#include "fbsd.h"

enum { EACH = 300, SENDERS = 4 };
static volatile int sum, disorder, stop, running;
static volatile int *shared;             /* the other processes see what has arrived: caught, waited */
#define caught shared[0]
#define waited shared[1]
#define arrived(sig, who) shared[2 + (sig == 110) * SENDERS + who]
static volatile int last[SENDERS * 2];

static void count(int sig, siginfo_t *si)
{
	int who = si->value.ival >> 16, n = si->value.ival & 0xffff;

	__atomic_add_fetch(&sum, n, __ATOMIC_RELAXED);
	__atomic_add_fetch(&arrived(sig, who), 1, __ATOMIC_RELAXED);
	if (sig == 110) {                /* one thread waits for these: their order is seen */
		if (n != last[who] + 1)
			disorder++;
		last[who] = n;
	}
}
static void on(int sig, siginfo_t *si, ucontext_t *uc)
{
	count(sig, si);
	__atomic_add_fetch(&caught, 1, __ATOMIC_RELAXED);
}
static void send_all(int who, long pid)
{
	for (int i = 1; i <= EACH; i++) {
		for (int sig = 105; sig <= 110; sig += 5)
			while (sigqueue(pid, sig, who << 16 | i) == -EAGAIN)
				sched_yield();
		while (who > 1 && (arrived(105, who) < i - 20 || arrived(110, who) < i - 20))
			sleep_ms(1);     /* so far behind they may be: another process is not told that it sends too much */
	}
}
static void sender(void *arg)
{
	send_all((int)(long)arg, getpid());
	__atomic_sub_fetch(&running, 1, __ATOMIC_RELAXED);
	thr_exit(0);
}
static void taker(void *arg)
{
	sigset_t s = SIGSET(105);
	int pp[2];
	char b;

	pipe2(pp, 0);
	for (int i = 0; !stop; i++) {
		sigprocmask(i & 1 ? SIG_BLOCK : SIG_UNBLOCK, &s, 0);
		if (i % 3 == 0)
			nanosleep(TS(0, 200000), 0);
		else
			write(pp[1], "x", 1), read(pp[0], &b, 1);
	}
	__atomic_sub_fetch(&running, 1, __ATOMIC_RELAXED);
	thr_exit(0);
}
static void waiter(void *arg)
{
	sigset_t s = SIGSET(110);
	siginfo_t si;

	while (waited < EACH * SENDERS)
		if (sigwaitinfo(&s, &si) == 110) {
			count(110, &si);
			__atomic_add_fetch(&waited, 1, __ATOMIC_RELAXED);
		}
	__atomic_sub_fetch(&running, 1, __ATOMIC_RELAXED);
	thr_exit(0);
}

int main(int argc, char **argv)
{
	sigset_t s = SIGSET(105, 110);
	long me = getpid(), p[2], begin = now_ms();

	shared = (void *)mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
	handle(105, on, SA_SIGINFO | SA_RESTART);
	sigprocmask(SIG_BLOCK, &s, 0);
	running = 5;
	thread(taker, 0);
	thread(taker, 0);
	thread(waiter, 0);
	for (int i = 0; i < 2; i++)
		if ((p[i] = fork()) == 0) {
			send_all(2 + i, me);
			quit(0);
		}
	thread(sender, (void *)0);
	thread(sender, (void *)1);
	for (int i = 0; i < 2; i++)
		show(wait_for(p[i]));
	while ((caught < EACH * SENDERS || waited < EACH * SENDERS) && now_ms() - begin < 40000)
		sleep_ms(10);
	stop = 1;
	while (running && now_ms() - begin < 45000)
		sleep_ms(10);
	say("caught %d\n", caught);
	say("waited %d\n", waited);
	yes(sum == EACH * (EACH + 1) / 2 * SENDERS * 2);
	show(disorder);
	return 0;
}
