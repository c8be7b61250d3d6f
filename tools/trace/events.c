/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Records made into events: who made the call, what went in before what came out, and what must have happened though
 * nobody wrote it down: an exec that succeeded, the end of a process that was killed. decode.c knows what a call is,
 * wanted.c which of them sinks are told of.
 */
#include <stdlib.h>
#include <string.h>
#include "tools/trace/trace.h"
#include "observe/entry.h"
#include "observe/policy.h"

bool events_many;
int64_t wall_offset;
uint64_t first_ns;
struct en_sites sites;

static struct task *task_of[RINGS];
static struct process *processes;
static struct sink **sinks;
static unsigned n_sinks, serials, n_tasks;

void events_start(struct sink **s, unsigned n)
{
	sinks = s;
	n_sinks = n;
}
static void tell(const struct event *e)
{
	if (!first_ns)
		first_ns = e->ns;
	task_is_self(e->task);
	for (unsigned i = 0; i < n_sinks; i++)
		sinks[i]->event(sinks[i], e);
}
void events_flush(void)
{
	for (unsigned i = 0; i < n_sinks; i++)
		sinks[i]->flush(sinks[i]);
}

/* --- processes ---------------------------------------------------------------------------------------------------- */
struct process *process_find(int pid)
{
	for (struct process *p = processes; p; p = p->next)
		if (p->pid == pid)
			return p;
	return NULL;
}
static void process_drop(struct process *p)
{
	if (p->refs || !p->ended)
		return;
	for (unsigned i = 0; i < p->n_args; i++)
		free(p->args[i]);
	free(p->args);
	free(p->program);
	free(p);
}
static void process_gone(struct process *p)
{
	struct process **at = &processes;
	while (*at && *at != p)
		at = &(*at)->next;
	if (*at)
		*at = p->next;
	p->ended = true;
}
bool processes_alive(void)
{
	return processes != NULL;
}
static struct process *process_new(int pid, int ppid)
{
	struct process *p = calloc(1, sizeof *p);
	if (!p)
		abort();
	p->pid = pid;
	p->ppid = ppid;
	p->program = strdup("?");
	p->serial = ++serials;
	p->next = processes;
	processes = p;
	return p;
}
static void take_image(struct process *p, const struct en_hello *h, const struct memory *m)
{
	char text[8192];
	const struct line l = { .mem = m };
	uint64_t at = h->args;

	free(p->program);
	p->program = strdup(peek_str(&l, text, 0, sizeof text) >= 0 ? text : "?");
	for (unsigned i = 0; i < p->n_args; i++)
		free(p->args[i]);
	free(p->args);
	p->args = calloc(h->argc + 1, sizeof *p->args);
	p->n_args = 0;
	p->vars = h->envc;
	for (unsigned i = 0; p->args && i < h->argc; i++) {
		long n = peek_str(&l, text, at, sizeof text);
		if (n < 0)
			break;
		p->args[p->n_args++] = strdup(text);
		at += (uint64_t)n + 1;
	}
}

/* --- tasks -------------------------------------------------------------------------------------------------------- */
static struct task *task_new(unsigned ring, const struct en_hello *h, struct process *p)
{
	struct task *t = task_of[ring];
	if (t) {
		free(t->in_bytes);
		free(t->said);
		t->process->refs--;
		process_drop(t->process);
	} else {
		t = malloc(sizeof *t);
	}
	if (!t)
		abort();
	memset(t, 0, sizeof *t);
	task_of[ring] = t;
	t->tid = h->tid;
	t->process = p;
	p->refs++;
	t->pers = __start_guise_personalities[h->pers];
	t->serial = ++n_tasks;
	t->proc.pers = t->pers;
	t->thread.p = &t->proc;
	t->thread.self = &t->thread;
	t->thread.tid = h->tid;
	t->call.t = &t->thread;
	if (n_tasks > 1 && (h->how == HELLO_THREAD || h->how == HELLO_FORK || h->how == HELLO_VFORK))
		events_many = true;
	return t;
}
static bool has_strv(const struct row *r)
{
	for (int i = 0; r && i < 8 && r->arg[i].kind; i++)
		if (r->arg[i].kind == A_STRV)
			return true;
	return false;
}
static void unfinished(struct task *t, uint64_t ns)
{
	if (t->open && !t->hidden)
		tell(&(struct event){ .type = EV_UNFINISHED, .task = t, .ns = ns });
	t->open = false;
}
/* The image before is gone with all its threads; the exec that did it has no end of its own. */
static void exec_ended(struct process *p, uint64_t ns, const struct task *new)
{
	for (unsigned i = 0; i < RINGS; i++) {
		struct task *t = task_of[i];
		if (!t || t == new || t->process != p || !t->open)
			continue;
		if (!has_strv(t->call.row)) {
			unfinished(t, ns);
			continue;
		}
		t->open = false;
		t->call.rv = 0;
		if (!t->hidden)
			tell(&(struct event){ .type = EV_EXIT, .task = t, .ns = ns });
	}
}
static void hello(unsigned ring, const struct en_hello *h, const struct memory *m, uint64_t ns)
{
	static const enum evtype type[] = { EV_START, EV_FORK, EV_FORK, EV_EXEC, EV_THREAD, EV_ATTACH };
	unsigned n_pers = (unsigned)(__stop_guise_personalities - __start_guise_personalities);
	struct process *p = process_find(h->pid);

	if (h->how >= ARRAY_LEN(type) || h->pers >= n_pers)
		return;
	if (p && h->how != HELLO_EXEC && h->how != HELLO_THREAD) {
		events_gone(h->pid, -1, ns);     /* its number is in use again */
		p = NULL;
	}
	if (!p)
		p = process_new(h->pid, h->ppid);
	struct task *t = task_new(ring, h, p);
	if (h->how == HELLO_EXEC)
		exec_ended(p, ns, t);
	if (h->how != HELLO_THREAD)
		take_image(p, h, m);
	if (h->how == HELLO_EXEC)
		p->serial = ++serials;
	tell(&(struct event){ .type = type[h->how], .task = t, .ns = ns, .mem = m });
}

/* --- records ------------------------------------------------------------------------------------------------------ */
static bool pieces_fit(const struct entry *e, size_t head)
{
	size_t at = head;
	for (unsigned i = 0; i < e->pieces; i++) {
		const struct piece *p = (const void *)((const char *)e + at);
		if (at + sizeof *p > e->size || p->len > e->size - at - sizeof *p)
			return false;
		at += (sizeof *p + p->len + 7) & ~7ul;
	}
	return at <= e->size;
}
/* Nothing in a record is believed before this: a file may be damaged, and a guest can write over its own ring. */
bool entry_fits(const struct entry *e, size_t room)
{
	static const size_t head[] = {
		[EN_HELLO] = sizeof(struct en_hello), [EN_ENTER] = sizeof(struct en_enter), [EN_EXIT] = sizeof(struct en_exit),
		[EN_INJECTED] = sizeof(struct en_exit),
		[EN_SIGNAL] = sizeof(struct en_signal), [EN_END] = sizeof(struct en_end), [EN_DROPPED] = sizeof(struct en_dropped),
		[EN_SITES] = sizeof(struct en_sites),
		[EN_PAST] = sizeof(struct en_past),
		[EN_VERDICT] = sizeof(struct en_verdict),
	};
	if (room < sizeof *e || e->size > room || e->size % 8 || e->type >= ARRAY_LEN(head) || !head[e->type] ||
		e->size < head[e->type])
		return false;
	if (e->type == EN_ENTER && (((const struct en_enter *)e)->tab >= MOST_TABS || ((const struct en_enter *)e)->n > 8))
		return false;
	size_t more = e->type == EN_ENTER ? ((const struct en_enter *)e)->n * 8u : 0;
	return more <= 64 && head[e->type] + more <= e->size && pieces_fit(e, head[e->type] + more);
}

/* --- calls -------------------------------------------------------------------------------------------------------- */
static void keep_in(struct task *t, const struct en_enter *en)
{
	size_t head = sizeof *en + en->n * 8u, n = en->r.size - head;
	if (n > t->in_room) {
		free(t->in_bytes);
		t->in_room = n * 2;
		if (!(t->in_bytes = malloc(t->in_room)))
			abort();
	}
	if (n)
		memcpy(t->in_bytes, (const char *)en + head, n);
	t->in = (struct memory){ .bytes = t->in_bytes, .n = en->r.pieces };
}
static void enter(struct task *t, const struct en_enter *en, uint64_t ns)
{
	struct call *c = &t->call;
	unfinished(t, ns);
	keep_in(t, en);
	c->tab = en->tab;
	c->nr = en->nr;
	memset(c->raw, 0, sizeof c->raw);
	memcpy(c->raw, en->raw, MIN(en->n, 8u) * 8);
	c->rv = c->rv2 = 0;
	task_is_self(t);
	row_find(c);
	t->open = true;
	t->hidden = !is_wanted(t) || (view.only && !nr_in(view.only, pers_index(t->pers), c->tab, c->nr));
	t->split = false;
	t->began = ns;
	t->rip = en->rip;
	t->frames = piece_first(&t->in, PIECE_FRAME, en->rip);
	t->stack = piece_first(&t->in, PIECE_STACK, en->rip);
	if (!t->hidden)
		tell(&(struct event){ .type = EV_ENTER, .task = t, .ns = ns });
}
static void leave(struct task *t, const struct en_exit *ex, uint64_t ns)
{
	struct call *c = &t->call;
	if (!t->open)
		return;
	t->open = false;
	c->rv = ex->rv;
	c->rv2 = ex->rv2;
	t->out = (struct memory){ .bytes = (const char *)(ex + 1), .n = ex->r.pieces, .older = &t->in };
	if (!t->hidden && status_wanted(c))
		tell(&(struct event){ .type = EV_EXIT, .task = t, .ns = ns, .mem = &t->out, .injected = ex->r.type == EN_INJECTED });
}
static void process_ended(struct process *p, uint64_t ns)
{
	for (unsigned i = 0; i < RINGS; i++)
		if (task_of[i] && task_of[i]->process == p) {
			if (task_of[i]->open)
				unfinished(task_of[i], ns);
		}
	process_gone(p);
}
static void end(struct task *t, int status, bool whole, uint64_t ns)
{
	struct process *p = t->process;
	if (p->ended)
		return;
	if (t->open && t->call.row && t->call.row->ret == R_NOTHING)
		t->open = false;                 /* it did what it was for */
	unfinished(t, ns);
	if (whole)
		process_ended(p, ns);
	tell(&(struct event){ .type = EV_END, .task = t, .ns = ns, .status = status, .whole = whole });
}
void events_gone(int pid, int status, uint64_t ns)
{
	struct process *p = process_find(pid);
	struct task *t = NULL;
	for (unsigned i = 0; p && i < RINGS; i++)
		if (task_of[i] && task_of[i]->process == p && (!t || task_of[i]->tid == pid))
			t = task_of[i];
	if (t)
		end(t, status, true, ns);
	if (p && !p->ended)
		process_gone(p);
}
static void past(struct task *t, const struct en_past *p, uint64_t ns)
{
	struct proc linux_proc = { .pers = host_personality() };
	struct thread thread = { .self = &thread, .p = &linux_proc };
	struct call c = { .t = &thread, .nr = p->nr };
	const struct memory m = { .bytes = (const char *)(p + 1), .n = p->r.pieces };

	xlate_start(linux_proc.pers);
	memcpy(c.raw, p->raw, sizeof p->raw);
	row_find(&c);
	for (unsigned i = 0; i < n_sinks; i++)
		sinks[i]->event(sinks[i], &(struct event){ .type = EV_PAST, .task = t, .ns = ns, .mem = &m, .past = &c, .ip = p->ip });
	task_is_self(t);
}
/* Without sinks (--raw alone) only who lives counts. */
bool events_heard(unsigned type) { return n_sinks || (type != EN_ENTER && type != EN_EXIT && type != EN_INJECTED); }
void events_feed(unsigned ring, const struct entry *r, uint64_t ns)
{
	struct task *t = task_of[ring];

	if (r->type == EN_HELLO) {
		const struct en_hello *h = (const void *)r;
		hello(ring, h, &(struct memory){ .bytes = (const char *)(h + 1), .n = r->pieces }, ns);
		return;
	}
	if (r->type == EN_SITES)
		sites = *(const struct en_sites *)(const void *)r;
	if (!t)
		return;
	if (r->type == EN_ENTER)
		enter(t, (const void *)r, ns);
	else if (r->type == EN_EXIT || r->type == EN_INJECTED)
		leave(t, (const void *)r, ns);
	else if (r->type == EN_END)
		end(t, ((const struct en_end *)r)->status, ((const struct en_end *)r)->whole, ns);
	else if (r->type == EN_SIGNAL && signal_wanted(((const struct en_signal *)r)->sig))
		tell(&(struct event){ .type = EV_SIGNAL, .task = t, .ns = ns, .sig = ((const struct en_signal *)r)->sig,
				      .info = &((const struct en_signal *)r)->info });
	else if (r->type == EN_PAST)
		past(t, (const void *)r, ns);
	else if (r->type == EN_VERDICT && t->open)
		tell(&(struct event){ .type = EV_VERDICT, .task = t, .ns = ns, .said = (const struct en_verdict *)r, .ring = ring,
				      .mem = &(struct memory){ .bytes = (const char *)r + sizeof(struct en_verdict), .n = r->pieces } });
	else if (r->type == EN_DROPPED)
		tell(&(struct event){ .type = EV_DROPPED, .task = t, .ns = ns, .count = ((const struct en_dropped *)r)->n });
}
void events_finish(uint64_t ns)
{
	for (unsigned i = 0; i < RINGS; i++)
		if (task_of[i] && !task_of[i]->process->ended)
			unfinished(task_of[i], ns);
	for (unsigned i = 0; i < n_sinks; i++)
		sinks[i]->finish(sinks[i]);
}
