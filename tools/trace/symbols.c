/* SPDX-License-Identifier: BSD-2-Clause
 *
 * From where a call was made (-k): the chain of return addresses, on the piece of the stack that was recorded with it, and
 * their names. What is mapped is asked of /proc while the process lives; of one that is gone, or that --read tells of,
 * only a program that is linked at fixed addresses can be named. An address without a name is printed as it is.
 */
#include <stdlib.h>
#include <string.h>
#include "tools/stack/stack.h"
#include "tools/trace/symbols.h"

static struct mapping { uint64_t from, to, offset; char *path; } *maps;      /* of one process, the last asked for */
static unsigned n_maps, maps_serial;

/* --- what is mapped ----------------------------------------------------------------------------------------------- */
static void read_maps(const struct process *p)
{
	char path[64], line[5000];
	snprintf(path, sizeof path, "/proc/%d/maps", p->pid);
	FILE *f = p->ended ? NULL : fopen(path, "re");
	if (!f)
		return;
	for (unsigned i = 0; i < n_maps; i++)
		free(maps[i].path);
	n_maps = 0;
	maps_serial = p->serial;
	while (fgets(line, sizeof line, f)) {
		struct mapping m;
		int at = 0;
		struct mapping *more;
		if (sscanf(line, "%lx-%lx %*s %lx %*s %*s %n", &m.from, &m.to, &m.offset, &at) < 3 || line[at] != '/')
			continue;
		if (!(more = realloc(maps, (n_maps + 1) * sizeof *maps)))
			break;
		maps = more;
		line[strcspn(line, "\n")] = 0;
		map_name(line + at);
		m.path = strdup(line + at);
		maps[n_maps++] = m;
	}
	fclose(f);
}
static const struct mapping *mapping_of(const struct process *p, uint64_t a)
{
	for (int again = 0; again < 2; again++) {
		for (unsigned i = 0; maps_serial == p->serial && i < n_maps; i++)
			if (a >= maps[i].from && a < maps[i].to)
				return &maps[i];
		if (!again)
			read_maps(p);            /* something new was mapped since */
	}
	return NULL;
}
/* What is mapped there; linked: as its file has it, else the address itself. */
static struct code *code_at(const struct process *p, uint64_t a, uint64_t *linked)
{
	const struct mapping *m = mapping_of(p, a);
	struct code *c = code_of(m ? m->path : p->program);

	*linked = a;
	if (m)
		code_linked(c, a - m->from + m->offset, linked);
	return m || (code_is_fixed(c) && code_holds(c, a)) ? c : NULL;
}

/* --- chains ------------------------------------------------------------------------------------------------------- */
struct recorded { struct stack stack; const struct process *process; const struct stack_piece *piece; uint64_t size; };

static bool word(const struct stack *s, uint64_t at, uint64_t *v)
{
	const struct recorded *r = (const struct recorded *)s;
	uint64_t off = at - r->piece->reg[STACK_RSP];
	if (off > r->size || r->size - off < 8)
		return false;
	memcpy(v, r->piece->bytes + off, 8);
	return true;
}
static bool code(const struct stack *s, uint64_t at, struct code **file, uint64_t *linked)
{
	return (*file = code_at(((const struct recorded *)s)->process, at, linked)) != NULL;
}
unsigned symbol_chain(const struct process *p, const struct piece *piece, uint64_t *pc, unsigned most)
{
	const struct recorded r = { { word, code }, p, (const struct stack_piece *)piece->bytes, piece->len - sizeof *r.piece };
	return piece->len < sizeof *r.piece ? 0 : unwind(&r.stack, r.piece->reg, true, pc, most);
}
void symbol_line(struct line *l, const struct process *p, uint64_t a, bool returns)
{
	uint64_t linked, start;
	struct code *c = code_at(p, a - returns, &linked);
	const char *name = c ? code_symbol(c, linked, &start) : NULL, *source;
	int no;

	put_s(l, " > ");
	if (name)
		PUT(l, "%s(%s+%#lx) ", line_name(code_path(c)), line_name(name), linked + returns - start);
	else if (c)
		PUT(l, "%s(+%#lx) ", line_name(code_path(c)), linked + returns);
	PUT(l, "[%#lx]", a);
	if (view.stack > 1 && c && code_source(c, linked, &source, &no))
		PUT(l, " %s:%d", line_name(source), no);
	put_s(l, "\n");
}
