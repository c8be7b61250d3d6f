/* SPDX-License-Identifier: BSD-2-Clause
 *
 * --learn: the least policy under which a run does again what it did. Everything that is not in it is denied. What is
 * kept of a call is its name and what it acted on: the true path and whether it could change the file, the address and
 * port, the command of a multiplexer. What is known to differ from run to run is written as a pattern: the process's own
 * number, numbers of others below /proc, and names that the run itself made and that look made up. What the file holds
 * already is kept, if a run before wrote it there: several runs add up.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#define entry search_entry               /* its name for something else; ours is a record (ring.h) */
#include <search.h>
#undef entry
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>
#include "tools/audit/audit.h"
#include "tools/command.h"

#define PRIVATE_PORT 32768               /* from here on the kernel chooses, each time another */

static const char *name_;
static int fd_;
static const char *command_;
static void *facts;                  /* a tree of texts */

/* --- texts -------------------------------------------------------------------------------------------------------- */
static void fact(const char *f, ...) __attribute__((format(printf, 1, 2)));
static void fact(const char *f, ...)
{
	char *text;
	va_list ap;
	va_start(ap, f);
	if (vasprintf(&text, f, ap) < 0)
		abort();
	va_end(ap);
	text_add(&facts, text);
	free(text);
}
static char **list;
static size_t n_list, list_room;
static void take(const void *node, VISIT when, int depth)
{
	if (when != postorder && when != leaf)
		return;
	if (n_list == list_room && !(list = realloc(list, (list_room = list_room ? 2 * list_room : 1024) * sizeof *list)))
		abort();
	list[n_list++] = *(char *const *)node;
}

/* --- what a call did ---------------------------------------------------------------------------------------------- */
static int open_flags(const struct call *c)
{
	for (int i = 0; c->row && i < 8 && c->row->arg[i].kind; i++)
		if (c->row->arg[i].kind == A_SET && c->row->arg[i].what == SET_OPEN)
			return i;
	return -1;
}
/* fstat by another name: what it is of was judged when it was opened, or was there before. */
static bool looks_at_fd(const struct event *e)
{
	const struct call *c = &e->task->call;
	const struct line l = { .mem = &e->task->in };
	bool stat = false, empty = false;
	char first[2];
	for (int i = 0; c->row && i < 8 && c->row->arg[i].kind; i++) {
		const struct arg *a = &c->row->arg[i];
		stat |= a->kind == A_OUT && (a->what == REC_STAT || a->what == REC_STATX || a->what == REC_STAT_OLD);
		empty |= a->kind == A_PATH && (!c->raw[i] || peek_str(&l, first, (uaddr)c->raw[i], sizeof first) == 0);
	}
	return stat && empty;
}
/* Only looked into: then the rule is to allow no more. */
static bool reads_only(const struct call *c, int i)
{
	return i >= 0 && !(c->arg[i] & (O_ACCMODE | O_CREAT | O_TRUNC)) && (c->arg[i] & O_TMPFILE) != O_TMPFILE;
}
static void path_fact(const struct event *e, const char *path)
{
	const struct call *c = &e->task->call;
	char name[24], own[32], general[PATH_MAX + 64];
	int flags = open_flags(c);
	size_t n = (size_t)snprintf(own, sizeof own, "/proc/%d", e->task->process->pid);

	if (!strncmp(path, own, n) && (path[n] == '/' || !path[n]))
		snprintf(general, sizeof general, "/proc/%c%s", POLICY_PID, path + n);
	else
		snprintf(general, sizeof general, "%s", path);
	fact("P%s%c%s%c%s", general, FACT_SEP, call_name(c, name), FACT_SEP, reads_only(c, flags) ? c->row->arg[flags].name : "");
}
static void addr_fact(const struct call *c, const struct sockaddr_storage *ss)
{
	const struct sockaddr_in *in = (const void *)ss;
	const struct sockaddr_in6 *in6 = (const void *)ss;
	char name[24], text[160] = "";
	unsigned port = 0;

	if (ss->ss_family == AF_INET) {
		inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
		port = ntohs(in->sin_port);
	} else if (ss->ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof text);
		port = ntohs(in6->sin6_port);
	} else if (ss->ss_family == AF_UNIX && ((const struct sockaddr_un *)ss)->sun_path[1]) {
		snprintf(text, sizeof text, "unix:@%.100s", ((const struct sockaddr_un *)ss)->sun_path + 1);
	} else {
		snprintf(text, sizeof text, "%s", ss->ss_family == AF_UNIX ? "unix" : ss->ss_family == AF_NETLINK ? "netlink" :
			 ss->ss_family == AF_PACKET ? "packet" : ss->ss_family == 40 ? "vsock" : ss->ss_family ? "any" : "unspec");
	}
	bool inet = ss->ss_family == AF_INET || ss->ss_family == AF_INET6;
	char number[16] = "";
	if (inet && port < PRIVATE_PORT)
		snprintf(number, sizeof number, "%u", port);
	fact("A%s%c%s%c%s", text, FACT_SEP, number, FACT_SEP, call_name(c, name));
}
static bool takes_address(const struct row *r)
{
	for (int i = 0; r && i < 8 && r->arg[i].kind; i++)
		if (r->arg[i].kind == A_SOCKIN || (r->arg[i].what == REC_MSGHDR && r->arg[i].kind == A_IN) ||
		    (r->arg[i].what == REC_MMSGHDR && !strcmp(r->name, "sendmmsg")))
			return true;
	return false;
}
static void call_fact(struct call *c)
{
	const struct row *top = c->row ? row_top(c) : NULL;
	char name[24];

	for (int i = 0; top && i < 8 && top->arg[i].kind; i++)
		if (top->arg[i].kind == A_SUB) {
			if (c->row != top)
				fact("S%s%c%s%c%s", top->name, FACT_SEP, top->arg[i].name, FACT_SEP, c->row->name);
			else
				fact("S%s%c%s%c#%u", top->name, FACT_SEP, top->arg[i].name, FACT_SEP, (unsigned)c->raw[i]);
			return;
		}
	if (top && takes_address(top))
		fact("Anone%c%c%s", FACT_SEP, FACT_SEP, top->name);
	else if (c->row)
		fact("C%s", call_name(c, name));
}
static void on_verdict(const struct event *e)
{
	const struct piece *path = piece_first(e->mem, PIECE_MEM, 0), *ss = piece_first(e->mem, PIECE_SOCK, 0);
	if (path) {
		char text[PATH_MAX + 16];
		snprintf(text, sizeof text, "%.*s", (int)path->len, path->bytes);
		path_fact(e, looks_at_fd(e) ? "fd:" : text);
		if (e->task->n_said < 2) {
			e->task->said = realloc(e->task->said, 2 * sizeof *e->task->said);
			e->task->said[e->task->n_said++] = (struct said){ .subject = strdup(text) };
		}
	} else if (ss && ss->len == sizeof(struct sockaddr_storage)) {
		struct sockaddr_storage a;
		memcpy(&a, ss->bytes, sizeof a);
		addr_fact(&e->task->call, &a);
	} else {
		call_fact(&e->task->call);
	}
}
/* The last path of a call that succeeded and makes what it names. */
static void on_end(const struct event *e)
{
	struct task *t = e->task;
	const struct call *c = &t->call;
	int flags = open_flags(c);
	bool makes = c->row && !call_failed(c) && t->n_said &&
		     (flags >= 0 ? (c->arg[flags] & O_CREAT) != 0 :
		      strstr(c->row->name, "mkdir") || strstr(c->row->name, "link") || strstr(c->row->name, "rename") ||
		      strstr(c->row->name, "mk") || !strcmp(c->row->name, "bind"));
	if (makes && !strstr(c->row->name, "unlink") && !strstr(c->row->name, "readlink"))
		others_made(t->said[t->n_said - 1].subject);
	for (unsigned i = 0; i < t->n_said; i++)
		free(t->said[i].subject);
	t->n_said = 0;
}
static void event(struct sink *s, const struct event *e)
{
	char pid[16];
	switch (e->type) {
	case EV_START: case EV_FORK: case EV_EXEC: case EV_THREAD:
		snprintf(pid, sizeof pid, "%d", e->task->tid);
		others_number(pid);
		break;
	case EV_VERDICT: on_verdict(e); break;
	case EV_EXIT: case EV_UNFINISHED: on_end(e); break;
	default: break;
	}
}

/* --- the end ------------------------------------------------------------------------------------------------------ */
static void finish(struct sink *s)
{
	static bool done;
	FILE *out;
	if (done)
		return;
	done = true;
	twalk(facts, take);
	if (ftruncate(fd_, 0) < 0 || lseek(fd_, 0, SEEK_SET) < 0 || !(out = fdopen(fd_, "w"))) {
		dprintf(2, "guise: audit: cannot write %s: %s\n", name_, strerror(errno));
		return;
	}
	learned_write(out, command_, list, n_list);
	if (fflush(out) || ferror(out))
		dprintf(2, "guise: audit: cannot write %s: %s\n", name_, strerror(errno));
}
static void flush(struct sink *s) { }

/* --- what is there already ---------------------------------------------------------------------------------------- */
static const struct pair *pair_of(const struct table *t, const char *key, size_t n)
{
	for (unsigned i = 0; i < t->n; i++)
		if (!strncmp(t->pair[i].key, key, n) && (!t->pair[i].key[n] || key[n - 1] == '.'))
			return &t->pair[i];
	return NULL;
}
static void take_rule(const struct table *t)
{
	const struct pair *call = pair_of(t, "call", 4), *path = pair_of(t, "path", 4), *arg = pair_of(t, "arg.", 4);
	const struct pair *address = pair_of(t, "address", 7), *port = pair_of(t, "port", 4);

	for (unsigned c = 0; call && c < call->n; c++) {
		const char *name = call->item[c].text;
		for (unsigned i = 0; path && i < path->n; i++)
			others_know(path->item[i].text);
		for (unsigned i = 0; path && i < path->n; i++)
			fact("P\2%s%c%s%c%s", path->item[i].text, FACT_SEP, name, FACT_SEP, arg ? arg->key + 4 : "");
		for (unsigned i = 0; address && i < address->n; i++)
			if (port)
				fact("A%s%c%ld%c%s", address->item[i].text, FACT_SEP, port->item->number, FACT_SEP, name);
			else
				fact("A%s%c%c%s", address->item[i].text, FACT_SEP, FACT_SEP, name);
		for (unsigned i = 0; !path && arg && i < arg->n; i++)
			if (arg->item[i].type == I_TEXT)
				fact("S%s%c%s%c%s", name, FACT_SEP, arg->key + 4, FACT_SEP, arg->item[i].text);
			else
				fact("S%s%c%s%c#%ld", name, FACT_SEP, arg->key + 4, FACT_SEP, arg->item[i].number);
		if (!path && !address && !arg)
			fact("C%s", name);
	}
}
struct sink *learn_sink(const char *file, int fd, const char *command)
{
	static struct sink s = { "learn", event, flush, finish, NULL };
	static const char mark[] = "# Learned by guise audit --learn";
	struct problems p = { .file = file };
	struct toml t;
	off_t size = lseek(fd, 0, SEEK_END);
	char *text = calloc(1, (size_t)MAX(size, 0) + 1);

	if (!text || pread(fd, text, (size_t)size, 0) != size)
		refuse("%s cannot be read: %s", file, strerror(errno));
	if (size && strncmp(text, mark, sizeof mark - 1))
		refuse("%s holds something that --learn did not write: name another file", file);
	if (size && !toml_read(&t, text, &p))
		problems_tell(&p);
	if (p.n)
		refuse("%s: what an earlier --learn wrote there was changed into something that is no policy", file);
	for (unsigned i = 1; size && i < t.n; i++)
		take_rule(&t.table[i]);
	name_ = file;
	fd_ = fd;
	command_ = command ? command : "";
	return &s;
}
