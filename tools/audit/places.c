/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a rule says of places: patterns of paths and of addresses. A path's fixed beginning becomes the one that it truly is,
 * since what is judged is where a call really leads; an address is a net, a family, or a name of a local socket.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tools/audit/audit.h"

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
/* The pattern as it is written, its variables filled in. */
static bool fill_in(struct maker *m, int line, const char *s, struct buffer *b)
{
	while (*s) {
		size_t n = *s == '$' ? variable(m, line, s + 1, b) : 0;
		if (*s == '$' && !n) {
			problem(m->p, line, "%s is no variable; there are $HOME $PWD $TMPDIR $ROOT $PID, and \\$ is a dollar", s);
			return false;
		}
		if (n) {
			s += n + 1;
			continue;
		}
		s += *s == '\\' && s[1] == '$';
		put(b, *s++);
	}
	return true;
}
static bool could_match(struct maker *m, int line, const char *s, const struct buffer *b)
{
	if (b->at[0] != '/' && strncmp(b->at, "**", 2))
		problem(m->p, line, "%s does not begin with /; a pattern is a whole path: \"$PWD/%s\" or \"**/%s\"", s, s, s);
	else if (b->full)
		problem(m->p, line, "%.40s... is too long for a path", s);
	else if (strstr(b->at, "/../") || strstr(b->at, "/./") || strstr(b->at, "//"))
		problem(m->p, line, "%s holds . or .. or //, which no true path does; write it without", s);
	else
		return true;
	return false;
}
bool policy_path_pattern(struct maker *m, const struct pair *k, const struct item *i, struct ptext *x)
{
	struct buffer b = { .n = 0 };
	const char *s = policy_is_text(m, k, i);

	if (!s)
		return false;
	s = policy_turned(s, &x->is_not);
	bool fd = !strncmp(s, "fd:", 3);
	if (!fill_in(m, i->line, s + 3 * fd, &b) || !could_match(m, i->line, s, &b))
		return false;
	char written[sizeof b.at], with_fd[sizeof b.at + 4];
	strcpy(written, b.at);
	true_beginning(&b);
	if (policy_tells)
		tell_path(m, i->line, s, strcmp(written, b.at) ? b.at : NULL, b.at);
	snprintf(with_fd, sizeof with_fd, "%s%s", fd ? "fd:" : "", b.at);
	x->at = policy_add_text(with_fd);
	return true;
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
		const char *bare = policy_turned(s, &is_not);
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
