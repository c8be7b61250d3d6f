/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Requests that 4.4BSD spells and its descendants share: flushing by direction, line disciplines, the room of a socket.
 */
#include <asm/ioctls.h>
#include <sys/socket.h>
#include "host.h"

sysfn bsd_ioctl_tty_flush, bsd_ioctl_tty_setd, bsd_ioctl_tty_ptmaster, bsd_ioctl_nspace;

enum { FREAD = 1, FWRITE = 2 };
enum { FLUSH_IN, FLUSH_OUT, FLUSH_BOTH };            /* the host's TCFLSH */

/* 0 means both. */
long bsd_ioctl_tty_flush(struct call *c)
{
	static const uint8_t what[4] = { FLUSH_BOTH, [FREAD] = FLUSH_IN, [FWRITE] = FLUSH_OUT, [FREAD | FWRITE] = FLUSH_BOTH };
	int which;
	long e = copy_in(&which, (uaddr)c->arg[2], sizeof which);
	return e ? e : block(SYS_ioctl, c->arg[0], TCFLSH, what[which & 3]);
}
long bsd_ioctl_tty_setd(struct call *c)
{
	int now, want;
	long e = host(SYS_ioctl, c->arg[0], TIOCGETD, &now);
	if (!e)
		e = copy_in(&want, (uaddr)c->arg[2], sizeof want);
	return e ? e : want == now ? 0 : -ENXIO;
}
/* Is it the master's side? Only that one has a number to tell. */
long bsd_ioctl_tty_ptmaster(struct call *c)
{
	int n;
	return host(SYS_ioctl, c->arg[0], TIOCGPTN, &n) ? -ENOTTY : 0;
}
long bsd_ioctl_nspace(struct call *c)
{
	int room, used;
	unsigned n = sizeof room;
	long e = host(SYS_getsockopt, c->arg[0], SOL_SOCKET, SO_SNDBUF, &room, &n);
	if (e || (e = host(SYS_ioctl, c->arg[0], TIOCOUTQ, &used)))
		return e == -ENOTSOCK ? -ENOTTY : e;
	room = MAX(room / 2 - used, 0);          /* the host tells twice what was asked for */
	return copy_out((uaddr)c->arg[2], &room, sizeof room);
}
