/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Where KVM emulates ring 0 it knows next to nothing of x87, SSE and what came after. Such an instruction of the program's,
 * which touches but registers and one place of memory, is carried out by our own processor instead: with the program's
 * registers and vector state, its memory operand being a copy at an address of ours that goes back where it was changed.
 * xsave, xrstor and their kin too, held to what the program's XCR0 has; xsaves and xrstors, which know nothing more here
 * (IA32_XSS is 0), by the forms that need no privilege. Nothing else privileged, no jump and nothing with an address in a register gets here: what may is listed. What it raises
 * (arithmetic that is not masked, an encoding that is none) is a signal here and an exception there.
 */
#include <sys/mman.h>
#include <ucontext.h>
#include "insn.h"
#include "metal.h"

#define FL_ARITH 0x8d5ull
#define CR0_EM 4u
#define CR0_TS 8u
#define CR4_OSFXSR 0x200u
#define CR4_OSXSAVE 0x40000u
#define STATE (1ull << 9 | 3ull << 17)   /* of XCR0, what is not ours to lend: protection keys, tiles */
enum { V_UD = 6, V_NM = 7, V_GP = 13, V_PF = 14 };

void borrow_run(void);

/* borrow.S counts in words of eight */
struct borrowed { uint64_t reg[16], flags; char *area; uint64_t components; uint8_t *code; };
extern struct borrowed borrowed;
struct borrowed borrowed;
static uint8_t *page;                    /* code; in the next one the operand */
#define OPERAND (page + PAGE)
static volatile long raised;             /* the vector of what the instruction raised, or -1 */
static unsigned ret_at;                  /* where the code's ret is */
static char area[4096] __attribute__((aligned(64)));

/* --- what may ----------------------------------------------------------------------------------------------------------- */
enum what { NO, FPU, SSE, PLAIN, STATES };

static enum what two_byte(const struct insn *i, unsigned sub, bool memory)
{
	switch (i->op) {
	case 0x10 ... 0x17: case 0x28 ... 0x2f: case 0x50 ... 0x76: case 0x7c ... 0x7f: case 0xc2: case 0xc4 ... 0xc6:
	case 0xd0 ... 0xf6: case 0xf8 ... 0xfe:                          /* f7 writes to where rdi says */
		return SSE;
	case 0x77: return FPU;
	case 0xb8: case 0xbc: case 0xbd: return i->rep == 0xf3 ? PLAIN : NO;
	case 0xc7:                       /* cmpxchg16b; xrstors, xsavec, xsaves */
		return !memory ? NO : sub == 1 ? PLAIN : sub >= 3 && sub <= 5 ? STATES : NO;
	case 0xae:                       /* ldmxcsr, stmxcsr; xsave, xrstor, xsaveopt; 66 makes of the last clwb */
		return !memory || i->opsize ? NO : sub == 2 || sub == 3 ? SSE : sub >= 4 && sub <= 6 ? STATES : NO;
	}
	return NO;
}
static enum what allowed(const struct insn *i, const uint8_t *code)
{
	uint8_t m = i->modrm_at ? code[i->modrm_at] : 0;
	switch (i->map) {
	case 0: return i->op >= 0xd8 && i->op <= 0xdf ? FPU : NO;
	case 1: return two_byte(i, m >> 3 & 7, m < 0xc0);
	case 2:                          /* movbe, crc32, adcx; SSSE3 to AES */
		return i->op == 0xf0 || i->op == 0xf1 || i->op == 0xf6 ? PLAIN :
		       i->op <= 0x41 || (i->op >= 0xc8 && i->op <= 0xcd) || (i->op >= 0xdb && i->op <= 0xdf) ? SSE : NO;
	case 3: return i->op <= 0x63 || i->op == 0xcc || i->op == 0xcf || i->op == 0xdf ? SSE : NO;
	}
	return NO;
}

/* --- the operand ---------------------------------------------------------------------------------------------------------- */
static __u64 *reg_of(struct kvm_regs *r, unsigned n)
{
	__u64 *const at[16] = { &r->rax, &r->rcx, &r->rdx, &r->rbx, &r->rsp, &r->rbp, &r->rsi, &r->rdi,
				   &r->r8, &r->r9, &r->r10, &r->r11, &r->r12, &r->r13, &r->r14, &r->r15 };
	return at[n];
}
static int64_t displacement(const struct insn *i, const uint8_t *code)
{
	int32_t d32 = 0;
	if (i->disp_len == 1)
		return (int8_t)code[i->disp_at];
	if (i->disp_len == 4)
		memcpy(&d32, code + i->disp_at, 4);
	return d32;
}
static const struct kvm_segment *segment_of(const struct kvm_sregs *s, const struct insn *i, const uint8_t *code, bool by_stack)
{
	const struct kvm_segment *seg = by_stack ? &s->ss : &s->ds;
	for (unsigned k = 0; k < i->modrm_at; k++)
		switch (code[k]) {
		case 0x26: seg = &s->es; break;
		case 0x2e: seg = &s->cs; break;
		case 0x36: seg = &s->ss; break;
		case 0x3e: seg = &s->ds; break;
		case 0x64: seg = &s->fs; break;
		case 0x65: seg = &s->gs; break;
		case 0x0f: return seg;
		}
	return seg;
}
static uaddr operand(struct kvm_regs *r, const struct kvm_sregs *s, const struct insn *i, const uint8_t *code)
{
	unsigned m = code[i->modrm_at], rm = m & 7, base = rm;
	uint64_t a = (uint64_t)displacement(i, code);

	if (rm == 4) {
		uint8_t sib = code[i->modrm_at + 1];
		unsigned index = (sib >> 3 & 7) | (i->rex & 2 ? 8 : 0);
		base = sib & 7;
		if (index != 4)
			a += *reg_of(r, index) << (sib >> 6);
	}
	bool none = base == 5 && m < 0x40;
	if (!none)
		a += *reg_of(r, base | (i->rex & 1 ? 8 : 0));
	else if (rm == 5 && s->cs.l)
		a += r->rip + i->len;
	const struct kvm_segment *seg = segment_of(s, i, code, !none && (base == 4 || base == 5));
	if (!s->cs.l)
		return (uint32_t)((uint32_t)a + seg->base);
	return a + (seg == &s->fs || seg == &s->gs ? seg->base : 0);
}
/* The copy of it, as far as there is memory: how much is touched only the instruction knows. */
static size_t fetch(uaddr at, uint8_t *to, size_t n)
{
	size_t first = MIN(n, PAGE - (at & (PAGE - 1)));
	if (linear_read(to, at, first))
		return 0;
	return first < n && !linear_read(to + first, at + first, n - first) ? n : first;
}
static bool put_back(uaddr at, const uint8_t *was, const uint8_t *is, size_t n)
{
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i; end < n && was[end] != is[end]; end++)
			;
		if (end > i && linear_write(at + i, is + i, end - i))
			return false;
		end += end == i;
	}
	return true;
}

/* --- the instruction as it runs here ------------------------------------------------------------------------------------------ */
/* With its operand at (%rsi), or (%rdi) where rsi is the other one; no segment, no size of addresses. */
static void rewrite(uint8_t *to, const struct insn *i, const uint8_t *code, bool memory)
{
	unsigned n = 0, op_at = i->modrm_at ? i->modrm_at : i->len, other = 0;

	for (unsigned k = 0; k < op_at; k++) {
		uint8_t b = code[k];
		bool prefix = k + 1 < op_at && !other;
		if (prefix && memory && (b == 0x26 || b == 0x2e || b == 0x36 || b == 0x3e || b == 0x64 || b == 0x65 || b == 0x67))
			continue;
		if (i->rex && b == i->rex && prefix && memory)
			b &= (uint8_t)~3u;
		other |= code[k] == 0x0f || (code[k] & 0xf8) == 0xd8;
		to[n++] = b;
	}
	if (i->modrm_at) {
		uint8_t m = code[i->modrm_at], reg = m >> 3 & 7;
		to[n++] = memory ? (uint8_t)(reg << 3 | (reg == 6 ? 7 : 6)) : m;
		for (unsigned k = 0; k < i->imm_len; k++)
			to[n++] = code[i->imm_at + k];
	}
	ret_at = n;
	to[n] = 0xc3;
}
/* In the host handler of SIGILL, SIGFPE and SIGSEGV: on at the ret behind the instruction, if it is that. */
bool borrow_raised(void *uc)
{
	greg_t *g = ((ucontext_t *)uc)->uc_mcontext.gregs;
	if (!page || (uint8_t *)g[REG_RIP] < page || (uint8_t *)g[REG_RIP] >= page + ret_at)
		return false;
	raised = g[REG_TRAPNO];
	g[REG_RIP] = (greg_t)(page + ret_at);
	return true;
}
static bool state(bool in)
{
	return host(SYS_ioctl, box.fd, in ? KVM_GET_XSAVE : KVM_SET_XSAVE, area) >= 0;
}
static bool ready(void)
{
	if (!page) {
		long a = host(SYS_mmap, NULL, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		uint32_t lo, hi;
		if (a < 0 && a > -4096)
			return false;
		__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
		page = (uint8_t *)a;
		borrowed.components = ((uint64_t)hi << 32 | lo) & ~STATE;
	}
	return state(true);
}
/* Which components xsave and its like are about: those asked for, of the program's XCR0, that are ours to lend. False: what
 * is to be taken back has more than that. */
static bool ask_states(const struct kvm_regs *r, bool back)
{
	struct kvm_xcrs x = { 0 };
	uint64_t xcr0 = host(SYS_ioctl, box.fd, KVM_GET_XCRS, &x) >= 0 && x.nr_xcrs ? x.xcrs[0].value : 3, has = xcr0 & borrowed.components;
	uint64_t header[2];

	borrowed.reg[0] = r->rax & (uint32_t)has;
	borrowed.reg[2] = r->rdx & has >> 32;
	memcpy(header, OPERAND + 512, sizeof header);
	return !back || !((header[0] | (header[1] & ~(1ull << 63))) & ~xcr0);
}
static bool carried_out(const struct insn *i, const uint8_t *code, bool memory, bool states)
{
	static uint8_t was[PAGE];
	struct kvm_regs *r = cpu_regs();
	uaddr at = memory ? operand(r, cpu_sregs(), i, code) : 0;
	uint64_t zero = 0;
	if (states && at % 64)
		return cpu_enter(V_GP, &zero);
	size_t n = memory ? fetch(at, OPERAND, states ? sizeof was : 128) : 0;

	if (memory && !n) {
		uint64_t error = 0;
		cpu_sregs()->cr2 = at;
		return cpu_enter(V_PF, &error);
	}
	memcpy(was, OPERAND, n);
	rewrite(page, i, code, memory);
	for (unsigned k = 0; k < 16; k++)
		borrowed.reg[k] = *reg_of(r, k);
	if (states && !ask_states(r, (code[i->modrm_at] >> 3 & 7) == 5))
		return cpu_enter(V_GP, &zero);
	unsigned by = (code[i->modrm_at] >> 3 & 7) == 6 ? 7 : 6;
	if (memory)
		borrowed.reg[by] = (uint64_t)OPERAND;
	borrowed.flags = (r->rflags & FL_ARITH) | 0x202;
	borrowed.area = area;
	borrowed.code = page;
	raised = -1;
	borrow_run();
	if (raised >= 0) {
		uint64_t none = 0;
		return cpu_enter((unsigned)raised, raised == V_GP ? &none : NULL);
	}
	if (!state(false) || !put_back(at, was, OPERAND, n))
		return false;
	for (unsigned k = 0; k < 16 && !states; k++)
		if (k != 4 && !(memory && k == by))
			*reg_of(r, k) = borrowed.reg[k];
	r->rflags = (r->rflags & ~FL_ARITH) | (borrowed.flags & FL_ARITH);
	r->rip += i->len;
	return true;
}
/* The form of xsaves and xrstors that asks for no privilege */
static void unprivileged(uint8_t *code, const struct insn *i)
{
	unsigned sub = code[i->modrm_at] >> 3 & 7;
	if (i->op != 0xc7 || sub == 4)
		return;
	code[i->modrm_at] = (uint8_t)((code[i->modrm_at] & 0xc7) | (sub == 5 ? 4 : 5) << 3);     /* xsavec; xrstor */
	code[i->modrm_at - 1] = sub == 5 ? 0xc7 : 0xae;
}
bool borrow(const uint8_t *bytes, size_t n)
{
	const struct kvm_sregs *s = &box.run->s.regs.sregs;
	uint8_t code[15] = { 0 };
	struct insn i;

	memcpy(code, bytes, MIN(n, sizeof code));

	if (!insn_decode(code, n, &i) || (!s->cs.l && (i.rex || !s->cs.db)))
		return false;
	enum what what = allowed(&i, code);
	for (unsigned k = 0; code[k] != 0x0f && k < i.len; k++)
		if (code[k] == 0xf0 && i.op != 0xc7)
			return cpu_enter(V_UD, NULL);
	bool memory = i.modrm_at && code[i.modrm_at] < 0xc0;
	if (what == NO || (!memory && i.modrm_at && what != FPU && ((code[i.modrm_at] & 7) == 4 || (code[i.modrm_at] >> 3 & 7) == 4) && i.map == 1 &&
			   (i.op == 0x7e || i.op == 0x6e || what == PLAIN)))
		return false;                    /* rsp is not lent */
	if (what != PLAIN && s->cr0 & CR0_TS)
		return cpu_enter(V_NM, NULL);
	if (what == FPU && s->cr0 & CR0_EM)
		return cpu_enter(V_NM, NULL);
	if (what == SSE && !(s->cr4 & CR4_OSFXSR))
		return cpu_enter(V_UD, NULL);
	if (what == STATES && !(s->cr4 & CR4_OSXSAVE))
		return cpu_enter(V_UD, NULL);
	if (what == STATES)
		unprivileged(code, &i);
	return ready() && carried_out(&i, code, memory, what == STATES);
}
