/* SPDX-License-Identifier: BSD-2-Clause
 *
 * kern.proc.vmmap, filedesc and nfds: what a process has mapped and open, as its own system names it. What is ours is
 * left out, of other guests, too (others.h): ranges claimed in proc->space, descriptors from fd_base up. A socket of another
 * process is asked through a copy of its descriptor, where the host lets us have one.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include "host.h"
#include "others.h"
#include "procfs.h"
#include "freebsd/kinfo.h"
#include "freebsd/sysctl.h"

/* Whose they are: this process, another guest, or (p is NULL) one of the host's. */
struct owner { struct sysctl_req *r; int pid; struct proc *p; struct other *other; };
static bool is_me(const struct owner *w) { return w->p == w->r->p; }
static long owned(struct sysctl_req *r, long (*fn)(struct owner *))
{
	struct owner w = { r, r->rest[0], r->p, NULL };
	if (r->n_rest != 1)
		return -EINVAL;
	if (w.pid == -1 || !w.pid)
		w.pid = r->p->pid;
	if (w.pid != r->p->pid) {
		if (!(w.other = mem_alloc(sizeof *w.other)))
			return -ENOMEM;
		w.p = other_look(w.pid, w.other) > 0 ? &w.other->proc : NULL;
		if (w.p)
			w.p->space = &w.other->space;
	}
	long e = fn(&w);
	mem_free(w.other, w.other ? sizeof *w.other : 0);
	return e;
}
static size_t packed(size_t at, size_t len) { return (at + len + 1 + 7) & ~7ul; }
static long gone(long e) { return e == -ENOENT ? -ESRCH : e == -EACCES ? -EPERM : e; }

/* --- mappings ---------------------------------------------------------------------------------------------------- */
/* One mapping of the host may be the guest's below and ours above: the first stack is. False: all of it is ours. */
static bool guests_part(const struct space *s, uint64_t *lo, uint64_t *hi)
{
	for (unsigned i = 0; i < s->n_ours; i++) {
		if (s->ours[i].hi <= *lo || s->ours[i].lo >= *hi)
			continue;
		if (s->ours[i].lo > *lo)
			*hi = s->ours[i].lo;
		else
			*lo = s->ours[i].hi;
		if (*lo >= *hi)
			return false;
	}
	return true;
}
static long tell_map(void *arg, const struct procfs_map *m)
{
	struct owner *w = arg;
	struct sysctl_req *r = w->r;
	struct kinfo_vmentry k = {
		.start = m->lo, .end = m->hi, .offset = m->offset, .fileid = m->ino, .fsid = m->dev, .ref_count = 1,
		.protection = m->prot, .type = m->ino ? KVME_VNODE : KVME_SWAP, .vn_type = m->ino ? 1 : 0,
		.flags = (!m->shared && m->prot & PROT_WRITE ? KVME_COW : 0) |
			 (!str_cmp(m->path, "[stack]") ? KVME_GROWS_DOWN : 0),
	};
	if (w->p && !guests_part(w->p->space, &k.start, &k.end))
		return 0;
	if (!str_ncmp(m->path, "[v", 2))         /* vdso, vvar, vsyscall: the host's */
		return 0;
	if (m->path[0] == '/' && path_to_guest(r->p, m->path, k.path, sizeof k.path) < 0)
		k.path[0] = 0;
	k.structsize = (int32_t)packed(offsetof(struct kinfo_vmentry, path), str_len(k.path));
	return sysctl_out(r, &k, (size_t)k.structsize);
}
static long tell_maps(struct owner *w) { return gone(procfs_maps(w->pid, tell_map, w)); }
long proc_vmmap(struct sysctl_req *r) { return owned(r, tell_maps); }

/* --- descriptors ------------------------------------------------------------------------------------------------- */
static void file_type(struct kinfo_file *k, const struct stat *st)
{
	static const uint8_t vtype[16] = { [1] = 7, [2] = 4, [4] = 2, [6] = 3, [8] = 1, [10] = 5, [12] = 6 };
	unsigned f = st->st_mode >> 12 & 15;
	k->status = 1;                   /* what follows is valid */
	k->type = f == 12 ? KF_SOCKET : f == 1 ? KF_PIPE : f ? KF_VNODE : KF_UNKNOWN;
	if (k->type != KF_VNODE)
		return;
	k->file.vtype = vtype[f];
	k->file.nlink = st->st_nlink;
	k->file.fsid = st->st_dev;
	k->file.rdev = st->st_rdev;
	k->file.fileid = st->st_ino;
	k->file.size = (uint64_t)st->st_size;
	k->file.mode = (uint16_t)st->st_mode;
}
static void socket_type(struct sysctl_req *r, struct kinfo_file *k, long fd)
{
	struct sockaddr_storage ss;
	int v, n = sizeof v, len = sizeof ss;
	if (!host(SYS_getsockopt, fd, SOL_SOCKET, SO_DOMAIN, &v, &n))
		k->sock.domain = (int)set_to_guest(r->p->pers, SET_AF, (unsigned)v);
	if (!host(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &v, &n))
		k->sock.socktype = v;
	if (!host(SYS_getsockopt, fd, SOL_SOCKET, SO_PROTOCOL, &v, &n))
		k->sock.protocol = v;
	if (!r->p->pers->sockaddr_put)
		return;
	if (!host(SYS_getsockname, fd, &ss, &len))
		r->p->pers->sockaddr_put(&ss, (size_t)len, k->sock.local, sizeof k->sock.local);
	len = sizeof ss;
	if (!host(SYS_getpeername, fd, &ss, &len))
		r->p->pers->sockaddr_put(&ss, (size_t)len, k->sock.peer, sizeof k->sock.peer);
}
/* A copy of another's descriptor, out of the guest's reach, or -errno. */
static long copy_of(struct owner *w, int fd)
{
	long pidfd = host(SYS_pidfd_open, w->pid, 0), copy;
	if (pidfd < 0 || (pidfd = fd_ours(w->r->p, (int)pidfd)) < 0)
		return pidfd;
	copy = host(SYS_pidfd_getfd, pidfd, fd, 0);
	host(SYS_close, pidfd);
	return copy < 0 ? copy : fd_ours(w->r->p, (int)copy);
}
static void others_socket(struct owner *w, struct kinfo_file *k)
{
	long fd = copy_of(w, k->fd);
	if (fd < 0)
		return;
	socket_type(w->r, k, fd);
	host(SYS_close, fd);
}
static int open_flags(long fl)
{
	return ((fl & O_ACCMODE) != O_WRONLY ? KF_READ : 0) | ((fl & O_ACCMODE) != O_RDONLY ? KF_WRITE : 0) |
	       (fl & O_APPEND ? KF_APPEND : 0) | (fl & O_NONBLOCK ? KF_NONBLOCK : 0);
}
/* Where another process stands in a file, and what it may do there. */
static void others(int pid, struct kinfo_file *k)
{
	char path[48], text[256];
	uint64_t pos = 0, fl = 0;
	const char *s;
	fmt(path, sizeof path, "/proc/%d/fdinfo/%d", pid, k->fd);
	if (file_read(path, text, sizeof text) <= 0 || str_ncmp(text, "pos:", 4))
		return;
	str_num(text + 4 + (text[4] == '\t'), &pos);
	if (!(s = str_chr(text, '\n')) || str_ncmp(s + 1, "flags:", 6))
		return;
	for (s += 7; *s && *s != '\n'; s++)
		fl = *s >= '0' && *s <= '7' ? fl * 8 + (uint64_t)(*s - '0') : fl;
	k->offset = (int64_t)pos;
	k->flags = open_flags((long)fl);
}
static long put_file(struct sysctl_req *r, struct kinfo_file *k, const char *path)
{
	if (path[0] != '/' || path_to_guest(r->p, path, k->path, sizeof k->path) < 0)
		k->path[0] = 0;
	k->structsize = (int32_t)packed(offsetof(struct kinfo_file, path), str_len(k->path));
	return sysctl_out(r, k, (size_t)k->structsize);
}
static long put_link(struct sysctl_req *r, struct kinfo_file *k, const char *link)
{
	char path[4096];
	long n = host(SYS_readlink, link, path, sizeof path - 1);
	path[n < 0 ? 0 : n] = 0;
	return put_file(r, k, path);
}
static bool file_of(const char *path, int fd, struct kinfo_file *k)
{
	struct stat st;
	*k = (struct kinfo_file){ .fd = fd, .ref_count = 1, .flags = KF_READ };
	if (host(SYS_stat, path, &st) < 0)
		return false;
	file_type(k, &st);
	return true;
}
static long tell_fd(struct owner *w, int fd, const char *link)
{
	struct sysctl_req *r = w->r;
	struct kinfo_file k;
	long n;

	if (!file_of(link, fd, &k))
		return 0;
	if (fd >= 0 && is_me(w)) {
		long fl = host(SYS_fcntl, fd, F_GETFL);
		k.flags = open_flags(fl);
		if (k.type == KF_SOCKET)
			socket_type(r, &k, fd);
		if ((n = host(SYS_lseek, fd, 0, SEEK_CUR)) >= 0)
			k.offset = n;
	} else if (fd >= 0) {
		others(w->pid, &k);
		if (k.type == KF_SOCKET)
			others_socket(w, &k);
	}
	return put_link(r, &k, link);
}
static long tell_number(void *arg, unsigned fd)
{
	struct owner *w = arg;
	char link[48];
	if (w->p && fd_is_ours(w->p, fd))
		return 0;
	fmt(link, sizeof link, "/proc/%d/fd/%d", w->pid, (int)fd);
	return tell_fd(w, (int)fd, link);
}
/* The program's file, where the host's kernel has guise's. */
static long tell_text(struct owner *w)
{
	struct kinfo_file k;
	char link[48];
	fmt(link, sizeof link, "/proc/%d/exe", w->pid);
	if (!file_of(w->p ? w->p->exe : link, KF_TEXT, &k))
		return 0;
	return w->p ? put_file(w->r, &k, w->p->exe) : put_link(w->r, &k, link);
}
static long tell_fds(struct owner *w)
{
	static const struct { const char *name; int fd; } first[] = { { "cwd", KF_CWD }, { "root", KF_ROOT } };
	char link[48];
	long e = tell_text(w);
	for (unsigned i = 0; i < ARRAY_LEN(first) && !e; i++) {
		fmt(link, sizeof link, "/proc/%d/%s", w->pid, first[i].name);
		e = tell_fd(w, first[i].fd, link);
	}
	fmt(link, sizeof link, "/proc/%d/fd", w->pid);
	return e ? e : gone(procfs_each(link, tell_number, w));
}
long proc_filedesc(struct sysctl_req *r) { return owned(r, tell_fds); }
struct count { struct proc *p; int n; };
static long count_number(void *arg, unsigned fd)
{
	struct count *c = arg;
	c->n += !fd_is_ours(c->p, fd);
	return 0;
}
long proc_nfds(struct sysctl_req *r)
{
	struct count c = { r->p, 0 };
	if (r->n_rest != 1 || r->rest[0])
		return -EINVAL;
	long e = procfs_each("/proc/self/fd", count_number, &c);
	return e ? e : sysctl_out(r, &c.n, sizeof c.n);
}
