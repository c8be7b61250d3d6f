/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What stands behind the keys of a rule: actions, numbers, arguments, names of calls and systems, made into the lists that
 * judge; paths and addresses are places.c's. What could never match is a mistake, told by its line.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "tools/audit/audit.h"

/* --- values ------------------------------------------------------------------------------------------------------- */
bool policy_tells;

const char *policy_is_text(struct maker *m, const struct pair *k, const struct item *i)
{
	if (i->type == I_TEXT)
		return i->text;
	problem(m->p, i->line, "%s wants text in quotes", k->key);
	return NULL;
}
const char *policy_turned(const char *s, uint32_t *is_not)
{
	*is_not = *s == '!';
	return s + *is_not;
}
bool policy_verdict_of(struct maker *m, const struct pair *k, uint16_t *verdict, uint16_t *err)
{
	static const struct { const char *name; uint16_t verdict; } words[] = {
		{ "allow", V_ALLOW }, { "log", V_LOG }, { "deny", V_DENY }, { "kill", V_KILL }, { "ask", V_ASK },
	};
	const char *s = k->n == 1 ? policy_is_text(m, k, k->item) : NULL;
	size_t n = s ? strcspn(s, " ") : 0;

	*err = EPERM;
	for (unsigned i = 0; s && i < ARRAY_LEN(words); i++) {
		if (strlen(words[i].name) != n || strncmp(s, words[i].name, n))
			continue;
		*verdict = words[i].verdict;
		if (!s[n])
			return true;
		if (*verdict == V_DENY || *verdict == V_ASK) {
			*err = (uint16_t)filter_errno(s + n + 1);
			if (*err)
				return true;
			problem(m->p, k->line, "there is no error %s; name one as a system spells it: \"%.*s EACCES\"", s + n + 1, (int)n, s);
			return false;
		}
		problem(m->p, k->line, "%.*s takes no error; \"deny %s\" does", (int)n, s, s + n + 1);
		return false;
	}
	if (s)
		problem(m->p, k->line, "\"%s\" is no action; there are allow, log, deny ERROR, kill, ask ERROR", s);
	else if (k->n != 1)
		problem(m->p, k->line, "%s wants one action: allow, log, deny ERROR, kill, ask ERROR", k->key);
	return false;
}
bool policy_texts(struct maker *m, const struct pair *k, struct plist *l,
	bool (*one)(struct maker *, const struct pair *, const struct item *, struct ptext *))
{
	struct ptext *x = calloc(k->n + 1, sizeof *x);
	bool good = true;
	for (unsigned i = 0; i < k->n; i++)
		good &= one(m, k, &k->item[i], &x[i]);
	*l = (struct plist){ policy_add(x, k->n * sizeof *x), k->n };
	free(x);
	return good;
}

/* --- numbers ------------------------------------------------------------------------------------------------------ */
static bool range_of(const char *s, long *lo, long *hi)
{
	char *end;
	*lo = *hi = strtol(s, &end, 0);
	if (end == s)
		return false;
	if (!strncmp(end, "..", 2) || *end == '-') {
		const char *t = end + (*end == '-' ? 1 : 2);
		*hi = *t ? strtol(t, &end, 0) : LONG_MAX;
		if (!*t)
			return true;
	}
	return !*end && *hi >= *lo;
}
bool policy_ranges(struct maker *m, const struct pair *k, struct plist *l, long most)
{
	struct prange *x = calloc(k->n + 1, sizeof *x);
	bool good = true;
	for (unsigned i = 0; i < k->n; i++) {
		const struct item *it = &k->item[i];
		long lo = it->number, hi = it->number;
		bool fits = it->type == I_NUMBER || (it->type == I_TEXT && range_of(policy_turned(it->text, &x[i].is_not), &lo, &hi));
		if (hi == LONG_MAX)
			hi = most;
		if (!fits || lo < 0 || hi > most) {
			problem(m->p, it->line, "%s wants numbers up to %ld, or \"LOW-HIGH\"", k->key, most);
			good = false;
		}
		x[i].lo = (uint64_t)lo, x[i].hi = (uint64_t)hi;
	}
	*l = (struct plist){ policy_add(x, k->n * sizeof *x), k->n };
	free(x);
	return good;
}

/* --- arguments ---------------------------------------------------------------------------------------------------- */
/* What the rows in the set know of an argument of this name, and of a value of it. */
struct known { bool arg, text, named, value; };
static void know(struct known *k, const struct personality *p, const struct row *r, const char *name, const char *value)
{
	int i = arg_index(r, name);
	if (i < 0)
		return;
	const struct arg *a = &r->arg[i];
	k->arg = true;
	k->text |= a->kind == A_STR;
	if (a->kind == A_SET || a->kind == A_ENUM || a->kind == A_ATFD) {
		unsigned set = a->kind == A_ATFD ? SET_AT : a->what;
		k->named = true;
		for (const struct bit *b = p->bits; value && b && b->name; b++)
			k->value |= b->set == set && !strcmp(b->name, value);
	} else if (a->kind == A_SUB) {
		k->named = true;
		for (unsigned j = 0; value && p->sub && j < p->sub[a->what].n; j++)
			k->value |= !strcmp(p->sub[a->what].row[j].row.name, value);
	} else if (a->kind == A_SIG) {
		k->named = true;
		for (unsigned g = 1; value && p->sig_name && g < p->n_sig; g++) {
			const char *is = p->sig_name[g];
			k->value |= is && !strcmp(strncmp(is, "SIG", 3) ? is : is + 3, strncmp(value, "SIG", 3) ? value : value + 3);
		}
	}
}
/* Of a call, and of the commands of a multiplexer, whose rows have arguments of their own. */
static void know_all(struct known *k, const struct personality *p, const struct row *r, const char *name, const char *value)
{
	know(k, p, r, name, value);
	for (int i = 0; p->sub && i < 8 && r->arg[i].kind; i++) {
		const struct arg *a = &r->arg[i];
		for (unsigned j = 0; a->kind == A_SUB && j < p->sub[a->what].n; j++)
			know(k, p, &p->sub[a->what].row[j].row, name, value);
	}
}
static struct known known_of(const nrset *s, const char *name, const char *value)
{
	struct known k = { 0 };
	for (EACH_PERS(p))
		for (unsigned at = 0; at < MOST_TABS * MOST_NRS; at++) {
			unsigned t = at / MOST_NRS, nr = at % MOST_NRS;
			const struct row *r = nr_in(s, p, t, nr) ? policy_row(p, t, nr) : NULL;
			if (r)
				know_all(&k, PERS(p), r, name, value);
		}
	return k;
}
static bool arg_item(struct maker *m, const char *name, const struct item *i, const nrset *s, struct parg *a)
{
	uint32_t is_not = 0;
	if (i->type == I_NUMBER) {
		a->test = T_RANGE;
		a->lo = a->hi = i->number;
		return true;
	}
	if (i->type != I_TEXT) {
		problem(m->p, i->line, "arg.%s wants a name in quotes, a number, or \"LOW..HIGH\"", name);
		return false;
	}
	const char *v = policy_turned(i->text, &is_not);
	struct known k = known_of(s, name, v);
	long lo, hi;
	char *end;
	a->is_not = (uint16_t)is_not;
	if (k.value) {
		a->test = T_NAME;
		a->at = policy_add_text(v);
	} else if (*v == '&' && (a->lo = strtol(v + 1, &end, 0), end != v + 1 && !*end)) {
		a->test = T_MASK;
	} else if (range_of(v, &lo, &hi)) {
		a->test = T_RANGE;
		a->lo = lo, a->hi = hi;
	} else if (k.text) {
		a->test = T_TEXT;
		a->at = policy_add_text(v);
	} else {
		problem(m->p, i->line, k.named ? "%s is no value of the argument %s of these calls; guise trace shows the names" :
			"%s: the argument %s is a number; write 5, \"5..9\", \"!0\" or \"&0x40\"", v, name);
		return false;
	}
	return true;
}
bool policy_arg_tests(struct maker *m, const struct table *t, const nrset *s, struct plist *l)
{
	struct parg x[256] = { 0 };
	unsigned n = 0;
	bool good = true;

	for (unsigned i = 0; i < t->n; i++) {
		const struct pair *k = &t->pair[i];
		if (strncmp(k->key, "arg.", 4))
			continue;
		if (!known_of(s, k->key + 4, NULL).arg) {
			problem(m->p, k->line, "no call of this rule has an argument %s; guise trace --arg-names shows them", k->key + 4);
			good = false;
			continue;
		}
		uint32_t name = policy_add_text(k->key + 4);
		for (unsigned j = 0; j < k->n && n < ARRAY_LEN(x); j++, n++) {
			x[n].name = name;
			good &= arg_item(m, k->key + 4, &k->item[j], s, &x[n]);
		}
	}
	*l = (struct plist){ policy_add(x, n * sizeof *x), n };
	return good;
}

/* --- calls -------------------------------------------------------------------------------------------------------- */
bool policy_calls(struct maker *m, const struct pair *k, nrset *s)
{
	bool good = true;
	uint32_t is_not;

	if (k && k->n && k->item[0].type == I_TEXT && k->item[0].text[0] == '!')
		filter_word(s, "all", true);
	for (unsigned i = 0; k && i < k->n; i++) {
		const char *word = policy_is_text(m, k, &k->item[i]);
		if (!word) {
			good = false;
			continue;
		}
		const char *bare = policy_turned(word, &is_not), *why;
		bool unknown = !*bare || *bare == '?' || !strcmp(bare, "none");
		why = unknown ? "it wants the name of a call, /regex/, %class or all" : filter_word(s, bare, !is_not);
		if (why) {
			problem(m->p, k->item[i].line, "call %s: %s", bare, why);
			good = false;
		}
	}
	if (!k)
		filter_word(s, "all", true);
	return good;
}
bool policy_systems(struct maker *m, const struct pair *k, uint32_t *pers)
{
	bool good = true;
	for (unsigned i = 0; i < k->n; i++) {
		const char *s = policy_is_text(m, k, &k->item[i]);
		uint32_t before = *pers;
		for (EACH_PERS(p))
			if (s && !strcmp(PERS(p)->name, s))
				*pers |= 1u << p;
		if (s && *pers == before) {
			problem(m->p, k->item[i].line, "there is no system %s; guise --version lists them", s);
			good = false;
		}
		good &= s != NULL;
	}
	return good;
}
