/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Messages and System V objects as FreeBSD lays them out.
 */
#include <fcntl.h>
#include <mqueue.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include "host.h"
#include "freebsd/layout.h"

/* --- msghdr ---------------------------------------------------------------------------------------------------------------- */
static const struct { uint32_t guest, host; } msg_flags[] = {    /* those that a received message can have */
	{ 0x1, MSG_OOB }, { 0x8, MSG_EOR }, { 0x10, MSG_TRUNC }, { 0x20, MSG_CTRUNC },
};
void fbsd_msghdr_get(const void *from, void *to)
{
	const struct fbsd_msghdr *g = from;
	struct msghdr *h = to;
	memset(h, 0, sizeof *h);
	h->msg_name = (void *)g->name;
	h->msg_namelen = g->namelen;
	h->msg_iov = (void *)g->iov;
	h->msg_iovlen = (size_t)(int64_t)g->iovlen;
	h->msg_control = (void *)g->control;
	h->msg_controllen = g->controllen;
	for (unsigned i = 0; i < ARRAY_LEN(msg_flags); i++)
		if ((uint32_t)g->flags & msg_flags[i].guest)
			h->msg_flags |= (int)msg_flags[i].host;
}
void fbsd_msghdr_put(const void *from, void *to)
{
	const struct msghdr *h = from;
	struct fbsd_msghdr *g = to;
	*g = (struct fbsd_msghdr){
		.name = (uint64_t)h->msg_name, .namelen = h->msg_namelen, .iov = (uint64_t)h->msg_iov,
		.iovlen = (int32_t)h->msg_iovlen, .control = (uint64_t)h->msg_control, .controllen = (uint32_t)h->msg_controllen,
	};
	for (unsigned i = 0; i < ARRAY_LEN(msg_flags); i++)
		if ((uint32_t)h->msg_flags & msg_flags[i].host)
			g->flags |= (int)msg_flags[i].guest;
}

/* --- System V ---------------------------------------------------------------------------------------------------------------- */
static struct ipc_perm perm_in(const struct fbsd_ipc_perm *g)
{
	return (struct ipc_perm){
		.__key = (int)g->key, .uid = g->uid, .gid = g->gid, .cuid = g->cuid, .cgid = g->cgid,
		.mode = g->mode, .__seq = g->seq,
	};
}
static struct fbsd_ipc_perm perm_out(const struct ipc_perm *h)
{
	return (struct fbsd_ipc_perm){
		.cuid = h->cuid, .cgid = h->cgid, .uid = h->uid, .gid = h->gid, .mode = (uint16_t)h->mode,
		.seq = h->__seq, .key = h->__key,
	};
}
void fbsd_shmid_get(const void *from, void *to)
{
	const struct fbsd_shmid_ds *g = from;
	*(struct shmid_ds *)to = (struct shmid_ds){ .shm_perm = perm_in(&g->perm), .shm_segsz = g->segsz };
}
void fbsd_shmid_put(const void *from, void *to)
{
	const struct shmid_ds *h = from;
	*(struct fbsd_shmid_ds *)to = (struct fbsd_shmid_ds){
		.perm = perm_out(&h->shm_perm), .segsz = h->shm_segsz, .lpid = h->shm_lpid, .cpid = h->shm_cpid,
		.nattch = (uint32_t)h->shm_nattch, .atime = h->shm_atime, .dtime = h->shm_dtime, .ctime = h->shm_ctime,
	};
}
void fbsd_semid_get(const void *from, void *to)
{
	const struct fbsd_semid_ds *g = from;
	*(struct semid_ds *)to = (struct semid_ds){ .sem_perm = perm_in(&g->perm), .sem_nsems = g->nsems };
}
void fbsd_semid_put(const void *from, void *to)
{
	const struct semid_ds *h = from;
	*(struct fbsd_semid_ds *)to = (struct fbsd_semid_ds){
		.perm = perm_out(&h->sem_perm), .nsems = (uint16_t)h->sem_nsems, .otime = h->sem_otime, .ctime = h->sem_ctime,
	};
}
void fbsd_msqid_get(const void *from, void *to)
{
	const struct fbsd_msqid_ds *g = from;
	*(struct msqid_ds *)to = (struct msqid_ds){ .msg_perm = perm_in(&g->perm), .msg_qbytes = g->qbytes };
}
void fbsd_msqid_put(const void *from, void *to)
{
	const struct msqid_ds *h = from;
	*(struct fbsd_msqid_ds *)to = (struct fbsd_msqid_ds){
		.perm = perm_out(&h->msg_perm), .cbytes = h->__msg_cbytes, .qnum = h->msg_qnum, .qbytes = h->msg_qbytes,
		.lspid = h->msg_lspid, .lrpid = h->msg_lrpid, .stime = h->msg_stime, .rtime = h->msg_rtime, .ctime = h->msg_ctime,
	};
}

/* --- POSIX message queues ------------------------------------------------------------------------------------------------------ */
enum { FB_NONBLOCK = 4 };
void fbsd_mqattr_get(const void *from, void *to)
{
	const struct fbsd_mq_attr *g = from;
	struct mq_attr *h = to;
	memset(h, 0, sizeof *h);
	h->mq_flags = g->flags & FB_NONBLOCK ? O_NONBLOCK : 0;
	h->mq_maxmsg = g->maxmsg;
	h->mq_msgsize = g->msgsize;
	h->mq_curmsgs = g->curmsgs;
}
void fbsd_mqattr_put(const void *from, void *to)
{
	const struct mq_attr *h = from;
	*(struct fbsd_mq_attr *)to = (struct fbsd_mq_attr){
		h->mq_flags & O_NONBLOCK ? FB_NONBLOCK : 0, h->mq_maxmsg, h->mq_msgsize, h->mq_curmsgs, { 0 },
	};
}
