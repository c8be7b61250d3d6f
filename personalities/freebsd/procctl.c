/* SPDX-License-Identifier: BSD-2-Clause
 *
 * procctl: what a process lets be done to it. The host knows some of it (the signal at a parent's death, no new
 * privileges); the rest is kept and told back, as procctl.def says. Always this process: another one's settings are out
 * of reach. Reaping is reaper.c's.
 */
#include <linux/prctl.h>
#include <sys/wait.h>
#include "host.h"
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
		return c->arg[0] == P_PGID ? -EPERM : -EINVAL;
	if (!c->arg[1] || c->arg[1] == c->t->p->pid)
		return 0;
	return c->arg[1] < 0 || host(SYS_kill, c->arg[1], 0) == -ESRCH ? -ESRCH : -EPERM;
}
long fbsd_procctl(struct call *c) { return -EINVAL; }

/* --- settings that are kept: the values of sys/procctl.h --------------------------------------------------------- */
int fbsd_trapcap = 2, fbsd_protmax = 3;
static int trace = 1, aslr = 3, stackgap = 1 | 4, wxmap, logsigexit = 1;
#define ACTIVE 0x80000000u

static long keep(struct call *c, int *setting, int lowest, int highest)
{
	uint32_t v;
	long e = fbsd_procctl_self(c);
	if (e || (e = mem_load32((uaddr)c->arg[3], &v)))
		return e;
	if ((int)v < lowest || (int)v > highest)
		return -EINVAL;
	*setting = (int)v;
	return 0;
}
static long tell(struct call *c, unsigned v)
{
	long e = fbsd_procctl_self(c);
	return e ? e : mem_store32((uaddr)c->arg[3], v);
}
long fbsd_procctl_trace_ctl(struct call *c) { return keep(c, &trace, 1, 3); }
/* The tracer's number, 0 for none, -1 where there may be none. */
long fbsd_procctl_trace_status(struct call *c) { return tell(c, trace == 1 ? (unsigned)tracee_tracer(c->t->p) : -1u); }
long fbsd_procctl_trapcap_ctl(struct call *c) { return keep(c, &fbsd_trapcap, 1, 2); }
long fbsd_procctl_trapcap_status(struct call *c) { return tell(c, (unsigned)fbsd_trapcap); }
long fbsd_procctl_aslr_ctl(struct call *c) { return keep(c, &aslr, 1, 3); }
long fbsd_procctl_aslr_status(struct call *c) { return tell(c, (unsigned)aslr | ACTIVE); }
long fbsd_procctl_protmax_ctl(struct call *c) { return keep(c, &fbsd_protmax, 1, 3); }
long fbsd_procctl_protmax_status(struct call *c)
{
	return tell(c, (unsigned)fbsd_protmax | (fbsd_protmax == PROTMAX_ALWAYS ? ACTIVE : 0));
}
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

/* A snapshot has all of them in one word, eight bits each; what cannot be is none. */
static const struct { int *setting, lowest, highest; } settings[] = {
	{ &fbsd_trapcap, 1, 2 }, { &fbsd_protmax, 1, 3 }, { &trace, 1, 3 }, { &aslr, 1, 3 }, { &stackgap, 0, 15 }, { &wxmap, 0, 3 },
	{ &logsigexit, 1, 3 },
};
uint64_t fbsd_procctl_saved(void)
{
	uint64_t word = 0;
	for (unsigned i = 0; i < ARRAY_LEN(settings); i++)
		word |= (uint64_t)*settings[i].setting << 8 * i;
	return word;
}
void fbsd_procctl_restored(uint64_t word)
{
	for (unsigned i = 0; i < ARRAY_LEN(settings); i++) {
		int v = (int)(word >> 8 * i & 0xff);
		if (v >= settings[i].lowest && v <= settings[i].highest)
			*settings[i].setting = v;
	}
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

