/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Between thread.c, proc.c, signal.c and the engines: not for handlers.
 */
#pragma once
#include "guise.h"

long thread_clone(struct thread *child, long host_flags);        /* raw; the child goes on in clone_child */
void clone_child(struct thread *) __attribute__((noreturn));

void broadcast_take(struct thread *);        /* in the host handler: what a broadcast asks */
void signal_thread_exit(struct thread *);     /* signal.c: the mask is all; what it was to take, another does */
void proc_child_shared(struct thread *);     /* proc.c: a child in its parent's memory, before it is a guest */
bool rseq_spoiled(struct thread *);           /* rseq.c: the host's kernel cannot use what the guest left there for it */

/* entry.S */
void entry_syscall(void);
void entry_trapped(void);
void entry_jump(void);
void entry_direct(void);
void entry_attend(void);
void leave_supervised(void);
extern char mem_guard_broken[];
extern char direct_kept[], direct_call[], direct_after[], direct_end[];
extern char exit_begin[], exit_end[], wait_begin[], wait_call[], wait_after[], wait_interrupted[];
long host_clone(long flags, void *stack, void *ptid, volatile void *ctid, long tls);
void stack_switch(void *sp, void (*fn)(void *), void *arg) __attribute__((noreturn));
