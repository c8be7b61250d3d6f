/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A comparison as one page without scripts: findings, what was printed, files, connections, and the calls of each pair
 * of processes side by side, where what is alike is folded. Whatever a program wrote is escaped; the page reaches for
 * nothing outside of itself, and says so to the browser.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include "tools/diff/diff.h"

#define MOST_ROWS 3000u

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
	"<title>guise diff</title>\n<style>\n"
	":root { --bg: #fff; --fg: #1b1f24; --dim: #667; --line: #d8dce2; --panel: #f5f7f9; --a: #fde8e6; --b: #e3f3e6 }\n"
	"@media (prefers-color-scheme: dark) {\n"
	":root { --bg: #14171b; --fg: #e4e7eb; --dim: #9aa4b0; --line: #333a43; --panel: #1c2127; --a: #48211e; --b: #1d3a24 } }\n"
	"body { margin: 0 auto; max-width: 1300px; padding: 12px 16px; font: 14px/1.45 system-ui, sans-serif; background: var(--bg);"
	" color: var(--fg) }\n"
	"h1 { font-size: 18px } h2 { font-size: 15px; margin: 22px 0 6px } .dim { color: var(--dim) }\n"
	"table { border-collapse: collapse; width: 100%; font-size: 13px; table-layout: fixed } td, th { text-align: left;"
	" vertical-align: top; padding: 2px 8px; border-bottom: 1px solid var(--line); overflow-wrap: anywhere }\n"
	"pre, .calls td { font: 12px/1.5 ui-monospace, monospace } pre { background: var(--panel); padding: 8px; overflow-x: auto }\n"
	".a { background: var(--a) } .b { background: var(--b) } details { margin: 2px 0 } summary { color: var(--dim); cursor: pointer }\n"
	".own { color: var(--dim); font-size: 11px } .n { width: 5em }\n</style>\n</head>\n<body>\n";

static void esc(FILE *f, const char *s)
{
	for (; *s; s++)
		switch (*s) {
		case '<': fputs("&lt;", f); break;
		case '>': fputs("&gt;", f); break;
		case '&': fputs("&amp;", f); break;
		case '"': fputs("&quot;", f); break;
		default: putc(*s, f);
		}
}
static void shown_text(FILE *f, const char *s)
{
	char *v = visible(s, strlen(s));
	esc(f, v);
	free(v);
}
static void put_sides(FILE *f, const struct result *r)
{
	fputs("<table><tr><th class=\"n\"></th><th>program</th><th>system</th><th>end</th><th>processes</th><th>calls compared</th></tr>\n", f);
	for (int i = 0; i < 2; i++) {
		const struct side *s = &r->side[i];
		fprintf(f, "<tr class=\"%c\"><td>%c</td><td>", i ? 'b' : 'a', s->letter);
		shown_text(f, s->given);
		fprintf(f, "</td><td>%s</td><td>", s->os ? s->os : "?");
		if (s->timed_out)
			fputs("did not end", f);
		else
			fprintf(f, WIFSIGNALED(s->status) ? "signal %d" : "exit %d",
				WIFSIGNALED(s->status) ? WTERMSIG(s->status) : WEXITSTATUS(s->status));
		fprintf(f, "</td><td>%u</td><td>%u</td></tr>\n", s->digest ? s->digest->n_procs : 0, s->digest ? s->digest->n_calls : 0);
	}
	fputs("</table>\n", f);
}
static void put_findings(FILE *f, const struct result *r)
{
	fprintf(f, "<h2>Findings</h2>\n<table>");
	for (unsigned i = 0; i < r->n; i++) {
		fprintf(f, "<tr><td class=\"n\">%s</td><td>", facet_name(r->finding[i].facet));
		esc(f, r->finding[i].text);
		fputs("</td></tr>\n", f);
	}
	fputs(r->n ? "</table>\n" : "<tr><td>none</td></tr></table>\n", f);
}
static void put_hunks(FILE *f, const char *name, const char *text)
{
	if (!text)
		return;
	fprintf(f, "<h2>%s <span class=\"dim\">- A, + B</span></h2>\n<pre>", name);
	while (*text) {
		size_t n = strcspn(text, "\n");
		char *line = strndup(text, n);
		fprintf(f, *text == '-' ? "<span class=\"a\">" : *text == '+' ? "<span class=\"b\">" : "<span>");
		esc(f, line);
		fputs("</span>\n", f);
		free(line);
		text += n + (text[n] == '\n');
	}
	fputs("</pre>\n", f);
}
static void put_net(FILE *f, const struct result *r)
{
	bool any = false;
	for (int i = 0; i < 2; i++)
		for (unsigned k = 0; k < r->side[i].digest->n_net; k++) {
			const struct nnet *x = &r->side[i].digest->net[k];
			if (!any)
				fputs("<h2>Network</h2>\n<table><tr><th class=\"n\"></th><th>connection</th><th>bytes in</th><th>bytes out</th></tr>\n", f);
			any = true;
			fprintf(f, "<tr class=\"%c\"><td>%c</td><td>", i ? 'b' : 'a', r->side[i].letter);
			esc(f, x->label);
			fprintf(f, "</td><td>%llu</td><td>%llu</td></tr>\n", (unsigned long long)x->in, (unsigned long long)x->out);
		}
	fputs(any ? "</table>\n" : "", f);
}
static void put_cell(FILE *f, const struct digest *d, int i, const char *class, bool own)
{
	fprintf(f, i >= 0 && *class ? "<td class=\"%s\">" : "<td>", class);
	if (i >= 0) {
		char *line = call_line(&d->call[i], false);
		esc(f, line);
		free(line);
		if (own) {
			fputs("<div class=\"own\">", f);
			esc(f, d->call[i].own);
			fputs("</div>", f);
		}
	}
	fputs("</td>", f);
}
static void put_rows(FILE *f, const struct result *r, const struct stream *s, unsigned from, unsigned to, bool differ)
{
	fputs("<table class=\"calls\">\n", f);
	for (unsigned i = from; i < to; i++) {
		const struct pair *p = &s->pair[i];
		fprintf(f, "<tr><td class=\"n\">%u</td>", i + 1);
		put_cell(f, r->side[0].digest, p->a, differ ? "a" : "", differ);
		put_cell(f, r->side[1].digest, p->b, differ ? "b" : "", differ);
		fputs("</tr>\n", f);
	}
	fputs("</table>\n", f);
}
static void put_stream(FILE *f, const struct result *r, const struct stream *s)
{
	unsigned rows = 0;
	fputs("<h2>Calls of ", f);
	shown_text(f, s->a->program);
	fputs(" ", f);
	esc(f, s->a->args);
	fprintf(f, " <span class=\"dim\">%u of %u places differ%s</span></h2>\n", s->differing, s->n,
		s->merged ? "; threads that could not be told apart are taken together" : "");
	for (unsigned i = 0, to; i < s->n; i = to) {
		bool same = s->pair[i].v == V_SAME;
		for (to = i + 1; to < s->n && (s->pair[to].v == V_SAME) == same; to++)
			;
		if (rows > MOST_ROWS) {
			fprintf(f, "<p class=\"dim\">%u more are not shown here</p>\n", s->n - i);
			break;
		}
		unsigned most = MIN(to, i + MOST_ROWS);
		rows += most - i;
		if (same)
			fprintf(f, "<details%s><summary>%u alike</summary>\n", to - i < 4 ? " open" : "", to - i);
		put_rows(f, r, s, i, most, !same);
		fputs(same ? "</details>\n" : "", f);
	}
}
static void put_ignored(FILE *f, const struct result *r)
{
	fputs("<h2>Left out as noise</h2>\n<table><tr><th class=\"n\"></th><th>rule</th><th>calls</th></tr>\n", f);
	for (int i = 0; i < 2; i++)
		for (unsigned k = 0; k < r->side[i].digest->n_ignored; k++) {
			fprintf(f, "<tr><td>%c</td><td>", r->side[i].letter);
			shown_text(f, r->side[i].digest->ignored[k].name);
			fprintf(f, "</td><td>%llu</td></tr>\n", (unsigned long long)r->side[i].digest->ignored[k].n);
		}
	fputs("</table>\n", f);
}
void diff_html(FILE *f, const struct result *r)
{
	fputs(head, f);
	fprintf(f, "<h1>guise diff: %s</h1>\n", r->trouble ? "nothing can be said" : r->n ? "they differ" : "the same");
	if (r->trouble) {
		fputs("<p>", f);
		esc(f, r->why);
		fputs("</p>\n", f);
	}
	put_sides(f, r);
	put_findings(f, r);
	put_hunks(f, "Standard output", r->hunks[0]);
	put_hunks(f, "Standard error", r->hunks[1]);
	if (r->side[0].digest && r->side[1].digest) {
		put_net(f, r);
		for (unsigned i = 0; i < r->n_streams; i++)
			put_stream(f, r, &r->stream[i]);
		put_ignored(f, r);
	}
	fputs("</body>\n</html>\n", f);
}
