/* SPDX-License-Identifier: BSD-2-Clause
 * Every option of IPv6 sockets by FreeBSD's numbers: set, told, and what it says of a value that is none.
 * TEST needs: ipv6
 */
#include "fbsd.h"

enum { TCP, UDP };
static const struct option { const char *name; int kind, nr, value; } options[] = {
	{ "IPV6_UNICAST_HOPS", UDP, 4, 33 },
	{ "IPV6_MULTICAST_IF", UDP, 9, 1 },
	{ "IPV6_MULTICAST_HOPS", UDP, 10, 7 },
	{ "IPV6_MULTICAST_LOOP", UDP, 11, 0 },
	{ "IPV6_PORTRANGE", UDP, 14, 1 },
	{ "IPV6_V6ONLY", TCP, 27, 1 },
	{ "IPV6_RECVPKTINFO", UDP, 36, 1 },
	{ "IPV6_RECVHOPLIMIT", UDP, 37, 1 },
	{ "IPV6_RECVRTHDR", UDP, 38, 1 },
	{ "IPV6_RECVHOPOPTS", UDP, 39, 1 },
	{ "IPV6_RECVDSTOPTS", UDP, 40, 1 },
	{ "IPV6_RECVPATHMTU", UDP, 43, 1 },
	{ "IPV6_HOPLIMIT", UDP, 47, 9 },
	{ "IPV6_RECVTCLASS", UDP, 57, 1 },
	{ "IPV6_AUTOFLOWLABEL", UDP, 59, 1 },
	{ "IPV6_TCLASS", UDP, 61, 0x20 },
	{ "IPV6_DONTFRAG", UDP, 62, 1 },
	{ "IPV6_BINDANY", TCP, 64, 1 },
	{ "IPV6_ORIGDSTADDR", UDP, 72, 1 },
};

static void one(const struct option *o)
{
	int got = -1, v = o->value;
	u32 len = 4;
	long s = socket(AF_INET6, o->kind == TCP ? SOCK_STREAM : SOCK_DGRAM, 0), set, get, other;

	set = setsockopt(s, 41, o->nr, &v, 4);
	get = getsockopt(s, 41, o->nr, &got, &len);
	say("%s: %e %e %d of %u", o->name, set, get, got, len);
	v = 0;
	set = setsockopt(s, 41, o->nr, &v, 4);
	got = -1, len = 4;
	getsockopt(s, 41, o->nr, &got, &len);
	say(", 0: %e %d of %u", set, got, len);
	other = setsockopt(s, 41, o->nr, 8, 4);
	say(", bad: %e", other);
	other = setsockopt(s, 41, o->nr, &v, 1);
	say(" %e", other);
	other = setsockopt(1, 41, o->nr, &v, 4);
	say(" %e\n", other);
	close(s);
}
int main(int argc, char **argv)
{
	static const u8 pad[8] = { 59, 0, 1, 4, 0, 0, 0, 0 };
	struct { u8 addr[16]; u32 index; } info = { { [15] = 1 }, 1 };
	u32 len = 4;

	for (unsigned i = 0; i < COUNT(options); i++)
		one(&options[i]);
	long s = socket(AF_INET6, SOCK_DGRAM, 0);
	show(setsockopt(s, 41, 46, &info, sizeof(info)));
	show(setsockopt(s, 41, 46, &info, 4));
	memset(&info, 0, sizeof(info));
	show(setsockopt(s, 41, 46, &info, sizeof(info)));
	show(setsockopt(s, 41, 51, 0, 0));
	show(getsockopt(s, 41, 51, &info, &len));
	show(len);
	show(setsockopt(s, 41, 51, pad, 3));
	return 0;
}
