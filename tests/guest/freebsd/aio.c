/* SPDX-License-Identifier: BSD-2-Clause
 * Asynchronous input and output on files: results by error and return, a signal when done, a list. */
#include "aio.h"

static volatile int hits, value;

static void on_signal(int sig, siginfo_t *si, ucontext_t *uc)
{
	hits++;
	value = si->value.ival;
}
int main(int argc, char **argv)
{
	char b[16] = { 0 }, d[16] = { 0 };
	long fd = open("f", O_RDWR | O_CREAT, 0600);
	struct aiocb w = { .fd = (int)fd, .buf = "hello", .nbytes = 5 }, r = { .fd = (int)fd, .offset = 1, .buf = b, .nbytes = 16 };
	struct aiocb *list[2] = { &w, &r };

	show(sys(SYS_aio_write, &w));
	show(sys(SYS_aio_error, &w));
	show(sys(SYS_aio_return, &w));
	show(sys(SYS_aio_return, &w));
	show(sys(SYS_aio_error, &w));
	handle(SIGUSR1, on_signal, SA_SIGINFO);
	r.ev = (struct sigevent){ SIGEV_SIGNAL, SIGUSR1, { 77 } };
	show(sys(SYS_aio_read, &r));
	for (long end = now_ms() + 5000; !hits && now_ms() < end;)
		sleep_ms(1);
	show(hits);
	show(value);
	const struct aiocb *one[1] = { &r };
	show(sys(SYS_aio_suspend, one, 1, 0));
	show(sys(SYS_aio_return, &r));
	say("%s\n", b);
	show(sys(SYS_aio_cancel, fd, 0));
	show(sys(SYS_aio_fsync, 0x80, &w));
	one[0] = &w;
	show(sys(SYS_aio_suspend, one, 1, 0));
	show(sys(SYS_aio_return, &w));
	show(sys(SYS_aio_fsync, 0x1000000, &w));
	show(sys(SYS_aio_suspend, one, 1, 0));
	show(sys(SYS_aio_return, &w));
	show(sys(SYS_aio_fsync, 2, &w));
	w.opcode = 1, w.offset = 5;
	r.opcode = 2, r.buf = d, r.offset = 0, r.ev.notify = SIGEV_NONE;
	show(sys(SYS_lio_listio, 1, list, 2, 0));
	struct aiocb *got = 0;
	show(sys(SYS_aio_waitcomplete, &got, 0));
	yes(got == &w);
	show(sys(SYS_aio_waitcomplete, &got, TS(1, 0)));
	yes(got == &r);
	say("%s\n", d);
	show(sys(SYS_aio_waitcomplete, &got, TS(0, 20000000)));
	show(sys(SYS_aio_waitcomplete, &got, TS(0, -1)));
	char *page = pages(8192);
	struct aiocb m = { .buf = page, .nbytes = 8192 };
	show(sys(SYS_aio_mlock, &m));
	one[0] = &m;
	show(sys(SYS_aio_suspend, one, 1, 0));
	show(sys(SYS_aio_error, &m));
	show(sys(SYS_aio_return, &m));
	show(sys(SYS_munlock, page, 8192));
	munmap(page, 8192);
	show(sys(SYS_aio_mlock, &m));
	show(sys(SYS_aio_suspend, one, 1, 0));
	show(sys(SYS_aio_error, &m));
	show(sys(SYS_aio_return, &m));
	show(sys(SYS_aio_mlock, 8));
	w.fd = 99;
	show(sys(SYS_aio_write, &w));
	show(sys(SYS_aio_error, &w));
	return 0;
}
