/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A process that debugs others: whom it traces. Tracees connect to a socket with a name of ours; it and each connection
 * raise the carrier, and so threads that wait for children are told to look again.
 *
 * A tracee need not be our child. Then its end is told by itself, or read in /proc.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include "host.h"
#include "procfs.h"
#include "mark.h"
#include "debug/tracees.h"

struct tracee tracees[128] SPARSE;
volatile uint32_t tracer_lock FORKED;
static volatile uint32_t used FORKED;    /* anything of this, by this process since its fork */
static volatile int listener FORKED;     /* + 1 */
static volatile int owner FORKED;        /* the process whose all this is: a child in its memory has none of it */

bool tracer_busy(const struct proc *p) { return used && owner == p->pid; }

/* A copy's descriptors are ours still, and would keep the tracees from seeing our end. */
static void forked(struct proc *p)
{
	for EACH_TRACEE(e)
		if (e->pid && e->sock >= 0)
			host(SYS_close, e->sock);
	if (listener)
		host(SYS_close, listener - 1);
	memset(tracees, 0, sizeof tracees);
	listener = 0;
	used = 0;
	lock_forget(&tracer_lock);
}
AT_FORK_IF(forked, used);

void tracer_use(struct proc *p)
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
	tracer_use(p);
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
struct tracee *tracee_find(int pid)
{
	for EACH_TRACEE(e)
		if (e->pid == pid)
			return e;
	return NULL;
}
static struct tracee *expect(int pid)
{
	struct tracee *e = tracee_find(pid);
	if (e)
		return e;
	if (!(e = tracee_find(0)))
		return NULL;
	*e = (struct tracee){ .sock = -1, .state = EXPECTED };
	e->pid = pid;
	return e;
}
void tracee_forget(struct tracee *e)
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
void tracee_seen(struct thread *t, int pid)
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
bool process_ended(int pid)
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
	if (e->state == EXPECTED && process_ended(e->pid))
		ended(e);
	if (e->state == ENDED && !e->has_status && !is_child(e->pid))
		tracee_forget(e);
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
void tracees_hear(struct proc *p)
{
	accept_all(p);
	for EACH_TRACEE(e)
		if (e->pid)
			hear(e);
}

/* --- attaching ---------------------------------------------------------------------------------------------------- */
static bool is_stopped(int pid)
{
	struct procfs_stat st;
	return procfs_stat(pid, &st) && st.state == 'T';
}
/* One that is traced has its tracer for a parent: that one, and who began it. Both would wait for each other. */
static bool is_ancestor(struct proc *p, int pid)
{
	struct procfs_stat st = { .f[4] = tracee_tracer(p) };
	for (int up = 0; p->traced && st.f[4] > 0 && up < 1000; up++)
		if (st.f[4] == pid || !procfs_stat((int)st.f[4], &st))
			return st.f[4] == pid;
	return false;
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
	if (process_ended(pid))
		return -ESRCH;
	if ((tracer_busy(t->p) && tracee_find(pid)) || tracee_is(pid))
		return -EBUSY;
	if (is_ancestor(t->p, pid))
		return -EINVAL;
	if ((e = start(t->p)) < 0)
		return e;
	lock(&tracer_lock);
	struct tracee *row = expect(pid);
	unlock(&tracer_lock);
	if (!row)
		return -EAGAIN;
	e = carrier_tell(t, pid, 0, TRACE_OP_ATTACH, (uint64_t)t->p->pid);
	if (e < 0)
		tracee_forget(row);
	if (e == -EPERM && process_ended(pid))
		return -ESRCH;
	if (!e && is_stopped(pid))        /* that stop is over; the one for us comes */
		host(SYS_kill, pid, SIGCONT);
	return e;
}

/* --- in the host handler ------------------------------------------------------------------------------------------ */
void child_signal(struct thread *t, int pid, int sig, int code)
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
	for EACH_TRACEE(e) {
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
	tracer_wake(t);
}
void tracer_asked(struct thread *t)
{
	start(t->p);
	tracer_wake(t);
}
