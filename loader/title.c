/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What ps and /proc show of us: the guest's name, arguments and environment instead of ours. The host lets a process say
 * where these lie (PR_SET_MM_MAP, no privilege needed); where it does not, ours stay to be seen and nothing else differs.
 */
#include <linux/prctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "guise.h"
#include "loader/title.h"

static bool now(struct prctl_mm_map *m)
{
	char buf[2048], *p;
	unsigned long f[53] = { 0 };
	FILE *s = fopen("/proc/self/stat", "re");
	if (!s)
		return false;
	size_t n = fread(buf, 1, sizeof buf - 1, s);
	fclose(s);
	buf[n] = 0;
	p = strrchr(buf, ')');
	for (int i = 3; p && i < 53; i++) {
		p = strchr(p, ' ');
		if (!p || sscanf(++p, "%lu", &f[i]) < 0)
			return false;
	}
	m->start_code = f[26], m->end_code = f[27], m->start_stack = f[28];
	m->start_data = f[45], m->end_data = f[46], m->start_brk = f[47];
	m->brk = (uint64_t)sbrk(0);
	m->exe_fd = (uint32_t)-1;
	return p != NULL;
}
void title_set(const char *name, const struct space *s)
{
	struct prctl_mm_map m = { 0 };
	prctl(PR_SET_NAME, name);
	if (!now(&m))
		return;
	m.arg_start = s->args, m.arg_end = s->args_end, m.env_start = s->env, m.env_end = s->env_end;
	prctl(PR_SET_MM, PR_SET_MM_MAP, &m, sizeof m, 0);
}
