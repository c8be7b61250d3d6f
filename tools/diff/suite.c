/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A suite: a file that names many pairs of programs and what is expected of each, and what became of them, for people
 * and (JUnit XML) for machines. The file is lines of "key = value" under [names]; [*] gives what holds for all below it.
 * docs/DIFF.md describes it. A file's names are relative to the suite file's directory.
 */
#include <ctype.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tools/diff/diff.h"
#include "loader/loader.h"

#define MOST_ARGS 256u

struct entry {
	char *name, *a, *b, *skip, *expect, *args[MOST_ARGS];
	char *ignore[64], *heed[32];
	unsigned n_ignore, n_heed, line;
	struct setup setup;
};
static const char *file_name;
static char dir[PATH_MAX];
static unsigned line_nr;

static void __attribute__((noreturn, format(printf, 1, 2))) wrong(const char *f, ...)
{
	char text[600];
	va_list ap;
	va_start(ap, f);
	vsnprintf(text, sizeof text, f, ap);
	va_end(ap);
	refuse("%s:%u: %s", shown(file_name), line_nr, text);
}
static char *copy(const char *s)
{
	char *c = strdup(s);
	if (!c)
		refuse("no memory for the suite");
	return c;
}
static char *beside(const char *v)
{
	char *path;
	if (*v == '/')
		return copy(v);
	if (asprintf(&path, "%s/%s", dir, v) < 0)
		refuse("no memory for the suite");
	return path;
}
/* A program without a slash is looked for in PATH. */
static char *program(const char *v) { return strchr(v, '/') ? beside(v) : copy(v); }

/* Words as a shell parts them: blanks, '...', "...", \x. */
static unsigned words(const char *v, char **to)
{
	unsigned n = 0;
	while (*v) {
		char *w = malloc(strlen(v) + 1), *p = w, quote = 0;
		v += strspn(v, " \t");
		if (!*v || !w) {
			free(w);
			break;
		}
		for (; *v && (quote || !strchr(" \t", *v)); v++) {
			if (quote && *v == quote)
				quote = 0;
			else if (!quote && (*v == '\'' || *v == '"'))
				quote = *v;
			else if (*v == '\\' && quote != '\'' && v[1])
				*p++ = *++v;
			else
				*p++ = *v;
		}
		*p = 0;
		if (quote)
			wrong("a quote %c is not closed", quote);
		if (n == MOST_ARGS)
			wrong("more than %u arguments", MOST_ARGS);
		to[n++] = w;
	}
	return n;
}
static void set(struct entry *e, const char *key, const char *v)
{
	struct setup *u = &e->setup;
	char *end;

	if (!strcmp(key, "a"))
		e->a = program(v);
	else if (!strcmp(key, "b"))
		e->b = program(v);
	else if (!strcmp(key, "args"))
		u->n_args = words(v, e->args);
	else if (!strcmp(key, "root-a"))
		u->root[0] = beside(v);
	else if (!strcmp(key, "root-b"))
		u->root[1] = beside(v);
	else if (!strcmp(key, "stdin"))
		u->stdin_file = beside(v);
	else if (!strcmp(key, "chdir"))
		u->chdir = beside(v), u->empty = false;
	else if (!strcmp(key, "engine"))
		u->engine = copy(v);
	else if (!strcmp(key, "skip"))
		e->skip = copy(v);
	else if (!strcmp(key, "compare"))
		u->facets = facets_of(copy(v));
	else if (!strcmp(key, "expect"))
		e->expect = copy(v);
	else if (!strcmp(key, "timeout")) {
		u->timeout = strtod(v, &end);
		if (*end || end == v || !(u->timeout >= 0))
			wrong("timeout wants seconds, not \"%s\"", v);
	} else if (!strcmp(key, "env")) {
		if (u->n_env == ARRAY_LEN(u->env) || !strcspn(v, "="))
			wrong("env wants VAR=VALUE or VAR, at most %zu times", ARRAY_LEN(u->env));
		u->env[u->n_env++] = copy(v);
	} else if (!strcmp(key, "ignore")) {
		if (e->n_ignore == ARRAY_LEN(e->ignore))
			wrong("ignore can be given %zu times at most", ARRAY_LEN(e->ignore));
		e->ignore[e->n_ignore++] = copy(v);
	} else if (!strcmp(key, "heed")) {
		if (e->n_heed == ARRAY_LEN(e->heed))
			wrong("heed can be given %zu times at most", ARRAY_LEN(e->heed));
		e->heed[e->n_heed++] = copy(v);
	} else {
		wrong("there is no key \"%s\": a, b, args, env, stdin, chdir, root-a, root-b, engine, timeout, compare, ignore, heed, "
		      "expect, skip", key);
	}
}
static char *trim(char *s)
{
	char *end = s + strlen(s);
	while (isspace((unsigned char)*s))
		s++;
	while (end > s && isspace((unsigned char)end[-1]))
		*--end = 0;
	return s;
}
/* "same", "differs", or "differs: in, in": exactly there. */
static void check_expect(struct entry *e)
{
	if (!e->expect || !strcmp(e->expect, "same") || !strcmp(e->expect, "differs"))
		return;
	if (strncmp(e->expect, "differs:", 8))
		wrong("expect wants same, differs, or differs: LIST, not \"%s\"", e->expect);
	facets_of(e->expect + 8);
}
static struct entry *parse(FILE *f, const struct setup *u, unsigned *n)
{
	struct entry all = { .setup = *u }, *e = NULL, *list = NULL;
	char *line = NULL;
	size_t room = 0;

	*n = 0;
	for (line_nr = 1; getline(&line, &room, f) >= 0; line_nr++) {
		char *s = trim(line), *eq = strchr(s, '=');
		size_t len = strlen(s);
		if (!len || *s == '#' || *s == ';')
			continue;
		if (*s == '[') {
			if (s[len - 1] != ']' || len < 3)
				wrong("a name stands in brackets: [NAME]");
			s[len - 1] = 0;
			if (!strcmp(s + 1, "*")) {
				e = NULL;
				continue;
			}
			list = realloc(list, (*n + 1) * sizeof *list);
			if (!list)
				refuse("no memory for the suite");
			e = &list[(*n)++];
			*e = all;
			e->name = copy(s + 1);
			e->line = line_nr;
			continue;
		}
		if (!eq)
			wrong("a line is KEY = VALUE, [NAME], or a comment behind #");
		*eq = 0;
		char *key = trim(s), *value = trim(eq + 1);
		set(e ? e : &all, key, value);
		check_expect(e ? e : &all);
	}
	free(line);
	for (unsigned i = 0; i < *n; i++) {
		line_nr = list[i].line;
		if (!list[i].skip && (!list[i].a || !list[i].b))
			wrong("[%s] names no program %s", list[i].name, list[i].a ? "b" : "a");
	}
	if (!*n)
		refuse("%s: there is no [NAME] in it; docs/DIFF.md says what a suite is", shown(file_name));
	return list;
}

/* --- running it --------------------------------------------------------------------------------------------------- */
/* NULL: as expected. */
static char *judge(const struct entry *e, const struct result *r)
{
	const char *want = e->expect ? e->expect : "same";
	char *why = NULL, *text = NULL;
	size_t n;
	if (r->trouble)
		return copy(r->why);
	unsigned in = !strncmp(want, "differs:", 8) ? facets_of(want + 8) : 0;
	if (in ? in == r->facets : !strcmp(want, "same") ? !r->n : r->n > 0)
		return NULL;
	FILE *f = open_memstream(&text, &n);
	if (!r->n)
		fprintf(f, "they are the same, which was not expected (expect = %s)", want);
	else
		fprintf(f, "%s: %s%s", facet_name(r->finding[0].facet), r->finding[0].text, in ? " (it was expected to differ elsewhere)" : "");
	fclose(f);
	why = copy(text);
	free(text);
	return why;
}
static void xml(FILE *f, const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		switch (c) {
		case '<': fputs("&lt;", f); break;
		case '>': fputs("&gt;", f); break;
		case '&': fputs("&amp;", f); break;
		case '"': fputs("&quot;", f); break;
		case '\n': fputs("&#10;", f); break;
		default: putc(c < ' ' && c != '\t' ? '?' : c, f);
		}
	}
}
struct outcome { char *why, *text; bool skipped, trouble; double seconds; };

static void write_junit(const char *name, const struct entry *e, const struct outcome *o, unsigned n)
{
	FILE *f = fopen(name, "we");
	unsigned failed = 0, errors = 0, skipped = 0;
	double seconds = 0;

	if (!f)
		refuse("%s: %s; --junit wants a file that can be written", shown(name), strerror(errno));
	for (unsigned i = 0; i < n; i++) {
		failed += o[i].why && !o[i].trouble, errors += o[i].trouble, skipped += o[i].skipped;
		seconds += o[i].seconds;
	}
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"", f);
	xml(f, file_name);
	fprintf(f, "\" tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\" time=\"%.3f\">\n", n, failed, errors, skipped, seconds);
	for (unsigned i = 0; i < n; i++) {
		fputs("<testcase classname=\"guise.diff\" name=\"", f);
		char *v = visible(e[i].name, strlen(e[i].name));
		xml(f, v);
		free(v);
		fprintf(f, "\" time=\"%.3f\">", o[i].seconds);
		if (o[i].skipped)
			fputs("<skipped message=\"", f), xml(f, e[i].skip), fputs("\"/>", f);
		if (o[i].why) {
			fputs(o[i].trouble ? "<error message=\"" : "<failure message=\"", f);
			xml(f, o[i].why);
			fputs("\">", f);
			xml(f, o[i].text);
			fputs(o[i].trouble ? "</error>" : "</failure>", f);
		}
		fputs("</testcase>\n", f);
	}
	fputs("</testsuite>\n", f);
	if (ferror(f) | fclose(f))
		refuse("%s: %s; --junit could not be written", shown(name), strerror(errno));
}
static void run_one(struct entry *e, struct outcome *o, FILE *json, unsigned context)
{
	struct result r = { .setup = &e->setup };
	size_t n;
	struct rule *before = rules;
	unsigned n_before = n_rules;

	rules = malloc(n_rules * sizeof *rules);
	if (!rules)
		refuse("no memory for a list of rules");
	memcpy(rules, before, n_rules * sizeof *rules);
	for (unsigned i = 0; i < e->n_ignore; i++)
		rule_ignore(e->ignore[i]);
	for (unsigned i = 0; i < e->n_heed; i++)
		rule_heed(e->heed[i]);
	e->setup.args = e->args;
	e->setup.name = e->name;
	if (!e->setup.chdir)
		e->setup.empty = true;
	compare(&r, &e->setup, e->a, e->b);
	o->why = judge(e, &r);
	o->trouble = r.trouble;
	o->seconds = r.side[0].seconds + r.side[1].seconds;
	FILE *f = open_memstream(&o->text, &n);
	diff_text(f, &r, context);
	fclose(f);
	if (json)
		diff_json(json, &r);
	result_drop(&r);
	free(rules);
	rules = before;
	n_rules = n_before;
}
int suite_run(const char *file, const char *junit, const struct setup *u, const char *json_name, unsigned context)
{
	FILE *f = fopen(file, "re"), *json = json_name ? fopen(json_name, "we") : NULL;
	unsigned n, passed = 0, skipped = 0, trouble = 0;
	char *real = realpath(file, NULL);

	file_name = file;
	if (!f || !real)
		refuse("%s: %s; --suite wants a file, which docs/DIFF.md describes", shown(file), strerror(errno));
	if (json_name && !json)
		refuse("%s: %s; --json wants a file that can be written", shown(json_name), strerror(errno));
	snprintf(dir, sizeof dir, "%s", dirname(real));
	struct entry *e = parse(f, u, &n);
	struct outcome *o = calloc(n, sizeof *o);
	fclose(f);
	if (!o)
		refuse("no memory for the suite");
	for (unsigned i = 0; i < n && !diff_stopped; i++) {
		o[i].skipped = e[i].skip != NULL;
		if (!o[i].skipped)
			run_one(&e[i], &o[i], json, context);
		passed += !o[i].skipped && !o[i].why;
		skipped += o[i].skipped;
		trouble += o[i].trouble;
		char *v = visible(e[i].name, strlen(e[i].name));
		printf("%s %s%s%s\n", o[i].skipped ? "skipped" : o[i].why ? "FAILED" : "passed", v, o[i].skipped || o[i].why ? ": " : "",
		       o[i].skipped ? e[i].skip : o[i].why ? o[i].why : "");
		free(v);
		if (o[i].why && !o[i].trouble)
			printf("%s\n", o[i].text);
		fflush(stdout);
	}
	if (junit)
		write_junit(junit, e, o, n);
	if (json && (ferror(json) | fclose(json)))
		refuse("%s: %s; --json could not be written", shown(json_name), strerror(errno));
	printf("%u as expected, %u not, %u skipped\n", passed, n - passed - skipped, skipped);
	return diff_stopped ? EXIT_OURS : trouble ? EXIT_OURS : passed + skipped < n;
}
