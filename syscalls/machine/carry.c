/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A privileged instruction of an ordinary program, from the fault to the instruction behind it: taken apart (decode.c),
 * allowed or not, made as a call by its row (rows.c), its result put into the registers. Runs where signals are
 * delivered (thread_attend): on our stack, in ordinary context, under every engine alike.
 *
 * What is not allowed, or is none of these, stays the fault that it was. A string instruction is a call for each of its
 * elements, with the registers as far as it has come: a signal between two of them or a fault at one finds it there.
 */
#include "host.h"
#include "pending.h"
#include "machine/decode.h"
#include "machine/privilege.h"

enum verdict { DONE, REFUSED, FAULTED, BROKEN_OFF };     /* FAULTED: another signal is due. BROKEN_OFF: a signal, go on later */
#define DF 0x400ull
#define TF 0x100ull
enum { PAGE_FAULT = 14, ERR_WRITE = 2, ERR_USER = 4 };

/* As much of it as can be read: it may end where its page does. */
static size_t fetch(uaddr rip, uint8_t code[15])
{
	size_t first = MIN(15ul, PAGE - (rip & (PAGE - 1)));
	if (copy_in(code, rip, first))
		return 0;
	return first < 15 && !copy_in(code + first, rip + first, 15 - first) ? 15 : first;
}
static const struct systab *table_of(const struct personality *p, unsigned *at)
{
	for (*at = 0; *at < p->n_tab; ++*at)
		if (p->tab[*at].row == insn_rows)
			return &p->tab[*at];
	return NULL;
}
static enum verdict make(struct thread *t, enum insn_call nr, uint64_t a, uint64_t b, uint64_t *value)
{
	struct call c = { .t = t, .nr = nr, .row = &insn_rows[nr], .raw = { (long)a, (long)b } };

	if (!table_of(t->p->pers, &c.tab))
		return REFUSED;
	t->call = &c;
	long rv = call_run(&c);
	t->call = NULL;
	if (c.row->ret == R_HEX && value) {
		if (rv < 0 && rv != c.rv2)
			return REFUSED;
		*value = (uint64_t)(rv == c.rv2 ? c.rv2 : rv);   /* an injected one is only a result */
		return DONE;
	}
	return rv < 0 ? REFUSED : DONE;
}
/* --- in and out --------------------------------------------------------------------------------------------------------------- */
static bool may_port(const struct thread *t, unsigned port, unsigned size)
{
	bool all = true;
	for (unsigned i = 0; i < size; i++)
		all &= privilege_port(t, port + i);
	return t->iopl >= IOPL_ALL || all;
}
static unsigned log2_of(unsigned size) { return size == 4 ? 2 : size - 1; }

static enum verdict port_in(struct thread *t, unsigned port, unsigned size, uint64_t *to)
{
	uint64_t v = 0, mask = size == 1 ? 0xff : 0xffff;
	enum verdict d = make(t, I_PORT_INB + log2_of(size), port, 0, &v);
	if (d == DONE)
		*to = size == 4 ? (uint32_t)v : (*to & ~mask) | (v & mask);
	return d;
}
static enum verdict port_out(struct thread *t, unsigned port, unsigned size, uint64_t v)
{
	return make(t, I_PORT_OUTB + log2_of(size), port, size == 4 ? (uint32_t)v : v & (size == 1 ? 0xff : 0xffff), NULL);
}
/* --- ins and outs ----------------------------------------------------------------------------------------------------------------- */
/* What comes from now on waits until this one is told: both are noted in one place. */
static void force(struct thread *t, int sig, int code, uaddr addr, unsigned trapno)
{
	uint64_t all = ~FAULTS & ~carrier_bit(t->p);
	host(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, 8);
	signal_force(t, sig, code, addr, trapno);
}
/* What the access itself would have caused, had the processor made it. */
static enum verdict page_fault(struct thread *t, uaddr a, unsigned size, bool write)
{
	uint8_t byte;
	uaddr at = (a & (PAGE - 1)) + size > PAGE && !copy_in(&byte, a, 1) ? PAGE_DOWN(a) + PAGE : a;
	int sig = t->fault_sig ? t->fault_sig : SIGSEGV;

	if (at >= USER_TOP)
		return REFUSED;          /* no address at all: the fault that it was */
	force(t, sig, t->fault_code > 0 ? t->fault_code : SEGV_MAPERR, at, PAGE_FAULT);
	t->pend.err = ERR_USER | (write ? ERR_WRITE : 0) | (t->fault_code == SEGV_ACCERR);
	t->pend.cr2 = at;
	return FAULTED;
}
/* A port that is read is not what it was: so first is asked whether there is a place for what comes. */
static bool writable(uaddr a, unsigned size)
{
	for (uaddr w = a & ~3ull; w < a + size; w += 4) {
		uint32_t v, seen;
		if (mem_load32(w, &v) || mem_cas32(w, v, v, &seen))
			return false;
	}
	return true;
}
static enum verdict element(struct thread *t, const struct decoded *d, uaddr a)
{
	uint64_t v = 0;
	uint8_t *bytes = (uint8_t *)&v;
	unsigned port = (uint16_t)t->regs.rdx;
	enum verdict done;

	t->fault_sig = t->fault_code = 0;
	if (d->kind == P_OUTS)
		return copy_in(bytes, a, d->size) ? page_fault(t, a, d->size, false) : port_out(t, port, d->size, v);
	if (!writable(a, d->size))
		return page_fault(t, a, d->size, true);
	if ((done = port_in(t, port, d->size, &v)) != DONE)
		return done;
	return copy_out(a, bytes, d->size) ? page_fault(t, a, d->size, true) : DONE;
}
static void step(uint64_t *reg, int64_t by, bool addr32)
{
	*reg = addr32 ? (uint32_t)(*reg + (uint64_t)by) : *reg + (uint64_t)by;
}
static enum verdict string(struct thread *t, const struct decoded *d)
{
	struct regs *r = &t->regs;
	uint64_t *at = d->kind == P_INS ? &r->rdi : &r->rsi, base = 0;
	enum verdict done = DONE;

	if (!may_port(t, (uint16_t)r->rdx, d->size))
		return REFUSED;
	if (d->kind == P_OUTS && d->seg == 0x64)
		base = segment_fs(t);
	for (uint64_t n = 0; !d->rep || (d->addr32 ? (uint32_t)r->rcx : r->rcx); n++) {
		if (n && t->attn)
			return BROKEN_OFF;
		if ((done = element(t, d, base + (d->addr32 ? (uint32_t)*at : *at))) != DONE)
			break;
		step(at, r->rflags & DF ? -(int64_t)d->size : d->size, d->addr32);
		if (!d->rep)
			break;
		step(&r->rcx, -1, d->addr32);
		if (virtual_machine->m.ended)
			break;
	}
	return done;
}
/* --- the others --------------------------------------------------------------------------------------------------------------------- */
static enum verdict segment_table(struct thread *t, const struct decoded *d, enum insn_call nr)
{
	struct { uint16_t limit; uint8_t base[8]; } from;
	uaddr a = privileged_address(d, &t->regs, d->seg == 0x64 ? segment_fs(t) : 0);
	uint64_t base;

	t->fault_sig = t->fault_code = 0;
	if (copy_in(&from, a, sizeof from))
		return page_fault(t, a, sizeof from, false);
	memcpy(&base, from.base, 8);
	return make(t, nr, base, from.limit, NULL);
}
static enum verdict selector(struct thread *t, const struct decoded *d, enum insn_call nr)
{
	uint16_t v = (uint16_t)*reg_of(&t->regs, d->rm);
	uaddr a = d->mem ? privileged_address(d, &t->regs, d->seg == 0x64 ? segment_fs(t) : 0) : 0;

	t->fault_sig = t->fault_code = 0;
	if (d->mem && copy_in(&v, a, sizeof v))
		return page_fault(t, a, sizeof v, false);
	return make(t, nr, v, 0, NULL);
}
static enum verdict msr(struct thread *t, bool write)
{
	struct regs *r = &t->regs;
	uint64_t v = r->rdx << 32 | (uint32_t)r->rax;
	enum verdict d = make(t, write ? I_CPU_WRMSR : I_CPU_RDMSR, (uint32_t)r->rcx, v, write ? NULL : &v);

	if (d == DONE && !write) {
		r->rax = (uint32_t)v;
		r->rdx = v >> 32;
	}
	return d;
}
static enum verdict carry_out(struct thread *t, const struct decoded *d)
{
	struct regs *r = &t->regs;
	unsigned port = d->imm ? d->port : (uint16_t)r->rdx;
	uint64_t *rm = reg_of(r, d->rm);

	switch (d->kind) {
	case P_IN: return may_port(t, port, d->size) ? port_in(t, port, d->size, &r->rax) : REFUSED;
	case P_OUT: return may_port(t, port, d->size) ? port_out(t, port, d->size, r->rax) : REFUSED;
	case P_INS: case P_OUTS: return string(t, d);
	}
	if (t->iopl < IOPL_ALL)
		return REFUSED;
	switch (d->kind) {
	case P_CLI: return make(t, I_CPU_CLI, 0, 0, NULL);
	case P_STI: return make(t, I_CPU_STI, 0, 0, NULL);
	case P_HLT: return make(t, I_CPU_HLT, 0, 0, NULL);
	case P_RDMSR: return msr(t, false);
	case P_WRMSR: return msr(t, true);
	case P_READ_CR: return make(t, I_CPU_READ_CR, d->reg, 0, rm);
	case P_WRITE_CR: return make(t, I_CPU_WRITE_CR, d->reg, *rm, NULL);
	case P_READ_DR: return make(t, I_CPU_READ_DR, d->reg, 0, rm);
	case P_WRITE_DR: return make(t, I_CPU_WRITE_DR, d->reg, *rm, NULL);
	case P_CLTS: return make(t, I_CPU_CLTS, 0, 0, NULL);
	case P_LMSW: return selector(t, d, I_CPU_LMSW);
	case P_LGDT: return segment_table(t, d, I_CPU_LGDT);
	case P_LIDT: return segment_table(t, d, I_CPU_LIDT);
	case P_LLDT: return selector(t, d, I_CPU_LLDT);
	case P_LTR: return selector(t, d, I_CPU_LTR);
	case P_INVLPG: return make(t, I_CPU_INVLPG, privileged_address(d, r, d->seg == 0x64 ? segment_fs(t) : 0), 0, NULL);
	case P_INVPCID: return make(t, I_CPU_INVPCID, *reg_of(r, d->reg), privileged_address(d, r, 0), NULL);
	case P_INVD: return make(t, I_CPU_INVD, 0, 0, NULL);
	case P_WBINVD: return make(t, I_CPU_WBINVD, 0, 0, NULL);
	case P_SWAPGS: return make(t, I_CPU_SWAPGS, 0, 0, NULL);
	case P_XSETBV: return make(t, I_CPU_XSETBV, (uint32_t)r->rcx, r->rdx << 32 | (uint32_t)r->rax, NULL);
	}
	return REFUSED;
}
/* The debug exit ends the program, and so does a reset: nothing is left to run. */
static void ended(struct thread *t)
{
	const struct machine *m = &virtual_machine->m;
	if (m->ended)
		proc_exit(t, m->ended == MACHINE_EXITED ? m->status & 0xff : 0);
}
bool privilege_fault(struct thread *t, const struct sigpend *pd)
{
	struct decoded d;
	uint8_t code[15];
	size_t n;

	if (pd->trapno != 13 || pd->sig != SIGSEGV || !(n = fetch(t->regs.rip, code)) || !privileged_decode(code, n, &d))
		return false;
	signal_setmask(t, t->sigmask);           /* it may take time: what is sent meanwhile ends a wait */
	enum verdict done = carry_out(t, &d);
	if (done == DONE) {
		t->regs.rip += d.len;
		ended(t);
		if (t->regs.rflags & TF)
			force(t, SIGTRAP, TRAP_TRACE, t->regs.rip, 1);
	}
	return done != REFUSED;
}
