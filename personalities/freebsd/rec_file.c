/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What FreeBSD tells about files and file systems, in each of the layouts it has had, from what the host tells.
 */
#include <fcntl.h>
#include <sys/statvfs.h>
#include "host.h"
#include "records.h"
#include "freebsd/layout.h"

/* --- stat ------------------------------------------------------------------------------------------------------------ */
enum { UF_NODUMP = 0x1, SF_IMMUTABLE = 0x20000, SF_APPEND = 0x40000 };

/* sys/sys/types.h: 12 and later keep 32 bits of each; the low half is what releases before had. */
static uint64_t dev(uint32_t major, uint32_t minor)
{
	return (uint64_t)(major & 0xffffff00u) << 32 | (major & 0xff) << 8 | (uint64_t)(minor & 0xff00) << 24 | (minor & 0xffff00ff);
}
static struct fbsd_timespec when(struct statx_timestamp t) { return (struct fbsd_timespec){ t.tv_sec, t.tv_nsec }; }
static struct fbsd_timespec birth(const struct statx *s)
{
	return s->stx_mask & STATX_BTIME ? when(s->stx_btime) : (struct fbsd_timespec){ -1, 0 };
}
static uint32_t file_flags(const struct statx *s)
{
	return (s->stx_attributes & STATX_ATTR_IMMUTABLE ? SF_IMMUTABLE : 0) | (s->stx_attributes & STATX_ATTR_APPEND ? SF_APPEND : 0) |
	       (s->stx_attributes & STATX_ATTR_NODUMP ? UF_NODUMP : 0);
}
#define COMMON(s) \
	.dev = (typeof(((struct GUEST *)0)->dev))dev(s->stx_dev_major, s->stx_dev_minor), \
	.rdev = (typeof(((struct GUEST *)0)->rdev))dev(s->stx_rdev_major, s->stx_rdev_minor), \
	.ino = (typeof(((struct GUEST *)0)->ino))s->stx_ino, .mode = s->stx_mode, \
	.uid = (typeof(((struct GUEST *)0)->uid))s->stx_uid, .gid = (typeof(((struct GUEST *)0)->gid))s->stx_gid, \
	.atim = when(s->stx_atime), .mtim = when(s->stx_mtime), .ctim = when(s->stx_ctime), \
	.size = (typeof(((struct GUEST *)0)->size))s->stx_size, \
	.blocks = (typeof(((struct GUEST *)0)->blocks))s->stx_blocks, \
	.blksize = (int32_t)s->stx_blksize, .flags = file_flags(s)

/* The one that is made often goes into the guest's memory as it is (WHOLE): what is told, then as many words that are not. */
#define UNTOLD ((sizeof(struct fbsd_stat) - sizeof(struct fbsd_stat_told)) / 8)

void fbsd_stat_put(const void *from, void *to)
{
	const struct statx *s = from;
	volatile uint64_t *rest = (volatile uint64_t *)((struct fbsd_stat_told *)to + 1);
#define GUEST fbsd_stat_told
	*(struct fbsd_stat_told *)to = (struct fbsd_stat_told){
		COMMON(s), .nlink = s->stx_nlink, .birthtim = birth(s), .bsdflags = 0, .padding1 = 0,
	};
#undef GUEST
#pragma GCC unroll 16
	for (unsigned i = 0; i < UNTOLD; i++)
		rest[i] = 0;
}
/* What does not fit is cut, as vfs.ino64_trunc_error=0 does. */
void fbsd11_stat_put(const void *from, void *to)
{
	const struct statx *s = from;
#define GUEST fbsd11_stat
	*(struct fbsd11_stat *)to = (struct fbsd11_stat){
		COMMON(s), .nlink = (uint16_t)MIN(s->stx_nlink, 0xffffu), .birthtim = birth(s),
	};
#undef GUEST
}
void fbsd_nstat_put(const void *from, void *to)
{
	const struct statx *s = from;
#define GUEST fbsd_nstat
	*(struct fbsd_nstat *)to = (struct fbsd_nstat){ COMMON(s), .nlink = s->stx_nlink, .birthtim = birth(s) };
#undef GUEST
}
void fbsd_ostat_put(const void *from, void *to)
{
	const struct statx *s = from;
#define GUEST fbsd_ostat
	*(struct fbsd_ostat *)to = (struct fbsd_ostat){ COMMON(s), .nlink = (uint16_t)MIN(s->stx_nlink, 0xffffu) };
#undef GUEST
	if (s->stx_size > 0x7fffffff)
		((struct fbsd_ostat *)to)->size = -2;
}

/* --- statfs ------------------------------------------------------------------------------------------------------------ */
enum { MNT_RDONLY = 0x1, MNT_SYNCHRONOUS = 0x2, MNT_NOEXEC = 0x4, MNT_NOSUID = 0x8, MNT_LOCAL = 0x1000, MNT_ROOTFS = 0x4000,
       MNT_NOATIME = 0x10000000 };
static const struct { uint32_t host, guest; } mount_flags[] = {
	{ ST_RDONLY, MNT_RDONLY }, { ST_SYNCHRONOUS, MNT_SYNCHRONOUS }, { ST_NOEXEC, MNT_NOEXEC }, { ST_NOSUID, MNT_NOSUID },
	{ ST_NOATIME, MNT_NOATIME },
};
static const char *const remote[] = { "nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "ceph", "afs", NULL };

static uint32_t fs_flags(const struct host_statfs *f)
{
	uint32_t g = MNT_LOCAL | (str_cmp(f->on, "/") ? 0 : MNT_ROOTFS);
	for (unsigned i = 0; i < ARRAY_LEN(mount_flags); i++)
		if ((uint64_t)f->f.f_flags & mount_flags[i].host)
			g |= mount_flags[i].guest;
	for (const char *const *r = remote; *r; r++)
		if (!str_cmp(f->type, *r))
			g &= ~(uint32_t)MNT_LOCAL;
	return g;
}
static void fs_names(const struct host_statfs *f, char *type, size_t ntype, char *from, size_t nfrom, char *on, size_t non)
{
	str_copy(type, f->type, ntype);
	str_copy(from, f->from, nfrom);
	str_copy(on, f->on, non);
}
static int64_t unit(const struct host_statfs *f) { return f->f.f_frsize ? f->f.f_frsize : f->f.f_bsize; }
#define NAMES(g, f) fs_names(f, (g)->fstypename, sizeof (g)->fstypename, (g)->mntfromname, sizeof (g)->mntfromname, \
			     (g)->mntonname, sizeof (g)->mntonname)
#define SPACE(f) \
	.bsize = (uint64_t)unit(f), .iosize = (uint64_t)f->f.f_bsize, .blocks = f->f.f_blocks, .bfree = f->f.f_bfree, \
	.bavail = (int64_t)f->f.f_bavail, .files = f->f.f_files, .ffree = (int64_t)f->f.f_ffree, \
	.fsid = { f->f.f_fsid.__val[0], f->f.f_fsid.__val[1] }

void fbsd_statfs_put(const void *from, void *to)
{
	const struct host_statfs *f = from;
	struct fbsd_statfs *g = to;
	*g = (struct fbsd_statfs){
		.version = 0x20140518, .type = (uint32_t)f->f.f_type & 0xff, .flags = fs_flags(f), SPACE(f),
		.namemax = (uint32_t)f->f.f_namelen,
	};
	NAMES(g, f);
}
void fbsd11_statfs_put(const void *from, void *to)
{
	const struct host_statfs *f = from;
	struct fbsd11_statfs *g = to;
	*g = (struct fbsd11_statfs){
		.version = 0x20030518, .type = (uint32_t)f->f.f_type & 0xff, .flags = fs_flags(f), SPACE(f),
		.namemax = (uint32_t)f->f.f_namelen,
	};
	NAMES(g, f);
}
void fbsd4_statfs_put(const void *from, void *to)
{
	const struct host_statfs *f = from;
	struct fbsd4_statfs *g = to;
	*g = (struct fbsd4_statfs){
		.bsize = unit(f), .iosize = f->f.f_bsize, .blocks = (int64_t)f->f.f_blocks, .bfree = (int64_t)f->f.f_bfree,
		.bavail = (int64_t)f->f.f_bavail, .files = (int64_t)f->f.f_files, .ffree = (int64_t)f->f.f_ffree,
		.fsid = { f->f.f_fsid.__val[0], f->f.f_fsid.__val[1] }, .type = (int)f->f.f_type & 0xff, .flags = (int)fs_flags(f),
	};
	NAMES(g, f);
}

/* --- locks, times -------------------------------------------------------------------------------------------------------- */
enum { FB_RDLCK = 1, FB_UNLCK, FB_WRLCK };
static const int8_t lock_in[] = { -1, [FB_RDLCK] = F_RDLCK, [FB_UNLCK] = F_UNLCK, [FB_WRLCK] = F_WRLCK };
static const int8_t lock_out[] = { [F_RDLCK] = FB_RDLCK, [F_UNLCK] = FB_UNLCK, [F_WRLCK] = FB_WRLCK };

void fbsd_flock_get(const void *from, void *to)
{
	const struct fbsd_flock *g = from;       /* the old one ends before sysid, which is not looked at */
	unsigned type = (uint16_t)g->type;
	*(struct flock *)to = (struct flock){
		.l_type = type < ARRAY_LEN(lock_in) ? lock_in[type] : -1, .l_whence = g->whence,
		.l_start = g->start, .l_len = g->len, .l_pid = g->pid,
	};
}
void fbsd_oflock_put(const void *from, void *to)
{
	const struct flock *h = from;
	struct fbsd_flock g = {
		.start = h->l_start, .len = h->l_len, .pid = h->l_pid, .whence = h->l_whence,
		.type = (unsigned)h->l_type < ARRAY_LEN(lock_out) ? lock_out[h->l_type] : FB_UNLCK,
	};
	memcpy(to, &g, offsetof(struct fbsd_flock, sysid));
}
void fbsd_flock_put(const void *from, void *to)
{
	struct fbsd_flock *g = to;
	fbsd_oflock_put(from, to);
	g->sysid = g->pad = 0;
}
/* "Now" and "leave it" are -1 and -2 nanoseconds there. */
void fbsd_timespec2_get(const void *from, void *to)
{
	const struct fbsd_timespec *g = from;
	struct timespec *h = to;
	for (int i = 0; i < 2; i++)
		h[i] = (struct timespec){ g[i].sec, g[i].nsec == -1 ? UTIME_NOW : g[i].nsec == -2 ? UTIME_OMIT : g[i].nsec };
}
