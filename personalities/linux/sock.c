/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Sockets are the host's, but a local one has a path for a name: with a root, the shared handlers look it up there.
 */
#include "linux.h"

sysfn lnx_bind, lnx_connect, lnx_accept, lnx_accept4, lnx_getsockname, lnx_getpeername, lnx_sendto, lnx_recvfrom;
sysfn sys_bind, sys_connect, sys_accept, sys_accept4, sys_getsockname, sys_getpeername, sys_sendto, sys_recvfrom;

static long either(struct call *c, sysfn *rooted) { return c->t->p->paths ? rooted(c) : lnx_pass(c); }

long lnx_bind(struct call *c) { return either(c, sys_bind); }
long lnx_connect(struct call *c) { return either(c, sys_connect); }
long lnx_accept(struct call *c) { return either(c, sys_accept); }
long lnx_accept4(struct call *c) { return either(c, sys_accept4); }
long lnx_getsockname(struct call *c) { return either(c, sys_getsockname); }
long lnx_getpeername(struct call *c) { return either(c, sys_getpeername); }

/* Only a message with an address needs the look. */
long lnx_sendto(struct call *c) { return c->arg[4] ? either(c, sys_sendto) : lnx_pass(c); }
long lnx_recvfrom(struct call *c) { return c->arg[4] ? either(c, sys_recvfrom) : lnx_pass(c); }
