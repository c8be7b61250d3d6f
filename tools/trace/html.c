/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A run as one page (page.html) that needs nothing but a browser: the data stand in it as JSON, in which no "<" is
 * left, so nothing that a program named can become markup. Names and paths are written once and then by number. A page
 * of more calls than a browser bears ends early, and says how many are missing.
 */
#include <stdlib.h>
#include <string.h>
#include "tools/trace/trace.h"

#define MOST_CALLS 300000u

__asm__(".section .rodata\n"
	".globl html_page, html_page_end\n"
	"html_page:\n\t.incbin \"tools/trace/page.html\"\n"
	"html_page_end:\n\t.byte 0\n"
	".previous\n");
extern const char html_page[], html_page_end[];
static const char marker[] = "<!--DATA-->";

static char text[600 * 1024], words[32 * 1024];
static bool begun, ended, any;
static unsigned n_calls, omitted;
#define HASH 65536u
/* first, next: 1 + number */
static struct names { char **at; size_t *len; unsigned n, room, *next, first[HASH]; } names, paths;

/* --- writing: JSON without "<" ------------------------------------------------------------------------------------ */
static void put(struct sink *s, const char *p, size_t n)
{
	for (const char *lt; n && (lt = memchr(p, '<', n)); n -= (size_t)(lt + 1 - p), p = lt + 1) {
		out_bytes(s->out, p, (size_t)(lt - p));
		out_text(s->out, "\\u003c");
	}
	out_bytes(s->out, p, n);
}
static void put_item_of(struct sink *s, struct line *l)
{
	put_s(l, "]");
	out_text(s->out, any ? ",\n" : "[\n");
	any = true;
	put(s, l->at, l->len);
}
static void begin(struct sink *s)
{
	const char *at = strstr(html_page, marker);
	struct line l = { .at = text, .n = sizeof text };
	if (begun)
		return;
	begun = true;
	out_bytes(s->out, html_page, (size_t)(at - html_page));
	put_s(&l, "[\"h\","), put_json(&l, view.command ? view.command : "");
	put_item_of(s, &l);
}
static unsigned number_of(struct sink *s, struct names *t, const char *kind, const char *name, size_t len)
{
	struct line l = { .at = text, .n = sizeof text };
	uint32_t h = 2166136261u;
	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)name[i]) * 16777619u;
	h = (h ^ h >> 16) % HASH;
	for (unsigned i = t->first[h]; i; i = t->next[i - 1])
		if (t->len[i - 1] == len && !memcmp(t->at[i - 1], name, len))
			return i - 1;
	if (t->n == t->room) {
		t->room = t->room ? t->room * 2 : 64;
		t->at = realloc(t->at, t->room * sizeof *t->at);
		t->len = realloc(t->len, t->room * sizeof *t->len);
		t->next = realloc(t->next, t->room * sizeof *t->next);
	}
	if (!t->at || !t->len || !t->next || !(t->at[t->n] = malloc(len + 1)))
		abort();
	memcpy(t->at[t->n], name, len);
	t->len[t->n] = len;
	t->next[t->n] = t->first[h];
	t->first[h] = t->n + 1;
	PUT(&l, "[\"%s\",", kind), put_json_bytes(&l, name, len);
	put_item_of(s, &l);
	return t->n++;
}

/* --- what a call was about: a path it names, or what its descriptor is -------------------------------------------- */
static long path_of(struct sink *s, const struct event *e)
{
	const struct call *c = &e->task->call;
	const struct line l = { .mem = &e->task->in };
	char name[4097];

	for (int i = 0; c->row && i < 8 && c->row->arg[i].kind; i++) {
		unsigned kind = c->row->arg[i].kind;
		const struct piece *p = NULL;
		if (kind == A_PATH) {
			long n = peek_str(&l, name, (uaddr)c->raw[i], sizeof name);
			if (n > 0)
				return number_of(s, &paths, "p", name, (size_t)n);
		} else if (kind == A_FD) {
			p = piece_first(&e->task->in, PIECE_FD, (uint64_t)(int)c->raw[i]);
		} else if (kind == A_SOCKIN) {
			struct line w = { .at = name, .n = sizeof name, .pers = e->task->pers, .mem = &e->task->in };
			int k = arg_index(c->row, c->row->arg[i].len);
			put_sockaddr(&w, (uaddr)c->raw[i], k >= 0 ? (uint64_t)(unsigned)c->raw[k] : 0);
			if (w.len && name[0] == '{')
				return number_of(s, &paths, "p", name, w.len);
		}
		if (p && p->len && p->len < sizeof name && c->row->arg[i + 1].kind != A_SOCKIN)
			return number_of(s, &paths, "p", p->bytes, p->len);
	}
	return -1;
}
static bool sends(const struct row *r)
{
	for (int i = 0; i < 8 && r->arg[i].kind; i++)
		if (r->arg[i].kind == A_INBUF || r->arg[i].kind == A_IOVIN || (r->arg[i].kind == A_IN &&
			r->arg[i].what == REC_MSGHDR))
			return true;
	return false;
}
static void on_call(struct sink *s, const struct event *e)
{
	struct call *c = &e->task->call;
	struct line l, w;
	char buf[24];

	if (++n_calls > MOST_CALLS) {
		omitted++;
		return;
	}
	const char *name = call_name(c, buf);
	unsigned nr = number_of(s, &names, "n", name, strlen(name));
	long path = path_of(s, e);
	line_of(&w, words, sizeof words, e);
	for (int i = 0; c->row && c->row->fn && i < 8 && c->row->arg[i].kind; i++)
		if (!arg_is_unused(c, i)) {
			put_s(&w, w.len ? ", " : "");
			put_arg_of(&w, e, i);
		}
	line_of(&l, text, sizeof text, e);
	PUT(&l, "[\"c\",%u,%lu,%lu,%u,", e->task->serial, e->task->began - first_ns, e->ns - e->task->began, nr);
	put_json_bytes(&l, words, w.len);
	line_of(&w, words, sizeof words, e);
	if (e->type == EV_EXIT)
		show_result(&w, c);
	else
		put_s(&w, " = ? <unfinished>");
	put_s(&l, ","), put_json(&l, words + 3);
	bool moved = c->row && counts_bytes(c) && c->rv > 0;
	PUT(&l, ",%d,%ld,%ld,%d", call_failed(c), path, moved ? c->rv : 0, moved && sends(c->row));
	put_item_of(s, &l);
}
static void on_thread(struct sink *s, const struct event *e)
{
	const struct process *p = e->task->process;
	struct line l = { .at = text, .n = sizeof text };
	PUT(&l, "[\"t\",%d,%d,", e->task->tid, p->pid), put_json(&l, p->program ? p->program : "?");
	PUT(&l, ",\"%s\",%u", e->task->pers->name, e->task->serial);
	put_item_of(s, &l);
}
static void on_mark(struct sink *s, const struct event *e)
{
	struct line l, w;
	line_of(&w, words, sizeof words, e);
	if (e->type == EV_SIGNAL)
		put_signal(&w, e->sig);
	else
		PUT(&w, "end %d", e->status);
	line_of(&l, text, sizeof text, e);
	PUT(&l, "[\"m\",%u,%lu,", e->task->serial, e->ns - first_ns), put_json(&l, words);
	PUT(&l, ",%d", e->type == EV_SIGNAL);
	put_item_of(s, &l);
}
static void event(struct sink *s, const struct event *e)
{
	if (ended)
		return;
	begin(s);
	if (e->type == EV_START || e->type == EV_FORK || e->type == EV_EXEC || e->type == EV_THREAD || e->type == EV_ATTACH)
		on_thread(s, e);
	else if (e->type == EV_EXIT || e->type == EV_UNFINISHED)
		on_call(s, e);
	else if (e->type == EV_SIGNAL || e->type == EV_END)
		on_mark(s, e);
	else if (e->type == EV_DROPPED)
		out_fmt(s->out, ",\n[\"d\",%lu]", e->count);
}
static void flush(struct sink *s) { out_flush(s->out); }
static void finish(struct sink *s)
{
	const char *after = strstr(html_page, marker) + sizeof marker - 1;
	if (ended)
		return;
	ended = true;
	begin(s);
	if (omitted)
		out_fmt(s->out, ",\n[\"o\",%u]", omitted);
	out_text(s->out, "\n]");
	out_bytes(s->out, after, (size_t)(html_page_end - after));
	out_flush(s->out);
}
struct sink *html_sink(struct out *o)
{
	static struct sink s = { "html", event, flush, finish, NULL };
	s.out = o;
	return &s;
}
