/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What stands behind the keys of a rule: patterns of paths, numbers, addresses, arguments, names of calls and systems, made
 * into the lists that judge. A path's fixed beginning becomes the one that it truly is. What could never match is a
 * mistake, told by its line.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tools/audit/audit.h"

extern const struct personality *const __start_guise_personalities[], *const __stop_guise_personalities[];
#define EACH_PERS(i_) unsigned i_ = 0; &__start_guise_personalities[i_] < __stop_guise_personalities && \
	i_ < MOST_PERS; i_++
#define PERS(i_) __start_guise_personalities[i_]

/* --- values ------------------------------------------------------------------------------------------------------- */
bool policy_tells;

const char *policy_is_text(struct maker *m, const struct pair *k, const struct item *i)
{
	if (i->type == I_TEXT)
		return i->text;
	problem(m->p, i->line, "%s wants text in quotes", k->key);
	return NULL;
}
/* A "!" in front turns it; \! is one that is meant. */
static const char *turned(const char *s, uint32_t *is_not)
{
	*is_not = *s == '!';
	return s + *is_not;
}
bool policy_verdict_of(struct maker *m, const struct pair *k, uint16_t *verdict, uint16_t *err)
{
	static const struct { const char *name; uint16_t verdict; } words[] = {
		{ "allow", V_ALLOW }, { "log", V_LOG }, { "deny", V_DENY }, { "kill", V_KILL }, { "ask", V_ASK },
	};
	const char *s = k->n == 1 ? policy_is_text(m, k, k->item) : NULL;
	size_t n = s ? strcspn(s, " ") : 0;

	*err = EPERM;
	for (unsigned i = 0; s && i < ARRAY_LEN(words); i++) {
		if (strlen(words[i].name) != n || strncmp(s, words[i].name, n))
			continue;
		*verdict = words[i].verdict;
		if (!s[n])
			return true;
		if (*verdict == V_DENY || *verdict == V_ASK) {
			*err = (uint16_t)filter_errno(s + n + 1);
			if (*err)
				return true;
			problem(m->p, k->line, "there is no error %s; name one as a system spells it: \"%.*s EACCES\"", s + n + 1, (int)n, s);
			return false;
		}
		problem(m->p, k->line, "%.*s takes no error; \"deny %s\" does", (int)n, s, s + n + 1);
		return false;
	}
	if (s)
		problem(m->p, k->line, "\"%s\" is no action; there are allow, log, deny ERROR, kill, ask ERROR", s);
	else if (k->n != 1)
		problem(m->p, k->line, "%s wants one action: allow, log, deny ERROR, kill, ask ERROR", k->key);
	return false;
}

/* --- paths -------------------------------------------------------------------------------------------------------- */
struct buffer { char at[2 * PATH_MAX]; size_t n; bool full; };
static void put(struct buffer *b, char c)
{
	if (b->n + 1 < sizeof b->at)
		b->at[b->n++] = c, b->at[b->n] = 0;
	else
		b->full = true;
}
static void put_literal(struct buffer *b, const char *s, size_t n)
{
	for (; n; n--, s++) {
		if (strchr("*?[\\", *s))
			put(b, '\\');
		put(b, *s);
	}
}
/* $HOME, $PWD, $TMPDIR, $ROOT and $PID; the number of characters behind the $, or 0. */
static size_t variable(struct maker *m, int line, const char *s, struct buffer *b)
{
	static const char *const names[] = { "HOME", "PWD", "TMPDIR", "ROOT", "PID" };
	char cwd[PATH_MAX];
	for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
		size_t n = strlen(names[i]);
		if (strncmp(s, names[i], n) || isalnum((unsigned char)s[n]) || s[n] == '_')
			continue;
		const char *v = i == 0 ? getenv("HOME") : i == 1 ? getcwd(cwd, sizeof cwd) : i == 2 ? getenv("TMPDIR") : m->root;
		if (i == 2 && (!v || !*v))
			v = "/tmp";
		if (i == 3 && !v)
			v = "";
		if (i == 4)
			put(b, POLICY_PID);
		else if (!v || (*v && *v != '/'))
			problem(m->p, line, "$%s is not set to an absolute path; write the path itself", names[i]);
		else
			put_literal(b, v, strlen(v) - (strlen(v) == 1 && s[n] == '/'));
		return n;
	}
	return 0;
}
/* True paths hold no links, so neither may the fixed beginning of a pattern. */
static void true_beginning(struct buffer *b)
{
	char dir[2 * PATH_MAX], real[PATH_MAX];
	size_t fixed = 0, end = 0, d = 0;

	for (size_t i = 0; i < b->n && !strchr("*?[\1", b->at[i]); i++) {
		if (b->at[i] == '/')
			fixed = i, end = d;
		if (b->at[i] == '\\' && b->at[i + 1])
			i++;
		dir[d++] = b->at[i];
		if (i + 1 == b->n)
			fixed = b->n, end = d;
	}
	dir[end] = 0;
	/* the last name of a pattern without stars may itself be a link that is meant: only what stands before it */
	if (fixed == b->n) {
		char *slash = strrchr(dir, '/');
		if (!slash || slash == dir)
			return;
		for (fixed = b->n; fixed && b->at[fixed - 1] != '/'; fixed--)
			;
		fixed--;
		*slash = 0;
	}
	while (*dir && !realpath(dir, real)) {
		char *slash = strrchr(dir, '/');
		if (!slash)
			return;
		*slash = 0;
		while (fixed && b->at[--fixed] != '/')
			;
	}
	if (!*dir || !strcmp(dir, real))
		return;
	struct buffer old = *b;
	b->n = 0;
	b->at[0] = 0;
	put_literal(b, real, strlen(real));
	for (size_t i = fixed; i < old.n; i++)
		put(b, old.at[i]);
}
/* --check-policy: what a reader of the file may not expect. */
static void tell_path(struct maker *m, int line, const char *s, const char *is, const char *path)
{
	char to[PATH_MAX];
	ssize_t n = readlink(path, to, sizeof to - 1);
	if (is && !strchr(is, POLICY_PID))
		printf("%s:%d: note: %s is truly %s, and is judged as that\n", m->p->file, line, s, is);
	if (n > 0)
		printf("%s:%d: note: %s is a symbolic link to %.*s: who opens it opens that; here the link itself is meant\n", m->p->file,
		       line, s, (int)n, to);
}
bool policy_path_pattern(struct maker *m, const struct pair *k, const struct item *i, struct ptext *x)
{
	struct buffer b = { .n = 0 };
	const char *s = policy_is_text(m, k, i);

	if (!s)
		return false;
	s = turned(s, &x->is_not);
	bool fd = !strncmp(s, "fd:", 3);
	for (const char *c = s + 3 * fd; *c; ) {
		size_t n = *c == '$' ? variable(m, i->line, c + 1, &b) : 0;
		if (*c == '$' && !n) {
			problem(m->p, i->line, "%s is no variable; there are $HOME $PWD $TMPDIR $ROOT $PID, and \\$ is a dollar", c);
			return false;
		}
		if (n) {
			c += n + 1;
			continue;
		}
		c += *c == '\\' && c[1] == '$';
		put(&b, *c++);
	}
	if (b.at[0] != '/' && strncmp(b.at, "**", 2)) {
		problem(m->p, i->line, "%s does not begin with /; a pattern is a whole path: \"$PWD/%s\" or \"**/%s\"", s, s, s);
		return false;
	}
	if (b.full) {
		problem(m->p, i->line, "%.40s... is too long for a path", s);
		return false;
	}
	if (strstr(b.at, "/../") || strstr(b.at, "/./") || strstr(b.at, "//")) {
		problem(m->p, i->line, "%s holds . or .. or //, which no true path does; write it without", s);
		return false;
	}
	char written[sizeof b.at];
	strcpy(written, b.at);
	true_beginning(&b);
	if (policy_tells)
		tell_path(m, i->line, s, strcmp(written, b.at) ? b.at : NULL, b.at);
	char with_fd[sizeof b.at + 4];
	snprintf(with_fd, sizeof with_fd, "%s%s", fd ? "fd:" : "", b.at);
	x->at = policy_add_text(with_fd);
	return true;
}
bool policy_texts(struct maker *m, const struct pair *k, struct plist *l,
	bool (*one)(struct maker *, const struct pair *, const struct item *, struct ptext *))
{
	struct ptext *x = calloc(k->n + 1, sizeof *x);
	bool good = true;
	for (unsigned i = 0; i < k->n; i++)
		good &= one(m, k, &k->item[i], &x[i]);
	*l = (struct plist){ policy_add(x, k->n * sizeof *x), k->n };
	free(x);
	return good;
}

/* --- numbers ------------------------------------------------------------------------------------------------------ */
static bool range_of(const char *s, long *lo, long *hi)
{
	char *end;
	*lo = *hi = strtol(s, &end, 0);
	if (end == s)
		return false;
	if (!strncmp(end, "..", 2) || *end == '-') {
		const char *t = end + (*end == '-' ? 1 : 2);
		*hi = *t ? strtol(t, &end, 0) : LONG_MAX;
		if (!*t)
			return true;
	}
	return !*end && *hi >= *lo;
}
bool policy_ranges(struct maker *m, const struct pair *k, struct plist *l, long most)
{
	struct prange *x = calloc(k->n + 1, sizeof *x);
	bool good = true;
	for (unsigned i = 0; i < k->n; i++) {
		const struct item *it = &k->item[i];
		long lo = it->number, hi = it->number;
		bool fits = it->type == I_NUMBER || (it->type == I_TEXT && range_of(turned(it->text, &x[i].is_not), &lo, &hi));
		if (hi == LONG_MAX)
			hi = most;
		if (!fits || lo < 0 || hi > most) {
			problem(m->p, it->line, "%s wants numbers up to %ld, or \"LOW-HIGH\"", k->key, most);
			good = false;
		}
		x[i].lo = (uint64_t)lo, x[i].hi = (uint64_t)hi;
	}
	*l = (struct plist){ policy_add(x, k->n * sizeof *x), k->n };
	free(x);
	return good;
}

/* --- addresses ---------------------------------------------------------------------------------------------------- */
static bool net_of(const char *s, struct pnet *x)
{
	static const struct { const char *name; uint32_t family; } families[] = {
		{ "unix", AF_UNIX }, { "inet", AF_INET }, { "inet6", AF_INET6 }, { "netlink", AF_NETLINK }, { "packet", AF_PACKET },
		{ "vsock", 40 }, { "unspec", 0 },
	};
	char text[INET6_ADDRSTRLEN + 8], *slash, *end;

	if (!strcmp(s, "any"))
		return x->type = NET_ANY, true;
	if (!strcmp(s, "none"))
		return x->type = NET_NONE, true;
	if (!strncmp(s, "unix:@", 6))
		return x->type = NET_ABSTRACT, x->at = policy_add_text(s + 6), true;
	for (unsigned i = 0; i < ARRAY_LEN(families); i++)
		if (!strcmp(s, families[i].name))
			return x->type = NET_FAMILY, x->at = families[i].family, true;
	if (strlen(s) >= sizeof text)
		return false;
	strcpy(text, s);
	if ((slash = strchr(text, '/')))
		*slash = 0;
	bool v6 = inet_pton(AF_INET6, text, x->addr) == 1;
	if (!v6 && inet_pton(AF_INET, text, x->addr) != 1)
		return false;
	x->type = v6 ? NET_INET6 : NET_INET;
	unsigned most = v6 ? 128 : 32;
	unsigned long bits = slash ? strtoul(slash + 1, &end, 10) : most;
	if (slash && (end == slash + 1 || *end || bits > most))
		return false;
	x->bits = (uint8_t)bits;
	if (v6 && !memcmp(x->addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) && bits >= 96) {       /* judged as what they are */
		memmove(x->addr, x->addr + 12, 4);
		x->type = NET_INET;
		x->bits = (uint8_t)(bits - 96);
	}
	return true;
}
bool policy_nets(struct maker *m, const struct pair *k, struct plist *l)
{
	struct pnet *x = calloc(2 * k->n + 1, sizeof *x);
	unsigned n = 0;
	bool good = true;
	for (unsigned i = 0; i < k->n; i++) {
		const char *s = policy_is_text(m, k, &k->item[i]);
		uint32_t is_not = 0;
		if (!s) {
			good = false;
			continue;
		}
		const char *bare = turned(s, &is_not);
		x[n].is_not = x[n + 1].is_not = (uint8_t)is_not;
		bool local = !strcmp(bare, "localhost");
		if (local ? net_of("127.0.0.0/8", &x[n]) && net_of("::1", &x[n + 1]) : net_of(bare, &x[n])) {
			n += 1 + local;
			continue;
		}
		if (!strncmp(bare, "unix:", 5))
			problem(m->p, k->item[i].line, "%s: a local socket with a name in the file system is judged by path = \"...\"; "
				"here stand unix, for all of them, and unix:@NAME", bare);
		else
			problem(m->p, k->item[i].line, "%s is no address; there are 10.0.0.0/8, fe80::/10, localhost, any, none, inet, inet6, "
				"unix, unix:@NAME, netlink, packet", bare);
		good = false;
	}
	*l = (struct plist){ policy_add(x, n * sizeof *x), n };
	free(x);
	return good;
}

/* --- arguments ---------------------------------------------------------------------------------------------------- */
/* What the rows in the set know of an argument of this name, and of a value of it. */
struct known { bool arg, text, named, value; };
static void know(struct known *k, const struct personality *p, const struct row *r, const char *name, const char *value)
{
	int i = arg_index(r, name);
	if (i < 0)
		return;
	const struct arg *a = &r->arg[i];
	k->arg = true;
	k->text |= a->kind == A_STR;
	if (a->kind == A_SET || a->kind == A_ENUM || a->kind == A_ATFD) {
		unsigned set = a->kind == A_ATFD ? SET_AT : a->what;
		k->named = true;
		for (const struct bit *b = p->bits; value && b && b->name; b++)
			k->value |= b->set == set && !strcmp(b->name, value);
	} else if (a->kind == A_SUB) {
		k->named = true;
		for (unsigned j = 0; value && p->sub && j < p->sub[a->what].n; j++)
			k->value |= !strcmp(p->sub[a->what].row[j].row.name, value);
	} else if (a->kind == A_SIG) {
		k->named = true;
		for (unsigned g = 1; value && p->sig_name && g < p->n_sig; g++) {
			const char *is = p->sig_name[g];
			k->value |= is && !strcmp(strncmp(is, "SIG", 3) ? is : is + 3, strncmp(value, "SIG", 3) ? value : value + 3);
		}
	}
}
static struct known known_of(const nrset *s, const char *name, const char *value)
{
	struct known k = { 0 };
	for (EACH_PERS(p))
		for (unsigned t = 0; t < MOST_TABS; t++)
			for (unsigned nr = 0; nr < MOST_NRS; nr++) {
				const struct row *r = nr_in(s, p, t, nr) ? policy_row(p, t, nr) : NULL;
				if (!r)
					continue;
				know(&k, PERS(p), r, name, value);
				for (int i = 0; i < 8 && r->arg[i].kind; i++)    /* rows of commands have arguments of their own */
					for (unsigned j = 0; r->arg[i].kind == A_SUB && PERS(p)->sub && j < PERS(p)->sub[r->arg[i].what].n; j++)
						know(&k, PERS(p), &PERS(p)->sub[r->arg[i].what].row[j].row, name, value);
			}
	return k;
}
static bool arg_item(struct maker *m, const char *name, const struct item *i, const nrset *s, struct parg *a)
{
	uint32_t is_not = 0;
	if (i->type == I_NUMBER) {
		a->test = T_RANGE;
		a->lo = a->hi = i->number;
		return true;
	}
	if (i->type != I_TEXT) {
		problem(m->p, i->line, "arg.%s wants a name in quotes, a number, or \"LOW..HIGH\"", name);
		return false;
	}
	const char *v = turned(i->text, &is_not);
	struct known k = known_of(s, name, v);
	long lo, hi;
	char *end;
	a->is_not = (uint16_t)is_not;
	if (k.value) {
		a->test = T_NAME;
		a->at = policy_add_text(v);
	} else if (*v == '&' && (a->lo = strtol(v + 1, &end, 0), end != v + 1 && !*end)) {
		a->test = T_MASK;
	} else if (range_of(v, &lo, &hi)) {
		a->test = T_RANGE;
		a->lo = lo, a->hi = hi;
	} else if (k.text) {
		a->test = T_TEXT;
		a->at = policy_add_text(v);
	} else {
		problem(m->p, i->line, k.named ? "%s is no value of the argument %s of these calls; guise trace shows the names" :
			"%s: the argument %s is a number; write 5, \"5..9\", \"!0\" or \"&0x40\"", v, name);
		return false;
	}
	return true;
}
bool policy_arg_tests(struct maker *m, const struct table *t, const nrset *s, struct plist *l)
{
	struct parg x[256] = { 0 };
	unsigned n = 0;
	bool good = true;

	for (unsigned i = 0; i < t->n; i++) {
		const struct pair *k = &t->pair[i];
		if (strncmp(k->key, "arg.", 4))
			continue;
		if (!known_of(s, k->key + 4, NULL).arg) {
			problem(m->p, k->line, "no call of this rule has an argument %s; guise trace --arg-names shows them", k->key + 4);
			good = false;
			continue;
		}
		uint32_t name = policy_add_text(k->key + 4);
		for (unsigned j = 0; j < k->n && n < ARRAY_LEN(x); j++, n++) {
			x[n].name = name;
			good &= arg_item(m, k->key + 4, &k->item[j], s, &x[n]);
		}
	}
	*l = (struct plist){ policy_add(x, n * sizeof *x), n };
	return good;
}

/* --- calls -------------------------------------------------------------------------------------------------------- */
bool policy_calls(struct maker *m, const struct pair *k, nrset *s)
{
	bool good = true;
	uint32_t is_not;

	if (k && k->n && k->item[0].type == I_TEXT && k->item[0].text[0] == '!')
		filter_word(s, "all", true);
	for (unsigned i = 0; k && i < k->n; i++) {
		const char *word = policy_is_text(m, k, &k->item[i]);
		if (!word) {
			good = false;
			continue;
		}
		const char *bare = turned(word, &is_not), *why;
		bool unknown = !*bare || *bare == '?' || !strcmp(bare, "none");
		why = unknown ? "it wants the name of a call, /regex/, %class or all" : filter_word(s, bare, !is_not);
		if (why) {
			problem(m->p, k->item[i].line, "call %s: %s", bare, why);
			good = false;
		}
	}
	if (!k)
		filter_word(s, "all", true);
	return good;
}
bool policy_systems(struct maker *m, const struct pair *k, uint32_t *pers)
{
	bool good = true;
	for (unsigned i = 0; i < k->n; i++) {
		const char *s = policy_is_text(m, k, &k->item[i]);
		uint32_t before = *pers;
		for (EACH_PERS(p))
			if (s && !strcmp(PERS(p)->name, s))
				*pers |= 1u << p;
		if (s && *pers == before) {
			problem(m->p, k->item[i].line, "there is no system %s; guise --version lists them", s);
			good = false;
		}
		good &= s != NULL;
	}
	return good;
}
