/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Lookup in the guest's own tree. Two ways with one meaning: openat2(RESOLVE_IN_ROOT), where the host has it and no
 * bind lies in the tree, else a walk by hand that holds a descriptor for every directory on its way, so that ".."
 * goes back to where it came from and not to where somebody has meanwhile moved the directory. In neither can a
 * symbolic link, a ".." or a rename by another process lead out: no name is ever looked up but in a descriptor that
 * is inside.
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include "host.h"
#include "paths.h"

#define LINKS_MOST 40
#define DEPTH_MOST 1024

struct step_dir {
	int fd;                  /* -1: exists only above a bind */
	bool own;
	uint16_t at;             /* length of walk.at here */
	const struct mount *bind;/* it is this one */
};
struct walk {
	struct proc *p;
	struct paths *ps;
	unsigned depth, links;
	bool bound;
	struct step_dir level[DEPTH_MOST];
	char at[2 * PATH_MAX];   /* where we are, in the guest's terms */
	char rest[3 * PATH_MAX]; /* what is still to be walked */
	char link[PATH_MAX];
	const char *left;        /* of rest, behind the name that was missing */
};

size_t path_next(const char **s)
{
	size_t n;
	do {
		while (**s == '/')
			++*s;
		for (n = 0; (*s)[n] && (*s)[n] != '/'; n++)
			;
		if (n != 1 || **s != '.')
			return n;
		++*s;
	} while (1);
}
bool path_slash(const char *path)
{
	size_t n = str_len(path);
	return n && path[n - 1] == '/';
}
bool fd_is_dir(int fd)
{
	struct stat st;
	return !host(SYS_fstat, fd, &st) && S_ISDIR(st.st_mode);
}

/* RESOLVE_* answers EAGAIN when something was renamed anywhere meanwhile: ask again, but not for ever. */
static long open_how(int dirfd, const char *path, uint64_t flags, unsigned mode, uint64_t resolve)
{
	struct open_how how = { .flags = flags, .resolve = resolve };
	long rv = -EAGAIN;
	if (flags & O_PATH)
		how.flags &= O_PATH | O_CLOEXEC | O_DIRECTORY | O_NOFOLLOW;
	else if (flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)))
		how.mode = mode & 07777;
	if (box_closed && !(flags & O_PATH))
		return box_open(dirfd, path, (unsigned)flags, mode, resolve);
	for (int i = 0; i < 128 && rv == -EAGAIN; i++)
		rv = how.flags & O_PATH ? host(SYS_openat2, dirfd, path, &how, sizeof how)
					: block(SYS_openat2, dirfd, path, &how, sizeof how);
	return rv;
}
long walk_open(struct paths *ps, const char *path, uint64_t flags, unsigned mode)
{
	return open_how(ps->root.fd, path, flags, mode, RESOLVE_IN_ROOT);
}
long walk_open_unlinked(struct paths *ps, const char *path, uint64_t flags, unsigned mode)
{
	return open_how(ps->root.fd, path, flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
}
long walk_beneath(int dirfd, const char *path, uint64_t flags, unsigned mode)
{
	return open_how(dirfd, path, flags, mode, RESOLVE_BENEATH);
}

/* --- the walk by hand --------------------------------------------------------------------------------------------- */
static void pop(struct walk *w)
{
	if (!w->depth)
		return;
	if (w->level[w->depth].own)
		host(SYS_close, w->level[w->depth].fd);
	w->depth--;
	w->at[w->level[w->depth].at] = 0;
}
static long push(struct walk *w, int fd, bool own)
{
	if (w->depth + 1 == DEPTH_MOST) {
		if (own)
			host(SYS_close, fd);
		return -ENAMETOOLONG;
	}
	w->level[++w->depth] = (struct step_dir){ fd, own, (uint16_t)str_len(w->at), NULL };
	return 0;
}
static long put_name(struct walk *w, const char *name, size_t n)
{
	size_t len = w->level[w->depth].at;
	if (len + n + 2 > sizeof w->at)
		return -ENAMETOOLONG;
	w->at[len] = '/';
	memcpy(w->at + len + 1, name, n);
	w->at[len + 1 + n] = 0;
	return 0;
}
/* The bind that lies exactly here, or one that lies below (*above is set then). */
static const struct mount *bind_here(struct walk *w, bool *above)
{
	size_t n = str_len(w->at);
	const struct mount *below = NULL;
	for (unsigned i = 0; i < w->ps->n_bind; i++) {
		const struct mount *m = &w->ps->bind[i];
		if (m->guest_len == n && !str_cmp(m->guest, w->at))
			return m;
		if (m->guest_len > n && m->guest[n] == '/' && !str_ncmp(m->guest, w->at, n))
			below = m;
	}
	*above = below != NULL;
	return NULL;
}
/* A link of procfs is not its text: it leads to an object. Only those to descriptors of the guest's own are followed as
 * such; the others are read as text in the guest's terms ("self" is text, "root" and "cwd" become the guest's). */
static long proc_link(struct walk *w, const char *name, int fd)
{
	struct statfs fs;
	uint64_t n;
	const char *end = str_num(name, &n);
	if (host(SYS_fstatfs, fd, &fs) || fs.f_type != PROC_SUPER_MAGIC)
		return 0;
	if (end && (!*end || *end == '/') && w->link[0] != '/')
		return -EACCES;
	if (end && (!*end || *end == '/') && (long)n >= w->p->fd_base)
		return -ENOENT;
	if (w->link[0] == '/') {
		char host_path[PATH_MAX];
		str_copy(host_path, w->link, sizeof host_path);
		long e = path_to_guest(w->p, host_path, w->link, sizeof w->link);
		return e < 0 ? e : 0;
	}
	return 0;
}
static long put_link(struct walk *w, const char *rest)
{
	size_t n = str_len(w->link), m = str_len(rest);
	if (++w->links > LINKS_MOST)
		return -ELOOP;
	if (!n)
		return -ENOENT;
	if (n + m + 2 > sizeof w->rest)
		return -ENAMETOOLONG;
	if (w->link[0] == '/')
		while (w->depth)
			pop(w);
	else
		w->at[w->level[w->depth].at] = 0;
	if (w->depth == 0)
		w->at[0] = 0;
	memmove(w->rest + n + 1, rest, m + 1);
	memcpy(w->rest, w->link, n);
	w->rest[n] = '/';
	if (!m)
		w->rest[n] = 0;
	return 1;
}
/* One name. 1: a link was put in its place, begin again with w->rest. */
static long step(struct walk *w, const char *name, size_t n, bool follow)
{
	const char *rest = name + n;
	bool above = false;
	int dir = w->level[w->depth].fd;
	long e = put_name(w, name, n), fd, got;
	const struct mount *m;

	if (e)
		return e;
	if ((m = bind_here(w, &above))) {
		w->bound = true;
		if (!(e = push(w, m->fd, false)))
			w->level[w->depth].bind = m;
		return e;
	}
	fd = dir < 0 ? -ENOENT : host(SYS_openat, dir, str_rchr(w->at, '/') + 1, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -ENOENT && above)
		return push(w, -1, false);
	if (fd < 0)
		return fd;
	got = *rest || follow ? host(SYS_readlinkat, fd, "", w->link, sizeof w->link - 1) : -EINVAL;
	if (got >= 0) {
		w->link[got] = 0;
		e = proc_link(w, name, (int)fd);
		host(SYS_close, fd);
		return e ? e : put_link(w, rest);
	}
	return push(w, (int)fd, true);
}
static long steps(struct walk *w, bool follow)
{
	const char *s = w->rest;
	size_t n;
	while ((n = path_next(&s))) {
		long e;
		if (n == 2 && s[0] == '.' && s[1] == '.') {
			int here = w->level[w->depth].fd;
			if (here >= 0 && !fd_is_dir(here))
				return -ENOTDIR;
			pop(w);
			s += n;
			continue;
		}
		if ((e = step(w, s, n, follow)) < 0) {
			w->left = s + n;
			return e;
		}
		s = e ? w->rest : s + n;
	}
	return 0;
}
/* The last level's descriptor, as one of the caller's own. */
static long take(struct walk *w, bool dir)
{
	struct step_dir *l = &w->level[w->depth];
	if (l->fd < 0)
		return -ENOENT;
	if (dir && !fd_is_dir(l->fd))
		return -ENOTDIR;
	if (!l->own)
		return host(SYS_fcntl, l->fd, F_DUPFD_CLOEXEC, 0);
	l->own = false;
	return l->fd;
}
static long by_hand(struct proc *p, const char *path, unsigned how, struct found *f)
{
	struct walk *w = mem_alloc(sizeof *w);
	long rv;
	if (!w)
		return -ENOMEM;
	w->p = p;
	w->ps = p->paths;
	w->level[0].fd = w->ps->root.fd;
	str_copy(w->rest, path, sizeof w->rest);
	rv = steps(w, how & PATH_FOLLOW);
	if (!rv)
		rv = take(w, how & PATH_DIR);
	const struct mount *at = rv >= 0 ? w->level[w->depth].bind : NULL;
	while (w->depth)
		pop(w);
	f->bound |= w->bound;
	f->at = at;
	mem_free(w, sizeof *w);
	return rv;
}
bool walk_missing(struct proc *p, const char *path, char *out, size_t n)
{
	/* Most names that are missing are so without any link on the way: that is one call. */
	if (p->paths->one_call && walk_open_unlinked(p->paths, path, O_PATH | O_CLOEXEC, 0) == -ENOENT)
		return false;
	struct walk *w = mem_alloc(sizeof *w);
	if (!w)
		return false;
	w->p = p;
	w->ps = p->paths;
	w->level[0].fd = w->ps->root.fd;
	str_copy(w->rest, path, sizeof w->rest);
	long e = steps(w, true);
	bool led = e == -ENOENT && w->links && !w->bound && fmt(out, n, "%s%s", w->at, w->left) < n;
	while (w->depth)
		pop(w);
	mem_free(w, sizeof *w);
	return led;
}
long walk_find(struct proc *p, const char *path, unsigned how, struct found *f)
{
	struct paths *ps = p->paths;
	long rv;
	if (path_slash(path))
		how |= PATH_DIR | PATH_FOLLOW;
	if (!ps->one_call || ps->n_bind || str_len(path) >= PATH_MAX)
		return by_hand(p, path, how, f);
	rv = walk_open(ps, path, O_PATH | O_CLOEXEC | (how & PATH_FOLLOW ? 0 : O_NOFOLLOW)
		       | (how & PATH_DIR ? O_DIRECTORY : 0), 0);
	return rv == -EAGAIN ? by_hand(p, path, how, f) : rv;
}
