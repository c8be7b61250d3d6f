/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Every table of every personality: what a row promises must be there. A name that counts an argument is an argument of
 * the row, a set has its values, a record its size, a reason is given where something is missing; scalars, signals and
 * errors come back as they went.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "host.h"
#include "arena.h"
#include "ext.h"

extern const struct personality *const __start_guise_personalities[], *const __stop_guise_personalities[];
static const struct personality *p;
static unsigned wrong;

static void complain(const char *table, const char *row, const char *what, const char *which)
{
	fprintf(stderr, "%s %s: %s: %s %s\n", p->name, table, row, what, which ? which : "");
	wrong++;
}

/* --- rows ------------------------------------------------------------------------------------------------------------------ */
static bool has_arg(const struct row *r, const char *name)
{
	for (int i = 0; i < 8 && r->arg[i].kind; i++)
		if (!strcmp(r->arg[i].name, name))
			return true;
	return false;
}
static bool has_set(unsigned set)
{
	for (const struct bit *b = p->bits; b->name; b++)
		if (b->set == set)
			return true;
	return false;
}
static void check_arg(const char *table, const struct row *r, const struct arg *a)
{
	if (!a->name && a->kind != A_PAD)
		complain(table, r->name, "an argument without a name", NULL);
	if (a->len && !has_arg(r, a->len))
		complain(table, r->name, "no argument", a->len);
	if ((a->kind == A_SET || a->kind == A_ENUM) && !p->identity && !has_set(a->what))
		complain(table, r->name, "a set without values:", a->name);
	if (a->kind >= A_IN && a->kind <= A_INOUTV && (a->what >= N_REC || !p->rec[a->what].name))
		complain(table, r->name, "a record that is not listed:", a->name);
	if (a->kind == A_SUB && (a->what >= N_SUB || !p->sub[a->what].n))
		complain(table, r->name, "no commands for", a->name);
}
static void check_row(const char *table, const struct row *r)
{
	bool missing = r->level == L_NOSYS || r->level == L_GONE;
	if (r->level == L_NONE)
		complain(table, r->name, "no word about support", NULL);
	if (!r->fn && !missing)
		complain(table, r->name, "no handler", NULL);
	if ((r->level == L_FULL) != !r->note)
		complain(table, r->name, r->note ? "a note beside FULL" : "no note", NULL);
	for (int i = 0; i < 8 && r->arg[i].kind; i++)
		check_arg(table, r, &r->arg[i]);
}
static void check_rows(void)
{
	for (unsigned t = 0; t < p->n_tab; t++)
		for (unsigned i = 0; i < p->tab[t].n; i++)
			if (p->tab[t].row[i].name)
				check_row(p->tab[t].name, &p->tab[t].row[i]);
}
static void check_subs(void)
{
	for (unsigned t = 1; p->sub && t < N_SUB; t++)
		for (unsigned i = 0; i < p->sub[t].n; i++) {
			const struct subrow *s = &p->sub[t].row[i];
			check_row(p->sub[t].name, &s->row);
			if (sub_find(p, t, s->nr) != &s->row)
				complain(p->sub[t].name, s->row.name, "not found by its number, which another row has too", NULL);
		}
}
/* A hole in the numbers is a call that nobody has thought of. */
static void check_whole(void)
{
	for (unsigned t = 0; !p->identity && t < p->n_tab; t++)
		for (unsigned i = 0; i < p->tab[t].n; i++)
			if (!p->tab[t].row[i].name) {
				char nr[16];
				snprintf(nr, sizeof nr, "%u", i);
				complain(p->tab[t].name, nr, "no row", NULL);
			}
}

/* --- scalars, signals, errors ------------------------------------------------------------------------------------------------ */
static void check_bits(void)
{
	uint8_t closed[256] = { 0 };
	unsigned last = SET_NONE;
	for (const struct bit *b = p->bits; b && b->name; b++) {
		uint64_t h;
		if (b->set != last && closed[b->set])
			complain("bits", b->name, "its set began elsewhere", NULL);
		closed[last] = 1;
		closed[b->set] = 0;
		last = b->set;
		if (p->identity || (!b->gmask && b->gval))
			continue;
		if (b->gval & ~b->gmask || b->hval & ~b->hmask)
			complain("bits", b->name, "a value outside its mask", NULL);
		if (set_to_host(p, b->set, b->gval, &h) || (h & b->hmask) != b->hval)
			complain("bits", b->name, "does not reach the host as its row says", NULL);
		else if (b->hval != X_IGNORED && set_to_host(p, b->set, set_to_guest(p, b->set, h), &h))
			complain("bits", b->name, "does not come back", NULL);
		else if ((h & b->hmask) != b->hval)
			complain("bits", b->name, "comes back as another", NULL);
	}
}
static void check_signals(void)
{
	char nr[16];
	for (unsigned g = 1; g < p->n_sig; g++) {
		unsigned ours = p->sig_in[g];
		snprintf(nr, sizeof nr, "%u", g);
		if (ours > 127)
			complain("signals", nr, "is not one of ours", NULL);
		else if (ours && p->sig_out[ours] != g)
			complain("signals", nr, "comes back as another", NULL);
	}
}
static void check_errors(void)
{
	char nr[16];
	for (int h = 1; !p->identity && h <= EHWPOISON; h++) {
		unsigned g = (unsigned)errno_to_guest(p, h);
		snprintf(nr, sizeof nr, "%d", h);
		if (!g || g >= p->n_errno_name || !p->errno_name[g])
			complain("errors", nr, "has no name there", NULL);
	}
}
static void check_records(void)
{
	for (unsigned i = 1; p->rec && i < N_REC; i++) {
		const struct record *r = &p->rec[i];
		if (r->name && !r->get && !r->put && r->hsize && r->hsize != r->gsize)
			complain("records", r->name, "differs in size and is not converted", NULL);
		if (r->gsize > 4096)
			complain("records", r->name, "is larger than mem.c's room", NULL);
	}
}

/* --- one personality a process: xlate.c remembers where sets begin --------------------------------------------------------- */
static int check_one(const struct personality *one)
{
	static struct space space;
	p = one;
	arena_start(&space, 1 << 20, 1 << 20);
	xlate_start(p);
	check_rows();
	check_subs();
	check_whole();
	check_bits();
	check_signals();
	check_errors();
	check_records();
	return wrong != 0;
}
static void tables_hold(void **state)
{
	unsigned n = 0, bad = 0;
	for (const struct personality *const *q = __start_guise_personalities; q < __stop_guise_personalities; q++, n++) {
		int status = 0;
		pid_t child = fork();
		if (!child)
			_exit(check_one(*q));
		waitpid(child, &status, 0);
		if (WIFSIGNALED(status))
			fprintf(stderr, "%s: signal %d\n", (*q)->name, WTERMSIG(status));
		bad += status != 0;
	}
	assert_true(n > 0);
	assert_int_equal(bad, 0);
}
int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(tables_hold) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
