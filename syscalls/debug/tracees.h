/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the files of the side that debugs share (tracing.h has the whole): a row for each tracee. Lock: tracer_lock, over a
 * look at all of them and over a request and its answer; not taken in the host handler, which only peeks.
 *
 *   tracer.c        whom this process traces: the socket that they connect to, what they tell, attaching
 *   tracer_wait.c   what its waits for children report; which of its children others trace
 *   tracer_ask.c    requests to one that is stopped
 */
#pragma once
#include "debug/tracing.h"

enum tracee_state { EXPECTED, RUNNING, STOPPED, ENDED };         /* EXPECTED: it has not connected yet */
struct tracee {
	volatile int pid;        /* 0: nobody's row */
	volatile int sock;       /* -1: none */
	uint8_t state;
	bool told;               /* a wait has reported that it is stopped */
	bool has_status;
	int sig, status;
	int tid;                 /* who told the stop */
};
extern struct tracee tracees[128];
#define EACH_TRACEE(e) (struct tracee *e = tracees; e < tracees + ARRAY_LEN(tracees); e++)
extern volatile uint32_t tracer_lock;

#define HOST_WALL 0x40000000

/* --- tracer.c --------------------------------------------------------------------------------------------------------- */
void tracer_use(struct proc *);                      /* from now on a wait of this process's looks here */
struct tracee *tracee_find(int pid);
void tracee_forget(struct tracee *);
void tracees_hear(struct proc *);                    /* who has connected, what all of them tell; under the lock */
void tracee_seen(struct thread *, int pid);          /* a child that may be waited for by its parent now */
bool process_ended(int pid);
void child_signal(struct thread *, int pid, int sig, int code);      /* as if the host's kernel had stopped a child of ours */

/* --- tracer_wait.c ---------------------------------------------------------------------------------------------------- */
void tracer_wake(struct thread *);                   /* in the host handler: threads that wait for children look again */
