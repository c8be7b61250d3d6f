/* SPDX-License-Identifier: BSD-2-Clause
 * System V shared memory, semaphores and messages, with their state in FreeBSD's layout. */
#include "fbsd.h"

struct perm { u32 cuid, cgid, uid, gid; u16 mode, seq; long key; };
struct shmid { struct perm perm; size_t segsz; int lpid, cpid; u32 nattch; long atime, dtime, ctime; };
struct semid { struct perm perm; void *base; u16 nsems; long otime, ctime; };
struct msgid { struct perm perm; void *first, *last; u64 cbytes, qnum, qbytes; int lspid, lrpid; long stime, rtime, ctime; };
struct sembuf { u16 num; int16_t op, flg; };
union semun { int val; struct semid *buf; u16 *array; };
enum { IPC_CREAT = 01000, IPC_EXCL = 02000, IPC_NOWAIT = 04000, IPC_RMID = 0, IPC_SET, IPC_STAT };
enum { GETNCNT = 3, GETPID, GETVAL, GETALL, GETZCNT, SETVAL, SETALL };
#define semctl(...) sys(SYS___semctl, __VA_ARGS__)

static void shm(void)
{
	struct shmid ds;
	long id = sys(SYS_shmget, 0, 8192, IPC_CREAT | 0600), at;
	yes(id >= 0);
	at = sys(SYS_shmat, id, 0, 0);
	yes(at > 0 && at % 4096 == 0);
	*(int *)at = 7;
	if (!fork()) {
		*(int *)at += 1;
		quit(0);
	}
	wait4(-1, 0, 0, 0);
	show(*(int *)at);
	show(sys(SYS_shmctl, id, IPC_STAT, &ds));
	say("size %ld mode %x nattch %u creator %s uid %s\n", (long)ds.segsz, ds.perm.mode, ds.nattch,
	    ds.cpid == getpid() ? "me" : "other", ds.perm.uid == geteuid() ? "mine" : "other");
	yes(ds.atime > 1000000000 && ds.ctime > 1000000000);
	ds.perm.mode = 0640;
	show(sys(SYS_shmctl, id, IPC_SET, &ds));
	sys(SYS_shmctl, id, IPC_STAT, &ds);
	say("mode %x\n", ds.perm.mode & 0777);
	show(sys(SYS_shmdt, at));
	show(sys(SYS_shmdt, at));
	long taken = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_ANON | MAP_PRIVATE, -1, 0);
	show(sys(SYS_shmat, id, taken, 0));
	show(sys(SYS_shmat, id, taken + 1, 0));
	yes(sys(SYS_shmat, id, taken + 1, 060000) == taken);     /* SHM_RND | SHM_REMAP */
	show(*(int *)taken);
	show(sys(SYS_shmdt, taken));
	at = sys(SYS_shmat, id, 0, 050000);      /* without a place there is nothing to map over */
	yes(at > 0 && *(int *)at == 8);
	sys(SYS_shmdt, at);
	show(sys(SYS_shmctl, id, IPC_RMID, 0));
	show(sys(SYS_shmctl, id, IPC_STAT, &ds));
	show(sys(SYS_shmget, 0x7ead0001, 100, 0));
}
static void sem(void)
{
	struct semid ds;
	struct sembuf op = { 1, -1, IPC_NOWAIT };
	u16 all[2] = { 4, 5 };
	union semun u = { .array = all };
	long id = sys(SYS_semget, 0, 2, IPC_CREAT | 0600), pid;
	yes(id >= 0);
	show(sys(SYS_semop, id, &op, 1));
	show(semctl(id, 0, SETALL, &u));
	show(semctl(id, 1, GETVAL, 0));
	show(sys(SYS_semop, id, &op, 1));
	u.val = 0;
	show(semctl(id, 1, SETVAL, &u));
	yes(semctl(id, 1, GETPID, 0) == getpid());
	op.flg = 0;
	if (!(pid = fork())) {
		long r = sys(SYS_semop, id, &op, 1);
		quit(r == 0 ? 1 : 2);
	}
	while (semctl(id, 1, GETNCNT, 0) == 0)
		sleep_ms(5);
	op.op = 1;
	show(sys(SYS_semop, id, &op, 1));
	show(WEXITSTATUS(wait_for(pid)));
	memset(all, 255, sizeof(all));
	u.array = all;
	show(semctl(id, 0, GETALL, &u));
	say("%d %d\n", all[0], all[1]);
	u.buf = &ds;
	show(semctl(id, 0, IPC_STAT, &u));
	say("nsems %d mode %x\n", ds.nsems, ds.perm.mode);
	yes(ds.otime > 1000000000);
	show(semctl(id, 0, IPC_RMID, 0));
	show(sys(SYS_semop, id, &op, 1));
	show(semctl(0x7ffffff, 0, 99, 0));
}
static void msg(void)
{
	struct { long type; char text[32]; } m = { 3, "three" };
	struct msgid ds;
	long id = sys(SYS_msgget, 0, IPC_CREAT | 0600);
	yes(id >= 0);
	show(sys(SYS_msgsnd, id, &m, 6, 0));
	m.type = 9;
	show(sys(SYS_msgsnd, id, &m, 20, 0));
	m.type = 0;
	show(sys(SYS_msgsnd, id, &m, 20, 0));
	show(sys(SYS_msgctl, id, IPC_STAT, &ds));
	say("%d messages %d bytes, sender %s\n", (int)ds.qnum, (int)ds.cbytes, ds.lspid == getpid() ? "me" : "other");
	yes(ds.qbytes >= 2048);
	show(sys(SYS_msgrcv, id, &m, 5, 9, 0));
	show(sys(SYS_msgrcv, id, &m, 5, 9, 010000));
	show(m.type);
	show(sys(SYS_msgrcv, id, &m, 32, 9, IPC_NOWAIT));
	show(sys(SYS_msgrcv, id, &m, 32, 0, 0));
	say("%ld %s\n", m.type, m.text);
	show(sys(SYS_msgctl, id, IPC_RMID, 0));
	show(sys(SYS_msgrcv, id, &m, 32, 0, 0));
}
/* The same through the calls of FreeBSD 7 and before. */
struct perm7 { u16 cuid, cgid, uid, gid, mode, seq; long key; };
struct shmid7 { struct perm7 perm; int segsz, lpid, cpid; int16_t nattch; long atime, dtime, ctime; void *internal; };
struct semid7 { struct perm7 perm; void *base; u16 nsems; long otime, pad1, ctime, pad2, pad3[4]; };
struct msgid7 {
	struct perm7 perm;
	void *first, *last;
	u64 cbytes, qnum, qbytes;
	int lspid, lrpid;
	long stime, pad1, rtime, pad2, ctime, pad3, pad4[4];
};
static void old_shm(void)
{
	struct shmid7 ds;
	long id = sys(SYS_shmget, 0, 8192, IPC_CREAT | 0600), at = sys(SYS_shmat, id, 0, 0);
	show(sys(SYS_freebsd7_shmctl, id, IPC_STAT, &ds));
	say("size %d mode %x nattch %d creator %s uid %s\n", ds.segsz, ds.perm.mode & 0777, ds.nattch,
	    ds.cpid == getpid() ? "me" : "other", ds.perm.uid == (u16)geteuid() ? "mine" : "other");
	yes(ds.atime > 1000000000 && ds.ctime > 1000000000 && !ds.dtime);
	ds.perm.mode = 0640;
	show(sys(SYS_freebsd7_shmctl, id, IPC_SET, &ds));
	sys(SYS_freebsd7_shmctl, id, IPC_STAT, &ds);
	say("mode %x\n", ds.perm.mode & 0777);
	show(sys(SYS_freebsd7_shmctl, id, IPC_STAT, 8));
	sys(SYS_shmdt, at);
	show(sys(SYS_freebsd7_shmctl, id, IPC_RMID, 0));
	show(sys(SYS_freebsd7_shmctl, id, IPC_STAT, &ds));
}
static void old_sem(void)
{
	struct semid7 ds;
	union { int val; struct semid7 *buf; u16 *array; } u = { .val = 3 };
	long id = sys(SYS_semget, 0, 2, IPC_CREAT | 0600);
	show(sys(SYS_freebsd7___semctl, id, 1, SETVAL, &u));
	show(sys(SYS_freebsd7___semctl, id, 1, GETVAL, 0));
	u.buf = &ds;
	show(sys(SYS_freebsd7___semctl, id, 0, IPC_STAT, &u));
	say("nsems %d mode %x\n", ds.nsems, ds.perm.mode & 0777);
	yes(ds.ctime > 1000000000);
	ds.perm.mode = 0640;
	show(sys(SYS_freebsd7___semctl, id, 0, IPC_SET, &u));
	sys(SYS_freebsd7___semctl, id, 0, IPC_STAT, &u);
	say("mode %x\n", ds.perm.mode & 0777);
	show(sys(SYS_freebsd7___semctl, id, 0, IPC_STAT, 8));
	show(sys(SYS_freebsd7___semctl, id, 0, IPC_RMID, 0));
}
static void old_msg(void)
{
	struct { long type; char text[32]; } m = { 3, "three" };
	struct msgid7 ds;
	long id = sys(SYS_msgget, 0, IPC_CREAT | 0600);
	sys(SYS_msgsnd, id, &m, 6, 0);
	show(sys(SYS_freebsd7_msgctl, id, IPC_STAT, &ds));
	say("%d messages %d bytes, sender %s\n", (int)ds.qnum, (int)ds.cbytes, ds.lspid == getpid() ? "me" : "other");
	yes(ds.stime > 1000000000 && !ds.rtime && ds.qbytes >= 2048);
	ds.qbytes = 1024;
	show(sys(SYS_freebsd7_msgctl, id, IPC_SET, &ds));
	sys(SYS_freebsd7_msgctl, id, IPC_STAT, &ds);
	say("%d\n", (int)ds.qbytes);
	show(sys(SYS_freebsd7_msgctl, id, IPC_SET, 8));
	show(sys(SYS_freebsd7_msgctl, id, IPC_RMID, 0));
}
/* Calls whose first argument picks one of the others. */
static void multiplexed(void)
{
	struct { long type; char text[32]; } m = { 3, "three" };
	struct sembuf op = { 1, 2, 0 };
	long id = sys(SYS_semsys, 1, 0, 2, IPC_CREAT | 0600);
	yes(id >= 0);
	show(sys(SYS_semsys, 2, id, &op, 1));
	show(sys(SYS_semsys, 0, id, 1, GETVAL, 0));
	show(sys(SYS_semsys, 0, id, 0, IPC_RMID, 0));
	show(sys(SYS_semsys, 3, 0, 0, 0)), show(sys(SYS_semsys, -1, 0, 0, 0));
	id = sys(SYS_msgsys, 1, 0, IPC_CREAT | 0600);
	yes(id >= 0);
	show(sys(SYS_msgsys, 2, id, &m, 6, 0));
	m.text[0] = m.type = 0;
	show(sys(SYS_msgsys, 3, id, &m, 32, 0, 0));
	say("%ld %s\n", m.type, m.text);
	show(sys(SYS_msgsys, 0, id, IPC_RMID, 0));
	show(sys(SYS_msgsys, 0, id, IPC_RMID, 0));
	show(sys(SYS_msgsys, 4, 0, 0, 0));
}
int main(int argc, char **argv)
{
	shm();
	sem();
	msg();
	old_shm();
	old_sem();
	old_msg();
	multiplexed();
	return 0;
}
