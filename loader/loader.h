/* SPDX-License-Identifier: BSD-2-Clause
 *
 * From a command line to a running guest, and what is said when there is no way.
 */
#pragma once
#include <stdarg.h>
#include <stdbool.h>
struct options;
struct image;
struct engine;

/* Returns only on error, having said why: 125 our mistake, 126 cannot be run, 127 not found. */
int program_run(struct options *, int argc, char **argv, char **envp);
/* What guise needs of the host besides an engine: NULL, or a sentence about what is missing. */
const char *host_lacks(void);
/* The next engine in the order in which auto tries them; NULL: the first. */
const struct engine *engine_below(const struct engine *last);

/* --- say.c ------------------------------------------------------------------------------------------------------ */
void say(const char *f, ...) __attribute__((format(printf, 1, 2)));        /* one line "guise: ..." on standard error */
void vsay(const char *f, va_list) __attribute__((format(printf, 1, 0)));
const char *shown(const char *name);     /* a name as messages print it: "" where it is empty */
