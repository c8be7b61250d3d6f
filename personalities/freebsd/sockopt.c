/* SPDX-License-Identifier: BSD-2-Clause
 *
 * FreeBSD's socket options: the tables out of sockopt.def, and the values that only FreeBSD lays out this way.
 */
#include <string.h>
#include <netinet/in.h>
#include <linux/in6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <linux/icmpv6.h>
#include "host.h"
#include "sock.h"

#ifndef IP_RECVORIGDSTADDR
#define IP_RECVORIGDSTADDR IP_ORIGDSTADDR
#endif
#define SCM_TIMESTAMPNS SO_TIMESTAMPNS

/* --- TCP_INFO: begins like Linux's; states and the option bits have other numbers ------------------------------- */
struct fbsd_tcp_info {
	uint8_t state, ca_state, retransmits, probes, backoff, options, wscale, pad;
	uint32_t rto, ato, snd_mss, rcv_mss, unacked, sacked, lost, retrans, fackets;
	uint32_t last_data_sent, last_ack_sent, last_data_recv, last_ack_recv;
	uint32_t pmtu, rcv_ssthresh, rtt, rttvar, snd_ssthresh, snd_cwnd, advmss, reordering, rcv_rtt, rcv_space;
	uint32_t snd_wnd, snd_bwnd, snd_nxt, rcv_nxt, toe_tid, snd_rexmitpack, rcv_ooopack, snd_zerowin;
	uint32_t tail[31];
};
_Static_assert(offsetof(struct fbsd_tcp_info, rto) == 8, "netinet/tcp.h");
_Static_assert(offsetof(struct fbsd_tcp_info, rto) == offsetof(struct tcp_info, tcpi_rto), "netinet/tcp.h");
_Static_assert(offsetof(struct fbsd_tcp_info, rcv_space) == offsetof(struct tcp_info, tcpi_rcv_space), "netinet/tcp.h");
_Static_assert(sizeof(struct fbsd_tcp_info) == 256, "netinet/tcp.h");

/* by Linux's number: closed 0, listen 1, SYN sent 2, SYN received 3, established 4, close wait 5, FIN wait 6, closing
 * 7, last ACK 8, FIN wait 9, time wait 10 */
static const uint8_t tcp_state[] = { 0, 4, 2, 3, 6, 9, 10, 0, 5, 8, 1, 7, 3 };

static long tcpinfo_get(struct opt *o)
{
	struct tcp_info h = { 0 };
	struct fbsd_tcp_info g = { 0 };
	uint32_t n = sizeof h;
	long e = host_opt_get(o, &h, &n);

	if (e < 0)
		return e;
	memcpy(&g, &h, offsetof(struct fbsd_tcp_info, snd_wnd));
	g.state = h.tcpi_state < sizeof tcp_state ? tcp_state[h.tcpi_state] : 0;
	g.options = h.tcpi_options & 15;             /* timestamps, SACK, window scale, ECN: the same bits */
	g.last_data_recv = h.tcpi_last_data_recv * 1000;
	g.snd_wnd = h.tcpi_snd_wnd;
	g.snd_rexmitpack = h.tcpi_total_retrans;
	g.rcv_ooopack = h.tcpi_rcv_ooopack;
	return opt_out(o, &g, sizeof g);
}

/* --- TCP_CONGESTION: a name; FreeBSD's classic algorithm has another one ---------------------------------------- */
static long congestion_set(struct opt *o)
{
	char name[17] = { 0 };
	long e = opt_in(o, name, MIN(o->len, 16u));
	if (e < 0)
		return e;
	if (!str_cmp(name, "newreno"))
		str_copy(name, "reno", sizeof name);
	return host_opt_set(o, name, str_len(name));
}
static long congestion_get(struct opt *o)
{
	char name[17] = { 0 };
	uint32_t n = 16;
	long e = host_opt_get(o, name, &n);
	if (!str_cmp(name, "reno"))
		str_copy(name, "newreno", sizeof name);
	return e < 0 ? e : opt_out(o, name, 16);
}

/* --- keep-alive: 0 is the system's own value again; a segment's size is never 0 ----------------------------------- */
static long keep_set(struct opt *o)
{
	int v, own = o->row->hnr == TCP_KEEPIDLE ? 7200 : o->row->hnr == TCP_KEEPINTVL ? 75 : 8;
	long e = opt_in(o, &v, sizeof v);
	if (!v)
		v = own;
	return e < 0 ? e : host_opt_set(o, &v, sizeof v);
}
static long same_get(struct opt *o) { return host_opt_get(o, (void *)o->val, (uint32_t *)o->lenp); }
static long maxseg_set(struct opt *o)
{
	int v;
	long e = opt_in(o, &v, sizeof v);
	if (!e && sock_domain(o->fd) < 0)
		e = sock_domain(o->fd);
	return e < 0 ? e : v <= 0 ? -EINVAL : host_opt_set(o, &v, sizeof v);
}

/* --- SO_ACCEPTFILTER: as on a kernel with no filter loaded ------------------------------------------------------ */
static long acceptfilter_set(struct opt *o)
{
	int d = sock_domain(o->fd);
	return d < 0 ? d : -ENOENT;
}
static long acceptfilter_get(struct opt *o)
{
	int d = sock_domain(o->fd);
	return d < 0 ? d : -EINVAL;
}

static const struct optkind fbsd_opt_keep = { keep_set, same_get, NULL };
static const struct optkind fbsd_opt_maxseg = { maxseg_set, same_get, NULL };
static const struct optkind fbsd_opt_tcpinfo = { NULL, tcpinfo_get, NULL };
static const struct optkind fbsd_opt_congestion = { congestion_set, congestion_get };
static const struct optkind fbsd_opt_acceptfilter = { acceptfilter_set, acceptfilter_get };

/* #name_ in both: a name that is a macro of the host's headers must not travel through another one */
#define OPTAF(af_, level_, name_, nr_, hlevel_, hnr_, kind_) { #name_, level_, nr_, hlevel_, hnr_, &kind_, af_ },
#define OPT(level_, name_, nr_, hlevel_, hnr_, kind_) { #name_, level_, nr_, hlevel_, hnr_, &kind_, 0 },
#define CMSG(...)
const struct sockopt fbsd_sockopt[] = {
#include "sockopt.def"
	{ 0 }
};
#undef OPTAF
#undef OPT
#undef CMSG
#define OPTAF(...)
#define OPT(...)
#define CMSG(level_, name_, type_, hlevel_, htype_, get_, put_) { #name_, level_, type_, hlevel_, htype_, get_, put_ },
const struct cmsgrow fbsd_cmsg[] = {
#include "sockopt.def"
	{ 0 }
};
