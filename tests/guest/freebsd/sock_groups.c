/* SPDX-License-Identifier: BSD-2-Clause
 * Multicast: groups joined and left in every form of the options, with and without chosen sources; what is sent to a group
 * arrives while it is joined. All on the loopback interface.
 * TEST needs: ipv6
 */
#include "fbsd.h"

enum {
	MULTICAST_IF = 9, ADD = 12, DROP, ADD_SOURCE = 70, DROP_SOURCE, BLOCK, UNBLOCK,
	MJOIN = 80, MLEAVE, MJOIN_SOURCE, MLEAVE_SOURCE, MBLOCK, MUNBLOCK,
};
#define GROUP 0x070600efu                     /* 239.0.6.7 */
#define GROUP2 0x080600efu
struct mreq { u32 group, interface; };
struct mreq_source { u32 group, source, interface; };
struct group_req { u32 index, pad; u8 group[128]; };
struct group_source { u32 index, pad; u8 group[128], source[128]; };
struct mreq6 { u8 group[16]; u32 index; };

static long in, out;
static struct sockaddr_in to = { sizeof(to), AF_INET, 0, GROUP };

/* does what is sent to the group arrive? */
static const char *heard(void)
{
	char b[8];

	sendto(out, "hello", 5, 0, &to, sizeof(to));
	for (int i = 0; i < 15; i++, sleep_ms(2))
		if (recvfrom(in, b, 8, MSG_DONTWAIT, 0, 0) == 5)
			return "heard";
	return "not heard";
}
static void four(void)
{
	struct sockaddr_in a = { sizeof(a), AF_INET, 0, 0 };
	u32 len = sizeof(a), me = LOOPBACK, got = 0;
	struct mreq m = { GROUP, LOOPBACK };
	struct mreq_source s = { GROUP, LOOPBACK, LOOPBACK };

	in = socket(AF_INET, SOCK_DGRAM, 0);
	out = socket(AF_INET, SOCK_DGRAM, 0);
	bind(in, &a, sizeof(a));
	getsockname(in, &a, &len);
	to.port = a.port;
	show(setsockopt(out, 0, MULTICAST_IF, &me, 4));
	len = 4;
	show(getsockopt(out, 0, MULTICAST_IF, &got, &len));
	say("%x of %u, %s\n", got, len, heard());
	show(setsockopt(in, 0, ADD, &m, sizeof(m)));
	say("%s\n", heard());
	show(setsockopt(in, 0, ADD, &m, sizeof(m)));
	show(setsockopt(in, 0, BLOCK, &s, sizeof(s)));
	say("%s\n", heard());
	show(setsockopt(in, 0, UNBLOCK, &s, sizeof(s)));
	say("%s\n", heard());
	show(setsockopt(in, 0, DROP, &m, sizeof(m)));
	say("%s\n", heard());
	show(setsockopt(in, 0, DROP, &m, sizeof(m)));
	show(setsockopt(in, 0, ADD_SOURCE, &s, sizeof(s)));
	say("%s\n", heard());
	show(setsockopt(in, 0, DROP_SOURCE, &s, sizeof(s)));
	s.source = 0x0909090au;
	show(setsockopt(in, 0, ADD_SOURCE, &s, sizeof(s)));
	say("%s\n", heard());                                    /* from nobody else */
	show(setsockopt(in, 0, DROP_SOURCE, &s, sizeof(s)));
	m.group = LOOPBACK;
	show(setsockopt(in, 0, ADD, &m, sizeof(m)));
	show(setsockopt(in, 0, ADD, &m, 4));
	show(setsockopt(in, 0, ADD, 8, sizeof(m)));
}
static void put4(u8 *to_, u32 addr)
{
	struct sockaddr_in a = { sizeof(a), AF_INET, 0, addr };
	memset(to_, 0, 128);
	memcpy(to_, &a, sizeof(a));
}
static void put6(u8 *to_, u8 first, u8 last)
{
	struct sockaddr_in6 a = { sizeof(a), AF_INET6, 0, 0, { first, first ? 2 : 0, [15] = last }, 0 };
	memset(to_, 0, 128);
	memcpy(to_, &a, sizeof(a));
}
static void general(const char *name, int level, struct group_source *g)
{
	static struct group_req r;

	r = (struct group_req){ .index = 1 };
	memcpy(r.group, g->group, 128);
	say("%s\n", name);
	show(setsockopt(in, level, MJOIN, &r, sizeof(r)));
	if (level == 0)
		say("%s\n", heard());
	show(setsockopt(in, level, MJOIN, &r, sizeof(r)));
	show(setsockopt(in, level, MBLOCK, g, sizeof(*g)));
	if (level == 0)
		say("%s\n", heard());
	show(setsockopt(in, level, MUNBLOCK, g, sizeof(*g)));
	show(setsockopt(in, level, MLEAVE, &r, sizeof(r)));
	show(setsockopt(in, level, MLEAVE, &r, sizeof(r)));
	show(setsockopt(in, level, MJOIN_SOURCE, g, sizeof(*g)));
	show(setsockopt(in, level, MLEAVE_SOURCE, g, sizeof(*g)));
	show(setsockopt(in, level, MLEAVE_SOURCE, g, sizeof(*g)));
	show(setsockopt(in, level, MJOIN, &r, 100));
}
int main(int argc, char **argv)
{
	static struct group_source g = { .index = 1 };
	struct mreq6 m = { { 0xff, 2, [15] = 0x77 }, 1 };

	four();
	put4(g.group, GROUP);
	put4(g.source, LOOPBACK);
	general("in general, IPv4", 0, &g);
	in = socket(AF_INET6, SOCK_DGRAM, 0);
	show(setsockopt(in, 41, 12, &m, sizeof(m)));
	show(setsockopt(in, 41, 12, &m, sizeof(m)));
	show(setsockopt(in, 41, 13, &m, sizeof(m)));
	show(setsockopt(in, 41, 13, &m, sizeof(m)));
	m.group[0] = 0;
	show(setsockopt(in, 41, 12, &m, sizeof(m)));
	put6(g.group, 0xff, 0x78);
	put6(g.source, 0, 1);
	general("in general, IPv6", 41, &g);
	return 0;
}
