/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Return addresses of a call, from the piece of the stack that was recorded with it (PIECE_STACK).
 */
#pragma once
#include "tools/trace/trace.h"

/* Who called, who called that, ...: how many are in pc */
unsigned unwind(const struct process *, const struct piece *, uint64_t *pc, unsigned most);
