/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A comparison as one JSON object, by docs/diff.schema.json; a change that makes an old reader wrong is a new "v". Text
 * is as diff_text shows it: what is no UTF-8 stands as \xNN.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include "tools/diff/diff.h"

#define JSON_VERSION 1

static void json_text(FILE *f, const char *s, size_t n)
{
	char *v = visible(s, n);
	putc('"', f);
	for (const char *p = v; *p; p++) {
		if (*p == '"' || *p == '\\')
			putc('\\', f);
		putc(*p, f);
	}
	putc('"', f);
	free(v);
}
static void text(FILE *f, const char *name, const char *s)
{
	fprintf(f, ",\"%s\":", name);
	json_text(f, s ? s : "", s ? strlen(s) : 0);
}
/* Text that was made visible already. */
static void put_plain(FILE *f, const char *s, size_t n)
{
	putc('"', f);
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '"' || s[i] == '\\')
			putc('\\', f);
		if ((unsigned char)s[i] < ' ')
			fprintf(f, "\\u%04x", s[i]);
		else
			putc(s[i], f);
	}
	putc('"', f);
}
static void lines(FILE *f, const char *name, const char *s)
{
	fprintf(f, ",\"%s\":[", name);
	for (bool any = false; s && *s; any = true) {
		size_t n = strcspn(s, "\n");
		fprintf(f, any ? "," : "");
		put_plain(f, s, n);
		s += n + (s[n] == '\n');
	}
	putc(']', f);
}
static void plain(FILE *f, const char *name, const char *s)
{
	fprintf(f, ",\"%s\":", name);
	put_plain(f, s, strlen(s));
}
static void put_side(FILE *f, const struct side *s)
{
	const struct digest *d = s->digest;
	fprintf(f, "{\"side\":\"%c\"", s->letter);
	text(f, "program", s->given);
	text(f, "os", s->os);
	if (d && !s->not_run) {
		if (s->timed_out)
			fprintf(f, ",\"timed_out\":true");
		else
			fprintf(f, WIFSIGNALED(s->status) ? ",\"signal\":%d" : ",\"exit\":%d",
				WIFSIGNALED(s->status) ? WTERMSIG(s->status) : WEXITSTATUS(s->status));
		fprintf(f, ",\"seconds\":%.3f,\"stdout_bytes\":%llu,\"stderr_bytes\":%llu,\"processes\":%u,\"calls\":%u", s->seconds,
			(unsigned long long)s->out[0].total, (unsigned long long)s->out[1].total, d->n_procs, d->n_calls);
		fprintf(f, ",\"left_running\":%u,\"calls_not_kept\":%llu,\"ignored\":{", s->left, (unsigned long long)d->more);
		for (unsigned i = 0; i < d->n_ignored; i++) {
			fprintf(f, i ? "," : "");
			json_text(f, d->ignored[i].name, strlen(d->ignored[i].name));
			fprintf(f, ":%llu", (unsigned long long)d->ignored[i].n);
		}
		fprintf(f, "},\"outside\":[");
		for (unsigned i = 0; i < d->n_outside; i++) {
			fprintf(f, i ? "," : "");
			json_text(f, d->outside[i], strlen(d->outside[i]));
		}
		fprintf(f, "]");
	}
	fprintf(f, "}");
}
static void put_call(FILE *f, const char *name, const struct digest *d, int i)
{
	if (i < 0)
		return;
	char *line = call_line(&d->call[i], false);
	plain(f, name, line);
	free(line);
	fprintf(f, ",\"%s_own\":", name);
	put_plain(f, d->call[i].own, strlen(d->call[i].own));
}
static void put_stream(FILE *f, const struct result *r, const struct stream *s)
{
	static const char *const verdict[] = { [V_SAME] = "same", [V_RESULT] = "result", [V_ARGS] = "arguments", [V_DATA] = "bytes",
		[V_ONLY_A] = "only A", [V_ONLY_B] = "only B", [V_ORDER] = "order" };
	unsigned told = 0;
	fprintf(f, "{\"calls\":%u,\"differing\":%u,\"threads_together\":%s,\"first\":%u", s->n, s->differing, s->merged ? "true" : "false",
		s->first);
	text(f, "program", s->a->program);
	plain(f, "args", s->a->args);
	fprintf(f, ",\"differences\":[");
	for (unsigned i = s->first; i < s->n && told < 200; i++) {
		const struct pair *p = &s->pair[i];
		if (p->v == V_SAME)
			continue;
		fprintf(f, "%s{\"at\":%u,\"what\":\"%s\"", told++ ? "," : "", i, verdict[p->v]);
		put_call(f, "a", r->side[0].digest, p->a);
		put_call(f, "b", r->side[1].digest, p->b);
		fprintf(f, "}");
	}
	fprintf(f, "]}");
}
void diff_json(FILE *f, const struct result *r)
{
	fprintf(f, "{\"v\":%d", JSON_VERSION);
	if (r->setup->name)
		text(f, "name", r->setup->name);
	fprintf(f, ",\"verdict\":\"%s\",\"sides\":[", r->trouble ? "trouble" : r->n ? "different" : "same");
	for (int i = 0; i < 2; i++) {
		fprintf(f, i ? "," : "");
		put_side(f, &r->side[i]);
	}
	fprintf(f, "]");
	if (r->trouble)
		text(f, "why", r->why);
	fprintf(f, ",\"findings\":[");
	for (unsigned i = 0; i < r->n; i++) {
		fprintf(f, "%s{\"in\":\"%s\"", i ? "," : "", facet_name(r->finding[i].facet));
		plain(f, "text", r->finding[i].text);
		fprintf(f, "}");
	}
	fprintf(f, "]");
	lines(f, "stdout", r->hunks[0]);
	lines(f, "stderr", r->hunks[1]);
	fprintf(f, ",\"streams\":[");
	for (unsigned i = 0; i < r->n_streams; i++) {
		fprintf(f, i ? "," : "");
		put_stream(f, r, &r->stream[i]);
	}
	fprintf(f, "]}\n");
}
