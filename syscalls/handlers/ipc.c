/* SPDX-License-Identifier: BSD-2-Clause
 *
 * System V shared memory, message queues and semaphores: the host's own, under the host's keys, so that guests and host
 * programs meet there. Messages and semaphore operations have one layout everywhere and pass through; the state
 * records are translated.
 */
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/msg.h>
#include "host.h"

sysfn sys_shmget, sys_shmat, sys_shmdt, sys_shmctl, sys_msgget, sys_msgsnd, sys_msgrcv, sys_msgctl, sys_semget,
	sys_semop;

/* --- shared memory ---------------------------------------------------------------------------------------------- */
long sys_shmget(struct call *c) { return host(SYS_shmget, (int)c->arg[0], c->arg[1], (int)c->arg[2]); }

/* Attaching over memory of ours would need SHM_REMAP on Linux; there the guest gets what an occupied place gets. */
long sys_shmat(struct call *c)
{
	struct shmid_ds ds = { 0 };
	uaddr at = (uaddr)c->arg[1];
	if (c->arg[2] & SHM_RND)
		at = PAGE_DOWN(at);
	long e = at ? host(SYS_shmctl, (int)c->arg[0], IPC_STAT, &ds) : 0;
	if (e && c->arg[2] & SHM_REMAP)          /* nobody knows over what it would be, and a moment later it might be let */
		return e;
	if (at && !e) {
		if (mem_is_ours(c->t->p->space, at, ds.shm_segsz))
			return -EINVAL;
		if (c->arg[2] & SHM_REMAP)
			mem_changes(c->t, at, ds.shm_segsz, CHANGE_GONE);
	}
	if (c->arg[2] & SHM_EXEC)
		mem_changes(c->t, 0, 0, CHANGE_EXEC);
	return host(SYS_shmat, (int)c->arg[0], c->arg[1], (int)c->arg[2]);
}
long sys_shmdt(struct call *c) { return host(SYS_shmdt, c->arg[0]); }

static long control(struct call *c, long nr, void *ds)
{
	long e = c->arg[1] == IPC_SET ? arg_get(c, 2, ds) : 0, r;
	if (e < 0)
		return e;
	r = host(nr, (int)c->arg[0], (int)c->arg[1], ds);
	if (r >= 0 && c->arg[1] == IPC_STAT)
		e = arg_put(c, 2, ds);
	return e < 0 ? e : r;
}
long sys_shmctl(struct call *c)
{
	struct shmid_ds ds;
	return control(c, SYS_shmctl, &ds);
}

/* --- messages --------------------------------------------------------------------------------------------------- */
long sys_msgget(struct call *c) { return host(SYS_msgget, (int)c->arg[0], (int)c->arg[1]); }
long sys_msgsnd(struct call *c)
{
	return block(SYS_msgsnd, (int)c->arg[0], c->arg[1], c->arg[2], (int)c->arg[3]);
}
long sys_msgrcv(struct call *c)
{
	return block(SYS_msgrcv, (int)c->arg[0], c->arg[1], c->arg[2], c->arg[3], (int)c->arg[4]);
}
long sys_msgctl(struct call *c)
{
	struct msqid_ds ds;
	return control(c, SYS_msgctl, &ds);
}

/* --- semaphores (semctl's union is passed in its own way by each system) ---------------------------------------- */
long sys_semget(struct call *c) { return host(SYS_semget, (int)c->arg[0], (int)c->arg[1], (int)c->arg[2]); }
long sys_semop(struct call *c) { return block(SYS_semop, (int)c->arg[0], c->arg[1], c->arg[2]); }
