/* SPDX-License-Identifier: BSD-2-Clause
 *
 * kern.proc: the process table and what one process is. Its source is the host's /proc, so native processes are seen
 * too: signals reach them as well. Of this process the guest's own arguments, environment and program are told, of
 * another only what the host shows. Signal sets, kernel addresses and login names are not told (zeros).
 */
#include <string.h>
#include <time.h>
#include <fcntl.h>
#include <sys/resource.h>
#include "host.h"
#include "handlers/rlimit.h"
#include "procfs.h"
#include "debug/tracing.h"
#include "personalities/freebsd/kinfo.h"
#include "personalities/freebsd/sysctl.h"
#include "personalities/freebsd/thr.h"

#define TICKS 100                        /* of the host's /proc, a second */

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
static const char *line_of(const char *text, const char *key)
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
	numbers(line_of(i->text, "Uid:"), id, 4);
	i->k.ruid = id[0];
	i->k.uid = id[1];
	i->k.svuid = id[2];
	numbers(line_of(i->text, "Gid:"), id, 4);
	i->k.rgid = id[0];
	i->k.svgid = id[2];
	i->k.groups[0] = id[1];          /* there the effective group comes first */
	i->k.ngroups = (int16_t)(1 + numbers(line_of(i->text, "Groups:"), i->k.groups + 1, 15));
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
static bool fill(int pid, struct info *i)
{
	struct kinfo_proc *k = &i->k;
	int64_t *f = i->st.f;

	memset(i, 0, sizeof *i);
	if (!procfs_stat(pid, &i->st))
		return false;
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
	str_copy(k->tdname, k->comm, sizeof k->tdname);
	str_copy(k->emul, "FreeBSD ELF64", sizeof k->emul);
	str_copy(k->loginclass, "default", sizeof k->loginclass);
	return true;
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
struct asked { struct sysctl_req *r; struct info *i; int by, what; };
static long tell_one(void *arg, unsigned pid)
{
	struct asked *a = arg;
	if (!fill((int)pid, a->i) || !wanted(&a->i->k, a->by, a->what))
		return 0;
	return sysctl_out(a->r, &a->i->k, sizeof a->i->k);
}
static long tell(struct sysctl_req *r, int by, int what)
{
	struct info *i = mem_alloc(sizeof *i);
	long e;
	if (!i)
		return -ENOMEM;
	if (by != BY_PID)
		e = procfs_each("/proc", tell_one, &(struct asked){ r, i, by, what });
	else
		e = fill(what, i) ? sysctl_out(r, &i->k, sizeof i->k) : -ESRCH;
	if (by != BY_PID && !r->old)
		r->done += 5 * sizeof i->k;      /* room for those who come in between */
	mem_free(i, sizeof *i);
	return e;
}
long proc_all(struct sysctl_req *r) { return r->n_rest > 1 ? -EINVAL : tell(r, BY_ALL, 0); }
long proc_by(struct sysctl_req *r)
{
	return r->n_rest != 1 ? -EINVAL : tell(r, r->row->nr & 15, r->rest[0]);
}

/* --- one process ------------------------------------------------------------------------------------------------- */
static int pid_of(const struct sysctl_req *r) { return r->rest[0] == -1 || !r->rest[0] ? r->p->pid : r->rest[0]; }
static long need_pid(const struct sysctl_req *r)
{
	char path[32];
	if (r->n_rest != 1)
		return -EINVAL;
	fmt(path, sizeof path, "/proc/%d", pid_of(r));
	return r->rest[0] < -1 || host(SYS_access, path, F_OK) < 0 ? -ESRCH : 0;
}
static bool is_me(const struct sysctl_req *r) { return pid_of(r) == r->p->pid; }

/* Bytes of the guest's own memory, which the guest may have changed. */
static long tell_memory(struct sysctl_req *r, uaddr at, uaddr end)
{
	char buf[1024];
	long e = 0;
	while (at < end && !e) {
		size_t n = MIN(sizeof buf, end - at);
		if ((e = copy_in(buf, at, n)))
			return e;
		e = sysctl_out(r, buf, n);
		at += n;
	}
	return e;
}
static long tell_file(struct sysctl_req *r, const char *name)
{
	char buf[1024];
	long n, e = 0, fd;
	fmt(buf, sizeof buf, "/proc/%d/%s", pid_of(r), name);
	if ((fd = host(SYS_open, buf, O_RDONLY | O_CLOEXEC)) < 0)
		return fd == -EACCES ? -EPERM : fd;
	while (!e && (n = host(SYS_read, fd, buf, sizeof buf)) > 0)
		e = sysctl_out(r, buf, (size_t)n);
	host(SYS_close, fd);
	return e;
}
/* setproctitle writes a title here. It is kept for this process; nobody else's view of it changes. */
static volatile uint32_t title_lock FORKED;
static struct { uint32_t len; char text[2048]; } title SPARSE;          /* under title_lock */
AT_FORK_FREE(title_lock);

static long set_title(struct sysctl_req *r)
{
	long e;
	if (r->new_len > sizeof title.text)
		return -ENOMEM;
	lock(&title_lock);
	e = sysctl_in(r, title.text, r->new_len);
	title.len = e ? 0 : (uint32_t)r->new_len;
	unlock(&title_lock);
	return e;
}
long proc_args(struct sysctl_req *r)
{
	struct space *s = r->p->space;
	long e = need_pid(r);

	if (e)
		return e;
	if (r->new && !is_me(r))
		return -EPERM;
	if (!is_me(r))
		return tell_file(r, "cmdline");
	e = title.len ? sysctl_out(r, title.text, title.len) : tell_memory(r, s->args, s->args_end);
	return e || !r->new ? e : set_title(r);
}
long proc_env(struct sysctl_req *r)
{
	struct space *s = r->p->space;
	long e = need_pid(r);
	return e ? e : is_me(r) ? tell_memory(r, s->env, s->env_end) : tell_file(r, "environ");
}
long proc_auxv(struct sysctl_req *r)
{
	struct space *s = r->p->space;
	long e = need_pid(r);
	return e ? e : is_me(r) ? tell_memory(r, s->auxv, s->auxv + s->auxv_len) : -EPERM;
}
static long tell_link(struct sysctl_req *r, const char *name)
{
	char path[64], host_path[4096], guest[4096];
	fmt(path, sizeof path, "/proc/%d/%s", pid_of(r), name);
	long n = host(SYS_readlink, path, host_path, sizeof host_path - 1);
	if (n < 0)
		return n == -EACCES ? -EPERM : n;
	host_path[n] = 0;
	if (host(SYS_readlink, "/proc/self/exe", guest, sizeof guest) == n && !memcmp(host_path, guest, (size_t)n))
		return -ENOENT;                  /* another guest: the host knows only ours */
	n = path_to_guest(r->p, host_path, guest, sizeof guest);
	return n < 0 ? n : sysctl_text(r, guest);
}
long proc_pathname(struct sysctl_req *r)
{
	char guest[4096];
	long e = need_pid(r);
	if (e)
		return e;
	if (!is_me(r))
		return tell_link(r, "exe");
	e = path_to_guest(r->p, r->p->exe, guest, sizeof guest);
	return e < 0 ? e : sysctl_text(r, guest);
}
/* One record as kinfo_file and its kind: only the working directory. */
long proc_cwd(struct sysctl_req *r)
{
	char link[64], host_path[4096];
	struct kinfo_file k = { .type = KF_VNODE, .fd = KF_CWD, .flags = KF_READ };
	long n, e = need_pid(r);
	if (e)
		return e;
	fmt(link, sizeof link, "/proc/%d/cwd", pid_of(r));
	if ((n = host(SYS_readlink, link, host_path, sizeof host_path - 1)) < 0)
		return n == -EACCES ? -EPERM : n;
	host_path[n] = 0;
	if ((n = path_to_guest(r->p, host_path, k.path, sizeof k.path)) < 0)
		return n;
	k.file.vtype = 2;
	k.structsize = (int32_t)((offsetof(struct kinfo_file, path) + (size_t)n + 1 + 7) & ~7ul);
	return sysctl_out(r, &k, (size_t)k.structsize);
}
long proc_sv_name(struct sysctl_req *r)
{
	long e = need_pid(r);
	return e ? e : sysctl_text(r, "FreeBSD ELF64");
}
long proc_osrel(struct sysctl_req *r)
{
	int v = (int)fbsd_osreldate(r->p);
	long e = need_pid(r);
	return e ? e : is_me(r) ? sysctl_out(r, &v, sizeof v) : -EPERM;
}
long proc_umask(struct sysctl_req *r)
{
	char path[40], buf[2048];
	uint16_t mask = 0;
	long e = need_pid(r);
	if (e)
		return e;
	fmt(path, sizeof path, "/proc/%d/status", pid_of(r));
	if (file_read(path, buf, sizeof buf) <= 0)
		return -ESRCH;
	for (const char *s = line_of(buf, "Umask:"); *s && *s != '\n'; s++)
		if (*s >= '0' && *s <= '7')
			mask = (uint16_t)(mask * 8 + *s - '0');
	return sysctl_out(r, &mask, sizeof mask);
}
long proc_groups(struct sysctl_req *r)
{
	struct info *i;
	long e = need_pid(r);
	if (e || !(i = mem_alloc(sizeof *i)))
		return e ? e : -ENOMEM;
	read_ids(pid_of(r), i);
	e = sysctl_out(r, i->k.groups, (size_t)i->k.ngroups * 4);
	mem_free(i, sizeof *i);
	return e;
}
long proc_ps_strings(struct sysctl_req *r)
{
	uint64_t at = r->p->space->ps;
	long e = need_pid(r);
	return e ? e : is_me(r) ? sysctl_out(r, &at, sizeof at) : -EPERM;
}
long proc_rlimit(struct sysctl_req *r)
{
	struct rlimit l;
	uint64_t which;
	long e;
	if (r->n_rest != 2)
		return -EINVAL;
	if (r->new)
		return -EPERM;
	if (set_to_host(r->p->pers, SET_RLIMIT, (unsigned)r->rest[1], &which) < 0)
		return -EINVAL;
	if (r->rest[0] < -1)
		return -ESRCH;
	if (is_me(r))
		e = rlimit_get(r->p, (long)which, &l);
	else
		e = which >> 32 ? -EPERM : host(SYS_prlimit64, r->rest[0], which, NULL, &l);
	if (e)
		return e;
	int64_t out[2] = { l.rlim_cur > INT64_MAX ? INT64_MAX : (int64_t)l.rlim_cur,
			   l.rlim_max > INT64_MAX ? INT64_MAX : (int64_t)l.rlim_max };
	return sysctl_out(r, out, sizeof out);
}
