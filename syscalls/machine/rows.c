/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The instructions' rows: the second table of every system whose programs may have the privilege. They are dispatched,
 * traced, judged and counted as the system's own calls are.
 */
#include "row.h"
#include "machine/privilege.h"

#define INSN_KEEPS PART("those of the table are kept and read back; only the segment bases act")
#define INSN(id_, name_, ret_, fn_, level_, ...) sysfn insn_##fn_;
#include "machine/ports.def"
#include "machine/cpu.def"
#include "machine/privileged.def"
#undef INSN
#define INSN(id_, name_, ret_, fn_, level_, ...) [I_##id_] = ROW(name_, ret_, insn_##fn_, level_, __VA_ARGS__),
const struct row insn_rows[N_INSN] = {
#include "machine/ports.def"
#include "machine/cpu.def"
#include "machine/privileged.def"
};
