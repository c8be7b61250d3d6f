/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The writing side of the rings (ring.h). A record is built in place, behind head, and is there for the drainer when
 * head moves past it. Without room the thread waits for the drainer: by default nothing is lost. With WANT_LOSSY a
 * call that finds the ring nearly full is counted instead, unless it fails or is rare; for those the last eighth is
 * kept.
 *
 * A drainer that died is noticed by the kernel's mark on its robust lock: then nothing is recorded any more, nobody
 * waits for it, and the first who sees it says so. All of this runs on the thread itself; only waiting and waking make host calls.
 */
#include <linux/futex.h>
#include <time.h>
#include "observe.h"
#include "entry.h"

struct session *session FORKED;

bool ring_dead(void)
{
	uint32_t died = FUTEX_OWNER_DIED;
	if (__atomic_compare_exchange_n(&session->drainer, &died, DRAINER_LEFT, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		warn("the process that writes the trace was killed: the program goes on, the trace ends here");
	return false;
}

uint64_t ring_clock(void)
{
	struct timespec ts;
	time_now(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}
static void wake(void)
{
	__atomic_add_fetch(&session->bell, 1, __ATOMIC_SEQ_CST);
	host(SYS_futex, &session->bell, FUTEX_WAKE, 1, NULL, NULL, 0);
}
/* The drainer says that it sleeps, makes all processors see it (membarrier), and looks a last time: one of us sees. */
void ring_wake(struct ring *r)
{
	uint32_t how = session->asleep;
	bool due = how == 1 || (how == 2 && r->head - (r->seen = r->tail) > RING_BYTES / 2);
	if (due && __atomic_exchange_n(&session->asleep, 0, __ATOMIC_SEQ_CST))   /* once: it takes a while until it runs */
		wake();
}
static void nap(volatile uint32_t *word, uint32_t is)
{
	struct timespec ms = { 0, 20000000 };
	host(SYS_futex, word, FUTEX_WAIT, is, &ms, NULL, 0);
}

/* --- a ring for this thread -------------------------------------------------------------------------------------- */
static void use(struct ring *r, struct thread *t, unsigned i)
{
	uint32_t top = session->top;
	r->pid = t->p->pid;
	r->tid = t->tid;
	r->seen = r->tail;
	while (top <= i && !__atomic_compare_exchange_n(&session->top, &top, i + 1, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		;
	t->ring = r;
}
static bool claim(struct thread *t)
{
	for (unsigned i = 0; i < RINGS; i++) {
		struct ring *r = ring_at(session, i);
		uint32_t was = RING_FREE;
		if (r->state == RING_FREE &&
		    __atomic_compare_exchange_n(&r->state, &was, RING_USED, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
			use(r, t, i);
			return true;
		}
	}
	__atomic_add_fetch(&session->unheard, 1, __ATOMIC_RELAXED);
	return false;
}
void ring_leave(struct thread *t)
{
	if (t->ring && t->ring->tid == t->tid)
		__atomic_store_n(&t->ring->state, RING_LEFT, __ATOMIC_RELEASE);
	t->ring = NULL;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */
static bool wait_for(struct ring *r, uint64_t end)
{
	while (end - (r->seen = __atomic_load_n(&r->tail, __ATOMIC_ACQUIRE)) > RING_BYTES) {
		if (!ring_alive())
			return false;
		__atomic_store_n(&r->waiting, 1, __ATOMIC_SEQ_CST);
		wake();
		if (end - r->tail > RING_BYTES)
			nap(&r->waiting, 1);
	}
	return true;
}
char *entry_more(struct writer *w, size_t n)
{
	uint64_t end = w->pos + w->len + n;
	if (w->len + n > RECORD_MOST)
		return NULL;
	if ((w->pos & (RING_BYTES - 1)) + w->len + n > RING_BYTES) {     /* it begins again at the ring's begin */
		uint64_t skip = RING_BYTES - (w->pos & (RING_BYTES - 1));
		end += skip;
		if (end - w->ring->seen > RING_BYTES && !wait_for(w->ring, end))
			return NULL;
		memmove(entry_place(w, w->pos + skip), entry_place(w, w->pos), w->len);
		*(struct entry *)entry_place(w, w->pos) = (struct entry){ .size = (uint32_t)skip, .type = EN_PAD };
		w->pos += skip;
	} else if (end - w->ring->seen > RING_BYTES && !wait_for(w->ring, end)) {
		return NULL;
	}
	char *at = entry_place(w, w->pos + w->len);
	w->len += n;
	return at;
}
bool ring_claimed(struct thread *t) { return ring_alive() && (ring_is_own(t) || claim(t)); }
bool entry_begin(struct writer *w, struct thread *t, unsigned type, size_t head) { return record_begin(w, t, type, head); }
void entry_end(struct writer *w) { record_end(w); }
/* Less than a quarter is left: time to drop what nobody will miss. */
bool ring_tight(struct thread *t)
{
	struct ring *r = t->ring;
	if (!r || r->tid != t->tid || r->head - r->seen < RING_BYTES - RING_BYTES / 4)
		return false;
	r->seen = r->tail;
	return r->head - r->seen > RING_BYTES - RING_BYTES / 4;
}

/* --- pieces ------------------------------------------------------------------------------------------------------- */
struct piece *entry_piece(struct writer *w, unsigned kind, uint64_t at, size_t len) { return record_piece(w, kind, at, len); }
/* It became shorter, or (size 0) nothing. */
void entry_trim(struct writer *w, struct piece *p, size_t len)
{
	size_t size = len ? (sizeof *p + len + 7) & ~7ul : 0;
	w->len -= w->last - size;
	w->pieces -= !len;
	if (len)
		p->len = (uint32_t)len;
	w->last = size;
}

/* --- the end of the run's first process ------------------------------------------------------------------------- */
/* Who waits for the program reads its trace next, so it is written before the program is gone. */
void ring_flush(void)
{
	uint32_t mine = __atomic_add_fetch(&session->flush, 1, __ATOMIC_SEQ_CST);
	wake();
	for (int tries = 0; ring_alive() && tries < 1500; tries++) {
		uint32_t done = __atomic_load_n(&session->flushed, __ATOMIC_ACQUIRE);
		if ((int32_t)(done - mine) >= 0)
			return;
		nap(&session->flushed, done);
	}
}
