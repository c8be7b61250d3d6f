/* SPDX-License-Identifier: BSD-2-Clause
 *
 * guise rows [FILE]: every row of every personality on one line, for programs: system, table, number, name, support,
 * and with the FILE that runs with --cover wrote, how often it succeeded and which errors it gave. tests/run asks it
 * which rows the tests have shown to work. No user's command: help does not list it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "command.h"
#include "sock.h"
#include "bsd/sysctl.h"
#include "observe/cover.h"
#include "rows.h"

static const struct personality *p;
static const struct cover_cell (*cells)[COVER_ROWS];      /* of p; NULL: nothing was counted */

static const char *const levels[] = {
	[L_FULL] = "FULL", [L_PART] = "PART", [L_STUB] = "STUB", [L_NOSYS] = "NOSYS", [L_GONE] = "GONE",
};

static void print_errors(const struct cover_cell *c)
{
	const char *sep = "";
	for (unsigned e = 0; e < 128; e++) {
		if (!(c->err[e / 64] >> e % 64 & 1))
			continue;
		if (e < p->n_errno_name && p->errno_name[e])
			printf("%s%s", sep, p->errno_name[e]);
		else
			printf("%s%u", sep, e);
		sep = ",";
	}
	puts(*sep ? "" : "-");
}
/* --- each row of a system, whatever table it is in ---------------------------------------------------------------- */
static void calls_each(const struct personality *p, each_row *each, void *arg)
{
	for (unsigned t = 0; t < p->n_tab; t++)
		for (unsigned i = 0; i < p->tab[t].n; i++) {
			const struct row *r = &p->tab[t].row[i];
			struct listed l = { p->tab[t].name, COVER_CALLS + t, i, "", r->name, r->level, r->note, r };
			snprintf(l.nr, sizeof l.nr, "%u", i);
			if (r->name)
				each(&l, arg);
		}
	for (unsigned s = 1; p->sub && s < N_SUB; s++)
		for (unsigned i = 0; i < p->sub[s].n; i++) {
			const struct subrow *r = &p->sub[s].row[i];
			struct listed l = { p->sub[s].name, COVER_SUBS + s, i, "", r->row.name, r->row.level, r->row.note, &r->row };
			snprintf(l.nr, sizeof l.nr, r->nr < 4096 ? "%lu" : "%#lx", r->nr);
			each(&l, arg);
		}
}
static void socket_each(const struct personality *p, each_row *each, void *arg)
{
	for (const struct sockopt *o = p->sockopt; o && o->name; o++) {
		struct listed l = { "setsockopt", COVER_SETOPT, (unsigned)(o - p->sockopt), "", o->name,
				    o->kind->note ? L_PART : L_FULL, o->kind->note, NULL };
		snprintf(l.nr, sizeof l.nr, "%u:%u", o->level, o->nr);
		if (o->kind->set)
			each(&l, arg);
		l.table = "getsockopt", l.cover = COVER_GETOPT;
		if (o->kind->get)
			each(&l, arg);
	}
	for (const struct cmsgrow *m = p->cmsg; m && m->name; m++) {
		struct listed l = { "cmsg-sent", COVER_CMSG_SENT, (unsigned)(m - p->cmsg), "", m->name, L_FULL, NULL, NULL };
		snprintf(l.nr, sizeof l.nr, "%u:%u", m->level, m->type);
		if (m->get)
			each(&l, arg);
		l.table = "cmsg-received", l.cover = COVER_CMSG_GOT;
		if (m->put)
			each(&l, arg);
	}
}
/* A node without a function has nothing to tell: the names below it have. */
static void sysctls_each(const struct personality *p, each_row *each, void *arg)
{
	for (unsigned i = 1; p->sysctl && i < p->sysctl->n; i++) {
		const struct sysctl_row *r = &p->sysctl->row[i];
		struct listed l = { "sysctl", COVER_SYSCTL, i, "", r->name, L_FULL, NULL, NULL };
		snprintf(l.nr, sizeof l.nr, r->nr == SYSCTL_AUTO ? "auto" : "%d", r->nr);
		if ((r->kind & 15) != SYSCTL_NODE || r->fn)
			each(&l, arg);
	}
}
void rows_each(const struct personality *p, each_row *each, void *arg)
{
	calls_each(p, each, arg);
	socket_each(p, each, arg);
	sysctls_each(p, each, arg);
}

/* --- the subcommand ----------------------------------------------------------------------------------------------- */
static void print_row(const struct listed *l, void *arg)
{
	static const struct cover_cell none;
	const struct cover_cell *c = cells && l->index < COVER_ROWS ? &cells[l->cover][l->index] : &none;

	printf("%s %s %s %s %s %lu ", p->name, l->table, l->nr, l->name, levels[l->level], c->ok);
	print_errors(c);
}
static const struct cover_cell (*open_counts(const char *file))[COVER_ROWS]
{
	uint64_t size = COVER_SIZE * (uint64_t)(__stop_guise_personalities - __start_guise_personalities);
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		refuse("%s: %s; guise rows takes a file that was written by --cover", file, strerror(errno));
	if ((uint64_t)lseek(fd, 0, SEEK_END) != size)
		refuse("%s was not written by --cover of this guise", file);
	void *m = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (m == MAP_FAILED)
		refuse("%s: %s", file, strerror(errno));
	close(fd);
	return m;
}
static int run(struct request *r, int argc, char **argv)
{
	const char *counts = argc ? (const char *)open_counts(argv[0]) : NULL;

	for (EACH_SYSTEM(i)) {
		p = *i;
		cells = counts ? (const void *)(counts + COVER_SIZE * (uint64_t)(i - __start_guise_personalities)) : NULL;
		rows_each(p, print_row, NULL);
	}
	return output_end(0);
}
static const struct subcommand rows_command = { .name = "rows", .args = "[FILE]", .run = run };
SUBCOMMAND(rows_command);
