/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Between arena.c, which owns the stretch, and thread.c and proc.c, which cut blocks from it and fork it.
 */
#pragma once
#include "guise.h"

/* Where the blocks end and the heap begins. The blocks lie below, the first one next to it, and may not be touched before
 * mprotect says so; heap and *blocks are made smaller where the host limits memory. */
char *arena_start(struct space *, size_t heap_size, size_t block, size_t *blocks);
extern volatile uint32_t arena_lock;
