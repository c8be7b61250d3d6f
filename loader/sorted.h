/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Looking something up in a sorted list: how many of its first elements come before what is looked for. That is also the
 * place of the first that does not, which may be n: behind the last.
 */
#pragma once
#include <stddef.h>

/* before: an expression of i, true for some elements at the list's beginning (perhaps none, perhaps all) and for no others */
#define COUNT_BEFORE(n, i, before) ({ \
	size_t lo_ = 0, hi_ = (n); \
	while (lo_ < hi_) { \
		size_t i = lo_ + (hi_ - lo_) / 2; \
		if (before) \
			lo_ = i + 1; \
		else \
			hi_ = i; \
	} \
	lo_; \
})
