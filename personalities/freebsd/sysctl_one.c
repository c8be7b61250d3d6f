/* SPDX-License-Identifier: BSD-2-Clause
 *
 * kern.proc by number: what one process is. Of this one the guest's own words are told; of another guest, what its guise
 * keeps (others.h): the host shows guise's program, and its limits, there. A process of the host's is told as
 * FreeBSD tells one that its Linux emulation runs. Who may see what is the kernel's rule: memory and what lies there
 * (environment, auxiliary vector) is for those who may trace, else EPERM.
 */
#include <elf.h>
#include <fcntl.h>
#include "host.h"
#include "handlers/rlimit.h"
#include "others.h"
#include "freebsd/freebsd.h"
#include "freebsd/kinfo.h"
#include "freebsd/sysctl.h"
#include "freebsd/jail.h"

/* --- whom -------------------------------------------------------------------------------------------------------- */
static int pid_of(const struct sysctl_req *r) { return r->rest[0] == -1 || !r->rest[0] ? r->p->pid : r->rest[0]; }
static long need_pid(const struct sysctl_req *r)
{
	char path[32];
	if (r->n_rest != 1)
		return -EINVAL;
	fmt(path, sizeof path, "/proc/%d", pid_of(r));
	return r->rest[0] < -1 || fbsd_hidden(r->c->t, pid_of(r)) || host(SYS_access, path, F_OK) < 0 ? -ESRCH : 0;
}
static bool is_me(const struct sysctl_req *r) { return pid_of(r) == r->p->pid; }

enum whose { MINE, GUESTS, HOSTS };      /* whose process it is; or -errno */
struct who {
	int pid;
	struct proc *p;                  /* NULL: the host's own */
	struct other *other;             /* to be given back */
};
static long who_look(struct sysctl_req *r, struct who *w)
{
	*w = (struct who){ pid_of(r), r->p, NULL };
	if (is_me(r))
		return MINE;
	if (!(w->other = mem_alloc(sizeof *w->other)))
		return -ENOMEM;
	long e = other_look(w->pid, w->other);
	w->p = e > 0 ? &w->other->proc : NULL;
	if (w->p)
		w->p->space = &w->other->space;
	return e < 0 ? e : e ? GUESTS : HOSTS;
}
static void who_done(struct who *w) { mem_free(w->other, w->other ? sizeof *w->other : 0); }

/* A row: its process is looked for, told by fn, and let go. */
static long about(struct sysctl_req *r, long (*fn)(struct sysctl_req *, const struct who *, enum whose))
{
	struct who w = { 0 };
	long e = need_pid(r);
	if (e)
		return e;
	e = who_look(r, &w);
	e = e < 0 ? e : fn(r, &w, (enum whose)e);
	who_done(&w);
	return e;
}

/* --- memory and files ---------------------------------------------------------------------------------------------- */
/* Bytes of a guest's own memory, which the guest may have changed. */
static long tell_memory(struct sysctl_req *r, const struct who *w, uaddr at, uaddr end)
{
	char buf[1024];
	long e = 0;
	while (at < end && !e) {
		size_t n = MIN(sizeof buf, end - at);
		long got = w->other ? other_read(w->pid, buf, at, n) : copy_in(buf, at, n) ? -EFAULT : (long)n;
		if (got <= 0)
			return got ? got : -EFAULT;
		e = sysctl_out(r, buf, (size_t)got);
		at += (uint64_t)got;
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

/* --- arguments: setproctitle writes a title here, which other guests see, and no program of the host's ------------------ */
struct title { uint32_t len; char text[2048]; };
static volatile uint32_t title_lock FORKED;
static struct title title SPARSE;                /* under title_lock; others read it as it is */
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
static long title_of(struct sysctl_req *r)
{
	struct title t;
	long kind = other_kind(pid_of(r)) == OTHER_GUEST ? other_read(pid_of(r), &t, (uaddr)&title, sizeof t) : 0;
	return kind == sizeof t && t.len && t.len <= sizeof t.text ? sysctl_out(r, t.text, t.len) : tell_file(r, "cmdline");
}
long proc_args(struct sysctl_req *r)
{
	struct who me = { pid_of(r), r->p, NULL };
	struct space *s = r->p->space;
	long e = need_pid(r);

	if (e)
		return e;
	if (r->new && !is_me(r))
		return -EPERM;
	if (!is_me(r))
		return title_of(r);
	e = title.len ? sysctl_out(r, title.text, title.len) : tell_memory(r, &me, s->args, s->args_end);
	return e || !r->new ? e : set_title(r);
}

/* --- what the first stack holds -------------------------------------------------------------------------------------- */
static long tell_env(struct sysctl_req *r, const struct who *w, enum whose whose)
{
	return whose == HOSTS ? tell_file(r, "environ") : tell_memory(r, w, w->p->space->env, w->p->space->env_end);
}
long proc_env(struct sysctl_req *r) { return about(r, tell_env); }

/* The host's vector: what has the same number on both systems. */
static long tell_host_auxv(struct sysctl_req *r)
{
	static const uint8_t same[] = { AT_PHDR, AT_PHENT, AT_PHNUM, AT_PAGESZ, AT_BASE, AT_FLAGS, AT_ENTRY };
	uint64_t v[128], end[2] = { 0 };
	char path[32];
	long n, e = 0;
	fmt(path, sizeof path, "/proc/%d/auxv", pid_of(r));
	if ((n = file_read(path, (char *)v, sizeof v)) < 0)
		return n == -EACCES ? -EPERM : n;
	for (unsigned i = 0; i + 1 < (unsigned long)n / 8 && v[i] && !e; i += 2)
		for (unsigned k = 0; k < sizeof same && !e; k++)
			if (v[i] == same[k])
				e = sysctl_out(r, v + i, 16);
	return e ? e : sysctl_out(r, end, sizeof end);
}
static long tell_auxv(struct sysctl_req *r, const struct who *w, enum whose whose)
{
	const struct space *s = w->p ? w->p->space : NULL;
	return whose == HOSTS ? tell_host_auxv(r) : tell_memory(r, w, s->auxv, s->auxv + s->auxv_len);
}
long proc_auxv(struct sysctl_req *r) { return about(r, tell_auxv); }

static long tell_ps_strings(struct sysctl_req *r, const struct who *w, enum whose whose)
{
	uint64_t at = w->p ? w->p->space->ps : 0;
	return sysctl_out(r, &at, sizeof at);
}
long proc_ps_strings(struct sysctl_req *r) { return about(r, tell_ps_strings); }

/* The host's programs return from a signal by code of their own. */
static long tell_sigtramp(struct sysctl_req *r, const struct who *w, enum whose whose)
{
	uint64_t out[6] = { 0 };
	size_t len;
	uaddr mine = fbsd_trampoline(&len);
	if (whose == MINE)
		out[0] = mine;
	if (whose == GUESTS && w->p->pers == r->p->pers && other_read(w->pid, out, (uaddr)fbsd_trampoline_at(), 8) != 8)
		return -EPERM;
	out[1] = out[0] ? out[0] + len : 0;
	return sysctl_out(r, out, sizeof out);
}
long proc_sigtramp(struct sysctl_req *r) { return about(r, tell_sigtramp); }

/* --- the program --------------------------------------------------------------------------------------------------- */
static long tell_host_exe(struct sysctl_req *r)
{
	char path[64], host_path[4096], guest[4096];
	fmt(path, sizeof path, "/proc/%d/exe", pid_of(r));
	long n = host(SYS_readlink, path, host_path, sizeof host_path - 1);
	if (n < 0)
		return n == -EACCES ? -EPERM : n;
	host_path[n] = 0;
	n = path_to_guest(r->p, host_path, guest, sizeof guest);
	return n < 0 ? n : sysctl_text(r, guest);
}
static long tell_pathname(struct sysctl_req *r, const struct who *w, enum whose whose)
{
	char guest[4096];
	if (whose == HOSTS)
		return tell_host_exe(r);
	long e = path_to_guest(r->p, w->p->exe, guest, sizeof guest);
	return e < 0 ? e : sysctl_text(r, guest);
}
long proc_pathname(struct sysctl_req *r) { return about(r, tell_pathname); }

static long tell_osrel(struct sysctl_req *r, const struct who *w, enum whose whose)
{
	int v = w->p && w->p->pers == r->p->pers ? (int)fbsd_made_for(w->p) : 0;
	return sysctl_out(r, &v, sizeof v);
}
long proc_osrel(struct sysctl_req *r) { return about(r, tell_osrel); }

/* As FreeBSD's kernel names the emulations that it has, and in its manner those that it has not. */
void fbsd_emulation(struct proc *me, int pid, char *buf, size_t n)
{
	int kind = pid == me->pid ? OTHER_GUEST : other_kind(pid);
	const struct personality *pers = pid == me->pid ? me->pers : kind == OTHER_GUEST ? other_system(pid) : NULL;
	if (kind == OTHER_HIDDEN || (kind == OTHER_GUEST && !pers))
		fmt(buf, n, "-");
	else if (pers == me->pers)
		fmt(buf, n, "FreeBSD ELF64");
	else if (!pers || pers->identity)
		fmt(buf, n, "Linux ELF64");
	else
		fmt(buf, n, "%s ELF64", pers->name);
}
long proc_sv_name(struct sysctl_req *r)
{
	char name[32];
	long e = need_pid(r);
	fbsd_emulation(r->p, e ? 0 : pid_of(r), name, sizeof name);
	return e ? e : sysctl_text(r, name);
}

/* --- what the host keeps for all ------------------------------------------------------------------------------------- */
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
	for (const char *s = fbsd_status_line(buf, "Umask:"); *s && *s != '\n'; s++)
		if (*s >= '0' && *s <= '7')
			mask = (uint16_t)(mask * 8 + *s - '0');
	return sysctl_out(r, &mask, sizeof mask);
}
static long tell_rlimit(struct sysctl_req *r, long which, struct rlimit *l)
{
	struct who w = { 0 };
	char path[32];
	if (is_me(r))
		return rlimit_get(r->p, which, l);
	fmt(path, sizeof path, "/proc/%d", pid_of(r));
	if (r->rest[0] < -1 || host(SYS_access, path, F_OK) < 0)
		return -ESRCH;
	long e = who_look(r, &w);
	e = e < 0 ? e : rlimit_other(w.pid, w.p, which, l);
	who_done(&w);
	return e;
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
	if ((e = tell_rlimit(r, (long)which, &l)))
		return e;
	int64_t out[2] = { l.rlim_cur > INT64_MAX ? INT64_MAX : (int64_t)l.rlim_cur,
			   l.rlim_max > INT64_MAX ? INT64_MAX : (int64_t)l.rlim_max };
	return sysctl_out(r, out, sizeof out);
}
