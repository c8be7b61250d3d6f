/* SPDX-License-Identifier: BSD-2-Clause
 * Descriptors at the edges: numbers beyond the limit, ranges, duplicates, what /proc shows of them.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SHOW(call) do { errno = 0; long r_ = (long)(call); printf("%s: %ld errno %d\n", #call, r_, errno); } while (0)
static void list(void)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;
	while (d && (e = readdir(d)))
		printf("%s ", e->d_name);
	printf("\n");
	closedir(d);
}
int main(void)
{
	struct rlimit r;
	struct stat st;

	setbuf(stdout, NULL);
	r.rlim_cur = 64;
	getrlimit(RLIMIT_NOFILE, &r);
	r.rlim_cur = 64;
	SHOW(setrlimit(RLIMIT_NOFILE, &r));
	getrlimit(RLIMIT_NOFILE, &r);
	printf("cur %lu\n", (unsigned long)r.rlim_cur);
	list();
	SHOW(dup2(1, 63));
	SHOW(dup2(1, 64));
	SHOW(dup2(1, 60000));
	SHOW(dup2(1, -1));
	SHOW(dup2(63, 63));
	SHOW(dup2(50, 50));
	SHOW(dup3(1, 1, 0));
	SHOW(dup3(1, 20, O_CLOEXEC));
	SHOW(fcntl(20, F_GETFD));
	SHOW(fcntl(1, F_DUPFD, 40));
	SHOW(fcntl(1, F_DUPFD_CLOEXEC, 40));
	SHOW(fcntl(1, F_DUPFD, 64));
	SHOW(fcntl(1, F_DUPFD, -1));
	list();
	SHOW(syscall(SYS_close_range, 40, 41, 0));
	SHOW(syscall(SYS_close_range, 20, ~0u, 4));
	SHOW(syscall(SYS_close_range, 5, 4, 0));
	SHOW(syscall(SYS_close_range, 5, 6, 64));
	SHOW(syscall(SYS_close_range, 100000, ~0u, 0));
	list();
	SHOW(syscall(SYS_close_range, 3, ~0u, 0));
	list();
	SHOW(close(3));
	SHOW(close(1000000));
	SHOW(close(-1));
	int n = 0;
	while (open("/dev/null", O_RDONLY) >= 0)
		n++;
	printf("opened %d errno %d\n", n, errno);
	int p[2];
	SHOW(pipe(p));
	SHOW(socket(AF_UNIX, SOCK_STREAM, 0));
	SHOW(fstat(70000, &st));
	SHOW(close(10));
	SHOW(openat(70000, "x", O_RDONLY));
	SHOW(open("/proc/self/fd/70000", O_RDONLY));
	return 0;
}
