/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Waiting for children, for handlers whose system words the calls otherwise.
 */
#pragma once
#include <sys/resource.h>
#include "guise.h"

/* waitid in host terms; may block. The child's pid, 0 if none is ready, or -errno. ru may be NULL. */
long wait_for(int idtype, long id, long flags, siginfo_t *si, struct rusage *ru);
int wait_status(const siginfo_t *);  /* the host's status word (REC_WSTATUS) */
