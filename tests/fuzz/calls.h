/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What those have in common who make calls by the text of their rows: call_fuzz.c, a FreeBSD program without a libc, and
 * wall_fuzz.c, a Linux one.
 */
#pragma once
#include "random.h"

static volatile uint64_t half = 0x2a3b4c5d6e7f8091;
#define SECRET (half ^ 0x5ec4e75ec4e75ec4)       /* what wall.test puts where we may not look; nowhere in our own memory */

/* The next word of a row's text at the outermost level, or NULL: "FULL, FD(fd), PART("a, b")" */
static const char *word_after(const char *s)
{
	int depth = 0, quoted = 0;

	for (; *s; s++) {
		if (*s == '"')
			quoted = !quoted;
		else if (!quoted && *s == '(')
			depth++;
		else if (!quoted && *s == ')')
			depth--;
		else if (!quoted && !depth && *s == ',') {
			for (s++; *s == ' ' || *s == '\t' || *s == '\n'; s++)
				;
			return s;
		}
	}
	return 0;
}
