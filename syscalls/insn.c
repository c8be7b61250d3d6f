/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The length of an x86-64 instruction. Facts: Intel's manual, volume 2, appendix A (opcode maps), chapter 2 (format).
 * Bytes that 64-bit mode does not define have no length: whoever walks over code stops there. Pure: no state, no calls.
 */
#include "insn.h"

/* How an opcode goes on. */
enum {
	M = 1,                   /* a ModRM byte */
	B = 2,                   /* one byte of immediate operand */
	W = 4,                   /* two */
	Z = 8,                   /* four, or two with an operand size prefix */
	X = 16,                  /* not an instruction */
};

static const uint8_t one[256] = {
#define ARITH(at) [at] = M, M, M, M, B, Z, X, X
	ARITH(0x00), ARITH(0x08), ARITH(0x10), ARITH(0x18), ARITH(0x20), ARITH(0x28), ARITH(0x30), ARITH(0x38),
	[0x60] = X, X, X, M, [0x68] = Z, M | Z, B, M | B,
	[0x70] = B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B,
	[0x80] = M | B, M | Z, X, M | B, M, M, M, M, M, M, M, M, M, M, M, M,
	[0x9a] = X, [0xa8] = B, Z,
	[0xb0] = B, B, B, B, B, B, B, B, Z, Z, Z, Z, Z, Z, Z, Z,
	[0xc0] = M | B, M | B, W, 0, X, X, M | B, M | Z, W | B, 0, W, 0, 0, B, X, 0,
	[0xd0] = M, M, M, M, X, X, X, 0, M, M, M, M, M, M, M, M,
	[0xe0] = B, B, B, B, B, B, B, B, Z, Z, X, B,
	[0xf6] = M, M, [0xfe] = M, M,
};
static uint8_t two(uint8_t op)
{
	switch (op) {
	case 0x05 ... 0x09: case 0x0b: case 0x0e: case 0x30 ... 0x35: case 0x37: case 0x77:
	case 0xa0 ... 0xa2: case 0xa8 ... 0xaa: case 0xc8 ... 0xcf:
		return 0;
	case 0x04: case 0x0a: case 0x0c: case 0x24 ... 0x27: case 0x36: case 0x39: case 0x3b ... 0x3f:
		return X;
	case 0x80 ... 0x8f:
		return Z;
	case 0x0f: case 0x70 ... 0x73: case 0xa4: case 0xac: case 0xba: case 0xc2: case 0xc4 ... 0xc6:
		return M | B;
	}
	return M;
}

struct cursor { const uint8_t *code; size_t n, at; };

static int next(struct cursor *c) { return c->at < c->n && c->at < INSN_MAX ? c->code[c->at++] : -1; }

/* Legacy prefixes, then REX: the last REX counts, and only right before the opcode. */
static int prefixes(struct cursor *c, struct insn *i, bool *addr32)
{
	int b;
	while ((b = next(c)) >= 0) {
		if (b == 0x66)
			i->opsize = 1;
		else if (b == 0x67)
			*addr32 = true;
		else if (b == 0xf2 || b == 0xf3)
			i->rep = (uint8_t)b;
		else if (b != 0xf0 && b != 0x2e && b != 0x36 && b != 0x3e && b != 0x26 && b != 0x64 && b != 0x65)
			break;
	}
	for (; b >= 0x40 && b <= 0x4f; b = next(c))
		i->rex = (uint8_t)b;
	return b;
}
/* VEX and EVEX carry the opcode map; what is left of them is of no matter for the length. */
static int vector(struct cursor *c, struct insn *i, int b)
{
	int p = next(c), more = b == 0xc5 ? 0 : b == 0xc4 ? 1 : 2;
	i->map = b == 0xc5 ? 9 : (uint8_t)((b == 0xc4 ? 8 : 16) | (p & (b == 0xc4 ? 31 : 7)));
	while (more--)
		if (next(c) < 0)
			return -1;
	return p < 0 ? -1 : next(c);
}
static int opcode(struct cursor *c, struct insn *i, int b)
{
	if (b == 0xc4 || b == 0xc5 || b == 0x62)
		return i->rex || i->opsize || i->rep ? -1 : vector(c, i, b);
	if (b != 0x0f)
		return b;
	b = next(c);
	i->map = b == 0x38 ? 2 : b == 0x3a ? 3 : 1;
	return i->map == 1 ? b : next(c);
}
static unsigned kind_of(const struct insn *i)
{
	switch (i->map & 7) {
	case 0: return i->map ? X : one[i->op];
	case 1: return i->map & 24 && i->op != 0x77 ? two(i->op) | M : two(i->op);
	case 2: case 5: case 6: return M;
	case 3: return M | B;
	}
	return X;
}
static bool modrm(struct cursor *c, struct insn *i, unsigned *kind)
{
	int m = next(c), base = m & 7;
	if (m < 0)
		return false;
	i->modrm_at = (uint8_t)(c->at - 1);
	if (m < 0xc0 && base == 4) {
		int sib = next(c);
		if (sib < 0)
			return false;
		base = sib & 7;
	}
	i->disp_at = (uint8_t)c->at;
	i->disp_len = m >> 6 == 1 ? 1 : m >> 6 == 2 || (m >> 6 == 0 && base == 5) ? 4 : 0;
	c->at += i->disp_len;
	if (!i->map && (i->op == 0xf6 || i->op == 0xf7) && (m >> 3 & 7) < 2)
		*kind |= i->op == 0xf6 ? B : Z;          /* test; its neighbours have no immediate operand */
	return true;
}
static unsigned imm_len(const struct insn *i, unsigned kind, bool addr32)
{
	bool branch = (!i->map && (i->op == 0xe8 || i->op == 0xe9)) || (i->map == 1 && (i->op & 0xf0) == 0x80);
	unsigned n = (kind & B ? 1 : 0) + (kind & W ? 2 : 0);
	if (!i->map && i->op >= 0xa0 && i->op <= 0xa3)
		return addr32 ? 4 : 8;
	if (!i->map && (i->op & 0xf8) == 0xb8 && i->rex & 8)
		return 8;
	if (kind & Z)
		n += i->opsize && !branch && !(i->rex & 8) ? 2 : 4;
	return n;
}
unsigned insn_decode(const uint8_t *code, size_t n, struct insn *i)
{
	struct cursor c = { code, n, 0 };
	bool addr32 = false;

	*i = (struct insn){ 0 };
	int b = prefixes(&c, i, &addr32);
	b = b < 0 ? b : opcode(&c, i, b);
	if (b < 0)
		return 0;
	i->op = (uint8_t)b;
	unsigned kind = kind_of(i);
	if (kind & X || (kind & M && !modrm(&c, i, &kind)))
		return 0;
	i->imm_at = (uint8_t)c.at;
	i->imm_len = (uint8_t)imm_len(i, kind, addr32);
	c.at += i->imm_len;
	return i->len = c.at <= n && c.at <= INSN_MAX ? (uint8_t)c.at : 0;
}
bool insn_ends_flow(const uint8_t *code, const struct insn *i)
{
	if (i->map == 1)
		return i->op == 0x0b;
	if (i->map)
		return false;
	switch (i->op) {
	case 0xc2: case 0xc3: case 0xcc: case 0xe9: case 0xeb: case 0xf4:
		return true;
	case 0xff:
		return (code[i->modrm_at] >> 3 & 7) == 4;
	}
	return false;
}
