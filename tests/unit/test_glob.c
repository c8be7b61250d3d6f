/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The patterns of policies: against a table, against a slow matcher that tries everything, and that no pattern takes long.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "unit.h"
#include "syscalls/observe/policy.h"

static bool fits(const char *g, const char *t) { return glob_match(g, t, strlen(t), 77, false); }

static void table(void **state)
{
	static const struct { const char *glob, *text; bool fits; } rows[] = {
		{ "/a", "/a", true }, { "/a", "/ab", false }, { "/ab", "/a", false }, { "", "", true }, { "", "a", false },
		{ "/a/*", "/a/b", true }, { "/a/*", "/a/", true }, { "/a/*", "/a", false }, { "/a/*", "/a/b/c", false },
		{ "/a/**", "/a/b/c", true }, { "/a/**", "/a", true }, { "/a/**", "/ab", false }, { "/a**", "/ab/c", true },
		{ "**", "", true }, { "**", "/x/y", true }, { "**/x", "/a/b/x", true }, { "**/x", "/x", true }, { "**/x", "/a/bx", false },
		{ "/*/x", "/a/x", true }, { "/*/x", "/a/b/x", false }, { "/**/x", "/a/b/x", true }, { "/**/x", "/x", false },
		{ "/a*c", "/abbc", true }, { "/a*c", "/ab/c", false }, { "/a*b*c", "/aXbYbZc", true }, { "/a*b*c", "/aXbYbZ", false },
		{ "/a?c", "/abc", true }, { "/a?c", "/a/c", false }, { "/a?", "/a", false },
		{ "/[a-c]x", "/bx", true }, { "/[a-c]x", "/dx", false }, { "/[!a-c]x", "/dx", true }, { "/[!a-c]x", "/ax", false },
		{ "/[]]", "/]", true }, { "/[!/]x", "//x", false }, { "/[a", "/[a", true }, { "/[a-", "/[a-", true },
		{ "/\\*", "/*", true }, { "/\\*", "/x", false }, { "/\\\\", "/\\", true }, { "/a\\", "/a\\", true }, { "/\\[a]", "/[a]", true },
		{ "/proc/\1/fd", "/proc/77/fd", true }, { "/proc/\1/fd", "/proc/7/fd", false }, { "/proc/\1", "/proc/77", true },
		{ "/proc/\1", "/proc/777", false }, { "/proc/\1*", "/proc/77x", true }, { "/a\n\"b", "/a\n\"b", true },
		{ "/\xff*", "/\xff\xfe", true }, { "/[\xf0-\xff]", "/\xf5", true },
	};
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
		if (fits(rows[i].glob, rows[i].text) != rows[i].fits)
			fail_msg("\"%s\" and \"%s\"", rows[i].glob, rows[i].text);
}
static void below(void **state)
{
	static const struct { const char *glob, *dir; bool is; } rows[] = {
		{ "/a/b/c", "/a/", true }, { "/a/b/c", "/a/b/", true }, { "/a/b/c", "/a/b/c/", false }, { "/a/b/c", "/b/", false },
		{ "/a/*/c", "/a/x/", true }, { "/a/*/c", "/a/x/y/", false }, { "/a/**", "/a/b/", true }, { "/a/**", "/b/", false },
		{ "/a/b/**", "/a/", true }, { "**/key", "/any/", true }, { "/a/b", "/", true }, { "/a*/b", "/abc/", true },
	};
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
		if (glob_match(rows[i].glob, rows[i].dir, strlen(rows[i].dir), 0, true) != rows[i].is)
			fail_msg("below \"%s\" and \"%s\"", rows[i].glob, rows[i].dir);
}
/* Every way a star can be read. */
static bool slow(const char *g, const char *t)
{
	if (!*g)
		return !*t;
	if (g[0] == '*' && g[1] == '*')
		return slow(g + 2, t) || (*t && slow(g, t + 1));
	if (!strcmp(g, "/**") && !*t)
		return true;
	if (g[0] == '*')
		return slow(g + 1, t) || (*t && *t != '/' && slow(g, t + 1));
	return *t && (g[0] == '?' ? *t != '/' : *g == *t) && slow(g + 1, t + 1);
}
static void all_short_ones(void **state)
{
	static const char in_glob[] = "ab/*?", in_text[] = "ab/";
	srand(1);
	for (unsigned n = 0; n < 400000; n++) {
		char g[10] = "", t[10] = "";
		for (int i = 0, k = rand() % 8; i < k; i++)
			g[i] = in_glob[rand() % 5];
		for (int i = 0, k = rand() % 9; i < k; i++)
			t[i] = in_text[rand() % 3];
		if (strstr(g, "***"))
			continue;
		if (fits(g, t) != slow(g, t))
			fail_msg("\"%s\" and \"%s\"", g, t);
	}
}
static void never_long(void **state)
{
	static char g[4000], t[60000];
	clock_t begin = clock();
	for (unsigned i = 0; i + 3 < sizeof g; i += 3)
		memcpy(g + i, i % 2 ? "*a*" : "**a", 3);
	memset(t, 'a', sizeof t - 1);
	g[sizeof g - 2] = 'b';
	fits(g, t);
	assert_true(clock() - begin < 20 * CLOCKS_PER_SEC);
}
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table), cmocka_unit_test(below), cmocka_unit_test(all_short_ones), cmocka_unit_test(never_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
