/* SPDX-License-Identifier: BSD-2-Clause
 *
 * File calls in FreeBSD's spelling: directory entries of both ages, the padded calls of FreeBSD 6, and those that no
 * other system has. Layouts: sys/sys/dirent.h; results: sys/kern/vfs_syscalls.c, sys/kern/vfs_cache.c of 15.0.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <linux/falloc.h>
#include "ext.h"
#include "host.h"
#include "confine.h"
#include "handlers/dir.h"
#include "handlers/exec_only.h"
#include "freebsd/freebsd.h"

sysfn fbsd_getdirentries, fbsd_old_getdirentries, fbsd_old_getdents, fbsd_old_pread, fbsd_old_pwrite, fbsd_old_map;
sysfn fbsd_revoke, fbsd_map, fbsd_mknod, fbsd_mknodat;
sysfn fbsd_old_lseek, fbsd_old_truncate, fbsd_old_ftruncate, fbsd_realpathat, fbsd_funlinkat, fbsd_fspacectl;
sysfn sys_mknod, sys_mknodat, sys_pread, sys_pwrite, sys_mmap, sys_lseek, sys_truncate, sys_ftruncate, sys_realpathat, sys_unlinkat;

/* --- directory entries -------------------------------------------------------------------------------------------- */
struct entry {
	uint64_t fileno;
	int64_t off;             /* of the next one */
	uint16_t reclen;
	uint8_t type, pad0;
	uint16_t namlen, pad1;
	char name[];
};
struct old_entry {                   /* before 12: the inode number is cut */
	uint32_t fileno;
	uint16_t reclen;
	uint8_t type, namlen;
	char name[];
};
_Static_assert(sizeof(struct entry) == 24 && sizeof(struct old_entry) == 8, "dirent.h");

static size_t new_dirent(void *out, size_t room, uint64_t ino, int64_t off, unsigned type, const char *name)
{
	size_t n = str_len(name), len = (sizeof(struct entry) + n + 1 + 7) & ~7ul;
	struct entry *e = out;
	if (len > room)
		return 0;
	*e = (struct entry){ ino, off, (uint16_t)len, (uint8_t)type, 0, (uint16_t)n, 0 };
	memset(e->name + n, 0, len - sizeof *e - n);
	memcpy(e->name, name, n);
	return len;
}
static size_t old_dirent(void *out, size_t room, uint64_t ino, unsigned type, const char *name)
{
	size_t n = str_len(name), len = (sizeof(struct old_entry) + n + 1 + 3) & ~3ul;
	struct old_entry *e = out;
	if (len > room)
		return 0;
	*e = (struct old_entry){ (uint32_t)ino, (uint16_t)len, (uint8_t)type, (uint8_t)n };
	memset(e->name + n, 0, len - sizeof *e - n);
	memcpy(e->name, name, n);
	return len;
}
size_t fbsd_dirent(unsigned rec, void *out, size_t room, uint64_t ino, int64_t off, unsigned type, const char *name)
{
	return rec == REC_DIRENT_OLD ? old_dirent(out, room, ino, type, name)
				     : new_dirent(out, room, ino, off, type, name);
}
static long entries(struct call *c, unsigned rec, bool has_base)
{
	int64_t base;
	long rv = dir_entries(c->t, (int)c->arg[0], (uaddr)c->arg[1], (size_t)c->arg[2], rec, &base);
	long e = rv >= 0 && has_base && c->arg[3] ? copy_out((uaddr)c->arg[3], &base, sizeof base) : 0;
	return e ? e : rv;
}
long fbsd_getdirentries(struct call *c) { return entries(c, REC_DIRENT, true); }
long fbsd_old_getdirentries(struct call *c) { return entries(c, REC_DIRENT_OLD, true); }
long fbsd_old_getdents(struct call *c) { return entries(c, REC_DIRENT_OLD, false); }

/* --- FreeBSD 6: a 64-bit argument stood at an even place, after padding ------------------------------------------- */
static long unpadded(struct call *c, int pad, sysfn *fn)
{
	struct call d = *c;
	for (int i = pad; i < 7; i++) {
		d.arg[i] = c->arg[i + 1];
		d.raw[i] = c->raw[i + 1];
	}
	return fn(&d);
}
long fbsd_old_pread(struct call *c) { return unpadded(c, 3, sys_pread); }
long fbsd_old_pwrite(struct call *c) { return unpadded(c, 3, sys_pwrite); }
long fbsd_old_lseek(struct call *c) { return unpadded(c, 1, sys_lseek); }
long fbsd_old_truncate(struct call *c) { return unpadded(c, 1, sys_truncate); }
long fbsd_old_ftruncate(struct call *c) { return unpadded(c, 1, sys_ftruncate); }

/* What it would have to take away the host lets nobody take; what is no device is told as there. */
long fbsd_revoke(struct call *c)
{
	struct where w;
	struct stat st;
	long e = arg_path(c, 0, AT_FDCWD, PATH_FOLLOW, &w);
	if (e)
		return e;
	e = host(SYS_newfstatat, w.dirfd, w.path, &st, 0);
	where_done(&w);
	return e ? e : S_ISCHR(st.st_mode) ? -EPERM : -EINVAL;
}

/* --- mmap --------------------------------------------------------------------------------------------------------- */
#define OSREL_STRICT 1100036         /* programs made since must say MAP_SHARED or MAP_PRIVATE for a file */

static long strict(struct call *c, sysfn *fn)
{
	bool file = !(c->arg[3] & (long)(MAP_ANONYMOUS | X_MAP_GUARD));
	if (file && fd_is_ours(c->t->p, c->arg[4]))      /* without a file any number but -1 is EINVAL: so it is no FD in the row */
		return -EBADF;
	return file && !(c->arg[3] & MAP_TYPE) && c->t->p->osrel >= OSREL_STRICT ? -EINVAL : fn(c);
}
static long padded_mmap(struct call *c) { return unpadded(c, 5, sys_mmap); }
/* A shared mapping of a descriptor that may not be mapped to be written: of the same file opened to be read, so that the
 * host refuses when mprotect asks for more later. */
static long mmap_limited(struct call *c)
{
	const struct fdcaps *caps = fdcaps_of(c->t->p, (int)c->arg[4]);
	long fd = -1, rv;
	char link[40];
	if (caps && c->arg[3] & MAP_SHARED && !rights_cover(&caps->may, &fbsd_rights[RIGHT_MMAP_W])) {
		fmt(link, sizeof link, "/proc/self/fd/%d", (int)c->arg[4]);
		fd = host(SYS_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	}
	if (fd >= 0)
		c->arg[4] = fd;
	rv = strict(c, sys_mmap);
	if (fd >= 0)
		host(SYS_close, fd);
	return rv;
}
/* The host maps nothing that may not be read; there what is only written to may be, for that. */
static long mmap_written(struct call *c)
{
	long fl = host(SYS_fcntl, c->arg[4], F_GETFL), fd, rv;
	char link[40];
	if (fl < 0 || (fl & O_ACCMODE) != O_WRONLY || c->arg[2] & (PROT_READ | PROT_EXEC))
		return -EACCES;
	fmt(link, sizeof link, "/proc/self/fd/%d", (int)c->arg[4]);
	fd = host(SYS_openat, AT_FDCWD, link, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -EACCES;
	c->arg[4] = fd;
	rv = strict(c, sys_mmap);
	host(SYS_close, fd);
	return rv;
}
/* What is open to be executed may be mapped to be executed, and so alone. The host must have it open to be read. */
static long mmap_executed(struct call *c)
{
	long fd, rv;
	if (c->arg[3] & MAP_ANONYMOUS || !exec_only(c, c->arg[4]))
		return -EBADF;
	if (c->arg[2] & (PROT_READ | PROT_WRITE) || (fd = exec_only_open(c, c->arg[4])) < 0)
		return -EACCES;
	c->arg[4] = fd;
	rv = strict(c, sys_mmap);
	host(SYS_close, fd);
	return rv;
}
long fbsd_map(struct call *c)
{
	long rv = c->t->p->limited ? mmap_limited(c) : strict(c, sys_mmap);
	return rv == -EACCES ? mmap_written(c) : rv == -EBADF ? mmap_executed(c) : rv;
}
long fbsd_old_map(struct call *c) { return strict(c, padded_mmap); }

/* --- mknod: FreeBSD keeps 32 bits of each number, the host 12 of the major one and 20 of the minor ------------------- */
static long device(struct call *c, int i, sysfn *fn)
{
	uint64_t d = (uint64_t)c->arg[i];
	uint64_t major = (d >> 32 & 0xffffff00) | (d >> 8 & 0xff), minor = (d >> 24 & 0xff00) | (d & 0xffff00ff);
	if (major > 0xfff || minor > 0xfffff)
		return -EINVAL;
	c->arg[i] = (long)((minor & 0xff) | major << 8 | (minor & 0xfff00) << 12);
	return fn(c);
}
long fbsd_mknod(struct call *c) { return device(c, 2, sys_mknod); }
long fbsd_mknodat(struct call *c) { return device(c, 3, sys_mknodat); }

/* --- FreeBSD's alone ---------------------------------------------------------------------------------------------- */
long fbsd_realpathat(struct call *c) { return sys_realpathat(c); }

#define FD_NONE (-200)
static bool same_file(struct call *c, int fd)
{
	struct stat a, b;
	struct where w;
	bool same = false;
	if (host(SYS_fstat, fd, &a) || arg_path(c, 1, (int)c->arg[0], 0, &w))
		return false;
	same = !host(SYS_newfstatat, w.dirfd, w.path, &b, AT_SYMLINK_NOFOLLOW) && a.st_dev == b.st_dev
	    && a.st_ino == b.st_ino;
	where_done(&w);
	return same;
}
/* Remove the name only while it is that of the open file. */
long fbsd_funlinkat(struct call *c)
{
	struct call d = *c;
	int fd = (int)c->arg[2];
	if (fd != FD_NONE && host(SYS_fcntl, fd, F_GETFD) < 0)
		return -EBADF;
	if (fd != FD_NONE && !same_file(c, fd))
		return -EDEADLK;
	d.arg[2] = c->arg[3];
	return sys_unlinkat(&d);
}
#define SPACECTL_DEALLOC 1
long fbsd_fspacectl(struct call *c)
{
	int64_t r[2];                            /* offset, length */
	long e = c->arg[1] != SPACECTL_DEALLOC || c->arg[3] ? -EINVAL : copy_in(r, (uaddr)c->arg[2], sizeof r);
	if (e)
		return e;
	if (r[0] < 0 || r[1] <= 0 || r[0] > INT64_MAX - r[1])
		return -EINVAL;
	e = block(SYS_fallocate, c->arg[0], FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, r[0], r[1]);
	if (e || !c->arg[4])
		return e;
	r[0] += r[1];
	r[1] = 0;
	return copy_out((uaddr)c->arg[4], r, sizeof r);
}
