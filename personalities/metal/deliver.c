/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Into a handler of the program's through its IDT, and out of one in 32 bits, where the host's KVM does neither (missing.c).
 */
#include "cpu.h"

#define FL_IF 0x200ull
#define FL_IOPL 0x3000ull
#define FL_IRET 0x257fd5ull              /* what iret takes off the stack: all but virtual 8086 and its like */
#define FL_GONE (0x100ull | 0x4000ull | 0x10000ull | 0x20000ull)

/* --- descriptors ---------------------------------------------------------------------------------------------------------- */
static bool descriptor(uint16_t selector, uint64_t *d)
{
	const struct kvm_sregs *s = sregs();
	uint64_t base = selector & 4 ? s->ldt.base : s->gdt.base, limit = selector & 4 ? s->ldt.limit : s->gdt.limit;
	return (selector & ~7u) + 7u <= limit && !linear_read(d, base + (selector & ~7u), 8);
}
static struct kvm_segment segment_of(uint16_t selector, uint64_t d)
{
	uint64_t limit = (d & 0xffff) | (d >> 32 & 0xf0000);
	bool g = d >> 55 & 1;
	return (struct kvm_segment){
		.base = (d >> 16 & 0xffffff) | (d >> 56 & 0xff) << 24, .limit = (uint32_t)(g ? limit << 12 | 0xfff : limit), .selector = selector,
		.type = d >> 40 & 15, .present = d >> 47 & 1, .dpl = d >> 45 & 3, .db = d >> 54 & 1, .s = d >> 44 & 1, .l = d >> 53 & 1, .g = g,
		.avl = d >> 52 & 1,
	};
}
bool segment_load(struct kvm_segment *to, uint16_t selector)
{
	uint64_t d;
	if (!(selector & ~3u)) {
		*to = (struct kvm_segment){ .selector = selector, .unusable = 1, .dpl = selector & 3, .type = 3, .s = 1 };
		return true;
	}
	if (!descriptor(selector, &d))
		return false;
	*to = segment_of(selector, d);
	to->type |= 1;
	return to->present && to->s;
}
struct kvm_segment segment_flat(uint16_t selector, unsigned type, unsigned dpl, bool l)
{
	return (struct kvm_segment){ .limit = ~0u, .selector = selector, .type = (uint8_t)type, .present = 1, .dpl = (uint8_t)dpl, .db = !l, .s = 1,
				     .l = l, .g = 1 };
}

/* --- entering a handler through the IDT -------------------------------------------------------------------------------------- */
struct gate { uint64_t offset; uint16_t selector; uint8_t type, dpl, ist; bool present; };

static bool gate_read(unsigned vector, struct gate *g)
{
	uint64_t d[2] = { 0 };
	unsigned size = long_mode() ? 16 : 8;
	if (vector * size + size - 1 > sregs()->idt.limit || linear_read(d, sregs()->idt.base + vector * size, size))
		return false;
	*g = (struct gate){
		.offset = (d[0] & 0xffff) | (d[0] >> 32 & 0xffff0000) | d[1] << 32, .selector = (uint16_t)(d[0] >> 16),
		.type = d[0] >> 40 & 15, .dpl = d[0] >> 45 & 3, .ist = d[0] >> 32 & 7, .present = d[0] >> 47 & 1,
	};
	return g->present && (g->type & 14) == 14;
}
/* Where the handler's stack begins; false: the TSS does not say. */
static bool new_stack(const struct gate *g, unsigned to, uint64_t *sp, uint16_t *ss)
{
	uint64_t tss = sregs()->tr.base;
	uint32_t sp32 = 0;

	*ss = 0;
	if (long_mode())
		return !linear_read(sp, tss + (g->ist ? 0x24 + 8 * (g->ist - 1u) : 4 + 8 * to), 8);
	if (linear_read(&sp32, tss + 4 + 8 * to, 4) || linear_read(ss, tss + 8 + 8 * to, 2))
		return false;
	*sp = sp32;
	return true;
}
static bool push_frame(uint64_t *sp, const uint64_t *word, unsigned n)
{
	unsigned size = long_mode() ? 8 : 4;
	for (unsigned i = 0; i < n; i++) {
		*sp -= size;
		if (!long_mode())
			*sp &= ~0u;
		if (linear_write(*sp, &word[i], size))
			return false;
	}
	return true;
}
/* Everything is read and written before a register changes. */
bool cpu_enter_at(unsigned vector, const uint64_t *error, uint64_t rip)
{
	const struct kvm_regs *r = regs();
	struct kvm_segment cs, ss = sregs()->ss;
	struct gate g;
	uint64_t sp = r->rsp;
	uint16_t ss_new;
	unsigned n = 0;

	if (!gate_read(vector, &g) || !segment_load(&cs, g.selector) || cs.dpl > ring())
		return false;
	bool inward = cs.dpl < ring(), lm = long_mode();
	cs.selector = (uint16_t)((g.selector & ~3u) | cs.dpl);
	if (inward || (lm && g.ist)) {
		if (!new_stack(&g, cs.dpl, &sp, &ss_new))
			return false;
		if (inward && lm)
			ss = segment_flat(cs.dpl, 3, cs.dpl, false);
		else if (inward && !segment_load(&ss, ss_new))
			return false;
	}
	uint64_t word[6];
	if (lm)
		sp &= ~15ull;
	if (lm || inward)
		word[n++] = sregs()->ss.selector, word[n++] = r->rsp;
	word[n++] = r->rflags, word[n++] = sregs()->cs.selector, word[n++] = rip;
	if (error)
		word[n++] = *error;
	if (!push_frame(&sp, word, n))
		return false;
	struct kvm_sregs *s = cpu_sregs();
	struct kvm_regs *to = cpu_regs();
	s->cs = cs;
	s->ss = ss;
	to->rsp = sp;
	to->rip = g.offset;
	to->rflags &= ~(FL_GONE | (g.type == 14 ? FL_IF : 0));
	return true;
}
bool cpu_enter(unsigned vector, const uint64_t *error) { return cpu_enter_at(vector, error, regs()->rip); }

/* From ring 3 only through a gate that allows it. */
bool software_interrupt(unsigned vector, unsigned len)
{
	uint64_t error = vector << 3 | 2;
	struct gate g;
	if (ring() && gate_read(vector, &g) && g.dpl < ring())
		return cpu_enter_at(V_GP, &error, regs()->rip);
	return cpu_enter_at(vector, NULL, regs()->rip + len);
}

/* --- leaving one, in 32 bits ------------------------------------------------------------------------------------------------------ */
static void drop_data(struct kvm_segment *s, unsigned to)
{
	if (s->dpl < to && !(s->type & 8 && s->type & 4))
		*s = (struct kvm_segment){ .unusable = 1, .dpl = 3, .type = 3, .s = 1 };
}
bool iret32(void)
{
	uint32_t w[5] = { 0 };
	struct kvm_segment cs, ss = sregs()->ss;
	uint64_t sp = regs()->rsp;

	if (long_mode() || linear_read(w, ss.base + sp, 12) || w[2] & 0x20000 || !segment_load(&cs, (uint16_t)w[1]))
		return false;
	unsigned to = w[1] & 3;
	if (to > ring()) {
		if (linear_read(w, ss.base + sp, 20) || !segment_load(&ss, (uint16_t)w[4]))
			return false;
	}
	struct kvm_sregs *s = cpu_sregs();
	struct kvm_regs *r = cpu_regs();
	unsigned from = ring();
	uint64_t keeps = from ? FL_IF | FL_IOPL : 0;
	s->cs = cs;
	s->cs.dpl = (uint8_t)to;
	s->ss = ss;
	r->rip = w[0];
	r->rflags = (w[2] & FL_IRET & ~keeps) | (r->rflags & keeps) | 2;
	r->rsp = to > from ? w[3] : (uint32_t)(sp + 12);
	if (to > from) {
		drop_data(&s->ds, to), drop_data(&s->es, to);
		drop_data(&s->fs, to), drop_data(&s->gs, to);
	}
	return true;
}
