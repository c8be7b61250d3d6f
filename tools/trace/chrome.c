/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A run for Perfetto (ui.perfetto.dev) and chrome://tracing: the JSON array of Trace Event objects that both open. A
 * call is a complete event ("X") on its thread, a signal an instant ("i"); arguments are the words of the text trace.
 * The array is closed when the run ends; readers take one that is not.
 */
#include <string.h>
#include "tools/trace/trace.h"

static char text[600 * 1024], words[64 * 1024];
static bool any, closed;

static void begin(struct line *l, const struct event *e, const char *phase, uint64_t ns)
{
	line_of(l, text, sizeof text, e);
	PUT(l, "%s{\"ph\":\"%s\",\"pid\":%d,\"tid\":%d,\"ts\":%lu.%03lu", any ? ",\n" : "[\n", phase,
		e->task->process->pid, e->task->tid,
	    (ns - first_ns) / 1000, (ns - first_ns) % 1000);
	any = true;
}
static void string(struct line *l, const char *key, const char *s)
{
	PUT(l, ",\"%s\":", key), put_json(l, s);
}
static void on_name(struct sink *s, const struct event *e)
{
	struct line l;
	const char *slash = strrchr(e->task->process->program, '/');

	begin(&l, e, "M", e->ns);
	string(&l, "name", "process_name");
	put_s(&l, ",\"args\":{\"name\":"), put_json(&l, slash ? slash + 1 : e->task->process->program), put_s(&l, "}}");
	out_bytes(s->out, l.at, l.len);
}
static const char *args_text(const struct event *e)
{
	struct call *c = &e->task->call;
	struct line l;
	line_of(&l, words, sizeof words, e);
	for (int i = 0; c->row && c->row->fn && i < 8 && c->row->arg[i].kind; i++) {
		if (arg_is_unused(c, i))
			continue;
		put_s(&l, l.len ? ", " : "");
		put_arg_of(&l, e, i);
	}
	return words;
}
static void on_call(struct sink *s, const struct event *e)
{
	struct call *c = &e->task->call;
	struct line l, r;
	char name[24], result[300];

	begin(&l, e, "X", e->task->began);
	uint64_t took = e->ns - e->task->began;
	PUT(&l, ",\"dur\":%lu.%03lu", took / 1000, took % 1000);
	string(&l, "name", call_name(c, name));
	string(&l, "cat", call_failed(c) ? "call,failed" : "call");
	put_s(&l, ",\"args\":{\"arguments\":"), put_json(&l, args_text(e));
	line_of(&r, result, sizeof result, e);
	show_result(&r, c);
	string(&l, "result", result + 3);
	put_s(&l, "}}");
	out_bytes(s->out, l.at, l.len);
}
static void on_signal(struct sink *s, const struct event *e)
{
	struct line l, w;
	begin(&l, e, "i", e->ns);
	line_of(&w, words, sizeof words, e);
	put_signal(&w, e->sig);
	string(&l, "name", words);
	put_s(&l, ",\"s\":\"t\",\"cat\":\"signal\"}");
	out_bytes(s->out, l.at, l.len);
}
static void event(struct sink *s, const struct event *e)
{
	if (closed)
		return;
	if (e->type == EV_START || e->type == EV_FORK || e->type == EV_EXEC || e->type == EV_ATTACH)
		on_name(s, e);
	else if (e->type == EV_EXIT || e->type == EV_UNFINISHED)
		on_call(s, e);
	else if (e->type == EV_SIGNAL)
		on_signal(s, e);
}
static void flush(struct sink *s) { out_flush(s->out); }
static void finish(struct sink *s)
{
	if (!closed)
		out_text(s->out, any ? "\n]\n" : "[]\n");
	closed = true;
	out_flush(s->out);
}
struct sink *chrome_sink(struct out *o)
{
	static struct sink s = { "perfetto", event, flush, finish, NULL };
	s.out = o;
	return &s;
}
