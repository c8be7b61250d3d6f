/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Paths. Without a root the guest's path is the host's and its pointer goes to Linux as it is, after one look for the
 * few names under /proc and /dev that mean something of ours: the guest's program is not the host's /proc/self/exe, and
 * a descriptor of ours is not to be had through /proc/self/fd.
 *
 * With a root, a path is looked up in the root (walk.c) and, unless the root is all there is, then on the host by the
 * same name. What a relative path begins at is a directory the guest already holds: in the root its guest name is
 * found first, outside the root it is the host's alone. A handler gets what a host *at call wants, and never a name
 * that could lead elsewhere by the time Linux reads it: a followed path is a descriptor of ours, named by the link
 * /proc/self/fd/N, any other is its directory's descriptor and the last name.
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include "host.h"
#include "ext.h"
#include "confine.h"
#include "paths.h"
#include "observe/audit.h"

/* --- names with a meaning of their own ---------------------------------------------------------------------------- */
enum special { SP_NONE, SP_EXE, SP_PROCFD, SP_DEVFD };

static const char *const standard[] = { "stdin", "stdout", "stderr" };

static bool is(const char *s, size_t n, const char *word) { return str_len(word) == n && !str_ncmp(s, word, n); }

static bool own_process(struct proc *p, const char *s, size_t n)
{
	uint64_t pid;
	const char *end = str_num(s, &pid);
	return is(s, n, "self") || is(s, n, "curproc") || is(s, n, "thread-self")
	    || (end == s + n && (long)pid == p->pid);
}
static enum special descriptor(const char *s, enum special kind, int *fd)
{
	uint64_t n;
	const char *end;
	path_next(&s);
	end = str_num(s, &n);
	if (!end || *end || n > 0x7fffffff)
		return SP_NONE;
	*fd = (int)n;
	return kind;
}
static enum special proc_name(struct proc *p, const char *s, int *fd)
{
	size_t n = path_next(&s);
	if (!own_process(p, s, n))
		return SP_NONE;
	s += n;
	n = path_next(&s);
	if (is(s, n, "task")) {                  /* a thread has the same of its own: task/TID/fd */
		s += n;
		s += path_next(&s);
		n = path_next(&s);
	}
	if (!s[n] && (is(s, n, "exe") || is(s, n, "file")))
		return SP_EXE;
	return is(s, n, "fd") || is(s, n, "fdinfo") ? descriptor(s + n, SP_PROCFD, fd) : SP_NONE;
}
static enum special dev_name(const char *s, int *fd)
{
	size_t n = path_next(&s);
	if (is(s, n, "fd"))
		return descriptor(s + n, SP_DEVFD, fd);
	for (*fd = 0; *fd < 3; ++*fd)
		if (!s[n] && is(s, n, standard[*fd]))
			return SP_DEVFD;
	return SP_NONE;
}
static enum special special_name(struct proc *p, const char *s, int *fd)
{
	size_t n;
	if (*s != '/')
		return SP_NONE;
	n = path_next(&s);
	return is(s, n, "proc") ? proc_name(p, s + n, fd) : is(s, n, "dev") ? dev_name(s + n, fd) : SP_NONE;
}
/* A bare number may be an entry of a directory /proc/PID/fd that the guest has open. */
static bool hidden_number(struct proc *p, int dirfd, const char *s)
{
	struct statfs fs;
	uint64_t n;
	const char *end = str_num(s, &n);
	if (!end || *end || n < (uint64_t)p->fd_base)
		return false;
	return !(dirfd == AT_FDCWD ? host(SYS_statfs, ".", &fs) : host(SYS_fstatfs, dirfd, &fs))
	    && fs.f_type == PROC_SUPER_MAGIC;
}
/* May this path go to Linux unread? Only its first bytes are looked at, and never beyond its page. */
static bool plain(uaddr path)
{
	union { uint32_t word; char b[4]; } u = { 0 };
	size_t n = MIN(sizeof u, PAGE - (path & (PAGE - 1)));
	if (n == sizeof u ? mem_load32(path, &u.word) : copy_in(&u, path, n))
		return true;             /* Linux answers EFAULT */
	if (u.b[0] == '/')
		return n >= 2 && u.b[1] != 'p' && u.b[1] != 'd' && u.b[1] != '/' && u.b[1] != '.';
	return u.b[0] < '0' || u.b[0] > '9';
}
bool path_as_is(const struct proc *p, uaddr path) { return !p->paths && plain(path); }

/* --- from host to guest ------------------------------------------------------------------------------------------- */
const char *path_proc = "/proc/self";

long path_of_fd(int fd, char *buf, size_t n)
{
	char link[60];
	long got;
	fmt(link, sizeof link, "%s/fd/%d", path_proc, fd);
	got = host(SYS_readlinkat, AT_FDCWD, link, buf, n - 1);
	if (got >= 0)
		buf[got] = 0;
	return got == -ENOENT ? -EBADF : got;
}
long path_to_guest(struct proc *p, const char *host, char *guest, size_t n)
{
	const struct paths *ps = p->paths;
	const struct mount *m = ps && host[0] == '/' ? path_mount_of(ps, host) : NULL;
	const char *rest = m ? host + m->host_len : host;
	size_t len;
	if (ps && !m && (ps->only || host[0] != '/'))
		return -ENOENT;
	len = fmt(guest, n, "%s%s", m ? m->guest : "", rest);
	if (!len)
		len = fmt(guest, n, "/");
	return len < n ? (long)len : -ENAMETOOLONG;
}

/* Nothing above dirfd may be reached, root or not: there is one way to do that without a race, and it is the host's. */
static long beneath(int dirfd, unsigned how, struct where *w)
{
	char *name = path_last(w->buf), keep = *name;
	long fd;
	if (how & PATH_FOLLOW || (!(how & PATH_CREATE) && (path_dots(name) || path_slash(name)))) {
		fd = walk_beneath(dirfd, w->buf, O_PATH | O_CLOEXEC | (how & PATH_DIR ? O_DIRECTORY : 0), 0);
		return fd < 0 ? fd : path_to_fd(w, fd, how & PATH_FOLLOW);
	}
	if (w->buf[0] == '/')
		return -EXDEV;
	if (name == w->buf) {            /* a bare name: its directory is the guest's own descriptor */
		w->dirfd = dirfd;
		w->path = name;
		return 0;
	}
	*name = 0;
	fd = walk_beneath(dirfd, w->buf, O_PATH | O_CLOEXEC | O_DIRECTORY, 0);
	*name = keep;
	if (fd < 0)
		return fd;
	w->own = w->dirfd = (int)fd;
	w->path = name;
	return 0;
}

/* --- the door ----------------------------------------------------------------------------------------------------- */
/* A name with a meaning of its own: 0 resolved, 1 go on with w->buf. */
static long special(struct thread *t, struct where *w)
{
	struct proc *p = t->p;
	int fd = -1;
	enum special kind = special_name(p, w->buf, &fd);
	if (fd_is_ours(p, fd))
		return -ENOENT;
	if (kind == SP_DEVFD && p->paths)
		return fmt(w->buf, sizeof w->buf, "/proc/self/fd/%d", fd), path_to_host(w, w->buf);
	if (kind != SP_EXE || !p->exe[0])
		return 1;
	w->exe = true;
	return path_to_guest(p, p->exe, w->buf, sizeof w->buf) < 0 ? path_to_host(w, p->exe) : 1;
}
static long begin_where(struct thread *t, int dirfd, const char *guestpath, struct where *w)
{
	w->own = -1;
	w->exe = false;
	w->dirfd = dirfd;
	w->path = w->buf;
	if (fd_is_ours(t->p, dirfd))
		return -EBADF;
	if (guestpath != w->buf && str_copy(w->buf, guestpath, sizeof w->buf) >= sizeof w->buf)
		return -ENAMETOOLONG;
	return hidden_number(t->p, dirfd, w->buf) ? -ENOENT : 0;
}
long path_look(struct thread *t, int dirfd, const char *guestpath, unsigned how, struct where *w)
{
	long e = begin_where(t, dirfd, guestpath, w);
	if (e || !w->buf[0])
		return e;                /* Linux knows which calls an empty path is good for */
	if (t->p->limited && (e = confine_path(t, dirfd, &how)))
		return e;
	if (how & PATH_BENEATH) {
		e = beneath(dirfd, how, w);
		return e == -EXDEV && t->p->limited && confine_strict(t->p, dirfd) ? -X_ENOTCAPABLE : e;
	}
	if ((e = special(t, w)) <= 0)
		return e;
	return t->p->paths ? root_resolve(t, dirfd, how, w) : 0;
}
long path_resolve(struct thread *t, int dirfd, const char *guestpath, unsigned how, struct where *w)
{
	return audit_judges(t) ? audit_resolve(t, dirfd, guestpath, how, w) : path_look(t, dirfd, guestpath, how, w);
}
long arg_path(struct call *c, int i, int dirfd, unsigned how, struct where *w)
{
	struct proc *p = c->t->p;
	uaddr path = (uaddr)c->raw[i];
	long n;

	if (audit_judges(c->t))
		return audit_path(c, i, dirfd, how, w);
	if (!(how & PATH_BENEATH) && !p->limited && path_as_is(p, path)) {
		w->own = -1;
		w->exe = false;
		w->dirfd = dirfd;
		w->path = (const char *)path;
		return fd_is_ours(p, dirfd) ? -EBADF : 0;
	}
	n = copy_str(w->buf, path, sizeof w->buf);
	return n < 0 ? n : path_resolve(c->t, dirfd, w->buf, how, w);
}
int arg_dev_fd(struct call *c, int i, bool follow)
{
	char path[32];
	int fd;
	if (plain((uaddr)c->raw[i]) || copy_str(path, (uaddr)c->raw[i], sizeof path) < 0)
		return -1;
	fd = path_dev_fd(c->t->p, path);
	return follow || path_last(path)[0] <= '9' ? fd : -1;    /* /dev/stdin and its like are links to the others */
}
void where_close(struct where *w)
{
	host(SYS_close, w->own);
	w->own = -1;
}

/* --- open --------------------------------------------------------------------------------------------------------- */
/* /dev/fd/N is another number for the same open file, position and all; Linux would open the file anew. */
int path_dev_fd(struct proc *p, const char *path)
{
	int fd = -1;
	return special_name(p, path, &fd) == SP_DEVFD && !fd_is_ours(p, fd) ? fd : -1;
}
long path_open_again(struct thread *t, int fd, unsigned flags)
{
	long fl = host(SYS_fcntl, fd, F_GETFL), rv;
	unsigned have = (unsigned)fl & O_ACCMODE, want = flags & O_ACCMODE;
	if (fl < 0)
		return fl;
	if (have != O_RDWR && want != have)
		return -EACCES;
	rv = host(SYS_fcntl, fd, flags & O_CLOEXEC ? F_DUPFD_CLOEXEC : F_DUPFD, 0);
	if (rv >= 0)
		fd_duped(t->p, fd, (int)rv);
	return rv;
}
static long open_any(struct call *c, int i, int dirfd, unsigned flags, unsigned mode, unsigned how)
{
	struct proc *p = c->t->p;
	uaddr path = (uaddr)c->raw[i];
	struct where w;
	int fd = -1;
	long e;

	if (fd_is_ours(p, dirfd))
		return -EBADF;
	if (p->limited && (e = confine_path(c->t, dirfd, &how)))
		return e;
	if (!(how & PATH_BENEATH) && path_as_is(p, path))
		return path_open_host(dirfd, (const char *)path, flags, mode);
	if ((e = copy_str(w.buf, path, sizeof w.buf)) < 0 || (e = begin_where(c->t, dirfd, w.buf, &w)))
		return e;
	if (!w.buf[0])
		return -ENOENT;
	if (how & PATH_BENEATH)
		return walk_beneath(dirfd, w.buf, flags, mode);
	if (special_name(p, w.buf, &fd) == SP_DEVFD && !fd_is_ours(p, fd))
		return path_open_again(c->t, fd, flags);
	if ((e = special(c->t, &w)) < 0)
		return e;
	return e && p->paths ? root_open(c->t, dirfd, flags, mode, &w) : path_open_host(w.dirfd, w.path, flags, mode);
}
#define PROC_MAGIC 0x9fa0
/* A file of /proc that can be written to may be the memory of a process, and its code. */
bool path_may_be_memory(long fd)
{
	long fs[32];
	return !host(SYS_fstatfs, fd, fs) && fs[0] == PROC_MAGIC;
}
long arg_open(struct call *c, int i, int dirfd, unsigned flags, unsigned mode, unsigned how)
{
	long fd = audit_judges(c->t) ? audit_open(c, i, dirfd, flags, mode, how, 0) : open_any(c, i, dirfd, flags, mode, how);
	if (c->t->p->limited && confine_strict(c->t->p, dirfd)) {        /* what is reached by it has its rights, no others */
		if (fd >= 0)
			fdcaps_copy(c->t->p, dirfd, (int)fd);
		fd = fd == -EXDEV ? -X_ENOTCAPABLE : fd;
	}
	if (c->t->p->space->sealed && fd >= 0 && flags & O_ACCMODE && path_may_be_memory(fd))
		mem_changes(c->t, 0, 0, CHANGE_UNSEEN);
	return fd;
}
