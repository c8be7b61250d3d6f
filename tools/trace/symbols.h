/* SPDX-License-Identifier: BSD-2-Clause
 *
 * From where a call was made (-k).
 */
#pragma once
#include "tools/trace/trace.h"

/* " > program(function+0x12) [0x...]\n"; returns: it is a return address, behind its call. -kk: source:line, too */
void symbol_line(struct line *, const struct process *, uint64_t address, bool returns);
/* Return addresses by the piece of the stack that was recorded with a call (PIECE_STACK): how many are in pc */
unsigned symbol_chain(const struct process *, const struct piece *, uint64_t *pc, unsigned most);
