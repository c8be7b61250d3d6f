/* SPDX-License-Identifier: BSD-2-Clause
 * Every socket option of IPv4 and local sockets by FreeBSD's numbers: set, told, and what it says of a socket or value
 * that it is not for. Options that only a connection, a group or the super-user has are in other tests.
 */
#include "fbsd.h"

enum { TCP, UDP, LOCAL };
static const struct { short af, type; } kinds[] = { { AF_INET, SOCK_STREAM }, { AF_INET, SOCK_DGRAM }, { AF_UNIX, SOCK_STREAM } };
static const struct option { const char *name; int kind, level, nr, value; } options[] = {
	{ "SO_DONTROUTE", UDP, SOL_SOCKET, 0x10, 1 },
	{ "SO_USELOOPBACK", UDP, SOL_SOCKET, 0x40, 1 },
	{ "SO_OOBINLINE", TCP, SOL_SOCKET, 0x100, 1 },
	{ "SO_TIMESTAMP", UDP, SOL_SOCKET, 0x400, 1 },
	{ "SO_BINTIME", UDP, SOL_SOCKET, 0x2000, 1 },
	{ "SO_NO_OFFLOAD", TCP, SOL_SOCKET, 0x4000, 1 },
	{ "SO_NO_DDP", TCP, SOL_SOCKET, 0x8000, 1 },
	{ "SO_REUSEPORT_LB", TCP, SOL_SOCKET, 0x10000, 1 },
	{ "SO_RCVLOWAT", TCP, SOL_SOCKET, 0x1004, 7 },
	{ "SO_SETFIB", TCP, SOL_SOCKET, 0x1014, 0 },
	{ "SO_TS_CLOCK", UDP, SOL_SOCKET, 0x1017, 2 },
	{ "SO_MAX_PACING_RATE", TCP, SOL_SOCKET, 0x1018, 1000000 },
	{ "LOCAL_CREDS", LOCAL, 0, 2, 1 },
	{ "LOCAL_CREDS_PERSISTENT", LOCAL, 0, 3, 1 },
	{ "IP_TOS", UDP, 0, 3, 0x10 },
	{ "IP_TTL", UDP, 0, 4, 77 },
	{ "IP_RECVOPTS", UDP, 0, 5, 1 },
	{ "IP_RECVRETOPTS", UDP, 0, 6, 1 },
	{ "IP_RECVDSTADDR", UDP, 0, 7, 1 },
	{ "IP_MULTICAST_TTL", UDP, 0, 10, 5 },
	{ "IP_MULTICAST_LOOP", UDP, 0, 11, 0 },
	{ "IP_PORTRANGE", UDP, 0, 19, 1 },
	{ "IP_RECVIF", UDP, 0, 20, 1 },
	{ "IP_BINDANY", UDP, 0, 24, 1 },
	{ "IP_ORIGDSTADDR", UDP, 0, 27, 1 },
	{ "IP_RECVTTL", UDP, 0, 65, 1 },
	{ "IP_MINTTL", UDP, 0, 66, 9 },
	{ "IP_DONTFRAG", UDP, 0, 67, 1 },
	{ "IP_RECVTOS", UDP, 0, 68, 1 },
	{ "TCP_NODELAY", TCP, 6, 1, 1 },
	{ "TCP_MAXSEG", TCP, 6, 2, 1000 },
	{ "TCP_NOPUSH", TCP, 6, 4, 1 },
	{ "TCP_KEEPIDLE", TCP, 6, 256, 30 },
	{ "TCP_KEEPINTVL", TCP, 6, 512, 9 },
	{ "TCP_KEEPCNT", TCP, 6, 1024, 4 },
	{ "TCP_FASTOPEN", TCP, 6, 1025, 5 },
	{ "UDP_ENCAP", UDP, 17, 1, 0 },
};

static void one(const struct option *o)
{
	int got = -1, v = o->value;
	u32 len = 4;
	long s = socket(kinds[o->kind].af, kinds[o->kind].type, 0), set, get, other;

	set = setsockopt(s, o->level, o->nr, &v, 4);
	get = getsockopt(s, o->level, o->nr, &got, &len);
	say("%s: %e %e %d of %u", o->name, set, get, got, len);
	v = 0;
	set = setsockopt(s, o->level, o->nr, &v, 4);
	got = -1;
	getsockopt(s, o->level, o->nr, &got, &len);
	say(", 0: %e %d", set, got);
	other = setsockopt(s, o->level, o->nr, 8, 4);
	say(", bad: %e", other);
	other = setsockopt(s, o->level, o->nr, &v, 0);
	say(" %e", other);
	other = getsockopt(s, o->level, o->nr, &got, 8);
	say(" %e", other);
	other = setsockopt(1, o->level, o->nr, &v, 4);
	say(" %e\n", other);
	close(s);
}
/* Those with values of other shapes, and those that are only told. */
static void shapes(void)
{
	struct timeval tv = { 2, 500000 }, back = { 0 };
	u32 len = sizeof(back);
	u8 options[4] = { 1, 1, 1, 0 }, got[40] = { 0 };
	char name[16] = { 0 };
	int v = 0;
	long s = socket(AF_INET, SOCK_STREAM, 0), u = socket(AF_INET, SOCK_DGRAM, 0);

	show(setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	show(getsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &back, &len));
	say("%ld.%06ld of %u\n", back.sec, back.usec, len);
	show(setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &tv, 4));
	len = 4;
	show(getsockopt(s, SOL_SOCKET, SO_SNDLOWAT, &v, &len));
	yes(v > 0);
	show(setsockopt(s, SOL_SOCKET, SO_ACCEPTCONN, &v, 4));
	show(setsockopt(s, SOL_SOCKET, SO_TYPE, &v, 4));
	show(setsockopt(s, SOL_SOCKET, SO_PROTOCOL, &v, 4));
	show(setsockopt(s, SOL_SOCKET, SO_DOMAIN, &v, 4));
	show(setsockopt(s, SOL_SOCKET, SO_ERROR, &v, 4));
	v = 1;
	show(setsockopt(s, SOL_SOCKET, 0x1014, &v, 4));          /* there is one routing table */
	show(setsockopt(s, SOL_SOCKET, 0x1017, &v, 4));
	v = 4;
	show(setsockopt(s, SOL_SOCKET, 0x1017, &v, 4));
	/* accept filters are modules, and none is loaded */
	show(setsockopt(s, SOL_SOCKET, 0x1000, "dataready\0      ", 16));
	len = 16;
	show(getsockopt(s, SOL_SOCKET, 0x1000, name, &len));
	len = 16;
	show(getsockopt(s, 6, 64, name, &len));
	yes(len == 16 && name[0]);
	show(setsockopt(s, 6, 64, "newreno", 7));
	memset(name, 0, 16);
	show(getsockopt(s, 6, 64, name, &len));
	say("%s\n", name);
	show(setsockopt(s, 6, 64, "nosuchone", 9));
	show(setsockopt(u, 0, 1, options, 4));
	len = sizeof(got);
	show(getsockopt(u, 0, 1, got, &len));
	say("%u: %x %x %x %x\n", len, got[0], got[1], got[2], got[3]);
	show(setsockopt(u, 0, 1, options, 0));
	len = sizeof(got);
	show(getsockopt(u, 0, 1, got, &len));
	show(len);
	long l = socket(AF_UNIX, SOCK_STREAM, 0);
	v = 1;
	show(setsockopt(l, 0, 3, &v, 4));
	show(setsockopt(l, 0, 2, &v, 4));                        /* credentials with every message, or once: not both */
	v = 1;
	len = 4;
	long e = setsockopt(s, SOL_SOCKET, SO_DEBUG, &v, 4);     /* may be the administrator's */
	yes((e == 0 || e == -EACCES) && getsockopt(s, SOL_SOCKET, SO_DEBUG, &v, &len) == 0 && v == !e);
	show(setsockopt(s, SOL_SOCKET, SO_SNDLOWAT, &v, 4));     /* the host cannot */
	u8 byte = 9;
	show(setsockopt(u, 0, 10, &byte, 1));                    /* one byte will do */
	byte = 0, len = 1;
	show(getsockopt(u, 0, 10, &byte, &len));
	say("%d of %u\n", byte, len);
}
struct tcp_info { u8 state, ca[4], options, wscale, pad; u32 rto, ato, snd_mss, rcv_mss, rest[58]; };
_Static_assert(sizeof(struct tcp_info) == 256, "tcp_info");
static void listener(void)
{
	struct sockaddr_in a = { sizeof(a), AF_INET, 0, LOOPBACK };
	struct tcp_info ti = { 0 };
	u32 len = sizeof(a), n = 4;
	int v = -1;
	long l = socket(AF_INET, SOCK_STREAM, 0), c = socket(AF_INET, SOCK_STREAM, 0);

	bind(l, &a, sizeof(a));
	show(getsockopt(l, SOL_SOCKET, 0x1011, &v, &n));
	show(v);
	listen(l, 5);
	getsockname(l, &a, &len);
	show(getsockopt(l, SOL_SOCKET, 0x1011, &v, &n));
	show(v);
	connect(c, &a, sizeof(a));
	for (int i = 0; i < 200; i++, sleep_ms(2))
		if (!getsockopt(l, SOL_SOCKET, 0x1012, &v, &n) && v)
			break;
	show(v);
	show(getsockopt(l, SOL_SOCKET, 0x1013, &v, &n));
	show(v);
	len = sizeof(ti);
	show(getsockopt(l, 6, 32, &ti, &len));
	say("listening %d\n", ti.state);
	len = sizeof(ti);
	show(getsockopt(c, 6, 32, &ti, &len));
	say("connected %d mss %s length %u\n", ti.state, ti.snd_mss > 500 ? "right" : "WRONG", len);
	show(setsockopt(c, 6, 32, &ti, 4));
	len = 8;
	show(getsockopt(c, 6, 32, &ti, &len));
	show(len);
	show(getsockopt(socket(AF_INET, SOCK_DGRAM, 0), SOL_SOCKET, 0x1011, &v, &n));
}
int main(int argc, char **argv)
{
	for (unsigned i = 0; i < COUNT(options); i++)
		one(&options[i]);
	shapes();
	listener();
	return 0;
}
