/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Sealed mode of the engine rewrite (seal.c): space->sealed. Under rewrite_lock.
 */
#pragma once
#include "guise.h"

void seal_try(struct thread *);              /* after a site was rewritten: is it time, and can it be? */
void seal_break(struct thread *, bool forever);      /* code may come: every thread is armed first */
bool seal_hopeful(void);                     /* what was in the way the last time is not there any more */
