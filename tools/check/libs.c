/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a run-time linker would load, found by its own rules in the package, the root and the host: the interpreter, the
 * needed libraries, those that they need, each by RPATH, RUNPATH, the system's list of directories, and the usual ones.
 * Nothing is run and nothing is changed.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "tools/check/subject.h"

#define HINTS_MAGIC 0x746e6845u          /* FreeBSD: sys/elf_common.h, struct elfhints */
#define MOST_DIRS 256
#define KEPT_MOST (256ull << 20)

/* --- a guest's path ----------------------------------------------------------------------------------------------- */
static int open_in(const char *tree, const char *path)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, .resolve = RESOLVE_IN_ROOT };
	int dir = tree ? open(tree, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	int fd = dir < 0 ? -1 : (int)syscall(SYS_openat2, dir, path, &how, sizeof how);
	if (dir >= 0)
		close(dir);
	return fd;
}
int search_open(const struct search *s, const char *path, char host[4096], enum found *found)
{
	char link[32];
	int fd = path[0] == '/' ? open_in(s->package, path) : -1;

	*found = FOUND_GIVEN;
	if (fd < 0 && path[0] == '/' && (fd = open_in(s->root, path)) >= 0)
		*found = FOUND_ROOT;
	if (fd < 0 && !(s->root && s->root_only && path[0] == '/')) {
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		*found = FOUND_HOST;
	}
	if (fd < 0)
		return -1;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, host, 4095);
	host[n < 0 ? 0 : n] = 0;
	return fd;
}

/* --- directories -------------------------------------------------------------------------------------------------- */
struct dirs { char *dir[MOST_DIRS]; unsigned n; };

/* A list with colons; $ORIGIN is where the library that says so lies. */
static void add_dirs(struct dirs *d, const char *list, const char *origin)
{
	for (const char *end; list && *list; list = *end ? end + 1 : end) {
		char text[4096];
		size_t len = 0;
		end = strchrnul(list, ':');
		for (const char *c = list; c < end && len + 1 < sizeof text;) {
			size_t skip = !strncmp(c, "$ORIGIN", 7) ? 7 : !strncmp(c, "${ORIGIN}", 9) ? 9 : 0;
			const char *slash = skip ? strrchr(origin, '/') : NULL;
			if (skip)
				len += (size_t)snprintf(text + len, sizeof text - len, "%.*s", slash ? (int)(slash - origin) : 1, slash ? origin : ".");
			else
				text[len++] = *c;
			c += skip ? skip : 1;
			len = MIN(len, sizeof text - 1);
		}
		text[len] = 0;
		if (len && d->n < MOST_DIRS)
			d->dir[d->n++] = strdup(text);
	}
}
static char *read_whole(const struct search *s, const char *path, size_t *n)
{
	char host[4096], *text = calloc(1, 65537);
	enum found where;
	int fd = search_open(s, path, host, &where);
	ssize_t got = fd < 0 || !text ? -1 : read(fd, text, 65536);
	if (fd >= 0)
		close(fd);
	*n = got < 0 ? 0 : (size_t)got;
	return text;
}
/* magic, version, where the strings begin, their size, the list in them, its length */
static bool add_hints(struct dirs *d, const char *text, size_t n)
{
	uint32_t h[6];
	if (n < sizeof h)
		return false;
	memcpy(h, text, sizeof h);
	if (h[0] != HINTS_MAGIC)
		return false;
	if ((uint64_t)h[2] + h[4] < n)
		add_dirs(d, text + h[2] + h[4], "/");
	return true;
}
static void add_conf(const struct search *s, struct dirs *d, const char *file, int level);
/* "include PATTERN": files of the host, or of the root where there is one */
static void include(const struct search *s, struct dirs *d, const char *pattern, int level)
{
	char full[8192];
	glob_t g;
	snprintf(full, sizeof full, "%s%s%s", s->root ? s->root : "", *pattern == '/' ? "" : "/etc/", pattern);
	if (glob(full, 0, NULL, &g))
		return;
	for (size_t i = 0; i < g.gl_pathc; i++)
		add_conf(s, d, g.gl_pathv[i] + (s->root ? strlen(s->root) : 0), level + 1);
	globfree(&g);
}
static void add_conf(const struct search *s, struct dirs *d, const char *file, int level)
{
	size_t n;
	char *text = level < 4 ? read_whole(s, file, &n) : NULL, *save = NULL;
	if (text && !add_hints(d, text, n))
		for (char *w = strtok_r(text, "\n", &save); w; w = strtok_r(NULL, "\n", &save)) {
			w += strspn(w, " \t");
			w[strcspn(w, "#\r")] = 0;
			if (!strncmp(w, "include", 7) && (w[7] == ' ' || w[7] == '\t'))
				include(s, d, w + 8 + strspn(w + 8, " \t"), level);
			else
				add_dirs(d, w, "/");
		}
	free(text);
}
static void dirs_for(struct subject *s, const struct module *by, struct dirs *d)
{
	const struct module *top = s->world.module[0];
	if (!by->runpath) {
		add_dirs(d, by->rpath, by->path);
		add_dirs(d, top->runpath || by == top ? NULL : top->rpath, top->path);
	}
	add_dirs(d, by->runpath, by->path);
	if (s->pers->lib_list)
		add_conf(s->search, d, s->pers->lib_list, 0);
	for (const char *const *p = s->pers->lib_dirs; p && *p; p++)
		add_dirs(d, *p, "/");
}

/* --- one library -------------------------------------------------------------------------------------------------- */
static int claim(const struct personality *p, const struct image *im)
{
	return p->claims(im);
}
/* Not another system's of the same name. */
static bool is_ours(const struct subject *s, const struct image *im)
{
	for (EACH_SYSTEM(p))
		if (*p != s->pers && claim(*p, im) > 50 && claim(*p, im) > claim(s->pers, im))
			return false;
	return true;
}
/* Libraries are read once for all programs of a directory, as long as they are not too many. */
static struct module *keep[MOST_MODULES];
static unsigned n_keep;
static uint64_t kept_bytes;

static struct module *kept(const char *name, const char *path, const char *host)
{
	for (unsigned i = 0; i < n_keep; i++)
		if (!strcmp(keep[i]->host, host) && !strcmp(keep[i]->path, path) && !strcmp(keep[i]->name, name)) {
			module_again(keep[i]);
			return keep[i];
		}
	return NULL;
}
static void keep_module(struct module *m)
{
	if (n_keep == MOST_MODULES || kept_bytes + m->size > KEPT_MOST)
		return;
	m->kept = true;
	keep[n_keep++] = m;
	kept_bytes += m->size;
}
static struct module *try(struct subject *s, const char *name, const char *path)
{
	char host[4096], why[WHY];
	enum found found;
	int fd = search_open(s->search, path, host, &found);
	struct module *m = fd < 0 ? NULL : kept(name, path, host);

	if (fd >= 0 && !m && (m = module_open(fd, name, path, host, why)) && found != FOUND_GIVEN)
		keep_module(m);
	if (fd >= 0)
		close(fd);
	if (m && !is_ours(s, &m->image)) {
		if (!m->kept)
			module_free(m);
		return NULL;
	}
	if (m)
		m->found = found;
	return m;
}
static bool is_there(const struct world *w, const char *name)
{
	for (unsigned i = 0; i < w->n; i++) {
		const struct module *m = w->module[i];
		if (!strcmp(m->name, name) || (m->soname && !strcmp(m->soname, name)))
			return true;
	}
	return false;
}
static void miss(struct subject *s, const char *name, const struct module *by)
{
	for (unsigned i = 0; i < s->n_missing; i++)
		if (!strncmp(s->missing[i], name, strlen(name)) && s->missing[i][strlen(name)] == ' ')
			return;
	char *text;
	if (s->n_missing < ARRAY_LEN(s->missing) && asprintf(&text, "%s (wanted by %s)", name, by->name) > 0)
		s->missing[s->n_missing++] = text;
}
/* late: the program does without, if it is not there */
static struct module *need(struct subject *s, const struct module *by, const char *name, bool late)
{
	struct world *w = &s->world;
	struct dirs d = { .n = 0 };
	struct module *m = NULL;
	char path[8192];

	if (is_there(w, name) || w->n == MOST_MODULES)
		return NULL;
	if (strchr(name, '/')) {
		add_dirs(&d, name, by->path);
		m = d.n ? try(s, name, d.dir[0]) : NULL;
	} else {
		dirs_for(s, by, &d);
		for (unsigned i = 0; i < d.n && !m; i++) {
			snprintf(path, sizeof path, "%s/%s", d.dir[i], name);
			m = try(s, name, path);
		}
	}
	for (unsigned i = 0; i < d.n; i++)
		free(d.dir[i]);
	if (m)
		w->module[w->n++] = m;
	else if (!late)
		miss(s, name, by);
	return m;
}
static bool find_interpreter(struct subject *s)
{
	const char *name = s->world.module[0]->image.interp, *base = strrchr(name, '/');
	struct module *m = try(s, name, name);
	char other[4096];

	for (const char *const *d = s->pers->interp_dirs; !m && d && *d; d++) {
		snprintf(other, sizeof other, "%s%s", *d, base ? base : name);
		m = try(s, name, other);
	}
	if (m) {
		m->interpreter = true;
		s->world.module[s->world.n++] = m;
		return true;
	}
	if (s->search->root)
		snprintf(s->why, sizeof s->why, "%s has no %s, its run-time linker: --root wants a base tree of %s", s->search->root,
			 name, s->pers->name);
	else
		snprintf(s->why, sizeof s->why, "its run-time linker %s was not found: a dynamic %s program needs a base tree of "
			 "its system, given with --root DIR", name, s->pers->name);
	return false;
}

/* --- the program -------------------------------------------------------------------------------------------------- */
static bool whose(struct subject *s, const struct image *im)
{
	int best = 0;
	for (EACH_SYSTEM(p)) {
		bool asked = s->search->as && !strcmp(s->search->as, (*p)->name);
		int sure = asked ? 1000 : s->search->as ? 0 : claim(*p, im);
		if (sure > best)
			best = sure, s->pers = *p;
	}
	if (!s->pers)
		snprintf(s->why, sizeof s->why, "it carries no mark of a system that guise knows; name it with --as OS");
	return s->pers != NULL;
}
bool subject_load(struct subject *s, int fd)
{
	struct world *w = &s->world;
	char why[WHY] = "";
	struct module *m = module_open(fd, s->name, s->path, s->host, why);

	if (!m) {
		snprintf(s->why, sizeof s->why, "%s", why);
		return false;
	}
	w->module[w->n++] = m;
	m->found = FOUND_GIVEN;
	if (!whose(s, &m->image))
		return false;
	bool found = !*m->image.interp || find_interpreter(s);
	for (unsigned i = 0; found && *m->image.interp && i < w->n; i++)
		for (unsigned k = 0; k < w->module[i]->n_needed; k++)
			need(s, w->module[i], w->module[i]->needed[k], false);
	return found;
}

/* --- what the program loads itself -------------------------------------------------------------------------------- */
typedef void each_text(struct subject *, struct module *, const char *);

/* The texts that are given in this register to a function, by those who call it, stubs of run-time linking passed over. */
static void texts_to(struct subject *s, struct module *m, uint32_t f, int reg, int level, each_text *each)
{
	size_t n;
	const struct caller *c = callers_of(&s->world, m, f, &n);
	struct values v;

	for (; level && n--; c++) {
		struct function *from = &c->in->function[c->from];
		if (c->jump && from->end - from->at <= 32) {
			texts_to(s, c->in, c->from, reg, level - 1, each);
			continue;
		}
		track(&s->world, c->in, from, c->at, (struct place){ .reg = (int8_t)reg }, &v);
		for (unsigned i = 0; i < v.n; i++) {
			const char *text = module_text(c->in, (uint64_t)v.v[i]);
			if (text && *text)
				each(s, c->in, text);
		}
		if (v.unknown)
			each(s, c->in, NULL);
	}
}
static void texts_of(struct subject *s, const char *function, int reg, each_text *each)
{
	unsigned n = s->world.n;
	for (unsigned i = 0; i < n; i++) {
		struct module *m = s->world.module[i];
		for (uint32_t k = 0; k < m->n_by_name; k++) {
			const struct function *f = strcmp(m->by_name[k]->name, function) ? NULL : function_at(m, m->by_name[k]->at);
			if (f && f->at == m->by_name[k]->at)
				texts_to(s, m, (uint32_t)(f - m->function), reg, 4, each);
		}
	}
}
static void load(struct subject *s, struct module *by, const char *name)
{
	struct module *m = name ? need(s, by, name, true) : NULL;
	s->loads |= !name;
	if (m)
		m->late = true;
}
static void ask_for(struct subject *s, struct module *by, const char *name)
{
	for (unsigned i = 0; i < s->world.n; i++)
		if (s->world.module[i]->late)
			reach_symbol(&s->world, s->world.module[i], name);
}
/* What nobody can see from the code, and the user knows: all that these offer may be asked for. */
static void load_with(struct subject *s)
{
	struct world *w = &s->world;
	unsigned before = w->n;

	for (unsigned i = 0; i < s->search->n_with && w->n < MOST_MODULES; i++) {
		const char *path = s->search->with[i];
		struct module *m = is_there(w, path) ? NULL : try(s, path, path);
		if (m)
			m->late = true, w->module[w->n++] = m;
	}
	if (before == w->n)
		return;
	for (unsigned i = before; i < w->n; i++)
		for (unsigned k = 0; k < w->module[i]->n_needed; k++)
			need(s, w->module[i], w->module[i]->needed[k], false);
	reach(w);
	ask_for(s, NULL, NULL);
	reach(w);
}
void subject_load_late(struct subject *s)
{
	struct world *w = &s->world;
	if (*w->module[0]->image.interp)
		load_with(s);
	for (unsigned round = 0, before = 0; round < 4 && before != w->n && *w->module[0]->image.interp; round++) {
		before = w->n;
		texts_of(s, "dlopen", RDI, load);
		for (unsigned i = before; i < w->n; i++)
			for (unsigned k = 0; k < w->module[i]->n_needed; k++)
				need(s, w->module[i], w->module[i]->needed[k], false);
		if (before == w->n)
			return;
		reach(w);
		texts_of(s, "dlsym", RSI, ask_for);
		texts_of(s, "dlvsym", RSI, ask_for);
		reach(w);
	}
}
