/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The short way of a call that is one host call with the guest's own arguments (DIRECT): its rewritten site jumps to
 * entry_direct (entry.S), which asks this table and makes the call itself, the guest's registers and flags in their places.
 * Whatever is unusual (somebody observes it, a descriptor that is ours, an error, a signal) goes the way of all calls, before
 * the host's call or with its result. Nothing is direct that dispatch has not run once: it opens the way by what the row says.
 *
 * An entry is written once and never changed but for its key: other threads read it without a lock. Two calls whose numbers end in
 * the same byte share a place, and the second one stays on the long way. A call that somebody observes has no key that fits; who
 * comes to observe a process that runs bars all of it first (proc.told_all), then closes what is to be seen, then lets go: a thread
 * that had begun a call before makes that one, and no other.
 */
#include <ucontext.h>
#include "observe/ring.h"
#include "host.h"
#include "thread.h"

/* entry.S knows it; rip - 1 and limit are so that it needs no flag to see what is not there (an entry of zeros never fits). */
struct way {
	volatile uint32_t key;   /* number + key + 1 is 0 */
	int nr;                  /* the host's */
	int unless;              /* distance to a word that must be 0 */
	int limit;               /* 0: the first argument is a descriptor, below fd_base; FREE: it is none */
};
#define FREE (1 << 30)
_Static_assert(sizeof(struct way) == 16, "entry.S");
#define LAST 255
#define NEVER 1u                         /* a key of no number */
struct way direct_table[LAST + 1] SPARSE __attribute__((aligned(4096)));
static volatile uint32_t direct_lock FORKED;
AT_FORK_FREE(direct_lock);
static const volatile int nothing;
static const uint64_t *closed;           /* NULL: nobody observes; under direct_lock */

extern const struct direct __start_guise_direct[], __stop_guise_direct[];

const struct direct *direct_find(const struct row *r)
{
	for (const struct direct *d = __start_guise_direct; d < __stop_guise_direct; d++)
		if (r->fn && d->fn == r->fn)
			return d;
	return NULL;
}
/* An open entry's key ends as its place does, a closed one's does not, so no number fits it. */
static uint32_t key_of(uint32_t nr)
{
	unsigned bit = MIN(nr, MOST_NRS - 1u);
	return closed && closed[bit / 64] >> bit % 64 & 1 ? ~nr ^ 1 : ~nr;
}
static uint32_t number_of(const struct way *e, unsigned place)
{
	uint32_t nr = ~e->key;
	return (nr & LAST) == place ? nr : nr ^ 1;
}
static void entry_write(struct way *e, const struct call *c)
{
	const struct direct *d = direct_find(c->row);
	const volatile int *unless = d->unless ? d->unless : &nothing;
	direct_table[LAST].key = direct_table[LAST].key ? direct_table[LAST].key : NEVER;        /* else it would fit number -1 */
	e->nr = d->nr;
	e->unless = (int)((const volatile char *)unless - (char *)e);
	e->limit = c->row->arg[0].kind == A_FD ? 0 : FREE;
	__atomic_store_n(&e->key, key_of(c->nr), __ATOMIC_RELEASE);
}
void direct_close(const uint64_t *nrs)
{
	lock(&direct_lock);
	closed = nrs;
	for (unsigned i = 0; i <= LAST; i++)
		if (direct_table[i].key > NEVER)
			__atomic_store_n(&direct_table[i].key, key_of(number_of(&direct_table[i], i)), __ATOMIC_SEQ_CST);
	unlock(&direct_lock);
}
void direct_open(struct call *c)
{
	struct way *e = &direct_table[c->nr & LAST];
	struct thread *t = c->t;

	if (c->tab || c->nr != (uint32_t)t->entry_nr || (t->entry != entry_jump && t->entry != entry_direct))
		return;
	if (!e->key && lock_try(&direct_lock)) {
		if (!e->key)
			entry_write(e, c);
		unlock(&direct_lock);
	}
	if (e->key == ~c->nr)
		t->entry = entry_direct;
}

static bool within(const greg_t *g, const char *lo, const char *hi)
{
	return (const char *)g[REG_RIP] >= lo && (const char *)g[REG_RIP] < hi;
}
/* Not made yet, or to be made again after it slept: the guest is about to make it. Else it is answered, and told by the long
 * way, which thread.attn makes it take. */
bool direct_turned(struct thread *t, long long *g, bool restart)
{
	bool slept = (char *)g[REG_RIP] == direct_call && (char *)g[REG_RCX] == direct_after;

	if ((char *)g[REG_RIP] == direct_call && ((char *)g[REG_RCX] == direct_after + 1 || (slept && !restart))) {
		g[REG_RIP] = (greg_t)direct_after;
		g[REG_RAX] = -EINTR;
	} else if (within(g, direct_after, direct_end)) {
		g[REG_RIP] = (greg_t)direct_after;
	} else if (within(g, (char *)entry_direct, direct_after)) {
		bool kept = !within(g, (char *)entry_direct, direct_kept);
		g[REG_RIP] = (kept ? (greg_t)t->entry_rip : g[REG_RCX]) - 2;
		g[REG_RAX] = kept ? (greg_t)t->entry_nr : g[REG_RAX];
		return true;
	}
	return false;
}
