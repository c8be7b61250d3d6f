/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Credentials that a sender attaches (SCM_CREDS, struct cmsgcred), which any receiver on BSD sees. Linux shows a sender's
 * only to who asked before. So they travel as one descriptor more: an end of a pair of sockets, of which the host's kernel
 * tells who made it (SO_PEERCRED, SO_PEERGROUPS; of datagrams, since of streams that were connected it names the other end's
 * maker, and of datagrams only pairs have it). That is the number of the process, its effective user and groups, which
 * nobody can forge; the real user and group are said beside it, by the sender's guise. A native receiver sees the descriptor,
 * so none is sent where the other end of the connection is known to be native. A receiver with LOCAL_CREDS gets struct
 * sockcred instead, there as here. Meaning: sys/kern/uipc_usrreq.c, unp_internalize (15.0).
 */
#include <string.h>
#include "host.h"
#include "others.h"
#include "sock.h"
#include "bsd/sock.h"

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif
#define MAGIC 0x63736d67u
#define GROUPS 16
struct said { uint32_t magic, uid, gid; };
struct cmsgcred { int32_t pid; uint32_t uid, euid, gid; int16_t n; uint32_t groups[GROUPS]; };
_Static_assert(sizeof(struct cmsgcred) == 84, "sys/socket.h");

static bool peer_native(int fd)
{
	struct ucred u = { 0 };
	uint32_t n = sizeof u;
	return !host(SYS_getsockopt, fd, SOL_SOCKET, SO_PEERCRED, &u, &n) && u.pid > 0 && other_kind(u.pid) == OTHER_NONE;
}
int cmsg_creds_pack(struct thread *t)
{
	struct said said = { MAGIC, (uint32_t)host(SYS_getuid), (uint32_t)host(SYS_getgid) };
	int s[2], domain = sock_domain((int)t->call->arg[0]);
	long e;

	if (domain != AF_UNIX || peer_native((int)t->call->arg[0]))
		return -1;
	if ((e = host(SYS_socketpair, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, s)) < 0)
		return (int)e;
	e = host(SYS_write, s[0], &said, sizeof said);
	host(SYS_close, s[0]);
	if (e == sizeof said)
		return fd_ours(t->p, s[1]);
	host(SYS_close, s[1]);
	return -ENOBUFS;
}
long cmsg_creds_unpack(int fd, void *to)
{
	struct cmsgcred c = { 0 };
	struct ucred u;
	struct said said;
	uint32_t groups[GROUPS * 64], n = sizeof u, type = 0, len = sizeof type;

	if (host(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0 || type != SOCK_DGRAM ||
	    host(SYS_recvfrom, fd, &said, sizeof said, MSG_PEEK | MSG_DONTWAIT, NULL, NULL) != sizeof said || said.magic != MAGIC ||
	    host(SYS_getsockopt, fd, SOL_SOCKET, SO_PEERCRED, &u, &n) < 0)
		return 0;
	n = sizeof groups;
	if (host(SYS_getsockopt, fd, SOL_SOCKET, SO_PEERGROUPS, groups, &n) < 0)
		n = 0;
	c = (struct cmsgcred){ .pid = u.pid, .uid = said.uid, .euid = u.uid, .gid = said.gid, .n = 1, .groups = { u.gid } };
	for (uint32_t i = 0; i < n / sizeof *groups && c.n < GROUPS; i++)        /* the host's list often has the effective one, too */
		if (groups[i] != u.gid)
			c.groups[c.n++] = groups[i];
	memcpy(to, &c, sizeof c);
	return sizeof c;
}
