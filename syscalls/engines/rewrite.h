/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Rewriting of call sites, for every engine that raises SIGSYS at a site it has not seen: its traps go to
 * entry_trapped, and these are its `found`, `changes` and `count`.
 */
#pragma once
#include "guise.h"

bool rewrite_found(struct thread *, int sig, const siginfo_t *, long long *g);
void rewrite_changes(struct thread *, uaddr lo, uint64_t len, unsigned how);
void rewrite_count(unsigned *rewritten, unsigned *left);
