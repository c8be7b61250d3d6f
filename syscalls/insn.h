/* SPDX-License-Identifier: BSD-2-Clause
 *
 * As much of the x86-64 instruction format as is needed to walk over code: where one instruction ends, where its
 * operand bytes lie, whether control can go on behind it. For call sites (rewrite.c), and for reading programs.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INSN_MAX 15

struct insn {
	uint8_t len;             /* 0: not an instruction, or cut off by the end of the bytes */
	uint8_t map;             /* 0 one byte, 1 0f, 2 0f38, 3 0f3a; +8 with a VEX, +16 with an EVEX prefix */
	uint8_t op;
	uint8_t rex, opsize, rep;/* REX byte or 0; 1 with a 66 prefix; f2, f3 or 0 */
	uint8_t modrm_at;        /* offset of the ModRM byte, 0: there is none */
	uint8_t disp_at, disp_len;
	uint8_t imm_at, imm_len;
};

unsigned insn_decode(const uint8_t *code, size_t n, struct insn *);  /* its length, 0: none */
bool insn_ends_flow(const uint8_t *code, const struct insn *);       /* ret, jmp, ud2, hlt, int3 */
