/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What an interface is asked about IPv6: flags, lifetime and mask of an address, and how neighbours are discovered. The
 * host is asked by rtnetlink for one address, and by the files of its settings. struct in6_ifreq and in6_ndireq:
 * netinet6/in6_var.h and nd6.h of FreeBSD 15.0; the numbers of flags are the KAME project's, on every BSD.
 */
#include <string.h>
#include <time.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include "host.h"

sysfn bsd_ioctl_if6addr, bsd_ioctl_if6dstaddr, bsd_ioctl_if6netmask, bsd_ioctl_if6flags, bsd_ioctl_if6lifetime, bsd_ioctl_nd6info,
      bsd_ioctl_nd6defif;

struct sin6 { uint8_t len, family; uint16_t port; uint32_t flow; uint8_t addr[16]; uint32_t scope; };
struct lifetime { int64_t expire, preferred; uint32_t vltime, pltime; };
struct in6_ifreq {
	char name[16];
	union { struct sin6 addr; int32_t flags; struct lifetime life; uint8_t room[272]; } u;
};
struct in6_ndireq {
	char name[16];
	uint32_t linkmtu, maxmtu, basereachable, reachable, retrans, flags;
	int32_t recalc;
	uint8_t chlim, initialized, seeds[24];
};
_Static_assert(sizeof(struct in6_ifreq) == 288 && sizeof(struct in6_ndireq) == 72, "netinet6");
enum { G_AF_INET6 = 28 };

struct address { unsigned flags, bits; uint8_t peer[16]; bool has_peer; struct ifa_cacheinfo life; };

/* --- one address of the host's ------------------------------------------------------------------------------------- */
static void attribute(const struct rtattr *a, struct address *found)
{
	if (a->rta_type == IFA_FLAGS) {
		memcpy(&found->flags, RTA_DATA(a), 4);
	} else if (a->rta_type == IFA_CACHEINFO) {
		memcpy(&found->life, RTA_DATA(a), sizeof found->life);
	} else if (a->rta_type == IFA_LOCAL) {       /* then IFA_ADDRESS is the other end */
		found->has_peer = true;
	} else if (a->rta_type == IFA_ADDRESS) {
		memcpy(found->peer, RTA_DATA(a), 16);
	}
}
static long parse(const struct nlmsghdr *h, long n, struct address *found)
{
	const struct ifaddrmsg *m = NLMSG_DATA(h);
	if (n < (long)sizeof *h || h->nlmsg_type == NLMSG_ERROR)
		return -EADDRNOTAVAIL;
	size_t left = MIN((size_t)n, h->nlmsg_len) - NLMSG_LENGTH(sizeof *m);
	*found = (struct address){ .flags = m->ifa_flags, .bits = m->ifa_prefixlen };
	for (const struct rtattr *a = IFA_RTA(m); RTA_OK(a, (long)left); a = RTA_NEXT(a, left))
		attribute(a, found);
	return 0;
}
static long find(struct proc *p, unsigned index, const uint8_t *addr, struct address *found)
{
	struct { struct nlmsghdr h; struct ifaddrmsg m; struct rtattr a; uint8_t addr[16]; } q = {
		{ .nlmsg_len = sizeof q, .nlmsg_type = RTM_GETADDR, .nlmsg_flags = NLM_F_REQUEST },
		{ .ifa_family = AF_INET6, .ifa_index = index }, { .rta_len = RTA_LENGTH(16), .rta_type = IFA_ADDRESS }, { 0 },
	};
	char buf[1024] __attribute__((aligned(8)));
	long fd = host(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), n;

	if (fd < 0 || (fd = fd_ours(p, (int)fd)) < 0)
		return fd;
	memcpy(q.addr, addr, 16);
	if (addr[0] == 0xfe && (addr[1] & 0xc0) == 0x80)         /* a scope may be kept inside */
		q.addr[2] = q.addr[3] = 0;
	n = host(SYS_sendto, fd, &q, sizeof q, 0, NULL, 0);
	do
		n = n < 0 && n != -EINTR ? n : host(SYS_recvfrom, fd, buf, sizeof buf, 0, NULL, NULL);
	while (n == -EINTR);
	host(SYS_close, fd);
	return n < 0 ? n : parse((const void *)buf, n, found);
}
/* The interface that the guest names: its number, or -ENXIO. */
static long interface(struct call *c, const char name[16])
{
	struct ifreq h = { 0 };
	memcpy(h.ifr_name, name, 15);
	long e = host(SYS_ioctl, c->arg[0], SIOCGIFINDEX, &h);
	return e == -ENODEV ? -ENXIO : e ? e : h.ifr_ifindex;
}

/* --- requests: each tells something else of the address that the guest names, in the place of that address ---------------- */
typedef long tell(const struct address *, struct in6_ifreq *);
static long request(struct call *c, tell *told)
{
	struct in6_ifreq g;
	struct address a;
	long e = copy_in(&g, (uaddr)c->arg[2], sizeof g), index;
	if (e || (e = index = interface(c, g.name)) < 0)
		return e;
	if (g.u.addr.family != G_AF_INET6)
		return -EAFNOSUPPORT;
	if ((e = find(c->t->p, (unsigned)index, g.u.addr.addr, &a)) || (e = told(&a, &g)))
		return e;
	return copy_out((uaddr)c->arg[2], &g, sizeof g);
}
static long tell_address(const struct address *a, struct in6_ifreq *g) { return 0; }      /* that it is there */
static long tell_peer(const struct address *a, struct in6_ifreq *g)
{
	if (!a->has_peer)
		return -EINVAL;
	memcpy(g->u.addr.addr, a->peer, 16);
	return 0;
}
static long tell_mask(const struct address *a, struct in6_ifreq *g)
{
	for (unsigned i = 0; i < 16; i++)
		g->u.addr.addr[i] = a->bits >= 8 * (i + 1) ? 255 : a->bits <= 8 * i ? 0 : (uint8_t)(0xff00 >> (a->bits - 8 * i));
	g->u.addr.scope = 0;
	return 0;
}
/* IN6_IFF_*; an address with a lifetime is one that the host made of what a router told */
static const struct { unsigned guest, host; } flags[] = {
	{ 0x2, IFA_F_TENTATIVE }, { 0x4, IFA_F_DADFAILED }, { 0x10, IFA_F_DEPRECATED }, { 0x20, IFA_F_NODAD },
	{ 0x80, IFA_F_TEMPORARY },
};
enum { IN6_IFF_AUTOCONF = 0x40 };
static long tell_flags(const struct address *a, struct in6_ifreq *g)
{
	memset(&g->u, 0, sizeof g->u);
	g->u.flags = a->flags & IFA_F_PERMANENT ? 0 : IN6_IFF_AUTOCONF;
	for (unsigned i = 0; i < ARRAY_LEN(flags); i++)
		if (a->flags & flags[i].host)
			g->u.flags |= (int)flags[i].guest;
	return 0;
}
/* When is told in seconds since the start, as the kernel counts them; 0 is never. */
static int64_t when(uint32_t left)
{
	struct timespec now;
	host(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
	return left == ~0u ? 0 : now.tv_sec + left;
}
static long tell_lifetime(const struct address *a, struct in6_ifreq *g)
{
	const struct ifa_cacheinfo *life = &a->life;
	memset(&g->u, 0, sizeof g->u);
	g->u.life = (struct lifetime){ when(life->ifa_valid), when(life->ifa_prefered), life->ifa_valid, life->ifa_prefered };
	return 0;
}
long bsd_ioctl_if6addr(struct call *c) { return request(c, tell_address); }
long bsd_ioctl_if6dstaddr(struct call *c) { return request(c, tell_peer); }
long bsd_ioctl_if6netmask(struct call *c) { return request(c, tell_mask); }
long bsd_ioctl_if6flags(struct call *c) { return request(c, tell_flags); }
long bsd_ioctl_if6lifetime(struct call *c) { return request(c, tell_lifetime); }

/* --- neighbours ---------------------------------------------------------------------------------------------------- */
enum { ND_NUD = 1, ND_RTADV = 2, ND_DISABLED = 8, ND_LINKLOCAL = 0x20, ND_NO_DAD = 0x100 };
static uint32_t setting(const char *kind, const char *name, const char *what)
{
	char path[128], text[32];
	uint64_t v = 0;
	fmt(path, sizeof path, "/proc/sys/net/ipv6/%s/%s/%s", kind, name, what);
	if (file_read(path, text, sizeof text) > 0)
		str_num(text, &v);
	return (uint32_t)v;
}
long bsd_ioctl_nd6info(struct call *c)
{
	struct in6_ndireq g;
	char name[17] = { 0 };
	long e = copy_in(&g, (uaddr)c->arg[2], sizeof g);
	if (e || (e = interface(c, g.name)) < 0)
		return e;
	memcpy(name, g.name, 15);
	memset(&g.linkmtu, 0, sizeof g - 16);
	g.linkmtu = g.maxmtu = setting("conf", name, "mtu");
	g.basereachable = g.reachable = setting("neigh", name, "base_reachable_time_ms");
	g.retrans = setting("neigh", name, "retrans_time_ms");
	g.chlim = (uint8_t)setting("conf", name, "hop_limit");
	g.initialized = 1;
	g.flags = ND_NUD | (setting("conf", name, "accept_ra") ? ND_RTADV : 0) | (setting("conf", name, "disable_ipv6") ? ND_DISABLED : 0) |
		  (setting("conf", name, "addr_gen_mode") != 1 ? ND_LINKLOCAL : 0) | (setting("conf", name, "accept_dad") ? 0 : ND_NO_DAD);
	return copy_out((uaddr)c->arg[2], &g, sizeof g);
}
/* The interface on which all of the world is taken to be, where no router says otherwise: none, here as there by default. */
long bsd_ioctl_nd6defif(struct call *c)
{
	uint64_t none = 0;
	return copy_out((uaddr)c->arg[2] + 16, &none, sizeof none);
}
