/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A program given by its bare name is looked up in PATH as env does it, each directory first in the root, then on the
 * host. Only whether it is there is asked here; what runs is looked up again, by the guest's path, by the loader.
 */
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

static bool runnable(int fd)
{
	struct stat st;
	char link[32];
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	bool yes = fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) && !faccessat(AT_FDCWD, link, X_OK, AT_EACCESS);
	if (fd >= 0)
		close(fd);
	return yes;
}
/* Links in a root lead within it, an absolute one too. */
static bool in_root(const char *root, const char *path)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
	int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = dir < 0 ? -1 : (int)syscall(SYS_openat2, dir, path, &how, sizeof how);
	if (dir >= 0)
		close(dir);
	return runnable(fd);
}
static bool in_bind(const struct bind *b, const char *path)
{
	size_t n = strlen(b->guest) - (b->guest[strlen(b->guest) - 1] == '/');
	return !strncmp(path, b->guest, n) && (path[n] == '/' || !path[n]) &&
	       (path[n] ? in_root(b->host, path + n) : runnable(open(b->host, O_PATH | O_CLOEXEC)));
}
static bool is_there(const struct options *o, const char *path)
{
	for (unsigned i = 0; i < o->n_bind; i++)
		if (in_bind(&o->bind[i], path))
			return true;
	if (o->root && path[0] == '/' && in_root(o->root, path))
		return true;
	return (!o->root || !o->root_only) && runnable(open(path, O_PATH | O_CLOEXEC));
}
char *program_find(const struct options *o, char **env, const char *name)
{
	const char *dir = env_get(env, "PATH"), *end;
	char *path;

	for (dir = dir ? dir : USUAL_PATH; *name; dir = end + 1) {
		end = strchrnul(dir, ':');
		if (asprintf(&path, "%.*s%s%s", (int)(end - dir), dir, end > dir ? "/" : "./", name) < 0)
			return NULL;
		if (is_there(o, path))
			return path;
		free(path);
		if (!*end)
			break;
	}
	return NULL;
}
