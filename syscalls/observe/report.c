/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a program asked for that we do not know: never success, always counted. --report FILE gets one JSON object a
 * line: {"event":"unknown",...} at once when a process first asks, {"event":"total",...,"count":N} when it ends. All
 * processes of a run append to one file, each line in one write. --strict ends the run at the first.
 *
 * Called by dispatch and handlers on the thread itself; the lock covers the list only.
 */
#include "observe.h"

#define MOST 1024                        /* different ones that a process keeps: a fuzzer must not eat our memory */

struct unknown_thing {
	struct unknown_thing *next;
	enum unknown kind;
	const char *call;                /* a row's name, or NULL */
	unsigned nr;                     /* of the call, where there is no row */
	char what[80];
	uint64_t value;
	uint64_t count;
};
static struct unknown_thing *list FORKED;
static unsigned n_list;
static volatile uint32_t list_lock FORKED;

static const struct { const char *name, *text, *answer; } kinds[N_UNK] = {
	[UNK_CALL]   = { "call", "a system call that it has no handler for", "ENOSYS" },
	[UNK_BITS]   = { "flag", "a flag that it does not know", "EINVAL" },
	[UNK_SUB]    = { "command", "a command that it does not know", "EINVAL" },
	[UNK_SYSCTL] = { "sysctl", "a sysctl that it does not know", "ENOENT" },
	[UNK_OPTION] = { "value", "a value that it does not know", "EINVAL" },
};

/* --- the list --------------------------------------------------------------------------------------------------- */
static bool same(const struct unknown_thing *u, const struct unknown_thing *v)
{
	return u->kind == v->kind && u->call == v->call && u->nr == v->nr && u->value == v->value &&
	       !str_cmp(u->what, v->what);
}
/* Count it; true if it is the first of its kind here. */
static bool count(const struct unknown_thing *v)
{
	struct unknown_thing *u;
	bool fresh = false;

	lock(&list_lock);
	for (u = list; u && !same(u, v); u = u->next)
		;
	if (!u && n_list < MOST && (u = mem_alloc(sizeof *u))) {
		*u = *v;
		u->next = list;
		list = u;
		n_list++;
		fresh = true;
	}
	if (u)
		u->count++;
	unlock(&list_lock);
	return fresh;
}
/* What the parent met is the parent's to tell. */
static void in_child(struct proc *p)
{
	list = NULL;
	n_list = 0;
}
AT_FORK_IF(in_child, list);
AT_FORK_FREE(list_lock);

/* --- one JSON line ---------------------------------------------------------------------------------------------- */
static void append(struct thread *t, struct line *l)
{
	static volatile bool told;
	int fd = t->p->opt->report_fd;
	long e;

	l->at[l->len++] = '\n';
	e = host(SYS_write, fd, l->at, l->len);
	if (e < 0 && !told) {            /* a report that cannot be written must not end the guest */
		told = true;
		warn("warning: the report is not complete: %s", error_text(e));
	}
}
static void put_member(struct line *l, const char *key, const char *value)
{
	PUT(l, ",\"%s\":", key), put_json(l, value);
}
static const struct arg *arg_of(const struct call *c, const char *what)
{
	for (int i = 0; c && c->row && i < 8 && c->row->arg[i].kind; i++)
		if (!str_cmp(c->row->arg[i].name, what))
			return &c->row->arg[i];
	return NULL;
}
static void decode(struct thread *t, const struct unknown_thing *u, char *buf, size_t n)
{
	const struct arg *a = arg_of(t->call, u->what);
	*buf = 0;
	if (a && (a->kind == A_SET || a->kind == A_ENUM))
		set_print(t->p->pers, a->what, arg_value(a, (long)u->value), buf, n);
}
static void put_thing(struct line *l, struct thread *t, const struct unknown_thing *u, const char *event)
{
	PUT(l, "{\"event\":"), put_json(l, event);
	PUT(l, ",\"pid\":%d", t->p->pid);
	put_member(l, "os", t->p->pers->name);
	put_member(l, "program", t->p->exe);
	put_member(l, "kind", kinds[u->kind].name);
	if (u->call)
		put_member(l, "call", u->call);
	PUT(l, ",\"nr\":%u", u->nr);
	put_member(l, "what", u->what);
	PUT(l, ",\"value\":\"%s%#lx\"", u->value ? "" : "0x", u->value);
}
static void write_first(struct thread *t, const struct unknown_thing *u)
{
	char buf[LINE_SIZE], decoded[512];
	struct line l = { buf, sizeof buf - 1, 0, t->p->pers };

	put_thing(&l, t, u, "unknown");
	decode(t, u, decoded, sizeof decoded);
	if (*decoded)
		put_member(&l, "decoded", decoded);
	if (u->kind == UNK_CALL && t->call && t->call->row && t->call->row->note)
		put_member(&l, "note", t->call->row->note);
	PUT(&l, "}");
	append(t, &l);
}
/* How many of the places that make calls go straight to us, and how many must trap each time. */
static void write_sites(struct thread *t)
{
	char buf[LINE_SIZE];
	struct line l = { buf, sizeof buf - 1, 0, t->p->pers };
	unsigned rewritten, left;

	t->p->engine->count(&rewritten, &left);
	PUT(&l, "{\"event\":\"sites\",\"pid\":%d", t->p->pid);
	put_member(&l, "os", t->p->pers->name);
	put_member(&l, "program", t->p->exe);
	PUT(&l, ",\"rewritten\":%u,\"left\":%u,\"sealed\":%s}", rewritten, left, t->p->space->sealed ? "true" : "false");
	append(t, &l);
}
void report_end(struct thread *t)
{
	char buf[LINE_SIZE];

	if (t->p->opt->report_fd < 0 || t->vforked)
		return;
	for (struct unknown_thing *u = list; u; u = u->next) {
		struct line l = { buf, sizeof buf - 1, 0, t->p->pers };
		put_thing(&l, t, u, "total");
		PUT(&l, ",\"count\":%lu}", u->count);
		append(t, &l);
	}
	if (t->p->engine->count)
		write_sites(t);
}

/* --- --strict --------------------------------------------------------------------------------------------------- */
static void put_call(struct line *l, const struct unknown_thing *u)
{
	PUT(l, "  call:      ");
	if (u->call)
		PUT(l, "%s, ", u->call);
	PUT(l, "number %u\n", u->nr);
}
static void put_value(struct line *l, struct thread *t, const struct unknown_thing *u)
{
	char decoded[512];

	decode(t, u, decoded, sizeof decoded);
	PUT(l, u->kind == UNK_SYSCTL ? "  sysctl:    %s\n" : "  argument:  %s = ", u->what);
	if (u->kind == UNK_SYSCTL)
		return;
	if (*decoded)
		PUT(l, "%#lx, that is %s\n", u->value, decoded);
	else
		PUT(l, "%lu (%#lx)\n", u->value, u->value);
}
static void put_names(struct line *l, const struct personality *p, unsigned set)
{
	const char *sep = "  expected:  ";
	for (const struct bit *b = p->bits; b->name; b++)
		if (b->set == set && (b->gmask || !b->gval)) {
			PUT(l, "%s%s", sep, b->name);
			sep = ", ";
		}
	PUT(l, "\n");
}
static void put_why(struct line *l, struct thread *t, const struct unknown_thing *u)
{
	const struct personality *p = t->p->pers;
	const struct row *r = t->call ? t->call->row : NULL;
	const struct arg *a = arg_of(t->call, u->what);

	if (u->kind == UNK_CALL && r && r->note)
		PUT(l, "  because:   %s\n", r->note);
	else if (u->kind == UNK_CALL)
		PUT(l, "  because:   the table of %s %s has no call of that number\n", p->name, p->release);
	else if (a && (a->kind == A_SET || a->kind == A_ENUM))
		put_names(l, p, a->what);
	else
		PUT(l, "  expected:  one that personalities/%s has a row for\n", p->name);
}
static void stop(struct thread *t, const struct unknown_thing *u)
{
	char buf[LINE_SIZE];
	struct line l = { buf, sizeof buf - 1, 0, t->p->pers };

	PUT(&l, "guise: strict: %s (%s, process %d) asked for %s\n", t->p->exe, t->p->pers->name, t->p->pid,
	    kinds[u->kind].text);
	put_call(&l, u);
	if (u->kind != UNK_CALL)
		put_value(&l, t, u);
	put_why(&l, t, u);
	PUT(&l, "  to go on:  leave out --strict; the program then gets %s, and --report FILE lists what it asked for\n",
	    t->p->pers->load && u->kind != UNK_CALL ? "what a machine without it answers" : kinds[u->kind].answer);
	host(SYS_write, 2, l.at, l.len);
	observe_end(t, 125, true);
	report_end(t);
	for (;;)
		host(SYS_exit_group, 125);
}

void report_unknown(struct thread *t, enum unknown kind, const char *what, uint64_t value)
{
	const struct options *o = t->p->opt;
	struct unknown_thing u = { .kind = kind, .value = value };

	if (!o->strict && o->report_fd < 0)
		return;
	if (t->call) {
		const struct row *r = row_top(t->call);
		u.call = r ? r->name : NULL;
		u.nr = t->call->nr;
	}
	str_copy(u.what, what, sizeof u.what);
	const struct arg *a = arg_of(t->call, u.what);
	if (a && (a->kind == A_SET || a->kind == A_ENUM))
		u.value = arg_value(a, (long)value);     /* of an int the upper half of the register means nothing */
	if (count(&u) && o->report_fd >= 0)
		write_first(t, &u);
	if (o->strict)
		stop(t, &u);
}
