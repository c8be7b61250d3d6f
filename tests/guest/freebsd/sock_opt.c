/* SPDX-License-Identifier: BSD-2-Clause
 * Socket options by FreeBSD's numbers: what is set is got, and how the errors are told. */
#include "fbsd.h"

static long s;

static void flag(const char *name, int opt)
{
	int v = 1, got = 0;
	u32 len = 4;
	long a = setsockopt(s, SOL_SOCKET, opt, &v, 4), b = getsockopt(s, SOL_SOCKET, opt, &got, &len), c;

	v = 0;
	c = setsockopt(s, SOL_SOCKET, opt, &v, 4);
	say("%s: %e %e %s len %u off %e", name, a, b, got ? "on" : "off", len, c);
	getsockopt(s, SOL_SOCKET, opt, &got, &len);
	say(" %s\n", got ? "on" : "off");
}

int main(int argc, char **argv)
{
	int v = 0;
	u32 len = 4;
	struct { int onoff, linger; } li = { 1, 7 };
	struct timeval tv = { 0, 100000 };
	char b[4];
	long t;

	s = socket(AF_INET, SOCK_STREAM, 0);
	flag("REUSEADDR", SO_REUSEADDR);
	flag("KEEPALIVE", SO_KEEPALIVE);
	flag("BROADCAST", SO_BROADCAST);
	flag("REUSEPORT", SO_REUSEPORT);
	flag("NOSIGPIPE", SO_NOSIGPIPE);
	show(getsockopt(s, SOL_SOCKET, SO_TYPE, &v, &len));
	show(v);
	show(getsockopt(s, SOL_SOCKET, SO_PROTOCOL, &v, &len));
	show(v);
	show(getsockopt(s, SOL_SOCKET, SO_DOMAIN, &v, &len));
	show(v);
	show(getsockopt(s, SOL_SOCKET, SO_ERROR, &v, &len));
	show(v);
	show(getsockopt(s, SOL_SOCKET, SO_ACCEPTCONN, &v, &len));
	show(v);
	show(listen(s, 1));
	show(getsockopt(s, SOL_SOCKET, SO_ACCEPTCONN, &v, &len));
	yes(v != 0);
	v = 65536;
	show(setsockopt(s, SOL_SOCKET, SO_RCVBUF, &v, 4));
	show(getsockopt(s, SOL_SOCKET, SO_RCVBUF, &v, &len));
	show(v);
	v = 32768;
	show(setsockopt(s, SOL_SOCKET, SO_SNDBUF, &v, 4));
	show(getsockopt(s, SOL_SOCKET, SO_SNDBUF, &v, &len));
	show(v);
	show(setsockopt(s, SOL_SOCKET, SO_LINGER, &li, 8));
	li.onoff = li.linger = 0;
	len = 8;
	show(getsockopt(s, SOL_SOCKET, SO_LINGER, &li, &len));
	say("%s %d\n", li.onoff ? "on" : "off", li.linger);
	v = 30;
	show(setsockopt(s, IPPROTO_TCP, TCP_KEEPIDLE, &v, 4));
	show(setsockopt(s, IPPROTO_TCP, TCP_KEEPINTVL, &v, 4));
	len = 4;
	v = 0;
	show(getsockopt(s, IPPROTO_TCP, TCP_KEEPIDLE, &v, &len));
	show(v);
	show(setsockopt(s, SOL_SOCKET, 0x7777, &v, 4));
	show(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, 8, 4));
	show(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &v, 1));
	show(setsockopt(1, SOL_SOCKET, SO_REUSEADDR, &v, 4));
	show(getsockopt(99, SOL_SOCKET, SO_TYPE, &v, &len));
	show(getsockopt(s, SOL_SOCKET, SO_TYPE, 8, &len));
	s = socket(AF_INET, SOCK_DGRAM, 0);
	show(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	tv.usec = 0;
	len = sizeof(tv);
	show(getsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, &len));
	say("%ld.%06ld\n", tv.sec, tv.usec);
	t = now_ms();
	show(recvfrom(s, b, 4, 0, 0, 0));
	yes(now_ms() - t >= 95);
	show(socket(AF_UNIX, SOCK_RAW, 0));
	show(socket(AF_INET, SOCK_STREAM | 0x8000000, 0));
	show(shutdown(s, 5));
	show(listen(1, 1));
	show(accept(s, 0, 0));
	return 0;
}
