/* SPDX-License-Identifier: BSD-2-Clause
 *
 * How we were started: filled by tools/ from the command line, read by everybody, changed by nobody once the guest runs
 * (observe_start moves the two descriptors out of the guest's reach before that). All text is host memory that lives
 * as long as the process.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct bind { const char *host, *guest; };       /* the guest's path `guest` is the host's `host`; both absolute */

struct options {
	const char *root;        /* host directory, absolute, or NULL: the guest has no tree of its own */
	bool root_only;          /* nothing outside root and the binds exists */
	const struct bind *bind;
	unsigned n_bind;
	const char *chdir;       /* guest path to start in, or NULL */
	const char *name;        /* by which guise snapshot finds it, or NULL */
	const char *argv0;       /* instead of PROGRAM as the guest's first argument, or NULL */
	const char *release;     /* which release of its system a foreign program is shown, or NULL: its own */
	const char *as;          /* name of the personality to run as, whatever the program claims, or NULL */
	const char *engine;      /* its name, or NULL for the best that works here */
	bool engine_given;       /* the command line names it, not the environment */
	uint64_t memory;         /* bytes of RAM of a bare-metal program's machine; 0: as it comes */
	const char *disk, *overlay;      /* its disk's file; where what it writes is kept, or NULL: nowhere */
	const char *module[8];   /* files given to it beside the program: "FILE" or "FILE words of its own" */
	unsigned n_module;
	bool stay;               /* programs of the host's system that the guest starts stay with us */
	bool grant_io;           /* the guest's system may give it I/O privilege: over virtual devices (machine/privilege.h) */
	unsigned exit_port;      /* of these, the one that ends the program; 0: as it comes */
	bool strict;             /* the first unknown call, flag, command or sysctl ends the run */
	const char *cover;       /* file in which used rows are counted, absolute, or NULL: observe/cover.h */
	bool again;              /* a running guest's exec started us: the environment is the guest's own, all of it */
	bool xsave;              /* the processor has xsave: it need not be asked; the same */
	int resume_fd;           /* the program, already open (its path may be gone), or -1; set by a guest's exec */
	const char *resume_path; /* its host path as it was when it was opened, or NULL; the same */
	int limits_fd;           /* what it has given up (confine.h), or -1; the same */
	int engine_fd;           /* what its engine wants to have there, too (engine->hand), or -1; the same */
	int held_fd[2];          /* what it looks up by name, for an engine that keeps the guest from it (box.h), or -1; the same */
	int machine_fd;          /* its I/O privilege and virtual devices (machine/privilege.h), or -1; the same */
	uint64_t blocked, ignored; /* the signals 65..128 as the guest that execs has them; the host keeps the others itself */
	const char *kept;        /* what its system keeps over exec (personality->kept), or NULL; the same */
	const char *traced;      /* by whom, where another guest debugs it (tracing.h), or NULL; the same */
	int trace_fd, report_fd; /* the shared memory of observe/ring.h; where to write; or -1 */
	int witness_fd;          /* where the supervisor writes what it sees (engine ptrace), or -1 */
	const char *post_mortem; /* directory for what is left of one that dies by a fault, absolute, or NULL: the same engine */
	bool supervised;         /* the trace is recorded by the supervisor */
	int policy_fd;           /* a policy (observe/policy.h), or -1; with it there is a trace_fd */
	int trace_end;           /* a pipe that nobody writes to: when it ends, nobody of the run is left */
	/* What stands between "guise" and PROGRAM when we start ourselves again for the guest's exec of a foreign program:
	 * "run" and all options that hold for children too, but not --resume, --argv0 and the closing "--". */
	char **self_argv;
	unsigned n_self;
	char fd_text[4][12];     /* trace_fd, report_fd, trace_end, policy_fd as text: self_argv points here */
};
