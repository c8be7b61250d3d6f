/* SPDX-License-Identifier: BSD-2-Clause
 * With nothing but a root a program has the pseudo terminals that it makes, in itself and in its children, and no others; those
 * are found by their names, as openpty and ttyname look for them.
 * TEST options: --root {built}/guest/freebsd/rt --root-only --bind {built}/guest:{built}/guest
 */
#include "tty.h"

int main(int argc, char **argv)
{
	struct stat st;
	char path[32], c;
	long m = sys(SYS_posix_openpt, O_RDWR | O_NOCTTY), s, p;
	u32 n = 0;

	yes(m >= 0);
	show(ioctl(m, TIOCGPTN, &n));
	slave_name(path, n);
	works(fstatat(AT_FDCWD, path, &st, 0));
	works(s = open(path, O_RDWR | O_NOCTTY, 0));
	write(s, "x", 1);
	yes(read(m, &c, 1) == 1 && c == 'x');
	if (!(p = fork())) {
		close(m);
		works(open(path, O_RDWR | O_NOCTTY, 0));
		close(s);
		for (int fd = 3; fd < 20; fd++)
			close(fd);
		show(open(path, O_RDWR | O_NOCTTY, 0));
		quit(0);
	}
	wait_for(p);
	slave_name(path, n + 5000);
	show(open(path, O_RDWR | O_NOCTTY, 0));
	show(open("/dev/ptmx", O_RDWR, 0));
	show(fstatat(AT_FDCWD, "/dev/pts", &st, 0));
	show(fstatat(AT_FDCWD, "/etc/passwd", &st, 0));
	return 0;
}
