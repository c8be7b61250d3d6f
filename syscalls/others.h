/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Another process of guise, seen from this one: who its guest is and where it keeps what. Its executable must be ours;
 * then what lies where here lies there as well (guise is linked at a fixed place), and the host lets us read it where it
 * would let us trace it. Nothing that was read is believed: it may be its guest that wrote it.
 */
#pragma once
#include "guise.h"

struct other {                       /* copies; what they point to is its own, but `pers` */
	struct proc proc;
	struct space space;
};
enum { OTHER_NONE, OTHER_GUEST, OTHER_HIDDEN };      /* the host's own program; one of ours; who knows */
int other_kind(int pid);                             /* by its executable alone */
const struct personality *other_system(int pid);     /* a guest's, of ours; NULL: none, or it may not be seen */
long must_check other_look(int pid, struct other *); /* 1; 0: it is no guest that we know; -EPERM, -ESRCH, -EFAULT */
long other_read(int pid, void *dst, uaddr src, size_t n);    /* so many bytes, or -errno */
