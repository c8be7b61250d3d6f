/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Changing who a process is, for handlers whose system words the calls otherwise (handlers/id.c says what is refused).
 */
#pragma once
#include "guise.h"

/* nr: SYS_setresuid or SYS_setresgid */
long ids_set(struct thread *, long nr, uint32_t real, uint32_t effective, uint32_t saved);
long groups_set(struct thread *, int n, const uint32_t *list);   /* list: ours, or the guest's own pointer */
