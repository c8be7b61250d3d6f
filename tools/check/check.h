/* SPDX-License-Identifier: BSD-2-Clause
 *
 * guise check reads a program and its libraries without running them. A module is one file; a world is a program with
 * all that its run-time linker would load. From the entry, the initializers and whatever their code leads to, the
 * functions that can be reached are found (reach.c); in these, the places that make calls, and the numbers that can be
 * in the registers there (track.c). calls.c holds those against the rows.
 *
 * Every byte of a file may be hostile: nothing is read but through module_at, which knows what there is. Ordinary C
 * with libc; everything is freed with the world. Only calls.c and above know of personalities.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "insn.h"
#include "loader/image.h"

enum { MOST_MODULES = 256, MOST_VALUES = 256, MOST_RANGES = 64, MOST_NAME = 512, WHY = 300 };
#define MOST_WORDS (1ull << 29)          /* of data that are gone through for one program, and steps of all its searches: */
#define MOST_STEPS_ALL (1ull << 28)

/* A call of the program's own asking: its code calls a library's function that makes it, or one that this one calls. */
#define NEAR 2
#define FAR  255

struct range { uint64_t at, size; };
struct function {
	uint64_t at, end;
	const char *name;        /* in the file's own bytes, NUL-terminated there; or NULL */
	uint32_t edge, n_edge;   /* what it leads to: module.edge */
	bool reached;
	bool calls;              /* has an instruction that makes a call */
	uint8_t hops;            /* from the program's own code to here, of direct calls; FAR: none, or too many */
	struct module *by;       /* what it was first reached from: a function of this module, or NULL */
	uint32_t by_function;
};
enum edgekind {
	EDGE_CALL, EDGE_JUMP,    /* to code */
	EDGE_CALL_SLOT, EDGE_JUMP_SLOT,  /* to what stands in this word */
	EDGE_TAKE,               /* takes an address */
	EDGE_LOAD,               /* reads this word */
	EDGE_SYSCALL, EDGE_OLD,  /* makes a call; one of 32-bit programs (int 0x80, sysenter) */
};
struct edge { uint64_t at, to; uint8_t kind; };  /* at: of the instruction */

struct symbol {
	const char *name, *version;      /* version: NULL for none */
	uint64_t at, size;
	bool defined, function, weak, hidden;    /* hidden: not what a name without a version means */
};
struct slot {                        /* a word that the run-time linker fills */
	uint64_t at, to;         /* to: an address of the module, where there is no symbol */
	int32_t symbol;          /* index, or -1 */
	bool lazy;               /* only looked up when it is used first */
	bool alone;              /* no part of an object of the program's: of the linker's own tables */
};
enum found { FOUND_GIVEN, FOUND_ROOT, FOUND_HOST, FOUND_MISSING };
struct module {
	char *name;              /* as it is asked for */
	char *path;              /* as the guest names it; NULL where it is missing */
	char *host;              /* where it lies */
	enum found found;
	bool interpreter;
	bool late;               /* loaded by the program itself (dlopen) */
	bool kept;               /* for the next program (libs.c) */
	const uint8_t *file;
	uint64_t size;
	struct image image;
	struct range text[MOST_RANGES]; unsigned n_text;
	struct symbol *symbol; uint32_t n_symbol;        /* of the dynamic table */
	struct symbol **by_name; uint32_t n_by_name;     /* those defined, sorted */
	struct slot *slot; size_t n_slot, room_slot;     /* sorted by address */
	struct function *function; uint32_t n_function;
	struct edge *edge; size_t n_edge, room_edge;
	uint64_t *start; size_t n_start, room_start;     /* where functions begin */
	uint64_t *border; size_t n_border, room_border;  /* where objects of data, or sections, begin */
	struct symbol *local; size_t n_local, room_local;        /* names of functions and objects, for messages */
	const char *needed[64]; unsigned n_needed;
	const char *soname, *rpath, *runpath;
	uint64_t root[512]; unsigned n_root;             /* initializers and their like */
	uint8_t *seen, *gone_through;    /* words of data that were followed; objects by their first byte: one bit each */
	bool go;
	char go_version[32];
	uint64_t eh_frame_hdr, eh_size;
	struct range *object; size_t n_object, room_object;      /* of data, where a symbol has a size; sorted */
	struct decoded **decoded;/* by function, see track.c */
};
struct world {
	struct module *module[MOST_MODULES];     /* the program, its interpreter, libraries in the order of loading */
	unsigned n, begun;       /* begun: so many of them were gone through by reach */
	const char *missing[64]; unsigned n_missing;     /* symbols that no module has, by name */
	const char *missing_data[64]; unsigned n_missing_data;
	struct caller *caller; size_t n_caller;
	struct memo *memo[1024];
	struct work { struct module *m; uint64_t at; struct module *by; uint32_t by_function; } *work; size_t n_work, room_work;
	struct work now;         /* what is followed at the moment */
	uint64_t words, steps;   /* how much work was done: hostile files must not make it endless */
};

/* --- module.c ----------------------------------------------------------------------------------------------------- */
/* Reads what fd holds; fd stays the caller's. NULL with a sentence. name and path are copied. */
struct module *module_open(int fd, const char *name, const char *path, const char *host, char why[WHY]);
void module_free(struct module *);
void module_again(struct module *);              /* nothing of it was reached yet */
/* n bytes of the file that lie at this address, or NULL */
const void *module_at(const struct module *, uint64_t address, uint64_t n);
const void *module_run(const struct module *, uint64_t address, uint64_t *left);     /* these, and how many there are */
const char *module_text(const struct module *, uint64_t address);    /* NUL-terminated, or NULL */
uint64_t module_word(const struct module *, uint64_t address);       /* 0: not there */
bool module_is_code(const struct module *, uint64_t address);
void *room_for(void *list, size_t n, size_t *room, size_t size);     /* one more: the list, larger if need be */
void module_start(struct module *, uint64_t address);                /* a function begins here */
void module_border(struct module *, uint64_t address);               /* something else than before begins here */

/* --- dynamic.c, frames.c, go.c: what a file tells of itself --------------------------------------------------------- */
void dynamic_read(struct module *);
void dynamic_rela(struct module *, uint64_t at, uint64_t size);      /* a table of words to fill */
void frames_read(struct module *);
void go_read(struct module *);

/* --- code.c ------------------------------------------------------------------------------------------------------- */
void code_read(struct module *);                 /* functions and their edges */
struct function *function_at(const struct module *, uint64_t address);       /* the one that it lies in, or NULL */

/* --- effect.c: what an instruction does to one place ---------------------------------------------------------------- */
enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R10 = 10, N_REGS = 16 };
struct place {                       /* a register, or a word of the stack; what is asked for is what it holds + add */
	int8_t reg;              /* -1: the stack, at off from where rsp was when the function began */
	int32_t off;
	int64_t add;
};
struct depth { int32_t sp, bp; };    /* rsp and rbp from where rsp was at the function's begin; NO_DEPTH: unknown */
#define NO_DEPTH INT32_MIN
enum effect { EFFECT_NONE, EFFECT_VALUE, EFFECT_FROM, EFFECT_EITHER, EFFECT_LOST };
/* VALUE: *value; FROM: it came from *from; EITHER: it did, or nothing happened; LOST: nobody knows */
enum effect insn_effect(const uint8_t *code, uint64_t at, const struct insn *, struct depth, struct place,
	struct place *from, int64_t *value);
struct depth insn_depth(const uint8_t *code, const struct insn *, struct depth);     /* behind it */
bool insn_rip(const uint8_t *code, uint64_t at, const struct insn *, uint64_t *to);  /* its operand is at a fixed place */
int insn_branch(const uint8_t *code, uint64_t at, const struct insn *, uint64_t *to);/* 'c'all, 'j'ump, 'i'f; 0 none */

/* --- track.c ------------------------------------------------------------------------------------------------------ */
struct values {
	int64_t v[MOST_VALUES];
	unsigned n;
	bool unknown;            /* and others that cannot be told */
};
void track(struct world *, struct module *, struct function *, uint64_t at, struct place, struct values *);
/* The values of arg where the number in nr is this one. */
void track_pair(struct world *, struct module *, struct function *, uint64_t at, struct place nr, int64_t value, struct place arg,
	struct values *);
void track_forget(struct world *);
void decoded_free(struct module *);

/* --- reach.c ------------------------------------------------------------------------------------------------------ */
void reach(struct world *);                      /* again, when modules were added: from there on */
void reach_symbol(struct world *, struct module *, const char *name);        /* this function of it is asked for; NULL: all are */
struct caller { struct module *m, *in; uint32_t f, from; uint64_t at; bool jump; };  /* m, f: who is called; sorted */
const struct caller *callers_of(const struct world *, const struct module *, uint32_t f, size_t *n);
void world_free(struct world *);
