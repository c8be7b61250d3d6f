/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A program given by its bare name is looked up in PATH as env does it, each directory first in the root, then on the
 * host. Only whether it is there is asked here; what runs is looked up again, by the guest's path, by the loader.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "command.h"

#define USUAL_PATH "/usr/local/bin:/usr/bin:/bin"        /* what execvp takes where PATH is not set */

/* 0, or why what fd holds cannot be run; fd itself may be -1, with errno */
static int unfit(int fd)
{
	struct stat st;
	char link[32];
	int e = fd < 0 ? errno : 0;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	if (!e && (fstat(fd, &st) || !S_ISREG(st.st_mode) || faccessat(AT_FDCWD, link, X_OK, AT_EACCESS)))
		e = EACCES;
	if (fd >= 0)
		close(fd);
	return e;
}
/* Links in a root lead within it, an absolute one too. */
static int in_root(const char *root, const char *path)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
	int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = dir < 0 ? -1 : (int)syscall(SYS_openat2, dir, path, &how, sizeof how);
	int e = unfit(fd);
	if (dir >= 0)
		close(dir);
	return e;
}
static int in_bind(const struct bind *b, const char *path)
{
	size_t n = strlen(b->guest) - (b->guest[strlen(b->guest) - 1] == '/');
	if (strncmp(path, b->guest, n) || (path[n] != '/' && path[n]))
		return ENOENT;
	return path[n] ? in_root(b->host, path + n) : unfit(open(b->host, O_PATH | O_CLOEXEC));
}
static bool absent(int e) { return e == ENOENT || e == ENOTDIR; }

/* 0: it is there and can be run; else what stands in the way of the one that counts. */
static int try(const struct options *o, const char *path)
{
	int e = ENOENT;

	for (unsigned i = 0; i < o->n_bind && absent(e); i++)
		e = in_bind(&o->bind[i], path);
	if (absent(e) && o->root && path[0] == '/')
		e = in_root(o->root, path);
	if (absent(e) && !(o->root && o->root_only))
		e = unfit(open(path, O_PATH | O_CLOEXEC));
	return e;
}
char *program_find(const struct options *o, char **env, const char *name)
{
	const char *dir = env_get(env, "PATH"), *end;
	char *path, *blocked = NULL;

	for (dir = dir ? dir : USUAL_PATH; *name; dir = end + 1) {
		end = strchrnul(dir, ':');
		if (asprintf(&path, "%.*s%s%s", (int)(end - dir), dir, end > dir ? "/" : "./", name) < 0)
			return NULL;
		int e = try(o, path);
		if (!e)
			return path;
		if (!absent(e) && !blocked)
			blocked = path;
		else
			free(path);
		if (!*end)
			break;
	}
	return blocked;
}
