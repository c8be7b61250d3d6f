/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The places that make calls held against the rows. Which register means what is not said here again: the personality's
 * own fetch is asked, with a mark in each register, so that a number that stands for another (FreeBSD's syscall(0)) and
 * the commands of fcntl, ioctl and their like are found by the rules that count when the program runs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tools/check/subject.h"

#define MARK 0x7a5e0000u                 /* + a register's number: no call's */

/* --- what is found ------------------------------------------------------------------------------------------------ */
struct finding *finding_of(struct subject *s, unsigned tab, unsigned nr)
{
	for (unsigned i = 0; i < s->n_finding; i++)
		if (s->finding[i].tab == tab && s->finding[i].nr == nr)
			return &s->finding[i];
	struct finding *more = realloc(s->finding, (s->n_finding + 1) * sizeof *more);
	if (!more)
		abort();
	s->finding = more;
	const struct systab *y = &s->pers->tab[tab];
	bool known = tab < s->pers->n_tab && nr < y->n && y->row[nr].name;
	more[s->n_finding] = (struct finding){ .tab = tab, .nr = nr, .row = known ? &y->row[nr] : NULL };
	return &more[s->n_finding++];
}
struct command *command_of(struct finding *f, const struct row *row, uint64_t value)
{
	for (unsigned i = 0; i < f->n_command; i++)
		if (f->command[i].value == value)
			return &f->command[i];
	struct command *more = realloc(f->command, (f->n_command + 1) * sizeof *more);
	if (!more)
		abort();
	f->command = more;
	more[f->n_command] = (struct command){ .row = row, .value = value };
	return &more[f->n_command++];
}
static const struct row *command_row(const struct personality *p, const struct row *r, uint64_t value)
{
	for (int i = 0; r && i < 8 && r->arg[i].kind; i++) {
		const struct subtab *t = r->arg[i].kind == A_SUB && p->sub ? &p->sub[r->arg[i].what] : NULL;
		for (unsigned k = 0; t && k < t->n; k++)
			if (t->row[k].nr == value)
				return &t->row[k].row;
	}
	return NULL;
}
const char *finding_name(const struct finding *f, char buf[24])
{
	if (f->row)
		return f->row->name;
	snprintf(buf, 24, "syscall_%u", f->nr);
	return buf;
}
enum level finding_level(const struct finding *f) { return f->row ? (enum level)f->row->level : L_GONE; }

/* --- how a call is passed ----------------------------------------------------------------------------------------- */
static void fetch(const struct personality *p, const uint64_t reg[N_REGS], struct call *c)
{
	uint64_t stack[16];
	struct proc proc = { .pers = p };
	struct thread t = { .p = &proc };
	t.regs = (struct regs){
		.rax = reg[0], .rcx = reg[1], .rdx = reg[2], .rbx = reg[3], .rsp = (uint64_t)stack, .rbp = reg[5], .rsi = reg[6],
		.rdi = reg[7], .r8 = reg[8], .r9 = reg[9], .r10 = reg[10], .r11 = reg[11], .r12 = reg[12], .r13 = reg[13],
		.r14 = reg[14], .r15 = reg[15],
	};
	for (unsigned i = 0; i < ARRAY_LEN(stack); i++)
		stack[i] = MARK + 0x100 + i;
	*c = (struct call){ .t = &t };
	p->fetch(&t, c);
	c->t = NULL;
}
static int marked(uint64_t v) { return v - MARK < N_REGS ? (int)(v - MARK) : -1; }

/* --- one place ---------------------------------------------------------------------------------------------------- */
struct site { struct subject *s; struct module *m; struct function *f; uint64_t at; };

/* nr: the register that told the number */
static void find_commands(const struct site *k, struct finding *g, const struct call *c, int nr)
{
	struct values v;
	for (int i = 0; g->row && i < 8 && g->row->arg[i].kind; i++) {
		if (g->row->arg[i].kind != A_SUB)
			continue;
		int reg = marked((uint64_t)c->raw[i]);
		if (reg < 0) {
			g->any_command = true;
			continue;
		}
		track_pair(&k->s->world, k->m, k->f, k->at, (struct place){ .reg = (int8_t)nr }, g->nr,
			   (struct place){ .reg = (int8_t)reg }, &v);
		g->any_command |= v.unknown;
		for (unsigned n = 0; n < v.n; n++) {
			const struct row *r = command_row(k->s->pers, g->row, (unsigned)v.v[n]);
			command_of(g, r, (unsigned)v.v[n])->sites++;
		}
	}
}
static void found(const struct site *k, const uint64_t reg[N_REGS], int nr)
{
	struct call c;
	fetch(k->s->pers, reg, &c);
	struct finding *g = finding_of(k->s, c.tab, c.nr);
	g->near |= k->f->hops <= NEAR;
	if (!g->sites++)
		g->m = k->m, g->f = k->f, g->at = k->at;
	find_commands(k, g, &c, nr);
}
/* The number is what a register holds: by itself, or as the first argument of a call that stands for any. */
static bool numbers(const struct site *k, uint64_t reg[N_REGS], int at, int level)
{
	struct values v;
	bool told = true;

	track(&k->s->world, k->m, k->f, k->at, (struct place){ .reg = (int8_t)at }, &v);
	for (unsigned i = 0; i < v.n; i++) {
		struct call c;
		reg[at] = (uint64_t)v.v[i];
		fetch(k->s->pers, reg, &c);
		int other = marked(c.nr);
		if (other >= 0 && level)
			told &= numbers(k, reg, other, level - 1);
		else if (other < 0)
			found(k, reg, at);
		reg[at] = MARK + (unsigned)at;
	}
	return told && !v.unknown && v.n;
}
static void look_at(const struct site *k, enum edgekind kind)
{
	uint64_t reg[N_REGS];

	if (kind == EDGE_OLD) {
		k->s->old++;
		return;
	}
	for (unsigned i = 0; i < N_REGS; i++)
		reg[i] = MARK + i;
	k->s->sites++;
	if (numbers(k, reg, RAX, 1))
		return;
	if (k->s->untold < ARRAY_LEN(k->s->unclear))
		k->s->unclear[k->s->untold] = (struct place_of){ k->m, k->f, k->at };
	k->s->untold++;
	k->s->untold_near += k->f->hops <= NEAR;
}
static int by_number(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;
	return x->tab != y->tab ? (x->tab > y->tab) - (x->tab < y->tab) : (x->nr > y->nr) - (x->nr < y->nr);
}
/* Where handlers return to is code that the system adds: who can set a handler makes its call. */
static void find_sigreturn(struct subject *s)
{
	size_t len = 0;
	const uint8_t *code = s->pers->sigcode ? (const uint8_t *)s->pers->sigcode(&len) : NULL;
	uint64_t reg[N_REGS];
	struct insn i;
	struct place from;
	struct call c;

	for (unsigned k = 0; k < N_REGS; k++)
		reg[k] = MARK + k;
	for (size_t at = 0; code && at < len && insn_decode(code + at, len - at, &i); at += i.len) {
		int64_t v;
		if (insn_effect(code + at, at, &i, (struct depth){ 0, 0 }, (struct place){ .reg = RAX }, &from, &v) == EFFECT_VALUE)
			reg[RAX] = (uint64_t)v;
		if (i.map == 1 && i.op == 0x05) {
			fetch(s->pers, reg, &c);
			finding_of(s, c.tab, c.nr)->sites++;
		}
	}
}
static bool sets_handlers(const struct subject *s)
{
	for (unsigned i = 0; i < s->n_finding; i++) {
		const struct row *r = s->finding[i].row;
		for (int k = 0; r && k < 8 && r->arg[k].kind; k++)
			if (r->arg[k].kind == A_IN && (r->arg[k].what == REC_SIGACTION || r->arg[k].what == REC_SIGACTION_OLD))
				return true;
	}
	return false;
}
void subject_calls(struct subject *s)
{
	struct world *w = &s->world;
	reach(w);
	subject_load_late(s);
	for (unsigned i = 0; i < w->n; i++)
		for (uint32_t n = 0; n < w->module[i]->n_function; n++) {
			struct function *f = &w->module[i]->function[n];
			for (uint32_t e = f->edge; f->reached && f->calls && e < f->edge + f->n_edge; e++)
				if (w->module[i]->edge[e].kind >= EDGE_SYSCALL)
					look_at(&(struct site){ s, w->module[i], f, w->module[i]->edge[e].at },
						(enum edgekind)w->module[i]->edge[e].kind);
		}
	if (sets_handlers(s))
		find_sigreturn(s);
	if (s->n_finding)
		qsort(s->finding, s->n_finding, sizeof *s->finding, by_number);
}

/* --- the verdict -------------------------------------------------------------------------------------------------- */
static void because(struct subject *s, const char *f, const char *what)
{
	if (!*s->why)
		snprintf(s->why, sizeof s->why, f, what);
}
/* A multiplexer is as good as its commands, where all that are given can be told: they are counted themselves. */
static enum level needed_level(const struct finding *g)
{
	enum level l = finding_level(g);
	return l == L_PART && g->n_command && !g->any_command ? L_FULL : l;
}
/* What of the support is missing, among the calls of the program's own asking (and those that runs made), or the others. */
static void limits_of(const struct subject *s, bool near, unsigned n[L_GONE + 1], unsigned *commands)
{
	for (unsigned i = 0; i < s->n_finding; i++) {
		const struct finding *g = &s->finding[i];
		if ((g->near || g->made) != near)
			continue;
		n[needed_level(g)]++;
		for (unsigned k = 0; k < g->n_command; k++)
			*commands += !g->command[k].row || g->command[k].row->level != L_FULL;
	}
}
/* words begin with a plural */
static void add_words(char *text, size_t n, unsigned count, const char *words)
{
	size_t len = strlen(text), first = strcspn(words, " ");
	bool one = count == 1 && words[first - 1] == 's';
	if (count && len < n)
		snprintf(text + len, n - len, "%s%u %.*s%s", len ? ", " : "", count, (int)(first - one), words, words + first);
}
static void put_limits(char *text, size_t size, const struct subject *s, bool near)
{
	unsigned n[L_GONE + 1] = { 0 }, commands = 0;

	limits_of(s, near, n, &commands);
	add_words(text, size, n[L_PART], "calls in part");
	add_words(text, size, n[L_STUB], "pretended");
	add_words(text, size, n[L_NOSYS] + n[L_GONE], "not served");
	add_words(text, size, commands, "commands not or in part");
	add_words(text, size, near ? s->untold_near : s->untold - s->untold_near, "places whose number cannot be told");
}
void subject_judge(struct subject *s)
{
	char limits[400] = "", may[200] = "";

	if (s->n_missing)
		because(s, "a library is missing: %s", s->missing[0]);
	if (s->world.n_missing_data && !s->n_missing)
		because(s, "none of its libraries has the symbol %s", s->world.missing_data[0]);
	if (*s->why) {
		s->verdict = RUNS_NOT;
		snprintf(s->text, sizeof s->text, "cannot run, because %s", s->why);
		return;
	}
	put_limits(limits, sizeof limits, s, true);
	add_words(limits, sizeof limits, s->old, "places that make 32-bit calls");
	add_words(limits, sizeof limits, s->world.n_missing, "functions that no library has");
	add_words(limits, sizeof limits, s->n_asked, "things that runs asked for in vain");
	put_limits(may, sizeof may, s, false);
	s->verdict = *limits ? RUNS_LIMITED : RUNS;
	snprintf(s->text, sizeof s->text, "runs%s%s%s%s", *limits ? " with limits: it can make " : "", limits,
		 *may ? "; its libraries may, for their own ends: " : "", may);
}
void subject_free(struct subject *s)
{
	for (unsigned i = 0; i < s->n_finding; i++)
		free(s->finding[i].command);
	for (unsigned i = 0; i < s->n_missing; i++)
		free(s->missing[i]);
	for (unsigned i = 0; i < s->n_asked; i++)
		free(s->asked[i].kind), free(s->asked[i].call), free(s->asked[i].what), free(s->asked[i].value);
	world_free(&s->world);
	free(s->finding), free(s->asked), free(s->name), free(s->path), free(s->script);
}
