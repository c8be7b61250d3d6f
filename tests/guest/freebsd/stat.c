/* SPDX-License-Identifier: BSD-2-Clause
 * stat in its present layout (224 bytes) and in the one of FreeBSD 11 (120 bytes): the same facts, no byte beyond. */
#include "fbsd.h"

static union { struct stat st; struct stat11 old; struct { u32 w[7]; } n; u8 b[256]; } u;

static void clear(void)
{
	memset(&u, 0xee, sizeof(u));
}

static void tell(void)
{
	struct stat *s = &u.st;

	say("mode %o nlink %lu size %ld flags %x blksize %s blocks %s times %s guard %s\n", s->mode, s->nlink, s->size, s->flags,
	    s->blksize > 0 ? "ok" : "BAD", s->blocks >= 0 && s->blocks < 100 ? "ok" : "BAD",
	    s->mtim.sec > 1600000000 && s->mtim.nsec < 1000000000 && s->birthtim.nsec < 1000000000 ? "ok" : "BAD",
	    u.b[224] == 0xee ? "kept" : "WRITTEN");
}

static void tell_old(void)
{
	struct stat11 *s = &u.old;

	say("old: mode %o nlink %u size %ld flags %x blksize %s times %s guard %s\n", s->mode, s->nlink, s->size, s->flags,
	    s->blksize > 0 ? "ok" : "BAD", s->mtim.sec > 1600000000 && s->birthtim.nsec < 1000000000 ? "ok" : "BAD",
	    u.b[120] == 0xee ? "kept" : "WRITTEN");
}

static void both(const char *path, int flag)
{
	u64 ino, dev;

	clear();
	say("%s: %e\n", path, fstatat(AT_FDCWD, path, &u.st, flag));
	tell();
	ino = u.st.ino;
	dev = u.st.dev;
	clear();
	show(sys(flag ? SYS_freebsd11_lstat : SYS_freebsd11_stat, path, &u.old));
	tell_old();
	yes((u32)ino == u.old.ino && (u32)dev == u.old.dev);
}

int main(int argc, char **argv)
{
	struct timeval tv[2] = { { 1700000000, 123000 }, { 1700000001, 456000 } };
	int p[2];
	long fd;

	umask(022);
	put_file("file", "twelve bytes");
	chmod("file", 0640);
	link("file", "second");
	mkdir("dir", 0755);
	symlink("file", "sym");
	mkfifo("fifo", 0600);
	show(utimes("file", tv));
	both("file", 0);
	both("sym", 0);
	both("sym", AT_SYMLINK_NOFOLLOW);
	both("fifo", 0);
	show(fstatat(AT_FDCWD, "dir", &u.st, 0));
	say("%o\n", u.st.mode);
	show(fstatat(AT_FDCWD, "/dev/null", &u.st, 0));
	say("%o\n", u.st.mode);
	fd = open("file", O_RDONLY, 0);
	clear();
	show(fstat(fd, &u.st));
	tell();
	say("%ld.%09ld %ld.%09ld\n", u.st.atim.sec, u.st.atim.nsec, u.st.mtim.sec, u.st.mtim.nsec);
	clear();
	show(sys(SYS_freebsd11_fstat, fd, &u.old));
	tell_old();
	pipe2(p, 0);
	show(fstat(p[0], &u.st));
	say("%o\n", u.st.mode & S_IFMT);
	show(fstat(socket(AF_UNIX, SOCK_STREAM, 0), &u.st));
	say("%o\n", u.st.mode & S_IFMT);
	show(fstatat(AT_FDCWD, "none", &u.st, 0));
	show(fstatat(AT_FDCWD, "file", &u.st, 0x10));
	show(fstatat(AT_FDCWD, "file", (void *)8, 0));
	show(fstat(fd, (void *)8));
	show(fstat(99, &u.st));
	show(sys(SYS_freebsd11_stat, "none", &u.old));
	show(sys(SYS_freebsd11_fstatat, AT_FDCWD, "file", &u.old, 0));
	say("%ld\n", u.old.size);
	clear();
	show(sys(SYS_freebsd11_nstat, "file", &u.b));
	say("mode %o nlink %u\n", u.n.w[2], u.n.w[3]);
	return 0;
}
