/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Between the files of observe/ that write records: ring.c (where), capture.c (what of the guest's memory), trace.c
 * (when), inject.c (and what to do to the call).
 */
#pragma once
#include "ring.h"

struct writer {
	struct ring *ring;
	char *data;              /* where it lies */
	uint64_t pos;            /* where the record begins, as head counts */
	size_t len, last;        /* so far; of the last piece */
	uint16_t pieces;
};
extern struct session *session;      /* NULL: nobody traces */

bool ring_alive(void);               /* there is a session, and somebody who reads */
bool ring_tight(struct thread *);
void ring_leave(struct thread *);
void ring_flush(void);
bool must_check entry_begin(struct writer *, struct thread *, unsigned type, size_t head);
void *entry_head(const struct writer *);      /* moves when entry_room is called */
char *entry_room(struct writer *, size_t);
void entry_end(struct writer *);
struct piece *entry_piece(struct writer *, unsigned kind, uint64_t at, size_t len);
void entry_trim(struct writer *, struct piece *, size_t len);

/* capture.c: after the head of an ENTER, of an EXIT */
void capture_in(struct writer *, struct call *);
unsigned capture_registers(const struct call *);     /* how many are recorded */
void capture_out(struct writer *, struct call *);
void capture_hello(struct writer *, struct proc *);

unsigned pers_index(const struct personality *);     /* its place in every table by system */

/* trace.c: this thread said who it is; the call in progress is recorded now, and its end will be */
bool trace_introduced(struct thread *);
void trace_begin(struct call *, bool late);
bool trace_enter(struct call *, bool late);          /* its record alone; the supervisor writes the same */
extern unsigned own_index;                           /* pers_index of this process */

/* audit.c */
void audit_start(struct proc *);
bool audit_enter(struct call *);                     /* of those that a rule names; true: refused, c->rv is the result */
void audit_exit(struct call *);                      /* of those that were judged by doors, or are by their result */

/* attach.c: somebody asks to be told; true: from now on there is a session */
bool attach_take(struct thread *);

/* inject.c: true if the call was answered; what it found is in force until inject_after */
bool inject_before(struct call *);
void inject_after(struct call *);
