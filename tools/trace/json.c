/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A trace as JSON, one object a line, for programs to read. docs/trace.schema.json says what may stand there, and a
 * test holds every line against it; a change that makes an old reader wrong is a new "v". Values of arguments are JSON
 * where JSON has the like (numbers, strings, arrays, objects); names of flags, errors and signals are strings in the
 * words of the program's own system, addresses are strings in hexadecimal, text that is no UTF-8 is {"hex": ...}.
 */
#include <string.h>
#include "tools/trace/trace.h"

#define JSON_VERSION 1
static char text[600 * 1024];

static void head(struct line *l, const struct event *e, const char *event, uint64_t ns)
{
	uint64_t wall = ns + (uint64_t)wall_offset;
	line_of(l, text, sizeof text, e);
	l->json = true;
	PUT(l, "{\"v\":%d,\"event\":\"%s\",\"time\":%lu.%09lu,\"pid\":%d,\"tid\":%d", JSON_VERSION, event, wall / 1000000000,
	    wall % 1000000000, e->task->process->pid, e->task->tid);
}
static void member(struct line *l, const char *name)
{
	put_s(l, ",\""), put_s(l, name), put_s(l, "\":");
}
static void on_program(struct line *l, const struct event *e, const char *event)
{
	const struct process *p = e->task->process;
	head(l, e, event, e->ns);
	member(l, "os"), put_word(l, e->task->pers->name);
	member(l, "program"), put_text(l, p->program, strlen(p->program), false);
	if (e->type == EV_FORK) {
		member(l, "parent"), put_int(l, p->ppid);
		return;
	}
	member(l, "args"), put_open(l, '[');
	for (unsigned i = 0; i < p->n_args; i++)
		put_item(l), put_text(l, p->args[i], strlen(p->args[i]), false);
	put_close(l, ']');
	member(l, "vars"), put_uint(l, p->vars);
}
static void put_arg(struct line *l, struct call *c, const struct event *e, int i)
{
	const struct arg *a = &c->row->arg[i];
	put_item(l);
	put_s(l, "{\"name\":"), put_json(l, a->name ? a->name : "");
	put_s(l, ",\"value\":");
	size_t value = l->len;
	put_arg_of(l, e, i);
	size_t n = l->len - value, end = l->len;
	put_s(l, ",\"before\":");
	size_t before = l->len;
	l->first = true;
	if (!put_before_of(l, e, i) || (l->len - before == n && !memcmp(l->at + value, l->at + before, n))) {
		l->len = end;
		l->at[end] = 0;
	}
	put_s(l, "}");
	l->first = false;
}
static void put_args(struct line *l, struct call *c, const struct event *e)
{
	bool decoded = c->row && c->row->fn;
	member(l, "args"), put_open(l, '[');
	for (int i = 0; decoded && i < 8 && c->row->arg[i].kind; i++)
		if (!arg_is_unused(c, i))
			put_arg(l, c, e, i);
	for (int i = 0; !decoded && i < 6; i++) {
		put_item(l);
		PUT(l, "{\"name\":\"%d\",\"value\":\"%s%#lx\"}", i, c->raw[i] ? "" : "0x", c->raw[i]);
	}
	put_close(l, ']');
}
static void put_result(struct line *l, struct call *c)
{
	unsigned ret = c->row ? c->row->ret : R_INT;
	if (c->rv == SYS_RESTART) {
		put_s(l, ",\"restart\":true");
		return;
	}
	if (c->rv == SYS_NORETURN || ret == R_NOTHING)
		return;
	if (call_failed(c)) {
		const char *name = errno_name(c->t->p->pers, (int)-c->rv);
		const char *words = -c->rv < n_host_errno ? host_errno_text[-c->rv] : NULL;
		member(l, "result"), put_int(l, -1);
		member(l, "error"), put_json(l, name ? name : "?");
		member(l, "message"), put_json(l, words ? words : "?");
		return;
	}
	member(l, "result");
	if (ret == R_ADDR || ret == R_HEX)
		put_hex(l, (uint64_t)c->rv);
	else if (ret == R_OCT)
		put_oct(l, (uint64_t)c->rv);
	else if (ret == R_UINT)
		put_uint(l, (uint64_t)c->rv);
	else
		put_int(l, c->rv);
	if (ret == R_PAIR)
		member(l, "result2"), put_int(l, c->rv2);
}
void json_past_args(struct line *l, const struct event *e) { put_args(l, e->past, e); }
void json_call(struct line *l, const struct event *e, bool ended)
{
	struct call *c = &e->task->call;
	char name[24];

	member(l, "call"), put_json(l, call_name(c, name));
	member(l, "nr"), put_uint(l, c->nr);
	if (c->row && c->row != row_top(c))
		member(l, "command"), put_json(l, c->row->name);
	put_args(l, c, e);
	if (ended)
		put_result(l, c), member(l, "ns"), put_uint(l, e->ns - e->task->began);
	else
		put_s(l, ",\"unfinished\":true");
	if (e->injected)
		put_s(l, ",\"injected\":true");
	if (c->row && c->row->level >= L_NOSYS && c->row->note)
		member(l, "note"), put_json(l, c->row->note);
}
static void on_call(struct line *l, const struct event *e, bool ended)
{
	head(l, e, "call", e->task->began);
	member(l, "os"), put_word(l, e->task->pers->name);
	json_call(l, e, ended);
}
static void on_end(struct line *l, const struct event *e)
{
	head(l, e, e->status < 0 ? "gone" : e->status & 0x100 ? "killed" : "exit", e->ns);
	if (e->status & 0x100 && e->status > 0)
		member(l, "signal"), put_signal(l, e->status & 0xff);
	else if (e->status >= 0)
		member(l, "status"), put_int(l, e->status & 0xff);
	put_s(l, e->whole ? ",\"whole\":true" : ",\"whole\":false");
}
static void on_past(struct line *l, const struct event *e)
{
	char name[24];
	member(l, "call"), put_json(l, call_name(e->past, name));
	member(l, "nr"), put_uint(l, e->past->nr);
	member(l, "raw"), put_s(l, "[");
	for (int i = 0; i < 6; i++)
		PUT(l, "%s%ld", i ? "," : "", e->past->raw[i]);
	put_s(l, "]");
	member(l, "ip"), put_uint(l, e->ip);
}
static void event(struct sink *s, const struct event *e)
{
	struct line l;
	bool never = e->task->call.row && e->task->call.row->ret == R_NOTHING;

	switch (e->type) {
	case EV_START: on_program(&l, e, "start"); break;
	case EV_FORK: on_program(&l, e, "fork"); break;
	case EV_EXEC: on_program(&l, e, "exec"); break;
	case EV_ATTACH: on_program(&l, e, "attach"); break;
	case EV_THREAD: head(&l, e, "thread", e->ns); break;
	case EV_ENTER:
		if (!never)
			return;
		on_call(&l, e, false);
		break;
	case EV_EXIT:
		if (never)
			return;
		on_call(&l, e, true);
		break;
	case EV_UNFINISHED:
		if (never)
			return;
		on_call(&l, e, false);
		break;
	case EV_SIGNAL:
		head(&l, e, "signal", e->ns);
		member(&l, "signal"), put_signal(&l, e->sig);
		member(&l, "info"), put_siginfo(&l, e->info, e->sig);
		break;
	case EV_END: on_end(&l, e); break;
	case EV_VERDICT:
		return;
	case EV_DROPPED:
		head(&l, e, "dropped", e->ns);
		member(&l, "count"), put_uint(&l, e->count);
		break;
	case EV_PAST:
		head(&l, e, "past", e->ns);
		on_past(&l, e);
		break;
	}
	put_s(&l, "}\n");
	out_bytes(s->out, l.at, l.len);
}
static void flush(struct sink *s) { out_flush(s->out); }

struct sink *json_sink(struct out *o)
{
	static struct sink s = { "json", event, flush, flush, NULL };
	s.out = o;
	return &s;
}
