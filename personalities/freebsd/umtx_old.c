/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The lock of FreeBSD 5 and 6: a word of 64 bits that holds its owner's number, and in the top bit that somebody waits. A
 * kernel with COMPAT_FREEBSD10 still serves it (do_lock_umtx, do_unlock_umtx of sys/kern/kern_umtx.c, 15.0). How many
 * sleep there the kernel counts over all processes; we count our own, and where these are not more than one, all are woken.
 */
#include "host.h"
#include "freebsd/umtx.h"
#include "freebsd/thr.h"

sysfn fbsd10_umtx_lock, fbsd10_umtx_unlock, fbsd_umtx_lock, fbsd_umtx_unlock;

#define UNOWNED 0ull
#define CONTESTED (1ull << 63)

static long take(uaddr at, uint64_t id, const struct until *u)
{
	struct queue q = { at, Q_WAIT, true };
	uint64_t seen, owner;
	long e, slept = 0;

	for (;;) {
		if ((e = mem_cas64(at, UNOWNED, id, &owner)) || owner == UNOWNED)
			return e;
		if (owner == CONTESTED) {
			if ((e = mem_cas64(at, CONTESTED, id | CONTESTED, &seen)) || seen == CONTESTED)
				return e;
			continue;
		}
		if (slept)               /* a signal or the time's end: it was looked at once more */
			return slept;
		if ((e = mem_cas64(at, owner, owner | CONTESTED, &seen)))
			return e;
		if (seen == owner)
			slept = umtx_sleep64(&q, owner | CONTESTED, u);
	}
}
static long give(uaddr at, uint64_t id)
{
	struct queue q = { at, Q_WAIT, true };
	uint64_t owner, seen;
	long e = mem_load64(at, &owner);

	if (e || (owner & ~CONTESTED) != id)
		return e ? e : -EPERM;
	if (!(owner & CONTESTED)) {
		if ((e = mem_cas64(at, owner, UNOWNED, &seen)) || seen == owner)
			return e;
		owner = seen;
	}
	bool many = umtx_sleepers_here(&q) > 1;
	e = mem_cas64(at, owner, many ? CONTESTED : UNOWNED, &seen);
	umtx_wake(&q, many ? 1 : INT32_MAX);
	return e ? e : seen != owner ? -EINVAL : 0;
}
static uint64_t me(struct call *c) { return (uint64_t)fbsd_tid(c->t->tid); }

long fbsd10_umtx_lock(struct call *c) { return take((uaddr)c->arg[0], me(c), NULL); }
long fbsd10_umtx_unlock(struct call *c) { return give((uaddr)c->arg[0], me(c)); }
long fbsd_umtx_unlock(struct call *c) { return give((uaddr)c->arg[0], (uint64_t)c->arg[2]); }

/* The time is relative, whatever its clock, and a lock with a time is not tried again after a signal. */
long fbsd_umtx_lock(struct call *c)
{
	struct until u;
	long e = until_get(c, (uaddr)c->arg[4], sizeof(struct timespec), &u);
	e = e ? e : take((uaddr)c->arg[0], (uint64_t)c->arg[2], &u);
	return c->arg[4] ? umtx_eintr(e) : e;
}
