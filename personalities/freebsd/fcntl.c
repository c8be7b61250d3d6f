/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fcntl commands that no other system has. Meanings: sys/kern/kern_descrip.c of 15.0; struct kinfo_file: sys/sys/user.h.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "host.h"

sysfn fbsd_fcntl_dup2fd, fbsd_fcntl_dup2fd_cloexec, fbsd_fcntl_readahead, fbsd_fcntl_rdahead, fbsd_fcntl_isunionstack;
sysfn fbsd_fcntl_kinfo, fcntl_dup2fd, fcntl_dup2fd_cloexec, fcntl_readahead, fcntl_rdahead;

long fbsd_fcntl_dup2fd(struct call *c) { return fcntl_dup2fd(c); }
long fbsd_fcntl_dup2fd_cloexec(struct call *c) { return fcntl_dup2fd_cloexec(c); }
long fbsd_fcntl_readahead(struct call *c) { return fcntl_readahead(c); }
long fbsd_fcntl_rdahead(struct call *c) { return fcntl_rdahead(c); }
/* No host file system is a stack of several. */
long fbsd_fcntl_isunionstack(struct call *c) { return 0; }

/* --- what a descriptor is ---------------------------------------------------------------------------------------------------- */
enum { KF_VNODE = 1, KF_SOCKET, KF_PIPE, KF_FIFO, KF_UNKNOWN = 255 };
enum { VREG = 1, VDIR, VBLK, VCHR, VLNK, VSOCK, VFIFO };
struct kinfo_file {
	int32_t structsize, type, fd, ref_count, flags, pad0;
	int64_t offset;
	int32_t file_type, spare[3];
	uint64_t spare64[29], nlink, fsid, rdev, fileid, size;
	uint32_t fsid11, rdev11;
	uint16_t mode, pad1;
	uint32_t pad2;
	uint16_t status, pad3;
	int32_t spare1;
	uint64_t cap_rights[2], cap_spare;
	char path[1024];
};
_Static_assert(sizeof(struct kinfo_file) == 1392, "sys/user.h");

static const struct { uint32_t fmt; int type, vtype; } kinds[] = {
	{ S_IFREG, KF_VNODE, VREG }, { S_IFDIR, KF_VNODE, VDIR }, { S_IFBLK, KF_VNODE, VBLK }, { S_IFCHR, KF_VNODE, VCHR },
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
			k->file_type = kinds[i].vtype;
		}
	k->fd = (int)c->arg[0];
	k->ref_count = 1;
	k->flags = kf_flags(fl);
	k->offset = at < 0 ? -1 : at;
	k->status = 1;                           /* KF_ATTR_VALID */
	if (k->type != KF_VNODE)
		return;
	k->nlink = st->st_nlink, k->fsid = st->st_dev, k->rdev = st->st_rdev, k->fileid = st->st_ino;
	k->size = (uint64_t)st->st_size;
	k->fsid11 = (uint32_t)st->st_dev, k->rdev11 = (uint32_t)st->st_rdev;
	k->mode = (uint16_t)st->st_mode;
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
