/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Who the guest's user is: users, groups and capabilities of the saved process are given to the restored one where whoever
 * restores may do so, and else it is refused: a guest that has given up the super-user's rights may not have them again.
 * `as_me` leaves all that as it is. Runs last, when everything that needs the restorer's rights is open.
 */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "guise.h"
#include "loader/loader.h"
#include "loader/restore.h"

static bool numbers(const char *status, const char *name, uint32_t *to, unsigned n)
{
	const char *s = strstr(status, name);
	char *end;
	s = s ? s + strlen(name) : "";
	for (unsigned i = 0; i < n; i++, s = end) {
		to[i] = (uint32_t)strtoul(s, &end, 10);
		if (end == s)
			return false;
	}
	return true;
}
bool owner_of(int pid, struct snap_owner *o)
{
	static const char *const caps[CAP_WORDS] = { "\nCapInh:", "\nCapPrm:", "\nCapEff:", "\nCapBnd:", "\nCapAmb:" };
	char path[64], text[8192];
	FILE *f;

	*o = (struct snap_owner){ 0 };
	snprintf(path, sizeof path, "/proc/%d/status", pid);
	if (!(f = fopen(path, "re")))
		return false;
	text[fread(text, 1, sizeof text - 1, f)] = 0;
	fclose(f);
	if (!numbers(text, "\nUid:", o->uid, 4) || !numbers(text, "\nGid:", o->gid, 4))
		return false;
	for (unsigned i = 0; i < CAP_WORDS; i++) {
		const char *s = strstr(text, caps[i]);
		o->cap[i] = s ? strtoull(s + 8, NULL, 16) : 0;
	}
	const char *s = strstr(text, "\nGroups:");
	char *end;
	for (s = s ? s + 8 : "\n"; *s && *s != '\n'; s = end) {
		unsigned long g = strtoul(s, &end, 10);
		if (end == s)
			break;
		if (o->n_groups == ARRAY_LEN(o->group))
			return false;
		o->group[o->n_groups++] = (uint32_t)g;
		end += strspn(end, " \t");
	}
	return true;
}
static bool has_group(const struct snap_owner *o, uint32_t g)
{
	for (unsigned i = 0; i < o->n_groups; i++)
		if (o->group[i] == g)
			return true;
	return false;
}
static bool same_ids(const struct snap_owner *a, const struct snap_owner *b)
{
	bool same = !memcmp(a->uid, b->uid, sizeof a->uid) && !memcmp(a->gid, b->gid, sizeof a->gid);
	for (unsigned i = 0; i < a->n_groups; i++)
		same &= has_group(b, a->group[i]);
	for (unsigned i = 0; i < b->n_groups; i++)
		same &= has_group(a, b->group[i]);
	return same;
}
static bool take_ids(struct restore *r, const struct snap_owner *o)
{
	if (syscall(SYS_setgroups, o->n_groups, o->group) < 0 || syscall(SYS_setresgid, o->gid[0], o->gid[1], o->gid[2]) < 0 ||
	    syscall(SYS_setresuid, o->uid[0], o->uid[1], o->uid[2]) < 0)
		return restore_bad(r, "it ran as user %u and group %u (effective %u and %u), which you cannot give it: %s; restore it as that user, "
				   "or as the super-user, or let it run as you with --as-me", o->uid[0], o->gid[0], o->uid[1], o->gid[1], strerror(errno));
	return true;
}
static bool take_caps(struct restore *r, const struct snap_owner *o)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2];
	struct snap_owner now;

	for (unsigned c = 0; c < 64; c++)
		if (!(o->cap[3] >> c & 1) && prctl(PR_CAPBSET_READ, c) == 1)
			prctl(PR_CAPBSET_DROP, c, 0, 0, 0);
	for (unsigned i = 0; i < 2; i++)
		d[i] = (struct __user_cap_data_struct){ .inheritable = (uint32_t)(o->cap[0] >> 32 * i), .permitted = (uint32_t)(o->cap[1] >> 32 * i),
							.effective = (uint32_t)(o->cap[2] >> 32 * i) };
	syscall(SYS_capset, &h, d);
	for (unsigned c = 0; c < 64; c++)
		if (o->cap[4] >> c & 1)
			prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, c, 0, 0);
	if (!owner_of(getpid(), &now))
		return restore_bad(r, "who runs this cannot be asked");
	for (unsigned i = 0; i < CAP_WORDS; i++)
		if (now.cap[i] != o->cap[i])
			return restore_bad(r, "it had other capabilities (%#llx, here %#llx) than can be given to it here; --as-me lets it have yours",
					   (unsigned long long)o->cap[i], (unsigned long long)now.cap[i]);
	return true;
}
/* What its user may not do any more, while we may: threads begin with what the first has. What fails here is said when each
 * asks for its own (revive.c). */
static void schedule(const struct restore *r)
{
	if (!r->image->of[SNAP_TASK].n)
		return;
	const struct snap_task *k = r->image->of[SNAP_TASK].at[0];
	syscall(SYS_sched_setattr, 0, &k->sched, 0);
	syscall(SYS_ioprio_set, 1, 0, k->ioprio);
	if (prctl(PR_GET_SECUREBITS) != k->secure)
		prctl(PR_SET_SECUREBITS, k->secure);
}
bool restore_owner(struct restore *r)
{
	struct snap_owner me;
	char text[24];

	schedule(r);
	EACH(r->image, SNAP_OWNER, struct snap_owner, o) {
		FILE *f = NULL;
		if (!owner_of(getpid(), &me))
			return restore_bad(r, "who runs this cannot be asked");
		snprintf(text, sizeof text, "%d", (int32_t)o->oom_adj);
		if (o->oom_adj != oom_adj_of(getpid()) && (!(f = fopen("/proc/self/oom_score_adj", "we")) || fputs(text, f) < 0 || fflush(f)))
			say("its oom_score_adj of %s cannot be had here; it has the restorer's", text);
		if (f)
			fclose(f);
		if (r->as_me || (same_ids(o, &me) && !memcmp(o->cap, me.cap, sizeof me.cap)))
			continue;
		if (!same_ids(o, &me) && !take_ids(r, o))
			return false;
		if (!take_caps(r, o))
			return false;
	}
	return true;
}
uint32_t oom_adj_of(int pid)
{
	char path[64];
	int v = 0;
	snprintf(path, sizeof path, "/proc/%d/oom_score_adj", pid);
	FILE *f = fopen(path, "re");
	if (f) {
		if (fscanf(f, "%d", &v) != 1)
			v = 0;
		fclose(f);
	}
	return (uint32_t)v;
}
