/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sendmsg and recvmsg. The header is a record; the data vector goes to Linux as the guest passed it; the address and
 * the control messages are rewritten into buffers of ours. Descriptors arrive in the host's table before we can look
 * at them: those the guest may not have (its limit, no room in its buffer) are closed again and told as MSG_CTRUNC.
 */
#include <fcntl.h>
#include "host.h"
#include "box.h"
#include "sock.h"
#include "observe/audit.h"

sysfn sys_sendmsg, sys_recvmsg;

#define CONTROL_MAX 65536ul

struct control { void *guest, *host; size_t n; };    /* two buffers of n bytes, one after the other */

static long control_new(struct control *k, size_t guest_len)
{
	if (guest_len > CONTROL_MAX)
		return -EINVAL;
	k->n = ((guest_len + 7) & ~7ul) * 2 + 512;
	k->guest = mem_alloc(k->n * 2);
	k->host = (char *)k->guest + k->n;
	return k->guest ? 0 : -ENOBUFS;
}
static void control_free(struct control *k)
{
	if (k->guest)
		mem_free(k->guest, k->n * 2);
}

/* --- sending ---------------------------------------------------------------------------------------------------- */
static long control_in(struct call *c, struct msghdr *m, struct control *k)
{
	const struct personality *p = c->t->p->pers;
	long e = control_new(k, m->msg_controllen);
	if (!e)
		e = copy_in(k->guest, (uaddr)m->msg_control, m->msg_controllen);
	if (e < 0)
		return e;
	if (!p->cmsg_get)
		return -EINVAL;
	return p->cmsg_get(c->t, k->guest, m->msg_controllen, k->host, k->n);
}
/* Descriptors of ours that went along: the receiver has its own now. */
static void close_ours(struct proc *p, const char *at, size_t n)
{
	const char *end = at + n;        /* nothing but zeroes behind the last */
	for (; at + sizeof(struct cmsghdr) <= end; at += CMSG_ALIGN(((const struct cmsghdr *)at)->cmsg_len)) {
		const struct cmsghdr *h = (const struct cmsghdr *)at;
		if (h->cmsg_len < sizeof *h)
			return;
		for (size_t i = 0; h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS &&
		     i < (h->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++)
			if (fd_is_ours(p, ((const int *)CMSG_DATA(h))[i]))
				host(SYS_close, ((const int *)CMSG_DATA(h))[i]);
	}
}
long sys_sendmsg(struct call *c)
{
	struct msghdr m;
	struct addr a = { .own = { -1, -1 } };
	struct control k = { 0 };
	int fd = (int)c->arg[0];
	long e = arg_get(c, 1, &m);

	if (!e && m.msg_name)
		e = addr_get(c->t, (uaddr)m.msg_name, m.msg_namelen, AT_FDCWD, PATH_FOLLOW, &a);
	else if (!e && audit_judges(c->t))
		e = audit_addr(c->t, NULL);
	if (e < 0)
		return e;
	if (m.msg_name) {
		m.msg_name = &a.ss;
		m.msg_namelen = (socklen_t)a.len;
	}
	if (m.msg_control && m.msg_controllen) {
		e = control_in(c, &m, &k);
		m.msg_control = k.host;
		m.msg_controllen = (size_t)MAX(e, 0l);
	}
	const struct iovec *v = m.msg_iov;
	if (e >= 0 && !(e = box_iov(&v, m.msg_iovlen))) {
		m.msg_iov = (struct iovec *)v;
		e = msg_sent(c->t, fd, c->arg[2], block(SYS_sendmsg, fd, &m, msg_flags_in(c->t, fd, c->arg[2])));
		box_iov_done(v, m.msg_iovlen);
	}
	if (k.host)
		close_ours(c->t->p, k.host, k.n);
	control_free(&k);
	addr_done(&a);
	return e;
}

/* --- receiving -------------------------------------------------------------------------------------------------- */
static void close_rights(const struct cmsghdr *h)
{
	const int *fd = (const int *)CMSG_DATA(h);
	for (size_t i = 0; i < (h->cmsg_len - CMSG_LEN(0)) / sizeof *fd; i++) {
		fd_closed(thread_self()->p, fd[i]);
		host(SYS_close, fd[i]);
	}
}
static void close_all(const struct msghdr *m)
{
	const char *at = m->msg_control, *end = at + m->msg_controllen;
	while (at + sizeof(struct cmsghdr) <= end) {
		const struct cmsghdr *h = (const struct cmsghdr *)at;
		if (h->cmsg_len < sizeof *h)
			return;
		if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS)
			close_rights(h);
		at += CMSG_ALIGN(h->cmsg_len);
	}
}
/* The host's control messages to the guest; its length there, or -EFAULT with nothing left open. */
static long control_out(struct call *c, struct msghdr *m, struct control *k, uaddr to, size_t room)
{
	const struct personality *p = c->t->p->pers;
	long n = 0, e;
	if (p->cmsg_put)
		n = p->cmsg_put(c->t, (int)c->arg[0], k->host, m->msg_controllen, k->guest, room, &m->msg_flags);
	e = copy_out(to, k->guest, (size_t)MAX(n, 0l));
	if (e < 0)
		close_all(m);
	return e < 0 ? e : n;
}
static long received(struct call *c, const struct msghdr *guest, struct msghdr *m, struct addr *a, struct control *k)
{
	char name[256] = { 0 };
	long e = 0, n = 0;

	a->len = m->msg_namelen;
	if (k->guest)
		e = n = control_out(c, m, k, (uaddr)guest->msg_control, guest->msg_controllen);
	m->msg_controllen = (size_t)MAX(n, 0l);
	m->msg_control = guest->msg_control;
	m->msg_name = guest->msg_name;
	n = guest->msg_name && a->len > 0 ? addr_bytes(c->t, a, name, sizeof name) : 0;
	m->msg_namelen = (socklen_t)MIN(MAX(n, 0l), (long)guest->msg_namelen);
	if (e >= 0 && m->msg_namelen)
		e = copy_out((uaddr)guest->msg_name, name, m->msg_namelen);
	m->msg_flags &= ~MSG_CMSG_CLOEXEC;       /* the host tells it back, no other does */
	return e < 0 ? e : arg_put(c, 1, m);
}
long sys_recvmsg(struct call *c)
{
	struct msghdr guest, m;
	struct addr a = { .own = { -1, -1 } };
	struct control k = { 0 };
	long e = arg_get(c, 1, &guest), r;

	if (e < 0)
		return e;
	m = guest;
	m.msg_flags = 0;
	m.msg_name = guest.msg_name ? &a.ss : NULL;
	m.msg_namelen = guest.msg_name ? sizeof a.ss : 0;
	if (guest.msg_control && guest.msg_controllen && (e = control_new(&k, guest.msg_controllen)) < 0)
		return e;
	m.msg_control = k.host;
	m.msg_controllen = k.host ? guest.msg_controllen + 64 : 0;
	const struct iovec *v = m.msg_iov;
	if (!(r = box_iov(&v, m.msg_iovlen))) {
		m.msg_iov = (struct iovec *)v;
		r = block(SYS_recvmsg, (int)c->arg[0], &m, msg_flags_recv(c->arg[2]));
		box_iov_done(v, m.msg_iovlen);
		m.msg_iov = guest.msg_iov;
	}
	if (r >= 0)
		e = received(c, &guest, &m, &a, &k);
	control_free(&k);
	return r >= 0 && e < 0 ? e : r;
}
