/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Paths under a policy. What is judged must be what is used, whatever others do to links and directories meanwhile. So a
 * name is looked up once, by the host's kernel, into a descriptor that only names it (O_PATH): of the object, or of its
 * directory where a last name is made, removed, or not followed. The kernel says where that is (/proc/self/fd), this is
 * judged, and the handler acts on the descriptor, or on the last name in it, which it never follows.
 *
 * What cannot be found is judged by where it would be: the deepest directory that is there, and the rest of the text
 * behind it. It fails in any case, but a rule can make it fail as if it had been there, and the log tells of it.
 * Nothing is ever opened, made or cut before its verdict.
 */
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include "../confine.h"
#include "../paths.h"
#include "audit.h"

#define LINKS_MOST 40

static long put_true(int fd, const char *name, char *buf, size_t n)
{
	long len = path_of_fd(fd, buf, n);
	if (len < 0 || !name)
		return len < 0 ? len : 0;
	while (len && buf[len - 1] == '/')
		len--;
	if ((size_t)len + fmt(buf + len, n - (size_t)len, "/%s", name) >= n)
		return -ENAMETOOLONG;
	for (len = (long)str_len(buf); len > 1 && buf[len - 1] == '/'; len--)
		buf[len - 1] = 0;
	return 0;
}
/* It cannot be said what it names, and it fails: only what asks for no path can match. */
static long nameless(struct thread *t, long e)
{
	long no = audit_addr(t, NULL);
	return no ? no : e;
}
/* The object fd, or name in it. */
static long judge_as(struct thread *t, int fd, const char *name, bool by_fd)
{
	char path[4096 + 300];
	long e = put_true(fd, name, path, sizeof path);
	bool told = !e;
	if (e == -EBADF)                 /* a descriptor of the guest's that is none */
		return nameless(t, e);
	return audit_true_path(t, told ? path : NULL, told, by_fd);
}

static long judge(struct thread *t, int fd, const char *name) { return judge_as(t, fd, name, false); }

/* --- what is not there -------------------------------------------------------------------------------------------- */
/* at is absolute; each name of path is put behind it, or taken away by "..". */
static bool put_names(char *at, size_t room, const char *path)
{
	size_t len = str_len(at), n;
	while ((n = path_next(&path))) {
		if (n == 2 && path[0] == '.' && path[1] == '.') {
			while (len && at[--len] != '/')
				;
		} else {
			if (len + n + 2 > room)
				return false;
			at[len++] = '/';
			memcpy(at + len, path, n);
			len += n;
		}
		at[len] = 0;
		path += n;
	}
	if (!len)
		at[0] = '/', at[1] = 0;
	return true;
}
/* The true path of the deepest directory on the way that is there; at[] is it, and the rest of path begins at the result. */
static const char *deepest(struct thread *t, int dirfd, char *path, char *at, size_t room)
{
	struct where w;
	size_t n = str_len(path);
	for (;;) {
		while (n && path[n - 1] != '/')
			n--;
		char keep = path[n];
		path[n] = 0;
		long fd = path_look(t, dirfd, n ? path : ".", PATH_FOLLOW, &w);
		if (!fd)
			fd = host(SYS_openat, w.dirfd, w.path, O_PATH | O_CLOEXEC, 0);
		where_done(&w);
		path[n] = keep;
		if (fd >= 0) {
			long len = path_of_fd((int)fd, at, room);
			host(SYS_close, fd);
			at[len < 0 ? 0 : len == 1 ? 0 : len] = 0;
			return len < 0 ? NULL : path + n;
		}
		if (!n)
			return NULL;
		n--;
	}
}
static long judge_text(struct thread *t, int dirfd, const char *path)
{
	char at[2 * PATH_MAX + 16], text[PATH_MAX + 1];
	str_copy(text, path, sizeof text);
	const char *rest = deepest(t, dirfd, text, at, sizeof at);
	bool told = rest && put_names(at, sizeof at, rest);
	return told ? audit_true_path(t, at, true, false) : audit_addr(t, NULL);
}
/* It fails with e, unless it is refused. */
static long not_there(struct thread *t, int dirfd, const char *path, long e)
{
	long no = judge_text(t, dirfd, path);
	return no ? no : e;
}

/* --- from a place to a descriptor --------------------------------------------------------------------------------- */
static long pin(int dirfd, const char *path, unsigned flags, uint64_t resolve)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC | flags, .resolve = resolve };
	long rv = -EAGAIN;
	if (!resolve)
		return host(SYS_openat, dirfd, path, O_PATH | O_CLOEXEC | flags, 0);
	for (int i = 0; i < 128 && rv == -EAGAIN; i++)
		rv = host(SYS_openat2, dirfd, path, &how, sizeof how);
	return rv;
}
static void hold(struct where *w, long fd)
{
	where_done(w);
	w->own = w->dirfd = (int)fd;
}
/* Of w's path everything but the last name: w is then (its directory, that name). */
static long pin_parent(struct where *w, uint64_t resolve)
{
	char dir[sizeof w->buf];
	if (w->path != w->buf && str_copy(w->buf, w->path, sizeof w->buf) >= sizeof w->buf)
		return -ENAMETOOLONG;
	str_copy(dir, w->buf, sizeof dir);
	char *name = path_last(dir);
	char last[NAME_MAX + 2];
	if (str_copy(last, name, sizeof last) >= sizeof last)
		return -ENAMETOOLONG;
	str_copy(name, name == dir ? "." : "", 2);
	long fd = pin(w->dirfd, dir, O_DIRECTORY, resolve);
	if (fd < 0)
		return fd;
	hold(w, fd);
	str_copy(w->buf, last, sizeof w->buf);
	w->path = w->buf;
	return 0;
}
static long pin_object(struct where *w, unsigned how, uint64_t resolve)
{
	long fd = pin(w->dirfd, w->path, how & PATH_DIR ? O_DIRECTORY : 0, resolve);
	if (fd < 0)
		return fd;
	hold(w, fd);
	return 0;
}

/* "x/", ".", "..": what is looked up is a directory, whatever is said about links. */
static bool is_dir_name(const char *path)
{
	const char *name = str_rchr(path, '/');
	return path_slash(path) || path_dots(name ? name + 1 : path);
}

/* --- resolving ---------------------------------------------------------------------------------------------------- */
/* A descriptor of the guest's own, held under a number that no other thread can give another meaning. */
long audit_fd(struct thread *t, int fd, struct where *w)
{
	long held = fd == AT_FDCWD ? pin(fd, ".", O_DIRECTORY, 0) :
		    fd_is_ours(t->p, fd) ? -EBADF : host(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 0);
	w->own = -1;
	w->exe = false;
	w->path = w->buf;
	w->buf[0] = 0;
	if (held < 0)
		return held;
	hold(w, held);
	long e = judge_as(t, (int)held, NULL, true);
	if (e)
		where_done(w);
	return e;
}
static long judge_where(struct thread *t, struct where *w, unsigned how)
{
	bool follow = how & PATH_FOLLOW, dots = false;
	long e;
	if (!follow && !(how & PATH_CREATE))
		dots = is_dir_name(w->path);
	if (follow || dots) {
		e = pin_object(w, how | (dots ? PATH_DIR : 0), 0);
		if (!e && !(e = judge(t, w->own, NULL)))
			path_to_fd(w, w->own, follow);
		return e;
	}
	e = pin_parent(w, 0);
	return e ? e : judge(t, w->own, w->path);
}
/* An empty path can mean the descriptor before it; where there is none it is no path at all. */
static bool takes_fd(const struct call *c)
{
	for (int i = 0; c->row && i < 8 && c->row->arg[i].kind; i++)
		if (c->row->arg[i].kind == A_ATFD)
			return true;
	return false;
}
long audit_resolve(struct thread *t, int dirfd, const char *guestpath, unsigned how, struct where *w)
{
	char asked[sizeof w->buf];
	long e;

	w->own = -1;
	if (t->denied)
		return -(long)t->denied;
	if (str_copy(asked, guestpath, sizeof asked) >= sizeof asked)
		return -ENAMETOOLONG;
	if (!asked[0])
		return takes_fd(t->call) ? audit_fd(t, dirfd, w) : path_look(t, dirfd, asked, how, w);
	e = path_look(t, dirfd, asked, how, w);
	if (!e)
		e = judge_where(t, w, how);
	if (!e)
		return 0;
	where_done(w);
	return t->denied ? -(long)t->denied : not_there(t, dirfd, asked, e);
}
long audit_path(struct call *c, int i, int dirfd, unsigned how, struct where *w)
{
	long n;
	w->own = -1;
	w->exe = false;
	n = copy_str(w->buf, (uaddr)c->raw[i], sizeof w->buf);
	return n < 0 ? nameless(c->t, n) : audit_resolve(c->t, dirfd, w->buf, how, w);
}

/* --- open --------------------------------------------------------------------------------------------------------- */
struct opening {
	struct thread *t;
	unsigned flags, mode;
	uint64_t resolve;
};
/* The object behind w->own, opened anew. The guest's descriptor is the lowest free one, so ours goes out of its way. */
static long open_object(const struct opening *o, struct where *w)
{
	char link[40];
	int high = fd_ours(o->t->p, w->own);
	w->own = -1;
	if (high < 0)
		return high;
	w->own = high;
	fmt(link, sizeof link, "/proc/self/fd/%d", high);
	return path_open_host(AT_FDCWD, link, o->flags & ~(unsigned)(O_CREAT | O_EXCL | O_NOFOLLOW), o->mode);
}
static long open_name(const struct opening *o, struct where *w)
{
	int high = fd_ours(o->t->p, w->own);
	w->own = -1;
	if (high < 0)
		return high;
	w->own = w->dirfd = high;
	return path_open_host(high, w->path, o->flags | O_NOFOLLOW, o->mode);
}
static bool is_link(int dirfd, const char *name)
{
	struct stat st;
	return !host(SYS_newfstatat, dirfd, name, &st, AT_SYMLINK_NOFOLLOW) && S_ISLNK(st.st_mode);
}
/* A last link that leads to nothing yet: on to what it names. 0: go on there; 1: it is no link any more. */
static long follow(struct where *w, uint64_t resolve)
{
	char text[sizeof w->buf];
	long n = host(SYS_readlinkat, w->dirfd, w->path, text, sizeof text - 1);
	if (n < 0)
		return 1;
	if (resolve & RESOLVE_NO_SYMLINKS)
		return -ELOOP;
	text[n] = 0;
	str_copy(w->buf, text, sizeof w->buf);
	w->path = w->buf;
	return resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT) ? -EXDEV : 0;
}
/* The name itself, in its directory: made, or opened if it is no link. -ELOOP where a link has come. */
static long by_name(const struct opening *o, struct where *w)
{
	long e = pin_parent(w, o->resolve);
	if (e || (e = judge(o->t, w->own, w->path)))
		return e;
	return open_name(o, w);
}
static long by_object(const struct opening *o, struct where *w)
{
	bool unnamed = (o->flags & O_TMPFILE) == O_TMPFILE;
	long e = pin_object(w, o->flags & O_DIRECTORY ? PATH_DIR : 0, o->resolve);
	if (e || (e = judge(o->t, w->own, unnamed ? "#unnamed" : NULL)))
		return e;
	return o->flags & O_CREAT && !unnamed && fd_is_dir(w->own) ? -EISDIR : open_object(o, w);
}
/* -EAGAIN: something changed under our hands; look again from the beginning. */
static long attempt(const struct opening *o, struct where *w)
{
	bool create = o->flags & O_CREAT, fresh = create && o->flags & O_EXCL;
	long e;

	if ((fresh || o->flags & O_NOFOLLOW) && !is_dir_name(w->path))
		return by_name(o, w);
	for (int links = 0; links < LINKS_MOST; links++) {
		struct where there = *w;
		there.own = -1;
		if (w->path == w->buf)
			there.path = there.buf;
		e = by_object(o, &there);
		where_done(&there);
		if (e != -ENOENT || !create || o->t->denied)
			return e;
		if ((e = pin_parent(w, o->resolve)))
			return e;
		if (is_link(w->dirfd, w->path)) {
			if ((e = follow(w, o->resolve)) < 0)
				return e;
			if (!e)
				continue;
			return -EAGAIN;
		}
		if ((e = judge(o->t, w->own, w->path)))
			return e;
		e = open_name(o, w);
		return e == -ELOOP ? -EAGAIN : e;
	}
	return -ELOOP;
}
/* What an openat2 says about links is for the kernel to follow, from the directory it names. */
static long look_for(const struct opening *o, int dirfd, const char *asked, unsigned how, struct where *w)
{
	w->own = -1;
	if (!o->resolve)
		return path_look(o->t, dirfd, asked, how, w);
	w->dirfd = dirfd;
	w->path = w->buf;
	str_copy(w->buf, asked, sizeof w->buf);
	return 0;
}
long audit_open(struct call *c, int i, int dirfd, unsigned flags, unsigned mode, unsigned how, uint64_t resolve)
{
	struct opening o = { c->t, flags, mode, resolve };
	struct where w;
	char asked[sizeof w.buf];
	long e = -EAGAIN;
	int fd;

	if (c->t->denied)
		return -(long)c->t->denied;
	if (fd_is_ours(c->t->p, dirfd))
		return -EBADF;
	if ((e = copy_str(asked, (uaddr)c->raw[i], sizeof asked)) < 0)
		return nameless(c->t, e);
	if (!asked[0])
		return not_there(c->t, dirfd, asked, -ENOENT);
	if (c->t->p->limited && (e = confine_path(c->t, dirfd, &how)))
		return e;
	unsigned look = (how & PATH_BENEATH) | (flags & O_CREAT ? PATH_CREATE : 0);
	bool host_dev = c->t->p->pers->identity && !c->t->p->paths;      /* /dev/fd is the kernel's, as everything */
	if (!host_dev && (fd = path_dev_fd(c->t->p, asked)) >= 0)
		return (e = judge(c->t, fd, NULL)) ? e : path_open_again(c->t, fd, flags);
	if (!(flags & O_NOFOLLOW) && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL))
		look |= PATH_FOLLOW;
	for (int n = 0; n < LINKS_MOST; n++) {
		e = look_for(&o, dirfd, asked, look, &w);
		if (!e)
			e = attempt(&o, &w);
		where_done(&w);
		if (e != -EAGAIN)
			break;
	}
	if (e < 0 && !c->t->judged)
		return not_there(c->t, dirfd, asked, e);
	return e == -EAGAIN ? -ELOOP : e;
}
