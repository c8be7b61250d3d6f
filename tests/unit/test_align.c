/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The alignment of two sequences: every script leads from one to the other, keeps what it says is the same, and is as
 * short as the longest common subsequence allows (counted here in the plain way), on small random ones, on long ones
 * with little in common (no more than in reasonable time), and where one side is empty.
 */
#include "unit.h"
#include "tools/diff/align.c"

static unsigned lcs(const uint64_t *a, unsigned na, const uint64_t *b, unsigned nb)
{
	static unsigned t[64][64];
	for (unsigned i = 0; i <= na; i++)
		for (unsigned j = 0; j <= nb; j++)
			t[i][j] = !i || !j ? 0 : a[i - 1] == b[j - 1] ? t[i - 1][j - 1] + 1 :
				t[i - 1][j] > t[i][j - 1] ? t[i - 1][j] : t[i][j - 1];
	return t[na][nb];
}
/* How many are the same. */
static unsigned check(const uint64_t *a, unsigned na, const uint64_t *b, unsigned nb, bool *cut)
{
	unsigned n, i = 0, j = 0, same = 0;
	struct step *s = align(a, na, b, nb, &n, cut);
	for (unsigned k = 0; k < n; k++) {
		assert_true(s[k].a >= 0 || s[k].b >= 0);
		if (s[k].a >= 0)
			assert_int_equal(s[k].a, i++);
		if (s[k].b >= 0)
			assert_int_equal(s[k].b, j++);
		if (s[k].a >= 0 && s[k].b >= 0) {
			assert_true(a[s[k].a] == b[s[k].b]);
			same++;
		}
	}
	assert_int_equal(i, na);
	assert_int_equal(j, nb);
	free(s);
	return same;
}
static void shortest(void **state)
{
	uint64_t a[60], b[60];
	bool cut;
	srandom(7);
	for (int round = 0; round < 20000; round++) {
		unsigned na = (unsigned)random() % 20, nb = (unsigned)random() % 20, kinds = 1 + (unsigned)random() % 6;
		for (unsigned i = 0; i < na; i++)
			a[i] = (unsigned long)random() % kinds;
		for (unsigned i = 0; i < nb; i++)
			b[i] = (unsigned long)random() % kinds;
		assert_int_equal(check(a, na, b, nb, &cut), lcs(a, na, b, nb));
		assert_false(cut);
	}
}
static void longer(void **state)
{
	enum { N = 20000 };
	uint64_t *a = calloc(N, sizeof *a), *b = calloc(N, sizeof *b);
	bool cut;
	srandom(8);
	for (unsigned i = 0; i < N; i++)
		a[i] = b[i] = (unsigned long)random();
	b[N / 2] = 1;
	assert_int_equal(check(a, N, b, N, &cut), N - 1);
	assert_false(cut);
	assert_int_equal(check(a, N, b + 100, N - 100, &cut), N - 101);
	for (unsigned i = 0; i < N; i += 3)
		b[i] = (unsigned long)random();
	assert_true(check(a, N, b, N, &cut) > N / 2);    /* too different to be sure, but what is there is found */
	assert_true(cut);
	for (unsigned i = 0; i < N; i++)
		b[i] = (unsigned long)random() | 1ul << 40;
	assert_int_equal(check(a, N, b, N, &cut), 0);
	assert_int_equal(check(a, 0, b, 5, &cut), 0);
	assert_int_equal(check(a, 5, b, 0, &cut), 0);
	assert_int_equal(check(a, 0, b, 0, &cut), 0);
	free(a), free(b);
}
int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(shortest), cmocka_unit_test(longer) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
