/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Sockets that are connected to each other within the tree: local ones (socketpair, accept) and TCP over the loopback. Each pair
 * is saved with what is under way in both directions, which is only looked at (MSG_PEEK), and with the halves that are shut
 * down. Who is whose peer the kernel tells for local sockets (unix_diag), for TCP the two addresses do. An end that is outside of
 * the tree, or descriptors under way (SCM_RIGHTS), are refused by name.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>
#include "tools/snapshot/snapshot.h"

#define HINT " (--drop-fd %d leaves it out, --inherit-fd %d has the restorer bring it)"
#define MESSAGES_MOST 65536u

static struct pair {
	struct snap_pair r;
	struct { ino_t ino; const struct target *t; int fd, copy; } end[2];     /* t NULL: nobody in the tree has it; copy: ours */
	struct sockaddr_storage at[2];   /* of TCP */
} *pairs;
static unsigned n_pairs;

static struct pair *pair_new(void)
{
	if (!(pairs = realloc(pairs, (n_pairs + 1) * sizeof *pairs)))
		refuse("no memory for the connected sockets");
	memset(&pairs[n_pairs], 0, sizeof *pairs);
	pairs[n_pairs].r.index = n_pairs;
	pairs[n_pairs].end[0].copy = pairs[n_pairs].end[1].copy = -1;
	return &pairs[n_pairs++];
}
/* --- local ones --------------------------------------------------------------------------------------------------------- */
/* Its peer's inode (0: closed) and what is shut down; false: the kernel does not tell */
static bool ask_kernel(ino_t ino, ino_t *peer, unsigned *shut)
{
	struct { struct nlmsghdr h; struct unix_diag_req r; } q = {
		.h = { sizeof q, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, 1, 0 },
		.r = { .sdiag_family = AF_UNIX, .udiag_states = ~0u, .udiag_ino = (uint32_t)ino, .udiag_show = UDIAG_SHOW_PEER,
		       .udiag_cookie = { ~0u, ~0u } },
	};
	char answer[8192] __attribute__((aligned(8)));
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	ssize_t n = fd >= 0 && send(fd, &q, sizeof q, 0) == sizeof q ? recv(fd, answer, sizeof answer, 0) : -1;
	const struct nlmsghdr *h = (const void *)answer;

	if (fd >= 0)
		close(fd);
	if (n < (ssize_t)NLMSG_SPACE(sizeof(struct unix_diag_msg)) || h->nlmsg_type != SOCK_DIAG_BY_FAMILY)
		return false;
	const struct unix_diag_msg *m = NLMSG_DATA(h);
	int left = (int)(h->nlmsg_len - NLMSG_LENGTH(sizeof *m));
	*peer = 0;
	*shut = 0;
	for (const struct rtattr *a = (const void *)(m + 1); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if (a->rta_type == UNIX_DIAG_PEER)
			*peer = *(const uint32_t *)RTA_DATA(a);
		if (a->rta_type == UNIX_DIAG_SHUTDOWN)
			*shut = *(const uint8_t *)RTA_DATA(a);
	}
	return true;
}
static unsigned local_pair(const struct target *t, const struct stat *st, struct snap_fd *f, unsigned *end)
{
	ino_t peer;
	unsigned shut;

	if (!ask_kernel(st->st_ino, &peer, &shut))
		cannot(t, "its descriptor %d is a socket that is connected, and the kernel does not tell with whom (unix_diag)" HINT, f->fd, f->fd, f->fd);
	for (unsigned i = 0; i < n_pairs; i++)
		for (*end = 0; *end < 2; ++*end)
			if (pairs[i].r.family == AF_UNIX && pairs[i].end[*end].ino == st->st_ino) {
				if (peer && peer != pairs[i].end[!*end].ino)
					cannot(t, "its descriptor %d is a socket whose peer is connected to somebody else" HINT, f->fd, f->fd, f->fd);
				pairs[i].r.end[*end].shut = shut;
				return i;
			}
	struct pair *p = pair_new();
	p->r.family = AF_UNIX;
	p->r.end[0].shut = shut;
	p->end[0].ino = st->st_ino;
	p->end[1].ino = peer;
	p->r.end[1].closed = !peer;
	*end = 0;
	return p->r.index;
}
/* --- TCP ------------------------------------------------------------------------------------------------------------------ */
static bool is_loopback(const struct sockaddr_storage *a)
{
	const struct sockaddr_in6 *in6 = (const void *)a;
	return a->ss_family == AF_INET ? ntohl(((const struct sockaddr_in *)a)->sin_addr.s_addr) >> 24 == 127 :
	       IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr) || (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr) && in6->sin6_addr.s6_addr[12] == 127);
}
/* ::ffff:127.0.0.1 is 127.0.0.1: one end may be of the one family, one of the other. */
static void plain(const struct sockaddr_storage *a, uint32_t *ip, uint16_t *port)
{
	const struct sockaddr_in *in = (const void *)a;
	const struct sockaddr_in6 *in6 = (const void *)a;
	*port = a->ss_family == AF_INET ? in->sin_port : in6->sin6_port;
	*ip = a->ss_family == AF_INET ? in->sin_addr.s_addr : IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr) ? ((const uint32_t *)&in6->sin6_addr)[3] : 0;
}
static bool same_place(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	uint32_t ip[2];
	uint16_t port[2];
	plain(a, &ip[0], &port[0]);
	plain(b, &ip[1], &port[1]);
	return ip[0] == ip[1] && port[0] == port[1];
}
static unsigned tcp_pair(const struct target *t, const struct stat *st, struct snap_fd *f, int fd, const struct sockaddr_storage *own,
			 const struct sockaddr_storage *peer, unsigned *end)
{
	struct tcp_info info = { 0 };
	socklen_t n = sizeof info;
	unsigned shut = 0;

	if (!is_loopback(own) || !is_loopback(peer))
		return n_pairs;
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) < 0)
		return n_pairs;
	switch (info.tcpi_state) {
	case TCP_ESTABLISHED: break;
	case TCP_CLOSE_WAIT: shut = 1; break;
	case TCP_FIN_WAIT2: shut = 2; break;
	default: return n_pairs;
	}
	for (unsigned i = 0; i < n_pairs; i++)
		for (*end = 0; *end < 2; ++*end)
			if (pairs[i].r.family != AF_UNIX && same_place(&pairs[i].at[*end], own) && same_place(&pairs[i].at[!*end], peer)) {
				pairs[i].end[*end].ino = st->st_ino;
				pairs[i].r.end[*end].shut = shut;
				return i;
			}
	struct pair *p = pair_new();
	p->r.family = (uint32_t)f->word[0];
	p->r.end[0].shut = shut;
	p->at[0] = *own;
	p->at[1] = *peer;
	p->end[0].ino = st->st_ino;
	*end = 0;
	return p->r.index;
}
/* A connected socket; false: it is of no kind that may have its peer in the tree */
bool pair_take(const struct target *t, struct snap_fd *f, int fd, const struct stat *st, const struct sockaddr_storage *own,
	       socklen_t n_own, const struct sockaddr_storage *peer)
{
	unsigned end = 0, i = n_pairs;
	struct pair *p;

	if (f->word[0] == AF_UNIX)
		i = local_pair(t, st, f, &end);
	else if (f->word[1] == SOCK_STREAM)
		i = tcp_pair(t, st, f, fd, own, peer, &end);
	if (i == n_pairs)
		return false;
	p = &pairs[i];
	p->r.type = (uint32_t)f->word[1];
	p->r.end[end].family = (uint32_t)f->word[0];
	if (n_own > sizeof p->r.end[end].name)
		cannot(t, "its descriptor %d is a socket with a long name", f->fd);
	p->r.end[end].name_len = n_own;
	memcpy(p->r.end[end].name, own, n_own);
	if (!p->end[end].t) {
		p->end[end].t = t;
		p->end[end].fd = f->fd;
		p->end[end].copy = dup(fd);
	}
	f->kind = FD_PAIR;
	f->word[6] = 2 * i + end;
	return true;
}
/* --- what is under way -------------------------------------------------------------------------------------------------- */
struct bytes { uint8_t *at; size_t n, room; };

static uint8_t *more(struct bytes *b, size_t n)
{
	if (b->n + n > b->room) {
		b->room = 2 * b->room + n + 4096;
		if (!(b->at = realloc(b->at, b->room)))
			refuse("no memory for what is under way in sockets");
	}
	return b->at + b->n;
}
/* One look; -1: nothing more. Descriptors under way become ours for a moment. */
static ssize_t peek(const struct target *t, int number, int fd, void *to, size_t n, bool *whole)
{
	char control[4096] __attribute__((aligned(8)));
	struct iovec v = { to, n };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
	ssize_t got = recvmsg(fd, &m, MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	bool rights = false;

	for (struct cmsghdr *c = got < 0 ? NULL : CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		rights = true;
		for (size_t i = 0; CMSG_LEN((i + 1) * sizeof(int)) <= c->cmsg_len; i++)
			close(((int *)CMSG_DATA(c))[i]);
	}
	if (rights || m.msg_flags & MSG_CTRUNC) {
		int off = -1;
		setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &off, sizeof off);
		cannot(t, "its descriptor %d is a socket with descriptors under way in it (SCM_RIGHTS)" HINT, number, number, number);
	}
	*whole = !(m.msg_flags & MSG_TRUNC);
	return got;
}
static void peek_stream(const struct target *t, int number, int fd, struct bytes *b)
{
	int n = 0;
	bool whole;
	if (ioctl(fd, FIONREAD, &n) < 0 || n < 0)
		n = 0;
	ssize_t got = n ? peek(t, number, fd, more(b, (size_t)n), (size_t)n, &whole) : 0;
	if (got != n)
		cannot(t, "what is under way to its socket %d cannot be looked at as a whole", number);
	b->n = (size_t)n;
}
/* Each with its length before it. A look goes on behind the last one as long as SO_PEEK_OFF is set. */
static void peek_messages(const struct target *t, int number, int fd, bool ends, struct bytes *b)
{
	int off = 0, none = -1, total = 0;
	ssize_t got = 0, sum = 0;
	bool whole = true;

	if (ends && (ioctl(fd, SIOCINQ, &total) < 0 || !total))
		return;
	setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &off, sizeof off);
	for (unsigned i = 0; i < MESSAGES_MOST && (!ends || sum < total) && whole; i++) {
		uint8_t *to = more(b, 4 + (1 << 18));
		if ((got = peek(t, number, fd, to + 4, 1 << 18, &whole)) < 0)
			break;
		sum += got;
		memcpy(to, &(uint32_t){ (uint32_t)got }, 4);
		b->n += 4 + (size_t)got;
	}
	setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &none, sizeof none);
	if (!whole || (got >= 0 && !ends))
		cannot(t, "messages that wait in its socket %d are longer or more than are looked at", number);
}
static void end_out(struct writer *w, struct pair *p, unsigned e)
{
	const struct target *t = p->end[e].t;
	struct bytes b = { 0 };
	int number = p->end[e].fd, queued = 0, off = -1;
	socklen_t n = sizeof off;

	if (p->r.family != AF_UNIX && (ioctl(p->end[e].copy, SIOCOUTQ, &queued) < 0 || queued))
		cannot(t, "its descriptor %d is a connection with more under way than its reader has room for" HINT, number, number, number);
	if (!getsockopt(p->end[e].copy, SOL_SOCKET, SO_PEEK_OFF, &off, &n) && off >= 0)
		cannot(t, "its descriptor %d is a socket that is looked into from a place of its own (SO_PEEK_OFF)" HINT, number, number, number);
	if (p->r.type == SOCK_STREAM)
		peek_stream(t, number, p->end[e].copy, &b);
	else
		peek_messages(t, number, p->end[e].copy, p->r.type == SOCK_SEQPACKET, &b);
	if (b.n > SNAPFILE_PLAIN / 2)
		cannot(t, "more is under way to its socket %d than is saved", number);
	p->r.end[e].bytes = (uint32_t)b.n;
	if (b.n)
		p->r.end[e].section = writer_section(w, SECTION_BYTES, b.at, b.n, true) + 1;
	free(b.at);
}
void save_pairs(struct writer *w)
{
	for (unsigned i = 0; i < n_pairs; i++) {
		struct pair *p = &pairs[i];
		for (unsigned e = 0; e < 2; e++) {
			const struct target *t = p->end[e].t;
			int number = p->end[!e].fd, other;
			if (!t && !p->r.end[e].closed)
				cannot(p->end[!e].t, "its descriptor %d is a socket that is connected, and its other end is not in the tree" HINT,
				       number, number, number);
			if (t && (other = held_outside(p->end[e].ino, "socket")))
				cannot(t, "its descriptor %d is a connected socket that process %d holds as well" HINT, p->end[e].fd, other,
				       p->end[e].fd, p->end[e].fd);
			if (t)
				end_out(w, p, e);
		}
		writer_record(w, SNAP_PAIR, &p->r, sizeof p->r, NULL);
	}
}
/* The tree is ended: its connections end with it at once, so that a copy finds their ports free (no TIME_WAIT). */
void pairs_end(void)
{
	struct linger at_once = { 1, 0 };
	for (unsigned i = 0; i < n_pairs; i++)
		for (unsigned e = 0; e < 2; e++)
			if (pairs[i].r.family != AF_UNIX && pairs[i].end[e].copy >= 0)
				setsockopt(pairs[i].end[e].copy, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}
