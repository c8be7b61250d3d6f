/* SPDX-License-Identifier: BSD-2-Clause
 *
 * FreeBSD's sendfile: headers, a stretch of a file (nbytes 0: to its end), trailers. It answers 0 and tells how much
 * went out through sbytes, also when it could not finish (EAGAIN on a non-blocking socket, EINTR). Linux's sends one
 * stretch and answers its length. The flags are hints about disk and memory. Also bindat and connectat, which only
 * FreeBSD has.
 */
#include <fcntl.h>
#include "host.h"
#include "box.h"
#include "sock.h"

sysfn fbsd_sendfile, fbsd_old_sendfile, fbsd_bindat, fbsd_connectat;

/* Only local sockets have names in a directory. */
static long local_only(struct call *c)
{
	int af = sock_domain((int)c->arg[1]);
	return af < 0 ? af : af != AF_UNIX && c->arg[0] != AT_FDCWD ? -EOPNOTSUPP : 0;
}
long fbsd_bindat(struct call *c)
{
	long e = local_only(c);
	return e ? e : sock_bind_at(c, (int)c->arg[0], 1);
}
long fbsd_connectat(struct call *c)
{
	long e = local_only(c);
	return e ? e : sock_connect_at(c, (int)c->arg[0], 1);
}

struct sf_hdtr { uaddr headers; int32_t hdr_cnt; uaddr trailers; int32_t trl_cnt; };

static long vector_len(uaddr v, int n)
{
	struct iovec iov;
	long sum = 0;
	for (int i = 0; i < n; i++) {
		long e = copy_in(&iov, v + (uaddr)i * sizeof iov, sizeof iov);
		if (e < 0)
			return e;
		if (iov.iov_len > (uint64_t)(INT64_MAX - sum))
			return -EINVAL;
		sum += (long)iov.iov_len;
	}
	return sum;
}
/* One vector to the socket; what went out is added to *sent. 0 when all did. */
static long send_vector(struct call *c, uaddr v, int n, bool more, long *sent)
{
	int s = (int)c->arg[1];
	const struct iovec *iov = (const struct iovec *)v;
	long want = n < 0 || n > 1024 ? -EINVAL : vector_len(v, n), r;
	if (want <= 0)
		return want;
	if ((r = box_iov(&iov, (uint64_t)n)))
		return r;
	struct msghdr m = { .msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)n };
	r = block(SYS_sendmsg, s, &m, msg_flags_in(c->t, s, 0) | (more ? MSG_MORE : 0));
	box_iov_done(iov, (uint64_t)n);
	if (r < 0)
		return r;
	*sent += r;
	return r == want ? 0 : -EAGAIN;
}
static long send_stretch(struct call *c, long n, long *sent)
{
	loff_t at = c->arg[2];
	long left = n ? n : INT64_MAX, r = 1;
	while (left > 0) {
		r = block(SYS_sendfile, (int)c->arg[1], (int)c->arg[0], &at, MIN(left, 0x7ffff000l));
		if (r <= 0)
			break;
		*sent += r;
		left -= r;
	}
	return r == -ESPIPE ? -EINVAL : MIN(r, 0l);
}
static long send_all(struct call *c, long n, bool counts_headers, long *sent)
{
	struct sf_hdtr h = { 0 };
	long e = c->arg[4] ? copy_in(&h, (uaddr)c->arg[4], sizeof h) : 0;
	if (!e && h.headers)
		e = send_vector(c, h.headers, h.hdr_cnt, true, sent);
	if (e < 0)
		return e;
	if (counts_headers && n && (n -= *sent) <= 0)
		return 0;
	e = send_stretch(c, n, sent);
	return !e && h.trailers ? send_vector(c, h.trailers, h.trl_cnt, false, sent) : e;
}
/* Linux's goes from any descriptor to any other; here it is a connected stream socket, or the caller's mistake. */
static long stream_only(int s)
{
	int type;
	struct sockaddr_storage peer;
	uint32_t n = sizeof type, len = sizeof peer;
	long e = host(SYS_getsockopt, s, SOL_SOCKET, SO_TYPE, &type, &n);
	return e < 0 ? e : type == SOCK_STREAM ? host(SYS_getpeername, s, &peer, &len) : -EINVAL;
}
static long sendfile_with(struct call *c, bool counts_headers)
{
	long sent = 0, e = stream_only((int)c->arg[1]);
	if (e < 0)
		return e;
	if (c->arg[2] < 0)
		return -EINVAL;
	e = send_all(c, c->arg[3], counts_headers, &sent);
	if (e == SYS_RESTART && sent)
		e = -EINTR;
	if (e != SYS_RESTART && c->arg[5]) {
		long f = copy_out((uaddr)c->arg[5], &sent, sizeof sent);
		e = e < 0 ? e : f;
	}
	return e;
}
long fbsd_sendfile(struct call *c) { return sendfile_with(c, false); }
long fbsd_old_sendfile(struct call *c) { return sendfile_with(c, true); }    /* nbytes counts the headers too */
