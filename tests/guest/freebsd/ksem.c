/* SPDX-License-Identifier: BSD-2-Clause
 * The semaphores that the kernel keeps (ksem_*): values, names, waiting and being woken over fork, limits, errors. */
#include "caps.h"

#define init(id, value) sys(SYS_ksem_init, id, value)
#define wait_on(id) sys(SYS_ksem_wait, id)
#define try(id) sys(SYS_ksem_trywait, id)
#define post(id) sys(SYS_ksem_post, id)
#define value_of(id) (v = -1, sys(SYS_ksem_getvalue, id, &v))

static int v;

static void unnamed(void)
{
	long id = -1, other;
	char b[4];

	say("unnamed\n");
	show(init(&id, 2));
	yes(id > 2);
	show(fcntl(id, F_GETFD));
	show(value_of(id)), show(v);
	show(wait_on(id)), show(try(id)), show(try(id));
	show(post(id));
	show(value_of(id)), show(v);
	show(read(id, b, 4)), show(write(id, b, 4));
	show(other = dup(id) < 0 ? -1 : 0);
	show(sys(SYS_ksem_close, id));
	show(sys(SYS_ksem_destroy, id));
	show(post(id));
	show(close(id));
	show(init(&id, 0x80000000u));
	show(init(&id, 0x7fffffff));
	show(post(id));
	show(value_of(id)), yes(v == 0x7fffffff);
	show(sys(SYS_ksem_destroy, id));
	show(init(1, 1));
	show(init(&id, 1));
	show(sys(SYS_ksem_getvalue, id, 1));
	close(id);
	for (long bad = -1; bad <= 1; bad++)
		show(post(bad));
	show(wait_on(5000)), show(try(99)), show(sys(SYS_ksem_destroy, 0)), show(sys(SYS_ksem_close, 99));
}
static char name[] = "/guise-test/ksem-0000000";

static void named(void)
{
	struct stat st;
	long a = -1, b = -1, c = -1;

	say("named\n");
	own_name(name);
	sys(SYS_ksem_unlink, name);
	umask(022);
	show(sys(SYS_ksem_open, &a, name, 0, 0, 0));
	show(sys(SYS_ksem_open, &a, name, O_CREAT | O_EXCL, 0666, 1));
	show(sys(SYS_ksem_open, &b, name, O_CREAT | O_EXCL, 0666, 1));
	show(sys(SYS_ksem_open, &b, name, O_CREAT, 0666, 77));
	yes(a != b);
	show(wait_on(a)), show(try(b)), show(post(b)), show(value_of(a)), show(v);
	show(fstat(a, &st));
	say("mode %o uid %s\n", st.mode, st.uid == geteuid() ? "mine" : "other");
	show(sys(SYS_ksem_destroy, a));
	show(sys(SYS_ksem_unlink, name));
	show(sys(SYS_ksem_unlink, name));
	show(sys(SYS_ksem_open, &c, name, 0, 0, 0));
	show(value_of(b)), show(v);
	show(sys(SYS_ksem_open, &c, name, O_CREAT, 0600, 5));
	show(value_of(c)), show(v);
	show(sys(SYS_ksem_close, c)), show(sys(SYS_ksem_close, c));
	show(sys(SYS_ksem_open, &c, name, 0, 0, 0));
	show(value_of(c)), show(v);		/* it is there until it is unlinked, and its value with it */
	show(sys(SYS_ksem_unlink, name));
	show(sys(SYS_ksem_open, &c, "none", O_CREAT, 0600, 5));
	show(sys(SYS_ksem_open, &c, name, O_CREAT | O_RDWR, 0600, 5));
	show(sys(SYS_ksem_open, &c, 1, O_CREAT, 0600, 5));
	show(sys(SYS_ksem_open, &c, name, O_CREAT, 0600, 0x80000000u));
	show(sys(SYS_ksem_open, 1, name, O_CREAT, 0600, 1));
	show(sys(SYS_ksem_unlink, name));
	show(sys(SYS_ksem_unlink, "none"));
	show(sys(SYS_ksem_close, a)), show(sys(SYS_ksem_close, b));
}
static volatile int signals;
static void on_alarm(int sig, siginfo_t *si, ucontext_t *uc) { signals++; }

static void waiting(void)
{
	struct itimerval soon = { { 0, 30000 }, { 0, 30000 } }, never = { 0 };
	struct timespec ts;
	long ping = -1, pong = -1, child, n = 0, then;

	say("waiting\n");
	init(&ping, 0), init(&pong, 0);
	if (!(child = fork())) {
		for (int i = 0; i < 200; i++)
			if (wait_on(ping) || post(pong))
				quit(1);
		sleep_ms(100);
		quit(!!post(ping));
	}
	while (n < 200 && !post(ping) && !wait_on(pong))
		n++;
	say("%ld to and fro\n", n);
	show(wait_on(ping));			/* asleep when it is posted */
	show(wait_for(child));
	then = now_ms();
	clock_gettime(CLOCK_REALTIME, &ts);
	ts.nsec += 50000000;
	if (ts.nsec >= 1000000000)
		ts.sec++, ts.nsec -= 1000000000;
	show(sys(SYS_ksem_timedwait, ping, &ts));
	yes(now_ms() - then >= 40);
	show(sys(SYS_ksem_timedwait, ping, TS(1, 0)));
	show(sys(SYS_ksem_timedwait, ping, TS(1, 1000000000)));
	show(sys(SYS_ksem_timedwait, ping, 1));
	post(ping), post(ping);
	show(sys(SYS_ksem_timedwait, ping, TS(1, 0)));
	show(sys(SYS_ksem_timedwait, ping, 0));
	if (!(child = fork()))
		quit(wait_on(ping) != 0);
	sleep_ms(50);
	show(sys(SYS_ksem_destroy, ping));	/* somebody waits */
	show(post(ping));
	show(wait_for(child));
	show(sys(SYS_ksem_destroy, ping));

	handle(SIGALRM, on_alarm, 0);
	show(setitimer(0, &soon, 0));
	show(wait_on(pong));
	yes(signals > 0);
	setitimer(0, &never, 0);
	signals = 0;
	if (!(child = fork())) {
		sleep_ms(100);
		quit(!!post(pong));
	}
	handle(SIGALRM, on_alarm, SA_RESTART);
	setitimer(0, &soon, 0);
	show(wait_on(pong));
	yes(signals > 0);
	setitimer(0, &never, 0);
	show(wait_for(child));
}
static void rights(void)
{
	u64 r[2] = { NO0, NO1 | 8 };		/* CAP_SEM_POST */
	long id = -1;

	say("limited\n");
	init(&id, 0);
	show(cap_rights_limit(id, r));
	show(post(id)), show(try(id)), show(value_of(id));
	show(sys(SYS_ksem_destroy, id));
}
static void passed(void)
{
	struct { struct cmsghdr h; u32 pad; int fd; u32 pad2; } c = { { 20, SOL_SOCKET, SCM_RIGHTS } };
	struct iovec io = { "x", 1 };
	struct msghdr m = { .iov = &io, .iovlen = 1, .control = &c, .controllen = sizeof(c) };
	char b;
	long id = -1;
	int s[2];

	say("passed\n");
	init(&id, 3);
	c.fd = (int)id;
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	show(sendmsg(s[0], &m, 0));
	close(id);
	io.base = &b;
	m.controllen = sizeof(c);
	show(recvmsg(s[1], &m, 0));
	show(try(c.fd)), show(value_of(c.fd)), show(v);
	close(c.fd);
}
int main(int argc, char **argv)
{
	unnamed();
	named();
	waiting();
	rights();
	passed();
	return 0;
}
