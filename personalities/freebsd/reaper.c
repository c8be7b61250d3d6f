/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Reaping: procctl's PROC_REAP_*. The host's child subreaper is the same thing, but tells nobody who is one; so a reaper
 * holds a name (mark.h), and a process's reaper is the nearest ancestor that holds it, or the first process. The tree is
 * read from /proc. Meanings: sys/kern/kern_procctl.c (15.0).
 *
 * A process belongs to the subtree of that child of the reaper from which it descends, also when its parent has gone and
 * the reaper is its parent now. /proc does not know that any more: the reaper remembers what it has seen.
 */
#include <linux/prctl.h>
#include <sys/wait.h>
#include "host.h"
#include "mark.h"
#include "procfs.h"
#include "freebsd/freebsd.h"

sysfn fbsd_procctl_reap_acquire, fbsd_procctl_reap_release, fbsd_procctl_reap_status, fbsd_procctl_reap_getpids,
      fbsd_procctl_reap_kill;

enum { OWNED = 1, REALINIT = 2 };
enum { VALID = 1, CHILD = 2, REAPER = 4, ZOMBIE = 8, STOPPED = 16 };
enum { KILL_CHILDREN = 1, KILL_SUBTREE = 2 };
struct reaper_status { uint32_t flags, children, descendants; int32_t reaper, pid; uint32_t pad[15]; };
struct reaper_pidinfo { int32_t pid, subtree; uint32_t flags, pad[15]; };
struct reaper_pids { uint32_t count, pad[15]; uint64_t pids; };
struct reaper_kill { int32_t sig; uint32_t flags; int32_t subtree; uint32_t killed; int32_t fpid; uint32_t pad[15]; };
_Static_assert(sizeof(struct reaper_status) == 80 && sizeof(struct reaper_pidinfo) == 72, "sys/procctl.h");
_Static_assert(sizeof(struct reaper_pids) == 72 && sizeof(struct reaper_kill) == 80, "sys/procctl.h");

#define MARK "reaper"
struct kin { int pid, ppid, subtree; int64_t start; char state; bool reaper; };    /* subtree 0: not of this reaper's */
struct family { struct kin *k; unsigned n, max; int reaper; };
struct seen { int pid, subtree; int64_t start; };
static int held FORKED;                  /* the name's descriptor + 1; the rest is of no use without */
static struct seen seen[256] SPARSE;     /* a ring: where the others belonged when they were looked at */
static unsigned next_seen;
static struct seen before[64] SPARSE;    /* children that were there before it reaped: somebody else's to reap */

static void forked(struct proc *p)
{
	host(SYS_close, held - 1);
	memset(seen, 0, sizeof seen);
	memset(before, 0, sizeof before);
	held = 0;
}
AT_FORK_IF(forked, held);

static bool is_reaper(void)
{
	int on = 0;
	host(SYS_prctl, PR_GET_CHILD_SUBREAPER, &on);
	return on;
}
static void hold(struct proc *p)
{
	int fd = mark_hold(p, MARK);
	held = fd < 0 ? 0 : fd + 1;
}
void fbsd_reaper_start(struct proc *p)
{
	if (is_reaper())
		hold(p);
}

/* --- whom it is about ---------------------------------------------------------------------------------------------- */
/* 0 and more: that process */
static long whom(struct call *c)
{
	struct procfs_stat st;
	if (c->arg[0] != P_PID)
		return -EINVAL;
	if (!c->arg[1])
		return c->t->p->pid;
	return c->arg[1] > 0 && c->arg[1] <= INT32_MAX && procfs_stat((int)c->arg[1], &st) ? c->arg[1] : -ESRCH;
}
static int reaper_of(int pid)
{
	struct procfs_stat st;
	while (pid > 1 && !mark_is(pid, MARK))
		pid = procfs_stat(pid, &st) ? (int)st.f[4] : 0;
	return pid > 1 ? pid : 1;
}

/* --- the tree ------------------------------------------------------------------------------------------------------ */
static long read_kin(void *arg, unsigned pid)
{
	struct family *f = arg;
	struct procfs_stat st;
	if (f->n < f->max && procfs_stat((int)pid, &st))
		f->k[f->n++] = (struct kin){ (int)pid, (int)st.f[4], 0, st.f[22], st.state, false };
	return 0;
}
static bool was_before(const struct kin *k)
{
	for (unsigned i = 0; i < ARRAY_LEN(before); i++)
		if (before[i].pid == k->pid && before[i].start == k->start)
			return true;
	return false;
}
static int subtree_of_child(const struct kin *k)
{
	for (unsigned i = 0; i < ARRAY_LEN(seen); i++)
		if (seen[i].pid == k->pid && seen[i].start == k->start)
			return seen[i].subtree;
	return k->pid;
}
static void remember(const struct kin *k)
{
	if (subtree_of_child(k) == k->pid && k->subtree != k->pid)
		seen[next_seen++ % ARRAY_LEN(seen)] = (struct seen){ k->pid, k->subtree, k->start };
}
/* One step from those known to be of the tree to their children; through: also below another reaper. */
static bool spread(struct family *f, struct kin *k, bool mine, bool through)
{
	if (k->ppid == f->reaper) {
		k->subtree = !mine ? k->pid : was_before(k) ? 0 : subtree_of_child(k);
		return k->subtree;
	}
	for (struct kin *o = f->k; o < f->k + f->n; o++)
		if (o->pid == k->ppid && o->subtree && (through || !o->reaper)) {
			k->subtree = o->subtree;
			return true;
		}
	return false;
}
static void find_family(struct family *f, bool mine, bool through)
{
	unsigned kept = 0;
	for (bool more = true; more;) {
		more = false;
		for (struct kin *k = f->k; k < f->k + f->n; k++)
			if (!k->subtree && spread(f, k, mine, through)) {
				k->reaper = mark_is(k->pid, MARK);
				more = true;
			}
	}
	for (unsigned i = 0; i < f->n; i++)
		if (f->k[i].subtree)
			f->k[kept++] = f->k[i];
	f->n = kept;
	for (unsigned i = 0; mine && i < f->n; i++)
		remember(&f->k[i]);
}
static long family(struct call *c, int reaper, bool through, struct family *f)
{
	*f = (struct family){ .max = 32768, .reaper = reaper };
	if (!(f->k = mem_alloc(f->max * sizeof *f->k)))
		return -ENOMEM;
	long e = procfs_each("/proc", read_kin, f);
	if (e)
		mem_free(f->k, f->max * sizeof *f->k);
	else
		find_family(f, reaper == c->t->p->pid, through);
	return e;
}
static void family_free(struct family *f) { mem_free(f->k, f->max * sizeof *f->k); }

/* --- the commands -------------------------------------------------------------------------------------------------- */
static void note_children(struct call *c)
{
	struct family f;
	unsigned n = 0;
	memset(before, 0, sizeof before);
	if (family(c, c->t->p->pid, false, &f))
		return;
	for (unsigned i = 0; i < f.n; i++)
		if (f.k[i].ppid == f.reaper && n < ARRAY_LEN(before))
			before[n++] = (struct seen){ f.k[i].pid, 0, f.k[i].start };
	family_free(&f);
}
long fbsd_procctl_reap_acquire(struct call *c)
{
	long e = fbsd_procctl_self(c);
	if (e)
		return e;
	if (is_reaper())
		return -EBUSY;
	note_children(c);
	if (!(e = host(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)))
		hold(c->t->p);
	return e;
}
long fbsd_procctl_reap_release(struct call *c)
{
	long e = fbsd_procctl_self(c);
	if (e)
		return e;
	if (!is_reaper())
		return -EINVAL;
	if (held)
		forked(c->t->p);
	return host(SYS_prctl, PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
}
long fbsd_procctl_reap_status(struct call *c)
{
	struct reaper_status s = { .pid = -1 };
	struct family f;
	int64_t newest = -1;
	long pid = whom(c), e;

	if (pid < 0)
		return pid;
	s.reaper = reaper_of((int)pid);
	if ((e = family(c, s.reaper, false, &f)))
		return e;
	s.flags = (s.reaper == pid ? OWNED : 0) | (s.reaper == 1 ? REALINIT : 0);
	s.descendants = f.n;
	for (unsigned i = 0; i < f.n; i++) {
		const struct kin *k = &f.k[i];
		if (k->ppid == s.reaper)
			s.children++;
		if (k->ppid == s.reaper && k->start >= newest) {
			newest = k->start;
			s.pid = k->pid;
		}
	}
	family_free(&f);
	return copy_out((uaddr)c->arg[3], &s, sizeof s);
}
long fbsd_procctl_reap_getpids(struct call *c)
{
	struct reaper_pids want;
	struct family f;
	long pid = whom(c), e = pid < 0 ? pid : copy_in(&want, (uaddr)c->arg[3], sizeof want);

	if (e || (e = family(c, reaper_of((int)pid), false, &f)))
		return e;
	for (unsigned i = 0; i < f.n && i < want.count && !e; i++) {
		const struct kin *k = &f.k[i];
		struct reaper_pidinfo info = { k->pid, k->subtree, VALID, { 0 } };
		info.flags |= (k->ppid == f.reaper ? CHILD : 0) | (k->reaper ? REAPER : 0) | (k->state == 'Z' ? ZOMBIE : 0) |
			      (k->state == 'T' ? STOPPED : 0);
		e = copy_out(want.pids + i * sizeof info, &info, sizeof info);
	}
	family_free(&f);
	return e;
}
static long kill_family(const struct family *f, struct reaper_kill *k, int sig)
{
	long e = -ESRCH;
	k->killed = 0;
	k->fpid = -1;
	for (unsigned i = 0; i < f->n; i++) {
		const struct kin *o = &f->k[i];
		if ((k->flags & KILL_CHILDREN && o->ppid != f->reaper) || (k->flags & KILL_SUBTREE && o->subtree != k->subtree) ||
		    o->state == 'Z' || o->state == 'X')
			continue;
		long r = signal_send(thread_self(), o->pid, 0, sig, SI_USER, 0);
		if (!r) {
			k->killed++;
			e = 0;
		} else if (e == -ESRCH) {
			k->fpid = o->pid;
			e = r;
		}
	}
	return e;
}
long fbsd_procctl_reap_kill(struct call *c)
{
	struct reaper_kill k;
	struct family f;
	int sig;
	long pid = whom(c), e = pid < 0 ? pid : copy_in(&k, (uaddr)c->arg[3], sizeof k);

	if (e)
		return e;
	if (!(sig = sig_to_host(c->t->p->pers, k.sig)) || k.flags & ~(KILL_CHILDREN | KILL_SUBTREE) ||
	    k.flags == (KILL_CHILDREN | KILL_SUBTREE))
		return -EINVAL;
	int reaper = reaper_of((int)pid);
	if (reaper == 1)                 /* all that the host runs: not a guest's to kill, be it the super-user's */
		return -EPERM;
	if ((e = family(c, reaper, true, &f)))
		return e;
	e = kill_family(&f, &k, sig);
	family_free(&f);
	long w = copy_out((uaddr)c->arg[3], &k, sizeof k);
	return e ? e : w;
}
