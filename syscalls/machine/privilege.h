/* SPDX-License-Identifier: BSD-2-Clause
 *
 * An ordinary program that may use privileged instructions: with --grant io, and once it has asked its own system. The
 * processor faults as it always would; the fault is taken here (carry.c), the instruction carried out against a virtual
 * processor (cpu.c) and virtual devices (machine.h) that the process has for itself, and the program goes on behind it.
 * The host is never asked for such a privilege, and no hardware is ever touched.
 *
 * What a thread may use is its own (thread.iopl, thread.ports) and written by it alone. The machine is the process's: made
 * at the first grant, copied by fork as all memory is, and carried over exec.
 */
#pragma once
#include "guise.h"
#include "machine/machine.h"

#define IO_PORTS 65536u
#define IOPL_ALL 3                       /* every port, and every instruction that is here; 1 and 2 give nothing */

bool privilege_granted(const struct proc *);                 /* --grant io */
/* What the systems' own calls ask for; the caller has asked privilege_granted where it gives more. 0 or -ENOMEM. */
long must_check privilege_level(struct thread *, unsigned level);
long must_check privilege_ports(struct thread *, unsigned from, unsigned n, bool on);
bool privilege_has_ports(const struct thread *);             /* a set of single ports was ever asked for */
bool privilege_port(const struct thread *, unsigned port);   /* it is in that set */
void privilege_born(struct thread *child, const struct thread *t, bool ports);       /* with the level, and the ports too? */
void privilege_end(struct thread *);                         /* what the thread had is gone */
void privilege_end_ports(struct thread *);

/* An image ends: what of it holds for the next, in a descriptor of ours; -1: nothing; -errno */
int privilege_save(struct thread *, bool level);
void privilege_load(struct thread *, int fd);

/* A fault of the guest's: true, it was such an instruction and is carried out (or has become another signal). */
bool privilege_fault(struct thread *, const struct sigpend *);
static inline bool privilege_any(const struct thread *t) { return t->iopl || t->ports; }

/* --- between the files --------------------------------------------------------------------------------------------------- */
struct cpu {                         /* what the program has told its processor, under the machine's lock */
	uint64_t cr[9], dr[8];
	uint64_t msr[32];                /* by the rows of cpu.c */
	struct { uint64_t base; uint16_t limit; } gdt, idt;
	uint16_t ldt, tr;
};
struct virtual {
	struct cpu cpu;
	struct machine m;
};
extern struct virtual *virtual_machine;      /* NULL until the first grant */
long must_check virtual_start(struct thread *);
enum insn_call {
#define INSN(id_, ...) I_##id_,
#include "machine/ports.def"
#include "machine/cpu.def"
#include "machine/privileged.def"
#undef INSN
	N_INSN
};
extern const struct row insn_rows[N_INSN];   /* a table of each system whose programs may have the privilege */
#define INSN_TABLE { "instruction", insn_rows, N_INSN }
