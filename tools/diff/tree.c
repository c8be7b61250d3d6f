/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What two runs left behind, file by file: names, kinds, modes, where links lead, which names are one file, contents.
 * Owners are the caller's in both. Of contents that differ the first place is told. Links are never followed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "tools/diff/diff.h"

struct names { char **at; unsigned n; };
/* Names that were made up at random are one name. */
static int order(const char *a, const char *b)
{
	char *x = rule_names(a), *y = rule_names(b);
	int c = strcmp(x, y);
	free(x), free(y);
	return c;
}
static int by_name(const void *a, const void *b) { return order(*(char *const *)a, *(char *const *)b); }

static struct names list(int fd)
{
	struct names l = { 0 };
	int again = fd >= 0 ? openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	DIR *d = again >= 0 ? fdopendir(again) : NULL;
	for (struct dirent *e; d && (e = readdir(d));) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		l.at = realloc(l.at, (l.n + 1) * sizeof *l.at);
		if (!l.at || !(l.at[l.n++] = strdup(e->d_name)))
			abort();
	}
	if (d)
		closedir(d);
	if (l.n)
		qsort(l.at, l.n, sizeof *l.at, by_name);
	return l;
}
static void __attribute__((format(printf, 5, 6))) differ(struct result *r, const char *path, const char *what, const char *a,
	const char *f, ...)
{
	struct filediff d = { strdup(path), strdup(what), strdup(a), NULL };
	va_list ap;
	va_start(ap, f);
	if (vasprintf(&d.b, f, ap) < 0)
		abort();
	va_end(ap);
	r->file = realloc(r->file, (r->n_files + 1) * sizeof *r->file);
	if (!r->file)
		abort();
	r->file[r->n_files++] = d;
	char *v = visible(path, strlen(path));
	if (*d.b && *d.a)
		find(r, FACET_FILES, "%s: %s: %s in A, %s in B", v, what, d.a, d.b);
	else
		find(r, FACET_FILES, "%s: %s", v, what);
	free(v);
}
static const char *kind_of(mode_t m)
{
	return S_ISREG(m) ? "a file" : S_ISDIR(m) ? "a directory" : S_ISLNK(m) ? "a symbolic link" : S_ISFIFO(m) ? "a fifo" :
	       S_ISSOCK(m) ? "a socket" : "a device";
}
static char *read_link(int dir, const char *name)
{
	char text[4097];
	ssize_t n = readlinkat(dir, name, text, sizeof text - 1);
	return visible(text, n > 0 ? (size_t)n : 0);
}
/* Where two files part: byte and line, from 1; false: they are alike. */
static bool part(int a, int b, uint64_t *at, uint64_t *line)
{
	static char x[65536], y[65536];
	*at = *line = 1;
	for (;;) {
		ssize_t n = read(a, x, sizeof x), m = 0;
		for (ssize_t k; n > 0 && m < n && (k = read(b, y + m, (size_t)(n - m))) > 0;)
			m += k;
		if (n <= 0)
			return read(b, y, 1) > 0;
		for (ssize_t i = 0; i < m; i++) {
			if (x[i] != y[i])
				return true;
			++*at;
			*line += x[i] == '\n';
		}
		if (m < n)
			return true;
	}
}
/* A file of moderate size, as rules of text leave it. */
static bool alike_by_rules(int a, int b, const struct stat *x, const struct stat *y)
{
	char *t[2], *u[2];
	size_t n[2];
	const struct stat *st[2] = { x, y };
	int fd[2] = { a, b };
	for (int i = 0; i < 2; i++) {
		if (st[i]->st_size > 8 << 20)
			return false;
		t[i] = malloc((size_t)st[i]->st_size + 1);
		ssize_t k = t[i] ? pread(fd[i], t[i], (size_t)st[i]->st_size, 0) : -1;
		if (!t[i])
			abort();
		t[i][k > 0 ? k : 0] = 0;
		u[i] = rule_text(t[i], k > 0 ? (size_t)k : 0, &n[i]);
		free(t[i]);
	}
	bool same = n[0] == n[1] && !memcmp(u[0], u[1], n[0]);
	free(u[0]), free(u[1]);
	return same;
}
static void compare_file(struct result *r, int a, int b, const char *name, const char *name_b, const char *path, const struct stat *x,
	const struct stat *y)
{
	int fa = openat(a, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), fb = openat(b, name_b, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	uint64_t at, line;
	char text[80];

	if (fa < 0 || fb < 0)
		find(r, FACET_FILES, "%s: cannot be read: %s; its contents were not compared", path, strerror(errno));
	else if (part(fa, fb, &at, &line) && !alike_by_rules(fa, fb, x, y)) {
		snprintf(text, sizeof text, "%llu bytes", (unsigned long long)x->st_size);
		char what[100];
		snprintf(what, sizeof what, "contents differ from byte %llu on (line %llu)", (unsigned long long)at, (unsigned long long)line);
		differ(r, path, what, text, "%llu bytes", (unsigned long long)y->st_size);
	}
	if (fa >= 0)
		close(fa);
	if (fb >= 0)
		close(fb);
}
static void compare_dirs(struct result *r, int a, int b, const char *path);
static void compare_entry(struct result *r, int a, int b, const char *name, const char *name_b, const char *path)
{
	struct stat x, y;
	char mode[16];

	if (fstatat(a, name, &x, AT_SYMLINK_NOFOLLOW) || fstatat(b, name_b, &y, AT_SYMLINK_NOFOLLOW))
		return;
	if ((x.st_mode & S_IFMT) != (y.st_mode & S_IFMT)) {
		differ(r, path, "kind", kind_of(x.st_mode), "%s", kind_of(y.st_mode));
		return;
	}
	if (!S_ISLNK(x.st_mode) && (x.st_mode & 07777) != (y.st_mode & 07777)) {
		snprintf(mode, sizeof mode, "%04o", x.st_mode & 07777);
		differ(r, path, "mode", mode, "%04o", y.st_mode & 07777);
	}
	if (!rule_noise("times") && x.st_mtime != y.st_mtime) {
		snprintf(mode, sizeof mode, "%lld", (long long)x.st_mtime);
		differ(r, path, "time of change", mode, "%lld", (long long)y.st_mtime);
	}
	if (S_ISREG(x.st_mode) && x.st_nlink != y.st_nlink) {
		snprintf(mode, sizeof mode, "%lu", (unsigned long)x.st_nlink);
		differ(r, path, "links to it", mode, "%lu", (unsigned long)y.st_nlink);
	}
	if (S_ISREG(x.st_mode)) {
		compare_file(r, a, b, name, name_b, path, &x, &y);
	} else if (S_ISLNK(x.st_mode)) {
		char *p = read_link(a, name), *q = read_link(b, name_b);
		if (strcmp(p, q))
			differ(r, path, "leads to", p, "%s", q);
		free(p), free(q);
	} else if (S_ISDIR(x.st_mode)) {
		for (int i = 0; i < 2; i++)
			fchmodat(i ? b : a, i ? name_b : name, 0700 | ((i ? y : x).st_mode & 07777), 0);
		int da = openat(a, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		int db = openat(b, name_b, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		compare_dirs(r, da, db, path);
		close(da), close(db);
	}
}
static void compare_dirs(struct result *r, int a, int b, const char *path)
{
	struct names x = list(a), y = list(b);
	char whole[5000];

	for (unsigned i = 0, j = 0; i < x.n || j < y.n;) {
		int c = i == x.n ? 1 : j == y.n ? -1 : order(x.at[i], y.at[j]);
		const char *name = c <= 0 ? x.at[i] : y.at[j];
		snprintf(whole, sizeof whole, "%s%s%s", path, *path ? "/" : "", name);
		if (rule_word(RULE_FILE, whole) || rule_word(RULE_FILE, name))
			;
		else if (c)
			differ(r, whole, c < 0 ? "only in A" : "only in B", "", "%s", "");
		else
			compare_entry(r, a, b, x.at[i], y.at[j], whole);
		i += c <= 0;
		j += c >= 0;
	}
	for (unsigned i = 0; i < x.n; i++)
		free(x.at[i]);
	for (unsigned i = 0; i < y.n; i++)
		free(y.at[i]);
	free(x.at), free(y.at);
}
void compare_tree(struct result *r, const char *a, const char *b)
{
	static const struct { const char *dir, *name; } part_of[] = { { "cwd", "" }, { "tmp", "$TMPDIR" }, { "home", "$HOME" } };
	char path[2][300];
	for (unsigned i = 0; i < ARRAY_LEN(part_of); i++) {
		snprintf(path[0], sizeof path[0], "%s/%s", a, part_of[i].dir);
		snprintf(path[1], sizeof path[1], "%s/%s", b, part_of[i].dir);
		int da = open(path[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC), db = open(path[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		compare_dirs(r, da, db, part_of[i].name);
		close(da), close(db);
	}
}
