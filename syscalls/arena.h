/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Between arena.c, which owns the stretch, and thread.c and proc.c, which cut blocks from it and fork it.
 */
#pragma once
#include "guise.h"

char *arena_start(struct space *, size_t heap_size, size_t blocks_size);     /* where the blocks begin */
extern volatile uint32_t arena_lock;
