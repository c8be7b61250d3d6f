/* SPDX-License-Identifier: BSD-2-Clause
 *
 * procctl: what a process lets be done to it. The host knows some of it (the signal at a parent's death, no new
 * privileges, reaping); the rest is kept and told back, as procctl.def says. Always this process: another one's
 * settings are out of reach.
 */
#include <linux/prctl.h>
#include <sys/wait.h>
#include "host.h"
#include "procfs.h"
#include "freebsd/freebsd.h"

sysfn fbsd_procctl, fbsd_procctl_reap_acquire, fbsd_procctl_reap_release, fbsd_procctl_reap_status,
      fbsd_procctl_reap_getpids, fbsd_procctl_reap_kill, fbsd_procctl_trace_ctl, fbsd_procctl_trace_status,
      fbsd_procctl_trapcap_ctl, fbsd_procctl_trapcap_status, fbsd_procctl_pdeathsig_ctl, fbsd_procctl_pdeathsig_status,
      fbsd_procctl_aslr_ctl, fbsd_procctl_aslr_status, fbsd_procctl_protmax_ctl, fbsd_procctl_protmax_status,
      fbsd_procctl_stackgap_ctl, fbsd_procctl_stackgap_status, fbsd_procctl_nnp_ctl, fbsd_procctl_nnp_status,
      fbsd_procctl_wxmap_ctl, fbsd_procctl_wxmap_status, fbsd_procctl_logsigexit_ctl, fbsd_procctl_logsigexit_status;

static long only_me(struct call *c)
{
	if (c->arg[0] != P_PID)
		return c->arg[0] == P_PGID ? -EPERM : -EINVAL;
	if (!c->arg[1] || c->arg[1] == c->t->p->pid)
		return 0;
	return c->arg[1] < 0 || host(SYS_kill, c->arg[1], 0) == -ESRCH ? -ESRCH : -EPERM;
}
long fbsd_procctl(struct call *c) { return -EINVAL; }

/* --- settings that are kept: the values of sys/procctl.h --------------------------------------------------------- */
int fbsd_trapcap = 2;
static int trace = 1, aslr = 3, protmax = 3, stackgap = 1 | 4, wxmap, logsigexit = 1;
#define ASLR_ACTIVE 0x80000000u

static long keep(struct call *c, int *setting, int lowest, int highest)
{
	uint32_t v;
	long e = only_me(c);
	if (e || (e = mem_load32((uaddr)c->arg[3], &v)))
		return e;
	if ((int)v < lowest || (int)v > highest)
		return -EINVAL;
	*setting = (int)v;
	return 0;
}
static long tell(struct call *c, unsigned v)
{
	long e = only_me(c);
	return e ? e : mem_store32((uaddr)c->arg[3], v);
}
long fbsd_procctl_trace_ctl(struct call *c) { return keep(c, &trace, 1, 3); }
long fbsd_procctl_trace_status(struct call *c) { return tell(c, trace == 1 ? 0 : -1u); }
long fbsd_procctl_trapcap_ctl(struct call *c) { return keep(c, &fbsd_trapcap, 1, 2); }
long fbsd_procctl_trapcap_status(struct call *c) { return tell(c, (unsigned)fbsd_trapcap); }
long fbsd_procctl_aslr_ctl(struct call *c) { return keep(c, &aslr, 1, 3); }
long fbsd_procctl_aslr_status(struct call *c) { return tell(c, (unsigned)aslr | ASLR_ACTIVE); }
long fbsd_procctl_protmax_ctl(struct call *c) { return keep(c, &protmax, 1, 3); }
long fbsd_procctl_protmax_status(struct call *c) { return tell(c, (unsigned)protmax); }
/* Two switches, now and for exec, and a pair of bits to each: on and off. What is off now stays off. */
long fbsd_procctl_stackgap_ctl(struct call *c)
{
	int v = 0;
	long e = keep(c, &v, 0, 15);
	if (e)
		return e;
	if ((v & 3) == 3 || (v & 12) == 12 || (v & 1 && !(stackgap & 1)))
		return -EINVAL;
	if (v & 3)
		stackgap = (stackgap & ~3) | (v & 3);
	if (v & 12)
		stackgap = (stackgap & ~12) | (v & 12);
	return 0;
}
long fbsd_procctl_stackgap_status(struct call *c) { return tell(c, (unsigned)stackgap); }
/* Both are only ever added. */
long fbsd_procctl_wxmap_ctl(struct call *c)
{
	int v = 0;
	long e = keep(c, &v, 1, 2);
	wxmap |= v;
	return e;
}
long fbsd_procctl_wxmap_status(struct call *c) { return tell(c, (unsigned)wxmap); }
long fbsd_procctl_logsigexit_ctl(struct call *c) { return keep(c, &logsigexit, 1, 3); }
long fbsd_procctl_logsigexit_status(struct call *c) { return tell(c, (unsigned)logsigexit); }

/* --- settings of the host's -------------------------------------------------------------------------------------- */
long fbsd_procctl_pdeathsig_ctl(struct call *c)
{
	uint32_t v;
	int sig = 0;
	long e = only_me(c) ? -EINVAL : 0;       /* of another process this is not a matter of permission */
	if (e || (e = mem_load32((uaddr)c->arg[3], &v)))
		return e;
	if (v && (!(sig = sig_to_host(c->t->p->pers, (int)v)) || sig > 64))
		return -EINVAL;
	return host(SYS_prctl, PR_SET_PDEATHSIG, sig);
}
long fbsd_procctl_pdeathsig_status(struct call *c)
{
	int sig = 0;
	host(SYS_prctl, PR_GET_PDEATHSIG, &sig);
	return tell(c, sig ? (unsigned)sig_to_guest(c->t->p->pers, sig) : 0);
}
enum { NNP_ENABLE = 1, NNP_DISABLE };
long fbsd_procctl_nnp_ctl(struct call *c)
{
	int v = 0;
	long e = keep(c, &v, NNP_ENABLE, NNP_ENABLE);
	return e ? e : host(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}
long fbsd_procctl_nnp_status(struct call *c)
{
	return tell(c, host(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? NNP_ENABLE : NNP_DISABLE);
}

/* --- reaping: the host's child subreaper ------------------------------------------------------------------------- */
enum { OWNED = 1, REALINIT = 2, VALID = 1, CHILD = 2, ZOMBIE = 8, STOPPED = 16, KILL_CHILDREN = 1, KILL_SUBTREE = 2 };
struct reaper_status { uint32_t flags, children, descendants; int32_t reaper, pid; uint32_t pad[15]; };
struct reaper_pidinfo { int32_t pid, subtree; uint32_t flags, pad[15]; };
struct reaper_pids { uint32_t count, pad[15]; uint64_t pids; };
struct reaper_kill { int32_t sig; uint32_t flags; int32_t subtree; uint32_t killed; int32_t fpid; uint32_t pad[15]; };
_Static_assert(sizeof(struct reaper_status) == 80 && sizeof(struct reaper_pidinfo) == 72, "sys/procctl.h");
_Static_assert(sizeof(struct reaper_pids) == 72 && sizeof(struct reaper_kill) == 80, "sys/procctl.h");

struct kin { int pid, ppid, subtree; char state; };      /* subtree: the child of ours it descends from, 0 if of none */
struct family { unsigned n, max; struct kin *k; };

static bool is_reaper(void)
{
	int on = 0;
	host(SYS_prctl, PR_GET_CHILD_SUBREAPER, &on);
	return on;
}
static long read_kin(void *arg, unsigned pid)
{
	struct family *f = arg;
	struct procfs_stat st;
	if (f->n < f->max && procfs_stat((int)pid, &st))
		f->k[f->n++] = (struct kin){ (int)pid, (int)st.f[4], 0, st.state };
	return 0;
}
/* Keep those who descend from this process. */
static void find_descendants(struct family *f, int me)
{
	bool more = true;
	unsigned kept = 0;
	while (more) {
		more = false;
		for (unsigned i = 0; i < f->n; i++) {
			if (f->k[i].subtree)
				continue;
			if (f->k[i].ppid == me)
				f->k[i].subtree = f->k[i].pid;
			for (unsigned j = 0; j < f->n && !f->k[i].subtree; j++)
				if (f->k[j].pid == f->k[i].ppid)
					f->k[i].subtree = f->k[j].subtree;
			more |= f->k[i].subtree != 0;
		}
	}
	for (unsigned i = 0; i < f->n; i++)
		if (f->k[i].subtree)
			f->k[kept++] = f->k[i];
	f->n = kept;
}
static long family(struct call *c, struct family *f)
{
	long e = only_me(c);
	*f = (struct family){ .max = 32768 };
	if (e)
		return e;
	if (!(f->k = mem_alloc(f->max * sizeof *f->k)))
		return -ENOMEM;
	if (is_reaper()) {
		e = procfs_each("/proc", read_kin, f);
		find_descendants(f, c->t->p->pid);
	}
	if (e)
		mem_free(f->k, f->max * sizeof *f->k);
	return e;
}
static void family_free(struct family *f) { mem_free(f->k, f->max * sizeof *f->k); }

long fbsd_procctl_reap_acquire(struct call *c)
{
	long e = only_me(c);
	if (e)
		return e;
	return is_reaper() ? -EBUSY : host(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}
long fbsd_procctl_reap_release(struct call *c)
{
	long e = only_me(c);
	if (e)
		return e;
	return is_reaper() ? host(SYS_prctl, PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0) : -EINVAL;
}
/* Whose reaper is another one is told to be init's, with nobody to reap. */
long fbsd_procctl_reap_status(struct call *c)
{
	struct reaper_status s = { .flags = REALINIT, .reaper = 1, .pid = -1 };
	struct family f;
	long e = family(c, &f);
	if (e)
		return e;
	if (is_reaper()) {
		s.flags = OWNED;
		s.reaper = c->t->p->pid;
		s.descendants = f.n;
		for (unsigned i = f.n; i-- > 0;)
			if (f.k[i].ppid == s.reaper) {
				s.children++;
				s.pid = f.k[i].pid;
			}
	}
	family_free(&f);
	return copy_out((uaddr)c->arg[3], &s, sizeof s);
}
long fbsd_procctl_reap_getpids(struct call *c)
{
	struct reaper_pids want;
	struct family f;
	long e = copy_in(&want, (uaddr)c->arg[3], sizeof want);

	if (e || (e = family(c, &f)))
		return e;
	for (unsigned i = 0; i < f.n && i < want.count && !e; i++) {
		const struct kin *k = &f.k[i];
		struct reaper_pidinfo info = { k->pid, k->subtree, VALID, { 0 } };
		info.flags |= (k->ppid == c->t->p->pid ? CHILD : 0) | (k->state == 'Z' ? ZOMBIE : 0) |
			      (k->state == 'T' ? STOPPED : 0);
		e = copy_out(want.pids + i * sizeof info, &info, sizeof info);
	}
	family_free(&f);
	return e;
}
static long kill_family(const struct family *f, int me, struct reaper_kill *k, int sig)
{
	long e = -ESRCH;
	k->killed = 0;
	k->fpid = -1;
	for (unsigned i = 0; i < f->n; i++) {
		if ((k->flags & KILL_CHILDREN && f->k[i].ppid != me) ||
		    (k->flags & KILL_SUBTREE && f->k[i].subtree != k->subtree))
			continue;
		long r = signal_send(thread_self(), f->k[i].pid, 0, sig, SI_USER, 0);
		if (!r) {
			k->killed++;
			e = 0;
		} else if (e == -ESRCH) {
			k->fpid = f->k[i].pid;
			e = r;
		}
	}
	return e;
}
long fbsd_procctl_reap_kill(struct call *c)
{
	struct reaper_kill k;
	struct family f;
	int sig;
	long e = copy_in(&k, (uaddr)c->arg[3], sizeof k);

	if (e)
		return e;
	if (!(sig = sig_to_host(c->t->p->pers, k.sig)) || k.flags & ~(KILL_CHILDREN | KILL_SUBTREE) ||
	    k.flags == (KILL_CHILDREN | KILL_SUBTREE))
		return -EINVAL;
	if ((e = family(c, &f)))
		return e;
	e = is_reaper() ? kill_family(&f, c->t->p->pid, &k, sig) : -EPERM;
	family_free(&f);
	long w = copy_out((uaddr)c->arg[3], &k, sizeof k);
	return e ? e : w;
}
