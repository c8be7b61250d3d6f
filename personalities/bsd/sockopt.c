/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Option values whose layout is the BSDs' own and not Linux's. Used by the rows of each system's sockopt.def.
 */
#include <string.h>
#include <netinet/in.h>
#include <linux/tcp.h>
#include "host.h"
#include "sock.h"

#define XU_NGROUPS 16
struct xucred {
	uint32_t version, uid;
	int16_t ngroups;                         /* the first of groups is the effective group */
	uint32_t groups[XU_NGROUPS];
	union { uint64_t unused; int32_t pid; };
};
_Static_assert(sizeof(struct xucred) == 88, "sys/ucred.h");

/* Both systems tell who the peer was when it called connect or listen. Without a peer: ENOTCONN here, no one on
 * Linux. */
static long xucred_get(struct opt *o)
{
	struct ucred u;
	uint32_t n = sizeof u, groups[64], ng = sizeof groups;
	struct xucred x = { 0 };
	long e = host(SYS_getsockopt, o->fd, SOL_SOCKET, SO_PEERCRED, &u, &n);

	if (e < 0)
		return e;
	if (u.uid == (uid_t)-1)
		return -ENOTCONN;
	x.uid = u.uid;
	x.pid = u.pid;
	x.groups[0] = u.gid;
	x.ngroups = 1;
	if (host(SYS_getsockopt, o->fd, SOL_SOCKET, SO_PEERGROUPS, groups, &ng) == 0)
		for (unsigned i = 0; i < ng / 4 && x.ngroups < XU_NGROUPS; i++)
			if (groups[i] != u.gid)
				x.groups[x.ngroups++] = groups[i];
	return opt_out(o, &x, sizeof x);
}

static long tsclock_set(struct opt *o)
{
	int v;
	long e = opt_in(o, &v, sizeof v);
	if (!e && sock_domain(o->fd) < 0)
		e = sock_domain(o->fd);
	if (e < 0)
		return e;
	if (v < 0 || v > 3)
		return -EINVAL;
	e = sock_state_set(o->t, o->fd, 3 * SOCK_CLOCK, false);
	return e < 0 ? e : sock_state_set(o->t, o->fd, (unsigned)v * SOCK_CLOCK, v != 0);
}
static long tsclock_get(struct opt *o)
{
	int v = (int)(sock_state(o->t, o->fd) / SOCK_CLOCK % 4);
	return opt_out(o, &v, sizeof v);
}
/* Linux tells a TCP listener's queue in fields of TCP_INFO that mean something else on a connection; no other kind's. */
static long listenq_get(struct opt *o)
{
	struct tcp_info ti = { 0 };
	uint32_t n = sizeof ti;
	long e = host(SYS_getsockopt, o->fd, IPPROTO_TCP, TCP_INFO, &ti, &n);
	int listening = ti.tcpi_state == 10, v[3] = { 0 };
	if (e < 0)
		return e == -EOPNOTSUPP ? -ENOPROTOOPT : e;
	if (listening)
		v[0] = (int)ti.tcpi_sacked, v[1] = (int)ti.tcpi_unacked;
	return opt_out(o, &v[o->row->hnr], sizeof v[0]);
}

/* --- multicast groups of either family: an interface and one or two addresses ----------------------------------- */
struct group { uint32_t ifindex, pad; struct sockaddr_storage a[2]; };

static long group_set(struct opt *o, unsigned n)
{
	struct group g, h;
	size_t size = 8 + n * sizeof g.a[0];
	long e = opt_in(o, &g, size), len = 0;

	memset(&h, 0, sizeof h);
	h.ifindex = g.ifindex;
	for (unsigned i = 0; !e && len >= 0 && i < n; i++)
		len = bsd_sockaddr_get(&g.a[i], MIN(*(uint8_t *)&g.a[i], (uint8_t)128), &h.a[i]);
	return e < 0 ? e : len < 0 ? len : host_opt_set(o, &h, size);
}
static long groupreq_set(struct opt *o) { return group_set(o, 1); }
static long groupsrc_set(struct opt *o) { return group_set(o, 2); }

static long icmp6_set(struct opt *o)
{
	uint32_t f[8];
	long e = opt_in(o, f, sizeof f);
	for (int i = 0; i < 8; i++)
		f[i] = ~f[i];
	return e < 0 ? e : host_opt_set(o, f, sizeof f);
}
static long icmp6_get(struct opt *o)
{
	uint32_t f[8], n = sizeof f;
	long e = host_opt_get(o, f, &n);
	for (int i = 0; i < 8; i++)
		f[i] = ~f[i];
	return e < 0 ? e : opt_out(o, f, sizeof f);
}

const struct optkind opt_xucred = { NULL, xucred_get };
const struct optkind opt_tsclock = { tsclock_set, tsclock_get };
const struct optkind opt_listenq = { NULL, listenq_get };
const struct optkind opt_groupreq = { groupreq_set, NULL };
const struct optkind opt_groupsrc = { groupsrc_set, NULL };
const struct optkind opt_icmp6filter = { icmp6_set, icmp6_get };
