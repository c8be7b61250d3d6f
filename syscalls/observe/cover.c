/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Counts which rows a run used, for the tests: a row that is said to be FULL must have been seen to work. The counts
 * lie in a file that all processes of the run share as memory, so nothing is lost when one of them is killed, and
 * counting is one addition. Only with --cover; without it a call does not come here.
 *
 * Called by dispatch, and by the handlers that look up rows dispatch knows nothing of (options, sysctls); takes no
 * lock.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include "observe.h"
#include "cover.h"

extern const struct personality *const __start_guise_personalities[], *const __stop_guise_personalities[];
static struct cover_cell (*cells)[COVER_ROWS];

void cover_start(struct proc *p)
{
	uint64_t size = COVER_SIZE, mine = 0;
	long fd, a;

	if (!p->opt->cover)
		return;
	while (__start_guise_personalities[mine] != p->pers)
		mine++;
	fd = host(SYS_open, p->opt->cover, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666);
	if (fd < 0 && p->opt->again)
		return;                  /* the guest gave away the right to it */
	if (fd < 0 || host(SYS_ftruncate, fd, size * (uint64_t)(__stop_guise_personalities - __start_guise_personalities)))
		die("%s: cannot be made for --cover: %s", p->opt->cover, error_text(fd < 0 ? fd : 0));
	a = mem_map(p->space, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, mine * size);
	host(SYS_close, fd);
	if (a < 0 && a > -4096)
		die("%s: cannot be mapped for --cover: %s", p->opt->cover, error_text(a));
	cells = (struct cover_cell (*)[COVER_ROWS])a;
	p->observed = p->told_all = true;
}

static void ended(unsigned table, uint64_t row, int guest_error)
{
	struct cover_cell *c;

	if (row >= COVER_ROWS)
		return;
	c = &cells[table][row];
	if (!guest_error)
		__atomic_fetch_add(&c->ok, 1, __ATOMIC_RELAXED);
	else
		__atomic_fetch_or(&c->err[guest_error / 64 & 1], 1ull << guest_error % 64, __ATOMIC_RELAXED);
}
void cover_row(struct thread *t, unsigned table, uint64_t row, long rv)
{
	if (cells && (rv >= 0 || rv > -512))
		ended(table, row, rv < 0 ? errno_to_guest(t->p->pers, (int)-rv) : 0);
}

/* The row of a command lies inside its subrow. */
static const struct subtab *sub_of(const struct call *c, const struct row *top)
{
	for (int i = 0; i < 8 && top->arg[i].kind; i++)
		if (top->arg[i].kind == A_SUB)
			return &c->t->p->pers->sub[top->arg[i].what];
	return NULL;
}
static void call_ended(struct call *c, int guest_error)
{
	const struct personality *p = c->t->p->pers;
	const struct row *top = row_top(c);
	const struct subtab *s = top && top != c->row ? sub_of(c, top) : NULL;

	if (!top)
		return;
	ended(COVER_CALLS + c->tab, c->nr, guest_error);
	if (s)
		ended(COVER_SUBS + (unsigned)(s - p->sub),
		      (uint64_t)((const struct subrow *)((const char *)c->row - offsetof(struct subrow, row)) - s->row), guest_error);
}
void cover_enter(struct call *c)
{
	if (cells && c->row && c->row->ret == R_NOTHING)
		call_ended(c, 0);
}
void cover_exit(struct call *c)
{
	const struct row *top = row_top(c);

	if (!cells || !top || c->rv == SYS_RESTART || c->row->ret == R_NOTHING)
		return;
	if (c->row->ret == R_ERRNO && c->rv > 0)
		call_ended(c, (int)c->rv);
	else
		call_ended(c, c->rv < 0 && c->rv > -512 ? errno_to_guest(c->t->p->pers, (int)-c->rv) : 0);
}
/* An exec that works never returns. */
void cover_exec(struct thread *t)
{
	if (cells && t->call)
		call_ended(t->call, 0);
}
