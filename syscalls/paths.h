/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Between path.c, which decides where a path is looked up, and walk.c, which looks it up in the guest's own tree.
 */
#pragma once
#include <linux/limits.h>
#include <string.h>
#include "box.h"
#include "host.h"

struct mount {                       /* the guest's path `guest` is the host's `host` */
	int fd;                  /* ours, O_PATH */
	int parent;              /* the host directory it lies in, ours too */
	const char *guest, *host;/* no slash at the end; "" is the root */
	size_t guest_len, host_len;
};
struct paths {
	struct mount root;       /* .guest is "" */
	bool only;               /* nothing outside root and binds exists */
	bool one_call;           /* the host has openat2: a lookup without binds is one call */
	struct mount *bind;
	unsigned n_bind;
};

struct found {
	bool bound;              /* it lay in a bind, so that no other place may be asked */
	const struct mount *at;  /* it is this bind itself, whose name in its directory is not the host's */
};
/* What `path`, absolute in the guest's terms, names in root and binds: a new O_PATH descriptor or -errno. */
long walk_find(struct proc *, const char *path, unsigned how, struct found *);
/* The same with the host's open flags, root only and no binds (one_call). */
long walk_open(struct paths *, const char *path, uint64_t flags, unsigned mode);
long walk_open_unlinked(struct paths *, const char *path, uint64_t flags, unsigned mode);    /* -ELOOP at any link */
/* `path` is not there. Did a symbolic link lead to what is missing? Then its name, in the guest's terms and with no link
 * before it, is in out. */
bool walk_missing(struct proc *, const char *path, char *out, size_t n);
/* A path that may not leave its directory: -EXDEV if it would. */
long walk_beneath(int dirfd, const char *path, uint64_t flags, unsigned mode);
bool fd_is_dir(int fd);

/* The next name of a path: its length, and *s moved to its beginning; 0 at the end. "." and more slashes are no names. */
size_t path_next(const char **s);
bool path_slash(const char *path);                   /* ends in a slash: must be a directory */

/* path.c: path_resolve without a policy's verdict, and two halves of an open */
long path_look(struct thread *, int dirfd, const char *guestpath, unsigned how, struct where *);
int path_dev_fd(struct proc *, const char *path);    /* the descriptor that /dev/fd/N stands for, or -1 */
long path_open_again(struct thread *, int fd, unsigned flags);

/* root.c: t->p->paths is set, w->buf holds the guest's path */
long root_resolve(struct thread *, int dirfd, unsigned how, struct where *);
long root_open(struct thread *, int dirfd, unsigned flags, unsigned mode, struct where *);
const struct mount *path_mount_of(const struct paths *, const char *host);   /* the innermost around this host path */

/* ways to fill a result */
long path_to_host(struct where *, const char *path); /* the host's own name for it */
long path_to_fd(struct where *, long fd, bool follow);       /* what fd is; without follow it must be a directory */
char *path_last(char *path);                         /* where its last name begins; one slash is left behind it */
bool path_dots(const char *name);                    /* "", "." or ".." */
static inline long path_open_host(int dirfd, const char *path, unsigned flags, unsigned mode)
{
	return box_closed ? box_open(dirfd, path, flags, mode, 0) : block(SYS_openat, dirfd, path, flags, mode);
}
