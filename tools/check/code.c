/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Code read from end to end, twice: first for where functions begin (wherever a call leads to, besides what the file
 * tells), then for what each leads to. Bytes that are no instruction are stepped over; at a function's begin reading
 * begins anew, so that data between functions does no harm for long.
 */
#include <stdlib.h>
#include <string.h>
#include "guise.h"
#include "loader/sorted.h"
#include "tools/check/check.h"

static void add_edge(struct module *m, uint64_t at, uint64_t to, enum edgekind kind)
{
	m->edge = room_for(m->edge, m->n_edge, &m->room_edge, sizeof *m->edge);
	m->edge[m->n_edge++] = (struct edge){ at, to, (uint8_t)kind };
}
static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}
static int by_range(const void *a, const void *b)
{
	const struct range *x = a, *y = b;
	return x->at < y->at ? -1 : x->at > y->at;
}
static size_t sort(uint64_t *v, size_t n)
{
	size_t k = 0;
	if (n)
		qsort(v, n, sizeof *v, by_number);
	for (size_t i = 0; i < n; i++)
		if (!k || v[k - 1] != v[i])
			v[k++] = v[i];
	return k;
}

/* --- the first time ----------------------------------------------------------------------------------------------- */
/* A jump through a word is a stub of run-time linking, if it is not the end of a function: then nothing is lost. */
static bool is_stub(const uint8_t *b, const struct insn *i)
{
	return !i->map && i->op == 0xff && (b[i->modrm_at] >> 3 & 7) == 4 && !(b[i->modrm_at] >> 6) && (b[i->modrm_at] & 7) == 5;
}
static void find_starts(struct module *m, const struct range *r)
{
	const uint8_t *b = module_at(m, r->at, r->size);
	struct insn i;
	uint64_t to, last = 0;               /* an endbr64 right before */

	for (uint64_t k = 0; b && k < r->size; k += i.len ? i.len : 1) {
		if (!insn_decode(b + k, r->size - k, &i))
			continue;
		if (insn_branch(b + k, r->at + k, &i, &to) == 'c' || (!i.map && i.op == 0x8d && insn_rip(b + k, r->at + k, &i, &to)))
			module_start(m, to);
		else if (is_stub(b + k, &i))
			module_start(m, last ? last : r->at + k);
		last = i.map == 1 && i.op == 0x1e && i.rep == 0xf3 ? r->at + k : 0;
	}
}
static void make_functions(struct module *m)
{
	m->n_start = sort(m->start, m->n_start);
	free(m->function);
	m->n_function = 0;
	m->function = calloc(m->n_start + 1, sizeof *m->function);
	for (size_t i = 0; m->function && i < m->n_start; i++) {
		uint64_t at = m->start[i], end = at;
		for (unsigned k = 0; k < m->n_text; k++)
			if (at - m->text[k].at < m->text[k].size)
				end = m->text[k].at + m->text[k].size;
		if (i + 1 < m->n_start && m->start[i + 1] < end)
			end = m->start[i + 1];
		m->function[m->n_function++] = (struct function){ .at = at, .end = end };
	}
}
struct function *function_at(const struct module *m, uint64_t a)
{
	size_t n = COUNT_BEFORE(m->n_function, i, m->function[i].at <= a);
	return n && a < m->function[n - 1].end ? &m->function[n - 1] : NULL;
}
/* A place in the middle of a function that several others jump to is a tail they share (cerror of BSDs' libcs). */
struct jumped { uint64_t to, from; };
static int by_jump(const void *a, const void *b)
{
	const struct jumped *x = a, *y = b;
	return x->to != y->to ? (x->to > y->to) - (x->to < y->to) : (x->from > y->from) - (x->from < y->from);
}
static void find_shared(struct module *m)
{
	struct jumped *j = NULL;
	size_t n = 0, room = 0, before = m->n_start;
	struct insn i;
	uint64_t to;

	for (uint32_t x = 0; x < m->n_function; x++) {
		const struct function *f = &m->function[x], *g;
		const uint8_t *b = module_at(m, f->at, f->end - f->at);
		for (uint64_t k = 0; b && k < f->end - f->at; k += i.len ? i.len : 1) {
			int kind = insn_decode(b + k, f->end - f->at - k, &i) ? insn_branch(b + k, f->at + k, &i, &to) : 0;
			if (!kind || kind == 'c' || to - f->at < f->end - f->at || !(g = function_at(m, to)) || g->at == to)
				continue;
			j = room_for(j, n, &room, sizeof *j);
			j[n++] = (struct jumped){ to, f->at };
		}
	}
	if (n)
		qsort(j, n, sizeof *j, by_jump);
	for (size_t x = 2, many = 1; x < n; x++) {
		many = j[x].to != j[x - 1].to ? 1 : many + (j[x].from != j[x - 1].from);
		if (many == 3)
			module_start(m, j[x].to);
	}
	free(j);
	if (m->n_start != before)
		make_functions(m);
}
static void name_functions(struct module *m)
{
	for (uint32_t i = 0; i < m->n_symbol + m->n_local; i++) {
		const struct symbol *s = i < m->n_symbol ? &m->symbol[i] : &m->local[i - m->n_symbol];
		struct function *f = s->function && (i >= m->n_symbol || s->defined) ? function_at(m, s->at) : NULL;
		if (f && f->at == s->at && !f->name)
			f->name = s->name;
	}
}

/* --- the second time ---------------------------------------------------------------------------------------------- */
static bool is_nop(const struct insn *i)
{
	return (i->map == 1 && (i->op == 0x1f || i->op == 0x1e)) || (!i->map && (i->op == 0x90 || i->op == 0xcc));
}
/* An immediate operand may be an address only where the program lies where it was linked. */
static void take_number(struct module *m, const uint8_t *b, uint64_t at, const struct insn *i)
{
	uint64_t v = 0;
	bool may = !i->map && (((i->op & 0xf8) == 0xb8) || i->op == 0xc7 || i->op == 0x68 || i->op == 0x3d || i->op == 0x81);
	if (i->imm_len == 8 ? !may : m->image.pie || !may || i->imm_len != 4)
		return;
	memcpy(&v, b + i->imm_at, i->imm_len);
	if (module_at(m, v, 1))
		add_edge(m, at, v, EDGE_TAKE);
}
/* [disp32] without a base, and [disp32 + index * 8]: tables of programs that lie where they were linked */
static void take_table(struct module *m, const uint8_t *b, uint64_t at, const struct insn *i)
{
	uint32_t v;
	if (m->image.pie || !i->modrm_at || i->disp_len != 4 || b[i->modrm_at] >= 0xc0)
		return;
	memcpy(&v, b + i->disp_at, 4);
	if (module_at(m, v, 1))
		add_edge(m, at, v, EDGE_TAKE);
}
static void take_operand(struct module *m, const uint8_t *b, uint64_t at, const struct insn *i)
{
	uint64_t to;
	if (!insn_rip(b, at, i, &to)) {
		take_table(m, b, at, i);
		return;
	}
	if (!i->map && i->op == 0xff && (b[i->modrm_at] >> 3 & 7) == 2)
		add_edge(m, at, to, EDGE_CALL_SLOT);
	else if (!i->map && i->op == 0xff && (b[i->modrm_at] >> 3 & 7) == 4)
		add_edge(m, at, to, EDGE_JUMP_SLOT);
	else if (!i->map && i->op == 0x8d)
		add_edge(m, at, to, EDGE_TAKE);
	else if ((!i->map && (i->op == 0x8b || i->op == 0x3b || i->op == 0x39 || i->op == 0x03 || i->op == 0xff)) || i->map)
		add_edge(m, at, to, EDGE_LOAD);
}
static void read_insn(struct module *m, struct function *f, const uint8_t *b, uint64_t at, const struct insn *i)
{
	uint64_t to;
	int branch = insn_branch(b, at, i, &to);

	if (branch == 'c' || (branch && (to < f->at || to >= f->end)))
		add_edge(m, at, to, branch == 'c' ? EDGE_CALL : EDGE_JUMP);
	else if (i->map == 1 && i->op == 0x05)
		add_edge(m, at, 0, EDGE_SYSCALL), f->calls = true;
	else if ((i->map == 1 && i->op == 0x34) || (!i->map && i->op == 0xcd && b[i->imm_at] == 0x80))
		add_edge(m, at, 0, EDGE_OLD), f->calls = true;
	take_operand(m, b, at, i);
	take_number(m, b, at, i);
}
static void read_function(struct module *m, struct function *f)
{
	uint64_t size = f->end - f->at, last = f->at;
	const uint8_t *b = module_at(m, f->at, size);
	bool goes_on = true;
	struct insn i;

	f->edge = (uint32_t)m->n_edge;
	for (uint64_t k = 0; b && k < size; k += i.len ? i.len : 1) {
		if (!insn_decode(b + k, size - k, &i)) {
			goes_on = false;
			continue;
		}
		read_insn(m, f, b + k, f->at + k, &i);
		if (is_nop(&i))
			continue;
		goes_on = !insn_ends_flow(b + k, &i) && !(!i.map && i.op == 0xe8);
		last = f->at + k;
	}
	if (goes_on && module_is_code(m, f->end))
		add_edge(m, last, f->end, EDGE_JUMP);
	f->n_edge = (uint32_t)m->n_edge - f->edge;
}

/* --- where objects of data begin ---------------------------------------------------------------------------------- */
static void add_object(struct module *m, const struct symbol *s)
{
	module_border(m, s->at);
	if (!s->size || s->function || !module_at(m, s->at, 1) || module_is_code(m, s->at))
		return;
	m->object = room_for(m->object, m->n_object, &m->room_object, sizeof *m->object);
	m->object[m->n_object++] = (struct range){ s->at, s->size };
}
static void find_borders(struct module *m)
{
	for (size_t i = 0; i < m->n_edge; i++)
		if (m->edge[i].kind == EDGE_TAKE)
			module_border(m, m->edge[i].to);
	for (size_t i = 0; i < m->n_slot; i++)
		if (m->slot[i].symbol < 0)
			module_border(m, m->slot[i].to);
	for (uint32_t i = 1; i < m->n_symbol; i++)
		if (m->symbol[i].defined)
			add_object(m, &m->symbol[i]);
	for (size_t i = 0; i < m->n_local; i++)
		add_object(m, &m->local[i]);
	m->n_border = sort(m->border, m->n_border);
	if (m->n_object)
		qsort(m->object, m->n_object, sizeof *m->object, by_range);
}
void code_read(struct module *m)
{
	for (unsigned i = 0; !m->go && i < m->n_text; i++)
		find_starts(m, &m->text[i]);
	for (unsigned i = 0; i < m->n_text; i++)
		module_start(m, m->text[i].at);
	make_functions(m);
	if (!m->go)
		find_shared(m);
	name_functions(m);
	for (uint32_t i = 0; i < m->n_function; i++)
		read_function(m, &m->function[i]);
	find_borders(m);
}
