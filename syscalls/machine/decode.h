/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Instructions that a program in ring 3 may not execute, taken apart (decode.c). Which they are and what their operands
 * are; not what they do. Pure: bytes and registers in, a description out.
 */
#pragma once
#include "guise.h"

enum privileged {
	P_NONE, P_IN, P_OUT, P_INS, P_OUTS, P_CLI, P_STI, P_HLT, P_RDMSR, P_WRMSR, P_READ_CR, P_WRITE_CR, P_READ_DR, P_WRITE_DR,
	P_CLTS, P_LMSW, P_LGDT, P_LIDT, P_LLDT, P_LTR, P_INVLPG, P_INVPCID, P_INVD, P_WBINVD, P_SWAPGS, P_XSETBV,
};
struct decoded {
	uint8_t kind;            /* enum privileged */
	uint8_t len;             /* of the instruction */
	uint8_t size;            /* P_IN .. P_OUTS: 1, 2 or 4 bytes */
	bool imm, rep, addr32;   /* imm: the port is in the instruction, else in dx */
	uint8_t port;
	uint8_t seg;             /* prefix: 0x64 (fs), 0x65 (gs), or 0 */
	uint8_t reg;             /* control or debug register; of P_INVPCID: where its type is */
	uint8_t rm;              /* general register of the other operand */
	bool mem;                /* ... which is in memory, at: */
	int8_t base, index;      /* registers, or -1 */
	uint8_t scale;           /* a shift */
	bool rip;                /* relative to the next instruction */
	int32_t disp;
};
bool privileged_decode(const uint8_t *code, size_t n, struct decoded *);     /* false: another instruction, or none */
uint64_t *reg_of(struct regs *, unsigned nr);        /* by the number that instructions have for it */
uaddr privileged_address(const struct decoded *, const struct regs *, uint64_t fs);  /* of the operand in memory */
