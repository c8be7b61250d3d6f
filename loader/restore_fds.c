/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The guest's descriptors, made again by their kinds. Files are looked at before anything is given up: same device and
 * inode, size and time of the last change as when they were saved. Several descriptors of one open file are one again. What
 * we hold ourselves meanwhile lies above the guest's numbers.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <netinet/in.h>
#include <unistd.h>
#include "guise.h"
#include "loader/loader.h"
#include "loader/restore.h"

#define MAY_OPEN (O_ACCMODE | O_APPEND | O_NONBLOCK | O_DSYNC | O_SYNC | O_DIRECT | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_PATH)
#ifndef TFD_IOC_SET_TICKS
#define TFD_IOC_SET_TICKS _IOW('T', 0, unsigned long long)
#endif

static int base;                                 /* numbers from here on are ours */

static bool same(struct restore *r, int fd, const char *path, const struct snap_ident *id)
{
	struct stat st;
	const char *what = NULL;

	if (fstat(fd, &st) < 0)
		return restore_bad(r, "%s: %s", path, strerror(errno));
	if ((st.st_mode & S_IFMT) != (id->mode & S_IFMT))
		what = "is a file of another kind";
	else if (S_ISCHR(st.st_mode) || r->changed)
		return true;
	else if (st.st_dev != id->dev || st.st_ino != id->ino)
		what = "is another file than the one that was saved";
	else if (!S_ISDIR(st.st_mode) && (uint64_t)st.st_size != id->size)
		what = "has another size than when it was saved";
	else if (!S_ISDIR(st.st_mode) && (st.st_mtim.tv_sec != id->mtime || st.st_mtim.tv_nsec != id->mtime_ns))
		what = "was written to since it was saved";
	return !what || restore_bad(r, "%s %s (--changed takes it all the same)", path, what);
}
/* Above the guest's numbers. */
static int up(int fd)
{
	int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, base);
	int e = errno;
	if (fd >= 0)
		close(fd);
	errno = e;
	return high;
}
/* The memory of a process or of the machine, by any name: what a guest may not open (syscalls/box_file.c), no file gives it. */
static bool is_memory(int fd, const struct stat *st)
{
	char link[64], path[PATH_MAX], *name;
	struct statfs fs;
	struct statx x;

	if (fstatfs(fd, &fs) < 0)
		return true;
	if (fs.f_type != PROC_SUPER_MAGIC || !S_ISREG(st->st_mode))
		return false;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_INO, &x) < 0 || x.stx_attributes & STATX_ATTR_MOUNT_ROOT)
		return true;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof path - 1);
	path[n < 0 ? 0 : n] = 0;
	name = strrchr(path, '/');
	return !name || !strncmp(name, "/mem", 4) || !strncmp(name, "/kcore", 6);
}
/* An open can act, or wait for ever: what no snapshot names is not opened. */
static bool may_open(struct restore *r, int fd, const char *path, unsigned flags)
{
	struct stat st;
	unsigned minor_;

	if (fstat(fd, &st) < 0)
		return restore_bad(r, "%s: %s", path, strerror(errno));
	minor_ = minor(st.st_rdev);
	if (S_ISCHR(st.st_mode) && (major(st.st_rdev) != 1 || (minor_ != 3 && minor_ != 5 && (minor_ < 7 || minor_ > 9))))
		return restore_bad(r, "%s is a device that no snapshot may name", path);
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode) && !S_ISCHR(st.st_mode) && !(S_ISLNK(st.st_mode) && flags & O_PATH))
		return restore_bad(r, "%s is neither a file nor a directory", path);
	return !is_memory(fd, &st) || restore_bad(r, "%s is memory of a process or of the machine, which no snapshot may name", path);
}
/* What was looked at is what is opened, whoever changes names meanwhile. */
int restore_file(struct restore *r, const char *path, unsigned flags, const struct snap_ident *id)
{
	char link[64];
	int look = up(open(path, O_PATH | O_CLOEXEC | (int)(flags & (O_NOFOLLOW | O_DIRECTORY)))), fd;

	if (look < 0) {
		restore_bad(r, "%s: %s", path, strerror(errno));
		return -1;
	}
	if (!may_open(r, look, path, flags) || !same(r, look, path, id)) {
		close(look);
		return -1;
	}
	if (flags & O_PATH)
		return look;
	snprintf(link, sizeof link, "/proc/self/fd/%d", look);
	if ((fd = up(open(link, (int)(flags & MAY_OPEN & ~(unsigned)O_NOFOLLOW) | O_CLOEXEC | O_NOCTTY))) < 0)
		restore_bad(r, "%s: %s", path, strerror(errno));
	close(look);
	return fd;
}
int restore_mapped(struct restore *r, const struct snap_map *m, bool writes)
{
	return restore_file(r, m->path, writes ? O_RDWR : O_RDONLY, &m->id);
}
/* Before anything is given up: is everything that it names there? */
bool restore_open(struct restore *r, int first_ours)
{
	int fd;
	base = first_ours;
	EACH(r->image, SNAP_MAP, struct snap_map, m) {
		if (!(m->flags & MAPPED_FILE))
			continue;
		if ((fd = restore_mapped(r, m, false)) < 0)
			return false;
		close(fd);
	}
	EACH(r->image, SNAP_FD, struct snap_fd, f) {
		if (f->fd >= base)
			return restore_bad(r, "it has a descriptor %d, and here a program can have %d at most (ulimit -n)", f->fd, base);
		if (f->kind != FD_FILE || f->same_as >= 0)
			continue;
		if ((fd = restore_file(r, f->path, f->flags, &f->id)) < 0)
			return false;
		close(fd);
	}
	return true;
}
/* --- by kind: a descriptor, or -1 with errno ------------------------------------------------------------------------------ */
static int make_timer(const struct snap_fd *f)
{
	struct itimerspec it = { { f->word[3], f->word[4] }, { f->word[1], f->word[2] } };
	uint64_t ticks = (uint64_t)f->word[5];
	int fd = timerfd_create((int)f->word[0], TFD_CLOEXEC);
	if (fd >= 0 && timerfd_settime(fd, 0, &it, NULL) < 0) {
		close(fd);
		return -1;
	}
	if (fd >= 0 && ticks && ticks < 1ull << 62)
		ioctl(fd, TFD_IOC_SET_TICKS, &ticks);
	return fd;
}
/* The name of a local socket is left in the tree by whoever had it: if nobody listens there it may be taken away. */
void restore_free_name(const struct sockaddr_un *un, socklen_t n, int type)
{
	struct stat st;
	if (n <= sizeof(sa_family_t) || !un->sun_path[0] || stat(un->sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return;
	/* of another type: whoever lives there is not knocked at */
	int fd = socket(AF_UNIX, (type == SOCK_DGRAM ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (const void *)un, n) < 0 && errno == ECONNREFUSED)
		unlink(un->sun_path);
	close(fd);
}
static void socket_options(const struct snap_image *g, const struct snap_fd *f, int fd)
{
	static const struct { int level, name; } option[] = {
		{ SOL_SOCKET, SO_REUSEADDR }, { SOL_SOCKET, SO_REUSEPORT }, { SOL_SOCKET, SO_KEEPALIVE }, { IPPROTO_IPV6, IPV6_V6ONLY },
		{ SOL_SOCKET, SO_BROADCAST },
	};
	int on = 1;
	for (unsigned i = 0; i < ARRAY_LEN(option); i++)
		if (f->word[5] >> i & 1 && !(f->kind == FD_PAIR && option[i].name == IPV6_V6ONLY))
			setsockopt(fd, option[i].level, option[i].name, &on, sizeof on);
	EACH(g, SNAP_SOCKOPT, struct snap_sockopt, o)
		if (o->fd == f->fd && setsockopt(fd, o->level, o->name, o->value, o->size) < 0)
			say("an option (%d of level %d) of its socket %d cannot be set here: %s", o->name, o->level, f->fd, strerror(errno));
}
static int make_socket(const struct snap_image *g, const struct snap_fd *f)
{
	int on = 1, e, fd = socket((int)f->word[0], (int)f->word[1] | SOCK_CLOEXEC, (int)f->word[2]);
	if (fd < 0)
		return -1;
	socket_options(g, f, fd);
	bool listens = f->word[4] && f->word[0] != AF_UNIX;
	if (listens)                     /* beside connections of the tree's at the same port, which are there already */
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (f->word[0] == AF_UNIX)
		restore_free_name((const void *)f->address, (socklen_t)f->word[3], (int)f->word[1]);
	if ((!f->word[3] || !bind(fd, (const void *)f->address, (socklen_t)f->word[3])) && (!f->word[4] || !listen(fd, (int)f->word[4]))) {
		on = (int)(f->word[5] & 1);
		if (listens)
			setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
		return fd;
	}
	e = errno;
	close(fd);
	errno = e;
	return -1;
}
/* A memfd, with an open file of its own */
static int open_again(int fd, unsigned flags)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return open(path, (int)(flags & MAY_OPEN & ~(unsigned)(O_NOFOLLOW | O_DIRECTORY)) | O_CLOEXEC);
}
static int make(struct restore *r, const struct snap_image *g, const struct snap_fd *f)
{
	uint64_t mask = (uint64_t)f->word[0];
	switch (f->kind) {
	case FD_INHERIT:
		for (unsigned i = 0; i < r->n_given; i++)
			if (r->given[i].fd == f->word[0])
				return fcntl(r->given[i].mine, F_DUPFD_CLOEXEC, base);
		return f->word[0] >= 0 && f->word[0] <= 2 && r->inherit[f->word[0]] >= 0
		     ? fcntl(r->inherit[f->word[0]], F_DUPFD_CLOEXEC, base) : open("/dev/null", O_RDWR | O_CLOEXEC);
	case FD_FILE: return restore_file(r, f->path, f->flags, &f->id);
	case FD_PIPE_READ: return fcntl(r->tree->pipe[f->word[0]].end[0], F_DUPFD_CLOEXEC, base);
	case FD_PIPE_WRITE: return fcntl(r->tree->pipe[f->word[0]].end[1], F_DUPFD_CLOEXEC, base);
	case FD_PAIR: {
		int fd = fcntl(r->tree->pair[f->word[6] / 2].end[f->word[6] % 2], F_DUPFD_CLOEXEC, base);
		if (fd >= 0)
			socket_options(g, f, fd);
		return fd;
	}
	case FD_SHARED: return open_again(r->tree->shm[f->word[0]], f->flags);
	case FD_EVENT: {
		uint64_t count = (uint64_t)f->word[0];
		int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | (f->word[1] == 1 ? EFD_SEMAPHORE : 0));
		if (fd >= 0 && count && write(fd, &count, 8) != 8)
			return close(fd), -1;
		return fd;
	}
	case FD_TIMER: return make_timer(f);
	case FD_EPOLL: case FD_KQUEUE: return epoll_create1(EPOLL_CLOEXEC);
	case FD_SIGNALS: return (int)syscall(SYS_signalfd4, -1, &mask, 8, O_CLOEXEC);
	case FD_SOCKET: return make_socket(g, f);
	}
	errno = EINVAL;
	return -1;
}
static bool finish(struct restore *r, const struct snap_fd *f, int fd)
{
	int status = (int)(f->flags & (O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME | O_ASYNC));
	if (f->kind == FD_INHERIT || f->flags & O_PATH)
		return true;
	fcntl(fd, F_SETFL, status & ~O_ASYNC);
	if ((f->kind == FD_FILE || f->kind == FD_SHARED) && f->offset > 0 && lseek(fd, f->offset, SEEK_SET) < 0)
		return restore_bad(r, "%s cannot be read on from byte %lld: %s", f->path, (long long)f->offset, strerror(errno));
	return true;
}
int restore_open_one(struct restore *r, const struct snap_image *g, const struct snap_fd *f)
{
	int fd = make(r, g, f);
	if (fd >= 0 && !finish(r, f, fd)) {
		close(fd);
		return -1;
	}
	return fd;
}
/* Two ends of one open file that only differ in their number came from dup; of a pipe each end is one open file. */
static bool place(struct restore *r, const struct snap_fd *f)
{
	int shared = f->same_as >= 0 ? f->same_as : f->kind == FD_INHERIT ? -1 : tree_open(r->tree, f);
	int fd = shared >= 0 ? fcntl(shared, F_DUPFD_CLOEXEC, base) : up(make(r, r->image, f));

	if (fd < 0)
		return *r->why ? false : restore_bad(r, "its descriptor %d cannot be made again: %s%s", f->fd, strerror(errno),
						     errno == EADDRINUSE ? " (does what was saved still run?)" : "");
	if (dup3(fd, f->fd, f->flags & O_CLOEXEC) < 0)
		return restore_bad(r, "its descriptor %d cannot be made again: %s", f->fd, strerror(errno));
	close(fd);
	return shared >= 0 || finish(r, f, f->fd);
}
/* What whoever started us left open, and the guest does not know. */
static void close_others(const struct snap_image *g)
{
	unsigned next = 0;
	EACH(g, SNAP_FD, struct snap_fd, f) {
		if ((unsigned)f->fd > next)
			syscall(SYS_close_range, next, f->fd - 1, 0);
		next = (unsigned)f->fd + 1;
	}
	if (next < (unsigned)base)
		syscall(SYS_close_range, next, base - 1, 0);
}
bool restore_fds(struct restore *r)
{
	struct snap_image *g = r->image;

	close_others(g);
	EACH(g, SNAP_FD, struct snap_fd, f)
		if (!place(r, f))
			return false;
	EACH(g, SNAP_EPOLL, struct snap_epoll, w) {
		struct epoll_event e = { .events = w->events, .data.u64 = w->data };
		if (epoll_ctl(w->epfd, EPOLL_CTL_ADD, w->fd, &e) < 0)
			return restore_bad(r, "its descriptor %d cannot be watched again: %s", w->fd, strerror(errno));
	}
	tree_close(r->tree);
	return restore_locks(r);
}
