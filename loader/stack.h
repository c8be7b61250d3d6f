/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The parts a personality lays its first stack with. The memory is the host's own first stack, below everything in use;
 * it is written directly, before the guest exists. Every call moves sp down; addresses returned are the guest's.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "loader/image.h"

struct auxent { uint64_t id, val; };
struct first_stack {
	uint64_t sp;
	unsigned argc, envc;
	uint64_t args, args_end, env, env_end;   /* the strings */
	uint64_t argv, envp, auxv;               /* the vectors, after stack_vectors */
};
uint64_t stack_bytes(struct first_stack *, const void *, size_t n, size_t align);
uint64_t stack_text(struct first_stack *, const char *);
void stack_strings(struct first_stack *, const struct image *);        /* argv's then envp's strings, ascending */
/* argc, argv, 0, envp, 0, auxv; the word of argc is 16-byte aligned. Returns its address. */
uint64_t stack_vectors(struct first_stack *, const struct auxent *, unsigned n);
uint64_t stack_random(struct first_stack *, size_t n);
