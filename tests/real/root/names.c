/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Every kind of path, in every kind of call, in the tree that root.test makes; the lines printed are the same natively
 * under chroot. With arguments: -p NAME looks NAME up, -c NAME makes it, -d NAME goes there,
 * -x NAME makes it the root, -e runs this program again with the rest; -r is the race.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *how(long v) { return v < 0 ? strerrorname_np(errno) : "ok"; }
#define SAY(call) printf("%s: %s\n", #call, how(call))

static void look(const char *p)
{
	struct stat s;
	char b[4096] = "";
	int v = stat(p, &s), fd;
	printf("%.40s: stat %s %o", p, how(v), v ? 0 : s.st_mode & ~0022);
	v = lstat(p, &s);
	printf(", lstat %s %o", how(v), v ? 0 : s.st_mode & ~0022);
	v = (int)readlink(p, b, sizeof b - 1);
	printf(", readlink %s %s", how(v), b);
	printf(", access %s", how(access(p, R_OK)));
	fd = open(p, O_RDONLY);
	memset(b, 0, sizeof b);
	v = fd < 0 ? fd : (int)read(fd, b, 60);
	printf(", open %d %s %s\n", fd, how(v), b);
	if (fd >= 0)
		close(fd);
}
static void make(const char *p, int flags)
{
	int fd = open(p, O_WRONLY | O_CREAT | flags, 0644);
	printf("make %s %s: %s %d\n", p, flags & O_EXCL ? "excl" : flags & O_NOFOLLOW ? "nofollow" : "", how(fd), fd);
	if (fd >= 0) {
		write(fd, "made", 4);
		close(fd);
	}
}
static void go(const char *p)
{
	char b[4096];
	int v = chdir(p);
	printf("chdir %s: %s", p, how(v));
	printf(", in %s\n", getcwd(b, sizeof b) ? b : "nowhere");
}

static const char *const names[] = {
	"/", "/.", "/..", "/../etc/f", "/etc/f", "etc/f", "./etc/../etc/f", "/abs", "/rel", "/up", "/out", "/d/dir",
	"/d/dir/f",
	"/d/dir/", "/etc/f/", "/etc/f/x", "/loop", "/loop/x", "/dangling", "/none", "/none/x", "//etc///f", "/etc/.", "/etc/..",
	"/d/../../../etc/f", "/d/sub/up2", "", "/d/sub/../dir/../sub", "/root/etc/f", "/root/root/root/etc/f", "abs", "..",
	"../etc/f", "d/sub/../../../../etc/f", "/etc/passwd", "/dots/etc/f", "dots/../dots/etc/f", "/d/dir/../d/sub/..", "/none/..",
};
static void at(int d)
{
	struct stat s;
	SAY(openat(d, "../etc/f", O_RDONLY));
	SAY(openat(d, "sub", O_RDONLY | O_DIRECTORY));
	SAY(openat(d, "../../../../../etc/f", O_RDONLY));
	SAY(openat(d, "dir/f", O_RDONLY));
	SAY(openat(d, "/etc/f", O_RDONLY | O_NOFOLLOW));
	SAY(open("/abs", O_RDONLY | O_NOFOLLOW));
	SAY(open("/abs", O_PATH | O_NOFOLLOW));
	SAY(open("/d", O_WRONLY));
	SAY(open("/etc/f", O_RDONLY | O_DIRECTORY));
	SAY(openat(d, "", O_RDONLY));
	SAY(openat(99, "x", O_RDONLY));
	SAY(openat(99, "/etc/f", O_RDONLY));
	SAY(fstatat(d, "", &s, AT_EMPTY_PATH));
	SAY(fstatat(d, "", &s, 0));
	SAY(fstatat(d, "..", &s, AT_SYMLINK_NOFOLLOW));
	SAY(fstatat(d, "dir", &s, AT_SYMLINK_NOFOLLOW));
	SAY(mkdirat(d, "sub", 0755));
	SAY(mkdirat(d, "new", 0755));
	SAY(unlinkat(d, "new", AT_REMOVEDIR));
	SAY(unlinkat(d, "../etc/none", 0));
}
static void change(void)
{
	int n = 0;
	go("/d/dir");
	look("f"), look("../d"), look("../../../../etc/f");
	make("new", 0), make("new", O_EXCL), make("/dangling", O_NOFOLLOW), make("/dangling", O_EXCL), make("/dangling", 0);
	look("/target");
	make("/none/x", 0), make("/loop", 0), make("/d", 0), make("/newd/", 0), make("/d/../..", 0), make("/new2/..", 0);
	SAY(mkdir("/m", 0755)), SAY(mkdir("/m/", 0755)), SAY(mkdir("/m/n/", 0755)), SAY(mkdir("/m/..", 0755));
	SAY(mkdir("/", 0755)), SAY(mkdir("/dangling2", 0755)), SAY(mkdir("../x", 0755)), SAY(mkdir(".", 0755));
	go("/m/n"), go(".."), go("../.."), go("none"), go("etc/f"), go("/root/m/n");
	SAY(symlink("/etc/f", "/m/s")), SAY(symlink("/etc/f", "/m/s")), SAY(link("/m/s", "/m/h"));
	look("/m/s"), look("/m/h");
	SAY(linkat(AT_FDCWD, "/m/s", AT_FDCWD, "/m/h2", AT_SYMLINK_FOLLOW)), look("/m/h2");
	SAY(rename("/m/h2", "/m/h3")), look("/m/h3");
	SAY(rename("/m/..", "/xx")), SAY(rename("/m", "/m/n/z")), SAY(rename("/m/s", "../../m/t")), SAY(rename("/m/t", "/m/s"));
	SAY(unlink("/m/h3")), SAY(unlink("/m/n")), SAY(unlink("/m/s/")), SAY(unlink("/none"));
	SAY(rmdir("/m/n/.")), SAY(rmdir("/m/n/..")), SAY(rmdir("/m/n/")), SAY(rmdir("/m/s"));
	SAY(chmod("/abs", 0600)), look("/etc/f"), SAY(chmod("/abs", 0644));
	SAY(truncate("/abs", 2)), look("/etc/f");
	go("/");
	DIR *dir = opendir(".");
	while (dir && readdir(dir))
		n++;
	printf("%d entries\n", n);
	at(open("/d", O_RDONLY | O_DIRECTORY));
}
static void longest(void)
{
	char big[5000], deep[4096];
	memset(big, 'a', sizeof big - 1);
	big[sizeof big - 1] = 0;
	look(big + sizeof big - 1 - 255), look(big + sizeof big - 1 - 256), look(big);
	for (int i = 0; i < 4000; i += 2)
		deep[i] = '/', deep[i + 1] = '.';
	strcpy(deep + 4000, "/etc/f");
	look(deep);
}

/* Somebody swaps a directory with a link that leads up and out; what is read may be missing, but never from outside. */
static volatile int over;
static void *swap(void *arg)
{
	while (!over)
		syscall(SYS_renameat2, AT_FDCWD, "/race/a", AT_FDCWD, "/race/b", 2);
	return NULL;
}
static int race(void)
{
	pthread_t t;
	char b[64];
	int in = 0, out = 0;
	mkdir("/race", 0755), mkdir("/race/a", 0755), mkdir("/race/a/etc", 0755);
	symlink("../../../../../../../..", "/race/b");
	int fd = open("/race/a/etc/passwd", O_CREAT | O_WRONLY, 0644);
	write(fd, "inside", 6);
	close(fd);
	symlink("/etc/passwd", "/race/l");
	pthread_create(&t, NULL, swap, NULL);
	for (int i = 0; i < 3000; i++) {
		static const char *const ways[] = { "/race/a/etc/passwd", "/race/a/../race/a/etc/passwd", "/race/b/etc/passwd",
						    "/race/a/../../etc/passwd", "/race/l" };
		memset(b, 0, sizeof b);
		if ((fd = open(ways[i % 5], O_RDONLY)) < 0)
			continue;
		read(fd, b, sizeof b - 1);
		close(fd);
		*(strcmp(b, "inside") ? &out : &in) += 1;
	}
	over = 1;
	pthread_join(t, NULL);
	printf("%s, %d from outside\n", in ? "read" : "nothing read", out);
	return out != 0;
}
int main(int n, char **arg)
{
	if (n == 2 && !strcmp(arg[1], "-r"))
		return race();
	for (int i = 1; i + 1 < n; i += 2)
		switch (arg[i][1]) {
		case 'p': look(arg[i + 1]); break;
		case 'c': make(arg[i + 1], 0); break;
		case 'd': go(arg[i + 1]); break;
		case 'x': SAY(chroot(arg[i + 1])); break;
		case 'e': fflush(stdout); execv("/names", arg + i); break;
		}
	if (n > 1)
		return 0;
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		look(names[i]);
	change();
	longest();
	return 0;
}
