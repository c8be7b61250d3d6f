/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Names that will be others in the next run (--learn): what a run made itself and what looks made up, numbers of processes
 * below /proc. Each becomes a pattern; a name that has a pattern in the file already, by that.
 */
#include <ctype.h>
#include <limits.h>
#define entry search_entry               /* its name for something else; ours is a record (ring.h) */
#include <search.h>
#undef entry
#include <stdlib.h>
#include <string.h>
#include "tools/audit/audit.h"

static void *made, *pids;            /* trees of texts */

static int by_text(const void *a, const void *b) { return strcmp(a, b); }
void text_add(void **tree, const char *text)
{
	if (tfind(text, tree, by_text))
		return;
	char *copy = strdup(text);
	if (!copy || !tsearch(copy, tree, by_text))
		abort();
}
void others_made(const char *path) { text_add(&made, path); }
void others_number(const char *pid) { text_add(&pids, pid); }

static bool all_of(const char *s, size_t n, int (*is)(int))
{
	for (size_t i = 0; i < n; i++)
		if (!is((unsigned char)s[i]))
			return false;
	return n > 0;
}
static int is_hex(int c) { return isdigit(c) || (c >= 'a' && c <= 'f'); }
/* Six characters or more, as mktemp makes them, or many digits: no word. */
static bool random_part(const char *s, size_t n)
{
	bool upper = false, lower = false, digit = false;
	if (!all_of(s, n, isalnum))
		return false;
	for (size_t i = 0; i < n; i++)
		upper |= isupper((unsigned char)s[i]), lower |= islower((unsigned char)s[i]), digit |= isdigit((unsigned char)s[i]);
	if (digit && !upper && !lower)
		return n >= 4;
	return n >= 6 && upper + lower + digit >= 2;
}
static void put_glob(char **to, const char *s, size_t n)
{
	for (; n; n--, s++) {
		if (*s && strchr("*?[\\$", *s))
			*(*to)++ = '\\';
		*(*to)++ = *s;
	}
}
/* A name that the run made, part by part between dots and dashes: what looks made up becomes a star. */
static void put_made(char **to, const char *s, size_t n)
{
	if (all_of(s, n, is_hex) && (n == 2 || n >= 16)) {       /* named by its contents, as git does */
		*to += sprintf(*to, n == 2 ? "??" : "*");
		return;
	}
	for (bool first = true; n; first = false) {
		size_t k = 0, head = 0;
		char text[32];
		while (k < n && isalnum((unsigned char)s[k]))
			k++;
		snprintf(text, sizeof text, "%.*s", (int)MIN(k, 30ul), s);
		if (k && (random_part(s, k) || tfind(text, &pids, by_text))) {
			while (first && k > 7 && head < k - 6 && islower((unsigned char)s[head]))
				head++;          /* "ccXXXXXX" */
			put_glob(to, s, head);
			*(*to)++ = '*';
		} else {
			put_glob(to, s, k);
		}
		if (k < n)
			put_glob(to, s + k++, 1);
		s += k, n -= k;
	}
}
static bool was_made(const char *path, size_t n)
{
	char text[PATH_MAX + 64];
	snprintf(text, sizeof text, "%.*s", (int)n, path);
	return tfind(text, &made, by_text) != NULL;
}
/* What an earlier run made and this one met again has its pattern in the file. */
static char **known;
static size_t n_known;
void others_know(const char *glob)
{
	if (!strpbrk(glob, "*?") || strstr(glob, "$PID") || *glob != '/')
		return;
	if (!(known = realloc(known, (n_known + 1) * sizeof *known)) || !(known[n_known++] = strdup(glob)))
		abort();
}
/* A path as a pattern. */
char *others_pattern(const char *path)
{
	char *buf = malloc(4 * strlen(path) + 16), *to = buf;
	size_t at = 0;

	if (!buf)
		abort();
	for (size_t i = 0; i < n_known; i++)
		if (glob_match(known[i], path, strlen(path), 0, false)) {
			free(buf);
			return strdup(known[i]);
		}
	if (!strcmp(path, "fd:"))
		return strcpy(buf, "fd:**");
	if (*path != '/') {                      /* pipe:[123], anon_inode:[...] */
		*to++ = '*', *to++ = '*';
		put_glob(&to, path, strcspn(path, "0123456789["));
		*to++ = '*';
		*to = 0;
		return buf;
	}
	bool in_proc = !strncmp(path, "/proc/", 6);
	while (path[at]) {
		size_t from = at + 1, n = strcspn(path + from, "/");
		bool number = in_proc && all_of(path + from, n, isdigit) && (at == 5 || !strncmp(path + at - 5, "/task", 5));
		*to++ = '/';
		if (n == 1 && path[from] == POLICY_PID) {
			to += sprintf(to, "$PID");
		} else if (number) {
			*to++ = '*';
		} else if (was_made(path, from + n)) {
			put_made(&to, path + from, n);
		} else {
			put_glob(&to, path + from, n);
		}
		at = from + n;
	}
	*to = 0;
	return buf;
}
