/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Knotes: where they live, how they are found, and the queue of those with something to tell. A knote is never at a
 * fixed address for the host: epoll is given index and generation, so an event that comes late for a knote that is gone
 * finds nothing. Called with the kqueue locked.
 */
#include "kqueue.h"

#define CHUNK 64u
#define HASH_FIRST 64u

void *kq_grow(void *old, size_t old_size, size_t new_size)
{
	void *p = mem_alloc(new_size);
	if (!p)
		return NULL;
	if (old)
		memcpy(p, old, old_size);
	mem_free(old, old_size);
	return p;
}
bool kq_room(struct knote ***list, unsigned n, unsigned *room)
{
	if (n < *room)
		return true;
	unsigned more = *room ? *room * 2 : 16;
	void *p = kq_grow(*list, *room * sizeof **list, more * sizeof **list);
	if (!p)
		return false;
	*list = p;
	*room = more;
	return true;
}

/* --- memory ----------------------------------------------------------------------------------------------------- */
static bool chunk_add(struct kqueue *kq)
{
	struct knote *c;
	if (!kq_room(&kq->chunk, kq->n_chunk, &kq->room_chunk) || !(c = mem_alloc(CHUNK * sizeof *c)))
		return false;
	for (unsigned i = CHUNK; i--; kq->free = &c[i]) {
		c[i].index = kq->n_chunk * CHUNK + i;
		c[i].gen = 1;
		c[i].chain = kq->free;
	}
	kq->chunk[kq->n_chunk++] = c;
	return true;
}
struct knote *knote_new(struct kqueue *kq)
{
	struct knote *kn = kq->free || chunk_add(kq) ? kq->free : NULL;
	if (!kn)
		return NULL;
	kq->free = kn->chain;
	*kn = (struct knote){ .kq = kq, .index = kn->index, .gen = kn->gen, .fd = -1 };
	return kn;
}
void knote_free(struct knote *kn)
{
	kn->gen = kn->gen + 1 ? kn->gen + 1 : 1;
	kn->state = 0;
	kn->chain = kn->kq->free;
	kn->kq->free = kn;
}
struct knote *knote_of(struct kqueue *kq, uint64_t word)
{
	uint32_t i = (uint32_t)word;
	struct knote *kn = i / CHUNK < kq->n_chunk ? &kq->chunk[i / CHUNK][i % CHUNK] : NULL;
	return kn && kn->gen == word >> 32 && kn->state & KN_LIVE ? kn : NULL;
}
void knotes_free(struct kqueue *kq)
{
	for (unsigned i = 0; i < kq->n_chunk; i++)
		mem_free(kq->chunk[i], CHUNK * sizeof **kq->chunk);
	mem_free(kq->chunk, kq->room_chunk * sizeof *kq->chunk);
	mem_free(kq->hash, kq->n_hash * sizeof *kq->hash);
	mem_free(kq->heap, kq->room_heap * sizeof *kq->heap);
	kq->chunk = NULL;
	kq->hash = kq->heap = NULL;
	kq->free = NULL;
	kq->n_chunk = kq->room_chunk = kq->n_hash = kq->room_heap = 0;
}

/* --- by (ident, filter) ----------------------------------------------------------------------------------------- */
static unsigned bucket(const struct kqueue *kq, uint64_t ident, int filter)
{
	return (unsigned)((ident * 16 + (unsigned)-filter) * 0x9e3779b97f4a7c15ull >> 32) & (kq->n_hash - 1);
}
struct knote *knote_find(struct kqueue *kq, uint64_t ident, int filter)
{
	if (!kq->n_hash)
		return NULL;
	struct knote *kn = kq->hash[bucket(kq, ident, filter)];
	while (kn && !(kn->kev.ident == ident && kn->kev.filter == filter))
		kn = kn->chain;
	return kn;
}
static bool hash_grow(struct kqueue *kq)
{
	unsigned old_n = kq->n_hash, n = old_n ? old_n * 2 : HASH_FIRST;
	struct knote **old = kq->hash, **h = mem_alloc(n * sizeof *h);
	if (!h)
		return old_n != 0;       /* longer chains, then */
	kq->hash = h;
	kq->n_hash = n;
	for (unsigned i = 0; i < old_n; i++)
		for (struct knote *kn = old[i], *next; kn; kn = next) {
			struct knote **b = &h[bucket(kq, kn->kev.ident, kn->kev.filter)];
			next = kn->chain;
			kn->chain = *b;
			*b = kn;
		}
	mem_free(old, old_n * sizeof *old);
	return true;
}
bool knote_insert(struct knote *kn)
{
	struct kqueue *kq = kn->kq;
	if (kq->n_knotes >= kq->n_hash && !hash_grow(kq))
		return false;
	struct knote **b = &kq->hash[bucket(kq, kn->kev.ident, kn->kev.filter)];
	kn->chain = *b;
	*b = kn;
	kn->state |= KN_LIVE;
	kq->n_knotes++;
	return true;
}
void knote_drop(struct knote *kn)
{
	struct kqueue *kq = kn->kq;
	struct knote **at = &kq->hash[bucket(kq, kn->kev.ident, kn->kev.filter)];
	while (*at != kn)
		at = &(*at)->chain;
	*at = kn->chain;
	kq->n_knotes--;
	knote_unqueue(kn);
	kn->f->detach(kn);
	knote_free(kn);
}

/* --- the queue -------------------------------------------------------------------------------------------------- */
void knote_enqueue(struct knote *kn)
{
	struct kqueue *kq = kn->kq;
	kn->next = NULL;
	kn->prev = kq->tail;
	if (kq->tail)
		kq->tail->next = kn;
	else
		kq->head = kn;
	kq->tail = kn;
	kq->queued++;
	kn->state |= KN_QUEUED;
}
void knote_unqueue(struct knote *kn)
{
	struct kqueue *kq = kn->kq;
	if (!(kn->state & KN_QUEUED))
		return;
	if (kn->prev)
		kn->prev->next = kn->next;
	else
		kq->head = kn->next;
	if (kn->next)
		kn->next->prev = kn->prev;
	else
		kq->tail = kn->prev;
	kq->queued--;
	kn->state &= (uint8_t)~KN_QUEUED;
}
/* Its event has happened: it will be told, at once or when it is enabled. */
void knote_activate(struct knote *kn)
{
	kn->state |= KN_ACTIVE;
	if (!(kn->state & (KN_QUEUED | KN_DISABLED)))
		knote_enqueue(kn);
}

/* --- lists of knotes that are looked through together ----------------------------------------------------------- */
void list_add(struct knote **list, struct knote *kn, unsigned which)
{
	kn->on[which].next = *list;
	kn->on[which].prev = NULL;
	if (*list)
		(*list)->on[which].prev = kn;
	*list = kn;
}
void list_remove(struct knote **list, struct knote *kn, unsigned which)
{
	struct knote *next = kn->on[which].next, *prev = kn->on[which].prev;
	if (prev)
		prev->on[which].next = next;
	else
		*list = next;
	if (next)
		next->on[which].prev = prev;
}
