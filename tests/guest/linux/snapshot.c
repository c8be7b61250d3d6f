/* SPDX-License-Identifier: BSD-2-Clause
 * What a snapshot has to keep (tests/real/snapshot.test takes one in the middle, argv[1] then says how long a tick is): heap,
 * break, threads that sleep in different calls, mutexes that are held, thread-local and vector registers, handlers, signals
 * that wait, timers, and descriptors of every kind. What it prints is the same in every run. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <netinet/in.h>
#include <time.h>
#include <unistd.h>

#define TICKS 30
#define CHECK(x) do { if (!(x)) { printf("line %d: %s\n", __LINE__, #x); bad = 1; } } while (0)

static int bad;
static __thread int mine = 1;
static volatile int alarms, ticks_of_timer, queued, taken;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER, owned;
static pthread_cond_t turn = PTHREAD_COND_INITIALIZER;
static int round_, sums[2], done[2], reader_got, poller_got;
static int wake[2], quit_[2];

static void on_alarm(int sig) { alarms++; }
static void on_timer(int sig, siginfo_t *si, void *uc) { ticks_of_timer += si->si_value.sival_int == 77; }
static void on_queued(int sig, siginfo_t *si, void *uc) { queued = si->si_value.sival_int; }

static void *counter(void *arg)
{
	int i = (int)(long)arg, seen = 0;
	mine = 100 * (i + 1);
	pthread_mutex_lock(&lock);
	while (round_ >= 0) {
		if (seen == round_) {
			pthread_cond_wait(&turn, &lock);
			continue;
		}
		seen = round_;
		sums[i] += ++mine;
		done[i] = seen;
		pthread_cond_broadcast(&turn);
	}
	pthread_mutex_unlock(&lock);
	return NULL;
}
static void *reader(void *arg)
{
	char c = 0;
	CHECK(read(wake[0], &c, 1) == 1);
	reader_got = c;
	return NULL;
}
static void *poller(void *arg)
{
	struct pollfd p = { quit_[0], POLLIN, 0 };
	CHECK(poll(&p, 1, 60000) == 1);
	poller_got = p.revents == POLLIN;
	return NULL;
}
static void *waiter(void *arg)
{
	sigset_t s;
	int sig = 0;
	sigemptyset(&s);
	sigaddset(&s, SIGWINCH);
	CHECK(!sigwait(&s, &sig));
	taken = sig;
	return NULL;
}
static void tick(int n, long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };
	pthread_mutex_lock(&lock);
	round_ = n;
	pthread_cond_broadcast(&turn);
	while (done[0] != n || done[1] != n)
		pthread_cond_wait(&turn, &lock);
	pthread_mutex_unlock(&lock);
	while (nanosleep(&ts, &ts))
		;
}
int main(int argc, char **argv)
{
	long ms = argc > 1 ? atol(argv[1]) : 1;
	struct sigaction a = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2, .sigev_value.sival_int = 77 };
	struct itimerspec it = { { 0, 1000000 }, { 0, 1000000 } };
	struct itimerval iv = { { 0, 2000 }, { 0, 2000 } };
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n_in = sizeof in;
	pthread_mutexattr_t ma;
	pthread_t th[5];
	timer_t timer = NULL, none[2] = { NULL };
	sigset_t block;
	double x = 1.5;
	char buf[64] = "", *heap = malloc(3 << 20), *map;
	int p[2], fd, fd2, ef, tf, ep, ls, pid = getpid(), tid = (int)syscall(SYS_gettid);
	uint64_t v = 5;

	setvbuf(stdout, NULL, _IOLBF, 0);
	alarm(0);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	sigaddset(&block, SIGWINCH);
	sigaddset(&block, SIGRTMIN + 3);
	sigprocmask(SIG_BLOCK, &block, NULL);
	a.sa_flags |= SA_SIGINFO;
	a.sa_sigaction = on_queued;
	sigaction(SIGUSR1, &a, NULL);
	a.sa_sigaction = on_timer;
	sigaction(SIGUSR2, &a, NULL);
	a.sa_flags = SA_RESTART;
	a.sa_handler = on_alarm;
	sigaction(SIGALRM, &a, NULL);
	sigaction(SIGRTMIN + 3, &a, NULL);

	pthread_mutexattr_init(&ma);
	pthread_mutexattr_settype(&ma, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&owned, &ma);
	pthread_mutex_lock(&owned);
	CHECK(!pipe(p) && !pipe(wake) && !pipe(quit_));
	CHECK(write(p[1], "in the pipe", 11) == 11);
	CHECK((fd = open(argv[0], O_RDONLY)) >= 0 && lseek(fd, 1000, SEEK_SET) == 1000);
	fd2 = dup(fd);
	fcntl(fd2, F_SETFD, FD_CLOEXEC);
	CHECK((ef = eventfd(7, EFD_NONBLOCK)) >= 0);
	CHECK((tf = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK)) >= 0);
	it.it_value.tv_sec = 100;
	CHECK(!timerfd_settime(tf, 0, &it, NULL));
	it.it_value.tv_sec = 0;
	ep = epoll_create1(0);
	CHECK(!epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &(struct epoll_event){ EPOLLIN, { .u64 = 0x1234567890 } }));
	ls = argc > 2 ? -1 : socket(AF_INET, SOCK_STREAM, 0);    /* of which there can be only one */
	CHECK(ls < 0 || (!bind(ls, (void *)&in, sizeof in) && !listen(ls, 5) && !getsockname(ls, (void *)&in, &n_in)));
	CHECK((map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 4096)) != MAP_FAILED);
	map[10] = 'w';
	char *shared = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	strcpy(shared + 40000, "shared");
	mprotect(shared, 4096, PROT_NONE);
	char *brk_ = sbrk(10000);
	strcpy(brk_ + 9000, "break");
	umask(027);
	sigset_t timers = block;
	sigaddset(&timers, SIGALRM);
	sigaddset(&timers, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &timers, NULL);       /* for the main thread alone */
	for (int i = 0; i < 2; i++)
		pthread_create(&th[i], NULL, counter, (void *)(long)i);
	pthread_create(&th[2], NULL, reader, NULL);
	pthread_create(&th[3], NULL, poller, NULL);
	pthread_create(&th[4], NULL, waiter, NULL);
	pthread_sigmask(SIG_SETMASK, &block, NULL);
	CHECK(!timer_create(CLOCK_MONOTONIC, &ev, &none[0]) && !timer_create(CLOCK_MONOTONIC, &ev, &timer) && !timer_delete(none[0]));
	CHECK(!timer_settime(timer, 0, &it, NULL));
	setitimer(ITIMER_REAL, &iv, NULL);
	CHECK(!sigqueue(getpid(), SIGUSR1, (union sigval){ .sival_int = 4711 }));
	for (int n = 1; n <= TICKS; n++) {
		for (int k = 0; k < 1000; k++)
			heap[n * 100000 + k] = (char)(n + k);
		x = x * 1.25 + n;
		tick(n, ms);
		printf("tick %d: %d %d %.3f\n", n, sums[0], sums[1], x);
	}
	iv = (struct itimerval){ 0 };
	setitimer(ITIMER_REAL, &iv, NULL);
	CHECK(!timer_delete(timer));
	CHECK(alarms > 0);
	CHECK(ticks_of_timer > 0);
	CHECK(getpid() == pid && syscall(SYS_gettid) == tid && !kill(pid, 0) && !syscall(SYS_tgkill, pid, tid, 0));
	CHECK(pthread_mutex_lock(&owned) == EDEADLK && !pthread_mutex_unlock(&owned));
	CHECK(!pthread_kill(th[4], SIGWINCH) && !pthread_join(th[4], NULL) && taken == SIGWINCH);
	CHECK(queued == 0 && !sigprocmask(SIG_UNBLOCK, &block, NULL) && queued == 4711);
	CHECK(read(p[0], buf, sizeof buf) == 11 && !strcmp(buf, "in the pipe"));
	CHECK(lseek(fd, 0, SEEK_CUR) == 1000 && lseek(fd2, 5, SEEK_CUR) == 1005 && lseek(fd, 0, SEEK_CUR) == 1005);
	CHECK(fcntl(fd2, F_GETFD) == FD_CLOEXEC && !fcntl(fd, F_GETFD));
	CHECK(read(ef, &v, 8) == 8 && v == 7 && read(ef, &v, 8) < 0);
	CHECK(!timerfd_gettime(tf, &it) && it.it_value.tv_sec >= 30 && it.it_value.tv_sec <= 100 && it.it_interval.tv_nsec == 1000000);
	struct epoll_event e = { 0 };
	CHECK(write(p[1], "x", 1) == 1 && epoll_wait(ep, &e, 1, 1000) == 1 && e.data.u64 == 0x1234567890);
	int cs = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(ls < 0 || (!connect(cs, (void *)&in, sizeof in) && accept(ls, NULL, NULL) >= 0));
	CHECK(map[10] == 'w' && !strcmp(shared + 40000, "shared") && !strcmp(brk_ + 9000, "break") && umask(0) == 027);
	for (int n = 1; n <= TICKS; n++)
		CHECK(heap[n * 100000 + 999] == (char)(n + 999));
	CHECK(write(wake[1], "r", 1) == 1 && !pthread_join(th[2], NULL) && reader_got == 'r');
	CHECK(write(quit_[1], "q", 1) == 1 && !pthread_join(th[3], NULL) && poller_got);
	pthread_mutex_lock(&lock);
	round_ = -1;
	pthread_cond_broadcast(&turn);
	pthread_mutex_unlock(&lock);
	pthread_join(th[0], NULL);
	pthread_join(th[1], NULL);
	printf("%s\n", bad ? "bad" : "all is as it was");
	return bad ? 1 : 42;
}
