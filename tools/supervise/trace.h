/* SPDX-License-Identifier: BSD-2-Clause
 *
 * guise trace --supervised: the records of the trace (observe/ring.h) are written by the supervisor, into memory that the
 * guest has not. Without a session all of these do nothing.
 */
#pragma once
#include "tools/supervise/supervise.h"

void session_hold(volatile uint32_t *lock);  /* tools/trace/session.c */
bool trace_start(void);                      /* true: there is one */
void trace_over(void);
void trace_call(struct task *, const struct user_regs_struct *);     /* the guest makes one */
struct call *trace_current(struct task *);   /* the one it is in, recorded or not; memory is read, and rows are found, as it does */
struct call *trace_open(struct task *);      /* ... recorded; or NULL */
struct call *trace_begin_now(struct task *); /* ... recorded from now on, if it was not yet */
struct call *trace_back(struct task *, const struct regs *); /* the guest goes on: what came of it; NULL: it is not recorded */
void trace_close(struct task *);             /* ... with c->rv */
/* what a policy says of the open call; the number of the question, 0 where none is asked; negative: nobody reads it */
struct found;
long trace_verdict(struct task *, const struct found *, const char *path, const struct sockaddr_storage *);
long trace_answer(struct task *, uint32_t asked);            /* 1, 0; negative: not yet */
void trace_unasked(struct task *);
void trace_host(struct task *, const struct seen *);         /* a call past the translator */
void trace_signal(struct task *, const siginfo_t *, bool caught);
void trace_ending(struct task *);             /* the whole process is on its way out */
void trace_exec(struct task *);
void trace_born(struct guest *child, const struct guest *parent);    /* what it runs is what its parent runs */
void trace_end(struct task *, int wait_status);
void trace_task_gone(struct task *);
