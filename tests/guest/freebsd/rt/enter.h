/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Run a piece of code with every register chosen, and see every register after it (enter.S knows the offsets).
 */
#pragma once
#include "fbsd.h"

struct state {
	u64 rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15, flags, code;
	u8 zone[128];            /* the red zone that the code finds below its return address */
	u8 xmm[16][16];
};
void enter(struct state *);
