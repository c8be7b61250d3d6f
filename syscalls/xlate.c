/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Scalars both ways, from declared tables only. A set's rows lie together in the personality's bits table; where each set
 * begins is found once at start. A value that no row explains is the guest's mistake (-EINVAL) and is counted; under an
 * identity personality it is the host's to judge and passes unchanged.
 */
#include "host.h"
#include "row.h"

static struct { uint16_t first, n; } set_rows[N_SET];

static void sub_order(struct subtab *s)
{
	s->order = mem_alloc(s->n * sizeof *s->order + 1);
	for (unsigned i = 0; i < s->n; i++) {
		unsigned j = i;
		for (; j && s->row[s->order[j - 1]].nr > s->row[i].nr; j--)
			s->order[j] = s->order[j - 1];
		s->order[j] = (uint16_t)i;
	}
}
void xlate_start(const struct personality *p)
{
	for (unsigned i = 0; p->bits[i].name; i++) {
		unsigned set = p->bits[i].set;
		if (!set_rows[set].n)
			set_rows[set].first = (uint16_t)i;
		set_rows[set].n = (uint16_t)(i - set_rows[set].first + 1);
	}
	for (unsigned i = 1; p->sub && i < N_SUB; i++)
		if (p->sub[i].n)
			sub_order(&p->sub[i]);
}
long set_to_host(const struct personality *p, unsigned set, uint64_t g, uint64_t *h)
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
			wrong = -(long)b->hval;
		}
	return g & ~seen ? wrong : 0;
}
uint64_t set_to_guest(const struct personality *p, unsigned set, uint64_t h)
{
	const struct bit *b = p->bits + set_rows[set].first, *end = b + set_rows[set].n;
	uint64_t g = 0, seen = 0;
	if (p->identity)
		return h;
	for (; b < end; b++)
		if ((h & b->hmask) == b->hval && !(seen & b->hmask)) {
			g |= b->gval;
			seen |= b->hmask;
		}
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
const struct row *sub_find(const struct personality *p, unsigned sub, uint64_t nr)
{
	const struct subtab *s = &p->sub[sub];
	unsigned lo = 0, hi = s->n;
	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;
		uint64_t here = s->row[s->order[mid]].nr;
		if (here == nr)
			return &s->row[s->order[mid]].row;
		if (here < nr)
			lo = mid + 1;
		else
			hi = mid;
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
	return sig > 0 && sig < 128 ? p->sig_out[sig] : 0;
}
