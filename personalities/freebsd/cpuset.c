/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which processors a thread may run on. The host knows a mask per thread and nothing above it: sets have one number
 * (1), hold every processor online and cannot be made or left. Of a process all threads are set, its first one is
 * asked.
 */
#include "host.h"
#include "ext.h"
#include "procfs.h"
#include "freebsd/sysctl.h"
#include "freebsd/thr.h"

sysfn fbsd_cpuset, fbsd_cpuset_setid, fbsd_cpuset_getid, fbsd_cpuset_getaffinity, fbsd_cpuset_setaffinity,
      fbsd_cpuset_getdomain, fbsd_cpuset_setdomain;

enum { LEVEL_ROOT = 1, LEVEL_CPUSET, LEVEL_WHICH };
enum { WHICH_TID = 1, WHICH_PID, WHICH_CPUSET, WHICH_IRQ, WHICH_JAIL, WHICH_DOMAIN, WHICH_TIDPID = 9 };
#define THE_SET 1
#define MASK_BYTES 128                   /* CPU_MAXSIZE / 8 */
#define POLICY_FIRSTTOUCH 2

/* A set that this process has made, or its maker before the fork; 0: it is in the one that all others are in. A set holds
 * this process alone: what it may run on is its threads' own. */
static int own FORKED;
static bool is_own(long id) { return own && (id == own || id == -1); }

/* The host's number of a thread, 0 for the caller, -ESRCH. */
static long target(int which, long id)
{
	if (id == -1)
		return 0;
	if (which == WHICH_TID || (which == WHICH_TIDPID && id > FBSD_TID_BASE))
		return fbsd_tid_host(id) ? fbsd_tid_host(id) : -ESRCH;
	return id > 0 && id <= INT32_MAX ? id : -ESRCH;
}
static void all_cpus(uint8_t *mask)
{
	unsigned max;
	fbsd_ncpu(&max);
	for (unsigned i = 0; i <= max && i < MASK_BYTES * 8; i++)
		mask[i / 8] |= (uint8_t)(1 << i % 8);
}
static size_t bytes_needed(void)
{
	unsigned max;
	fbsd_ncpu(&max);
	return max / 8 + 1;
}
/* In capability mode nobody but the caller itself may be asked about, or set. */
static long confined(const struct call *c)
{
	long which = c->arg[1], id = c->arg[2], tid = id > FBSD_TID_BASE ? fbsd_tid_host(id) : 0;
	bool mine = id == -1 || (which != WHICH_PID && tid == c->t->tid) || (which == WHICH_PID && id == c->t->p->pid);
	if (!c->t->p->confined)
		return 0;
	if (c->arg[0] != LEVEL_WHICH || (which != WHICH_TID && which != WHICH_PID && which != WHICH_TIDPID))
		return -X_ECAPMODE;
	return mine && (which != WHICH_TIDPID || id == -1) ? 0 : -X_ECAPMODE;
}
static long check(const struct call *c)
{
	long e = confined(c);
	if (e)
		return e;
	size_t n = (size_t)c->arg[3];
	return n < bytes_needed() || n > MASK_BYTES ? -ERANGE : 0;
}
static long get_mask(int level, int which, long id, uint8_t *mask)
{
	uint8_t buf[1024];
	long t = 0, n;

	if (which == WHICH_IRQ || which == WHICH_JAIL)
		return -ESRCH;
	if (which == WHICH_CPUSET ? id != -1 && id != THE_SET && !is_own(id) : which == WHICH_DOMAIN && id != 0)
		return -ESRCH;
	if (which != WHICH_CPUSET && which != WHICH_DOMAIN && (t = target(which, id)) < 0)
		return t;
	memset(mask, 0, MASK_BYTES);
	if (which == WHICH_CPUSET && level != LEVEL_ROOT && is_own(id))
		level = LEVEL_WHICH;
	else if (level != LEVEL_WHICH || which == WHICH_CPUSET || which == WHICH_DOMAIN) {
		all_cpus(mask);
		return t ? host(SYS_sched_getaffinity, t, sizeof buf, buf) < 0 ? -ESRCH : 0 : 0;
	}
	if ((n = host(SYS_sched_getaffinity, t, sizeof buf, buf)) < 0)
		return n;
	memcpy(mask, buf, MIN((size_t)n, (size_t)MASK_BYTES));
	return 0;
}
long fbsd_cpuset_getaffinity(struct call *c)
{
	uint8_t mask[MASK_BYTES];
	long e = check(c);
	if (e || (e = get_mask((int)c->arg[0], (int)c->arg[1], c->arg[2], mask)))
		return e;
	return copy_out((uaddr)c->arg[4], mask, (size_t)c->arg[3]);
}

static long set_thread(void *mask, unsigned tid)
{
	long e = host(SYS_sched_setaffinity, tid, MASK_BYTES, mask);
	return e == -ESRCH ? 0 : e;      /* it has just ended */
}
static long set_threads(int pid, uint8_t *mask)
{
	char path[40];
	fmt(path, sizeof path, "/proc/%d/task", pid);
	long e = procfs_each(path, set_thread, mask);
	return e == -ENOENT ? -ESRCH : e;
}
/* A mask without any processor of the machine is EDEADLK there; one that names others too is EINVAL. */
static long mask_ok(const uint8_t *mask)
{
	uint8_t have[MASK_BYTES] = { 0 };
	bool any = false;
	all_cpus(have);
	for (unsigned i = 0; i < MASK_BYTES; i++) {
		if (mask[i] & ~have[i])
			return -EINVAL;
		any |= mask[i] != 0;
	}
	return any ? 0 : -EDEADLK;
}
long fbsd_cpuset_setaffinity(struct call *c)
{
	uint8_t mask[MASK_BYTES] = { 0 };
	int which = (int)c->arg[1];
	long t, e = check(c);

	if (e || (e = copy_in(mask, (uaddr)c->arg[4], (size_t)c->arg[3])) || (e = mask_ok(mask)))
		return e;
	if (c->arg[0] == LEVEL_CPUSET && which == WHICH_CPUSET && is_own(c->arg[2]))
		return set_threads(c->t->p->pid, mask);
	if (c->arg[0] != LEVEL_WHICH)
		return c->arg[0] == LEVEL_ROOT || c->arg[0] == LEVEL_CPUSET ? -EPERM : -EINVAL;
	if (which != WHICH_TID && which != WHICH_PID && which != WHICH_TIDPID)
		return which == WHICH_CPUSET ? -EPERM : -ESRCH;
	if ((t = target(which, c->arg[2])) < 0)
		return t;
	if (which == WHICH_TID || (which == WHICH_TIDPID && c->arg[2] > FBSD_TID_BASE))
		return host(SYS_sched_setaffinity, t, MASK_BYTES, mask);
	return set_threads(t ? (int)t : c->t->p->pid, mask);
}

long fbsd_cpuset(struct call *c)
{
	int id = THE_SET + c->t->p->pid; /* no other process's */
	long e = mem_store32((uaddr)c->arg[0], (uint32_t)id);
	if (!e)
		own = id;
	return e;
}
long fbsd_cpuset_setid(struct call *c) { return c->arg[2] == THE_SET || is_own(c->arg[2]) ? 0 : -ESRCH; }
long fbsd_cpuset_getid(struct call *c)
{
	uint8_t mask[MASK_BYTES];
	long e;
	if (c->arg[0] == LEVEL_WHICH && c->arg[1] != WHICH_CPUSET)
		return -EINVAL;
	if ((e = get_mask(LEVEL_WHICH, (int)c->arg[1], c->arg[2], mask)))
		return e;
	return mem_store32((uaddr)c->arg[3], own ? (uint32_t)own : THE_SET);
}
/* One memory domain, number 0. */
static long domain_size(const struct call *c)
{
	long e = confined(c);
	return e ? e : c->arg[3] < 8 || c->arg[3] > 32 ? -ERANGE : 0;
}
long fbsd_cpuset_getdomain(struct call *c)
{
	uint8_t mask[32] = { 1 }, cpus[MASK_BYTES];
	long e = domain_size(c);
	if (e || (e = get_mask((int)c->arg[0], (int)c->arg[1], c->arg[2], cpus)))
		return e;
	if ((e = copy_out((uaddr)c->arg[4], mask, (size_t)c->arg[3])))
		return e;
	return mem_store32((uaddr)c->arg[5], POLICY_FIRSTTOUCH);
}
long fbsd_cpuset_setdomain(struct call *c)
{
	uint8_t mask[32] = { 0 };
	long e = domain_size(c);
	if (e || (e = copy_in(mask, (uaddr)c->arg[4], (size_t)c->arg[3])))
		return e;
	for (unsigned i = 1; i < sizeof mask; i++)
		mask[0] |= mask[i] ? 2 : 0;
	return mask[0] == 1 && c->arg[5] >= 1 && c->arg[5] <= 4 ? 0 : -EINVAL;
}
