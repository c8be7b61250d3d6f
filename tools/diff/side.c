/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One side's run. Both sides run one after the other in the same directory, TOP/run: its cwd (a copy of the user's),
 * tmp and home are made anew for each, so every path that a program can see is the same; then it is moved to TOP/A or
 * TOP/B. What the program prints comes through pipes and is kept up to a size, beyond it only counted and hashed. A run
 * ends when its first process does, and whatever it left is killed a moment later; or when its time is over.
 *
 * The program is traced as `guise trace` does it. We are the reaper of all that becomes an orphan, so nothing escapes.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "tools/diff/diff.h"
#include "tools/trace/trace.h"
#include "loader/loader.h"

#define MOST_KEPT (16ul << 20)           /* of what is printed */
#define MOST_COPIED (1ul << 30)
#define MOST_FILES 100000u
#define DATA_BYTES 1024                  /* of a buffer that are compared in the calls */

struct base { char top[200], run[220]; unsigned files; uint64_t bytes; dev_t dev; ino_t ino; };
static const char *const dirs[N_SIDE_DIRS] = { [SIDE_CWD] = "cwd", [SIDE_TMP] = "tmp", [SIDE_HOME] = "home" };
volatile int diff_stopped;

/* --- trees -------------------------------------------------------------------------------------------------------- */
static void remove_tree(int dir, const char *name)
{
	if (!unlinkat(dir, name, 0) || (errno != EISDIR && errno != EPERM && errno != EBUSY))
		return;
	fchmodat(dir, name, 0700, 0);
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	for (struct dirent *e; d && (e = readdir(d));)
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			remove_tree(fd, e->d_name);
	if (d)
		closedir(d);
	unlinkat(dir, name, AT_REMOVEDIR);
}
static bool copy_bytes(int from, int to, off_t n)
{
	char buf[65536];
	while (n > 0) {
		ssize_t k = copy_file_range(from, NULL, to, NULL, (size_t)n, 0);
		if (k <= 0)
			break;
		n -= k;
	}
	for (ssize_t k; (k = read(from, buf, sizeof buf)) != 0;)
		if (k < 0 || write(to, buf, (size_t)k) != k)
			return false;
	return true;
}
static void copy_file(int from, int to, const char *name, const struct stat *st)
{
	int a = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	int b = a >= 0 ? openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
	if (b >= 0 && !copy_bytes(a, b, st->st_size))
		refuse("%s cannot be copied for the runs: %s", shown(name), strerror(errno));
	if (b >= 0) {
		if (fchown(b, st->st_uid, st->st_gid) && errno != EPERM)
			refuse("%s cannot be copied for the runs: %s", shown(name), strerror(errno));
		fchmod(b, st->st_mode & 07777);
		futimens(b, (struct timespec[2]){ st->st_atim, st->st_mtim });
		close(b);
	}
	if (a >= 0)
		close(a);
}
static void copy_tree(struct base *x, int from, int to);
static void copy_entry(struct base *x, int from, int to, const char *name)
{
	struct stat st;
	char link[4096];

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) || (st.st_dev == x->dev && st.st_ino == x->ino))
		return;
	x->bytes += S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	if (++x->files > MOST_FILES || x->bytes > MOST_COPIED)
		refuse("the directory to run in holds too much to be copied (more than %u files or %lu MiB); --chdir DIR takes "
		       "another, --empty an empty one", MOST_FILES, MOST_COPIED >> 20);
	if (S_ISREG(st.st_mode)) {
		copy_file(from, to, name, &st);
	} else if (S_ISLNK(st.st_mode)) {
		ssize_t n = readlinkat(from, name, link, sizeof link - 1);
		if (n > 0) {
			link[n] = 0;
			if (symlinkat(link, to, name))
				refuse("%s cannot be copied for the runs: %s", shown(name), strerror(errno));
		}
	} else if (S_ISFIFO(st.st_mode)) {
		mkfifoat(to, name, st.st_mode & 07777);
	} else if (S_ISDIR(st.st_mode) && !mkdirat(to, name, 0700)) {
		int a = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		int b = openat(to, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (a >= 0 && b >= 0)
			copy_tree(x, a, b);
		if (b >= 0) {
			if (fchown(b, st.st_uid, st.st_gid) == 0 || errno == EPERM)
				fchmod(b, st.st_mode & 07777);
			futimens(b, (struct timespec[2]){ st.st_atim, st.st_mtim });
		}
		close(a), close(b);
	}
}
static void copy_tree(struct base *x, int from, int to)
{
	int again = dup(from);
	DIR *d = again >= 0 ? fdopendir(again) : NULL;
	for (struct dirent *e; d && (e = readdir(d)) && !diff_stopped;)
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			copy_entry(x, from, to, e->d_name);
	if (d)
		closedir(d);
}

/* --- the place ---------------------------------------------------------------------------------------------------- */
struct base *base_new(const struct setup *u)
{
	struct base *x = calloc(1, sizeof *x);
	const char *tmp = getenv("TMPDIR");
	struct stat st;

	if (!x)
		refuse("no memory");
	snprintf(x->top, sizeof x->top, "%s/guise-diff-XXXXXX", tmp && *tmp == '/' && strlen(tmp) < 150 ? tmp : "/tmp");
	if (!mkdtemp(x->top) || stat(x->top, &st))
		refuse("%s: %s; the runs need a directory there (TMPDIR names another)", x->top, strerror(errno));
	x->dev = st.st_dev, x->ino = st.st_ino;
	snprintf(x->run, sizeof x->run, "%s/run", x->top);
	return x;
}
void base_drop(struct base *x, bool keep)
{
	if (keep)
		fprintf(stderr, "guise: diff: what the runs left is in %s\n", x->top);
	else
		remove_tree(AT_FDCWD, x->top);
	free(x);
}
static void make_run(struct base *x, const struct setup *u, const struct side *s)
{
	char path[300], link[4400];
	mode_t old = umask(0);

	if (mkdir(x->run, 0755))
		refuse("%s: %s", x->run, strerror(errno));
	for (int i = 0; i < N_SIDE_DIRS; i++) {
		snprintf(path, sizeof path, "%s/%s", x->run, dirs[i]);
		if (mkdir(path, i == SIDE_TMP ? 01777 : 0755))
			refuse("%s: %s", path, strerror(errno));
	}
	snprintf(path, sizeof path, "%s/bin", x->run);
	mkdir(path, 0755);
	if (s->program) {
		snprintf(link, sizeof link, "%s/%s", path, s->name);
		if (symlink(s->program, link))
			refuse("%s: %s", shown(link), strerror(errno));
	}
	if (!u->empty) {
		snprintf(path, sizeof path, "%s/cwd", x->run);
		int from = open(u->chdir ? u->chdir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		int to = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (from < 0 || to < 0)
			refuse("%s: %s; the runs begin in a copy of it", u->chdir ? shown(u->chdir) : ".", strerror(errno));
		x->files = 0, x->bytes = 0;
		copy_tree(x, from, to);
		close(from), close(to);
	}
	umask(old);
}

/* --- the program -------------------------------------------------------------------------------------------------- */
static bool why_not(struct side *s, const char *what)
{
	snprintf(s->why, sizeof s->why, "%s: %s", shown(s->given), what);
	s->not_run = true;
	return false;
}
bool side_find(const struct setup *u, struct side *s, unsigned i)
{
	extern char **environ;
	struct options o = { .root = u->root[i] };
	char *path = strchr(s->given, '/') ? strdup(s->given) : program_find(&o, environ, s->given), in_root[8192];
	struct stat st;

	if (!path)
		return why_not(s, "no such program in the directories of PATH; give its path");
	snprintf(in_root, sizeof in_root, "%s%s", u->root[i] ? u->root[i] : "", path);
	s->program = u->root[i] && *path == '/' ? realpath(in_root, NULL) : NULL;
	if (!s->program)
		s->program = realpath(path, NULL);
	free(path);
	if (!s->program)
		return why_not(s, strerror(errno));
	if (stat(s->program, &st) || S_ISDIR(st.st_mode))
		return why_not(s, S_ISDIR(st.st_mode) ? "this is a directory, not a program" : strerror(errno));
	if (access(s->program, X_OK))
		return why_not(s, "it may not be executed (chmod +x)");
	return true;
}
static void set_env(struct request *r, const struct setup *u, const struct base *x)
{
	static char text[5][300];
	const char *const own[] = { "PWD", "TMPDIR", "HOME", "OLDPWD" };
	const char *const dir[] = { "cwd", "tmp", "home", NULL };
	for (int i = 0; i < 4; i++) {
		snprintf(text[i], sizeof text[i], dir[i] ? "%s=%s/%s" : "%s", own[i], x->run, dir[i]);
		request_env(r, text[i]);
	}
	for (unsigned i = 0; i < u->n_env; i++)
		request_env(r, u->env[i]);
}
struct born { int out[2][2], digest; };

/* Whatever was open is neither side's: the guest is this very process. */
static void close_others(int a, int b)
{
	int lo = MIN(a, b), hi = MAX(a, b);
	if (lo > 3)
		close_range(3, (unsigned)lo - 1, 0);
	if (hi > lo + 1)
		close_range((unsigned)lo + 1, (unsigned)hi - 1, 0);
	close_range((unsigned)hi + 1, ~0u, 0);
}
static void become(struct base *x, const struct setup *u, struct side *s, unsigned i, struct session *t, int fd, struct born *b)
{
	extern char **environ;
	struct request r;
	char **argv = calloc(u->n_args + 2, sizeof *argv), cwd[300], own[4400];
	int null = open(u->stdin_file ? u->stdin_file : "/dev/null", O_RDONLY);
	struct sink *sink;

	prctl(PR_SET_CHILD_SUBREAPER, 0);
	setsid();
	if (null < 0 || dup2(null, 0) < 0 || dup2(b->out[0][1], 1) < 0 || dup2(b->out[1][1], 2) < 0)
		refuse("%s: %s; --stdin wants a file that can be read", u->stdin_file ? shown(u->stdin_file) : "/dev/null", strerror(errno));
	close_others(fd, b->digest);
	for (int k = 1; k < 32; k++)
		signal(k, SIG_DFL);
	snprintf(own, sizeof own, "%s/bin/%s", x->run, s->name);
	snprintf(cwd, sizeof cwd, "%s/cwd", x->run);
	if (chdir(cwd) || !argv)
		refuse("%s: %s", cwd, strerror(errno));
	request_start(&r, subcommand_find("diff"), environ);
	set_env(&r, u, x);
	r.root_name = u->root[i];
	r.root_by = i ? "--root-b" : "--root-a";
	r.opt.engine = u->engine;
	r.engine_by = "--engine";
	r.opt.trace_fd = fd;
	sink = digest_sink(b->digest, s->program, x->run);
	events_start(&sink, 1);
	view.text = DATA_BYTES;
	trace_keep(b->digest);
	session_spawn(t, fd, &r.opt.trace_end, NULL);
	close(b->digest);
	argv[0] = own;
	for (unsigned k = 0; k < u->n_args; k++)
		argv[k + 1] = u->args[k];
	_exit(request_run(&r, (int)u->n_args + 1, argv));
}

/* --- waiting for it ----------------------------------------------------------------------------------------------- */
static double now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}
static void keep(struct blob *b, const char *p, size_t n)
{
	size_t k = b->n < MOST_KEPT ? MIN(n, MOST_KEPT - b->n) : 0;
	for (size_t i = 0; i < n; i++)
		b->hash = (b->hash ^ (unsigned char)p[i]) * 0x100000001b3ull;
	if (b->n + k + 1 > b->room) {
		b->room = (b->n + k) * 2 + 4096;
		if (!(b->at = realloc(b->at, b->room)))
			abort();
	}
	if (k)
		memcpy(b->at + b->n, p, k);
	b->n += k;
	b->at[b->n] = 0;
	b->total += n;
	b->cut = b->total > b->n;
}
/* Everybody who is ours by birth or by adoption, less the drainer. */
static unsigned kill_rest(pid_t drainer)
{
	char path[64];
	unsigned n = 0;
	int pid;
	snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
	FILE *f = fopen(path, "re");
	while (f && fscanf(f, "%d", &pid) == 1)
		if (pid != drainer) {
			n += !kill(pid, SIGKILL);
		}
	if (f)
		fclose(f);
	return n;
}
struct watch { pid_t first, drainer; bool over, drained; };

static void reap(struct side *s, struct watch *w)
{
	int status;
	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
		if (pid == w->first)
			s->status = status, w->over = true;
		if (pid == w->drainer)
			w->drained = true;
	}
}
static bool read_from(struct pollfd *p, struct blob *b)
{
	char buf[65536];
	ssize_t n = p->revents ? read(p->fd, buf, sizeof buf) : -1;
	if (n > 0)
		keep(b, buf, (size_t)n);
	if (n == 0) {
		close(p->fd);
		p->fd = -1;
	}
	return n > 0;
}
static void attend(struct side *s, struct session *t, struct watch *w, struct born *b, double limit)
{
	struct pollfd p[2] = { { .fd = b->out[0][0], .events = POLLIN }, { .fd = b->out[1][0], .events = POLLIN } };
	double begin = now(), over_at = 0;

	while (!w->over || !w->drained || p[0].fd >= 0 || p[1].fd >= 0) {
		bool some = poll(p, 2, 20) > 0, any = some && read_from(&p[0], &s->out[0]);
		any |= some && read_from(&p[1], &s->out[1]);
		if (!w->drainer)
			w->drainer = (pid_t)(t->drainer & 0x3fffffff);
		reap(s, w);
		double at = now();
		if (w->over && !over_at)
			over_at = at, s->seconds = at - begin;
		if (!w->over && ((limit > 0 && at - begin > limit) || diff_stopped)) {
			s->timed_out = true;
			kill_rest(w->drainer);
		} else if (over_at && at - over_at > 0.5 && (!w->drained || p[0].fd >= 0 || p[1].fd >= 0)) {
			unsigned killed = kill_rest(w->drainer);
			s->left = s->left ? s->left : killed;
		}
		if (over_at && at - over_at > 30 && !any)
			break;
		if (w->over && !w->drainer && p[0].fd < 0 && p[1].fd < 0)
			break;                   /* it never came so far as to have one */
	}
	for (int i = 0; i < 2; i++)
		if (p[i].fd >= 0)
			close(p[i].fd);
}
void side_run(struct base *x, const struct setup *u, struct side *s, unsigned i)
{
	struct born b;
	struct watch w = { 0 };
	char name[230];
	int fd;

	make_run(x, u, s);
	struct session *t = session_new(&fd);
	t->want = WANT_SIGNALS | WANT_ARGS | WANT_FDS | WANT_SOCKS;
	t->text = DATA_BYTES;
	memset(t->watch, 0xff, sizeof t->watch);
	b.digest = memfd_create("guise-diff", MFD_CLOEXEC);
	if (b.digest < 0 || pipe2(b.out[0], O_CLOEXEC) || pipe2(b.out[1], O_CLOEXEC))
		refuse("no pipes can be made: %s", strerror(errno));
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	fflush(NULL);
	for (int k = 0; k < 2; k++)
		s->out[k].hash = 0xcbf29ce484222325ull;
	w.first = fork();
	if (w.first < 0)
		refuse("the program cannot be started: %s", strerror(errno));
	if (!w.first)
		become(x, u, s, i, t, fd, &b);
	close(b.out[0][1]), close(b.out[1][1]);
	attend(s, t, &w, &b, u->timeout);
	munmap(t, SESSION_BYTES);
	close(fd);
	s->digest = digest_read(b.digest);
	close(b.digest);
	s->os = s->digest->n_procs ? s->digest->proc[0].os : NULL;
	if (!s->digest->n_procs) {
		size_t n = MIN(s->out[1].n, 900ul);
		char *v = visible(s->out[1].at ? s->out[1].at : "", n);
		s->not_run = true;
		snprintf(s->why, sizeof s->why, "%s: it could not be run: %s", shown(s->given), v);
		free(v);
	}
	snprintf(s->dir, sizeof s->dir, "%s/%c", x->top, s->letter);
	snprintf(name, sizeof name, "%s/bin", x->run);
	remove_tree(AT_FDCWD, name);
	remove_tree(AT_FDCWD, s->dir);
	if (rename(x->run, s->dir))
		refuse("%s: %s", s->dir, strerror(errno));
}
void side_drop(struct side *s)
{
	free(s->program);
	free(s->out[0].at), free(s->out[1].at);
	digest_free(s->digest);
	memset(s, 0, sizeof *s);
}
