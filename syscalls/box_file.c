/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The box's files (box.c): what a guest opens is looked at before it is opened, and what was looked at is what is opened,
 * by its descriptor. Refused are the memory of processes and of the machine, whatever name they have been given, and what
 * we record in. All that is opened in a guest's name comes here while the box is closed: path_open_host, walk.c,
 * personalities/linux/path.c.
 */
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "host.h"
#include "options.h"
#include "paths.h"

#define PROC_MAGIC 0x9fa0
#define PROC_ROOT 1                          /* the inode of its root */

/* The host's /proc and our own program as they were before the first guest ran, handed on over every exec: a guest with a root
 * or mounts of its own may put others where these are looked for by name. */
static int exe = -1;
int box_handed[2] = { -1, -1 };

static int kept(struct proc *p, long fd)
{
	int up = fd < 0 ? (int)fd : fd_ours(p, (int)fd);
	if (up < 0)
		die(fd < 0 ? "our own program cannot be opened: %s" : "no descriptor is left for guise itself: raise the limit of open files "
		    "(ulimit -n)", error_text(fd));
	return up;
}
void box_files(struct proc *p)
{
	struct stat st;
	long fs[32], fd = box_handed[0];

	if (proc_held >= 0)
		return;
	if (fd < 0)
		fd = host(SYS_open, "/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || host(SYS_fstatfs, fd, fs) || fs[0] != PROC_MAGIC || host(SYS_fstat, fd, &st) || st.st_ino != PROC_ROOT)
		die("the engine %s needs /proc, and what is mounted there is no process file system", p->engine->name);
	proc_held = kept(p, fd);
	exe = kept(p, box_handed[1] >= 0 ? box_handed[1] : host(SYS_openat, proc_held, "self/exe", O_PATH | O_CLOEXEC));
}
static void hand(bool on)
{
	host(SYS_fcntl, proc_held, F_SETFD, on ? 0 : FD_CLOEXEC);
	host(SYS_fcntl, exe, F_SETFD, on ? 0 : FD_CLOEXEC);
}
size_t box_hands(char *text, size_t n) { return box_closed ? fmt(text, n, "%d:%d", proc_held, exe) : 0; }

long box_exec(const void *argv, const void *envv)
{
	hand(true);
	long e = host(SYS_execveat, exe, "", argv, envv, AT_EMPTY_PATH);
	hand(false);
	return e;
}
/* The directory of our descriptors, at a number that the guest cannot put another in; -errno. */
static long descriptors(struct proc *p)
{
	struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_NO_XDEV };
	long fd = host(SYS_openat2, proc_held, "thread-self/fd", &how, sizeof how);
	return fd < 0 ? fd : fd_ours(p, (int)fd);
}
/* The last name of what fd is, which in /proc nobody can change; "": unknown */
static void last_name(int dir, int fd, char *name, size_t n)
{
	char path[4096], number[12], *gone;
	fmt(number, sizeof number, "%d", fd);
	long got = host(SYS_readlinkat, dir, number, path, sizeof path - 1);
	path[got < 0 ? 0 : got] = 0;
	if ((gone = str_rchr(path, ' ')) && !str_cmp(gone, " (deleted)"))
		*gone = 0;
	str_copy(name, str_rchr(path, '/') ? str_rchr(path, '/') + 1 : "", n);
}
/* The memory of a process or of the machine. A file of /proc that is mounted by itself has lost its name. */
static bool is_memory(int dir, int fd, const struct stat *st)
{
	struct statx x = { 0 };
	char name[16];
	long fs[32];

	if (S_ISCHR(st->st_mode) && major(st->st_rdev) == 1)
		return minor(st->st_rdev) == 1 || minor(st->st_rdev) == 2 || minor(st->st_rdev) == 4;  /* mem, kmem, port */
	if (host(SYS_fstatfs, fd, fs))
		return true;
	if (fs[0] != PROC_MAGIC || !S_ISREG(st->st_mode))
		return false;
	if (host(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_INO, &x) || x.stx_attributes & STATX_ATTR_MOUNT_ROOT)
		return true;
	last_name(dir, fd, name, sizeof name);
	return !*name || !str_cmp(name, "mem") || !str_cmp(name, "kcore");
}
/* What we record in, and the policy we hold it to. By its own number it is not to be had; by a link of /proc it would. */
static bool is_ours(const struct proc *p, const struct stat *st)
{
	const int own[] = { p->opt->trace_fd, p->opt->trace_end, p->opt->policy_fd, p->opt->report_fd, p->opt->witness_fd };
	struct stat x;
	for (unsigned i = 0; i < ARRAY_LEN(own); i++)
		if (own[i] >= 0 && !host(SYS_fstat, own[i], &x) && x.st_dev == st->st_dev && x.st_ino == st->st_ino)
			return true;
	return false;
}
static bool same(int fd, const struct stat *st)
{
	struct stat x;
	return !host(SYS_fstat, fd, &x) && x.st_dev == st->st_dev && x.st_ino == st->st_ino;
}
static long open_checked(struct proc *p, int dir, int o, unsigned flags, unsigned mode)
{
	char number[12];
	struct stat st;

	if (host(SYS_fstat, o, &st) || is_memory(dir, o, &st) || is_ours(p, &st))
		return -EACCES;
	if (S_ISLNK(st.st_mode))
		return -ELOOP;
	if (S_ISDIR(st.st_mode) && flags & O_CREAT)
		return -EISDIR;
	fmt(number, sizeof number, "%d", o);
	long fd = block(SYS_openat, dir, number, flags & ~(unsigned)(O_CREAT | O_EXCL | O_NOFOLLOW), mode);
	if (fd < 0 || same((int)fd, &st) || S_ISCHR(st.st_mode))         /* a terminal's master is another file each time */
		return fd;
	host(SYS_close, fd);
	return -EACCES;
}
/* Looked at before it is opened, and what was looked at is opened: a name may change its meaning in between. */
static long open_plain(int dirfd, const char *path, unsigned flags, unsigned mode, uint64_t resolve)
{
	struct open_how how = { .flags = flags, .mode = flags & (O_CREAT | __O_TMPFILE) ? mode & 07777 : 0, .resolve = resolve };
	return resolve ? block(SYS_openat2, dirfd, path, &how, sizeof how) : block(SYS_openat, dirfd, path, flags, mode);
}
/* A name, the guest's or ours, with room for n bytes. */
static long name_in(char *to, const char *from, size_t n)
{
	for (size_t at = 0; at < n; ) {
		size_t step = MIN(n - at, PAGE - ((uintptr_t)from + at) % PAGE);
		if (copy_in_any(to + at, (uaddr)from + at, step))
			return -EFAULT;
		for (size_t i = at; i < at + step; i++)
			if (!to[i])
				return (long)i;
		at += step;
	}
	return -ENAMETOOLONG;
}
/* An open that makes a file follows a last link that leads to nothing yet: what it leads to, instead of it. */
static long through(int dirfd, char *name, size_t n, uint64_t resolve)
{
	struct open_how how = { .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC, .resolve = resolve };
	char text[4096], *last = str_rchr(name, '/');
	long fd = host(SYS_openat2, dirfd, name, &how, sizeof how), len;

	if (fd < 0)
		return fd;
	len = host(SYS_readlinkat, fd, "", text, sizeof text - 1);
	host(SYS_close, fd);
	if (len < 0)
		return 0;                /* it is no link any more */
	text[len] = 0;
	if (text[0] == '/' || !last)
		last = name;
	else
		last++;
	return str_copy(last, text, n - (size_t)(last - name)) >= n - (size_t)(last - name) ? -ENAMETOOLONG : 0;
}
static long made(int dirfd, const char *path, unsigned flags, unsigned mode, uint64_t resolve)
{
	long r = open_plain(dirfd, path, flags | O_EXCL, mode, resolve);
	return r == -EEXIST ? -EAGAIN : r;
}
/* It is not there: made, or found after all (then *o names it), wherever links lead. */
static long make(int dirfd, const char *path, unsigned flags, unsigned mode, uint64_t resolve, long *o)
{
	unsigned look = O_PATH | O_CLOEXEC | (flags & (O_NOFOLLOW | O_DIRECTORY));
	char name[4096];
	long r = name_in(name, path, sizeof name);

	for (int links = 0; links < 40 && r >= 0; links++) {
		if ((r = made(dirfd, name, flags, mode, resolve)) != -EAGAIN)
			return r;
		if ((*o = open_plain(dirfd, name, look, 0, resolve)) != -ENOENT)
			return *o;
		if (flags & O_NOFOLLOW || resolve & (RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH))
			return -ELOOP;
		r = through(dirfd, name, sizeof name, resolve);
	}
	return r < 0 ? r : -ELOOP;
}
long box_open(int dirfd, const char *path, unsigned flags, unsigned mode, uint64_t resolve)
{
	struct proc *p = thread_self()->p;
	unsigned look = O_PATH | O_CLOEXEC | (flags & (O_NOFOLLOW | O_DIRECTORY));
	long o, r, dir;

	if (flags & O_PATH || (flags & O_TMPFILE) == O_TMPFILE || (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return open_plain(dirfd, path, flags, mode, resolve);
	o = open_plain(dirfd, path, look, 0, resolve);
	if (o == -ENOENT && flags & O_CREAT) {
		r = make(dirfd, path, flags, mode, resolve, &o);
		if (r < 0 || o < 0)
			return r;
	}
	if (o < 0)
		return o;
	o = fd_ours(p, (int)o);
	dir = o < 0 ? -1 : descriptors(p);
	r = dir < 0 ? -EMFILE : open_checked(p, (int)dir, (int)o, flags, mode);
	if (dir >= 0)
		host(SYS_close, dir);
	if (o >= 0)
		host(SYS_close, o);
	return r;
}
