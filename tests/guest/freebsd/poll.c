/* SPDX-License-Identifier: BSD-2-Clause
 * poll, ppoll, select and pselect: what is ready, times that run out, a mask for the wait. */
#include "fbsd.h"

static int hits;

static void on(int sig, siginfo_t *si, ucontext_t *uc)
{
	hits++;
}

int main(int argc, char **argv)
{
	struct pollfd f[4];
	u64 r[16] = { 0 }, w[16] = { 0 };
	sigset_t none = { 0 }, usr1 = SIGSET(SIGUSR1);
	int p[2], s[2];
	long t, me = getpid();
	char b[8];

	pipe2(p, 0);
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	f[0] = (struct pollfd){ p[0], POLLIN | POLLRDNORM, 99 };
	f[1] = (struct pollfd){ p[1], POLLOUT, 99 };
	f[2] = (struct pollfd){ 99, POLLIN, 0 };
	f[3] = (struct pollfd){ -1, POLLIN, 99 };
	show(poll(f, 4, 0));
	say("%x %x %x %x\n", f[0].revents, f[1].revents, f[2].revents, f[3].revents);
	t = now_ms();
	show(poll(f, 1, 40));
	yes(now_ms() - t >= 39);
	write(p[1], "x", 1);
	show(poll(f, 1, -1));
	say("%x\n", f[0].revents);
	close(p[1]);
	show(poll(f, 1, 0));
	say("%x\n", f[0].revents & (POLLIN | POLLHUP));
	read(p[0], b, 8);
	show(poll(f, 1, 0));
	say("%x\n", f[0].revents & POLLHUP);
	f[0] = (struct pollfd){ s[0], POLLIN | POLLOUT, 0 };
	show(poll(f, 1, 0));
	say("%x\n", f[0].revents);
	close(s[1]);
	show(poll(f, 1, 0));
	say("%x\n", f[0].revents & (POLLIN | POLLHUP));
	show(poll((void *)8, 1, 0));
	show(poll(f, 0, 0));
	show(ppoll(f, 1, TS(0, 0), 0));
	show(ppoll(f, 0, TS(0, -1), 0));

	say("masks\n");
	handle(SIGUSR1, on, 0);
	sigprocmask(SIG_BLOCK, &usr1, 0);
	kill(me, SIGUSR1);
	show(ppoll(0, 0, TS(0, 20000000), &usr1));
	show(hits);
	show(ppoll(0, 0, TS(1, 0), &none));
	show(hits);
	kill(me, SIGUSR1);
	show(pselect(0, 0, 0, 0, TS(1, 0), &none));
	show(hits);

	say("select\n");
	pipe2(p, 0);
	say("%d %d\n", p[0], p[1]);
	r[0] = 1ul << p[0];
	w[0] = 1ul << p[1];
	show(select(10, r, w, 0, TV(0, 0)));
	say("%lx %lx\n", r[0], w[0]);
	r[0] = 1ul << p[0];
	w[0] = 1ul << p[1];
	show(pselect(10, r, w, 0, TS(0, 0), 0));
	say("%lx %lx\n", r[0], w[0]);
	r[0] = 1ul << p[0];
	show(pselect(10, r, 0, 0, TS(0, 1000000), &usr1));
	show(pselect(10, r, 0, 0, TS(0, 1000000000), 0));
	r[0] = 1ul << 9;
	show(pselect(10, r, 0, 0, TS(0, 0), 0));
	show(pselect(-1, 0, 0, 0, TS(0, 0), 0));
	show(pselect(10, (void *)8, 0, 0, TS(0, 0), 0));
	r[0] = 1ul << p[0];
	t = now_ms();
	show(select(10, r, 0, 0, TV(0, 40000)));
	yes(now_ms() - t >= 39 && r[0] == 0);
	write(p[1], "x", 1);
	dup2(p[0], 100);
	r[0] = 1ul << p[0];
	r[1] = 1ul << (100 - 64);
	show(select(101, r, 0, 0, 0));
	say("%lx %lx\n", r[0], r[1]);
	r[0] = 1ul << 50;
	show(select(60, r, 0, 0, TV(0, 0)));
	show(select(-1, 0, 0, 0, TV(0, 0)));
	show(select(1, 8, 0, 0, TV(0, 0)));
	show(select(0, 0, 0, 0, TV(-1, 0)));
	return 0;
}
