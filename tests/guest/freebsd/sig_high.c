/* SPDX-License-Identifier: BSD-2-Clause
 * Signals beyond the host's: to any thread that does not block them, to one thread, to another process and to a group,
 * with value and order, from timers, files and message queues; calls restart, or do not, as for any other. A native
 * process never sees one. They stay over exec.
 */
#include "threads.h"

struct aiocb { int fd; long offset; void *buf; size_t nbytes; int spare[2]; void *spare2; int opcode, prio;
	       long status, error; void *priv; struct sigevent ev; };

static char queue[] = "/guise-test-high-0000000";
static volatile long hits, by, value, code, from;
static volatile int order[64], n_order;

static void on(int sig, siginfo_t *si, ucontext_t *uc)
{
	by = self();
	value = si->value.ival;
	code = si->code;
	from = si->pid;
	order[n_order++ & 63] = sig * 1000 + si->value.ival;
	hits++;
}
static void sleeper(void *arg)
{
	sigset_t s = SIGSET(100, 95, 40);

	if (arg)
		sigprocmask(SIG_UNBLOCK, &s, 0);
	for (long t = now_ms(); !hits && now_ms() - t < 3000;)
		nanosleep(arg ? TS(3, 0) : TS(0, 20000000), 0);
	finish();
}
static volatile long got;
static void waiter(void *arg)
{
	sigset_t s = SIGSET(101);
	siginfo_t si;
	long t = now_ms();

	got = sigtimedwait(&s, &si, TS(3, 0)) * 10000 + si.value.ival;
	if (now_ms() - t > 2500)
		got = 0;
	finish();
}
static void threads(void)
{
	sigset_t s = SIGSET(100, 101, 95, 40), none = { 0 }, pend;
	long t, begin = now_ms();

	handle(100, on, SA_SIGINFO);
	handle(95, on, SA_SIGINFO);
	handle(40, on, SA_SIGINFO);
	for (int i = 0; i < 3; i++) {
		int sig = (int[]){ 100, 95, 40 }[i];
		hits = 0;
		sigprocmask(SIG_BLOCK, &s, 0);
		t = thread(sleeper, (void *)1);
		sleep_ms(40);
		show(sig);
		show(kill(getpid(), sig));
		await();
		yes(hits == 1 && by == t && code == SI_USER && from == getpid());
		hits = 0;
		t = thread(sleeper, (void *)1);
		sleep_ms(40);
		show(thr_kill(t, sig));
		await();
		yes(hits == 1 && by == t && code == SI_LWP);
	}
	say("for one that blocks it\n");
	hits = 0;
	t = thread(sleeper, 0);
	sleep_ms(20);
	show(thr_kill(t, 100));
	sleep_ms(20);
	show(hits);
	sigpending(&pend);
	yes(!sigset_has(&pend, 100));
	show(sigqueue(getpid(), 100, 5));
	sigpending(&pend);
	yes(sigset_has(&pend, 100));
	sigprocmask(SIG_SETMASK, &none, 0);
	yes(hits == 1 && by == self() && value == 5);
	await();
	yes(hits == 1);
	say("waited for\n");
	sigprocmask(SIG_BLOCK, &s, 0);
	thread(waiter, 0);
	sleep_ms(40);
	show(sigqueue(getpid(), 101, 17));
	await();
	show(got);
	show(thr_kill(123456, 100));
	sigprocmask(SIG_SETMASK, &none, 0);
	yes(now_ms() - begin < 2500);
}
static void processes(void)
{
	sigset_t all = SIGSET(34, 64, 95, 96, 126, 127), none = { 0 };
	siginfo_t si;
	int pp[2], ready[2], go[2];
	char b;
	long p, t;

	say("another process\n");
	sigprocmask(SIG_BLOCK, &all, 0);
	p = fork();
	if (p == 0) {
		sleep_ms(60);
		for (int i = 0; i < 7; i++) {
			t = sigwaitinfo(&all, &si);
			say("%d %d %x %d\n", t, si.value.ival, si.code, si.pid == getppid());
		}
		quit(0);
	}
	int sent[][2] = { { 126, 1 }, { 96, 2 }, { 96, 3 }, { 127, 4 }, { 95, 5 }, { 96, 6 }, { 95, 7 } };
	for (int i = 0; i < 7; i++)
		if (sigqueue(p, sent[i][0], sent[i][1]))
			fail("sigqueue");
	wait_for(p);
	sigprocmask(SIG_SETMASK, &none, 0);
	for (int restart = 0; restart < 2; restart++) {
		pipe2(pp, 0);
		pipe2(ready, 0);
		p = fork();
		if (p == 0) {
			handle(126, on, SA_SIGINFO | (restart ? SA_RESTART : 0));
			hits = 0;
			write(ready[1], "x", 1);
			t = read(pp[0], &b, 1);
			if (!restart)
				sleep_ms(30);    /* the parent tells first */
			say("read %e hits %d value %d from parent %d\n", t, hits, value, from == getppid());
			write(ready[1], "x", 1);
			t = nanosleep(TS(3, 0), 0);
			sleep_ms(30);
			say("nanosleep %e\n", t);
			quit(0);
		}
		read(ready[0], &b, 1);
		sleep_ms(60);
		show(sigqueue(p, 126, 9));
		sleep_ms(60);
		write(pp[1], "x", 1);
		read(ready[0], &b, 1);
		sleep_ms(60);
		show(kill(p, 126));
		wait_for(p);
	}
	p = fork();
	if (p == 0)
		sleep_ms(3000), quit(1);
	sleep_ms(30);
	show(kill(p, 120));
	yes(WTERMSIG(wait_for(p)) != 0);
	pipe2(ready, 0);
	pipe2(go, 0);
	p = fork();
	if (p == 0) {
		struct sigaction ign = { .handler = (void *)SIG_IGN };
		sigaction(120, &ign, 0);
		write(ready[1], "x", 1);
		read(go[0], &b, 1);
		quit(7);
	}
	read(ready[0], &b, 1);
	show(kill(p, 120));
	write(go[1], "x", 1);
	show(WEXITSTATUS(wait_for(p)));
}
static void groups(void)
{
	long p;

	say("a group\n");
	handle(110, on, SA_SIGINFO);
	hits = 0;
	p = fork();
	if (p == 0) {
		setpgid(0, 0);
		long g = fork();
		for (int i = 0; i < 100 && !hits; i++)
			sleep_ms(20);
		if (g)
			wait_for(g);
		else
			sleep_ms(60);    /* the sender tells first */
		say("%s %d\n", g ? "child" : "grandchild", hits);
		quit(0);
	}
	sleep_ms(60);
	show(kill(-p, 110));
	wait_for(p);
	show(hits);
	show(kill(-999999, 110));
	show(kill(999999, 110));
}
static void natives(void)
{
	char *av[] = { "sleep", "5", 0 };
	long p;

	say("a native\n");
	p = fork();
	if (p == 0) {
		execve("/bin/sleep", av, env);
		quit(99);
	}
	sleep_ms(100);
	show(kill(p, 110));
	show(sigqueue(p, 97, 1));
	sleep_ms(20);
	show(kill(p, 0));
	kill(p, SIGKILL);
	show(wait_for(p));
}
static void events(void)
{
	struct sigevent ev = { SIGEV_SIGNAL, 99, { 55 } };
	struct itimerspec it = { { 0, 0 }, { 0, 20000000 } };
	struct mqattr { long flags, maxmsg, msgsize, curmsgs, reserved[4]; } a = { 0, 4, 64, 0 };
	struct aiocb w = { .buf = "hello", .nbytes = 5, .ev = { SIGEV_SIGNAL, 99, { 77 } } };
	sigset_t s = SIGSET(99), none = { 0 };
	char b[64];
	int id = -1;
	long q;

	say("timers, files, queues\n");
	handle(99, on, SA_SIGINFO);
	show(ktimer_create(CLOCK_MONOTONIC, &ev, &id));
	show(ktimer_settime(id, 0, &it, 0));
	show(nanosleep(TS(2, 0), 0));
	say("value %d code %x\n", value, code);
	sigprocmask(SIG_BLOCK, &s, 0);
	hits = 0;
	it.interval.nsec = 10000000;
	show(ktimer_settime(id, 0, &it, 0));
	int missed = 0;
	for (int round = 0; round < 10 && !missed; round++) {    /* on a busy machine the next one may come before it is asked */
		for (long t = now_ms(); now_ms() - t < 150;)
			sleep_ms(10);
		sigprocmask(SIG_SETMASK, &none, 0);
		missed = ktimer_getoverrun(id) >= 5 && hits >= 1;
		sigprocmask(SIG_BLOCK, &s, 0);
	}
	sigprocmask(SIG_SETMASK, &none, 0);
	yes(missed);
	show(ktimer_delete(id));
	sleep_ms(20);
	hits = 0;
	ev = (struct sigevent){ SIGEV_THREAD_ID, 99, { 56 }, { (int)self() } };
	it.interval.nsec = 0;
	show(ktimer_create(CLOCK_REALTIME, &ev, &id));
	show(ktimer_settime(id, 0, &it, 0));
	nanosleep(TS(2, 0), 0);
	yes(hits == 1 && value == 56);
	show(ktimer_delete(id));
	w.fd = (int)open("f", O_RDWR | O_CREAT, 0600);
	show(sys(SYS_aio_write, &w));
	yes(value == 77 && code == SI_ASYNCIO);
	show(sys(SYS_aio_return, &w));
	own_name(queue);
	sys(SYS_kmq_unlink, queue);
	q = sys(SYS_kmq_open, queue, O_RDWR | O_CREAT | O_NONBLOCK, 0600, &a);
	ev = (struct sigevent){ SIGEV_SIGNAL, 99, { 88 } };
	show(sys(SYS_kmq_notify, q, &ev));
	hits = 0;
	show(sys(SYS_kmq_timedsend, q, "m", 1, 1, 0));
	yes(hits == 1 && value == 88 && code == SI_MESGQ);
	show(sys(SYS_kmq_timedreceive, q, b, 64, 0, 0));
	show(sys(SYS_kmq_unlink, queue));
}

int main(int argc, char **argv)
{
	sigset_t s = SIGSET(105, 106), pend;

	if (argc > 1) {
		sigpending(&pend);
		say("after exec: %d %d\n", sigset_has(&pend, 105), sigset_has(&pend, 106));
		return 0;
	}
	threads();
	processes();
	groups();
	natives();
	events();
	sigprocmask(SIG_BLOCK, &s, 0);
	kill(getpid(), 105);
	char *av[] = { argv[0], "again", 0 };
	execve(argv[0], av, env);
	return 9;
}
