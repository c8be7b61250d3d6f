/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One process comes to rest. The request is written to its snapshot_point; from then on a signal is sent again and again
 * until every thread of it has stopped (syscalls/snapshot.c). Whatever ends us lets it go: target_let_go, which tree.c
 * calls at our exit, or the guest's own look at whether we are there.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "syscalls/pending.h"
#include "tools/snapshot/snapshot.h"

#define PATIENCE_MS 10000

static char told[700];                           /* why one cannot be stopped now */

const char *stop_why(void) { return told; }
static bool __attribute__((format(printf, 1, 2))) no(const char *f, ...)
{
	va_list ap;
	va_start(ap, f);
	vsnprintf(told, sizeof told, f, ap);
	va_end(ap);
	return false;
}
/* false: not now; stop_why tells. In the middle of fork and exec a process is none that can be asked. */
static bool check(struct target *t)
{
	const struct engine *e;
	char status[4096];

	if (kill(t->pid, 0) < 0 && errno == ESRCH)
		return no("process %d: there is no such process", t->pid);
	if (!runs_us(t->pid))
		return no("process %d does not run under this guise; only such can be saved", t->pid);
	target_read(t, (uint64_t)&snapshot_point, &t->point, sizeof t->point);
	if (t->point.magic != SNAPSHOT_MAGIC || !t->point.proc)
		return no("process %d: its program has not begun yet, or is no guest", t->pid);
	target_read(t, (uint64_t)t->point.proc, &t->proc, sizeof t->proc);
	e = t->proc.engine;              /* lies where ours does */
	if (!e)
		return no("process %d: its program has not begun yet", t->pid);
	if (!e->save && !t->proc.pers->machine_saved)
		return no("process %d runs under the engine %s; only guests of the engine kvm and bare-metal programs can be saved "
			  "(guise --engine kvm PROGRAM)", t->pid, e->name);
	if (t->proc.pid != t->pid)
		return no("process %d shares its parent's memory (vfork); it cannot be saved now", t->pid);
	if (t->point.want && t->point.pid == t->pid && t->point.by && t->point.by != getpid() && (!kill(t->point.by, 0) || errno == EPERM))
		return no("process %d: process %d is saving it just now", t->pid, t->point.by);
	status_of(t->pid, status, sizeof status);
	if (status_field(status, "\nTracerPid:", 10))
		return no("process %d cannot be saved: it is traced by process %ld; it goes on", t->pid, status_field(status, "\nTracerPid:", 10));
	if (strstr(status, "\nState:\tT"))
		return no("process %d cannot be saved: it is stopped (SIGSTOP, job control); continue it first; it goes on", t->pid);
	if (status_field(status, "\nSeccomp:", 10) > 0)
		return no("process %d cannot be saved: it has a filter of calls (seccomp), which nobody can read; it goes on", t->pid);
	return true;
}
static void far_write(const struct target *t, const volatile void *at, const void *from, size_t n)
{
	if (far_move(t->pid, true, (uint64_t)at, (void *)from, n) != (long)n)
		refuse("process %d: its memory cannot be written: %s", t->pid, errno == ESRCH ? "it has ended" : strerror(errno));
}
static void ask(struct target *t)
{
	struct snapshot_point p = t->point;
	p.by = getpid();
	p.pid = t->pid;
	p.told = SNAP_ASKED;
	p.want = 1;
	far_write(t, &snapshot_point.by, (void *)&p.by, sizeof p.by);
	far_write(t, &snapshot_point.pid, (void *)&p.pid, sizeof p.pid);
	far_write(t, &snapshot_point.told, (void *)&p.told, sizeof p.told);
	t->asked = true;
	far_write(t, &snapshot_point.want, (void *)&p.want, sizeof p.want);
}
static void send_stop(const struct target *t)
{
	int pid = t->pid;
	if (t->proc.engine->stops) {
		kill(pid, t->proc.engine->stops);
		return;
	}
	struct carrier_message m = { .op = CARRIER_STOP, .signo = SIGSYS, .code = CARRIER_CODE };
	siginfo_t si = { 0 };
	memcpy(&si, &m, sizeof m);
	syscall(SYS_rt_sigqueueinfo, pid, SIGSYS, &si);
}
static void await(struct target *t)
{
	static const struct timespec nap = { 0, 1000000 };
	for (int ms = 0; t->point.told == SNAP_ASKED || t->point.told == SNAP_BUSY; ms++) {
		if (ms % 10 == 0 && t->point.told == SNAP_ASKED)
			send_stop(t);
		if (ms > PATIENCE_MS)
			cannot(t, "%u of its %u threads have come to rest within %d seconds; the others are in a call that cannot be left "
			       "(vfork, a slow device)", t->point.parked, t->proc.nthreads, PATIENCE_MS / 1000);
		nanosleep(&nap, NULL);
		target_read(t, (uint64_t)&snapshot_point, &t->point, sizeof t->point);
		target_read(t, (uint64_t)t->point.proc, &t->proc, sizeof t->proc);
	}
}
void target_let_go(const struct target *t)
{
	uint32_t none = 0;
	if (t->asked)
		far_move(t->pid, true, (uint64_t)&snapshot_point.want, &none, sizeof none);
}
bool target_stop(struct target *t)
{
	char path[64];

	if (!check(t))
		return false;
	snprintf(path, sizeof path, "/proc/%d/mem", t->pid);
	if ((t->mem = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return no("process %d: %s: %s", t->pid, path, strerror(errno));
	if ((t->pidfd = (int)syscall(SYS_pidfd_open, t->pid, 0)) < 0)
		return no("process %d: it cannot be held (pidfd_open: %s)", t->pid, strerror(errno));
	ask(t);
	t->point.told = SNAP_ASKED;
	await(t);
	t->point.why[sizeof t->point.why - 1] = 0;
	if (t->point.told == SNAP_REFUSED)
		cannot(t, "it %s", t->point.why);
	target_read(t, (uint64_t)t->proc.space, &t->space, sizeof t->space);
	target_read(t, (uint64_t)t->proc.opt, &t->opt, sizeof t->opt);
	t->n_state = t->point.state_size;
	if (!(t->state = malloc(t->n_state)))
		refuse("no memory for the state of process %d", t->pid);
	target_read(t, (uint64_t)t->point.state, t->state, t->n_state);
	return true;
}
