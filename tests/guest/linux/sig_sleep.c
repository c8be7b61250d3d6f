/* SPDX-License-Identifier: BSD-2-Clause
 * Sleeping calls and signals: what ends with EINTR, what goes on, and masks that hold for one call.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile int hits;
static void on(int s) { hits++; }
static void soon(int ms)
{
	struct itimerval it = { .it_value = { 0, ms * 1000 } };
	setitimer(ITIMER_REAL, &it, NULL);
}
static void act(int sig, int flags)
{
	struct sigaction sa = { .sa_handler = on, .sa_flags = flags };
	sigaction(sig, &sa, NULL);
}
#define SHOW(call) do { hits = 0; errno = 0; long r_ = (call); printf("%s: %ld errno %d hits %d\n", #call, r_, errno, hits); } while (0)

int main(void)
{
	int p[2];
	char c;
	sigset_t m, none, alrm;
	struct timespec ts = { 1, 0 }, left;
	siginfo_t si;

	setbuf(stdout, NULL);
	pipe(p);
	sigemptyset(&none);
	sigemptyset(&alrm);
	sigaddset(&alrm, SIGALRM);
	act(SIGALRM, 0);
	soon(20); SHOW(read(p[0], &c, 1));
	soon(20); SHOW(nanosleep(&ts, &left));
	printf("left ok %d\n", left.tv_sec == 0 && left.tv_nsec > 800000000);
	soon(20); SHOW(pause());
	soon(20); SHOW(poll(NULL, 0, 1000));
	soon(20); SHOW(select(0, NULL, NULL, NULL, &(struct timeval){ 1, 0 }));
	act(SIGALRM, SA_RESTART);
	soon(20); SHOW(poll(NULL, 0, 1000));
	soon(20); SHOW(nanosleep(&ts, NULL));
	if (!fork()) {
		usleep(60000);
		write(p[1], "x", 1);
		_exit(0);
	}
	soon(20); SHOW(read(p[0], &c, 1));
	wait(NULL);
	if (!fork()) {
		usleep(60000);
		_exit(5);
	}
	int st;
	soon(20);
	hits = 0;
	pid_t w = waitpid(-1, &st, 0);
	printf("wait %d exit %d hits %d\n", w > 0, WEXITSTATUS(st), hits);

	sigprocmask(SIG_BLOCK, &alrm, &m);
	soon(10);
	usleep(30000);
	SHOW(ppoll(NULL, 0, &ts, &none));
	soon(10);
	usleep(30000);
	SHOW(pselect(0, NULL, NULL, NULL, &ts, &none));
	soon(10);
	SHOW(sigsuspend(&none));
	sigprocmask(SIG_BLOCK, NULL, &m);
	printf("still blocked %d\n", sigismember(&m, SIGALRM));
	int e = epoll_create1(0);
	struct epoll_event ev;
	soon(10);
	SHOW(epoll_pwait(e, &ev, 1, 1000, &none));
	soon(10);
	hits = 0;
	printf("sigtimedwait %d", sigtimedwait(&alrm, &si, &ts));
	printf(" signo %d code %d hits %d\n", si.si_signo, si.si_code, hits);
	ts = (struct timespec){ 0, 10000000 };
	SHOW(sigtimedwait(&alrm, &si, &ts));
	SHOW(ppoll(NULL, 0, &ts, &none));
	soon(10);
	usleep(30000);
	sigpending(&m);
	printf("pending %d\n", sigismember(&m, SIGALRM));
	int fd = signalfd(-1, &alrm, 0);
	struct signalfd_siginfo ssi;
	printf("signalfd %ld signo %d\n", (long)read(fd, &ssi, sizeof ssi), ssi.ssi_signo);
	return 0;
}
