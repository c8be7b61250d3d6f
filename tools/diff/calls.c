/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What two runs did, process by process. Processes are paired by their place in the tree: the n-th child of one with the
 * n-th child of the other. Their calls are aligned: first where name, arguments and result are the same; what is left
 * between two such places is then paired by name and arguments (another result), and by name (other arguments); the
 * rest is only on one side.
 *
 * Threads: those of both sides whose calls are exactly the same are paired off. Of the rest nobody can say which is
 * whose (a run-time may have moved its work from one to another): their calls are taken together, and one that comes at
 * another place is no difference while rule "order" is in force.
 */
#include <stdlib.h>
#include <string.h>
#include "tools/diff/diff.h"

struct list { unsigned *at, n; };        /* indices into a digest's calls */

/* --- one pair of sequences ---------------------------------------------------------------------------------------- */
struct pairs { struct pair *at; unsigned n, room; };
static void push(struct pairs *p, int a, int b, enum verdict v)
{
	if (p->n == p->room) {
		p->room = p->room ? p->room * 2 : 64;
		if (!(p->at = realloc(p->at, p->room * sizeof *p->at)))
			abort();
	}
	p->at[p->n++] = (struct pair){ a, b, v };
}
static uint64_t *keys(const struct digest *d, const struct list *l, unsigned from, unsigned to, int how)
{
	uint64_t *k = calloc(to - from + 1, sizeof *k);
	if (!k)
		abort();
	for (unsigned i = from; i < to; i++) {
		const struct ncall *c = &d->call[l->at[i]];
		uint64_t h = 0xcbf29ce484222325ull;
		for (const char *p = c->name; how == 2 && *p; p++)
			h = (h ^ (unsigned char)*p) * 0x100000001b3ull;
		k[i - from] = how == 0 ? c->full : how == 1 ? c->key : h;
	}
	return k;
}
static bool data_differs(const struct ncall *a, const struct ncall *b)
{
	size_t n = a->n_data < b->n_data ? a->n_data : b->n_data;
	if (!n || !memcmp(a->data, b->data, n))
		return false;
	size_t na, nb;
	char *x = rule_text(a->data, n, &na), *y = rule_text(b->data, n, &nb);
	bool differs = na != nb || memcmp(x, y, na);
	free(x), free(y);
	return differs;
}
/* Name and arguments are the same, and how many bytes it moved is not: what do rules of text leave? */
static bool same_text(const struct ncall *a, const struct ncall *b)
{
	size_t na, nb;
	if (!(a->flags & (NC_IN | NC_OUT)) || (a->flags | b->flags) & NC_CUT || !a->n_data || !b->n_data)
		return false;
	char *x = rule_text(a->data, a->n_data, &na), *y = rule_text(b->data, b->n_data, &nb);
	bool same = na == nb && !memcmp(x, y, na);
	free(x), free(y);
	return same;
}
static bool is_output(const struct ncall *c)
{
	return rule_noise("output") && !strcmp(c->name, "write") && (!strcmp(c->args, "<stdout>") || !strcmp(c->args, "<stderr>"));
}
/* [a0,a1) against [b0,b1), keyed by all, by name and arguments, by name. */
static void gap(struct result *r, struct pairs *out, const struct list *la, unsigned a0, unsigned a1, const struct list *lb,
	unsigned b0, unsigned b1, int how, bool *cut)
{
	const struct digest *da = r->side[0].digest, *db = r->side[1].digest;
	static const enum verdict verdict[] = { V_SAME, V_RESULT, V_ARGS };
	bool c;

	if (how == 3 || a0 == a1 || b0 == b1) {
		for (; a0 < a1; a0++)
			push(out, (int)la->at[a0], -1, V_ONLY_A);
		for (; b0 < b1; b0++)
			push(out, -1, (int)lb->at[b0], V_ONLY_B);
		return;
	}
	uint64_t *ka = keys(da, la, a0, a1, how), *kb = keys(db, lb, b0, b1, how);
	unsigned n, i = 0, j = 0;
	struct step *s = align(ka, a1 - a0, kb, b1 - b0, &n, &c);
	*cut |= c;
	for (unsigned k = 0; k <= n; k++) {
		if (k < n && (s[k].a < 0 || s[k].b < 0))
			continue;
		unsigned to_a = k < n ? (unsigned)s[k].a : a1 - a0, to_b = k < n ? (unsigned)s[k].b : b1 - b0;
		gap(r, out, la, a0 + i, a0 + to_a, lb, b0 + j, b0 + to_b, how + 1, cut);
		if (k == n)
			break;
		const struct ncall *x = &da->call[la->at[a0 + to_a]], *y = &db->call[lb->at[b0 + to_b]];
		enum verdict v = verdict[how];
		if (how == 1 && (x->full == y->full || same_text(x, y) || is_output(x)))
			v = V_SAME;
		if (v == V_SAME && data_differs(x, y) && !same_text(x, y) && !is_output(x))
			v = V_DATA;
		push(out, (int)la->at[a0 + to_a], (int)lb->at[b0 + to_b], v);
		i = to_a + 1, j = to_b + 1;
	}
	free(s), free(ka), free(kb);
}
/* Two that were left over, side by side; ONLY_A: they have nothing to do with each other. */
static enum verdict judged(const struct ncall *a, const struct ncall *b, bool forgive)
{
	return a->full == b->full ? forgive ? V_SAME : V_ORDER : a->key == b->key ? V_RESULT : strcmp(a->name, b->name) ? V_ONLY_A :
	       V_ARGS;
}
/* What stands at one place here and at another there. */
static void find_moved(struct result *r, struct pairs *p, bool forgive)
{
	const struct digest *da = r->side[0].digest, *db = r->side[1].digest;
	for (unsigned i = 0; i < p->n; i++) {
		if (p->at[i].v != V_ONLY_A && p->at[i].v != V_ARGS && p->at[i].v != V_RESULT)
			continue;
		for (unsigned j = 0; j < p->n && p->at[i].v != V_SAME && p->at[i].v != V_ORDER; j++) {
			if (j == i || p->at[j].b < 0 || p->at[j].v == V_SAME || p->at[j].v == V_ORDER || p->at[j].v == V_DATA ||
			    p->at[i].a < 0 || da->call[p->at[i].a].full != db->call[p->at[j].b].full)
				continue;
			/* i's A goes with j's B: both rows lose what they had */
			int left_b = p->at[i].b, left_a = p->at[j].a;
			p->at[i].b = p->at[j].b;
			p->at[i].v = forgive ? V_SAME : V_ORDER;
			p->at[j].b = left_b;
			p->at[j].a = left_a;
			p->at[j].v = left_a >= 0 ? left_b >= 0 ? judged(&da->call[left_a], &db->call[left_b], forgive) : V_ONLY_A :
				left_b >= 0 ? V_ONLY_B : V_SAME;
			if (p->at[j].v == V_ONLY_A && left_b >= 0) {
				p->at[j].b = -1;
				push(p, -1, left_b, V_ONLY_B);
			}
		}
	}
	unsigned n = 0;
	for (unsigned i = 0; i < p->n; i++)
		if (p->at[i].a >= 0 || p->at[i].b >= 0)
			p->at[n++] = p->at[i];
	p->n = n;
}
static void add_stream(struct result *r, const struct nproc *a, const struct nproc *b, const struct list *la, const struct list *lb,
	int tid, bool merged)
{
	struct pairs p = { 0 };
	struct stream s = { .a = a, .b = b, .tid = tid, .merged = merged };

	gap(r, &p, la, 0, la->n, lb, 0, lb->n, 0, &s.cut);
	if (p.n < 20000)
		find_moved(r, &p, merged && rule_noise("order"));
	s.pair = p.at;
	s.n = s.first = p.n;
	for (unsigned i = p.n; i; i--)
		if (p.at[i - 1].v != V_SAME)
			s.first = i - 1, s.differing++;
	r->stream = realloc(r->stream, (r->n_streams + 1) * sizeof *r->stream);
	if (!r->stream)
		abort();
	r->stream[r->n_streams++] = s;
}

/* --- threads ------------------------------------------------------------------------------------------------------ */
struct thread_calls { int tid; struct list l; bool done; };
static struct thread_calls *by_thread(const struct digest *d, const struct nproc *p, unsigned *n)
{
	struct thread_calls *t = NULL;
	*n = 0;
	for (unsigned i = 0; i < p->n_calls; i++) {
		const struct ncall *c = &d->call[p->call[i]];
		unsigned k = 0;
		if (c->flags & NC_STUCK)
			continue;
		while (k < *n && t[k].tid != c->tid)
			k++;
		if (k == *n) {
			t = realloc(t, (*n + 1) * sizeof *t);
			if (!t)
				abort();
			t[(*n)++] = (struct thread_calls){ .tid = c->tid };
		}
		struct list *l = &t[k].l;
		if (!(l->n & (l->n - 1)) && !(l->at = realloc(l->at, (l->n ? 2 * l->n : 1) * sizeof *l->at)))
			abort();
		l->at[l->n++] = p->call[i];
	}
	return t;
}
static bool same_calls(const struct digest *da, const struct list *a, const struct digest *db, const struct list *b)
{
	if (a->n != b->n)
		return false;
	for (unsigned i = 0; i < a->n; i++)
		if (da->call[a->at[i]].full != db->call[b->at[i]].full || data_differs(&da->call[a->at[i]], &db->call[b->at[i]]))
			return false;
	return true;
}
/* Those that are not done, in order of time again. */
static int by_number(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
	return x < y ? -1 : x > y;
}
static struct list together(const struct thread_calls *t, unsigned n)
{
	struct list l = { 0 };
	unsigned total = 0;
	for (unsigned i = 0; i < n; i++)
		total += t[i].done ? 0 : t[i].l.n;
	l.at = calloc(total + 1, sizeof *l.at);
	if (!l.at)
		abort();
	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; !t[i].done && k < t[i].l.n; k++)
			l.at[l.n++] = t[i].l.at[k];
	qsort(l.at, l.n, sizeof *l.at, by_number);
	return l;
}
static unsigned left_of(const struct thread_calls *t, unsigned n)
{
	unsigned left = 0;
	for (unsigned i = 0; i < n; i++)
		left += !t[i].done;
	return left;
}
static void compare_process(struct result *r, const struct nproc *a, const struct nproc *b)
{
	struct digest *da = r->side[0].digest, *db = r->side[1].digest;
	unsigned na, nb;
	struct thread_calls *ta = by_thread(da, a, &na), *tb = by_thread(db, b, &nb);

	for (unsigned i = 0; i < na; i++)
		for (unsigned j = 0; j < nb && !ta[i].done; j++)
			if (!tb[j].done && same_calls(da, &ta[i].l, db, &tb[j].l) && (na == 1 || nb == 1 || na == nb || ta[i].l.n > 3)) {
				add_stream(r, a, b, &ta[i].l, &tb[j].l, na > 1 ? (int)i + 1 : 0, false);
				ta[i].done = tb[j].done = true;
			}
	if (left_of(ta, na) + left_of(tb, nb)) {
		struct list x = together(ta, na), y = together(tb, nb);
		bool merged = na > 1 || nb > 1;
		if (merged && rule_noise("order")) {
			x.n = digest_together(r->side[0].digest, x.at, x.n);
			y.n = digest_together(r->side[1].digest, y.at, y.n);
		}
		add_stream(r, a, b, &x, &y, 0, merged);
		free(x.at), free(y.at);
	}
	for (unsigned i = 0; i < na; i++)
		free(ta[i].l.at);
	for (unsigned i = 0; i < nb; i++)
		free(tb[i].l.at);
	free(ta), free(tb);
}

/* --- what is said of them ----------------------------------------------------------------------------------------- */
static const char *name_of(const struct nproc *p, char text[200])
{
	const char *slash = strrchr(p->program, '/');
	char *v = visible(slash ? slash + 1 : p->program, strlen(slash ? slash + 1 : p->program));
	snprintf(text, 200, "%.80s%s%.90s", v, *p->args ? " " : "", p->args);
	free(v);
	return text;
}
static void put_end(char *text, size_t n, int status)
{
	if (status < 0)
		snprintf(text, n, "was killed");
	else
		snprintf(text, n, status & 0x100 ? "was ended by signal %d" : "exited with %d", status & 0xff);
}
static void compare_ends(struct result *r, const struct nproc *a, const struct nproc *b)
{
	char x[200], y[200], end[2][60];
	if (a->parent >= 0 && strcmp(a->args, b->args))
		find(r, FACET_PROCESSES, "a child process has other arguments: %s in A, %s in B", name_of(a, x), name_of(b, y));
	if (a->parent >= 0 && a->status >= 0 && b->status >= 0 && a->status != b->status) {
		put_end(end[0], sizeof end[0], a->status), put_end(end[1], sizeof end[1], b->status);
		find(r, FACET_PROCESSES, "the child process %s %s in A, and %s in B", name_of(a, x), end[0], end[1]);
	}
	if (strcmp(a->signals ? a->signals : "", b->signals ? b->signals : ""))
		find(r, FACET_PROCESSES, "the process %s got signals %s in A, %s in B", name_of(a, x), a->signals ? a->signals : "none",
		     b->signals ? b->signals : "none");
}
static const char *const verdicts[] = {
	[V_SAME] = "is the same", [V_RESULT] = "has another result", [V_ARGS] = "has other arguments", [V_DATA] = "moves other bytes",
	[V_ONLY_A] = "is only in A", [V_ONLY_B] = "is only in B", [V_ORDER] = "comes at another place",
};
char *call_line(const struct ncall *c, bool own)
{
	char *text = NULL, count[60] = "";
	bool failed = c->result[0] >= 'A' && c->result[0] <= 'Z';
	if (c->flags & (NC_IN | NC_OUT) && !failed) {
		char *v = visible(c->data, c->n_data < 40 ? c->n_data : 40);
		if (asprintf(&text, "%s(%s) %s%s%s%s%llu byte%s%s", c->name, c->args, c->n_data ? "\"" : "", v,
			c->n_data > 40 || (c->n_data && c->flags & NC_CUT) ? "..." : "", c->n_data ? "\" = " : "= ",
			(unsigned long long)c->bytes, c->bytes == 1 ? "" : "s", count) < 0)
			abort();
		free(v);
	} else if (asprintf(&text, "%s(%s)%s%s", c->name, c->args, *c->result ? " = " : "", c->result) < 0) {
		abort();
	}
	if (own) {
		char *both = NULL;
		if (asprintf(&both, "%s   [%s]", text, c->own) < 0)
			abort();
		free(text);
		text = both;
	}
	return text;
}
static void tell_first(struct result *r, const struct stream *s)
{
	const struct pair *p = &s->pair[s->first];
	const struct ncall *c = p->a >= 0 ? &r->side[0].digest->call[p->a] : &r->side[1].digest->call[p->b];
	char *line = call_line(c, false), who[200];
	find(r, FACET_CALLS, "%s: call %u, %.300s, %s (%u of %u places differ)", name_of(s->a, who), s->first + 1, line,
	     verdicts[p->v], s->differing, s->n);
	free(line);
}
static void compare_net(struct result *r)
{
	const struct digest *d[2] = { r->side[0].digest, r->side[1].digest };
	for (int side = 0; side < 2; side++)
		for (unsigned i = 0; i < d[side]->n_net; i++) {
			const struct nnet *x = &d[side]->net[i], *y = NULL;
			for (unsigned k = 0; k < d[!side]->n_net; k++)
				if (!strcmp(d[!side]->net[k].label, x->label))
					y = &d[!side]->net[k];
			if (!y)
				find(r, FACET_NETWORK, "%s: only in %c (%llu bytes in, %llu out)", x->label, side ? 'B' : 'A',
				     (unsigned long long)x->in, (unsigned long long)x->out);
			else if (!side && (x->in != y->in || x->out != y->out))
				find(r, FACET_NETWORK, "%s: %llu bytes in, %llu out in A; %llu in, %llu out in B", x->label,
				     (unsigned long long)x->in, (unsigned long long)x->out, (unsigned long long)y->in,
				     (unsigned long long)y->out);
		}
}
/* Children of one parent begin in any order: those that run the same are paired first, then in their order. */
static bool alike(const struct nproc *p, const struct nproc *q, int how)
{
	return how == 3 || (!strcmp(p->args, q->args) && (how == 2 || (p->status == q->status && (how == 1 || p->sum == q->sum))));
}
static void pair_children(struct result *r, int parent, int *twin, bool *taken)
{
	const struct digest *a = r->side[0].digest, *b = r->side[1].digest;
	int other = parent < 0 ? -1 : twin[parent];
	if (parent >= 0 && other < 0)
		return;
	for (int how = 0; how < 4; how++)
		for (unsigned i = 0; i < a->n_procs; i++)
			for (unsigned j = 0; a->proc[i].parent == parent && twin[i] < 0 && j < b->n_procs; j++)
				if (!taken[j] && b->proc[j].parent == other && alike(&a->proc[i], &b->proc[j], how))
					twin[i] = (int)j, taken[j] = true;
}
void compare_calls(struct result *r)
{
	const struct digest *a = r->side[0].digest, *b = r->side[1].digest;
	int *twin = calloc(a->n_procs + 1, sizeof *twin);
	bool *taken = calloc(b->n_procs + 1, sizeof *taken);
	char text[200];

	if (!twin || !taken)
		abort();
	for (unsigned i = 0; i < a->n_procs; i++)
		twin[i] = -1;
	for (unsigned i = 0; i < a->n_procs; i++) {
		const struct nproc *p = &a->proc[i];
		if (twin[i] < 0)
			pair_children(r, p->parent, twin, taken);
		if (twin[i] < 0) {
			find(r, FACET_PROCESSES, "a process is only in A: %s", name_of(p, text));
			continue;
		}
		compare_ends(r, p, &b->proc[twin[i]]);
		compare_process(r, p, &b->proc[twin[i]]);
	}
	for (unsigned j = 0; j < b->n_procs; j++)
		if (!taken[j])
			find(r, FACET_PROCESSES, "a process is only in B: %s", name_of(&b->proc[j], text));
	for (unsigned i = 0; i < r->n_streams; i++)
		if (r->stream[i].differing)
			tell_first(r, &r->stream[i]);
	compare_net(r);
	free(twin), free(taken);
}
