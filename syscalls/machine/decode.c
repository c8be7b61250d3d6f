/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which privileged instruction this is (decode.h). Where an instruction ends and its bytes lie is insn.c's; the table below
 * says which of them are meant. Facts: Intel's manual, volume 2, and AMD's, volume 3. What faults for another reason (a
 * lock prefix, an operand of the wrong kind) is none of these and gets its own system's signal.
 */
#include "insn.h"
#include "machine/decode.h"

enum { ANY = 8, MEM = 1, REG = 2 };
static const struct {
	uint8_t map, op;
	uint8_t ext;             /* the middle field of ModRM, or ANY */
	uint8_t form;            /* MEM, REG or both; 0: there is no ModRM, or it is the instruction's own */
	uint8_t rm;              /* REG: which one it must be, or ANY */
	uint8_t kind;
} rows[] = {
	{ 0, 0xe4, ANY, 0, ANY, P_IN }, { 0, 0xe5, ANY, 0, ANY, P_IN }, { 0, 0xec, ANY, 0, ANY, P_IN }, { 0, 0xed, ANY, 0, ANY, P_IN },
	{ 0, 0xe6, ANY, 0, ANY, P_OUT }, { 0, 0xe7, ANY, 0, ANY, P_OUT }, { 0, 0xee, ANY, 0, ANY, P_OUT }, { 0, 0xef, ANY, 0, ANY, P_OUT },
	{ 0, 0x6c, ANY, 0, ANY, P_INS }, { 0, 0x6d, ANY, 0, ANY, P_INS }, { 0, 0x6e, ANY, 0, ANY, P_OUTS }, { 0, 0x6f, ANY, 0, ANY, P_OUTS },
	{ 0, 0xfa, ANY, 0, ANY, P_CLI }, { 0, 0xfb, ANY, 0, ANY, P_STI }, { 0, 0xf4, ANY, 0, ANY, P_HLT },
	{ 1, 0x32, ANY, 0, ANY, P_RDMSR }, { 1, 0x30, ANY, 0, ANY, P_WRMSR },
	{ 1, 0x20, ANY, 0, ANY, P_READ_CR }, { 1, 0x22, ANY, 0, ANY, P_WRITE_CR },
	{ 1, 0x21, ANY, 0, ANY, P_READ_DR }, { 1, 0x23, ANY, 0, ANY, P_WRITE_DR },
	{ 1, 0x06, ANY, 0, ANY, P_CLTS }, { 1, 0x08, ANY, 0, ANY, P_INVD }, { 1, 0x09, ANY, 0, ANY, P_WBINVD },
	{ 1, 0x00, 2, MEM | REG, ANY, P_LLDT }, { 1, 0x00, 3, MEM | REG, ANY, P_LTR },
	{ 1, 0x01, 2, MEM, ANY, P_LGDT }, { 1, 0x01, 3, MEM, ANY, P_LIDT }, { 1, 0x01, 6, MEM | REG, ANY, P_LMSW },
	{ 1, 0x01, 7, MEM, ANY, P_INVLPG }, { 1, 0x01, 7, REG, 0, P_SWAPGS }, { 1, 0x01, 2, REG, 1, P_XSETBV },
	{ 2, 0x82, ANY, MEM, ANY, P_INVPCID },
};

static unsigned kind_of(const uint8_t *code, const struct insn *i)
{
	unsigned m = i->modrm_at ? code[i->modrm_at] : 0;

	for (unsigned r = 0; r < ARRAY_LEN(rows); r++) {
		if (rows[r].map != i->map || rows[r].op != i->op)
			continue;
		if (rows[r].ext != ANY && rows[r].ext != (m >> 3 & 7))
			continue;
		if (rows[r].form && !(rows[r].form & (m >= 0xc0 ? REG : MEM)))
			continue;
		if (rows[r].rm == ANY || rows[r].rm == (m & 7))
			return rows[r].kind;
	}
	return P_NONE;
}
/* What insn.c does not keep; the last segment prefix counts. */
static bool prefixes(const uint8_t *code, struct decoded *d)
{
	for (;; code++)
		switch (*code) {
		case 0x67: d->addr32 = true; break;
		case 0x64: case 0x65: d->seg = *code; break;
		case 0x2e: case 0x36: case 0x3e: case 0x26: case 0x66: case 0xf2: case 0xf3: break;
		case 0xf0: return false;
		default: return true;
		}
}
static void operand(const uint8_t *code, const struct insn *i, struct decoded *d)
{
	unsigned m = code[i->modrm_at], b = i->rex & 1 ? 8 : 0, mod = m >> 6;

	d->reg = (uint8_t)((m >> 3 & 7) | (i->rex & 4 ? 8 : 0));
	d->rm = (uint8_t)((m & 7) | b);
	d->base = d->index = -1;
	d->mem = mod != 3;
	if (!d->mem)
		return;
	if ((m & 7) == 4) {
		unsigned sib = code[i->modrm_at + 1], x = (sib >> 3 & 7) | (i->rex & 2 ? 8 : 0);
		d->scale = (uint8_t)(sib >> 6);
		d->index = x == 4 ? -1 : (int8_t)x;
		d->base = (sib & 7) == 5 && !mod ? -1 : (int8_t)((sib & 7) | b);
	} else if ((m & 7) == 5 && !mod) {
		d->rip = true;
	} else {
		d->base = (int8_t)d->rm;
	}
	if (i->disp_len == 1)
		d->disp = (int8_t)code[i->disp_at];
	else if (i->disp_len == 4)
		memcpy(&d->disp, code + i->disp_at, 4);
}
bool privileged_decode(const uint8_t *bytes, size_t n, struct decoded *d)
{
	uint8_t code[INSN_MAX] = { 0 };  /* what follows is no matter, but insn.c may look at it */
	struct insn i;

	*d = (struct decoded){ 0 };
	memcpy(code, bytes, MIN(n, sizeof code));
	if (!insn_decode(code, sizeof code, &i) || !(d->kind = (uint8_t)kind_of(code, &i)) || !prefixes(code, d))
		return false;
	bool moves = d->kind >= P_READ_CR && d->kind <= P_WRITE_DR;      /* registers, whatever the mode says */
	d->len = moves ? i.modrm_at + 1 : i.len;
	if (d->len > n)
		return false;
	if (d->kind <= P_OUTS) {
		d->size = !(i.op & 1) ? 1 : i.opsize && !(i.rex & 8) ? 2 : 4;
		d->imm = i.imm_len;
		d->port = d->imm ? code[i.imm_at] : 0;
		d->rep = i.rep && d->kind >= P_INS;
		return true;
	}
	if (i.modrm_at)
		operand(code, &i, d);
	d->mem &= !moves;
	return d->kind != P_INVPCID || i.opsize;
}
uint64_t *reg_of(struct regs *r, unsigned nr)
{
	uint64_t *const all[] = { &r->rax, &r->rcx, &r->rdx, &r->rbx, &r->rsp, &r->rbp, &r->rsi, &r->rdi,
				  &r->r8, &r->r9, &r->r10, &r->r11, &r->r12, &r->r13, &r->r14, &r->r15 };
	return all[nr & 15];
}
uaddr privileged_address(const struct decoded *d, const struct regs *r, uint64_t fs)
{
	struct regs copy = *r;
	uint64_t a = (uint64_t)(int64_t)d->disp;

	a += d->rip ? r->rip + d->len : 0;
	a += d->base >= 0 ? *reg_of(&copy, (unsigned)d->base) : 0;
	a += d->index >= 0 ? *reg_of(&copy, (unsigned)d->index) << d->scale : 0;
	if (d->addr32)
		a = (uint32_t)a;
	return a + (d->seg == 0x64 ? fs : 0);
}
