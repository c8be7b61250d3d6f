/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A word that is a lock: 0 free, 1 held, 2 held with sleepers. Held for short times only and never across a call that
 * may block. A host signal may arrive while one is held; the host handler takes none, so that cannot deadlock.
 * Order: rewrite, proc->siglock, space->lock, fdtab, kqueue, gate, arena. fork holds those that a child needs whole over
 * the host call (FORK_LOCK), in this order.
 */
#pragma once
#include <stdint.h>

void lock_wait(volatile uint32_t *);
void lock_wake(volatile uint32_t *);

static inline int lock_try(volatile uint32_t *l)
{
	uint32_t free_word = 0;
	return __atomic_compare_exchange_n(l, &free_word, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}
static inline void lock(volatile uint32_t *l)
{
	if (!lock_try(l))
		lock_wait(l);
}
/* In a forked child: nobody is left to hold it. Only a lock that was held is written: a page less to copy. */
static inline void lock_forget(volatile uint32_t *l)
{
	if (*l)
		*l = 0;
}
static inline void unlock(volatile uint32_t *l)
{
	if (__atomic_exchange_n(l, 0, __ATOMIC_RELEASE) == 2)
		lock_wake(l);
}
