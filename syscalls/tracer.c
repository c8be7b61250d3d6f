/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A process that debugs others: whom it traces, what its waits for children report, and requests to one that is stopped
 * (tracing.h). Tracees connect to a socket with a name of ours; it and each connection raise the carrier, and so threads
 * that wait for children are told to look again.
 *
 * A tracee need not be our child. Then its end is told by itself, or read in /proc, and its parent must not see it before
 * we have: the parent knows who of its children is traced by another (orphans) and passes over one that has ended until it
 * is told that it was seen, or the tracer is gone.
 *
 * Lock: tracer_lock, over a request and its answer; not taken in the host handler, which only peeks.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <linux/futex.h>
#include "host.h"
#include "ext.h"
#include "procfs.h"
#include "pending.h"
#include "mark.h"
#include "tracing.h"

#define HOST_WALL 0x40000000
#define HOST_FLAGS (WNOHANG | WSTOPPED | WEXITED | WCONTINUED | WNOWAIT)

enum state { EXPECTED, RUNNING, STOPPED, ENDED };        /* EXPECTED: it has not connected yet */
struct tracee {
	volatile int pid;        /* 0: nobody's row */
	volatile int sock;       /* -1: none */
	uint8_t state;
	bool told;               /* a wait has reported that it is stopped */
	bool has_status;
	int sig, status;
	int tid;                 /* who told the stop */
};
struct orphan { volatile int pid, tracer; };
static struct tracee tracees[128] SPARSE;
static struct orphan orphans[128] SPARSE;
static volatile uint32_t tracer_lock FORKED;
static volatile uint32_t used FORKED;    /* anything of this, by this process since its fork */
static volatile int listener FORKED;     /* + 1 */
static volatile int owner FORKED;        /* the process whose all this is: a child in its memory has none of it */
static volatile bool has_orphans FORKED;
static volatile uint32_t news;

#define EACH(e) (struct tracee *e = tracees; e < tracees + ARRAY_LEN(tracees); e++)

bool tracer_busy(const struct proc *p) { return used && owner == p->pid; }

/* A copy's descriptors are ours still, and would keep the tracees from seeing our end. */
static void forked(struct proc *p)
{
	for EACH(e)
		if (e->pid && e->sock >= 0)
			host(SYS_close, e->sock);
	if (listener)
		host(SYS_close, listener - 1);
	memset(tracees, 0, sizeof tracees);
	memset(orphans, 0, sizeof orphans);
	has_orphans = false;
	listener = 0;
	used = 0;
	lock_forget(&tracer_lock);
}
AT_FORK_IF(forked, used);

static void use(struct proc *p)
{
	if (!used)
		owner = p->pid;
	used = 1;
}

/* --- who there is ------------------------------------------------------------------------------------------------- */
static void tell_us(struct proc *p, long s)
{
	host(SYS_fcntl, s, F_SETSIG, p->pers->sig_carrier);
	host(SYS_fcntl, s, F_SETOWN, p->pid);
	host(SYS_fcntl, s, F_SETFL, O_ASYNC | O_NONBLOCK);
}
/* In the host handler, too. */
static long start(struct proc *p)
{
	struct sockaddr_un a;
	long n = mark_name(&a, "tracer", p->pid);
	use(p);
	if (listener)
		return 0;
	long s = host(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), e;
	if (s < 0 || (s = fd_ours(p, (int)s)) < 0)
		return s;
	tell_us(p, s);
	if ((e = host(SYS_bind, s, &a, n)) < 0 || (e = host(SYS_listen, s, 128)) < 0) {
		host(SYS_close, s);
		return e == -EADDRINUSE ? 0 : e;         /* another thread was faster */
	}
	listener = (int)s + 1;
	return 0;
}
static struct tracee *find(int pid)
{
	for EACH(e)
		if (e->pid == pid)
			return e;
	return NULL;
}
static struct tracee *expect(int pid)
{
	struct tracee *e = find(pid);
	if (e)
		return e;
	if (!(e = find(0)))
		return NULL;
	*e = (struct tracee){ .sock = -1, .state = EXPECTED };
	e->pid = pid;
	return e;
}
static void forget(struct tracee *e)
{
	if (e->sock >= 0)
		host(SYS_close, e->sock);
	e->sock = -1;
	e->pid = 0;
}
static bool is_child(int pid)
{
	siginfo_t si;
	return host(SYS_waitid, P_PID, pid, &si, WEXITED | WSTOPPED | WNOHANG | WNOWAIT | HOST_WALL, NULL) == 0;
}
/* A child that may be waited for by its parent now. */
static void seen(struct thread *t, int pid)
{
	struct procfs_stat st;
	if (procfs_stat(pid, &st) && st.f[4] > 1 && st.f[4] != t->p->pid)
		carrier_tell(t, (int)st.f[4], 0, TRACE_OP_SEEN, (uint64_t)pid);
}
static void accept_all(struct proc *p)
{
	struct ucred who;
	for (long s; listener && (s = host(SYS_accept4, listener - 1, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0;) {
		unsigned len = sizeof who;
		struct tracee *e = NULL;
		if ((s = fd_ours(p, (int)s)) < 0)
			return;
		host(SYS_getsockopt, s, SOL_SOCKET, SO_PEERCRED, &who, &len);
		if (who.uid == (uid_t)host(SYS_geteuid) || !host(SYS_geteuid))
			e = expect(who.pid);
		if (!e || e->sock >= 0) {
			host(SYS_close, s);
			continue;
		}
		e->state = RUNNING;
		e->sock = (int)s;
		tell_us(p, s);
	}
}

/* --- what they tell ----------------------------------------------------------------------------------------------- */
static bool has_ended(int pid)
{
	struct procfs_stat st;
	return !procfs_stat(pid, &st) || st.state == 'Z' || st.state == 'X';
}
/* Of one that is not our child and could not say it: the host has it until its parent takes it. -1: it goes on, as a
 * program of the host's. */
static int status_of(int pid)
{
	static const struct timespec nap = { 0, 1000000 };
	struct procfs_stat st;
	for (int i = 0; i < 1000; i++) {
		if (!procfs_stat(pid, &st))
			return SIGKILL;
		if (st.state == 'Z' || st.state == 'X')
			return (int)st.f[52];
		host(SYS_nanosleep, &nap, NULL);
	}
	return -1;
}
static void ended(struct tracee *e)
{
	if (e->sock >= 0)
		host(SYS_close, e->sock);
	e->sock = -1;
	e->told = false;
	e->state = ENDED;
	if (is_child(e->pid)) {
		e->has_status = false;   /* the host tells it */
		return;
	}
	int status = status_of(e->pid);
	if (status < 0)
		e->pid = 0;
	if (!e->has_status)
		e->status = status;
	e->has_status = true;
}
static void hear(struct tracee *e)
{
	struct trace_packet k;
	if (e->state == EXPECTED && has_ended(e->pid))
		ended(e);
	if (e->state == ENDED && !e->has_status && !is_child(e->pid))
		forget(e);
	while (e->sock >= 0 && e->state == RUNNING) {
		long n = host(SYS_recvfrom, e->sock, &k, sizeof k, MSG_DONTWAIT, NULL, NULL);
		if (n == -EAGAIN)
			return;
		if (n < (long)TRACE_HEAD) {
			ended(e);
		} else if (k.op == TELL_STOP) {
			e->state = STOPPED;
			e->told = false;
			e->sig = (int)k.a;
			e->tid = k.tid;
			if (k.b & STOP_FORKED)
				expect((int)k.c);
		} else if (k.op == TELL_EXIT) {
			e->status = (int)k.a;
			e->has_status = true;
		}
	}
	if (e->sock >= 0 && e->state == STOPPED && host(SYS_recvfrom, e->sock, &k, 1, MSG_PEEK | MSG_DONTWAIT, NULL, NULL) == 0)
		ended(e);                /* killed where it stood */
}
static void hear_all(struct proc *p)
{
	accept_all(p);
	for EACH(e)
		if (e->pid)
			hear(e);
}

/* --- in the host handler ------------------------------------------------------------------------------------------ */
static void wake_waits(struct thread *t)
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
/* As if the host's kernel had stopped a child of ours. */
static void child_signal(struct thread *t, int pid, int sig, int code)
{
	siginfo_t si = { .si_signo = SIGCHLD, .si_code = code };
	const struct sigact *a = &t->p->act[SIGCHLD];
	if (a->flags & SA_NOCLDSTOP && code != CLD_EXITED)
		return;
	si.si_pid = pid;
	si.si_status = sig;
	si.si_uid = (uid_t)host(SYS_getuid);
	host(SYS_rt_sigqueueinfo, t->p->pid, SIGCHLD, &si);
}
void tracer_news(struct thread *t)
{
	struct { uint32_t op; int32_t tid; int64_t rv; uint64_t a; } k;
	struct pollfd in = { .fd = listener - 1, .events = POLLIN };
	if (!tracer_busy(t->p))
		return;
	for EACH(e) {
		if (!e->pid || e->sock < 0)
			continue;
		long n = host(SYS_recvfrom, e->sock, &k, sizeof k, MSG_PEEK | MSG_DONTWAIT, NULL, NULL);
		if (n == (long)sizeof k && k.op == TELL_STOP)
			child_signal(t, e->pid, (int)k.a, CLD_TRAPPED);
		else if (n == 0 && !is_child(e->pid))
			child_signal(t, e->pid, 0, CLD_EXITED);
	}
	if (listener && host(SYS_poll, &in, 1, 0) == 1)
		child_signal(t, 0, SIGSTOP, CLD_TRAPPED);
	wake_waits(t);
}
void tracer_asked(struct thread *t)
{
	start(t->p);
	wake_waits(t);
}
void tracer_orphan(struct thread *t, int pid, int tracer)
{
	struct orphan *at = NULL;
	if (tracer == t->p->pid)
		return;
	use(t->p);
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
		wake_waits(t);
	}
}

/* --- waits -------------------------------------------------------------------------------------------------------- */
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
	for EACH(e) {
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
				seen(t, pid);
				forget(e);
			}
			return pid;
		}
	}
	return 0;
}
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
		if (o->pid && (has_ended(o->tracer) || host(SYS_kill, o->pid, 0) == -ESRCH))
			o->pid = 0;
		left |= o->pid != 0;
		n += is_hidden(o);
	}
	has_orphans = left;
	return n;
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
	struct tracee *e = find(pid);
	if (e && si->si_code != CLD_STOPPED && si->si_code != CLD_CONTINUED && si->si_code != CLD_TRAPPED)
		forget(e);
}
static bool expecting(void)
{
	for EACH(e)
		if (e->pid && e->state == EXPECTED)
			return true;
	return false;
}
static long look(struct thread *t, int idtype, long id, long flags, siginfo_t *si, void *ru, bool trapped, long *children, bool *hidden)
{
	bool any = false;
	long r;
	lock(&tracer_lock);
	hear_all(t->p);
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

/* --- requests ----------------------------------------------------------------------------------------------------- */
static bool is_stopped(int pid)
{
	struct procfs_stat st;
	return procfs_stat(pid, &st) && st.state == 'T';
}
long tracer_attach(struct thread *t, int pid)
{
	long e = host(SYS_kill, pid, 0);
	if (pid <= 0 || e == -ESRCH)
		return -ESRCH;
	if (e)
		return e;
	if (pid == t->p->pid)
		return -EINVAL;
	if (has_ended(pid))
		return -ESRCH;
	if ((tracer_busy(t->p) && find(pid)) || tracee_is(pid))
		return -EBUSY;
	if ((e = start(t->p)) < 0)
		return e;
	lock(&tracer_lock);
	struct tracee *row = expect(pid);
	unlock(&tracer_lock);
	if (!row)
		return -EAGAIN;
	e = carrier_tell(t, pid, 0, TRACE_OP_ATTACH, (uint64_t)t->p->pid);
	if (e < 0)
		forget(row);
	if (e == -EPERM && has_ended(pid))
		return -ESRCH;
	if (!e && is_stopped(pid))        /* that stop is over; the one for us comes */
		host(SYS_kill, pid, SIGCONT);
	return e;
}
static struct tracee *meant(int id, int *tid)
{
	char path[48];
	struct tracee *e = find(id);
	*tid = 0;
	if (e || id <= 0)
		return e;
	for EACH(o) {
		fmt(path, sizeof path, "/proc/%d/task/%d", o->pid, id);
		if (o->pid && host(SYS_access, path, 0) == 0) {
			*tid = id;
			return o;
		}
	}
	return NULL;
}
bool tracer_has(const struct proc *p, int pid) { return tracer_busy(p) && pid > 0 && find(pid); }
int tracer_pid_of(struct thread *t, int id)
{
	int tid;
	struct tracee *e = tracer_busy(t->p) ? meant(id, &tid) : NULL;
	return e ? e->pid : 0;
}
static long no_tracee(int id) { return id <= 0 || has_ended(id) ? -ESRCH : tracee_is(id) ? -EBUSY : -EPERM; }

static long talk(struct tracee *e, struct trace_packet *k)
{
	struct pollfd in = { .fd = e->sock, .events = POLLIN };
	uint32_t op = k->op;
	long n;
	if (op == ASK_CONTINUE || op == ASK_DETACH)
		e->state = RUNNING;
	if (host(SYS_sendto, e->sock, k, TRACE_HEAD + k->len, MSG_NOSIGNAL, NULL, 0) < 0)
		return -ESRCH;
	do {
		host(SYS_poll, &in, 1, -1);
		n = host(SYS_recvfrom, e->sock, k, sizeof *k, 0, NULL, NULL);
	} while (n == -EAGAIN || n == -EINTR);
	if (n < (long)TRACE_HEAD || k->len != (uint64_t)n - TRACE_HEAD)  /* it shares its memory with a guest: not believed */
		return -ESRCH;
	if (k->rv < 0 && (op == ASK_CONTINUE || op == ASK_DETACH))
		e->state = STOPPED;
	return k->rv;
}
long tracer_ask(struct thread *t, int id, struct trace_packet *k)
{
	struct tracee *e = NULL;
	long r;
	if (!tracer_busy(t->p))
		return no_tracee(id);
	lock(&tracer_lock);
	hear_all(t->p);
	e = meant(id, &k->tid);
	if (!e) {
		r = no_tracee(id);
	} else if (e->state == ENDED) {
		r = -ESRCH;
	} else if (e->state != STOPPED || !e->told) {
		r = -EBUSY;
	} else {
		uint32_t op = k->op;
		r = talk(e, k);
		if (op == ASK_DETACH && !r) {
			seen(t, e->pid);
			forget(e);
		}
	}
	unlock(&tracer_lock);
	return r;
}
