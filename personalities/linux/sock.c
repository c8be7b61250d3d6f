/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Sockets are the host's, but a local one has a path for a name: with a root, the shared handlers look it up there.
 * Under a policy that speaks of addresses, an address is read once, judged, and given to the host as it was read.
 */
#include <sys/socket.h>
#include "../../syscalls/sock.h"
#include "linux.h"
#include "observe/audit.h"

sysfn lnx_bind, lnx_connect, lnx_accept, lnx_accept4, lnx_getsockname, lnx_getpeername, lnx_sendto, lnx_recvfrom;
sysfn lnx_sendmsg, lnx_sendmmsg, lnx_mmsg;
sysfn sys_bind, sys_connect, sys_accept, sys_accept4, sys_getsockname, sys_getpeername, sys_sendto, sys_recvfrom;

static long either(struct call *c, sysfn *rooted)
{
	return c->t->p->paths || audit_judges(c->t) ? rooted(c) : lnx_pass(c);
}
/* A local socket that was bound under a policy has our name for it (pin.c). */
static long told(struct call *c, sysfn *rooted)
{
	return c->t->p->paths || audit_on() ? rooted(c) : lnx_pass(c);
}
long lnx_bind(struct call *c) { return either(c, sys_bind); }
long lnx_connect(struct call *c) { return either(c, sys_connect); }
long lnx_accept(struct call *c) { return told(c, sys_accept); }
long lnx_accept4(struct call *c) { return told(c, sys_accept4); }
long lnx_getsockname(struct call *c) { return told(c, sys_getsockname); }
long lnx_getpeername(struct call *c) { return told(c, sys_getpeername); }

/* Only a message with an address needs the look. */
long lnx_sendto(struct call *c) { return c->arg[4] || audit_judges(c->t) ? either(c, sys_sendto) : lnx_pass(c); }
long lnx_recvfrom(struct call *c) { return c->arg[4] ? told(c, sys_recvfrom) : lnx_pass(c); }

/* The header is ours and holds the address that was judged; what it points to besides is the guest's. */
static long send_one(struct call *c, uaddr header)
{
	struct msghdr m;
	struct addr a = { .own = { -1, -1 } };
	long e = copy_in(&m, header, sizeof m);

	if (!e)
		e = m.msg_name && m.msg_namelen ? addr_get(c->t, (uaddr)m.msg_name, m.msg_namelen, -100, PATH_FOLLOW, &a) :
						  audit_addr(c->t, NULL);
	if (e < 0)
		return e;
	if (m.msg_name && m.msg_namelen)
		m.msg_name = &a.ss, m.msg_namelen = (socklen_t)a.len;
	e = block(SYS_sendmsg, (int)c->arg[0], &m, (unsigned)c->arg[c->nr == SYS_sendmmsg ? 3 : 2]);
	addr_done(&a);
	return e;
}
long lnx_sendmsg(struct call *c) { return audit_judges(c->t) ? send_one(c, (uaddr)c->arg[1]) : lnx_pass(c); }

long lnx_sendmmsg(struct call *c)
{
	unsigned n = MIN((unsigned)c->arg[2], 1024u), sent = 0;
	long e = 0;

	if (!audit_judges(c->t))
		return lnx_mmsg(c);
	if (!n)
		return (e = audit_addr(c->t, NULL)) ? e : lnx_pass(c);
	for (; sent < n; sent++) {
		uaddr at = (uaddr)c->arg[1] + sent * sizeof(struct mmsghdr);
		if ((e = send_one(c, at)) < 0)
			break;
		if (mem_store32(at + offsetof(struct mmsghdr, msg_len), (uint32_t)e))
			return sent ? (long)sent : -EFAULT;
	}
	if (!c->t->denied && sent)
		return (long)sent;
	return e;
}
