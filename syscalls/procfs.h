/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The host's /proc as structs and callbacks: who there is, what is mapped, what is open. A callback that answers
 * anything but 0 ends the walk, and its answer is the walk's.
 */
#pragma once
#include "guise.h"

long procfs_lines(const char *path, long (*fn)(void *, const char *line), void *);       /* of a text of any length */
/* Every entry of a directory whose name is a number, but the one through which it is read. */
long procfs_each(const char *dir, long (*fn)(void *, unsigned number), void *);
bool procfs_lists_fds(int fd);               /* is that an open /proc/PID/fd, or fdinfo? */
bool procfs_fd_is_ours(const struct proc *, const char *name);       /* an entry of one is a descriptor that the guest may not see */

struct procfs_map {
	uint64_t lo, hi, offset, dev, ino;   /* dev: major << 8 | minor */
	int prot;                        /* the host's PROT_* */
	bool shared;
	const char *path;                /* "" for none, [name] for what the host names so */
};
/* Every one of our own memory that may be executed; perhaps others, too, and perhaps without its path. */
long procfs_code(long (*fn)(void *, const struct procfs_map *), void *);
/* The one that holds `at` in our own memory, without its path: 1, 0 for none, or -errno. */
long procfs_map_at(uaddr at, struct procfs_map *);
/* pid 0: our own, also where /proc numbers us otherwise */
long procfs_maps(int pid, long (*fn)(void *, const struct procfs_map *), void *);

struct procfs_stat {
	char comm[64], state;
	int64_t f[53];                   /* fields by proc(5)'s numbers, from 4 on */
};
bool procfs_stat(int pid, struct procfs_stat *);
bool procfs_stat_at(const char *where, struct procfs_stat *);        /* ... of /proc/WHERE/stat: "7/task/8" */
