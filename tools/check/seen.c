/* SPDX-License-Identifier: BSD-2-Clause
 *
 * --from-report: what runs have shown. Two kinds of files, told apart line by line: those of `guise trace --json` (which
 * calls were made) and of --report (what was asked for in vain). A line counts for the program that it names, by the
 * same path or, where that is another machine's, the same last name.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tools/command.h"
#include "tools/check/subject.h"

struct event {
	char *program, *os, *call, *command, *kind, *what, *value;
	unsigned nr;
	bool failed;
	uint64_t count;
};
static struct event *events;
static size_t n_events, room_events;
static struct who { long pid; char *program; } *who;
static size_t n_who, room_who;
bool seen_any;

/* --- a member of a line ------------------------------------------------------------------------------------------- */
static const char *skip_string(const char *p)
{
	for (p++; *p && *p != '"'; p++)
		p += *p == '\\' && p[1];
	return *p ? p + 1 : p;
}
static const char *skip_value(const char *p)
{
	int depth = 0;
	for (; *p; p++) {
		while (*p == '"')
			p = skip_string(p);
		if (!depth && (*p == ',' || *p == '}' || !*p))
			return p;
		depth += *p == '{' || *p == '[';
		depth -= *p == '}' || *p == ']';
		if (!*p)
			return p;
	}
	return p;
}
static void take_string(const char *p, char *to, size_t n)
{
	static const char from[] = "ntrbf", is[] = "\n\t\r\b\f";
	size_t len = 0;
	for (p++; *p && *p != '"' && len + 1 < n; p++) {
		char c = *p;
		if (c == '\\' && p[1] == 'u' && strlen(p) > 5) {
			char hex[5] = { p[2], p[3], p[4], p[5] };
			c = (char)strtoul(hex, NULL, 16);
			p += 5;
		} else if (c == '\\' && p[1]) {
			const char *k = strchr(from, *++p);
			c = k ? is[k - from] : *p;
		}
		to[len++] = c;
	}
	to[len] = 0;
}
/* The value of a member of the outermost object, a string without its quotes; false: there is none. */
static bool member(const char *line, const char *key, char *to, size_t n)
{
	size_t len = strlen(key);
	const char *p = strchr(line, '{');

	for (*to = 0; p && (*p == '{' || *p == ',');) {
		p += 1 + strspn(p + 1, " \t");
		if (*p != '"')
			return false;
		const char *end = skip_string(p), *v = end + strspn(end, " \t:");
		if ((size_t)(end - p) == len + 2 && !strncmp(p + 1, key, len)) {
			if (*v == '"')
				take_string(v, to, n);
			else
				snprintf(to, n, "%.*s", (int)(skip_value(v) - v), v);
			return true;
		}
		p = skip_value(v);
	}
	return false;
}

/* --- lines -------------------------------------------------------------------------------------------------------- */
static void set_who(long pid, const char *program)
{
	for (size_t i = 0; i < n_who; i++)
		if (who[i].pid == pid) {
			free(who[i].program);
			who[i].program = strdup(program);
			return;
		}
	who = room_for(who, n_who, &room_who, sizeof *who);
	who[n_who++] = (struct who){ pid, strdup(program) };
}
static const char *who_is(long pid)
{
	for (size_t i = 0; i < n_who; i++)
		if (who[i].pid == pid)
			return who[i].program;
	return NULL;
}
static bool alike(const char *a, const char *b) { return a == b || (a && b && !strcmp(a, b)); }
static char *kept(const char *t) { return t && *t ? strdup(t) : NULL; }
static void add(const struct event *e)
{
	for (size_t i = 0; i < n_events; i++) {
		struct event *o = &events[i];
		if (o->nr == e->nr && o->failed == e->failed && alike(o->command, e->command) && alike(o->kind, e->kind) &&
		    alike(o->what, e->what) && alike(o->value, e->value) && alike(o->program, e->program) && alike(o->os, e->os)) {
			o->count += e->count;
			return;
		}
	}
	events = room_for(events, n_events, &room_events, sizeof *events);
	events[n_events++] = (struct event){ kept(e->program), kept(e->os), kept(e->call), kept(e->command), kept(e->kind),
		kept(e->what), kept(e->value), e->nr, e->failed, e->count };
}
static void take_line(const char *line)
{
	char event[32], program[4096], os[64], call[128], command[128], what[256], value[64], kind[32], text[64];
	long pid = member(line, "pid", text, sizeof text) ? atol(text) : 0;
	struct event e = { .count = 1 };

	if (!member(line, "event", event, sizeof event))
		return;
	member(line, "os", e.os = os, sizeof os);
	member(line, "call", e.call = call, sizeof call);
	e.nr = member(line, "nr", text, sizeof text) ? (unsigned)strtoul(text, NULL, 10) : ~0u;
	if (member(line, "program", program, sizeof program) && strcmp(event, "unknown") && strcmp(event, "total"))
		set_who(pid, program);
	if (!strcmp(event, "call")) {
		e.program = (char *)who_is(pid);
		e.command = member(line, "command", command, sizeof command) ? command : NULL;
		e.failed = member(line, "error", text, sizeof text);
	} else if (!strcmp(event, "total") || !strcmp(event, "unknown")) {
		e.program = program;
		member(line, "kind", e.kind = kind, sizeof kind);
		member(line, "what", e.what = what, sizeof what);
		member(line, "value", e.value = value, sizeof value);
		e.count = member(line, "count", text, sizeof text) ? strtoull(text, NULL, 10) : 0;
	} else {
		return;
	}
	if (e.program)
		add(&e);
}
void seen_add(const char *file)
{
	FILE *f = fopen(file, "re");
	char *line = NULL;
	size_t room = 0, lines = 0, before = n_events + n_who;

	if (!f)
		refuse("%s: %s; --from-report wants what --report or trace --json has written", file, strerror(errno));
	for (; getline(&line, &room, f) > 0; lines++)
		take_line(line);
	free(line);
	fclose(f);
	if (lines && n_events + n_who == before && !seen_any)
		refuse("%s holds nothing that --report or trace --json writes, which is what --from-report wants", file);
	seen_any = true;
}

/* --- what is about a program -------------------------------------------------------------------------------------- */
static bool is_about(const struct event *e, const struct subject *s)
{
	const char *a = strrchr(e->program, '/'), *b = strrchr(s->host, '/');
	return e->os && !strcmp(e->os, s->pers->name) && (!strcmp(e->program, s->host) || alike(a, b));
}
static void merge_asked(struct subject *s, const struct event *e)
{
	struct asked *more;
	for (unsigned i = 0; i < s->n_asked; i++)
		if (alike(s->asked[i].kind, e->kind) && alike(s->asked[i].call, e->call) && alike(s->asked[i].what, e->what) &&
		    alike(s->asked[i].value, e->value)) {
			s->asked[i].count += e->count;
			return;
		}
	if (!(more = realloc(s->asked, (s->n_asked + 1) * sizeof *more)))
		abort();
	s->asked = more;
	more[s->n_asked++] = (struct asked){ kept(e->kind), kept(e->call), kept(e->what), kept(e->value), e->count };
}
static void merge_command(struct subject *s, struct finding *f, const struct event *e)
{
	for (int i = 0; f->row && i < 8 && f->row->arg[i].kind; i++) {
		const struct subtab *t = f->row->arg[i].kind == A_SUB && s->pers->sub ? &s->pers->sub[f->row->arg[i].what] : NULL;
		for (unsigned k = 0; t && k < t->n; k++)
			if (!strcmp(t->row[k].row.name, e->command)) {
				struct command *c = command_of(f, &t->row[k].row, t->row[k].nr);
				c->made += e->count;
				c->refused += e->failed ? e->count : 0;
				return;
			}
	}
}
static int by_number(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;
	return x->tab != y->tab ? (x->tab > y->tab) - (x->tab < y->tab) : (x->nr > y->nr) - (x->nr < y->nr);
}
void seen_merge(struct subject *s)
{
	for (size_t i = 0; i < n_events && s->pers; i++) {
		const struct event *e = &events[i];
		if (!is_about(e, s))
			continue;
		s->events += e->count;
		if (e->kind) {
			merge_asked(s, e);
			continue;
		}
		struct finding *f = finding_of(s, 0, e->nr);
		f->made += e->count;
		f->failed += e->failed ? e->count : 0;
		if (e->command)
			merge_command(s, f, e);
	}
	if (s->n_finding)
		qsort(s->finding, s->n_finding, sizeof *s->finding, by_number);
}
