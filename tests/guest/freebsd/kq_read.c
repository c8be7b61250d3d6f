/* SPDX-License-Identifier: BSD-2-Clause
 * EVFILT_READ and WRITE on pipes and sockets: level by default, edge with EV_CLEAR, once with EV_ONESHOT, until enabled
 * again with EV_DISPATCH; data counts bytes; the end of the other side is EV_EOF. */
#include "kq.h"

int main(int argc, char **argv)
{
	long kq = kqueue();
	int p[2], s[2];
	char b[100];

	pipe2(p, 0);
	show(change(kq, p[0], EVFILT_READ, EV_ADD, 0, 0, (void *)0x77));
	events(kq, 0, 0);
	write(p[1], "abc", 3);
	events(kq, 100, 0);
	events(kq, 0, 0);
	read(p[0], b, 1);
	events(kq, 0, 0);
	read(p[0], b, 2);
	events(kq, 0, 0);
	say("EV_CLEAR\n");
	show(change(kq, p[0], EVFILT_READ, EV_ADD | EV_CLEAR, 0, 0, (void *)0x78));
	show(change(kq, p[0], EVFILT_READ, EV_DELETE, 0, 0, 0));
	show(change(kq, p[0], EVFILT_READ, EV_ADD | EV_CLEAR, 0, 0, (void *)0x78));
	write(p[1], "abc", 3);
	events(kq, 100, 0);
	events(kq, 0, 0);
	write(p[1], "d", 1);
	events(kq, 100, 0);
	events(kq, 0, 0);
	say("EV_ONESHOT\n");
	change(kq, p[0], EVFILT_READ, EV_DELETE, 0, 0, 0);
	show(change(kq, p[0], EVFILT_READ, EV_ADD | EV_ONESHOT, 0, 0, 0));
	events(kq, 0, 0);
	events(kq, 0, 0);
	show(change(kq, p[0], EVFILT_READ, EV_DELETE, 0, 0, 0));
	say("EV_DISPATCH\n");
	show(change(kq, p[0], EVFILT_READ, EV_ADD | EV_DISPATCH, 0, 0, 0));
	events(kq, 0, 0);
	events(kq, 0, 0);
	show(change(kq, p[0], EVFILT_READ, EV_ENABLE | EV_DISPATCH, 0, 0, 0));
	events(kq, 0, 0);
	say("disabled\n");
	change(kq, p[0], EVFILT_READ, EV_DELETE, 0, 0, 0);
	show(change(kq, p[0], EVFILT_READ, EV_ADD | EV_DISABLE, 0, 0, 0));
	events(kq, 0, 0);
	show(change(kq, p[0], EVFILT_READ, EV_ENABLE, 0, 0, 0));
	events(kq, 0, 0);
	say("end of file\n");
	close(p[1]);
	events(kq, 100, 0);
	read(p[0], b, 100);
	events(kq, 0, 0);
	say("closing removes\n");
	close(p[0]);
	events(kq, 0, 0);
	show(change(kq, p[0], EVFILT_READ, EV_DELETE, 0, 0, 0));
	say("write\n");
	pipe2(p, 0);
	show(change(kq, p[1], EVFILT_WRITE, EV_ADD | EV_ONESHOT, 0, 0, (void *)1));
	yes(kevent(kq, 0, 0, b, 1, 0) == 1);
	change(kq, p[1], EVFILT_WRITE, EV_ADD, 0, 0, 0);
	close(p[0]);
	struct kevent k = { 0 };
	yes(kevent(kq, 0, 0, &k, 1, TS(1, 0)) == 1 && k.flags & EV_EOF && k.flags & EV_ONESHOT);
	show(kevent(kq, 0, 0, &k, 1, TS(0, 0)));         /* told once: the knote is gone */
	close(p[1]);
	say("sockets\n");
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	show(change(kq, s[0], EVFILT_READ, EV_ADD, 0, 0, 0));
	events(kq, 0, 0);
	write(s[1], "12345", 5);
	events(kq, 100, 0);
	show(change(kq, s[0], EVFILT_READ, EV_ADD, NOTE_LOWAT, 6, 0));
	events(kq, 0, 0);
	write(s[1], "6", 1);
	events(kq, 100, 0);
	shutdown(s[1], SHUT_WR);
	events(kq, 100, 0);
	return 0;
}
