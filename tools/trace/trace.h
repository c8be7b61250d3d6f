/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The telling side of `guise trace`: a process outside the guest reads the rings (drain.c) or a raw file (raw.c), makes
 * events of their records (events.c), and hands each to the sinks that were asked for (text.c, json.c, summary.c,
 * chrome.c, html.c). A sink sees nothing but events and writes with the decoders of syscalls/observe; so every form of
 * output tells the same.
 *
 * Ordinary C with libc. %gs points at a thread of ours that stands for the one an event is about, because decoders that
 * the runtime has, too, ask for thread_self().
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "guise.h"
#include "observe/observe.h"

/* --- where a sink writes ------------------------------------------------------------------------------------------ */
struct out {
	int fd;
	const char *name;        /* for messages */
	char *buf;
	size_t len, room;
	int error;               /* the first errno of a write; nothing is written any more */
};
struct out *out_new(int fd, const char *name);
void out_close(struct out *);
void out_bytes(struct out *, const void *, size_t);
void out_text(struct out *, const char *);
void out_fmt(struct out *, const char *, ...) __attribute__((format(printf, 2, 3)));
void out_flush(struct out *);

/* --- who ---------------------------------------------------------------------------------------------------------- */
struct process {
	int pid, ppid;
	bool ended;
	char *program;
	unsigned n_args;
	char **args;
	uint32_t vars;
	unsigned serial;         /* which image of which process, counted from 1 */
	unsigned refs;           /* tasks that are of it; freed when it ended and none is left */
	struct process *next;    /* among those that have not ended */
};
struct task {                        /* a thread, as long as one ring is its own */
	int tid;
	struct process *process;
	const struct personality *pers;
	unsigned serial;
	bool open;               /* a call has begun and not ended: */
	bool hidden;             /* ... which no sink is told of */
	bool split;              /* ... and its line was broken by another's (text.c) */
	struct call call;
	struct memory in, out;
	char *in_bytes;
	size_t in_room;
	uint64_t began, rip;
	const struct piece *frames, *stack;
	struct thread thread;
	struct proc proc;
	struct said *said;       /* what a policy said of the call (tools/audit/) */
	unsigned n_said;
};

/* --- what --------------------------------------------------------------------------------------------------------- */
enum evtype { EV_START, EV_FORK, EV_EXEC, EV_THREAD, EV_ENTER, EV_EXIT, EV_UNFINISHED, EV_SIGNAL, EV_END, EV_DROPPED,
	      EV_ATTACH, EV_PAST, EV_VERDICT };
struct event {
	enum evtype type;
	struct task *task;
	uint64_t ns;             /* CLOCK_MONOTONIC; of a call that ended: the end, its begin is task->began */
	const struct memory *mem;/* EXIT: what came out, before what went in */
	bool injected;
	const siginfo_t *info;   /* SIGNAL */
	int sig;
	int status;              /* END: as en_end; -1 unknown */
	bool whole;
	uint64_t count;          /* DROPPED */
	struct call *past;       /* PAST: a call of Linux that the guest made past us; in its terms */
	uint64_t ip;
	const struct en_verdict *said;   /* VERDICT; mem: what it is about */
	unsigned ring;
};
static inline bool call_failed(const struct call *c)
{
	return c->rv < 0 && c->rv > -4096 && c->rv != SYS_RESTART && c->rv != SYS_NORETURN;
}
static inline const char *call_name(const struct call *c, char buf[24])
{
	if (c->row)
		return row_top(c)->name;
	snprintf(buf, 24, "syscall_%u", c->nr);
	return buf;
}

struct sink {
	const char *name;
	void (*event)(struct sink *, const struct event *);
	void (*flush)(struct sink *);            /* everything that is to be written so far is written */
	void (*finish)(struct sink *);           /* nothing comes any more; may be called after a flush only */
	struct out *out;
};
struct sink *text_sink(struct out *);
void put_dump(struct line *, const struct event *);          /* dump.c: lines with the data that went, if it was asked for */
struct sink *json_sink(struct out *);
struct sink *summary_sink(struct out *, bool cpu, bool live);   /* times of the processor, not the clock; not from a file */
struct sink *chrome_sink(struct out *);
struct sink *html_sink(struct out *);
void json_past_args(struct line *, const struct event *);      /* the member "args" of an EV_PAST */
void json_call(struct line *, const struct event *, bool ended);         /* members of its object, from the call's name on */

/* --- how: what the command line asked for ------------------------------------------------------------------------- */
struct view {
	bool whole;              /* --whole: a line is never broken */
	bool files;              /* -ff */
	bool rip, nr, took, names, all;          /* -i -n -T --arg-names -v */
	unsigned quiet;          /* bits of QUIET_*: -q, -e quiet= */
	unsigned column;         /* -a: where results stand */
	bool append;             /* -A */
	int sets;                /* -X: as line.sets */
	const char *shown;       /* -U */
	int stack;               /* -k, -kk */
	int stamp;               /* -t -tt -ttt: 1 2 3; -r: 4 */
	int hex;                 /* -x, -xx */
	int fds;                 /* -y, -yy */
	uint32_t text;           /* -s */
	unsigned status;         /* bits of ST_*; 0: all */
	char **paths;            /* --trace-path */
	unsigned n_paths;
	uint64_t fd_set[16];     /* --trace-fds */
	bool by_fd;
	const nrset *watch;      /* -e: the calls that are recorded; NULL: as only */
	const nrset *only;       /* --read with -e: the calls that are told of; NULL: all */
	sigbits signals;         /* -e signal=: those that are told of */
	bool by_signal;
	nrset *raw, *verbose, *abbrev;       /* -e raw=, verbose=, abbrev=; NULL: none, all, all */
	uint64_t dump[2][16];    /* -e read=, write= */
	bool dumps;
	const char *sort;        /* -S */
	bool wall;               /* -w */
	const char *output;      /* -o, for -ff */
	const char *command;     /* what was run, for titles */
};
enum { QUIET_EXIT = 1, QUIET_ATTACH = 2 };
enum { ST_SUCCESS = 1, ST_FAILED = 2, ST_UNFINISHED = 4, ST_CHOSEN = 8 };
extern struct view view;
void view_text(const char *bytes);       /* -s, wherever there is one */

/* --- events.c ----------------------------------------------------------------------------------------------------- */
void events_start(struct sink **sinks, unsigned n);                  /* whom to tell */
void events_feed(unsigned ring, const struct entry *, uint64_t ns);    /* one record, in the order of time */
bool events_heard(unsigned type);     /* somebody wants to be told of such records; else they need not be fed */
bool entry_fits(const struct entry *, size_t room);          /* it is a whole record, and all its pieces lie in it */
void events_gone(int pid, int status, uint64_t ns);                   /* a process ended; -1: nobody knows how */
void events_flush(void);
void events_finish(uint64_t ns);
struct process *process_find(int pid);           /* one that has not ended, or NULL */
bool processes_alive(void);
extern bool events_many;                         /* there is, or was, more than one thread or process */
extern int64_t wall_offset;                      /* CLOCK_REALTIME - CLOCK_MONOTONIC, ns */
extern uint64_t first_ns;                        /* when the first event was */
extern struct en_sites sites;                    /* how many call sites; zero until the end */

/* --- wanted.c ----------------------------------------------------------------------------------------------------- */
bool is_wanted(const struct task *);             /* by what its call names */
bool signal_wanted(int sig);
bool status_wanted(const struct call *);         /* it has ended */

/* --- decode.c ----------------------------------------------------------------------------------------------------- */
const struct personality *host_personality(void);
void row_find(struct call *);        /* the row of tab, nr and raw, a command's where it has one; and arg */
void events_begin(void);                         /* in the process that tells, before anything is decoded */
bool call_is_raw(const struct task *);           /* -e raw=: arguments and result as they were in the registers */
void line_of(struct line *, char *buf, size_t n, const struct event *);      /* for this event's call and task */
void put_arg_of(struct line *, const struct event *, int i); /* argument i, what went in or what came out */
bool put_before_of(struct line *, const struct event *, int i);     /* what went in where something else came out; false: nothing put */
void task_is_self(struct task *);                /* from here on thread_self() is it */

/* --- drain.c, session.c ------------------------------------------------------------------------------------------- */
struct clock { uint64_t t0, ns0, t1, ns1; bool tsc; };       /* two readings of both clocks */
void clock_read(struct clock *, bool tsc);                   /* a new second reading; the old second is the first */
uint64_t clock_ns(const struct clock *, uint64_t t);
struct raw;
void drain_first(int pid);            /* this one will be watched from the beginning */
int drain(struct session *, int end_fd, struct raw *);       /* to the end of the run */
/* -p: these are asked to join; end: our end of the pipe, closed when they have. A signal may call drain_stop. */
void drain_attached(const int *pid, unsigned n, int end);
void drain_stop(int sig);
void drain_fail(void);                                       /* nothing can be written: those who record are told */
void drain_answer(unsigned ring, uint32_t asked, bool yes);  /* to a policy's question */
bool drain_asked(unsigned ring, uint32_t asked);             /* it still waits for the answer */
struct session *session_new(int *fd);
void session_hold(volatile uint32_t *lock);          /* FUTEX_OWNER_DIED is written there when we end */
extern bool supervisor_lost;                         /* at the end: it did not end by itself, and all that it watched was killed with it */
int session_attach(struct session *, int fd, struct raw *, const int *pid, unsigned n);     /* the exit status */
void attach_to(int pid, int fd, int end);                    /* ask it; refuses */
/* the drainer, detached; the guest's end of the pipe */
void session_spawn(struct session *, int fd, int *end_fd, struct raw *);

/* --- raw.c -------------------------------------------------------------------------------------------------------- */
struct raw *raw_new(int fd, const char *name);
void raw_entry(struct raw *, unsigned ring, const struct entry *, const struct clock *);
void raw_flush(struct raw *, const struct clock *);
void raw_finish(struct raw *, const struct clock *);
int raw_read(const char *name);                              /* the exit status */

/* --- trace.c: the descriptors of its outputs ---------------------------------------------------------------------- */
unsigned trace_fds(int *fd);
void trace_keep(int fd);                                     /* one more that the drainer needs: six at most */
bool trace_uses(int fd);

/* --- filter.c ----------------------------------------------------------------------------------------------------- */
void filter_add(struct session *, const char *expression);   /* -e; refuses what it does not understand */
void filter_done(struct session *);
void filter_status(const char *);                            /* --status */
void filter_quiet(const char *words);                 /* -e quiet= */
void filter_decode_fds(const char *words);    /* -e decode-fds= */
const char *filter_word(nrset *, const char *word, bool in); /* one name, /regex/ or %class; NULL, or what is wrong with it */
void filter_list(nrset *, const char *list);                 /* "a,/b/,%c", "!a,b": all but these; refuses */

/* --- classes.c ---------------------------------------------------------------------------------------------------- */
struct class;
const struct class *class_find(const char *name);            /* without its %, or NULL */
bool class_holds(const struct class *, const struct row *);

/* --- inject.c ----------------------------------------------------------------------------------------------------- */
void inject_add(struct session *, const char *text);         /* of -e inject=; refuses */
void inject_fault(struct session *, const char *text);       /* of -e fault=: the same, and an error unless it names one */
int filter_errno(const char *name);                          /* of the host, by any system's name; 0: there is none */
int filter_signal(const char *name, int most);               /* ours, the same; numbers up to most */
