/* SPDX-License-Identifier: BSD-2-Clause
 * Calls on files that FreeBSD alone has or means otherwise: beneath a directory, empty paths, O_EXEC, /dev/fd,
 * funlinkat, fspacectl, posix_fallocate's result, copy_file_range, F_KINFO, getfsstat, pathconf, the names under
 * /proc. */
#include "fbsd.h"

enum { PC_NAME_MAX = 4, PC_CHOWN_RESTRICTED = 7, PC_NO_TRUNC = 8, PC_ACL_EXTENDED = 59, FD_NONE = -200 };

static void beneath(long d)
{
	struct stat st;
	say("beneath\n");
	mkdir("d/sub", 0755);
	symlink("..", "d/sub/up");
	symlink("/", "d/root");
	put_file("d/sub/f", "f");
	works(openat(d, "sub/f", O_RDONLY | O_RESOLVE_BENEATH, 0));
	works(openat(d, "sub/../sub/f", O_RDONLY | O_RESOLVE_BENEATH, 0));
	works(openat(d, "sub/up/sub/f", O_RDONLY | O_RESOLVE_BENEATH, 0));
	show(openat(d, "sub/up/../d/sub/f", O_RDONLY | O_RESOLVE_BENEATH, 0));
	show(openat(d, "root/etc", O_RDONLY | O_RESOLVE_BENEATH, 0));
	show(openat(d, "/etc", O_RDONLY | O_RESOLVE_BENEATH, 0));
	show(openat(d, "none", O_RDONLY | O_RESOLVE_BENEATH, 0));
	show(fstatat(d, "sub/up", &st, AT_RESOLVE_BENEATH));
	show(fstatat(d, "root", &st, AT_RESOLVE_BENEATH));
	show(fstatat(d, "root", &st, AT_RESOLVE_BENEATH | AT_SYMLINK_NOFOLLOW));
	show((st.mode & S_IFMT) == S_IFLNK);
	show(fstatat(d, "..", &st, AT_RESOLVE_BENEATH));
	show(faccessat(d, "../d", F_OK, AT_RESOLVE_BENEATH));
	show(fchmodat(d, "root", 0755, AT_RESOLVE_BENEATH));
	show(unlinkat(d, "../d/sub/f", AT_RESOLVE_BENEATH));
	show(unlinkat(d, "sub/f", AT_RESOLVE_BENEATH));
}
static void empty(void)
{
	struct stat st;
	char b[8];
	long fd = open("a", O_PATH, 0), again;
	say("empty\n");
	show(fstatat(fd, "", &st, 0));
	show(fstatat(fd, "", &st, AT_EMPTY_PATH));
	show(st.size);
	show(faccessat(fd, "", R_OK, AT_EMPTY_PATH));
	show(fchmodat(fd, "", 0640, AT_EMPTY_PATH));
	show(fchownat(fd, "", -1, -1, AT_EMPTY_PATH));
	show(linkat(fd, "", AT_FDCWD, "linked", AT_EMPTY_PATH));
	show(read(fd, b, 1));
	works(again = openat(fd, "", O_RDONLY | O_EMPTY_PATH, 0));
	show(read(again, b, 8));
	close(again);
	close(fd);
	works(fd = open("a", O_EXEC, 0));
	chmod("a", 0755);
	works(fd = open("a", O_EXEC, 0));
	show(fstat(fd, &st));
	show(read(fd, b, 1));
	close(fd);
	symlink("a", "sym");
	show(open("sym", O_RDONLY | O_NOFOLLOW, 0));
	show(open("a", O_RDONLY | O_EXLOCK | O_SHLOCK, 0));
}
static void dev_fd(void)
{
	char b[8] = "";
	long fd = open("a", O_RDONLY, 0), other;
	say("/dev/fd\n");
	char path[16] = "/dev/fd/0";
	path[8] = (char)('0' + fd);
	show(read(fd, b, 1));
	works(other = open(path, O_RDONLY, 0));
	show(read(other, b, 1));                 /* one position: the second byte */
	say("%c\n", b[0]);
	show(open(path, O_WRONLY, 0));
	show(open(path, O_RDWR, 0));
	struct stat st;                          /* a device of its own, whatever is open there: compress -c takes a file for its own */
	show(fstatat(AT_FDCWD, path, &st, 0));
	say("%x size %ld\n", st.mode, (long)st.size);
	show(fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW));
	say("%x\n", st.mode);
	show(fstat(other, &st));
	say("%x\n", st.mode & 0170000);
	show(fstatat(AT_FDCWD, "/dev/stdout", &st, 0));
	say("%x\n", st.mode);
	show(fstatat(AT_FDCWD, "/dev/stdout", &st, AT_SYMLINK_NOFOLLOW));
	say("%x\n", st.mode & 0170000);
	close(other);
	close(fd);
	show(open(path, O_RDONLY, 0));
	show(open("/dev/fd/4000000", O_RDONLY, 0));
}
static void removal(void)
{
	long fd;
	say("funlinkat\n");
	put_file("u", "u");
	fd = open("u", O_RDONLY, 0);
	show(sys(SYS_funlinkat, AT_FDCWD, "a", fd, 0));
	show(sys(SYS_funlinkat, AT_FDCWD, "u", 99, 0));
	show(sys(SYS_funlinkat, AT_FDCWD, "u", fd, 0));
	show(sys(SYS_funlinkat, AT_FDCWD, "u", FD_NONE, 0));
	show(sys(SYS_funlinkat, AT_FDCWD, "d", FD_NONE, 0));
	show(unlink("/"));
	close(fd);
}
static void space(void)
{
	int64_t r[2] = { 4096, 4096 }, rest[2];
	int64_t from = 0, to = 10;
	struct stat st;
	char b[16] = "";
	int p[2];
	long fd = open("s", O_RDWR | O_CREAT, 0600), out;
	say("space\n");
	pipe2(p, 0);
	show(posix_fallocate(fd, 0, 16384));
	fstat(fd, &st);
	show(st.size);
	show(posix_fallocate(fd, -1, 1));        /* the error is the result */
	show(posix_fallocate(fd, 0, 0));
	show(posix_fallocate(99, 0, 1));
	show(posix_fallocate(p[0], 0, 1));
	show(posix_fadvise(fd, 0, 0, 3));
	show(posix_fadvise(fd, 0, 0, 77));
	show(posix_fadvise(p[0], 0, 0, 0));
	pwrite(fd, "0123456789", 10, 4094);
	show(sys(SYS_fspacectl, fd, 1, r, 0, rest));
	show(rest[0] == 8192 && rest[1] == 0);
	pread(fd, b, 4, 4092);
	show(b[2] == '0' && b[3] == '1');
	pread(fd, b, 2, 4096);
	show(b[0] == 0 && b[1] == 0);
	show(sys(SYS_fspacectl, fd, 2, r, 0, rest));
	r[1] = 0;
	show(sys(SYS_fspacectl, fd, 1, r, 0, rest));
	works(out = open("copy", O_RDWR | O_CREAT, 0600));
	pwrite(fd, "abcdef", 6, 0);
	show(copy_file_range(fd, &from, out, &to, 6, 0));
	say("%d %d\n", from, to);
	show(pread(out, b, 6, 10));
	say("%c%c\n", b[0], b[5]);
	show(copy_file_range(fd, 0, out, 0, 3, 1));
	show(copy_file_range(fd, 0, 99, 0, 3, 0));
	close(p[0]), close(p[1]), close(fd), close(out);
}
static void telling(void)
{
	struct kinfo {
		int size, type, fd, refs, flags, pad;
		int64_t offset;
		char rest[336], path[1024];
	} k = { .size = 1 };
	static char list[64 * 2344];
	struct statfs *fs = (struct statfs *)list, one;
	long fd = open("a", O_RDWR | O_APPEND, 0), n, m;
	char cwd[1024], exe[1024] = "";
	say("telling\n");
	show(fcntl(fd, F_KINFO, &k));
	k.size = 1392;
	show(sizeof(k));
	show(fcntl(fd, F_KINFO, &k));
	say("type %d fd right %d flags %x path %s\n", k.type, k.fd == fd, k.flags, k.path + strlen(k.path) - 2);
	show(fcntl(fd, F_ISUNIONSTACK));
	works(n = getfsstat(0, 0, 2));
	works(m = getfsstat(list, sizeof(list), 2));
	yes(m > 0 && (m == n || m == 64));
	yes(!strcmp(fs[0].mntonname, "/") && fs[0].version == 0x20140518 && fs[0].fstypename[0]);
	show(getfsstat(list, sizeof(list), 9));
	show(getfsstat(list, 2344, 2));
	show(statfs(".", &one));
	yes(one.bsize > 0 && one.blocks > 0 && one.mntonname[0] == '/');
	show(pathconf(".", PC_NAME_MAX));
	show(fpathconf(fd, PC_NO_TRUNC));
	show(pathconf(".", PC_CHOWN_RESTRICTED));
	show(pathconf(".", PC_ACL_EXTENDED));
	show(pathconf(".", 7777));
	show(pathconf("none", PC_NAME_MAX));
	yes(readlink("/proc/curproc/file", exe, sizeof(exe)) > 12);
	yes(!strcmp(exe + strlen(exe) - 11, "/files_more"));
	yes((n = open("/proc/curproc/file", O_RDONLY, 0)) >= 0 && read(n, cwd, 4) == 4 && cwd[1] == 'E');
	close(n);
	close(fd);
}
static void ranges(void)
{
	long i;
	say("ranges\n");
	for (i = 20; i < 26; i++)
		dup2(1, i);
	show(sys(SYS_close_range, 21, 22, 0));
	show(fcntl(20, F_GETFD));
	show(fcntl(21, F_GETFD));
	show(fcntl(22, F_GETFD));
	show(sys(SYS_close_range, 23, 23, 4));
	show(fcntl(23, F_GETFD));
	show(sys(SYS_close_range, 5, 4, 0));
	show(sys(SYS_close_range, 0, 1, 0x80));
	show(sys(SYS_freebsd12_closefrom, 24));
	show(fcntl(24, F_GETFD));
	show(fcntl(25, F_GETFD));
	show(sys(SYS_close_range, 24, 0xffffffff, 0));
}
/* Descriptors of the translator lie above the limit: no name leads to one. */
static char *number(char *to, long n)
{
	char tmp[24];
	int i = 0;
	do
		tmp[i++] = (char)('0' + n % 10);
	while (n /= 10);
	while (i--)
		*to++ = tmp[i];
	*to = 0;
	return to;
}
static void hidden(void)
{
	static const char *const dirs[] = { "/proc/self/fd/", "/dev/fd/", "/proc/self/fdinfo/", "/proc//self/./fd//",
					    "/proc/curproc/fd/", "/proc/self/task/TID/fd/" };
	static char b[65536];
	char path[64];
	struct rlimit r;
	long d, n, found = 0, seen = 0, base;
	say("hidden\n");
	getrlimit(RLIMIT_NOFILE, &r);
	for (unsigned i = 0; i < COUNT(dirs); i++)
		for (n = 0; n < 200; n++) {
			char *tid = strchr(strcpy(path, dirs[i]), 'T');
			if (tid) {
				tid = number(tid, getpid());
				strcpy(tid, "/fd/");
			}
			number(path + strlen(path), r.cur + n);
			found += open(path, O_PATH, 0) >= 0;
		}
	d = open("/proc/self/fd", O_RDONLY, 0);
	for (n = 0; n < 200; n++) {
		number(path, r.cur + n);
		found += openat(d, path, O_PATH, 0) >= 0;
	}
	while ((n = sys(SYS_getdirentries, d, b, sizeof(b), &base)) > 0)
		for (char *e = b; e < b + n; e += ((struct dirent *)e)->reclen) {
			long v = 0;
			for (char *c = ((struct dirent *)e)->name; *c >= '0' && *c <= '9'; c++)
				v = v * 10 + (*c - '0');
			seen += v >= r.cur;
		}
	say("%d opened, %d listed\n", found, seen);
}
int main(int argc, char **argv)
{
	umask(022);
	mkdir("d", 0755);
	put_file("a", "abc");
	chmod("a", 0644);
	beneath(open("d", O_RDONLY | O_DIRECTORY, 0));
	empty();
	dev_fd();
	removal();
	space();
	telling();
	hidden();
	ranges();
	return 0;
}
