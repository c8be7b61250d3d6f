/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Between the files of observe/ that write records: ring.c (where), capture.c (what of the guest's memory), trace.c
 * (when), inject.c (and what to do to the call).
 */
#pragma once
#include <linux/futex.h>
#include "ring.h"

struct writer {
	struct ring *ring;
	char *data;              /* where it lies */
	uint64_t pos;            /* where the record begins, as head counts */
	size_t len, last;        /* so far; of the last piece */
	uint16_t pieces;
};
extern struct session *session;      /* NULL: nobody traces */

bool ring_dead(void);                /* says it once; false */
bool ring_tight(struct thread *);
bool ring_claimed(struct thread *);  /* it has a ring, and the drainer lives */
void ring_wake(struct ring *);       /* if its drainer wants that */
uint64_t ring_clock(void);
void ring_leave(struct thread *);
void ring_flush(void);
bool must_check entry_begin(struct writer *, struct thread *, unsigned type, size_t head);
char *entry_more(struct writer *, size_t);    /* n more bytes behind what is written of the record; NULL: it would be too long, or
					       * nobody will read it */
void entry_end(struct writer *);
struct piece *entry_piece(struct writer *, unsigned kind, uint64_t at, size_t len);
void entry_trim(struct writer *, struct piece *, size_t len);

/* There is a session, and somebody who reads. */
static inline bool ring_alive(void)
{
	return session && (!__builtin_expect(session->drainer & FUTEX_OWNER_DIED, 0) || ring_dead());
}
static inline bool ring_is_own(const struct thread *t) { return t->ring && t->ring->tid == t->tid; }
static inline char *ring_bytes(const struct ring *r)         /* as ring_data, without a division */
{
	return (char *)session + RING_DATA + (size_t)((const char *)r - (char *)session - RING_TABLE) * (RING_BYTES / sizeof *r);
}
static inline uint64_t ring_time(void) { return session->tsc ? __builtin_ia32_rdtsc() : ring_clock(); }

/* A record is there for the drainer. It has read what lies behind a lap ago: those lines come from its cache meanwhile. */
static inline void ring_publish(struct ring *r, const char *data, uint64_t head)
{
	__atomic_store_n(&r->head, head, __ATOMIC_RELEASE);
	__asm__ volatile("prefetchw 64(%0)\n\tprefetchw 128(%0)\n\tprefetchw 192(%0)\n\tprefetchw 256(%0)\n\tprefetchw 320(%0)\n\tprefetchw 384(%0)\n\tprefetchw 448(%0)" : : "r"(data + (head & (RING_BYTES - 1))));
	if (session->asleep)
		ring_wake(r);
}

/* What entry_* do, for those who do it at each call. */
#define EACH_CALL static inline __attribute__((always_inline))
EACH_CALL char *entry_place(const struct writer *w, uint64_t pos) { return w->data + (pos & (RING_BYTES - 1)); }
EACH_CALL void *entry_head(const struct writer *w) { return entry_place(w, w->pos); }     /* moves when entry_room is called */
/* As entry_more. What is seen of the drainer is old: there is at least so much room. */
EACH_CALL char *entry_room(struct writer *w, size_t n)
{
	uint64_t from = w->pos & (RING_BYTES - 1), len = w->len + n;
	if (__builtin_expect(len > RECORD_MOST || from + len > RING_BYTES || w->pos + len - w->ring->seen > RING_BYTES, 0))
		return entry_more(w, n);
	w->len = len;
	return w->data + from + len - n;
}
EACH_CALL bool record_begin(struct writer *w, struct thread *t, unsigned type, size_t head)
{
	bool ready = session && !(session->drainer & FUTEX_OWNER_DIED) && ring_is_own(t);
	if (!__builtin_expect(ready, 1) && !ring_claimed(t))
		return false;
	w->ring = t->ring, w->pos = t->ring->head, w->data = ring_bytes(t->ring);
	w->len = w->last = w->pieces = 0;
	struct entry *e = (void *)entry_room(w, head);
	if (!e)
		return false;
	e->type = (uint16_t)type;
	e->time = ring_time();
	return true;
}
EACH_CALL void record_end(struct writer *w)
{
	if (w->len & 15)                 /* all lengths are multiples of 8 */
		*(uint64_t *)entry_room(w, 8) = 0;        /* never too long: RECORD_MOST is a multiple of 16 */
	struct entry *r = entry_head(w);
	r->size = (uint32_t)w->len;
	r->pieces = w->pieces;
	ring_publish(w->ring, w->data, w->pos + w->len);
}
EACH_CALL struct piece *record_piece(struct writer *w, unsigned kind, uint64_t at, size_t len)
{
	size_t size = (sizeof(struct piece) + len + 7) & ~7ul;
	struct piece *p = (void *)entry_room(w, size);
	if (!p)
		return NULL;
	p->at = at, p->len = (uint32_t)len, p->kind = (uint16_t)kind, p->cut = 0;
	w->last = size;
	w->pieces++;
	return p;
}

/* capture.c: what a row's records hold, found out once: one word, so that threads can share it without a lock. Bits from PLAN_LENGTHS
 * on: which argument counts each (its own number: none); from PLAN_BEHIND: whose records have pointers; from PLAN_PLACE: its row. */
typedef uint64_t plan;
enum { PLAN_IN = 1, PLAN_OUT = 2, PLAN_MADE = 4, PLAN_LENGTHS = 8, PLAN_BEHIND = 32, PLAN_PLACE = 40, PLANS = 1024 };
extern volatile plan plans[PLANS];
extern char __executable_start[];
plan capture_plan_new(const struct call *, uint64_t place);
void capture_forget(void);                   /* something else is wanted from now on */
EACH_CALL plan capture_plan(const struct call *c)
{
	uint64_t place = (uint64_t)((const char *)c->row - __executable_start) >> 3;
	plan p = plans[place % PLANS];
	return __builtin_expect(p >> PLAN_PLACE == place && p & PLAN_MADE, 1) ? p : capture_plan_new(c, place);
}
EACH_CALL unsigned plan_registers(plan p) { return p >> 4 & 15; }        /* even */
void capture_in(struct writer *, struct call *, plan);       /* after the head of an ENTER, of an EXIT; only if PLAN_IN, PLAN_OUT */
void capture_stack(struct writer *, struct call *);
void capture_out(struct writer *, struct call *, plan);
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
