/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A call with every register known: what was in them before it and after it, and what was in the red zone. FreeBSD promises
 * all but rax, rcx, r11 and r8 to r10; rdx is the second result of the few calls that have two.
 */
#pragma once
#include "fbsd.h"

struct state {
	long rbx, rbp, r12, r13, r14, r15, rdi, rsi, rdx, rsp, flags, rax;
	u32 mxcsr;
	u16 fcw, pad;
	u8 red[128];
	u8 ymm[16][32];          /* the low half only where there is no AVX */
};
_Static_assert(offsetof(struct state, mxcsr) == 96 && offsetof(struct state, red) == 104 && offsetof(struct state, ymm) == 232, "regs.S");
void regs_call(long nr, const long arg[6], const struct state *before, struct state *after, long avx);
int have_avx(void);

/* Where the two differ, as words; "" if nowhere. second: the call has a second result in rdx. */
static inline const char *regs_differ(const struct state *a, const struct state *b, int second, int avx)
{
	if (memcmp(a, b, offsetof(struct state, rdx)))
		return "general registers";
	if (!second && a->rdx != b->rdx)
		return "rdx";
	if (a->rsp != b->rsp)
		return "rsp";
	if ((a->flags ^ b->flags) & ~1l)
		return "flags";
	if (a->mxcsr != b->mxcsr || a->fcw != b->fcw)
		return "floating-point control";
	if (memcmp(a->red, b->red, 128))
		return "red zone";
	for (int i = 0; i < 16; i++)
		if (memcmp(a->ymm[i], b->ymm[i], avx ? 32 : 16))
			return "vector registers";
	return "";
}

static inline void regs_fill(struct state *s, const long arg[6])
{
	for (unsigned i = 0; i < sizeof(*s); i++)
		((u8 *)s)[i] = (u8)(i * 37 + 11);
	s->rdi = arg[0];
	s->rsi = arg[1];
	s->rdx = arg[2];
	s->mxcsr = 0x1f80 | 0x6000;      /* rounds to zero */
	s->fcw = 0x0f7f;
	s->flags = 0x202 | 0x8c5;        /* OF SF ZF PF CF */
}
