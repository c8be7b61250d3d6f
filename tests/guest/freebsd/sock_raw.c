/* SPDX-License-Identifier: BSD-2-Clause
 * Options of raw sockets: headers of one's own, which ICMPv6 messages pass, where a checksum stands; and the
 * headers of every packet that only the privileged may set.
 * TEST needs: raw ipv6
 */
#include "fbsd.h"

/* Headers that stay on every packet: given whole, taken away by giving none. */
static void sticky(const char *name, int nr, const void *value, u32 n)
{
	u8 got[64] = { 0 };
	u32 len = sizeof(got);
	long s = socket(AF_INET6, SOCK_DGRAM, 0), a, b, c, d;

	a = setsockopt(s, 41, nr, value, n);
	b = getsockopt(s, 41, nr, got, &len);
	say("%s: %e %e %u %s", name, a, b, len, len == n && !memcmp(got, value, n) ? "same" : "DIFFERS");
	c = setsockopt(s, 41, nr, 0, 0);
	len = sizeof(got);
	d = getsockopt(s, 41, nr, got, &len);
	say(", away: %e %e %u\n", c, d, len);
	close(s);
}
int main(int argc, char **argv)
{
	long icmp = socket(AF_INET6, SOCK_RAW, 58), other = socket(AF_INET6, SOCK_RAW, 200), four = socket(AF_INET, SOCK_RAW, 200);
	struct sockaddr_in to = { sizeof(to), AF_INET, 0, LOOPBACK };
	u32 pass[8] = { 2 }, got[8] = { 0 }, len = sizeof(got);
	u8 ip[24] = { 0x45, 0, 0, 24, 0, 0, 0, 0, 64, 200, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1, 'b', 'o', 'd', 'y' }, in[64] = { 0 };
	static const u8 pad[8] = { 59, 0, 1, 4, 0, 0, 0, 0 };
	int v = 1;

	sticky("IPV6_HOPOPTS", 49, pad, 8);
	sticky("IPV6_DSTOPTS", 50, pad, 8);
	sticky("IPV6_RTHDRDSTOPTS", 35, pad, 8);
	show(setsockopt(icmp, 58, 18, pass, 32));                /* a set bit lets pass, on the host it stops */
	show(getsockopt(icmp, 58, 18, got, &len));
	yes(len == 32 && !memcmp(pass, got, 32));
	show(setsockopt(icmp, 58, 18, pass, 31));
	v = 2, len = 4;
	show(setsockopt(other, 41, 26, &v, 4));
	show(getsockopt(other, 41, 26, &v, &len));
	show(v);
	v = 3;
	show(setsockopt(other, 41, 26, &v, 4));
	v = 1;
	show(setsockopt(four, 0, 2, &v, 4));
	v = 0;
	show(getsockopt(four, 0, 2, &v, &len));
	show(v != 0);
	show(sendto(four, ip, 24, 0, &to, sizeof(to)));
	show(recvfrom(four, in, 64, 0, 0, 0));
	say("%x %d %s\n", in[0], in[9], in + 20);
	show(setsockopt(socket(AF_INET, SOCK_DGRAM, 0), 0, 2, &v, 4));
	return 0;
}
