/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Addresses of sockets, both ways. They are spelled by the personality (sockaddr_get, sockaddr_put); the path of a local
 * socket is resolved like any other path, so that a guest in a root meets the sockets of its root. What the guest named is
 * read once, here: what was judged of it (audit_addr) is what the host is given.
 */
#include <string.h>
#include <fcntl.h>
#include <sys/un.h>
#include "host.h"
#include "sock.h"
#include "observe/audit.h"

#define SUN_PATH offsetof(struct sockaddr_un, sun_path)

/* --- addresses, guest to host ----------------------------------------------------------------------------------- */
static long un_set(struct addr *a, const char *path)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&a->ss;
	size_t n = str_len(path);
	if (n >= sizeof un->sun_path)
		return -ENAMETOOLONG;
	memcpy(un->sun_path, path, n + 1);
	a->len = (long)(SUN_PATH + n + 1);
	return 0;
}

/* A root makes short guest paths long ones; the host takes 107 bytes. The directory, or the socket itself, is opened
 * and named through /proc. getsockname on such a socket can only tell the last component. */
static long un_long(struct addr *a, int dirfd, const char *path, unsigned how)
{
	char dir[4096], name[160];
	const char *slash = str_rchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	bool whole = !(how & PATH_CREATE);

	str_copy(dir, path, sizeof dir);
	if (!whole && slash)
		dir[slash == path ? 1 : slash - path] = 0;
	else if (!whole)
		str_copy(dir, ".", sizeof dir);
	long fd = host(SYS_openat, dirfd, dir, O_PATH | O_CLOEXEC | (whole ? 0 : O_DIRECTORY), 0);
	if (fd < 0)
		return fd;
	fd = fd_ours(thread_self()->p, (int)fd);
	if (fd < 0)
		return fd;
	a->own[1] = (int)fd;
	if (str_len(base) > 100 && !whole)
		return -ENAMETOOLONG;
	fmt(name, sizeof name, whole ? "/proc/self/fd/%d" : "/proc/self/fd/%d/%s", (int)fd, base);
	return un_set(a, name);
}
/* A name that others will see (bind) is given as a whole path, so that getsockname and getpeername can tell it. */
static long un_short(const struct where *w, unsigned how, struct addr *a)
{
	char whole[4096];
	long n;
	if (w->dirfd == AT_FDCWD || *w->path == '/')
		return un_set(a, w->path);
	if (!(how & PATH_CREATE) || (n = path_of_fd(w->dirfd, whole, sizeof whole)) < 0)
		return -ENAMETOOLONG;
	fmt(whole + n, sizeof whole - (size_t)n, "/%s", w->path);
	return un_set(a, whole + (n == 1));
}
static long un_path(struct thread *t, int dirfd, unsigned how, struct addr *a)
{
	struct where w;
	char guest[sizeof(((struct sockaddr_un *)0)->sun_path) + 1];
	long e;

	str_copy(guest, ((struct sockaddr_un *)&a->ss)->sun_path, sizeof guest);
	e = path_resolve(t, dirfd, guest, how, &w);
	if (e < 0)
		return e;
	e = audit_judges(t) ? -ENAMETOOLONG : un_short(&w, how, a);      /* a whole path could lead elsewhere by now */
	if (e == -ENAMETOOLONG)
		e = un_long(a, w.dirfd, w.path, how);
	a->own[0] = w.own;               /* the name may go through this descriptor: it lasts as long as the name */
	return e;
}
long (*addr_limits)(struct thread *, int, struct sockaddr_storage *, bool);
static long limits(struct thread *t, struct addr *a, unsigned how)
{
	const struct call *c = t->call;
	int fd = (int)c->arg[c->row->arg[0].kind == A_FD ? 0 : 1];
	return addr_limits(t, fd, &a->ss, how == PATH_CREATE);
}
long addr_get(struct thread *t, uaddr from, uint64_t n, int dirfd, unsigned how, struct addr *a)
{
	const struct personality *p = t->p->pers;
	char guest[256] = { 0 };
	long e;

	memset(&a->ss, 0, sizeof a->ss);
	a->own[0] = a->own[1] = -1;
	if (n >= sizeof guest)
		return -ENAMETOOLONG;
	e = copy_in(guest, from, n);
	if (e < 0)
		return e;
	if (p->sockaddr_get) {
		e = p->sockaddr_get(guest, n, &a->ss);
	} else {
		e = (long)MIN(n, sizeof a->ss);
		memcpy(&a->ss, guest, (size_t)e);
	}
	if (e < 0)
		return e;
	a->len = e;
	if (addr_limits && (e = limits(t, a, how)) < 0)
		return e;
	if (a->ss.ss_family != AF_UNIX || a->len <= (long)SUN_PATH || !((struct sockaddr_un *)&a->ss)->sun_path[0])
		return audit_judges(t) ? audit_addr(t, a) : 0;
	t->judging *= 2;                 /* the path is an address */
	e = un_path(t, dirfd, how, a);
	t->judging /= 2;
	if (e < 0)
		addr_done(a);
	return e;
}
void addr_done(struct addr *a)
{
	for (int i = 0; i < 2; i++)
		if (a->own[i] >= 0)
			host(SYS_close, a->own[i]);
	a->own[0] = a->own[1] = -1;
}

/* --- addresses, host to guest ----------------------------------------------------------------------------------- */
static void un_to_guest(struct thread *t, const struct addr *a, struct addr *out)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&out->ss;
	char host_path[sizeof un->sun_path + 1] = { 0 }, guest[4096];
	const char *show = host_path;

	*out = *a;
	memcpy(host_path, un->sun_path, (size_t)MIN(a->len - (long)SUN_PATH, (long)sizeof un->sun_path));
	if (!str_ncmp(host_path, "/proc/self/fd/", 14) && str_chr(host_path + 14, '/'))
		show = str_rchr(host_path, '/') + 1;
	else if (*host_path == '/' && path_to_guest(t->p, host_path, guest, sizeof guest) > 0)
		show = guest;
	str_copy(un->sun_path, show, sizeof un->sun_path);
	out->len = (long)(SUN_PATH + str_len(un->sun_path) + 1);
}
long addr_bytes(struct thread *t, const struct addr *a, void *guest, size_t max)
{
	const struct personality *p = t->p->pers;
	const struct sockaddr_un *un = (const struct sockaddr_un *)&a->ss;
	struct addr shown;

	if (a->len > (long)SUN_PATH && un->sun_family == AF_UNIX && un->sun_path[0]) {
		un_to_guest(t, a, &shown);
		a = &shown;
	}
	if (p->sockaddr_put)
		return p->sockaddr_put(&a->ss, (size_t)a->len, guest, max);
	memcpy(guest, &a->ss, MIN((size_t)a->len, max));
	return a->len;
}
long addr_put(struct thread *t, const struct addr *a, uaddr to, uint32_t room, uaddr lenp, bool full)
{
	char guest[256] = { 0 };
	long n = a->len > 0 ? addr_bytes(t, a, guest, sizeof guest) : 0;
	uint32_t w = (uint32_t)MIN(n, (long)room), told = full || t->p->pers->identity ? (uint32_t)n : w;
	long e = n < 0 ? n : to ? copy_out(to, guest, w) : 0;
	return e < 0 || !lenp ? e : copy_out(lenp, &told, sizeof told);
}
long addr_room(uaddr to, uaddr lenp, uint32_t *room)
{
	*room = 0;
	if (!lenp)
		return to ? -EFAULT : 0;
	long e = copy_in(room, lenp, sizeof *room);
	return e < 0 ? e : (int)*room < 0 ? -EINVAL : 0;
}
