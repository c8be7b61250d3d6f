/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Every row of a system, one after the other, whatever table it stands in: for `guise rows`, which tests ask, and
 * `guise doc`, which writes the pages of docs/compat.
 */
#pragma once
#include "guise.h"

struct listed {
	const char *table;
	unsigned cover, index;   /* where it is counted: observe/cover.h */
	char nr[32];             /* as it is printed */
	const char *name;
	unsigned level;
	const char *note;
	const struct row *row;   /* NULL: not of a call */
};
typedef void each_row(const struct listed *, void *);
void rows_each(const struct personality *, each_row *, void *);
