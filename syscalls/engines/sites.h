/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Call sites that were met: the table of them (sites.c), and how one is changed into a jump and back (change.c). What is
 * certain enough about one to be changed: site.h. Under rewrite_lock, but for site_find and site_place.
 */
#pragma once
#include "guise.h"
#include "engines/site.h"

struct site {
	uaddr at;                /* the syscall instruction; 0: nobody's */
	uaddr from;              /* the first byte changed */
	uaddr cave, pad;         /* the jump in the padding, and where the padding begins; or 0 */
	uint8_t kind;            /* enum site_kind; LEFT: looked at, stays */
	bool live;               /* our bytes are there; false: the guest's are back, everything else is kept */
	uint8_t mov, len;        /* length of the load; of what was changed at `from` */
	uint8_t nop;             /* of the long nop at `pad`, if it is one that runs */
	int slot;
	uint8_t old[5];          /* the guest's own bytes at `from` */
	uint8_t new[5];
};
#define SITES 2048u
extern struct site call_sites[SITES];
extern unsigned n_call_sites;                 /* every site below was used once */
extern volatile uaddr touched_lo, touched_hi;        /* around all sites and all that was looked up */
static inline bool overlaps(uaddr lo, uaddr hi, uaddr a, uaddr b) { return lo < b && a < hi; }

/* --- sites.c ---------------------------------------------------------------------------------------------------------- */
unsigned site_hash(uaddr);               /* what belongs to one site lies near */
struct site *site_find(uaddr);           /* by the addresses at, from, cave and pad. In the host handler, too */
struct site *site_new(uaddr at);         /* LEFT; NULL: the table is full */
void site_enter(const struct site *);    /* it can be found from now on */
void site_drop(struct site *);           /* then: */
void sites_anew(void);                   /* rare: a mapping with sites in it has gone */
void sites_touch(uaddr lo, uaddr hi);
bool site_place(uaddr *rip);             /* ... of a thread in a slot or cave becomes where it is in the guest's own code */

/* --- change.c --------------------------------------------------------------------------------------------------------- */
void change_start(struct proc *);        /* what the loader has just mapped need not be asked for */
void site_met(struct thread *, uaddr at);/* the guest made a call there */
/* The syscall instruction at `at` was never run. Is it a stub beyond doubt, and changed now? */
bool site_unseen(struct thread *, uaddr at);
void site_give_back(struct thread *, struct site *);
void sites_changing(struct thread *, uaddr lo, uaddr hi);    /* its call in progress will change what is mapped there; without the lock */
void sites_forget_maps(uaddr lo, uaddr hi);          /* something else is mapped there */
/* This mapping will be writable for a while: nothing has to be opened in it. 0, 0: no more. */
void sites_opened(struct thread *, uaddr lo, uaddr hi);
extern unsigned n_rewritten, n_left;     /* for people: what was found so far, what has gone since with it */
