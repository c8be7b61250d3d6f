/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A limit of this process as the guest knows it, for calls that tell it by another way. which is in host terms, or one of
 * ext.h.
 */
#pragma once
#include <sys/resource.h>
#include "guise.h"

long rlimit_get(struct proc *, long which, struct rlimit *);
long rlimit_other(int pid, struct proc *, long which, struct rlimit *);      /* of another process; its guest's, or NULL */
