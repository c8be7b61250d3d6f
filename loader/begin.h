/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What start.c and restore.c share of a process's beginning: the one struct proc, and ours around it.
 */
#pragma once
#include "guise.h"
#include "options.h"

struct proc *begin_proc(void);
struct thread *begin_ours(struct options *);         /* memory, descriptors, paths; NULL: no memory */
const struct engine *engine_pick(const char *name, char *why, size_t n);
void forget_libc(struct thread *);                   /* what the kernel keeps for libc in this thread */
