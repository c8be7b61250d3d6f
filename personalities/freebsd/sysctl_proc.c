/* SPDX-License-Identifier: BSD-2-Clause
 *
 * kern.proc: the process table and its threads (what one process is: sysctl_one.c). Its source is the host's /proc, so
 * native processes are seen too: signals reach them as well, and their emulation says what they are. What signals a
 * guest catches and ignores is read where its own guise keeps it. Pending and blocked signals, kernel addresses and login
 * names are not told (zeros); the share of the processor is that of all its life, since the host keeps no other.
 */
#include <string.h>
#include <time.h>
#include <fcntl.h>
#include <sys/resource.h>
#include "host.h"
#include "others.h"
#include "pending.h"
#include "procfs.h"
#include "debug/tracing.h"
#include "freebsd/kinfo.h"
#include "freebsd/freebsd.h"
#include "freebsd/sysctl.h"
#include "freebsd/jail.h"
#include "freebsd/thr.h"

#define HOSTS_OWN 0x4000                 /* PF_USER_WORKER: a thread that the host's kernel has made for itself (of KVM, of io_uring) */
#define TICKS 100                        /* of the host's /proc, a second */
#define FSCALE 2048ull                   /* kern.fscale */

/* --- /proc/N/stat and status ------------------------------------------------------------------------------------- */
struct info {                            /* one process as the host tells it */
	struct kinfo_proc k;
	char text[2048];
	struct procfs_stat st;
};
static int64_t boot_seconds(void)
{
	struct timespec now, up;
	host(SYS_clock_gettime, CLOCK_REALTIME, &now);
	host(SYS_clock_gettime, CLOCK_BOOTTIME, &up);
	return now.tv_sec - up.tv_sec;
}
static void put_ticks(int64_t tv[2], int64_t ticks)
{
	tv[0] = ticks / TICKS;
	tv[1] = ticks % TICKS * (1000000 / TICKS);
}
const char *fbsd_status_line(const char *text, const char *key)
{
	size_t n = str_len(key);
	for (const char *s = text; s && *s; s = (s = str_chr(s, '\n')) ? s + 1 : NULL)
		if (!str_ncmp(s, key, n))
			return s + n;
	return "";
}
static unsigned numbers(const char *s, uint32_t *out, unsigned max)
{
	unsigned n = 0;
	uint64_t v;
	for (;;) {
		while (*s == ' ' || *s == '\t')
			s++;
		if (n == max || !(s = str_num(s, &v)))
			return n;
		out[n++] = (uint32_t)v;
	}
}
static void read_ids(int pid, struct info *i)
{
	char path[40];
	uint32_t id[4] = { 0 };
	fmt(path, sizeof path, "/proc/%d/status", pid);
	if (file_read(path, i->text, sizeof i->text) <= 0)
		return;
	numbers(fbsd_status_line(i->text, "Uid:"), id, 4);
	i->k.ruid = id[0];
	i->k.uid = id[1];
	i->k.svuid = id[2];
	numbers(fbsd_status_line(i->text, "Gid:"), id, 4);
	i->k.rgid = id[0];
	i->k.svgid = id[2];
	i->k.groups[0] = id[1];          /* there the effective group comes first */
	i->k.ngroups = (int16_t)(1 + numbers(fbsd_status_line(i->text, "Groups:"), i->k.groups + 1, 15));
}
static int8_t state(int c)
{
	return c == 'R' ? KI_SRUN : c == 'T' || c == 't' ? KI_SSTOP : c == 'Z' || c == 'X' ? KI_SZOMB : KI_SSLEEP;
}
static void fill_times(struct kinfo_proc *k, const int64_t *f)
{
	k->runtime = (uint64_t)(f[14] + f[15]) * (1000000 / TICKS);
	put_ticks(k->start, f[22]);
	k->start[0] += boot_seconds();
	put_ticks(k->childtime, f[16] + f[17]);
	put_ticks(k->rusage.utime, f[14]);
	put_ticks(k->rusage.stime, f[15]);
	put_ticks(k->rusage_ch.utime, f[16]);
	put_ticks(k->rusage_ch.stime, f[17]);
	k->rusage.minflt = f[10];
	k->rusage.majflt = f[12];
	k->rusage.maxrss = f[24] * 4;
}
/* FreeBSD's share is of the last ten seconds or so; in the units of kern.fscale */
static uint32_t share_of(const struct kinfo_proc *k)
{
	struct timespec now;
	host(SYS_clock_gettime, CLOCK_REALTIME, &now);
	int64_t us = (now.tv_sec - k->start[0]) * 1000000 + now.tv_nsec / 1000 - k->start[1];
	return us > 0 ? (uint32_t)(k->runtime * FSCALE / (uint64_t)us) : 0;
}
static void set_sig(const struct proc *p, uint32_t set[4], int sig)
{
	int guest = sig_to_guest(p->pers, sig);
	if (guest > 0 && guest <= 128)
		set[(guest - 1) / 32] |= 1u << ((guest - 1) % 32);
}
/* What a guest of this system does with its signals: the host knows only what we do. */
static void fill_signals(struct kinfo_proc *k, const struct proc *p)
{
	for (int sig = 1; sig < (int)ARRAY_LEN(p->act); sig++) {
		uaddr h = p->act[sig].handler;
		if (h > 1)
			set_sig(thread_self()->p, k->sigcatch, sig);
		else if (h || (sig != SIGCONT && signal_spares(thread_self()->p, sig)))
			set_sig(thread_self()->p, k->sigignore, sig);
	}
	k->numthreads = (int)p->nthreads;
}
static void fill_guest(struct kinfo_proc *k)
{
	struct proc *me = thread_self()->p;
	struct other *o;
	if (k->pid == me->pid) {
		fill_signals(k, me);
		str_copy(k->loginclass, fbsd_login_class(), sizeof k->loginclass);
	} else if (k->stat != KI_SZOMB && !str_cmp(k->emul, "FreeBSD ELF64") && (o = mem_alloc(sizeof *o))) {
		if (other_look(k->pid, o) > 0) {
			fill_signals(k, &o->proc);
			other_read(k->pid, k->loginclass, (uaddr)fbsd_login_class(), sizeof k->loginclass - 1);
		}
		mem_free(o, sizeof *o);
	}
}
static bool fill(int pid, struct info *i)
{
	struct kinfo_proc *k = &i->k;
	int64_t *f = i->st.f;

	memset(i, 0, sizeof *i);
	if (fbsd_hidden(thread_self(), pid) || !procfs_stat(pid, &i->st))
		return false;
	k->jid = jail_of(pid);
	read_ids(pid, i);
	str_copy(k->comm, i->st.comm, sizeof k->comm);
	k->structsize = sizeof *k;
	k->pid = pid;
	k->ppid = (int)f[4];
	k->pgid = (int)f[5];
	k->sid = (int)f[6];
	k->tsid = f[7] ? (int)f[6] : 0;
	k->tpgid = (int)f[8];
	k->tdev = f[7] ? (uint64_t)f[7] : ~0ull;
	k->tdev_old = (uint32_t)k->tdev;
	k->stat = state(i->st.state);
	k->nice = (int8_t)f[19];
	k->numthreads = (int)f[20];
	k->size = (uint64_t)f[23];
	k->rssize = f[24];
	k->oncpu = k->stat == KI_SRUN ? (int)f[39] : -1;
	k->lastcpu = (int)f[39];
	k->oncpu_old = (uint8_t)k->oncpu;
	k->lastcpu_old = (uint8_t)k->lastcpu;
	k->tid = fbsd_tid(pid);
	k->pri_class = 3;
	k->pri_level = k->pri_native = k->pri_user = (uint8_t)(120 + 20 + f[19]);
	k->flag = P_INMEM | (f[7] ? P_CONTROLT : 0) | (tracee_is(pid) ? P_TRACED : 0);
	k->tracer = pid == thread_self()->p->pid ? tracee_tracer(thread_self()->p) : 0;
	k->kiflag = (f[7] ? KI_CTTY : 0) | (k->sid == pid ? KI_SLEADER : 0);
	k->sflag = 1;
	fill_times(k, f);
	k->pctcpu = share_of(k);
	str_copy(k->tdname, k->comm, sizeof k->tdname);
	fbsd_emulation(thread_self()->p, pid, k->emul, sizeof k->emul);
	str_copy(k->loginclass, "default", sizeof k->loginclass);
	fill_guest(k);
	return true;
}

/* --- threads: what differs between those of a process ---------------------------------------------------------------- */
static bool fill_thread(struct info *i, int pid, int tid)
{
	struct kinfo_proc *k = &i->k;
	char path[48];
	fmt(path, sizeof path, "%d/task/%d", pid, tid);
	if (!procfs_stat_at(path, &i->st) || i->st.f[9] & HOSTS_OWN || !str_cmp(i->st.comm, THREAD_HELPER))
		return false;
	k->tid = fbsd_tid(tid);
	k->stat = state(i->st.state);
	k->oncpu = k->stat == KI_SRUN ? (int)i->st.f[39] : -1;
	k->lastcpu = (int)i->st.f[39];
	k->oncpu_old = (uint8_t)k->oncpu;
	k->lastcpu_old = (uint8_t)k->lastcpu;
	k->runtime = (uint64_t)(i->st.f[14] + i->st.f[15]) * (1000000 / TICKS);
	k->pctcpu = share_of(k);
	put_ticks(k->rusage.utime, i->st.f[14]);
	put_ticks(k->rusage.stime, i->st.f[15]);
	str_copy(k->tdname, i->st.comm, sizeof k->tdname);
	return true;
}
struct threads { struct sysctl_req *r; struct info *i; int pid; };
static long tell_thread(void *arg, unsigned tid)
{
	struct threads *t = arg;
	return fill_thread(t->i, t->pid, (int)tid) ? sysctl_out(t->r, &t->i->k, sizeof t->i->k) : 0;
}
/* One record, or one for each thread. A process that has ended has none left. */
static long tell_process(struct sysctl_req *r, struct info *i, bool threads)
{
	char dir[40];
	if (!threads || i->k.stat == KI_SZOMB || i->k.numthreads < 2)
		return sysctl_out(r, &i->k, sizeof i->k);
	fmt(dir, sizeof dir, "/proc/%d/task", i->k.pid);
	return procfs_each(dir, tell_thread, &(struct threads){ r, i, i->k.pid });
}

/* --- the table --------------------------------------------------------------------------------------------------- */
enum { BY_ALL = 0, BY_PID = 1, BY_PGRP = 2, BY_SID = 3, BY_UID = 5, BY_RUID = 6, BY_RGID = 10, BY_GID = 11 };

static bool wanted(const struct kinfo_proc *k, int by, int what)
{
	switch (by) {
	case BY_PGRP: return k->pgid == what;
	case BY_SID: return k->sid == what;
	case BY_UID: return (int)k->uid == what;
	case BY_RUID: return (int)k->ruid == what;
	case BY_RGID: return (int)k->rgid == what;
	case BY_GID: return (int)k->groups[0] == what;
	}
	return true;
}
struct asked { struct sysctl_req *r; struct info *i; int by, what; bool threads; };
static long tell_one(void *arg, unsigned pid)
{
	struct asked *a = arg;
	if (!fill((int)pid, a->i) || !wanted(&a->i->k, a->by, a->what))
		return 0;
	long e = tell_process(a->r, a->i, a->threads);
	return e == -ENOENT || e == -ESRCH ? 0 : e;
}
static long tell(struct sysctl_req *r, int by, int what, bool threads)
{
	struct info *i = mem_alloc(sizeof *i);
	long e;
	if (!i)
		return -ENOMEM;
	if (by != BY_PID)
		e = procfs_each("/proc", tell_one, &(struct asked){ r, i, by, what, threads });
	else
		e = fill(what, i) ? tell_process(r, i, threads) : -ESRCH;
	if (by != BY_PID && !r->old)
		r->done += 5 * sizeof i->k;      /* room for those who come in between */
	mem_free(i, sizeof *i);
	return e;
}
/* The number says whether threads are wanted, too; 0 is everything. */
#define WITH_THREADS 0x10
long proc_all(struct sysctl_req *r)
{
	return r->n_rest > 1 ? -EINVAL : tell(r, BY_ALL, 0, !r->row->nr || r->row->nr & WITH_THREADS);
}
long proc_by(struct sysctl_req *r)
{
	return r->n_rest != 1 ? -EINVAL : tell(r, r->row->nr & 15, r->rest[0], r->row->nr & WITH_THREADS);
}
/* --- groups: as the table reads them -------------------------------------------------------------------------------- */
long proc_groups(struct sysctl_req *r)
{
	int pid = r->n_rest == 1 ? r->rest[0] : 0;
	struct info *i = r->n_rest == 1 ? mem_alloc(sizeof *i) : NULL;
	long e = r->n_rest != 1 ? -EINVAL : i ? 0 : -ENOMEM;
	if (!e) {
		read_ids(!pid || pid == -1 ? r->p->pid : pid, i);
		e = i->k.ngroups ? sysctl_out(r, i->k.groups, (size_t)i->k.ngroups * 4) : -ESRCH;
	}
	mem_free(i, i ? sizeof *i : 0);
	return e;
}
