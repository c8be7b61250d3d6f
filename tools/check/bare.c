/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Programs for a bare machine make no system calls that their code could tell: what is said of them is how they are
 * booted, how far their memory reaches, and whether this host has a machine for them.
 */
#include <stdio.h>
#include <string.h>
#include "guise.h"
#include "loader/image.h"
#include "tools/check/subject.h"

/* Who has machines; where --as names somebody else, nobody. */
static const struct personality *machines(const char *as)
{
	for (EACH_SYSTEM(p))
		if ((*p)->load && (!as || !strcmp(as, (*p)->name)))
			return *p;
	return NULL;
}
static void judge(struct subject *s)
{
	char why[256] = "";

	if (!*s->why && !s->pers->engine->probe(why, sizeof why))
		snprintf(s->why, sizeof s->why, "%s", why);
	s->verdict = *s->why ? RUNS_NOT : RUNS;
	if (*s->why)
		snprintf(s->text, sizeof s->text, "cannot run, because %s", s->why);
	else
		snprintf(s->text, sizeof s->text, "runs, in a virtual machine of its own%s%s", *why ? "; " : "", why);
}
bool subject_bare(struct subject *s, int fd)
{
	const struct personality *p = machines(s->search->as);
	static struct image im;
	int found = p ? bare_open(&im, fd, s->host, s->search->as, s->why, sizeof s->why) : 0;

	if (!found)
		return false;
	s->pers = p;
	s->boot = bare_name(im.bare);
	for (unsigned i = 0; found > 0 && i < im.n_seg; i++)
		s->reaches = MAX(s->reaches, im.seg[i].paddr + im.seg[i].memsz);
	judge(s);
	return true;
}
