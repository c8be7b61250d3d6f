/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a network interface is asked through a socket. struct ifreq is shorter than the host's: 16 bytes of name, 16 of
 * answer. Numbers of flags are those of net/if.h of FreeBSD 15.0; NetBSD and OpenBSD have the same.
 */
#include <net/if.h>
#include <linux/sockios.h>
#include "host.h"

sysfn bsd_ioctl_ifaddr, bsd_ioctl_ifdstaddr, bsd_ioctl_ifbrdaddr, bsd_ioctl_ifnetmask, bsd_ioctl_ifflags, bsd_ioctl_ifmetric,
      bsd_ioctl_ifindex, bsd_ioctl_ifmtu, bsd_ioctl_ifconf;

struct bsd_ifreq {
	char name[16];
	union { uint8_t addr[16]; int32_t value; uint16_t flags[2]; uint16_t index; } u;
};
struct bsd_ifconf { int32_t len, pad; uint64_t buf; };
_Static_assert(sizeof(struct bsd_ifreq) == 32 && sizeof(struct bsd_ifconf) == 16, "struct ifreq, struct ifconf");

/* The host's answer for the interface that the guest names, in the guest's terms. */
typedef void tell(struct thread *, const struct ifreq *, struct bsd_ifreq *);
static long ask(struct call *c, unsigned request, tell *told)
{
	struct bsd_ifreq g;
	struct ifreq h = { 0 };
	long e = copy_in(&g, (uaddr)c->arg[2], sizeof g);
	if (e)
		return e;
	memcpy(h.ifr_name, g.name, sizeof g.name);
	if ((e = host(SYS_ioctl, c->arg[0], request, &h)))
		return e == -ENODEV ? -ENXIO : e;
	memset(&g.u, 0, sizeof g.u);
	told(c->t, &h, &g);
	return copy_out((uaddr)c->arg[2], &g, sizeof g);
}
static void addr_out(struct thread *t, const struct sockaddr *sa, struct bsd_ifreq *g)
{
	struct sockaddr_storage ss = { 0 };
	memcpy(&ss, sa, sizeof *sa);
	if (t->p->pers->sockaddr_put)
		t->p->pers->sockaddr_put(&ss, sizeof *sa, g->u.addr, sizeof g->u.addr);
}
static void tell_address(struct thread *t, const struct ifreq *h, struct bsd_ifreq *g) { addr_out(t, &h->ifr_addr, g); }
long bsd_ioctl_ifaddr(struct call *c) { return ask(c, SIOCGIFADDR, tell_address); }
long bsd_ioctl_ifdstaddr(struct call *c) { return ask(c, SIOCGIFDSTADDR, tell_address); }
long bsd_ioctl_ifbrdaddr(struct call *c) { return ask(c, SIOCGIFBRDADDR, tell_address); }
long bsd_ioctl_ifnetmask(struct call *c) { return ask(c, SIOCGIFNETMASK, tell_address); }

static const struct { uint16_t guest, host; } if_flags[] = {
	{ 0x1, IFF_UP }, { 0x2, IFF_BROADCAST }, { 0x4, IFF_DEBUG }, { 0x8, IFF_LOOPBACK }, { 0x10, IFF_POINTOPOINT },
	{ 0x40, IFF_RUNNING }, { 0x80, IFF_NOARP }, { 0x100, IFF_PROMISC }, { 0x200, IFF_ALLMULTI }, { 0x8000, IFF_MULTICAST },
};
static void tell_flags(struct thread *t, const struct ifreq *h, struct bsd_ifreq *g)
{
	for (unsigned i = 0; i < ARRAY_LEN(if_flags); i++)
		if (h->ifr_flags & if_flags[i].host)
			g->u.flags[0] |= if_flags[i].guest;
}
static void tell_number(struct thread *t, const struct ifreq *h, struct bsd_ifreq *g) { g->u.value = h->ifr_ifru.ifru_ivalue; }
long bsd_ioctl_ifflags(struct call *c) { return ask(c, SIOCGIFFLAGS, tell_flags); }
long bsd_ioctl_ifmetric(struct call *c) { return ask(c, SIOCGIFMETRIC, tell_number); }
long bsd_ioctl_ifmtu(struct call *c) { return ask(c, SIOCGIFMTU, tell_number); }
long bsd_ioctl_ifindex(struct call *c) { return ask(c, SIOCGIFINDEX, tell_number); }

/* The list is cut where the guest's buffer ends, without an error. The host lists IPv4 addresses only. */
long bsd_ioctl_ifconf(struct call *c)
{
	struct bsd_ifconf g;
	struct ifreq h[64];
	struct ifconf hc = { .ifc_len = sizeof h, .ifc_req = h };
	struct bsd_ifreq one;
	uint32_t made = 0;
	long e = copy_in(&g, (uaddr)c->arg[2], sizeof g);

	if (e || (e = host(SYS_ioctl, c->arg[0], SIOCGIFCONF, &hc)))
		return e;
	for (int i = 0; i < hc.ifc_len / (int)sizeof *h && made + sizeof one <= (uint32_t)g.len; i++, made += sizeof one) {
		memset(&one, 0, sizeof one);
		memcpy(one.name, h[i].ifr_name, sizeof one.name);
		addr_out(c->t, &h[i].ifr_addr, &one);
		if ((e = copy_out(g.buf + made, &one, sizeof one)))
			return e;
	}
	g.len = (int32_t)made;
	return copy_out((uaddr)c->arg[2], &g, sizeof g);
}
