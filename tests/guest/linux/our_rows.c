/* SPDX-License-Identifier: BSD-2-Clause
 * Calls that are not simply made again, each doing its work: paths in their rarer forms, attributes, sleeping with another
 * mask, pairs of descriptors, limits, memory under keys and seals. What a host does not have it says itself, on both sides.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/epoll.h>
#include <sys/fanotify.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#define TELL(call) do { errno = 0; long r_ = (long)(call); \
	printf("%s: %ld%s%s\n", #call, r_, r_ < 0 ? " " : "", r_ < 0 ? strerrorname_np(errno) : ""); } while (0)
/* the result itself differs from run to run */
#define WORKS(call) do { errno = 0; long r_ = (long)(call); printf("%s: %s\n", #call, r_ < 0 ? strerrorname_np(errno) : "ok"); } while (0)

static char buf[4096];
static volatile int hits;
static void on_signal(int sig) { hits++; }

static void attributes(void)
{
	struct { uint64_t value; uint32_t size, flags; } args = { (uint64_t)(uintptr_t)"five", 4, 0 };

	TELL(syscall(SYS_lsetxattr, "f", "user.a", "first", 5, 0));
	TELL(syscall(SYS_lgetxattr, "f", "user.a", buf, 64));
	TELL(syscall(SYS_llistxattr, "f", buf, 64));
	TELL(syscall(SYS_lsetxattr, "l", "user.a", "first", 5, 0));
	TELL(syscall(SYS_lgetxattr, "l", "user.a", buf, 64));
	TELL(syscall(SYS_removexattr, "l", "user.a"));
	TELL(syscall(SYS_lremovexattr, "f", "user.a"));
	TELL(syscall(463, AT_FDCWD, "f", 0, "user.b", &args, sizeof(args)));          /* setxattrat */
	memset(buf, 0, 64);
	args.value = (uint64_t)(uintptr_t)buf, args.size = 64;
	TELL(syscall(464, AT_FDCWD, "f", 0, "user.b", &args, sizeof(args)));
	printf("%s\n", buf);
	TELL(syscall(465, AT_FDCWD, "f", 0, buf, 64));
	TELL(syscall(466, AT_FDCWD, "f", 0, "user.b"));
	TELL(syscall(466, AT_FDCWD, "none", 0, "user.b"));
	TELL(syscall(468, AT_FDCWD, "f", buf, 24, 0));                                  /* file_getattr */
	TELL(syscall(469, AT_FDCWD, "f", buf, 24, 0));
	TELL(syscall(468, AT_FDCWD, "none", buf, 24, 0));
}
static void paths(void)
{
	struct { unsigned bytes; int type; unsigned char handle[128]; } h = { .bytes = 128 };
	struct stat st;
	int mount, fan;

	TELL(syscall(SYS_fchownat, AT_FDCWD, "f", -1, -1, 0));
	TELL(syscall(SYS_fchownat, AT_FDCWD, "none", -1, -1, 0));
	TELL(syscall(SYS_faccessat, AT_FDCWD, "f", R_OK));
	TELL(syscall(SYS_faccessat, AT_FDCWD, "none", R_OK));
	TELL(syscall(452, AT_FDCWD, "f", 0640, 0));                                     /* fchmodat2 */
	TELL(syscall(452, AT_FDCWD, "l", 0640, AT_SYMLINK_NOFOLLOW));
	TELL(stat("f", &st));
	printf("%o\n", st.st_mode);
	WORKS(syscall(SYS_name_to_handle_at, AT_FDCWD, "f", &h, &mount, 0));
	WORKS(fan = (int)syscall(SYS_fanotify_init, FAN_CLASS_NOTIF, O_RDONLY));
	WORKS(syscall(SYS_fanotify_mark, fan, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, "f"));
	TELL(syscall(SYS_fanotify_mark, fan, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, "none"));
	close(fan);
	if (!fork()) {
		TELL(syscall(SYS_chroot, "none"));
		TELL(syscall(SYS_chroot, "f"));
		int e = chroot("d") ? errno : chdir("/");
		printf("chroot %s\n", e == EPERM ? "not allowed" : e ? strerrorname_np(e) : access("/inside", F_OK) ? "WRONG" : "done");
		exit(0);
	}
	wait(NULL);
}
static void descriptors(void)
{
	struct sockaddr_un a = { AF_UNIX, "sock" }, from;
	socklen_t len = sizeof(from);
	struct rlimit r, old;
	int p[2], l, c;

	TELL(syscall(SYS_pipe, p));
	TELL(syscall(SYS_dup, p[0]));
	TELL(syscall(SYS_pipe, 8));
	TELL(syscall(SYS_dup, 999));
	l = socket(AF_UNIX, SOCK_STREAM, 0);
	c = socket(AF_UNIX, SOCK_STREAM, 0);
	TELL(bind(l, (struct sockaddr *)&a, sizeof(a)));
	TELL(listen(l, 1));
	TELL(connect(c, (struct sockaddr *)&a, sizeof(a)));
	TELL(syscall(SYS_accept, l, &from, &len));
	printf("from %d bytes\n", (int)len);
	TELL(syscall(SYS_getrlimit, RLIMIT_NOFILE, &old));
	r = (struct rlimit){ 40, old.rlim_max };
	TELL(syscall(SYS_setrlimit, RLIMIT_NOFILE, &r));
	TELL(syscall(SYS_getrlimit, RLIMIT_NOFILE, &r));
	printf("%ld\n", (long)r.rlim_cur);
	TELL(dup2(0, 40));
	TELL(dup2(0, 39));
	syscall(SYS_setrlimit, RLIMIT_NOFILE, &old);
	l = open("d", O_RDONLY | O_DIRECTORY);
	long n = syscall(SYS_getdents, l, buf, sizeof(buf)), names = 0;
	for (long i = 0; i < n; i += *(unsigned short *)(buf + i + 16))
		names++;
	printf("getdents: %ld names\n", names);
	TELL(syscall(SYS_getdents, c, buf, sizeof(buf)));
}
static void masks(void)
{
	sigset_t usr1, none, got;
	struct timespec soon = { 5, 0 };
	struct epoll_event ev;
	struct sigaction sa = { .sa_handler = on_signal };
	int ep = epoll_create1(0);
	unsigned long ring = 0;

	sigemptyset(&none);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigaction(SIGUSR1, &sa, NULL);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
#define ASLEEP(call) do { raise(SIGUSR1); TELL(call); printf("hits %d, ", hits); sigprocmask(0, NULL, &got); \
	printf("blocked again %d\n", sigismember(&got, SIGUSR1)); } while (0)
	ASLEEP(syscall(SYS_rt_sigsuspend, &none, 8));
	ASLEEP(syscall(SYS_epoll_pwait, ep, &ev, 1, 5000, &none, 8));
	ASLEEP(syscall(SYS_epoll_pwait2, ep, &ev, 1, &soon, &none, 8));
	ASLEEP(syscall(SYS_ppoll, NULL, 0, &soon, &none, 8));
	ASLEEP(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &soon, (void *[]){ &none, (void *)8 }));
	TELL(syscall(SYS_epoll_pwait, ep, &ev, 1, 0, &none, 4));
	TELL(syscall(SYS_rt_sigsuspend, &none, 4));
	if (syscall(SYS_io_setup, 4, &ring) == 0)
		ASLEEP(syscall(SYS_io_pgetevents, ring, 1, 1, buf, &soon, (void *[]){ &none, (void *)8 }));
	TELL(syscall(SYS_io_uring_enter, 999, 0, 0, 0, &none, 8l));
}
static void memory(void)
{
	char *m = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *q = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	TELL(syscall(SYS_pkey_mprotect, m, 4096, PROT_READ, -1));
	TELL(syscall(SYS_pkey_mprotect, m, 4096, PROT_READ | PROT_WRITE, 15));
	TELL(syscall(SYS_pkey_mprotect, m, 4096, PROT_READ | PROT_WRITE, -1));
	m[0] = 'x', m[4096] = 'y';
	TELL(syscall(SYS_remap_file_pages, m, 4096, 0, 1, 0));
	printf("%c\n", m[0]);
	TELL(syscall(462, q, 4096, 0));                                                 /* mseal */
	TELL(syscall(462, q, 4096, 1));
	TELL(munmap(q, 4096));
	TELL(personality(0xffffffff));
	TELL(personality(PER_LINUX));
}
static void others(void)
{
	siginfo_t si = { .si_code = SI_QUEUE };
	int fd;

	fflush(stdout);
	if (!syscall(SYS_fork))
		_exit(5);
	int status;
	wait(&status);
	printf("fork: %d\n", WEXITSTATUS(status));
	WORKS(fd = (int)syscall(SYS_pidfd_open, getpid(), 0));
	TELL(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0));
	si.si_signo = SIGUSR1;
	hits = 0;
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	TELL(syscall(SYS_pidfd_send_signal, fd, SIGUSR1, &si, 0));
	printf("hits %d\n", hits);
	TELL(syscall(SYS_pidfd_send_signal, 999, SIGUSR1, NULL, 0));
}
int main(void)
{
	int fd = open("f", O_RDWR | O_CREAT, 0644);

	setvbuf(stdout, NULL, _IOLBF, 0);
	close(fd);
	if (symlink("f", "l") || mkdir("d", 0755))
		perror("f");
	close(open("d/inside", O_RDWR | O_CREAT, 0644));
	attributes();
	paths();
	descriptors();
	masks();
	memory();
	others();
	return 0;
}
