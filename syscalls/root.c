/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Paths of a guest that has a root: which of root, binds and host a path is looked up in, and what the handler gets.
 * An absolute path is tried in the guest's own tree (walk.c), then on the host by the same name unless the root is
 * all there is; a new name goes where its directory was found. Nothing here trusts a name twice: what was found is
 * held as a descriptor until the host call that uses it is over.
 */
#include <fcntl.h>
#include <asm/ioctls.h>
#include <sys/stat.h>
#include "host.h"
#include "procfs.h"
#include "paths.h"

/* Devices that a root without them still gets: those that reach nothing but the caller itself. */
static const char *const harmless[] = {
	"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty",
};

static bool within(const struct mount *m, const char *host)
{
	return m->fd >= 0 && !str_ncmp(host, m->host, m->host_len) && (!host[m->host_len] || host[m->host_len] == '/');
}
const struct mount *path_mount_of(const struct paths *ps, const char *host)
{
	const struct mount *best = within(&ps->root, host) ? &ps->root : NULL;
	for (unsigned i = 0; i < ps->n_bind; i++)
		if (within(&ps->bind[i], host) && (!best || ps->bind[i].host_len > best->host_len))
			best = &ps->bind[i];
	return best;
}
struct lookup {
	struct thread *t;
	struct proc *p;
	struct paths *ps;
	int dirfd;
	struct found found;
	bool natively;           /* it begins outside the root: the host alone knows it */
	char abs[2 * PATH_MAX];  /* the path from the guest's root: where it begins may be as long as itself */
	char tmp[2 * PATH_MAX];
	char link[PATH_MAX];
	char out[PATH_MAX];      /* what leads_out found */
};

static long start_of(int dirfd, char *buf, size_t n)
{
	long got = dirfd == AT_FDCWD ? host(SYS_getcwd, buf, n) : path_of_fd(dirfd, buf, n);
	return got < 0 ? got : buf[0] == '/' ? 0 : dirfd == AT_FDCWD ? -ENOENT : -ENOTDIR;
}
static long make_abs(struct lookup *l, const char *path)
{
	long n;
	if (*path == '/')
		return str_copy(l->abs, path, sizeof l->abs) < sizeof l->abs ? 0 : -ENAMETOOLONG;
	/* deeper than any name can tell: no name of a file leads there from the root, so the host need not ask it */
	if ((n = start_of(l->dirfd, l->tmp, sizeof l->tmp)) == -ENAMETOOLONG && !l->ps->only)
		return l->natively = true, 0;
	if (n < 0)
		return n;
	if (!l->ps->only && !within(&l->ps->root, l->tmp))
		return l->natively = true, 0;
	if ((n = path_to_guest(l->p, l->tmp, l->abs, sizeof l->abs)) < 0)
		return n;
	return (size_t)n + fmt(l->abs + n, sizeof l->abs - (size_t)n, "/%s", path) < sizeof l->abs ? 0 : -ENAMETOOLONG;
}
/* A path that stays below where it begins needs no name; -EXDEV says that this one does not. */
static bool may_stay(struct paths *ps, const char *path)
{
	return *path != '/' && ps->only && ps->one_call && !ps->n_bind;
}
static long find(struct lookup *l, const char *path, unsigned how)
{
	uint64_t flags = O_PATH | O_CLOEXEC | (how & PATH_FOLLOW ? 0 : O_NOFOLLOW) | (how & PATH_DIR ? O_DIRECTORY : 0);
	return *path == '/' ? walk_find(l->p, path, how, &l->found) : walk_beneath(l->dirfd, path, flags, 0);
}
static bool bare(const char *path) { return *path && !str_chr(path, '/') && !path_dots(path); }

/* A program that the root keeps in another of these places than a search along PATH comes to first would seem to be the
 * host's: its /sbin/mount, where the host has a /bin/mount, or a /bin that is /usr/bin. The root's own counts. */
static const char *const programs[] = { "/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/" };

static bool elsewhere(struct lookup *l, const char *path)
{
	char other[PATH_MAX];
	const char *name = NULL;
	struct found was = l->found;
	long fd = -ENOENT;
	for (unsigned i = 0; i < ARRAY_LEN(programs) && !name; i++)
		if (!str_ncmp(path, programs[i], str_len(programs[i])))
			name = path + str_len(programs[i]);
	for (unsigned i = 0; i < ARRAY_LEN(programs) && name && bare(name) && fd < 0; i++) {
		fmt(other, sizeof other, "%s%s", programs[i], name);
		fd = find(l, other, PATH_FOLLOW);
		l->found = was;
	}
	return fd >= 0 && !host(SYS_close, fd);
}
/* Is what the root does not have to be looked for on the host? What is too long to ask for (a directory deep in the root, and
 * the guest's path from there) the host has not. */
static bool host_too(struct lookup *l, const char *path)
{
	return *path == '/' && !l->ps->only && !l->found.bound && str_len(path) < PATH_MAX && !elsewhere(l, path);
}
static bool on_host(struct lookup *l, const char *path, unsigned how)
{
	struct stat st;
	return host_too(l, path) && !host(SYS_newfstatat, AT_FDCWD, path, &st, how & PATH_FOLLOW ? 0 : AT_SYMLINK_NOFOLLOW);
}
/* ... and its own terminal: the one whose master it holds, or that it has open already. */
struct terminal { const char *path; uint64_t number; };
static long is_terminal(void *arg, unsigned fd)
{
	const struct terminal *t = arg;
	char link[32], target[64];
	unsigned number;
	fmt(link, sizeof link, "/proc/self/fd/%u", fd);
	long n = host(SYS_readlink, link, target, sizeof target - 1);
	if (n <= 0 || fd_is_ours(thread_self()->p, (long)fd))
		return 0;
	target[n] = 0;
	if (!str_cmp(target, t->path))
		return 1;
	return (!str_cmp(target, "/dev/ptmx") || !str_cmp(target, "/dev/pts/ptmx")) && !host(SYS_ioctl, fd, TIOCGPTN, &number)
	       && number == t->number;
}
static bool own_terminal(const char *path)
{
	struct terminal t = { path, 0 };
	const char *end = str_ncmp(path, "/dev/pts/", 9) ? NULL : str_num(path + 9, &t.number);
	return end && !*end && procfs_each("/proc/self/fd", is_terminal, &t) == 1;
}
static bool device(const char *path)
{
	for (unsigned i = 0; i < ARRAY_LEN(harmless); i++)
		if (!str_cmp(path, harmless[i]))
			return true;
	return own_terminal(path);
}
long path_to_host(struct where *w, const char *path)
{
	if (path != w->buf && str_copy(w->buf, path, sizeof w->buf) >= sizeof w->buf)
		return -ENAMETOOLONG;
	w->dirfd = AT_FDCWD;
	w->path = w->buf;
	return 0;
}
/* A link in the tree may name what the tree has not: one of those devices or, where the host is looked at too, the host's. */
static bool leads_out(struct lookup *l, const char *path)
{
	return *path == '/' && !l->found.bound && walk_missing(l->p, path, l->out, sizeof l->out) &&
	       (device(l->out) || on_host(l, l->out, PATH_FOLLOW));
}
/* A descriptor of ours becomes the result. Without `follow` it is a directory and named ".": a link is not. */
long path_to_fd(struct where *w, long fd, bool follow)
{
	w->own = w->dirfd = (int)fd;
	w->path = w->buf;
	if (follow)
		fmt(w->buf, sizeof w->buf, "/proc/self/fd/%ld", fd);
	else
		fmt(w->buf, sizeof w->buf, ".");
	return 0;
}
static long object(struct lookup *l, const char *path, unsigned how, bool follow, struct where *w)
{
	long fd = find(l, path, how | PATH_FOLLOW);
	if (fd >= 0)
		return path_to_fd(w, fd, follow);
	if (fd == -ENOENT && leads_out(l, path))
		return path_to_host(w, l->out);
	if (fd == -ENOENT && (host_too(l, path) || (!l->found.bound && device(path))))
		return path_to_host(w, path);
	return fd;
}
/* Where the last name of a path begins; of the slashes behind it one is left. */
char *path_last(char *path)
{
	size_t n = str_len(path), end = n;
	while (n && path[n - 1] == '/')
		n--;
	if (n < end)
		path[n + 1] = 0;
	while (n && path[n - 1] != '/')
		n--;
	return path + n;
}
bool path_dots(const char *name)
{
	size_t n = path_next(&name);
	return n == 0 || (n == 2 && name[0] == '.' && name[1] == '.');
}
/* The guest's name for a bind is not in the guest's directory. To look at it: the host's name for it. To change the
 * name: a directory's own ".", which Linux refuses to make, move or remove, as it refuses a mount point. */
static bool bind_point(struct lookup *l, const char *path, unsigned how, struct where *w)
{
	long fd = l->ps->n_bind ? find(l, path, 0) : -ENOENT;
	const struct mount *m = fd >= 0 ? l->found.at : NULL;
	if (!m || how & PATH_CREATE)
		return m ? !path_to_fd(w, fd, false) : fd >= 0 && host(SYS_close, fd);
	host(SYS_close, fd);
	w->dirfd = m->parent;
	w->path = w->buf;
	str_copy(w->buf, str_rchr(m->host, '/') + 1, sizeof w->buf);
	return true;
}
/* A bare name, in a directory that the guest holds itself: no descriptor of ours is needed in between. */
static long bare_entry(int dirfd, const char *name, struct where *w)
{
	if (name != w->buf && str_copy(w->buf, name, sizeof w->buf) > NAME_MAX)
		return -ENAMETOOLONG;
	w->dirfd = dirfd;
	w->path = w->buf;
	return 0;
}
/* The same where the host is looked at, too: a name that is there, in a directory of the root. */
static bool bare_in_root(struct lookup *l, const char *name, unsigned how)
{
	struct stat st;
	return !how && !l->ps->n_bind && bare(name) && start_of(l->dirfd, l->tmp, sizeof l->tmp) == 0 &&
	       within(&l->ps->root, l->tmp) && !host(SYS_newfstatat, l->dirfd, name, &st, AT_SYMLINK_NOFOLLOW);
}
/* (directory, last name), and whether that name is there in the guest's own tree. */
static long entry(struct lookup *l, const char *path, unsigned how, struct where *w, bool *there)
{
	char *name;
	struct stat st;
	long fd;

	if (bind_point(l, path, how, w))
		return *there = true, 0;
	if (!(how & PATH_FOLLOW) && bare(path))  /* relative: only with a root that is all there is, and no binds */
		return *there = true, bare_entry(l->dirfd, path, w);
	if (!how && *path == '/' && l->ps->only && !l->ps->n_bind && bare(path + 1))
		return *there = true, bare_entry(l->ps->root.fd, path + 1, w);
	str_copy(l->tmp, path, sizeof l->tmp);
	name = path_last(l->tmp);
	if (str_copy(l->link, name, sizeof l->link) >= sizeof l->link)
		return -ENAMETOOLONG;
	str_copy(name, name == l->tmp ? "." : "", 2);
	fd = find(l, l->tmp, PATH_FOLLOW | PATH_DIR);
	*there = fd >= 0 && !host(SYS_newfstatat, fd, l->link, &st, AT_SYMLINK_NOFOLLOW);
	if (!*there && (on_host(l, path, 0) || (fd == -ENOENT && host_too(l, path)) || (!(how & PATH_CREATE) && device(path)))) {
		if (fd >= 0)
			host(SYS_close, fd);
		return path_to_host(w, path);
	}
	if (fd < 0)
		return fd;
	str_copy(w->buf, l->link, sizeof w->buf);
	w->own = w->dirfd = (int)fd;
	w->path = w->buf;
	return 0;
}
/* A last link is followed though what it names may be missing: by hand, one link after the other. */
static long maker(struct lookup *l, const char *path, unsigned how, struct where *w)
{
	for (int links = 0; links < 40; links++) {
		bool there;
		long e = find(l, path, PATH_FOLLOW), n;
		if (e >= 0)
			return path_to_fd(w, e, true);
		if (e != -ENOENT)
			return e;
		if (on_host(l, path, PATH_FOLLOW))
			return path_to_host(w, path);
		if (!links && leads_out(l, path))
			return path_to_host(w, l->out);
		if ((e = entry(l, path, how, w, &there)) || !there)
			return e;
		n = host(SYS_readlinkat, w->dirfd, w->path, l->link, sizeof l->link - 1);
		if (n < 0)
			return 0;
		l->link[n] = 0;
		n = path_of_fd(w->dirfd, l->tmp, sizeof l->tmp);
		where_done(w);
		if (n < 0 || (n = path_to_guest(l->p, l->tmp, l->abs, sizeof l->abs)) < 0)
			return n;
		if (l->link[0] == '/')
			n = 0;
		if ((size_t)n + fmt(l->abs + n, sizeof l->abs - (size_t)n, "/%s", l->link) >= sizeof l->abs)
			return -ENAMETOOLONG;
		path = l->abs;
	}
	return -ELOOP;
}
static long resolve(struct lookup *l, const char *path, unsigned how, struct where *w)
{
	bool there;
	if ((how & PATH_FOLLOW) && (how & PATH_CREATE))
		return maker(l, path, how, w);
	if (how & PATH_FOLLOW)
		return object(l, path, how, true, w);
	if (!(how & PATH_CREATE)) {
		const char *name = str_rchr(path, '/');
		if (path_slash(path) || path_dots(name ? name + 1 : path))
			return object(l, path, how | PATH_DIR, false, w);
	}
	return entry(l, path, how, w, &there);
}
static struct lookup *begin(struct lookup *l, struct thread *t, int dirfd)
{
	l->t = t;
	l->p = t->p;
	l->ps = t->p->paths;
	l->dirfd = dirfd;
	l->found = (struct found){ false, NULL };
	l->natively = false;
	return l;
}
long root_resolve(struct thread *t, int dirfd, unsigned how, struct where *w)
{
	struct lookup room, *l = begin(&room, t, dirfd);
	long e;
	if (may_stay(l->ps, w->buf) && (e = resolve(l, w->buf, how, w)) != -EXDEV)
		return e;
	if (bare_in_root(l, w->buf, how))
		return bare_entry(dirfd, w->buf, w);
	if ((e = make_abs(l, w->buf)))
		return e;
	if (!l->natively)
		return resolve(l, l->abs, how, w);
	w->dirfd = dirfd;
	w->path = w->buf;
	return 0;
}

/* --- open --------------------------------------------------------------------------------------------------------- */
/* The guest's next descriptor must be the lowest free one, so ours is moved out of the way first. */
static long reopen(struct lookup *l, long fd, unsigned flags)
{
	char link[40];
	long rv;
	if ((flags & (O_PATH | O_NOFOLLOW)) == (O_PATH | O_NOFOLLOW))
		return fd;
	if ((fd = fd_ours(l->p, (int)fd)) < 0)
		return fd;
	fmt(link, sizeof link, "/proc/self/fd/%ld", fd);
	rv = path_open_host(AT_FDCWD, link, flags & ~(unsigned)(O_CREAT | O_EXCL | O_NOFOLLOW), 0);
	host(SYS_close, fd);
	return rv;
}
static bool fd_is_link(int fd)
{
	struct stat st;
	return !host(SYS_fstat, fd, &st) && S_ISLNK(st.st_mode);
}
/* Where openat2 is missing, or binds lie in the tree: find the object and open it through its descriptor, or its
 * directory and make the name there; should a link have come there meanwhile, look again. */
static long open_by_hand(struct lookup *l, unsigned flags, unsigned mode, struct where *w)
{
	bool excl = (flags & O_CREAT) && (flags & O_EXCL), there;
	unsigned how = excl || (flags & O_NOFOLLOW) ? 0 : PATH_FOLLOW;
	long e = -ELOOP;

	for (int i = 0; i < 40 && e == -ELOOP; i++) {
		e = find(l, l->abs, how);
		if (e >= 0 && (excl || (!how && !(flags & O_PATH) && fd_is_link((int)e)))) {
			host(SYS_close, e);
			return excl ? -EEXIST : -ELOOP;
		}
		if (e >= 0)
			return reopen(l, e, flags);
		if (e != -ENOENT)
			return e;
		if (!(flags & O_CREAT) && how && leads_out(l, l->abs))
			return path_open_host(AT_FDCWD, l->out, flags, mode);
		if (!(flags & O_CREAT))
			return host_too(l, l->abs) || (!l->found.bound && device(l->abs))
			     ? path_open_host(AT_FDCWD, l->abs, flags, mode) : e;
		e = how & PATH_FOLLOW ? maker(l, l->abs, PATH_CREATE, w)
							 : entry(l, l->abs, PATH_CREATE, w, &there);
		if (e)
			return e;
		if (w->own >= 0 && w->buf[0] == '/') {   /* made by somebody meanwhile: no name in a directory */
			where_done(w);
			e = -ELOOP;
			continue;
		}
		if (w->own >= 0 && (w->own = fd_ours(l->p, w->own)) < 0)
			return w->own;
		if (w->own >= 0 && path_dots(w->path))
			e = -ENOENT;
		else if (w->own >= 0)
			e = path_open_host(w->own, w->path, flags | O_NOFOLLOW, mode);
		else
			e = path_open_host(w->dirfd, w->path, flags, mode);
		where_done(w);
		if (how != PATH_FOLLOW)
			break;
	}
	return e;
}
static long open_overlay(struct lookup *l, unsigned flags, unsigned mode)
{
	unsigned there = flags & ~(unsigned)(O_CREAT | O_EXCL);
	long rv;
	if ((flags & O_CREAT) && (flags & O_EXCL)) {
		if (on_host(l, l->abs, 0))
			return -EEXIST;
	} else {
		rv = walk_open(l->ps, l->abs, there, mode);
		if (rv == -ENOENT && host_too(l, l->abs))
			rv = path_open_host(AT_FDCWD, l->abs, there, mode);
		if (rv == -ENOENT && leads_out(l, l->abs))
			return path_open_host(AT_FDCWD, l->out, flags, mode);
		if (rv != -ENOENT || !(flags & O_CREAT))
			return rv;
	}
	rv = walk_open(l->ps, l->abs, flags, mode);
	return rv == -ENOENT ? path_open_host(AT_FDCWD, l->abs, flags, mode) : rv;
}
static long open_alone(struct lookup *l, unsigned flags, unsigned mode)
{
	unsigned there = flags & ~(unsigned)O_CREAT;
	long rv = walk_open_unlinked(l->ps, l->abs, flags, mode);
	if (rv == -ENOENT && device(l->abs))
		return path_open_host(AT_FDCWD, l->abs, flags, mode);
	if (rv != -ELOOP)
		return rv;
	if (flags & O_EXCL)
		return walk_open(l->ps, l->abs, flags, mode);
	rv = walk_open(l->ps, l->abs, there, mode);
	if (rv == -ENOENT && leads_out(l, l->abs))
		return path_open_host(AT_FDCWD, l->out, flags, mode);
	return rv == -ENOENT && flags & O_CREAT ? walk_open(l->ps, l->abs, flags, mode) : rv;
}
long root_open(struct thread *t, int dirfd, unsigned flags, unsigned mode, struct where *w)
{
	struct lookup room, *l = begin(&room, t, dirfd);
	long rv;

	if (may_stay(l->ps, w->buf) && (rv = walk_beneath(dirfd, w->buf, flags, mode)) != -EXDEV)
		return rv;
	if ((rv = make_abs(l, w->buf)))
		return rv;
	if (l->natively)
		return path_open_host(dirfd, w->buf, flags, mode);
	if (device(l->abs))
		flags &= ~(unsigned)(O_CREAT | O_EXCL);
	if (!l->ps->one_call || l->ps->n_bind || str_len(l->abs) >= PATH_MAX)
		return open_by_hand(l, flags, mode, w);
	if (!l->ps->only)
		return open_overlay(l, flags, mode);
	rv = open_alone(l, flags, mode);
	return rv == -EAGAIN ? open_by_hand(l, flags, mode, w) : rv;
}
