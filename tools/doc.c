/* SPDX-License-Identifier: BSD-2-Clause
 *
 * guise doc OS: the page docs/compat/OS.md, all of it from the rows; which tests show a row is read from a list that the
 * test runner writes (docs/compat/tests.txt). `make docs` writes the pages; a test fails when one is not what this prints.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "rows.h"

static const char *const levels[] = {
	[L_FULL] = "full", [L_PART] = "part", [L_STUB] = "stub", [L_NOSYS] = "none", [L_GONE] = "gone",
};
static const struct { const char *table, *title; } titles[] = {
	{ "fcntl", "Commands of fcntl" }, { "ioctl", "Requests of ioctl" }, { "umtx", "Operations of _umtx_op" },
	{ "sysarch", "Operations of sysarch" }, { "procctl", "Commands of procctl" }, { "prctl", "Options of prctl" },
	{ "setsockopt", "Socket options that can be set" }, { "getsockopt", "Socket options that can be asked" },
	{ "cmsg-sent", "Control messages that are sent" }, { "cmsg-received", "Control messages that are received" },
	{ "sysctl", "Names of sysctl" }, { "instruction", "Privileged instructions (--grant io)" },
};
/* which test shows which row: lines "system table number name test", in the order of the file */
static struct proof { char *system, *table, *nr, *name, *test; } *proofs;
static size_t n_proofs;
static const char *tests_file;

static void read_tests(void)
{
	FILE *f = tests_file ? fopen(tests_file, "re") : NULL;
	struct proof p;

	if (tests_file && !f)
		refuse("%s: %s; --tests wants the list that a whole `make check` leaves behind", tests_file, strerror(errno));
	while (f && fscanf(f, "%ms %ms %ms %ms %ms", &p.system, &p.table, &p.nr, &p.name, &p.test) == 5) {
		proofs = realloc(proofs, (n_proofs + 1) * sizeof *proofs);
		if (!proofs)
			refuse("no memory for %s", tests_file);
		proofs[n_proofs++] = p;
	}
	if (f)
		fclose(f);
}

/* --- a page ------------------------------------------------------------------------------------------------------- */
struct page { const struct personality *p; const char *table; unsigned count[L_GONE + 1]; };

static void put_cell(const char *text)
{
	for (; *text; text++)
		printf(*text == '|' || *text == '<' || *text == '*' ? "\\%c" : "%c", *text);
}
static void put_tests(const struct page *g, const struct listed *l)
{
	const char *sep = " ";
	for (size_t i = 0; i < n_proofs; i++) {
		const struct proof *p = &proofs[i];
		if (strcmp(p->name, l->name) || strcmp(p->table, l->table) || strcmp(p->nr, l->nr) || strcmp(p->system, g->p->name))
			continue;
		printf("%s%s", sep, strncmp(p->test, "guest/", 6) ? p->test : p->test + 6);
		sep = ", ";
	}
}
/* The arguments by name: of commands, those that are their own. */
static void put_args(const struct row *r, bool call)
{
	const char *sep = "";
	bool own = call;
	putchar('(');
	for (int i = 0; i < 8 && r->arg[i].kind; i++) {
		if (own && r->arg[i].kind != A_PAD) {
			printf("%s%s", sep, r->arg[i].name ? r->arg[i].name : "");
			sep = ", ";
		}
		own |= r->arg[i].kind == A_SUB;
	}
	putchar(')');
}
static void put_row(const struct listed *l, void *arg)
{
	struct page *g = arg;
	if (strcmp(l->table, g->table))
		return;
	printf("| %s | `%s", l->nr, l->name);
	if (l->row && l->level != L_GONE && (l->row->fn || l->row->arg[0].kind))
		put_args(l->row, !strcmp(l->table, g->p->tab[0].name));
	printf("` | %s | ", levels[l->level]);
	put_cell(l->note ? l->note : "");
	printf(" |");
	put_tests(g, l);
	printf(" |\n");
}
static void count_row(const struct listed *l, void *arg)
{
	struct page *g = arg;
	g->count[l->level] += !strcmp(l->table, g->table);
}
static const char *title_of(const struct page *g)
{
	for (unsigned i = 0; i < ARRAY_LEN(titles); i++)
		if (!strcmp(titles[i].table, g->table))
			return titles[i].title;
	return !strcmp(g->table, g->p->tab[0].name) ? "Calls" : g->table;
}
struct tables { const char *name[64]; unsigned n; };
static void take_table(const struct listed *l, void *arg)
{
	struct tables *t = arg;
	for (unsigned i = 0; i < t->n; i++)
		if (!strcmp(t->name[i], l->table))
			return;
	if (t->n < ARRAY_LEN(t->name))
		t->name[t->n++] = l->table;
}
static void put_summary(const struct personality *p, const struct tables *t)
{
	printf("| | full | part | stub | none | gone |\n|---|--:|--:|--:|--:|--:|\n");
	for (unsigned i = 0; i < t->n; i++) {
		struct page g = { .p = p, .table = t->name[i] };
		rows_each(p, count_row, &g);
		printf("| %s | %u | %u | %u | %u | %u |\n", title_of(&g), g.count[L_FULL], g.count[L_PART], g.count[L_STUB],
		       g.count[L_NOSYS], g.count[L_GONE]);
	}
}
static void put_page(const struct personality *p)
{
	struct tables t = { .n = 0 };

	rows_each(p, take_table, &t);
	printf("# %s\n\n", p->about);
	printf("What guise supports of %s %s, row by row. `make docs` writes this page from `personalities/%s/*.def`;\n"
	       "it is not edited by hand.\n\n", p->name, p->release, p->name);
	printf("**full**: as on its own system, and a test shows it. **part**: the note says what is missing. **stub**: pretended, as\n"
	       "the note says. **none**: refused as a kernel without it does. **gone**: no kernel of this system has it.\n"
	       "The tests are in `tests/guest`; of many that show a row the most special ones are named.\n\n");
	put_summary(p, &t);
	for (unsigned i = 0; i < t.n; i++) {
		struct page g = { .p = p, .table = t.name[i] };
		printf("\n## %s\n\n| nr | name | support | note | tests |\n|---|---|---|---|---|\n", title_of(&g));
		rows_each(p, put_row, &g);
	}
}

/* --- the subcommand ----------------------------------------------------------------------------------------------- */
static void set_tests(struct request *r, const char *v) { tests_file = v; }

static const struct option_row rows[] = {
	{ 0, "tests", "FILE", V_FILE, "which test shows which row, as tests/run writes it", set_tests },
};
static const struct option_table doc_options = { rows, ARRAY_LEN(rows) };

static int run(struct request *r, int argc, char **argv)
{
	char names[512] = "";

	if (argc != 1)
		refuse("which system? guise doc [OPTION...] OS; guise --version names them");
	read_tests();
	for (EACH_SYSTEM(p)) {
		if (!strcmp((*p)->name, argv[0])) {
			put_page(*p);
			return output_end(0);
		}
		size_t n = strlen(names);
		snprintf(names + n, sizeof names - n, "%s%s", n ? ", " : "", (*p)->name);
	}
	refuse("there is no system \"%s\"; guise doc takes one of: %s", argv[0], names);
}
static const struct subcommand doc_command = {
	.name = "doc", .args = "[OPTION...] OS", .about = "print which calls of a system are supported, and how far, as a page",
	.text = "Markdown: each call and command with its number, its support, a note, and the tests that show it. The\n"
		"pages in docs/compat are made so, by make docs.",
	.options = { &doc_options, &common_options },
	.run = run,
};
SUBCOMMAND(doc_command);
