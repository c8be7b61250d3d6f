/* SPDX-License-Identifier: BSD-2-Clause
 * What a snapshot has to keep of a FreeBSD program; see the Linux one. argv[1]: how long a tick is, in ms; argv[2]: without
 * what there can be only one of. TEST proves: nothing */
#include "kq.h"

#define TICKS 30
static int bad;
#define CHECK(x) do { if (!(x)) { say("line %d: %s\n", __LINE__, #x); bad = 1; } } while (0)

static volatile int alarms, ticks, queued, high, taken, reader_got, poller_got;
static volatile long round_, done[2], sums[2], gone[6];
static struct umutex owned;
static int wake[2], quit_[2];
static long numbers[6], queue[2];
static volatile long events_got, event_data;

static void on_alarm(int sig, siginfo_t *si, ucontext_t *uc) { alarms++; }
static void on_timer(int sig, siginfo_t *si, ucontext_t *uc) { ticks += si->value.ival == 77; }
static void on_queued(int sig, siginfo_t *si, ucontext_t *uc) { *(sig == SIGUSR1 ? &queued : &high) = si->value.ival; }

static void counter(void *arg)
{
	long i = (long)arg, seen = 0, mine = 100 * (i + 1);
	thr_self(&numbers[i]);
	for (;;) {
		long now = round_;
		if (now < 0)
			break;
		if (now == seen) {
			umtx_op(&round_, UMTX_OP_WAIT, now, 0, 0);
			continue;
		}
		seen = now;
		sums[i] += ++mine;
		done[i] = seen;
		umtx_op(&done[i], UMTX_OP_WAKE, 1, 0, 0);
	}
	gone[i] = 1;
	thr_exit(0);
}
static void reader(void *arg)
{
	char c = 0;
	thr_self(&numbers[2]);
	CHECK(read(wake[0], &c, 1) == 1);
	reader_got = c;
	gone[2] = 1;
	thr_exit(0);
}
static void poller(void *arg)
{
	struct pollfd p = { quit_[0], POLLIN, 0 };
	thr_self(&numbers[3]);
	CHECK(poll(&p, 1, 60000) == 1);
	poller_got = p.revents == POLLIN;
	gone[3] = 1;
	thr_exit(0);
}
static void waiter(void *arg)
{
	sigset_t s = SIGSET(SIGWINCH);
	int sig = 0;
	thr_self(&numbers[4]);
	CHECK(!sigwait(&s, &sig));
	taken = sig;
	gone[4] = 1;
	thr_exit(0);
}
/* Sleeps in the call that adds the event, and takes another away: made again, neither may happen twice. */
static void eventer(void *arg)
{
	struct kevent k[2] = { { 5, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 0, 0 }, { 6, EVFILT_USER, EV_DELETE } }, got;
	thr_self(&numbers[5]);
	events_got = kevent(queue[0], k, 2, &got, 1, TS(300, 0));
	event_data = (long)got.ident;
	gone[5] = 1;
	thr_exit(0);
}
static long has(struct kevent *k, long n, int filter, u64 ident)
{
	for (long i = 0; i < n; i++)
		if (k[i].filter == filter && k[i].ident == ident && !(k[i].flags & EV_ERROR))
			return k[i].data ? k[i].data : 1;
	return 0;
}
static void tick(long n, long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };
	round_ = n;
	umtx_op(&round_, UMTX_OP_WAKE, 100, 0, 0);
	for (int i = 0; i < 2; i++)
		for (long d; (d = done[i]) != n;)
			umtx_op(&done[i], UMTX_OP_WAIT, d, 0, TS(0, 50000000));
	while (nanosleep(&ts, &ts))
		;
}
int main(int argc, char **argv)
{
	static void (*const body[])(void *) = { counter, counter, reader, poller, waiter, eventer };
	long ms = 0, self, pid = getpid(), fd, fd2;
	struct sigevent ev = { SIGEV_SIGNAL, SIGUSR2, { 77 } };
	struct itimerspec it = { { 0, 2000000 }, { 0, 2000000 } };
	struct itimerval iv = { { 0, 3000 }, { 0, 3000 } };
	sigset_t block = SIGSET(SIGUSR1), timers;
	char buf[64] = "", *heap = pages(3 << 20), *map;
	int p[2], id[2] = { -1, -1 };
	double x = 1.5;

	for (char *s = argc > 1 ? argv[1] : "1"; *s; s++)
		ms = 10 * ms + *s - '0';
	thr_self(&self);
	sigset_add(&block, SIGWINCH);
	sigset_add(&block, 100);
	sigprocmask(SIG_BLOCK, &block, 0);
	handle(SIGUSR1, on_queued, SA_SIGINFO);
	handle(100, on_queued, SA_SIGINFO);
	handle(SIGUSR2, on_timer, SA_SIGINFO | SA_RESTART);
	handle(SIGALRM, on_alarm, SA_SIGINFO | SA_RESTART);
	CHECK(!umtx_op(&owned, UMTX_OP_MUTEX_LOCK, 0, 0, 0) && owned.owner);
	CHECK(!pipe2(p, 0) && !pipe2(wake, 0) && !pipe2(quit_, 0));
	CHECK(write(p[1], "in the pipe", 11) == 11);
	CHECK((fd = open(argv[0], O_RDONLY)) >= 0 && lseek(fd, 1000, SEEK_SET) == 1000);
	fd2 = dup(fd);
	fcntl(fd2, F_SETFD, FD_CLOEXEC);
	map = (char *)mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	map[4106] = 'w';
	char *shared = (char *)mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
	strcpy(shared + 40000, "shared");
	umask(027);
	CHECK((queue[0] = kqueue()) >= 0 && (queue[1] = kqueue()) >= 0);
	CHECK(!change(queue[0], 6, EVFILT_USER, EV_ADD, 0, 0, 0));
	CHECK(!change(queue[1], (u64)p[0], EVFILT_READ, EV_ADD, 0, 0, 0));
	CHECK(!change(queue[1], 7, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 0, 0) && !change(queue[1], 7, EVFILT_USER, 0, NOTE_TRIGGER, 0, 0));
	CHECK(!change(queue[1], 8, EVFILT_TIMER, EV_ADD, 0, 10, 0) && !change(queue[1], 9, EVFILT_TIMER, EV_ADD | EV_ONESHOT, 0, 300000, 0));
	CHECK(!change(queue[1], SIGURG, EVFILT_SIGNAL, EV_ADD, 0, 0, 0) && !kill(pid, SIGURG) && !kill(pid, SIGURG));
	CHECK(!change(queue[1], (u64)wake[0], EVFILT_READ, EV_ADD | EV_DISABLE, 0, 0, 0));
	CHECK(!change(queue[1], (u64)queue[0], EVFILT_READ, EV_ADD, 0, 0, 0));
	timers = block;
	sigset_add(&timers, SIGALRM);
	sigset_add(&timers, SIGUSR2);
	sigprocmask(SIG_SETMASK, &timers, 0);
	for (long i = 0; i < 6; i++)
		CHECK(thread(body[i], (void *)i) >= 0);
	sigprocmask(SIG_SETMASK, &block, 0);
	CHECK(!ktimer_create(CLOCK_MONOTONIC, &ev, &id[0]) && !ktimer_create(CLOCK_MONOTONIC, &ev, &id[1]) && !ktimer_delete(id[0]));
	CHECK(!ktimer_settime(id[1], 0, &it, 0));
	setitimer(ITIMER_REAL, &iv, 0);
	CHECK(!sigqueue(pid, SIGUSR1, 4711) && !sigqueue(pid, 100, 1234));
	for (int n = 1; n <= TICKS; n++) {
		for (int k = 0; k < 1000; k++)
			heap[n * 100000 + k] = (char)(n + k);
		x = x * 1.25 + n;
		tick(n, ms);
		say("tick %d: %d %d %d\n", n, sums[0], sums[1], (long)(x * 1000));
	}
	iv = (struct itimerval){ 0 };
	setitimer(ITIMER_REAL, &iv, 0);
	CHECK(!ktimer_delete(id[1]));
	CHECK(alarms > 0);
	CHECK(ticks > 0);
	long again = 0;
	CHECK(getpid() == pid && !thr_self(&again) && again == self && !kill(pid, 0) && !thr_kill(self, 0));
	for (int i = 0; i < 6; i++)
		CHECK(!thr_kill(numbers[i], 0));
	CHECK(umtx_op(&owned, UMTX_OP_MUTEX_TRYLOCK, 0, 0, 0) == -EBUSY);
	CHECK(!umtx_op(&owned, UMTX_OP_MUTEX_UNLOCK, 0, 0, 0));
	CHECK(!thr_kill(numbers[4], SIGWINCH));
	for (int i = 0; i < 200 && !gone[4]; i++)
		sleep_ms(10);
	CHECK(taken == SIGWINCH);
	CHECK(!queued && !high && !sigprocmask(SIG_UNBLOCK, &block, 0) && queued == 4711 && high == 1234);
	struct kevent k[16];
	long n_ev = kevent(queue[1], 0, 0, k, 16, TS(2, 0));
	CHECK(has(k, n_ev, EVFILT_READ, (u64)p[0]) == 11 && has(k, n_ev, EVFILT_USER, 7) && has(k, n_ev, EVFILT_TIMER, 8) > 0);
	CHECK(has(k, n_ev, EVFILT_SIGNAL, SIGURG) == 2 && !has(k, n_ev, EVFILT_TIMER, 9) && !has(k, n_ev, EVFILT_READ, (u64)wake[0]));
	CHECK(!has(k, n_ev, EVFILT_READ, (u64)queue[0]) && n_ev == 4);
	CHECK(!gone[5] && !change(queue[0], 5, EVFILT_USER, 0, NOTE_TRIGGER, 0, 0));
	for (int i = 0; i < 200 && !gone[5]; i++)
		sleep_ms(10);
	CHECK(events_got == 1 && event_data == 5);
	CHECK(read(p[0], buf, sizeof buf) == 11 && !strcmp(buf, "in the pipe"));
	CHECK(lseek(fd, 0, SEEK_CUR) == 1000 && lseek(fd2, 5, SEEK_CUR) == 1005 && lseek(fd, 0, SEEK_CUR) == 1005);
	CHECK(fcntl(fd2, F_GETFD) == FD_CLOEXEC && !fcntl(fd, F_GETFD));
	CHECK(map[4106] == 'w' && map[1] == 'E' && !strcmp(shared + 40000, "shared") && umask(0) == 027);
	for (int n = 1; n <= TICKS; n++)
		CHECK(heap[n * 100000 + 999] == (char)(n + 999));
	CHECK(write(wake[1], "r", 1) == 1 && write(quit_[1], "q", 1) == 1);
	round_ = -1;
	umtx_op(&round_, UMTX_OP_WAKE, 100, 0, 0);
	for (int i = 0; i < 500 && !(gone[0] && gone[1] && gone[2] && gone[3]); i++)
		sleep_ms(10);
	CHECK(reader_got == 'r' && poller_got && gone[0] && gone[1]);
	say("%s\n", bad ? "bad" : "all is as it was");
	quit(bad ? 1 : 42);
}
