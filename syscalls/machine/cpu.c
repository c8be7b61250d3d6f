/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The virtual processor of an ordinary program, as far as privileged instructions see it: what the handlers of the rows
 * (rows.c) do. Its registers are kept and can be read back; the program goes on natively in its own system's address
 * space and segments, so of what it writes only the segment bases act. -EPERM: not so on this processor, which becomes
 * the fault that the instruction caused. Facts: AMD64 Architecture Programmer's Manual, volume 2; Intel SDM, volume 3.
 */
#include <linux/futex.h>
#include <poll.h>
#include "host.h"
#include "options.h"
#include "machine/privilege.h"

sysfn insn_in, insn_out, insn_rdmsr, insn_wrmsr, insn_hlt, insn_cli, insn_sti, insn_read_cr, insn_write_cr, insn_read_dr,
      insn_write_dr, insn_clts, insn_lmsw, insn_lgdt, insn_lidt, insn_lldt, insn_ltr, insn_flush, insn_swapgs, insn_xsetbv;

struct virtual *virtual_machine FORKED;
static volatile uint32_t machine_lock FORKED;        /* the devices' and the processor's: one that fork knows of */
FORK_LOCK(machine_lock);
static volatile uint32_t halted;         /* threads that wait for an interrupt; under the lock */

/* --- the console: the program's standard input and output ------------------------------------------------------------------ */
static void console_out(struct machine *m, const uint8_t *b, size_t n)
{
	struct pollfd writable = { .fd = 1, .events = POLLOUT };
	while (n) {
		long done = host(SYS_write, 1, b, n);
		if (done == -EAGAIN)
			host(SYS_poll, &writable, 1, -1);
		else if (done < 0 && done != -EINTR)
			return;
		b += MAX(done, 0l);
		n -= (size_t)MAX(done, 0l);
	}
}
static int console_in(struct machine *m)
{
	struct pollfd readable = { .fd = 0, .events = POLLIN };
	uint8_t byte;
	if (host(SYS_poll, &readable, 1, 0) <= 0)
		return -1;
	long n = host(SYS_read, 0, &byte, 1);
	return n == 1 ? byte : n == -EAGAIN || n == -EINTR ? -1 : -2;
}
static void raised(struct machine *m)
{
	if (halted)
		host(SYS_futex, &m->changed, FUTEX_WAKE_PRIVATE, 1 << 30);
}
static const struct machine_host outside = { .console_out = console_out, .console_in = console_in, .raised = raised };

/* --- ports ------------------------------------------------------------------------------------------------------------------ */
static long result(struct call *c, uint64_t v)
{
	c->rv2 = (long)v;                /* whole: as a result some values would look like errors */
	return (long)v;
}
long insn_in(struct call *c)
{
	return result(c, machine_in(&virtual_machine->m, (uint16_t)c->raw[0], 1u << (c->nr - I_PORT_INB)));
}
long insn_out(struct call *c)
{
	machine_out(&virtual_machine->m, (uint16_t)c->raw[0], 1u << (c->nr - I_PORT_OUTB), (uint32_t)c->raw[1]);
	return 0;
}
/* --- MSRs ------------------------------------------------------------------------------------------------------------------- */
enum { M_KEEP, M_READ, M_ADDR, M_TSC, M_FS };        /* kept; not written; kept, an address; acts */
static const struct { uint32_t nr; uint8_t how; uint64_t reset, may; } msrs[] = {
	{ 0x10, M_TSC }, { 0x1b, M_KEEP, 0xfee00900, 0xffffffffffd00 }, { 0x8b, M_READ }, { 0xfe, M_READ },
	{ 0x174, M_KEEP, 0, 0xffff }, { 0x175, M_ADDR }, { 0x176, M_ADDR }, { 0x1a0, M_KEEP, 1, ~0u },
	{ 0x277, M_KEEP, 0x0007040600070406, 0x0707070707070707 }, { 0x2ff, M_KEEP, 0xc06, 0xcff }, { 0xda0, M_KEEP, 0, 0 },
	{ 0xc0000080, M_KEEP, 0xd01, 0xfd01 }, { 0xc0000081, M_KEEP, 0, ~0ull }, { 0xc0000082, M_ADDR }, { 0xc0000083, M_ADDR },
	{ 0xc0000084, M_KEEP, 0, ~0u }, { 0xc0000100, M_FS }, { 0xc0000101, M_ADDR }, { 0xc0000102, M_ADDR },
	{ 0xc0000103, M_KEEP, 0, ~0u },
};
_Static_assert(ARRAY_LEN(msrs) <= ARRAY_LEN(((struct cpu *)NULL)->msr), "each has a place");
enum { MSR_GS = 0xc0000101, MSR_KERNEL_GS };

static int msr_at(uint32_t nr)
{
	for (unsigned i = 0; i < ARRAY_LEN(msrs); i++)
		if (msrs[i].nr == nr)
			return (int)i;
	return -1;
}
static bool canonical(uint64_t a) { return (uint64_t)((int64_t)(a << 16) >> 16) == a; }

static uint64_t tsc(void)
{
	uint32_t a, d;
	__asm__ volatile("rdtsc" : "=a"(a), "=d"(d));
	return (uint64_t)d << 32 | a;
}
static int known_msr(struct call *c)
{
	int i = msr_at((uint32_t)c->raw[0]);
	if (i < 0)
		report_unknown(c->t, UNK_OPTION, "msr", (uint32_t)c->raw[0]);
	return i;
}
long insn_rdmsr(struct call *c)
{
	int i = known_msr(c);
	if (i < 0)
		return -EPERM;
	if (msrs[i].how == M_TSC)
		return result(c, tsc());
	if (msrs[i].how == M_FS)
		return result(c, segment_fs(c->t));
	return result(c, virtual_machine->cpu.msr[i]);
}
long insn_wrmsr(struct call *c)
{
	uint64_t v = (uint64_t)c->raw[1];
	int i = known_msr(c);
	if (i < 0 || msrs[i].how == M_READ || msrs[i].how == M_TSC)
		return -EPERM;           /* the counter is the host's, and read without any privilege */
	if (msrs[i].how == M_KEEP && v & ~msrs[i].may)
		return -EPERM;
	if (msrs[i].how != M_KEEP && !canonical(v))
		return -EPERM;
	if (msrs[i].how == M_FS)
		return segment_fs_set(c->t, v) ? -EPERM : 0;
	virtual_machine->cpu.msr[i] = v;
	return 0;
}
long insn_swapgs(struct call *c)
{
	uint64_t *m = virtual_machine->cpu.msr;
	int gs = msr_at(MSR_GS), kernel = msr_at(MSR_KERNEL_GS);
	lock(&machine_lock);
	uint64_t was = m[gs];
	m[gs] = m[kernel];
	m[kernel] = was;
	unlock(&machine_lock);
	return 0;
}
/* --- interrupts -------------------------------------------------------------------------------------------------------------- */
long insn_cli(struct call *c)
{
	c->t->held_back = true;
	return 0;
}
long insn_sti(struct call *c)
{
	c->t->held_back = false;
	return 0;
}
/* Until something changes: an interrupt, a byte of the console, the next thing that time brings; or a signal. */
static long sleep_once(struct machine *m, uint32_t seen, bool deaf)
{
	uint64_t due = deaf ? NEVER : machine_due(m), now = machine_now(m), ns = due > now ? due - now : 0;
	bool input = !deaf && machine_wants_input(m);
	struct pollfd readable = { .fd = 0, .events = POLLIN };

	if (input && thread_self()->p->nthreads > 1)
		ns = MIN(ns, 10000000);          /* poll does not see what other threads do to the devices */
	struct timespec ts = { (time_t)(ns / 1000000000), (long)(ns % 1000000000) }, *until = due == NEVER && !input ? NULL : &ts;
	if (due == NEVER && input && thread_self()->p->nthreads == 1)
		until = NULL;
	return input ? block(SYS_ppoll, &readable, 1, until, NULL, 8) :
		       block(SYS_futex, &m->changed, FUTEX_WAIT_PRIVATE, seen, until, 0);
}
/* The interrupt itself is taken by nobody: the controllers hold it until the program has asked them. */
long insn_hlt(struct call *c)
{
	struct virtual *v = virtual_machine;
	long e = 0;

	__atomic_add_fetch(&halted, 1, __ATOMIC_SEQ_CST);
	while (e != SYS_RESTART && e != -EINTR) {
		uint32_t seen = __atomic_load_n(&v->m.changed, __ATOMIC_SEQ_CST);
		bool deaf = c->t->held_back;
		if (!deaf && machine_pending(&v->m))
			break;
		e = sleep_once(&v->m, seen, deaf);
	}
	__atomic_sub_fetch(&halted, 1, __ATOMIC_SEQ_CST);
	return 0;
}
/* --- control and debug registers ------------------------------------------------------------------------------------------------ */
#define CR0_MAY 0xe005003full
#define CR4_MAY 0x3ff7ffull
enum { CR0_PE = 1, CR0_MP_EM_TS = 14, CR0_TS = 8, CR0_NW = 1 << 29, CR0_CD = 1 << 30, CR4_DE = 8, CR4_PAE = 0x20 };
#define CR0_PG 0x80000000ull

static bool is_cr(unsigned n) { return !n || (n >= 2 && n <= 4) || n == 8; }

static bool cr_may(unsigned n, uint64_t v)
{
	switch (n) {
	case 0:
		return !(v >> 32) && (v & CR0_PE || !(v & CR0_PG)) && (v & CR0_CD || !(v & CR0_NW)) && v & CR0_PG;
	case 3:
		return !(v >> 52);
	case 4:
		return !(v & ~CR4_MAY) && v & CR4_PAE;
	case 8:
		return v < 16;
	}
	return true;
}
long insn_read_cr(struct call *c)
{
	unsigned n = (unsigned)c->arg[0];
	return is_cr(n) ? result(c, virtual_machine->cpu.cr[n]) : -EPERM;
}
long insn_write_cr(struct call *c)
{
	unsigned n = (unsigned)c->arg[0];
	uint64_t v = (uint64_t)c->raw[1];
	if (!is_cr(n) || !cr_may(n, v))
		return -EPERM;
	virtual_machine->cpu.cr[n] = n ? v : (v & CR0_MAY) | 0x10;
	return 0;
}
long insn_clts(struct call *c)
{
	virtual_machine->cpu.cr[0] &= ~(uint64_t)CR0_TS;
	return 0;
}
long insn_lmsw(struct call *c)
{
	uint64_t *cr0 = &virtual_machine->cpu.cr[0];
	*cr0 = (*cr0 & ~(uint64_t)CR0_MP_EM_TS) | ((uint64_t)c->raw[0] & (CR0_MP_EM_TS | CR0_PE));
	return 0;
}
/* 4 and 5 are other names for 6 and 7, unless cr4 says that they are none. */
static int dr_at(unsigned n)
{
	if (n == 4 || n == 5)
		return virtual_machine->cpu.cr[4] & CR4_DE ? -1 : (int)n + 2;
	return n < 8 ? (int)n : -1;
}
long insn_read_dr(struct call *c)
{
	int n = dr_at((unsigned)c->arg[0]);
	return n < 0 ? -EPERM : result(c, virtual_machine->cpu.dr[n]);
}
long insn_write_dr(struct call *c)
{
	int n = dr_at((unsigned)c->arg[0]);
	uint64_t v = (uint64_t)c->raw[1];
	if (n < 0 || (n >= 6 && v >> 32))
		return -EPERM;
	virtual_machine->cpu.dr[n] = n == 6 ? (v & 0xe00f) | 0xffff0ff0 : n == 7 ? (v & 0xffff23ff) | 0x400 : v;
	return 0;
}
/* --- tables ---------------------------------------------------------------------------------------------------------------------- */
static long table(struct call *c, uint64_t *base, uint16_t *limit)
{
	if (!canonical((uint64_t)c->raw[0]))
		return -EPERM;
	*base = (uint64_t)c->raw[0];
	*limit = (uint16_t)c->raw[1];
	return 0;
}
long insn_lgdt(struct call *c) { return table(c, &virtual_machine->cpu.gdt.base, &virtual_machine->cpu.gdt.limit); }
long insn_lidt(struct call *c) { return table(c, &virtual_machine->cpu.idt.base, &virtual_machine->cpu.idt.limit); }
long insn_lldt(struct call *c)
{
	virtual_machine->cpu.ldt = (uint16_t)c->raw[0];
	return 0;
}
long insn_ltr(struct call *c)
{
	if (!(c->raw[0] & 0xfffc))
		return -EPERM;           /* there is no task of no selector */
	virtual_machine->cpu.tr = (uint16_t)c->raw[0];
	return 0;
}
long insn_flush(struct call *c) { return 0; }        /* the host's own tables and caches are never wrong */

/* What the vector state holds is the host's to say: only what it says already can be asked for. */
long insn_xsetbv(struct call *c)
{
	uint32_t a, d;
	__asm__("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
	return (uint32_t)c->raw[0] || (uint64_t)c->raw[1] != ((uint64_t)d << 32 | a) ? -EPERM : 0;
}
/* --- start ----------------------------------------------------------------------------------------------------------------------- */
static void reset(struct cpu *cpu)
{
	*cpu = (struct cpu){ .cr = { [0] = 0x80050033, [4] = 0x6a0 }, .dr = { [6] = 0xffff0ff0, [7] = 0x400 } };
	cpu->gdt.limit = cpu->idt.limit = 0xffff;
	for (unsigned i = 0; i < ARRAY_LEN(msrs); i++)
		cpu->msr[i] = msrs[i].reset;
}
static void attach(struct virtual *v)
{
	machine_attach(&v->m, &outside, NULL);
	v->m.lock = &machine_lock;
}
/* Once: whoever comes second finds it there. */
long virtual_start(struct thread *t)
{
	struct virtual *v = virtual_machine ? NULL : mem_alloc(sizeof *v), *none = NULL;

	if (virtual_machine)
		return 0;
	if (!v)
		return -ENOMEM;
	reset(&v->cpu);
	machine_init(&v->m, &outside, NULL, 0, t->p->opt->exit_port);
	attach(v);
	if (!__atomic_compare_exchange_n(&virtual_machine, &none, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		mem_free(v, sizeof *v);
	return 0;
}
