/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Looks at the bytes around a syscall instruction and says how the site can be rewritten (site.h). Whatever is not
 * certain is left: a site that traps is slow, a site that was rewritten wrongly is a broken program.
 */
#include "insn.h"
#include "engines/site.h"

#define FORWARD 127              /* how far a short jump reaches from the end of the syscall instruction */
#define BACKWARD 128
#define PAD_MAX 31u
#define LONG_NOP (CAVE_OVER + CAVE_JMP)

static bool is_nop(const struct insn *i)
{
	return i->map ? i->map == 1 && i->op == 0x1f : i->op == 0x90 && !i->rep && !(i->rex & 1);
}

/* Is there an instruction at b[to]? x86 code read from a wrong start falls into step after a few instructions; so walks
 * from many starts must all arrive there, but for those from so close that they had no time to. */
static bool is_boundary(const uint8_t *b, size_t to)
{
	struct insn in;
	unsigned arrived = 0;
	size_t first = to > 48 ? to - 48 : 0;
	for (size_t from = first; from + 16 <= to; from++) {
		size_t i = from;
		while (i < to && insn_decode(b + i, to + INSN_MAX - i, &in))
			i += in.len;
		if (i > to)
			return false;
		arrived += i == to;
	}
	return arrived >= 8;
}
/* How many bytes from i on are there for nothing: int3, or nops up to the next place where a function may begin, and no
 * farther: one that is made to be patched begins with nops itself. */
static unsigned padding(const uint8_t *b, size_t n, size_t i, uaddr address)
{
	struct insn in;
	size_t end = i, edge = i + (-(address + i) & 15);
	while (end < n && end - i < PAD_MAX && b[end] == 0xcc)
		end++;
	if (end > i)
		return (unsigned)(end - i);
	while (end < edge && end < n && insn_decode(b + end, n - end, &in) && is_nop(&in))
		end += in.len;
	return end == edge ? (unsigned)(end - i) : 0;
}
static bool found(struct site_plan *p, size_t at, size_t pad, unsigned len, bool runs)
{
	p->kind = SITE_CAVE;
	p->from = 0;
	p->pad = (int)((long)pad - (long)at);
	p->pad_len = MIN(len, PAD_MAX);
	p->runs = runs;
	return true;
}
static uint32_t imm32(const uint8_t *b)
{
	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}
/* Where a jump goes, as an index like i, of which more than the bytes may be meant; ~0: it is no direct jump. */
static size_t goes_to(const uint8_t *b, size_t i, const struct insn *in)
{
	const uint8_t *rel = b + i + in->imm_at;
	if (in->map == 1 ? (in->op & 0xf0) != 0x80
			 : in->map || ((in->op & 0xf0) != 0x70 && (in->op & 0xfc) != 0xe0 && in->op != 0xe9 && in->op != 0xeb))
		return ~0ul;
	return i + in->len + (size_t)(in->imm_len == 1 ? (int8_t)*rel : (int32_t)imm32(rel));
}
struct targets { size_t at[FORWARD / 2 + 1]; unsigned n; };

static bool hits(const struct targets *t, size_t pad, unsigned len)
{
	for (unsigned i = 0; i < t->n; i++)
		if (t->at[i] >= pad && t->at[i] < pad + len)
			return true;
	return false;
}
/* Where nothing is proven: int3, nops that no function begins with, jumps: our own in padding that is taken, and those that
 * keep a call which does not return from going on. */
static bool is_dead(const struct insn *in, uaddr address)
{
	bool stops = !in->map && (in->op == 0xcc || in->op == 0xe9 || in->op == 0xeb);
	return stops || (is_nop(in) && address % 16);
}
/* The walk keeps to what is proven to be code: what a proven instruction runs into, or jumps to within sight, or what begins
 * where padding ends. Behind a jump or a return there may be data; only padding is looked for there. */
static bool cave_behind(const uint8_t *b, size_t n, size_t at, uaddr address, struct site_plan *p)
{
	struct insn in = { 0 };
	struct targets jumps = { .n = 0 };
	bool proven = true, padded = false;
	for (size_t i = at + 2; i + CAVE_OVER <= at + 2 + FORWARD && i < n; i += in.len) {
		unsigned len = proven ? 0 : padding(b, n, i, address);
		proven |= hits(&jumps, i, 1);
		if (len >= CAVE_JMP && !hits(&jumps, i, len))
			return found(p, at, i, len, false);
		if (!insn_decode(b + i, n - i, &in))
			return false;
		bool dead = !proven && is_dead(&in, address + i);
		if (!proven && !dead && !(padded && (address + i) % 16 == 0 && !is_nop(&in)))
			return false;
		proven = !dead;
		if (proven && is_nop(&in) && in.len >= LONG_NOP)
			return found(p, at, i, in.len, true);
		jumps.at[jumps.n] = goes_to(b, i, &in);
		jumps.n += proven && jumps.at[jumps.n] != ~0ul;
		proven &= !insn_ends_flow(b + i, &in);
		padded = dead && (b[i] == 0xcc || is_nop(&in));
	}
	return false;
}
/* A long nop that aligns what follows it: before a loop, or between functions. */
static bool cave_before(const uint8_t *b, size_t at, uaddr address, struct site_plan *p)
{
	struct insn in;
	for (size_t end = at - (address + at) % 16; end > LONG_NOP && end <= at; end -= 16) {
		size_t nop = 0;
		for (size_t len = LONG_NOP; len < INSN_MAX && len <= end; len++)
			if (insn_decode(b + end - len, len, &in) == len && is_nop(&in))
				nop = end - len;
		if (nop && nop + CAVE_OVER + BACKWARD >= at + 2 && is_boundary(b, nop))
			return found(p, at, nop, (unsigned)(end - nop), true);
	}
	return false;
}

static bool find_stub(const uint8_t *b, size_t at, uaddr address, uint64_t rax, struct site_plan *p)
{
	size_t from;
	p->r10 = at >= 8 && b[at - 3] == 0x49 && b[at - 2] == 0x89 && b[at - 1] == 0xca;
	size_t end = at - (p->r10 ? 3 : 0);

	if (end >= 5 && b[end - 5] == 0xb8)
		p->mov = 5;
	else if (end >= 7 && b[end - 7] == 0x48 && b[end - 6] == 0xc7 && b[end - 5] == 0xc0 && !(b[end - 1] & 0x80))
		p->mov = 7;
	else
		return false;
	from = end - p->mov;
	p->nr = imm32(b + end - 4);
	if (p->nr != rax || (p->r10 && p->mov == 7))
		return false;
	if (!(p->r10 && (address + from) % 16 == 0) && !is_boundary(b, from))
		return false;
	p->kind = SITE_STUB;
	p->from = (int)from - (int)at;
	return true;
}
bool site_is_stub(const uint8_t *code, size_t at, uaddr address, uint32_t *nr)
{
	struct site_plan p = { 0 };
	if (at < 16)
		return false;
	size_t end = at - (code[at - 3] == 0x49 && code[at - 2] == 0x89 && code[at - 1] == 0xca ? 3 : 0);
	*nr = imm32(code + end - 4);
	return *nr < 1024 && find_stub(code, at, address, *nr, &p);
}
void site_plan(const uint8_t *code, size_t n, size_t at, uaddr address, uint64_t rax, struct site_plan *p)
{
	*p = (struct site_plan){ .kind = SITE_LEFT };
	if (at + 2 > n || code[at] != 0x0f || code[at + 1] != 0x05)
		return;
	if (!cave_behind(code, n, at, address, p) && !cave_before(code, at, address, p) &&
	    !find_stub(code, at, address, rax, p))
		p->kind = SITE_LEFT;
}
