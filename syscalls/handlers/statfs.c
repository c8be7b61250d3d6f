/* SPDX-License-Identifier: BSD-2-Clause
 *
 * File systems: how full, of what type, mounted from where and on what. The host's statfs tells numbers only; the names
 * are in /proc/self/mountinfo, found by the mount's id. A mount the guest cannot name (outside its root) is not listed,
 * and the one its root lies in is its "/".
 */
#include <fcntl.h>
#include "host.h"
#include "stat.h"

sysfn sys_statfs, sys_fstatfs;

#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x1000
#endif
#define MOUNTS_MOST (1024 * 1024ul)

struct mountline { uint64_t id; char *root, *on, *type, *from; };

/* mountinfo writes blanks and backslashes of a name as \ooo. */
static void unescape(char *s)
{
	char *to = s;
	for (; *s; to++) {
		if (s[0] == '\\' && (s[1] & ~3) == '0' && (s[2] & ~7) == '0' && (s[3] & ~7) == '0') {
			*to = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
			s += 4;
		} else {
			*to = *s++;
		}
	}
	*to = 0;
}
static char *word(char **s)
{
	char *w = *s, *end = str_chr(w, ' ');
	*s = end ? end + 1 : w + str_len(w);
	if (end)
		*end = 0;
	return w;
}
/* "36 35 98:0 /root /on opts optional... - type from superopts" */
static bool parse(char *line, struct mountline *m)
{
	char *s = line;
	if (!str_num(word(&s), &m->id))
		return false;
	word(&s);
	word(&s);
	m->root = word(&s);
	m->on = word(&s);
	while (*s && str_cmp(word(&s), "-"))
		;
	if (!*s)
		return false;
	m->type = word(&s);
	m->from = word(&s);
	unescape(m->on);
	unescape(m->from);
	return true;
}
static char *mounts_read(void)
{
	char *all = mem_alloc(MOUNTS_MOST);
	if (all && file_read("/proc/self/mountinfo", all, MOUNTS_MOST) < 0) {
		mem_free(all, MOUNTS_MOST);
		return NULL;
	}
	return all;
}
static char *next_line(char **at)
{
	char *line = *at, *end;
	if (!line || !*line)
		return NULL;
	end = str_chr(line, '\n');
	*at = end ? end + 1 : NULL;
	if (end)
		*end = 0;
	return line;
}
static void describe(struct proc *p, const struct mountline *m, struct host_statfs *f)
{
	str_copy(f->type, m->type, sizeof f->type);
	str_copy(f->from, m->from, sizeof f->from);
	if (path_to_guest(p, m->on, f->on, sizeof f->on) < 0)
		str_copy(f->on, "/", sizeof f->on);
}
/* The names of the mount that fd lies in. Without /proc there are none, which is no reason to fail. */
static void names_of(struct proc *p, int fd, struct host_statfs *f)
{
	struct statx st;
	struct mountline m;
	char *all, *at, *line;
	if (host(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) || !(st.stx_mask & STATX_MNT_ID)
	    || !(all = mounts_read()))
		return;
	for (at = all; (line = next_line(&at)); )
		if (parse(line, &m) && m.id == st.stx_mnt_id) {
			describe(p, &m, f);
			break;
		}
	mem_free(all, MOUNTS_MOST);
}
static long statfs_fd(struct call *c, int fd)
{
	struct host_statfs f = { .type = "unknown", .from = "", .on = "/" };
	long e = host(SYS_fstatfs, fd, &f.f);
	if (e)
		return e;
	names_of(c->t->p, fd, &f);
	return arg_put(c, 1, &f);
}
long sys_fstatfs(struct call *c) { return statfs_fd(c, (int)c->arg[0]); }
long sys_statfs(struct call *c)
{
	struct where w;
	long e = arg_path(c, 0, AT_FDCWD, PATH_FOLLOW, &w), fd;
	if (e)
		return e;
	fd = w.own >= 0 ? w.own : host(SYS_openat, w.dirfd, w.path, O_PATH | O_CLOEXEC);
	e = fd < 0 ? fd : statfs_fd(c, (int)fd);
	if (fd >= 0 && fd != w.own)
		host(SYS_close, fd);
	where_done(&w);
	return e;
}
/* The guest's root may lie in the midst of a mount: that one is shown as its "/". */
static long walk_root(struct proc *p, long (*each)(void *, const struct host_statfs *), void *arg)
{
	struct host_statfs f = { .type = "unknown", .from = "", .on = "/" };
	struct where w;
	long e = path_resolve(thread_self(), AT_FDCWD, "/", PATH_FOLLOW | PATH_DIR, &w), fd;
	if (e)
		return e;
	fd = host(SYS_openat, w.dirfd, w.path, O_PATH | O_CLOEXEC);
	where_done(&w);
	if (fd < 0)
		return fd;
	e = host(SYS_fstatfs, fd, &f.f);
	names_of(p, (int)fd, &f);
	host(SYS_close, fd);
	str_copy(f.on, "/", sizeof f.on);
	return e ? e : each(arg, &f);
}
long mounts_walk(struct proc *p, long (*each)(void *, const struct host_statfs *), void *arg)
{
	char *all = mounts_read(), *at = all, *line;
	struct mountline m;
	long e = walk_root(p, each, arg);
	while (!e && (line = next_line(&at))) {
		struct host_statfs f = { 0 };
		if (!parse(line, &m) || !str_cmp(m.on, "/") || path_to_guest(p, m.on, f.on, sizeof f.on) < 0
		    || !str_cmp(f.on, "/") || host(SYS_statfs, m.on, &f.f))
			continue;
		describe(p, &m, &f);
		e = each(arg, &f);
	}
	mem_free(all, MOUNTS_MOST);
	return e;
}
