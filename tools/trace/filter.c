/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What -e says, made into sets of call numbers for every system there is, before the run begins: in the guest the
 * question is one bit. Names and classes come from the rows; a class is what the kinds of a row's arguments say about
 * it.
 */
#include <ctype.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include "tools/command.h"
#include "tools/trace/trace.h"

extern const struct personality *const __start_guise_personalities[], *const __stop_guise_personalities[];
sysfn sys_fork, sys_vfork;

#define EACH_PERS(i_) unsigned i_ = 0; &__start_guise_personalities[i_] < __stop_guise_personalities && \
	i_ < MOST_PERS; i_++
#define PERS(i_) __start_guise_personalities[i_]

/* --- classes ------------------------------------------------------------------------------------------------------ */
static bool has(const struct row *r, bool (*is)(const struct arg *))
{
	for (int i = 0; i < 8 && r->arg[i].kind; i++)
		if (is(&r->arg[i]))
			return true;
	return false;
}
static bool is_rec(const struct arg *a) { return a->kind >= A_IN && a->kind <= A_INOUTV; }
static bool is_set(const struct arg *a) { return a->kind == A_SET || a->kind == A_ENUM; }
static bool named(const struct arg *a, const char *name) { return a->name && !strcmp(a->name, name); }

static bool of_file(const struct arg *a) { return a->kind == A_PATH; }
static bool of_desc(const struct arg *a)
{
	return a->kind == A_FD || a->kind == A_ATFD ||
	       (is_rec(a) && (a->what == REC_POLLFD || a->what == REC_FDSET || a->what == REC_KEVENT ||
		a->what == REC_KEVENT_OLD));
}
static bool of_network(const struct arg *a)
{
	return a->kind == A_SOCKIN || a->kind == A_SOCKOUT || (a->kind == A_FD && (named(a, "s") || named(a, "sockfd"))) ||
	       (is_set(a) && (a->what == SET_AF || a->what == SET_MSG || a->what == SET_SHUT)) ||
	       (is_rec(a) && (a->what == REC_MSGHDR || a->what == REC_MMSGHDR));
}
static bool of_memory(const struct arg *a)
{
	return is_set(a) && (a->what == SET_MCL || a->what == SET_PROT || a->what == SET_MEMBARRIER);
}
static bool of_process(const struct arg *a)
{
	return a->kind == A_STRV || (is_set(a) && (a->what == SET_WAIT || a->what == SET_CLONE || a->what == SET_FORK)) ||
	       (is_rec(a) && (a->what == REC_WSTATUS || a->what == REC_CLONEARGS));
}
static bool of_signal(const struct arg *a)
{
	return a->kind == A_SIG || a->kind == A_SIGSETIN || a->kind == A_SIGSETOUT ||
	       (is_rec(a) && (a->what == REC_SIGACTION || a->what == REC_SIGACTION_OLD || a->what == REC_SIGALTSTACK ||
			      a->what == REC_SIGINFO || a->what == REC_UCONTEXT));
}
static bool of_ipc(const struct arg *a)
{
	return named(a, "shmid") || named(a, "semid") || named(a, "msqid") || named(a, "mqdes") || named(a, "mqd") ||
	       (is_set(a) && (a->what == SET_IPC || a->what == SET_IPCKEY || a->what == SET_IPCOP || a->what == SET_IPCCTL ||
			      a->what == SET_SHM || a->what == SET_SEM)) ||
	       (is_rec(a) && (a->what == REC_SHMID || a->what == REC_SEMID || a->what == REC_MSGID || a->what == REC_MQATTR));
}
/* What gives names another meaning, or reaches files past them: no rule with a path could follow. */
static bool of_unseen(const struct arg *a)
{
	return named(a, "put_old") ||
	       (is_set(a) && (a->what == SET_UMOUNT || a->what == SET_UNSHARE || a->what == SET_OPENTREE ||
			      a->what == SET_MOVEMOUNT || a->what == SET_FSOPEN || a->what == SET_FSMOUNT ||
			      a->what == SET_FSPICK || a->what == SET_FSCONFIG)) ||
	       (is_rec(a) && (a->what == REC_URINGPARAMS || a->what == REC_MOUNTATTR)) ||
	       (a->kind == A_IN && a->what == REC_FHANDLE);
}
static bool of_clock(const struct arg *a) { return is_set(a) && a->what == SET_CLOCK; }
static bool of_creds(const struct arg *a) { return a->kind == A_UID; }

static bool of_any_stat(const struct arg *a)
{
	return is_rec(a) && (a->what == REC_STAT || a->what == REC_STAT_OLD || a->what == REC_STAT_OLDER ||
			       a->what == REC_STATX || a->what == REC_NSTAT);
}
static bool of_any_statfs(const struct arg *a)
{
	return is_rec(a) && (a->what == REC_STATFS || a->what == REC_STATFS_OLD ||
			       a->what == REC_STATFS_OLDER);
}
static bool stat_path(const struct row *r) { return has(r, of_any_stat) && has(r, of_file) && !strstr(r->name, "lstat"); }
static bool stat_link(const struct row *r) { return has(r, of_any_stat) && strstr(r->name, "lstat"); }
static bool stat_fd(const struct row *r) { return has(r, of_any_stat) && r->arg[0].kind >= A_FD && r->arg[0].kind <= A_ATFD; }
static bool statfs_path(const struct row *r) { return has(r, of_any_statfs) && has(r, of_file); }
static bool statfs_fd(const struct row *r) { return has(r, of_any_statfs) && r->arg[0].kind == A_FD; }
static bool takes_nothing(const struct row *r) { return !r->arg[0].kind && r->ret != R_NOTHING; }
static bool begins_with_addr(const struct row *r) { return r->arg[0].kind == A_ADDR || r->ret == R_ADDR; }
static bool gives_fd(const struct row *r) { return r->ret == R_FD; }
static bool mounts(const struct row *r)
{
	return has(r, of_file) && r->arg[0].kind == A_STR && r->arg[3].kind == A_SET && r->arg[3].what == SET_MNT;
}
static bool begins_or_ends(const struct row *r)
{
	return r->ret == R_NOTHING || r->fn == sys_fork || r->fn == sys_vfork;
}

static const struct class {
	const char *name;
	bool (*arg)(const struct arg *);         /* some argument is so ... */
	bool (*row)(const struct row *);         /* ... or the row itself; NULL: never */
} classes[] = {
	{ "file", of_file }, { "desc", of_desc, gives_fd }, { "network", of_network }, { "net", of_network },
	{ "memory", of_memory, begins_with_addr }, { "process", of_process, begins_or_ends }, { "signal", of_signal },
	{ "ipc", of_ipc }, { "clock", of_clock }, { "creds", of_creds },
	{ "unseen", of_unseen, mounts },
	{ "stat", NULL, stat_path }, { "lstat", NULL, stat_link }, { "fstat", NULL, stat_fd }, { "%stat", of_any_stat },
	{ "statfs", NULL, statfs_path }, { "fstatfs", NULL, statfs_fd }, { "%statfs", of_any_statfs }, { "pure", NULL, takes_nothing },
};
static const struct class *class_find(const char *name)
{
	for (unsigned i = 0; i < ARRAY_LEN(classes); i++)
		if (!strcmp(classes[i].name, name))
			return &classes[i];
	return NULL;
}

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
		return (m->class->arg && has(r, m->class->arg)) || (m->class->row && m->class->row(r));
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
static void mark_list(nrset *s, const char *text)
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

/* --- injections --------------------------------------------------------------------------------------------------- */
static bool number(const char *s, long *v)
{
	char *end;
	*v = strtol(s, &end, 0);
	return *s && !*end;
}
int filter_errno(const char *name)
{
	long v;
	if (number(name, &v) && v > 0 && v < 4096)
		return (int)v;
	for (unsigned e = 1; e < n_host_errno; e++)
		if (host_errno_name[e] && !strcmp(host_errno_name[e], name))
			return (int)e;
	for (EACH_PERS(p))
		for (int e = 1; !PERS(p)->identity && e < 134; e++) {
			int g = errno_to_guest(PERS(p), e);
			if (g > 0 && (unsigned)g < PERS(p)->n_errno_name && PERS(p)->errno_name[g] && !strcmp(PERS(p)->errno_name[g], name))
				return e;
		}
	return 0;
}
static int errno_by_name(const char *name)
{
	int e = filter_errno(name);
	if (!e)
		refuse("-e inject: there is no error %s", name);
	return e;
}
static int sig_find(const char *name, int most)
{
	long v;
	if (number(name, &v) && v > 0 && v <= most)
		return (int)v;
	const char *bare = strncmp(name, "SIG", 3) ? name : name + 3;
	for (EACH_PERS(p))
		for (unsigned g = 1; g < PERS(p)->n_sig; g++) {
			const char *is = PERS(p)->sig_name ? PERS(p)->sig_name[g] : NULL;
			if (is && !strcmp(strncmp(is, "SIG", 3) ? is : is + 3, bare) && PERS(p)->sig_in[g] && PERS(p)->sig_in[g] <= most)
				return PERS(p)->sig_in[g];
		}
	return 0;
}
static int sig_by_name(const char *name)
{
	int sig = sig_find(name, 64);
	if (!sig)
		refuse("-e inject: there is no signal %s that could be sent", name);
	return sig;
}
/* all, none, or names and numbers with commas between them; a ! in front: all but these */
static void signals(struct session *s, const char *text)
{
	bool but = *text == '!';
	char *copy = strdup(text + but), *save = NULL;
	sigbits set = 0;

	for (char *w = strtok_r(copy, ",", &save); w; w = strtok_r(NULL, ",", &save)) {
		int sig = !strcmp(w, "all") || !strcmp(w, "none") ? 0 : sig_find(w, 128);
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
/* N, N+, N+S, N..M, N..M+, N..M+S */
static void when(struct injection *j, const char *s)
{
	const char *all = s;
	char *end;
	j->first = (uint32_t)strtoul(s, &end, 10);
	j->step = 0;
	j->last = j->first;
	if (!strncmp(end, "..", 2)) {
		j->last = (uint32_t)strtoul(end + 2, &end, 10);
		j->step = 1;
	}
	if (*end == '+') {
		j->last = j->step ? j->last : 0;
		j->step = end[1] ? (uint32_t)strtoul(end + 1, &end, 10) : (end++, 1);
	}
	if (*end || !j->first || (j->last && j->last < j->first))
		refuse("-e inject: when=%s is none of N, N+, N+S, N..M, N..M+S", all);
}
static uint64_t delay(const char *s)
{
	static const struct { const char *name; double us; } units[] = {
		{ "", 1 }, { "us", 1 }, { "ms", 1e3 }, { "s", 1e6 }, { "ns", 1e-3 },
	};
	char *end;
	double v = strtod(s, &end);
	double unit = 0;
	for (unsigned i = 0; i < ARRAY_LEN(units); i++)
		if (!strcmp(end, units[i].name))
			unit = units[i].us;
	if (end == s || !unit || v < 0 || v * unit > 3.6e9)
		refuse("-e inject: a delay is a number of microseconds, or has ms or s behind it; not \"%s\"", s);
	return (uint64_t)(v * unit);
}
static void inject(struct session *s, const char *text)
{
	struct injection *j = &s->injection[s->n_injections];
	char *copy = strdup(text), *save = NULL, *set = strtok_r(copy, ":", &save);
	bool any = false;
	long v;

	if (s->n_injections == MOST_INJECTIONS)
		refuse("-e inject can be given %u times at most", MOST_INJECTIONS);
	*j = (struct injection){ .first = 1, .step = 1 };
	if (!set)
		refuse("-e inject: which call? inject=CALL:error=EIO");
	mark_list(&j->nrs, set);
	for (char *w; (w = strtok_r(NULL, ":", &save)); any = true) {
		char *value = strchr(w, '=');
		if (!value)
			refuse("-e inject: \"%s\" has no value", w);
		*value++ = 0;
		if (!strcmp(w, "error"))
			j->answers = true, j->rv = -errno_by_name(value);
		else if (!strcmp(w, "retval") && number(value, &v) && v >= 0)
			j->answers = true, j->rv = v;
		else if (!strcmp(w, "signal"))
			j->sig = sig_by_name(value);
		else if (!strcmp(w, "delay") || !strcmp(w, "delay_enter"))
			j->before_us = delay(value);
		else if (!strcmp(w, "delay_exit"))
			j->after_us = delay(value);
		else if (!strcmp(w, "when"))
			when(j, value);
		else
			refuse("-e inject: %s=%s is none of error= retval= signal= delay= delay_exit= when=", w, value);
	}
	if (!any)
		refuse("-e inject=%s: nothing is to happen; add :error=, :retval=, :signal= or :delay=", text);
	for (unsigned i = 0; i < sizeof s->touch / 8; i++)
		((uint64_t *)s->touch)[i] |= ((uint64_t *)j->nrs)[i];
	s->n_injections++;
	free(copy);
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
/* raw=, verbose=, abbrev=: of which calls */
static void look(nrset **set, const char *text)
{
	if (!*set && !(*set = calloc(1, sizeof **set)))
		refuse("no memory for a set of calls");
	mark_list(*set, text);
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
void filter_add(struct session *s, const char *e)
{
	if (!strncmp(e, "inject=", 7)) {
		inject(s, e + 7);
	} else if (!strncmp(e, "fault=", 6)) {
		char *with = malloc(strlen(e) + 16);
		sprintf(with, "%s%s", e + 6, strstr(e, ":error=") ? "" : ":error=ENOSYS");
		inject(s, with);
		free(with);
	} else if (!strncmp(e, "status=", 7)) {
		filter_status(e + 7);
	} else if (!strncmp(e, "signal=", 7) || !strncmp(e, "signals=", 8)) {
		signals(s, strchr(e, '=') + 1);
	} else if (!strncmp(e, "raw=", 4)) {
		look(&view.raw, e + 4);
	} else if (!strncmp(e, "verbose=", 8)) {
		look(&view.verbose, e + 8);
	} else if (!strncmp(e, "abbrev=", 7)) {
		look(&view.abbrev, e + 7);
	} else if (!strncmp(e, "read=", 5)) {
		dump(s, "read=", e + 5);
	} else if (!strncmp(e, "write=", 6)) {
		dump(s, "write=", e + 6);
	} else {
		chosen = true;
		mark_list(&s->watch, strncmp(e, "trace=", 6) ? e : e + 6);
	}
}
void filter_done(struct session *s)
{
	if (!chosen)
		mark(&s->watch, &(struct match){ .all = true }, true);
	for (unsigned i = 0; i < sizeof s->touch / 8; i++)
		((uint64_t *)s->watch)[i] |= ((uint64_t *)s->touch)[i];
}
