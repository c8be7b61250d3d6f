/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The file of --cover: which rows were used, and how that ended. One cell for every row of every table of every
 * personality, in the order in which the personalities were linked; `guise rows FILE` reads it with the same binary.
 */
#pragma once
#include "../guise.h"

struct cover_cell {
	uint64_t ok;             /* how often it succeeded */
	uint64_t err[2];         /* the guest's errors it gave, one bit each; those from 128 on are bit 0 */
};
enum {                               /* tables: the calls, what is below them, and what only handlers look up */
	COVER_CALLS, COVER_SUBS = 4, COVER_SETOPT = COVER_SUBS + N_SUB, COVER_GETOPT, COVER_CMSG_SENT, COVER_CMSG_GOT,
	COVER_SYSCTL, COVER_TABLES,
	COVER_ROWS = 1024        /* more than any table has; the file has holes */
};
#define COVER_SIZE PAGE_UP(COVER_TABLES * COVER_ROWS * sizeof(struct cover_cell))

void cover_start(struct proc *);
void cover_enter(struct call *);
void cover_exit(struct call *);
void cover_exec(struct thread *);
