/* SPDX-License-Identifier: BSD-2-Clause
 * Calls that only old programs make: each in the layout of its time, and no byte beyond it. */
#include "fbsd.h"

static union { u8 b[4096]; u16 h[8]; u32 w[64]; u64 q[64]; long l[64]; } u;

static void clear(void)
{
	memset(&u, 0xee, sizeof(u));
}
/* how many bytes were written, seen from the end */
static long size(void)
{
	long n = sizeof(u);

	while (n && u.b[n - 1] == 0xee)
		n--;
	return n;
}
static void stats(long fd)
{
	clear();
	show(sys(SYS_ostat, "f", &u));
	say("mode %o nlink %d size %d, %d bytes\n", u.h[4], u.h[5], u.w[5], size());
	clear();
	show(sys(SYS_olstat, "sym", &u));
	say("mode %o\n", u.h[4] & 0170000);
	clear();
	show(sys(SYS_freebsd11_nstat, "f", &u));
	say("mode %o nlink %d size %ld, %d bytes\n", u.w[2], u.w[3], u.q[10], size());
	clear();
	show(sys(SYS_freebsd11_nlstat, "sym", &u));
	say("mode %o\n", u.w[2] & 0170000);
	clear();
	show(sys(SYS_ofstat, fd, &u));
	say("mode %o nlink %d size %d, %d bytes\n", u.h[4], u.h[5], u.w[5], size());
	clear();
	show(sys(SYS_freebsd11_nfstat, fd, &u));
	say("mode %o nlink %d size %ld, %d bytes\n", u.w[2], u.w[3], u.q[10], size());
	show(sys(SYS_ofstat, 99, &u));
	show(sys(SYS_freebsd11_nfstat, fd, 8));
	show(sys(SYS_ostat, "none", &u));
}
static void file_systems(long fd)
{
	clear();
	show(sys(SYS_freebsd11_statfs, "/", &u));
	yes(u.w[0] == 0x20030518 && u.q[4] > 0 && u.b[280] != 0xee && u.b[384] == '/');
	say("%d bytes\n", size());
	clear();
	show(sys(SYS_freebsd4_statfs, "/", &u));
	yes(u.l[3] > 0 && u.b[120] == '/');
	say("%d bytes\n", size());
	clear();
	show(sys(SYS_freebsd11_fstatfs, fd, &u));
	yes(u.w[0] == 0x20030518 && u.q[4] > 0);
	say("%d bytes\n", size());
	clear();
	show(sys(SYS_freebsd4_fstatfs, fd, &u));
	yes(u.l[3] > 0);
	say("%d bytes\n", size());
	show(sys(SYS_freebsd4_fstatfs, 99, &u));
	show(sys(SYS_freebsd11_fstatfs, 99, &u));
	show(sys(SYS_freebsd4_statfs, "none", &u));
}
/* the list of file systems: how many, and each in its time's size */
static void lists(void)
{
	long n = getfsstat(0, 0, 2);

	yes(n > 0 && sys(SYS_freebsd4_getfsstat, 0, 0, 2) == n && sys(SYS_freebsd11_getfsstat, 0, 0, 2) == n);
	clear();
	show(sys(SYS_freebsd11_getfsstat, &u, 472 + 471, 2));
	yes(u.w[0] == 0x20030518 && u.b[384] == '/');
	say("%d bytes\n", size());
	clear();
	show(sys(SYS_freebsd4_getfsstat, &u, 304 + 303, 2));
	yes(u.l[3] > 0 && u.b[120] == '/');
	say("%d bytes\n", size());
	show(sys(SYS_freebsd11_getfsstat, &u, 472, 9));
	show(sys(SYS_freebsd4_getfsstat, 8, 4096, 2));
}
/* start, len, pid, type, whence: without sysid */
static void lock(long fd)
{
	struct { long start, len; int pid; short type, whence; u8 guard[8]; } l = { 0, 0, 0, F_WRLCK, SEEK_SET, { 0xee, 0xee } };

	show(fcntl(fd, F_OSETLK, &l));
	l.type = 9;
	show(fcntl(fd, F_OSETLK, &l));
	l.type = F_RDLCK;
	show(fcntl(fd, F_OGETLK, &l));
	say("type %d guard %x\n", l.type, l.guard[0]);
}
static void padded(long fd)
{
	char b[8] = { 0 };
	long arg[8] = { 0, 4096, PROT_READ, MAP_PRIVATE, fd, 77, 0 };
	struct full r;

	show(sys(SYS_freebsd6_lseek, fd, 77, 3, SEEK_SET));
	show(sys(SYS_freebsd6_pread, fd, b, 4, 77, 2));
	say("%s\n", b);
	sys_full(SYS_freebsd6_mmap, arg, &r);
	say("mmap: %s %c\n", r.carry ? "failed" : "ok", r.carry ? '?' : *(char *)r.rax);
	show(sys(SYS_freebsd6_truncate, "f", 77, 6));
	show(sys(SYS_freebsd6_ftruncate, fd, 77, 5));
	show(sys(SYS_olseek, fd, 0, SEEK_END));
	show(sys(SYS_otruncate, "f", 4));
	show(sys(SYS_oftruncate, fd, 3));
	show(sys(SYS_olseek, fd, 0, SEEK_END));
	show(sys(SYS_otruncate, "f", -1));
	show(sys(SYS_freebsd6_ftruncate, fd, 77, -1));
	show(sys(SYS_freebsd6_pwrite, fd, "XY", 2, 77, 1));
	show(pread(fd, b, 3, 0));
	say("%s\n", b);
}
/* The old list begins with the effective group; where the new one holds that group too, it is not told twice. */
static long old_groups(void)
{
	static u32 g[1024];
	long n = sys(595, 1024, g);
	for (long i = 0; i < n; i++)
		if (g[i] == (u32)sys(SYS_getegid))
			return n;
	return n + 1;
}
int main(int argc, char **argv)
{
	long fd, n;

	umask(022);
	fd = sys(SYS_ocreat, "f", 0644);
	show(write(fd, "abcdefgh", 8));
	close(fd);
	symlink("f", "sym");
	fd = open("f", O_RDWR, 0);
	stats(fd);
	file_systems(fd);
	lists();
	lock(fd);
	padded(fd);
	show(sys(SYS_ogetpagesize));
	n = sys(SYS_freebsd14_getgroups, 0, 0);
	yes(n == old_groups());
	yes(sys(SYS_freebsd14_getgroups, (int)n, u.w) == n && u.w[0] == (u32)sys(SYS_getegid));
	show(sys(SYS_freebsd11_getdents, fd, &u, 512L));
	long kid = fork();
	if (!kid) {         /* the first of the old list is the effective group; only the super-user sets it */
		u.w[0] = (u32)sys(SYS_getegid), u.w[1] = 7, u.w[2] = 8;
		n = sys(SYS_freebsd14_setgroups, 3, u.w);
		yes(geteuid() ? n == -EPERM : !n && sys(SYS_freebsd14_getgroups, 16, u.w) == 3 && u.w[1] == 7 && u.w[2] == 8);
		yes(geteuid() || sys(SYS_getgroups, 0, 0) == 2);
		sys(SYS_setuid, 65534);
		u.w[0] = 1;
		show(sys(SYS_freebsd14_setgroups, 1, u.w));
		show(sys(SYS_freebsd14_setgroups, -1, u.w));
		show(sys(SYS_freebsd14_setgroups, 1, 8));
		quit(0);
	}
	wait_for(kid);
	return 0;
}
