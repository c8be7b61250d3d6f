/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What one side did, on its way from the process that drains its trace to the one that compares: the sink makes neutral
 * calls of events, leaves out what the rules call noise, and writes the rest to a file; the reader makes arrays of it.
 * Bytes that go one way through one descriptor in several calls become one call here (rule chunks), so that the sizes
 * of libraries' buffers do not show. A side that makes more calls than anybody would look at is cut off and says so.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tools/diff/diff.h"
#include "tools/trace/trace.h"

#define MOST_RECORDS 400000u
#define MOST_BYTES (512ul << 20)
#define MOST_NETS 512u
#define MOST_OUTSIDE 200u
#define SEVERAL 5                        /* texts in a record */

enum rectype { DG_CALL = 1, DG_PROCESS, DG_EXEC, DG_THREAD, DG_END, DG_SIGNAL, DG_NET, DG_OUTSIDE, DG_IGNORED, DG_MORE, DG_WHOLE };
struct dgrec {
	uint32_t size, type;
	int32_t pid, tid;        /* PROCESS: tid is the parent */
	uint32_t flags;
	int32_t status;
	uint64_t bytes, count;
	uint32_t len[SEVERAL];   /* each text is followed by a NUL */
	uint32_t pad;
};
_Static_assert(sizeof(struct dgrec) % 8 == 0, "texts follow");

/* --- writing ------------------------------------------------------------------------------------------------------ */
static struct nnet nets[MOST_NETS];
static unsigned n_nets;
static char *outside[MOST_OUTSIDE];
static unsigned n_outside, n_records;
static uint64_t n_more, n_bytes, n_dropped;
static struct { const struct rule *rule; uint64_t n; } left_out[128];
static unsigned n_left_out;
static const char *top;
static bool finished;
static const struct rule *no_wakeups;

static void put(struct sink *s, struct dgrec *r, const char *const text[SEVERAL])
{
	static const char zero[8];
	size_t n = sizeof *r;

	for (int i = 0; i < SEVERAL; i++) {
		if (i != 4)                      /* the last one is bytes, and its length known */
			r->len[i] = text[i] ? (uint32_t)strlen(text[i]) : 0;
		n += r->len[i] + 1;
	}
	r->size = (uint32_t)((n + 7) & ~7ul);
	if (n_records >= MOST_RECORDS || n_bytes > MOST_BYTES) {
		n_more += r->type == DG_CALL;
		if (r->type == DG_CALL)
			return;
	}
	n_records++;
	n_bytes += r->size;
	out_bytes(s->out, r, sizeof *r);
	for (int i = 0; i < SEVERAL; i++) {
		out_bytes(s->out, text[i] ? text[i] : "", r->len[i]);
		out_bytes(s->out, zero, 1);
	}
	out_bytes(s->out, zero, r->size - n);
}
static void put_head(struct sink *s, const struct event *e, unsigned type, int status, const char *a, const char *b, const char *c)
{
	struct dgrec r = { .type = type, .pid = e->task->process->pid, .tid = e->task->tid, .status = status };
	if (type == DG_PROCESS)
		r.tid = e->task->process->ppid;
	put(s, &r, (const char *const[SEVERAL]){ a, b, c });
}
static void count_ignored(const struct rule *r)
{
	unsigned i = 0;
	while (i < n_left_out && left_out[i].rule != r)
		i++;
	if (i == ARRAY_LEN(left_out))
		return;
	n_left_out += i == n_left_out;
	left_out[i].rule = r;
	left_out[i].n++;
}
static void count_net(const struct neutral *x)
{
	unsigned i = 0;
	if (!*x->net || !x->flags)
		return;
	while (i < n_nets && strcmp(nets[i].label, x->net))
		i++;
	if (i == MOST_NETS)
		return;
	if (i == n_nets)
		nets[n_nets++].label = strdup(x->net);
	nets[i].n++;
	*(x->flags & NC_OUT ? &nets[i].out : &nets[i].in) += x->bytes;
}
static void count_outside(const struct neutral *x)
{
	size_t n = strlen(top);
	if (!x->writes || x->path[0] != '/' || !strncmp(x->path, "/dev/", 5) || (!strncmp(x->path, top, n) && x->path[n] == '/') ||
	    n_outside == MOST_OUTSIDE)
		return;
	for (unsigned i = 0; i < n_outside; i++)
		if (!strcmp(outside[i], x->path))
			return;
	outside[n_outside++] = strdup(x->path);
}
static const struct rule *noise_of(const struct neutral *x)
{
	const struct rule *r = rule_call(x->name, x->command, x->args);
	if (!r)
		r = rule_path(x->path);
	if (!r && no_wakeups && x->bytes == 1 && x->n_data == 1 && !x->data[0] && strstr(x->args, "<pipe>"))
		r = no_wakeups;
	return r ? r : rule_error(x->name, x->error);
}
static void put_call(struct sink *s, const struct event *e, const struct neutral *x, const char *name, const char *args, unsigned flags)
{
	struct dgrec r = { .type = DG_CALL, .pid = e->task->process->pid, .tid = e->task->tid,
		.flags = flags | (e->type == EV_EXIT ? 0 : NC_STUCK), .bytes = x->bytes, .count = 1 };
	r.len[4] = (uint32_t)x->n_data;
	put(s, &r, (const char *const[SEVERAL]){ name, args, x->result, x->own, x->data });
}
static void on_call(struct sink *s, const struct event *e)
{
	static struct neutral x;
	neutral_call(&x, e);
	const struct rule *noise = noise_of(&x);

	count_net(&x);
	if (noise) {
		count_ignored(noise);
		return;
	}
	count_outside(&x);
	if (e->type == EV_UNFINISHED && !strcmp(x.name, "kill")) {       /* it did what it was for: this process ended by it */
		put(s, &(struct dgrec){ .type = DG_CALL, .pid = e->task->process->pid, .tid = e->task->tid, .count = 1 },
			(const char *const[SEVERAL]){ x.name, x.args, "0", x.own });
		return;
	}
	if (!x.also) {
		put_call(s, e, &x, x.name, x.args, x.flags);
		return;
	}
	put_call(s, e, &x, "read", x.args, NC_IN | NC_CUT);      /* from one descriptor to another: one call of each kind */
	put_call(s, e, &x, "write", x.args2, NC_OUT | NC_CUT);
}
static void on_process(struct sink *s, const struct event *e, unsigned type)
{
	const struct process *p = e->task->process;
	char args[4096] = "";
	size_t n = 0;
	for (unsigned i = 1; i < p->n_args && n < sizeof args; i++) {
		char *v = visible(p->args[i], strlen(p->args[i]));
		n += (size_t)snprintf(args + n, sizeof args - n, "%s%s", n ? " " : "", v);
		free(v);
	}
	put_head(s, e, type, -1, p->program, args, e->task->pers->name);
}
static void on_signal(struct sink *s, const struct event *e)
{
	char text[64] = "";
	struct line l;
	line_of(&l, text, sizeof text, e);
	put_signal(&l, e->sig);
	if (!rule_word(RULE_SIGNAL, text))
		put_head(s, e, DG_SIGNAL, 0, text, NULL, NULL);
}
static void event(struct sink *s, const struct event *e)
{
	switch (e->type) {
	case EV_START: case EV_FORK: case EV_ATTACH: on_process(s, e, DG_PROCESS); break;
	case EV_EXEC: on_process(s, e, DG_EXEC); break;
	case EV_THREAD: put_head(s, e, DG_THREAD, 0, NULL, NULL, NULL); break;
	case EV_EXIT: case EV_UNFINISHED: on_call(s, e); break;
	case EV_SIGNAL: on_signal(s, e); break;
	case EV_END:
		if (e->whole)
			put_head(s, e, DG_END, e->status, NULL, NULL, NULL);
		break;
	case EV_DROPPED: n_dropped += e->count; break;
	case EV_ENTER: case EV_PAST: case EV_VERDICT: break;
	}
}
static void flush(struct sink *s) { out_flush(s->out); }
static void finish(struct sink *s)
{
	if (finished || processes_alive())
		return;
	finished = true;
	for (unsigned i = 0; i < n_nets; i++) {
		struct dgrec r = { .type = DG_NET, .bytes = nets[i].in, .count = nets[i].out, .status = (int32_t)nets[i].n };
		put(s, &r, (const char *const[SEVERAL]){ nets[i].label });
	}
	for (unsigned i = 0; i < n_outside; i++)
		put(s, &(struct dgrec){ .type = DG_OUTSIDE }, (const char *const[SEVERAL]){ outside[i] });
	for (unsigned i = 0; i < n_left_out; i++) {
		const struct rule *r = left_out[i].rule;
		put(s, &(struct dgrec){ .type = DG_IGNORED, .count = left_out[i].n },
			(const char *const[SEVERAL]){ r->name ? r->name : r->pattern });
	}
	put(s, &(struct dgrec){ .type = DG_MORE, .count = n_more, .bytes = n_dropped }, (const char *const[SEVERAL]){ NULL });
	put(s, &(struct dgrec){ .type = DG_WHOLE }, (const char *const[SEVERAL]){ NULL });
	out_flush(s->out);
}
struct sink *digest_sink(int fd, const char *own, const char *top_dir)
{
	static struct sink s = { "digest", event, flush, finish, NULL };
	top = top_dir;
	neutral_start(own, top_dir);
	for (unsigned i = 0; i < n_rules; i++)
		if (rules[i].kind == RULE_NOISE && !rules[i].off && !strcmp(rules[i].pattern, "wakeups"))
			no_wakeups = &rules[i];
	s.out = out_new(fd, "what is compared");
	return &s;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */
static uint64_t hash(uint64_t h, const void *p, size_t n)
{
	const unsigned char *b = p;
	for (size_t i = 0; i < n; i++)
		h = (h ^ b[i]) * 0x100000001b3ull;
	return h ^ h >> 29;
}
static void *more(void *at, unsigned n, size_t size)
{
	if (n && (n < 64 || n & (n - 1)))
		return at;
	at = realloc(at, (n ? 2 * (size_t)n : 64) * size);
	if (!at)
		abort();
	return at;
}
static struct nproc *proc_of(struct digest *d, int pid)
{
	for (unsigned i = d->n_procs; i; i--)
		if (d->proc[i - 1].pid == pid)
			return &d->proc[i - 1];
	return NULL;
}
static void take_process(struct digest *d, const struct dgrec *r, const char *const text[])
{
	const struct nproc *parent = proc_of(d, r->tid);
	struct nproc n = { .pid = r->pid, .parent = parent ? (int)(parent - d->proc) : -1, .status = -1, .threads = 1,
		.program = strdup(text[0]), .args = strdup(text[1]), .os = text[2] };
	for (unsigned i = 0; parent && i < d->n_procs; i++)
		n.nth += d->proc[i].parent == n.parent;
	d->proc = more(d->proc, d->n_procs, sizeof *d->proc);
	d->proc[d->n_procs++] = n;
}
static void take_signal(struct nproc *p, const char *name)
{
	char *both = NULL;
	if (p->signals && strstr(p->signals, name))
		return;                          /* how often is a matter of luck */
	if (asprintf(&both, "%s%s%s", p->signals ? p->signals : "", p->signals ? " " : "", name) < 0)
		abort();
	free(p->signals);
	p->signals = both;
}
/* The call before it in the same thread moved bytes the same way: one call. */
static bool join(struct digest *d, struct nproc *p, const struct ncall *c)
{
	struct ncall *last = p->n_calls ? &d->call[p->call[p->n_calls - 1]] : NULL;
	if (!last || !(c->flags & (NC_IN | NC_OUT)) || (c->flags ^ last->flags) & (NC_IN | NC_OUT | NC_STUCK) ||
	    strcmp(c->name, last->name) || strcmp(c->args, last->args) || (c->result[0] >= 'A' && c->result[0] <= 'Z') ||
	    (last->result[0] >= 'A' && last->result[0] <= 'Z'))
		return false;
	char *both = NULL;
	if (!(last->flags & NC_CUT) && c->n_data) {
		if (last->n_data + c->n_data > 1 << 20) {
			last->flags |= NC_CUT;
		} else if ((both = malloc(last->n_data + c->n_data + 1))) {
			memcpy(both, last->data, last->n_data);
			memcpy(both + last->n_data, c->data, c->n_data);
			if (last->count > 1)
				free((char *)last->data);
			last->data = both;
			last->n_data += c->n_data;
			last->flags |= c->flags & NC_CUT;
		}
	}
	if (!both && last->count == 1) {
		both = malloc(last->n_data + 1);
		memcpy(both, last->data, last->n_data);
		last->data = both;
	}
	last->bytes += c->bytes;
	last->count++;
	return true;
}
static void take_call(struct digest *d, const struct dgrec *r, const char *const text[])
{
	struct nproc *p = proc_of(d, r->pid);
	if (!p)
		return;
	struct ncall c = { .pid = r->pid, .tid = r->tid, .flags = r->flags, .name = text[0], .args = text[1], .result = text[2],
		.own = text[3], .data = text[4], .n_data = r->len[4], .bytes = r->bytes, .count = 1 };
	if (rule_noise("chunks") && join(d, p, &c))
		return;
	d->call = more(d->call, d->n_calls, sizeof *d->call);
	d->call[d->n_calls] = c;
	p->call = more(p->call, p->n_calls, sizeof *p->call);
	p->call[p->n_calls++] = d->n_calls++;
}
static void take(struct digest *d, const struct dgrec *r, const char *const text[])
{
	struct nproc *p = proc_of(d, r->pid);
	switch ((enum rectype)r->type) {
	case DG_CALL: take_call(d, r, text); break;
	case DG_PROCESS: take_process(d, r, text); break;
	case DG_EXEC:
		if (!p)
			break;
		free(p->program), free(p->args);
		p->program = strdup(text[0]), p->args = strdup(text[1]), p->os = text[2];
		break;
	case DG_THREAD:
		if (p)
			p->threads++;
		break;
	case DG_END:
		if (p)
			p->status = r->status;
		break;
	case DG_SIGNAL:
		if (p)
			take_signal(p, text[0]);
		break;
	case DG_NET:
		d->net = more(d->net, d->n_net, sizeof *d->net);
		d->net[d->n_net++] = (struct nnet){ strdup(text[0]), r->bytes, r->count, (uint64_t)r->status };
		break;
	case DG_OUTSIDE:
		d->outside = more(d->outside, d->n_outside, sizeof *d->outside);
		d->outside[d->n_outside++] = strdup(text[0]);
		break;
	case DG_IGNORED:
		d->ignored = more(d->ignored, d->n_ignored, sizeof *d->ignored);
		d->ignored[d->n_ignored].name = strdup(text[0]);
		d->ignored[d->n_ignored++].n = r->count;
		break;
	case DG_MORE: d->more = r->count, d->dropped = r->bytes; break;
	case DG_WHOLE: d->whole = true; break;
	}
}
/* Bytes that were moved count by their sum, not by the last call's. */
static void finish_calls(struct digest *d)
{
	for (unsigned i = 0; i < d->n_calls; i++) {
		struct ncall *c = &d->call[i];
		c->key = hash(hash(0xcbf29ce484222325ull, c->name, strlen(c->name) + 1), c->args, strlen(c->args) + 1);
		bool failed = c->result[0] >= 'A' && c->result[0] <= 'Z';
		c->full = c->flags & (NC_IN | NC_OUT) && !failed ? hash(c->key, &c->bytes, sizeof c->bytes) :
			hash(c->key, c->result, strlen(c->result) + 1);
	}
	for (unsigned i = 0; i < d->n_procs; i++)
		for (unsigned k = 0; k < d->proc[i].n_calls; k++)
			d->proc[i].sum += d->call[d->proc[i].call[k]].full;
}
/* Of threads that cannot be told apart nobody knows in which order they moved their bytes: only how many they were. */
unsigned digest_together(struct digest *d, unsigned *call, unsigned n)
{
	unsigned left = 0, *first = calloc(n + 1, sizeof *first), n_first = 0;
	if (!first)
		abort();
	for (unsigned i = 0; i < n; i++) {
		struct ncall c = d->call[call[i]];
		unsigned k = 0;
		if (!(c.flags & (NC_IN | NC_OUT)) || (c.result[0] >= 'A' && c.result[0] <= 'Z') || n_first > 4000) {
			call[left++] = call[i];
			continue;
		}
		while (k < n_first && d->call[first[k]].key != c.key)
			k++;
		if (k < n_first) {
			struct ncall *sum = &d->call[first[k]];
			sum->bytes += c.bytes;
			sum->n_data = 0;
			sum->full = hash(sum->key, &sum->bytes, sizeof sum->bytes);
			continue;
		}
		c.count = 1;             /* its data are the other's */
		c.flags |= NC_CUT;
		d->call = more(d->call, d->n_calls, sizeof *d->call);
		d->call[d->n_calls] = c;
		first[n_first++] = d->n_calls;
		call[left++] = d->n_calls++;
	}
	free(first);
	return left;
}
struct digest *digest_read(int fd)
{
	struct digest *d = calloc(1, sizeof *d);
	struct stat st;

	if (!d || fstat(fd, &st) < 0)
		abort();
	d->size = (size_t)st.st_size;
	d->map = d->size ? mmap(NULL, d->size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
	if (d->map == MAP_FAILED)
		abort();
	for (size_t at = 0; at + sizeof(struct dgrec) <= d->size;) {
		const struct dgrec *r = (const void *)(d->map + at);
		const char *text[SEVERAL], *p = (const char *)(r + 1);
		if (r->size < sizeof *r || r->size > d->size - at)
			break;
		for (int i = 0; i < SEVERAL; i++) {
			text[i] = p;
			p += r->len[i] + 1;
		}
		if (p > d->map + at + r->size)
			break;
		take(d, r, text);
		at += r->size;
	}
	finish_calls(d);
	return d;
}
void digest_free(struct digest *d)
{
	if (!d)
		return;
	for (unsigned i = 0; i < d->n_procs; i++)
		free(d->proc[i].program), free(d->proc[i].args), free(d->proc[i].call), free(d->proc[i].signals);
	for (unsigned i = 0; i < d->n_net; i++)
		free(d->net[i].label);
	for (unsigned i = 0; i < d->n_outside; i++)
		free(d->outside[i]);
	for (unsigned i = 0; i < d->n_ignored; i++)
		free(d->ignored[i].name);
	for (unsigned i = 0; i < d->n_calls; i++)
		if (d->call[i].count > 1)
			free((char *)d->call[i].data);
	free(d->call), free(d->proc), free(d->net), free(d->outside), free(d->ignored);
	if (d->map)
		munmap(d->map, d->size);
	free(d);
}
