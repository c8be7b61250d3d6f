/* SPDX-License-Identifier: BSD-2-Clause
 * Requests to files and sockets: close-on-exec, non-blocking, owners and signals, room and bytes waiting, data and holes,
 * the mark of urgent data, what an interface is asked.
 */
#include "fbsd.h"

#define IO(g, n) (0x20000000u | (g) << 8 | (n))
#define IOR(g, n, s) (0x40000000u | (s) << 16 | (g) << 8 | (n))
#define IOW(g, n, s) (0x80000000u | (s) << 16 | (g) << 8 | (n))
#define IOWR(g, n, s) (0xc0000000u | (s) << 16 | (g) << 8 | (n))
enum {
	FIOCLEX = IO('f', 1), FIONCLEX = IO('f', 2), FIOSEEKDATA = IOWR('f', 97, 8), FIOSEEKHOLE = IOWR('f', 98, 8),
	FIONSPACE = IOR('f', 118, 4), FIONWRITE = IOR('f', 119, 4), FIOGETOWN = IOR('f', 123, 4), FIOSETOWN = IOW('f', 124, 4),
	FIOASYNC = IOW('f', 125, 4), FIONBIO = IOW('f', 126, 4), FIONREAD = IOR('f', 127, 4), SIOCATMARK = IOR('s', 7, 4),
	SIOCSPGRP = IOW('s', 8, 4), SIOCGPGRP = IOR('s', 9, 4), SIOCGIFFLAGS = IOWR('i', 17, 32),
	SIOCGIFMETRIC = IOWR('i', 23, 32), SIOCGIFINDEX = IOWR('i', 32, 32), SIOCGIFADDR = IOWR('i', 33, 32),
	SIOCGIFDSTADDR = IOWR('i', 34, 32), SIOCGIFBRDADDR = IOWR('i', 35, 32), SIOCGIFCONF = IOWR('i', 36, 16),
	SIOCGIFNETMASK = IOWR('i', 37, 32), SIOCGIFMTU = IOWR('i', 51, 32),
};
struct ifreq { char name[16]; union { struct sockaddr_in in; int value; u16 flags[2], index; }; };
_Static_assert(sizeof(struct ifreq) == 32, "ifreq");

static volatile int sigio;
static void on_io(int sig, siginfo_t *si, ucontext_t *uc) { sigio++; }

static void flags(void)
{
	long fd = open("f", O_RDWR | O_CREAT, 0600);
	int p[2], on = 1, off = 0;
	char b;

	show(ioctl(fd, FIOCLEX, 0));
	show(fcntl(fd, F_GETFD, 0));
	show(ioctl(fd, FIONCLEX, 0));
	show(fcntl(fd, F_GETFD, 0));
	show(ioctl(99, FIOCLEX, 0));
	pipe2(p, 0);
	show(ioctl(p[0], FIONBIO, &on));
	show(read(p[0], &b, 1));
	show(!!(fcntl(p[0], F_GETFL, 0) & O_NONBLOCK));
	show(ioctl(p[0], FIONBIO, &off));
	show(!!(fcntl(p[0], F_GETFL, 0) & O_NONBLOCK));
	show(ioctl(p[0], FIONBIO, 8));
	write(p[1], "abc", 3);
	int n = 0;
	show(ioctl(p[0], FIONREAD, &n));
	show(n);
}
static void owners(void)
{
	int s[2], id = getpid(), on = 1;

	handle(SIGIO, on_io, 0);
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	show(ioctl(s[0], FIOSETOWN, &id));
	id = 0;
	show(ioctl(s[0], FIOGETOWN, &id));
	yes(id == getpid());
	show(ioctl(s[0], FIOASYNC, &on));
	show(!!(fcntl(s[0], F_GETFL, 0) & O_ASYNC));
	write(s[1], "x", 1);
	for (int i = 0; i < 200 && !sigio; i++)
		sleep_ms(5);
	yes(sigio == 1);
	on = 0;
	show(ioctl(s[0], FIOASYNC, &on));
	write(s[1], "x", 1);
	sleep_ms(20);
	yes(sigio == 1);
	id = -getpgrp();
	show(ioctl(s[0], SIOCSPGRP, &id));
	id = 0;
	show(ioctl(s[0], SIOCGPGRP, &id));
	yes(id == -getpgrp());
	id = 99999999;
	show(ioctl(s[0], FIOSETOWN, &id));
	show(ioctl(s[0], FIOSETOWN, 8));
	show(ioctl(s[0], FIOGETOWN, 8));
}
static void room(void)
{
	int s[2], n = 0, all = 0;

	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	show(ioctl(s[0], FIONSPACE, &all));
	yes(all > 1000);
	show(ioctl(s[0], FIONWRITE, &n));
	show(n);
	write(s[0], "hundred", 7);
	show(ioctl(s[0], FIONWRITE, &n));
	yes(n >= 7);                                    /* the host counts what it needs to keep them */
	show(ioctl(s[0], FIONSPACE, &n));
	yes(n < all);
	show(ioctl(s[1], FIONREAD, &n));
	show(n);
	show(ioctl(99, FIONSPACE, &n));
	show(ioctl(open("f", O_RDONLY, 0), FIONSPACE, &n));
	show(ioctl(s[0], FIONWRITE, 8));
}
/* Where data begins and ends, without going there. */
static void holes(void)
{
	long fd = open("h", O_RDWR | O_CREAT, 0600);
	int64_t at = 0;

	pwrite(fd, "data", 4, 1 << 20);
	lseek(fd, 3, SEEK_SET);
	show(ioctl(fd, FIOSEEKDATA, &at));
	yes(at <= 1 << 20 && at > (1 << 20) - 65536);   /* a block's start; a file system without holes says 0 */
	at = 0;
	show(ioctl(fd, FIOSEEKHOLE, &at));
	yes(at == 0);
	at = 1 << 20;
	show(ioctl(fd, FIOSEEKHOLE, &at));
	yes(at == (1 << 20) + 4);
	show(lseek(fd, 0, SEEK_CUR));
	at = 1 << 21;
	show(ioctl(fd, FIOSEEKDATA, &at));
	at = -1;
	show(ioctl(fd, FIOSEEKDATA, &at));
	show(ioctl(fd, FIOSEEKDATA, 8));
	int p[2];
	pipe2(p, 0);
	at = 0;
	show(ioctl(p[0], FIOSEEKDATA, &at));
}
static void mark(void)
{
	struct sockaddr_in a = { sizeof(a), AF_INET, 0, LOOPBACK };
	u32 len = sizeof(a);
	long l = socket(AF_INET, SOCK_STREAM, 0), c = socket(AF_INET, SOCK_STREAM, 0), s;
	int at = -1;
	char b[4];

	bind(l, &a, len);
	listen(l, 1);
	getsockname(l, &a, &len);
	show(connect(c, &a, len));
	s = accept(l, 0, 0);
	show(ioctl(s, SIOCATMARK, &at));
	show(at);
	sendto(c, "ab", 2, 0, 0, 0);
	sendto(c, "!", 1, MSG_OOB, 0, 0);
	for (int i = 0, n = 0; i < 200 && n < 2; i++, sleep_ms(2))
		ioctl(s, FIONREAD, &n);
	ioctl(s, SIOCATMARK, &at);
	show(at);
	show(recvfrom(s, b, 4, 0, 0, 0));
	show(ioctl(s, SIOCATMARK, &at));
	show(at);
	show(recvfrom(s, b, 4, MSG_OOB, 0, 0));
	show(b[0]);
	show(ioctl(s, SIOCATMARK, 8));
}
static long s;
static struct ifreq r;
static long ask(u32 request)
{
	memset(&r, 0xee, sizeof(r));
	memset(r.name, 0, 16);
	memcpy(r.name, "lo", 2);
	return ioctl(s, request, &r);
}
static void interface(void)
{
	struct { int len; struct ifreq *req; } conf;
	struct ifreq list[32];
	int found = 0;

	s = socket(AF_INET, SOCK_DGRAM, 0);
	show(ask(SIOCGIFADDR));
	say("%d %d %x\n", r.in.len, r.in.family, r.in.addr);
	show(ask(SIOCGIFNETMASK));
	say("%x\n", r.in.addr);
	show(ask(SIOCGIFDSTADDR));
	say("%x\n", r.in.addr);
	show(ask(SIOCGIFBRDADDR));
	show(ask(SIOCGIFFLAGS));
	say("%x\n", r.flags[0] & 0x4f);                  /* UP LOOPBACK RUNNING */
	show(ask(SIOCGIFMETRIC));
	show(r.value);
	show(ask(SIOCGIFMTU));
	yes(r.value >= 16384);
	show(ask(SIOCGIFINDEX));
	show(r.index);
	memcpy(r.name, "none9", 6);
	show(ioctl(s, SIOCGIFADDR, &r));
	show(ioctl(s, SIOCGIFFLAGS, &r));
	show(ioctl(s, SIOCGIFADDR, 8));
	conf.len = sizeof(list), conf.req = list;
	show(ioctl(s, SIOCGIFCONF, &conf));
	for (unsigned i = 0; i < conf.len / sizeof(list[0]); i++)
		found |= !strcmp(list[i].name, "lo") && list[i].in.family == AF_INET && list[i].in.addr == LOOPBACK;
	yes(found && conf.len % 32 == 0);
	conf.len = 33;
	show(ioctl(s, SIOCGIFCONF, &conf));
	show(conf.len);
	conf.len = 0;
	show(ioctl(s, SIOCGIFCONF, &conf));
	conf.len = 64, conf.req = (void *)8;
	show(ioctl(s, SIOCGIFCONF, &conf));
}
int main(int argc, char **argv)
{
	flags();
	owners();
	room();
	holes();
	mark();
	interface();
	return 0;
}
