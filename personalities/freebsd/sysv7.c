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

sysfn fbsd7_semctl, fbsd7_msgctl, fbsd7_shmctl, fbsd_sysv_none, bsd_semctl;

/* What semsys and msgsys stand for, fetch has taken for it already (personality.c): here is one that is none. */
long fbsd_sysv_none(struct call *c) { return -EINVAL; }

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
/* --- their state, both ways ---------------------------------------------------------------------------------------- */
union state7 { struct shmid7 shm; struct semid7 sem; struct msqid7 msq; };
union state { struct shmid_ds shm; struct semid_ds sem; struct msqid_ds msq; };

static void shm_in(const union state7 *g, union state *h)
{
	h->shm = (struct shmid_ds){ .shm_perm = perm_in(&g->shm.perm), .shm_segsz = (size_t)g->shm.segsz };
}
static void shm_out(const union state *h, union state7 *g)
{
	const struct shmid_ds *s = &h->shm;
	g->shm = (struct shmid7){
		.perm = perm_out(&s->shm_perm), .segsz = (int32_t)s->shm_segsz, .lpid = s->shm_lpid, .cpid = s->shm_cpid,
		.nattch = (int16_t)s->shm_nattch, .atime = s->shm_atime, .dtime = s->shm_dtime, .ctime = s->shm_ctime,
	};
}
static void msq_in(const union state7 *g, union state *h)
{
	h->msq = (struct msqid_ds){ .msg_perm = perm_in(&g->msq.perm), .msg_qbytes = g->msq.qbytes };
}
static void msq_out(const union state *h, union state7 *g)
{
	const struct msqid_ds *s = &h->msq;
	g->msq = (struct msqid7){
		.perm = perm_out(&s->msg_perm), .cbytes = s->__msg_cbytes, .qnum = s->msg_qnum, .qbytes = s->msg_qbytes,
		.lspid = s->msg_lspid, .lrpid = s->msg_lrpid, .stime = s->msg_stime, .rtime = s->msg_rtime, .ctime = s->msg_ctime,
	};
}
static void sem_in(const union state7 *g, union state *h)
{
	h->sem = (struct semid_ds){ .sem_perm = perm_in(&g->sem.perm), .sem_nsems = g->sem.nsems };
}
static void sem_out(const union state *h, union state7 *g)
{
	const struct semid_ds *s = &h->sem;
	g->sem = (struct semid7){
		.perm = perm_out(&s->sem_perm), .nsems = (uint16_t)s->sem_nsems, .otime = s->sem_otime, .ctime = s->sem_ctime,
	};
}
static const struct kind7 {
	long nr;                         /* the host's call */
	size_t size;
	void (*in)(const union state7 *, union state *);
	void (*out)(const union state *, union state7 *);
} shm7 = { SYS_shmctl, sizeof(struct shmid7), shm_in, shm_out }, msq7 = { SYS_msgctl, sizeof(struct msqid7), msq_in, msq_out },
  sem7 = { SYS_semctl, sizeof(struct semid7), sem_in, sem_out };

static long control(const struct kind7 *k, int id, int cmd, uaddr at)
{
	union state7 g = { 0 };
	union state h = { 0 };
	long e = cmd == IPC_SET ? copy_in(&g, at, k->size) : 0, r;
	if (e < 0)
		return e;
	if (cmd == IPC_SET)
		k->in(&g, &h);
	r = k == &sem7 ? host(k->nr, id, 0, cmd, &h) : host(k->nr, id, cmd, &h);
	if (r < 0 || cmd != IPC_STAT)
		return r;
	k->out(&h, &g);
	return (e = copy_out(at, &g, k->size)) ? e : r;
}
long fbsd7_shmctl(struct call *c) { return control(&shm7, (int)c->arg[0], (int)c->arg[1], (uaddr)c->arg[2]); }
long fbsd7_msgctl(struct call *c) { return control(&msq7, (int)c->arg[0], (int)c->arg[1], (uaddr)c->arg[2]); }
/* Of what semctl can do only these two want the whole state; its place is told in a word of the guest's. */
long fbsd7_semctl(struct call *c)
{
	int cmd = (int)c->arg[2];
	uint64_t at;
	if (cmd != IPC_SET && cmd != IPC_STAT)
		return bsd_semctl(c);
	long e = copy_in(&at, (uaddr)c->arg[3], sizeof at);
	return e < 0 ? e : control(&sem7, (int)c->arg[0], cmd, at);
}
