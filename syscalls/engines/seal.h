/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Sealed mode of the engine rewrite (seal.c): space->sealed. Under rewrite_lock.
 */
#pragma once
#include "guise.h"

void seal_try(struct thread *);              /* after a site was rewritten: is it time, and can it be? */
void seal_break(struct thread *, bool forever);      /* code may come: every thread is armed first */

/* rewrite.c, for it: the syscall instruction at `at` was never run. Is it a stub beyond doubt, and rewritten now? */
bool rewrite_unseen(struct thread *, uaddr at);
bool seal_hopeful(void);         /* what was in the way the last time is not there any more */
/* This mapping will be writable for a while: nothing has to be opened in it. 0, 0: no more. */
void rewrite_opened(struct thread *, uaddr lo, uaddr hi);
