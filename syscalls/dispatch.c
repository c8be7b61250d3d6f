/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The only door. Every engine brings every call of the guest here, on our stack, with the guest's registers in t->regs.
 * What happens is told by the row: find it, bring its scalars to host terms, run its handler, let the personality write
 * the result. Observers hang here and nowhere else. May block (in handlers); holds no lock.
 */
#include "host.h"
#include "row.h"

static const struct row *row_of(struct thread *t, struct call *c)
{
	const struct personality *p = t->p->pers;
	const struct systab *s = &p->tab[c->tab];
	return c->tab < p->n_tab && c->nr < s->n && s->row[c->nr].name ? &s->row[c->nr] : NULL;
}

/* A scalar argument in host terms. Errors are those the guest's kernel would give for a value it does not know. */
static long scalar(struct call *c, int i, const struct arg *a)
{
	const struct personality *p = c->t->p->pers;
	uint64_t h;
	long e;

	switch (a->kind) {
	case A_INT: case A_PID: case A_UID:
		c->arg[i] = (int)c->raw[i];
		return 0;
	case A_UINT: case A_OCT:
		c->arg[i] = (unsigned)c->raw[i];
		return 0;
	case A_FD:
		c->arg[i] = (int)c->raw[i];
		return fd_is_ours(c->t->p, c->arg[i]) ? -EBADF : 0;
	case A_ATFD:
		c->arg[i] = (int)c->raw[i];
		if (!p->identity && c->arg[i] < 0 && !set_to_host(p, SET_AT, (unsigned)c->raw[i], &h))
			c->arg[i] = (int)h;
		return fd_is_ours(c->t->p, c->arg[i]) ? -EBADF : 0;
	case A_SIG:
		c->arg[i] = p->identity ? (int)c->raw[i] : c->raw[i] ? sig_to_host(p, (int)c->raw[i]) : 0;
		return c->raw[i] && !c->arg[i] ? -EINVAL : 0;
	case A_SET: case A_ENUM:
		c->arg[i] = c->raw[i];
		if (p->identity)
			return 0;
		if ((e = set_to_host(p, a->what, (unsigned)c->raw[i], &h)) < 0) {
			report_unknown(c->t, a->kind == A_SET ? UNK_BITS : UNK_OPTION, a->name, (uint64_t)c->raw[i]);
			return e;
		}
		c->arg[i] = (long)h;
		return 0;
	}
	return 0;
}
static long scalars(struct call *c)
{
	long e = 0;
	int i = 0;
	for (const struct arg *a = c->row->arg; i < 8 && a->kind; a++, i++) {
		c->arg[i] = c->raw[i];
		if (a->kind >= A_INT && a->kind <= A_SUB && !e)
			e = scalar(c, i, a);
	}
	return e;
}

/* The row of a multiplexer's command stands in for the call's own row. */
static bool to_subrow(struct call *c)
{
	for (int i = 0; i < 8 && c->row->arg[i].kind; i++) {
		const struct arg *a = &c->row->arg[i];
		const struct row *sub;
		if (a->kind != A_SUB)
			continue;
		sub = sub_find(c->t->p->pers, a->what, (unsigned)c->raw[i]);
		if (sub)
			c->row = sub;
		else
			report_unknown(c->t, UNK_SUB, a->name, (uint64_t)c->raw[i]);
		return sub != NULL;
	}
	return true;
}

static long unknown_call(struct call *c)
{
	report_unknown(c->t, UNK_CALL, c->row ? c->row->name : "syscall", c->nr);
	if ((!c->row || c->row->level == L_GONE) && c->t->p->pers->sigsys_unknown)
		signal_force(c->t, SIGSYS, 0, 0);
	return -ENOSYS;
}

/* Listed, but not made: what the call itself answers to a command it never heard of. */
static long missing_command(struct call *c, const struct row *top)
{
	report_unknown(c->t, UNK_SUB, c->row->name, c->nr);
	return top->fn ? top->fn(c) : -EINVAL;
}

/* A descriptor the guest may not have because its own limit says so. */
static long fd_checked(struct call *c, long rv)
{
	if (c->row->ret != R_FD || rv < (long)c->t->p->fd_limit)
		return rv;
	fd_closed(c->t->p, (int)rv);
	host(SYS_close, rv);
	return -EMFILE;
}

/* Some calls succeed and return their error. */
static long as_value(struct call *c, long rv)
{
	bool error = rv < 0 && rv != SYS_RESTART && rv != SYS_NORETURN;
	return error && c->row && c->row->ret == R_ERRNO ? errno_to_guest(c->t->p->pers, (int)-rv) : rv;
}

long call_run(struct call *c)
{
	const struct row *top = c->row;
	bool known = top && to_subrow(c);
	long e;

	c->rv2 = 0;
	c->has_rv2 = false;
	e = top ? scalars(c) : 0;
	if (c->t->p->observed)
		observe_enter(c);
	if (!top)
		c->rv = unknown_call(c);
	else if (e)
		c->rv = e;
	else if (c->row != top && !c->row->fn)
		c->rv = missing_command(c, top);
	else if (!known && !c->row->fn)
		c->rv = -EINVAL;
	else if (!c->row->fn)
		c->rv = unknown_call(c);
	else
		c->rv = fd_checked(c, c->row->fn(c));
	c->rv = as_value(c, c->rv);
	if (c->t->p->observed)
		observe_exit(c);
	return c->rv;
}

void syscall_enter(struct thread *t)
{
	struct call c;

	t->entry_nr = t->regs.rax;
	c.t = t;
	t->p->pers->fetch(t, &c);
	c.row = row_of(t, &c);
	t->call = &c;
	call_run(&c);
	t->call = NULL;
	if (c.rv == -EINTR)
		t->poked = 0;
	if (c.rv == SYS_RESTART) {
		t->regs.rip -= 2;            /* back onto the syscall instruction */
		t->regs.rax = t->entry_nr;
	} else if (c.rv != SYS_NORETURN) {
		t->p->pers->store(t, &c);
	}
	if (t->attn)
		thread_attend(t);
}
