/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What is known about a file besides its bytes, changed: mode, owner, times, space. (Read: stat.c.)
 */
#include <fcntl.h>
#include <unistd.h>
#include <sys/stat.h>
#include <sys/time.h>
#include "ext.h"
#include "host.h"
#include "handlers/exec_only.h"

sysfn sys_chmod, sys_lchmod, sys_fchmod, sys_fchmodat, sys_chown, sys_lchown, sys_fchown, sys_fchownat;
sysfn sys_utimes, sys_lutimes, sys_futimes, sys_futimesat, sys_utimensat, sys_futimens;
sysfn sys_fsync, sys_fdatasync, sys_sync, sys_flock, sys_posix_fallocate, sys_posix_fadvise;

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

/* AT_* flags that say how to look up, and those the host's call itself takes. */
static long meta_path(struct call *c, int i, int dirfd, uint64_t at, struct where *w)
{
	long e;
	if (at & ~(uint64_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | X_AT_BENEATH))
		return -EINVAL;
	e = arg_path(c, i, dirfd, (at & AT_SYMLINK_NOFOLLOW ? 0 : PATH_FOLLOW)
		     | (at & X_AT_BENEATH ? PATH_BENEATH : 0), w);
	return e == -EXDEV && (at & X_AT_BENEATH) ? -X_ENOTCAPABLE : e;
}

/* --- mode --------------------------------------------------------------------------------------------------------- */
/* The mode of a symbolic link is 0777 on the host and cannot be changed (EOPNOTSUPP), but may be asked for. */
static bool link_has(struct where *w, unsigned mode)
{
	struct stat st;
	return !host(SYS_newfstatat, w->dirfd, w->path, &st, AT_SYMLINK_NOFOLLOW | (*w->path ? 0 : AT_EMPTY_PATH))
	    && S_ISLNK(st.st_mode) && (st.st_mode & 07777) == (mode & 07777);
}
/* The host has had flags for this only since 6.6. */
static long chmod_flags(struct where *w, unsigned mode, unsigned flags)
{
	char link[40];
	struct stat st;
	long e = host(SYS_fchmodat2, w->dirfd, w->path, mode, flags), fd;
	if (e != -ENOSYS)
		return e;
	fd = host(SYS_openat, w->dirfd, flags & AT_EMPTY_PATH && !*w->path ? "." : w->path,
		  O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return fd;
	fmt(link, sizeof link, "/proc/self/fd/%ld", fd);
	e = host(SYS_fstat, fd, &st);
	if (!e)
		e = S_ISLNK(st.st_mode) ? -EOPNOTSUPP : host(SYS_fchmodat, AT_FDCWD, link, mode);
	host(SYS_close, fd);
	return e;
}
/* Only the super-user may make a file sticky that is no directory; the host lets its owner. */
static bool sticky_file(int dirfd, const char *path, unsigned mode, unsigned flags)
{
	struct stat st;
	return mode & S_ISVTX && host(SYS_geteuid) && !host(SYS_newfstatat, dirfd, path, &st, flags)
	    && !S_ISDIR(st.st_mode) && st.st_uid == host(SYS_geteuid);
}
static bool not_owner(const struct where *w, unsigned flags)
{
	struct stat st;
	return host(SYS_geteuid) && !host(SYS_newfstatat, w->dirfd, w->path, &st, flags) && st.st_uid != host(SYS_geteuid);
}
static long do_chmod(struct call *c, int i, int dirfd, unsigned mode, uint64_t at)
{
	struct where w;
	unsigned flags = at & (AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH);
	long e = meta_path(c, i, dirfd, at, &w);
	if (e)
		return e;
	if (sticky_file(w.dirfd, w.path, mode, flags))
		e = -X_EFTYPE;
	else
		e = flags ? chmod_flags(&w, mode, flags) : host(SYS_fchmodat, w.dirfd, w.path, mode);
	if (e == -EOPNOTSUPP && flags)
		e = link_has(&w, mode) ? 0 : not_owner(&w, flags) ? -EPERM : e;
	where_done(&w);
	return e;
}
long sys_chmod(struct call *c) { return do_chmod(c, 0, AT_FDCWD, (unsigned)c->arg[1], 0); }
long sys_lchmod(struct call *c) { return do_chmod(c, 0, AT_FDCWD, (unsigned)c->arg[1], AT_SYMLINK_NOFOLLOW); }
long sys_fchmod(struct call *c)
{
	if (sticky_file((int)c->arg[0], "", (unsigned)c->arg[1], AT_EMPTY_PATH))
		return -X_EFTYPE;
	return exec_only_do(c, host(SYS_fchmod, c->arg[0], c->arg[1]), SYS_fchmodat, c->arg[1], 0, 0);
}
long sys_fchmodat(struct call *c)
{
	return do_chmod(c, 1, (int)c->arg[0], (unsigned)c->arg[2], (uint64_t)c->arg[3]);
}

/* --- owner -------------------------------------------------------------------------------------------------------- */
/* Linux takes the set-id bits from a program alone, other systems from whatever an ordinary user gives away. */
static void clear_set_id(struct thread *t, int dirfd, const char *path, unsigned flags)
{
	struct stat st;
	if (t->p->pers->old_chown && host(SYS_geteuid) && !host(SYS_newfstatat, dirfd, path, &st, flags) &&
	    st.st_mode & (S_ISUID | S_ISGID) && !S_ISLNK(st.st_mode))
		*path ? host(SYS_fchmodat, dirfd, path, st.st_mode & 01777) : host(SYS_fchmod, dirfd, st.st_mode & 01777);
}
/* Linux gives a file another ctime where nothing was to be changed. */
static long set_owner(struct thread *t, int dirfd, const char *path, long uid, long gid, unsigned flags)
{
	struct stat st;
	if (t->p->pers->old_chown && (int)uid == -1 && (int)gid == -1)
		return host(SYS_newfstatat, dirfd, path, &st, flags);
	long e = host(SYS_fchownat, dirfd, path, uid, gid, flags);
	if (!e)
		clear_set_id(t, dirfd, path, flags);
	return e;
}
static long do_chown(struct call *c, int i, int dirfd, long uid, long gid, uint64_t at)
{
	struct where w;
	long e = meta_path(c, i, dirfd, at, &w);
	if (e)
		return e;
	e = set_owner(c->t, w.dirfd, w.path, uid, gid, at & (AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH));
	where_done(&w);
	return e;
}
long sys_chown(struct call *c) { return do_chown(c, 0, AT_FDCWD, c->arg[1], c->arg[2], 0); }
long sys_lchown(struct call *c) { return do_chown(c, 0, AT_FDCWD, c->arg[1], c->arg[2], AT_SYMLINK_NOFOLLOW); }
long sys_fchown(struct call *c)
{
	if (c->t->p->pers->old_chown && (int)c->arg[1] == -1 && (int)c->arg[2] == -1)
		return set_owner(c->t, (int)c->arg[0], "", -1, -1, AT_EMPTY_PATH);
	long e = host(SYS_fchown, c->arg[0], c->arg[1], c->arg[2]);
	if (!e)
		clear_set_id(c->t, (int)c->arg[0], "", AT_EMPTY_PATH);
	return exec_only_do(c, e, SYS_fchownat, c->arg[1], c->arg[2], 0);
}
long sys_fchownat(struct call *c)
{
	return do_chown(c, 1, (int)c->arg[0], c->arg[2], c->arg[3], (uint64_t)c->arg[4]);
}

/* --- times: one host call for all of them; without times it is now ------------------------------------------------ */
static long get_timeval2(struct call *c, int i, struct timespec ts[2])
{
	struct timeval tv[2];
	long e = arg_get(c, i, tv);
	for (int k = 0; !e && k < 2; k++) {
		if (tv[k].tv_usec < 0 || tv[k].tv_usec >= 1000000)
			return -EINVAL;
		ts[k] = (struct timespec){ tv[k].tv_sec, tv[k].tv_usec * 1000 };
	}
	return e;
}
static long do_utimes(struct call *c, int i, int dirfd, int times, uint64_t at)
{
	struct timespec ts[2];
	struct where w;
	bool now = !c->arg[times];
	long e = now ? 0 : c->row->arg[times].what == REC_TIMEVAL2 ? get_timeval2(c, times, ts) : arg_get(c, times, ts);
	if (e || (e = meta_path(c, i, dirfd, at, &w)))
		return e;
	e = host(SYS_utimensat, w.dirfd, w.path, now ? NULL : ts, at & (AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH));
	where_done(&w);
	return e;
}
static long do_futimes(struct call *c)
{
	struct timespec ts[2];
	bool now = !c->arg[1];
	long e = now ? 0 : c->row->arg[1].what == REC_TIMEVAL2 ? get_timeval2(c, 1, ts) : arg_get(c, 1, ts);
	if (e)
		return e;
	e = host(SYS_utimensat, c->arg[0], NULL, now ? NULL : ts, 0);
	return exec_only_do(c, e, SYS_utimensat, now ? 0 : (long)ts, 0, 0);
}
long sys_utimes(struct call *c) { return do_utimes(c, 0, AT_FDCWD, 1, 0); }
long sys_lutimes(struct call *c) { return do_utimes(c, 0, AT_FDCWD, 1, AT_SYMLINK_NOFOLLOW); }
long sys_futimesat(struct call *c) { return do_utimes(c, 1, (int)c->arg[0], 2, 0); }
long sys_utimensat(struct call *c) { return do_utimes(c, 1, (int)c->arg[0], 2, (uint64_t)c->arg[3]); }
long sys_futimes(struct call *c) { return do_futimes(c); }
long sys_futimens(struct call *c) { return do_futimes(c); }

/* --- the bytes' way to the disk, locks, space --------------------------------------------------------------------- */
static long sync_fd(struct call *c, long nr)
{
	long e = host(nr, c->arg[0]), fd;
	if (e != -EBADF || !exec_only(c, c->arg[0]))
		return e;
	if ((fd = exec_only_open(c, c->arg[0])) < 0)
		return 0;                /* it cannot have been written through here */
	e = host(nr, fd);
	host(SYS_close, fd);
	return e;
}
long sys_fsync(struct call *c) { return sync_fd(c, SYS_fsync); }
long sys_fdatasync(struct call *c) { return sync_fd(c, SYS_fdatasync); }
long sys_sync(struct call *c) { return host(SYS_sync); }
long sys_flock(struct call *c) { return block(SYS_flock, c->arg[0], c->arg[1]); }
/* Plain results here; systems whose call returns the error as a number wrap these. */
long sys_posix_fallocate(struct call *c)
{
	long e = block(SYS_fallocate, c->arg[0], 0, c->arg[1], c->arg[2]);
	return e == -EBADF && host(SYS_lseek, c->arg[0], 0, SEEK_CUR) == -ESPIPE ? -ESPIPE : e;
}
long sys_posix_fadvise(struct call *c) { return host(SYS_fadvise64, c->arg[0], c->arg[1], c->arg[2], c->arg[3]); }
