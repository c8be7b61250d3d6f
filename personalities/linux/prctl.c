/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a program asks of its own thread and process where the answer is ours to give: segment bases (gs is taken by us),
 * the auxiliary vector it was started with, the word to clear at its end, and the limit of its descriptors, which is
 * lower than what the host was told.
 */
#include <asm/prctl.h>
#include <sys/resource.h>
#include "linux.h"

sysfn lnx_set_tsc, lnx_pkey_alloc, lnx_arch_prctl, lnx_get_auxv, lnx_tid_address, lnx_getrlimit, lnx_setrlimit, lnx_prlimit;

#define SHSTK_FIRST 0x5001
#define SHSTK_LAST 0x5004

long lnx_arch_prctl(struct call *c)
{
	switch ((int)c->arg[0]) {
	case ARCH_SET_GS: return -EPERM;
	case ARCH_SET_CPUID:             /* where the guest's instructions are not the host thread's it would fault ours */
		if (c->t->p->engine->apart)
			return -ENODEV;
		break;
	case ARCH_GET_GS: return mem_store64((uaddr)c->arg[1], 0);
	case ARCH_SET_FS: return segment_fs_set(c->t, (uint64_t)c->arg[1]);
	case ARCH_GET_FS: return mem_store64((uaddr)c->arg[1], segment_fs(c->t));
	}
	if ((int)c->arg[0] >= SHSTK_FIRST && (int)c->arg[0] <= SHSTK_LAST)
		return -EOPNOTSUPP;
	return lnx_make(c, c->raw);
}
/* The same of the time stamp counter: as on a processor that has no such switch, */
long lnx_set_tsc(struct call *c) { return c->t->p->engine->apart ? -EINVAL : lnx_pass(c); }
/* and no keys. */
long lnx_pkey_alloc(struct call *c) { return c->t->p->engine->apart ? -ENOSPC : lnx_pass(c); }

long lnx_get_auxv(struct call *c)
{
	const struct space *s = c->t->p->space;
	if (c->raw[3] || c->raw[4])
		return -EINVAL;
	long e = copy_out((uaddr)c->arg[1], (const void *)s->auxv, MIN((uint64_t)c->arg[2], s->auxv_len));
	return e ? e : (long)s->auxv_len;
}
long lnx_tid_address(struct call *c) { return mem_store64((uaddr)c->arg[1], c->t->clear_tid); }

/* --- limits --------------------------------------------------------------------------------------------------------------- */
static bool self(struct call *c, long pid) { return !pid || pid == c->t->p->pid || pid == c->t->tid; }

static long limit_files(struct call *c, uaddr new, uaddr old)
{
	struct proc *p = c->t->p;
	struct rlimit r = { 0, 0 }, now;
	long e = new ? copy_in(&r, new, sizeof r) : 0;

	fd_limit_get(p, &now);
	if (!e && new)
		e = fd_limit_set(p, &r);
	return e || !old ? e : copy_out(old, &now, sizeof now);
}
long lnx_getrlimit(struct call *c)
{
	return c->arg[0] == RLIMIT_NOFILE ? limit_files(c, 0, (uaddr)c->arg[1]) : lnx_make(c, c->raw);
}
long lnx_setrlimit(struct call *c)
{
	return c->arg[0] == RLIMIT_NOFILE ? limit_files(c, (uaddr)c->arg[1], 0) : lnx_make(c, c->raw);
}
long lnx_prlimit(struct call *c)
{
	return c->arg[1] == RLIMIT_NOFILE && self(c, c->arg[0]) ?
		limit_files(c, (uaddr)c->arg[2], (uaddr)c->arg[3]) : lnx_make(c, c->raw);
}
