/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which process is meant: a number is one, a name is looked for among all guests of this guise, by what each says of itself.
 * Only looks: nothing of another process is changed here, and one that ends meanwhile is none.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "loader/loader.h"
#include "tools/snapshot/snapshot.h"

static bool point_of(int pid, struct snapshot_point *p)
{
	return far_move(pid, false, (uint64_t)&snapshot_point, p, sizeof *p) == (long)sizeof *p && p->magic == SNAPSHOT_MAGIC && p->proc;
}
bool target_named(int pid, const char *name)
{
	struct snapshot_point p;
	char text[256] = "", comm[32] = "";
	bool forked = false;
	if (pid == getpid() || !runs_us(pid) || !point_of(pid, &p))
		return false;
	if (p.name)
		far_move(pid, false, (uint64_t)p.name, text, MIN(sizeof text - 1, strlen(name) + 1));
	far_move(pid, false, (uint64_t)p.proc + offsetof(struct proc, comm), comm, sizeof comm - 1);
	far_move(pid, false, (uint64_t)p.proc + offsetof(struct proc, forked), &forked, sizeof forked);
	return !forked && !strcmp(p.name ? text : comm, name);   /* a forked child has its parent's */
}
int target_find(const char *what)
{
	char *end, all[300] = "";
	long n = strtol(what, &end, 10);
	int found = 0, many = 0;
	struct dirent *e;
	DIR *d;

	if (*what && !*end && n > 0 && n <= INT_MAX)
		return (int)n;
	if (!(d = opendir("/proc")))
		refuse("/proc cannot be read: %s", strerror(errno));
	while ((e = readdir(d))) {
		int pid = atoi(e->d_name);
		if (pid <= 0 || !target_named(pid, what))
			continue;
		found = pid;
		if (many++ < 20)
			snprintf(all + strlen(all), sizeof all - strlen(all), " %d", pid);
	}
	closedir(d);
	if (!found)
		refuse("no guest of this guise is named %s (guise run --name NAME names one; else it has its program's name); give its "
		       "process number", shown(what));
	if (many > 1)
		refuse("%d guests are named %s:%s; give the number of one", many, what, all);
	return found;
}
