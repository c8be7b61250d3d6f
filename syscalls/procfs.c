/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Reading the host's /proc (procfs.h). Files are read through a buffer line by line, since they may be of any length;
 * the descriptor they are read through is moved out of the guest's numbers where that is possible.
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include "host.h"
#include "procfs.h"

struct entry { uint64_t ino; int64_t off; uint16_t len; uint8_t type; char name[]; };

/* Out of the way where another thread could meet it. A table of descriptors that reaches so far costs its process. */
static long open_ours(const char *path, int flags)
{
	long fd = file_open(path, flags);
	return fd < 0 || proc_alone(thread_self()) ? fd : fd_ours(thread_self()->p, (int)fd);
}
static long each_entry(const char *buf, long n, long skip, long (*fn)(void *, unsigned), void *arg)
{
	long e = 0;
	for (long at = 0; at < n && !e;) {
		const struct entry *d = (const void *)(buf + at);
		uint64_t v;
		const char *end = str_num(d->name, &v);
		at += d->len;
		if (end && !*end && (long)v != skip)
			e = fn(arg, (unsigned)v);
	}
	return e;
}
long procfs_each(const char *dir, long (*fn)(void *, unsigned), void *arg)
{
	char buf[4096];
	long n, e = 0, fd = open_ours(dir, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return fd;
	while (!e && (n = host(SYS_getdents64, fd, buf, sizeof buf)) > 0)
		e = each_entry(buf, n, fd, fn, arg);
	host(SYS_close, fd);
	return e;
}
bool procfs_lists_fds(int fd)
{
	struct statfs fs;
	char path[64];
	const char *last;
	if (host(SYS_fstatfs, fd, &fs) || fs.f_type != PROC_SUPER_MAGIC || path_of_fd(fd, path, sizeof path) < 0)
		return false;
	last = str_rchr(path, '/');
	return last && (!str_cmp(last, "/fd") || !str_cmp(last, "/fdinfo"));
}
bool procfs_fd_is_ours(const struct proc *p, const char *name)
{
	uint64_t n;
	const char *end = str_num(name, &n);
	return end && !*end && n >= (uint64_t)p->fd_base;
}

/* --- maps: "lo-hi rwxp offset major:minor ino   path" ------------------------------------------------------------ */
static const char *hex(const char *s, uint64_t *v)
{
	for (*v = 0;; s++) {
		int d = *s >= '0' && *s <= '9' ? *s - '0' : *s >= 'a' && *s <= 'f' ? *s - 'a' + 10 : -1;
		if (d < 0)
			return s;
		*v = *v * 16 + (unsigned)d;
	}
}
static bool parse_map(const char *s, struct procfs_map *m)
{
	uint64_t major, minor;
	s = hex(s, &m->lo);
	s = hex(s + 1, &m->hi) + 1;
	m->prot = (s[0] == 'r' ? PROT_READ : 0) | (s[1] == 'w' ? PROT_WRITE : 0) | (s[2] == 'x' ? PROT_EXEC : 0);
	m->shared = s[3] == 's';
	s = hex(s + 5, &m->offset);
	s = hex(s + 1, &major);
	s = hex(s + 1, &minor);
	m->dev = major << 8 | minor;
	if (!(s = str_num(s + 1, &m->ino)))
		return false;
	while (*s == ' ')
		s++;
	m->path = s;
	return true;
}
#define LINES_BUF 16384
long procfs_lines(const char *path, long (*fn)(void *, const char *line), void *arg)
{
	char *buf, *line, *end;
	size_t have = 0;
	long n, fd, e = 0;

	if ((fd = open_ours(path, O_RDONLY)) < 0)
		return fd;
	if (!(buf = mem_alloc(LINES_BUF)))
		e = -ENOMEM;
	while (!e && (n = host(SYS_read, fd, buf + have, LINES_BUF - 1 - have)) > 0) {
		have += (size_t)n;
		buf[have] = 0;
		for (line = buf; !e && (end = str_chr(line, '\n')); line = end + 1) {
			*end = 0;
			e = fn(arg, line);
		}
		have -= MIN(have, (size_t)(line - buf));
		memmove(buf, line, have);
	}
	host(SYS_close, fd);
	mem_free(buf, buf ? LINES_BUF : 0);
	return e;
}
struct map_lines { long (*fn)(void *, const struct procfs_map *); void *arg; };
static long map_line(void *arg, const char *line)
{
	struct map_lines *l = arg;
	struct procfs_map m;
	return parse_map(line, &m) ? l->fn(l->arg, &m) : 0;
}
long procfs_maps(int pid, long (*fn)(void *, const struct procfs_map *), void *arg)
{
	char path[32];
	fmt(path, sizeof path, pid ? "/proc/%d/maps" : "/proc/self/maps", pid);
	return procfs_lines(path, map_line, &(struct map_lines){ fn, arg });
}

/* --- one mapping, since Linux 6.11 by a question --------------------------------------------------------------------- */
struct map_query {
	uint64_t size, flags, at, lo, hi, is, page_size, offset, ino;
	uint32_t major, minor, name_size, id_size;
	uint64_t name, id;
};
_Static_assert(sizeof(struct map_query) == 104, "struct procmap_query");
#define MAP_QUERY 0xc0686611u            /* PROCMAP_QUERY, newer than the headers */
enum { IS_READABLE = 1, IS_WRITABLE = 2, IS_EXECUTABLE = 4, IS_SHARED = 8 };

#define OR_NEXT 0x10

static long ask(long fd, uaddr at, unsigned flags, struct procfs_map *m)
{
	struct map_query q = { .size = sizeof q, .flags = flags, .at = at };
	long e = host(SYS_ioctl, fd, MAP_QUERY, &q);
	*m = (struct procfs_map){
		.lo = q.lo, .hi = q.hi, .offset = q.offset, .dev = (uint64_t)q.major << 8 | q.minor, .ino = q.ino, .path = "",
		.prot = (q.is & IS_READABLE ? PROT_READ : 0) | (q.is & IS_WRITABLE ? PROT_WRITE : 0) |
			(q.is & IS_EXECUTABLE ? PROT_EXEC : 0),
		.shared = q.is & IS_SHARED,
	};
	return e;
}
static long map_asked(uaddr at, struct procfs_map *m)
{
	long fd = open_ours("/proc/self/maps", O_RDONLY);
	long e = fd < 0 ? fd : ask(fd, at, 0, m);
	if (fd >= 0)
		host(SYS_close, fd);
	return e;
}
long procfs_code(long (*fn)(void *, const struct procfs_map *), void *arg)
{
	struct procfs_map m = { 0 };
	long fd = open_ours("/proc/self/maps", O_RDONLY), e = fd < 0 ? fd : 0, stop = 0;
	while (!e && !stop && !(e = ask(fd, m.hi, IS_EXECUTABLE | OR_NEXT, &m)))
		stop = fn(arg, &m);
	if (fd >= 0)
		host(SYS_close, fd);
	return stop || e == -ENOENT ? stop : procfs_maps(0, fn, arg);
}
struct looking { uaddr at; struct procfs_map *found; };

static long see(void *arg, const struct procfs_map *m)
{
	struct looking *l = arg;
	if (l->at < m->lo || l->at >= m->hi)
		return 0;
	*l->found = *m;
	l->found->path = "";
	return 1;
}
long procfs_map_at(uaddr at, struct procfs_map *m)
{
	struct looking l = { at, m };
	long e = map_asked(at, m);
	if (!e)
		return 1;
	return e == -ENOENT ? 0 : procfs_maps(thread_self()->p->pid, see, &l);
}

/* --- stat: "pid (comm) state 4 5 6 ...": the name may hold anything, so its end is looked for from behind -------- */
bool procfs_stat(int pid, struct procfs_stat *st)
{
	char where[16];
	fmt(where, sizeof where, "%d", pid);
	return procfs_stat_at(where, st);
}
bool procfs_stat_at(const char *where, struct procfs_stat *st)
{
	char buf[1024], *open, *close;
	fmt(buf, sizeof buf, "/proc/%s/stat", where);
	memset(st, 0, sizeof *st);
	if (file_read(buf, buf, sizeof buf) <= 0 || !(open = str_chr(buf, '(')) || !(close = str_rchr(buf, ')')))
		return false;
	*close = 0;
	str_copy(st->comm, open + 1, sizeof st->comm);
	st->state = close[2];
	const char *s = close + 3;
	for (int i = 4; i < 53 && *s == ' '; i++) {
		uint64_t v;
		bool minus = *++s == '-';
		if (!(s = str_num(s + minus, &v)))
			break;
		st->f[i] = minus ? -(int64_t)v : (int64_t)v;
	}
	return true;
}
