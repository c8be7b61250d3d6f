/* SPDX-License-Identifier: BSD-2-Clause
 * Descriptors: dup in all its forms, flags, owners, close_range; the lowest free number is always taken. */
#include "fbsd.h"

enum { F_READAHEAD = 15, F_RDAHEAD = 16, F_OSETLKW_ = 9, F_DUP3FD = 24 };

/* who gets SIGIO; hints; a descriptor with flags in the upper half of the command */
static void rest(void)
{
	struct { long start, len; int pid; short type, whence; } old = { 0, 1, 0, F_WRLCK, SEEK_SET };
	long fd = open("f", O_RDWR, 0), at, kid;
	int s[2], st;

	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	show(fcntl(s[0], F_GETOWN, 0));
	show(fcntl(s[0], F_SETOWN, getpid()));
	yes(fcntl(s[0], F_GETOWN, 0) == getpid());
	show(fcntl(s[0], F_SETOWN, -getpgrp()));
	yes((int)fcntl(s[0], F_GETOWN, 0) == -getpgrp());
	show(fcntl(s[0], F_SETOWN, 99999999));
	show(fcntl(s[0], F_SETOWN, 0));
	show(fcntl(s[0], F_GETOWN, 0));
	show(fcntl(99, F_GETOWN, 0));
	show(fcntl(fd, F_READAHEAD, 65536));
	show(fcntl(fd, F_READAHEAD, -1));
	show(fcntl(fd, F_RDAHEAD, 1));
	show(fcntl(fd, F_RDAHEAD, 0));
	show(fcntl(s[0], F_READAHEAD, 65536));
	show(fcntl(open(".", O_RDONLY, 0), F_RDAHEAD, 1));
	show(fcntl(99, F_RDAHEAD, 1));
	show(fcntl(fd, F_DUP3FD, 50));
	show(fcntl(50, F_GETFD, 0));
	show(fcntl(fd, F_DUP3FD | FD_CLOEXEC << 16, 51));
	show(fcntl(51, F_GETFD, 0));
	show(fcntl(99, F_DUP3FD, 52));
	show(fcntl(fd, F_DUP3FD, -1));
	/* a lock of another process is waited for */
	if (!(kid = fork())) {
		fcntl(fd, F_OSETLK, &old);
		write(s[1], "k", 1);
		read(s[1], &st, 1);
		sleep_ms(60);
		quit(0);
	}
	read(s[0], &st, 1);
	show(fcntl(fd, F_OSETLK, &old));
	at = now_ms();
	write(s[0], "k", 1);
	show(fcntl(fd, F_OSETLKW_, &old));
	yes(now_ms() - at >= 40);
	wait_for(kid);
	sys(SYS_close_range, 4, 60, 0);
}
int main(int argc, char **argv)
{
	struct rlimit rl;
	long fd;
	int p[2];

	show(fd = open("f", O_RDWR | O_CREAT, 0644));
	rest();
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
