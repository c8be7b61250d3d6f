/* SPDX-License-Identifier: BSD-2-Clause
 *
 * procctl: what a process lets be done to it. The host knows some of it (the signal at a parent's death, no new
 * privileges) and lets only the process itself set it; the rest is kept here, over fork and exec, and can be asked and set
 * by whoever may trace the process: another guest's is in its memory, where ours is in ours. Reaping is reaper.c's.
 */
#include <linux/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include "host.h"
#include "others.h"
#include "procfs.h"
#include "debug/tracing.h"
#include "freebsd/freebsd.h"

sysfn fbsd_procctl, fbsd_procctl_trace_ctl, fbsd_procctl_trace_status,
      fbsd_procctl_trapcap_ctl, fbsd_procctl_trapcap_status, fbsd_procctl_pdeathsig_ctl, fbsd_procctl_pdeathsig_status,
      fbsd_procctl_aslr_ctl, fbsd_procctl_aslr_status, fbsd_procctl_protmax_ctl, fbsd_procctl_protmax_status,
      fbsd_procctl_stackgap_ctl, fbsd_procctl_stackgap_status, fbsd_procctl_nnp_ctl, fbsd_procctl_nnp_status,
      fbsd_procctl_wxmap_ctl, fbsd_procctl_wxmap_status, fbsd_procctl_logsigexit_ctl, fbsd_procctl_logsigexit_status;

long fbsd_procctl_self(struct call *c)
{
	if (c->arg[0] != P_PID)
		return -EINVAL;
	if (!c->arg[1] || c->arg[1] == c->t->p->pid)
		return 0;
	return c->arg[1] < 0 || host(SYS_kill, c->arg[1], 0) == -ESRCH ? -ESRCH : -EPERM;
}
long fbsd_procctl(struct call *c) { return -EINVAL; }

/* --- settings that are kept: the values of sys/procctl.h --------------------------------------------------------- */
struct fbsd_settings fbsd_settings = { .trace = 1, .trapcap = 2, .aslr = 3, .protmax = 3, .stackgap = 1 | 4, .logsigexit = 1 };
#define ACTIVE 0x80000000u
enum { TRACE_ENABLE = 1, TRACE_DISABLE, TRACE_DISABLE_EXEC };

typedef long setfn(struct fbsd_settings *, int v, bool own);

/* Another guest's lie where ours do; whom the host lets us trace we may read and change, as there. */
long fbsd_settings_of(int pid, struct fbsd_settings *s, bool write)
{
	struct iovec here = { s, sizeof *s }, there = { &fbsd_settings, sizeof *s };
	long e = write ? host(SYS_process_vm_writev, pid, &here, 1, &there, 1, 0) : other_read(pid, s, (uaddr)&fbsd_settings, sizeof *s);
	return e < 0 ? e : e == sizeof *s ? 0 : -EPERM;
}
static bool ended(int pid)
{
	struct procfs_stat st;
	return !procfs_stat(pid, &st) || st.state == 'Z' || st.state == 'X';
}
static long look(struct call *c, int pid, struct fbsd_settings *s)
{
	if (pid == c->t->p->pid) {
		*s = fbsd_settings;
		return 0;
	}
	if (pid <= 0 || host(SYS_kill, pid, 0) == -ESRCH || ended(pid))
		return -ESRCH;
	return other_system(pid) != c->t->p->pers ? -EPERM : fbsd_settings_of(pid, s, false);
}
static long change(struct call *c, int pid, setfn *fn, int v)
{
	struct fbsd_settings s;
	bool own = pid == c->t->p->pid;
	long e = look(c, pid, &s);
	if (e || (e = fn(&s, v, own)))
		return e;
	if (!own)
		return fbsd_settings_of(pid, &s, true);
	fbsd_settings = s;
	return 0;
}
struct members { struct call *c; setfn *fn; int v, group; long first; bool done; };
static long member(void *arg, unsigned pid)
{
	struct members *m = arg;
	if (host(SYS_getpgid, pid) != m->group)
		return 0;
	struct fbsd_settings s;
	if (look(m->c, (int)pid, &s))
		return 0;                /* not to be seen */
	long e = change(m->c, (int)pid, m->fn, m->v);
	m->done |= !e;
	m->first = m->first ? m->first : e;
	return 0;
}
enum { ONE_PROCESS, OR_GROUP };
static long keep(struct call *c, setfn *fn, int whom)
{
	uint32_t v;
	int pid = c->arg[1] ? (int)c->arg[1] : c->t->p->pid;
	long e = mem_load32((uaddr)c->arg[3], &v);

	if (e || (c->arg[0] != P_PID && (c->arg[0] != P_PGID || whom != OR_GROUP)))
		return e ? e : -EINVAL;
	if (c->arg[0] == P_PID)
		return change(c, pid, fn, (int)v);
	struct members m = { c, fn, (int)v, (int)c->arg[1], 0, false };
	procfs_each("/proc", member, &m);
	return m.done ? 0 : m.first ? m.first : -ESRCH;
}
static long tell(struct call *c, int pid, unsigned v) { return mem_store32((uaddr)c->arg[3], v); }

/* Whose settings, where one process is asked about. */
static long asked(struct call *c, int *pid, struct fbsd_settings *s)
{
	*pid = c->arg[1] ? (int)c->arg[1] : c->t->p->pid;
	return c->arg[0] != P_PID ? -EINVAL : look(c, *pid, s);
}
#define STATUS(name_, of_) \
	long fbsd_procctl_##name_##_status(struct call *c) \
	{ \
		struct fbsd_settings s; \
		int pid; \
		long e = asked(c, &pid, &s); \
		return e ? e : tell(c, pid, (unsigned)(of_)); \
	}
static bool in(int v, int lowest, int highest) { return v >= lowest && v <= highest; }

static long set_trace(struct fbsd_settings *s, int v, bool own)
{
	if (!in(v, TRACE_ENABLE, TRACE_DISABLE_EXEC))
		return -EINVAL;
	if (!own && (v == TRACE_ENABLE || (v == TRACE_DISABLE && s->trace == TRACE_DISABLE_EXEC)))
		return -EPERM;           /* only the process itself takes it back */
	s->trace = v;
	return 0;
}
static long set_trapcap(struct fbsd_settings *s, int v, bool own) { return in(v, 1, 2) ? s->trapcap = v, 0 : -EINVAL; }
static long set_aslr(struct fbsd_settings *s, int v, bool own) { return in(v, 1, 3) ? s->aslr = v, 0 : -EINVAL; }
static long set_protmax(struct fbsd_settings *s, int v, bool own) { return in(v, 1, 3) ? s->protmax = v, 0 : -EINVAL; }
static long set_logsigexit(struct fbsd_settings *s, int v, bool own) { return in(v, 1, 3) ? s->logsigexit = v, 0 : -EINVAL; }
/* Two switches, now and for exec, and a pair of bits to each: on and off. What is off now stays off. */
static long set_stackgap(struct fbsd_settings *s, int v, bool own)
{
	if (!in(v, 0, 15) || (v & 3) == 3 || (v & 12) == 12 || (v & 1 && !(s->stackgap & 1)))
		return -EINVAL;
	if (v & 3)
		s->stackgap = (s->stackgap & ~3) | (v & 3);
	if (v & 12)
		s->stackgap = (s->stackgap & ~12) | (v & 12);
	return 0;
}
/* Both are only ever added; the first ends what the second began at the last exec. */
static long set_wxmap(struct fbsd_settings *s, int v, bool own)
{
	if (!in(v, WX_PERMIT, WX_DISALLOW_EXEC))
		return -EINVAL;
	s->wxmap = (s->wxmap | v) & (v == WX_PERMIT ? ~WX_ENFORCED : ~0);
	return 0;
}
/* The tracer's number, 0 for none, -1 where there may be none. */
STATUS(trace, s.trace != TRACE_ENABLE ? -1 : pid == c->t->p->pid ? tracee_tracer(c->t->p) : tracee_tracer_of(pid))
STATUS(trapcap, s.trapcap)
STATUS(aslr, (unsigned)s.aslr | ACTIVE)
STATUS(protmax, (unsigned)s.protmax | (s.protmax == PROTMAX_ALWAYS ? ACTIVE : 0))
STATUS(stackgap, s.stackgap)
STATUS(wxmap, s.wxmap)
STATUS(logsigexit, s.logsigexit)
long fbsd_procctl_trace_ctl(struct call *c)
{
	uint32_t v;
	if ((!c->arg[1] || c->arg[1] == c->t->p->pid) && c->arg[0] == P_PID && tracee_tracer(c->t->p))
		return mem_load32((uaddr)c->arg[3], &v) ?: -EBUSY;
	return keep(c, set_trace, OR_GROUP);
}
long fbsd_procctl_trapcap_ctl(struct call *c) { return keep(c, set_trapcap, OR_GROUP); }
long fbsd_procctl_aslr_ctl(struct call *c) { return keep(c, set_aslr, ONE_PROCESS); }
long fbsd_procctl_protmax_ctl(struct call *c) { return keep(c, set_protmax, ONE_PROCESS); }
long fbsd_procctl_stackgap_ctl(struct call *c) { return keep(c, set_stackgap, ONE_PROCESS); }
long fbsd_procctl_wxmap_ctl(struct call *c) { return keep(c, set_wxmap, ONE_PROCESS); }
long fbsd_procctl_logsigexit_ctl(struct call *c) { return keep(c, set_logsigexit, ONE_PROCESS); }

bool fbsd_may_trace(int pid)
{
	struct fbsd_settings s;
	return !host(SYS_geteuid) || fbsd_settings_of(pid, &s, false) || s.trace == TRACE_ENABLE;
}
/* Over exec: sys/kern/kern_exec.c do_execve, imgact_elf.c. */
size_t fbsd_settings_kept(char *to, size_t n)
{
	const struct fbsd_settings *s = &fbsd_settings;
	bool gap = !(s->stackgap & 8);
	return fmt(to, n, "%x%x%x%x%x%x%x", s->trace == TRACE_DISABLE_EXEC ? s->trace : TRACE_ENABLE, s->trapcap, s->aslr, s->protmax,
		   gap ? 1 | 4 : s->stackgap, s->wxmap & (WX_PERMIT | WX_DISALLOW_EXEC), s->logsigexit);
}
static int digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 0; }
void fbsd_settings_start(const char *s)
{
	if (str_len(s) < 7)
		return;
	fbsd_settings = (struct fbsd_settings){ digit(s[0]), digit(s[1]), digit(s[2]), digit(s[3]), digit(s[4]), digit(s[5]), digit(s[6]) };
	if (fbsd_settings.wxmap & WX_DISALLOW_EXEC)
		fbsd_settings.wxmap |= WX_ENFORCED;
}

/* A snapshot has all of them in one word, eight bits each (WX_ENFORCED is the highest of its own); what cannot be is none. */
#define SETTING(name) offsetof(struct fbsd_settings, name)
static const struct { size_t at; int lowest, highest; } settings[] = {
	{ SETTING(trapcap), 1, 2 }, { SETTING(protmax), 1, 3 }, { SETTING(trace), 1, 3 }, { SETTING(aslr), 1, 3 },
	{ SETTING(stackgap), 0, 15 }, { SETTING(logsigexit), 1, 3 }, { SETTING(wxmap), 0, 3 },
};
#define WXMAP_BYTE (ARRAY_LEN(settings) - 1)
#define ENFORCED_BIT (UINT64_C(0x80) << 8 * WXMAP_BYTE)
static int *setting(unsigned i) { return (int *)((char *)&fbsd_settings + settings[i].at); }

uint64_t fbsd_procctl_saved(void)
{
	uint64_t word = fbsd_settings.wxmap & WX_ENFORCED ? ENFORCED_BIT : 0;
	for (unsigned i = 0; i < ARRAY_LEN(settings); i++)
		word |= (uint64_t)(*setting(i) & 0x7f) << 8 * i;
	return word;
}
void fbsd_procctl_restored(uint64_t word)
{
	for (unsigned i = 0; i < ARRAY_LEN(settings); i++) {
		int v = (int)(word >> 8 * i & 0x7f);
		if (v >= settings[i].lowest && v <= settings[i].highest)
			*setting(i) = v;
	}
	if (word & ENFORCED_BIT)
		fbsd_settings.wxmap |= WX_ENFORCED;
}

/* --- settings of the host's -------------------------------------------------------------------------------------- */
long fbsd_procctl_pdeathsig_ctl(struct call *c)
{
	uint32_t v;
	int sig = 0;
	long e = fbsd_procctl_self(c) ? -EINVAL : 0;       /* of another process this is not a matter of permission */
	if (e || (e = mem_load32((uaddr)c->arg[3], &v)))
		return e;
	if (v && (!(sig = sig_to_host(c->t->p->pers, (int)v)) || sig > 64))
		return -EINVAL;
	return host(SYS_prctl, PR_SET_PDEATHSIG, sig);
}
long fbsd_procctl_pdeathsig_status(struct call *c)
{
	int sig = 0;
	long e = fbsd_procctl_self(c);
	host(SYS_prctl, PR_GET_PDEATHSIG, &sig);
	return e ? -EINVAL : tell(c, 0, sig ? (unsigned)sig_to_guest(c->t->p->pers, sig) : 0);
}
enum { NNP_ENABLE = 1, NNP_DISABLE };
long fbsd_procctl_nnp_ctl(struct call *c)
{
	uint32_t v;
	long e = fbsd_procctl_self(c);
	if (e || (e = mem_load32((uaddr)c->arg[3], &v)))
		return e;
	return v != NNP_ENABLE ? -EINVAL : host(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}
static long no_new(void *arg, const char *line)
{
	if (str_ncmp(line, "NoNewPrivs:", 11))
		return 0;
	return line[12] == '1' ? NNP_ENABLE : NNP_DISABLE;
}
long fbsd_procctl_nnp_status(struct call *c)
{
	char path[32];
	int pid = c->arg[1] ? (int)c->arg[1] : c->t->p->pid;
	long v;
	if (c->arg[0] != P_PID)
		return -EINVAL;
	if (pid <= 0)
		return -ESRCH;
	fmt(path, sizeof path, "/proc/%d/status", pid);
	v = pid == c->t->p->pid ? (host(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? NNP_ENABLE : NNP_DISABLE) :
	    procfs_lines(path, no_new, NULL);
	return v > 0 ? tell(c, pid, (unsigned)v) : -ESRCH;
}

