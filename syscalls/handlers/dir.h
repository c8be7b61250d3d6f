/* SPDX-License-Identifier: BSD-2-Clause
 *
 * For personalities whose directory calls differ in spelling only.
 */
#pragma once
#include "guise.h"

/* Entries of fd into the guest's buffer, in the layout `rec` (see struct personality): bytes written, 0 at the end, or
 * -errno. *base is the position before the first. */
long dir_entries(struct thread *, int fd, uaddr buf, size_t n, unsigned rec, int64_t *base);
/* Where the guest is, in its own terms: length or -errno. */
long dir_cwd(struct proc *, char *buf, size_t n);
