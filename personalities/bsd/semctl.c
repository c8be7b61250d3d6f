/* SPDX-License-Identifier: BSD-2-Clause
 *
 * semctl as BSD's C library makes the call: the fourth argument points to the union, which Linux wants itself.
 */
#include <sys/ipc.h>
#include <sys/sem.h>
#include "host.h"

sysfn bsd_semctl;

static long with_record(struct call *c, uaddr at)
{
	struct semid_ds ds;
	int cmd = (int)c->arg[2];
	long e = cmd == IPC_SET ? rec_get(c->t, REC_SEMID, at, &ds) : 0, r;
	if (e < 0)
		return e;
	r = host(SYS_semctl, (int)c->arg[0], (int)c->arg[1], cmd, &ds);
	if (r >= 0 && cmd == IPC_STAT)
		e = rec_put(c->t, REC_SEMID, at, &ds);
	return e < 0 ? e : r;
}
long bsd_semctl(struct call *c)
{
	int cmd = (int)c->arg[2];
	uint64_t arg = 0;
	bool used = cmd == IPC_SET || cmd == IPC_STAT || cmd == GETALL || cmd == SETALL || cmd == SETVAL;
	long e = used ? copy_in(&arg, (uaddr)c->arg[3], sizeof arg) : 0;
	if (e < 0)
		return e;
	if (cmd == IPC_SET || cmd == IPC_STAT)
		return with_record(c, arg);
	if ((cmd == GETALL || cmd == SETALL) && mem_hidden(arg, 1))      /* the host's own to read or write */
		return -EFAULT;
	return host(SYS_semctl, (int)c->arg[0], (int)c->arg[1], cmd, cmd == SETVAL ? (uint64_t)(int)arg : arg);
}
