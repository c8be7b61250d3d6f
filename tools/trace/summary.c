/* SPDX-License-Identifier: BSD-2-Clause
 *
 * -c: one row for each call: how often, how many failed, how long. Times are from the call's begin to its end as the
 * program sees them. Percentiles come from buckets an eighth of a power of two wide, so they are right to about 6 in a
 * hundred.
 */
#include <stdlib.h>
#include <string.h>
#include "tools/command.h"
#include "tools/trace/trace.h"

#define BUCKETS 400
struct total {
	char name[40];
	uint64_t calls, errors, ns, min, max;
	uint32_t bucket[BUCKETS];
};
static struct total *totals, all = { .name = "total", .min = ~0ull };
static unsigned n_totals;
static bool printed;
static uint64_t dropped;

/* --- counting ----------------------------------------------------------------------------------------------------- */
static unsigned bucket_of(uint64_t ns)
{
	unsigned log = ns < 8 ? 3 : 63 - (unsigned)__builtin_clzll(ns);
	unsigned b = (log - 3) * 8 + (unsigned)(ns >> (log - 3) & 7) * (ns >= 8) + (ns < 8 ? (unsigned)ns : 8);
	return MIN(b, BUCKETS - 1);
}
static uint64_t bucket_ns(unsigned b)
{
	return b < 8 ? b : (uint64_t)((b - 8) % 8 + 8) << ((b - 8) / 8);
}
static struct total *total_of(const char *name)
{
	for (unsigned i = 0; i < n_totals; i++)
		if (!strcmp(totals[i].name, name))
			return &totals[i];
	totals = realloc(totals, (n_totals + 1) * sizeof *totals);
	if (!totals)
		abort();
	struct total *t = &totals[n_totals++];
	memset(t, 0, sizeof *t);
	snprintf(t->name, sizeof t->name, "%s", name);
	t->min = ~0ull;
	return t;
}
static void count(struct total *t, uint64_t ns, bool failed)
{
	t->calls++;
	t->errors += failed;
	t->ns += ns;
	t->min = MIN(t->min, ns);
	t->max = MAX(t->max, ns);
	t->bucket[bucket_of(ns)]++;
}
static void event(struct sink *s, const struct event *e)
{
	char name[24];
	if (e->type == EV_DROPPED)
		dropped += e->count;
	const struct call *c = &e->task->call;
	bool never = c->row && c->row->ret == R_NOTHING;
	if (e->type != EV_EXIT && !(e->type == EV_ENTER && never))
		return;
	if (e->type == EV_EXIT && never)
		return;
	uint64_t ns = e->ns - e->task->began;
	count(total_of(call_name(c, name)), ns, call_failed(c));
	count(&all, ns, call_failed(c));
}
static uint64_t percentile(const struct total *t, unsigned p)
{
	uint64_t want = (t->calls * p + 99) / 100, seen = 0;
	for (unsigned b = 0; b < BUCKETS; b++)
		if ((seen += t->bucket[b]) >= want && want)
			return MAX(MIN(bucket_ns(b), t->max), t->min);
	return t->max;
}

/* --- telling ------------------------------------------------------------------------------------------------------ */
static uint64_t avg(const struct total *t) { return t->calls ? t->ns / t->calls : 0; }
static uint64_t p50(const struct total *t) { return percentile(t, 50); }
static uint64_t p90(const struct total *t) { return percentile(t, 90); }
static uint64_t p99(const struct total *t) { return percentile(t, 99); }
static uint64_t time_(const struct total *t) { return t->ns; }
static uint64_t calls(const struct total *t) { return t->calls; }
static uint64_t errors(const struct total *t) { return t->errors; }
static uint64_t min(const struct total *t) { return t->min; }
static uint64_t max(const struct total *t) { return t->max; }

static const struct column { const char *name, *also; uint64_t (*value)(const struct total *); } columns[] = {
	{ "time", "total", time_ }, { "calls", "count", calls }, { "errors", "error", errors }, { "avg", "average", avg },
	{ "min", "shortest", min }, { "max", "longest", max }, { "p50", "median", p50 }, { "p90", NULL, p90 }, { "p99",
		NULL, p99 },
	{ "name", "syscall", NULL },
};
static const struct column *by;

static int compare(const void *a, const void *b)
{
	const struct total *x = a, *y = b;
	uint64_t v = by->value ? by->value(x) : 0, w = by->value ? by->value(y) : 0;
	return v > w ? -1 : v < w ? 1 : strcmp(x->name, y->name);
}
static void pick(const char *name)
{
	for (unsigned i = 0; i < ARRAY_LEN(columns); i++)
		if (!strcmp(columns[i].name, name) || (columns[i].also && !strcmp(columns[i].also, name)))
			by = &columns[i];
	if (!by)
		refuse("-S %s: it is one of time calls errors avg min max p50 p90 p99 name", name);
}
static void row(struct out *o, const struct total *t)
{
	out_fmt(o, "%6.2f %11.6f %9lu %9lu", all.ns ? 100.0 * (double)t->ns / (double)all.ns : 0.0, (double)t->ns / 1e9,
		t->calls,
		t->errors);
	for (unsigned i = 3; i < 9; i++)
		out_fmt(o, " %9.1f", (double)columns[i].value(t) / 1e3);
	out_fmt(o, " %s\n", t->name);
}
static void flush(struct sink *s) { out_flush(s->out); }
static void finish(struct sink *s)
{
	static const char rule[] =
		"------ ----------- --------- --------- --------- --------- --------- --------- --------- --------- ----------------\n";
	if (printed)
		return;
	printed = true;
	qsort(totals, n_totals, sizeof *totals, compare);
	out_fmt(s->out, "%6s %11s %9s %9s", "% time", "seconds", "calls", "errors");
	for (unsigned i = 3; i < 9; i++)
		out_fmt(s->out, " %6s us", columns[i].name);
	out_text(s->out, " call\n");
	out_text(s->out, rule);
	for (unsigned i = 0; i < n_totals; i++)
		row(s->out, &totals[i]);
	out_text(s->out, rule);
	if (all.calls)
		row(s->out, &all);
	if (sites.rewritten || sites.left)
		out_fmt(s->out, "call sites: %u rewritten, %u left to trap\n", sites.rewritten, sites.left);
	if (dropped)
		out_fmt(s->out, "%lu calls were dropped and are not counted here: the trace could not keep up\n", dropped);
	out_flush(s->out);
}
struct sink *summary_sink(struct out *o)
{
	static struct sink s = { "summary", event, flush, finish, NULL };
	pick(view.sort ? view.sort : "time");
	s.out = o;
	return &s;
}
