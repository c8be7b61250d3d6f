/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One program that is checked: where it and its libraries lie (libs.c), which calls its code can make and what the rows
 * say of them (calls.c), what runs of it have shown besides (seen.c), and how that is told (tell.c).
 */
#pragma once
#include "guise.h"
#include "tools/check/check.h"

struct search {                      /* where a guest's path leads, in this order */
	const char *package;     /* the directory that a package was unpacked in, or NULL */
	const char *root;        /* --root, or NULL */
	bool root_only;
	const char *as;          /* --as, or NULL */
	char **with; unsigned n_with;    /* --with: libraries that the program loads by names of its own making */
};
/* The file, open, or -1 with errno; where it lies on the host. */
int search_open(const struct search *, const char *path, char host[4096], enum found *);

struct command {                     /* of a multiplexer */
	const struct row *row;   /* NULL: unknown */
	uint64_t value;
	unsigned sites;
	uint64_t made, refused;  /* by runs */
};
struct finding {                     /* one call */
	const struct row *row;   /* NULL: there is no such call */
	unsigned tab, nr;
	unsigned sites;          /* in how many places */
	const struct module *m;  /* the first of them */
	const struct function *f;
	uint64_t at;
	struct command *command; unsigned n_command;
	bool near;               /* the program's own code asks for it; else only its libraries may, for their own ends */
	bool any_command;        /* some place gives commands that cannot be told */
	uint64_t made, failed;   /* by runs that were recorded */
};
struct asked { char *kind, *call, *what, *value; uint64_t count; };      /* what a run asked for and guise does not know */
enum verdict { RUNS, RUNS_LIMITED, RUNS_NOT };

struct subject {
	char *name;              /* as it is called in what is told */
	char *path;              /* as its own system names it */
	char host[4096];
	const struct search *search;
	const struct personality *pers;
	struct world world;
	const char *boot;        /* it expects no system but a machine, and is started so; or NULL. Then nothing else is known */
	uint64_t reaches;        /* ... the end of the memory that it is loaded to */
	char *script;            /* it is a script, and this its interpreter is what is checked; or NULL */
	char *missing[64]; unsigned n_missing;   /* libraries, with who wants them */
	bool loads;              /* it loads more, under names that cannot be told */
	struct finding *finding; unsigned n_finding;
	unsigned untold_near;    /* of those that the program's own code leads to */
	unsigned sites, untold, old;     /* places that make calls; where the number cannot be told; of 32-bit calls */
	struct place_of { const struct module *m; const struct function *f; uint64_t at; } unclear[16];  /* the first untold */
	struct asked *asked; unsigned n_asked;
	uint64_t events;         /* of runs, that were about this program */
	char why[512];           /* why it cannot run */
	enum verdict verdict;
	char text[512];          /* the verdict in a sentence */
};

/* --- libs.c ------------------------------------------------------------------------------------------------------- */
/* Opens it and all that it needs. False: subject.why says why it cannot run. */
bool subject_load(struct subject *, int fd);
/* Opens, too, what the program loads itself (dlopen), where the names stand in it. After reach. */
void subject_load_late(struct subject *);
/* --- bare.c ----------------------------------------------------------------------------------------------------- */
/* Is it a program for a bare machine? Then all there is to say of it is known. */
bool subject_bare(struct subject *, int fd);
/* --- calls.c ------------------------------------------------------------------------------------------------------ */
void subject_calls(struct subject *);
struct finding *finding_of(struct subject *, unsigned tab, unsigned nr);
struct command *command_of(struct finding *, const struct row *, uint64_t value);
const char *finding_name(const struct finding *, char buf[24]);
enum level finding_level(const struct finding *);
void subject_judge(struct subject *);
void subject_free(struct subject *);
/* --- seen.c ------------------------------------------------------------------------------------------------------- */
void seen_add(const char *file);                 /* refuses what cannot be read */
void seen_merge(struct subject *);
extern bool seen_any;
/* --- tell.c ------------------------------------------------------------------------------------------------------- */
extern bool tell_sites;
extern const char *tell_why;                     /* --why: of this call, how the program comes to it */
void tell_text(const struct subject *);
void tell_json(const struct subject *);
void tell_row(const struct subject *);           /* a line of the summary */
void tell_head(void);
struct measure { unsigned made, foretold, could; };
struct measure measure_of(const struct subject *);
/* --- files.c ------------------------------------------------------------------------------------------------------ */
/* NAME, a program, a directory or a package: calls back for each program in it; fd stays ours. 0, or an exit status. */
typedef void each_program(const char *shown, const char *path, const char *host, int fd);
int files_each(const char *name, struct search *, each_program *);
bool files_many(const char *name);               /* a directory or a package */
extern unsigned files_libraries, files_scripts, files_others;    /* of directories: what was passed by */
