/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What two runs printed. Text is aligned line by line and its first hunks are told as diff does; anything else by the
 * first byte that differs, with its neighbours in hexadecimal. Beyond what was kept only lengths and sums are known.
 */
#include <stdlib.h>
#include <string.h>
#include "tools/diff/diff.h"

#define MOST_LINES 200000u
#define MOST_SHOWN 60u                   /* lines of hunks */
#define AROUND 3

struct lines { const char **at; size_t *len; uint64_t *key; unsigned n; };

static size_t utf8(const unsigned char *s, size_t n)
{
	static const unsigned char lo[] = { 0, 0, 0xc2, 0xe0, 0xf0 }, hi[] = { 0, 0, 0xdf, 0xef, 0xf4 };
	if (*s < 0x80)
		return 1;
	for (size_t k = 2; k <= 4 && k <= n; k++) {
		if (*s < lo[k] || *s > hi[k])
			continue;
		for (size_t i = 1; i < k; i++)
			if ((s[i] & 0xc0) != 0x80)
				return 0;
		bool over = (k == 3 && *s == 0xe0 && s[1] < 0xa0) || (k == 4 && *s == 0xf0 && s[1] < 0x90) ||
			(k == 3 && *s == 0xed && s[1] > 0x9f) || (k == 4 && *s == 0xf4 && s[1] > 0x8f);
		return over ? 0 : k;
	}
	return 0;
}
char *visible(const char *s, size_t n)
{
	static const char hex[] = "0123456789abcdef";
	char *to = malloc(n * 4 + 1), *p = to;
	if (!to)
		abort();
	for (size_t i = 0, k; i < n; i += k ? k : 1) {
		unsigned char c = (unsigned char)s[i];
		k = utf8((const unsigned char *)s + i, n - i);
		if (c == '\n' || c == '\t' || c == '\r' || c == '\\') {
			*p++ = '\\';
			*p++ = c == '\n' ? 'n' : c == '\t' ? 't' : c == '\r' ? 'r' : '\\';
		} else if (!k || c < ' ' || c == 127 || (c == 0xc2 && (unsigned char)s[i + 1] < 0xa0)) {
			*p++ = '\\', *p++ = 'x', *p++ = hex[c >> 4], *p++ = hex[c & 15];
			k = 1;
		} else {
			memcpy(p, s + i, k);
			p += k;
		}
	}
	*p = 0;
	return to;
}
static bool is_text(const char *s, size_t n)
{
	for (size_t i = 0, k; i < n; i += k) {
		k = utf8((const unsigned char *)s + i, n - i);
		if (!s[i] || (!k && n - i > 4))
			return false;
		k = k ? k : 1;
	}
	return true;
}
static struct lines split(const char *s, size_t n)
{
	struct lines l = { 0 };
	unsigned room = 0;
	for (size_t at = 0; at < n && l.n < MOST_LINES;) {
		const char *end = memchr(s + at, '\n', n - at);
		size_t len = end ? (size_t)(end - s) - at + 1 : n - at;
		if (l.n == room) {
			room = room ? room * 2 : 64;
			l.at = realloc(l.at, room * sizeof *l.at);
			l.len = realloc(l.len, room * sizeof *l.len);
			l.key = realloc(l.key, room * sizeof *l.key);
			if (!l.at || !l.len || !l.key)
				abort();
		}
		uint64_t h = 0xcbf29ce484222325ull;
		for (size_t i = 0; i < len; i++)
			h = (h ^ (unsigned char)s[at + i]) * 0x100000001b3ull;
		l.at[l.n] = s + at, l.len[l.n] = len, l.key[l.n++] = h;
		at += len;
	}
	return l;
}
static void put_line(FILE *f, char mark, const struct lines *l, int i)
{
	size_t len = l->len[i];
	bool end = len && l->at[i][len - 1] == '\n';
	char *v = visible(l->at[i], MIN(len - end, 400ul));
	fprintf(f, "%c%s%s%s\n", mark, v, len - end > 400 ? "..." : "", end ? "" : " (no end of line)");
	free(v);
}
static char *hunks(const struct lines *a, const struct lines *b, unsigned *first)
{
	char *text = NULL;
	size_t n_text;
	FILE *f = open_memstream(&text, &n_text);
	unsigned n, shown = 0, last = 0;
	bool cut, begun = false;
	struct step *s = align(a->key, a->n, b->key, b->n, &n, &cut);

	*first = 0;
	for (unsigned i = 0; i < n; i++) {
		if (s[i].a >= 0 && s[i].b >= 0)
			continue;
		if (!*first)
			*first = 1 + (i ? (unsigned)(s[i - 1].b < 0 ? s[i - 1].a : s[i - 1].a < 0 ? s[i - 1].b : s[i - 1].a) + 1 : 0);
		if (shown >= MOST_SHOWN) {
			fprintf(f, "... and more\n");
			break;
		}
		unsigned from = i > AROUND ? i - AROUND : 0, to = i;
		if (from < last)
			from = last;
		if (begun && from > last)
			fprintf(f, "...\n");
		begun = true;
		while (to < n && to - i < MOST_SHOWN && (s[to].a < 0 || s[to].b < 0))
			to++;
		for (unsigned k = from; k < MIN(to + AROUND, n) && shown < MOST_SHOWN; k++, shown++) {
			if (k >= to && (s[k].a < 0 || s[k].b < 0))
				break;
			put_line(f, s[k].b < 0 ? '-' : s[k].a < 0 ? '+' : ' ', s[k].b < 0 || s[k].a >= 0 ? a : b, s[k].a >= 0 ? s[k].a : s[k].b);
			last = k + 1;
		}
		i = last ? last - 1 : i;
	}
	fclose(f);
	free(s);
	return text;
}
static void put_hex(FILE *f, char mark, const char *s, size_t n, size_t at)
{
	size_t from = at > 8 ? (at - 8) & ~(size_t)7 : 0;
	fprintf(f, "%c%08zx ", mark, from);
	for (size_t i = from; i < MIN(from + 24, n); i++)
		fprintf(f, " %02x", (unsigned char)s[i]);
	fprintf(f, from + 24 < n ? " ...\n" : "\n");
}
static char *bytes(const char *a, size_t na, const char *b, size_t nb, size_t *at)
{
	char *text = NULL;
	size_t n_text;
	FILE *f = open_memstream(&text, &n_text);
	for (*at = 0; *at < na && *at < nb && a[*at] == b[*at];)
		++*at;
	put_hex(f, '-', a, na, *at);
	put_hex(f, '+', b, nb, *at);
	fclose(f);
	return text;
}
/* The program's own path is each side's own. */
static char *prepared(const struct side *s, unsigned i, size_t *n)
{
	const struct blob *o = &s->out[i];
	size_t len = s->program ? strlen(s->program) : 0, done = 0;
	char *text = malloc(o->n + 1), *to = text;
	if (!text)
		abort();
	while (len && rule_noise("program") && o->n - done >= len) {
		const char *hit = memmem(o->at + done, o->n - done, s->program, len);
		size_t k = hit ? (size_t)(hit - o->at) - done : 0;
		if (!hit)
			break;
		memcpy(to, o->at + done, k);
		to += k;
		done += k + len;
		memcpy(to, "(the program)", MIN(len, 13ul));
		to += MIN(len, 13ul);
	}
	if (o->n > done)
		memcpy(to, o->at + done, o->n - done);
	to += o->n - done;
	char *out = rule_text(text, (size_t)(to - text), n);
	free(text);
	return out;
}
void compare_output(struct result *r, unsigned i, unsigned facet)
{
	const struct blob *a = &r->side[0].out[i], *b = &r->side[1].out[i];
	const char *name = facet_name(facet);
	size_t na, nb, at = 0;
	unsigned line = 0;

	if (a->total == b->total && a->hash == b->hash)
		return;
	char *x = prepared(&r->side[0], i, &na), *y = prepared(&r->side[1], i, &nb);
	bool same = na == nb && !memcmp(x, y, na);
	if (same && !a->cut && !b->cut) {
		;
	} else if (same) {
		find(r, facet, "%s differs beyond its first %zu bytes: %llu bytes in A, %llu in B", name, a->n,
		     (unsigned long long)a->total, (unsigned long long)b->total);
	} else if (is_text(x, na) && is_text(y, nb)) {
		struct lines l = split(x, na), m = split(y, nb);
		r->hunks[i] = hunks(&l, &m, &line);
		find(r, facet, "%s differs from line %u on (%llu bytes in A, %llu in B)", name, line, (unsigned long long)a->total,
		     (unsigned long long)b->total);
		free(l.at), free(l.len), free(l.key), free(m.at), free(m.len), free(m.key);
	} else {
		r->hunks[i] = bytes(x, na, y, nb, &at);
		find(r, facet, "%s differs from byte %zu on (%llu bytes in A, %llu in B; not text)", name, at + 1,
		     (unsigned long long)a->total, (unsigned long long)b->total);
	}
	free(x), free(y);
}
