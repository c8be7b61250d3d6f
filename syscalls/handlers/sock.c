/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Sockets: making, naming, connecting and single-buffer traffic, by addresses that sock_addr.c has turned into the host's.
 * Data buffers go to Linux as the guest passed them.
 *
 * A socket of ours is the host's; what Linux has no bit for (SO_NOSIGPIPE and such) hangs on the descriptor as an
 * fdobj that dup and fork share. It does not survive exec or SCM_RIGHTS, where the system's own socket would keep it.
 */
#include <string.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/un.h>
#include <sys/stat.h>
#include "host.h"
#include "ext.h"
#include "confine.h"
#include "sock.h"
#include "observe/audit.h"

sysfn sys_socket, sys_socketpair, sys_bind, sys_connect, sys_listen, sys_shutdown, sys_accept,
	sys_accept4, sys_getsockname, sys_getpeername, sys_sendto, sys_recvfrom;

/* --- state of ours ---------------------------------------------------------------------------------------------- */
struct sockst { struct fdobj o; unsigned bits; };
volatile int sock_states;            /* how many there are: most programs have none and pay nothing */

static void state_close(struct fdobj *o)
{
	__atomic_sub_fetch(&sock_states, 1, __ATOMIC_RELAXED);
	mem_free(o, sizeof(struct sockst));
}
static const char *state_saved(struct proc *p, int fd, struct fdobj *o, uint64_t *word)
{
	*word = ((struct sockst *)o)->bits;
	return NULL;
}
static long state_restored(struct thread *t, int fd, uint64_t word) { return sock_state_set(t, fd, (unsigned)word, true); }
static const struct fdops state_ops = {
	.name = "socket", .close = state_close, .saved = state_saved, .restored = state_restored,
};
FDOPS(state_ops);

unsigned sock_state(struct thread *t, int fd)
{
	struct fdobj *o = sock_states ? fd_get(t->p, fd, &state_ops) : NULL;
	return o ? ((struct sockst *)o)->bits : 0;
}
long sock_state_set(struct thread *t, int fd, unsigned bits, bool on)
{
	struct sockst *s = sock_states ? (struct sockst *)fd_get(t->p, fd, &state_ops) : NULL;
	if (!s && !on)
		return 0;
	if (!s) {
		s = mem_alloc(sizeof *s);
		if (!s)
			return -ENOBUFS;
		s->o = (struct fdobj){ .ops = &state_ops, .refs = 1 };
		__atomic_add_fetch(&sock_states, 1, __ATOMIC_RELAXED);
		long e = fd_put(t->p, fd, &s->o);
		if (e < 0) {
			state_close(&s->o);
			return e;
		}
	}
	s->bits = on ? s->bits | bits : s->bits & ~bits;
	return 0;
}
int sock_domain(int fd)
{
	int d = 0;
	uint32_t n = sizeof d;
	long e = host(SYS_getsockopt, fd, SOL_SOCKET, SO_DOMAIN, &d, &n);
	return e < 0 ? (int)e : d;
}

/* --- making ----------------------------------------------------------------------------------------------------- */
/* A raw local socket is a datagram one here and nothing there. */
long sys_socket(struct call *c)
{
	if (c->arg[0] == AF_UNIX && (c->arg[1] & 0xf) == SOCK_RAW && c->t->p->pers->classic_sockets)
		return -EPROTOTYPE;
	return host(SYS_socket, c->arg[0], c->arg[1], (int)c->arg[2]);
}
long sys_socketpair(struct call *c)
{
	int sv[2];
	long e = host(SYS_socketpair, c->arg[0], c->arg[1], (int)c->arg[2], sv);
	if (e < 0)
		return e;
	if (!fd_allowed(c->t->p, MAX(sv[0], sv[1])))
		e = -EMFILE;
	else
		e = copy_out((uaddr)c->arg[3], sv, sizeof sv);
	if (e < 0) {
		host(SYS_close, sv[0]);
		host(SYS_close, sv[1]);
	}
	return e;
}
/* An address of another family than the socket's: EAFNOSUPPORT there, EINVAL from some of the host's. */
static long family_error(struct call *c, int fd, const struct addr *a, long e)
{
	bool other = e == -EINVAL && c->t->p->pers->classic_sockets && sock_domain(fd) != a->ss.ss_family;
	return other ? -EAFNOSUPPORT : e;
}
/* A stream to or from a group is nothing: the others say which way it is wrong, the host something else or nothing. */
static long group_error(struct call *c, int fd, const struct addr *a, bool connecting)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)&a->ss;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&a->ss;
	bool group = a->ss.ss_family == AF_INET ? IN_MULTICAST(__builtin_bswap32(in->sin_addr.s_addr)) :
		     a->ss.ss_family == AF_INET6 && in6->sin6_addr.s6_addr[0] == 0xff;
	bool everybody = a->ss.ss_family == AF_INET && in->sin_addr.s_addr == INADDR_BROADCAST;
	int type = 0;
	uint32_t n = sizeof type;
	if (!(group || (everybody && connecting)) || !c->t->p->pers->classic_sockets)
		return 0;
	if (host(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &type, &n) || type != SOCK_STREAM || sock_domain(fd) != a->ss.ss_family)
		return 0;
	return group ? -EAFNOSUPPORT : -EACCES;
}
/* A port that is chosen, of a socket that asked for a reserved one: the first free below 1024, as they look for it. The
 * host has no such range, and chooses none there. */
#define PORT_LOW_FIRST 1023
#define PORT_LOW_LAST 600
static uint16_t *port_of(struct sockaddr_storage *ss)
{
	return ss->ss_family == AF_INET ? &((struct sockaddr_in *)ss)->sin_port :
	       ss->ss_family == AF_INET6 ? &((struct sockaddr_in6 *)ss)->sin6_port : NULL;
}
static long bind_any(struct thread *t, int fd, struct sockaddr_storage *ss, long len)
{
	uint16_t *port = port_of(ss);
	long e = -EADDRINUSE;
	if (!port || *port || !(sock_state(t, fd) & SOCK_PORT_LOW))
		return host(SYS_bind, fd, ss, len);
	for (unsigned n = PORT_LOW_FIRST; n >= PORT_LOW_LAST && e == -EADDRINUSE; n--) {
		*port = __builtin_bswap16((uint16_t)n);
		e = host(SYS_bind, fd, ss, len);
	}
	return e == -EADDRINUSE ? -EADDRNOTAVAIL : e;
}
/* Before the host would choose one itself. */
static long port_first(struct thread *t, int fd)
{
	struct sockaddr_storage ss;
	uint32_t n = sizeof ss;
	if (!(sock_state(t, fd) & SOCK_PORT_LOW) || host(SYS_getsockname, fd, &ss, &n) < 0)
		return 0;
	return port_of(&ss) && !*port_of(&ss) ? bind_any(t, fd, &ss, n) : 0;
}
static bool named(int fd)
{
	struct sockaddr_storage ss;
	uint32_t n = sizeof ss;
	return host(SYS_getsockname, fd, &ss, &n) == 0 && n > offsetof(struct sockaddr_un, sun_path);
}
long sock_bind_at(struct call *c, int dirfd, int i)
{
	struct addr a;
	long e = addr_get(c->t, (uaddr)c->arg[i + 1], (uint32_t)c->arg[i + 2], dirfd, PATH_CREATE, &a);
	if (e < 0)
		return e;
	if (!(e = group_error(c, (int)c->arg[i], &a, false)))
		e = bind_any(c->t, (int)c->arg[i], &a.ss, a.len);
	addr_done(&a);
	if (e == -EADDRINUSE && a.ss.ss_family == AF_UNIX && named((int)c->arg[i]) && c->t->p->pers->classic_sockets)
		return -EINVAL;          /* the socket has a name: seen first there; here, the name that is taken */
	return family_error(c, (int)c->arg[i], &a, e);
}
long sys_bind(struct call *c) { return sock_bind_at(c, AT_FDCWD, 0); }

/* --- connecting: what classic answers tell their programs, and the host's do not -------------------------------- */
static bool connected(int fd, int type)
{
	struct sockaddr_storage ss;
	uint32_t n = sizeof ss, tn = sizeof type;
	int is;
	return host(SYS_getpeername, fd, &ss, &n) == 0 &&
	       host(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &is, &tn) == 0 && is == type;
}
/* A full queue of a local listener: refused at once there; the host waits, or says EAGAIN to a non-blocking connect. A path
 * that is no socket: ENOTSOCK, which the host calls refused. */
static long un_error(const struct addr *a, long e)
{
	const struct sockaddr_un *un = (const struct sockaddr_un *)&a->ss;
	struct stat st;
	if (e == -EAGAIN)
		return -ECONNREFUSED;
	if (e == -ECONNREFUSED && host(SYS_stat, un->sun_path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return -ENOTSOCK;
	return e;
}
/* The second connect of a stream that was connected in the background: the host tells 0 once, the others always EISCONN. An
 * interrupted connect goes on in the background on both; after a handler with SA_RESTART the host takes it up again where
 * they tell EINTR: the guest sees the host's way. */
long sock_connect_at(struct call *c, int dirfd, int i)
{
	struct addr a;
	int fd = (int)c->arg[i];
	bool classic = c->t->p->pers->classic_sockets;
	long e = addr_get(c->t, (uaddr)c->arg[i + 1], (uint32_t)c->arg[i + 2], dirfd, PATH_FOLLOW, &a);
	if (e < 0)
		return e;
	if (classic && a.ss.ss_family != AF_UNSPEC && connected(fd, SOCK_STREAM))
		e = -EISCONN;
	else if (!(e = group_error(c, fd, &a, true)) && !(e = port_first(c->t, fd)))
		e = block(SYS_connect, fd, &a.ss, a.len);
	if (classic && a.ss.ss_family == AF_UNIX)
		e = un_error(&a, e);
	addr_done(&a);
	return family_error(c, fd, &a, e);
}
long sys_connect(struct call *c) { return sock_connect_at(c, AT_FDCWD, 0); }

long sys_listen(struct call *c)
{
	long e = port_first(c->t, (int)c->arg[0]);
	return e ? e : host(SYS_listen, c->arg[0], (int)c->arg[1]);
}
long sys_shutdown(struct call *c) { return host(SYS_shutdown, c->arg[0], (int)c->arg[1]); }

/* A bad name buffer: the connection is lost and the descriptor closed again, as the host does it. */
static long accept_with(struct call *c, int flags)
{
	struct addr a = { .own = { -1, -1 } };
	uint32_t room, n = sizeof a.ss;
	int fd = (int)c->arg[0];
	long e = c->arg[1] ? addr_room((uaddr)c->arg[1], (uaddr)c->arg[2], &room) : 0, r;
	if (e < 0)
		return e;
	r = block(SYS_accept4, fd, &a.ss, &n, flags);
	if (r == -EOPNOTSUPP && c->t->p->pers->classic_sockets)
		return -EINVAL;          /* a kind of socket that nobody can connect to is one that does not listen */
	if (r < 0)
		return r;
	a.len = n;
	if (c->t->p->limited)
		fdcaps_copy(c->t->p, fd, (int)r);
	if (c->arg[1])
		e = addr_put(c->t, &a, (uaddr)c->arg[1], room, (uaddr)c->arg[2], true);
	if (!e && sock_states)
		e = sock_state_set(c->t, (int)r, sock_state(c->t, fd), sock_state(c->t, fd) != 0);
	if (e < 0) {
		fd_closed(c->t->p, (int)r);
		host(SYS_close, r);
		return e;
	}
	return r;
}
/* Classic: the new socket has the listener's O_NONBLOCK and O_ASYNC. The host's has neither. */
long sys_accept(struct call *c)
{
	long fl = 0;
	if (c->t->p->pers->classic_sockets)
		fl = host(SYS_fcntl, c->arg[0], F_GETFL, 0);
	return accept_with(c, fl > 0 && fl & O_NONBLOCK ? SOCK_NONBLOCK : 0);
}
long sys_accept4(struct call *c) { return accept_with(c, (int)c->arg[3]); }

static long name_with(struct call *c, long nr)
{
	struct addr a = { .own = { -1, -1 } };
	uint32_t room, n = sizeof a.ss;
	long e = addr_room((uaddr)c->arg[1], (uaddr)c->arg[2], &room);
	if (!e)
		e = host(nr, c->arg[0], &a.ss, &n);
	if (e < 0)
		return e;
	a.len = n;
	return addr_put(c->t, &a, (uaddr)c->arg[1], room, (uaddr)c->arg[2], true);
}
long sys_getsockname(struct call *c) { return name_with(c, SYS_getsockname); }
long sys_getpeername(struct call *c) { return name_with(c, SYS_getpeername); }

/* --- traffic ---------------------------------------------------------------------------------------------------- */
int msg_flags_in(struct thread *t, int fd, long flags)
{
	int f = (int)(flags & (long)HOST_BITS);
	if (flags & (long)X_MSG_NBIO)
		f |= MSG_DONTWAIT;
	if (sock_state(t, fd) & SOCK_NOSIGPIPE)
		f |= MSG_NOSIGNAL;
	return f;
}
int msg_flags_recv(long flags)
{
	return (int)(flags & (long)HOST_BITS) | (flags & (long)X_MSG_NBIO ? MSG_DONTWAIT : 0);
}
/* Classic: SIGPIPE from every kind of socket. The host: from streams alone. */
static void pipe_signal(struct thread *t, int fd)
{
	int type = SOCK_STREAM;
	uint32_t n = sizeof type;
	host(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &type, &n);
	if (type != SOCK_STREAM && t->p->pers->classic_sockets)
		host(SYS_tgkill, t->p->pid, t->tid, SIGPIPE);
}
long msg_sent(struct thread *t, int fd, long flags, long rv)
{
	if (rv >= 0 && flags & (long)X_MSG_EOF)
		host(SYS_shutdown, fd, SHUT_WR);
	if (rv == -EPIPE && !(msg_flags_in(t, fd, flags) & MSG_NOSIGNAL))
		pipe_signal(t, fd);
	return rv;
}
/* An address on a connected datagram socket: EISCONN; taken by the host for this one message. */
static long send_to(struct call *c, uaddr to, uint32_t tolen)
{
	struct addr a = { .own = { -1, -1 } };
	int fd = (int)c->arg[0], f = msg_flags_in(c->t, fd, c->arg[3]);
	long e = to ? addr_get(c->t, to, tolen, AT_FDCWD, PATH_FOLLOW, &a) : audit_judges(c->t) ? audit_addr(c->t, NULL) : 0;
	if (e < 0)
		return e;
	if (to && c->t->p->pers->classic_sockets && connected(fd, SOCK_DGRAM))
		e = -EISCONN;
	else
		e = block(SYS_sendto, fd, c->arg[1], c->arg[2], f, to ? &a.ss : NULL, a.len);
	addr_done(&a);
	return msg_sent(c->t, fd, c->arg[3], e);
}
long sys_sendto(struct call *c) { return send_to(c, (uaddr)c->arg[4], (uint32_t)c->arg[5]); }

static long recv_from(struct call *c, uaddr from, uaddr lenp)
{
	struct addr a = { .own = { -1, -1 } };
	uint32_t room, n = sizeof a.ss;
	int f = msg_flags_recv(c->arg[3]);
	long e = lenp ? addr_room(from, lenp, &room) : 0, r;
	if (e < 0)
		return e;
	r = block(SYS_recvfrom, (int)c->arg[0], c->arg[1], c->arg[2], f, from ? &a.ss : NULL, from ? &n : NULL);
	if (r < 0 || !from || !lenp)
		return r;
	a.len = n;
	e = addr_put(c->t, &a, from, room, lenp, false);
	return e < 0 ? e : r;
}
long sys_recvfrom(struct call *c) { return recv_from(c, (uaddr)c->arg[4], (uaddr)c->arg[5]); }
