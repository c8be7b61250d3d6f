/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Priorities that a thread has for a time, since it holds a mutex: that of the first of those who wait for it (inheritance), or
 * the mutex's ceiling (protection). Priorities are the host's: 0 for none that is real time, 1 (last) to 32 (first).
 */
#pragma once
#include "guise.h"
#include "freebsd/rtp.h"

struct lend_wait {                   /* one who sleeps for a mutex that is handed on with priority; its own, on its stack */
	struct lend_wait *next;
	uaddr mutex;
	int tid, owner;              /* the host's numbers; owner 0: nobody's, or not known here */
	int own;                     /* the sleeper's priority without what is lent to it */
};
void lend_wait(struct lend_wait *, struct thread *, uaddr mutex, int owner);
void lend_woken(struct lend_wait *);
void lend_taken(struct thread *, uaddr mutex);       /* t holds it now: who still waits, waits for t */
void lend_given(struct thread *, uaddr mutex);       /* t holds it no more */
int lend_ceiling(struct thread *, int prio);         /* of what t holds from now on; what it was before */
int lend_own_prio(struct thread *);
void lend_exit(struct thread *);
bool lend_own(int tid, struct rtp_host *);           /* lent to: what it has of itself */
bool lend_changed(int tid, int policy, int prio);    /* lent to: that is its own from now on, and kept until all is given back */
