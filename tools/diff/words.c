/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The words of a neutral call (neutral.c): what a call means, and paths, text, addresses, flags, processes and signals in
 * the host's names, what is noise by a sign. Nothing here knows an event.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include "tools/diff/diff.h"
#include "tools/trace/trace.h"

static const struct personality *host_terms;
static const char *own_path, *top_dir;
static unsigned port_lo = 32768, port_hi = 60999;
struct word_noise word_noise;

void word_add(char *to, size_t n, const char *f, ...)
{
	size_t len = strlen(to);
	va_list ap;
	va_start(ap, f);
	vsnprintf(to + len, n - len, f, ap);
	va_end(ap);
}
void neutral_start(const char *program, const char *top)
{
	FILE *f = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
	if (f && fscanf(f, "%u %u", &port_lo, &port_hi) != 2)
		port_lo = 32768, port_hi = 60999;
	if (f)
		fclose(f);
	own_path = program;
	top_dir = top;
	word_noise.addresses = rule_noise("addresses"), word_noise.pids = rule_noise("pids"), word_noise.fds = rule_noise("fds");
	word_noise.ports = rule_noise("ports"), word_noise.program = rule_noise("program");
	for (EACH_SYSTEM(p))
		if ((*p)->identity)
			host_terms = *p;
}

/* --- names -------------------------------------------------------------------------------------------------------- */
/* How many calls of its system the handler serves: one that serves many has no meaning of its own. */
static unsigned serves(const struct personality *p, const char *by)
{
	unsigned n = 0;
	for (unsigned t = 0; t < p->n_tab; t++)
		for (unsigned i = 0; i < p->tab[t].n; i++)
			n += p->tab[t].row[i].by && !strcmp(p->tab[t].row[i].by, by);
	return n;
}
const char *word_meaning(const struct personality *p, const struct row *r)
{
	const char *name = r->name;
	if (!r->by || (strncmp(r->by, "sys_", 4) && (p->identity || serves(p, r->by) > 4)))
		return name;
	name = strchr(r->by, '_');
	return name && name[1] ? name + 1 : r->name;
}

/* --- values ------------------------------------------------------------------------------------------------------- */
/* Paths: the program's own, and those below the run's directory as they would be from there. */
void word_path(char *to, size_t n, const char *path)
{
	size_t len = strlen(top_dir);
	if (word_noise.program && !strcmp(path, own_path))
		path = "(the program)";
	else if (!strncmp(path, top_dir, len) && (path[len] == '/' || !path[len]))
		path = path[len] ? path + len + 1 : ".";
	else if (!strncmp(path, "./", 2) && path[2])
		path += 2;
	if (!strncmp(path, "cwd/", 4) && path[4])
		path += 4;
	char *named = rule_names(path), *v = visible(named, strlen(named));
	word_add(to, n, "%s", v);
	free(v), free(named);
}
void word_quoted(char *to, size_t n, const char *text, size_t len)
{
	size_t m;
	bool own = word_noise.program && strlen(own_path) == len && !memcmp(own_path, text, len);
	char *changed = rule_text(own ? "(the program)" : text, own ? 13 : len, &m), *v = visible(changed, m);
	word_add(to, n, "\"%s\"", v);
	free(v);
	free(changed);
}

static void put_port(char *to, size_t n, unsigned port)
{
	if (word_noise.ports && port >= port_lo && port <= port_hi)
		word_add(to, n, ":*");
	else
		word_add(to, n, ":%u", port);
}
void word_address(char *to, size_t n, const struct sockaddr_storage *ss, size_t len)
{
	const struct sockaddr_in *in = (const void *)ss;
	const struct sockaddr_in6 *in6 = (const void *)ss;
	const struct sockaddr_un *un = (const void *)ss;
	const size_t head = offsetof(struct sockaddr_un, sun_path);
	char text[80], path[200] = "";

	if (ss->ss_family == AF_INET && len >= sizeof *in) {
		word_add(to, n, "%s", inet_ntop(AF_INET, &in->sin_addr, text, sizeof text));
		put_port(to, n, ntohs(in->sin_port));
	} else if (ss->ss_family == AF_INET6 && len >= 24) {
		if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
			word_add(to, n, "%s", inet_ntop(AF_INET, (const char *)&in6->sin6_addr + 12, text, sizeof text));
		else
			word_add(to, n, "[%s]", inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof text));
		put_port(to, n, ntohs(in6->sin6_port));
	} else if (ss->ss_family == AF_UNIX) {
		size_t most = len > head ? MIN(len - head, sizeof un->sun_path) : 0;
		snprintf(path, sizeof path, "%.*s", (int)most, un->sun_path);
		word_add(to, n, "unix:");
		word_path(to, n, path);
	} else {
		word_add(to, n, "family %u", ss->ss_family);
	}
}
void word_set(char *to, size_t n, const struct personality *p, unsigned set, uint64_t guest)
{
	uint64_t h, seen = 0;
	bool any = false;

	if (set == SET_IPPROTO) {                /* the same numbers everywhere */
		word_add(to, n, "%ld", (long)guest);
		return;
	}
	if (set_to_host(p, set, guest, &h)) {
		word_add(to, n, "%#lx?", (unsigned long)guest);
		return;
	}
	for (const struct bit *b = host_terms->bits; b->name; b++) {
		if (b->set != set || !b->gmask || (h & b->gmask) != b->gval || seen & b->gmask)
			continue;
		seen |= b->gmask;
		if (rule_word(RULE_FLAG, b->name))
			continue;
		word_add(to, n, "%s%s", any ? "|" : "", b->name);
		any = true;
	}
	if (h & ~seen && h >> 32)
		word_add(to, n, "%s%#lx", any ? "|" : "", (unsigned long)(h & ~seen));
	else if (!any)
		word_add(to, n, h & ~seen ? "%#lx" : "%ld", (unsigned long)(h & ~seen));
}
void word_pid(char *to, size_t n, const struct task *t, long pid)
{
	if (!word_noise.pids || !pid || pid == -1 || pid > 1 << 22)
		word_add(to, n, "%ld", pid);
	else if (pid < 0)
		word_add(to, n, "-PID");
	else
		word_add(to, n, pid == t->process->pid ? "self" : pid == t->process->ppid ? "parent" : "PID");
}
const char *word_signal(int ours)
{
	const char *name = ours > 0 && ours < (int)host_terms->n_sig && host_terms->sig_name ? host_terms->sig_name[ours] : NULL;
	static char text[16];
	if (name && !strncmp(name, "SIG", 3))
		return name;
	snprintf(text, sizeof text, name ? "SIG%s" : "%s", name ? name : "signal");
	return name ? text : (snprintf(text, sizeof text, "signal %d", ours), text);
}
