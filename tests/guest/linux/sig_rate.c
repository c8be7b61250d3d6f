/* SPDX-License-Identifier: BSD-2-Clause
 * Timers that are faster than some engines deliver a signal. What is interrupted gets on all the same, whether it computes, makes
 * calls or sleeps; the handler runs, what it could not be told of is counted, and no mask changes.
 * TEST timeout: 60
 * TEST without: ptrace, where one run in many does not end and the reason is not found yet */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile unsigned long runs, missed, wrong;
static timer_t timer;
static int by_timer;

static int blocked(int sig)
{
	sigset_t now;
	sigprocmask(SIG_BLOCK, NULL, &now);
	int n = 0;
	for (int s = 1; s < 65; s++)
		n += sigismember(&now, s) == 1;
	return n * 100 + sigismember(&now, sig);
}
static void handler(int sig, siginfo_t *si, void *context)
{
	runs++;
	if (by_timer)
		missed += (unsigned long)timer_getoverrun(timer);
	if (runs % 64 == 1 && blocked(sig) % 100 != 1)
		wrong++;
}
static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}
static unsigned long work(unsigned long n)
{
	volatile unsigned long sum = 0;
	for (unsigned long i = 0; i < n; i++)
		sum += i;
	return sum;
}
static void computes(void) { work(1000000); }
static void calls(void)
{
	for (int i = 0; i < 500; i++)
		getppid();
}
static void reads(void)
{
	int p[2];
	char c = 1;
	if (pipe(p))
		exit(1);
	for (int i = 0; i < 200; i++)
		if (write(p[1], &c, 1) != 1 || read(p[0], &c, 1) != 1)
			wrong++;
	close(p[0]);
	close(p[1]);
}
static void *answers(void *arg)
{
	int *p = arg;
	char c;
	sigset_t all;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	while (read(p[0], &c, 1) == 1)
		if (write(p[3], &c, 1) != 1)
			break;
	return NULL;
}
static void waits(void)
{
	int p[4];
	pthread_t t;
	sigset_t all, old;
	char c = 1;
	if (pipe(p) || pipe(p + 2))
		exit(1);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	pthread_create(&t, NULL, answers, p);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	for (int i = 0; i < 50; i++)
		if (write(p[1], &c, 1) != 1 || read(p[2], &c, 1) != 1)
			wrong++;
	close(p[1]);
	pthread_join(t, NULL);
	close(p[0]), close(p[2]), close(p[3]);
}
static void sleeps(void)
{
	struct timespec left = { 0, 20000000 };
	while (nanosleep(&left, &left) && errno == EINTR)
		;
}
static void pauses(void)
{
	sigset_t none;
	sigemptyset(&none);
	for (int i = 0; i < 20; i++) {
		unsigned long before = runs;
		if ((i % 2 ? pause() : sigsuspend(&none)) != -1 || errno != EINTR || runs == before)
			wrong++;
	}
}
static void polls(void)
{
	for (int i = 0; i < 20; i++) {
		unsigned long before = runs;
		if (poll(NULL, 0, 5000) != -1 || errno != EINTR || runs == before)
			wrong++;
	}
}
static void sends(void)
{
	for (int i = 0; i < 100; i++) {
		unsigned long before = runs;
		raise(i % 2 ? SIGALRM : SIGUSR1);
		if (runs == before)
			wrong++;
	}
}
static void forks(void)
{
	int status;
	for (int i = 0; i < 5; i++) {
		pid_t pid = fork();
		if (!pid)
			_exit(blocked(SIGALRM) == 0 ? 7 : 8);
		while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
			;
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 7)
			wrong++;
	}
}
static void every(long us)
{
	if (by_timer)
		timer_settime(timer, 0, &(struct itimerspec){ { 0, us * 1000 }, { 0, us * 1000 } }, NULL);
	else
		setitimer(ITIMER_REAL, &(struct itimerval){ { 0, us }, { 0, us } }, NULL);
}
static void under(const char *name, void (*what)(void), long us, int flags)
{
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags };
	double before = now();
	if (getenv("ONE") && strcmp(getenv("ONE"), name))
		return;
	sigaction(SIGALRM, &sa, NULL);
	sigaction(SIGUSR1, &sa, NULL);
	runs = missed = wrong = 0;
	every(us);
	what();
	for (int i = 0; i < 10000 && !(runs + missed); i++)
		work(1000);
	every(0);
	double took = now() - before;
	if (getenv("TELL"))
		fprintf(stderr, "%-9s %3ld us %s: %.3f s, %lu runs, %lu overruns\n", name, us, by_timer ? "timer" : "alarm", took, runs, missed);
	printf("%s, %ld us%s: %s, %lu wrong, %d blocked\n", name, us, by_timer ? ", a timer" : "", runs + missed ? "told" : "never told", wrong, blocked(SIGALRM));
}
int main(void)
{
	static const long period[] = { 50, 10 };
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM };
	timer_create(CLOCK_MONOTONIC, &ev, &timer);
	for (by_timer = 0; by_timer < 2; by_timer++)
		for (int i = 0; i < 2; i++) {
			under("computes", computes, period[i], 0);
			under("calls", calls, period[i], 0);
			under("reads", reads, period[i], SA_RESTART);
			under("waits", waits, period[i], SA_RESTART);
			under("sleeps", sleeps, period[i], 0);
			under("pauses", pauses, period[i], SA_RESTART);
			under("polls", polls, period[i], SA_RESTART);
			under("sends", sends, period[i], 0);
			under("forks", forks, period[i], 0);
		}
	return 0;
}
