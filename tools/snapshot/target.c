/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The guest that is to be saved. Its executable must be ours: then what lies where in its process is what lies there in
 * ours (guise is linked at a fixed place), its structs are ours, and process_vm_readv reads them. The request is written to
 * its snapshot_point; from then on a signal is sent again and again until every thread of it has stopped (syscalls/
 * snapshot.c). Whatever ends us lets it go: this file's own exit, or the guest's look at whether we are there.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "loader/loader.h"
#include "syscalls/pending.h"
#include "tools/snapshot/snapshot.h"

#define PATIENCE_MS 10000

static struct target *stopped;                   /* to be let go at our end */

void cannot(const struct target *t, const char *f, ...)
{
	char text[600];
	va_list ap;
	va_start(ap, f);
	vsnprintf(text, sizeof text, f, ap);
	va_end(ap);
	refuse("process %d cannot be saved: %s; it goes on", t->pid, text);
}
/* --- its memory ------------------------------------------------------------------------------------------------------- */
static long far_move(int pid, bool out, uint64_t there, void *here, size_t n)
{
	struct iovec l = { here, n }, r = { (void *)there, n };
	return out ? process_vm_writev(pid, &l, 1, &r, 1, 0) : process_vm_readv(pid, &l, 1, &r, 1, 0);
}
void target_read(const struct target *t, uint64_t at, void *to, size_t n)
{
	for (size_t done = 0; done < n;) {
		long r = far_move(t->pid, false, at + done, (char *)to + done, n - done);
		if (r <= 0 && errno == EPERM)
			refuse("process %d: you may not look into it (it is another user's, or kernel.yama.ptrace_scope forbids it)", t->pid);
		if (r <= 0)
			refuse("process %d: its memory cannot be read: %s", t->pid, errno == ESRCH ? "it has ended" : strerror(errno));
		done += (size_t)r;
	}
}
static void far_write(const struct target *t, const volatile void *at, const void *from, size_t n)
{
	if (far_move(t->pid, true, (uint64_t)at, (void *)from, n) != (long)n)
		refuse("process %d: its memory cannot be written: %s", t->pid, errno == ESRCH ? "it has ended" : strerror(errno));
}
char *target_text(const struct target *t, const char *at)
{
	char buf[PATH_MAX + 1];
	size_t n = 0;
	if (!at)
		return NULL;
	for (; n < PATH_MAX; n++) {
		target_read(t, (uint64_t)at + n, buf + n, 1);
		if (!buf[n])
			break;
	}
	buf[n] = 0;
	return strdup(buf);
}
/* --- which ------------------------------------------------------------------------------------------------------------ */
static bool runs_us(int pid)
{
	char path[64];
	struct stat its, ours;
	snprintf(path, sizeof path, "/proc/%d/exe", pid);
	return !stat(path, &its) && !stat("/proc/self/exe", &ours) && its.st_ino == ours.st_ino && its.st_dev == ours.st_dev;
}
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
/* --- stopping ----------------------------------------------------------------------------------------------------------- */
static void let_go(void)
{
	uint32_t none = 0;
	if (stopped)
		far_move(stopped->pid, true, (uint64_t)&snapshot_point.want, &none, sizeof none);
	stopped = NULL;
}
static void interrupted(int sig)
{
	exit(128 + sig);
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
static void status_of(int pid, char *buf, size_t n)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/status", pid);
	FILE *f = fopen(path, "re");
	size_t got = f ? fread(buf, 1, n - 1, f) : 0;
	buf[got] = 0;
	if (f)
		fclose(f);
}
static long status_number(const char *status, const char *name, int base)
{
	const char *s = strstr(status, name);
	return s ? (long)strtoull(s + strlen(name), NULL, base) : 0;
}
static void refuse_children(const struct target *t)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	while (d && (e = readdir(d))) {
		char status[4096];
		int pid = atoi(e->d_name);
		if (pid <= 0)
			continue;
		status_of(pid, status, sizeof status);
		if (status_number(status, "\nPPid:", 10) == t->pid)
			cannot(t, "it has a child (process %d), and a tree of processes is not saved: let its children end first", pid);
	}
	if (d)
		closedir(d);
}
static void check(struct target *t)
{
	const struct engine *e;
	char status[4096];

	if (kill(t->pid, 0) < 0 && errno == ESRCH)
		refuse("process %d: there is no such process", t->pid);
	if (!runs_us(t->pid))
		refuse("process %d does not run under this guise; only such can be saved", t->pid);
	target_read(t, (uint64_t)&snapshot_point, &t->point, sizeof t->point);
	if (t->point.magic != SNAPSHOT_MAGIC || !t->point.proc)
		refuse("process %d: its program has not begun yet, or is no guest", t->pid);
	target_read(t, (uint64_t)t->point.proc, &t->proc, sizeof t->proc);
	e = t->proc.engine;              /* lies where ours does */
	if (!e->save && !t->proc.pers->machine_saved)
		refuse("process %d runs under the engine %s; only guests of the engine kvm and bare-metal programs can be saved (guise --engine kvm PROGRAM)",
		       t->pid, e->name);
	if (t->proc.pid != t->pid)
		refuse("process %d shares its parent's memory (vfork); it cannot be saved now", t->pid);
	if (t->point.want && t->point.by && (!kill(t->point.by, 0) || errno == EPERM))
		refuse("process %d: process %d is saving it just now", t->pid, t->point.by);
	status_of(t->pid, status, sizeof status);
	if (status_number(status, "\nTracerPid:", 10))
		cannot(t, "it is traced by process %ld", status_number(status, "\nTracerPid:", 10));
	if (strstr(status, "\nState:\tT"))
		cannot(t, "it is stopped (SIGSTOP, job control); continue it first");
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
	stopped = t;
	atexit(let_go);
	far_write(t, &snapshot_point.want, (void *)&p.want, sizeof p.want);
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
void target_stop(struct target *t, int pid)
{
	char path[64];

	*t = (struct target){ .pid = pid };
	check(t);
	signal(SIGINT, interrupted);
	signal(SIGTERM, interrupted);
	signal(SIGHUP, interrupted);
	snprintf(path, sizeof path, "/proc/%d/mem", pid);
	if ((t->mem = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		refuse("process %d: %s: %s", pid, path, strerror(errno));
	if ((t->pidfd = (int)syscall(SYS_pidfd_open, pid, 0)) < 0)
		refuse("process %d: it cannot be held (pidfd_open: %s)", pid, strerror(errno));
	ask(t);
	t->point.told = SNAP_ASKED;
	await(t);
	t->point.why[sizeof t->point.why - 1] = 0;
	if (t->point.told == SNAP_REFUSED)
		cannot(t, "it %s", t->point.why);
	refuse_children(t);
	target_read(t, (uint64_t)t->proc.space, &t->space, sizeof t->space);
	target_read(t, (uint64_t)t->proc.opt, &t->opt, sizeof t->opt);
	t->n_state = t->point.state_size;
	if (!(t->state = malloc(t->n_state)))
		refuse("no memory for the state of process %d", pid);
	target_read(t, (uint64_t)t->point.state, t->state, t->n_state);
}
void target_go(struct target *t, bool end)
{
	if (end && syscall(SYS_pidfd_send_signal, t->pidfd, SIGKILL, NULL, 0) < 0)
		refuse("process %d is saved, but cannot be ended: %s", t->pid, strerror(errno));
	let_go();
}
/* --- signals that the host's kernel keeps --------------------------------------------------------------------------------- */
#ifndef PTRACE_PEEKSIGINFO_SHARED
#define PTRACE_PEEKSIGINFO_SHARED 1
#endif
/* What threads of the guest say to each other is over when all have stopped. */
static bool is_message(const siginfo_t *si)
{
	struct carrier_message m;
	memcpy(&m, si, sizeof m);
	return m.code == CARRIER_CODE && m.op != 1;
}
static int told_tid(const struct target *t, int tid)
{
	for (size_t at = 0; at < t->n_state;) {
		const struct snap_head *h = (const void *)(t->state + at);
		const struct snap_thread *r = (const void *)(h + 1);
		if (h->kind == SNAP_THREAD && r->host == tid)
			return r->tid;
		at += sizeof *h + ((h->size + 7ul) & ~7ul);
	}
	return tid;
}
static void save_queue(const struct target *t, struct writer *w, int tid, bool shared)
{
	struct __ptrace_peeksiginfo_args a = { .flags = shared ? PTRACE_PEEKSIGINFO_SHARED : 0, .nr = 1 };
	siginfo_t si;

	for (; ptrace(PTRACE_PEEKSIGINFO, tid, &a, &si) == 1; a.off++) {
		struct snap_signal s = { .tid = shared ? 0 : told_tid(t, tid), .sig = (uint32_t)si.si_signo };
		memcpy(s.info, &si, sizeof s.info);
		if (!is_message(&si) && si.si_signo != SIGSTOP)
			writer_record(w, SNAP_SIGNAL, &s, sizeof s, NULL);
	}
}
static void save_thread_queue(const struct target *t, struct writer *w, int tid)
{
	int status;
	if (ptrace(PTRACE_SEIZE, tid, 0, 0) < 0 || ptrace(PTRACE_INTERRUPT, tid, 0, 0) < 0)
		cannot(t, "signals wait in its thread %d, and cannot be looked at: %s", tid, strerror(errno));
	while (waitpid(tid, &status, __WALL) < 0 && errno == EINTR)
		;
	save_queue(t, w, tid, false);
	if (tid == t->pid)
		save_queue(t, w, tid, true);
	ptrace(PTRACE_DETACH, tid, 0, 0);
}
void save_signals(const struct target *t, struct writer *w)
{
	char path[64];
	struct dirent *e;
	snprintf(path, sizeof path, "/proc/%d/task", t->pid);
	DIR *d = opendir(path);
	while (d && (e = readdir(d))) {
		char status[4096], name[64];
		int tid = atoi(e->d_name);
		if (tid <= 0)
			continue;
		snprintf(name, sizeof name, "%d/task/%d", t->pid, tid);
		snprintf(path, sizeof path, "/proc/%s/status", name);
		FILE *f = fopen(path, "re");
		size_t n = f ? fread(status, 1, sizeof status - 1, f) : 0;
		status[n] = 0;
		if (f)
			fclose(f);
		if (status_number(status, "\nSigPnd:", 16) || (tid == t->pid && status_number(status, "\nShdPnd:", 16)))
			save_thread_queue(t, w, tid);
	}
	if (d)
		closedir(d);
}
