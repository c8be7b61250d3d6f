/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Limits, use and priority. The limit on descriptors is the guest's own (fd.c): the host's is higher, for ours. Limits
 * that the host does not have are remembered and hold nothing back.
 */
#include <sys/resource.h>
#include "host.h"
#include "ext.h"
#include "handlers/rlimit.h"
#include "others.h"

sysfn sys_getrlimit, sys_setrlimit, sys_getrusage, sys_getpriority, sys_setpriority;

static struct rlimit other[64] SPARSE;          /* by the guest's number; max 0: never set, so without limit */

static void other_told(struct rlimit *r, const struct rlimit *kept)
{
	*r = kept->rlim_max ? *kept : (struct rlimit){ RLIM_INFINITY, RLIM_INFINITY };
}
long rlimit_get(struct proc *p, long which, struct rlimit *r)
{
	if (which & (long)X_RLIMIT_OTHER) {
		other_told(r, &other[which & 63]);
		return 0;
	}
	if (which != RLIMIT_NOFILE)
		return host(SYS_prlimit64, 0, (int)which, NULL, r);
	fd_limit_get(p, r);
	return 0;
}
long rlimit_other(int pid, struct proc *guest, long which, struct rlimit *r)
{
	struct rlimit kept = { 0 };
	if (which & (long)X_RLIMIT_OTHER) {
		long e = guest ? other_read(pid, &kept, (uaddr)&other[which & 63], sizeof kept) : 0;
		other_told(r, &kept);
		return e < 0 ? e : 0;
	}
	if (!guest || which != RLIMIT_NOFILE)
		return host(SYS_prlimit64, pid, (int)which, NULL, r);
	fd_limit_get(guest, r);
	return 0;
}
long sys_getrlimit(struct call *c)
{
	struct rlimit r;
	long e = rlimit_get(c->t->p, c->arg[0], &r);
	return e < 0 ? e : arg_put(c, 1, &r);
}
/* A soft limit above the hard one is cut; the host says EINVAL. More than the hard limit allows: EPERM on both. */
long sys_setrlimit(struct call *c)
{
	long which = c->arg[0];
	struct rlimit new, old;
	long e = arg_get(c, 1, &new);
	if (!e)
		e = rlimit_get(c->t->p, which, &old);
	if (e < 0)
		return e;
	new.rlim_cur = MIN(new.rlim_cur, new.rlim_max);
	if (which != RLIMIT_NOFILE && !(which & (long)X_RLIMIT_OTHER))
		return host(SYS_prlimit64, 0, (int)which, &new, NULL);
	if (new.rlim_max > old.rlim_max) {
		if (host(SYS_geteuid))
			return -EPERM;
		new.rlim_max = which == RLIMIT_NOFILE ? old.rlim_max : new.rlim_max;
		new.rlim_cur = MIN(new.rlim_cur, new.rlim_max);
	}
	if (which == RLIMIT_NOFILE)
		return fd_limit_set(c->t->p, &new);
	other[which & 63] = new;
	return 0;
}
long sys_getrusage(struct call *c)
{
	struct rusage u;
	long e = host(SYS_getrusage, (int)c->arg[0], &u);
	if (c->arg[0] == RUSAGE_SELF)            /* the host counts no signals */
		u.ru_nsignals = c->t->p->signals_taken;
	return e < 0 ? e : arg_put(c, 1, &u);
}

/* Linux answers 1..40 so that no priority looks like an error; the guest reads 32 bits, so a negative one does not
 * either. */
long sys_getpriority(struct call *c)
{
	long r = host(SYS_getpriority, (int)c->arg[0], (int)c->arg[1]);
	return r < 0 ? r : (long)(uint32_t)(20 - r);
}
/* PRIO_PROCESS is one thread on Linux: of a process with several, only the first is moved. */
long sys_setpriority(struct call *c)
{
	return host(SYS_setpriority, (int)c->arg[0], (int)c->arg[1], (int)c->arg[2]);
}
