/* SPDX-License-Identifier: BSD-2-Clause
 *
 * mlockall: the host's would bring in and lock all of our own memory, too, which is mostly room that nobody uses (of a
 * trace's rings a whole GiB). So what is there is locked piece by piece, and what is ours is left out; what is yet to
 * come is the host's to remember, who knows no difference, but ours is mapped before the guest begins.
 */
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include "host.h"
#include "procfs.h"

sysfn sys_mlockall, sys_munlockall;

#ifndef MLOCK_ONFAULT
#define MLOCK_ONFAULT 1
#endif
struct all { struct space *space; bool act; unsigned flags; uint64_t bytes; };

static bool future;                  /* the host was told so */

/* The next piece of [lo, hi) that is not ours; its length, 0: there is none. */
static uint64_t piece(struct space *s, uaddr *lo, uaddr hi)
{
	uaddr end = hi;
	for (bool again = true; again && *lo < hi; ) {
		again = false;
		for (unsigned i = 0; i < s->n_ours; i++)
			if (*lo >= s->ours[i].lo && *lo < s->ours[i].hi) {
				*lo = s->ours[i].hi;
				again = true;
			}
	}
	for (unsigned i = 0; i < s->n_ours; i++)
		if (s->ours[i].lo > *lo && s->ours[i].lo < end)
			end = s->ours[i].lo;
	return *lo < end ? end - *lo : 0;
}
static long one(void *arg, const struct procfs_map *m)
{
	struct all *a = arg;
	uaddr lo = m->lo;
	if (!str_ncmp(m->path, "[v", 2))         /* the host's own: never locked */
		return 0;
	for (uint64_t n; (n = piece(a->space, &lo, m->hi)); lo += n) {
		a->bytes += n;
		if (a->act)              /* what cannot be brought in (no access, behind a file's end) is no error here */
			host(SYS_mlock2, lo, n, a->flags);
	}
	return 0;
}
static bool may_lock_any(void)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2] = { 0 };
	return !host(SYS_capget, &h, d) && d[0].effective >> CAP_IPC_LOCK & 1;
}
static long may_lock(struct all *a, int pid)
{
	struct rlimit l = { 0 };
	if (may_lock_any())
		return 0;
	host(SYS_prlimit64, 0, RLIMIT_MEMLOCK, NULL, &l);
	a->bytes = 0;
	procfs_maps(pid, one, a);
	return a->bytes <= l.rlim_cur ? 0 : l.rlim_cur ? -ENOMEM : -EPERM;
}
static long lock_all(struct call *c, unsigned how)
{
	struct all a = { .space = c->t->p->space, .flags = how & MCL_ONFAULT ? MLOCK_ONFAULT : 0 };
	int pid = c->t->p->pid;
	long e = how & MCL_CURRENT ? may_lock(&a, pid) : 0;

	if (!e && how & MCL_FUTURE)
		e = host(SYS_mlockall, how & ~(unsigned)MCL_CURRENT);
	else if (!e && future)
		e = host(SYS_munlockall);
	if (e)
		return e;
	future = how & MCL_FUTURE;
	a.act = true;
	return how & MCL_CURRENT ? procfs_maps(pid, one, &a) : 0;
}
long sys_mlockall(struct call *c)
{
	unsigned how = (unsigned)c->arg[0];
	if (!(how & (MCL_CURRENT | MCL_FUTURE)) || how & ~(unsigned)(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT))
		return -EINVAL;
	long e = lock_all(c, how);
	return e == -EPERM && !c->t->p->pers->identity ? -ENOMEM : e;    /* a limit of 0 is a limit like others there */
}
long sys_munlockall(struct call *c)
{
	future = false;
	return host(SYS_munlockall);
}
static void in_child(struct proc *p) { future = false; }
AT_FORK_IF(in_child, future);
