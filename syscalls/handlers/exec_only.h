/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Descriptors that were opened for execution or search alone. The host's O_PATH is the nearest that it has: nothing can be
 * read or written through it, but nor can its file be changed. An object of ours remembers what the descriptor is, so that
 * those calls go by the file behind it. Handlers ask after the host has said EBADF: nobody else pays.
 */
#pragma once
#include "guise.h"

long exec_only_mark(struct call *, long fd);         /* fd, from now on one of these */
bool exec_only(struct call *, long fd);
/* of argument 0: */
long exec_only_flags(struct call *, long fl);        /* what F_GETFL tells, of the host's flags */
long exec_only_set(struct call *, long fl);          /* F_SETFL */
/* The host's call nr with the file's name in the place of argument 0: (AT_FDCWD, name, a, b). bad: what the descriptor's own said */
long exec_only_do(struct call *, long bad, long nr, long a, long b, long d);
long exec_only_open(struct call *, long fd);         /* the file, open to be read, where that is allowed: to be closed */
long exec_only_made(long fd, unsigned flags);        /* fd becomes O_PATH, at its number */
