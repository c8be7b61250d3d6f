/* SPDX-License-Identifier: BSD-2-Clause
 *
 * -e inject=CALLS:error=..:when=..: what is to happen to which invocations of which calls, as the session tells it to the guest
 * (struct injection); and errors and signals by the names that any system has for them.
 */
#include <stdlib.h>
#include <string.h>
#include "tools/command.h"
#include "tools/trace/trace.h"

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
static int error(const char *name)
{
	int e = filter_errno(name);
	if (!e)
		refuse("-e inject: there is no error %s", name);
	return e;
}
int filter_signal(const char *name, int most)
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
static int sent_signal(const char *name)
{
	int sig = filter_signal(name, 64);
	if (!sig)
		refuse("-e inject: there is no signal %s that could be sent", name);
	return sig;
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
static void one(struct injection *j, const char *what, const char *value)
{
	long v;

	if (!strcmp(what, "error"))
		j->answers = true, j->rv = -error(value);
	else if (!strcmp(what, "retval") && number(value, &v) && v >= 0)
		j->answers = true, j->rv = v;
	else if (!strcmp(what, "signal"))
		j->sig = sent_signal(value);
	else if (!strcmp(what, "delay") || !strcmp(what, "delay_enter"))
		j->before_us = delay(value);
	else if (!strcmp(what, "delay_exit"))
		j->after_us = delay(value);
	else if (!strcmp(what, "when"))
		when(j, value);
	else
		refuse("-e inject: %s=%s is none of error= retval= signal= delay= delay_exit= when=", what, value);
}
void inject_add(struct session *s, const char *text)
{
	struct injection *j = &s->injection[s->n_injections];
	char *copy = strdup(text), *save = NULL, *set = strtok_r(copy, ":", &save);
	bool any = false;

	if (s->n_injections == MOST_INJECTIONS)
		refuse("-e inject can be given %u times at most", MOST_INJECTIONS);
	*j = (struct injection){ .first = 1, .step = 1 };
	if (!set)
		refuse("-e inject: which call? inject=CALL:error=EIO");
	filter_list(&j->nrs, set);
	for (char *w; (w = strtok_r(NULL, ":", &save)); any = true) {
		char *value = strchr(w, '=');
		if (!value)
			refuse("-e inject: \"%s\" has no value", w);
		*value++ = 0;
		one(j, w, value);
	}
	if (!any)
		refuse("-e inject=%s: nothing is to happen; add :error=, :retval=, :signal= or :delay=", text);
	for (unsigned i = 0; i < sizeof s->touch / 8; i++)
		((uint64_t *)s->touch)[i] |= ((uint64_t *)j->nrs)[i];
	s->n_injections++;
	free(copy);
}
void inject_fault(struct session *s, const char *text)
{
	char *with = malloc(strlen(text) + 16);
	if (!with)
		refuse("no memory for -e fault=");
	sprintf(with, "%s%s", text, strstr(text, ":error=") ? "" : ":error=ENOSYS");
	inject_add(s, with);
	free(with);
}
