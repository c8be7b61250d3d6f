/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a call filled in, in words that no system owns: those fields of its structs that mean the same everywhere, found by
 * their names in each system's layout. Times, numbers of inodes and devices and the like are noise, and no system has the
 * same flags; what is left says what a file is, how large, whose; how large a terminal is; what a limit is.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "tools/diff/diff.h"
#include "tools/trace/trace.h"
#include "observe/layout.h"

enum form { AS_NUMBER, AS_MODE, AS_SIZE, AS_LIMIT };
static const struct { const char *field, *name; enum form how; } told[] = {
	{ "st_mode", "mode", AS_MODE }, { "stx_mode", "mode", AS_MODE },
	{ "st_size", "size", AS_SIZE }, { "stx_size", "size", AS_SIZE },
	{ "st_uid", "uid", AS_NUMBER }, { "stx_uid", "uid", AS_NUMBER }, { "st_gid", "gid", AS_NUMBER }, { "stx_gid", "gid", AS_NUMBER },
	{ "ws_row", "rows", AS_NUMBER }, { "ws_col", "columns", AS_NUMBER },
	{ "rlim_cur", "soft", AS_LIMIT }, { "rlim_max", "hard", AS_LIMIT },
};

static const struct field *field_of(const struct layout *y, const char *name)
{
	for (const struct field *f = y->field; f->type; f++)
		if (f->name && !strcmp(f->name, name))
			return f;
	return NULL;
}
/* How many bytes a directory, a pipe or a device is said to have is each file system's and kernel's own. */
static bool has_size(const struct layout *y, const uint8_t *bytes)
{
	const struct field *f = field_of(y, "st_mode");
	if (!f && !(f = field_of(y, "stx_mode")))
		return true;
	unsigned mode = (unsigned)field_value(bytes, f->off, f->size, false);
	return S_ISREG(mode) || S_ISLNK(mode);
}
static void put(char *to, size_t n, const struct layout *y, const uint8_t *bytes)
{
	bool any = false;
	for (unsigned i = 0; i < ARRAY_LEN(told); i++) {
		const struct field *f = field_of(y, told[i].field);
		size_t len = strlen(to);
		uint64_t v = f ? field_value(bytes, f->off, f->size, false) : 0;
		if (!f || (told[i].how == AS_SIZE && !has_size(y, bytes)))
			continue;
		if (told[i].how == AS_MODE)
			snprintf(to + len, n - len, "%smode=0%o", any ? " " : " {", (unsigned)v);
		else if (told[i].how == AS_LIMIT && v >= INT64_MAX)
			snprintf(to + len, n - len, "%s%s=none", any ? " " : " {", told[i].name);
		else
			snprintf(to + len, n - len, "%s%s=%lu", any ? " " : " {", told[i].name, (unsigned long)v);
		any = true;
	}
	if (any && strlen(to) + 1 < n)
		strcat(to, "}");
}
void neutral_filled(struct neutral *x, const struct event *e)
{
	const struct call *c = &e->task->call;
	const struct line l = { .mem = e->mem };
	uint8_t bytes[1024];

	for (int i = 0; i < 8 && c->row->arg[i].kind; i++) {
		const struct arg *a = &c->row->arg[i];
		const struct layout *y = a->kind == A_OUT || a->kind == A_INOUT ? layout_of(e->task->pers, a->what) : NULL;
		if (y && y->size <= sizeof bytes && c->raw[i] && !peek(&l, bytes, (uaddr)c->raw[i], y->size))
			put(x->result, sizeof x->result, y, bytes);
	}
}
