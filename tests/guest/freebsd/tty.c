/* SPDX-License-Identifier: BSD-2-Clause
 * A pseudo terminal: opening, names, settings there and back, sizes, flushing, bytes waiting; requests nobody takes. */
#include "tty.h"

struct winsize { unsigned short row, col, x, y; };
struct dgname { int len; char *buf; };

static struct { struct termios t; u8 guard[8]; } a, b;

static void settings(int fd)
{
	memset(&a, 0xee, sizeof(a));
	show(ioctl(fd, TIOCGETA, &a));
	say("echo %d canon %d isig %d opost %d cs8 %d erase %x eol %x min %d speed %u guard %s\n", !!(a.t.lflag & ECHO),
	    !!(a.t.lflag & ICANON), !!(a.t.lflag & ISIG), !!(a.t.oflag & OPOST), (a.t.cflag & CS8) == CS8, a.t.cc[VERASE],
	    a.t.cc[VEOL], a.t.cc[VMIN], a.t.ospeed, a.guard[0] == 0xee ? "kept" : "WRITTEN");
	a.t.lflag &= ~(ECHO | ICANON);
	a.t.oflag &= ~OPOST;
	a.t.cc[VERASE] = 0xff;
	a.t.cc[VMIN] = 3;
	a.t.cc[VTIME] = 1;
	a.t.ispeed = a.t.ospeed = 57600;
	show(ioctl(fd, TIOCSETAW, &a));
	show(ioctl(fd, TIOCGETA, &b));
	yes(!memcmp(&a.t, &b.t, sizeof(a.t)));
}

static void names(int master, int slave)
{
	char buf[64], small[2];
	struct dgname d = { sizeof(buf), buf }, no = { sizeof(small), small };
	int n = -1, type = -1, null = open("/dev/null", O_RDWR, 0);

	show(ioctl(master, TIOCGPTN, &n));
	yes(n >= 0);
	show(ioctl(master, FIODGNAME, &d));
	yes(!strncmp(buf, "pts/", 4) && buf[4] >= '0' && buf[4] <= '9');
	show(ioctl(slave, FIODGNAME, &no));
	show(ioctl(null, FIODGNAME, &d));
	say("%s\n", buf);
	show(ioctl(slave, FIODTYPE, &type));
	say("type %d\n", type);
	show(ioctl(master, TIOCPTMASTER, 0));
	show(ioctl(slave, TIOCPTMASTER, 0));
}

static void nobody(int slave)
{
	int n = 0;

	put_file("f", "plain");
	long f = open("f", O_RDONLY, 0);
	show(ioctl(f, TIOCGETA, &a));
	show(ioctl(f, FIODTYPE, &n));
	show(ioctl(f, FIONREAD, &n));
	say("%d\n", n);
	show(ioctl(slave, TIOCCONS, &n));
	show(ioctl(slave, IOWR('Z', 250, 8), &n));
	show(ioctl(99, TIOCGETA, &a));
	show(ioctl(slave, TIOCGETA, 8));
	show(ioctl(slave, TIOCGWINSZ | 0xffffffff00000000, &a));        /* the request is 32 bits */
}

int main(int argc, char **argv)
{
	struct winsize w = { 31, 77, 5, 6 }, got = { 0 };
	char buf[16], name[20];
	int n = -1, both = 0;
	long master = sys(SYS_posix_openpt, O_RDWR | O_NOCTTY | O_CLOEXEC);
	long slave = open_slave(master, name);

	say("%s %s\n", master > 2 ? "master" : errname(-master), slave > 2 ? "slave" : errname(-slave));
	show(fcntl(master, F_GETFD, 0));
	show(sys(SYS_posix_openpt, O_RDWR | O_APPEND));
	settings(slave);
	show(ioctl(slave, TIOCSWINSZ, &w));
	show(ioctl(master, TIOCGWINSZ, &got));
	say("%d x %d, %d x %d\n", got.row, got.col, got.x, got.y);
	show(write(master, "abc", 3));
	show(waiting(slave));
	show(ioctl(slave, TIOCFLUSH, &both));
	show(ioctl(slave, FIONREAD, &n));
	say("%d\n", n);
	show(write(slave, "x\ny", 3));
	show(ioctl(slave, TIOCDRAIN, 0));
	show(waiting(master));
	show(read(master, buf, sizeof(buf)));
	show(ioctl(slave, TIOCGETD, &n));
	show(ioctl(slave, TIOCSETD, &n));
	show(ioctl(slave, TIOCGPGRP, &n));
	show(ioctl(slave, TIOCSTOP, 0));
	show(ioctl(slave, TIOCSTART, 0));
	names(master, slave);
	nobody(slave);
	return 0;
}
