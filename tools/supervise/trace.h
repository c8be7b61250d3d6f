/* SPDX-License-Identifier: BSD-2-Clause
 *
 * guise trace --supervised: the records of the trace (observe/ring.h) are written by the supervisor, into memory that the
 * guest has not. Without a session all of these do nothing.
 */
#pragma once
#include "tools/supervise/supervise.h"

bool trace_start(void);                      /* true: there is one */
void trace_over(void);
void trace_call(struct task *, const struct user_regs_struct *);     /* the guest makes one */
void trace_result(struct task *, const struct regs *);       /* it goes on */
void trace_host(struct task *, const struct seen *);         /* a call past the translator */
void trace_signal(struct task *, const siginfo_t *, bool caught);
void trace_ending(struct task *);             /* the whole process is on its way out */
void trace_exec(struct task *);
void trace_end(struct task *, int wait_status);
void trace_task_gone(struct task *);
