/* SPDX-License-Identifier: BSD-2-Clause
 * What ifconfig(8) asks about IPv6: flags, lifetime and mask of an address, neighbour discovery; what is not there.
 * TEST needs: ipv6
 */
#include "fbsd.h"

#define IN6(n) (0xc0000000u | 288 << 16 | 'i' << 8 | (n))
static struct { char name[16]; union { struct { u8 len, family; u16 port; u32 flow; u8 addr[16]; u32 scope; } a; int flags; long l[2]; u32 w[68]; } u; } r;
static struct { char name[16]; u32 w[14]; } nd;
static long s;

static long ask(u32 n, const char *name, u8 last)
{
	memset(&r, 0, sizeof(r));
	strcpy(r.name, name);
	r.u.a.len = 28, r.u.a.family = AF_INET6, r.u.a.addr[15] = last;
	return ioctl(s, IN6(n), &r);
}
int main(int argc, char **argv)
{
	s = socket(AF_INET6, 2, 0);
	say("flags %e: ", ask(73, "lo", 1));
	say("%x\n", r.u.flags & ~0x20);              /* whether duplicates are looked for is the host's */
	say("lifetime %e: ", ask(81, "lo", 1));
	say("%ld %ld %x %x\n", r.u.l[0], r.u.l[1], r.u.w[4], r.u.w[5]);
	say("mask %e: ", ask(37, "lo", 1));
	say("%x %x\n", r.u.a.addr[0], r.u.a.addr[15]);
	say("address %e: ", ask(33, "lo", 1));
	say("%x\n", r.u.a.addr[15]);
	show(ask(34, "lo", 1));
	show(ask(73, "lo", 77));
	show(ask(73, "nosuch9", 1));
	r.u.a.family = 2;
	strcpy(r.name, "lo");
	show(ioctl(s, IN6(73), &r));
	strcpy(nd.name, "lo");
	show(ioctl(s, 0xc048696c, &nd));
	yes(nd.w[0] >= 1280 && nd.w[2] && nd.w[4] && nd.w[5] & 1);
	strcpy(nd.name, "nosuch9");
	show(ioctl(s, 0xc048696c, &nd));
	show(ioctl(s, 0xc048696c, (void *)8));
	nd.w[0] = 5;
	show(ioctl(s, 0xc0186956, &nd));
	yes(!nd.w[0]);
	return 0;
}
