/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What is known about a file: stat in every age's layout (the row's record says which), and the limits that pathconf
 * tells. The host form is struct statx, which alone has the time of birth.
 */
#include <fcntl.h>
#include <unistd.h>
#include <linux/magic.h>
#include "ext.h"
#include "host.h"
#include "records.h"

sysfn sys_stat, sys_lstat, sys_fstat, sys_fstatat, sys_pathconf, sys_lpathconf, sys_fpathconf;

#define STAT_MASK (STATX_BASIC_STATS | STATX_BTIME)

/* A program that asks what /dev/stdout is would take the file for the one that it is to write, unlink it or ask first. */
static void fd_node(struct call *c, int i, bool follow, struct statx *st)
{
	int fd = c->t->p->pers->fd_nodes ? arg_dev_fd(c, i, follow) : -1;
	if (fd < 0)
		return;
	st->stx_mode = S_IFCHR | 0666;
	st->stx_nlink = 1;
	st->stx_uid = st->stx_gid = 0;
	st->stx_size = st->stx_blocks = 0;
	st->stx_rdev_major = 0;
	st->stx_rdev_minor = (uint32_t)fd;
}
static long do_stat(struct call *c, int i, int dirfd, uint64_t at, int out)
{
	struct statx st;
	struct where w;
	unsigned how = (at & AT_SYMLINK_NOFOLLOW ? 0 : PATH_FOLLOW) | (at & X_AT_BENEATH ? PATH_BENEATH : 0);
	long e;

	if (at & ~(uint64_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | X_AT_BENEATH))
		return -EINVAL;
	if ((e = arg_path(c, i, dirfd, how, &w)))
		return e == -EXDEV && (at & X_AT_BENEATH) ? -X_ENOTCAPABLE : e;
	if (w.own >= 0 && how & PATH_FOLLOW && *w.path)  /* the object itself is at hand */
		e = host(SYS_statx, w.own, "", AT_EMPTY_PATH, STAT_MASK, &st);
	else
		e = host(SYS_statx, w.dirfd, w.path, (at & (AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) | AT_NO_AUTOMOUNT,
			 STAT_MASK, &st);
	where_done(&w);
	if (!e && w.path != (const char *)c->raw[i])     /* it did not go to the host as it was */
		fd_node(c, i, how & PATH_FOLLOW, &st);
	return e ? e : arg_put(c, out, &st);
}
long sys_stat(struct call *c) { return do_stat(c, 0, AT_FDCWD, 0, 1); }
long sys_lstat(struct call *c) { return do_stat(c, 0, AT_FDCWD, AT_SYMLINK_NOFOLLOW, 1); }
long sys_fstatat(struct call *c) { return do_stat(c, 1, (int)c->arg[0], (uint64_t)c->arg[3], 2); }
long sys_fstat(struct call *c)
{
	struct statx st;
	long e = host(SYS_statx, c->arg[0], "", AT_EMPTY_PATH, STAT_MASK, &st);
	return e ? e : arg_put(c, 1, &st);
}

/* The common ones: no flag, a path that the host can take. */
static bool quick_fstat(struct thread *t, const struct row *r, long fd, long to, long c, long d)
{
	struct statx st;
	return !fd_is_ours(t->p, (int)fd) && !host(SYS_statx, (int)fd, "", AT_EMPTY_PATH, STAT_MASK, &st) &&
	       !rec_put(t, r->arg[1].what, (uaddr)to, &st);
}
static bool quick_fstatat(struct thread *t, const struct row *r, long dirfd, long path, long to, long flags)
{
	struct statx st;
	uint64_t at = (uint64_t)(int)dirfd;
	return !(int)flags && !((int)dirfd < 0 && set_to_host(t->p->pers, SET_AT, (uint32_t)dirfd, &at)) && !fd_is_ours(t->p, (int)at) &&
	       path_as_is(t->p, (uaddr)path) && !host(SYS_statx, (int)at, path, AT_NO_AUTOMOUNT, STAT_MASK, &st) &&
	       !rec_put(t, r->arg[2].what, (uaddr)to, &st);
}
QUICK(sys_fstat, quick_fstat);
QUICK(sys_fstatat, quick_fstatat);

/* --- pathconf ----------------------------------------------------------------------------------------------------- */
/* What the host's kernel does not tell is what its libc knows of the file systems. */
static const struct { uint32_t magic; long links; } link_max[] = {
	{ EXT4_SUPER_MAGIC, 65000 }, { BTRFS_SUPER_MAGIC, 65535 }, { XFS_SUPER_MAGIC, 2147483647 },
	{ F2FS_SUPER_MAGIC, 32000 }, { REISERFS_SUPER_MAGIC, 64535 }, { MINIX_SUPER_MAGIC, 250 },
};
static const struct { int name; long value; } constants[] = {
	{ _PC_MAX_CANON, 255 }, { _PC_MAX_INPUT, 255 }, { _PC_PATH_MAX, 4096 }, { _PC_PIPE_BUF, 4096 },
	{ _PC_CHOWN_RESTRICTED, 1 }, { _PC_NO_TRUNC, 1 }, { _PC_VDISABLE, 0xff }, { _PC_SYNC_IO, 1 },
	{ _PC_ASYNC_IO, 200112 },
	{ _PC_FILESIZEBITS, 64 }, { _PC_SYMLINK_MAX, 4095 }, { _PC_2_SYMLINKS, 1 },
};
static long links_most(const struct statfs *f)
{
	for (unsigned i = 0; i < ARRAY_LEN(link_max); i++)
		if ((uint32_t)f->f_type == link_max[i].magic)
			return link_max[i].links;
	return 127;
}
static long hole_size(int fd, const struct statfs *f)
{
	long at = host(SYS_lseek, fd, 0, SEEK_CUR), e = host(SYS_lseek, fd, 0, SEEK_HOLE);
	if (at >= 0)
		host(SYS_lseek, fd, at, SEEK_SET);
	return e < 0 && e != -ENXIO ? -EINVAL : f->f_bsize;
}
/* -EINVAL is for a name that has no meaning for this file; fd may be O_PATH. */
static long conf(int fd, uint64_t name, bool seekable)
{
	struct statfs f;
	long e = host(SYS_fstatfs, fd, &f);
	if (e)
		return e;
	switch (name) {
	case _PC_LINK_MAX: return links_most(&f);
	case _PC_NAME_MAX: return f.f_namelen;
	case _PC_REC_INCR_XFER_SIZE: case _PC_REC_MIN_XFER_SIZE: case _PC_REC_XFER_ALIGN: case _PC_ALLOC_SIZE_MIN:
		return f.f_bsize;
	case _PC_REC_MAX_XFER_SIZE: return f.f_bsize * 1024;
	case X_PC_ABSENT: return 0;
	case X_PC_ACL_MAX: return -EINVAL;
	case X_PC_MIN_HOLE: return seekable ? hole_size(fd, &f) : f.f_bsize;
	}
	for (unsigned i = 0; i < ARRAY_LEN(constants); i++)
		if ((uint64_t)constants[i].name == name)
			return constants[i].value;
	return -EINVAL;
}
static long do_pathconf(struct call *c, unsigned how)
{
	struct where w;
	long e = arg_path(c, 0, AT_FDCWD, how, &w), fd;
	if (e)
		return e;
	fd = host(SYS_openat, w.dirfd, w.path, O_PATH | O_CLOEXEC | (how & PATH_FOLLOW ? 0 : O_NOFOLLOW));
	where_done(&w);
	if (fd < 0)
		return fd;
	e = conf((int)fd, (uint64_t)c->arg[1], false);
	host(SYS_close, fd);
	return e;
}
long sys_pathconf(struct call *c) { return do_pathconf(c, PATH_FOLLOW); }
long sys_lpathconf(struct call *c) { return do_pathconf(c, 0); }
long sys_fpathconf(struct call *c) { return conf((int)c->arg[0], (uint64_t)c->arg[1], true); }
