/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A trace as text, in the manner of strace. A line begins when its call does and ends when it does; if another thread
 * has something to say in between, it is broken off with "<unfinished ...>" and taken up again with "<... resumed>".
 * With --whole a line waits for the end of its call instead.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "tools/trace/trace.h"
#include "observe/entry.h"
#include "tools/trace/symbols.h"

#define LINE_ROOM (600 * 1024ul)

static char text[LINE_ROOM];

struct text {
	struct sink sink;
	struct task *open;       /* whose line stands unfinished at the end of the output */
	size_t width;            /* ... and how long it is */
	uint64_t last;           /* -r */
	struct { int pid; struct out *out; } *file;      /* -ff */
	unsigned n_files;
};

/* --- where, and what stands in front ------------------------------------------------------------------------------ */
static struct out *out_for(struct text *x, const struct task *t)
{
	char name[4200];
	if (!view.files)
		return x->sink.out;
	unsigned i = 0;
	while (i < x->n_files && x->file[i].pid != t->tid)
		i++;
	if (i < x->n_files && x->file[i].out)
		return x->file[i].out;
	snprintf(name, sizeof name, "%s.%d", view.output, t->tid);
	int again = i < x->n_files || view.append ? O_APPEND : O_TRUNC;
	int fd = open(name, O_WRONLY | O_CREAT | again | O_CLOEXEC | O_NOCTTY, 0666);
	if (fd < 0) {
		dprintf(2, "guise: trace: %s: %s; this thread is not told of\n", name, strerror(errno));
		fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	}
	if (i == x->n_files) {
		x->file = realloc(x->file, (x->n_files + 1) * sizeof *x->file);
		if (!x->file)
			abort();
		x->file[x->n_files++].pid = t->tid;
	}
	return x->file[i].out = out_new(fd, "a file of -ff");
}
/* A thread that ended: what comes under its number later is another's, and goes behind it. */
static void close_file(struct text *x, int tid)
{
	for (unsigned i = 0; i < x->n_files; i++)
		if (x->file[i].pid == tid && x->file[i].out) {
			out_close(x->file[i].out);
			x->file[i].out = NULL;
		}
}
static void put_time(struct line *l, struct text *x, uint64_t ns)
{
	uint64_t wall = ns + (uint64_t)wall_offset;
	time_t s = (time_t)(wall / 1000000000);
	struct tm tm;

	if (view.stamp == 4) {
		uint64_t d = x->last && ns > x->last ? ns - x->last : 0;
		PUT(l, "%6lu.%06lu ", d / 1000000000, d / 1000 % 1000000);
		x->last = ns;
	} else if (view.stamp == 3) {
		PUT(l, "%lu.%06lu ", (uint64_t)s, wall / 1000 % 1000000);
	} else if (view.stamp) {
		localtime_r(&s, &tm);
		PUT(l, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
		if (view.stamp == 2)
			PUT(l, ".%06lu", wall / 1000 % 1000000);
		put_s(l, " ");
	}
}
static void put_front(struct line *l, struct text *x, const struct event *e, uint64_t ns)
{
	if (events_many && !view.files)
		PUT(l, "[pid %d] ", e->task->tid);
	put_time(l, x, ns);
	bool call = e->type == EV_ENTER || e->type == EV_EXIT || e->type == EV_UNFINISHED;
	if (view.rip && call)
		PUT(l, "[%016lx] ", e->task->rip);
	if (view.nr && call)
		PUT(l, "[%4u] ", e->task->call.nr);
}
static void write_line(struct text *x, const struct event *e, const struct line *l)
{
	out_bytes(out_for(x, e->task), l->at, l->len);
}
/* Another line is to come: the one that stands open is broken off. */
static void break_open(struct text *x, const struct task *next)
{
	struct task *t = x->open;
	if (!t || (view.files && next && t != next))
		return;
	out_text(out_for(x, t), " <unfinished ...>\n");
	t->split = true;
	x->open = NULL;
}

/* --- calls -------------------------------------------------------------------------------------------------------- */
static int first_out(const struct row *r)
{
	int i = 0;
	while (i < 8 && r->arg[i].kind && !arg_is_out(&r->arg[i]))
		i++;
	return i;
}
static void put_args(struct line *l, const struct event *e, int from, int to)
{
	const struct call *c = &e->task->call;
	for (int i = from; i < to && i < 8 && c->row->arg[i].kind; i++) {
		if (arg_is_unused(c, i))
			continue;
		put_s(l, i > from || from == 0 ? i ? ", " : "" : "");
		if (view.names && c->row->arg[i].name)
			put_s(l, c->row->arg[i].name), put_s(l, "=");
		put_arg_of(l, e, i);
	}
}
static bool is_decoded(const struct call *c) { return c->row && c->row->fn; }

/* A call without a row, or one whose row says only why it is missing: the registers as they are. */
static void put_begin(struct line *l, const struct event *e)
{
	const struct call *c = &e->task->call;
	char buf[24];
	int out = is_decoded(c) ? first_out(c->row) : 0;

	put_s(l, call_name(c, buf)), put_s(l, "(");
	for (int i = 0; !is_decoded(c) && i < 6; i++) {
		put_s(l, i ? ", " : "");
		put_hex(l, (uint64_t)c->raw[i]);
	}
	if (!is_decoded(c))
		return;
	put_args(l, e, 0, out);
	if (out && out < 8 && c->row->arg[out].kind)
		put_s(l, ", ");
}
static void put_stack(struct line *l, const struct task *t)
{
	if (!view.stack)
		return;
	uint64_t pc[64], a;
	unsigned n = t->stack ? symbol_chain(t->process, t->stack, pc, ARRAY_LEN(pc)) : 0, from = n ? ~0u : 0;

	symbol_line(l, t->process, t->rip, true);
	for (unsigned i = 0; i < n; i++)
		symbol_line(l, t->process, pc[i], true);
	/* what lies higher than the piece of the stack: the chain of frame pointers goes on from the last that both know */
	for (unsigned i = 0; t->frames && i < t->frames->len / 8; i++) {
		memcpy(&a, t->frames->bytes + i * 8, 8);
		if (i >= from)
			symbol_line(l, t->process, a, true);
		else if (a == pc[n - 1])
			from = i + 1;
	}
}
/* -a: before: what stands on the line already. */
static void put_column(struct line *l, size_t before)
{
	while (before + l->len + 1 < view.column)
		put_s(l, " ");
}
static void put_end(struct line *l, struct call *c, const struct event *e, size_t before)
{
	if (is_decoded(c))
		put_args(l, e, first_out(c->row), 8);
	put_s(l, ")");
	put_column(l, before);
	if (call_is_raw(e->task) && c->rv != SYS_RESTART && c->rv != SYS_NORETURN && !call_failed(c))
		put_s(l, " = "), put_hex(l, (uint64_t)c->rv);
	else
		show_result(l, c);
	if (e->injected)
		put_s(l, " (INJECTED)");
	if (view.took)
		PUT(l, " <%lu.%06lu>", (e->ns - e->task->began) / 1000000000, (e->ns - e->task->began) / 1000 % 1000000);
	put_s(l, "\n");
	if (view.dumps)
		put_dump(l, e);
	put_stack(l, e->task);
}
static bool waits(void) { return view.whole || view.status; }

static void on_enter(struct text *x, const struct event *e)
{
	struct call *c = &e->task->call;
	struct line l;
	bool last = c->row && c->row->ret == R_NOTHING;

	if (waits() && !last)
		return;
	if (view.status && !(view.status & ST_UNFINISHED))
		return;
	break_open(x, e->task);
	line_of(&l, text, sizeof text, e);
	put_front(&l, x, e, e->ns);
	put_begin(&l, e);
	if (last)
		put_s(&l, ")"), put_column(&l, 0), put_s(&l, " = ?\n"), put_stack(&l, e->task);
	else
		x->open = e->task, x->width = l.len;
	write_line(x, e, &l);
}
static void on_exit_(struct text *x, const struct event *e)
{
	struct call *c = &e->task->call;
	struct line l;
	char buf[24];

	if (c->row && c->row->ret == R_NOTHING)
		return;                          /* it was told when it began */
	bool whole = waits(), resumed = !whole && x->open != e->task;
	if (whole || resumed)
		break_open(x, e->task);
	line_of(&l, text, sizeof text, e);
	if (whole || resumed)
		put_front(&l, x, e, whole ? e->task->began : e->ns);
	if (whole)
		put_begin(&l, e);
	else if (resumed)
		put_s(&l, "<... "), put_s(&l, call_name(c, buf)), put_s(&l, " resumed>");
	put_end(&l, c, e, whole || resumed ? 0 : x->width);
	write_line(x, e, &l);
	if (x->open == e->task)
		x->open = NULL;
}
static void on_unfinished(struct text *x, const struct event *e)
{
	struct line l;
	if (x->open == e->task) {
		break_open(x, e->task);
	} else if (waits() && (!view.status || view.status & ST_UNFINISHED)) {
		break_open(x, e->task);
		line_of(&l, text, sizeof text, e);
		put_front(&l, x, e, e->task->began);
		put_begin(&l, e);
		put_s(&l, " <unfinished ...>\n");
		write_line(x, e, &l);
	}
}

/* --- what is not a call ------------------------------------------------------------------------------------------- */
/* Its program was started by an exec that nobody recorded: is it one of those that were asked for? */
static bool start_wanted(const struct task *t)
{
	const nrset *set = view.watch ? view.watch : view.only;
	const struct systab *y = t->pers->tab;
	bool path = !view.n_paths && !view.by_fd;

	for (unsigned i = 0; i < view.n_paths; i++)
		path |= !strcmp(view.paths[i], t->process->program);
	for (unsigned nr = 0; set && nr < y->n; nr++)
		if (y->row[nr].name && !strcmp(y->row[nr].name, "execve"))
			path &= nr_in(set, pers_index(t->pers), 0, nr);
	return path && (!view.status || view.status & ST_SUCCESS);
}
static void on_start(struct text *x, const struct event *e)
{
	const struct process *p = e->task->process;
	struct line l;

	if (!start_wanted(e->task))
		return;
	line_of(&l, text, sizeof text, e);
	put_front(&l, x, e, e->ns);
	put_s(&l, "execve("), put_text(&l, p->program, strlen(p->program), false);
	put_s(&l, ", [");
	for (unsigned i = 0; i < p->n_args; i++) {
		put_s(&l, i ? ", " : "");
		put_text(&l, p->args[i], strlen(p->args[i]), false);
	}
	PUT(&l, "], /* %u vars */)", p->vars);
	put_column(&l, 0);
	put_s(&l, " = 0\n");
	write_line(x, e, &l);
}
static void on_attach(struct text *x, const struct event *e)
{
	const char *program = e->task->process->program;
	struct line l;
	if (view.quiet & QUIET_ATTACH)
		return;
	break_open(x, NULL);
	line_of(&l, text, sizeof text, e);
	put_front(&l, x, e, e->ns);
	PUT(&l, "+++ attached to process %d, ", e->task->process->pid);
	put_text(&l, program, strlen(program), false);
	put_s(&l, " +++\n");
	write_line(x, e, &l);
}
static void on_signal(struct text *x, const struct event *e)
{
	struct line l;
	break_open(x, NULL);
	line_of(&l, text, sizeof text, e);
	put_front(&l, x, e, e->ns);
	put_s(&l, "--- "), put_signal(&l, e->sig);
	if (sig_to_guest(l.pers, e->sig))
		put_s(&l, " "), put_siginfo(&l, e->info, e->sig);
	put_s(&l, " ---\n");
	write_line(x, e, &l);
}
static void on_end(struct text *x, const struct event *e)
{
	struct line l;
	if (view.quiet & QUIET_EXIT)
		return;
	break_open(x, e->task);
	line_of(&l, text, sizeof text, e);
	put_front(&l, x, e, e->ns);
	if (e->status < 0)
		put_s(&l, "+++ ended without a word: killed, it seems +++\n");
	else if (e->status & 0x100)
		put_s(&l, "+++ killed by "), put_signal(&l, e->status & 0xff), put_s(&l, " +++\n");
	else
		PUT(&l, "+++ exited with %d +++\n", e->status & 0xff);
	write_line(x, e, &l);
	if (view.files)
		close_file(x, e->task->tid);
}
static void on_dropped(struct text *x, const struct event *e)
{
	struct line l;
	break_open(x, e->task);
	line_of(&l, text, sizeof text, e);
	put_front(&l, x, e, e->ns);
	PUT(&l, "!!! %lu calls were dropped here: the trace could not keep up !!!\n", e->count);
	write_line(x, e, &l);
}

static void put_past(struct line *l, const struct event *e)
{
	const struct personality *guest = l->pers;
	struct call *c = e->past;
	char name[24];

	l->pers = c->t->p->pers;
	put_s(l, call_name(c, name));
	put_s(l, "(");
	for (int i = 0; i < 6 && (!c->row || c->row->arg[i].kind); i++) {
		put_s(l, i ? ", " : "");
		if (c->row && !arg_is_out(&c->row->arg[i]))
			show_arg(l, c, i);
		else
			put_hex(l, (uint64_t)c->raw[i]);
	}
	put_s(l, ")");
	l->pers = guest;
}
static void on_past(struct text *x, const struct event *e)
{
	struct line l;
	break_open(x, e->task);
	line_of(&l, text, sizeof text, e);
	put_front(&l, x, e, e->ns);
	put_s(&l, "!!! a call of Linux past guise: ");
	put_past(&l, e);
	PUT(&l, " [%#lx] !!!\n", e->ip);
	write_line(x, e, &l);
}

static void event(struct sink *s, const struct event *e)
{
	struct text *x = (struct text *)s;
	static void (*const on[])(struct text *, const struct event *) = {
		[EV_START] = on_start, [EV_ENTER] = on_enter, [EV_EXIT] = on_exit_, [EV_UNFINISHED] = on_unfinished,
		[EV_SIGNAL] = on_signal, [EV_END] = on_end, [EV_DROPPED] = on_dropped,
		[EV_ATTACH] = on_attach, [EV_PAST] = on_past,
	};
	if (e->type < ARRAY_LEN(on) && on[e->type])
		on[e->type](x, e);
}
static void flush(struct sink *s)
{
	struct text *x = (struct text *)s;
	if (s->out)
		out_flush(s->out);
	for (unsigned i = 0; i < x->n_files; i++)
		if (x->file[i].out)
			out_flush(x->file[i].out);
}
static void finish(struct sink *s)
{
	break_open((struct text *)s, NULL);
	flush(s);
}
struct sink *text_sink(struct out *o)
{
	static struct text x = { .sink = { "text", event, flush, finish, NULL } };
	x.sink.out = o;
	return &x.sink;
}
