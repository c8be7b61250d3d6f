/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Syscall User Dispatch, for the engines that are built on it.
 */
#pragma once
#include "guise.h"

bool trap_probe(char *why, size_t n);
/* Is this signal a call that was trapped? Then g goes on at the entry: entry_syscall, or entry_trapped. */
bool trap_taken(struct thread *, int sig, const siginfo_t *, long long *g, void (*entry)(void));
void trap_move(long long *g, void (*entry)(void));           /* from behind a syscall instruction to the entry */
long trap_arm(struct thread *);
void trap_disarm(struct thread *);
void trap_run(struct thread *);
