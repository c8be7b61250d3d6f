/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a wait for children reports where some are traced: of our tracees their stops and, of those that are not our
 * children, their ends; of our children those ends that no other tracer has yet to see.
 *
 * A tracee's parent must not see its end before its tracer has: the parent knows who of its children is traced by another
 * (orphans) and passes over one that has ended until it is told that it was seen, or the tracer is gone.
 */
#include <sys/wait.h>
#include <linux/futex.h>
#include "host.h"
#include "procfs.h"
#include "debug/tracees.h"

#define HOST_FLAGS (WNOHANG | WSTOPPED | WEXITED | WCONTINUED | WNOWAIT)

struct orphan { volatile int pid, tracer; };
static struct orphan orphans[128] SPARSE;
static volatile bool has_orphans FORKED;
static volatile uint32_t news;

static void forked(struct proc *p)
{
	memset(orphans, 0, sizeof orphans);
	has_orphans = false;
}
AT_FORK_IF(forked, has_orphans);

/* --- in the host handler ------------------------------------------------------------------------------------------ */
void tracer_wake(struct thread *t)
{
	struct thread *o;
	__atomic_add_fetch(&news, 1, __ATOMIC_SEQ_CST);
	for (unsigned i = 0; (o = thread_next(t->p, &i));) {
		if (!o->tr.waits)
			continue;
		o->tr.news = true;
		if (o == t)
			t->attn = 1;
		else
			carrier_tell(t, t->p->pid, o->tid, TRACE_OP_WAITS, 0);
	}
}
void tracer_orphan(struct thread *t, int pid, int tracer)
{
	struct orphan *at = NULL;
	if (tracer == t->p->pid)
		return;
	tracer_use(t->p);
	for (struct orphan *o = orphans; o < orphans + ARRAY_LEN(orphans); o++)
		if (o->pid == pid || (!o->pid && !at))
			at = o;
	for (struct orphan *o = orphans; o < orphans + ARRAY_LEN(orphans); o++)
		if (o->pid == pid)
			at = o;
	if (at && (tracer || at->pid)) {
		at->tracer = tracer;
		at->pid = tracer ? pid : 0;
		has_orphans |= tracer != 0;
	}
	if (!tracer) {
		siginfo_t si = { 0 };
		if (host(SYS_waitid, P_PID, pid, &si, WEXITED | WNOHANG | WNOWAIT | HOST_WALL, NULL) == 0 && si.si_pid)
			child_signal(t, pid, 0, CLD_EXITED);
		tracer_wake(t);
	}
}

/* --- waits -------------------------------------------------------------------------------------------------------- */
static bool is_hidden(const struct orphan *o)
{
	siginfo_t si = { 0 };
	return o->pid && host(SYS_waitid, P_PID, o->pid, &si, WEXITED | WNOHANG | WNOWAIT | HOST_WALL, NULL) == 0 && si.si_pid;
}
/* Children that have ended and must not be seen yet; those whose tracer has gone may be. */
static unsigned hide(void)
{
	unsigned n = 0;
	bool left = false;
	for (struct orphan *o = orphans; has_orphans && o < orphans + ARRAY_LEN(orphans); o++) {
		if (o->pid && (process_ended(o->tracer) || host(SYS_kill, o->pid, 0) == -ESRCH))
			o->pid = 0;
		left |= o->pid != 0;
		n += is_hidden(o);
	}
	has_orphans = left;
	return n;
}

static bool is_meant(int pid, int idtype, long id)
{
	if (idtype == P_ALL)
		return true;
	if (idtype == P_PID)
		return pid == id;
	return idtype == P_PGID && host(SYS_getpgid, pid) == (id ? id : host(SYS_getpgid, 0));
}
static void fill(siginfo_t *si, int pid, int code, int status)
{
	memset(si, 0, sizeof *si);
	si->si_signo = SIGCHLD;
	si->si_code = code;
	si->si_pid = pid;
	si->si_status = status;
	si->si_uid = (uid_t)host(SYS_getuid);
}
static void fill_end(siginfo_t *si, int pid, int status)
{
	if (status & 0x7f)
		fill(si, pid, status & 0x80 ? CLD_DUMPED : CLD_KILLED, status & 0x7f);
	else
		fill(si, pid, CLD_EXITED, status >> 8 & 0xff);
}
/* One of the tracees that has something to report; any: there are such. */
static int report(struct thread *t, int idtype, long id, long flags, siginfo_t *si, bool trapped, bool *any)
{
	for EACH_TRACEE(e) {
		int pid = e->pid;
		if (!pid || !is_meant(pid, idtype, id))
			continue;
		*any = true;
		if (e->state == STOPPED && !e->told && trapped) {
			e->told = !(flags & WNOWAIT);
			fill(si, pid, CLD_TRAPPED, e->sig);
			return pid;
		}
		if (e->state == ENDED && e->has_status && flags & WEXITED) {
			fill_end(si, pid, e->status);
			if (!(flags & WNOWAIT)) {
				tracee_seen(t, pid);
				tracee_forget(e);
			}
			return pid;
		}
	}
	return 0;
}
struct some { int idtype, me; long id, flags; siginfo_t *si; void *ru; bool any; };

static long one_child(void *arg, unsigned pid)
{
	struct some *s = arg;
	struct procfs_stat st;
	if (!procfs_stat((int)pid, &st) || st.f[4] != s->me || !is_meant((int)pid, s->idtype, s->id))
		return 0;
	s->any = true;
	for (struct orphan *o = orphans; o < orphans + ARRAY_LEN(orphans); o++)
		if (o->pid == (int)pid && is_hidden(o))
			return 0;
	s->si->si_pid = 0;
	long e = host(SYS_waitid, P_PID, pid, s->si, s->flags | WNOHANG | HOST_WALL, s->ru);
	return e ? 0 : s->si->si_pid;
}
/* The host's: a child's pid, 0 for none yet, -ECHILD. */
static long host_children(struct thread *t, int idtype, long id, long flags, siginfo_t *si, void *ru, bool hidden)
{
	long e;
	memset(si, 0, sizeof *si);
	if (hidden) {
		struct some s = { idtype, t->p->pid, id, flags, si, ru, false };
		e = procfs_each("/proc", one_child, &s);
		return e ? e : s.any ? 0 : -ECHILD;
	}
	e = host(SYS_waitid, idtype, id, si, flags | WNOHANG | (idtype == P_PID ? HOST_WALL : 0), ru);
	return e ? e : si->si_pid;
}
static void host_ended(int pid, const siginfo_t *si)
{
	struct tracee *e = tracee_find(pid);
	if (e && si->si_code != CLD_STOPPED && si->si_code != CLD_CONTINUED && si->si_code != CLD_TRAPPED)
		tracee_forget(e);
}
static bool expecting(void)
{
	for EACH_TRACEE(e)
		if (e->pid && e->state == EXPECTED)
			return true;
	return false;
}
static long look(struct thread *t, int idtype, long id, long flags, siginfo_t *si, void *ru, bool trapped, long *children, bool *hidden)
{
	bool any = false;
	long r;
	lock(&tracer_lock);
	tracees_hear(t->p);
	*hidden = hide() != 0;
	r = report(t, idtype, id, flags, si, trapped, &any);
	if (!r && (r = *children = host_children(t, idtype, id, flags & HOST_FLAGS, si, ru, *hidden)) > 0 && !(flags & WNOWAIT))
		host_ended((int)r, si);
	unlock(&tracer_lock);
	if (r == -ECHILD && any)
		r = 0;
	return r;
}
/* waitid with everything of ours besides. While it sleeps, tr.waits has it woken. */
static long wait_once(struct thread *t, int idtype, long id, long flags, siginfo_t *si, void *ru, bool trapped)
{
	static const struct timespec soon = { 0, 20000000 }, late = { 1, 0 };
	uint32_t was = news;
	long children = 0, r;
	bool hidden;

	r = look(t, idtype, id, flags, si, ru, trapped, &children, &hidden);
	if (r || flags & WNOHANG) {
		if (r <= 0)
			memset(si, 0, sizeof *si);
		return r;
	}
	if (!children && !hidden && !expecting())
		r = block(SYS_waitid, idtype, id, si, (flags & HOST_FLAGS) | WNOWAIT | (idtype == P_PID ? HOST_WALL : 0), NULL);
	else
		r = block(SYS_futex, &news, FUTEX_WAIT_PRIVATE, was, hidden || expecting() ? &soon : &late);
	return r == -EINTR || r == SYS_RESTART ? r : -EAGAIN;
}
long tracer_wait(struct thread *t, int idtype, long id, long flags, siginfo_t *si, void *ru, bool trapped)
{
	long r;
	do
		r = wait_once(t, idtype, id, flags, si, ru, trapped);
	while (r == -EAGAIN);
	return r;
}
