/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What can be done with a call site: told from the bytes around it alone, so that it can be tested on bytes.
 */
#pragma once
#include "guise.h"

/* How a site is rewritten. Offsets are from the syscall instruction.
 *   CAVE  the two bytes of the syscall instruction become a short jump to padding close by, which becomes a jump to our
 *         slot. Padding is either a long nop, which becomes a jump over itself with ours behind that, or what nothing
 *         runs into. Behind the site every boundary is proven: the walk begins after an instruction that was executed.
 *   STUB  the instruction before it, which loads the number, becomes a jump to our slot, which loads the number; the
 *         syscall instruction stays: who jumps to it, or is past the load at that moment, traps as before. */
enum site_kind { SITE_NONE, SITE_LEFT, SITE_CAVE, SITE_STUB };
struct site_plan {
	enum site_kind kind;
	int from;                /* the first byte that changes */
	uint8_t mov;             /* STUB: length of the load */
	bool r10;                /* STUB: then comes mov %rcx,%r10 */
	uint32_t nr;             /* STUB: the number */
	int pad;                 /* CAVE: where the padding begins ... */
	unsigned pad_len;        /* ... and how much of it there is */
	bool runs;               /* it is one long nop that may run at any moment */
};

#define SITE_BEFORE 192          /* bytes that are looked at before and behind the syscall instruction */
#define SITE_BEHIND 160

#define CAVE_JMP 5               /* a cave is a 32-bit jump; in a long nop it lies behind the jump over it */
#define CAVE_OVER 2

/* code[at] is the syscall instruction, n bytes are known, address is that of code[0], rax what it was called with. */
/* Without its having been run: a stub that loads a number of a call right before, beyond doubt. */
bool site_is_stub(const uint8_t *code, size_t at, uaddr address, uint32_t *nr);
void site_plan(const uint8_t *code, size_t n, size_t at, uaddr address, uint64_t rax, struct site_plan *);
