/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Records of a trace, written by the supervisor. Not asked for by any option yet.
 */
#include "tools/supervise/trace.h"
bool trace_start(void) { return false; }
void trace_over(void) { }
void trace_call(struct task *t, const struct user_regs_struct *r) { }
void trace_result(struct task *t, const struct regs *r) { }
void trace_host(struct task *t, const struct seen *s) { }
void trace_signal(struct task *t, const siginfo_t *i) { }
void trace_exec(struct task *t) { }
void trace_end(struct task *t, int s) { }
void trace_task_gone(struct task *t) { }
