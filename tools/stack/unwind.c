/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Call chains by libdw: each frame by what .eh_frame or .debug_frame of its file says. Where they say nothing, by the
 * frame pointer. The stack may hold anything: a chain ends after so many frames, or where the stack does not grow.
 */
#include <dwarf.h>
#include <stdlib.h>
#include <string.h>
#include "guise.h"
#include "tools/stack/stack.h"

struct frame {
	uint64_t reg[STACK_REGS];
	bool known[STACK_REGS];
	bool behind;             /* rip is a return address, behind its call, which may be the last of its function */
};

static bool word_at(const struct stack *s, uint64_t at, uint64_t *v) { return s->word(s, at, v); }

/* The expressions that compilers make of rules: a register and an offset, a word of memory, a little arithmetic. */
static bool evaluate(const struct stack *st, const struct frame *f, uint64_t cfa, const Dwarf_Op *op, size_t n, uint64_t *v, bool *value)
{
	uint64_t s[16];
	unsigned top = 0;

	*value = false;
	for (size_t i = 0; i < n; i++) {
		unsigned a = op[i].atom;
		uint64_t push = 0;
		bool pushes = true;
		if (a == DW_OP_call_frame_cfa) {
			push = cfa;
		} else if (a >= DW_OP_breg0 && a <= DW_OP_breg31 && a - DW_OP_breg0 < STACK_REGS && f->known[a - DW_OP_breg0]) {
			push = f->reg[a - DW_OP_breg0] + op[i].number;
		} else if (a == DW_OP_bregx && op[i].number < STACK_REGS && f->known[op[i].number]) {
			push = f->reg[op[i].number] + op[i].number2;
		} else if (a >= DW_OP_lit0 && a <= DW_OP_lit31) {
			push = a - DW_OP_lit0;
		} else if (a >= DW_OP_const1u && a <= DW_OP_consts) {
			push = op[i].number;
		} else {
			pushes = false;
		}
		if (pushes) {
			if (top == ARRAY_LEN(s))
				return false;
			s[top++] = push;
			continue;
		}
		if (a == DW_OP_stack_value) {
			*value = true;
		} else if (!top) {
			return false;
		} else if (a == DW_OP_plus_uconst) {
			s[top - 1] += op[i].number;
		} else if (a == DW_OP_deref) {
			if (!word_at(st, s[top - 1], &s[top - 1]))
				return false;
		} else if (top < 2) {
			return false;
		} else {
			uint64_t y = s[--top], *x = &s[top - 1];
			switch (a) {
			case DW_OP_plus: *x += y; break;
			case DW_OP_minus: *x -= y; break;
			case DW_OP_and: *x &= y; break;
			case DW_OP_shl: *x <<= y & 63; break;
			case DW_OP_ge: *x = (int64_t)*x >= (int64_t)y; break;
			default: return false;
			}
		}
	}
	*v = top ? s[top - 1] : 0;
	return top > 0;
}
static bool rule(const struct stack *st, Dwarf_Frame *fr, const struct frame *in, uint64_t cfa, int reg, uint64_t *v)
{
	Dwarf_Op memory[3], *ops;
	size_t n;
	bool value;

	if (dwarf_frame_register(fr, reg, memory, &ops, &n) || (!n && ops))
		return false;            /* nobody knows */
	if (!n) {
		*v = in->reg[reg];
		return in->known[reg];
	}
	if (n == 1 && ops[0].atom >= DW_OP_reg0 && ops[0].atom < DW_OP_reg0 + STACK_REGS) {
		*v = in->reg[ops[0].atom - DW_OP_reg0];
		return in->known[ops[0].atom - DW_OP_reg0];
	}
	return evaluate(st, in, cfa, ops, n, v, &value) && (value || word_at(st, *v, v));
}
/* known: the file has rules for it; what they come to may still be the end, as in a program's first function */
static bool by_rules(const struct stack *st, struct frame *f, bool *known)
{
	uint64_t linked, cfa = 0;
	struct code *file;
	Dwarf_Frame *fr = NULL;
	Dwarf_Op *ops;
	size_t n;
	bool value, interrupted = false;

	*known = st->code(st, f->reg[STACK_RIP] - f->behind, &file, &linked) && file && !code_frame(file, linked, &fr);
	if (!*known)
		return false;
	struct frame up = { .behind = true };
	bool good = !dwarf_frame_cfa(fr, &ops, &n) && n && evaluate(st, f, 0, ops, n, &cfa, &value);
	for (int i = 0; good && i < STACK_REGS; i++)
		up.known[i] = rule(st, fr, f, cfa, i, &up.reg[i]);
	if (good && dwarf_frame_info(fr, NULL, NULL, &interrupted) >= 0 && interrupted)
		up.behind = false;       /* a signal came there, between two instructions */
	free(fr);
	if (!good || !up.known[STACK_RIP])
		return false;
	if (!interrupted || !up.known[STACK_RSP])
		up.reg[STACK_RSP] = cfa;
	up.known[STACK_RSP] = true;
	*f = up;
	return true;
}
static bool by_frame_pointer(const struct stack *st, struct frame *f)
{
	uint64_t w[2], bp = f->reg[STACK_RBP];
	if (!f->known[STACK_RBP] || bp < f->reg[STACK_RSP] || bp & 7 || !word_at(st, bp, &w[0]) || !word_at(st, bp + 8, &w[1]))
		return false;
	f->reg[STACK_RBP] = w[0];
	f->reg[STACK_RSP] = bp + 16;
	f->reg[STACK_RIP] = w[1];
	f->behind = true;
	return true;
}
static bool is_code(const struct stack *st, uint64_t at)
{
	struct code *file;
	uint64_t linked;
	return st->code(st, at, &file, &linked);
}
/* A stub of a library that makes a call, or a jump to nowhere that stands for a call */
static bool by_leaf(const struct stack *st, struct frame *f)
{
	uint64_t up;
	if (!word_at(st, f->reg[STACK_RSP], &up) || !is_code(st, up))
		return false;
	f->reg[STACK_RIP] = up;
	f->reg[STACK_RSP] += 8;
	f->behind = true;
	return true;
}
unsigned unwind(const struct stack *st, const uint64_t reg[STACK_REGS], bool leaf, uint64_t *pc, unsigned most)
{
	struct frame f = { .behind = leaf };
	unsigned n = 0;

	memcpy(f.reg, reg, sizeof f.reg);
	memset(f.known, true, sizeof f.known);
	while (n < most) {
		uint64_t sp = f.reg[STACK_RSP];
		bool known, up = by_rules(st, &f, &known);
		if (!up && !known)
			up = (leaf && !n && by_leaf(st, &f)) || by_frame_pointer(st, &f);
		if (!up || !is_code(st, f.reg[STACK_RIP]) || f.reg[STACK_RSP] <= sp)
			break;
		pc[n++] = f.reg[STACK_RIP];
	}
	return n;
}
