/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Scalars both ways, from declared tables only. A set's rows lie together in the personality's bits table; where each set
 * begins is found once at start. A value that no row explains is the guest's mistake (-EINVAL) and is counted; under an
 * identity personality it is the host's to judge and passes unchanged.
 *
 * What the rows say of a value never changes, so it is read off them once and remembered: a program uses few values, and
 * the second time costs one look at one place. An entry is written once and never changed; that is all the locking.
 */
#include "host.h"
#include "ext.h"
#include "row.h"

static struct span { uint16_t first, n; } set_rows[N_SET];
static const struct personality *of;         /* whose rows these are */

/* --- what is known already ---------------------------------------------------------------------------------------- */
#define MEMO 512u                        /* entries; a guest that uses more values pays for the rows each time */
#define MEMO_TRIES 4u
#define MEMO_TAKEN 1ull                  /* somebody is writing this entry; no key is that small */
enum memo_kind { MEMO_TO_HOST = 1, MEMO_TO_GUEST, MEMO_SUB };
static struct memo { volatile uint64_t key; uint64_t value; } memo[MEMO] SPARSE;

/* 0: a value too large to be remembered */
static inline uint64_t memo_key(enum memo_kind kind, unsigned table, uint64_t value)
{
	return value >> 32 ? 0 : value | (uint64_t)table << 32 | (uint64_t)kind << 48;
}
static inline unsigned memo_place(uint64_t key) { return (unsigned)((key * 0x9e3779b97f4a7c15ull) >> 55); }
static inline bool memo_get(uint64_t key, uint64_t *value)
{
	for (unsigned i = 0, at = memo_place(key); key && i < MEMO_TRIES; i++, at = (at + 1) % MEMO) {
		uint64_t k = __atomic_load_n(&memo[at].key, __ATOMIC_ACQUIRE);
		if (k == key) {
			*value = memo[at].value;
			return true;
		}
		if (!k)
			return false;
	}
	return false;
}
static void memo_put(uint64_t key, uint64_t value)
{
	for (unsigned i = 0, at = memo_place(key); key && i < MEMO_TRIES; i++, at = (at + 1) % MEMO) {
		uint64_t empty = 0;
		if (!__atomic_compare_exchange_n(&memo[at].key, &empty, MEMO_TAKEN, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			continue;
		memo[at].value = value;
		__atomic_store_n(&memo[at].key, key, __ATOMIC_RELEASE);
		return;
	}
}
_Static_assert(MEMO == 1u << (64 - 55), "memo_place makes a place of the top bits");

/* A guest has one personality; who reads a trace goes from one to another. */
void xlate_start(const struct personality *p)
{
	if (p == of)
		return;
	if (of) {                        /* at a start it is clean, and pages that nobody has touched cost nothing */
		memset(set_rows, 0, sizeof set_rows);
		memset(memo, 0, sizeof memo);
	}
	of = p;
	for (unsigned i = 0; p->bits[i].name; i++) {
		unsigned set = p->bits[i].set;
		if (!set_rows[set].n)
			set_rows[set].first = (uint16_t)i;
		set_rows[set].n = (uint16_t)(i - set_rows[set].first + 1);
	}
}

/* --- sets --------------------------------------------------------------------------------------------------------- */
static long rows_to_host(const struct personality *p, unsigned set, uint64_t g, uint64_t *h)
{
	const struct bit *b = p->bits + set_rows[set].first, *end = b + set_rows[set].n;
	uint64_t seen = 0;
	long wrong = -EINVAL;
	*h = 0;
	for (; b < end; b++)
		if ((g & b->gmask) == b->gval && !(seen & b->gmask)) {
			*h |= b->hval;
			seen |= b->gmask;
		} else if (!b->gmask) {          /* row.h: UNKNOWN */
			wrong = b->hval == X_IGNORED ? 0 : -(long)b->hval;
		}
	if (!seen && set_rows[set].n && end[-1].gmask == ~0ull)
		return wrong;            /* in a set of plain values 0 is a value like others */
	return g & ~seen ? wrong : 0;
}
long set_to_host(const struct personality *p, unsigned set, uint64_t g, uint64_t *h)
{
	uint64_t key = memo_key(MEMO_TO_HOST, set, g);
	if (memo_get(key, h))
		return 0;
	long e = rows_to_host(p, set, g, h);
	if (!e)
		memo_put(key, *h);
	return e;
}
static uint64_t rows_to_guest(const struct personality *p, unsigned set, uint64_t h)
{
	const struct bit *b = p->bits + set_rows[set].first, *end = b + set_rows[set].n;
	uint64_t g = 0, seen = 0;
	for (; b < end; b++)
		if ((h & b->hmask) == b->hval && !(seen & b->hmask)) {
			g |= b->gval;
			seen |= b->hmask;
		}
	return g;
}
uint64_t set_to_guest(const struct personality *p, unsigned set, uint64_t h)
{
	uint64_t key = memo_key(MEMO_TO_GUEST, set, h), g;
	if (p->identity)
		return h;
	if (!memo_get(key, &g))
		memo_put(key, g = rows_to_guest(p, set, h));
	return g;
}
size_t set_print(const struct personality *p, unsigned set, uint64_t g, char *buf, size_t n)
{
	const struct bit *b = p->bits + set_rows[set].first, *end = b + set_rows[set].n;
	uint64_t seen = 0;
	size_t len = 0;
	if (n)
		*buf = 0;
	for (; b < end; b++)
		if ((g & b->gmask) == b->gval && !(seen & b->gmask)) {
			bool quiet = !b->gmask && g;      /* "no flag" is only worth its name when it is alone */
			seen |= b->gmask;
			if (!quiet)
				len += fmt(buf + len, len < n ? n - len : 0, "%s%s", len ? "|" : "", b->name);
		}
	if (g & ~seen || !len)
		len += fmt(buf + len, len < n ? n - len : 0, "%s%#lx", len ? "|" : "", g & ~seen);
	return len;
}

/* --- the rest ----------------------------------------------------------------------------------------------------- */
const struct row *sub_find(const struct personality *p, unsigned sub, uint64_t nr)
{
	const struct subtab *s = &p->sub[sub];
	uint64_t key = memo_key(MEMO_SUB, sub, nr), known;
	if (memo_get(key, &known))
		return (const struct row *)known;
	for (unsigned i = 0; i < s->n; i++)
		if (s->row[i].nr == nr) {
			memo_put(key, (uint64_t)&s->row[i].row);
			return &s->row[i].row;
		}
	return NULL;
}
int errno_to_guest(const struct personality *p, int err)
{
	if (p->identity)
		return err;
	return err > 0 && err <= EHWPOISON && p->errno_of[err] ? p->errno_of[err] : p->errno_of[EINVAL];
}
int sig_to_host(const struct personality *p, long g)
{
	return g > 0 && (unsigned long)g < p->n_sig ? p->sig_in[g] : 0;
}
int sig_to_guest(const struct personality *p, int sig)
{
	return sig > 0 && sig <= 128 ? p->sig_out[sig] : 0;
}
