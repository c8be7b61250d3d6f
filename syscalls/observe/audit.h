/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What handlers and the path module see of a policy. A call that a rule with a path or an address speaks of is judged
 * where its path or address has become a thing that cannot change any more (pin.c, addr_get): there, not before.
 * Everything else was judged before the handler ran.
 */
#pragma once
#include "guise.h"

struct addr;

static inline bool audit_judges(const struct thread *t) { return t->judging; }       /* the call in progress */

/* pin.c: as arg_path, path_resolve and arg_open; what they give is held by a descriptor and was judged as just that */
long must_check audit_path(struct call *, int i, int dirfd, unsigned how, struct where *);
long must_check audit_resolve(struct thread *, int dirfd, const char *guestpath, unsigned how, struct where *);
long must_check audit_open(struct call *, int i, int dirfd, unsigned flags, unsigned mode, unsigned how, uint64_t resolve);
long must_check audit_fd(struct thread *, int fd, struct where *);      /* an object that is named by its descriptor alone */

/* audit.c: 0 or -errno */
long must_check audit_true_path(struct thread *, const char *path, bool told, bool by_fd);   /* told: path is known */
long must_check audit_addr(struct thread *, const struct addr *);        /* NULL: the call has none */
long must_check audit_names(struct thread *);        /* the call gives names another meaning, which no rule can follow */
bool audit_on(void);                                 /* there is a policy ... */
bool audit_native(void);                             /* ... and what the kernel would run may be run by it */
int audit_status(struct thread *, int status);       /* of the run, when its first process ends */
