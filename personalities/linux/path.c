/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Calls with paths: one handler for all. Every PATH of the row is looked up as the guest means it (arg_path); then the
 * same call is made with what came out. Where an ATFD stands before the path, the pair of both is replaced; where none
 * does, a name in a directory that we hold becomes a path through /proc/self/fd. Without a root nearly every path comes
 * out as it went in, and nothing is copied.
 *
 * Whether a last symbolic link is followed is the call's nature (how_of), changed by the flags its row has (rule).
 */
#include <fcntl.h>
#include <linux/openat2.h>
#include "box.h"
#include "linux.h"
#include "observe/audit.h"

sysfn lnx_path, lnx_readlink, lnx_getcwd;

enum { F = PATH_FOLLOW, N = 0x80, C = N | PATH_CREATE };     /* N: not followed; a zero in the table is F */

static const uint8_t how_of[][2] = {
	[SYS_lstat] = { N }, [SYS_lchown] = { N }, [SYS_readlink] = { N }, [SYS_readlinkat] = { N },
	[SYS_rename] = { C, C }, [SYS_renameat] = { C, C }, [SYS_renameat2] = { C, C },
	[SYS_link] = { N, C }, [SYS_linkat] = { N, C }, [SYS_symlink] = { C }, [SYS_symlinkat] = { C },
	[SYS_unlink] = { C }, [SYS_unlinkat] = { C }, [SYS_rmdir] = { C },
	[SYS_mkdir] = { C }, [SYS_mkdirat] = { C }, [SYS_mknod] = { C }, [SYS_mknodat] = { C },
	[SYS_creat] = { F | PATH_CREATE },
	[SYS_lsetxattr] = { N }, [SYS_lgetxattr] = { N }, [SYS_llistxattr] = { N }, [SYS_lremovexattr] = { N },
	[SYS_name_to_handle_at] = { N }, [SYS_move_mount] = { N, N },
};
static const struct rule {
	uint8_t set, path;       /* which path of the call, counted from 0 */
	uint32_t bit;
	uint8_t on, off;
} rules[] = {
	{ SET_OPEN, 0, O_NOFOLLOW, 0, F }, { SET_OPEN, 0, O_CREAT, PATH_CREATE, 0 }, { SET_OPEN, 0, O_EXCL, 0, F },
	{ SET_AT, 0, AT_SYMLINK_NOFOLLOW, 0, F }, { SET_AT, 0, AT_SYMLINK_FOLLOW, F, 0 },
	{ SET_ATACCESS, 0, AT_SYMLINK_NOFOLLOW, 0, F }, { SET_OPENTREE, 0, AT_SYMLINK_NOFOLLOW, 0, F },
	{ SET_UMOUNT, 0, 8, 0, F }, { SET_INOTIFY, 0, 0x02000000, 0, F }, { SET_FANMARK, 0, 4, 0, F },
	{ SET_FSPICK, 0, 2, 0, F }, { SET_MOVEMOUNT, 0, 1, F, 0 }, { SET_MOVEMOUNT, 1, 0x10, F, 0 },
};

static unsigned how(const struct call *c, unsigned path)
{
	unsigned h = c->nr < ARRAY_LEN(how_of) && how_of[c->nr][path] ? how_of[c->nr][path] & ~N & 0x7f : F;
	for (int i = 0; i < 6 && c->row->arg[i].kind; i++)
		for (unsigned k = 0; c->row->arg[i].kind == A_SET && k < ARRAY_LEN(rules); k++) {
			const struct rule *r = &rules[k];
			if (r->set == c->row->arg[i].what && r->path == path && c->raw[i] & r->bit)
				h = (h | r->on) & ~(unsigned)r->off;
		}
	return h;
}

struct made { struct where w; char flat[4096 + 32]; };

/* Path argument i of the call, made ready in a[]. */
static long make_ready(struct call *c, int i, unsigned path, struct made *m, long a[6])
{
	bool at = i && c->row->arg[i - 1].kind == A_ATFD;
	long e = arg_path(c, i, at ? (int)c->arg[i - 1] : AT_FDCWD, how(c, path), &m->w);

	if (e)
		return e;
	a[i] = (long)m->w.path;
	if (at) {
		a[i - 1] = m->w.dirfd;
	} else if (m->w.dirfd != AT_FDCWD && m->w.path[0] && m->w.path[0] != '/') {
		if (fmt(m->flat, sizeof m->flat, "/proc/self/fd/%d/%s", m->w.dirfd, m->w.path) >= sizeof m->flat)
			return -ENAMETOOLONG;
		a[i] = (long)m->flat;
	}
	return 0;
}
/* No path: the descriptor before it is meant, or nothing is. */
static long judge_none(struct call *c, int i, struct made *m, long a[6])
{
	if (!i || c->row->arg[i - 1].kind != A_ATFD)
		return audit_addr(c->t, NULL);
	long e = audit_fd(c->t, (int)c->arg[i - 1], &m->w);
	if (!e)
		a[i - 1] = m->w.own;
	return e;
}
/* An open looks at what it opens before it does, where the guest is kept from the memory of processes. */
static long open_boxed(struct call *c, const long a[6])
{
	struct open_how o = { 0 };
	uint64_t size = (uint64_t)a[3];

	switch (c->nr) {
	case SYS_open: return box_open(AT_FDCWD, (const char *)a[0], (unsigned)a[1], (unsigned)a[2], 0);
	case SYS_creat: return box_open(AT_FDCWD, (const char *)a[0], O_CREAT | O_WRONLY | O_TRUNC, (unsigned)a[1], 0);
	case SYS_openat: return box_open((int)a[0], (const char *)a[1], (unsigned)a[2], (unsigned)a[3], 0);
	case SYS_openat2:
		if (size != sizeof o)
			return size < sizeof o ? -EINVAL : -E2BIG;
		if (copy_in(&o, (uaddr)a[2], sizeof o))
			return -EFAULT;
		return o.flags >> 32 ? -EINVAL : box_open((int)a[0], (const char *)a[1], (unsigned)o.flags, (unsigned)o.mode, o.resolve);
	}
	return lnx_make(c, a);
}
static long with_paths(struct call *c)
{
	struct made m[2];
	unsigned n = 0;
	long a[6], e = 0;

	memcpy(a, c->raw, sizeof a);
	m[0].w.own = m[1].w.own = -1;
	for (int i = 0; !e && i < 6 && c->row->arg[i].kind; i++)
		if (c->row->arg[i].kind == A_PATH && n < 2) {
			if (c->raw[i])
				e = make_ready(c, i, n, &m[n], a);
			else if (audit_judges(c->t))
				e = judge_none(c, i, &m[n], a);
			n++;
		}
	if (!e)
		e = box_closed ? open_boxed(c, a) : lnx_make(c, a);
	for (unsigned k = 0; k < n; k++)
		where_done(&m[k].w);
	return e;
}

/* --- open in a root: looked up and opened in one step (arg_open) ---------------------------------------------------- */
static long open_in_root(struct call *c, int i, int dirfd, unsigned flags, unsigned mode, unsigned extra)
{
	unsigned h = flags & O_NOFOLLOW || (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL) ? 0 : PATH_FOLLOW;
	return arg_open(c, i, dirfd, flags, mode, h | extra | (flags & O_CREAT ? PATH_CREATE : 0));
}
/* What openat2 resolves within its directory is within the root too. */
/* What the kernel finds wrong before it looks at the path, where the path is not the kernel's to look at. */
static long how_wrong(struct call *c, const struct open_how *o)
{
	uint64_t made = o->flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)), more = 0;
	if ((uint64_t)c->arg[3] < sizeof *o || o->flags >> 32 || (!made && o->mode) || o->mode & ~07777ul || o->resolve & ~0x3full ||
	    (o->resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) == (RESOLVE_BENEATH | RESOLVE_IN_ROOT) ||
	    (o->flags & O_PATH && o->flags & ~(uint64_t)(O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)))
		return -EINVAL;
	for (uint64_t at = sizeof *o; at < (uint64_t)c->arg[3]; at += 8)         /* what a later kernel will know */
		if (copy_in(&more, (uaddr)c->arg[2] + at, MIN((uint64_t)c->arg[3] - at, sizeof more)))
			return -EFAULT;
		else if (more)
			return -E2BIG;
	return 0;
}
static long open_how(struct call *c)
{
	struct open_how o = { 0 };
	long e = copy_in(&o, (uaddr)c->arg[2], MIN((uint64_t)c->arg[3], sizeof o));
	if (e)
		return e;
	if (audit_judges(c->t) && (e = how_wrong(c, &o)))
		return e;
	if (audit_judges(c->t) && (o.resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT) || (o.resolve && !c->t->p->paths)))
		return audit_open(c, 1, (int)c->arg[0], (unsigned)o.flags, (unsigned)o.mode, 0, o.resolve & ~RESOLVE_CACHED);
	if (!audit_judges(c->t) && ((uint64_t)c->arg[3] != sizeof o || o.resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)))
		return box_closed ? open_boxed(c, c->raw) : lnx_make(c, c->raw);
	if (o.resolve) {
		report_unknown(c->t, UNK_BITS, "resolve", o.resolve);
		return -EINVAL;
	}
	return open_in_root(c, 1, (int)c->arg[0], (unsigned)o.flags, (unsigned)o.mode, 0);
}
static long chroot_in_root(struct call *c)
{
	long fd, e;
	if (host(SYS_geteuid))
		return -EPERM;
	if ((fd = arg_open(c, 0, AT_FDCWD, O_PATH | O_DIRECTORY | O_CLOEXEC, 0, PATH_FOLLOW | PATH_DIR)) < 0)
		return fd;
	e = path_chroot(c->t, (int)fd);
	host(SYS_close, fd);
	return e;
}
long lnx_path(struct call *c)
{
	if (c->t->p->paths || audit_judges(c->t))
		switch (c->nr) {
		case SYS_open: return open_in_root(c, 0, AT_FDCWD, (unsigned)c->arg[1], (unsigned)c->arg[2], 0);
		case SYS_creat:
			return open_in_root(c, 0, AT_FDCWD, O_CREAT | O_WRONLY | O_TRUNC, (unsigned)c->arg[1], 0);
		case SYS_openat:
			return open_in_root(c, 1, (int)c->arg[0], (unsigned)c->arg[2], (unsigned)c->arg[3], 0);
		case SYS_openat2: return open_how(c);
		case SYS_chroot: return chroot_in_root(c);
		}
	if (c->nr == SYS_chroot && audit_on())   /* its own root must not change what the host calls a path */
		return chroot_in_root(c);
	return with_paths(c);
}

/* --- names that come back --------------------------------------------------------------------------------------------- */
static long put_name(struct call *c, int i, const char *host_name)
{
	char name[4096];
	long n = path_to_guest(c->t->p, host_name, name, sizeof name);
	if (n < 0)
		return n;
	n = MIN(n, c->arg[i + 1]);
	return copy_out((uaddr)c->arg[i], name, (size_t)n) ? -EFAULT : n;
}
static bool in_proc(struct call *c, int i)
{
	char b[7];
	return copy_str(b, (uaddr)c->arg[i], sizeof b) == -ENAMETOOLONG && !str_ncmp(b, "/proc/", 6);
}
/* A link of /proc holds a host path; any other link holds what the guest wrote there. */
long lnx_readlink(struct call *c)
{
	int i = c->nr == SYS_readlinkat;
	struct made m;
	long a[6], n;

	memcpy(a, c->raw, sizeof a);
	if ((n = make_ready(c, i, 0, &m, a)))
		return n;
	if (m.w.exe) {
		n = (int)c->arg[i + 2] <= 0 ? -EINVAL : put_name(c, i + 1, c->t->p->exe);
	} else if (c->t->p->paths && in_proc(c, i)) {
		n = host(SYS_readlinkat, m.w.dirfd, m.w.path, m.flat, sizeof m.flat - 1);
		if (n > 0) {
			m.flat[n] = 0;
			n = put_name(c, i + 1, m.flat);
		}
	} else {
		n = lnx_make(c, a);
	}
	where_done(&m.w);
	return n;
}
long lnx_getcwd(struct call *c)
{
	char host_name[4096], name[4096];
	long n;

	if (!c->t->p->paths)
		return lnx_make(c, c->raw);
	if ((n = host(SYS_getcwd, host_name, sizeof host_name)) < 0)
		return n;
	if ((n = path_to_guest(c->t->p, host_name, name, sizeof name)) < 0)
		return n;
	n++;
	return n > c->arg[1] ? -ERANGE : copy_out((uaddr)c->arg[0], name, (size_t)n) ? -EFAULT : n;
}
