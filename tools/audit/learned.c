/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The policy that --learn writes. What the runs did comes as facts in order (learn.c): a letter, then parts with FACT_SEP
 * between them:
 *   C call
 *   S call, argument, value (or # and a number)
 *   A address, port (or nothing), call
 *   P path (or \2 and a pattern that stood there already), call, argument that says that it was only read (or nothing)
 * Everything that is alike becomes one rule, so that a person can read the file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tools/audit/audit.h"

static FILE *out;

/* The text up to the separator, which becomes an end; *s goes behind it. */
static char *part(char **s)
{
	char *at = *s, *end = strchr(at, FACT_SEP);
	if (end)
		*end = 0, *s = end + 1;
	else
		*s = at + strlen(at);
	return at;
}
static void *must(void *made)
{
	if (!made)
		abort();
	return made;
}
static void put_text_toml(const char *s)
{
	fputc('"', out);
	for (; *s; s++)
		if (*s == '"' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else if ((unsigned char)*s < ' ' || (unsigned char)*s >= 127)
			fprintf(out, "\\x%02x", (unsigned char)*s);
		else
			fputc(*s, out);
	fputc('"', out);
}
static void rule_of(const char *call)
{
	fputs("\n[[rule]]\ncall = ", out);
	put_text_toml(call);
	fputc('\n', out);
}
static void rule_end(void) { fputs("action = \"allow\"\n", out); }

/* --- paths: one rule for all that were used by the same calls --------------------------------------------------------- */
struct used { char *path, *arg, *call; };
struct group { char *calls, *arg, **path; size_t n; };
static struct group *group;
static size_t n_groups;

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }
static void add_path(char *calls, char *arg, char *path)
{
	size_t at = 0;
	while (at < n_groups && (strcmp(group[at].calls, calls) || strcmp(group[at].arg, arg)))
		at++;
	if (at == n_groups) {
		group = must(realloc(group, ++n_groups * sizeof *group));
		group[at] = (struct group){ .calls = calls, .arg = arg };
	}
	struct group *g = &group[at];
	g->path = must(realloc(g->path, (g->n + 1) * sizeof *g->path));
	g->path[g->n++] = path;
}
static void write_group(const struct group *g)
{
	fputs("\n[[rule]]\ncall = [", out);
	for (char *save = NULL, *w = strtok_r(g->calls, ",", &save); w; w = strtok_r(NULL, ",", &save)) {
		put_text_toml(w);
		fputs(save && *save ? ", " : "]\n", out);
	}
	if (*g->arg)
		fprintf(out, "arg.%s = [\"O_RDONLY\", \"!O_CREAT\", \"!O_TRUNC\"]\n", g->arg);
	fputs("path = [\n", out);
	for (size_t i = 0; i < g->n; i++)
		fputc('\t', out), put_text_toml(g->path[i]), fputs(",\n", out);
	fputs("]\n", out);
	rule_end();
}
/* text: "path SEP arg SEP call" */
static void write_paths(char **text, size_t n)
{
	struct used *u = must(calloc(n + 1, sizeof *u));

	qsort(text, n, sizeof *text, by_text);
	for (size_t i = 0; i < n; i++) {
		char *rest = text[i];
		u[i].path = part(&rest), u[i].arg = part(&rest), u[i].call = rest;
	}
	for (size_t i = 0, next; i < n; i = next) {
		char *calls = must(strdup(u[i].call)), *more;
		for (next = i + 1; next < n && !strcmp(u[next].path, u[i].path) && !strcmp(u[next].arg, u[i].arg); next++)
			if (strcmp(u[next].call, u[next - 1].call)) {
				if (asprintf(&more, "%s,%s", calls, u[next].call) < 0)
					abort();
				free(calls);
				calls = more;
			}
		add_path(calls, u[i].arg, u[i].path);
	}
	for (size_t i = 0; i < n_groups; i++)
		write_group(&group[i]);
	free(u);
}

/* --- the other facts -------------------------------------------------------------------------------------------------- */
static void write_calls(char **fact, size_t n)
{
	bool any = false;
	for (size_t i = 0; i < n; i++) {
		if (fact[i][0] != 'C')
			continue;
		fputs(any ? ", " : "\n[[rule]]\nname = \"calls\"\ncall = [", out);
		put_text_toml(fact[i] + 1);
		any = true;
	}
	if (any) {
		fputs("]\n", out);
		rule_end();
	}
}
/* All values of one argument of one call, which are neighbours: how many. */
static size_t write_values(char **fact, size_t n)
{
	char *copy = must(strdup(fact[0] + 1)), *rest = copy, *call = part(&rest), *arg = part(&rest);
	size_t same = (size_t)(rest - copy) + 1, i = 0;

	rule_of(call);
	fprintf(out, "arg.%s = [", arg);
	do {
		fputs(i ? ", " : "", out);
		if (fact[i][same] == '#')
			fputs(fact[i] + same + 1, out);
		else
			put_text_toml(fact[i] + same);
	} while (++i < n && !strncmp(fact[i], fact[0], same));
	fputs("]\n", out);
	rule_end();
	free(copy);
	return i;
}
static void write_address(const char *fact)
{
	char *copy = must(strdup(fact + 1)), *rest = copy, *address = part(&rest), *port = part(&rest);
	rule_of(rest);
	fputs("address = ", out), put_text_toml(address), fputc('\n', out);
	if (*port)
		fprintf(out, "port = %s\n", port);
	rule_end();
	free(copy);
}
/* In the order in which paths are sorted; what differs from run to run is a pattern now. */
static char *path_text(const char *fact)
{
	char *copy = must(strdup(fact + 1)), *rest = copy, *path = part(&rest), *call = part(&rest), *text;
	char *glob = path[0] == '\2' ? must(strdup(path + 1)) : others_pattern(path);
	if (asprintf(&text, "%s%c%s%c%s", glob, FACT_SEP, rest, FACT_SEP, call) < 0)
		abort();
	free(glob);
	free(copy);
	return text;
}
void learned_write(FILE *f, const char *command, char **fact, size_t n)
{
	char **paths = must(calloc(n + 1, sizeof *paths));
	size_t n_paths = 0;

	out = f;
	fprintf(out, "# Learned by guise audit --learn from runs of ");
	put_text_toml(command);
	fputs("\n# Whatever is not here is denied. Read it before you trust it: a pattern may be wider than you want, and what\n"
	      "# these runs did not need is not in it. guise audit --check-policy tells mistakes; learning again adds to it.\n"
	      "version = 1\ndefault = \"deny EPERM\"\n", out);
	write_calls(fact, n);
	for (size_t i = 0; i < n;)
		if (fact[i][0] == 'S') {
			i += write_values(fact + i, n - i);
		} else {
			if (fact[i][0] == 'A')
				write_address(fact[i]);
			else if (fact[i][0] == 'P')
				paths[n_paths++] = path_text(fact[i]);
			i++;
		}
	write_paths(paths, n_paths);
}
