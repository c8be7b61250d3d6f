/* SPDX-License-Identifier: BSD-2-Clause
 * Corners of the core: no file and a descriptor that cannot be, device numbers, all descriptors given up at once. */
#include "kq.h"

enum { S_IFCHR_ = 020000, S_IFBLK_ = 060000 };
static u64 dev(u32 major, u32 minor)
{
	return (u64)(major & 0xffffff00u) << 32 | (major & 0xff) << 8 | (u64)(minor & 0xff00) << 24 | (minor & 0xffff00ff);
}
/* Only the super-user makes devices: for others there is nothing to compare. */
static void device(u32 major, u32 minor)
{
	struct stat st;
	long e = sys(SYS_mknodat, AT_FDCWD, "node", S_IFCHR_ | 0600, dev(major, minor));

	if (e == 0)
		e = fstatat(AT_FDCWD, "node", &st, 0);
	if (e == 0 && st.rdev != dev(major, minor))
		say("%d, %d comes back as %lx\n", major, minor, st.rdev);
	unlink("node");
	say("device %d, %d: %s\n", major, minor, e == 0 || e == -EPERM ? "as made" : errname(-e));
}
static void all_closed(void)
{
	int pp[2], qq[2];
	long kq = kqueue(), out = dup(1);

	pipe2(pp, 0);
	pipe2(qq, 0);
	change(kq, pp[0], EVFILT_READ, EV_ADD, 0, 0, 0);
	fcntl(out, F_DUPFD, 100);
	long r = rfork(RFCFDG);
	long again = open("out", O_RDWR | O_CREAT, 0600);
	/* nothing is open but what was opened since: the kqueue's number is a file's now */
	long e[4] = { r, again, kevent(kq, 0, 0, 0, 0, 0), close(kq) };
	for (int i = 0; i < 4; i++)
		say_fd((int)again, "%e\n", e[i]);
	quit(0);
}
static void read_back(void)
{
	char b[200];
	long fd = open("out", O_RDONLY), n = read(fd, b, sizeof(b));

	write(1, b, (size_t)(n < 0 ? 0 : n));
	close(fd);
}
int main(int argc, char **argv)
{
	show(mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANON, 1 << 30, 0));
	show(mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANON, 70000, 0));
	show(mmap(0, 4096, PROT_READ, MAP_PRIVATE, 1 << 30, 0));
	show(mmap(0, 4096, PROT_READ, MAP_PRIVATE, 70000, 0));
	device(10, 200);
	device(200, 300);
	device(4095, 70000);
	device(300, 1048575);
	device(4096, 1);
	device(1, 1048576);
	long p = fork();
	if (p == 0)
		all_closed();
	show(wait_for(p));
	read_back();
	show(fcntl(1, F_SETFL, 0x40000000 | O_APPEND));
	yes(fcntl(1, F_GETFL) & O_APPEND);
	return 0;
}
