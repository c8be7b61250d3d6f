/* SPDX-License-Identifier: BSD-2-Clause
 * sendfile: a whole file, a stretch, headers and trailers, what was sent when the socket is full. */
#include "fbsd.h"

struct sf_hdtr { struct iovec *headers; int hdr_cnt; struct iovec *trailers; int trl_cnt; };

#undef sendfile
static long sendfile(long fd, long s, long at, long n, void *hdtr, void *sent, long flags)
{
	long arg[8] = { fd, s, at, n, (long)hdtr, (long)sent, flags, 0 };
	struct full f;
	sys_full(SYS_sendfile, arg, &f);
	return f.carry ? -f.rax : f.rax;
}
static void got(int s)
{
	char b[64] = { 0 };
	long n = read(s, b, 63);
	say("got %e: %s\n", n, b);
}
int main(int argc, char **argv)
{
	struct iovec h[2] = { { "head", 4 }, { "er:", 3 } }, t = { ":end", 4 };
	struct sf_hdtr hd = { h, 2, &t, 1 };
	int s[2];
	long sent = 99, fd, big;

	put_file("f", "0123456789");
	fd = open("f", O_RDONLY);
	show(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	show(sendfile(fd, s[0], 0, 0, 0, &sent, 0));
	show(sent);
	got(s[1]);
	show(sendfile(fd, s[0], 3, 4, 0, &sent, 0));
	show(sent);
	got(s[1]);
	show(sendfile(fd, s[0], 8, 100, 0, 0, 0));
	got(s[1]);
	show(sendfile(fd, s[0], 2, 3, &hd, &sent, 0));
	show(sent);
	got(s[1]);
	show(sendfile(fd, s[0], 50, 0, 0, &sent, 0));
	show(sent);
	show(sendfile(fd, s[0], -1, 0, 0, &sent, 0));
	show(sendfile(s[1], s[0], 0, 1, 0, &sent, 0));
	show(sendfile(fd, fd, 0, 1, 0, &sent, 0));
	show(sendfile(99, s[0], 0, 1, 0, &sent, 0));
	show(sendfile(fd, s[0], 0, 1, 0, (void *)8, 0));
	got(s[1]);

	say("not connected\n");
	long lone = socket(AF_INET, SOCK_STREAM, 0), none = open("none", O_RDWR | O_CREAT, 0600);
	show(sendfile(none, lone, 0, 0, 0, &sent, 0));
	show(sendfile(none, s[0], 0, 0, 0, &sent, 0));
	close(lone), close(none);
	h[0].len = h[1].len = 1ul << 62;
	show(sendfile(fd, s[0], 0, 1, &hd, &sent, 0));

	say("full\n");
	big = open("big", O_RDWR | O_CREAT, 0600);
	ftruncate(big, 8 << 20);
	fcntl(s[0], F_SETFL, O_NONBLOCK);
	show(sendfile(big, s[0], 0, 0, 0, &sent, 0));
	yes(sent > 0 && sent < 8 << 20);
	close(s[1]);
	struct sigaction sa = { (void *)SIG_IGN };
	sigaction(SIGPIPE, &sa, 0);
	show(sendfile(fd, s[0], 0, 0, 0, &sent, 0));
	show(sent);
	return 0;
}
