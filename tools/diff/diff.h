/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Two runs compared. Each side runs alone in the same place (side.c); the process that drains its trace writes down
 * what was done in words that no system owns (digest.c, neutral.c), less what the rules call noise (rules.c). Then the
 * two are held against each other: what was printed (lines.c), how they ended and which files they left (tree.c), what
 * they said to whom, and the calls of each process (calls.c over align.c). Findings are told as text, JSON or a page
 * (tell.c, json.c, html.c); a suite (suite.c) is many such comparisons.
 *
 * Ordinary C with libc. Everything a program wrote is data here: it is escaped in every form of output.
 */
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <regex.h>
#include "tools/command.h"

/* --- rules.c: what is noise, as declared data ----------------------------------------------------------------------- */
enum rulekind { RULE_AS, RULE_CALL, RULE_PATH, RULE_ERROR, RULE_FLAG, RULE_RESULT, RULE_SIGNAL, RULE_TEXT, RULE_NAME,
	RULE_FILE, RULE_NOISE, N_RULEKIND };
struct rule {
	const char *name;        /* NULL: the user's own */
	enum rulekind kind;
	const char *pattern;     /* words with blanks between them; TEXT: one regular expression */
	const char *why;
	bool off;                /* declared, but not in force */
	bool compiled;
	regex_t re;
	uint64_t hits;
};
extern struct rule *rules;
extern unsigned n_rules;
void rules_start(void);                                      /* the declared ones */
void rule_ignore(const char *);                              /* a declared name, or KIND:PATTERN; refuses */
void rule_heed(const char *name);                            /* out of force; refuses */
void rules_print(FILE *);
bool rule_noise(const char *word);                           /* is this kind of noise ignored? */
const char *rule_as(const char *name);                       /* what the call is another spelling of, or itself */
struct rule *rule_call(const char *name, const char *command, const char *args);
struct rule *rule_path(const char *path);
struct rule *rule_error(const char *name, const char *error);
bool rule_word(enum rulekind, const char *word);             /* FLAG, RESULT, SIGNAL, FILE: a word of theirs matches */
char *rule_text(const char *s, size_t n, size_t *len);       /* a copy with what TEXT rules match replaced */
char *rule_names(const char *path);                          /* a copy with what NAME rules match replaced */

/* --- one run -------------------------------------------------------------------------------------------------------- */
struct blob { char *at; size_t n, room; uint64_t total, hash; bool cut; };  /* what was printed; at holds the first n of total */
enum { SIDE_CWD, SIDE_TMP, SIDE_HOME, N_SIDE_DIRS };
struct setup {                       /* what both sides have in common */
	const char *chdir, *stdin_file, *engine;
	const char *root[2];
	double timeout;
	bool keep, empty;
	char **args;
	unsigned n_args;
	const char *env[64];
	unsigned n_env;
	unsigned facets;
	const char *name;        /* in a suite */
};
struct side {
	char letter;             /* 'A' or 'B' */
	const char *given;       /* as it was named */
	const char *name;        /* as it is run: A's file name for both */
	char *program;           /* the file on the host */
	const char *os;          /* set when its digest was read */
	char dir[256];           /* what it left behind */
	struct blob out[2];
	int status;              /* as wait has it */
	bool timed_out, not_run; /* not_run: guise itself could not run it; why is in `why` */
	char why[1024];
	unsigned left;           /* processes that it left running */
	double seconds;
	struct digest *digest;
};
enum { FACET_STDOUT = 1, FACET_STDERR = 2, FACET_EXIT = 4, FACET_FILES = 8, FACET_NETWORK = 16, FACET_CALLS = 32,
	FACET_PROCESSES = 64, FACET_ALL = 127 };
unsigned facets_of(const char *list);                        /* refuses */
const char *facet_name(unsigned);

struct base;                         /* the directory in which both sides run */
struct base *base_new(const struct setup *);                 /* NULL: why was said */
void base_drop(struct base *, bool keep);
bool side_find(const struct setup *, struct side *, unsigned i);       /* false: why is filled */
void side_run(struct base *, const struct setup *, struct side *, unsigned i);
void side_drop(struct side *);
extern volatile int diff_stopped;    /* a signal asks us to end */

/* --- digest.c: written by the drainer, read by us -------------------------------------------------------------------- */
enum { NC_IN = 1, NC_OUT = 2, NC_STUCK = 4, NC_CUT = 8 };
struct ncall {                       /* a call in words that no system owns */
	int pid, tid;
	unsigned flags;
	const char *name, *args, *result, *own, *data;
	size_t n_data;           /* what is known of the bytes moved, from the first on */
	uint64_t bytes, count;   /* moved; how many calls it stands for */
	uint64_t key, full;      /* name and arguments; and result */
};
struct nproc {
	int pid, parent;         /* parent: index into the digest's processes, or -1 */
	unsigned nth;            /* child of it */
	const char *os;
	char *program, *args;
	int status;              /* -1 unknown */
	unsigned threads;
	unsigned *call, n_calls; /* indices into the digest's calls, in order of time */
	uint64_t sum;            /* of what they are, in any order */
	char *signals;
};
struct nnet { char *label; uint64_t in, out, n; };
struct digest {
	char *map;
	size_t size;
	struct ncall *call;
	unsigned n_calls;
	struct nproc *proc;
	unsigned n_procs;
	struct nnet *net;
	unsigned n_net;
	char **outside;          /* files opened for writing outside of the run's own directories */
	unsigned n_outside;
	struct { char *name; uint64_t n; } *ignored;
	unsigned n_ignored;
	uint64_t more, dropped;  /* calls that are not here: too many; the ring was full */
	bool whole;              /* the writer came to its end */
};
struct sink;
struct sink *digest_sink(int fd, const char *own, const char *top);   /* own: the program's path, to be told apart */
struct digest *digest_read(int fd);
unsigned digest_together(struct digest *, unsigned *call, unsigned n);     /* bytes of each descriptor as one call; how many are left */
void digest_free(struct digest *);

/* --- neutral.c: which is called by the sink -------------------------------------------------------------------------- */
struct event;
struct neutral {
	char name[80], args[4096], result[300], own[400], command[80], error[32], path[4200], net[300];
	char data[1100];
	size_t n_data;
	uint64_t bytes;
	unsigned flags;
	bool writes;             /* path was opened to be written */
	uint64_t also;           /* it moved so many bytes in through args, and out through args2 */
	char args2[700];
	bool empty;              /* a path of no characters: the descriptor beside it */
};
void neutral_start(const char *program, const char *top);
void neutral_call(struct neutral *, const struct event *);
struct task;
/* words.c: put behind the text that is there */
#define ADD(s_, ...) word_add((s_), sizeof (s_), __VA_ARGS__)
void word_add(char *to, size_t n, const char *f, ...) __attribute__((format(printf, 3, 4)));
void word_path(char *to, size_t n, const char *path);
void word_quoted(char *to, size_t n, const char *text, size_t len);
void word_address(char *to, size_t n, const struct sockaddr_storage *, size_t len);
void word_set(char *to, size_t n, const struct personality *, unsigned set, uint64_t guest);
void word_pid(char *to, size_t n, const struct task *, long pid);
const char *word_signal(int ours);
const char *word_meaning(const struct personality *, const struct row *);
extern struct word_noise { bool addresses, pids, fds, ports, program; } word_noise;       /* what is told by a sign */
/* filled.c: behind the result, what structs the call filled in say that means the same everywhere */
void neutral_filled(struct neutral *, const struct event *);

/* --- align.c -------------------------------------------------------------------------------------------------------- */
struct step { int a, b; };           /* indices; -1: nothing on that side */
/* The shortest script from a to b; keys are equal where things are. Allocated. cut: too different to be sure. */
struct step *align(const uint64_t *a, unsigned na, const uint64_t *b, unsigned nb, unsigned *n, bool *cut);

/* --- findings ------------------------------------------------------------------------------------------------------- */
enum verdict { V_SAME, V_RESULT, V_ARGS, V_DATA, V_ONLY_A, V_ONLY_B, V_ORDER };
struct pair { int a, b; enum verdict v; };   /* indices into the digests' calls */
struct stream {                      /* two processes, or threads of them, side by side */
	const struct nproc *a, *b;
	int tid;                 /* 0: the process as a whole; else which pair of threads */
	bool merged, cut;        /* its threads could not be told apart: order was not compared */
	struct pair *pair;
	unsigned n, first, differing;
};
struct filediff { char *path, *what, *a, *b; };
struct finding { unsigned facet; char *text; };
struct result {
	const struct setup *setup;
	struct side side[2];
	struct finding *finding;
	unsigned n;
	struct stream *stream;
	unsigned n_streams;
	struct filediff *file;
	unsigned n_files;
	char *hunks[2];          /* of standard output, standard error */
	unsigned facets;         /* in which it differs */
	bool trouble;            /* nothing can be said */
	char why[1400];
};
void find(struct result *, unsigned facet, const char *f, ...) __attribute__((format(printf, 3, 4)));
void compare_tree(struct result *, const char *a, const char *b);
void compare_output(struct result *, unsigned i, unsigned facet);
void compare_calls(struct result *);
char *call_line(const struct ncall *, bool own);             /* allocated */
void result_drop(struct result *);

void diff_text(FILE *, const struct result *, unsigned context);
void diff_json(FILE *, const struct result *);
void diff_html(FILE *, const struct result *);
char *visible(const char *s, size_t n);                      /* control characters and no-UTF-8 escaped; allocated */
void compare(struct result *, const struct setup *, const char *a, const char *b);
int suite_run(const char *file, const char *junit, const struct setup *, const char *json, unsigned context);
