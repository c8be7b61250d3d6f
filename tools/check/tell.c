/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What was found of a program, as text, as one JSON object a line (docs/check.schema.json), or as a line of a summary.
 */
#include <stdio.h>
#include <string.h>
#include "observe/observe.h"
#include "tools/check/subject.h"

bool tell_sites;
const char *tell_why;

static const char *const levels[] = {
	[L_FULL] = "full", [L_PART] = "part", [L_STUB] = "stub", [L_NOSYS] = "none", [L_GONE] = "gone",
};
static const char *const verdicts[] = { "runs", "limits", "cannot" };
static const char *const places[] = { "given", "root", "host", "missing" };

static unsigned count_level(const struct subject *s, enum level l)
{
	unsigned n = 0;
	for (unsigned i = 0; i < s->n_finding; i++)
		n += finding_level(&s->finding[i]) == l;
	return n;
}
struct measure measure_of(const struct subject *s)
{
	struct measure m = { 0 };
	for (unsigned i = 0; i < s->n_finding; i++) {
		m.made += s->finding[i].made != 0;
		m.could += s->finding[i].sites != 0;
		m.foretold += s->finding[i].made && s->finding[i].sites;
	}
	return m;
}
static const char *note_of(const struct finding *f)
{
	return f->row ? f->row->note : "its system has no such call";
}
/* Names of files and symbols reach a terminal: what could lie to it is shown as "?". */
static const char *plain(const char *text)
{
	static char buf[4][4200];
	static unsigned which;
	char *to = buf[which++ % 4];
	size_t n = 0;
	for (; text && *text && n + 1 < sizeof buf[0]; text++)
		to[n++] = (unsigned char)*text < ' ' || *text == 127 ? '?' : *text;
	to[n] = 0;
	return to;
}

/* --- text --------------------------------------------------------------------------------------------------------- */
static void tell_kind(const struct subject *s)
{
	const struct module *m = s->world.n ? s->world.module[0] : NULL;
	char release[64] = "";

	printf("%s: ", plain(s->name));
	if (s->boot) {
		printf("%s, a bare-metal program, booted by %s\n", s->pers->name, s->boot);
		if (s->reaches)
			printf("memory        up to %#lx: %lu MiB\n", (unsigned long)s->reaches, (unsigned long)(s->reaches + (1 << 20) - 1) >> 20);
		return;
	}
	if (s->script)
		printf("a script for %s, ", plain(s->script));
	if (!m || !s->pers) {
		puts("no program that guise can run");
		return;
	}
	if (!s->pers->made_for || !s->pers->made_for(&m->image, release, sizeof release))
		*release = 0;
	printf("%s%s%s, %s%s%s%s\n", s->pers->name, *release ? " " : "", release,
	       *m->image.interp ? "dynamically linked" : "statically linked", m->image.pie ? ", position-independent" : "",
	       m->go ? ", by Go" : "", m->go ? plain(m->go_version + 2 * !strncmp(m->go_version, "go", 2)) : "");
}
static void tell_notes(const struct subject *s)
{
	const struct image *im = s->world.n ? &s->world.module[0]->image : NULL;
	const char *label = "notes";
	for (unsigned i = 0; im && i < im->n_note; i++) {
		const struct note *n = &im->note[i];
		printf("%-14s%s type %u%s", label, plain(n->name), n->type, n->desc_len ? ":" : "");
		if (n->desc_len == 4)
			printf(" %u", n->desc[0]);
		else
			for (unsigned k = 0; k < MIN(n->desc_len, 16u); k++)
				printf("%s%02x", k ? "" : " ", ((const uint8_t *)n->desc)[k]);
		printf("%s\n", n->desc_len > 16 ? "..." : "");
		label = "";
	}
	if (im && im->osabi)
		printf("%-14sELF's OS number is %u\n", label, im->osabi);
}
static void tell_modules(const struct subject *s)
{
	static const char *const in[] = { "in the package", "in the root", "on the host", "" };
	const char *label = "libraries";

	for (unsigned i = 1; i < s->world.n; i++) {
		const struct module *m = s->world.module[i];
		printf("%-14s%-24s %s: %s%s\n", m->interpreter ? "interpreter" : label, plain(m->name), in[m->found], plain(m->host),
		       m->late ? " (loaded by the program itself)" : "");
		label = m->interpreter ? label : "";
	}
	if (s->loads)
		printf("%-14sit may load more by itself, under names that cannot be told (dlopen); --with names them\n", "");
	for (unsigned i = 0; i < s->n_missing; i++)
		printf("%-14s%s: missing\n", i ? "" : "not found", plain(s->missing[i]));
	for (unsigned i = 0; i < s->world.n_missing && !s->n_missing; i++)
		printf("%-14s%s: no library has it\n", i ? "" : "functions", plain(s->world.missing[i]));
	for (unsigned i = 0; i < s->world.n_missing_data && !s->n_missing; i++)
		printf("%-14s%s: no library has it\n", i ? "" : "symbols", plain(s->world.missing_data[i]));
}
static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}
static void tell_command(const struct command *c)
{
	char value[32];
	snprintf(value, sizeof value, "%#lx", (unsigned long)c->value);
	printf("%6s %-5s   %-26s", "", c->row ? levels[c->row->level] : "none", c->row ? c->row->name : value);
	if (seen_any)
		printf(" %9lu", (unsigned long)c->made);
	printf("  %s\n", !c->row ? "unknown" : c->row->note ? c->row->note : "");
}
static void tell_call(const struct finding *f)
{
	char name[24];
	printf("%6u %-5s %-28s", f->nr, levels[finding_level(f)], finding_name(f, name));
	if (seen_any)
		printf(" %9lu", (unsigned long)f->made);
	if (tell_sites && f->m)
		printf("  %u in %s, %s+%#lx", f->sites, plain(base_of(f->m->host)), f->f->name ? plain(f->f->name) : "",
		       (unsigned long)(f->at - (f->f->name ? f->f->at : 0)));
	else if (!f->sites)
		printf("  not foretold");
	if (f->sites && !f->near && finding_level(f) != L_FULL)
		printf("  (libraries)");
	printf("%s%s\n", note_of(f) ? "  " : "", note_of(f) ? note_of(f) : "");
	for (unsigned i = 0; i < f->n_command; i++)
		tell_command(&f->command[i]);
	if (f->any_command)
		printf("%6s %-5s   %s\n", "", "?", "commands that cannot be told");
}
static void tell_function(const struct module *m, const struct function *f)
{
	if (f->name)
		printf("%s in %s\n", plain(f->name), plain(base_of(m->host)));
	else
		printf("%#lx in %s\n", (unsigned long)f->at, plain(base_of(m->host)));
}
/* How the program comes to a call: from what makes it back to where its code begins. */
static void tell_way(const struct subject *s)
{
	for (unsigned i = 0; i < s->n_finding; i++) {
		const struct finding *g = &s->finding[i];
		char name[24];
		if (!g->m || strcmp(finding_name(g, name), tell_why))
			continue;
		const struct module *m = g->m;
		const struct function *f = g->f;
		const char *label = "why";
		for (unsigned k = 0; k < 100; k++, label = "  from") {
			printf("%-14s", label);
			tell_function(m, f);
			if (!f->by)
				return;
			const struct function *next = &f->by->function[f->by_function];
			m = f->by;
			f = next;
		}
	}
	printf("%-14snothing of it leads to %s\n", "why", plain(tell_why));
}
static void tell_measure(const struct subject *s)
{
	struct measure m = measure_of(s);
	if (!seen_any)
		return;
	if (!s->events)
		puts("runs          the reports say nothing of this program");
	else if (m.made)
		printf("runs          made %u different calls, of which %u were foretold (%.1f %%); of %u foretold %u were made (%.1f %%)\n",
		       m.made, m.foretold, 100.0 * m.foretold / m.made, m.could, m.foretold,
		       m.could ? 100.0 * m.foretold / m.could : 0.0);
	for (unsigned i = 0; i < s->n_asked; i++)
		printf("%-14s%s %s: %s %s%s%s, %lu times\n", i ? "" : "in vain", plain(s->asked[i].kind), plain(s->asked[i].call),
		       plain(s->asked[i].what), s->asked[i].value ? "(" : "", s->asked[i].value ? plain(s->asked[i].value) : "",
		       s->asked[i].value ? ")" : "", (unsigned long)s->asked[i].count);
}
void tell_text(const struct subject *s)
{
	tell_kind(s);
	tell_notes(s);
	tell_modules(s);
	if (s->n_finding || s->sites) {
		printf("calls         %u can be made, from %u places: %u full, %u part, %u stub, %u none", measure_of(s).could, s->sites,
		       count_level(s, L_FULL), count_level(s, L_PART), count_level(s, L_STUB), count_level(s, L_NOSYS) + count_level(s, L_GONE));
		printf(s->untold ? "; %u places whose number cannot be told\n" : "\n", s->untold);
	}
	if (s->old)
		printf("              and %u places that make calls of 32-bit programs\n", s->old);
	for (unsigned i = 0; i < s->n_finding; i++)
		tell_call(&s->finding[i]);
	for (unsigned i = 0; tell_sites && i < MIN(s->untold, ARRAY_LEN(s->unclear)); i++)
		printf("%-14s%s, %s+%#lx\n", i ? "" : "cannot tell", plain(base_of(s->unclear[i].m->host)),
		       s->unclear[i].f->name ? plain(s->unclear[i].f->name) : "", (unsigned long)(s->unclear[i].at - (s->unclear[i].f->name ? s->unclear[i].f->at : 0)));
	if (tell_why)
		tell_way(s);
	tell_measure(s);
	printf("verdict       %s\n", plain(s->text));
}

/* --- a summary ---------------------------------------------------------------------------------------------------- */
void tell_head(void)
{
	printf("%-7s %-8s %5s %5s %5s %5s %5s  %s\n", "verdict", "system", "full", "part", "stub", "none", "?", "program");
}
void tell_row(const struct subject *s)
{
	printf("%-7s %-8s ", verdicts[s->verdict], s->pers ? s->pers->name : "?");
	if (s->n_finding || s->verdict != RUNS_NOT)
		printf("%5u %5u %5u %5u %5u", count_level(s, L_FULL), count_level(s, L_PART), count_level(s, L_STUB),
		       count_level(s, L_NOSYS) + count_level(s, L_GONE), s->untold);
	else
		printf("%5s %5s %5s %5s %5s", "-", "-", "-", "-", "-");
	printf("  %s%s%s\n", plain(s->name), s->verdict == RUNS_NOT ? ": " : "", s->verdict == RUNS_NOT ? plain(s->why) : "");
}

/* --- JSON --------------------------------------------------------------------------------------------------------- */
static void str(const char *key, const char *value)
{
	char buf[LINE_SIZE * 4];
	struct line l = { .at = buf, .n = sizeof buf };
	buf[0] = 0;
	if (value)
		put_json(&l, value);
	printf(",\"%s\":%s", key, value ? buf : "null");
}
static void num(const char *key, uint64_t value) { printf(",\"%s\":%lu", key, (unsigned long)value); }
/* "[" or "," and the first member of an object, which begins with a word */
static void object(bool first, const char *key, const char *value)
{
	char buf[LINE_SIZE * 4];
	struct line l = { .at = buf, .n = sizeof buf };
	buf[0] = 0;
	put_json(&l, value);
	printf("%s{\"%s\":%s", first ? "" : ",", key, buf);
}
static void json_notes(const struct image *im)
{
	printf(",\"notes\":[");
	for (unsigned i = 0; i < im->n_note; i++) {
		const struct note *n = &im->note[i];
		char hex[33] = "";
		object(!i, "name", n->name);
		num("type", n->type);
		for (unsigned k = 0; k < MIN(n->desc_len, 16u); k++)
			sprintf(hex + 2 * k, "%02x", ((const uint8_t *)n->desc)[k]);
		str("bytes", hex);
		putchar('}');
	}
	printf("]");
}
static void json_modules(const struct subject *s)
{
	printf(",\"libraries\":[");
	for (unsigned i = 1; i < s->world.n; i++) {
		const struct module *m = s->world.module[i];
		object(i == 1, "name", m->name);
		str("file", m->host);
		str("found", places[m->found]);
		printf(",\"interpreter\":%s,\"late\":%s}", m->interpreter ? "true" : "false", m->late ? "true" : "false");
	}
	for (unsigned i = 0; i < s->n_missing; i++) {
		object(s->world.n < 2 && !i, "name", s->missing[i]);
		printf(",\"file\":null,\"found\":\"missing\",\"interpreter\":false,\"late\":false}");
	}
	printf("],\"loads_more\":%s,\"undefined\":[", s->loads ? "true" : "false");
	for (unsigned i = 0; i < s->world.n_missing + s->world.n_missing_data; i++) {
		bool data = i >= s->world.n_missing;
		object(!i, "name", data ? s->world.missing_data[i - s->world.n_missing] : s->world.missing[i]);
		printf(",\"lazy\":%s}", data ? "false" : "true");
	}
	printf("]");
}
static void json_commands(const struct finding *f)
{
	printf(",\"commands\":[");
	for (unsigned i = 0; i < f->n_command; i++) {
		const struct command *c = &f->command[i];
		object(!i, "level", c->row ? levels[c->row->level] : "none");
		str("name", c->row ? c->row->name : NULL);
		num("value", c->value);
		str("note", c->row ? c->row->note : NULL);
		num("sites", c->sites);
		num("made", c->made);
		num("failed", c->refused);
		putchar('}');
	}
	printf("],\"other_commands\":%s", f->any_command ? "true" : "false");
}
static void json_calls(const struct subject *s)
{
	printf(",\"calls\":[");
	for (unsigned i = 0; i < s->n_finding; i++) {
		const struct finding *f = &s->finding[i];
		char name[24];
		object(!i, "name", finding_name(f, name));
		num("nr", f->nr);
		str("level", levels[finding_level(f)]);
		str("note", note_of(f));
		num("sites", f->sites);
		str("asked_by", !f->sites ? NULL : f->near ? "program" : "libraries");
		str("file", f->m ? f->m->host : NULL);
		str("function", f->f ? f->f->name : NULL);
		num("made", f->made);
		num("failed", f->failed);
		json_commands(f);
		putchar('}');
	}
	printf("]");
}
static void json_runs(const struct subject *s)
{
	struct measure m = measure_of(s);
	if (!seen_any)
		return;
	printf(",\"runs\":{\"made\":%u,\"foretold\":%u,\"could\":%u,\"asked\":[", m.made, m.foretold, m.could);
	for (unsigned i = 0; i < s->n_asked; i++) {
		object(!i, "kind", s->asked[i].kind ? s->asked[i].kind : "?");
		str("call", s->asked[i].call);
		str("what", s->asked[i].what);
		str("value", s->asked[i].value);
		num("count", s->asked[i].count);
		putchar('}');
	}
	printf("]}");
}
void tell_json(const struct subject *s)
{
	const struct module *m = s->world.n ? s->world.module[0] : NULL;
	char release[64] = "";

	printf("{\"v\":1");
	str("program", s->name);
	str("file", s->host);
	str("verdict", verdicts[s->verdict]);
	str("because", s->text);
	str("script_for", s->script);
	str("os", s->pers ? s->pers->name : NULL);
	if (s->boot)
		str("boot", s->boot);
	if (m && s->pers) {
		bool known = s->pers->made_for && s->pers->made_for(&m->image, release, sizeof release);
		str("made_for", known ? release : NULL);
		num("osabi", m->image.osabi);
		printf(",\"dynamic\":%s,\"pie\":%s", *m->image.interp ? "true" : "false", m->image.pie ? "true" : "false");
		str("go", m->go ? m->go_version : NULL);
		json_notes(&m->image);
		json_modules(s);
		num("places", s->sites);
		num("untold", s->untold);
		num("places32", s->old);
		json_calls(s);
		json_runs(s);
	}
	printf("}\n");
}
