/* SPDX-License-Identifier: BSD-2-Clause
 * Advisory locks: records by fcntl (with FreeBSD's own field order and type numbers), whole files by flock and by open. */
#include "fbsd.h"

static struct flock fl(int type, long start, long len)
{
	return (struct flock){ start, len, 0, (short)type, SEEK_SET, 0 };
}

int main(int argc, char **argv)
{
	struct flock l;
	long fd = open("f", O_RDWR | O_CREAT, 0644), other, me = getpid(), child;
	int p[2];
	char c;

	l = fl(F_WRLCK, 10, 20);
	show(fcntl(fd, F_SETLK, &l));
	l = fl(F_WRLCK, 15, 1);
	show(fcntl(fd, F_GETLK, &l));
	show(l.type);
	if ((child = fork()) == 0) {
		l = fl(F_RDLCK, 15, 1);
		show(fcntl(fd, F_SETLK, &l));
		show(fcntl(fd, F_GETLK, &l));
		say("type %d start %ld len %ld whence %d pid is the parent %d\n", l.type, l.start, l.len, l.whence, l.pid == me);
		l = fl(F_RDLCK, 40, 5);
		show(fcntl(fd, F_SETLK, &l));
		quit(0);
	}
	wait_for(child);
	pipe2(p, 0);
	if ((child = fork()) == 0) {
		l = fl(F_WRLCK, 0, 0);
		write(p[1], "x", 1);
		long got = fcntl(fd, F_SETLKW, &l);
		sleep_ms(100);          /* the parent tells of its unlocking first */
		say("fcntl(fd, F_SETLKW, &l): %e\n", got);
		quit(0);
	}
	read(p[0], &c, 1);
	sleep_ms(50);
	say("unlocking\n");
	l = fl(F_UNLCK, 0, 0);
	show(fcntl(fd, F_SETLK, &l));
	wait_for(child);
	l = fl(9, 0, 0);
	show(fcntl(fd, F_SETLK, &l));
	show(fcntl(fd, F_SETLK, 8));
	l = fl(F_RDLCK, 0, 0);
	show(fcntl(p[0], F_SETLK, &l));
	show(fcntl(99, F_SETLK, &l));

	say("flock\n");
	other = open("f", O_RDWR, 0);
	show(flock(fd, LOCK_EX));
	show(flock(other, LOCK_EX | LOCK_NB));
	show(flock(fd, LOCK_UN));
	show(flock(other, LOCK_SH | LOCK_NB));
	show(flock(fd, LOCK_SH | LOCK_NB));
	show(flock(fd, LOCK_EX | LOCK_NB));
	close(other);
	close(fd);
	show(flock(99, LOCK_SH));
	say("open\n");
	show(fd = open("f", O_RDWR | O_EXLOCK, 0));
	show(open("f", O_RDWR | O_EXLOCK | O_NONBLOCK, 0));
	show(open("f", O_RDWR | O_SHLOCK | O_NONBLOCK, 0));
	close(fd);
	show(fd = open("f", O_RDWR | O_SHLOCK | O_NONBLOCK, 0));
	show(other = open("f", O_RDWR | O_SHLOCK | O_NONBLOCK, 0));
	return 0;
}
