/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A comparison as text: what it comes to in one line, then each finding, what was printed, and of each pair of processes
 * that part the calls around the place where they do, from both sides.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include "tools/diff/diff.h"

static void put_end(FILE *f, const struct side *s)
{
	if (s->timed_out)
		fprintf(f, "did not end");
	else if (WIFSIGNALED(s->status))
		fprintf(f, "signal %d", WTERMSIG(s->status));
	else
		fprintf(f, "exit %d", WEXITSTATUS(s->status));
}
static void put_side(FILE *f, const struct side *s)
{
	const struct digest *d = s->digest;
	char *v = visible(s->given, strlen(s->given));
	fprintf(f, "%c  %s (%s): ", s->letter, v, s->os ? s->os : "?");
	put_end(f, s);
	fprintf(f, ", %u process%s, %u calls compared\n", d->n_procs, d->n_procs == 1 ? "" : "es", d->n_calls);
	free(v);
}
static void put_call(FILE *f, const char *mark, const struct digest *d, int i)
{
	const struct ncall *c = &d->call[i];
	char *line = call_line(c, false);
	fprintf(f, "    %s %.500s\n", mark, line);
	free(line);
}
static void put_own(FILE *f, const struct digest *d, int i)
{
	fprintf(f, "          %s\n", d->call[i].own);
}
static void put_stream(FILE *f, const struct result *r, const struct stream *s, unsigned context)
{
	const struct digest *a = r->side[0].digest, *b = r->side[1].digest;
	unsigned from = s->first > context ? s->first - context : 0, to = MIN(s->n, s->first + context + 1);
	const char *slash = strrchr(s->a->program, '/');
	char *v = visible(slash ? slash + 1 : s->a->program, strlen(slash ? slash + 1 : s->a->program));

	fprintf(f, "\ncalls of %s%s%s%s:\n", v, *s->a->args ? " " : "", s->a->args,
		s->merged ? " (threads that could not be told apart: taken together)" : "");
	free(v);
	if (s->cut)
		fprintf(f, "    (they have so little in common that some of what follows may fit better than is told)\n");
	if (from)
		fprintf(f, "    ... %u alike\n", from);
	for (unsigned i = from; i < to; i++) {
		const struct pair *p = &s->pair[i];
		if (p->v == V_SAME) {
			put_call(f, "   ", a, p->a);
			continue;
		}
		if (p->v == V_ORDER)
			fprintf(f, "    (at another place in B)\n");
		if (p->a >= 0)
			put_call(f, "A  ", a, p->a), put_own(f, a, p->a);
		if (p->b >= 0 && p->v != V_ORDER)
			put_call(f, "B  ", b, p->b), put_own(f, b, p->b);
	}
	if (to < s->n)
		fprintf(f, "    ... %u more, %u differences in all\n", s->n - to, s->differing);
}
static void put_stuck(FILE *f, const struct side *s)
{
	const struct digest *d = s->digest;
	for (unsigned i = 0, n = 0; s->timed_out && i < d->n_calls && n < 10; i++)
		if (d->call[i].flags & NC_STUCK) {
			fprintf(f, "    %c was in %s\n", s->letter, d->call[i].own);
			n++;
		}
}
static void put_notes(FILE *f, const struct result *r)
{
	for (int i = 0; i < 2; i++) {
		const struct digest *d = r->side[i].digest;
		char c = r->side[i].letter;
		put_stuck(f, &r->side[i]);
		if (r->side[i].left)
			fprintf(f, "note: %c left %u process%s running, which %s killed\n", c, r->side[i].left, r->side[i].left == 1 ? "" : "es",
				r->side[i].left == 1 ? "was" : "were");
		for (unsigned k = 0; k < d->n_outside && k < 10; k++) {
			char *v = visible(d->outside[k], strlen(d->outside[k]));
			fprintf(f, "note: %c wrote %s, outside of its own directories: not compared\n", c, v);
			free(v);
		}
		if (d->more)
			fprintf(f, "note: %c made %llu more calls than are compared\n", c, (unsigned long long)d->more);
		if (!d->whole)
			fprintf(f, "note: %c's calls are not all known: what recorded them was ended\n", c);
	}
}
void diff_text(FILE *f, const struct result *r, unsigned context)
{
	static const char *const names[] = { "standard output", "standard error" };
	for (int i = 0; i < 2 && r->side[i].digest; i++)
		put_side(f, &r->side[i]);
	if (r->trouble) {
		fprintf(f, "nothing can be said: %s\n", r->why);
		return;
	}
	fprintf(f, r->n ? "They differ:\n" : "The same.\n");
	for (unsigned i = 0; i < r->n; i++)
		fprintf(f, "  %-9s %s\n", facet_name(r->finding[i].facet), r->finding[i].text);
	for (int i = 0; i < 2; i++)
		if (r->hunks[i])
			fprintf(f, "\n%s (- A, + B):\n%s", names[i], r->hunks[i]);
	for (unsigned i = 0, told = 0; r->facets & FACET_CALLS && i < r->n_streams && told < 10; i++)
		if (r->stream[i].differing) {
			put_stream(f, r, &r->stream[i], context);
			told++;
		}
	put_notes(f, r);
}
