/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Sockets of the guest's: one that listens, or is bound and talks to nobody in particular, or is fresh, can be made again;
 * one that is connected has a state in another process or machine, and is refused by name.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "loader/snapimage.h"
#include "tools/snapshot/snapshot.h"

static void describe(const struct sockaddr_storage *a, socklen_t n, char *to, size_t size)
{
	const struct sockaddr_in *in = (const void *)a;
	const struct sockaddr_in6 *in6 = (const void *)a;
	const struct sockaddr_un *un = (const void *)a;
	char text[INET6_ADDRSTRLEN] = "";

	if (a->ss_family == AF_INET && inet_ntop(AF_INET, &in->sin_addr, text, sizeof text))
		snprintf(to, size, "%s port %u", text, ntohs(in->sin_port));
	else if (a->ss_family == AF_INET6 && inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof text))
		snprintf(to, size, "%s port %u", text, ntohs(in6->sin6_port));
	else if (a->ss_family == AF_UNIX && n > offsetof(struct sockaddr_un, sun_path))
		snprintf(to, size, "%s%.100s", un->sun_path[0] ? "" : "@", un->sun_path + !un->sun_path[0]);
	else
		snprintf(to, size, "no name");
}
static int option(int fd, int level, int which)
{
	int v = 0;
	socklen_t n = sizeof v;
	return getsockopt(fd, level, which, &v, &n) < 0 ? 0 : v;
}
static bool is_bound(const struct sockaddr_storage *a, socklen_t n)
{
	if (a->ss_family == AF_INET)
		return ((const struct sockaddr_in *)a)->sin_port != 0;
	if (a->ss_family == AF_INET6)
		return ((const struct sockaddr_in6 *)a)->sin6_port != 0;
	return n > sizeof(sa_family_t);
}
/* Of a connection some tell what the kernel has made of it, and not what was asked for. */
static bool is_made_up(const struct snap_fd *f, int fd, int level, int name)
{
	int locked = 0;
	socklen_t n = sizeof locked;
	if (f->kind != FD_PAIR || f->word[0] == AF_UNIX)
		return false;
	if (level == SOL_SOCKET && (name == SO_RCVBUF || name == SO_SNDBUF))
		return !getsockopt(fd, SOL_SOCKET, SO_BUF_LOCK, &locked, &n) && !(locked & (name == SO_SNDBUF ? 1 : 2));
	return (level == IPPROTO_TCP && (name == TCP_MAXSEG || name == TCP_DEFER_ACCEPT || name == TCP_FASTOPEN)) ||
	       (level == IPPROTO_IP && (name == IP_MULTICAST_TTL || (f->word[0] == AF_INET6))) ||
	       (level == IPPROTO_IPV6 && name == IPV6_MULTICAST_HOPS);
}
static void options_out(const struct target *t, struct writer *w, int fd, const struct snap_fd *f)
{
	int fresh = socket((int)f->word[0], (int)f->word[1] | SOCK_CLOEXEC, (int)f->word[2]), filters = 0;
	socklen_t n = 0;
	char device[32] = "";

	if (!getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, NULL, &n))
		filters = (int)n;
	if (filters > 0)
		cannot(t, "its descriptor %d is a socket with a packet filter", f->fd);
	n = sizeof device;
	if (!getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, &n) && *device)
		cannot(t, "its descriptor %d is a socket bound to the device %s", f->fd, device);
	for (unsigned i = 0; fresh >= 0 && i < n_snap_sockopts; i++) {
		struct snap_sockopt o = { .fd = f->fd, .level = snap_sockopts[i].level, .name = snap_sockopts[i].name };
		uint8_t was[sizeof o.value] = { 0 };
		socklen_t size = sizeof o.value, size_was = sizeof was;
		bool ip = snap_sockopts[i].family == AF_INET && (f->word[0] == AF_INET || f->word[0] == AF_INET6);
		if ((snap_sockopts[i].family && snap_sockopts[i].family != f->word[0] && !ip) || (snap_sockopts[i].type && snap_sockopts[i].type != f->word[1]) ||
		    is_made_up(f, fd, o.level, o.name) || getsockopt(fd, o.level, o.name, o.value, &size) < 0 ||
		    getsockopt(fresh, o.level, o.name, was, &size_was) < 0 ||
		    (size == size_was && !memcmp(was, o.value, size)))
			continue;
		o.size = size;
		if (o.level == SOL_SOCKET && (o.name == SO_RCVBUF || o.name == SO_SNDBUF))
			*(int *)o.value /= 2;
		writer_record(w, SNAP_SOCKOPT, &o, sizeof o, NULL);
	}
	if (fresh >= 0)
		close(fresh);
}
static bool somebody_waits(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	return poll(&p, 1, 0) > 0 && p.revents & POLLIN;
}
/* Options that are switches, and all others that differ */
static void save_options(const struct target *t, struct writer *w, int fd, struct snap_fd *f)
{
	f->word[5] = option(fd, SOL_SOCKET, SO_REUSEADDR) | option(fd, SOL_SOCKET, SO_REUSEPORT) << 1 |
		     option(fd, SOL_SOCKET, SO_KEEPALIVE) << 2 | (f->word[0] == AF_INET6 ? option(fd, IPPROTO_IPV6, IPV6_V6ONLY) << 3 : 0) |
		     option(fd, SOL_SOCKET, SO_BROADCAST) << 4;
	options_out(t, w, fd, f);
}
void save_socket(const struct target *t, struct writer *w, int fd, const struct stat *st, struct snap_fd *f)
{
	struct sockaddr_storage own = { 0 }, peer = { 0 };
	socklen_t n = sizeof own, np = sizeof peer;
	struct tcp_info info = { 0 };
	socklen_t ni = sizeof info;
	char text[160];
	int queued = 0;

	f->kind = FD_SOCKET;
	f->word[0] = option(fd, SOL_SOCKET, SO_DOMAIN);
	f->word[1] = option(fd, SOL_SOCKET, SO_TYPE);
	f->word[2] = option(fd, SOL_SOCKET, SO_PROTOCOL);
	if (getsockname(fd, (struct sockaddr *)&own, &n) < 0)
		cannot(t, "its descriptor %d is a socket without an address: %s", f->fd, strerror(errno));
	if (f->word[0] != AF_INET && f->word[0] != AF_INET6 && f->word[0] != AF_UNIX)
		cannot(t, "its descriptor %d is a socket of family %lld", f->fd, (long long)f->word[0]);
	if (!getpeername(fd, (struct sockaddr *)&peer, &np)) {
		if (pair_take(t, f, fd, st, &own, n, &peer)) {
			save_options(t, w, fd, f);
			return;
		}
		describe(&peer, np, text, sizeof text);
		cannot(t, "its descriptor %d is a socket that is connected (to %s) (--drop-fd %d leaves it out, --inherit-fd %d has the restorer "
		       "bring it)", f->fd, text, f->fd, f->fd);
	}
	bool listens = option(fd, SOL_SOCKET, SO_ACCEPTCONN), bound = is_bound(&own, n);
	describe(&own, n, text, sizeof text);
	if (f->word[1] == SOCK_RAW || (f->word[1] != SOCK_STREAM && f->word[1] != SOCK_DGRAM && f->word[1] != SOCK_SEQPACKET))
		cannot(t, "its descriptor %d is a raw socket", f->fd);
	if (f->word[0] != AF_UNIX && f->word[1] == SOCK_STREAM && !listens && !getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &ni) &&
	    info.tcpi_state != TCP_CLOSE)
		cannot(t, "its descriptor %d is a socket in the middle of a connection", f->fd);
	if (f->word[1] == SOCK_DGRAM && recv(fd, &queued, sizeof queued, MSG_PEEK | MSG_DONTWAIT) >= 0)
		cannot(t, "its descriptor %d is a socket (%s) with messages that nobody has read", f->fd, text);
	if (n > sizeof f->address)
		cannot(t, "its descriptor %d is a socket with a long name", f->fd);
	if (bound) {
		f->word[3] = n;
		memcpy(f->address, &own, n);
	}
	if (listens && somebody_waits(fd))
		cannot(t, "its descriptor %d is a socket (%s) with a connection that nobody has accepted", f->fd, text);
	if (listens) {
		ni = sizeof info;
		f->word[4] = f->word[0] != AF_UNIX && !getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &ni) && info.tcpi_sacked ?
			     (int)info.tcpi_sacked : 128;
	}
	save_options(t, w, fd, f);
}
