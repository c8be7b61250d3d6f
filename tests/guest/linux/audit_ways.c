/* SPDX-License-Identifier: BSD-2-Clause
 * TEST fixture: tests/real/audit_ways.test
 *
 * Every way we know to a file: audit_ways DIR tries to read DIR/key, to run DIR/run, to change or take away what is there,
 * and says of each whether it got there. Under a policy that keeps DIR from it none may; without, all should.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static char dir[PATH_MAX], key[PATH_MAX + 8], run[PATH_MAX + 8], link_[64], buf[PATH_MAX * 3];

static void tell(const char *way, int reached, int e)
{
	if (reached)
		printf("%-28s REACHED\n", way);
	else
		printf("%-28s %s\n", way, e ? strerrorname_np(e) : "no");
}
static int holds_key(int fd)
{
	char text[8] = "";
	int good = fd >= 0 && pread(fd, text, 6, 0) == 6 && !memcmp(text, "secret", 6);
	if (fd >= 0)
		close(fd);
	return good;
}
#define OPEN(way, call) do { errno = 0; int fd_ = (int)(call), e_ = errno; tell(way, holds_key(fd_), e_); } while (0)
#define DO(way, call) do { errno = 0; int r_ = (call) >= 0; tell(way, r_, errno); } while (0)

static int reopened(int fd)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	int again = fd < 0 ? -1 : open(path, O_RDONLY);
	int e = errno;
	close(fd);
	errno = e;
	return again;
}
static int how(const char *path, uint64_t flags, uint64_t resolve, int at)
{
	struct open_how h = { .flags = flags, .resolve = resolve };
	return (int)syscall(SYS_openat2, at, path, &h, sizeof h);
}
static void opens(void)
{
	int d, at = open(".", O_PATH | O_DIRECTORY);
	struct stat st;
	struct statx sx;

	OPEN("open", syscall(SYS_open, key, O_RDONLY));
	OPEN("openat", openat(AT_FDCWD, key, O_RDONLY));
	OPEN("open for writing", open(key, O_RDWR));
	OPEN("O_CREAT", open(key, O_RDWR | O_CREAT, 0600));
	OPEN("O_PATH, then /proc/self/fd", reopened(open(key, O_PATH)));
	OPEN("openat2", how(key, O_RDONLY, 0, AT_FDCWD));
	OPEN("openat2, no links", how(key, O_RDONLY, RESOLVE_NO_MAGICLINKS, AT_FDCWD));
	OPEN("openat2 in /", how(key, O_RDONLY, RESOLVE_IN_ROOT, d = open("/", O_PATH)));
	close(d);
	OPEN("openat2 beneath", how(strrchr(key, '/') + 1, O_RDONLY, RESOLVE_BENEATH, d = open(dir, O_PATH)));
	close(d);
	OPEN("the directory, then a name", openat(d = open(dir, O_RDONLY | O_DIRECTORY), "key", O_RDONLY));
	close(d);
	snprintf(buf, sizeof buf, "%s/../%s/./key", dir, strrchr(dir, '/') + 1);
	OPEN("..", open(buf, O_RDONLY));
	snprintf(buf, sizeof buf, "//%s///key", dir + 1);
	OPEN("//", open(buf, O_RDONLY));
	snprintf(buf, sizeof buf, "/proc/self/root%s", key);
	OPEN("/proc/self/root", open(buf, O_RDONLY));
	snprintf(buf, sizeof buf, "/proc/%d/cwd/%s/key", getpid(), strrchr(dir, '/') + 1);
	OPEN("/proc/PID/cwd", open(buf, O_RDONLY));
	snprintf(buf, sizeof buf, "/proc/thread-self/root%s", key);
	OPEN("/proc/thread-self/root", open(buf, O_RDONLY));
	symlink(key, link_);
	OPEN("a link", open(link_, O_RDONLY));
	OPEN("a link, O_CREAT", open(link_, O_RDWR | O_CREAT, 0600));
	unlink(link_);
	symlink(dir, link_);
	snprintf(buf, sizeof buf, "%s/key", link_);
	OPEN("a link to the directory", open(buf, O_RDONLY));
	unlink(link_);
	DO("chdir", chdir(dir));
	OPEN("from there", open("key", O_RDONLY));
	fchdir(at);
	DO("stat", stat(key, &st));
	DO("lstat", lstat(key, &st));
	DO("statx", statx(AT_FDCWD, key, 0, STATX_ALL, &sx));
	DO("access", access(key, R_OK));
	DO("readlink of it", readlink(key, buf, sizeof buf) >= 0 || errno == EINVAL ? 0 : -1);
	DO("getxattr", getxattr(key, "user.x", buf, 8) >= 0 || errno == ENODATA || errno == EOPNOTSUPP ? 0 : -1);
	close(at);
}
static void names(void)
{
	char there[PATH_MAX + 16];
	int fd;

	DO("link", linkat(AT_FDCWD, key, AT_FDCWD, link_, 0));
	OPEN("  and its new name", open(link_, O_RDONLY));
	unlink(link_);
	fd = open(key, O_PATH);
	DO("link of a descriptor", linkat(fd, "", AT_FDCWD, link_, AT_EMPTY_PATH));
	close(fd);
	OPEN("  and its new name", open(link_, O_RDONLY));
	unlink(link_);
	DO("rename", rename(key, link_));
	OPEN("  and its new name", open(link_, O_RDONLY));
	rename(link_, key);
	snprintf(there, sizeof there, "%s-moved", dir);
	DO("rename of the directory", rename(dir, there));
	snprintf(buf, sizeof buf, "%s/key", there);
	OPEN("  and its new name", open(buf, O_RDONLY));
	rename(there, dir);
	fd = open("fresh", O_CREAT | O_RDWR, 0600);
	if (write(fd, "other", 5) != 5)
		puts("fresh: cannot be written");
	close(fd);
	mkdir("freshdir", 0700);
	DO("exchange of directories", syscall(SYS_renameat2, AT_FDCWD, "freshdir", AT_FDCWD, dir, 2));
	OPEN("  and its new name", open("freshdir/key", O_RDONLY));
	if (!access("freshdir/key", F_OK))
		syscall(SYS_renameat2, AT_FDCWD, "freshdir", AT_FDCWD, dir, 2);
	rmdir("freshdir");
	snprintf(buf, sizeof buf, "%s/new", dir);
	DO("rename into", rename("fresh", buf));
	unlink(buf);
	unlink("fresh");
	DO("mkdir", mkdir(buf, 0700));
	rmdir(buf);
	DO("mknod", mknod(buf, S_IFIFO | 0600, 0));
	unlink(buf);
	DO("symlink", symlink("x", buf));
	unlink(buf);
	fd = open(dir, O_TMPFILE | O_RDWR, 0600);
	DO("O_TMPFILE", fd);
	close(fd);
	fd = open(".", O_TMPFILE | O_RDWR, 0600);
	char self[64];
	snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	DO("O_TMPFILE and link", linkat(AT_FDCWD, self, AT_FDCWD, buf, AT_SYMLINK_FOLLOW));
	unlink(buf);
	close(fd);
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	snprintf(un.sun_path, sizeof un.sun_path, "%s/sock", strrchr(dir, '/') + 1);
	DO("bind", bind(s, (void *)&un, sizeof un));
	close(s);
	snprintf(buf, sizeof buf, "%s/sock", dir);
	unlink(buf);
	DO("truncate", truncate(key, 12));
	DO("chmod", chmod(key, 0600));
	DO("fchmodat2 of a descriptor", syscall(452, fd = open(key, O_PATH), "", 0600, AT_EMPTY_PATH));
	close(fd);
	DO("utimensat", utimensat(AT_FDCWD, key, NULL, 0));
	DO("unlink", unlink(key));
}
static void restore(void)
{
	int fd = open(key, O_CREAT | O_WRONLY, 0600);
	if (fd >= 0 && write(fd, "secret text\n", 12) < 0)
		puts("cannot be restored");
	close(fd);
}
static int child(int (*fn)(void))
{
	fflush(stdout);
	pid_t p = fork();
	int status = 0;
	if (!p)
		_exit(fn());
	waitpid(p, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}
static char *const none[] = { "run", NULL };
static int by_execve(void) { execve(run, none, none + 1); return 100; }
static int by_execveat(void) { return syscall(SYS_execveat, AT_FDCWD, run, none, none + 1, 0) ? 100 : 0; }
static int by_fd(void) { return syscall(SYS_execveat, open(run, O_PATH), "", none, none + 1, AT_EMPTY_PATH) ? 100 : 0; }
static int by_proc(void)
{
	snprintf(buf, sizeof buf, "/proc/self/fd/%d", open(run, O_PATH));
	execve(buf, none, none + 1);
	return 100;
}
static int by_script(void)
{
	FILE *f = fopen("script", "w");
	fprintf(f, "#!%s\n", run);
	fchmod(fileno(f), 0755);
	fclose(f);
	execve("./script", none, none + 1);
	return 100;
}
static int by_vfork(void)
{
	int status;
	pid_t p = vfork();
	if (!p) {
		execve(run, none, none + 1);
		_exit(100);
	}
	waitpid(p, &status, 0);
	return WEXITSTATUS(status);
}
static void execs(void)
{
	tell("execve", child(by_execve) == 0, 0);
	tell("execveat", child(by_execveat) == 0, 0);
	tell("execveat of a descriptor", child(by_fd) == 0, 0);
	tell("execve of /proc/self/fd", child(by_proc) == 0, 0);
	tell("as an interpreter", child(by_script) == 0, 0);
	tell("vfork and execve", child(by_vfork) == 0, 0);
}
static void *in_thread(void *p)
{
	OPEN("in a thread", open(key, O_RDONLY));
	return p;
}
static int in_child(void)
{
	OPEN("in a child", open(key, O_RDONLY));
	fflush(stdout);
	return 0;
}
/* What gives files and names past all paths: said only whether it is to be had. */
static void around(void)
{
	union { struct file_handle h; char b[sizeof(struct file_handle) + 128]; } f = { .h.handle_bytes = 128 };
	struct io_uring_params p = { 0 };
	int mount_id, at = open("/", O_RDONLY), fd;

	if (name_to_handle_at(AT_FDCWD, ".", &f.h, &mount_id, 0))
		puts("open_by_handle_at            no");
	else
		DO("open_by_handle_at", fd = open_by_handle_at(at, &f.h, O_RDONLY));
	DO("io_uring_setup", fd = (int)syscall(SYS_io_uring_setup, 4, &p));
	DO("unshare", unshare(CLONE_NEWUSER | CLONE_NEWNS));
	DO("clone", syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0) == 0 ? (_exit(0), 0) : errno ? -1 : 0);
	DO("mount", mount(dir, "mnt", NULL, MS_BIND, NULL));
	OPEN("  and what is there", open("mnt/key", O_RDONLY));
	umount("mnt");
	DO("open_tree", (int)syscall(SYS_open_tree, AT_FDCWD, dir, 1));
	while (wait(NULL) > 0)
		;
}
/* The policy lies in our memory: it is not ours to change, unmap or map over. */
static void policy(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long lo, hi;
	char perms[8], line[512];

	while (maps && fgets(line, sizeof line, maps))
		if (strstr(line, "guise policy") && sscanf(line, "%lx-%lx %7s", &lo, &hi, perms) == 3) {
			printf("the policy is mapped         %s\n", perms);
			DO("  made writable", mprotect((void *)lo, hi - lo, PROT_READ | PROT_WRITE));
			munmap((void *)lo, hi - lo);     /* says 0, as for what is not mapped: it is not the guest's */
			DO("  moved", mremap((void *)lo, hi - lo, 2 * (hi - lo), MREMAP_MAYMOVE) == MAP_FAILED ? -1 : 0);
			DO("  mapped over", mmap((void *)lo, hi - lo, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED ?
			   -1 : 0);
			DO("  forgotten", madvise((void *)lo, hi - lo, MADV_DONTNEED));
			OPEN("  and then opened", open(key, O_RDONLY));
		}
	if (maps)
		fclose(maps);
}
static int rooted(void)
{
	char path[64] = "/key";
	if (chroot(dir) || chdir("/"))
		return 1;
	OPEN("chroot", open(path, O_RDONLY));
	fflush(stdout);
	return 0;
}
int main(int argc, char **argv)
{
	pthread_t t;

	setbuf(stdout, NULL);
	if (argc < 2 || snprintf(dir, sizeof dir, "%s", argv[1]) < 2)
		return 1;
	snprintf(key, sizeof key, "%s/key", dir);
	snprintf(run, sizeof run, "%s/run", dir);
	snprintf(link_, sizeof link_, "link");
	mkdir("mnt", 0700);
	opens();
	names();
	restore();
	pthread_create(&t, NULL, in_thread, NULL);
	pthread_join(t, NULL);
	child(in_child);
	execs();
	if (child(rooted))
		puts("chroot                       no");
	if (argc > 2)
		around(), policy();
	return 0;
}
