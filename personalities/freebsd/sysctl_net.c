/* SPDX-License-Identifier: BSD-2-Clause
 *
 * net.routetable: interfaces, addresses and routes as routing messages (net/if.h, net/route.h of 15.0), made from the
 * host's rtnetlink dumps. getifaddrs, if_nameindex, Go's net and route(8) read them. Interfaces keep the host's names.
 * Next hops and neighbour entries are not told (ENOENT, counted as unknown).
 */
#include <linux/rtnetlink.h>
#include <linux/if_link.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/if.h>
#include "host.h"
#include "freebsd/sysctl.h"

enum { NET_RT_DUMP = 1, NET_RT_FLAGS, NET_RT_IFLIST, NET_RT_IFMALIST, NET_RT_IFLISTL };
enum { G_AF_INET = 2, G_AF_LINK = 18, G_AF_INET6 = 28 };
enum { G_RTM_VERSION = 5, G_RTM_GET = 4, G_RTM_NEWADDR = 12, G_RTM_IFINFO = 14, G_RTM_NEWMADDR = 15 };
enum { A_DST = 1, A_GATEWAY = 2, A_NETMASK = 4, A_IFP = 16, A_IFA = 32, A_BRD = 128 };
enum { G_RTF_UP = 1, G_RTF_GATEWAY = 2, G_RTF_HOST = 4, G_RTF_REJECT = 8, G_RTF_STATIC = 0x800,
       G_RTF_PINNED = 0x100000 };
enum { G_IFF_SIMPLEX = 0x800, G_IFF_MULTICAST = 0x8000 };
enum { IFT_OTHER = 1, IFT_ETHER = 6, IFT_PPP = 23, IFT_LOOP = 24, IFT_TUNNEL = 131 };

struct g_if_data {
	uint8_t type, physical, addrlen, hdrlen, link_state, vhid;
	uint16_t datalen;
	uint32_t mtu, metric;
	uint64_t baudrate, ipackets, ierrors, opackets, oerrors, collisions, ibytes, obytes, imcasts, omcasts, iqdrops,
		oqdrops, noproto, hwassist, epoch, lastchange[2];
};
_Static_assert(sizeof(struct g_if_data) == 152, "struct if_data");
struct g_head {                      /* if_msghdr(l), ifa_msghdr(l) up to their data */
	uint16_t len;
	uint8_t version, type;
	int32_t addrs, flags;
	uint16_t index, spare;
};
struct g_rt {
	uint16_t len;
	uint8_t version, type;
	uint16_t index, spare;
	int32_t flags, addrs, pid, seq, error, fmask;
	uint64_t inits, metrics[14];
};
_Static_assert(sizeof(struct g_head) == 16 && sizeof(struct g_rt) == 152, "net/route.h");

struct msg { size_t n; char buf[1024]; };

static void put(struct msg *m, const void *data, size_t n)
{
	memcpy(m->buf + m->n, data, n);
	m->n += n;
}
/* A socket address, padded to whole longs. */
static void put_addr(struct msg *m, const void *sa, size_t n)
{
	static const char zero[8];
	put(m, sa, n);
	put(m, zero, -n & 7);
}
static void put_ip(struct msg *m, int family, const void *addr, uint32_t scope)
{
	uint8_t sa[28] = { 0 };
	bool six = family == AF_INET6;
	sa[0] = six ? 28 : 16;
	sa[1] = six ? G_AF_INET6 : G_AF_INET;
	if (addr)
		memcpy(sa + (six ? 8 : 4), addr, six ? 16 : 4);
	if (six)
		memcpy(sa + 24, &scope, 4);
	put_addr(m, sa, sa[0]);
}
static void put_mask(struct msg *m, int family, unsigned bits)
{
	uint8_t mask[16] = { 0 };
	for (unsigned i = 0; i < 16 && bits; i++, bits -= MIN(bits, 8u))
		mask[i] = bits >= 8 ? 255 : (uint8_t)(0xff00 >> bits);
	put_ip(m, family, mask, 0);
}
static void put_link(struct msg *m, unsigned index, uint8_t type, const char *name, const void *hw, size_t hw_len)
{
	uint8_t sa[54] = { sizeof sa, G_AF_LINK, (uint8_t)index, (uint8_t)(index >> 8), type };
	size_t n = MIN(str_len(name), (size_t)15);
	sa[5] = (uint8_t)n;
	sa[6] = (uint8_t)MIN(hw_len, (size_t)20);
	memcpy(sa + 8, name, n);
	memcpy(sa + 8 + n, hw, sa[6]);
	put_addr(m, sa, sizeof sa);
}
static long tell_msg(struct sysctl_req *r, struct msg *m)
{
	uint16_t n = (uint16_t)m->n;
	memcpy(m->buf, &n, 2);
	return sysctl_out(r, m->buf, m->n);
}

/* --- rtnetlink --------------------------------------------------------------------------------------------------- */
struct dump { size_t size, n; char *buf; };

static long dump_read(long fd, struct dump *d)
{
	for (;;) {
		long n = host(SYS_recvfrom, fd, d->buf + d->n, d->size - d->n, MSG_TRUNC, NULL, NULL);
		if (n == -EINTR)
			continue;
		if (n <= 0 || (size_t)n > d->size - d->n)
			return n < 0 ? n : -ENOBUFS;
		const struct nlmsghdr *h = (const void *)(d->buf + d->n);
		if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR)
			return 0;
		d->n += (size_t)n;
		if (h->nlmsg_flags & NLM_F_MULTI)
			for (size_t left = (size_t)n; left >= sizeof *h && h->nlmsg_len >= sizeof *h && h->nlmsg_len <= left;) {
				if (h->nlmsg_type == NLMSG_DONE)
					return 0;
				left -= MIN(left, (size_t)NLMSG_ALIGN(h->nlmsg_len));
				h = (const void *)((const char *)h + NLMSG_ALIGN(h->nlmsg_len));
			}
	}
}
static long dump(struct proc *p, int type, struct dump *d)
{
	struct { struct nlmsghdr h; struct rtgenmsg g; char pad[32]; } q = {
		{ .nlmsg_len = NLMSG_LENGTH(type == RTM_GETROUTE ? sizeof(struct rtmsg) : sizeof(struct ifinfomsg)),
		  .nlmsg_type = (uint16_t)type, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP }, { 0 }, { 0 },
	};
	long e, fd = host(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	*d = (struct dump){ .size = 512 * 1024 };
	if (fd < 0 || (fd = fd_ours(p, (int)fd)) < 0)
		return fd;
	d->buf = mem_alloc(d->size);
	e = d->buf ? host(SYS_sendto, fd, &q, q.h.nlmsg_len, 0, NULL, 0) : -ENOMEM;
	if (e >= 0)
		e = dump_read(fd, d);
	host(SYS_close, fd);
	return e;
}
static void dump_free(struct dump *d) { mem_free(d->buf, d->buf ? d->size : 0); }

static const struct nlmsghdr *first(const struct dump *d, size_t *at)
{
	const struct nlmsghdr *h = (const void *)(d->buf + *at);
	if (d->n - *at < sizeof *h || h->nlmsg_len < sizeof *h || h->nlmsg_len > d->n - *at || h->nlmsg_type == NLMSG_DONE)
		return NULL;
	*at += NLMSG_ALIGN(h->nlmsg_len);
	return h;
}
static void attributes(const struct nlmsghdr *h, size_t head, const struct rtattr **at, unsigned max)
{
	memset(at, 0, max * sizeof *at);
	size_t left = h->nlmsg_len - NLMSG_LENGTH(head);
	const struct rtattr *a = (const void *)((const char *)h + NLMSG_LENGTH(head));
	for (; RTA_OK(a, (long)left); a = RTA_NEXT(a, left))
		if ((a->rta_type & NLA_TYPE_MASK) < max)
			at[a->rta_type & NLA_TYPE_MASK] = a;
}
static uint32_t u32(const struct rtattr *a) { return a ? *(const uint32_t *)RTA_DATA(a) : 0; }

/* --- interfaces -------------------------------------------------------------------------------------------------- */
static uint8_t link_type(unsigned arphrd, unsigned flags)
{
	return flags & IFF_LOOPBACK ? IFT_LOOP : arphrd == ARPHRD_ETHER ? IFT_ETHER : arphrd == ARPHRD_PPP ? IFT_PPP :
	       flags & IFF_POINTOPOINT ? IFT_TUNNEL : IFT_OTHER;
}
static int link_flags(unsigned f)
{
	unsigned same = IFF_UP | IFF_BROADCAST | IFF_DEBUG | IFF_LOOPBACK | IFF_POINTOPOINT | IFF_RUNNING | IFF_NOARP |
			IFF_PROMISC | IFF_ALLMULTI;
	return (int)((f & same) | (f & IFF_MULTICAST ? G_IFF_MULTICAST : 0) | (f & IFF_BROADCAST ? G_IFF_SIMPLEX : 0));
}
static void link_data(struct g_if_data *d, const struct ifinfomsg *i, const struct rtattr **a)
{
	const struct rtnl_link_stats64 *s = a[IFLA_STATS64] ? RTA_DATA(a[IFLA_STATS64]) : NULL;
	*d = (struct g_if_data){
		.type = link_type(i->ifi_type, i->ifi_flags), .addrlen = a[IFLA_ADDRESS] ? 6 : 0,
		.hdrlen = i->ifi_type == ARPHRD_ETHER ? 14 : 0, .link_state = i->ifi_flags & IFF_RUNNING ? 2 : 1,
		.datalen = sizeof *d, .mtu = u32(a[IFLA_MTU]),
	};
	if (!s)
		return;
	d->ipackets = s->rx_packets;
	d->ierrors = s->rx_errors;
	d->opackets = s->tx_packets;
	d->oerrors = s->tx_errors;
	d->collisions = s->collisions;
	d->ibytes = s->rx_bytes;
	d->obytes = s->tx_bytes;
	d->imcasts = s->multicast;
	d->iqdrops = s->rx_dropped;
	d->oqdrops = s->tx_dropped;
}
/* Before 11.0 the first words are longs, and there is no count of packets dropped on the way out. */
static void put_data(struct sysctl_req *r, struct msg *m, const struct g_if_data *d)
{
	struct {
		uint8_t type, physical, addrlen, hdrlen, link_state, vhid, baudrate_pf, datalen;
		uint64_t mtu, metric, baudrate, ipackets, ierrors, opackets, oerrors, collisions, ibytes, obytes, imcasts,
			omcasts, iqdrops, noproto, hwassist, epoch, lastchange[2];
	} old = {
		d->type, 0, d->addrlen, d->hdrlen, d->link_state, 0, 0, sizeof old, d->mtu, 0, 0, d->ipackets, d->ierrors,
		d->opackets, d->oerrors, d->collisions, d->ibytes, d->obytes, d->imcasts, 0, d->iqdrops, 0, 0, 0, { 0 },
	};
	_Static_assert(sizeof old == sizeof *d, "struct if_data of 10.4");
	put(m, fbsd_osreldate(r->p) < 1100000 ? (const void *)&old : d, sizeof *d);
}
/* The l form has the length of its head and the place of its data before them. */
static void begin(struct msg *m, const struct g_head *h, bool l, size_t data)
{
	struct { uint16_t len, off; int32_t metric; } more = { (uint16_t)(24 + data), 24, 0 };
	m->n = 0;
	put(m, h, sizeof *h);
	if (l)
		put(m, &more, sizeof more);
}
static long tell_link(struct sysctl_req *r, const struct nlmsghdr *h, bool l)
{
	const struct ifinfomsg *i = NLMSG_DATA(h);
	const struct rtattr *a[IFLA_STATS64 + 1];
	struct g_if_data d;
	struct msg m;

	attributes(h, sizeof *i, a, ARRAY_LEN(a));
	struct g_head g = { 0, G_RTM_VERSION, G_RTM_IFINFO, A_IFP, link_flags(i->ifi_flags), (uint16_t)i->ifi_index, 0 };
	link_data(&d, i, a);
	begin(&m, &g, l, sizeof d);
	put_data(r, &m, &d);
	put_link(&m, (unsigned)i->ifi_index, d.type, a[IFLA_IFNAME] ? RTA_DATA(a[IFLA_IFNAME]) : "",
		 a[IFLA_ADDRESS] ? RTA_DATA(a[IFLA_ADDRESS]) : "",
		 a[IFLA_ADDRESS] && d.type == IFT_ETHER ? RTA_PAYLOAD(a[IFLA_ADDRESS]) : 0);
	return tell_msg(r, &m);
}
static long tell_addr(struct sysctl_req *r, const struct nlmsghdr *h, const struct ifinfomsg *link, bool l)
{
	const struct ifaddrmsg *i = NLMSG_DATA(h);
	const struct rtattr *a[IFA_MAX + 1];
	struct g_if_data d = { .datalen = sizeof d };
	struct msg m;

	attributes(h, sizeof *i, a, ARRAY_LEN(a));
	const struct rtattr *own = a[IFA_LOCAL] ? a[IFA_LOCAL] : a[IFA_ADDRESS], *far = a[IFA_BROADCAST];
	if (!own)
		return 0;
	if (!far && link->ifi_flags & (IFF_POINTOPOINT | IFF_LOOPBACK))
		far = a[IFA_ADDRESS];
	if (i->ifa_family == AF_INET6 && !(link->ifi_flags & IFF_POINTOPOINT))
		far = NULL;
	const uint8_t *ip = RTA_DATA(own);
	uint32_t scope = i->ifa_family == AF_INET6 && ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80 ? i->ifa_index : 0;
	struct g_head g = {
		0, G_RTM_VERSION, G_RTM_NEWADDR, A_NETMASK | A_IFA | (far ? A_BRD : 0), 1, (uint16_t)i->ifa_index, 0,
	};
	begin(&m, &g, l, sizeof d);
	if (l)
		put_data(r, &m, &d);
	else
		put(&m, "\0\0\0", 4);        /* ifam_metric */
	put_mask(&m, i->ifa_family, i->ifa_prefixlen);
	put_ip(&m, i->ifa_family, ip, scope);
	if (far)
		put_ip(&m, i->ifa_family, RTA_DATA(far), scope);
	return tell_msg(r, &m);
}
static bool family_wanted(int guest, int host_family)
{
	return (host_family == AF_INET && (!guest || guest == G_AF_INET)) ||
	       (host_family == AF_INET6 && (!guest || guest == G_AF_INET6));
}
static long tell_links(struct sysctl_req *r, const struct dump *links, const struct dump *addrs, bool l)
{
	int family = r->rest[1], index = r->rest[3];
	const struct nlmsghdr *h, *k;
	long e = 0;

	for (size_t at = 0; !e && (h = first(links, &at));) {
		const struct ifinfomsg *i = NLMSG_DATA(h);
		if (h->nlmsg_type != RTM_NEWLINK || (index && index != i->ifi_index))
			continue;
		e = tell_link(r, h, l);
		for (size_t b = 0; !e && (k = first(addrs, &b));) {
			const struct ifaddrmsg *ia = NLMSG_DATA(k);
			if (k->nlmsg_type == RTM_NEWADDR && (int)ia->ifa_index == i->ifi_index && family_wanted(family, ia->ifa_family))
				e = tell_addr(r, k, i, l);
		}
	}
	return e;
}
static long interfaces(struct sysctl_req *r, bool l)
{
	struct dump links, addrs = { 0 };
	long e = dump(r->p, RTM_GETLINK, &links);
	if (!e)
		e = dump(r->p, RTM_GETADDR, &addrs);
	if (!e)
		e = tell_links(r, &links, &addrs, l);
	dump_free(&links);
	dump_free(&addrs);
	return e;
}

/* --- multicast: the host tells memberships in two text files, "index device ..." with the groups below or behind - */
static long tell_member(struct sysctl_req *r, int family, unsigned index, const void *group)
{
	const uint8_t *ip = group;
	struct g_head g = { 0, G_RTM_VERSION, G_RTM_NEWMADDR, A_IFP | A_IFA, 0, (uint16_t)index, 0 };
	struct msg m;

	if ((r->rest[3] && r->rest[3] != (int)index) || !family_wanted(r->rest[1], family))
		return 0;
	m.n = 0;
	put(&m, &g, sizeof g);
	put_link(&m, index, IFT_OTHER, "", "", 0);
	put_ip(&m, family, group, family == AF_INET6 && (ip[1] & 15) <= 2 ? index : 0);
	return tell_msg(r, &m);
}
static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}
static bool hex_bytes(const char *s, uint8_t *out, int n)
{
	for (int i = 0; i < n; i++) {
		if (digit(s[2 * i]) < 0 || digit(s[2 * i + 1]) < 0)
			return false;
		out[i] = (uint8_t)(digit(s[2 * i]) << 4 | digit(s[2 * i + 1]));
	}
	return true;
}
static long igmp_line(struct sysctl_req *r, const char *s, uint64_t *index)
{
	uint8_t g[4], net[4];
	if (str_num(s, index) || s[0] != '\t')
		return 0;
	while (*s == '\t')
		s++;
	if (!hex_bytes(s, g, 4))
		return 0;
	for (int i = 0; i < 4; i++)
		net[i] = g[3 - i];           /* printed as a number, not as bytes */
	return tell_member(r, AF_INET, (unsigned)*index, net);
}
static long igmp6_line(struct sysctl_req *r, const char *s, uint64_t *index)
{
	uint8_t g[16];
	if (!(s = str_num(s, index)))
		return 0;
	while (*s == ' ')
		s++;
	while (*s && *s != ' ')
		s++;
	while (*s == ' ')
		s++;
	return hex_bytes(s, g, 16) ? tell_member(r, AF_INET6, (unsigned)*index, g) : 0;
}
static long members(struct sysctl_req *r, const char *path, long (*line)(struct sysctl_req *, const char *, uint64_t *))
{
	size_t size = 64 * 1024;
	char *buf = mem_alloc(size), *s = buf, *end;
	uint64_t index = 0;
	long e = 0;

	if (!buf)
		return -ENOMEM;
	if (file_read(path, buf, size) > 0)
		for (; !e && (end = str_chr(s, '\n')); s = end + 1) {
			*end = 0;
			e = line(r, s, &index);
		}
	mem_free(buf, size);
	return e;
}
static long multicast(struct sysctl_req *r)
{
	long e = members(r, "/proc/net/igmp", igmp_line);
	return e ? e : members(r, "/proc/net/igmp6", igmp6_line);
}

/* --- routes ------------------------------------------------------------------------------------------------------ */
static long tell_route(struct sysctl_req *r, const struct nlmsghdr *h)
{
	const struct rtmsg *i = NLMSG_DATA(h);
	const struct rtattr *a[RTA_MAX + 1];
	unsigned full = i->rtm_family == AF_INET6 ? 128 : 32;
	struct msg m = { 0 };

	attributes(h, sizeof *i, a, ARRAY_LEN(a));
	if (i->rtm_table != RT_TABLE_MAIN || !family_wanted(r->rest[1], i->rtm_family))
		return 0;
	bool one = i->rtm_dst_len == full;
	struct g_rt g = {
		.version = G_RTM_VERSION, .type = G_RTM_GET, .index = (uint16_t)u32(a[RTA_OIF]),
		.flags = G_RTF_UP | (a[RTA_GATEWAY] ? G_RTF_GATEWAY | G_RTF_STATIC : G_RTF_PINNED) | (one ? G_RTF_HOST : 0) |
			 (i->rtm_type == RTN_UNICAST ? 0 : G_RTF_REJECT),
		.addrs = A_DST | A_GATEWAY | (one ? 0 : A_NETMASK),
	};
	put(&m, &g, sizeof g);
	put_ip(&m, i->rtm_family, a[RTA_DST] ? RTA_DATA(a[RTA_DST]) : NULL, 0);
	if (a[RTA_GATEWAY])
		put_ip(&m, i->rtm_family, RTA_DATA(a[RTA_GATEWAY]), 0);
	else
		put_link(&m, u32(a[RTA_OIF]), IFT_OTHER, "", "", 0);
	if (!one)
		put_mask(&m, i->rtm_family, i->rtm_dst_len);
	return tell_msg(r, &m);
}
static long routes(struct sysctl_req *r)
{
	struct dump d;
	const struct nlmsghdr *h;
	long e = dump(r->p, RTM_GETROUTE, &d);
	for (size_t at = 0; !e && (h = first(&d, &at));)
		if (h->nlmsg_type == RTM_NEWROUTE)
			e = tell_route(r, h);
	dump_free(&d);
	return e;
}
/* {net, routetable, 0, family, what, argument} */
long net_route(struct sysctl_req *r)
{
	if (r->n_rest < 4)
		return r->n_rest < 2 ? -EINVAL : -EISDIR;
	switch (r->rest[2]) {
	case NET_RT_DUMP: return routes(r);
	case NET_RT_IFLIST: return interfaces(r, false);
	case NET_RT_IFLISTL: return interfaces(r, true);
	case NET_RT_IFMALIST: return multicast(r);
	}
	report_unknown(r->c->t, UNK_SYSCTL, "net.routetable", (uint64_t)r->rest[2]);
	return -ENOENT;
}
long net_ifcount(struct sysctl_req *r)
{
	struct dump links;
	const struct nlmsghdr *h;
	int max = 0;
	long e = dump(r->p, RTM_GETLINK, &links);
	for (size_t at = 0; !e && (h = first(&links, &at));)
		max = MAX(max, ((const struct ifinfomsg *)NLMSG_DATA(h))->ifi_index);
	dump_free(&links);
	return e ? e : sysctl_int(r, max);
}
long net_port_last(struct sysctl_req *r)
{
	char buf[64], *s = buf;
	uint64_t v = 0;
	if (file_read("/proc/sys/net/ipv4/ip_local_port_range", buf, sizeof buf) <= 0)
		return -ENOENT;
	while (*s >= '0' && *s <= '9')
		s++;
	while (*s == ' ' || *s == '\t')
		s++;
	str_num(s, &v);
	return sysctl_int(r, (int64_t)v);
}
