/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A process that another guest debugs: since when and by whom, the socket to the tracer, what a fork's child and the next
 * image have of it. It stops itself, where a kernel would have stopped it (stops.c, stand.c).
 *
 * The socket is made at the first stop: whoever called PT_TRACE_ME in its parent's memory (vfork) has no parent that could
 * answer before. If the tracer goes, what it traced dies, as on the systems that have this.
 */
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "host.h"
#include "others.h"
#include "mark.h"
#include "debug/traced.h"

static struct traced pool[8] SPARSE;     /* one, and one for each child in its memory */
static volatile bool any FORKED;

/* --- who is traced ----------------------------------------------------------------------------------------------- */
static struct traced *traced_new(int pid, int tracer, uint32_t events)
{
	for (struct traced *d = pool; d < pool + ARRAY_LEN(pool); d++) {
		int none = 0;
		if (d->pid || !__atomic_compare_exchange_n(&d->pid, &none, pid, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			continue;
		d->tracer = tracer;
		d->sock = d->marker = -1;
		d->events = events;
		d->due = DUE_NOTHING;
		d->set_up = false;
		d->lock = d->stopped = 0;
		d->who = d->single = NULL;
		any = true;
		return d;
	}
	return NULL;
}
static void traced_by(struct proc *p, struct traced *d)
{
	p->debugged = false;             /* dispatch looks at this alone */
	p->traced = d;
	p->debugged = d != NULL;
}
static void close_fd(int *fd)
{
	if (*fd >= 0)
		host(SYS_close, *fd);
	*fd = -1;
}
bool tracee_is(int pid) { return mark_is(pid, "traced"); }
int tracee_tracer(const struct proc *p) { return p->traced ? p->traced->tracer : 0; }
int tracee_tracer_of(int pid)
{
	struct other *o = mem_alloc(sizeof *o);
	struct traced its;
	int tracer = 0;
	if (o && other_look(pid, o) == 1 && o->proc.traced &&
	    other_read(pid, &its, (uaddr)o->proc.traced, sizeof its) == sizeof its)
		tracer = its.tracer;
	if (o)
		mem_free(o, sizeof *o);
	return tracer;
}

void traced_set_up(struct thread *t, struct traced *d)
{
	if (d->set_up)
		return;
	d->set_up = true;
	d->marker = mark_hold(t->p, "traced");
	tracee_catch(t->p);
	if (!t->p->engine->apart)        /* there nothing of the guest's is changed by us */
		mem_changes(t, 0, USER_TOP, CHANGE_UNSEEN);
}
void traced_let_go(struct thread *t, struct traced *d)
{
	struct proc *p = t->p;
	traced_by(p, NULL);
	close_fd(&d->sock);
	close_fd(&d->marker);
	tracee_catch(p);
	d->pid = 0;
}
void traced_die(struct thread *t)
{
	for (;;)
		host(SYS_kill, host(SYS_getpid), SIGKILL);
}
long tracee_me(struct thread *t)
{
	struct proc *p = t->p;
	int parent = (int)host(SYS_getppid);
	if (p->traced)
		return -EBUSY;
	if (carrier_tell(t, parent, 0, 0, 0) < 0)        /* a native parent, or none: nobody who could trace */
		return -EPERM;
	struct traced *d = traced_new(p->pid, parent, TRACE_EXEC);
	if (!d)
		return -EAGAIN;
	traced_by(p, d);
	traced_set_up(t, d);
	return 0;
}
void tracee_asked(struct thread *t, int tracer)
{
	struct traced *d = t->p->traced ? NULL : traced_new(t->p->pid, tracer, TRACE_EXEC);
	if (!d)
		return;
	d->due = DUE_ATTACH;
	traced_by(t->p, d);
}

/* --- to the tracer ----------------------------------------------------------------------------------------------- */
void traced_notify(struct traced *d, bool on) { host(SYS_fcntl, d->sock, F_SETFL, on ? O_ASYNC : 0); }

static bool is_tracer(struct traced *d, long s)
{
	struct ucred who = { 0 };
	unsigned len = sizeof who;
	host(SYS_getsockopt, s, SOL_SOCKET, SO_PEERCRED, &who, &len);
	return who.pid == d->tracer;
}
void traced_link(struct thread *t, struct traced *d)
{
	static const struct timespec nap = { 0, 200000 };
	struct sockaddr_un a;
	long n = mark_name(&a, "tracer", d->tracer), e = 0, s = -1;

	for (unsigned i = 0; d->sock < 0; i++) {
		s = host(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
		s = s < 0 ? s : fd_ours(t->p, (int)s);
		e = s < 0 ? s : host(SYS_connect, s, &a, n);
		if (!e && is_tracer(d, s)) {
			d->sock = (int)s;
			break;
		}
		if (s >= 0)
			host(SYS_close, s);
		if (host(SYS_kill, d->tracer, 0) == -ESRCH)
			traced_die(t);
		if (!i || (i % 64 == 0 && !carrier_waits(t, d->tracer)))        /* a tracer that takes none gets one, not a queue */
			carrier_tell(t, d->tracer, 0, TRACE_OP_SERVE, 0);
		host(SYS_nanosleep, &nap, NULL);
	}
	if (t->p->pers->sig_carrier) {
		host(SYS_fcntl, d->sock, F_SETSIG, t->p->pers->sig_carrier);
		host(SYS_fcntl, d->sock, F_SETOWN, t->p->pid);
	}
}
void traced_tell(struct traced *d, unsigned op, int tid, uint64_t a, uint64_t b, uint64_t c)
{
	struct trace_packet *k = &d->packet;
	k->op = op;
	k->tid = tid;
	k->rv = 0;
	k->a = a, k->b = b, k->c = c;
	k->len = 0;
	host(SYS_sendto, d->sock, k, TRACE_HEAD, MSG_NOSIGNAL, NULL, 0);
}
/* While it runs: nothing is to be read, so an end is all that there can be. */
void tracee_heard(struct thread *t)
{
	struct traced *d = t->p->traced;
	char c;
	if (d && d->sock >= 0 && !d->stopped && host(SYS_recvfrom, d->sock, &c, 1, MSG_PEEK | MSG_DONTWAIT, NULL, NULL) == 0)
		traced_die(t);
}
void tracee_exits(struct thread *t, int status)
{
	struct traced *d = t->p->traced;
	if (!d || d->sock < 0)
		return;
	lock(&d->lock);
	if (!d->stopped)
		traced_tell(d, TELL_EXIT, t->tid, (uint64_t)status, 0, 0);
	unlock(&d->lock);
}

/* --- copies of it ------------------------------------------------------------------------------------------------ */
bool tracee_follows(const struct proc *p) { return p->traced && p->traced->events & TRACE_FORK; }
static void child_of_traced(struct thread *t, struct traced *d)
{
	d->due = DUE_CHILD;
	t->attn = 1;
}
/* A fork's child has a copy of all this; what stood for its parent's others is nobody's there. */
static void copied(struct proc *p)
{
	struct thread *t = thread_self();
	struct traced *d = p->traced;
	int tracer = d ? d->tracer : 0;
	uint32_t events = d ? d->events : 0;
	if (d) {
		close_fd(&d->sock);
		close_fd(&d->marker);
	}
	for (struct traced *o = pool; o < pool + ARRAY_LEN(pool); o++)
		o->pid = 0;
	any = false;
	traced_by(p, NULL);
	t->tr.parked = t->tr.suspended = 0;
	t->tr.flags = 0;
	if (events & TRACE_FORK && (d = traced_new(p->pid, tracer, events))) {
		traced_by(p, d);
		t->tr.nr = t->call->nr;
		t->tr.row = t->call->row;
		child_of_traced(t, d);
	} else if (tracer) {
		tracee_catch(p);
	}
}
AT_FORK_IF(copied, any);

bool tracee_vfork_own(struct proc *p, struct proc *child)
{
	struct traced *d = p->traced;
	traced_by(child, d && d->events & TRACE_FORK ? traced_new(-1, d->tracer, d->events) : NULL);
	return d != NULL;
}
void tracee_vfork_began(struct thread *t)
{
	struct traced *d = t->p->traced;
	if (d) {
		d->pid = t->p->pid;
		child_of_traced(t, d);
	} else if (any) {
		tracee_catch(t->p);
	}
}

/* --- over exec --------------------------------------------------------------------------------------------------- */
size_t tracee_save(struct proc *p, char *text, size_t n)
{
	struct traced *d = p->traced;
	struct call *c = thread_self()->call;
	if (!d)
		return 0;
	if (d->sock >= 0)
		host(SYS_fcntl, d->sock, F_SETFD, 0);
	return fmt(text, n, "%d:%u:%u:%u", d->tracer, d->events, (unsigned)(d->sock + 1), c ? c->nr : 0);
}
void tracee_load(struct proc *p, const char *text)
{
	uint64_t v[4] = { 0 };
	struct thread *t = thread_self();
	for (unsigned i = 0; i < 4 && text && *text; i++) {
		text = str_num(text, &v[i]);
		text = text && *text == ':' ? text + 1 : text;
	}
	struct traced *d = traced_new((int)host(SYS_getpid), (int)v[0], (uint32_t)v[1]);
	d->sock = (int)v[2] - 1;
	if (d->sock >= 0)
		host(SYS_fcntl, d->sock, F_SETFD, FD_CLOEXEC);
	d->due = DUE_EXEC;
	t->tr.nr = (uint32_t)v[3];
	t->tr.row = v[3] < p->pers->tab[0].n ? &p->pers->tab[0].row[v[3]] : NULL;
	t->attn = 1;
	traced_by(p, d);
}
