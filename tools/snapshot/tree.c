/* SPDX-License-Identifier: BSD-2-Clause
 *
 * All that come of a process: its children and theirs are found by /proc and stopped, each behind its parent, until a look
 * at all processes finds no other; what has ended, and whose number a group still has, is noted. At our end, by whatever
 * (but SIGKILL: then they see it themselves), all that were stopped are let go.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "loader/loader.h"
#include "tools/snapshot/snapshot.h"

static struct target *members[MEMBERS_MOST];     /* to be let go at our end; the root first */
static unsigned n_members;
static struct ended *ended;
static unsigned n_ended;

static void let_go(void)
{
	for (unsigned i = 0; i < n_members; i++)
		target_let_go(members[i]);
	n_members = 0;
}
struct target *member_at(unsigned place) { return place < n_members ? members[place] : NULL; }
struct target *target_of(int pid)
{
	for (unsigned i = 0; i < n_members; i++)
		if (members[i]->pid == pid)
			return members[i];
	return NULL;
}
static void interrupted(int sig)
{
	exit(128 + sig);
}
struct stat_line { char state; int ppid, pgid, sid, signal, code; };

static bool stat_of(int pid, struct stat_line *s)
{
	char path[64], text[2048];
	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
	if (f)
		fclose(f);
	text[n] = 0;
	char *at = strrchr(text, ')'), *word, *save;
	if (!at || sscanf(at + 1, " %c %d %d %d", &s->state, &s->ppid, &s->pgid, &s->sid) != 4)
		return false;
	unsigned field = 2;
	s->signal = SIGCHLD, s->code = 0;
	for (word = strtok_r(at + 1, " \n", &save); word; word = strtok_r(NULL, " \n", &save))
		if (++field == 38)
			s->signal = atoi(word);
		else if (field == 52)
			s->code = atoi(word);
	return true;
}
static bool is_ended(int pid)
{
	for (unsigned i = 0; i < n_ended; i++)
		if (ended[i].pid == pid)
			return true;
	return false;
}
static void add_ended(int pid, const struct stat_line *s, unsigned parent, unsigned what)
{
	if (!(ended = realloc(ended, (n_ended + 1) * sizeof *ended)))
		refuse("no memory for the processes of the tree");
	ended[n_ended++] = (struct ended){ .pid = pid, .pgid = s->pgid, .sid = s->sid, .signal = s->signal, .parent = parent, .what = what,
					   .status = (unsigned)s->code & 0xffff };
}
static struct target *add_member(int pid)
{
	struct target *t = calloc(1, sizeof *t);
	if (!t || n_members == MEMBERS_MOST)
		refuse("process %d has more processes below it than can be saved (%u)", members[0]->pid, MEMBERS_MOST);
	t->pid = pid;
	t->place = n_members;
	members[n_members++] = t;
	return t;
}
/* One that is in the middle of a fork or exec is asked again; after two seconds it is not in the middle of it. */
static bool take_child(int pid, const struct stat_line *s, const struct target *parent)
{
	static int tries;
	struct target *t;

	if (s->state == 'Z' || s->state == 'X') {
		if (s->state == 'Z')
			add_ended(pid, s, parent->place, TREE_ENDED);
		return true;
	}
	t = add_member(pid);
	t->parent = parent->place;
	t->pgid = s->pgid, t->sid = s->sid, t->signal = s->signal;
	if (target_stop(t))
		return true;
	n_members--;
	free(t);
	if (kill(pid, 0) < 0 && errno == ESRCH)
		return true;
	if (++tries > 2000)
		refuse("process %d cannot be saved, for its child: %s", members[0]->pid, stop_why());
	nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
	return true;
}
static bool find_more(void)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	bool more = false;

	while (d && (e = readdir(d))) {
		struct stat_line s;
		struct target *parent;
		int pid = atoi(e->d_name);
		if (pid > 0 && pid != getpid() && stat_of(pid, &s) && (parent = target_of(s.ppid)) && !target_of(pid) && !is_ended(pid))
			more |= take_child(pid, &s, parent);
	}
	if (d)
		closedir(d);
	return more;
}
static bool is_there(int pid)
{
	return target_of(pid) || is_ended(pid);
}
/* Groups whose leader has been waited for, and sessions: what is led from outside of the tree is whoever restores it. */
static void find_leaders(void)
{
	const struct target *root = members[0];
	for (unsigned i = 0; i < n_members; i++) {
		const struct target *t = members[i];
		const struct target *up = t;
		while (up->place && up->pid != t->sid)
			up = members[up->parent];
		if (t->sid != root->sid && up->pid != t->sid)
			cannot(t, "its session has number %d, whose process is none of its parents", t->sid);
		if (t->pgid != root->pgid && !is_there(t->pgid))
			add_ended(t->pgid, &(struct stat_line){ .pgid = t->pgid, .sid = t->sid }, i, TREE_LED);
	}
}
const struct family *targets_stop(int pid)
{
	static struct family all;
	struct stat_line s = { 0 };
	struct target *t = add_member(pid);

	signal(SIGINT, interrupted);
	signal(SIGTERM, interrupted);
	signal(SIGHUP, interrupted);
	atexit(let_go);
	if (!target_stop(t))
		refuse("%s", stop_why());
	if (stat_of(pid, &s))
		t->pgid = s.pgid, t->sid = s.sid;
	while (find_more())
		;
	if (n_members + n_ended > 1 && t->point.machine.memory)
		cannot(t, "it is a machine and has a child");
	find_leaders();
	all = (struct family){ members, ended, n_members, n_ended };
	return &all;
}
void targets_go(bool end)
{
	for (unsigned i = n_members; end && i--;)
		if (syscall(SYS_pidfd_send_signal, members[i]->pidfd, SIGKILL, NULL, 0) < 0)
			refuse("process %d is saved, but cannot be ended: %s", members[i]->pid, strerror(errno));
	let_go();
}
int target_told(const struct target *t, int host)
{
	struct alias *at, a;
	unsigned n;
	target_read(t, (uint64_t)&n_aliases, &n, sizeof n);
	target_read(t, (uint64_t)&aliases, &at, sizeof at);
	for (unsigned i = 0; i < n; i++) {
		target_read(t, (uint64_t)(at + i), &a, sizeof a);
		if (a.host == host)
			return a.told;
	}
	return host;
}
void save_tree(const struct family *f, struct writer *w)
{
	for (unsigned i = 0; i < f->n; i++) {
		const struct target *t = f->member[i];
		struct snap_tree r = { .pid = target_told(t, t->pid), .pgid = target_told(t, t->pgid), .sid = target_told(t, t->sid),
				       .parent = t->parent, .what = TREE_RUNS, .signal = (uint32_t)t->signal };
		writer_record(w, SNAP_TREE, &r, sizeof r, NULL);
	}
	for (unsigned i = 0; i < f->n_ended; i++) {
		const struct ended *e = &f->ended[i];
		const struct target *t = f->member[e->parent];
		struct snap_tree r = { .pid = target_told(t, e->pid), .pgid = target_told(t, e->pgid), .sid = target_told(t, e->sid),
				       .parent = e->parent, .what = e->what, .signal = (uint32_t)e->signal, .status = e->status };
		writer_record(w, SNAP_TREE, &r, sizeof r, NULL);
	}
}
