/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Files by name: open, make, remove, rename, link, and who may do what with them. Every name goes through arg_path, so
 * that the guest's root holds; what the other systems do differently from the host is said where it is done.
 */
#include <fcntl.h>
#include <unistd.h>
#include <linux/limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include "ext.h"
#include "host.h"
#include "paths.h"
#include "handlers/exec_only.h"
#include "observe/audit.h"

sysfn sys_open, sys_openat, sys_creat, sys_link, sys_linkat, sys_unlink, sys_unlinkat, sys_rename, sys_renameat;
sysfn sys_symlink, sys_symlinkat, sys_mknod, sys_mknodat, sys_mkfifo, sys_mkfifoat, sys_readlink, sys_readlinkat;
sysfn sys_access, sys_faccessat, sys_eaccess, sys_truncate, sys_ftruncate, sys_umask;

/* --- open --------------------------------------------------------------------------------------------------------- */
#define X_OPEN (X_O_EXLOCK | X_O_SHLOCK | X_O_EXEC | X_O_BENEATH | X_O_VERIFY | X_O_EMPTY_PATH | X_IGNORED)

/* The lock is part of the open: the host has no such flag, so the file is cut only once the lock is held. */
static long open_locked(long fd, uint64_t flags)
{
	long how = flags & X_O_EXLOCK ? LOCK_EX : LOCK_SH;
	long e = host(SYS_flock, fd, how | LOCK_NB);     /* a new file needs no sleep: O_EXCL is not restarted */
	if (e == -EAGAIN && !(flags & O_NONBLOCK))
		e = block(SYS_flock, fd, how);
	if (!e && (flags & O_TRUNC))
		e = host(SYS_ftruncate, fd, 0);
	if (!e)
		return fd;
	host(SYS_close, fd);
	return e;
}
/* Open for execution or search only is the host's O_PATH, which asks for no permission: ask here. */
static long open_exec(struct call *c, long fd, uint64_t asked)
{
	long e = host(SYS_faccessat2, fd, "", X_OK, AT_EMPTY_PATH | AT_EACCESS);
	if (!e || e == -ENOSYS)
		return asked & O_PATH ? fd : exec_only_mark(c, fd);
	host(SYS_close, fd);
	return e;
}
/* ... and which makes no file. Who makes one may execute it, whatever its mode; -EEXIST: there is one. */
static long open_exec_new(struct call *c, int dirfd, int i, uint64_t flags, unsigned mode)
{
	unsigned make = ((unsigned)flags & ~(unsigned)(O_PATH | O_TRUNC)) | O_CREAT | O_EXCL;
	long fd = arg_open(c, i, dirfd, make, mode, flags & X_O_BENEATH ? PATH_BENEATH : 0);
	if (fd >= 0 && (fd = exec_only_made(fd, (unsigned)flags)) >= 0)
		exec_only_mark(c, fd);
	return fd;
}
/* Where the host's open says something else than the other systems for the same file. */
static long open_error(struct call *c, int i, int dirfd, uint64_t flags, long e)
{
	struct where w;
	struct stat st;
	if (e == -ELOOP && (flags & O_NOFOLLOW) && c->t->p->pers->nofollow_err) {
		if (arg_path(c, i, dirfd, 0, &w))
			return e;
		if (!host(SYS_newfstatat, w.dirfd, w.path, &st, AT_SYMLINK_NOFOLLOW) && S_ISLNK(st.st_mode))
			e = -c->t->p->pers->nofollow_err;
		where_done(&w);
	} else if (e == -ENXIO) {                /* a socket has no open; a FIFO without a reader keeps ENXIO */
		if (arg_path(c, i, dirfd, PATH_FOLLOW, &w))
			return e;
		if (!host(SYS_newfstatat, w.dirfd, w.path, &st, 0) && S_ISSOCK(st.st_mode))
			e = -EOPNOTSUPP;
		where_done(&w);
	}
	return e;
}
/* The same open file under a new description, as open of its name would make it. */
static long open_empty(struct call *c, int fd, unsigned flags, unsigned mode)
{
	char link[40];
	struct where w = { .own = -1 };
	long e = audit_judges(c->t) ? audit_fd(c->t, fd, &w) : 0;
	if (e)
		return e;
	if (w.own >= 0 && (fd = w.own = fd_ours(c->t->p, w.own)) < 0)
		return fd;
	if (fd == AT_FDCWD)
		return host(SYS_openat, fd, ".", flags, mode);
	fmt(link, sizeof link, "/proc/self/fd/%d", fd);
	e = path_open_host(AT_FDCWD, link, flags & ~(unsigned)O_NOFOLLOW, mode);
	where_done(&w);
	return e;
}
static bool path_empty(struct call *c, int i)
{
	char first;
	return !copy_in(&first, (uaddr)c->raw[i], 1) && !first;
}
static long do_open(struct call *c, int dirfd, int i, uint64_t flags, unsigned mode)
{
	uint64_t asked = flags |= c->t->p->pers->open_adds;
	long fd;
	if ((flags & (X_O_EXLOCK | X_O_SHLOCK)) == (X_O_EXLOCK | X_O_SHLOCK))
		return -EINVAL;
	if (flags & ~(HOST_BITS | X_OPEN)) {
		report_unknown(c->t, UNK_BITS, "open", (uint64_t)c->raw[i + 1]);
		return -EINVAL;
	}
	if (flags & (X_O_EXLOCK | X_O_SHLOCK))
		flags &= ~(uint64_t)O_TRUNC;
	if (flags & X_O_EXEC && !(flags & O_PATH) && flags & O_ACCMODE)
		return -EINVAL;
	if (flags & X_O_EXEC && flags & O_CREAT && !(flags & O_PATH)) {
		fd = open_exec_new(c, dirfd, i, flags, mode);
		if (fd != -EEXIST || flags & O_EXCL)
			return fd;
	}
	if (flags & X_O_EXEC)
		flags |= O_PATH;
	if ((flags & X_O_EMPTY_PATH) && path_empty(c, i))
		fd = open_empty(c, dirfd, (unsigned)flags, mode);
	else
		fd = arg_open(c, i, dirfd, (unsigned)flags, mode, flags & X_O_BENEATH ? PATH_BENEATH : 0);
	if (fd == -ENOENT && c->t->p->pers->device)
		fd = c->t->p->pers->device(c, i, (unsigned)flags);
	if (fd < 0)
		return fd == -EXDEV && (flags & X_O_BENEATH) ? -X_ENOTCAPABLE : open_error(c, i, dirfd, flags, fd);
	if (flags & X_O_EXEC)
		fd = open_exec(c, fd, asked);
	return fd >= 0 && (flags & (X_O_EXLOCK | X_O_SHLOCK)) ? open_locked(fd, asked) : fd;
}
long sys_open(struct call *c) { return do_open(c, AT_FDCWD, 0, (uint64_t)c->arg[1], (unsigned)c->arg[2]); }
long sys_openat(struct call *c) { return do_open(c, (int)c->arg[0], 1, (uint64_t)c->arg[2], (unsigned)c->arg[3]); }
long sys_creat(struct call *c) { return do_open(c, AT_FDCWD, 0, O_WRONLY | O_CREAT | O_TRUNC, (unsigned)c->arg[1]); }

/* --- one name ----------------------------------------------------------------------------------------------------- */
/* What AT_* say about the lookup. What is left of them goes to the host. */
static unsigned at_how(uint64_t at)
{
	return (at & AT_SYMLINK_NOFOLLOW ? 0 : PATH_FOLLOW) | (at & X_AT_BENEATH ? PATH_BENEATH : 0);
}
static long at_path(struct call *c, int i, int dirfd, unsigned how, struct where *w)
{
	long e = arg_path(c, i, dirfd, how, w);
	return e == -EXDEV && (how & PATH_BENEATH) ? -X_ENOTCAPABLE : e;
}
/* Call nr with (dirfd, path, a, b) for the path of argument i. */
static long with_path(struct call *c, int i, int dirfd, unsigned how, long nr, long a, long b)
{
	struct where w;
	long rv = at_path(c, i, dirfd, how, &w);
	if (rv)
		return rv;
	rv = host(nr, w.dirfd, w.path, a, b);
	where_done(&w);
	return rv;
}
static bool path_is_root(struct call *c, int i)
{
	char path[8];
	long n = copy_str(path, (uaddr)c->raw[i], sizeof path);
	while (n > 0 && path[n - 1] == '/')
		n--;
	return n == 0 && path[0] == '/';
}
/* The other systems say EPERM where the host says that it is a directory, save for the root. */
static long do_unlink(struct call *c, int i, int dirfd, uint64_t at)
{
	unsigned how = PATH_CREATE | (at & X_AT_BENEATH ? PATH_BENEATH : 0);
	long rv;
	if (at & ~(uint64_t)(AT_REMOVEDIR | X_AT_BENEATH))
		return -EINVAL;
	rv = with_path(c, i, dirfd, how, SYS_unlinkat, (long)(at & AT_REMOVEDIR), 0);
	return rv == -EISDIR && !path_is_root(c, i) ? -EPERM : rv;
}
long sys_unlink(struct call *c) { return do_unlink(c, 0, AT_FDCWD, 0); }
long sys_unlinkat(struct call *c) { return do_unlink(c, 1, (int)c->arg[0], (uint64_t)c->arg[2]); }

/* Device 0 is anybody's to make on the host, where it marks what an overlay hides; elsewhere it is a device like others. */
static bool may_make_devices(void)
{
	struct { uint32_t version; int pid; } head = { 0x20080522, 0 };
	struct { uint32_t effective, permitted, inheritable; } caps[2] = { { 0 } };
	return !host(SYS_capget, &head, caps) && caps[0].effective >> 27 & 1;       /* CAP_MKNOD */
}
/* Files and directories are made by open and mkdir alone; the host would make a file. */
static long do_mknod(struct call *c, int i, int dirfd, unsigned mode, long dev)
{
	if (S_ISCHR(mode) && !dev && !may_make_devices())
		return -EPERM;
	if (!S_ISCHR(mode) && !S_ISBLK(mode) && !S_ISFIFO(mode))
		return -EINVAL;
	return with_path(c, i, dirfd, PATH_CREATE, SYS_mknodat, mode, dev);
}
static unsigned fifo(long mode) { return S_IFIFO | ((unsigned)mode & 07777); }
long sys_mknod(struct call *c) { return do_mknod(c, 0, AT_FDCWD, (unsigned)c->arg[1], c->arg[2]); }
long sys_mknodat(struct call *c) { return do_mknod(c, 1, (int)c->arg[0], (unsigned)c->arg[2], c->arg[3]); }
long sys_mkfifo(struct call *c) { return do_mknod(c, 0, AT_FDCWD, fifo(c->arg[1]), 0); }
long sys_mkfifoat(struct call *c) { return do_mknod(c, 1, (int)c->arg[0], fifo(c->arg[2]), 0); }

/* What has no length is left alone without a word; the host says EINVAL. */
static bool has_no_length(const struct where *w)
{
	struct stat st;
	return !host(SYS_newfstatat, w->dirfd, w->path, &st, 0)
	    && (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode) || S_ISSOCK(st.st_mode));
}
long sys_truncate(struct call *c)
{
	struct where w;
	long rv;
	if (c->arg[1] < 0)
		return -EINVAL;
	rv = arg_path(c, 0, AT_FDCWD, PATH_FOLLOW, &w);
	if (rv)
		return rv;
	rv = host(SYS_truncate, w.path, c->arg[1]);
	if (rv == -EINVAL && has_no_length(&w))
		rv = 0;
	where_done(&w);
	return rv;
}
long sys_ftruncate(struct call *c) { return host(SYS_ftruncate, c->arg[0], c->arg[1]); }
long sys_umask(struct call *c) { return host(SYS_umask, c->arg[0]); }

/* --- access ------------------------------------------------------------------------------------------------------- */
static long do_access(struct call *c, int i, int dirfd, long mode, uint64_t at)
{
	uint64_t flags = at & (AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH);
	if (at & ~(flags | X_AT_BENEATH))
		return -EINVAL;
	return with_path(c, i, dirfd, at_how(at), flags ? SYS_faccessat2 : SYS_faccessat, mode, (long)flags);
}
long sys_access(struct call *c) { return do_access(c, 0, AT_FDCWD, c->arg[1], 0); }
long sys_eaccess(struct call *c) { return do_access(c, 0, AT_FDCWD, c->arg[1], AT_EACCESS); }
long sys_faccessat(struct call *c) { return do_access(c, 1, (int)c->arg[0], c->arg[2], (uint64_t)c->arg[3]); }

/* --- two names ---------------------------------------------------------------------------------------------------- */
static long with_paths(struct call *c, int i, int from, unsigned how, int j, int to, long nr, long flags)
{
	struct where a, b;
	long rv = at_path(c, i, from, how, &a);
	if (rv)
		return rv;
	rv = at_path(c, j, to, PATH_CREATE | (how & PATH_BENEATH), &b);
	if (!rv) {
		rv = host(nr, a.dirfd, a.path, b.dirfd, b.path, flags);
		where_done(&b);
	}
	where_done(&a);
	return rv;
}
long sys_rename(struct call *c) { return with_paths(c, 0, AT_FDCWD, PATH_CREATE, 1, AT_FDCWD, SYS_renameat2, 0); }
long sys_renameat(struct call *c)
{
	return with_paths(c, 1, (int)c->arg[0], PATH_CREATE, 3, (int)c->arg[2], SYS_renameat2, 0);
}
/* A link to a descriptor: the host asks for a privilege, but not through the descriptor's own name. */
static long link_fd(struct call *c, int fd, int j, int to)
{
	char link[40];
	struct where a = { .own = -1 }, b;
	long rv = audit_judges(c->t) ? audit_fd(c->t, fd, &a) : 0;
	if (rv)
		return rv;
	if (!(rv = arg_path(c, j, to, PATH_CREATE, &b))) {
		fmt(link, sizeof link, "/proc/self/fd/%d", a.own >= 0 ? a.own : fd);
		rv = host(SYS_linkat, AT_FDCWD, link, b.dirfd, b.path, AT_SYMLINK_FOLLOW);
		where_done(&b);
	}
	where_done(&a);
	return rv;
}
static long do_link(struct call *c, int i, int from, int j, int to, uint64_t at)
{
	unsigned how = at & AT_SYMLINK_FOLLOW ? PATH_FOLLOW : 0;
	if (at & ~(uint64_t)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH | X_AT_BENEATH))
		return -EINVAL;
	if ((at & AT_EMPTY_PATH) && path_empty(c, i))
		return link_fd(c, from, j, to);
	if (at & X_AT_BENEATH)
		how |= PATH_BENEATH;
	return with_paths(c, i, from, how, j, to, SYS_linkat, (long)(at & AT_SYMLINK_FOLLOW));
}
/* A link that is its first name is followed; the host's link does not. */
long sys_link(struct call *c) { return do_link(c, 0, AT_FDCWD, 1, AT_FDCWD, AT_SYMLINK_FOLLOW); }
long sys_linkat(struct call *c)
{
	return do_link(c, 1, (int)c->arg[0], 3, (int)c->arg[2], (uint64_t)c->arg[4]);
}

/* --- links of text ------------------------------------------------------------------------------------------------ */
static long do_symlink(struct call *c, int text, int i, int dirfd)
{
	struct where w;
	long rv = arg_path(c, i, dirfd, PATH_CREATE, &w);
	if (rv)
		return rv;
	rv = host(SYS_symlinkat, c->raw[text], w.dirfd, w.path);
	where_done(&w);
	return rv;
}
long sys_symlink(struct call *c) { return do_symlink(c, 0, 1, AT_FDCWD); }
long sys_symlinkat(struct call *c) { return do_symlink(c, 0, 2, (int)c->arg[1]); }

static long put_text(uaddr buf, size_t n, const char *text, size_t len)
{
	long e = copy_out(buf, text, MIN(n, len));
	return e ? e : (long)MIN(n, len);
}
/* A link of procfs shows a host path, which the guest must read in its own terms. */
static long readlink_proc(struct call *c, const struct where *w, uaddr buf, size_t n)
{
	char host_path[PATH_MAX], guest[PATH_MAX];
	long got = host(SYS_readlinkat, w->dirfd, w->path, host_path, sizeof host_path - 1), len;
	if (got < 0)
		return got;
	host_path[got] = 0;
	len = host_path[0] == '/' ? path_to_guest(c->t->p, host_path, guest, sizeof guest) : -ENOENT;
	return len < 0 ? put_text(buf, n, host_path, (size_t)got) : put_text(buf, n, guest, (size_t)len);
}
static long do_readlink(struct call *c, int i, int dirfd, uaddr buf, size_t n)
{
	struct where w;
	char guest[PATH_MAX];
	struct proc *p = c->t->p;
	long rv = arg_path(c, i, dirfd, 0, &w);
	if (rv)
		return rv;
	if (w.exe) {
		rv = path_to_guest(p, p->exe, guest, sizeof guest);
		rv = rv < 0 ? rv : put_text(buf, n, guest, (size_t)rv);
	} else if (p->paths && w.dirfd == AT_FDCWD && !str_ncmp(w.path, "/proc/", 6)) {
		rv = readlink_proc(c, &w, buf, n);
	} else {
		rv = host(SYS_readlinkat, w.dirfd, w.path, buf, MIN(n, 0x7fffffffu));
	}
	where_done(&w);
	return rv;
}
long sys_readlink(struct call *c) { return do_readlink(c, 0, AT_FDCWD, (uaddr)c->arg[1], (size_t)c->arg[2]); }
long sys_readlinkat(struct call *c) { return do_readlink(c, 1, (int)c->arg[0], (uaddr)c->arg[2], (size_t)c->arg[3]); }
