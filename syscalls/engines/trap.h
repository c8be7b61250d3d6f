/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Syscall User Dispatch, for the engines that are built on it.
 */
#pragma once
#include "guise.h"

bool trap_probe(char *why, size_t n);
long trap_start_at(void (*entry)(void));     /* where a trapped call goes on: entry_syscall, or entry_trapped */
void trap_move(long long *g);                /* from behind a syscall instruction to the entry */
long trap_arm(struct thread *);
void trap_disarm(struct thread *);
void trap_run(struct thread *);
