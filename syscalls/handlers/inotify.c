/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Watches on files, where they are Linux's own idea: events and flags are the same. A path of the guest is opened in its
 * root first, and the host watches what was opened.
 */
#include <fcntl.h>
#include <sys/inotify.h>
#include "host.h"

sysfn sys_inotify_add_watch_at, sys_inotify_rm_watch;

long sys_inotify_add_watch_at(struct call *c)
{
	uint32_t mask = (uint32_t)c->arg[3];
	bool follow = !(mask & IN_DONT_FOLLOW);
	struct where w;
	char self[32];
	long e = arg_path(c, 2, (int)c->arg[1], follow ? PATH_FOLLOW : 0, &w), fd;

	if (e < 0)
		return e;
	fd = host(SYS_openat, w.dirfd, w.path, O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW));
	where_done(&w);
	if (fd < 0)
		return fd;
	fmt(self, sizeof self, "/proc/self/fd/%ld", fd);
	e = host(SYS_inotify_add_watch, c->arg[0], self, mask & ~(uint32_t)IN_DONT_FOLLOW);
	host(SYS_close, fd);
	return e;
}
long sys_inotify_rm_watch(struct call *c) { return host(SYS_inotify_rm_watch, c->arg[0], c->arg[1]); }
