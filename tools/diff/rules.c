/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What is noise: rows of rules.def and the user's own, asked by whoever compares. Rules are looked at in their order;
 * what each of them left out is counted, so that a report can say what it does not show.
 */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include "tools/diff/diff.h"
#include "loader/loader.h"

static const char *const kinds[N_RULEKIND] = {
	[RULE_AS] = "as", [RULE_CALL] = "call", [RULE_PATH] = "path", [RULE_ERROR] = "error", [RULE_FLAG] = "flag",
	[RULE_RESULT] = "result", [RULE_SIGNAL] = "signal", [RULE_TEXT] = "text", [RULE_NAME] = "name", [RULE_FILE] = "file", [RULE_NOISE] = "noise",
};
enum { R_as = RULE_AS, R_call = RULE_CALL, R_path = RULE_PATH, R_error = RULE_ERROR, R_flag = RULE_FLAG, R_result = RULE_RESULT,
	R_signal = RULE_SIGNAL, R_text = RULE_TEXT, R_name = RULE_NAME, R_noise = RULE_NOISE };
static const struct rule declared[] = {
#define RULE(name_, kind_, pattern_, why_) { .name = #name_, .kind = (enum rulekind)R_##kind_, .pattern = pattern_, .why = why_ },
#define ASK(name_, kind_, pattern_, why_) \
	{ .name = #name_, .kind = (enum rulekind)R_##kind_, .pattern = pattern_, .why = why_, .off = true },
#include "rules.def"
#undef RULE
#undef ASK
};
struct rule *rules;
unsigned n_rules;

static void compile(struct rule *r)
{
	char text[200];
	bool regular = r->kind == RULE_TEXT || r->kind == RULE_NAME;
	int e = regular && !r->compiled ? regcomp(&r->re, r->pattern, REG_EXTENDED | REG_NEWLINE) : 0;
	if (e) {
		regerror(e, &r->re, text, sizeof text);
		refuse("--ignore %s:%s: %s; it takes a regular expression as egrep does", kinds[r->kind], shown(r->pattern), text);
	}
	r->compiled = regular;
	if (r->compiled && !regexec(&r->re, "", 0, NULL, 0))
		refuse("--ignore %s:%s matches where nothing is, too; make it match at least one character", kinds[r->kind],
			shown(r->pattern));
}
void rules_start(void)
{
	if (rules)
		return;
	rules = malloc(sizeof declared);
	if (!rules)
		refuse("no memory for a list of rules");
	memcpy(rules, declared, sizeof declared);
	n_rules = ARRAY_LEN(declared);
	for (unsigned i = 0; i < n_rules; i++)
		if (!rules[i].off)
			compile(&rules[i]);
}
static struct rule *rule_find(const char *name)
{
	for (unsigned i = 0; i < n_rules; i++)
		if (rules[i].name && !strcmp(rules[i].name, name))
			return &rules[i];
	return NULL;
}
static unsigned kind_of(const char *text, size_t n)
{
	unsigned k = 0;
	while (k < N_RULEKIND && (strlen(kinds[k]) != n || strncmp(kinds[k], text, n)))
		k++;
	return k;
}
static void check_words(enum rulekind kind, const char *pattern)
{
	size_t n = strcspn(pattern, "=");
	if (kind == RULE_AS && (!n || !pattern[n] || !pattern[n + 1]))
		refuse("--ignore as:%s: give it as CALL=CALL", shown(pattern));
	if (kind == RULE_NOISE)
		refuse("--ignore noise:%s: these are declared by name only; guise diff --rules lists them", shown(pattern));
}
void rule_ignore(const char *v)
{
	const char *colon = strchr(v, ':');
	struct rule *r = rule_find(v);
	unsigned kind = colon ? kind_of(v, (size_t)(colon - v)) : N_RULEKIND;

	if (r) {
		r->off = false;
		compile(r);
		return;
	}
	if (!colon || kind == N_RULEKIND || !colon[1])
		refuse("--ignore %s: no rule has that name, and KIND:PATTERN it is not either; guise diff --rules lists both", shown(v));
	check_words((enum rulekind)kind, colon + 1);
	rules = realloc(rules, (n_rules + 1) * sizeof *rules);
	if (!rules)
		refuse("no memory for a list of rules");
	rules[n_rules] = (struct rule){ .kind = (enum rulekind)kind, .pattern = colon + 1, .why = "asked for" };
	compile(&rules[n_rules++]);
}
void rule_heed(const char *name)
{
	struct rule *r = rule_find(name);
	if (!r)
		refuse("--heed %s: no rule has that name; guise diff --rules lists them", shown(name));
	r->off = true;
}
void rules_print(FILE *f)
{
	fprintf(f, "%-12s %-7s %s\n", "name", "kind", "why: pattern");
	for (unsigned i = 0; i < n_rules; i++)
		fprintf(f, "%-12s %-7s %s%s:\n%20s %s\n", rules[i].name ? rules[i].name : "-", kinds[rules[i].kind], rules[i].why,
			!rules[i].off ? "" : " (not in force)", "", rules[i].pattern);
}

/* --- asking ------------------------------------------------------------------------------------------------------- */
/* Does a word of the pattern match? Words are parted by blanks. */
static bool words_match(const char *pattern, const char *what)
{
	char word[256];
	for (size_t n; *pattern; pattern += n) {
		pattern += strspn(pattern, " ");
		n = strcspn(pattern, " ");
		if (!n || n >= sizeof word)
			continue;
		memcpy(word, pattern, n);
		word[n] = 0;
		if (!fnmatch(word, what, 0))
			return true;
	}
	return false;
}
/* A file's name may hold blanks: a user's own pattern is one. */
static bool rule_matches(struct rule *r, const char *what)
{
	bool hit = !r->name && (r->kind == RULE_FILE || r->kind == RULE_PATH) ? !fnmatch(r->pattern, what, 0) :
		words_match(r->pattern, what);
	r->hits += hit;
	return hit;
}
bool rule_noise(const char *word)
{
	for (unsigned i = 0; i < n_rules; i++)
		if (rules[i].kind == RULE_NOISE && !strcmp(rules[i].pattern, word))
			return !rules[i].off;
	return false;
}
const char *rule_as(const char *name)
{
	static char to[80];
	size_t len = strlen(name);
	for (unsigned i = 0; i < n_rules; i++) {
		const char *p = rules[i].pattern;
		for (size_t n; rules[i].kind == RULE_AS && !rules[i].off && *p; p += n) {
			p += strspn(p, " ");
			n = strcspn(p, " ");
			if (n > len + 1 && !strncmp(p, name, len) && p[len] == '=' && n - len - 1 < sizeof to) {
				memcpy(to, p + len + 1, n - len - 1);
				to[n - len - 1] = 0;
				return to;
			}
		}
	}
	return name;
}
struct rule *rule_call(const char *name, const char *command, const char *args)
{
	char whole[200], all[600];
	snprintf(whole, sizeof whole, "%s(%s)", name, command);
	snprintf(all, sizeof all, "%s(%.500s)", name, args);
	for (unsigned i = 0; i < n_rules; i++)
		if (rules[i].kind == RULE_CALL && !rules[i].off && (rule_matches(&rules[i], name) ||
		    (*command && rule_matches(&rules[i], whole)) || rule_matches(&rules[i], all)))
			return &rules[i];
	return NULL;
}
struct rule *rule_path(const char *path)
{
	for (unsigned i = 0; *path && i < n_rules; i++)
		if (rules[i].kind == RULE_PATH && !rules[i].off && rule_matches(&rules[i], path))
			return &rules[i];
	return NULL;
}
struct rule *rule_error(const char *name, const char *error)
{
	char whole[120];
	snprintf(whole, sizeof whole, "%s=%s", name, error);
	for (unsigned i = 0; *error && i < n_rules; i++)
		if (rules[i].kind == RULE_ERROR && !rules[i].off && (rule_matches(&rules[i], error) || rule_matches(&rules[i], whole)))
			return &rules[i];
	return NULL;
}
bool rule_word(enum rulekind kind, const char *word)
{
	for (unsigned i = 0; i < n_rules; i++)
		if (rules[i].kind == kind && !rules[i].off && rule_matches(&rules[i], word))
			return true;
	return false;
}

/* --- text --------------------------------------------------------------------------------------------------------- */
struct grown { char *at; size_t n, room; };
static void grow(struct grown *g, const char *s, size_t n)
{
	if (g->n + n + 1 > g->room) {
		g->room = (g->n + n + 1) * 2;
		if (!(g->at = realloc(g->at, g->room)))
			abort();
	}
	memcpy(g->at + g->n, s, n);
	g->n += n;
	g->at[g->n] = 0;
}
static struct grown replace(struct rule *r, const char *s, size_t n)
{
	struct grown g = { 0 };
	size_t at = 0;
	regmatch_t m;

	grow(&g, "", 0);
	while (at < n) {
		m = (regmatch_t){ .rm_so = (regoff_t)at, .rm_eo = (regoff_t)n };
		if (regexec(&r->re, s, 1, &m, REG_STARTEND | (at && s[at - 1] != '\n' ? REG_NOTBOL : 0)) || m.rm_eo <= m.rm_so)
			break;
		r->hits++;
		grow(&g, s + at, (size_t)m.rm_so - at);
		grow(&g, "…", strlen("…"));
		at = (size_t)m.rm_eo;
	}
	grow(&g, s + at, n - at);
	return g;
}
static struct grown replaced(enum rulekind kind, const char *s, size_t n)
{
	struct grown g = { 0 };
	grow(&g, s, n);
	for (unsigned i = 0; i < n_rules; i++)
		if (rules[i].kind == kind && !rules[i].off) {
			struct grown next = replace(&rules[i], g.at, g.n);
			free(g.at);
			g = next;
		}
	return g;
}
char *rule_text(const char *s, size_t n, size_t *len)
{
	struct grown g = replaced(RULE_TEXT, s, n);
	*len = g.n;
	return g.at;
}
char *rule_names(const char *path) { return replaced(RULE_NAME, path, strlen(path)).at; }
