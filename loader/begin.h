/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What start.c and restore.c share of a process's beginning: the one struct proc, and ours around it; and what is left of
 * libc where it was started.
 */
#pragma once
#include "guise.h"
#include "options.h"

struct proc *begin_proc(void);
struct thread *begin_ours(struct options *);         /* memory, descriptors, paths; NULL: no memory */
const struct engine *engine_pick(const char *name, char *why, size_t n);

/* --- libc.c ------------------------------------------------------------------------------------------------------ */
extern bool libc_is_up;                              /* from main() to the guest's beginning: never after a guest's exec (again.c) */
void libc_begin(void);                               /* the following only where it is */
uint64_t libc_break(void);
const char *libc_error(int);
void libc_exit(int status) __attribute__((noreturn));
void forget_libc(struct thread *);                   /* what the kernel keeps for libc in this thread, if anything; flushes its files */
