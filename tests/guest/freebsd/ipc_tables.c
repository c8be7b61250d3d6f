/* SPDX-License-Identifier: BSD-2-Clause
 * The tables of System V objects and of POSIX shared memory, as ipcs(1) and posixshmcontrol(1) read them: as long as the limits
 * say, an object at the place that its number names.
 */
#include "fbsd.h"

enum { IPC_PRIVATE, IPC_CREAT = 01000, IPC_RMID = 0 };
struct perm { u32 cuid, cgid, uid, gid; u16 mode, seq; long key; };

static char *table;
static u64 len;
static long number(const char *name)
{
	long v = 0;
	u64 n = 8;
	return sysctlbyname(name, strlen(name), &v, &n, 0, 0) ? -1 : n == 4 ? (int)v : v;
}
static long read_table(const char *name)
{
	len = 0;
	long e = sysctlbyname(name, strlen(name), 0, &len, 0, 0);
	if (e)
		return e;
	len += 1 << 16;
	table = pages((long)len);
	return sysctlbyname(name, strlen(name), table, &len, 0, 0);
}
static void object(const char *name, const char *limit, long id, long size, u32 used)
{
	long e = read_table(name), n = number(limit), at = id & 0xffff;
	for (int i = 0; !e && (long)len != n * size && i < 20; i++)      /* others come and go */
		e = read_table(name), n = number(limit);
	struct perm *p = (struct perm *)(table + at * size);
	say("%s: %e, long as %s %d\n", name, e, limit, (long)len == n * size);
	if (e || at >= n)
		return;
	say("mode %o, mine %d, its number %d, key %ld\n", p->mode & (0777 | used), p->cuid == geteuid() && p->uid == geteuid(),
	    ((long)p->seq << 16 | at) == id, p->key);
}
/* The table may end before its place by now, or another may stand there. */
static void gone(const char *name, long id, long size, u32 used)
{
	long e = read_table(name), at = (id & 0xffff) * size;
	struct perm *p = (struct perm *)(table + at);
	say("%s: %e, gone %d\n", name, e, at >= (long)len || !(p->mode & used) || ((long)p->seq << 16 | (id & 0xffff)) != id);
}
static int in_list(const char *path)
{
	for (char *k = table; k < table + len; k += *(int *)k)
		if (!strcmp(k + 368, path))
			return *(int *)(k + 4) == 8 && *(u64 *)(k + 312) == 12345 && (*(u16 *)(k + 328) & 0777) == 0640;
	return 0;
}
int main(int argc, char **argv)
{
	static const char *const limits[] = {
		"kern.ipc.semmns", "kern.ipc.semmnu", "kern.ipc.semmsl", "kern.ipc.semopm", "kern.ipc.semume", "kern.ipc.semusz",
		"kern.ipc.semvmx", "kern.ipc.semaem", "kern.ipc.msgtql", "kern.ipc.msgssz", "kern.ipc.msgseg",
	};
	char name[64] = "/guise/of/";
	long m = sys(SYS_shmget, IPC_PRIVATE, 12345, IPC_CREAT | 0640), q = sys(SYS_msgget, IPC_PRIVATE, IPC_CREAT | 0600);
	long s = sys(SYS_semget, IPC_PRIVATE, 3, IPC_CREAT | 0604);

	object("kern.ipc.shmsegs", "kern.ipc.shmmni", m, 104, 0x800);
	say("%lu bytes\n", *(u64 *)(table + (m & 0xffff) * 104 + 32));
	object("kern.ipc.msqids", "kern.ipc.msgmni", q, 120, 0);
	object("kern.ipc.sema", "kern.ipc.semmni", s, 80, 0x200);
	say("%u semaphores\n", *(u16 *)(table + (s & 0xffff) * 80 + 40));
	sys(SYS_shmctl, m, IPC_RMID, 0);
	sys(SYS_msgctl, q, IPC_RMID, 0);
	sys(SYS___semctl, s, 0, IPC_RMID, 0);
	gone("kern.ipc.sema", s, 80, 0x200);
	for (unsigned i = 0; i < sizeof(limits) / sizeof(*limits); i++)
		say("%s: %s\n", limits[i], number(limits[i]) > 0 ? "some" : "NONE");

	long n = strlen(name), pid = getpid();
	for (long d = 1000000000; d; d /= 10)
		name[n++] = (char)('0' + pid / d % 10);
	long fd = shm_open2(name, O_RDWR | O_CREAT, 0640, 0, 0);
	sys(SYS_ftruncate, fd, 12345);
	show(read_table("kern.ipc.posix_shm_list"));
	say("listed %d\n", in_list(name));
	sys(SYS_shm_unlink, name);
	read_table("kern.ipc.posix_shm_list");
	say("listed %d\n", in_list(name));
	return 0;
}
