/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Who called whom, and what it is called: of a process that died (tools/supervise/) and of a call that was recorded
 * (tools/trace/). code.c keeps what is asked of ELF files, unwind.c follows return addresses by libdw. The files are any
 * system's and may be hostile; so may the stack.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <elfutils/libdw.h>

/* --- code.c: a file, read once and kept until the process ends ------------------------------------------------------ */
struct code;
struct code *code_of(const char *path);                      /* never NULL; one that cannot be read knows nothing */
bool code_is_fixed(const struct code *);                     /* linked where it lies in every process */
const char *code_path(const struct code *);
bool code_linked(const struct code *, uint64_t offset, uint64_t *linked);    /* what lies at this offset of the file */
bool code_holds(const struct code *, uint64_t linked);
const char *code_symbol(const struct code *, uint64_t linked, uint64_t *start);      /* the function there, or NULL */
bool code_source(struct code *, uint64_t linked, const char **file, int *line);
int code_frame(struct code *, uint64_t linked, Dwarf_Frame **);      /* as dwarf_cfi_addrframe; to be freed */

/* --- names.c ------------------------------------------------------------------------------------------------------- */
void map_name(char *);                       /* in place: from how /proc/PID/maps writes it */
const char *line_name(const char *);         /* nothing that is no printable ASCII; the last four stay */

/* --- unwind.c ------------------------------------------------------------------------------------------------------- */
enum { STACK_RBP = 6, STACK_RSP = 7, STACK_RIP = 16, STACK_REGS = 17 };     /* as DWARF numbers them */

struct stack {                       /* whose: the first member of what the functions know more of */
	bool (*word)(const struct stack *, uint64_t at, uint64_t *);
	/* false: no code lies there; *file: what it is of, NULL where it is of none */
	bool (*code)(const struct stack *, uint64_t at, struct code **file, uint64_t *linked);
};
/* Return addresses, the innermost first: how many are in pc. leaf: where the first function has no rules, it has pushed nothing. */
unsigned unwind(const struct stack *, const uint64_t reg[STACK_REGS], bool leaf, uint64_t *pc, unsigned most);
