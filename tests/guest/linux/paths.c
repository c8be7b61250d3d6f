/* SPDX-License-Identifier: BSD-2-Clause
 * Every call with a path, once so that it works and once so that it does not.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utime.h>

#define SHOW(call) do { errno = 0; long r_ = (long)(call); printf("%s: %ld errno %d\n", #call, r_, errno); } while (0)
#define SYS(name, ...) SHOW(syscall(SYS_##name, __VA_ARGS__))

static char buf[4096];
static struct stat st;
static struct statx sx;

static void text(const char *what, long n)
{
	buf[n > 0 ? n : 0] = 0;
	printf("%s: %s\n", what, buf);
}
int main(void)
{
	char dir[] = "/tmp/guise-paths-XXXXXX";
	struct open_how how = { .flags = O_RDONLY, .resolve = RESOLVE_BENEATH };
	struct timeval tv[2] = { { 1, 0 }, { 2, 0 } };
	struct statfs sf;
	int d;

	setbuf(stdout, NULL);
	umask(022);
	if (!mkdtemp(dir) || chdir(dir))
		return 1;
	d = open(".", O_RDONLY | O_DIRECTORY);
	dup2(d, 30);
	close(d);
	d = 30;
	SYS(open, "f", O_CREAT | O_EXCL | O_RDWR, 0644);
	SYS(open, "f", O_CREAT | O_EXCL, 0644);
	SYS(creat, "g", 0600);
	SYS(openat, d, "h", O_CREAT | O_WRONLY, 0640);
	SYS(openat, d, "nope", O_RDONLY);
	SYS(openat, 99, "f", O_RDONLY);
	SYS(openat2, d, "f", &how, sizeof how);
	SYS(openat2, d, "../etc", &how, sizeof how);
	SYS(openat2, d, "f", &how, 8);
	SYS(mkdir, "dir", 0755);
	SYS(mkdirat, d, "dir/sub", 0700);
	SYS(mknod, "fifo", S_IFIFO | 0600, 0);
	SYS(mknodat, d, "fifo2", S_IFIFO | 0600, 0);
	SYS(symlink, "f", "link");
	SYS(symlinkat, "missing", d, "dangling");
	SYS(link, "f", "hard");
	SYS(linkat, d, "link", d, "hardfollow", AT_SYMLINK_FOLLOW);
	SYS(linkat, d, "link", d, "hardlink", 0);
	SYS(lstat, "hardlink", &st);
	printf("is link %d\n", S_ISLNK(st.st_mode));
	SYS(stat, "link", &st);
	printf("nlink %ld\n", (long)st.st_nlink);
	SYS(newfstatat, d, "link", &st, AT_SYMLINK_NOFOLLOW);
	printf("size %ld\n", (long)st.st_size);
	SYS(newfstatat, d, "", &st, AT_EMPTY_PATH);
	SYS(newfstatat, d, "", &st, 0);
	SYS(statx, d, "dangling", 0, STATX_ALL, &sx);
	SYS(statx, d, "dangling", AT_SYMLINK_NOFOLLOW, STATX_ALL, &sx);
	SYS(access, "f", R_OK);
	SYS(faccessat, d, "nope", F_OK);
	SYS(faccessat2, d, "link", F_OK, AT_SYMLINK_NOFOLLOW);
	SYS(chmod, "f", 0604);
	SYS(fchmodat, d, "link", 0664);
	SYS(stat, "f", &st);
	printf("mode %o\n", st.st_mode);
	SYS(chown, "f", -1, -1);
	SYS(lchown, "dangling", -1, -1);
	SYS(fchownat, d, "dangling", -1, -1, 0);
	SYS(truncate, "f", 10);
	SYS(truncate, "dir", 10);
	SYS(statfs, "f", &sf);
	SYS(utime, "f", NULL);
	SYS(utimes, "f", tv);
	SYS(futimesat, d, "f", tv);
	SYS(utimensat, d, "dangling", NULL, AT_SYMLINK_NOFOLLOW);
	SYS(utimensat, d, NULL, NULL, 0);
	SYS(setxattr, "f", "user.a", "v", 1, 0);
	SYS(getxattr, "f", "user.a", buf, 10);
	SYS(lgetxattr, "nope", "user.a", buf, 10);
	SYS(listxattr, "f", NULL, 0);
	SYS(removexattr, "f", "user.none");
	SYS(readlink, "link", buf, sizeof buf);
	SYS(readlink, "f", buf, sizeof buf);
	SYS(readlinkat, d, "dangling", buf, 3);
	SYS(readlink, "link", buf, 0);
	SYS(rename, "g", "g2");
	SYS(renameat, d, "g2", d, "dir/g3");
	SYS(renameat2, d, "f", d, "h", RENAME_EXCHANGE);
	SYS(renameat2, d, "f", d, "h", RENAME_NOREPLACE);
	SYS(rename, "nope", "x");
	int in = inotify_init1(0);
	printf("inotify %d\n", inotify_add_watch(in, "dir", IN_CREATE) > 0);
	SYS(inotify_add_watch, in, "nope", IN_CREATE);
	SYS(chdir, "dir");
	text("cwd", getcwd(buf, sizeof buf) ? (long)strlen(strcpy(buf, strrchr(buf, '/'))) : 0);
	SYS(getcwd, buf, 3);
	SYS(chdir, "../f");
	SYS(fchdir, d);
	SYS(rmdir, "dir");
	SYS(unlink, "dir");
	SYS(unlinkat, d, "dir/g3", 0);
	SYS(unlinkat, d, "dir/sub", AT_REMOVEDIR);
	SYS(rmdir, "dir");
	SYS(open, (char *)8, O_RDONLY);
	SYS(open, "", O_RDONLY);
	memset(buf, 'a', 4095);
	SYS(open, buf, O_RDONLY);
	buf[4094] = 0;
	SYS(stat, buf, &st);
	SYS(chroot, "nope");
	SYS(name_to_handle_at, d, "f", buf, buf + 2048, 0);
	SYS(open, "/proc/self/fd/30", O_RDONLY | O_DIRECTORY);
	SYS(open, "/dev/fd/99", O_RDONLY);
	SYS(stat, "/proc/self/exe", &st);
	SYS(open, "link", O_NOFOLLOW);
	SYS(open, "link", O_NOFOLLOW | O_PATH);
	SYS(umount2, "nope", 0);
	SYS(swapon, "nope", 0);
	SYS(execve, "nope", NULL, NULL);
	SYS(execve, "f", NULL, NULL);
	fchdir(d);
	return system("cd / && rm -rf /tmp/guise-paths-*");
}
