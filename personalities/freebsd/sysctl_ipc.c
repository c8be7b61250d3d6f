/* SPDX-License-Identifier: BSD-2-Clause
 *
 * kern.ipc: the limits of System V objects and the tables of those that there are, which ipcs(1) reads; the names of POSIX
 * shared memory (posixshmcontrol). FreeBSD's tables are arrays: an object's place is the low half of its number, and its
 * sequence the high one. The host's numbers are cut elsewhere, so an object stands where its number says, and a
 * table is as long as the limit that is told, which grows where the host's numbers lie beyond it. The structs behind
 * the records (kernel pointers) are zeros: sys/shm.h, sys/msg.h, sys/sem.h of 15.0, unchanged since 8.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include "host.h"
#include "freebsd/freebsd.h"
#include "freebsd/kinfo.h"
#include "freebsd/sysctl.h"

/* newer than the headers: any object by its place, whoever may read it */
enum { STAT_ANY_MSG = 13, STAT_ANY_SHM = 15, STAT_ANY_SEM = 20 };
enum { PERM_MODE = 16, PERM_SEQ = 18 };          /* in struct ipc_perm, the first of each record */
enum { SHM_SEG_FREE = 0x200, SHM_SEG_USED = 0x800, SEM_USED = 0x200 };

struct table {
	int call, info, stat;            /* the host's: number of the call, commands */
	unsigned rec, behind;            /* the record, and the bytes of the kernel's own behind it */
	uint16_t free, used;             /* what the mode says besides */
};
static const struct table shm = { SYS_shmctl, SHM_INFO, STAT_ANY_SHM, REC_SHMID, 24, SHM_SEG_FREE, SHM_SEG_USED };
static const struct table msg = { SYS_msgctl, MSG_INFO, STAT_ANY_MSG, REC_MSGID, 16, 0, 0 };
static const struct table sem = { SYS_semctl, SEM_INFO, STAT_ANY_SEM, REC_SEMID, 16, 0, SEM_USED };

union state { struct shmid_ds shm; struct msqid_ds msg; struct semid_ds sem; struct shminfo s; struct seminfo e; struct msginfo m; };
static long ctl(const struct table *t, int at, int cmd, union state *u)
{
	return t->call == SYS_semctl ? host(t->call, at, 0, cmd, u) : host(t->call, at, cmd, u);
}
/* fn is told of each object: the host's place, and its number. */
static long each(const struct table *t, long (*fn)(void *, int at, long id), void *arg)
{
	union state u;
	long last = ctl(t, 0, t->info, &u), e = 0;
	for (int at = 0; at <= last && !e; at++) {
		long id = ctl(t, at, t->stat, &u);
		if (id >= 0)
			e = fn(arg, at, id);
	}
	return last < 0 ? last : e;
}
static long highest(void *arg, int at, long id)
{
	long *most = arg;
	*most = MAX(*most, (id & 0xffff) + 1);
	return 0;
}
/* How many places a table has: as many as the host grants objects, or up to the last that is used. */
static long places(const struct table *t)
{
	union state u = { 0 };
	long n;
	ctl(t, 0, IPC_INFO, &u);
	n = t == &shm ? (long)u.s.shmmni : t == &msg ? u.m.msgmni : u.e.semmni;
	n = MIN(n, 65536);
	each(t, highest, &n);
	return n;
}

/* --- tables ---------------------------------------------------------------------------------------------------------- */
struct find { int *at; long n; };
static long note(void *arg, int at, long id)
{
	struct find *f = arg;
	if ((id & 0xffff) < f->n)
		f->at[id & 0xffff] = at + 1;
	return 0;
}
static long tell_one(struct sysctl_req *r, const struct table *t, int at)
{
	const struct record *rec = &fbsd_rec[t->rec];
	union state u;
	uint8_t out[160] = { 0 };
	uint16_t mode = t->free, seq = 0;
	long id = at ? ctl(t, at - 1, t->stat, &u) : -1;

	if (id >= 0) {
		rec->put(&u, out);
		memcpy(&mode, out + PERM_MODE, 2);
		mode = (uint16_t)((mode & 0777) | t->used);
		seq = (uint16_t)(id >> 16);
	}
	memcpy(out + PERM_MODE, &mode, 2);
	memcpy(out + PERM_SEQ, &seq, 2);
	return sysctl_out(r, out, rec->gsize + t->behind);
}
static long tell(struct sysctl_req *r, const struct table *t)
{
	struct find f = { .n = places(t) };
	long e = 0;
	if (!r->old)
		return sysctl_out(r, NULL, (size_t)f.n * (fbsd_rec[t->rec].gsize + t->behind));
	if (!(f.at = mem_alloc((size_t)f.n * sizeof *f.at)))
		return -ENOMEM;
	each(t, note, &f);
	for (long i = 0; i < f.n && !e; i++)
		e = tell_one(r, t, f.at[i]);
	mem_free(f.at, (size_t)f.n * sizeof *f.at);
	return e;
}
long ipc_shmsegs(struct sysctl_req *r) { return tell(r, &shm); }
long ipc_msqids(struct sysctl_req *r) { return tell(r, &msg); }
long ipc_sema(struct sysctl_req *r) { return tell(r, &sem); }

/* --- limits: the row's text is the name of one ------------------------------------------------------------------------ */
long ipc_shmmni(struct sysctl_req *r) { return sysctl_int(r, places(&shm)); }
long ipc_msgmni(struct sysctl_req *r) { return sysctl_int(r, places(&msg)); }
long ipc_semmni(struct sysctl_req *r) { return sysctl_int(r, places(&sem)); }
long ipc_sem(struct sysctl_req *r)
{
	union state u = { 0 };
	ctl(&sem, 0, IPC_INFO, &u);
	const struct { const char *name; int v; } all[] = {
		{ "semmns", u.e.semmns }, { "semmnu", u.e.semmnu }, { "semmsl", u.e.semmsl }, { "semopm", u.e.semopm },
		{ "semume", u.e.semume }, { "semusz", u.e.semusz }, { "semvmx", u.e.semvmx }, { "semaem", u.e.semaem },
	};
	for (unsigned i = 0; i < ARRAY_LEN(all); i++)
		if (!str_cmp(str_rchr(r->row->name, '.') + 1, all[i].name))
			return sysctl_int(r, all[i].v);
	return -ENOENT;
}
long ipc_msg(struct sysctl_req *r)
{
	union state u = { 0 };
	ctl(&msg, 0, IPC_INFO, &u);
	const struct { const char *name; int v; } all[] = {
		{ "msgtql", u.m.msgtql }, { "msgssz", u.m.msgssz }, { "msgseg", u.m.msgseg },
	};
	for (unsigned i = 0; i < ARRAY_LEN(all); i++)
		if (!str_cmp(str_rchr(r->row->name, '.') + 1, all[i].name))
			return sysctl_int(r, all[i].v);
	return -ENOENT;
}

/* --- POSIX shared memory: the files of shm.c's directory, but those of locks (umtx_shm.c) and of the host's semaphores --- */
struct entry { uint64_t ino; int64_t off; uint16_t len; uint8_t type; char name[]; };
enum { KF_SHM = 8 };

static long tell_shm(struct sysctl_req *r, long dir, const char *name)
{
	struct kinfo_file k = { .type = KF_SHM, .fd = -1, .ref_count = 1, .flags = KF_READ | KF_WRITE, .status = 1 };
	struct stat st;
	if (!str_ncmp(name, "guise.", 6) || !str_ncmp(name, "sem.", 4))
		return 0;
	if (host(SYS_newfstatat, dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return 0;
	k.file.mode = (uint16_t)st.st_mode;
	k.file.size = (uint64_t)st.st_size;
	fmt(k.path, sizeof k.path, "/%s", name);
	for (char *s = k.path + 1; *s; s++)
		*s = *s == '!' ? '/' : *s;
	k.structsize = (int32_t)((offsetof(struct kinfo_file, path) + str_len(k.path) + 1 + 7) & ~7ul);
	return sysctl_out(r, &k, (size_t)k.structsize);
}
long ipc_posix_shm(struct sysctl_req *r)
{
	char buf[4096];
	long n = 0, e = 0, dir = host(SYS_open, "/dev/shm", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || (dir = fd_ours(r->p, (int)dir)) < 0)
		return dir == -ENOENT ? 0 : dir;
	while (!e && (n = host(SYS_getdents64, dir, buf, sizeof buf)) > 0)
		for (long at = 0; at < n && !e; at += ((struct entry *)(buf + at))->len)
			e = tell_shm(r, dir, ((struct entry *)(buf + at))->name);
	host(SYS_close, dir);
	return e ? e : n;
}
