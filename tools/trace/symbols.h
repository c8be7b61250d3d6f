/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Names of addresses in traced programs (-k).
 */
#pragma once
#include "tools/trace/trace.h"

void symbol_line(struct line *, const struct process *, uint64_t address);   /* " > program(function+0x12) [0x...]\n" */
/* The file that is mapped there, and the address that it was linked for; NULL: none */
const char *symbol_file(const struct process *, uint64_t address, uint64_t *linked);
