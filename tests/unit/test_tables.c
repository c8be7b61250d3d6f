/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Every row of every personality is lawful, and what translates both ways comes back: calls and their sub-tables, sets of
 * bits, records, errors, signals. A new personality is tested by existing.
 */
#include "unit.h"
#include <errno.h>
#include "ext.h"
#include "observe/layout.h"
#include "observe/observe.h"
#include "observe/ring.h"
#include <sys/wait.h>

static const struct personality *p;
static int wrong;

/* all mistakes are told, not only the first */
#define must(cond, ...) do { if (!(cond)) { wrong++; print_error("%s: ", p->name); print_error(__VA_ARGS__); print_error("\n"); } } while (0)

static int take_wrong(void)
{
	int w = wrong;
	wrong = 0;
	return w;
}
static unsigned rows_of_set(unsigned set)
{
	unsigned n = 0;
	for (const struct bit *b = p->bits; b->name; b++)
		n += b->set == set;
	return n;
}
static bool needs_len(unsigned kind)
{
	return (kind >= A_INV && kind <= A_SOCKOUT);
}
static void arg_lawful(const struct row *r, const struct arg *a)
{
	unsigned kind = a->kind;
	bool found = false;

	must(a->name || kind == A_PAD, "%s: an argument without a name", r->name);
	for (int i = 0; a->len && i < 8 && r->arg[i].kind; i++)
		found |= r->arg[i].name && !strcmp(r->arg[i].name, a->len) && &r->arg[i] != a;
	must(!a->len || found, "%s: %s is counted by %s, which is no argument of it", r->name, a->name, a->len);
	must(!needs_len(kind) || a->len, "%s: %s has no length", r->name, a->name);
	if (kind == A_SET || kind == A_ENUM) {
		must(a->what > SET_NONE && a->what < N_SET, "%s: %s is of no set", r->name, a->name);
		must(p->identity || rows_of_set(a->what), "%s: %s is of set %d, which has no rows", r->name, a->name, a->what);
	}
	if (kind >= A_IN && kind <= A_INOUTV) {
		must(a->what > REC_NONE && a->what < N_REC, "%s: %s is of no record", r->name, a->name);
		must(p->rec[a->what].name, "%s: %s is of record %d, which is not listed here", r->name, a->name, a->what);
	}
	if (kind == A_SUB)
		must(a->what > SUB_NONE && a->what < N_SUB && p->sub && p->sub[a->what].n, "%s: %s is of no sub-table", r->name, a->name);
}
static void row_lawful(const struct row *r, const char *table)
{
	must(r->level != L_NONE, "%s/%s: no level", table, r->name);
	must((r->level == L_FULL) == !r->note, "%s/%s: a note %s", table, r->name, r->note ? "on a FULL row" : "is missing");
	must(!r->note || strlen(r->note) > 5, "%s/%s: the note says nothing", table, r->name);
	bool none = r->level == L_NOSYS || r->level == L_GONE;
	must(none == !r->fn, "%s/%s: %s", table, r->name, r->fn ? "a call that is not served has a handler" : "no handler");
	for (int i = 0; i < 8 && r->arg[i].kind; i++)
		arg_lawful(r, &r->arg[i]);
}
static void calls(void **state)
{
	for (unsigned t = 0; t < p->n_tab; t++) {
		for (unsigned i = 0; i < p->tab[t].n; i++) {
			const struct row *r = &p->tab[t].row[i];
			must(r->name || p->identity, "number %u of %s has no row", i, p->tab[t].name);
			if (!r->name)
				continue;
			row_lawful(r, p->tab[t].name);
			for (unsigned j = 0; j < i; j++)
				must(!p->tab[t].row[j].name || strcmp(p->tab[t].row[j].name, r->name), "two calls are called %s", r->name);
		}
	}
	assert_int_equal(take_wrong(), 0);
}
static void subtables(void **state)
{
	for (unsigned s = 1; p->sub && s < N_SUB; s++) {
		const struct subtab *t = &p->sub[s];
		for (unsigned i = 0; i < t->n; i++) {
			row_lawful(&t->row[i].row, t->name ? t->name : "?");
			must(sub_find(p, s, t->row[i].nr) == &t->row[i].row, "%s/%s: %#lx is not found, or found twice", t->name, t->row[i].row.name,
			     t->row[i].nr);
		}
		if (t->n)
			must(!sub_find(p, s, 0xdeadbeefcafe), "%s: finds what is not there", t->name);
	}
	assert_int_equal(take_wrong(), 0);
}
static void bits(void **state)
{
	bool seen[N_SET] = { false };
	unsigned last = SET_NONE;

	for (const struct bit *b = p->bits; b->name; b++) {
		uint64_t h, g, h2;
		must(b->set > SET_NONE && b->set < N_SET, "%s is of no set", b->name);
		must(b->set == last || !seen[b->set], "%s: the rows of set %d do not lie together", b->name, b->set);
		seen[last = b->set] = true;
		if (!b->gmask && b->gval)
			continue;                            /* UNKNOWN: what the set answers to unknown bits */
		must((b->gval & ~b->gmask) == 0, "%s: its value has bits outside its mask", b->name);
		must(b->hmask == ~0ull || (b->hval & ~b->hmask) == 0, "%s: its host value has bits outside its mask", b->name);
		if (p->identity)
			continue;
		must(set_to_host(p, b->set, b->gval, &h) == 0, "%s: %#lx does not translate", b->name, b->gval);
		g = set_to_guest(p, b->set, h);
		must(b->hval == X_IGNORED || (set_to_host(p, b->set, g, &h2) == 0 && h == h2), "%s: host %#lx comes back as %#lx", b->name, h, h2);
	}
	assert_int_equal(take_wrong(), 0);
}
static void records(void **state)
{
	for (unsigned i = 1; i < N_REC; i++) {
		const struct record *r = &p->rec[i];
		if (!r->gsize)
			continue;
		must(r->name, "record %u has no name", i);
		must(r->gsize <= 4096, "record %s does not fit the buffers of rec_get", r->name);
		must(r->hsize || !r->get, "record %s has no host size", r->name);
		must(r->get || r->put || !r->hsize || r->gsize == r->hsize, "record %s is copied, but its sizes differ: %u %u", r->name, r->gsize, r->hsize);
	}
	assert_int_equal(take_wrong(), 0);
}
/* What was read and written once reads and writes the same ever after, for any bytes that came from a guest. */
static void records_round(void **state)
{
	static unsigned char guest[4096], again[4096], host[65536], host2[65536];

	for (unsigned i = 1; i < N_REC; i++) {
		const struct record *r = &p->rec[i];
		if (!r->get || !r->put || !r->gsize)
			continue;
		for (unsigned seed = 0; seed < 2; seed++) {
			memset(host, 0, sizeof host);
			memset(host2, 0, sizeof host2);
			memset(again, 0, sizeof again);
			for (unsigned k = 0; k < sizeof guest; k++)
				guest[k] = seed ? (unsigned char)(k * 7 % 3) : 0;
			r->get(guest, host);
			r->put(host, again);
			for (unsigned k = r->hsize; k < r->hsize + 64; k++)
				must(!host[k], "record %s writes beyond its host size", r->name);
			for (unsigned k = r->gsize; k < sizeof again; k++)
				must(!again[k], "record %s writes beyond its guest size", r->name);
			r->get(again, host);
			r->put(host, again);
			r->get(again, host2);
			must(!memcmp(host, host2, r->hsize), "record %s does not come back", r->name);
		}
	}
	assert_int_equal(take_wrong(), 0);
}
/* What the trace shows of a record lies in it, and is called something. */
static void field_lawful(const struct record *r, const struct layout *y, const struct field *f)
{
	const char *name = f->name ? f->name : "(no name)";
	must(f->size && f->off + f->size <= y->size, "record %s: %s lies outside of it", r->name, name);
	must(f->len_off + f->len_size <= y->size && f->if_off + f->if_size <= y->size, "record %s: %s looks outside of it", r->name, name);
	must(f->type < F_PSTR || f->size == 8, "record %s: %s is no pointer", r->name, name);
	must(f->type <= F_PSTR || f->len_size, "record %s: nothing counts %s", r->name, name);
	if (f->type == F_SET)
		must(f->what < N_SET && rows_of_set(f->what), "record %s: %s is of a set without rows", r->name, name);
	if (f->type == F_REC)
		must(f->what < N_REC && layout_of(p, f->what) && layout_of(p, f->what)->size == f->size, "record %s: %s is of a record "
		     "that is not laid out so", r->name, name);
}
static void layouts(void **state)
{
	for (unsigned i = 1; i < N_REC; i++) {
		const struct record *r = &p->rec[i];
		const struct layout *own = p->layout ? &p->layout[i] : NULL, *y = layout_of(p, i);
		must(!own || !own->field || !own->size || own->size == r->gsize, "layout of %s: %u bytes, the record has %u", r->name ? r->name : "?",
		     own ? own->size : 0, r->gsize);
		if (!y)
			continue;
		for (const struct field *f = y->field; f->type; f++)
			field_lawful(r, y, f);
	}
	assert_int_equal(take_wrong(), 0);
}
static void errors(void **state)
{
	for (int e = 1; e <= EHWPOISON; e++) {
		int g = errno_to_guest(p, e);
		if (e == 41 || e == 58)
			continue;                            /* no such errors on the host */
		must(g > 0, "host error %d becomes %d", e, g);
		must(g < (int)p->n_errno_name && p->errno_name[g], "error %d has no name", g);
	}
	must(errno_to_guest(p, 0) == 0 || !p->identity, "no error");
	assert_int_equal(take_wrong(), 0);
}
static void signals(void **state)
{
	for (unsigned g = 1; g < p->n_sig; g++) {
		int s = sig_to_host(p, g);
		if (!s)
			continue;
		must(s <= 128, "signal %u becomes %d", g, s);
		must(s != p->sig_carrier, "signal %u is the carrier", g);
		must(sig_to_guest(p, s) == (int)g, "signal %u becomes %d and comes back as %d", g, s, sig_to_guest(p, s));
		must(p->sig_name[g] || g > 32, "signal %u has no name", g);
	}
	must(!sig_to_host(p, 0) && !sig_to_host(p, -1) && !sig_to_host(p, 1 << 20), "a signal that is none");
	assert_int_equal(take_wrong(), 0);
}
static void whole(void **state)
{
	must(p->release && p->about && p->claims && (p->load ? p->engine != NULL : p->stack && p->frame) && p->fetch && p->store, "something is missing");
	must(p->tab && p->n_tab && p->n_tab <= MOST_TABS && p->bits && p->rec && p->errno_name, "a table is missing");
	must(p->identity || p->errno_of, "no errors");
	must(p->sig_in && p->sig_out && p->sig_name, "no signals");
	must(__stop_guise_personalities - __start_guise_personalities <= MOST_PERS, "raise MOST_PERS");
	for (const struct personality *const *o = __start_guise_personalities; o < __stop_guise_personalities; o++)
		must(*o == p || strcmp((*o)->name, p->name), "two of that name");
	assert_int_equal(take_wrong(), 0);
}
/* set_print never writes beyond its buffer and tells the length that all would have */
static void printing(void **state)
{
	char buf[512], small[9];

	for (unsigned set = 1; set < N_SET; set++)
		for (uint64_t v = 1; v; v <<= 1) {
			size_t n = set_print(p, set, v | 1, buf, sizeof buf);
			must(n < sizeof buf && strlen(buf) == n && n, "set %u prints %lu as \"%s\"", set, v, buf);
			memset(small, 'x', sizeof small);
			must(set_print(p, set, v | 1, small, 8) == n && small[8] == 'x' && memchr(small, 0, 8), "set %u overruns", set);
		}
	assert_int_equal(take_wrong(), 0);
}

static void freebsd_known(void **state)
{
	static const int pair[][2] = { { EAGAIN, 35 }, { EINPROGRESS, 36 }, { ENOTSOCK, 38 }, { ENAMETOOLONG, 63 }, { ENOTEMPTY, 66 },
		{ ENOSYS, 78 }, { ELOOP, 62 }, { ETIMEDOUT, 60 }, { ECONNREFUSED, 61 }, { EDEADLK, 11 }, { ECANCELED, 85 },
		{ EOVERFLOW, 84 }, { EILSEQ, 86 }, { ENODATA, 87 }, { EPERM, 1 }, { ERANGE, 34 }, { EOWNERDEAD, 96 } };
	static const int sig[][2] = { { SIGBUS, 10 }, { SIGUSR1, 30 }, { SIGUSR2, 31 }, { SIGCHLD, 20 }, { SIGSYS, 12 }, { SIGURG, 16 },
		{ SIGSTOP, 17 }, { SIGCONT, 19 }, { SIGTSTP, 18 }, { SIGIO, 23 }, { SIGKILL, 9 }, { SIGSEGV, 11 } };

	p = unit_personality("freebsd");
	assert_non_null(p);
	for (unsigned i = 0; i < ARRAY_LEN(pair); i++)
		assert_int_equal(errno_to_guest(p, pair[i][0]), pair[i][1]);
	for (unsigned i = 0; i < ARRAY_LEN(sig); i++)
		assert_int_equal(sig_to_guest(p, sig[i][0]), sig[i][1]);
	for (int s = 1; s < 32; s++)
		must(sig_to_guest(p, s) || s == 16 || s == 30, "host signal %d is lost", s);      /* STKFLT, PWR */
	assert_int_equal(take_wrong(), 0);
	assert_int_equal(p->tab[0].n, 599);
}

extern const struct engine *const __start_guise_engines[], *const __stop_guise_engines[];

/* the best that works is chosen by rank, and the list goes down by it */
static void engines(void **state)
{
	for (const struct engine *const *a = __start_guise_engines; a < __stop_guise_engines; a++)
		for (const struct engine *const *b = __start_guise_engines; b < a; b++)
			assert_int_not_equal((*a)->rank, (*b)->rank);
}

int main(void)
{
	const struct CMUnitTest all[] = { cmocka_unit_test(engines) };
	int failed = cmocka_run_group_tests_name("engines", all, NULL, NULL);

	for (const struct personality *const *i = __start_guise_personalities; i < __stop_guise_personalities; i++) {
		const struct CMUnitTest tests[] = {
			cmocka_unit_test(whole), cmocka_unit_test(calls), cmocka_unit_test(subtables), cmocka_unit_test(bits),
			cmocka_unit_test(records), cmocka_unit_test(records_round), cmocka_unit_test(layouts), cmocka_unit_test(errors), cmocka_unit_test(signals),
			cmocka_unit_test(printing),
		};
		const struct CMUnitTest own[] = { cmocka_unit_test(freebsd_known) };
		/* a translator is started once in its life: each personality in a process of its own */
		fflush(NULL);
		pid_t pid = fork();
		int status = 0;
		if (!pid) {
			p = *i;
			unit_start(p->name);
			failed = cmocka_run_group_tests_name(p->name, tests, NULL, NULL);
			if (!strcmp(p->name, "freebsd"))
				failed += cmocka_run_group_tests_name("freebsd, known facts", own, NULL, NULL);
			fflush(NULL);
			_exit(failed ? 1 : 0);
		}
		waitpid(pid, &status, 0);
		failed += status != 0;
	}
	return failed ? 1 : 0;
}
