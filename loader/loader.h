/* SPDX-License-Identifier: BSD-2-Clause
 *
 * From a command line to a running guest.
 */
#pragma once
struct options;

/* Returns only on error, having said why: 125 our mistake, 126 cannot be run, 127 not found. */
int program_run(struct options *, int argc, char **argv, char **envp);
