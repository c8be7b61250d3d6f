/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A process that died by a fault and whose threads are all held at their end: its memory is still there. mortem.c writes
 * the report, core.c the core file, frames.c finds the call chains.
 */
#pragma once
#include <stdio.h>
#include <sys/user.h>
#include "tools/supervise/supervise.h"

struct vma {
	uint64_t lo, hi, offset, inode;
	bool r, w, x, shared, ours;      /* ours: guise's own, which a guest does not have */
	char *path;              /* "" where there is none */
};
struct dead_thread {
	int tid;
	struct user_regs_struct regs;    /* the guest's, also where the thread was in a call */
	struct task *task;
	bool in_call;
};
struct dead {
	struct guest *guest;
	int sig;
	siginfo_t fault;         /* of the thread that died; si_signo 0: no fault of its own */
	char program[4096], name[32];    /* as the host has it; its last part, fit for a file's name */
	struct vma *vma;
	unsigned n_vma;
	struct dead_thread *thread;      /* the one that died first */
	unsigned n_threads;
	struct space space;      /* what the guest's memory says of it; zero where it says nothing that can be */
};

/* frames.c: up to n return addresses behind regs.rip, which is at[0]; how many */
unsigned unwind_dead(const struct dead *, const struct user_regs_struct *, uint64_t *at, unsigned n);
void where_is(const struct dead *, uint64_t at, bool returns, FILE *);       /* function+offset (file) source:line */

/* core.c: 0 or an errno */
int core_write(const struct dead *, const char *path);
const struct vma *vma_at(const struct dead *, uint64_t);
