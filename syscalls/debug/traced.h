/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the files of the side that is debugged share (tracing.h has the whole). One struct traced a traced process; its lock
 * is innermost, and nothing here needs memory, since it may run in the host handler.
 *
 *   tracee.c   which process is traced by whom, the socket to its tracer, what of it a fork's child and the next image have
 *   stand.c    standing still: one thread tells and serves, the others wait
 *   stops.c    what stops it: signals, calls, threads that begin and end, forks, exec
 */
#pragma once
#include "debug/tracing.h"

enum due { DUE_NOTHING, DUE_ATTACH, DUE_CHILD, DUE_EXEC };
struct traced {
	volatile int pid;        /* whose this is; 0: nobody's */
	int tracer;
	int sock, marker;        /* ours, or -1 */
	uint32_t events;         /* TRACE_*; changed by whoever serves */
	volatile uint32_t due;   /* the first stop */
	bool set_up;
	volatile uint32_t lock;
	volatile uint32_t stopped;       /* the others stand still; under lock */
	volatile uint32_t turn;          /* changes when somebody may go on */
	volatile uint32_t came;          /* changes when one has come to stand */
	struct thread *volatile who;     /* who tells */
	struct thread *volatile single;  /* who ends the process, or executes; or NULL */
	struct trace_packet packet;      /* who tells has it */
};

/* --- tracee.c --------------------------------------------------------------------------------------------------------- */
/* From now on every signal comes to us, and no site is a jump: the tracer finds the guest's own code, and what it writes
 * there is not written over. */
void traced_set_up(struct thread *, struct traced *);
void traced_let_go(struct thread *, struct traced *);
void traced_die(struct thread *) __attribute__((noreturn));
void traced_link(struct thread *, struct traced *);  /* to the tracer, which may not be ready yet; or dies */
void traced_notify(struct traced *, bool on);        /* the carrier tells of what the tracer does */
void traced_tell(struct traced *, unsigned op, int tid, uint64_t a, uint64_t b, uint64_t c);

/* --- stand.c ---------------------------------------------------------------------------------------------------------- */
struct happened { int sig; const siginfo_t *info; unsigned flags; int child; };      /* info: or NULL; flags: STOP_* */
typedef int at_rest(struct thread *, const struct happened *);
bool traced_must_stand(struct thread *, const struct traced *);
void traced_summon(struct thread *);                 /* all others that run are asked to stand still */
/* What follows in view, all signals blocked: */
void traced_stand(struct thread *, struct traced *); /* while it must */
at_rest traced_stop;                                 /* stop the process and tell; the signal to go on with, 0: none */
/* do_this with the thread's state where a tracer finds it, and may change it. fpu: its vector state, in the frame that the
 * host handler returns by; NULL: it is live. */
int traced_in_view(struct thread *, void *fpu, at_rest *do_this, const struct happened *);
void traced_ended(struct thread *, struct traced *); /* all is told of this thread: it waits for what ends the process */
