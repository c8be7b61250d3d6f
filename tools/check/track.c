/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which constants can be in a register at an instruction: backwards over all ways that lead there, through copies and
 * the stack, and where the function's begin is reached, on in whoever calls it (libc's syscall, Go's Syscall6, stubs of
 * run-time linking). What cannot be followed makes the answer "unknown" besides what was found. The work is bounded.
 */
#include <stdlib.h>
#include <string.h>
#include "guise.h"
#include "loader/sorted.h"
#include "tools/check/check.h"

#define MOST_STEPS 8192u                 /* states of one search */
#define MOST_LEVELS 12
#define MOST_INSNS (1u << 20)
#define MOST_IN 32u                      /* places that one search may end in at the function's begin */
#define MOST_PAIRS 4000u

struct jump { uint32_t to, from; };
struct decoded {
	uint32_t n, n_jump, n_any;
	uint64_t *at;
	struct insn *insn;
	struct depth *depth;     /* before it */
	struct jump *jump;       /* within the function, sorted by to */
	uint32_t *any;           /* jumps that may lead anywhere in it */
};

/* --- a function's code -------------------------------------------------------------------------------------------- */
static const uint8_t *bytes_of(const struct module *m, const struct decoded *d, uint32_t i)
{
	return module_at(m, d->at[i], d->insn[i].len);
}
static void decode(const struct module *m, const struct function *f, struct decoded *d)
{
	size_t room_at = 0, room_insn = 0;
	uint64_t size = f->end - f->at;
	const uint8_t *b = module_at(m, f->at, size);
	struct insn i;

	for (uint64_t k = 0; b && k < size && d->n < MOST_INSNS; k += i.len ? i.len : 1) {
		if (!insn_decode(b + k, size - k, &i))
			continue;
		d->at = room_for(d->at, d->n, &room_at, sizeof *d->at);
		d->insn = room_for(d->insn, d->n, &room_insn, sizeof *d->insn);
		d->at[d->n] = f->at + k;
		d->insn[d->n++] = i;
	}
}
static int64_t index_of(const struct decoded *d, uint64_t at)
{
	size_t k = COUNT_BEFORE(d->n, i, d->at[i] < at);
	return k < d->n && d->at[k] == at ? (int64_t)k : -1;
}
static int by_target(const void *a, const void *b)
{
	const struct jump *x = a, *y = b;
	return x->to < y->to ? -1 : x->to > y->to;
}
static void find_jumps(const struct module *m, struct decoded *d)
{
	size_t room_jump = 0, room_any = 0;
	for (uint32_t i = 0; i < d->n; i++) {
		const uint8_t *b = bytes_of(m, d, i);
		uint64_t to;
		int kind = insn_branch(b, d->at[i], &d->insn[i], &to);
		int64_t k = kind && kind != 'c' ? index_of(d, to) : -1;
		if (k >= 0) {
			d->jump = room_for(d->jump, d->n_jump, &room_jump, sizeof *d->jump);
			d->jump[d->n_jump++] = (struct jump){ (uint32_t)k, i };
		}
		if (!d->insn[i].map && d->insn[i].op == 0xff && (b[d->insn[i].modrm_at] >> 3 & 7) == 4) {
			d->any = room_for(d->any, d->n_any, &room_any, sizeof *d->any);
			d->any[d->n_any++] = i;
		}
	}
	if (d->n_jump)
		qsort(d->jump, d->n_jump, sizeof *d->jump, by_target);
}
static bool goes_on(const struct module *m, const struct decoded *d, uint32_t i)
{
	return i + 1 < d->n && d->at[i] + d->insn[i].len == d->at[i + 1] && !insn_ends_flow(bytes_of(m, d, i), &d->insn[i]);
}
/* Forwards, each instruction by the first way that comes to it. */
static void find_depths(const struct module *m, struct decoded *d)
{
	uint32_t *work = malloc((d->n + 1) * sizeof *work), n = 0;
	bool *known = calloc(d->n + 1, 1);

	d->depth = malloc((d->n + 1) * sizeof *d->depth);
	for (uint32_t i = 0; d->depth && i < d->n; i++)
		d->depth[i] = (struct depth){ NO_DEPTH, NO_DEPTH };
	if (work && known && d->depth && d->n)
		d->depth[0].sp = 0, known[0] = true, work[n++] = 0;
	while (n) {
		uint32_t i = work[--n];
		const uint8_t *b = bytes_of(m, d, i);
		struct depth next = insn_depth(b, &d->insn[i], d->depth[i]);
		uint64_t to;
		int kind = insn_branch(b, d->at[i], &d->insn[i], &to);
		int64_t k = kind && kind != 'c' ? index_of(d, to) : -1;
		if (k >= 0 && !known[k])
			known[k] = true, d->depth[k] = next, work[n++] = (uint32_t)k;
		if (goes_on(m, d, i) && !known[i + 1])
			known[i + 1] = true, d->depth[i + 1] = next, work[n++] = i + 1;
	}
	free(work);
	free(known);
}
static struct decoded *decoded_of(struct module *m, uint32_t f)
{
	if (!m->decoded && !(m->decoded = calloc(m->n_function + 1, sizeof(void *))))
		return NULL;
	if (m->decoded[f])
		return m->decoded[f];
	struct decoded *d = m->decoded[f] = calloc(1, sizeof *d);
	if (!d)
		return NULL;
	decode(m, &m->function[f], d);
	find_jumps(m, d);
	find_depths(m, d);
	return d->depth ? d : NULL;
}
void decoded_free(struct module *m)
{
	for (uint32_t i = 0; m->decoded && i < m->n_function; i++)
		if (m->decoded[i]) {
			free(m->decoded[i]->at), free(m->decoded[i]->insn), free(m->decoded[i]->depth);
			free(m->decoded[i]->jump), free(m->decoded[i]->any);
			free(m->decoded[i]);
		}
	free(m->decoded);
}

/* --- values ------------------------------------------------------------------------------------------------------- */
static void add_value(struct values *to, int64_t v)
{
	for (unsigned i = 0; i < to->n; i++)
		if (to->v[i] == v)
			return;
	if (to->n < MOST_VALUES)
		to->v[to->n++] = v;
	else
		to->unknown = true;
}
static void add_values(struct values *to, const struct values *from, int64_t add)
{
	for (unsigned i = 0; i < from->n; i++)
		add_value(to, (int64_t)((uint64_t)from->v[i] + (uint64_t)add));
	to->unknown |= from->unknown;
}

/* --- backwards ---------------------------------------------------------------------------------------------------- */
struct state { uint32_t i; struct place p; };
struct walk { struct state *s, *seen; uint32_t n, n_seen; bool full; };

/* What p holds before instruction i is asked for. */
static void ask(struct walk *k, uint32_t i, struct place p)
{
	uint64_t h = i * 0x9e3779b97f4a7c15ull ^ (uint64_t)(p.reg + 1) << 40 ^ (uint64_t)(uint32_t)p.off << 13 ^ (uint64_t)p.add * 7919;
	for (uint32_t at = (uint32_t)(h >> 20);; at++) {
		struct state *s = &k->seen[at % (2 * MOST_STEPS)];
		if (s->i == i + 1 && s->p.reg == p.reg && s->p.off == p.off && s->p.add == p.add)
			return;
		if (s->i)
			continue;
		if (k->n_seen == MOST_STEPS) {
			k->full = true;
			return;
		}
		k->n_seen++;
		*s = (struct state){ i + 1, p };
		k->s[k->n++] = (struct state){ i, p };
		return;
	}
}
static void through(struct walk *k, const struct module *m, const struct decoded *d, uint32_t j, struct place p, struct values *to)
{
	struct place from;
	int64_t v;
	uint64_t target;
	bool calls = insn_branch(bytes_of(m, d, j), d->at[j], &d->insn[j], &target) == 'c';

	if (m->go && calls && p.reg >= 0 && p.reg != RSP) {      /* Go keeps no register over a call */
		to->unknown = true;
		return;
	}
	switch (insn_effect(bytes_of(m, d, j), d->at[j], &d->insn[j], d->depth[j], p, &from, &v)) {
	case EFFECT_NONE: ask(k, j, p); break;
	case EFFECT_VALUE: add_value(to, v); break;
	case EFFECT_EITHER: ask(k, j, p); __attribute__((fallthrough));
	case EFFECT_FROM: ask(k, j, from); break;
	case EFFECT_LOST: to->unknown = true; break;
	}
}
static bool is_nop(const struct insn *i)
{
	return i->map ? i->map == 1 && i->op == 0x1f : i->op == 0x90;
}
static void step(struct walk *k, const struct module *m, const struct decoded *d, struct state s, struct values *to)
{
	bool any = false;

	if (s.i && goes_on(m, d, s.i - 1))
		any = true, through(k, m, d, s.i - 1, s.p, to);
	for (size_t j = COUNT_BEFORE(d->n_jump, i, d->jump[i].to < s.i); j < d->n_jump && d->jump[j].to == s.i; j++)
		any = true, through(k, m, d, d->jump[j].from, s.p, to);
	for (uint32_t i = 0; !any && s.i && !is_nop(&d->insn[s.i]) && i < d->n_any; i++)
		through(k, m, d, d->any[i], s.p, to);
}
/* Within one function: constants, and what they hold that was there when it began. */
struct local { struct values v; struct place in[MOST_IN]; unsigned n_in; };

static void begins_with(struct local *l, struct place p)
{
	for (unsigned i = 0; i < l->n_in; i++)
		if (l->in[i].reg == p.reg && l->in[i].off == p.off && l->in[i].add == p.add)
			return;
	if (l->n_in < MOST_IN && (p.reg >= 0 || p.off >= 8))
		l->in[l->n_in++] = p;
	else
		l->v.unknown = true;
}
static void search_local(struct world *w, struct module *m, const struct decoded *d, uint32_t i, struct place p, struct local *l)
{
	struct walk k = { .s = malloc(MOST_STEPS * sizeof *k.s), .seen = calloc(2 * MOST_STEPS, sizeof *k.seen) };

	l->v.n = l->n_in = 0;
	l->v.unknown = !k.s || !k.seen || w->steps > MOST_STEPS_ALL;
	if (!l->v.unknown)
		ask(&k, i, p);
	while (k.n && !k.full) {
		struct state s = k.s[--k.n];
		if (!s.i)
			begins_with(l, s.p);
		step(&k, m, d, s, &l->v);
		w->steps += 1 + d->n_any;
		k.full |= w->steps > MOST_STEPS_ALL;
	}
	l->v.unknown |= k.full;
	free(k.s);
	free(k.seen);
}

/* --- what a function is given by those who call it ------------------------------------------------------------------ */
struct memo {
	struct memo *next;
	const struct module *m;
	uint32_t f;
	struct place p;
	struct values v;
};
static void search(struct world *, struct module *, uint32_t f, uint32_t i, struct place, struct values *, int level);

static struct memo **memo_at(struct world *w, const struct module *m, uint32_t f, struct place p)
{
	uint64_t h = ((uintptr_t)m >> 5) * 31 + f * 2654435761ull + (uint64_t)(p.reg * 131 + p.off);
	struct memo **at = &w->memo[(h ^ h >> 17) % ARRAY_LEN(w->memo)];
	while (*at && ((*at)->m != m || (*at)->f != f || (*at)->p.reg != p.reg || (*at)->p.off != p.off))
		at = &(*at)->next;
	return at;
}
/* What the called function begins with, where the caller has it. */
static bool at_call(const struct caller *c, const struct decoded *d, uint32_t i, struct place *p)
{
	if (p->reg >= 0)
		return true;
	if (d->depth[i].sp == NO_DEPTH || p->off > 1 << 26)
		return false;
	p->off += d->depth[i].sp - (c->jump ? 0 : 8);
	return true;
}
static void given(struct world *w, struct module *m, uint32_t f, struct place p, struct values *to, int level)
{
	struct memo **at = memo_at(w, m, f, p), *k = *at;
	size_t n;

	if (k) {
		add_values(to, &k->v, p.add);
		return;
	}
	const struct caller *c = callers_of(w, m, f, &n);
	if (level >= MOST_LEVELS || !n || !(k = calloc(1, sizeof *k))) {
		to->unknown = true;
		return;
	}
	*k = (struct memo){ .m = m, .f = f, .p = p };
	*at = k;
	for (; n--; c++) {
		struct decoded *d = decoded_of(c->in, c->from);
		int64_t i = d ? index_of(d, c->at) : -1;
		struct place q = { p.reg, p.off, 0 };
		if (i < 0 || !at_call(c, d, (uint32_t)i, &q))
			k->v.unknown = true;
		else
			search(w, c->in, c->from, (uint32_t)i, q, &k->v, level + 1);
	}
	add_values(to, &k->v, p.add);
}

static void search(struct world *w, struct module *m, uint32_t f, uint32_t i, struct place p, struct values *to, int level)
{
	struct decoded *d = decoded_of(m, f);
	struct local *l = d ? malloc(sizeof *l) : NULL;

	if (!l) {
		to->unknown = true;
		return;
	}
	search_local(w, m, d, i, p, l);
	add_values(to, &l->v, 0);
	for (unsigned k = 0; k < l->n_in; k++)
		given(w, m, f, l->in[k], to, level);
	free(l);
}

/* --- two that go together ----------------------------------------------------------------------------------------- */
/* The values of arg where nr is nr: a function that makes any call (Go's Syscall6) is told both by the same caller. */
struct pair { struct world *w; int64_t nr; struct values *to; unsigned left; };

static bool has_value(const struct values *v, int64_t x)
{
	for (unsigned i = 0; i < v->n; i++)
		if ((uint32_t)v->v[i] == (uint32_t)x)
			return true;
	return false;
}
static void pair_search(struct pair *, struct module *, uint32_t f, uint32_t i, struct place nr, struct place arg, int level);

/* Both are what the function was given: by each who calls it. */
static void pair_given(struct pair *k, struct module *m, uint32_t f, struct place nr, struct place arg, int level)
{
	size_t n;
	const struct caller *c = callers_of(k->w, m, f, &n);
	k->to->unknown |= !n || level >= MOST_LEVELS;
	for (; level < MOST_LEVELS && n--; c++) {
		struct decoded *d = decoded_of(c->in, c->from);
		int64_t i = d ? index_of(d, c->at) : -1;
		struct place a = nr, b = arg;
		if (i < 0 || !at_call(c, d, (uint32_t)i, &a) || !at_call(c, d, (uint32_t)i, &b))
			k->to->unknown = true;
		else
			pair_search(k, c->in, c->from, (uint32_t)i, a, b, level + 1);
	}
}
/* Does any caller give this number? */
static bool nr_is_given(struct pair *k, struct module *m, uint32_t f, const struct local *l, int level)
{
	struct values *v = calloc(1, sizeof *v);
	for (unsigned y = 0; v && y < l->n_in; y++)
		given(k->w, m, f, l->in[y], v, level);
	bool is = !v || has_value(v, k->nr);
	free(v);
	return is;
}
static void pair_search(struct pair *k, struct module *m, uint32_t f, uint32_t i, struct place nr, struct place arg, int level)
{
	struct decoded *d = decoded_of(m, f);
	struct local *l = d && k->left ? malloc(2 * sizeof *l) : NULL, *a = l + 1;

	if (!l) {
		k->to->unknown = true;
		return;
	}
	k->left--;
	search_local(k->w, m, d, i, nr, l);
	if (has_value(&l->v, k->nr) || l->n_in) {
		search_local(k->w, m, d, i, arg, a);
		if (has_value(&l->v, k->nr) || (!a->n_in && nr_is_given(k, m, f, l, level)))
			add_values(k->to, &a->v, 0);
		for (unsigned x = 0; x < a->n_in; x++) {
			if (has_value(&l->v, k->nr))
				given(k->w, m, f, a->in[x], k->to, level);
			for (unsigned y = 0; y < l->n_in; y++)
				pair_given(k, m, f, l->in[y], a->in[x], level);
		}
	}
	free(l);
}
void track_pair(struct world *w, struct module *m, struct function *f, uint64_t at, struct place nr, int64_t value, struct place arg,
	struct values *to)
{
	uint32_t n = (uint32_t)(f - m->function);
	struct decoded *d = decoded_of(m, n);
	int64_t i = d ? index_of(d, at) : -1;
	struct pair k = { w, value, to, MOST_PAIRS };

	*to = (struct values){ .n = 0, .unknown = i < 0 };
	if (i >= 0)
		pair_search(&k, m, n, (uint32_t)i, nr, arg, 0);
}
void track(struct world *w, struct module *m, struct function *f, uint64_t at, struct place p, struct values *to)
{
	uint32_t nr = (uint32_t)(f - m->function);
	struct decoded *d = decoded_of(m, nr);
	int64_t i = d ? index_of(d, at) : -1;

	*to = (struct values){ .n = 0, .unknown = i < 0 };
	if (i >= 0)
		search(w, m, nr, (uint32_t)i, p, to, 0);
}
void track_forget(struct world *w)
{
	for (unsigned i = 0; i < ARRAY_LEN(w->memo); i++)
		for (struct memo *k = w->memo[i], *next; k; k = next) {
			next = k->next;
			free(k);
		}
	memset(w->memo, 0, sizeof w->memo);
}
