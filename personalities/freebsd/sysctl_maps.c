/* SPDX-License-Identifier: BSD-2-Clause
 *
 * kern.proc.vmmap, filedesc and nfds: what a process has mapped and open, as its own system names it. What is ours is
 * left out: ranges claimed in proc->space, descriptors from fd_base up.
 */
#include <string.h>
#include <fcntl.h>
#include <sys/stat.h>
#include "host.h"
#include "personalities/freebsd/kinfo.h"
#include "personalities/freebsd/sysctl.h"

static int pid_of(const struct sysctl_req *r) { return r->rest[0] == -1 || !r->rest[0] ? r->p->pid : r->rest[0]; }

/* --- mappings: "start-end rwxp offset dev inode   path" --------------------------------------------------------------- */
static const char *hex(const char *s, uint64_t *v)
{
	for (*v = 0;; s++) {
		int d = *s >= '0' && *s <= '9' ? *s - '0' : *s >= 'a' && *s <= 'f' ? *s - 'a' + 10 : -1;
		if (d < 0)
			return s;
		*v = *v * 16 + (unsigned)d;
	}
}
static size_t packed(size_t at, size_t len) { return (at + len + 1 + 7) & ~7ul; }
static long tell_map(struct sysctl_req *r, const char *s)
{
	struct kinfo_vmentry k = { .ref_count = 1 };
	uint64_t major, minor;

	s = hex(s, &k.start);
	s = hex(s + 1, &k.end);
	const char *perm = s + 1;
	s = hex(perm + 5, &k.offset);
	s = hex(s + 1, &major);
	s = hex(s + 1, &minor);
	s = str_num(s + 1, &k.fileid);
	if (!s || (pid_of(r) == r->p->pid && mem_is_ours(r->p->space, k.start, k.end - k.start)))
		return 0;
	while (*s == ' ')
		s++;
	if (!str_ncmp(s, "[v", 2))               /* vdso, vvar, vsyscall: the host's */
		return 0;
	k.protection = (perm[0] == 'r' ? 1 : 0) | (perm[1] == 'w' ? 2 : 0) | (perm[2] == 'x' ? 4 : 0);
	k.type = k.fileid ? KVME_VNODE : KVME_SWAP;
	k.flags = (perm[3] == 'p' && k.protection & 2 ? KVME_COW : 0) | (*s == '[' && s[1] == 's' ? KVME_GROWS_DOWN : 0);
	k.fsid = major << 8 | minor;
	k.vn_type = k.fileid ? 1 : 0;
	if (*s == '/' && path_to_guest(r->p, s, k.path, sizeof k.path) < 0)
		k.path[0] = 0;
	k.structsize = (int32_t)packed(offsetof(struct kinfo_vmentry, path), str_len(k.path));
	return sysctl_out(r, &k, (size_t)k.structsize);
}
/* Line by line through a buffer: the file may be of any length. */
static long each_map(struct sysctl_req *r, long fd, char *buf, size_t size)
{
	size_t have = 0;
	long n, e = 0;

	while (!e && (n = host(SYS_read, fd, buf + have, size - 1 - have)) > 0) {
		char *line = buf, *end;
		have += (size_t)n;
		buf[have] = 0;
		while (!e && (end = str_chr(line, '\n'))) {
			*end = 0;
			e = tell_map(r, line);
			line = end + 1;
		}
		have -= (size_t)(line - buf);
		memmove(buf, line, have);
	}
	return e;
}
long proc_vmmap(struct sysctl_req *r)
{
	char path[32];
	size_t size = 16384;
	char *buf;
	long e, fd;

	if (r->n_rest != 1)
		return -EINVAL;
	fmt(path, sizeof path, "/proc/%d/maps", pid_of(r));
	if ((fd = host(SYS_open, path, O_RDONLY | O_CLOEXEC)) < 0)
		return fd == -ENOENT ? -ESRCH : fd == -EACCES ? -EPERM : fd;
	buf = mem_alloc(size);
	e = buf ? each_map(r, fd, buf, size) : -ENOMEM;
	host(SYS_close, fd);
	mem_free(buf, buf ? size : 0);
	return e;
}

/* --- descriptors ------------------------------------------------------------------------------------------------------- */
static void file_type(struct kinfo_file *k, const struct stat *st)
{
	static const uint8_t vtype[16] = { [1] = 7, [2] = 4, [4] = 2, [6] = 3, [8] = 1, [10] = 5, [12] = 6 };
	unsigned f = st->st_mode >> 12 & 15;
	k->type = f == 12 ? KF_SOCKET : f == 1 ? KF_PIPE : f ? KF_VNODE : KF_UNKNOWN;
	if (k->type != KF_VNODE)
		return;
	k->file.vtype = vtype[f];
	k->file.nlink = st->st_nlink;
	k->file.fsid = st->st_dev;
	k->file.rdev = st->st_rdev;
	k->file.fileid = st->st_ino;
	k->file.size = (uint64_t)st->st_size;
	k->file.mode = (uint16_t)(st->st_mode & 07777);
}
static void socket_type(struct sysctl_req *r, struct kinfo_file *k)
{
	struct sockaddr_storage ss;
	int v, n = sizeof v, len = sizeof ss;
	if (!host(SYS_getsockopt, k->fd, SOL_SOCKET, SO_DOMAIN, &v, &n))
		k->sock.domain = (int)set_to_guest(r->p->pers, SET_AF, (unsigned)v);
	if (!host(SYS_getsockopt, k->fd, SOL_SOCKET, SO_TYPE, &v, &n))
		k->sock.socktype = v;
	if (!host(SYS_getsockopt, k->fd, SOL_SOCKET, SO_PROTOCOL, &v, &n))
		k->sock.protocol = v;
	if (!r->p->pers->sockaddr_put)
		return;
	if (!host(SYS_getsockname, k->fd, &ss, &len))
		r->p->pers->sockaddr_put(&ss, (size_t)len, k->sock.local, sizeof k->sock.local);
	len = sizeof ss;
	if (!host(SYS_getpeername, k->fd, &ss, &len))
		r->p->pers->sockaddr_put(&ss, (size_t)len, k->sock.peer, sizeof k->sock.peer);
}
static long tell_fd(struct sysctl_req *r, int fd, const char *link)
{
	struct kinfo_file k = { .fd = fd, .ref_count = 1, .flags = KF_READ };
	struct stat st;
	char path[4096];
	long n;

	if (host(SYS_stat, link, &st) < 0)
		return 0;
	file_type(&k, &st);
	if (fd >= 0 && pid_of(r) == r->p->pid) {
		long fl = host(SYS_fcntl, fd, F_GETFL);
		k.flags = ((fl & O_ACCMODE) != O_WRONLY ? KF_READ : 0) | ((fl & O_ACCMODE) != O_RDONLY ? KF_WRITE : 0) |
			  (fl & O_APPEND ? KF_APPEND : 0) | (fl & O_NONBLOCK ? KF_NONBLOCK : 0);
		if (k.type == KF_SOCKET)
			socket_type(r, &k);
		if ((n = host(SYS_lseek, fd, 0, SEEK_CUR)) >= 0)
			k.offset = n;
	}
	if ((n = host(SYS_readlink, link, path, sizeof path - 1)) > 0 && path[0] == '/') {
		path[n] = 0;
		if (path_to_guest(r->p, path, k.path, sizeof k.path) < 0)
			k.path[0] = 0;
	}
	k.structsize = (int32_t)packed(offsetof(struct kinfo_file, path), str_len(k.path));
	return sysctl_out(r, &k, (size_t)k.structsize);
}
struct linux_dirent64 { uint64_t ino; int64_t off; uint16_t reclen; uint8_t type; char name[]; };
typedef long each_fd(struct sysctl_req *, int fd, const char *link);

static long walk_fds(struct sysctl_req *r, each_fd *fn)
{
	char dir[48], link[64], buf[2048];
	long n, e = 0;

	fmt(dir, sizeof dir, "/proc/%d/fd", pid_of(r));
	long d = host(SYS_open, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d < 0)
		return d == -ENOENT ? -ESRCH : d == -EACCES ? -EPERM : d;
	while (!e && (n = host(SYS_getdents64, d, buf, sizeof buf)) > 0)
		for (long at = 0; at < n && !e;) {
			const struct linux_dirent64 *de = (const void *)(buf + at);
			uint64_t fd;
			at += de->reclen;
			if (!str_num(de->name, &fd) || (long)fd == d || fd_is_ours(r->p, (long)fd))
				continue;
			fmt(link, sizeof link, "%s/%s", dir, de->name);
			e = fn(r, (int)fd, link);
		}
	host(SYS_close, d);
	return e;
}
long proc_filedesc(struct sysctl_req *r)
{
	char link[48];
	long e;
	if (r->n_rest != 1)
		return -EINVAL;
	fmt(link, sizeof link, "/proc/%d/cwd", pid_of(r));
	if ((e = tell_fd(r, KF_CWD, link)))
		return e;
	fmt(link, sizeof link, "/proc/%d/root", pid_of(r));
	return (e = tell_fd(r, KF_ROOT, link)) ? e : walk_fds(r, tell_fd);
}
static long count_fd(struct sysctl_req *r, int fd, const char *link)
{
	r->taken++;                      /* nothing is read in this request: the count of what was met */
	return 0;
}
long proc_nfds(struct sysctl_req *r)
{
	if (r->n_rest != 1)
		return -EINVAL;
	if (r->rest[0])
		return -EINVAL;
	r->taken = 0;
	long e = walk_fds(r, count_fd);
	int n = (int)r->taken;
	return e ? e : sysctl_out(r, &n, sizeof n);
}
