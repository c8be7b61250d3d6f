/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Terminals, for the tests of them: requests and struct termios of FreeBSD 15.0 (sys/ttycom.h, sys/filio.h, sys/_termios.h),
 * the slave of a pseudo terminal, and what is there to be read.
 */
#pragma once
#include "fbsd.h"

#define IO(g, n) (0x20000000u | (g) << 8 | (n))
#define IOR(g, n, s) (0x40000000u | (s) << 16 | (g) << 8 | (n))
#define IOW(g, n, s) (0x80000000u | (s) << 16 | (g) << 8 | (n))
#define IOWR(g, n, s) (0xc0000000u | (s) << 16 | (g) << 8 | (n))
enum {
	TIOCEXCL = IO('t', 13), TIOCNXCL = IO('t', 14), TIOCGPTN = IOR('t', 15, 4), TIOCFLUSH = IOW('t', 16, 4),
	TIOCGETA = IOR('t', 19, 44), TIOCSETA = IOW('t', 20, 44), TIOCSETAW = IOW('t', 21, 44), TIOCSETAF = IOW('t', 22, 44),
	TIOCGETD = IOR('t', 26, 4), TIOCSETD = IOW('t', 27, 4), TIOCPTMASTER = IO('t', 28), TIOCDRAIN = IO('t', 94),
	TIOCSCTTY = IO('t', 97), TIOCCONS = IOW('t', 98, 4), TIOCGSID = IOR('t', 99, 4), TIOCSWINSZ = IOW('t', 103, 8),
	TIOCGWINSZ = IOR('t', 104, 8), TIOCMGET = IOR('t', 106, 4), TIOCMBIC = IOW('t', 107, 4), TIOCMBIS = IOW('t', 108, 4),
	TIOCMSET = IOW('t', 109, 4), TIOCSTART = IO('t', 110), TIOCSTOP = IO('t', 111), TIOCPKT = IOW('t', 112, 4),
	TIOCNOTTY = IO('t', 113), TIOCSTI = IOW('t', 114, 1), TIOCOUTQ = IOR('t', 115, 4), TIOCSPGRP = IOW('t', 118, 4),
	TIOCGPGRP = IOR('t', 119, 4), TIOCCDTR = IO('t', 120), TIOCSDTR = IO('t', 121), TIOCCBRK = IO('t', 122),
	TIOCSBRK = IO('t', 123), FIODGNAME = IOW('f', 120, 16), FIODTYPE = IOR('f', 122, 4), FIONREAD = IOR('f', 127, 4),
};
enum { ECHO = 8, ICANON = 0x100, ISIG = 0x80, OPOST = 1, ONLCR = 2, CS8 = 0x300, PARENB = 0x1000, VERASE = 3, VMIN = 16, VTIME = 17, VEOL = 1 };
struct termios { u32 iflag, oflag, cflag, lflag; u8 cc[20]; u32 ispeed, ospeed; };

static inline void slave_name(char to[20], u32 n)
{
	strcpy(to, "/dev/pts/");
	char *s = to + 9;
	for (u32 d = 1000000000, on = 0; d; d /= 10)
		if ((on |= n / d) || d == 1)
			*s++ = (char)('0' + n / d % 10);
	*s = 0;
}
static inline long open_slave(long master, char name[20])
{
	u32 n = 0;
	ioctl(master, TIOCGPTN, &n);
	slave_name(name, n);
	return open(name, O_RDWR | O_NOCTTY, 0);
}
/* The host hands bytes over a little later. */
static inline int waiting_for(long fd, int bytes)
{
	int n = 0;
	for (int i = 0; i < 500 && n < bytes; i++, sleep_ms(2))
		ioctl(fd, FIONREAD, &n);
	return n;
}
static inline int waiting(long fd) { return waiting_for(fd, 1); }
