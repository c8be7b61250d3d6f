/* SPDX-License-Identifier: BSD-2-Clause
 *
 * -c: one row for each call: how often, from how many places, how many failed, how long. Times are those that the thread
 * had the processor, or with -w those of the clock. Percentiles come from buckets an eighth of a power of two wide, so they
 * are right to about 6 in a hundred.
 *
 * A call that took less time (of the clock) than asking the kernel for the least takes on this machine was answered
 * without the kernel: "in-proc" counts these. One that was interrupted meanwhile is not recognized.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "tools/command.h"
#include "tools/trace/trace.h"

#define BUCKETS 400
struct total {
	char name[40];
	uint64_t calls, errors, in_proc, ns, min, max;
	uint64_t *site;          /* where it was called from: a hash table of addresses, 0 is none */
	unsigned n_sites, room;
	uint32_t bucket[BUCKETS];
};
static struct total *totals, all = { .name = "total", .min = ~0ull };
static unsigned n_totals;
static bool printed, begun;
static uint64_t dropped, entry_ns, asking_ns;
static bool by_cpu;

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
static bool put_site(uint64_t *table, unsigned room, uint64_t ip)
{
	for (unsigned i = (unsigned)(ip * 0x9e3779b97f4a7c15ull >> 40); ; i++) {
		uint64_t *at = &table[i & (room - 1)];
		if (*at == ip)
			return false;
		if (!*at) {
			*at = ip;
			return true;
		}
	}
}
static void count_site(struct total *t, uint64_t ip)
{
	if (t->n_sites * 2 >= t->room) {
		unsigned room = t->room ? t->room * 2 : 16;
		uint64_t *more = calloc(room, sizeof *more);
		if (!more)
			abort();
		for (unsigned i = 0; i < t->room; i++)
			if (t->site[i])
				put_site(more, room, t->site[i]);
		free(t->site);
		t->site = more;
		t->room = room;
	}
	t->n_sites += put_site(t->site, t->room, ip ? ip : 1);
}
static void count(struct total *t, uint64_t ns, bool failed, bool in_proc, uint64_t ip)
{
	t->calls++;
	t->errors += failed;
	t->in_proc += in_proc;
	t->ns += ns;
	t->min = MIN(t->min, ns);
	t->max = MAX(t->max, ns);
	t->bucket[bucket_of(ns)]++;
	count_site(t, ip);
}
/* What the thread had of the processor; of a call without an end, nothing is known. */
static uint64_t cpu_of(const struct event *e)
{
	const struct piece *from = piece_first(&e->task->in, PIECE_CPU, 0), *to = e->mem ? piece_first(e->mem, PIECE_CPU, 0) : NULL;
	uint64_t a = 0, b = 0;
	if (!from || !to || from->len != 8 || to->len != 8)
		return 0;
	memcpy(&a, from->bytes, 8);
	memcpy(&b, to->bytes, 8);
	return b > a + asking_ns ? b - a - asking_ns : 0;
}
static void event(struct sink *s, const struct event *e)
{
	char name[24];
	begun = true;
	if (e->type == EV_DROPPED)
		dropped += e->count;
	const struct call *c = &e->task->call;
	bool never = c->row && c->row->ret == R_NOTHING;
	if (e->type != EV_EXIT && !(e->type == EV_ENTER && never))
		return;
	if (e->type == EV_EXIT && never)
		return;
	uint64_t wall = e->ns - e->task->began, ns = by_cpu ? cpu_of(e) : wall;
	bool in_proc = e->type == EV_EXIT && wall < entry_ns;
	count(total_of(call_name(c, name)), ns, call_failed(c), in_proc, e->task->rip);
	count(&all, ns, call_failed(c), in_proc, e->task->rip);
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
static uint64_t places(const struct total *t) { return t->n_sites; }
static uint64_t in_proc(const struct total *t) { return t->in_proc; }
static uint64_t min(const struct total *t) { return t->min; }
static uint64_t max(const struct total *t) { return t->max; }

static const struct column { const char *name, *also; uint64_t (*value)(const struct total *); } columns[] = {
	{ "time", "total", time_ }, { "calls", "count", calls }, { "errors", "error", errors },
	{ "sites", "places", places }, { "in-proc", "inproc", in_proc }, { "avg", "average", avg },
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
		refuse("-S %s: it is one of time calls errors sites in-proc avg min max p50 p90 p99 name", name);
}
/* What the table shows, in this order unless -U says another. */
static void put_share(struct out *o, const struct total *t) { out_fmt(o, "%6.2f", all.ns ? 100.0 * (double)t->ns / (double)all.ns : 0.0); }
static void put_seconds(struct out *o, const struct total *t) { out_fmt(o, "%11.6f", (double)t->ns / 1e9); }
static void put_calls(struct out *o, const struct total *t) { out_fmt(o, "%9lu", t->calls); }
static void put_errors(struct out *o, const struct total *t) { out_fmt(o, "%9lu", t->errors); }
static void put_places(struct out *o, const struct total *t) { out_fmt(o, "%6u", t->n_sites); }
static void put_name(struct out *o, const struct total *t) { out_text(o, t->name); }
static void put_in_proc(struct out *o, const struct total *t)
{
	if (entry_ns)
		out_fmt(o, "%9lu", t->in_proc);
	else
		out_fmt(o, "%9s", "-");
}
static void put_us(struct out *o, uint64_t ns) { out_fmt(o, "%9.2f", (double)ns / 1e3); }
static void put_avg(struct out *o, const struct total *t) { put_us(o, avg(t)); }
static void put_min(struct out *o, const struct total *t) { put_us(o, t->min); }
static void put_max(struct out *o, const struct total *t) { put_us(o, t->max); }
static void put_p50(struct out *o, const struct total *t) { put_us(o, p50(t)); }
static void put_p90(struct out *o, const struct total *t) { put_us(o, p90(t)); }
static void put_p99(struct out *o, const struct total *t) { put_us(o, p99(t)); }
static const struct shown {
	const char *name, *also, *head;
	int width;
	void (*put)(struct out *, const struct total *);
} shown[] = {
	{ "time-percent", "time", "% time", 6, put_share }, { "seconds", "total-time", "seconds", 11, put_seconds },
	{ "calls", "count", "calls", 9, put_calls }, { "errors", "error", "errors", 9, put_errors },
	{ "sites", "places", "sites", 6, put_places }, { "in-proc", "inproc", "in-proc", 9, put_in_proc },
	{ "avg", "avg-time", "avg us", 9, put_avg }, { "min", "min-time", "min us", 9, put_min }, { "max", "max-time", "max us", 9, put_max },
	{ "p50", "median", "p50 us", 9, put_p50 }, { "p90", NULL, "p90 us", 9, put_p90 }, { "p99", NULL, "p99 us", 9, put_p99 },
	{ "name", "syscall", "call", 16, put_name },
};
static const struct shown *order[32];
static unsigned n_order;

static void choose(const char *v)
{
	for (unsigned i = 0; !v && i < ARRAY_LEN(shown); i++)
		order[n_order++] = &shown[i];
	for (size_t n; v && *v; v += n + (v[n] == ',')) {
		n = strcspn(v, ",");
		unsigned i = 0;
		while (i < ARRAY_LEN(shown) && !(strlen(shown[i].name) == n && !strncmp(shown[i].name, v, n)) &&
		       !(shown[i].also && strlen(shown[i].also) == n && !strncmp(shown[i].also, v, n)))
			i++;
		if (i == ARRAY_LEN(shown) || n_order == ARRAY_LEN(order))
			refuse("-U %.*s: the table has time-percent seconds calls errors sites in-proc avg min max p50 p90 p99 name", (int)n, v);
		order[n_order++] = &shown[i];
	}
	if (!n_order)
		refuse("-U wants the names of columns with commas between them");
}
static void row(struct out *o, const struct total *t)
{
	for (unsigned i = 0; i < n_order; i++) {
		out_text(o, i ? " " : "");
		order[i]->put(o, t);
		if (order[i]->put == put_name && i + 1 < n_order)
			out_fmt(o, "%*s", (int)MAX(16 - (int)strlen(t->name), 0), "");
	}
	out_text(o, "\n");
}
static void heads(struct out *o)
{
	for (unsigned i = 0; i < n_order; i++) {
		bool last = order[i]->put == put_name;
		const char *head = order[i]->put == put_seconds && by_cpu ? "cpu seconds" : order[i]->head;
		out_fmt(o, "%s%*s", i ? " " : "", last ? i + 1 < n_order ? -16 : 0 : order[i]->width, head);
	}
	out_text(o, "\n");
}
static void rule(struct out *o)
{
	for (unsigned i = 0; i < n_order; i++)
		out_fmt(o, "%s%.*s", i ? " " : "", order[i]->width, "----------------");
	out_text(o, "\n");
}
static void flush(struct sink *s) { out_flush(s->out); }
static void finish(struct sink *s)
{
	if (printed || !begun)           /* of a program that was never run there is nothing to tell */
		return;
	printed = true;
	qsort(totals, n_totals, sizeof *totals, compare);
	heads(s->out);
	rule(s->out);
	for (unsigned i = 0; i < n_totals; i++)
		row(s->out, &totals[i]);
	rule(s->out);
	if (all.calls)
		row(s->out, &all);
	if (sites.rewritten || sites.left)
		out_fmt(s->out, "call sites: %u rewritten, %u left to trap\n", sites.rewritten, sites.left);
	if (dropped)
		out_fmt(s->out, "%lu calls were dropped and are not counted here: the trace could not keep up\n", dropped);
	out_flush(s->out);
}
/* The least that a call of the kernel takes here, of many tries; none of our engines is under way in this process. */
static uint64_t least_entry(void)
{
	enum { TRIES = 60, BATCH = 64 };
	struct timespec a, b;
	uint64_t best = ~0ull;
	for (int i = 0; i < TRIES; i++) {
		clock_gettime(CLOCK_MONOTONIC, &a);
		for (int k = 0; k < BATCH; k++)
			syscall(SYS_getppid);
		clock_gettime(CLOCK_MONOTONIC, &b);
		best = MIN(best, (uint64_t)((b.tv_sec - a.tv_sec) * 1000000000 + b.tv_nsec - a.tv_nsec) / BATCH);
	}
	return best;
}
/* ... and what of its answer is the asking for a thread's processor time itself */
static uint64_t least_asking(void)
{
	struct timespec a, b;
	uint64_t best = ~0ull;
	for (int i = 0; i < 1000; i++) {
		syscall(SYS_clock_gettime, CLOCK_THREAD_CPUTIME_ID, &a);
		syscall(SYS_clock_gettime, CLOCK_THREAD_CPUTIME_ID, &b);
		best = MIN(best, (uint64_t)((b.tv_sec - a.tv_sec) * 1000000000 + b.tv_nsec - a.tv_nsec));
	}
	return best;
}
struct sink *summary_sink(struct out *o, bool cpu, bool live)
{
	static struct sink s = { "summary", event, flush, finish, NULL };
	pick(view.sort ? view.sort : "time");
	choose(view.shown);
	by_cpu = cpu;
	entry_ns = live ? least_entry() : 0;
	asking_ns = cpu ? least_asking() : 0;
	s.out = o;
	return &s;
}
