/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Calls whose records or options hold addresses that no row shows: where the guest is kept from our memory (box.c), these
 * are looked at in a copy, and the copy is what the host gets, or the call is answered as by a kernel without the feature.
 * Under every other engine they pass.
 */
#include <linux/if_packet.h>
#include <linux/keyctl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>
#include "box.h"
#include "linux.h"

sysfn lnx_mq_notify, lnx_futexes, lnx_xattrat, lnx_socket, lnx_pair_of_sockets, lnx_sockopt, lnx_keyctl, lnx_restart, lnx_mmsg;
sysfn lnx_path, lnx_pair;

#define COOKIE 32                        /* bytes that SIGEV_THREAD sends back, from where the value points */
#define FUTEXES_MOST 128
#define MESSAGES_MOST 1024u

long lnx_mq_notify(struct call *c)
{
	struct sigevent e;
	if (!box_closed || !c->raw[1])
		return lnx_pass(c);
	if (copy_in(&e, (uaddr)c->raw[1], sizeof e))
		return -EFAULT;
	if (e.sigev_notify == SIGEV_THREAD && box_hides((uaddr)e.sigev_value.sival_ptr, COOKIE))
		return -EFAULT;
	return host(SYS_mq_notify, c->raw[0], &e);
}
/* futex_waitv counts its words; futex_requeue has two. */
struct waiter { uint64_t val, at; uint32_t flags, pad; };

long lnx_futexes(struct call *c)
{
	bool wait = c->nr == SYS_futex_waitv;
	struct waiter w[FUTEXES_MOST];
	uint64_t n = wait ? (uint32_t)c->raw[1] : 2;

	if (!box_closed || !n || n > FUTEXES_MOST)
		return lnx_pass(c);
	if (copy_in(w, (uaddr)c->raw[0], n * sizeof *w))
		return -EFAULT;
	for (uint64_t i = 0; i < n; i++)
		if (box_hides(w[i].at, 8))
			return -EFAULT;
	return host_wait6((int)c->nr, (long)w, c->raw[1], c->raw[2], c->raw[3], c->raw[4], c->raw[5]);
}
struct xattr_args { uint64_t value; uint32_t size, flags; };

long lnx_xattrat(struct call *c)
{
	struct xattr_args x;
	long at = c->raw[4], e;

	if (!box_closed || (uint64_t)c->raw[5] < sizeof x)       /* the host refuses it */
		return lnx_path(c);
	if ((uint64_t)c->raw[5] > sizeof x)
		return -E2BIG;
	if (copy_in(&x, (uaddr)at, sizeof x) || (x.value && box_hides(x.value, MAX(x.size, 1u))))
		return -EFAULT;
	c->raw[4] = (long)&x;
	e = lnx_path(c);
	c->raw[4] = at;
	return e;
}
/* Families whose sockets lend memory by its address. */
static bool lends(long family) { return family == AF_RDS || family == AF_XDP || family == AF_IB; }

long lnx_socket(struct call *c) { return box_closed && lends((int)c->raw[0]) ? -EAFNOSUPPORT : lnx_pass(c); }
long lnx_pair_of_sockets(struct call *c) { return box_closed && lends((int)c->raw[0]) ? -EAFNOSUPPORT : lnx_pair(c); }

/* Levels of which no option holds an address but those named here: a program to filter by, buffers to receive into, the
 * tables of iptables and its kin. */
#define TABLES 64                        /* options of SOL_IP and SOL_IPV6 from here on are filters' */
#define ORIGINAL_DST 80
#define SOL_VSOCK_ 287                   /* newer than the headers */
static bool without_address(long level, long option)
{
	switch (level) {
	case SOL_SOCKET: return option != SO_ATTACH_FILTER && option != SO_ATTACH_REUSEPORT_CBPF;
	case IPPROTO_TCP: return option != TCP_ZEROCOPY_RECEIVE;
	case SOL_PACKET: return option != PACKET_FANOUT_DATA;
	case IPPROTO_IP: return option < TABLES || option == ORIGINAL_DST;
	case IPPROTO_IPV6: return option != TABLES && option != TABLES + 1;
	case IPPROTO_UDP: case IPPROTO_UDPLITE: case IPPROTO_ICMPV6: case IPPROTO_RAW: case SOL_NETLINK: case SOL_ALG: case SOL_TLS:
	case SOL_VSOCK_: case SOL_BLUETOOTH: case SOL_TIPC: case SOL_DCCP:
		return true;
	}
	return false;
}
long lnx_sockopt(struct call *c)
{
	return box_closed && !without_address((int)c->raw[1], (int)c->raw[2]) ? -ENOPROTOOPT : lnx_pass(c);
}
/* A vector of pieces, and the words of a derivation. */
long lnx_keyctl(struct call *c)
{
	bool hides = (int)c->raw[0] == KEYCTL_INSTANTIATE_IOV || ((int)c->raw[0] == KEYCTL_DH_COMPUTE && c->raw[4]);
	if (!box_closed)
		return lnx_pass(c);
	for (int i = 1; i < 5; i++)              /* numbers by their rows, but of some commands they are addresses */
		if (box_hides((uaddr)c->raw[i], 1))
			return -EFAULT;
	return hides ? -EOPNOTSUPP : lnx_pass(c);
}
/* What would be begun again is a call of ours, with addresses of ours. */
long lnx_restart(struct call *c) { return box_closed ? -EINTR : lnx_pass(c); }

/* Several messages: one after the other, each in a header of its own. A time for all of them is kept between two. */
static bool is_over(const struct timespec *end)
{
	struct timespec now;
	time_now(CLOCK_MONOTONIC, &now);
	return now.tv_sec > end->tv_sec || (now.tv_sec == end->tv_sec && now.tv_nsec >= end->tv_nsec);
}
static long end_of(uaddr at, struct timespec *end)
{
	struct timespec t;
	if (copy_in(&t, at, sizeof t))
		return -EFAULT;
	if (t.tv_sec < 0 || (uint64_t)t.tv_nsec >= 1000000000)
		return -EINVAL;
	time_now(CLOCK_MONOTONIC, end);
	end->tv_nsec += t.tv_nsec;
	end->tv_sec += t.tv_sec + end->tv_nsec / 1000000000;
	end->tv_nsec %= 1000000000;
	return 0;
}
long lnx_mmsg(struct call *c)
{
	bool get = c->nr == SYS_recvmmsg;
	unsigned n = MIN((unsigned)c->raw[2], MESSAGES_MOST), done = 0;
	long flags = c->raw[3], e = 0;
	uaddr timed = get ? (uaddr)c->raw[4] : 0;
	struct timespec end;

	if (!box_closed || !n)
		return lnx_pass(c);
	if (timed && (e = end_of(timed, &end)))
		return e;
	for (; done < n && !(timed && done && is_over(&end)); done++) {
		uaddr at = (uaddr)c->raw[1] + done * sizeof(struct mmsghdr);
		e = box_msg(get ? SYS_recvmsg : SYS_sendmsg, (int)c->raw[0], at, flags & ~(long)MSG_WAITFORONE);
		if (e >= 0 && mem_store32(at + offsetof(struct mmsghdr, msg_len), (uint32_t)e))
			e = -EFAULT;
		if (e < 0)
			break;
		if (flags & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
	}
	return done ? (long)done : e;
}
