/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Signals that wait in the host's kernel, of a thread and of the whole process: only a tracer may look at them without taking
 * them, so each thread that has some is traced for that long. What the guest's system keeps itself is in its own records.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include "syscalls/pending.h"
#include "tools/snapshot/snapshot.h"

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
		char status[4096];
		int tid = atoi(e->d_name);
		if (tid <= 0)
			continue;
		status_of(tid, status, sizeof status);
		if (status_field(status, "\nSigPnd:", 16) || (tid == t->pid && status_field(status, "\nShdPnd:", 16)))
			save_thread_queue(t, w, tid);
	}
	if (d)
		closedir(d);
}
