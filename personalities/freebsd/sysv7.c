/* SPDX-License-Identifier: BSD-2-Clause
 *
 * System V objects as programs of FreeBSD 7 and before have them: owners of 16 bits, smaller counts, room between the
 * times. Only what asks for their state or sets it is different. Layouts: struct ipc_perm_old and the other _old ones of
 * sys/sys/{ipc,shm,sem,msg}.h (15.0).
 */
#include <string.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include "host.h"
#include "freebsd/layout.h"

struct perm7 { uint16_t cuid, cgid, uid, gid, mode, seq; int64_t key; };
struct shmid7 {
	struct perm7 perm;
	int32_t segsz, lpid, cpid;
	int16_t nattch;
	int64_t atime, dtime, ctime;
	uint64_t internal;
};
struct semid7 {
	struct perm7 perm;
	uint64_t base;
	uint16_t nsems;
	int64_t otime, pad1, ctime, pad2, pad3[4];
};
struct msqid7 {
	struct perm7 perm;
	uint64_t first, last, cbytes, qnum, qbytes;
	int32_t lspid, lrpid;
	int64_t stime, pad1, rtime, pad2, ctime, pad3, pad4[4];
};
_Static_assert(sizeof(struct perm7) == 24 && sizeof(struct shmid7) == 72, "sys/ipc.h, sys/shm.h");
_Static_assert(sizeof(struct semid7) == 104 && sizeof(struct msqid7) == 152, "sys/sem.h, sys/msg.h");

sysfn fbsd7_semctl, fbsd7_msgctl, fbsd7_shmctl, bsd_semctl;

static struct ipc_perm perm_in(const struct perm7 *g)
{
	return (struct ipc_perm){
		.__key = (int)g->key, .uid = g->uid, .gid = g->gid, .cuid = g->cuid, .cgid = g->cgid, .mode = g->mode, .__seq = g->seq,
	};
}
static struct perm7 perm_out(const struct ipc_perm *h)
{
	return (struct perm7){
		.cuid = (uint16_t)h->cuid, .cgid = (uint16_t)h->cgid, .uid = (uint16_t)h->uid, .gid = (uint16_t)h->gid,
		.mode = (uint16_t)h->mode, .seq = h->__seq, .key = h->__key,
	};
}
long fbsd7_shmctl(struct call *c)
{
	struct shmid7 g;
	struct shmid_ds h = { 0 };
	long e = c->arg[1] == IPC_SET ? copy_in(&g, (uaddr)c->arg[2], sizeof g) : 0;
	if (e < 0)
		return e;
	if (c->arg[1] == IPC_SET)
		h = (struct shmid_ds){ .shm_perm = perm_in(&g.perm), .shm_segsz = (size_t)g.segsz };
	long r = host(SYS_shmctl, (int)c->arg[0], (int)c->arg[1], &h);
	if (r < 0 || c->arg[1] != IPC_STAT)
		return r;
	g = (struct shmid7){
		.perm = perm_out(&h.shm_perm), .segsz = (int32_t)h.shm_segsz, .lpid = h.shm_lpid, .cpid = h.shm_cpid,
		.nattch = (int16_t)h.shm_nattch, .atime = h.shm_atime, .dtime = h.shm_dtime, .ctime = h.shm_ctime,
	};
	return (e = copy_out((uaddr)c->arg[2], &g, sizeof g)) ? e : r;
}
long fbsd7_msgctl(struct call *c)
{
	struct msqid7 g;
	struct msqid_ds h = { 0 };
	long e = c->arg[1] == IPC_SET ? copy_in(&g, (uaddr)c->arg[2], sizeof g) : 0;
	if (e < 0)
		return e;
	if (c->arg[1] == IPC_SET)
		h = (struct msqid_ds){ .msg_perm = perm_in(&g.perm), .msg_qbytes = g.qbytes };
	long r = host(SYS_msgctl, (int)c->arg[0], (int)c->arg[1], &h);
	if (r < 0 || c->arg[1] != IPC_STAT)
		return r;
	g = (struct msqid7){
		.perm = perm_out(&h.msg_perm), .cbytes = h.__msg_cbytes, .qnum = h.msg_qnum, .qbytes = h.msg_qbytes,
		.lspid = h.msg_lspid, .lrpid = h.msg_lrpid, .stime = h.msg_stime, .rtime = h.msg_rtime, .ctime = h.msg_ctime,
	};
	return (e = copy_out((uaddr)c->arg[2], &g, sizeof g)) ? e : r;
}
static long sem_state(struct call *c, uaddr at)
{
	struct semid7 g;
	struct semid_ds h = { 0 };
	int cmd = (int)c->arg[2];
	long e = cmd == IPC_SET ? copy_in(&g, at, sizeof g) : 0;
	if (e < 0)
		return e;
	if (cmd == IPC_SET)
		h = (struct semid_ds){ .sem_perm = perm_in(&g.perm), .sem_nsems = g.nsems };
	long r = host(SYS_semctl, (int)c->arg[0], (int)c->arg[1], cmd, &h);
	if (r < 0 || cmd != IPC_STAT)
		return r;
	g = (struct semid7){
		.perm = perm_out(&h.sem_perm), .nsems = (uint16_t)h.sem_nsems, .otime = h.sem_otime, .ctime = h.sem_ctime,
	};
	return (e = copy_out(at, &g, sizeof g)) ? e : r;
}
long fbsd7_semctl(struct call *c)
{
	int cmd = (int)c->arg[2];
	uint64_t at;
	if (cmd != IPC_SET && cmd != IPC_STAT)
		return bsd_semctl(c);
	long e = copy_in(&at, (uaddr)c->arg[3], sizeof at);
	return e < 0 ? e : sem_state(c, at);
}
