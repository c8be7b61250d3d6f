/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the supervisor saw, as one JSON object a line (--witness FILE): the guest's calls in its own system's names, the
 * calls of Linux that came of them, and those made past the translator. Raw numbers: this is evidence, not a trace.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>
#include <time.h>
#include "engines/witness.h"
#include "tools/supervise/supervise.h"

static bool wanted;

bool witness_wants(void) { return wanted; }
void witness_start(void) { wanted = fcntl(FD_WITNESS, F_GETFD) >= 0; }

const char *seen_name(const struct seen *s, char buf[32])
{
	const struct personality *p = s->kind == SEEN_GUEST ? s->pers : host_personality();
	if (p && s->nr < p->tab[0].n && p->tab[0].row[s->nr].name)
		return p->tab[0].row[s->nr].name;
	snprintf(buf, 32, "syscall_%u", s->nr);
	return buf;
}
/* One write a line: several runs may append to one file. */
static void put(const char *text, int n)
{
	if (n <= 0 || write(FD_WITNESS, text, (size_t)n) == n)
		return;
	dprintf(2, "guise: --witness: cannot write: %s; what follows is not recorded\n", strerror(errno ? errno : ENOSPC));
	wanted = false;
}
void witness_seen(struct task *t, const struct seen *s)
{
	static const char *const kind[] = { "guest", "linux", "past" };
	char text[640], name[32];
	int n;

	if (!wanted)
		return;
	n = snprintf(text, sizeof text, "{\"time\":%lu.%06lu,\"pid\":%d,\"tid\":%d,\"event\":\"%s\",\"call\":\"%s\",\"nr\":%u,\"args\":[%ld,%ld,%ld,%ld,%ld,%ld],\"ip\":%lu",
		     s->ns / 1000000000, s->ns / 1000 % 1000000, t->guest->pid, s->tid, kind[s->kind], seen_name(s, name), s->nr,
		     s->arg[0], s->arg[1], s->arg[2], s->arg[3], s->arg[4], s->arg[5], s->ip);
	if (s->ended)
		n += snprintf(text + n, sizeof text - (size_t)n, ",\"result\":%ld,\"failed\":%s", s->rv, s->failed ? "true" : "false");
	n += snprintf(text + n, sizeof text - (size_t)n, "}\n");
	put(text, n);
}
void witness_event(struct task *t, const char *event, const char *more, ...)
{
	struct timespec ts;
	char text[640];
	va_list ap;
	int n;

	if (!wanted)
		return;
	clock_gettime(CLOCK_REALTIME, &ts);
	n = snprintf(text, sizeof text, "{\"time\":%ld.%06ld,\"pid\":%d,\"tid\":%d,\"event\":\"%s\"", ts.tv_sec, ts.tv_nsec / 1000,
		     t->guest->pid, t->tid, event);
	va_start(ap, more);
	n += vsnprintf(text + n, sizeof text - (size_t)n, more, ap);
	va_end(ap);
	n += snprintf(text + n, sizeof text - (size_t)n, "}\n");
	put(text, n);
}
