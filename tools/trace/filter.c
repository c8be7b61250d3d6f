/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What -e says, made into sets of call numbers for every system there is, before the run begins: in the guest the
 * question is one bit. Names come from the rows, and so do classes (classes.c); what is to be injected is inject.c's.
 */
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include "tools/command.h"
#include "tools/trace/trace.h"

/* --- sets of numbers ---------------------------------------------------------------------------------------------- */
static void put_nr(nrset *s, unsigned pers, unsigned tab, unsigned nr, bool in)
{
	unsigned bit = MIN(nr, MOST_NRS - 1u);
	uint64_t *w = &(*s)[pers][tab][bit / 64], m = 1ull << bit % 64;
	*w = in ? *w | m : *w & ~m;
}
struct match { const char *name; const struct class *class; regex_t *re; bool all; };

static bool matches(const struct match *m, const struct row *r)
{
	if (m->all)
		return true;
	if (!r->name)
		return false;
	if (m->class)
		return class_holds(m->class, r);
	if (m->re)
		return !regexec(m->re, r->name, 0, NULL, 0);
	return !strcmp(r->name, m->name);
}
static unsigned mark(nrset *s, const struct match *m, bool in)
{
	unsigned n = 0;
	for (EACH_PERS(p))
		for (unsigned t = 0; t < PERS(p)->n_tab && t < MOST_TABS; t++)
			for (unsigned nr = 0; nr < MOST_NRS; nr++) {
				static const struct row none;
				const struct systab *y = &PERS(p)->tab[t];
				if (!matches(m, nr < y->n ? &y->row[nr] : &none))
					continue;
				put_nr(s, p, t, nr, in);
				n++;
			}
	return n;
}
const char *filter_word(nrset *s, const char *word, bool in)
{
	static char why[256];
	struct match m = { .name = word };
	regex_t re;
	size_t len = strlen(word);
	int e;

	bool perhaps = word[0] == '?';   /* it need not be there */
	m.name = word += perhaps;
	len -= perhaps;
	if (word[0] == '%' && !(m.class = class_find(word + 1)))
		return "there is no such class; there are "
		       "%file %desc %network %memory %process %signal %ipc %clock %creds %pure "
		       "%stat %lstat %fstat %statfs %fstatfs %%stat %%statfs %unseen";
	if (!strcmp(word, "all"))
		m.all = true;
	if (word[0] == '/') {
		char *text = strndup(word + 1, len > 1 && word[len - 1] == '/' ? len - 2 : len - 1);
		if ((e = regcomp(&re, text, REG_EXTENDED | REG_NOSUB))) {
			regerror(e, &re, why, sizeof why);
			return why;
		}
		m.re = &re;
		free(text);
	}
	bool none = strcmp(word, "none") && !mark(s, &m, in) && !m.class;
	if (none && (m.class = class_find(word)))        /* "file" for "%file", as strace had it */
		none = !mark(s, &m, in);
	if (m.re)
		regfree(&re);
	if (!none || perhaps)
		return NULL;
	return strpbrk(word, "*?[") ? "no system has such a call; a pattern is a regular expression, /^open/" : "no system has such a call";
}
static void mark_word(nrset *s, const char *word, bool in)
{
	const char *why = filter_word(s, word, in);
	if (why)
		refuse("-e %s: %s", word, why);
}
/* "a,b,/c/,%d", "!a,b": all but these; "%file,!stat" */
void filter_list(nrset *s, const char *text)
{
	bool invert = text[0] == '!', in = true;
	char *list = strdup(text + invert), *at = list;

	if (invert)
		mark(s, &(struct match){ .all = true }, true), in = false;
	while (at && *at) {
		bool re = at[*at == '!'] == '/';
		char *end = re ? strchr(at + 1 + (*at == '!'), '/') : NULL;
		char *comma = strchr(end ? end : at, ',');
		if (comma)
			*comma = 0;
		if (*at == '!')
			mark_word(s, at + 1, !in);
		else
			mark_word(s, at, in);
		at = comma ? comma + 1 : NULL;
	}
	free(list);
}

/* --- all ---------------------------------------------------------------------------------------------------------- */
static bool chosen;                  /* some -e said which calls */

void filter_status(const char *text)
{
	static const struct { const char *name; unsigned bit; } st[] = {
		{ "successful", ST_SUCCESS }, { "failed", ST_FAILED }, { "unfinished", ST_UNFINISHED }, { "none", 0 },
		{ "all", ST_SUCCESS | ST_FAILED | ST_UNFINISHED }, { "unavailable", ST_UNFINISHED }, { "detached", ST_UNFINISHED },
	};
	char *copy = strdup(text), *save = NULL;
	for (char *w = strtok_r(copy, ",", &save); w; w = strtok_r(NULL, ",", &save)) {
		unsigned i = 0;
		while (i < ARRAY_LEN(st) && strcmp(st[i].name, w))
			i++;
		if (i == ARRAY_LEN(st))
			refuse("--status %s: it is successful, failed, unfinished, all or none", w);
		view.status |= st[i].bit | ST_CHOSEN;
	}
	free(copy);
}
/* all, none, or names and numbers with commas between them; a ! in front: all but these */
static void signals(struct session *s, const char *text)
{
	bool but = *text == '!';
	char *copy = strdup(text + but), *save = NULL;
	sigbits set = 0;

	for (char *w = strtok_r(copy, ",", &save); w; w = strtok_r(NULL, ",", &save)) {
		int sig = !strcmp(w, "all") || !strcmp(w, "none") ? 0 : filter_signal(w, 128);
		if (!sig && strcmp(w, "all") && strcmp(w, "none"))
			refuse("-e signal=: no system has the signal %s; give names as SIGUSR1 or USR1, all, or none", w);
		set |= sig ? (sigbits)1 << (sig - 1) : *w == 'a' ? ~(sigbits)0 : 0;
	}
	free(copy);
	view.signals = but ? ~set : set;
	view.by_signal = true;
	if (!view.signals)
		s->want &= ~(uint32_t)WANT_SIGNALS;
}
/* raw=, verbose=, abbrev=: of which calls */
static void look(nrset **set, const char *text)
{
	if (!*set && !(*set = calloc(1, sizeof **set)))
		refuse("no memory for a set of calls");
	filter_list(*set, text);
}
/* read=, write=: descriptors, all or none; a ! in front: all but these */
static void dump(struct session *s, const char *option, const char *text)
{
	uint64_t *set = view.dump[*option == 'w'];
	bool but = *text == '!';

	for (const char *v = text + but; *v || v == text + but;) {
		char *end;
		unsigned long fd = strtoul(v, &end, 10);
		bool word = !strcmp(v, "all") || !strcmp(v, "none");
		if (!word && (end == v || (*end && *end != ',') || fd > 1023))
			refuse("-e %s wants numbers of descriptors with commas between them, all or none, not \"%s\"", option, text);
		for (unsigned i = 0; word && *v == 'a' && i < 16; i++)
			set[i] = ~0ull;
		if (!word)
			set[fd / 64] |= 1ull << fd % 64;
		v = word ? "" : *end ? end + 1 : end;
	}
	for (unsigned i = 0; but && i < 16; i++)
		set[i] = ~set[i];
	memcpy(s->dump, view.dump, sizeof s->dump);
	view.dumps = true;
	s->want |= WANT_DUMP;
}
/* What strace has words for and no line of ours is about is accepted. */
void filter_quiet(const char *v)
{
	static const struct { const char *word; unsigned bits; } all[] = {
		{ "exit", QUIET_EXIT }, { "thread-exit", QUIET_EXIT }, { "attach", QUIET_ATTACH }, { "all", QUIET_EXIT | QUIET_ATTACH },
		{ "personality", 0 }, { "path-resolution", 0 }, { "path-resolve", 0 }, { "superseded", 0 }, { "none", 0 },
	};
	view.quiet = 0;
	for (size_t n; *v; v += n + (v[n] == ',')) {
		n = strcspn(v, ",");
		unsigned i = 0;
		while (i < ARRAY_LEN(all) && (strlen(all[i].word) != n || strncmp(v, all[i].word, n)))
			i++;
		if (i == ARRAY_LEN(all))
			refuse("quiet: \"%.*s\" is no line that can be left out; there are exit, thread-exit, attach, all, none", (int)n, v);
		view.quiet |= all[i].bits;
	}
}
void filter_decode_fds(const char *v)
{
	static const char *const word[] = { "none", "path", "socket" };
	view.fds = 0;
	for (size_t n; *v; v += n + (v[n] == ',')) {
		n = strcspn(v, ",");
		int i = !strncmp(v, "all", n) && n == 3 ? 2 : -1;
		for (int k = 0; k < 3; k++)
			if (strlen(word[k]) == n && !strncmp(v, word[k], n))
				i = k;
		if (i < 0)
			refuse("decode-fds: \"%.*s\" is nothing that descriptors are decoded as; there are path, socket, all, none", (int)n, v);
		view.fds = MAX(view.fds, i);
	}
}
static void add_quiet(struct session *s, const char *v) { filter_quiet(v); }
static void add_decode_fds(struct session *s, const char *v)
{
	filter_decode_fds(v);
	s->want |= (view.fds ? WANT_FDS : 0) | (view.fds > 1 ? WANT_SOCKS : 0);
}
static void add_status(struct session *s, const char *v) { filter_status(v); }
static void add_raw(struct session *s, const char *v) { look(&view.raw, v); }
static void add_verbose(struct session *s, const char *v) { look(&view.verbose, v); }
static void add_abbrev(struct session *s, const char *v) { look(&view.abbrev, v); }
static void add_read(struct session *s, const char *v) { dump(s, "read=", v); }
static void add_write(struct session *s, const char *v) { dump(s, "write=", v); }
static void add_calls(struct session *s, const char *v)
{
	chosen = true;
	filter_list(&s->watch, v);
}
void filter_add(struct session *s, const char *e)
{
	static const struct { const char *word; void (*add)(struct session *, const char *); } all[] = {
		{ "trace=", add_calls }, { "inject=", inject_add }, { "fault=", inject_fault }, { "status=", add_status },
		{ "signal=", signals }, { "signals=", signals }, { "raw=", add_raw }, { "verbose=", add_verbose },
		{ "abbrev=", add_abbrev }, { "read=", add_read }, { "write=", add_write }, { "quiet=", add_quiet }, { "silent=", add_quiet },
		{ "decode-fds=", add_decode_fds }, { "decode-fd=", add_decode_fds },
	};
	for (unsigned i = 0; i < ARRAY_LEN(all); i++)
		if (!strncmp(e, all[i].word, strlen(all[i].word))) {
			all[i].add(s, e + strlen(all[i].word));
			return;
		}
	add_calls(s, e);
}
void filter_done(struct session *s)
{
	if (!chosen)
		mark(&s->watch, &(struct match){ .all = true }, true);
	for (unsigned i = 0; i < sizeof s->touch / 8; i++)
		((uint64_t *)s->watch)[i] |= ((uint64_t *)s->touch)[i];
}
