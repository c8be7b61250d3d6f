/* SPDX-License-Identifier: BSD-2-Clause
 * Rights of descriptors: asked, made fewer, never more; what each use of a descriptor needs; what is inherited. */
#include "caps.h"

static char buf[64];
static const struct { int nr; const char *name, *args; } rows[] = {
#undef SYS
#define SYS(nr_, name_, ret_, fn_, level_, ...) { nr_, #name_, #__VA_ARGS__ },
#define NOSYS(...)
#define GONE(...)
#include "syscalls.def"
};

/* By the tables: whatever a call's first argument, a descriptor, must be allowed, one that is allowed nothing may not. */
static void nothing(void)
{
	int fd = limited((int)open(".", O_RDONLY), NO0, NO1), tried = 0;
	for (unsigned i = 0; i < COUNT(rows); i++) {
		const char *a = rows[i].args, *end = strchr(a, ')');
		if ((strncmp(a, "FD(", 3) && strncmp(a, "ATFD(", 5)) || !end || !strchr(a, ',') || strchr(a, ',') > end)
			continue;
		long e = sys(rows[i].nr, fd, 1, 1, 1, 1, 1);
		tried++;
		if (e == -EINVAL)                /* flags are looked at first */
			e = sys(rows[i].nr, fd, "x", 0, 0, 0, 0);
		if (e != -ENOTCAPABLE && e != ENOTCAPABLE)
			say("%s: %e\n", rows[i].name, e);
	}
	say("%d calls tried\n", tried);
	close(fd);
}

static void limits(int fd)
{
	u64 bad[2] = { CAP_READ, CAP_READ }, version[2] = { CAP_READ | 1ull << 62, NO1 }, more[2] = { CAP_ALL0, R1(0x800000) };
	say("limits\n");
	tell("new", fd);
	show(cap_rights_limit(99, bad));
	show(cap_rights_limit(fd, bad));
	show(cap_rights_limit(fd, version));
	show(cap_rights_limit(fd, more));
	show(cap_rights_limit(fd, 8));
	show(__cap_rights_get(1, fd, bad));
	show(__cap_rights_get(0, 99, bad));
	show(limit(fd, R0(0x3ff | 0x88000), NO1));
	tell("fewer", fd);
	show(limit(fd, CAP_ALL0, NO1));
	show(limit(fd, CAP_READ, CAP_EVENT));
	show(limit(fd, CAP_PREAD, NO1));
	tell("fewer", fd);
	show(limit(fd, CAP_PREAD, NO1));
}
static void uses(void)
{
	int all = (int)open("caps.txt", O_RDWR | O_CREAT | O_TRUNC, 0644), fd;
	struct stat st;
	struct iovec v = { buf, 4 };
	struct pollfd pf;
	struct flock lk = { .type = F_WRLCK };
	write(all, "0123456789", 10);
	say("uses\n");
	fd = limited(all, CAP_READ, NO1);
	show(lseek(all, 0, SEEK_SET));
	show(read(fd, buf, 4));
	show(readv(fd, &v, 1));
	show(pread(fd, buf, 4, 0));
	show(lseek(fd, 0, SEEK_CUR));
	show(write(fd, "x", 1));
	show(ftruncate(fd, 0));
	show(fstat(fd, &st));
	show(fchmod(fd, 0600));
	show(flock(fd, LOCK_SH));
	show(fcntl(fd, F_GETFL));
	show(fcntl(fd, F_GETFD));
	show(fcntl(fd, F_SETLK, &lk));
	show(ioctl(fd, 0x4004667f, buf));
	show(fsync(fd));
	pf = (struct pollfd){ fd, POLLIN, 0 };
	show(poll(&pf, 1, 0));
	show(pf.revents);
	u64 set[16] = { 1ull << fd };
	show(select(fd + 1, set, 0, 0, TV(0, 0)));
	show(mmap(0, 4096, PROT_READ, MAP_SHARED, fd, 0));
	close(fd);
	fd = limited(all, CAP_MMAP_R, NO1);
	long at = mmap(0, 4096, PROT_READ, MAP_SHARED, fd, 0);
	yes(at > 0);
	show(mprotect(at, 4096, PROT_READ | PROT_WRITE));
	show(mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	works(mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	show(mmap(0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0));
	works(mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_ANON | MAP_PRIVATE, -1, 0));
	at = mmap(0, 8192, PROT_READ, MAP_PRIVATE, fd, 0);	/* what the rights did not allow is not allowed later */
	show(mprotect(at, 4096, PROT_READ | PROT_EXEC));
	show(mprotect(at, 4096, PROT_READ | PROT_WRITE));
	close(fd);
	fd = limited(all, CAP_MMAP_R | 0x20, NO1);		/* CAP_MMAP_X */
	at = mmap(0, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	show(mprotect(at, 4096, PROT_READ | PROT_EXEC));
	at = mmap(0, 4096, PROT_READ, MAP_PRIVATE, all, 0);
	show(mprotect(at, 4096, PROT_READ | PROT_EXEC));
	close(fd);
	fd = limited(all, CAP_WRITE | CAP_SEEK, CAP_EVENT);
	show(write(fd, "x", 1));
	show(pwrite(fd, "x", 1, 3));
	show(read(fd, buf, 1));
	pf = (struct pollfd){ fd, POLLOUT, 0 };
	show(poll(&pf, 1, 0));
	show(pf.revents);
	close(fd);
	close(all);
}
static void commands(void)
{
	int fd = (int)open("caps.txt", O_RDWR);
	u64 list[4] = { 0x4004667f, 0x20006601, 0 }, got[4] = { 0 };
	u32 fc = 0;
	say("commands\n");
	show(cap_fcntls_get(fd, &fc));
	show(fc);
	show(cap_fcntls_limit(fd, 1));
	show(cap_fcntls_limit(99, 8));
	show(cap_fcntls_limit(fd, 8));
	show(cap_fcntls_limit(fd, 24));
	show(fcntl(fd, F_GETFL));
	show(fcntl(fd, F_SETFL, 0));
	show(cap_ioctls_get(fd, 0, 0) == 0x7fffffffffffffff);
	show(cap_ioctls_limit(fd, list, 2));
	show(cap_ioctls_get(fd, got, 4));
	show(got[0] == list[0] && got[1] == list[1]);
	show(cap_ioctls_limit(fd, list, 3));
	show(cap_ioctls_limit(fd, list, 257));
	show(cap_ioctls_limit(fd, 8, 1));
	show(ioctl(fd, 0x4004667f, buf));
	show(ioctl(fd, 0x8004667e, buf));
	show(cap_ioctls_limit(fd, list, 1));
	show(limit(fd, CAP_READ, NO1));
	show(cap_ioctls_get(fd, got, 4));
	show(cap_fcntls_get(fd, &fc));
	show(fc);
	tell("rights", fd);
	close(fd);
}
static void inherited(void)
{
	int all = (int)open("caps.txt", O_RDWR), fd = limited(all, CAP_READ | CAP_FSTAT, NO1), d, status;
	say("inherited\n");
	show(dup2(fd, 30));
	tell("dup2", 30);
	d = (int)fcntl(fd, F_DUPFD, 20);
	tell("dupfd", d);
	show(dup2(all, 30));
	tell("dup2 over it", 30);
	close(d);
	d = (int)fcntl(all, F_DUPFD, d);
	tell("the number again", d);
	long pid = fork();
	if (!pid) {
		tell("forked", fd);
		show(write(fd, "x", 1));
		show(limit(all, NO0, NO1));
		quit(0);
	}
	wait4(pid, &status, 0, 0);
	tell("the parent's", all);
	pid = vfork();
	if (!pid) {
		limit(all, NO0, NO1);
		sys(SYS__exit, 0);
	}
	wait4(pid, &status, 0, 0);
	tell("after vfork", all);
	close(fd);
	close(all);
	close(d);
	close(30);
}
static void directories(void)
{
	struct stat st;
	int dir, fd, lim;
	say("directories\n");
	mkdir("caps.d", 0755);
	mkdir("caps.d/sub", 0755);
	put_file("caps.d/file", "text");
	put_file("caps.out", "text");
	symlink("../caps.out", "caps.d/away");
	symlink("sub", "caps.d/stay");
	dir = (int)open("caps.d", O_RDONLY | O_DIRECTORY);
	lim = limited(dir, CAP_LOOKUP | CAP_READ | CAP_FSTAT, NO1);
	show((fd = (int)openat(lim, "file", O_RDONLY)) >= 0);
	tell("opened by it", fd);
	close(fd);
	show(openat(lim, "file", O_RDWR));
	show(openat(lim, "new", O_RDONLY | O_CREAT, 0644));
	show(openat(lim, "../caps.out", O_RDONLY));
	show(openat(lim, "away", O_RDONLY));
	show(openat(lim, "/etc/passwd", O_RDONLY));
	show(openat(lim, "sub/../file", O_RDONLY) >= 0);
	show(openat(lim, "sub/../../caps.out", O_RDONLY));
	show(fstatat(lim, "file", &st, 0));
	show(fstatat(lim, "away", &st, AT_SYMLINK_NOFOLLOW));
	show(fstatat(lim, "away", &st, 0));
	show(fstatat(lim, "..", &st, 0));
	show(unlinkat(lim, "file", 0));
	show(mkdirat(lim, "x", 0755));
	show(fchdir(lim));
	show(faccessat(lim, "file", R_OK, 0));
	close(lim);
	lim = limited(dir, CAP_READ | CAP_FSTAT, NO1);
	show(openat(lim, "file", O_RDONLY));
	show(fstatat(lim, "file", &st, 0));
	close(lim);
	lim = limited(dir, CAP_RENAMEAT_SOURCE | CAP_RENAMEAT_TARGET, NO1);
	put_file("caps.d/one", "1");
	put_file("caps.d/two", "2");
	show(renameat(lim, "one", lim, "three"));
	show(renameat(lim, "two", lim, "three"));
	show(renameat(lim, "two", lim, "../two"));
	close(lim);
	lim = limited(dir, CAP_RENAMEAT_SOURCE | CAP_RENAMEAT_TARGET | CAP_UNLINKAT, NO1);
	show(renameat(lim, "two", lim, "three"));
	show(unlinkat(lim, "three", 0));
	close(lim);
	show(openat(dir, "../caps.out", O_RDONLY) >= 0);
	unlink("caps.d/file");
	unlink("caps.d/away");
	unlink("caps.d/stay");
	rmdir("caps.d/sub");
	rmdir("caps.d");
	unlink("caps.out");
}
static void queues(void)
{
	int kq = (int)kqueue(), p[2], lim;
	struct kevent ev = { .ident = 0, .filter = EVFILT_READ, .flags = EV_ADD }, got;
	sys(SYS_pipe2, p, 0);
	say("queues\n");
	ev.ident = (u64)p[0];
	lim = limited(kq, NO0, CAP_KQUEUE_CHANGE);
	show(kevent(lim, &ev, 1, 0, 0, TS(0, 0)));
	show(kevent(lim, 0, 0, &got, 1, TS(0, 0)));
	write(p[1], "x", 1);
	close(lim);
	lim = limited(kq, NO0, CAP_KQUEUE_EVENT);
	show(kevent(lim, 0, 0, &got, 1, TS(0, 0)));
	show(kevent(lim, &ev, 1, 0, 0, TS(0, 0)));
	limit(p[0], CAP_READ, NO1);
	ev.flags = EV_ADD | EV_DISPATCH;
	show(kevent(kq, &ev, 1, 0, 0, TS(0, 0)));
	close(kq);
	close(lim);
}
int main(int argc, char **argv)
{
	put_file("caps.txt", "0123456789");
	int fd = (int)open("caps.txt", O_RDWR);
	nothing();
	limits(fd);
	close(fd);
	uses();
	commands();
	inherited();
	directories();
	queues();
	unlink("caps.txt");
	return 0;
}
