/* SPDX-License-Identifier: BSD-2-Clause
 * Descriptors: dup in all its forms, flags, owners, close_range; the lowest free number is always taken. */
#include "fbsd.h"

int main(int argc, char **argv)
{
	struct rlimit rl;
	long fd;
	int p[2];

	show(fd = open("f", O_RDWR | O_CREAT, 0644));
	show(dup(fd));
	show(dup2(fd, 10));
	show(dup2(fd, fd));
	show(dup2(99, 11));
	show(dup2(99, 99));
	show(dup2(fd, -1));
	show(dup(-1));
	show(fcntl(fd, F_DUPFD, 20));
	show(fcntl(fd, F_DUPFD, 20));
	show(fcntl(fd, F_DUPFD, -1));
	show(fcntl(fd, F_DUPFD_CLOEXEC, 20));
	show(fcntl(22, F_GETFD, 0));
	show(fcntl(21, F_GETFD, 0));
	show(fcntl(fd, F_DUP2FD, 30));
	show(fcntl(fd, F_DUP2FD_CLOEXEC, 31));
	show(fcntl(31, F_GETFD, 0));
	show(fcntl(fd, F_SETFD, FD_CLOEXEC));
	show(fcntl(fd, F_GETFD, 0));
	show(fcntl(fd, F_SETFD, 0));
	show(fcntl(fd, F_GETFL, 0) == O_RDWR);
	show(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK));
	show(fcntl(fd, F_GETFL, 0) == (O_RDWR | O_APPEND | O_NONBLOCK));
	show(fcntl(10, F_GETFL, 0) == (O_RDWR | O_APPEND | O_NONBLOCK));
	show(fcntl(fd, 999, 0));
	show(fcntl(99, F_GETFD, 0));
	show(fcntl(fd, F_ISUNIONSTACK, 0));
	pipe2(p, 0);
	say("pipe %d %d\n", p[0], p[1]);
	show(close_range(5, 29, 0));
	show(fcntl(30, F_GETFD, 0));
	show(fcntl(20, F_GETFD, 0));
	show(close_range(30, 40, 4));
	show(fcntl(30, F_GETFD, 0));
	show(close_range(9, 8, 0));
	show(close_range(8, 9, 0x80));
	show(sys(SYS_freebsd12_closefrom, 5));
	show(fcntl(30, F_GETFD, 0));
	show(dup(0));
	show(close(5));
	show(close(5));
	show(getrlimit(RLIMIT_NOFILE, &rl));
	yes(rl.cur >= 64 && getdtablesize() <= rl.cur);
	rl.cur = 40;
	show(setrlimit(RLIMIT_NOFILE, &rl));
	show(dup2(fd, 40));
	show(dup2(fd, 39));
	show(fcntl(fd, F_DUPFD, 40));
	while ((fd = dup(0)) >= 0)
		;
	show(fd);
	return 0;
}
