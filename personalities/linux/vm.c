/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Memory: the guest's kernel and the host's are one, so calls pass unless they touch a range that is ours. There the
 * answer is what it would be if our range were not the guest's to have: nothing mapped (ENOMEM), or no room for it.
 * munmap of a range that holds some of ours unmaps what lies around it, since unmapping nothing is no error.
 */
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/shm.h>
#include "linux.h"
#include "procfs.h"

sysfn lnx_mmap, lnx_munmap, lnx_mremap, lnx_range, lnx_shmat, lnx_shmdt, lnx_personality;

static bool ours(struct call *c, uaddr a, uint64_t n) { return n && mem_is_ours(c->t->p->space, a, n); }

long lnx_mmap(struct call *c)
{
	if (c->arg[3] & (MAP_FIXED | MAP_FIXED_NOREPLACE) && ours(c, (uaddr)c->arg[0], (uint64_t)c->arg[1]))
		return c->arg[3] & MAP_FIXED_NOREPLACE ? -EEXIST : -ENOMEM;
	unsigned exec = c->arg[2] & PROT_EXEC ? CHANGE_EXEC : 0;
	if (c->arg[3] & MAP_FIXED)
		mem_changes(c->t, (uaddr)c->arg[0], (uint64_t)c->arg[1], CHANGE_GONE | exec);
	else if (exec)
		mem_changes(c->t, 0, 0, exec);
	return lnx_make(c, c->raw);
}
/* mprotect, madvise, mincore, ...: address and length come first. */
long lnx_range(struct call *c)
{
	mem_changes(c->t, (uaddr)c->arg[0], (uint64_t)c->arg[1],
		    c->row->arg[2].what == SET_PROT && c->arg[2] & PROT_EXEC ? CHANGE_EXEC : 0);
	return ours(c, (uaddr)c->arg[0], (uint64_t)c->arg[1]) ? -ENOMEM : lnx_make(c, c->raw);
}
/* Where the first of our ranges above a begins, and where it ends. */
static bool next_ours(struct space *s, uaddr a, uaddr *lo, uaddr *hi)
{
	*lo = *hi = ~0ull;
	for (unsigned i = 0; i < s->n_ours; i++)
		if (s->ours[i].hi > a && s->ours[i].lo < *lo) {
			*lo = s->ours[i].lo;
			*hi = s->ours[i].hi;
		}
	return *hi != ~0ull;
}
long lnx_munmap(struct call *c)
{
	uaddr a = (uaddr)c->arg[0], end = a + PAGE_UP((uint64_t)c->arg[1]), lo, hi;

	mem_changes(c->t, a, (uint64_t)c->arg[1], CHANGE_GONE);
	if (a & (PAGE - 1) || end <= a || !ours(c, a, end - a))
		return lnx_make(c, c->raw);
	while (a < end) {
		bool more = next_ours(c->t->p->space, a, &lo, &hi);
		long e = lo > a ? host(SYS_munmap, a, MIN(lo, end) - a) : 0;
		if (e || !more)
			return e;
		a = hi;
	}
	return 0;
}
long lnx_mremap(struct call *c)
{
	bool to = c->arg[3] & MREMAP_FIXED;
	if (ours(c, (uaddr)c->arg[0], MAX((uint64_t)c->arg[1], 1)))
		return -EFAULT;
	if (to && ours(c, (uaddr)c->arg[4], (uint64_t)c->arg[2]))
		return -EINVAL;
	mem_changes(c->t, (uaddr)c->arg[0], (uint64_t)c->arg[1], CHANGE_GONE);
	if (to)
		mem_changes(c->t, (uaddr)c->arg[4], (uint64_t)c->arg[2], CHANGE_GONE);
	return lnx_make(c, c->raw);
}
long lnx_shmat(struct call *c)
{
	struct shmid_ds ds;
	if (c->arg[2] & SHM_EXEC)
		mem_changes(c->t, 0, 0, CHANGE_EXEC);
	long e = c->arg[1] ? host(SYS_shmctl, c->arg[0], IPC_STAT, &ds) : 0;
	if (e && c->arg[2] & SHM_REMAP)          /* nobody knows over what it would be, and a moment later it might be let */
		return e;
	if (c->arg[1] && !e) {
		if (ours(c, (uaddr)c->arg[1] & ~(PAGE - 1), ds.shm_segsz))
			return -EINVAL;
		if (c->arg[2] & SHM_REMAP)
			mem_changes(c->t, (uaddr)c->arg[1], ds.shm_segsz, CHANGE_GONE);
	}
	return lnx_make(c, c->raw);
}
long lnx_shmdt(struct call *c)
{
	struct procfs_map m;
	if (ours(c, (uaddr)c->arg[0], 1))
		return -EINVAL;
	if (c->t->p->engine->changes && procfs_map_at((uaddr)c->arg[0], &m) == 1)
		mem_changes(c->t, m.lo, m.hi - m.lo, CHANGE_GONE);
	return lnx_make(c, c->raw);
}
/* READ_IMPLIES_EXEC: what is mapped from now on may be code. */
long lnx_personality(struct call *c)
{
	if ((unsigned)c->arg[0] != ~0u && c->arg[0] & READ_IMPLIES_EXEC)
		mem_changes(c->t, 0, 0, CHANGE_UNSEEN);
	return lnx_make(c, c->raw);
}
