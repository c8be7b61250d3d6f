/* SPDX-License-Identifier: BSD-2-Clause
 * Asynchronous input and output that has to wait: sockets, pipes, terminals; told by a kqueue or a signal; lists; what can
 * be cancelled; limits; threads; fork. */
#include "aio.h"

static char in[64], out[1 << 20];
static volatile int hits, value, thread_id;

static void on_signal(int sig, siginfo_t *si, ucontext_t *uc)
{
	long id = 0;
	sys(SYS_thr_self, &id);
	hits++;
	value = si->value.ival;
	thread_id = (int)id;
	if (si->code != SI_ASYNCIO)
		value = -1;
}
static long wait_one(struct aiocb *cb)
{
	struct aiocb *one[1] = { cb };
	return aio_suspend(one, 1, TS(10, 0));
}
static void wait_hits(int n)
{
	for (long end = now_ms() + 10000; hits < n && now_ms() < end;)
		sleep_ms(1);
}
static void streams(const char *what, int rd, int wr)
{
	struct aiocb r = { .fd = rd, .buf = in, .nbytes = sizeof in }, w = { .fd = wr, .buf = out, .nbytes = 5 }, *got = 0;
	say("%s\n", what);
	memcpy(out, "hello", 5);
	show(aio_read(&r));
	show(aio_error(&r));
	show(aio_return(&r));
	show(aio_waitcomplete(&got, TS(0, 10000000)));
	yes(!got);
	show(aio_suspend((struct aiocb *[1]){ &r }, 1, TS(0, 10000000)));
	show(aio_write(&w));
	show(wait_one(&w));
	show(aio_return(&w));
	show(wait_one(&r));
	show(aio_error(&r));
	show(aio_return(&r));
	show(aio_return(&r));
	yes(!memcmp(in, "hello", 5));
	memset(in, 0, sizeof in);
}
static void cancelling(void)
{
	int s[2], p[2];
	struct aiocb r[3], w = { .buf = out, .nbytes = sizeof out };
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	sys(SYS_pipe2, p, 0);
	say("cancelling\n");
	show(aio_cancel(99, 0));
	show(aio_cancel(s[0], 0));
	for (int i = 0; i < 3; i++) {
		r[i] = (struct aiocb){ .fd = s[0], .buf = in + i, .nbytes = 1 };
		show(aio_read(&r[i]));
	}
	show(aio_cancel(s[0], &r[1]));
	show(aio_error(&r[1]));
	show(aio_return(&r[1]));
	write(s[1], "ab", 2);
	show(wait_one(&r[2]));
	show(aio_return(&r[0]));
	show(aio_return(&r[2]));
	say("%c%c\n", in[0], in[2]);
	show(aio_cancel(s[0], &r[0]));
	for (int i = 0; i < 2; i++)
		show(aio_read(&r[i]));
	show(aio_cancel(s[0], 0));
	show(aio_return(&r[0]));
	show(aio_return(&r[1]));
	/* what is half sent stays sent */
	w.fd = s[0];
	show(aio_write(&w));
	show(aio_error(&w));
	show(aio_cancel(s[0], &w));
	long n = aio_return(&w);
	yes(n > 0 && n < (long)sizeof out);
	/* a pipe's is under way */
	r[0].fd = p[0];
	show(aio_read(&r[0]));
	show(aio_cancel(p[0], &r[0]));
	write(p[1], "z", 1);
	show(wait_one(&r[0]));
	show(aio_return(&r[0]));
	/* whole, however long it takes */
	w.fd = p[1];
	show(aio_write(&w));
	long sum = 0;
	while (sum < (long)sizeof out && (n = read(p[0], out, 65536)) > 0)
		sum += n;
	show(wait_one(&w));
	show(aio_return(&w));
	/* nobody reads: EPIPE, and the signal */
	handle(SIGPIPE, on_signal, 0);
	close(p[0]);
	w.nbytes = 1;
	hits = 0;
	show(aio_write(&w));
	wait_hits(1);
	show(hits);
	show(wait_one(&w));
	show(aio_return(&w));
	/* closing the number does not end it */
	show(aio_read((r[0].fd = s[1], r[0].nbytes = 1, &r[0])));
	show(wait_one(&r[0]));
	show(aio_return(&r[0]));
	close(p[1]);
	close(s[0]);
	close(s[1]);
}
static void queues(void)
{
	int kq = (int)kqueue(), p[2];
	struct kevent ev = { .ident = 1, .filter = EVFILT_AIO, .flags = EV_ADD }, got = { 0 };
	struct aiocb a, b;
	sys(SYS_pipe2, p, 0);
	say("queues\n");
	show(kevent(kq, &ev, 1, 0, 0, 0));
	a = (struct aiocb){ .fd = p[0], .buf = in, .nbytes = 4, .ev = { SIGEV_KEVENT, kq, { 55 }, { .kevent_flags = 0 } } };
	show(aio_read(&a));
	show(kevent(kq, 0, 0, &got, 1, TS(0, 10000000)));
	write(p[1], "kqkq", 4);
	show(kevent(kq, 0, 0, &got, 1, TS(10, 0)));
	yes(got.ident == (u64)&a && got.filter == EVFILT_AIO && got.udata == (void *)55 && got.flags & EV_EOF);
	show(got.data);
	show(kevent(kq, 0, 0, &got, 1, TS(0, 0)));
	show(aio_return(&a));
	show(kevent(kq, 0, 0, &got, 1, TS(0, 0)));
	a.ev.kevent_flags = EV_ONESHOT;
	show(aio_read(&a));
	write(p[1], "kqkq", 4);
	show(kevent(kq, 0, 0, &got, 1, TS(10, 0)));
	show(kevent(kq, 0, 0, &got, 1, TS(0, 0)));
	show(aio_return(&a));
	a.ev.kevent_flags = EV_DELETE;
	show(aio_read(&a));
	a.ev.kevent_flags = 0, a.ev.signo = 99;
	show(aio_read(&a));
	show(aio_error(&a));
	/* a list, told when all of it is done */
	a = (struct aiocb){ .fd = p[0], .buf = in, .nbytes = 2, .opcode = LIO_READ };
	b = (struct aiocb){ .fd = p[1], .buf = out, .nbytes = 2, .opcode = LIO_WRITE };
	struct aiocb *list[3] = { &a, 0, &b };
	struct sigevent sev = { SIGEV_KEVENT, kq, { 66 }, { .kevent_flags = 0 } };
	show(lio_listio(LIO_NOWAIT, list, 3, &sev));
	show(kevent(kq, 0, 0, &got, 1, TS(10, 0)));
	yes(got.ident == (u64)list && got.filter == EVFILT_LIO && got.udata == (void *)66);
	show(aio_return(&a));
	show(aio_return(&b));
	show(kevent(kq, 0, 0, &got, 1, TS(0, 0)));
	show(lio_listio(LIO_WAIT, list, 3, 0));
	show(aio_return(&a));
	show(aio_return(&b));
	sev = (struct sigevent){ SIGEV_SIGNAL, SIGUSR1, { 77 }, { 0 } };
	handle(SIGUSR1, on_signal, SA_SIGINFO);
	hits = 0;
	show(lio_listio(LIO_NOWAIT, list, 3, &sev));
	wait_hits(1);
	show(hits);
	show(value);
	show(aio_return(&a));
	show(aio_return(&b));
	hits = 0;
	show(lio_listio(LIO_NOWAIT, list, 0, &sev));
	wait_hits(1);
	show(hits);
	b.fd = 99;
	a.opcode = 9;
	show(lio_listio(LIO_WAIT, list, 3, 0));
	show(aio_error(&a));
	show(aio_error(&b));
	show(lio_listio(7, list, 3, 0));
	show(lio_listio(LIO_WAIT, list, 257, 0));
	show(lio_listio(LIO_WAIT, 8, 1, 0));
	close(kq);
	close(p[0]);
	close(p[1]);
}
static volatile int up, stop;
static long helper_id;
static void helper(void *arg)
{
	sys(SYS_thr_self, &helper_id);
	up = 1;
	while (!stop)
		sleep_ms(1);
	sys(SYS_thr_exit, 0);
}
static void signals(void)
{
	int p[2], status;
	struct iovec v[2] = { { in, 2 }, { in + 10, 30 } }, vw[2] = { { out, 2 }, { out + 2, 3 } };
	sys(SYS_pipe2, p, 0);
	struct aiocb r = { .fd = p[0], .buf = v, .nbytes = 2 }, w = { .fd = p[1], .buf = vw, .nbytes = 2 };
	say("signals\n");
	thread(helper, 0);
	while (!up)
		sleep_ms(1);
	r.ev = (struct sigevent){ SIGEV_THREAD_ID, SIGUSR1, { 88 }, { .threadid = (int)helper_id } };
	hits = 0;
	memcpy(out, "abcde", 5);
	show(aio_readv(&r));
	show(aio_writev(&w));
	wait_hits(1);
	show(value);
	yes(thread_id == helper_id);
	show(wait_one(&w));
	show(aio_return(&r));
	show(aio_return(&w));
	yes(in[0] == 'a' && in[1] == 'b' && in[10] == 'c' && in[12] == 'e');
	stop = 1;
	w.nbytes = 1025;
	show(aio_writev(&w));
	w.nbytes = 2, w.buf = (void *)8;
	show(aio_writev(&w));
	r.ev.signo = 200;
	show(aio_readv(&r));
	r.ev.notify = 9;
	show(aio_readv(&r));
	r.ev.notify = SIGEV_NONE;
	r.fd = p[1];
	show(aio_readv(&r));
	show(aio_error(&r));
	r.fd = p[0];
	r.offset = -1;
	show(aio_readv(&r));
	r.offset = 0;
	/* a signal ends the wait */
	r.ev = (struct sigevent){ SIGEV_NONE, 0, { 0 }, { 0 } };
	show(aio_readv(&r));
	handle(SIGALRM, on_signal, SA_RESTART);
	struct itimerval it = { { 0, 0 }, { 0, 30000 } };
	setitimer(ITIMER_REAL, &it, 0);
	show(aio_suspend((struct aiocb *[1]){ &r }, 1, 0));
	/* a child has none of it */
	long pid = fork();
	if (!pid) {
		show(aio_error(&r));
		show(aio_return(&r));
		struct aiocb mine = { .fd = p[1], .buf = out, .nbytes = 1 };
		show(aio_write(&mine));
		show(wait_one(&mine));
		show(aio_return(&mine));
		quit(0);
	}
	wait4(pid, &status, 0, 0);
	show(wait_one(&r));
	show(aio_return(&r));
}
static void limits(void)
{
	static struct aiocb many[257];
	int s[2], n = 0;
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	say("limits\n");
	for (; n < 257; n++) {
		many[n] = (struct aiocb){ .fd = s[0], .buf = in, .nbytes = 1 };
		if (aio_read(&many[n]))
			break;
	}
	show(n);
	show(aio_read(&many[n]));
	show(aio_error(&many[n]));
	show(aio_cancel(s[0], 0));
	int cancelled = 0;
	for (int i = 0; i < n; i++)
		cancelled += aio_return(&many[i]) == -ECANCELED;
	show(cancelled);
}
int main(int argc, char **argv)
{
	int s[2], p[2], big = (int)open("aio.big", O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct aiocb w = { .fd = big, .buf = out, .nbytes = sizeof out }, *one[1] = { &w };
	say("before\n");
	show(aio_error(&w));
	show(aio_return(&w));
	show(aio_suspend(one, 1, 0));
	show(aio_suspend(one, -1, 0));
	show(aio_suspend(one, 257, 0));
	show(aio_read(8));
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	streams("socket", s[0], s[1]);
	sys(SYS_pipe2, p, 0);
	streams("pipe", p[0], p[1]);
	mkfifo("aio.fifo", 0600);
	p[0] = (int)open("aio.fifo", O_RDWR);
	streams("fifo", p[0], p[0]);
	unlink("aio.fifo");
	cancelling();
	queues();
	signals();
	limits();
	say("large\n");
	show(aio_write(&w));
	struct aiocb sync = { .fd = big };
	show(sys(SYS_aio_fsync, O_FSYNC, &sync));
	show(wait_one(&sync));
	show(aio_error(&w));
	show(aio_return(&w));
	show(aio_return(&sync));
	struct aiocb r = { .fd = big, .buf = out, .nbytes = sizeof out };
	show(aio_read(&r));
	show(wait_one(&r));
	show(aio_return(&r));
	unlink("aio.big");
	return 0;
}
