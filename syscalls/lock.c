/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The slow half of lock.h: spin a little, then sleep on the word.
 */
#include <linux/futex.h>
#include "host.h"

void lock_wait(volatile uint32_t *l)
{
	for (int spin = 0; spin < 100; spin++) {
		uint32_t free_word = 0;
		if (__atomic_compare_exchange_n(l, &free_word, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return;
		__builtin_ia32_pause();
	}
	while (__atomic_exchange_n(l, 2, __ATOMIC_ACQUIRE) != 0)
		host(SYS_futex, l, FUTEX_WAIT_PRIVATE, 2, NULL);
}
void lock_wake(volatile uint32_t *l)
{
	host(SYS_futex, l, FUTEX_WAKE_PRIVATE, 1);
}
