/* SPDX-License-Identifier: BSD-2-Clause
 *
 * FreeBSD's own requests: what kind of device this is, what its name is (ttyname and ptsname ask so), where data begins.
 */
#include <fcntl.h>
#include <unistd.h>
#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <sys/stat.h>
#include "host.h"
#include "records.h"

sysfn fbsd_ioctl_dtype, fbsd_ioctl_dgname, fbsd_ioctl_seekdata, fbsd_ioctl_seekhole;

enum { D_DISK = 2, D_TTY = 4 };      /* sys/sys/conf.h; 0: none of the kinds that have a name */
struct fiodgname { int32_t len, pad; uint64_t buf; };
_Static_assert(sizeof(struct fiodgname) == 16, "struct fiodgname_arg");

/* S_IFCHR or S_IFBLK, or -ENOTTY: on FreeBSD every device is a character device. */
static long device(struct call *c)
{
	struct statx st;
	long e = host(SYS_statx, c->arg[0], "", AT_EMPTY_PATH, STATX_TYPE, &st);
	if (e)
		return e;
	return S_ISCHR(st.stx_mode) || S_ISBLK(st.stx_mode) ? st.stx_mode & S_IFMT : -ENOTTY;
}
long fbsd_ioctl_dtype(struct call *c)
{
	struct host_termios t;
	long kind = device(c);
	int type = kind == S_IFBLK ? D_DISK : host(SYS_ioctl, c->arg[0], TCGETS2, &t) ? 0 : D_TTY;
	return kind < 0 ? kind : copy_out((uaddr)c->arg[2], &type, sizeof type);
}
/* The master of a pseudo terminal answers with its slave's name. */
static long device_name(struct call *c, char *name, size_t n)
{
	char self[32], path[4096];
	int pts;
	long len;
	if (!host(SYS_ioctl, c->arg[0], TIOCGPTN, &pts))
		return (long)fmt(name, n, "pts/%d", pts);
	fmt(self, sizeof self, "/proc/self/fd/%ld", c->arg[0]);
	len = host(SYS_readlinkat, AT_FDCWD, self, path, sizeof path - 1);
	if (len < 0)
		return len;
	path[len] = 0;
	return (long)str_copy(name, str_ncmp(path, "/dev/", 5) ? path : path + 5, n);
}
long fbsd_ioctl_dgname(struct call *c)
{
	struct fiodgname g;
	char name[256];
	long e = device(c), len;

	if (e < 0 || (e = copy_in(&g, (uaddr)c->arg[2], sizeof g)))
		return e;
	if ((len = device_name(c, name, sizeof name)) < 0)
		return len;
	if (len + 1 > g.len || len >= (long)sizeof name)
		return -EINVAL;
	return copy_out(g.buf, name, (size_t)len + 1);
}

/* Looks, but does not go there: the file's position stays. */
static long look(struct call *c, int whence)
{
	int64_t off;
	long e = arg_get(c, 2, &off), here, there;
	if (e)
		return e;
	if ((here = host(SYS_lseek, c->arg[0], 0, SEEK_CUR)) < 0)
		return -ENOTTY;
	there = host(SYS_lseek, c->arg[0], off, whence);
	host(SYS_lseek, c->arg[0], here, SEEK_SET);
	return there < 0 ? there : arg_put(c, 2, &there);
}
long fbsd_ioctl_seekdata(struct call *c) { return look(c, SEEK_DATA); }
long fbsd_ioctl_seekhole(struct call *c) { return look(c, SEEK_HOLE); }
