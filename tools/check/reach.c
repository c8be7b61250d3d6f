/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which functions can run: from the entry and the initializers on, whatever code calls, jumps to, or takes the address
 * of, and whatever stands in data that code reaches. A pointer that is made otherwise is not seen. In a Go program all
 * functions count: its linker has left out what cannot be reached already.
 */
#include <stdlib.h>
#include <string.h>
#include "guise.h"
#include "loader/sorted.h"
#include "tools/check/check.h"

static void push(struct world *w, struct module *m, uint64_t at)
{
	w->work = room_for(w->work, w->n_work, &w->room_work, sizeof *w->work);
	w->work[w->n_work++] = (struct work){ m, at, w->now.by, w->now.by_function };
}

/* --- symbols ------------------------------------------------------------------------------------------------------ */
static bool fits(const struct symbol *want, const struct symbol *s)
{
	if (!want->version || !s->version)
		return !s->hidden || !want->version;
	return !strcmp(want->version, s->version);
}
static const struct symbol *defined_in(const struct module *m, const struct symbol *want)
{
	size_t at = COUNT_BEFORE(m->n_by_name, i, strcmp(m->by_name[i]->name, want->name) < 0);
	for (; at < m->n_by_name && !strcmp(m->by_name[at]->name, want->name); at++)
		if (fits(want, m->by_name[at]))
			return m->by_name[at];
	return NULL;
}
static bool find_symbol(const struct world *w, struct module *m, const struct symbol *want, struct module **to, uint64_t *at)
{
	for (unsigned i = 0; i < w->n; i++) {
		const struct symbol *s = w->module[i]->path ? defined_in(w->module[i], want) : NULL;
		if (s) {
			*to = w->module[i], *at = s->at;
			return true;
		}
	}
	*to = m, *at = want->at;
	return want->defined;
}
static const struct slot *slot_at(const struct module *m, uint64_t a)
{
	size_t at = COUNT_BEFORE(m->n_slot, i, m->slot[i].at < a);
	return at < m->n_slot && m->slot[at].at == a ? &m->slot[at] : NULL;
}
/* What stands in this word of m when it runs: a place of some module; false: nobody knows. */
static bool slot_leads(const struct world *w, struct module *m, uint64_t at, struct module **to, uint64_t *address)
{
	const struct slot *s = slot_at(m, at);

	*to = m;
	if (s && s->symbol >= 0)
		return find_symbol(w, m, &m->symbol[s->symbol], to, address);
	*address = s ? s->to : m->image.pie ? 0 : module_word(m, at);
	return *address != 0;
}

/* --- what leads on ------------------------------------------------------------------------------------------------ */
static bool mark(uint8_t *bits, uint64_t bit)
{
	bool was = !bits || bits[bit / 8] >> bit % 8 & 1;
	if (!was)
		bits[bit / 8] |= (uint8_t)(1 << bit % 8);
	return was;
}
/* Has the word at these bytes of the file been followed? */
static bool seen(struct module *m, const uint8_t *p) { return mark(m->seen, (uint64_t)(p - m->file) / 8); }
static void touch(struct world *w, struct module *m, uint64_t at)
{
	struct function *f = module_is_code(m, at) ? function_at(m, at) : NULL;
	if (f ? f->reached : !module_at(m, at, 1))
		return;
	if (f)
		f->reached = true, f->by = w->now.by, f->by_function = w->now.by_function;
	push(w, m, f ? f->at : at);
}
static void touch_word(struct world *w, struct module *m, uint64_t at)
{
	struct module *to;
	uint64_t a;

	if (!slot_leads(w, m, at, &to, &a))
		return;
	if (!slot_at(m, at) && module_is_code(m, a) && (!function_at(m, a) || function_at(m, a)->at != a))
		return;                          /* a number that looks like an address */
	touch(w, to, a);
}
static void touch_slot(struct world *w, struct module *m, uint64_t at)
{
	const uint8_t *p = module_at(m, at, 8);
	if (!p || !seen(m, p))
		touch_word(w, m, at);
}
static struct range object_at(const struct module *m, uint64_t a)
{
	size_t n = COUNT_BEFORE(m->n_object, i, m->object[i].at <= a);
	if (n && a - m->object[n - 1].at < m->object[n - 1].size)
		return m->object[n - 1];
	size_t next = COUNT_BEFORE(m->n_border, i, m->border[i] <= a);
	return (struct range){ a, next < m->n_border ? m->border[next] - a : 1ull << 24 };
}
static void expand_object(struct world *w, struct module *m, uint64_t a)
{
	struct range o = object_at(m, a);
	uint64_t at = (o.at + 7) & ~7ull, word, left;
	const uint8_t *p = module_run(m, at, &left);

	if ((m->go && !m->n_slot) || !module_at(m, o.at, 1) ||   /* of Go, all functions count anyway */
	    mark(m->gone_through, (uint64_t)((const uint8_t *)module_at(m, o.at, 1) - m->file)))
		return;
	for (; w->words < MOST_WORDS && p && left >= 8 && at - o.at < o.size; at += 8, p += 8, left -= 8, w->words++) {
		memcpy(&word, p, 8);
		const struct slot *s = m->n_slot ? slot_at(m, at) : NULL;
		if ((word || s) && !(s && s->alone) && !seen(m, p))
			touch_word(w, m, at);
	}
}
static void expand_function(struct world *w, struct module *m, const struct function *f)
{
	for (uint32_t i = f->edge; i < f->edge + f->n_edge; i++) {
		const struct edge *e = &m->edge[i];
		switch ((enum edgekind)e->kind) {
		case EDGE_CALL: case EDGE_JUMP: case EDGE_TAKE: touch(w, m, e->to); break;
		case EDGE_CALL_SLOT: case EDGE_JUMP_SLOT: case EDGE_LOAD: touch_slot(w, m, e->to); break;
		case EDGE_SYSCALL: case EDGE_OLD: break;
		}
	}
}

/* --- who calls whom ----------------------------------------------------------------------------------------------- */
static int by_called(const void *a, const void *b)
{
	const struct caller *x = a, *y = b;
	if (x->m != y->m)
		return x->m < y->m ? -1 : 1;
	return x->f < y->f ? -1 : x->f > y->f;
}
static void add_callers(struct world *w, struct module *m, uint32_t from, size_t *room)
{
	const struct function *f = &m->function[from];
	for (uint32_t i = f->edge; i < f->edge + f->n_edge; i++) {
		const struct edge *e = &m->edge[i];
		struct module *to = m;
		uint64_t at = e->to;
		if (e->kind > EDGE_JUMP_SLOT || (e->kind >= EDGE_CALL_SLOT && !slot_leads(w, m, e->to, &to, &at)))
			continue;
		const struct function *g = function_at(to, at);
		if (!g || g->at != at)
			continue;
		w->caller = room_for(w->caller, w->n_caller, room, sizeof *w->caller);
		w->caller[w->n_caller++] = (struct caller){ to, m, (uint32_t)(g - to->function), from, e->at,
			e->kind == EDGE_JUMP || e->kind == EDGE_JUMP_SLOT };
	}
}
const struct caller *callers_of(const struct world *w, const struct module *m, uint32_t f, size_t *n)
{
	struct caller key = { .m = (struct module *)m, .f = f };
	size_t first = COUNT_BEFORE(w->n_caller, i, by_called(&w->caller[i], &key) < 0);
	for (*n = 0; first + *n < w->n_caller && !by_called(&w->caller[first + *n], &key); ++*n)
		;
	return w->caller + first;
}

/* --- how far from the program's own code ---------------------------------------------------------------------------- */
/* What Go's linker puts in of the language's own; the rest somebody wrote, or asked for. */
static bool is_library(const struct module *m, const struct function *f, const struct module *program)
{
	static const char *const own[] = { "runtime.", "runtime/", "internal/" };
	if (m != program)
		return true;
	for (unsigned i = 0; m->go && f->name && i < ARRAY_LEN(own); i++)
		if (!strncmp(f->name, own[i], strlen(own[i])))
			return true;
	return false;
}
/* A stub of run-time linking is no step of its own. */
static bool is_stub(const struct module *m, const struct function *f)
{
	const struct edge *e = &m->edge[f->edge];
	return f->n_edge && e->kind == EDGE_JUMP_SLOT && e->at - f->at <= 4;
}
static void approach(struct world *w, struct module *m, uint64_t at, unsigned hops)
{
	struct function *g = module_is_code(m, at) ? function_at(m, at) : NULL;
	if (!g || !g->reached)
		return;
	hops += is_library(m, g, w->module[0]) && !is_stub(m, g);
	if (hops < g->hops && hops <= NEAR) {
		g->hops = (uint8_t)hops;
		push(w, m, g->at);
	}
}
static void find_hops(struct world *w)
{
	for (unsigned i = 0; i < w->n; i++)
		for (uint32_t k = 0; k < w->module[i]->n_function; k++) {
			struct function *f = &w->module[i]->function[k];
			bool own = f->reached && !is_library(w->module[i], f, w->module[0]);
			f->hops = own ? 0 : FAR;
			if (own)
				push(w, w->module[i], f->at);
		}
	while (w->n_work) {
		struct work k = w->work[--w->n_work];
		const struct function *f = function_at(k.m, k.at);
		for (uint32_t i = f->edge; i < f->edge + f->n_edge; i++) {
			const struct edge *e = &k.m->edge[i];
			struct module *to = k.m;
			uint64_t at = e->to;
			if (e->kind == EDGE_CALL || e->kind == EDGE_JUMP ||
			    ((e->kind == EDGE_CALL_SLOT || e->kind == EDGE_JUMP_SLOT || e->kind == EDGE_LOAD) &&
			     slot_leads(w, k.m, e->to, &to, &at)))
				approach(w, to, at, f->hops);
		}
	}
}

/* --- all ---------------------------------------------------------------------------------------------------------- */
static void find_missing(struct world *w, struct module *m)
{
	for (size_t i = 0; i < m->n_slot; i++) {
		const struct symbol *s = m->slot[i].symbol >= 0 ? &m->symbol[m->slot[i].symbol] : NULL;
		struct module *to;
		uint64_t at;
		if (!s || s->weak || s->defined || !*s->name || find_symbol(w, m, s, &to, &at))
			continue;
		if (m->slot[i].lazy && w->n_missing < ARRAY_LEN(w->missing))
			w->missing[w->n_missing++] = s->name;
		else if (!m->slot[i].lazy && w->n_missing_data < ARRAY_LEN(w->missing_data))
			w->missing_data[w->n_missing_data++] = s->name;
	}
}
static void begin(struct world *w, struct module *m, bool program)
{
	m->seen = calloc(m->size / 64 + 1, 1);
	m->gone_through = calloc(m->size / 8 + 1, 1);
	for (unsigned i = 0; i < m->n_root; i++)
		touch(w, m, m->root[i]);
	if (program || m->interpreter)
		touch(w, m, m->image.entry);
	for (uint32_t i = 0; m->go && i < m->n_function; i++)
		touch(w, m, m->function[i].at);
}
static void follow(struct world *w)
{
	while (w->n_work) {
		struct work k = w->now = w->work[--w->n_work];
		const struct function *f = module_is_code(k.m, k.at) ? function_at(k.m, k.at) : NULL;
		if (f) {
			w->now.by = k.m, w->now.by_function = (uint32_t)(f - k.m->function);
			expand_function(w, k.m, f);
		} else {
			expand_object(w, k.m, k.at);
		}
	}
	w->now = (struct work){ .m = NULL };
}
void reach_symbol(struct world *w, struct module *m, const char *name)
{
	for (uint32_t i = 0; i < m->n_by_name; i++)
		if (m->by_name[i]->function && (!name || !strcmp(m->by_name[i]->name, name)))
			touch(w, m, m->by_name[i]->at);
}
void reach(struct world *w)
{
	size_t room = 0;

	for (; w->begun < w->n; w->begun++) {
		begin(w, w->module[w->begun], w->begun == 0);
		find_missing(w, w->module[w->begun]);
	}
	follow(w);
	track_forget(w);
	free(w->caller);
	w->caller = NULL;
	w->n_caller = 0;
	for (unsigned i = 0; i < w->n; i++)
		for (uint32_t f = 0; f < w->module[i]->n_function; f++)
			if (w->module[i]->function[f].reached)
				add_callers(w, w->module[i], f, &room);
	if (w->n_caller)
		qsort(w->caller, w->n_caller, sizeof *w->caller, by_called);
	find_hops(w);
}
void world_free(struct world *w)
{
	track_forget(w);
	for (unsigned i = 0; i < w->n; i++)
		if (!w->module[i]->kept)
			module_free(w->module[i]);
	free(w->caller);
	free(w->work);
	memset(w, 0, sizeof *w);
}
