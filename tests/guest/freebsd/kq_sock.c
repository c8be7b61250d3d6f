/* SPDX-License-Identifier: BSD-2-Clause
 * EVFILT_READ and WRITE of sockets: edges of one side never show the other, a socket that was never connected is quiet, a
 * refused connection carries its error and leaves it to be fetched, a listener counts; the wrong end of a pipe. */
#include "kq.h"

static struct sockaddr_in addr = { sizeof addr, AF_INET, 0, 0x0100007f, { 0 } };

static long tcp(void)
{
	long s = socket(AF_INET, SOCK_STREAM, 0);
	fcntl(s, F_SETFL, O_NONBLOCK);
	return s;
}

int main(int argc, char **argv)
{
	long kq = kqueue(), l = tcp(), c = tcp();
	u32 len = sizeof addr, err = 0;
	struct kevent k[4];
	int s[2], p[2];

	say("edges of two sides\n");
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	change(kq, s[0], EVFILT_READ, EV_ADD | EV_CLEAR, 0, 0, 0);
	change(kq, s[0], EVFILT_WRITE, EV_ADD | EV_CLEAR, 0, 0, 0);
	yes(kevent(kq, 0, 0, k, 4, TS(0, 0)) == 1 && k[0].filter == EVFILT_WRITE && k[0].data > 1000);
	events(kq, 0, 0);
	write(s[1], "abc", 3);
	events(kq, 0, 0);
	events(kq, 0, 0);
	close(s[1]);
	yes(kevent(kq, 0, 0, k, 4, TS(0, 0)) == 2 && k[0].flags & k[1].flags & EV_EOF);
	events(kq, 0, 0);
	close(s[0]);
	say("never connected\n");
	bind(l, &addr, sizeof addr);
	getsockname(l, &addr, &len);
	change(kq, l, EVFILT_READ, EV_ADD, 0, 0, 0);
	change(kq, c, EVFILT_READ, EV_ADD, 0, 0, 0);
	change(kq, c, EVFILT_WRITE, EV_ADD | EV_ONESHOT, 0, 0, 0);
	events(kq, 20, 0);
	listen(l, 5);
	events(kq, 20, 0);
	connect(c, &addr, sizeof addr);
	sleep_ms(20);
	yes(kevent(kq, 0, 0, k, 4, TS(1, 0)) == 2);
	events(kq, 0, l);
	close(c);
	close(l);
	say("refused\n");
	c = tcp();
	change(kq, c, EVFILT_READ, EV_ADD | EV_CLEAR, 0, 0, 0);
	connect(c, &addr, sizeof addr);
	events(kq, 1000, c);
	len = sizeof err;
	getsockopt(c, SOL_SOCKET, SO_ERROR, &err, &len);
	say("SO_ERROR %d\n", err);
	say("the other end of a pipe\n");
	pipe2(p, 0);
	show(change(kq, p[1], EVFILT_READ, EV_ADD, 0, 0, 0));
	events(kq, 0, 0);
	close(p[0]);
	events(kq, 100, p[1]);
	show(change(kq, p[1], EVFILT_WRITE, EV_ADD, 0, 0, 0));
	return 0;
}
