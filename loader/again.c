/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A guest's exec of a foreign program comes in here (entry.S, warm_start), by the words that proc_exec and request.c's
 * self_argv put together: "guise run --again [OPTION...] -- PROGRAM [ARG...]". It was all checked when the first of the run
 * was started, so what does not fit is said and ends us. No libc was started: own.c says what there is.
 */
#include <stdlib.h>
#include "guise.h"
#include "options.h"
#include "loader/begin.h"
#include "loader/loader.h"

enum kind { FLAG, TEXT, NUMBER, BIND, OTHER };
enum { MOST_BINDS = 64, MOST_WORDS = 2 * MOST_BINDS + 48 };

extern void start_again(uint64_t *stack);

static const char *hex(const char *s, uint64_t *value)
{
	for (*value = 0; (*s >= '0' && *s <= '9') || (*s >= 'a' && *s <= 'f'); s++)
		*value = *value << 4 | (uint64_t)(*s <= '9' ? *s - '0' : *s - 'a' + 10);
	return s;
}
static const char *number(const char *s, int *value)
{
	uint64_t v = 0;
	bool minus = *s == '-';
	s = str_num(s + minus, &v);
	*value = minus ? -(int)v : (int)v;
	return s;
}
/* What is blocked and ignored of the signals that the host does not keep. */
static bool take_signals(struct options *o, const char *v)
{
	v = hex(v, &o->blocked);
	return *v == ':' && !*hex(v + 1, &o->ignored);
}
static bool take_held(struct options *o, const char *v)
{
	v = number(v, &o->held_fd[0]);
	return v && *v == ':' && (v = number(v + 1, &o->held_fd[1])) && !*v;
}
static bool take_grant(struct options *o, const char *v)
{
	int port = 0;
	o->grant_io = true;
	if (str_ncmp(v, "io", 2) || (v[2] && (str_ncmp(v + 2, ",exit=", 6) || !(v = number(v + 8, &port)) || *v)))
		return false;
	o->exit_port = (unsigned)port;
	return true;
}
static bool take_engine(struct options *o, const char *v)
{
	o->engine = v;
	return o->engine_given = true;
}
/* on: holds for the programs that this one executes, too. as: where the word for those is written later (observe_start). */
static const struct option {
	const char *name;
	enum kind kind;
	bool on;
	size_t at, as;
	bool (*take)(struct options *, const char *);
} rows[] = {
	{ "root", TEXT, true, offsetof(struct options, root) },
	{ "root-only", FLAG, true, offsetof(struct options, root_only) },
	{ "bind", BIND, true },
	{ "engine", OTHER, true, .take = take_engine },
	{ "release", TEXT, true, offsetof(struct options, release) },
	{ "stay", FLAG, true, offsetof(struct options, stay) },
	{ "grant", OTHER, true, .take = take_grant },
	{ "strict", FLAG, true, offsetof(struct options, strict) },
	{ "cover", TEXT, true, offsetof(struct options, cover) },
	{ "report-fd", NUMBER, true, offsetof(struct options, report_fd), offsetof(struct options, fd_text[1]) },
	{ "policy-fd", NUMBER, true, offsetof(struct options, policy_fd), offsetof(struct options, fd_text[3]) },
	{ "trace-fd", NUMBER, false, offsetof(struct options, trace_fd) },
	{ "trace-end", NUMBER, false, offsetof(struct options, trace_end) },
	{ "name", TEXT, false, offsetof(struct options, name) },
	{ "xsave", FLAG, false, offsetof(struct options, xsave) },
	{ "signals", OTHER, .take = take_signals },
	{ "traced", TEXT, false, offsetof(struct options, traced) },
	{ "limits-fd", NUMBER, false, offsetof(struct options, limits_fd) },
	{ "engine-fd", NUMBER, false, offsetof(struct options, engine_fd) },
	{ "held-fds", OTHER, .take = take_held },
	{ "kept", TEXT, false, offsetof(struct options, kept) },
	{ "machine-fd", NUMBER, false, offsetof(struct options, machine_fd) },
	{ "resume-fd", NUMBER, false, offsetof(struct options, resume_fd) },
	{ "resume-path", TEXT, false, offsetof(struct options, resume_path) },
	{ "argv0", TEXT, false, offsetof(struct options, argv0) },
};
static const struct option *find(const char *word)
{
	for (const struct option *r = rows; r < rows + ARRAY_LEN(rows); r++)
		if (!str_ncmp(word, "--", 2) && !str_cmp(word + 2, r->name))
			return r;
	return NULL;
}
static bool take(struct options *o, const struct option *r, const char *v)
{
	char *at = (char *)o + r->at;
	switch (r->kind) {
	case FLAG: *(bool *)at = true; return true;
	case TEXT: *(const char **)at = v; return true;
	case NUMBER: v = number(v, (int *)at); return v && !*v;
	default: return r->take(o, v);
	}
}
/* HOST:GUEST, parted at the last ":/", in a copy: the word itself goes on to the next. */
static void part(struct options *o, struct bind *bind, char *copy)
{
	char *colon = NULL;
	for (char *p = copy; *p; p++)
		if (p[0] == ':' && p[1] == '/')
			colon = p;
	if (!colon || o->n_bind == MOST_BINDS)
		die("--bind %s is no option of a guest's exec", copy);
	*colon = 0;
	bind[o->n_bind++] = (struct bind){ copy, colon + 1 };
}
static void hand_on(struct options *o, const struct option *r, char **w)
{
	o->self_argv[o->n_self++] = w[0];
	if (r->kind != FLAG)
		o->self_argv[o->n_self++] = r->as ? (char *)o + r->as : w[1];
	if (o->n_self > MOST_WORDS - 2)
		die("too many options for a guest's exec");
}
/* Nobody comes back here: what lies in this frame lives as long as the process, and is claimed with the rest of the stack. */
void start_again(uint64_t *stack)
{
	char **argv = (char **)(stack + 1), **envp = argv + *stack + 1, **w = argv + 3, *self[MOST_WORDS] = { argv[1], argv[2] };
	struct bind bind[MOST_BINDS];
	struct options o = {
		.again = true, .self_argv = self, .n_self = 2, .bind = bind, .resume_fd = -1, .limits_fd = -1, .engine_fd = -1,
		.held_fd = { -1, -1 }, .machine_fd = -1, .trace_fd = -1, .report_fd = -1, .trace_end = -1, .witness_fd = -1, .policy_fd = -1,
	};

	for (; *w && str_cmp(*w, "--"); w++) {
		const struct option *r = find(*w);
		if (!r || (r->kind != FLAG && !w[1]))
			die("%s is no option of a guest's exec", *w);
		if (r->on)
			hand_on(&o, r, w);
		w += r->kind != FLAG;
		size_t n = r->kind == BIND ? str_len(*w) + 1 : 0;
		if (n)
			part(&o, bind, memcpy(__builtin_alloca(n), *w, n));
		else if (!take(&o, r, *w))
			die("%s %s is no option of a guest's exec", w[-1], *w);
	}
	if (!*w || !*++w)
		die("a guest's exec names no program");
	exit(program_run(&o, (int)(argv + *stack - w), w, envp));
}
