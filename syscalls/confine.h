/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Rights that were given up, for good: a descriptor's (it may be read but not written, ...), and the process's own right
 * to name things (files by a path that begins nowhere, processes, addresses), which some systems call capability mode.
 * Which call is still allowed and what it asks of a descriptor is said by its row. Nobody who has given up nothing pays:
 * dispatch looks at proc.slow, which it looks at anyway.
 *
 * A descriptor's limits lie beside it in its table (fd.c), go with every copy of it, over fork, over an exec of ourselves
 * and over a local socket to another guest. The guest's own numbers, so that nothing is lost on the way.
 */
#pragma once
#include "guise.h"

struct fdcaps {                              /* what a descriptor may be used for */
	struct rights may;                   /* all 0: everything */
	uint32_t fcntls;                     /* commands 1 << n */
	int32_t n_ioctls;                    /* -1: all requests */
	uint64_t *ioctls;                    /* under the table's lock */
};

/* fd.c: of descriptors that are open. NULL: it has all rights. */
const struct fdcaps *fdcaps_of(struct proc *, int fd);
/* 0 or -ENOMEM; a copy of new is kept, NULL is all rights */
long must_check fdcaps_set(struct proc *, int fd, const struct fdcaps *new);
void fdcaps_copy(struct proc *, int from, int to);           /* to has what from has: what was made by means of it */
void fdcaps_lock(struct proc *);                             /* while ioctls is looked at */
void fdcaps_unlock(struct proc *);

/* confine.c */
long confine_call(struct call *, const struct row *top, long e);     /* before the handler: e, or the error that refuses */
void confine_answered(struct call *);
long confine_path(struct thread *, int dirfd, unsigned *how);        /* a path that begins there; may add PATH_BENEATH */
bool confine_strict(struct proc *, int dirfd);                       /* nothing above dirfd may be reached by it */
long confine_fd(struct thread *, int fd, unsigned right);            /* 0 or -X_ENOTCAPABLE */
bool rights_cover(const struct rights *have, const struct rights *need);
int confine_save(struct proc *);             /* all of it into a file of ours for the next image; -1: there is nothing, or -errno */
void confine_load(struct proc *, int fd);
/* descriptors on their way to another process: a file that tells their limits (-1: they have none), and who gets them;
 * always: it tells as well that others follow, which are not of these */
int confine_pack(struct proc *, const int *fd, unsigned n, bool always);
bool confine_unpack(struct proc *, const int *fd, unsigned n, int packed);   /* false: it is no such file */
static inline long fd_may(struct thread *t, int fd, unsigned right)
{
	return t->p->limited ? confine_fd(t, fd, right) : 0;
}
