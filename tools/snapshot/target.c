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

static struct target *members[MEMBERS_MOST];     /* to be let go at our end; the root first */
static unsigned n_members;
static struct ended *ended;
static unsigned n_ended;
static char told[700];                           /* why one cannot be stopped */

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
	for (unsigned i = 0; i < n_members; i++)
		if (members[i]->asked)
			far_move(members[i]->pid, true, (uint64_t)&snapshot_point.want, &none, sizeof none);
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
static bool __attribute__((format(printf, 1, 2))) no(const char *f, ...)
{
	va_list ap;
	va_start(ap, f);
	vsnprintf(told, sizeof told, f, ap);
	va_end(ap);
	return false;
}
/* false: not now; `told` says why. In the middle of fork and exec a process is none that can be asked. */
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
	if (status_number(status, "\nTracerPid:", 10))
		return no("process %d cannot be saved: it is traced by process %ld; it goes on", t->pid, status_number(status, "\nTracerPid:", 10));
	if (strstr(status, "\nState:\tT"))
		return no("process %d cannot be saved: it is stopped (SIGSTOP, job control); continue it first; it goes on", t->pid);
	if (status_number(status, "\nSeccomp:", 10) > 0)
		return no("process %d cannot be saved: it has a filter of calls (seccomp), which nobody can read; it goes on", t->pid);
	return true;
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
static bool stop(struct target *t)
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
/* --- the tree ------------------------------------------------------------------------------------------------------------- */
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
	if (stop(t))
		return true;
	n_members--;
	free(t);
	if (kill(pid, 0) < 0 && errno == ESRCH)
		return true;
	if (++tries > 2000)
		refuse("process %d cannot be saved, for its child: %s", members[0]->pid, told);
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
	if (!stop(t))
		refuse("%s", told);
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
