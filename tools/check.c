/* SPDX-License-Identifier: BSD-2-Clause
 *
 * guise check: what programs would need of their system and how much of it is here, without running them. Here are the
 * options and the order of things; tools/check/ does the work.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "command.h"
#include "loader/loader.h"
#include "tools/check/subject.h"

enum { EXIT_LIMITS = 1, EXIT_CANNOT = 2 };

static struct { bool json, summary, whole; } want;
extern const struct personality *const __start_guise_personalities[], *const __stop_guise_personalities[];

static struct search search;
static int worst;
static unsigned count[3];
static struct measure measured;

static void set_json(struct request *r, const char *v) { want.json = true; }
static void set_summary(struct request *r, const char *v) { want.summary = true; }
static void set_whole(struct request *r, const char *v) { want.whole = true; }
static void set_sites(struct request *r, const char *v) { tell_sites = true; }
static void set_why(struct request *r, const char *v) { tell_why = v; }
static void with(const char *path)
{
	search.with = realloc(search.with, (search.n_with + 1) * sizeof *search.with);
	if (!search.with || !(search.with[search.n_with++] = strdup(path)))
		refuse("no memory for a list of libraries");
}
/* A file, or all files of a directory; a path is the program's, so it is looked for when the root is known. */
static const char *withs[64];
static unsigned n_withs;
static void set_with(struct request *r, const char *v)
{
	if (n_withs == ARRAY_LEN(withs))
		refuse("--with can be given %zu times at most", ARRAY_LEN(withs));
	withs[n_withs++] = v;
}
static void read_with(const char *v)
{
	char host[4096], path[8192], magic[4];
	enum found found;
	struct dirent **names;
	int fd = search_open(&search, v, host, &found), n = fd < 0 ? -1 : scandir(host, &names, NULL, alphasort);

	if (fd < 0)
		refuse("%s: %s; --with wants a library or a directory of them", shown(v), strerror(errno));
	if (n < 0 && (pread(fd, magic, 4, 0) != 4 || memcmp(magic, "\177ELF", 4)))
		refuse("%s is no library; --with wants one, or a directory of them", shown(v));
	close(fd);
	if (n < 0)
		with(v);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof path, "%s/%s", v, names[i]->d_name);
		if (strstr(names[i]->d_name, ".so"))
			with(path);
		free(names[i]);
	}
}
static void set_seen(struct request *r, const char *v) { seen_add(v); }

static const struct option_row rows[] = {
	{ 0, "json", NULL, V_NONE, "one JSON object for each program", set_json },
	{ 0, "summary", NULL, V_NONE, "one line for each program; so it is for directories and packages", set_summary },
	{ 0, "whole", NULL, V_NONE, "everything of each program, for directories and packages too", set_whole },
	{ 0, "sites", NULL, V_NONE, "say where each call is made", set_sites },
	{ 0, "why", "CALL", V_NAME, "say by which functions the program comes to CALL", set_why },
	{ 0, "with", "FILE|DIR", V_FILE, "count libraries that the program loads by names of its own making: plugins; may be repeated", set_with },
	{ 0, "from-report", "FILE", V_FILE, "add what runs have shown: a file of --report or of trace --json", set_seen },
};
static const struct option_table check_options = { rows, ARRAY_LEN(rows) };

static bool is_call(const char *name)
{
	for (const struct personality *const *p = __start_guise_personalities; p < __stop_guise_personalities; p++)
		for (unsigned tab = 0; tab < (*p)->n_tab; tab++)
			for (unsigned nr = 0; nr < (*p)->tab[tab].n; nr++)
				if ((*p)->tab[tab].row[nr].name && !strcmp((*p)->tab[tab].row[nr].name, name))
					return true;
	return !strncmp(name, "syscall_", 8);            /* one that has no name is listed so */
}
/* "#!interpreter": what would run instead */
static int interpreter_of(struct subject *s, int fd)
{
	char line[4096];
	ssize_t n = pread(fd, line, sizeof line - 1, 0);
	enum found found;

	if (n < 2 || line[0] != '#' || line[1] != '!')
		return -1;
	line[n] = 0;
	line[strcspn(line, "\n")] = 0;
	char *name = line + 2 + strspn(line + 2, " \t");
	name[strcspn(name, " \t")] = 0;
	s->script = strdup(name);
	free(s->path);
	s->path = strdup(name);
	int other = search_open(&search, name, s->host, &found);
	if (other < 0)
		snprintf(s->why, sizeof s->why, "its interpreter %s was not found", shown(name));
	return other < 0 ? -2 : other;
}
static void tell(const struct subject *s)
{
	if (want.json)
		tell_json(s);
	else if (want.summary)
		tell_row(s);
	else
		tell_text(s);
}
static void each(const char *name, const char *path, const char *host, int fd)
{
	struct subject *s = calloc(1, sizeof *s);
	static bool begun;

	if (!s)
		refuse("no memory to check %s", name);
	s->name = strdup(name);
	s->path = strdup(path);
	s->search = &search;
	snprintf(s->host, sizeof s->host, "%s", host);
	bool bare = subject_bare(s, fd);
	int other = bare ? -1 : interpreter_of(s, fd);
	if (!bare && other != -2 && subject_load(s, other >= 0 ? other : fd)) {
		subject_calls(s);
		seen_merge(s);
	}
	if (other >= 0)
		close(other);
	if (!bare)
		subject_judge(s);
	if (begun && !want.json && !want.summary)
		putchar('\n');
	begun = true;
	tell(s);
	struct measure m = measure_of(s);
	measured = (struct measure){ measured.made + m.made, measured.foretold + m.foretold, measured.could + (m.made ? m.could : 0) };
	worst = MAX(worst, s->verdict == RUNS_NOT ? EXIT_CANNOT : s->verdict == RUNS_LIMITED ? EXIT_LIMITS : 0);
	count[s->verdict]++;
	subject_free(s);
	free(s);
}
static void tell_end(void)
{
	printf("%u programs: %u run, %u run with limits, %u cannot run", count[RUNS] + count[RUNS_LIMITED] + count[RUNS_NOT],
	       count[RUNS], count[RUNS_LIMITED], count[RUNS_NOT]);
	if (files_libraries + files_scripts + files_others)
		printf("; not looked at: %u libraries, %u scripts, %u other files", files_libraries, files_scripts, files_others);
	putchar('\n');
	if (seen_any && measured.made)
		printf("%u different calls made, %u of them foretold (%.1f %%); %u foretold for these programs (%.1f %% made)\n",
		       measured.made, measured.foretold, 100.0 * measured.foretold / measured.made, measured.could,
		       measured.could ? 100.0 * measured.foretold / measured.could : 0.0);
}
static int run(struct request *r, int argc, char **argv)
{
	int status = 0;

	if (!argc)
		refuse("which program? guise check [OPTION...] PROGRAM|DIR|PACKAGE...; guise help check says more");
	if (tell_why && !is_call(tell_why))
		refuse("--why %s: no system has such a call", tell_why);
	request_root(r);
	search = (struct search){ .root = r->opt.root, .root_only = r->opt.root_only, .as = r->opt.as };
	for (unsigned i = 0; i < n_withs; i++)
		read_with(withs[i]);
	for (int i = 0; i < argc; i++)
		want.summary |= !want.whole && files_many(argv[i]);
	if (want.summary && !want.json)
		tell_head();
	for (int i = 0; i < argc; i++) {
		int e = files_each(argv[i], &search, each);
		status = status ? status : e;
	}
	if (!want.json && (want.summary || want.whole))
		tell_end();
	return output_end(status ? status : worst);
}
static const struct subcommand check_command = {
	.name = "check", .args = "[OPTION...] PROGRAM|DIR|PACKAGE...",
	.about = "say, without running them, what programs need and whether they run here",
	.text = "Reads a program and the libraries that its run-time linker would load, follows its code to every\n"
		"call it can make, and says of each how far it is supported: full, part, stub (pretended), none.\n"
		"A directory or a package (tar, npm, FreeBSD's pkg, deb) is checked program by program.\n"
		"Exit status: 0 all run, 1 some run with limits, 2 some cannot run; 125 guise failed, 126 a file\n"
		"cannot be read, 127 there is none.",
	.options = { &check_options, &place_options, &common_options },
	.run = run,
};
SUBCOMMAND(check_command);
