/* SPDX-License-Identifier: BSD-2-Clause
 *
 * File calls that only the BSDs have: flags of a file, the list of file systems. And those whose BSD spelling differs
 * from the others' by its result alone.
 */
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/limits.h>
#include <sys/stat.h>
#include "ext.h"
#include "host.h"
#include "observe/audit.h"
#include "handlers/dir.h"
#include "handlers/stat.h"

sysfn bsd_chflags, bsd_lchflags, bsd_fchflags, bsd_chflagsat, bsd_getfsstat, bsd_getcwd, bsd_pipe, bsd_closefrom;
sysfn bsd_minherit, sys_pipe, sys_closefrom, sys_minherit;

long bsd_pipe(struct call *c) { return sys_pipe(c); }
long bsd_closefrom(struct call *c) { return sys_closefrom(c); }
long bsd_minherit(struct call *c) { return sys_minherit(c); }

/* A buffer that is too small is ENOMEM here, and libc counts on it. */
long bsd_getcwd(struct call *c)
{
	char path[PATH_MAX];
	long n = c->arg[1] >= 0 && c->arg[1] < 2 ? -EINVAL : dir_cwd(c->t->p, path, sizeof path);
	if (n < 0)
		return n;
	if ((size_t)c->arg[1] <= (size_t)n)
		return -ENOMEM;
	return copy_out((uaddr)c->arg[0], path, (size_t)n + 1);
}

/* --- flags of a file: some host file systems keep a few of them (chattr) ------------------------------------------ */
#define KEPT (FS_NODUMP_FL | FS_IMMUTABLE_FL | FS_APPEND_FL)

#define SF_SETTABLE 0xffff0000ull        /* in the guest's own terms, the same on each of them */

/* Whether a flag can be kept is asked after whether the caller may set it. */
static bool may_flag(const struct stat *st, uint64_t asked)
{
	long euid = host(SYS_geteuid);
	return !euid || (st->st_uid == euid && !(asked & SF_SETTABLE));
}
static long set_flags(int fd, uint64_t flags, uint64_t asked)
{
	struct stat st;
	int now = 0;
	long e = host(SYS_fstat, fd, &st);
	if (e)
		return e;
	if (!may_flag(&st, asked))
		return -EPERM;
	if (flags & ~(uint64_t)KEPT)
		return -EOPNOTSUPP;
	if ((!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) || host(SYS_ioctl, fd, FS_IOC_GETFLAGS, &now))
		return flags & KEPT ? -EOPNOTSUPP : 0;
	if ((now & KEPT) == (int)(flags & KEPT))
		return 0;
	now = (now & ~KEPT) | (int)(flags & KEPT);
	e = host(SYS_ioctl, fd, FS_IOC_SETFLAGS, &now);
	return e == -ENOTTY ? -EOPNOTSUPP : e;
}
/* The flags are reached through an open file. One that cannot be opened has none to clear. */
static long do_chflags(struct call *c, int i, int dirfd, unsigned how, uint64_t flags, uint64_t asked)
{
	struct where w;
	struct stat st;
	long e = arg_path(c, i, dirfd, how, &w), fd;
	if (e)
		return e;
	e = host(SYS_newfstatat, w.dirfd, w.path, &st, how & PATH_FOLLOW ? 0 : AT_SYMLINK_NOFOLLOW);
	if (!e && !may_flag(&st, asked)) {
		e = -EPERM;
	} else if (!e && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
		e = flags ? -EOPNOTSUPP : 0;
	} else if (!e) {
		fd = host(SYS_openat, w.dirfd, w.path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC
			  | (how & PATH_FOLLOW ? 0 : O_NOFOLLOW));
		e = fd >= 0 ? set_flags((int)fd, flags, asked) : flags ? fd : 0;
		if (fd >= 0)
			host(SYS_close, fd);
	}
	where_done(&w);
	return e == -EXDEV && (how & PATH_BENEATH) ? -X_ENOTCAPABLE : e;
}
long bsd_chflags(struct call *c) { return do_chflags(c, 0, AT_FDCWD, PATH_FOLLOW, (uint64_t)c->arg[1], (uint64_t)c->raw[1]); }
long bsd_lchflags(struct call *c) { return do_chflags(c, 0, AT_FDCWD, 0, (uint64_t)c->arg[1], (uint64_t)c->raw[1]); }
long bsd_fchflags(struct call *c) { return set_flags((int)c->arg[0], (uint64_t)c->arg[1], (uint64_t)c->raw[1]); }
long bsd_chflagsat(struct call *c)
{
	uint64_t at = (uint64_t)c->arg[3];
	unsigned how = (at & AT_SYMLINK_NOFOLLOW ? 0 : PATH_FOLLOW) | (at & X_AT_BENEATH ? PATH_BENEATH : 0);
	if (at & ~(uint64_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | X_AT_BENEATH))
		return -EINVAL;
	if (at & AT_EMPTY_PATH) {
		char first;
		struct where w = { .own = -1 };
		long e;
		if (!copy_in(&first, (uaddr)c->raw[1], 1) && !first) {
			if (audit_judges(c->t) && (e = audit_fd(c->t, (int)c->arg[0], &w)))
				return e;
			e = set_flags(w.own >= 0 ? w.own : (int)c->arg[0], (uint64_t)c->arg[2], (uint64_t)c->raw[2]);
			where_done(&w);
			return e;
		}
	}
	return do_chflags(c, 1, (int)c->arg[0], how, (uint64_t)c->arg[2], (uint64_t)c->raw[2]);
}

/* --- file systems ------------------------------------------------------------------------------------------------- */
enum { WAIT = 1, NOWAIT };
struct list { struct call *c; unsigned rec; uaddr at; uint64_t size, most, n; };

static long list_one(void *arg, const struct host_statfs *f)
{
	struct list *l = arg;
	if (l->at && l->n == l->most)
		return 1;
	long e = l->at ? rec_put(l->c->t, l->rec, l->at + l->n * l->size, f) : 0;
	l->n += !e;
	return e;
}
long bsd_getfsstat(struct call *c)
{
	struct list l = { c, c->row->arg[0].what, (uaddr)c->arg[0], 0, 0, 0 };
	long e;
	if (c->arg[2] != WAIT && c->arg[2] != NOWAIT)
		return -EINVAL;
	if (c->arg[1] < 0)
		return -EINVAL;
	l.size = c->t->p->pers->rec[l.rec].gsize;
	l.most = (uint64_t)c->arg[1] / l.size;
	if (!c->arg[1])
		l.at = 0;
	e = mounts_walk(c->t->p, list_one, &l);
	return e < 0 ? e : (long)l.n;
}
