/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The guest's descriptors, each by its kind: what it needs to be made again, or a sentence why it cannot be. What the
 * kernel does not tell in /proc is asked of a copy of the descriptor (pidfd_getfd), which shares its open file: nothing is
 * changed there, and what lies in a pipe is copied by tee, which takes nothing out.
 *
 * Descriptors 0, 1 and 2, whatever else is the same open file as one of them, and terminals are those of whoever restores.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "loader/loader.h"
#include "tools/snapshot/snapshot.h"

struct open_fd { char path[PATH_MAX + 64]; struct stat st; char info[16384]; struct snap_fd f; };

/* What helps where the guest does not need that descriptor, or whoever restores can bring another */
#define HINT " (--drop-fd %d leaves it out, --inherit-fd %d has the restorer bring it)"
static struct snap_fd *seen;                     /* of this process, without their paths */
static struct { const struct target *t; struct snap_fd f; } *all;        /* open files, each once, of all processes */
static unsigned n_all;
static struct { uint64_t ino; bool reader, writer; int fd; const struct target *t; } *pipes;
static unsigned n_seen, n_pipes;

/* Of --drop-fd and --inherit-fd */
enum { LISTED_MOST = 64 };
struct listed { int fd; bool met; };
static struct listed dropped[LISTED_MOST + 1] = { { -1 } }, inherited[LISTED_MOST + 1] = { { -1 } };

static bool is_listed(struct listed *list, int fd)
{
	while (list->fd >= 0 && list->fd != fd)
		list++;
	list->met |= list->fd >= 0;
	return list->fd >= 0;
}
static void all_met(const struct target *t, const struct listed *list, const char *option)
{
	for (; list->fd >= 0; list++)
		if (!list->met)
			cannot(t, "it has no descriptor %d, which --%s %d names", list->fd, option, list->fd);
}
void files_met(const struct target *t)
{
	all_met(t, dropped, "drop-fd");
	all_met(t, inherited, "inherit-fd");
}
void files_except(bool drop, int fd)
{
	struct listed *list = drop ? dropped : inherited;
	int n = 0;
	while (list[n].fd >= 0)
		n++;
	if (n == LISTED_MOST)
		refuse("--%s can be given %d times at most", drop ? "drop-fd" : "inherit-fd", LISTED_MOST);
	list[n].fd = fd;
	list[n + 1].fd = -1;
}
static int copy_of(const struct target *t, int fd)
{
	int mine = (int)syscall(SYS_pidfd_getfd, t->pidfd, fd, 0);
	if (mine < 0)
		cannot(t, "its descriptor %d cannot be looked at: %s", fd, strerror(errno));
	return mine;
}
static long long info_number(const char *info, const char *name, int base)
{
	const char *s = strstr(info, name);
	return s ? (long long)strtoull(s + strlen(name), NULL, base) : -1;
}
static bool same_file(const struct target *t, int a, int b)
{
	return syscall(SYS_kcmp, t->pid, t->pid, KCMP_FILE, a, b) == 0;
}
static void find_same(const struct target *t, struct open_fd *o)
{
	o->f.same_as = -1;
	for (unsigned i = 0; i < n_seen && o->f.same_as < 0; i++)
		if (seen[i].id.ino == o->st.st_ino && seen[i].id.dev == o->st.st_dev && same_file(t, seen[i].fd, o->f.fd))
			o->f.same_as = seen[i].fd;
}
/* Is it one that another process of the tree has, too? Its number among all, and how that one has it */
static const struct snap_fd *find_open(const struct target *t, struct open_fd *o)
{
	for (unsigned i = 0; i < n_all; i++)
		if (all[i].t != t && all[i].f.id.ino == o->st.st_ino && all[i].f.id.dev == o->st.st_dev &&
		    syscall(SYS_kcmp, all[i].t->pid, t->pid, KCMP_FILE, all[i].f.fd, o->f.fd) == 0) {
			o->f.open = i;
			return &all[i].f;
		}
	o->f.open = n_all;
	return NULL;
}
static void remember_open(const struct target *t, const struct snap_fd *f)
{
	if (f->same_as >= 0 || f->open != n_all)
		return;
	if (!(all = realloc(all, (n_all + 1) * sizeof *all)))
		refuse("no memory for the descriptors");
	all[n_all].t = t;
	all[n_all++].f = *f;
}
static const struct snap_fd *seen_fd(int fd)
{
	for (unsigned i = 0; i < n_seen; i++)
		if (seen[i].fd == fd)
			return &seen[i];
	return NULL;
}
/* --- pipes -------------------------------------------------------------------------------------------------------------- */
/* Does anybody else hold an end of it? */
int held_outside(ino_t ino, const char *kind)
{
	char want[64], path[320], link[64];
	struct dirent *e, *f;
	int found = 0;
	DIR *d = opendir("/proc");
	snprintf(want, sizeof want, "%s:[%llu]", kind, (unsigned long long)ino);
	while (d && !found && (e = readdir(d))) {
		int pid = atoi(e->d_name);
		if (pid <= 0 || target_of(pid) || pid == getpid())
			continue;
		snprintf(path, sizeof path, "/proc/%d/fd", pid);
		DIR *fds = opendir(path);
		while (fds && !found && (f = readdir(fds))) {
			snprintf(path, sizeof path, "/proc/%d/fd/%s", pid, f->d_name);
			ssize_t n = readlink(path, link, sizeof link - 1);
			link[n < 0 ? 0 : n] = 0;
			if (!strcmp(link, want))
				found = pid;
		}
		if (fds)
			closedir(fds);
	}
	if (d)
		closedir(d);
	return found;
}
/* Has another process of the tree that pipe? */
static bool in_tree(const struct target *t, uint64_t ino)
{
	char want[64], path[64], link[64];
	struct target *m;
	snprintf(want, sizeof want, "pipe:[%llu]", (unsigned long long)ino);
	for (unsigned i = 0; (m = member_at(i)); i++)
		for (int fd = 0; m != t && fd < m->proc.fd_base; fd++) {
			snprintf(path, sizeof path, "/proc/%d/fd/%d", m->pid, fd);
			ssize_t n = readlink(path, link, sizeof link - 1);
			link[n < 0 ? 0 : n] = 0;
			if (!strcmp(link, want))
				return true;
		}
	return false;
}
static unsigned pipe_index(const struct target *t, struct open_fd *o)
{
	for (unsigned i = 0; i < n_pipes; i++)
		if (pipes[i].ino == o->st.st_ino)
			return i;
	int other = held_outside(o->st.st_ino, "pipe");
	if (other)
		cannot(t, "its descriptor %d is a pipe that process %d holds as well; only pipes within the guest are saved" HINT, o->f.fd, other,
		       o->f.fd, o->f.fd);
	if (!(pipes = realloc(pipes, (n_pipes + 1) * sizeof *pipes)))
		refuse("no memory for the descriptors");
	memset(&pipes[n_pipes], 0, sizeof *pipes);
	pipes[n_pipes].ino = o->st.st_ino;
	pipes[n_pipes].fd = -1;
	return n_pipes++;
}
static void take_pipe(const struct target *t, struct open_fd *o)
{
	unsigned i = pipe_index(t, o);
	bool writes = (o->f.flags & O_ACCMODE) == O_WRONLY;
	o->f.kind = writes ? FD_PIPE_WRITE : FD_PIPE_READ;
	o->f.word[0] = i;
	*(writes ? &pipes[i].writer : &pipes[i].reader) = true;
	if (!writes || pipes[i].fd < 0) {
		pipes[i].fd = o->f.fd;
		pipes[i].t = t;
	}
	if (o->f.flags & O_DIRECT)
		cannot(t, "its descriptor %d is a pipe of packets (O_DIRECT)", o->f.fd);
}
static void pipe_out(struct writer *w, unsigned i)
{
	const struct target *t = pipes[i].t;
	struct snap_pipe r = { .index = i };
	int fd = copy_of(t, pipes[i].fd), mine[2], n = 0;
	long room = fcntl(fd, F_GETPIPE_SZ);
	char *buf;

	if ((pipes[i].reader && ioctl(fd, FIONREAD, &n) < 0) || room < 0 || pipe2(mine, O_CLOEXEC) < 0 || !(buf = malloc((size_t)n + 1)))
		cannot(t, "the pipe of its descriptor %d cannot be looked at: %s", pipes[i].fd, strerror(errno));
	r.bytes = (uint64_t)n;
	r.room = (uint64_t)room;
	if (n) {
		ssize_t got = 0, more;
		fcntl(mine[1], F_SETPIPE_SZ, room);
		if (tee(fd, mine[1], (size_t)n, 0) != n)
			cannot(t, "what lies in the pipe of its descriptor %d cannot be copied: %s", pipes[i].fd, strerror(errno));
		while (got < n && (more = read(mine[0], buf + got, (size_t)(n - got))) > 0)
			got += more;
		r.section = writer_section(w, SECTION_BYTES, buf, (size_t)n, true) + 1;
	}
	writer_record(w, SNAP_PIPE, &r, sizeof r, NULL);
	free(buf);
	close(mine[0]);
	close(mine[1]);
	close(fd);
}
/* --- files -------------------------------------------------------------------------------------------------------------- */
/* "lock:\t1: POSIX  ADVISORY  WRITE 4711 08:01:1234 0 99": what kind, how, whose, where from, where to or EOF */
static void save_locks(const struct target *t, struct writer *w, const struct open_fd *o)
{
	static const char *const kinds[] = { "FLOCK", "POSIX", "OFDLCK" };
	for (const char *s = o->info; (s = strstr(s, "\nlock:")); s++) {
		struct snap_lock r = { .fd = o->f.fd, .kind = 3 };
		char kind[16] = "", how[16] = "", end[32] = "";
		long long start = 0;
		sscanf(s + 6, " %*d: %15s %*s %15s %*d %*s %lld %31s", kind, how, &start, end);
		for (unsigned i = 0; i < 3; i++)
			r.kind = strcmp(kind, kinds[i]) ? r.kind : i;
		if (r.kind == 3 || !*end)
			cannot(t, "it holds a lock (%s) on %s (descriptor %d), which a copy cannot take", kind, o->path, o->f.fd);
		r.writes = !strcmp(how, "WRITE");
		r.start = start;
		r.len = strcmp(end, "EOF") ? strtoll(end, NULL, 10) - start + 1 : 0;
		writer_record(w, SNAP_LOCK, &r, sizeof r, NULL);
	}
}
/* A file without a name that is not longer than this is saved with its content, and is memory in a copy. */
#define NAMELESS_MOST (256l << 20)
static bool is_nameless(const struct target *t, const struct open_fd *o)
{
	if (!S_ISREG(o->st.st_mode) || o->st.st_nlink || !strstr(o->path, " (deleted)") || o->st.st_size > NAMELESS_MOST)
		return false;
	if (o->f.same_as < 0)
		fprintf(stderr, "guise: the file %s (descriptor %d of process %d) is saved with its content, and will be memory in a copy\n",
			shown(o->path), o->f.fd, t->pid);
	return true;
}
static void take_file(const struct target *t, struct writer *w, struct open_fd *o)
{
	struct stat st;
	if (!strncmp(o->path, "/memfd:", 7) || is_nameless(t, o)) {
		char link[64];           /* opened anew: its place is the guest's */
		snprintf(link, sizeof link, "/proc/%d/fd/%d", t->pid, o->f.fd);
		int fd = open(link, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			cannot(t, "its descriptor %d (%s) cannot be looked at: %s", o->f.fd, o->path, strerror(errno));
		o->f.kind = FD_SHARED;
		o->f.word[0] = shared_of(&o->st, strncmp(o->path, "/memfd:", 7) ? "deleted" : o->path + 7);
		o->f.offset = info_number(o->info, "pos:", 10);
		shared_file(t, w, (unsigned)o->f.word[0], fd);
		close(fd);
		save_locks(t, w, o);
		return;
	}
	if (stat(o->path, &st) < 0 || st.st_ino != o->st.st_ino || st.st_dev != o->st.st_dev)
		cannot(t, "its descriptor %d is the file %s, which %s", o->f.fd, o->path,
		       strstr(o->path, " (deleted)") ? "has no name any more" : "has another name by now, or is out of reach");
	save_locks(t, w, o);
	o->f.kind = FD_FILE;
	o->f.offset = info_number(o->info, "pos:", 10);
}
/* Opened by another name, a terminal is that of the root's 0, 1 or 2 if it is the same; /dev/tty is the first's. */
static int own_terminal(const struct open_fd *o)
{
	unsigned major_ = major(o->st.st_rdev), minor_ = minor(o->st.st_rdev);
	if (!S_ISCHR(o->st.st_mode) || (major_ != 4 && major_ != 5 && (major_ < 136 || major_ > 143)) || (major_ == 5 && minor_ == 2))
		return -1;
	for (int fd = 0; fd <= 2; fd++) {
		char path[64];
		struct stat st;
		snprintf(path, sizeof path, "/proc/%d/fd/%d", member_at(0)->pid, fd);
		if (!stat(path, &st) && S_ISCHR(st.st_mode) &&
		    (st.st_rdev == o->st.st_rdev || (major_ == 5 && minor_ == 0 && major(st.st_rdev) >= 4 && major(st.st_rdev) <= 143)))
			return fd;
	}
	return -1;
}
/* Of devices only those that are the same for everybody. */
static void take_device(const struct target *t, struct open_fd *o)
{
	unsigned major_ = major(o->st.st_rdev), minor_ = minor(o->st.st_rdev);
	bool plain = S_ISCHR(o->st.st_mode) && major_ == 1 && (minor_ == 3 || minor_ == 5 || minor_ == 7 || minor_ == 8 || minor_ == 9);
	int std = own_terminal(o);

	if (std >= 0) {                  /* the terminal of whoever restores */
		o->f.kind = FD_INHERIT;
		o->f.word[0] = std;
	} else if (plain && *o->path == '/') {
		o->f.kind = FD_FILE;
		o->f.offset = 0;
	} else {
		cannot(t, "its descriptor %d is the device %s%s" HINT, o->f.fd, o->path,
		       major_ >= 136 && major_ <= 143 ? ", a terminal that is none of its standard input, output and error" : "", o->f.fd, o->f.fd);
	}
}
/* --- what has no file ------------------------------------------------------------------------------------------------------ */
static void take_timer(const struct target *t, struct open_fd *o)
{
	long long value[2] = { 0 }, interval[2] = { 0 };
	const char *s = strstr(o->info, "it_value: ("), *i = strstr(o->info, "it_interval: (");
	if (s)
		sscanf(s, "it_value: (%lld, %lld)", &value[0], &value[1]);
	if (info_number(o->info, "settime flags:", 8) & 2)
		cannot(t, "its descriptor %d is a timerfd that a change of the clock ends (TFD_TIMER_CANCEL_ON_SET)", o->f.fd);
	if (i)
		sscanf(i, "it_interval: (%lld, %lld)", &interval[0], &interval[1]);
	o->f.kind = FD_TIMER;
	o->f.word[0] = info_number(o->info, "clockid:", 10);
	o->f.word[1] = value[0], o->f.word[2] = value[1], o->f.word[3] = interval[0], o->f.word[4] = interval[1];
	o->f.word[5] = info_number(o->info, "ticks:", 10);
}
static void take_epoll(const struct target *t, struct writer *w, struct open_fd *o)
{
	const char *s = o->info;
	o->f.kind = FD_EPOLL;
	if (strlen(o->info) >= sizeof o->info - 1)
		cannot(t, "its descriptor %d (epoll) watches more descriptors than are looked at", o->f.fd);
	while ((s = strstr(s, "tfd:"))) {
		struct snap_epoll r = { .epfd = o->f.fd };
		unsigned long long data = 0, ino = 0;
		int fd = -1;
		char path[64];
		struct stat st;
		if (sscanf(s, "tfd: %d events: %x data: %llx pos:%*d ino:%llx", &fd, &r.events, &data, &ino) < 3)
			cannot(t, "what its descriptor %d (epoll) watches is not told by /proc", o->f.fd);
		snprintf(path, sizeof path, "/proc/%d/fd/%d", t->pid, fd);
		if (stat(path, &st) < 0 || (ino && st.st_ino != ino))
			cannot(t, "its descriptor %d (epoll) watches a file that no descriptor stands for any more", o->f.fd);
		r.fd = fd;
		r.data = data;
		writer_record(w, SNAP_EPOLL, &r, sizeof r, NULL);
		s += 4;
	}
}
static void take_anonymous(const struct target *t, struct writer *w, struct open_fd *o)
{
	const char *kind = o->path + strlen("anon_inode:");
	if (!strcmp(kind, "[eventfd]")) {
		o->f.kind = FD_EVENT;
		o->f.word[0] = info_number(o->info, "eventfd-count:", 16);
		o->f.word[1] = info_number(o->info, "eventfd-semaphore:", 10) == 1;
	} else if (!strcmp(kind, "[timerfd]")) {
		take_timer(t, o);
	} else if (!strcmp(kind, "[signalfd]")) {
		o->f.kind = FD_SIGNALS;
		o->f.word[0] = info_number(o->info, "sigmask:", 16);
	} else if (!strcmp(kind, "[eventpoll]")) {
		if (o->f.same_as < 0 && o->f.open == n_all)
			take_epoll(t, w, o);
		o->f.kind = FD_EPOLL;
	} else {
		cannot(t, "its descriptor %d is of a kind that cannot be saved: %s" HINT, o->f.fd, kind, o->f.fd, o->f.fd);
	}
}
static const struct snap_object *object_of(const struct target *t, int fd)
{
	for (size_t at = 0; at < t->n_state;) {
		const struct snap_head *h = (const void *)(t->state + at);
		const struct snap_object *r = (const void *)(h + 1);
		if (h->kind == SNAP_OBJECT && r->fd == fd)
			return r;
		at += sizeof *h + ((h->size + 7ul) & ~7ul);
	}
	return NULL;
}
static void refuse_flags(const struct target *t, const struct open_fd *o)
{
	if (o->f.flags & O_ASYNC)
		cannot(t, "its descriptor %d raises signals (O_ASYNC), and for whom is not known" HINT, o->f.fd, o->f.fd, o->f.fd);
}
/* 0, 1 and 2 of the root are the restorer's, but for a pipe that only the tree has; below it they are what they are. */
static bool is_standard(const struct target *t, const struct open_fd *o)
{
	bool pipe_ = S_ISFIFO(o->st.st_mode) && !strncmp(o->path, "pipe:", 5);
	return o->f.fd <= 2 && !t->place && !(pipe_ && in_tree(t, o->st.st_ino) && !held_outside(o->st.st_ino, "pipe"));
}
static void take(const struct target *t, struct writer *w, struct open_fd *o)
{
	const struct snap_object *object = object_of(t, o->f.fd);
	const struct snap_fd *same, *other;

	refuse_flags(t, o);
	find_same(t, o);
	same = o->f.same_as >= 0 ? seen_fd(o->f.same_as) : NULL;
	other = find_open(t, o);
	if (same)
		o->f.open = same->open;
	if (other && object)
		cannot(t, "its descriptor %d (%s) is another process's as well", o->f.fd, object->kind);
	if (is_listed(inherited, o->f.fd)) {
		o->f.kind = FD_INHERIT;
		o->f.word[0] = o->f.fd;
		*o->path = 0;
		return;
	}
	if (object && !object->saved)
		cannot(t, "its descriptor %d is a %s, which cannot be saved", o->f.fd, object->kind);
	if (object && !strcmp(object->kind, "kqueue"))
		o->f.kind = FD_KQUEUE;
	else if (is_standard(t, o) || (same && same->kind == FD_INHERIT) || (other && other->kind == FD_INHERIT)) {
		o->f.kind = FD_INHERIT;
		o->f.word[0] = same ? same->word[0] : other ? other->word[0] : o->f.fd;
	} else if (!strncmp(o->path, "anon_inode:", 11)) {
		take_anonymous(t, w, o);
	} else if (S_ISSOCK(o->st.st_mode)) {
		int fd = copy_of(t, o->f.fd);
		save_socket(t, w, fd, &o->st, &o->f);
		close(fd);
	} else if (S_ISFIFO(o->st.st_mode) && !strncmp(o->path, "pipe:", 5)) {
		take_pipe(t, o);
	} else if (S_ISFIFO(o->st.st_mode)) {
		cannot(t, "its descriptor %d is the fifo %s, whose other end is somebody else's" HINT, o->f.fd, o->path, o->f.fd, o->f.fd);
	} else if (S_ISREG(o->st.st_mode) || S_ISDIR(o->st.st_mode) || S_ISLNK(o->st.st_mode)) {
		take_file(t, w, o);
	} else {
		take_device(t, o);
	}
	if (o->f.kind != FD_FILE)
		*o->path = 0;
}
static void one_fd(const struct target *t, struct writer *w, int fd)
{
	static struct open_fd o;
	char path[64];
	ssize_t n;
	int info;

	memset(&o, 0, sizeof o);
	o.f.fd = fd;
	snprintf(path, sizeof path, "/proc/%d/fd/%d", t->pid, fd);
	if ((n = readlink(path, o.path, sizeof o.path - 1)) < 0 || stat(path, &o.st) < 0)
		cannot(t, "its descriptor %d cannot be looked at: %s", fd, strerror(errno));
	snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", t->pid, fd);
	if ((info = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		cannot(t, "%s: %s", path, strerror(errno));
	for (size_t got = 0; got < sizeof o.info - 1 && (n = read(info, o.info + got, sizeof o.info - 1 - got)) > 0;)
		got += (size_t)n;
	close(info);
	o.f.flags = (uint32_t)info_number(o.info, "flags:", 8);
	if (o.f.flags & __O_TMPFILE)             /* how it was made, by way of a directory */
		o.f.flags &= ~(uint32_t)O_TMPFILE;
	ident_of(&o.f.id, &o.st);
	take(t, w, &o);
	writer_record(w, SNAP_FD, &o.f, offsetof(struct snap_fd, path), o.path);
	if (!(seen = realloc(seen, (n_seen + 1) * sizeof *seen)))
		refuse("no memory for the descriptors");
	seen[n_seen++] = o.f;
	remember_open(t, &o.f);
}
static int by_number(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

void save_files(const struct target *t, struct writer *w)
{
	char path[64];
	struct dirent *e;
	int *fd = NULL;
	unsigned n = 0;

	n_seen = 0;
	snprintf(path, sizeof path, "/proc/%d/fd", t->pid);
	DIR *d = opendir(path);
	if (!d)
		cannot(t, "%s: %s", path, strerror(errno));
	while ((e = readdir(d))) {
		if (*e->d_name < '0' || *e->d_name > '9' || atoi(e->d_name) >= t->proc.fd_base)
			continue;
		if (!(fd = realloc(fd, (n + 1) * sizeof *fd)))
			refuse("no memory for the descriptors");
		fd[n++] = atoi(e->d_name);
	}
	closedir(d);
	qsort(fd, n, sizeof *fd, by_number);
	for (unsigned i = 0; i < n; i++)
		if (!is_listed(dropped, fd[i]))
			one_fd(t, w, fd[i]);
	free(fd);
}
/* When all processes are saved: their pipes, with what lies in them */
void save_pipes(struct writer *w)
{
	for (unsigned i = 0; i < n_pipes; i++)
		pipe_out(w, i);          /* without readers nobody can see what lies in it */
}
