/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Requests that 4.4BSD spells and its descendants share: flushing by direction, line disciplines, the room of a socket.
 */
#include <asm/ioctls.h>
#include <sys/socket.h>
#include "host.h"

sysfn bsd_ioctl_tty_flush, bsd_ioctl_tty_setd, bsd_ioctl_tty_ptmaster, bsd_ioctl_nspace, bsd_ioctl_tty_mget,
      bsd_ioctl_tty_mset, bsd_ioctl_tty_mbis, bsd_ioctl_tty_mbic, bsd_ioctl_tty_sdtr, bsd_ioctl_tty_cdtr, bsd_ioctl_tty_setpgrp;
sysfn ioctl_tty_mget, ioctl_tty_mset, ioctl_tty_mbis, ioctl_tty_mbic, ioctl_tty_sdtr, ioctl_tty_cdtr, ioctl_tty_setpgrp;

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
/* A group that is none of the session's is EPERM here, whether there is one of that number or not. */
long bsd_ioctl_tty_setpgrp(struct call *c)
{
	int group;
	long e = copy_in(&group, (uaddr)c->arg[2], sizeof group);
	if (!e)
		e = ioctl_tty_setpgrp(c);
	return e == -ESRCH || e == -EINVAL ? -EPERM : e;
}
/* A terminal without modem lines has a carrier and takes every line here; the host says it is no such terminal. */
#define CARRIER 0x40

static bool has_no_lines(struct call *c, long e)
{
	int n;
	return (e == -ENOTTY || e == -EINVAL) && !host(SYS_ioctl, c->arg[0], TIOCGETD, &n);
}
static long line(struct call *c, sysfn *fn)
{
	int bits;
	long e = fn(c);
	if (!has_no_lines(c, e))
		return e;
	return copy_in(&bits, (uaddr)c->arg[2], sizeof bits);
}
long bsd_ioctl_tty_mget(struct call *c)
{
	static const int bits = CARRIER;
	long e = ioctl_tty_mget(c);
	return has_no_lines(c, e) ? copy_out((uaddr)c->arg[2], &bits, sizeof bits) : e;
}
long bsd_ioctl_tty_mset(struct call *c) { return line(c, ioctl_tty_mset); }
long bsd_ioctl_tty_mbis(struct call *c) { return line(c, ioctl_tty_mbis); }
long bsd_ioctl_tty_mbic(struct call *c) { return line(c, ioctl_tty_mbic); }
static long dtr(struct call *c, sysfn *fn)
{
	long e = fn(c);
	return has_no_lines(c, e) ? 0 : e;
}
long bsd_ioctl_tty_sdtr(struct call *c) { return dtr(c, ioctl_tty_sdtr); }
long bsd_ioctl_tty_cdtr(struct call *c) { return dtr(c, ioctl_tty_cdtr); }

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
