/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Sockets that are connected to each other, made again before the tree is forked, so that each process has what it had of them:
 * local ones by socketpair, with their names; TCP by a connection over the loopback between the same two addresses. Then what was
 * under way is sent, and the halves are shut down that were. Locks on files, which are taken last.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include "guise.h"
#include "loader/loader.h"
#include "loader/restore.h"

#define HIGH 300                         /* as restore_tree.c */
#define TRIES 60                         /* of 50 ms: an old connection between the same ports is gone after a second */

static int up(int fd)
{
	int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, HIGH), e = errno;
	if (fd >= 0)
		close(fd);
	errno = e;
	return high;
}
/* --- local ones ----------------------------------------------------------------------------------------------------------- */
/* Names that do not begin with a slash are of the guest's directory, where we are not yet. */
int restore_enter(const struct snap_image *g)
{
	int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	EACH(g, SNAP_OPTION, struct snap_option, o)
		if (here >= 0 && o->what == OPTION_CWD && chdir(o->text) < 0) {
			close(here);
			return -1;
		}
	return here;
}
void restore_leave(int here)
{
	if (here >= 0 && fchdir(here) < 0)
		say("the directory that this was started in is gone: %s", strerror(errno));
	if (here >= 0)
		close(here);
}
/* The name that it was accepted under belongs to whoever listens, and is his again afterwards. */
static void name(const struct snap_image *g, int fd, const struct snap_end *e, int type)
{
	const struct sockaddr_un *un = (const void *)e->name;

	if (e->name_len <= sizeof(sa_family_t))
		return;
	bool path = un->sun_path[0];
	int here = restore_enter(g);
	if (here >= 0)
		restore_free_name(un, e->name_len, type);
	if (here < 0 || !path || bind(fd, (const void *)un, e->name_len) < 0)
		say("the name %s%.100s of one of its connected sockets cannot be had here: it has none", path ? "" : "@",
		    un->sun_path + !path);
	else
		unlink(un->sun_path);
	restore_leave(here);
}
static bool make_local(struct restore *r, const struct tree *t, const struct snap_pair *p, int end[2])
{
	if (socketpair(AF_UNIX, (int)p->type | SOCK_CLOEXEC, 0, end) < 0 || (end[0] = up(end[0])) < 0 || (end[1] = up(end[1])) < 0)
		return restore_bad(r, "two connected sockets cannot be made: %s", strerror(errno));
	name(t->member, end[0], &p->end[0], (int)p->type);
	name(t->member, end[1], &p->end[1], (int)p->type);
	return true;
}
/* --- TCP ------------------------------------------------------------------------------------------------------------------- */
static int bound(const struct snap_end *e)
{
	int on = 1, fd = socket((int)e->family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && !setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) && !bind(fd, (const void *)e->name, e->name_len))
		return fd;
	if (fd >= 0) {
		int err = errno;
		close(fd);
		errno = err;
	}
	return -1;
}
/* To the other's address, as the family of this end writes it */
static int reach(int fd, const struct snap_end *own, const struct snap_end *to)
{
	struct sockaddr_in in = *(const struct sockaddr_in *)to->name;
	struct sockaddr_in6 in6 = *(const struct sockaddr_in6 *)to->name;

	if (own->family == to->family)
		return connect(fd, (const void *)to->name, to->name_len);
	if (own->family == AF_INET) {
		in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = in6.sin6_port };
		memcpy(&in.sin_addr, in6.sin6_addr.s6_addr + 12, 4);
		return connect(fd, (const void *)&in, sizeof in);
	}
	in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = in.sin_port };
	memset(in6.sin6_addr.s6_addr + 10, 0xff, 2);
	memcpy(in6.sin6_addr.s6_addr + 12, &in.sin_addr, 4);
	return connect(fd, (const void *)&in6, sizeof in6);
}
static unsigned port_of(const struct snap_end *e) { return ntohs(((const struct sockaddr_in *)e->name)->sin_port); }

/* Ours is the one that comes from our port: somebody else may have knocked before. */
static int accepted(int listener, unsigned port)
{
	for (;;) {
		struct sockaddr_in6 who;         /* the port lies where sockaddr_in has it */
		socklen_t n = sizeof who;
		int fd = accept4(listener, (void *)&who, &n, SOCK_CLOEXEC);
		if (fd < 0 || ntohs(who.sin6_port) == port)
			return fd;
		close(fd);
	}
}
static bool connect_once(const struct snap_pair *p, int end[2])
{
	int listener = bound(&p->end[1]), on = 1;

	end[0] = end[1] = -1;
	if (listener >= 0 && !listen(listener, 1) && (end[0] = bound(&p->end[0])) >= 0 && !reach(end[0], &p->end[0], &p->end[1]))
		end[1] = accepted(listener, port_of(&p->end[0]));
	int e = errno;
	if (listener >= 0)
		close(listener);
	if (end[1] >= 0) {
		setsockopt(end[1], SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
		return true;
	}
	if (end[0] >= 0)
		close(end[0]);
	errno = e;
	return false;
}
static bool make_tcp(struct restore *r, const struct snap_pair *p, int end[2])
{
	static const struct timespec nap = { 0, 50000000 };
	bool made = false;
	for (int i = 0; i < TRIES && !(made = connect_once(p, end)) && (errno == EADDRINUSE || errno == EADDRNOTAVAIL); i++)
		nanosleep(&nap, NULL);
	if (!made)
		return restore_bad(r, "its connection between the ports %u and %u of this host cannot be made again: %s%s", port_of(&p->end[0]),
				   port_of(&p->end[1]), strerror(errno), errno == EADDRINUSE ? " (does what was saved still run?)" : "");
	end[0] = up(end[0]);
	end[1] = up(end[1]);
	return (end[0] >= 0 && end[1] >= 0) || restore_bad(r, "no descriptors are left for its connections");
}
/* --- what was under way ------------------------------------------------------------------------------------------------------ */
static bool send_all(struct restore *r, int fd, const uint8_t *at, size_t n, bool messages)
{
	while (n) {
		uint32_t len = 0;
		size_t some = n;
		if (messages) {
			if (n < sizeof len)
				return restore_bad(r, "the messages that waited in a socket do not end where they should");
			memcpy(&len, at, sizeof len);
			at += sizeof len, n -= sizeof len, some = len;
			if (some > n)
				return restore_bad(r, "the messages that waited in a socket do not end where they should");
		}
		struct pollfd ready = { .fd = fd, .events = POLLOUT };
		ssize_t sent = send(fd, at, some, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno == EAGAIN && !messages && poll(&ready, 1, 1000) == 1)
			sent = send(fd, at, some, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 || (messages && sent != (ssize_t)some))
			return restore_bad(r, "what was under way between two of its sockets does not fit into them here: %s",
					   sent < 0 ? strerror(errno) : "it is cut");
		at += sent, n -= (size_t)sent;
	}
	return true;
}
static bool fill(struct restore *r, struct snap_image *g, const struct snap_pair *p, const int end[2], unsigned to)
{
	const struct snap_end *e = &p->end[to];
	int room = 1 << 30, was = 0;
	socklen_t n = sizeof was;
	const uint8_t *bytes;
	bool good;

	if (!e->section)
		return true;
	if (!(bytes = snapfile_section(&g->file, e->section - 1)))
		return restore_bad(r, "%s", g->file.why);
	if (p->family == AF_UNIX) {
		getsockopt(end[!to], SOL_SOCKET, SO_SNDBUF, &was, &n);
		setsockopt(end[!to], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
	}
	good = send_all(r, end[!to], bytes, e->bytes, p->type != SOCK_STREAM);
	was /= 2;
	if (p->family == AF_UNIX)
		setsockopt(end[!to], SOL_SOCKET, SO_SNDBUF, &was, sizeof was);
	return good;
}
static void shut(const struct snap_pair *p, const int end[2])
{
	for (unsigned e = 0; e < 2; e++) {
		if (p->end[e].shut & 2)
			shutdown(end[e], SHUT_WR);
		if (p->end[e].shut & 1 && p->family == AF_UNIX)  /* of TCP it is what the other end has sent */
			shutdown(end[e], SHUT_RD);
		else if (p->end[e].shut & 1)
			shutdown(end[!e], SHUT_WR);
	}
}
bool restore_pairs(struct restore *r, struct tree *t)
{
	struct snap_image *g = t->member;
	if (!(t->pair = calloc(g->of[SNAP_PAIR].n + 1, sizeof *t->pair)))
		return restore_bad(r, "no memory for its connected sockets");
	EACH(g, SNAP_PAIR, struct snap_pair, p) {
		int *end = t->pair[i_p].end;
		if (!(p->family == AF_UNIX ? make_local(r, t, p, end) : make_tcp(r, p, end)))
			return false;
		t->n_pairs = i_p + 1;
		if (!fill(r, g, p, end, 0) || !fill(r, g, p, end, 1))
			return false;
		shut(p, end);
	}
	return true;
}
/* --- locks ---------------------------------------------------------------------------------------------------------------------- */
bool restore_locks(struct restore *r)
{
	EACH(r->image, SNAP_LOCK, struct snap_lock, l) {
		struct flock f = { .l_type = l->writes ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET, .l_start = l->start, .l_len = l->len };
		int e = l->kind == 0 ? flock(l->fd, (l->writes ? LOCK_EX : LOCK_SH) | LOCK_NB) :
			fcntl(l->fd, l->kind == 1 ? F_SETLK : F_OFD_SETLK, &f);
		if (e < 0)
			return restore_bad(r, "its lock on %s (descriptor %d) cannot be taken again: %s", image_fd(r->image, l->fd)->path, l->fd,
					   errno == EAGAIN || errno == EACCES ? "somebody else holds one (does what was saved still run?)" : strerror(errno));
	}
	return true;
}
