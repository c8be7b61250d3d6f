/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Slots: where rewritten call sites jump to, within reach of a 32-bit jump. Under the caller's lock, but for slot_of.
 */
#pragma once
#include "guise.h"

#define SLOT_NR_R10 0            /* ways in: load the number and mov %rcx,%r10; ... */
#define SLOT_PLAIN 9             /* ... nothing, the registers are as syscall wants them; ... */
#define SLOT_NR 24               /* ... load the number */

/* For the site at `at` in the mapping lo..hi; owner is what slot_of will answer. The slot's number, or -1. */
int slot_take(struct thread *, uaddr at, uaddr lo, uaddr hi, unsigned owner);
void slot_set(int slot, uaddr ret, uint32_t nr);     /* where the call returns to; the number for those that load it */
void slot_drop(int slot);
uaddr slot_addr(int slot);
bool slot_of(uaddr rip, unsigned *owner, unsigned *step);    /* is rip in a slot? Without a lock, in the host handler */
