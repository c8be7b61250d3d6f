/* SPDX-License-Identifier: BSD-2-Clause
 *
 * PROT_MAX: a mapping may say how far mprotect may ever go, and the rights of a limited descriptor say it of what is mapped
 * by it. The host has no such bound, so the ranges that have one are
 * kept here, by address: what is mapped over or unmapped loses its bound. Most programs have none, and pay one look.
 * Meaning: sys/vm/vm_mmap.c, sys/vm/vm_map.c (15.0). A forked child has the table with the memory it is about.
 */
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include "host.h"
#include "snapshot.h"
#include "ext.h"
#include "confine.h"
#include "freebsd/freebsd.h"

#define ANY (PROT_READ | PROT_WRITE | PROT_EXEC)

struct bound { uaddr lo, hi; int most; };
static struct bound *bounds;         /* none overlaps another; changed under both locks, the outer is `changing` */
static unsigned n_bounds, room;
static volatile uint32_t protmax_lock;
FORK_LOCK(protmax_lock);
/* Over a call and what it makes of the table, so that both have one order. These calls take the engine's lock, which a fork takes
 * before the table's: so this one is not a fork's to take, and not the table's own. */
static volatile uint32_t changing FORKED;
AT_FORK_FREE(changing);

sysfn fbsd_mmap, fbsd_old_mmap, fbsd_munmap, fbsd_mprotect, fbsd_shmat, fbsd_attach;
sysfn fbsd_map, fbsd_old_map, sys_munmap, sys_mprotect;

static bool make_room(unsigned more)
{
	if (n_bounds + more <= room)
		return true;
	unsigned bigger = MAX(2 * room, 64u);
	struct bound *b = mem_alloc(bigger * sizeof *b), *old = bounds;
	size_t was = room * sizeof *b;
	if (!b)
		return false;
	memcpy(b, old, n_bounds * sizeof *b);
	lock(&protmax_lock);
	bounds = b;
	room = bigger;
	unlock(&protmax_lock);
	if (old)
		mem_free(old, was);
	return true;
}
/* With room for one more: a bound may be cut in two. */
static void forget(uaddr lo, uaddr hi)
{
	for (unsigned i = 0; i < n_bounds; ) {
		struct bound *b = &bounds[i];
		if (b->hi <= lo || b->lo >= hi) {
			i++;
		} else if (b->lo < lo) {
			if (b->hi > hi)
				bounds[n_bounds++] = (struct bound){ hi, b->hi, b->most };
			b->hi = lo;
			i++;
		} else if (b->hi > hi) {
			b->lo = hi;
			i++;
		} else {
			*b = bounds[--n_bounds];
		}
	}
}
static void put(uaddr lo, uaddr hi, int most)
{
	for (unsigned i = 0; i < n_bounds; i++)          /* neighbours grow together: a table of pages stays short */
		if (bounds[i].most == most && (bounds[i].hi == lo || bounds[i].lo == hi)) {
			*(bounds[i].hi == lo ? &bounds[i].hi : &bounds[i].lo) = bounds[i].hi == lo ? hi : lo;
			return;
		}
	bounds[n_bounds++] = (struct bound){ lo, hi, most };
}
/* This is mapped anew, or no more: no bound, or this one. There is room for two. */
static void settle(uaddr lo, uaddr hi, int most)
{
	lock(&protmax_lock);
	forget(lo, hi);
	if (most != ANY)
		put(lo, hi, most);
	unlock(&protmax_lock);
}
static bool allowed(uaddr lo, uaddr hi, int prot)
{
	for (unsigned i = 0; i < n_bounds; i++)
		if (bounds[i].lo < hi && bounds[i].hi > lo && prot & ~bounds[i].most)
			return false;
	return true;
}
static int asked(const struct call *c) { return (int)(c->raw[2] >> 16 & ANY); }

/* sys/kern/kern_descrip.c fget_mmap; what is private may always be written. */
static int by_rights(const struct call *c)
{
	const struct personality *p = c->t->p->pers;
	const struct fdcaps *caps = c->t->p->limited && !(c->arg[3] & (MAP_ANONYMOUS | (long)X_MAP_GUARD)) ?
		fdcaps_of(c->t->p, (int)c->arg[4]) : NULL;
	if (!caps)
		return ANY;
	return (rights_cover(&caps->may, &p->rights[RIGHT_MMAP_R]) ? PROT_READ : 0) |
	       (!(c->arg[3] & MAP_SHARED) || rights_cover(&caps->may, &p->rights[RIGHT_MMAP_W]) ? PROT_WRITE : 0) |
	       (rights_cover(&caps->may, &p->rights[RIGHT_MMAP_X]) ? PROT_EXEC : 0);
}
/* PROC_WXMAP_CTL: what may be written may not be executed. */
static bool both(int prot)
{
	return fbsd_settings.wxmap & WX_ENFORCED && (prot & (PROT_WRITE | PROT_EXEC)) == (PROT_WRITE | PROT_EXEC);
}
static long map(struct call *c, sysfn *fn)
{
	int prot = (int)(c->arg[2] & ANY), most = asked(c);
	if (most && prot & ~most)
		return -EOPNOTSUPP;
	if (both(prot))
		return -EACCES;
	if (!most)
		most = prot && fbsd_settings.protmax == PROTMAX_ALWAYS ? prot : ANY;
	most &= by_rights(c);
	if (most == ANY && !n_bounds)
		return fn(c);
	uint64_t len = (uint64_t)c->arg[1];
	lock(&changing);
	long rv = make_room(2) ? fn(c) : -ENOMEM;
	if (rv >= 0)
		settle(PAGE_DOWN((uaddr)rv), PAGE_UP((uaddr)rv + len), most);
	unlock(&changing);
	return rv;
}
long fbsd_mmap(struct call *c) { return map(c, fbsd_map); }
long fbsd_old_mmap(struct call *c) { return map(c, fbsd_old_map); }

long fbsd_munmap(struct call *c)
{
	if (!n_bounds)
		return sys_munmap(c);
	lock(&changing);
	long e = make_room(2) ? sys_munmap(c) : -ENOMEM;
	if (!e)
		settle(PAGE_DOWN((uaddr)c->arg[0]), PAGE_UP((uaddr)c->arg[0] + (uint64_t)c->arg[1]), ANY);
	unlock(&changing);
	return e;
}
/* Shared memory has no bound of its own: what was detached may leave one where this lies. */
long fbsd_shmat(struct call *c)
{
	struct shmid_ds ds = { 0 };
	if (!n_bounds)
		return fbsd_attach(c);
	lock(&changing);
	host(SYS_shmctl, (int)c->arg[0], IPC_STAT, &ds);         /* who may attach it may do this */
	long rv = make_room(2) ? fbsd_attach(c) : -ENOMEM;
	if (rv >= 0)
		settle((uaddr)rv, PAGE_UP((uaddr)rv + ds.shm_segsz), ANY);
	unlock(&changing);
	return rv;
}
long fbsd_mprotect(struct call *c)
{
	int prot = (int)(c->arg[2] & ANY), most = asked(c);
	uaddr lo = PAGE_DOWN((uaddr)c->arg[0]), hi = PAGE_UP((uaddr)c->arg[0] + (uint64_t)c->arg[1]);
	if (most && prot & ~most)
		return -EOPNOTSUPP;
	if (both(prot))
		return -EACCES;
	if ((!most && !n_bounds) || hi <= lo)
		return sys_mprotect(c);
	lock(&changing);
	long e = !make_room(2) ? -ENOMEM : allowed(lo, hi, prot | most) ? sys_mprotect(c) : -EACCES;
	if (!e && most)
		settle(lo, hi, most);
	unlock(&changing);
	return e;
}
/* --- snapshots: nobody else runs -------------------------------------------------------------------------------------- */
bool fbsd_protmax_saved(void)
{
	for (unsigned i = 0; i < n_bounds; i++) {
		struct snap_bound *r = snapshot_room(SNAP_BOUND, sizeof *r);
		if (!r)
			return false;
		*r = (struct snap_bound){ .lo = bounds[i].lo, .hi = bounds[i].hi, .most = (uint32_t)bounds[i].most };
	}
	return true;
}
bool fbsd_protmax_restored(uaddr lo, uaddr hi, int most)
{
	if (!make_room(2))
		return false;
	forget(lo, hi);
	put(lo, hi, most & ANY);
	return true;
}
