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
static struct unknown_thing *list;
static unsigned n_list;
static volatile uint32_t list_lock;

static const struct { const char *name, *text, *answer; } kinds[N_UNK] = {
	[UNK_CALL]   = { "call", "a system call that it has no handler for", "ENOSYS" },
	[UNK_BITS]   = { "flag", "a flag that it does not know", "EINVAL" },
	[UNK_SUB]    = { "command", "a command that it does not know", "EINVAL" },
	[UNK_SYSCTL] = { "sysctl", "a sysctl that it does not know", "ENOENT" },
	[UNK_OPTION] = { "value", "a value that it does not know", "EINVAL" },
};

/* --- the list -------------------------------------------------------------------------------------------------------------- */
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
	if (thread_self()->vforked)
		return;                  /* the list is still the parent's memory */
	list = NULL;
	n_list = 0;
	list_lock = 0;
}
AT_FORK(in_child);

/* --- one JSON line --------------------------------------------------------------------------------------------------------------- */
static void append(struct thread *t, struct line *l)
{
	int fd = t->p->opt->report_fd;
	l->at[l->len++] = '\n';
	host(SYS_write, fd, l->at, l->len);      /* a report that cannot be written must not end the guest */
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
		set_print(t->p->pers, a->what, (unsigned)u->value, buf, n);
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
}

/* --- --strict ------------------------------------------------------------------------------------------------------------------------ */
static void put_expected(struct line *l, struct thread *t, const struct unknown_thing *u)
{
	const struct personality *p = t->p->pers;
	const struct arg *a = arg_of(t->call, u->what);
	const char *sep = "";

	if (u->kind == UNK_CALL)
		PUT(l, "%s", t->call && t->call->row && t->call->row->note ? t->call->row->note :
		    "a number that the system's table has");
	else if (a && (a->kind == A_SET || a->kind == A_ENUM))
		for (unsigned i = 0; p->bits[i].name; i++) {
			if (p->bits[i].set != a->what)
				continue;
			PUT(l, "%s%s", sep, p->bits[i].name);
			sep = ", ";
		}
	else
		PUT(l, "one of those that personalities/%s has a row for", p->name);
}
static void stop(struct thread *t, const struct unknown_thing *u)
{
	const char *argument = u->kind == UNK_CALL ? "number" : u->what;
	char buf[LINE_SIZE], decoded[512];
	struct line l = { buf, sizeof buf - 1, 0, t->p->pers };

	decode(t, u, decoded, sizeof decoded);
	PUT(&l, "guise: strict: %s (%s, process %d) asked for %s\n", t->p->exe, t->p->pers->name, t->p->pid,
	    kinds[u->kind].text);
	PUT(&l, "  call:      %s, number %u\n", u->call ? u->call : "without a name", u->nr);
	if (*decoded)
		PUT(&l, "  %s: %#lx, that is %s\n", argument, u->value, decoded);
	else
		PUT(&l, "  %s: %lu (%#lx)\n", argument, u->value, u->value);
	PUT(&l, u->kind == UNK_CALL ? "  because:   " : "  expected:  ");
	put_expected(&l, t, u);
	PUT(&l, "\n  to go on:  leave out --strict; the program then gets %s, and --report FILE lists what it asked for\n",
	    kinds[u->kind].answer);
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
	if (count(&u) && o->report_fd >= 0)
		write_first(t, &u);
	if (o->strict)
		stop(t, &u);
}
