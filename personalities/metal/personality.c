/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Programs that expect no operating system but a machine. Their "calls" are what leaves the machine: hypercalls, ports, MSRs,
 * interrupts. They have no signals, no files, no processes; errors of hypercalls are Linux's numbers.
 */
#include "observe/observe.h"
#include "loader/image.h"
#include "metal.h"

#define ERRNO(n_, name_) [name_] = n_,
static const uint16_t errno_of[134] = {
#include "../linux/errno.def"
};
#undef ERRNO
#define ERRNO(n_, name_) [n_] = #name_,
static const char *const names_of_errors[] = {
#include "../linux/errno.def"
};
static const struct record records[N_REC];
static const uint8_t sig_in[1], sig_out[129];
static const char *const sig_name[1];

static int claims(const struct image *im) { return im->bare != BARE_NONE ? 99 : 0; }

/* The registers of a hypercall; the loop (run.c) brings the other tables' calls in itself. */
static void fetch(struct thread *t, struct call *c)
{
	c->tab = TAB_HYPERCALL;
	c->nr = (unsigned)t->regs.rax;
	c->raw[0] = (long)t->regs.rbx, c->raw[1] = (long)t->regs.rcx, c->raw[2] = (long)t->regs.rdx;
	c->raw[3] = c->raw[4] = c->raw[5] = c->raw[6] = c->raw[7] = 0;
}
static void store(struct thread *t, struct call *c) { t->regs.rax = (uint64_t)c->rv; }

static const struct personality metal = {
	.name = "metal", .release = "PC", .about = "bare-metal programs, each in a virtual machine of its own",
	.claims = claims, .load = metal_load, .machine_saved = metal_saved, .machine_restored = metal_restored, .engine = &metal_engine, .fetch = fetch, .store = store,
	.tab = metal_tab, .n_tab = ARRAY_LEN(metal_tab), .bits = metal_bits, .rec = records,
	.errno_of = errno_of, .errno_name = names_of_errors, .n_errno_name = ARRAY_LEN(names_of_errors),
	.sig_in = sig_in, .n_sig = 1, .sig_out = sig_out, .sig_name = sig_name,
};
PERSONALITY(metal);
