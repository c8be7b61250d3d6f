/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The .def files of this folder as tables.
 */
#include "../../syscalls/row.h"
#include "../../syscalls/ext.h"
#include "metal.h"

#define SYS(nr_, name_, ret_, fn_, level_, ...) sysfn fn_;
#define INSN(nr_, name_, ret_, fn_, level_, ...) sysfn metal_##fn_;
#include "hypercalls.def"
#include "machine/ports.def"
#include "cpu.def"
#undef SYS
#undef INSN

#define SYS(nr_, name_, ret_, fn_, level_, ...) [nr_] = ROW(name_, ret_, fn_, level_, __VA_ARGS__),
#define INSN(nr_, name_, ret_, fn_, level_, ...) [nr_] = ROW(name_, ret_, metal_##fn_, level_, __VA_ARGS__),
static const struct row hypercalls[] = {
#include "hypercalls.def"
}, ports[] = {
#include "machine/ports.def"
}, cpu[] = {
#include "cpu.def"
};
_Static_assert(ARRAY_LEN(hypercalls) == 9 && ARRAY_LEN(ports) == 6 && ARRAY_LEN(cpu) == 6, "the last of each is what it was");

const struct systab metal_tab[3] = {
	[TAB_HYPERCALL] = { "hypercall", hypercalls, ARRAY_LEN(hypercalls) }, [TAB_PORT] = { "port", ports, ARRAY_LEN(ports) },
	[TAB_CPU] = { "cpu", cpu, ARRAY_LEN(cpu) },
};
const struct bit metal_bits[] = {
#include "bits.def"
	{ 0 }
};
