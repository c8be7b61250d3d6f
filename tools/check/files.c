/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What stands on the command line made into programs: one of them, those of a directory, those of a package, which is
 * unpacked by the host's own tar or dpkg-deb in a directory that goes away again. Links are not followed, nothing of a
 * package is run, and no file of it is written elsewhere.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tools/command.h"
#include "loader/loader.h"
#include "tools/check/subject.h"

unsigned files_libraries, files_scripts, files_others;

static each_program *tell;

/* --- what a file is ----------------------------------------------------------------------------------------------- */
enum filekind { FILE_OTHER, FILE_PROGRAM, FILE_LIBRARY, FILE_SCRIPT, FILE_TAR, FILE_DEB };

static enum filekind kind_of(int fd)
{
	static const struct { const char *magic; unsigned n; enum filekind kind; } kinds[] = {
		{ "#!", 2, FILE_SCRIPT }, { "\x1f\x8b", 2, FILE_TAR }, { "\xfd" "7zXZ", 5, FILE_TAR },
		{ "\x28\xb5\x2f\xfd", 4, FILE_TAR }, { "BZh", 3, FILE_TAR }, { "!<arch>\ndebian", 14, FILE_DEB },
	};
	char head[512] = { 0 };
	ssize_t n = pread(fd, head, sizeof head, 0);

	for (unsigned i = 0; i < ARRAY_LEN(kinds); i++)
		if (n >= (ssize_t)kinds[i].n && !memcmp(head, kinds[i].magic, kinds[i].n))
			return kinds[i].kind;
	if (n >= 262 && !memcmp(head + 257, "ustar", 5))
		return FILE_TAR;
	return n >= 4 && !memcmp(head, "\x7f" "ELF", 4) ? FILE_PROGRAM : FILE_OTHER;
}
/* An object that others load is no program, though some of them can be started to say who they are. */
static enum filekind elf_kind(int fd, const char *path, mode_t mode)
{
	static struct image im;
	char why[WHY];
	const char *base = strrchr(path, '/'), *so = strstr(base ? base : path, ".so");

	if (image_open(&im, fd, path, why, sizeof why))
		return FILE_OTHER;
	if (so && (!so[3] || so[3] == '.'))
		return FILE_LIBRARY;
	return !im.pie || im.interp[0] || (mode & 0111 && im.entry) ? FILE_PROGRAM : FILE_LIBRARY;
}

/* --- a tree ------------------------------------------------------------------------------------------------------- */
static char **paths;
static size_t n_paths, room_paths;

static int visit(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	if (type != FTW_F || !S_ISREG(st->st_mode))
		return 0;
	paths = room_for(paths, n_paths, &room_paths, sizeof *paths);
	paths[n_paths++] = strdup(path);
	return 0;
}
static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* One file of a tree, called as the tree is and what follows in it. */
static void look_at(const char *path, const char *tree, const char *as)
{
	struct stat st;
	char *shown, *host;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || fstat(fd, &st)) {
		say("%s: %s", path, strerror(errno));
		files_others++;
		return;
	}
	enum filekind kind = kind_of(fd);
	if (kind == FILE_PROGRAM)
		kind = elf_kind(fd, path, st.st_mode);
	files_libraries += kind == FILE_LIBRARY;
	files_scripts += kind == FILE_SCRIPT && st.st_mode & 0111;
	files_others += kind != FILE_LIBRARY && kind != FILE_PROGRAM && !(kind == FILE_SCRIPT && st.st_mode & 0111);
	if (kind == FILE_PROGRAM && asprintf(&shown, "%s%s", as, path + strlen(tree)) > 0) {
		host = realpath(path, NULL);
		tell(shown, as == tree ? path : path + strlen(tree), host ? host : path, fd);
		free(host);
		free(shown);
	}
	close(fd);
}
static int walk(const char *dir, const char *as)
{
	int rv = nftw(dir, visit, 32, FTW_PHYS) ? EXIT_OURS : 0;
	if (n_paths)
		qsort(paths, n_paths, sizeof *paths, by_name);
	for (size_t i = 0; i < n_paths; i++) {
		look_at(paths[i], dir, as);
		free(paths[i]);
	}
	n_paths = 0;
	return rv;
}

/* --- a package ---------------------------------------------------------------------------------------------------- */
static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}
/* What a package says of modes must not keep us from reading or removing it. */
static int open_up(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	if (type == FTW_D || type == FTW_DNR)
		return chmod(path, 0700) && 0;
	return 0;
}
static bool run_tool(char *const argv[])
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	if ((pid = fork()) < 0)
		return false;
	if (!pid) {
		execvp(argv[0], argv);
		say("%s: %s; it unpacks packages", argv[0], strerror(errno));
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return !status;
}
static int package(const char *name, const char *as, struct search *s, bool deb)
{
	const char *tmp = getenv("TMPDIR");
	char *dir;
	int rv = EXIT_OURS;

	if (asprintf(&dir, "%s/guise-check-XXXXXX", tmp && *tmp ? tmp : "/tmp") < 0 || !mkdtemp(dir))
		refuse("cannot make a directory to unpack %s in: %s", shown(name), strerror(errno));
	char *tar[] = { "tar", "-x", "--no-same-owner", "--no-same-permissions", "-f", (char *)name, "-C", dir, NULL };
	char *dpkg[] = { "dpkg-deb", "-x", (char *)name, dir, NULL };
	if (!run_tool(deb ? dpkg : tar)) {
		say("%s: it could not be unpacked by %s", shown(as), deb ? "dpkg-deb" : "tar");
	} else {
		nftw(dir, open_up, 32, FTW_PHYS);
		s->package = dir;
		rv = walk(dir, as);
		s->package = NULL;
	}
	nftw(dir, remove_one, 32, FTW_PHYS | FTW_DEPTH);
	free(dir);
	return rv;
}

/* --- all ---------------------------------------------------------------------------------------------------------- */
static int open_name(const char *name, const struct search *s, char host[4096])
{
	enum found where;
	int fd = search_open(s, name, host, &where);
	char *found;

	if (fd >= 0 || strchr(name, '/') || errno != ENOENT)
		return fd;
	struct options o = { .root = s->root, .root_only = s->root_only };
	if (!(found = program_find(&o, environ, name)))
		return errno = ENOENT, -1;
	fd = search_open(s, found, host, &where);
	free(found);
	return fd;
}
bool files_many(const char *name)
{
	struct stat st;
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	enum filekind kind = fd < 0 || fstat(fd, &st) || S_ISDIR(st.st_mode) ? FILE_OTHER : kind_of(fd);
	bool many = fd >= 0 && (S_ISDIR(st.st_mode) || kind == FILE_TAR || kind == FILE_DEB);
	if (fd >= 0)
		close(fd);
	return many;
}
int files_each(const char *name, struct search *s, each_program *each)
{
	char host[4096];
	struct stat st;
	int rv = 0, fd = open_name(name, s, host);

	tell = each;
	if (fd < 0 || fstat(fd, &st)) {
		say("%s: %s; guise check takes programs, directories and packages", shown(name), strerror(errno));
		return errno == ENOENT || errno == ENOTDIR ? 127 : 126;
	}
	enum filekind kind = S_ISREG(st.st_mode) ? kind_of(fd) : FILE_OTHER;
	if (S_ISDIR(st.st_mode))
		rv = walk(name, name);
	else if (kind == FILE_TAR || kind == FILE_DEB)
		rv = package(host, name, s, kind == FILE_DEB);
	else
		each(name, name, host, fd);
	close(fd);
	return rv;
}
