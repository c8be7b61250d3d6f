/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Between loader/restore.c, which rebuilds a process from a snapshot, and revive.c, which makes its threads.
 */
#pragma once
#include "snapshot.h"

struct revive_list { const void *const *at; unsigned n; };
struct snap_waiting { int32_t tid; uint32_t sig; uint64_t info[16]; };   /* struct snap_signal of the file */
struct revive {
	struct revive_list threads, timers, pending, signals, tasks;     /* snap_thread, _timer, _pending, _waiting, _task */
	const struct snap_proc *proc;
	volatile uint32_t *arrived, *failed;     /* of a tree of so many processes: how many are to begin; one cannot. Or NULL */
	unsigned members;
	int parent;                      /* this one's in the tree, or 0 */
	const int *kin;                  /* its children there */
	unsigned n_kin;
};
void revive_thread(struct thread *, const struct snap_thread *);     /* all but what needs the thread itself to run */
void revive_first(struct thread *, const struct revive *);   /* thread_begin(t) then makes the others; v outlives it */
