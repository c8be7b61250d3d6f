/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Extended attributes. The user name space is Linux's "user."; the system one is root's on BSD and has no counterpart
 * that could be shown to anybody else, so it is refused. A list is a byte of length and a name each, not NUL-ended; a
 * value that is longer than the buffer is cut, where Linux says ERANGE.
 */
#include <fcntl.h>
#include "host.h"

sysfn bsd_extattr_set_fd, bsd_extattr_get_fd, bsd_extattr_delete_fd, bsd_extattr_list_fd, bsd_extattr_set_file,
	bsd_extattr_get_file, bsd_extattr_delete_file, bsd_extattr_list_file, bsd_extattr_set_link,
	bsd_extattr_get_link, bsd_extattr_delete_link, bsd_extattr_list_link;

#define USER 1
#define PREFIX "user."
#define VALUE_MAX 65536ul

enum how { BY_FD, BY_FILE, BY_LINK };
struct on {                              /* what the attributes are of */
	enum how how;
	int fd;
	char path[4200];
	char name[300];
};
static const long nr_set[] = { SYS_fsetxattr, SYS_setxattr, SYS_lsetxattr };
static const long nr_get[] = { SYS_fgetxattr, SYS_getxattr, SYS_lgetxattr };
static const long nr_remove[] = { SYS_fremovexattr, SYS_removexattr, SYS_lremovexattr };
static const long nr_list[] = { SYS_flistxattr, SYS_listxattr, SYS_llistxattr };

static long target(const struct on *o) { return o->how == BY_FD ? o->fd : (long)o->path; }

/* The host has no *at form of these calls: a directory is named through /proc. */
static long on_begin(struct call *c, enum how how, bool named, struct on *o, struct where *w)
{
	long e;
	*o = (struct on){ .how = how, .fd = (int)c->arg[0] };
	w->own = -1;
	if (c->arg[1] != USER)
		return -EPERM;
	str_copy(o->name, PREFIX, sizeof o->name);
	if (named && (e = copy_str(o->name + sizeof PREFIX - 1, (uaddr)c->arg[2], 256)) <= 0)
		return e ? e : -EINVAL;
	if (how == BY_FD)
		return 0;
	e = arg_path(c, 0, AT_FDCWD, how == BY_FILE ? PATH_FOLLOW : 0, w);
	if (e < 0)
		return e;
	const char *at = w->path;
	char guest[4096];
	if (at == (const char *)c->arg[0]) {     /* nothing had to change: it is still in the guest's memory */
		if ((e = copy_str(guest, (uaddr)at, sizeof guest)) < 0)
			return e;
		at = guest;
	}
	if (w->dirfd == AT_FDCWD || *at == '/')
		str_copy(o->path, at, sizeof o->path);
	else
		fmt(o->path, sizeof o->path, "/proc/self/fd/%d%s%s", w->dirfd, *at ? "/" : "", at);
	return 0;
}

/* --- get: the whole value, or as much of it as there is room for ------------------------------------------------ */
static long get_cut(const struct on *o, uaddr to, size_t n)
{
	char *v = mem_alloc(VALUE_MAX);
	long r = v ? host(nr_get[o->how], target(o), o->name, v, VALUE_MAX) : -ENOMEM, e;
	if (r > 0 && (e = copy_out(to, v, MIN((size_t)r, n))) < 0)
		r = e;
	if (v)
		mem_free(v, VALUE_MAX);
	return r < 0 ? r : (long)MIN((size_t)r, n);
}
static long get(struct call *c, const struct on *o)
{
	long e = host(nr_get[o->how], target(o), o->name, c->arg[3], c->arg[3] ? c->arg[4] : 0);
	if (c->arg[3] && (e == -ERANGE || !c->arg[4]))
		e = get_cut(o, (uaddr)c->arg[3], (size_t)c->arg[4]);
	return e;
}
static long set(struct call *c, const struct on *o)
{
	long e = host(nr_set[o->how], target(o), o->name, c->arg[3], c->arg[4], 0);
	return e < 0 ? e : c->arg[4];
}
static long delete(struct call *c, const struct on *o) { return host(nr_remove[o->how], target(o), o->name); }

/* --- list ------------------------------------------------------------------------------------------------------- */
static size_t list_spell(const char *names, size_t n, char *to)
{
	size_t k = 0;
	for (const char *s = names; s < names + n; s += str_len(s) + 1) {
		size_t len = str_len(s);
		if (str_ncmp(s, PREFIX, sizeof PREFIX - 1))
			continue;
		len -= sizeof PREFIX - 1;
		to[k++] = (char)len;
		memcpy(to + k, s + sizeof PREFIX - 1, len);
		k += len;
	}
	return k;
}
static long list(struct call *c, const struct on *o)
{
	uaddr to = (uaddr)c->arg[2];
	size_t room = (size_t)c->arg[3];
	char *names = mem_alloc(2 * VALUE_MAX), *out = names + VALUE_MAX;
	long r = names ? host(nr_list[o->how], target(o), names, VALUE_MAX) : -ENOMEM, e;
	if (r >= 0)
		r = (long)list_spell(names, (size_t)r, out);
	if (r > 0 && to) {
		r = (long)MIN((size_t)r, room);
		if ((e = copy_out(to, out, (size_t)r)) < 0)
			r = e;
	}
	if (names)
		mem_free(names, 2 * VALUE_MAX);
	return r;
}

static long with(struct call *c, enum how how, long (*act)(struct call *, const struct on *))
{
	struct on o;
	struct where w;
	long e = on_begin(c, how, act != list, &o, &w);
	if (!e)
		e = act(c, &o);
	if (how != BY_FD)
		where_done(&w);
	return e;
}
long bsd_extattr_get_fd(struct call *c) { return with(c, BY_FD, get); }
long bsd_extattr_get_file(struct call *c) { return with(c, BY_FILE, get); }
long bsd_extattr_get_link(struct call *c) { return with(c, BY_LINK, get); }
long bsd_extattr_set_fd(struct call *c) { return with(c, BY_FD, set); }
long bsd_extattr_set_file(struct call *c) { return with(c, BY_FILE, set); }
long bsd_extattr_set_link(struct call *c) { return with(c, BY_LINK, set); }
long bsd_extattr_delete_fd(struct call *c) { return with(c, BY_FD, delete); }
long bsd_extattr_delete_file(struct call *c) { return with(c, BY_FILE, delete); }
long bsd_extattr_delete_link(struct call *c) { return with(c, BY_LINK, delete); }
long bsd_extattr_list_fd(struct call *c) { return with(c, BY_FD, list); }
long bsd_extattr_list_file(struct call *c) { return with(c, BY_FILE, list); }
long bsd_extattr_list_link(struct call *c) { return with(c, BY_LINK, list); }
