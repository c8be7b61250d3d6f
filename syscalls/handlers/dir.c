/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Directories: making, removing, being in one, and reading their entries. An entry is of varying length and spelled by
 * the personality; positions are the host's and mean the same to both. Descriptors of ours are not listed.
 */
#include <fcntl.h>
#include <unistd.h>
#include <linux/limits.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include "dir.h"
#include "host.h"
#include "procfs.h"

sysfn sys_mkdir, sys_mkdirat, sys_rmdir, sys_chdir, sys_fchdir, sys_chroot, sys_fchroot;
sysfn sys_realpathat;

/* --- making and removing ------------------------------------------------------------------------------------------ */
static long do_mkdir(struct call *c, int i, int dirfd, unsigned mode)
{
	struct where w;
	long rv = arg_path(c, i, dirfd, PATH_CREATE, &w);
	if (rv)
		return rv;
	rv = host(SYS_mkdirat, w.dirfd, w.path, mode);
	where_done(&w);
	return rv;
}
long sys_mkdir(struct call *c) { return do_mkdir(c, 0, AT_FDCWD, (unsigned)c->arg[1]); }
long sys_mkdirat(struct call *c) { return do_mkdir(c, 1, (int)c->arg[0], (unsigned)c->arg[2]); }
long sys_rmdir(struct call *c)
{
	struct where w;
	long rv = arg_path(c, 0, AT_FDCWD, PATH_CREATE, &w);
	if (rv)
		return rv;
	rv = host(SYS_unlinkat, w.dirfd, w.path, AT_REMOVEDIR);
	where_done(&w);
	return rv;
}

/* --- being somewhere ---------------------------------------------------------------------------------------------- */
long sys_chdir(struct call *c)
{
	struct where w;
	long rv = arg_path(c, 0, AT_FDCWD, PATH_FOLLOW | PATH_DIR, &w);
	if (rv)
		return rv;
	rv = w.own >= 0 ? host(SYS_fchdir, w.own) : host(SYS_chdir, w.path);
	where_done(&w);
	return rv;
}
long sys_fchdir(struct call *c) { return host(SYS_fchdir, c->arg[0]); }

long dir_cwd(struct proc *p, char *buf, size_t n)
{
	char host_path[PATH_MAX];
	long got = host(SYS_getcwd, host_path, sizeof host_path);
	if (got < 0)
		return got;
	return host_path[0] == '/' ? path_to_guest(p, host_path, buf, n) : -ENOENT;   /* "(unreachable)" */
}
/* The path of argument i with every link and ".." resolved, in the guest's terms: length or -errno. */
static long dir_realpath(struct call *c, int i, int dirfd, char *buf, size_t n)
{
	char host_path[PATH_MAX];
	struct where w;
	long rv = arg_path(c, i, dirfd, PATH_FOLLOW, &w), fd;
	if (rv)
		return rv;
	fd = w.own >= 0 ? w.own : host(SYS_openat, w.dirfd, w.path, O_PATH | O_CLOEXEC);
	rv = fd < 0 ? fd : path_of_fd((int)fd, host_path, sizeof host_path);
	if (fd >= 0 && fd != w.own)
		host(SYS_close, fd);
	where_done(&w);
	return rv < 0 ? rv : path_to_guest(c->t->p, host_path, buf, n);
}
long sys_realpathat(struct call *c)
{
	char path[PATH_MAX];
	long n;
	if (c->arg[4])
		return -EINVAL;
	n = dir_realpath(c, 1, (int)c->arg[0], path, sizeof path);
	if (n < 0)
		return n;
	if ((size_t)c->arg[3] <= (size_t)n)
		return -ENAMETOOLONG;
	return copy_out((uaddr)c->arg[2], path, (size_t)n + 1);
}

/* --- a root within the root: ours to give, so that the guest's super-user needs no privilege of the host's -------- */
static long new_root(struct thread *t, int fd)
{
	struct stat st;
	long e = host(SYS_fstat, fd, &st);
	if (e)
		return e;
	if (host(SYS_geteuid))
		return -EPERM;
	return S_ISDIR(st.st_mode) ? path_chroot(t, fd) : -ENOTDIR;
}
long sys_chroot(struct call *c)
{
	struct where w;
	long rv = arg_path(c, 0, AT_FDCWD, PATH_FOLLOW, &w), fd;
	if (rv)
		return rv;
	fd = host(SYS_openat, w.dirfd, w.path, O_PATH | O_CLOEXEC);
	where_done(&w);
	if (fd < 0)
		return fd;
	rv = new_root(c->t, (int)fd);
	host(SYS_close, fd);
	return rv;
}
long sys_fchroot(struct call *c) { return new_root(c->t, (int)c->arg[0]); }

/* --- entries ------------------------------------------------------------------------------------------------------ */
struct hent {                        /* the host's entry, as getdents64 writes it */
	uint64_t ino;
	int64_t off;
	uint16_t len;
	uint8_t type;
	char name[];
};
struct reader {
	struct thread *t;
	int fd;
	unsigned rec;
	char *in, *out;          /* what the host wrote, what the guest gets */
	size_t room, made;
	int64_t at;              /* position behind the last entry made or skipped */
	int hides;               /* is this a /proc/PID/fd? -1: not asked yet */
};
#define READ_MOST (64 * 1024ul)

static bool hidden(struct reader *r, const struct hent *e)
{
	if (!procfs_fd_is_ours(r->t->p, e->name))
		return false;
	if (r->hides < 0)
		r->hides = procfs_lists_fds(r->fd);
	return r->hides;
}
/* Turn what the host gave; true: the guest's buffer is full and the host must be set back. */
static bool convert(struct reader *r, long got)
{
	for (long at = 0; at < got; ) {
		const struct hent *e = (const struct hent *)(r->in + at);
		if (!hidden(r, e)) {
			size_t n = r->t->p->pers->dirent(r->rec, r->out + r->made, r->room - r->made,
							 e->ino, e->off, e->type, e->name);
			if (!n)
				return true;
			r->made += n;
		}
		r->at = e->off;
		at += e->len;
	}
	return false;
}
static long fill(struct reader *r)
{
	long got;
	while ((got = host(SYS_getdents64, r->fd, r->in, r->room)) > 0) {
		if (convert(r, got)) {
			host(SYS_lseek, r->fd, r->at, SEEK_SET);
			return r->made ? (long)r->made : -EINVAL;
		}
		if (r->made)
			break;
	}
	return got < 0 ? got : (long)r->made;
}
long dir_entries(struct thread *t, int fd, uaddr buf, size_t n, unsigned rec, int64_t *base)
{
	struct reader r = { .t = t, .fd = fd, .rec = rec, .room = MIN(n, READ_MOST), .hides = -1 };
	long rv;
	if (!t->p->pers->dirent)
		return -ENOSYS;
	if (!r.room)
		return -EINVAL;
	if ((*base = host(SYS_lseek, fd, 0, SEEK_CUR)) < 0)
		return *base == -ESPIPE ? -ENOTDIR : *base;
	if (!(r.in = mem_alloc(r.room)) || !(r.out = mem_alloc(r.room))) {
		rv = -ENOMEM;
		goto out;
	}
	r.at = *base;
	rv = fill(&r);
	if (rv > 0 && copy_out(buf, r.out, (size_t)rv)) {
		host(SYS_lseek, fd, *base, SEEK_SET);
		rv = -EFAULT;
	}
out:
	mem_free(r.out, r.room);
	mem_free(r.in, r.room);
	return rv;
}
