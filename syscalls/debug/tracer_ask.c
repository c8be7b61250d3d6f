/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Requests to a tracee that is stopped: one packet there, its answer back (serve.c is the other end).
 */
#include <poll.h>
#include <sys/socket.h>
#include "host.h"
#include "debug/tracees.h"

static struct tracee *meant(int id, int *tid)
{
	char path[48];
	struct tracee *e = tracee_find(id);
	*tid = 0;
	if (e || id <= 0)
		return e;
	for EACH_TRACEE(o) {
		fmt(path, sizeof path, "/proc/%d/task/%d", o->pid, id);
		if (o->pid && host(SYS_access, path, 0) == 0) {
			*tid = id;
			return o;
		}
	}
	return NULL;
}
bool tracer_has(const struct proc *p, int pid) { return tracer_busy(p) && pid > 0 && tracee_find(pid); }
int tracer_pid_of(struct thread *t, int id)
{
	int tid;
	struct tracee *e = tracer_busy(t->p) ? meant(id, &tid) : NULL;
	return e ? e->pid : 0;
}
static long no_tracee(int id) { return id <= 0 || process_ended(id) ? -ESRCH : tracee_is(id) ? -EBUSY : -EPERM; }

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
	tracees_hear(t->p);
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
			tracee_seen(t, e->pid);
			tracee_forget(e);
		}
	}
	unlock(&tracer_lock);
	return r;
}
