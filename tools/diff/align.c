/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The shortest way from one sequence of keys to another (Myers, "An O(ND) Difference Algorithm and Its Variations"): what
 * both begin and end with is taken off first, the rest is found by its furthest-reaching paths, which are kept for the
 * way back. Sequences that have nearly nothing in common would cost the square of their length: from DEEP differences
 * on, the way that got furthest is taken and the search begins anew behind it, which may miss a shorter one.
 */
#include <stdlib.h>
#include <string.h>
#include "tools/diff/diff.h"

#define DEEP 2000

struct work {
	const uint64_t *a, *b;
	struct step *step;
	unsigned n, room;
	bool cut;
};
static void emit(struct work *w, int a, int b)
{
	if (w->n == w->room) {
		w->room = w->room ? w->room * 2 : 256;
		if (!(w->step = realloc(w->step, w->room * sizeof *w->step)))
			abort();
	}
	w->step[w->n++] = (struct step){ a, b };
}
/* Back from where depth d ended on diagonal k; trace[d] holds the furthest x of depth d for k = -d, -d+2, ... */
static void way_back(struct work *w, int **trace, int d, int k, int x, unsigned a0, unsigned b0)
{
	unsigned first = w->n;
	for (; d >= 0; d--) {
		int y = x - k, from_k = 0, from_x = 0;
		bool down = false;
		if (d) {
			const int *v = trace[d - 1];
			int left = k - 1 >= -(d - 1) && k - 1 <= d - 1 ? v[(k - 1 + d - 1) / 2] : -1;
			int up = k + 1 >= -(d - 1) && k + 1 <= d - 1 ? v[(k + 1 + d - 1) / 2] : -1;
			down = k == -d || (k != d && left < up);
			from_k = down ? k + 1 : k - 1;
			from_x = down ? up : left;
		}
		int begin_x = d ? (down ? from_x : from_x + 1) : 0, begin_y = begin_x - k;
		while (x > begin_x && y > begin_y)
			x--, y--, emit(w, (int)a0 + x, (int)b0 + y);
		if (d)
			emit(w, down ? -1 : (int)a0 + from_x, down ? (int)b0 + from_x - from_k : -1);
		x = from_x;
		k = from_k;
	}
	for (unsigned i = first, j = w->n; i + 1 < j; i++) {     /* it was found from its end */
		struct step s = w->step[i];
		w->step[i] = w->step[--j];
		w->step[j] = s;
	}
}
/* Aligns as far as DEEP differences go; where that ended. */
static void search(struct work *w, unsigned *a0, unsigned na, unsigned *b0, unsigned nb)
{
	const uint64_t *a = w->a + *a0, *b = w->b + *b0;
	int n = (int)(na - *a0), m = (int)(nb - *b0), most = n + m < DEEP ? n + m : DEEP, best_k = 0, best_x = 0, d = 0;
	int **trace = calloc((size_t)most + 1, sizeof *trace);

	if (!trace)
		abort();
	for (bool found = false; !found; d++) {
		int *v = trace[d] = malloc(((size_t)d + 1) * sizeof *v), best = -1;
		if (!v)
			abort();
		for (int k = -d; k <= d; k += 2) {
			const int *u = d ? trace[d - 1] : NULL;
			int left = d && k - 1 >= -(d - 1) && k - 1 <= d - 1 ? u[(k - 1 + d - 1) / 2] : -1;
			int up = d && k + 1 >= -(d - 1) && k + 1 <= d - 1 ? u[(k + 1 + d - 1) / 2] : -1;
			int x = !d ? 0 : k == -d || (k != d && left < up) ? up : left + 1, y = x - k;
			while (x < n && y < m && a[x] == b[y])
				x++, y++;
			v[(k + d) / 2] = x;
			bool inside = x <= n && y <= m;
			if (inside && x + y > best)
				best = x + y, best_k = k, best_x = x;
			if (x == n && y == m) {
				best_k = k, best_x = x, found = true;
				break;
			}
		}
		if (found || d == most)
			break;
	}
	if (best_x - best_k >= 0 && best_k >= -d && best_k <= d && (best_k + d) % 2 == 0)
		way_back(w, trace, d, best_k, best_x, *a0, *b0);
	else
		best_k = best_x = 0;
	for (int i = 0; i <= d; i++)
		free(trace[i]);
	free(trace);
	*a0 += (unsigned)best_x;
	*b0 += (unsigned)(best_x - best_k);
}
struct step *align(const uint64_t *a, unsigned na, const uint64_t *b, unsigned nb, unsigned *n, bool *cut)
{
	struct work w = { .a = a, .b = b };
	unsigned i = 0, j = 0, tail = 0;

	for (; i < na && i < nb && a[i] == b[i]; i++)
		emit(&w, (int)i, (int)i);
	j = i;
	while (na - tail > i && nb - tail > j && a[na - tail - 1] == b[nb - tail - 1])
		tail++;
	for (unsigned again = 0; i < na - tail && j < nb - tail; again++) {
		unsigned before = i + j;
		w.cut |= again > 0;
		search(&w, &i, na - tail, &j, nb - tail);
		if (i + j == before)
			break;
	}
	while (i < na - tail)
		emit(&w, (int)i++, -1);
	while (j < nb - tail)
		emit(&w, -1, (int)j++);
	for (; tail; tail--)
		emit(&w, (int)(na - tail), (int)(nb - tail));
	*n = w.n;
	*cut = w.cut;
	return w.step ? w.step : calloc(1, sizeof *w.step);
}
