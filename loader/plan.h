/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What an exec of a path would do, found out before anything is given up: the file behind it, through scripts to the
 * binary, whose binary it is, and whether its interpreter is there. Used at start and by the guest's exec (behind the gate).
 */
#pragma once
#include "guise.h"
#include "loader/image.h"

enum { PLAN_SCRIPTS = 5 };               /* no system allows more in a row */

struct plan {
	int dirfd;                       /* in: where a relative path begins; with path "" the file itself */
	int given;                       /* in: the file itself, already open, or -1 */
	char guest_path[4096];           /* in: what to run; out: the binary, as the guest names it */
	int fd;                          /* out: the binary, open; the caller closes it */
	char fd_text[12];
	char path[4096];                 /* out: the binary, host path; in: that of what is given, or "" */
	unsigned scripts;                /* out: how many lead to it, each the interpreter of the one before */
	unsigned n_pre;                  /* out: strings that replace argv[0]: interpreter, its argument, script, ... */
	char *pre[2 * PLAN_SCRIPTS + 1]; /* in words */
	char words[3 * 4096];
	size_t n_words;
	bool native;                     /* out: hand it to the kernel */
	const struct personality *pers;  /* out */
	struct image image;              /* out */
	char why[512];                   /* out, on error: a sentence */
};
long plan_make(struct plan *, struct thread *);
