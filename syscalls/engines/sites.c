/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The table of call sites that were met, by each address that belongs to one (sites.h). The host handler reads it without
 * the lock, to move a thread that a signal found in a slot or in a cave to the place in the guest's own code where it would be.
 */
#include "host.h"
#include "engines/sites.h"
#include "engines/slot.h"

#define HASH 16384u
struct site call_sites[SITES] SPARSE;
unsigned n_call_sites;
static uint16_t hash[HASH] SPARSE;       /* site number + 1 */
static volatile uint32_t hash_turn;      /* odd while the table is made anew */
volatile uaddr touched_lo = ~0ull, touched_hi;

/* One page of the table, and for most programs one in all. */
unsigned site_hash(uaddr a)
{
	unsigned group = (unsigned)((a >> 8) * 0x9e3779b97f4a7c15ull >> 58);
	return group << 8 | (a & 0xff);
}
static struct site *lookup(uaddr a)
{
	for (unsigned h = site_hash(a);; h = (h + 1) % HASH) {
		unsigned n = __atomic_load_n(&hash[h], __ATOMIC_ACQUIRE);
		if (!n)
			return NULL;
		struct site *s = &call_sites[n - 1];
		if (s->at == a || (s->kind > SITE_LEFT && (s->from == a || s->cave == a || s->pad == a)))
			return s;
	}
}
/* Without the lock: what was not found while the table was made anew is looked for again. */
struct site *site_find(uaddr a)
{
	for (;;) {
		uint32_t turn = __atomic_load_n(&hash_turn, __ATOMIC_ACQUIRE);
		struct site *s = lookup(a);
		if (s || (!(turn & 1) && turn == __atomic_load_n(&hash_turn, __ATOMIC_ACQUIRE)))
			return s;
	}
}
static void hash_add(uaddr a, const struct site *s)
{
	unsigned h = site_hash(a);
	while (hash[h])
		h = (h + 1) % HASH;
	__atomic_store_n(&hash[h], (uint16_t)(s - call_sites + 1), __ATOMIC_RELEASE);
}
void site_enter(const struct site *s)
{
	hash_add(s->at, s);
	if (s->kind > SITE_LEFT && s->from != s->at)
		hash_add(s->from, s);
	if (s->cave)
		hash_add(s->cave, s);
	if (s->pad != s->cave)
		hash_add(s->pad, s);
}
void sites_anew(void)
{
	__atomic_add_fetch(&hash_turn, 1, __ATOMIC_SEQ_CST);
	memset(hash, 0, sizeof hash);
	for (unsigned i = 0; i < n_call_sites; i++)
		if (call_sites[i].at)
			site_enter(&call_sites[i]);
	__atomic_add_fetch(&hash_turn, 1, __ATOMIC_SEQ_CST);
}
struct site *site_new(uaddr at)
{
	struct site *s = call_sites;
	while (s < call_sites + n_call_sites && s->at)
		s++;
	if (s == call_sites + SITES)
		return NULL;
	n_call_sites = MAX(n_call_sites, (unsigned)(s - call_sites) + 1);
	*s = (struct site){ .at = at, .from = at, .kind = SITE_LEFT };
	return s;
}
void site_drop(struct site *s)
{
	if (s->kind > SITE_LEFT)
		slot_drop(s->slot);
	s->at = 0;
}
void sites_touch(uaddr lo, uaddr hi)
{
	touched_lo = MIN(touched_lo, lo);
	touched_hi = MAX(touched_hi, hi);
}

/* --- where a thread is that stands in a slot ---------------------------------------------------------------------- */
/* By offset of the step. */
static uaddr place_of(const struct site *s, unsigned offset)
{
	switch (offset) {
	case SLOT_NR_R10: case SLOT_NR: return s->from;
	case 6: return s->from + s->mov;
	default: return s->at;           /* rcx may have changed already: it is the syscall instruction's to change */
	}
}
bool site_place(uaddr *rip)
{
	unsigned owner, step;
	uaddr was = *rip;
	if (slot_of(was, &owner, &step)) {
		*rip = place_of(&call_sites[owner], step);
	} else {
		const struct site *s = site_find(was);
		*rip = s && s->cave == was ? s->at : was;
	}
	return *rip != was;
}
