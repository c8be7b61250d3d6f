/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What one instruction does to one register or one word of the stack, as far as that helps to find a constant behind it:
 * it leaves it, sets it, copies it from elsewhere, or spoils it. Instructions that compilers do not use for numbers of
 * calls spoil what they write. Facts: Intel's manual, volume 2. Pure.
 */
#include <string.h>
#include "guise.h"
#include "tools/check/check.h"

struct operand { bool memory; int reg; bool rip, stack; int32_t off; };      /* stack: off is from rsp at the begin */

static int64_t signed_bytes(const uint8_t *p, unsigned n)
{
	int64_t v = 0;
	memcpy(&v, p, n);
	return n < 8 ? (int64_t)((uint64_t)v << (64 - 8 * n)) >> (64 - 8 * n) : v;
}
static int64_t imm_of(const uint8_t *b, const struct insn *i) { return signed_bytes(b + i->imm_at, i->imm_len); }
static int reg_field(const uint8_t *b, const struct insn *i) { return (b[i->modrm_at] >> 3 & 7) | (i->rex & 4) << 1; }
static int op_reg(const struct insn *i) { return (i->op & 7) | (i->rex & 1) << 3; }

/* The operand that ModRM's last bits name. */
static struct operand rm_of(const uint8_t *b, const struct insn *i, struct depth d)
{
	unsigned m = b[i->modrm_at], base = m & 7;
	struct operand o = { .memory = m < 0xc0, .reg = (int)(base | (i->rex & 1) << 3) };
	int32_t disp = i->disp_len ? (int32_t)signed_bytes(b + i->disp_at, i->disp_len) : 0;

	if (!o.memory)
		return o;
	o.reg = -1;
	if (m >> 6 == 0 && base == 5) {
		o.rip = true;
		return o;
	}
	int from = (int)(base | (i->rex & 1) << 3);
	if (base == 4) {
		uint8_t sib = b[i->modrm_at + 1];
		if ((sib >> 3 & 7) != 4 || i->rex & 2 || (m >> 6 == 0 && (sib & 7) == 5))
			return o;
		from = (sib & 7) | (i->rex & 1) << 3;
	}
	int32_t at = from == RSP ? d.sp : from == RBP ? d.bp : NO_DEPTH;
	if (at != NO_DEPTH && disp > -(1 << 24) && disp < 1 << 24)
		o.stack = true, o.off = at + disp;
	o.reg = from;
	return o;
}
bool insn_rip(const uint8_t *b, uint64_t at, const struct insn *i, uint64_t *to)
{
	if (!i->modrm_at || b[i->modrm_at] >> 6 || (b[i->modrm_at] & 7) != 5)
		return false;
	*to = at + i->len + (uint64_t)signed_bytes(b + i->disp_at, 4);
	return true;
}
int insn_branch(const uint8_t *b, uint64_t at, const struct insn *i, uint64_t *to)
{
	int kind = 0;
	if (!i->map && (i->op == 0xe8 || i->op == 0xe9 || i->op == 0xeb))
		kind = i->op == 0xe8 ? 'c' : 'j';
	else if ((!i->map && ((i->op & 0xf0) == 0x70 || (i->op & 0xfc) == 0xe0)) || (i->map == 1 && (i->op & 0xf0) == 0x80))
		kind = 'i';
	if (kind)
		*to = at + i->len + (uint64_t)imm_of(b, i);
	return kind;
}

/* --- how deep the stack is ---------------------------------------------------------------------------------------- */
static int32_t add_depth(int32_t d, int64_t n)
{
	return d == NO_DEPTH || n < -(1 << 24) || n > 1 << 24 || d + n < -(1 << 26) || d + n > 1 << 26 ? NO_DEPTH : (int32_t)(d + n);
}
struct depth insn_depth(const uint8_t *b, const struct insn *i, struct depth d)
{
	if (i->map)
		return d;
	if ((i->op & 0xf8) == 0x50 || i->op == 0x68 || i->op == 0x6a || i->op == 0x9c) {
		d.sp = add_depth(d.sp, -8);
	} else if ((i->op & 0xf8) == 0x58 || i->op == 0x9d) {
		d.sp = add_depth(d.sp, 8);
		if (i->op != 0x9d && op_reg(i) == RBP)
			d.bp = NO_DEPTH;
	} else if (i->op == 0xc9) {
		d = (struct depth){ add_depth(d.bp, 8), NO_DEPTH };
	} else if ((i->op == 0x81 || i->op == 0x83) && b[i->modrm_at] >= 0xc0 && rm_of(b, i, d).reg == RSP) {
		int what = b[i->modrm_at] >> 3 & 7;
		d.sp = what == 0 ? add_depth(d.sp, imm_of(b, i)) : what == 5 ? add_depth(d.sp, -imm_of(b, i)) : d.sp;
		if (what == 4)
			d.sp = NO_DEPTH;         /* aligned: nobody knows by how much */
	} else if (i->op == 0x8d && (reg_field(b, i) == RSP || reg_field(b, i) == RBP)) {
		struct operand o = rm_of(b, i, d);
		*(reg_field(b, i) == RSP ? &d.sp : &d.bp) = o.stack ? o.off : NO_DEPTH;
	} else if ((i->op == 0x89 || i->op == 0x8b) && b[i->modrm_at] >= 0xc0) {
		int from = i->op == 0x89 ? reg_field(b, i) : rm_of(b, i, d).reg;
		int to = i->op == 0x89 ? rm_of(b, i, d).reg : reg_field(b, i);
		if (to == RSP || to == RBP)
			*(to == RSP ? &d.sp : &d.bp) = from == RSP ? d.sp : from == RBP ? d.bp : NO_DEPTH;
	} else if (i->op == 0x8b && (reg_field(b, i) == RSP || reg_field(b, i) == RBP)) {
		*(reg_field(b, i) == RSP ? &d.sp : &d.bp) = NO_DEPTH;
	}
	return d;
}

/* --- who writes what ---------------------------------------------------------------------------------------------- */
struct asked { struct place p, *from; int64_t *value; };

static enum effect is_value(struct asked *q, int64_t v)
{
	*q->value = (int64_t)((uint64_t)v + (uint64_t)q->p.add);
	return EFFECT_VALUE;
}
static enum effect is_reg(struct asked *q, int reg, int64_t add)
{
	*q->from = (struct place){ .reg = (int8_t)reg, .add = (int64_t)((uint64_t)q->p.add + (uint64_t)add) };
	return EFFECT_FROM;
}
static enum effect is_operand(struct asked *q, const struct operand *o)
{
	if (!o->memory)
		return is_reg(q, o->reg, 0);
	if (!o->stack)
		return EFFECT_LOST;
	*q->from = (struct place){ .reg = -1, .off = o->off, .add = q->p.add };
	return EFFECT_FROM;
}
static bool hits(const struct asked *q, const struct operand *o)
{
	return q->p.reg >= 0 ? !o->memory && o->reg == q->p.reg : o->memory && o->stack && o->off == q->p.off;
}
static bool is(const struct asked *q, int reg) { return q->p.reg == reg; }
static enum effect lost_if(bool it) { return it ? EFFECT_LOST : EFFECT_NONE; }

/* A called function keeps these, by every C convention of x86-64. */
static bool is_kept(int reg) { return reg < 0 || reg == RBX || reg == RSP || reg == RBP || reg >= 12; }

static enum effect effect_lea(const uint8_t *b, uint64_t at, const struct insn *i, struct depth d, struct asked *q)
{
	struct operand o = rm_of(b, i, d);
	uint64_t to;
	if (!is(q, reg_field(b, i)))
		return EFFECT_NONE;
	if (insn_rip(b, at, i, &to))
		return is_value(q, (int64_t)to);
	if (o.reg < 0 || o.reg == RSP || i->opsize)
		return EFFECT_LOST;
	return is_reg(q, o.reg, i->disp_len ? signed_bytes(b + i->disp_at, i->disp_len) : 0);
}
static enum effect effect_arith(const uint8_t *b, const struct insn *i, struct depth d, struct asked *q)
{
	struct operand o = i->modrm_at ? rm_of(b, i, d) : (struct operand){ 0 };
	unsigned what = i->op >> 3 & 7, form = i->op & 7;

	if (what == 7)
		return EFFECT_NONE;              /* compares */
	if (form >= 4)
		return lost_if(is(q, RAX));
	bool to_rm = form < 2;
	if (!(to_rm ? hits(q, &o) : is(q, reg_field(b, i))))
		return EFFECT_NONE;
	if (!o.memory && o.reg == reg_field(b, i) && (what == 6 || what == 5) && form & 1)
		return is_value(q, 0);           /* xor or sub with itself */
	return EFFECT_LOST;
}
static enum effect effect_group1(const uint8_t *b, const struct insn *i, struct depth d, struct asked *q)
{
	struct operand o = rm_of(b, i, d);
	unsigned what = b[i->modrm_at] >> 3 & 7;
	if (what == 7 || !hits(q, &o))
		return EFFECT_NONE;
	if (i->op == 0x80)
		return EFFECT_LOST;
	if (what == 0 || what == 5) {
		*q->from = q->p;
		q->from->add = (int64_t)((uint64_t)q->from->add + (uint64_t)(what ? -imm_of(b, i) : imm_of(b, i)));
		return EFFECT_FROM;
	}
	return what == 1 && imm_of(b, i) == -1 ? is_value(q, -1) : what == 4 && !imm_of(b, i) ? is_value(q, 0) : EFFECT_LOST;
}
static enum effect effect_mov(const uint8_t *b, const struct insn *i, struct depth d, struct asked *q)
{
	struct operand o = rm_of(b, i, d);
	bool narrow = !(i->op & 1) || i->opsize;

	if (i->op == 0x88 || i->op == 0x89) {
		if (!hits(q, &o))
			return EFFECT_NONE;
		return narrow ? EFFECT_LOST : is_reg(q, reg_field(b, i), 0);
	}
	if (!is(q, reg_field(b, i)))
		return EFFECT_NONE;
	return narrow ? EFFECT_LOST : is_operand(q, &o);
}
static enum effect effect_stack(const uint8_t *b, const struct insn *i, struct depth d, struct asked *q)
{
	bool pushes = (i->op & 0xf8) == 0x50 || i->op == 0x68 || i->op == 0x6a;
	if (pushes) {
		if (q->p.reg >= 0 || d.sp == NO_DEPTH || q->p.off != d.sp - 8)
			return EFFECT_NONE;
		return i->imm_len ? is_value(q, imm_of(b, i)) : is_reg(q, op_reg(i), 0);
	}
	if (!is(q, op_reg(i)))
		return EFFECT_NONE;
	return d.sp == NO_DEPTH ? EFFECT_LOST : is_operand(q, &(struct operand){ .memory = true, .stack = true, .off = d.sp });
}
static enum effect effect_f7(const uint8_t *b, const struct insn *i, struct depth d, struct asked *q)
{
	struct operand o = rm_of(b, i, d);
	unsigned what = b[i->modrm_at] >> 3 & 7;
	return what < 2 ? EFFECT_NONE : lost_if(what < 4 ? hits(q, &o) : is(q, RAX) || is(q, RDX));
}
static enum effect effect_one(const uint8_t *b, uint64_t at, const struct insn *i, struct depth d, struct asked *q)
{
	struct operand o = i->modrm_at ? rm_of(b, i, d) : (struct operand){ .reg = -2 };

	switch (i->op) {
	case 0x00 ... 0x3f: return effect_arith(b, i, d, q);
	case 0x50 ... 0x5f: case 0x68: case 0x6a: return effect_stack(b, i, d, q);
	case 0x63: return is(q, reg_field(b, i)) ? is_operand(q, &o) : EFFECT_NONE;
	case 0x69: case 0x6b: return lost_if(is(q, reg_field(b, i)));
	case 0x80 ... 0x83: return effect_group1(b, i, d, q);
	case 0x86: case 0x87:
		return !hits(q, &o) && !is(q, reg_field(b, i)) ? EFFECT_NONE : o.memory || i->op == 0x86 ? EFFECT_LOST :
			is_reg(q, is(q, o.reg) ? reg_field(b, i) : o.reg, 0);
	case 0x88 ... 0x8b: return effect_mov(b, i, d, q);
	case 0x8d: return effect_lea(b, at, i, d, q);
	case 0x90 ... 0x97:
		if (op_reg(i) == RAX || (!is(q, RAX) && !is(q, op_reg(i))))
			return EFFECT_NONE;
		return is_reg(q, is(q, RAX) ? op_reg(i) : RAX, 0);
	case 0x98: return EFFECT_NONE;           /* a number stays what it is */
	case 0x99: return lost_if(is(q, RDX));
	case 0xa4 ... 0xa7: case 0xaa: case 0xab: case 0xae: case 0xaf:
		return lost_if(is(q, RDI) || is(q, RSI) || (i->rep && is(q, RCX)));
	case 0xac: case 0xad: return lost_if(is(q, RAX) || is(q, RSI));
	case 0xb0 ... 0xb7: return lost_if(is(q, op_reg(i)));
	case 0xb8 ... 0xbf:
		return !is(q, op_reg(i)) ? EFFECT_NONE : is_value(q, i->rex & 8 ? imm_of(b, i) : (int64_t)(uint32_t)imm_of(b, i));
	case 0xc0: case 0xc1: case 0xd0 ... 0xd3: case 0xfe: case 0x8f: return lost_if(hits(q, &o));
	case 0xc6: return lost_if(hits(q, &o));
	case 0xc7:
		return !hits(q, &o) ? EFFECT_NONE : is_value(q, i->rex & 8 ? imm_of(b, i) : (int64_t)(uint32_t)imm_of(b, i));
	case 0xc9: return lost_if(is(q, RBP));
	case 0xd7: case 0xe4: case 0xe5: case 0xec: case 0xed: return lost_if(is(q, RAX));
	case 0xe8: return lost_if(!is_kept(q->p.reg));
	case 0xf6: case 0xf7: return effect_f7(b, i, d, q);
	case 0xff:
		switch (b[i->modrm_at] >> 3 & 7) {
		case 0: case 1: return lost_if(hits(q, &o));
		case 2: case 3: return lost_if(!is_kept(q->p.reg));
		}
		return EFFECT_NONE;
	}
	return EFFECT_NONE;
}
/* A vector register stored over what is asked for. */
static enum effect effect_vector(const uint8_t *b, const struct insn *i, struct depth d, const struct asked *q)
{
	int width = i->map & 16 ? 64 : i->map & 8 ? 32 : 16;
	bool stores = (i->map & 7) == 1 && (i->op == 0x11 || i->op == 0x13 || i->op == 0x17 || i->op == 0x29 || i->op == 0x2b ||
					    i->op == 0x7f || i->op == 0xd6 || i->op == 0xe7);
	struct operand o = stores && i->modrm_at ? rm_of(b, i, d) : (struct operand){ 0 };
	return lost_if(q->p.reg < 0 && o.memory && o.stack && q->p.off > o.off - 8 && q->p.off < o.off + width);
}
static enum effect effect_two(const uint8_t *b, const struct insn *i, struct depth d, struct asked *q)
{
	struct operand o = i->modrm_at ? rm_of(b, i, d) : (struct operand){ .reg = -2 };

	switch (i->op) {
	case 0x05: case 0x34: return lost_if(is(q, RAX) || is(q, RCX) || is(q, 11));
	case 0x31: case 0x32: return lost_if(is(q, RAX) || is(q, RDX));
	case 0xa2: return lost_if(is(q, RAX) || is(q, RBX) || is(q, RCX) || is(q, RDX));
	case 0x40 ... 0x4f:
		return is(q, reg_field(b, i)) && is_operand(q, &o) == EFFECT_FROM ? EFFECT_EITHER : lost_if(is(q, reg_field(b, i)));
	case 0x90 ... 0x9f: case 0xa4: case 0xa5: case 0xac: case 0xad: case 0x7e: return lost_if(hits(q, &o));
	case 0xb0: case 0xb1: return lost_if(hits(q, &o) || is(q, RAX));
	case 0xc0: case 0xc1: return lost_if(hits(q, &o) || is(q, reg_field(b, i)));
	case 0xc8 ... 0xcf: return lost_if(is(q, op_reg(i)));
	case 0x2c: case 0x2d: case 0x50: case 0xd7: case 0xaf: case 0xb6 ... 0xb8: case 0xbc ... 0xbf:
		return lost_if(is(q, reg_field(b, i)));
	}
	return effect_vector(b, i, d, q);
}
enum effect insn_effect(const uint8_t *b, uint64_t at, const struct insn *i, struct depth d, struct place p,
	struct place *from, int64_t *value)
{
	struct asked q = { p, from, value };
	if (i->map == 1)
		return effect_two(b, i, d, &q);
	if (i->map && p.reg < 0)
		return effect_vector(b, i, d, &q);
	if (i->map)
		return lost_if(i->modrm_at && p.reg >= 0 && i->map > 7 && (i->op & 0xf0) == 0xf0 && is(&q, reg_field(b, i)));
	return effect_one(b, at, i, d, &q);
}
