/* SPDX-License-Identifier: BSD-2-Clause
 * Control messages of IP: what a datagram was sent to and how, asked for by options; and said for one datagram by the
 * sender. Times in each form that SO_TS_CLOCK chooses.
 * TEST needs: ipv6 raw
 */
#include "fbsd.h"

static u8 control[512];
static struct msghdr m;
static char text[64];
static struct iovec iov = { text, 64 };
static long in, out;

/* receive one datagram and all that came with it */
static long receive(void)
{
	memset(control, 0, sizeof(control));
	memset(text, 0, sizeof(text));
	m = (struct msghdr){ .iov = &iov, .iovlen = 1, .control = control, .controllen = sizeof(control) };
	iov.len = 64;
	return recvmsg(in, &m, 0);
}
static const u8 *find(int level, int type, u32 *n)
{
	for (u32 at = 0; at + 12 <= m.controllen; ) {
		const struct cmsghdr *c = (const struct cmsghdr *)(control + at);
		if (c->level == level && c->type == type) {
			*n = c->len - 16;
			return (const u8 *)c + 16;
		}
		if (c->len < 12)
			break;
		at += (c->len + 7) & ~7u;
	}
	*n = 0;
	return 0;
}
static long send_with(int level, int type, const void *data, u32 n, void *to, u32 tolen)
{
	static u8 buf[128];
	struct cmsghdr *c = (struct cmsghdr *)buf;
	struct iovec v = { "data", 4 };
	struct msghdr s = { to, tolen, &v, 1, n ? buf : 0, n ? 16 + ((n + 7) & ~7u) : 0, 0 };

	memset(buf, 0, sizeof(buf));
	*c = (struct cmsghdr){ 16 + n, level, type };
	memcpy(buf + 16, data, n);
	return sendmsg(out, &s, 0);
}
static void on(int level, int nr)
{
	int v = 1;
	long e = setsockopt(in, level, nr, &v, 4);
	if (e)
		say("option %d %d: %e\n", level, nr, e);
}
static void pair(int af, void *addr, u32 len)
{
	in = socket(af, SOCK_DGRAM, 0);
	out = socket(af, SOCK_DGRAM, 0);
	bind(in, addr, len);
	getsockname(in, addr, &len);
}
static void four(void)
{
	struct sockaddr_in a = { sizeof(a), AF_INET, 0, LOOPBACK };
	int ttl = 33;
	u8 tos = 0x48;
	const u8 *p;
	u32 n;

	say("IPv4\n");
	pair(AF_INET, &a, sizeof(a));
	on(0, 65), on(0, 68), on(0, 27), on(0, 7), on(0, 20);
	show(setsockopt(out, 0, 4, &ttl, 4));
	show(send_with(0, 0, 0, 0, &a, sizeof(a)));
	show(receive());
	p = find(0, 65, &n);
	say("TTL %d of %u\n", p ? p[0] : -1, n);
	show(send_with(0, 3, &tos, 1, &a, sizeof(a)));
	show(receive());
	p = find(0, 68, &n);
	say("TOS %x of %u\n", p ? p[0] : -1, n);
	p = find(0, 27, &n);
	say("ORIGDSTADDR %u: %d %d port %s addr %x\n", n, p[0], p[1], ((struct sockaddr_in *)p)->port == a.port ? "right" : "WRONG",
	    ((struct sockaddr_in *)p)->addr);
	p = find(0, 7, &n);
	say("RECVDSTADDR %x of %u\n", p ? *(u32 *)p : 0, n);
	p = find(0, 20, &n);
	say("RECVIF %s\n", p && n >= 8 ? "told" : "NOT told");
	u32 from = LOOPBACK;
	show(send_with(0, 7, &from, 4, &a, sizeof(a)));         /* IP_SENDSRCADDR has the same number */
	show(receive());
	show(send_with(0, 99, &ttl, 4, &a, sizeof(a)));
	show(send_with(0, 4, &ttl, 4, &a, sizeof(a)));          /* of a socket only, never of one datagram */
	show(send_with(0, 3, &ttl, 4, &a, sizeof(a)));
	show(send_with(77, 3, &ttl, 4, &a, sizeof(a)));
}
static void six(void)
{
	struct sockaddr_in6 a = { sizeof(a), AF_INET6, 0, 0, { [15] = 1 }, 0 };
	struct { u8 addr[16]; u32 index; } info = { { [15] = 1 }, 1 };
	static const u8 options[8] = { 0, 0, 1, 4, 0, 0, 0, 0 }, route[8] = { 0, 0, 253, 0 };
	int hops = 44, class = 0x28;
	const u8 *p;
	u32 n;

	say("IPv6\n");
	pair(AF_INET6, &a, sizeof(a));
	on(41, 36), on(41, 37), on(41, 38), on(41, 39), on(41, 40), on(41, 57), on(41, 72);
	show(send_with(41, 46, &info, 20, &a, sizeof(a)));
	show(receive());
	p = find(41, 46, &n);
	say("PKTINFO %u: %s index %u\n", n, p && !memcmp(p, info.addr, 16) ? "same" : "WRONG", p ? ((u32 *)p)[4] : 0);
	p = find(41, 72, &n);
	say("ORIGDSTADDR %u: %d %d port %s\n", n, p ? p[0] : 0, p ? p[1] : 0,
	    p && ((struct sockaddr_in6 *)p)->port == a.port ? "right" : "WRONG");
	show(send_with(41, 47, &hops, 4, &a, sizeof(a)));
	show(receive());
	p = find(41, 47, &n);
	say("HOPLIMIT %d of %u\n", p ? *(int *)p : -1, n);
	show(send_with(41, 61, &class, 4, &a, sizeof(a)));
	show(receive());
	p = find(41, 61, &n);
	say("TCLASS %x of %u\n", p ? *(u32 *)p : 0, n);
	show(send_with(41, 49, options, 8, &a, sizeof(a)));
	show(receive());
	p = find(41, 49, &n);
	say("HOPOPTS %u: %s\n", n, p && !memcmp(p + 1, options + 1, 7) ? "same" : "WRONG");
	show(send_with(41, 50, options, 8, &a, sizeof(a)));
	show(receive());
	p = find(41, 50, &n);
	say("DSTOPTS %u: %s\n", n, p && !memcmp(p + 1, options + 1, 7) ? "same" : "WRONG");
	show(send_with(41, 51, route, 8, &a, sizeof(a)));        /* a kind of routing header that nobody knows */

	/* and one that has nothing left to do, made by hand */
	struct { u8 route[8]; u16 from, to, len, sum; u8 data[4]; } packet = { { 17, 0, 253, 0 }, 0x0101, a.port, be16(12), 0, "made" };
	u32 sum = 0;
	const u16 *w = (const u16 *)&packet.from;
	for (int i = 0; i < 6; i++)
		sum += be16(w[i]);
	sum += 1 + 1 + 12 + 17;                                 /* both addresses end in 1; length; protocol */
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	packet.sum = be16((u16)~sum);
	struct sockaddr_in6 to = a;
	to.port = 0;
	long raw = socket(AF_INET6, SOCK_RAW, 43);
	show(sendto(raw, &packet, sizeof(packet), 0, &to, sizeof(to)));
	show(receive());
	p = find(41, 51, &n);
	say("%s, RTHDR %u kind %d\n", text, n, p ? p[2] : -1);
}
static void times(void)
{
	struct sockaddr_in a = { sizeof(a), AF_INET, 0, LOOPBACK };
	static const struct { int type; u32 size; const char *name; } forms[] = {
		{ 2, 16, "TIMESTAMP" }, { 4, 16, "BINTIME" }, { 5, 16, "REALTIME" }, { 6, 16, "MONOTONIC" },
	};
	struct timespec now, up;
	u32 n;

	say("times\n");
	pair(AF_INET, &a, sizeof(a));
	on(SOL_SOCKET, 0x400);
	for (int clock = 0; clock < 4; clock++) {
		show(setsockopt(in, SOL_SOCKET, 0x1017, &clock, 4));
		show(send_with(0, 0, 0, 0, &a, sizeof(a)));
		show(receive());
		clock_gettime(CLOCK_REALTIME, &now);
		clock_gettime(CLOCK_MONOTONIC, &up);
		const long *p = (const long *)find(SOL_SOCKET, forms[clock].type, &n);
		long want = clock == 3 ? up.sec : now.sec;
		say("%s %u %s\n", forms[clock].name, n, p && p[0] <= want && p[0] >= want - 2 ? "now" : "WRONG");
	}
}
int main(int argc, char **argv)
{
	four();
	six();
	times();
	return 0;
}
