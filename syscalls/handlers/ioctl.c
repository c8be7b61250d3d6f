/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Requests to terminals, files and sockets that the host has too. A terminal's request can stop a background process, so
 * all of them may sleep. Where the argument is laid out alike on both sides it goes to the host as it is; terminal
 * settings are a record. A request that no table explains is ENOTTY: no driver took it.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <asm/ioctls.h>
#include <asm/termbits.h>
#include "host.h"
#include "records.h"

sysfn sys_ioctl;
sysfn ioctl_tty_excl, ioctl_tty_nxcl, ioctl_tty_ptn, ioctl_tty_get, ioctl_tty_set, ioctl_tty_setw, ioctl_tty_setf,
      ioctl_tty_getd, ioctl_tty_drain, ioctl_tty_sctty, ioctl_tty_notty, ioctl_tty_getsid, ioctl_tty_setwinsz,
      ioctl_tty_getwinsz, ioctl_tty_mget, ioctl_tty_mset, ioctl_tty_mbis, ioctl_tty_mbic, ioctl_tty_sdtr, ioctl_tty_cdtr,
      ioctl_tty_start, ioctl_tty_stop, ioctl_tty_pkt, ioctl_tty_sti, ioctl_tty_setpgrp, ioctl_tty_getpgrp,
      ioctl_tty_sbrk, ioctl_tty_cbrk, ioctl_outq, ioctl_cloexec, ioctl_nocloexec, ioctl_nread, ioctl_nonblock, ioctl_async,
      ioctl_setown, ioctl_getown, ioctl_atmark;

#define TIOCM_DTR_BIT 2

/* Reached only for what no row carries out; dispatch has counted it. */
long sys_ioctl(struct call *c)
{
	long e = host(SYS_fcntl, c->arg[0], F_GETFD);
	return e < 0 ? e : -ENOTTY;
}
static long pass(struct call *c, unsigned request) { return block(SYS_ioctl, c->arg[0], request, c->arg[2]); }
static long with(struct call *c, unsigned request, long arg) { return block(SYS_ioctl, c->arg[0], request, arg); }

/* --- terminals ----------------------------------------------------------------------------------------------------------- */
long ioctl_tty_get(struct call *c)
{
	struct host_termios t;
	long e = host(SYS_ioctl, c->arg[0], TCGETS2, &t);
	return e ? e : arg_put(c, 2, &t);
}
static long set(struct call *c, unsigned request)
{
	struct host_termios t;
	long e = arg_get(c, 2, &t);
	return e ? e : block(SYS_ioctl, c->arg[0], request, &t);
}
long ioctl_tty_set(struct call *c) { return set(c, TCSETS2); }
long ioctl_tty_setw(struct call *c) { return set(c, TCSETSW2); }
long ioctl_tty_setf(struct call *c) { return set(c, TCSETSF2); }
long ioctl_tty_excl(struct call *c) { return with(c, TIOCEXCL, 0); }
long ioctl_tty_nxcl(struct call *c) { return with(c, TIOCNXCL, 0); }
long ioctl_tty_ptn(struct call *c) { return pass(c, TIOCGPTN); }
long ioctl_tty_getd(struct call *c) { return pass(c, TIOCGETD); }
long ioctl_tty_drain(struct call *c) { return with(c, TCSBRK, 1); }
long ioctl_tty_sctty(struct call *c) { return with(c, TIOCSCTTY, 0); }
long ioctl_tty_notty(struct call *c) { return with(c, TIOCNOTTY, 0); }
long ioctl_tty_getsid(struct call *c) { return pass(c, TIOCGSID); }
long ioctl_tty_setwinsz(struct call *c) { return pass(c, TIOCSWINSZ); }
long ioctl_tty_getwinsz(struct call *c) { return pass(c, TIOCGWINSZ); }
long ioctl_tty_setpgrp(struct call *c) { return pass(c, TIOCSPGRP); }
long ioctl_tty_getpgrp(struct call *c) { return pass(c, TIOCGPGRP); }
long ioctl_tty_pkt(struct call *c) { return pass(c, TIOCPKT); }
long ioctl_tty_sti(struct call *c) { return pass(c, TIOCSTI); }
long ioctl_tty_start(struct call *c) { return with(c, TCXONC, TCOON); }
long ioctl_tty_stop(struct call *c) { return with(c, TCXONC, TCOOFF); }
long ioctl_tty_sbrk(struct call *c) { return with(c, TIOCSBRK, 0); }
long ioctl_tty_cbrk(struct call *c) { return with(c, TIOCCBRK, 0); }

/* Modem lines have the same bits on every system. */
long ioctl_tty_mget(struct call *c) { return pass(c, TIOCMGET); }
long ioctl_tty_mset(struct call *c) { return pass(c, TIOCMSET); }
long ioctl_tty_mbis(struct call *c) { return pass(c, TIOCMBIS); }
long ioctl_tty_mbic(struct call *c) { return pass(c, TIOCMBIC); }
static long dtr(struct call *c, unsigned request)
{
	int bits = TIOCM_DTR_BIT;
	return block(SYS_ioctl, c->arg[0], request, &bits);
}
long ioctl_tty_sdtr(struct call *c) { return dtr(c, TIOCMBIS); }
long ioctl_tty_cdtr(struct call *c) { return dtr(c, TIOCMBIC); }

/* --- files and sockets ------------------------------------------------------------------------------------------------------ */
long ioctl_cloexec(struct call *c) { return with(c, FIOCLEX, 0); }
long ioctl_nocloexec(struct call *c) { return with(c, FIONCLEX, 0); }
/* What waits in a pipe is there for who reads: its other end has nothing. The host tells both of it. */
long ioctl_nread(struct call *c)
{
	int none = 0;
	struct stat st;
	if ((host(SYS_fcntl, c->arg[0], F_GETFL) & O_ACCMODE) != O_WRONLY || host(SYS_fstat, c->arg[0], &st) < 0 ||
	    !S_ISFIFO(st.st_mode))
		return pass(c, FIONREAD);
	return copy_out((uaddr)c->arg[2], &none, sizeof none);
}
long ioctl_outq(struct call *c) { return pass(c, TIOCOUTQ); }
long ioctl_nonblock(struct call *c) { return pass(c, FIONBIO); }
long ioctl_async(struct call *c) { return pass(c, FIOASYNC); }
long ioctl_atmark(struct call *c) { return pass(c, SIOCATMARK); }

/* The host has the request for sockets only; fcntl does the same for every descriptor. */
long ioctl_setown(struct call *c)
{
	int who;
	long e = copy_in(&who, (uaddr)c->arg[2], sizeof who);
	return e ? e : host(SYS_fcntl, c->arg[0], F_SETOWN, who);
}
long ioctl_getown(struct call *c)
{
	struct f_owner_ex o = { 0 };
	long e = host(SYS_fcntl, c->arg[0], F_GETOWN_EX, &o);
	int who = o.type == F_OWNER_PGRP ? -o.pid : o.pid;
	return e ? e : copy_out((uaddr)c->arg[2], &who, sizeof who);
}
