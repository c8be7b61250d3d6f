/* SPDX-License-Identifier: BSD-2-Clause
 * A pseudo terminal: opening, names, settings there and back, sizes, flushing, bytes waiting; requests nobody takes. */
#include "fbsd.h"

#define IO(g, n) (0x20000000u | (g) << 8 | (n))
#define IOR(g, n, s) (0x40000000u | (s) << 16 | (g) << 8 | (n))
#define IOW(g, n, s) (0x80000000u | (s) << 16 | (g) << 8 | (n))
#define IOWR(g, n, s) (0xc0000000u | (s) << 16 | (g) << 8 | (n))
enum {
	TIOCGPTN = IOR('t', 15, 4), TIOCFLUSH = IOW('t', 16, 4), TIOCGETA = IOR('t', 19, 44), TIOCSETA = IOW('t', 20, 44),
	TIOCSETAW = IOW('t', 21, 44), TIOCSETAF = IOW('t', 22, 44), TIOCGETD = IOR('t', 26, 4), TIOCSETD = IOW('t', 27, 4),
	TIOCPTMASTER = IO('t', 28), TIOCDRAIN = IO('t', 94), TIOCCONS = IOW('t', 98, 4), TIOCGSID = IOR('t', 99, 4),
	TIOCSWINSZ = IOW('t', 103, 8), TIOCGWINSZ = IOR('t', 104, 8), TIOCSTART = IO('t', 110), TIOCSTOP = IO('t', 111),
	TIOCOUTQ = IOR('t', 115, 4), TIOCGPGRP = IOR('t', 119, 4), FIONREAD = IOR('f', 127, 4), FIODTYPE = IOR('f', 122, 4),
	FIODGNAME = IOW('f', 120, 16),
};
enum { ECHO = 8, ICANON = 0x100, ISIG = 0x80, OPOST = 1, ONLCR = 2, CS8 = 0x300, PARENB = 0x1000, VERASE = 3, VMIN = 16, VTIME = 17, VEOL = 1 };
struct termios { u32 iflag, oflag, cflag, lflag; u8 cc[20]; u32 ispeed, ospeed; };
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

static int open_slave(int master)
{
	char path[16] = "/dev/pts/";
	int n = 0, at = 9;

	ioctl(master, TIOCGPTN, &n);
	if (n >= 100)
		path[at++] = '0' + n / 100;
	if (n >= 10)
		path[at++] = '0' + n / 10 % 10;
	path[at] = '0' + n % 10;
	return open(path, O_RDWR | O_NOCTTY, 0);
}

/* The host hands bytes over a little later. */
static int arrived(int fd)
{
	int n = 0;

	for (int i = 0; i < 500 && !n; i++, sleep_ms(2))
		ioctl(fd, FIONREAD, &n);
	return n;
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
	char buf[16];
	int n = -1, both = 0;
	long master = sys(SYS_posix_openpt, O_RDWR | O_NOCTTY | O_CLOEXEC);
	long slave = open_slave(master);

	say("%s %s\n", master > 2 ? "master" : errname(-master), slave > 2 ? "slave" : errname(-slave));
	show(fcntl(master, F_GETFD, 0));
	show(sys(SYS_posix_openpt, O_RDWR | O_APPEND));
	settings(slave);
	show(ioctl(slave, TIOCSWINSZ, &w));
	show(ioctl(master, TIOCGWINSZ, &got));
	say("%d x %d, %d x %d\n", got.row, got.col, got.x, got.y);
	show(write(master, "abc", 3));
	show(arrived(slave));
	show(ioctl(slave, TIOCFLUSH, &both));
	show(ioctl(slave, FIONREAD, &n));
	say("%d\n", n);
	show(write(slave, "x\ny", 3));
	show(ioctl(slave, TIOCDRAIN, 0));
	show(arrived(master));
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
