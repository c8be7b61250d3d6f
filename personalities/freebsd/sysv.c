/* SPDX-License-Identifier: BSD-2-Clause
 *
 * System V shared memory where FreeBSD's differs from the host's: a place that is taken is ENOMEM, SHM_REMAP without a
 * place means nothing, and before 15 SHM_REMAP was the other two flags together.
 */
#include <sys/ipc.h>
#include <sys/shm.h>
#include "host.h"
#include "freebsd.h"

sysfn fbsd_attach, sys_shmat;

#define RELEASE_15 1500000
#define OLD_REMAP 030000                 /* the guest's bits */

/* For protmax.c, which keeps what may be done with the memory. */
long fbsd_attach(struct call *c)
{
	struct shmid_ds ds;
	uaddr at = (uaddr)c->arg[1];
	if ((c->raw[2] & OLD_REMAP) == OLD_REMAP && fbsd_osreldate(c->t->p) < RELEASE_15)
		c->arg[2] |= SHM_REMAP;
	if (!at)
		c->arg[2] &= ~(long)SHM_REMAP;
	long e = sys_shmat(c);
	if (e != -EINVAL || !at || (at & (PAGE - 1) && !(c->arg[2] & SHM_RND)))
		return e;
	return host(SYS_shmctl, (int)c->arg[0], IPC_STAT, &ds) ? e : -ENOMEM;
}
