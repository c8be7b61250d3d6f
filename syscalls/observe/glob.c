/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The patterns of a policy. "*" stops at a slash, "**" does not, "?" and [...] are one character that is no slash, "\"
 * takes the next as it is; "DIR/" and "**" behind it mean DIR itself, too. Time is bounded by pattern times text,
 * whatever a guest makes its names look like.
 */
#include "policy.h"

/* [a-z], [!a-z] at *g: does c fit? *g is moved behind it. Without an end it is a plain bracket. */
static bool in_class(const char **g, char c)
{
	const char *s = *g + 1;
	bool invert = *s == '!' || *s == '^', in = false;
	s += invert;
	const char *first = s;
	for (; *s && (*s != ']' || s == first); s++) {
		unsigned char lo = (unsigned char)*s, hi = lo;
		if (s[1] == '-' && s[2] && s[2] != ']')
			hi = (unsigned char)s[2], s += 2;
		in |= (unsigned char)c >= lo && (unsigned char)c <= hi;
	}
	if (!*s) {
		++*g;
		return c == '[';
	}
	*g = s + 1;
	return in != invert && c != '/';
}
/* The number itself at the text: how long it is, 0 if another stands there. */
static size_t own_number(const char *t, size_t n, int self)
{
	char d[16];
	size_t len = fmt(d, sizeof d, "%d", self);
	bool same = len <= n && !str_ncmp(d, t, len);
	return same && (len == n || t[len] < '0' || t[len] > '9') ? len : 0;
}
/* One step that is no star: false if it does not fit. */
static bool step(const char **g, const char **t, const char *end, int self)
{
	char c = **t;
	size_t n;
	switch (**g) {
	case 0:
		return false;
	case '?':
		++*g, ++*t;
		return c != '/';
	case '[':
		++*t;
		return in_class(g, c);
	case POLICY_PID:
		n = own_number(*t, (size_t)(end - *t), self);
		++*g, *t += n;
		return n != 0;
	case '\\':
		*g += (*g)[1] != 0;
		break;
	}
	++*t;
	return *(*g)++ == c;
}
static bool tail_is_all(const char *g) { return g[0] == '/' && g[1] == '*' && g[2] == '*' && !g[3]; }

bool glob_match(const char *g, const char *t, size_t n, int self, bool below)
{
	const char *end = t + n, *one_g = NULL, *one_t = NULL, *all_g = NULL, *all_t = NULL;

	for (;;) {
		if (g[0] == '*' && g[1] == '*') {
			all_g = g += 2, all_t = t, one_g = NULL;
			if (!*g)
				return true;
			continue;
		}
		if (g[0] == '*') {
			one_g = ++g, one_t = t;
			continue;
		}
		if (t == end) {
			if (!*g || below || tail_is_all(g))
				return true;
		} else if (step(&g, &t, end, self)) {
			continue;
		}
		if (one_g && one_t < end && *one_t != '/') {
			g = one_g, t = ++one_t;
		} else if (all_g && all_t < end) {
			g = all_g, t = ++all_t, one_g = NULL;
		} else {
			return false;
		}
	}
}
