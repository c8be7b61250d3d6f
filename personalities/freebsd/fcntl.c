/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fcntl commands that no other system has. Meanings: sys/kern/kern_descrip.c of 15.0.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include "host.h"
#include "freebsd/kinfo.h"

sysfn fbsd_fcntl_dup2fd, fbsd_fcntl_dup2fd_cloexec, fbsd_fcntl_readahead, fbsd_fcntl_rdahead, fbsd_fcntl_isunionstack;
sysfn fbsd_fcntl_kinfo, fcntl_dup2fd, fcntl_dup2fd_cloexec, fcntl_readahead, fcntl_rdahead;

long fbsd_fcntl_dup2fd(struct call *c) { return fcntl_dup2fd(c); }
long fbsd_fcntl_dup2fd_cloexec(struct call *c) { return fcntl_dup2fd_cloexec(c); }
/* What no vnode stands behind (a pipe, a socket, a kqueue) is no descriptor to these. */
static long vnode_mode(struct call *c)
{
	struct stat st;
	long e = host(SYS_fstat, c->arg[0], &st);
	if (e)
		return e;
	return S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || !(st.st_mode & S_IFMT) ? -EBADF : (long)st.st_mode;
}
static long hint(struct call *c, sysfn *fn)
{
	long mode = vnode_mode(c);
	return mode < 0 ? mode : S_ISREG(mode) ? fn(c) : -ENOTTY;
}
long fbsd_fcntl_readahead(struct call *c) { return hint(c, fcntl_readahead); }
long fbsd_fcntl_rdahead(struct call *c) { return hint(c, fcntl_rdahead); }
/* No host file system is a stack of several. */
long fbsd_fcntl_isunionstack(struct call *c)
{
	long mode = vnode_mode(c);
	return mode < 0 ? mode : 0;
}

/* --- what a descriptor is ----------------------------------------------------------------------------------------- */
enum { VREG = 1, VDIR, VBLK, VCHR, VLNK };

static const struct { uint32_t fmt; int type, vtype; } kinds[] = {
	{ S_IFREG, KF_VNODE, VREG }, { S_IFDIR, KF_VNODE, VDIR }, { S_IFBLK, KF_VNODE, VBLK },
	{ S_IFCHR, KF_VNODE, VCHR },
	{ S_IFLNK, KF_VNODE, VLNK }, { S_IFSOCK, KF_SOCKET, 0 }, { S_IFIFO, KF_PIPE, 0 },
};
static const struct { int host, kf; } flag_of[] = {
	{ O_APPEND, 0x4 }, { O_ASYNC, 0x8 }, { O_SYNC, 0x10 }, { O_NONBLOCK, 0x20 }, { O_DIRECT, 0x40 },
};
static int kf_flags(long fl)
{
	int acc = (int)fl & O_ACCMODE, kf = acc == O_RDONLY ? 1 : acc == O_WRONLY ? 2 : 3;
	for (unsigned i = 0; i < ARRAY_LEN(flag_of); i++)
		if ((fl & flag_of[i].host) == flag_of[i].host)
			kf |= flag_of[i].kf;
	return kf;
}
static void kf_fill(struct call *c, struct kinfo_file *k, const struct stat *st, long fl)
{
	char host_path[4096];
	long at = host(SYS_lseek, c->arg[0], 0, SEEK_CUR);
	k->structsize = sizeof *k;
	k->type = KF_UNKNOWN;
	for (unsigned i = 0; i < ARRAY_LEN(kinds); i++)
		if ((st->st_mode & S_IFMT) == kinds[i].fmt) {
			k->type = kinds[i].type;
			k->file.vtype = kinds[i].vtype;
		}
	k->fd = (int)c->arg[0];
	k->ref_count = 1;
	k->flags = kf_flags(fl);
	k->offset = at < 0 ? -1 : at;
	k->status = 1;                           /* KF_ATTR_VALID */
	if (k->type != KF_VNODE)
		return;
	k->file.nlink = st->st_nlink, k->file.fsid = st->st_dev, k->file.rdev = st->st_rdev;
	k->file.fileid = st->st_ino;
	k->file.size = (uint64_t)st->st_size;
	k->file.fsid_old = (uint32_t)st->st_dev, k->file.rdev_old = (uint32_t)st->st_rdev;
	k->file.mode = (uint16_t)st->st_mode;
	if (path_of_fd(k->fd, host_path, sizeof host_path) < 0 || host_path[0] != '/'
	    || path_to_guest(c->t->p, host_path, k->path, sizeof k->path) < 0)
		k->path[0] = 0;
}
long fbsd_fcntl_kinfo(struct call *c)
{
	struct kinfo_file k = { 0 };
	struct stat st;
	long e = copy_in(&k.structsize, (uaddr)c->arg[2], sizeof k.structsize), fl;
	if (e)
		return e;
	if (k.structsize != sizeof k)
		return -EINVAL;
	if ((fl = host(SYS_fcntl, c->arg[0], F_GETFL)) < 0 || (e = host(SYS_fstat, c->arg[0], &st)))
		return fl < 0 ? fl : e;
	kf_fill(c, &k, &st, fl);
	return copy_out((uaddr)c->arg[2], &k, sizeof k);
}
