/* SPDX-License-Identifier: BSD-2-Clause
 *
 * As much of TOML as a policy needs: comments, key = value, [[table]], strings ("with escapes", 'as they are'), whole
 * numbers, true and false, lists of these over several lines. What is beyond that is refused by line, and reading goes
 * on behind it, so that one look tells all that is wrong.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "tools/audit/audit.h"
#include "tools/command.h"

struct reader { char *at; int line; struct problems *p; struct toml *t; };

void problem(struct problems *p, int line, const char *f, ...)
{
	va_list ap;
	struct mistake *m = realloc(p->list, (p->n + 1) * sizeof *m);
	if (!m)
		refuse("no memory for a policy");
	p->list = m;
	m[p->n] = (struct mistake){ line, p->n, NULL };
	va_start(ap, f);
	if (vasprintf(&m[p->n].text, f, ap) < 0)
		m[p->n].text = NULL;
	va_end(ap);
	p->n++;
}
static int by_line(const void *a, const void *b)
{
	const struct mistake *x = a, *y = b;
	return x->line != y->line ? x->line - y->line : (int)x->nr - (int)y->nr;
}
/* They were found in several passes, and are told from top to bottom. */
void problems_tell(struct problems *p)
{
	fflush(stdout);
	qsort(p->list, p->n, sizeof *p->list, by_line);
	for (unsigned i = 0; i < p->n; i++)
		fprintf(stderr, "%s:%d: %s\n", p->file, p->list[i].line, p->list[i].text ? p->list[i].text : "?");
}
static void *more(void *at, size_t n, size_t size)
{
	void *new = realloc(at, (n + 1) * size);
	if (!new)
		refuse("no memory for a policy");
	memset((char *)new + n * size, 0, size);
	return new;
}

/* --- blanks ------------------------------------------------------------------------------------------------------- */
static void skip_blanks(struct reader *r) { r->at += strspn(r->at, " \t\r"); }
static void skip_line(struct reader *r) { r->at += strcspn(r->at, "\n"); }
/* Also over ends of lines and comments, as between the values of a list. */
static void skip_all(struct reader *r)
{
	for (;;) {
		skip_blanks(r);
		if (*r->at == '#')
			skip_line(r);
		if (*r->at != '\n')
			return;
		r->at++;
		r->line++;
	}
}

/* --- values ------------------------------------------------------------------------------------------------------- */
static int hex_digits(const char *s, int n)
{
	int v = 0;
	for (int i = 0; i < n; i++) {
		if (!isxdigit((unsigned char)s[i]))
			return -1;
		v = v * 16 + (isdigit((unsigned char)s[i]) ? s[i] - '0' : tolower((unsigned char)s[i]) - 'a' + 10);
	}
	return v;
}
static char *put_utf8(char *to, unsigned c)
{
	if (c < 0x80)
		*to++ = (char)c;
	else if (c < 0x800)
		*to++ = (char)(0xc0 | c >> 6), *to++ = (char)(0x80 | (c & 63));
	else
		*to++ = (char)(0xe0 | c >> 12), *to++ = (char)(0x80 | (c >> 6 & 63)), *to++ = (char)(0x80 | (c & 63));
	return to;
}
/* Behind a backslash; NULL: no such escape. \xHH is any byte: names of files need not be UTF-8. */
static char *escape(struct reader *r, char *to)
{
	static const char from[] = "btnfre\"\\", is[] = "\b\t\n\f\r\033\"\\";
	const char *p = *r->at ? strchr(from, *r->at) : NULL;
	int v;

	if (p) {
		*to++ = is[p - from];
		r->at++;
		return to;
	}
	if (*r->at == 'x' && (v = hex_digits(r->at + 1, 2)) > 0) {
		*to++ = (char)v;
		r->at += 3;
		return to;
	}
	if (*r->at == 'u' && (v = hex_digits(r->at + 1, 4)) > 0) {
		r->at += 5;
		return put_utf8(to, (unsigned)v);
	}
	return NULL;
}
static bool read_text(struct reader *r, struct item *i)
{
	char quote = *r->at++, *from = r->at, *to = malloc(strcspn(from, "\n") + 1);

	if (!to)
		refuse("no memory for a policy");
	i->text = to;
	while (*r->at && *r->at != '\n' && *r->at != quote) {
		if (quote == '"' && *r->at == '\\') {
			r->at++;
			if (!(to = escape(r, to))) {
				problem(r->p, r->line, "\\%c is no escape; there are \\\\ \\\" \\n \\t \\r \\xHH \\uHHHH, and none between ' and '",
					*r->at && *r->at != '\n' ? *r->at : ' ');
				return false;
			}
		} else {
			*to++ = *r->at++;
		}
	}
	*to = 0;
	if (*r->at != quote) {
		problem(r->p, r->line, "a string has no end; close it with %c on the same line", quote);
		return false;
	}
	r->at++;
	return true;
}
static bool read_word(struct reader *r, struct item *i)
{
	size_t n = strcspn(r->at, " \t\r\n,]#");
	char word[64], *end;

	snprintf(word, sizeof word, "%.*s", (int)n, r->at);
	r->at += n;
	if (!strcmp(word, "true") || !strcmp(word, "false")) {
		i->type = I_BOOL;
		i->number = word[0] == 't';
		return true;
	}
	i->type = I_NUMBER;
	bool octal = !strncmp(word, "0o", 2);
	i->number = octal ? strtol(word + 2, &end, 8) : strtol(word, &end, strncmp(word, "0x", 2) ? 10 : 16);
	if (n && n < sizeof word && !*end && end != word)
		return true;
	problem(r->p, r->line, "%s is no value; a value is \"text\", a number, true, false, or a list of them in [ ]",
		n ? word : "nothing");
	return false;
}
static bool read_item(struct reader *r, struct pair *p)
{
	p->item = more(p->item, p->n, sizeof *p->item);
	struct item *i = &p->item[p->n];
	i->line = r->line;
	bool good = *r->at == '"' || *r->at == '\'' ? read_text(r, i) : read_word(r, i);
	p->n += good;
	return good;
}
static bool read_list(struct reader *r, struct pair *p)
{
	p->list = true;
	r->at++;
	for (;;) {
		skip_all(r);
		if (*r->at == ']') {
			r->at++;
			return true;
		}
		if (!*r->at || *r->at == '=') {
			problem(r->p, p->line, "the list of %s has no end; close it with ]", p->key);
			return false;
		}
		if (!read_item(r, p))
			return false;
		skip_all(r);
		if (*r->at == ',') {
			r->at++;
		} else if (*r->at != ']') {
			problem(r->p, r->line, "between the values of a list stands a comma, and ] behind the last");
			return false;
		}
	}
}

/* --- lines -------------------------------------------------------------------------------------------------------- */
static bool end_of_line(struct reader *r)
{
	skip_blanks(r);
	if (*r->at == '#')
		skip_line(r);
	if (!*r->at || *r->at == '\n')
		return true;
	problem(r->p, r->line, "\"%.*s\" stands behind the value; each key has a line of its own",
		(int)MIN(strcspn(r->at, "\r\n"), 40ul), r->at);
	return false;
}
static bool read_pair(struct reader *r)
{
	struct table *t = &r->t->table[r->t->n - 1];
	size_t n = strspn(r->at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

	if (!n) {
		problem(r->p, r->line, "\"%.*s\" is neither key = value nor [[rule]] nor a # comment",
			(int)MIN(strcspn(r->at, "\r\n"), 40ul), r->at);
		return false;
	}
	char *key = strndup(r->at, n);
	r->at += n;
	skip_blanks(r);
	if (*r->at != '=') {
		problem(r->p, r->line, "there is no = behind %s; write %s = value", key, key);
		return false;
	}
	r->at++;
	skip_blanks(r);
	for (unsigned i = 0; i < t->n; i++)
		if (!strcmp(t->pair[i].key, key)) {
			problem(r->p, r->line, "%s is given twice, first on line %d; make it one list: %s = [..., ...]", key,
				t->pair[i].line, key);
			return false;
		}
	t->pair = more(t->pair, t->n, sizeof *t->pair);
	struct pair *p = &t->pair[t->n];
	*p = (struct pair){ .key = key, .line = r->line };
	bool good = (*r->at == '[' ? read_list(r, p) : read_item(r, p)) && end_of_line(r);
	t->n += good;
	return good;
}
static void new_table(struct reader *r, const char *name)
{
	r->t->table = more(r->t->table, r->t->n, sizeof *r->t->table);
	r->t->table[r->t->n++] = (struct table){ .name = name, .line = r->line };
}
static bool read_head(struct reader *r)
{
	bool twice = r->at[1] == '[';
	size_t n = strcspn(r->at, "]\n");
	char *name = strndup(r->at + 1 + twice, n - 1 - twice * (n > 1));

	if (!twice || r->at[n] != ']' || r->at[n + 1] != ']' || strcmp(name, "rule")) {
		problem(r->p, r->line, "%.*s is no table of a policy; a rule begins with [[rule]]", (int)strcspn(r->at, "\r\n"), r->at);
		new_table(r, "?");               /* what stands below belongs to it all the same */
		return false;
	}
	r->at += n + 2;
	new_table(r, name);
	return end_of_line(r);
}
bool toml_read(struct toml *t, char *text, struct problems *p)
{
	struct reader r = { .at = text, .line = 1, .p = p, .t = t };
	unsigned before = p->n;

	*t = (struct toml){ .table = more(NULL, 0, sizeof *t->table), .n = 1 };
	for (;;) {
		skip_all(&r);
		if (!*r.at)
			return p->n == before;
		if (!(*r.at == '[' ? read_head(&r) : read_pair(&r)))
			skip_line(&r);
	}
}
