/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The guise command. A subcommand is one file that ends in SUBCOMMAND(x) and so joins by existing; main.c finds it by
 * its name. An option is one row of a table, read by the parser, by --help and by the test that compares the man page
 * and the completion with it. All of this is ordinary C that runs before the guest does.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "guise.h"
#include "options.h"

enum { EXIT_OURS = 125 };                /* as env, timeout and chroot have it; 126 cannot be run, 127 not found */

struct request;                          /* what a command line asks for */
enum value { V_NONE, V_FILE, V_DIR, V_NAME, V_TEXT, V_OS, V_ENGINE };   /* for the completion: what may follow */

struct option_row {
	char letter;             /* 0: has none */
	const char *name;        /* NULL: has none */
	const char *arg;         /* how --help calls its value; NULL: takes none */
	enum value value;
	const char *help;        /* a phrase; NULL: hidden, for ourselves only */
	void (*set)(struct request *, const char *value);
};
struct option_table { const struct option_row *row; unsigned n; };

struct subcommand {
	const char *name;
	const char *args;        /* what follows it on a usage line */
	const char *about;       /* one line; NULL: for ourselves only, help does not list it */
	const char *text;        /* a paragraph for `guise help NAME`, or NULL */
	const struct option_table *options[5];               /* ends at the first NULL */
	int (*run)(struct request *, int argc, char **argv);     /* options are taken; the words behind them */
};
#define SUBCOMMAND(c) static const struct subcommand *const c##_joins JOIN("guise_subcommands") = &(c)
extern const struct subcommand *const __start_guise_subcommands[], *const __stop_guise_subcommands[];
const struct subcommand *subcommand_find(const char *name);

/* --- request.c: from options to struct options ------------------------------------------------------------------ */
struct request {
	const struct subcommand *command;
	struct options opt;
	struct bind bind[64];
	char **env;              /* the guest's environment, ours to change; ends with NULL */
	const char *report_file, *witness_file, *grant;
	const char *root_name;   /* as the user gave it */
	const char *root_by, *engine_by; /* what gave them: an option or a variable */
	char **words;            /* of the command line, from the first behind the subcommand's name; ends with NULL */
};
void request_start(struct request *, const struct subcommand *, char **env);
/* A front end that wants evidence out of the program's reach sets opt.witness_fd, a descriptor to write to: then the engine
 * ptrace is taken (another that was asked for is refused), and its supervisor writes every call there, as --witness FILE does
 * (guise(1)); it alone keeps the descriptor, until the last process of the run has ended. opt.supervised is for those who
 * read a session (tools/trace/): the supervisor then writes its rings, and the program does not get it.
 * Check and complete it, open its files, look PROGRAM up; then run it. The exit status, on error only. */
int request_run(struct request *, int argc, char **argv);
void request_complete(struct request *);         /* the first half of it */
void request_env(struct request *, const char *text);    /* -E: VAR=VALUE, or VAR to take it away */
int log_open(const char *name, const char *option, int flags);    /* a file to write to; refuses */
void request_root(struct request *);             /* --root and GUISE_ROOT alone, for those that run nothing */
extern const struct option_table run_options, place_options, common_options, hidden_options;

/* --- parse.c ---------------------------------------------------------------------------------------------------- */
/* Reads options until the first word that is none; its index. An error ends the command with a sentence. */
int options_parse(struct request *, int argc, char **argv);
void refuse(const char *f, ...) __attribute__((noreturn, format(printf, 1, 2)));       /* "guise: ...", exit 125 */

/* What was printed has reached standard output: status; else it is said why not. */
int output_end(int status);
extern bool command_said;                /* the command line names the subcommand; without, it is run */

/* --- lookup.c --------------------------------------------------------------------------------------------------- */
/* NAME in the directories of the guest's PATH; the guest's path of it, allocated, or NULL. If none can be run: the first
 * that is there all the same, for the loader to say why it cannot. */
char *program_find(const struct options *, char **env, const char *name);
const char *env_get(char **env, const char *name);

/* --- help.c ----------------------------------------------------------------------------------------------------- */
