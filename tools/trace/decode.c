/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A recorded call in the terms of the system that made it: its row, and its arguments by the decoders of
 * syscalls/observe, which ask who they are (thread_self) and whose memory they look at.
 */
#include <asm/prctl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "tools/trace/trace.h"
#include "observe/entry.h"
#include "observe/policy.h"

static struct thread self;

void task_is_self(struct task *t)
{
	self.p = &t->proc;
	xlate_start(t->pers);
}
/* Not in the process that becomes the guest: it would find memory of ours there that nobody told it is ours. */
void events_begin(void)
{
	static struct space space;
	threads_start(&space);           /* our own mem_alloc: xlate.c asks for it */
	self.self = &self;
	syscall(SYS_arch_prctl, ARCH_SET_GS, &self);
}
/* NULL: what holds where nothing was said */
static bool chosen(const nrset *set, const struct task *t, bool unsaid)
{
	return set ? nr_in(set, pers_index(t->pers), t->call.tab, t->call.nr) : unsaid;
}
bool call_is_raw(const struct task *t) { return chosen(view.raw, t, false); }

void line_of(struct line *l, char *buf, size_t n, const struct event *e)
{
	*l = (struct line){ .at = buf, .n = n, .pers = e->task->pers, .text = view.text, .hex = (uint8_t)view.hex,
			    .fds = view.fds, .sets = (uint8_t)view.sets,
			    .mem = e->mem ? e->mem : &e->task->in, .all = view.all || !chosen(view.abbrev, e->task, true) };
	buf[0] = 0;
}
/* An argument that goes in and comes out, of a call that succeeded. */
static bool is_changed(const struct event *e, int i)
{
	const struct call *c = &e->task->call;
	return e->mem && e->mem->older && c->row->arg[i].kind == A_INOUT && !counts_bytes(c) && c->raw[i] && !call_failed(c) && c->rv != SYS_RESTART &&
	       piece_first(&e->task->in, PIECE_MEM, (uint64_t)c->raw[i]);
}
bool put_before_of(struct line *l, const struct event *e, int i)
{
	if (e->past || call_is_raw(e->task) || !chosen(view.verbose, e->task, true) || !is_changed(e, i))
		return false;
	l->mem = &e->task->in;
	show_arg(l, &e->task->call, i);
	l->mem = e->mem;
	return true;
}
void put_arg_of(struct line *l, const struct event *e, int i)
{
	struct task *t = e->task;
	if (e->past) {                   /* what came out of it nobody knows */
		if (arg_is_out(&e->past->row->arg[i]))
			put_addr(l, (uaddr)e->past->raw[i]);
		else
			show_arg(l, e->past, i);
		return;
	}
	size_t at = l->len, before = at;
	bool first = l->first;
	if (call_is_raw(t)) {
		put_hex(l, (uint64_t)t->call.raw[i]);
		return;
	}
	unsigned kind = t->call.row->arg[i].kind;
	if (kind >= A_IN && kind <= A_INOUTV && !chosen(view.verbose, t, true)) {
		put_addr(l, (uaddr)t->call.raw[i]);
		return;
	}
	if (!l->json && is_changed(e, i)) {
		l->mem = &t->in;
		show_arg(l, &t->call, i);
		put_s(l, " => ");
		before = l->len;
		l->first = first;
	}
	l->mem = arg_is_out(&t->call.row->arg[i]) && e->mem ? e->mem : &t->in;
	show_arg(l, &t->call, i);
	size_t n = l->len - before;
	if (before > at && before - at == n + 4 && !memcmp(l->at + at, l->at + before, n)) {      /* nothing that is shown */
		l->len = at + n;
		l->at[l->len] = 0;
	}
	l->mem = e->mem ? e->mem : &t->in;
}

/* --- which call it is --------------------------------------------------------------------------------------------- */
void row_find(struct call *c)
{
	const struct personality *p = c->t->p->pers;
	const struct systab *s = &p->tab[c->tab];
	c->row = c->tab < p->n_tab && c->nr < s->n && s->row[c->nr].name ? &s->row[c->nr] : NULL;
	for (int i = 0; c->row && i < 8 && c->row->arg[i].kind; i++)
		if (c->row->arg[i].kind == A_SUB) {
			const struct row *sub = sub_find(p, c->row->arg[i].what, (unsigned)c->raw[i]);
			if (sub)
				c->row = sub;
			break;
		}
	for (int i = 0; c->row && i < 8 && c->row->arg[i].kind; i++) {
		uint64_t h;
		c->arg[i] = c->raw[i];
		const struct arg *a = &c->row->arg[i];
		if (a->kind == A_SET && !set_to_host(p, a->what, arg_value(a, c->raw[i]), &h))
			c->arg[i] = (long)h;
	}
}
/* Linux's own terms, whatever the guest is. */
const struct personality *host_personality(void)
{
	for (EACH_SYSTEM(p))
		if ((*p)->identity)
			return *p;
	return NULL;
}
