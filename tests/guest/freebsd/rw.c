/* SPDX-License-Identifier: BSD-2-Clause
 * read and write in all their shapes: plain, at an offset, vectors; holes and seeks. */
#include "fbsd.h"

int main(int argc, char **argv)
{
	char a[16], b[16];
	struct iovec v[2] = { { "abc", 3 }, { "defgh", 5 } }, in[2] = { { a, 4 }, { b, 16 } };
	long fd;

	show(fd = open("f", O_RDWR | O_CREAT, 0644));
	show(writev(fd, v, 2));
	show(lseek(fd, 0, SEEK_SET));
	show(readv(fd, in, 2));
	say("%c%c%c%c %c%c%c%c\n", a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3]);
	show(readv(fd, in, 2));
	show(pwrite(fd, "XY", 2, 1));
	show(lseek(fd, 0, SEEK_CUR));
	show(pread(fd, a, 3, 0));
	say("%c%c%c\n", a[0], a[1], a[2]);
	show(pwritev(fd, v, 2, 100));
	show(preadv(fd, in, 2, 100));
	show(lseek(fd, 0, SEEK_END));
	show(lseek(fd, -8, SEEK_CUR));
	show(lseek(fd, -200, SEEK_CUR));
	show(lseek(fd, 0, 77));
	show(pread(fd, a, 1, -1));
	show(pwrite(fd, a, 1, -1));
	show(ftruncate(fd, 4));
	show(pread(fd, a, 16, 0));
	show(ftruncate(fd, -1));
	show(truncate("f", 2));
	show(lseek(fd, 0, SEEK_END));
	show(read(fd, a, 0));
	show(write(fd, a, 0));
	show(readv(fd, in, -1));
	show(readv(fd, in, 1025));
	show(writev(fd, v, 0));
	show(fsync(fd));
	show(fdatasync(fd));
	show(read(77, a, 1));
	show(lseek(77, 0, SEEK_SET));
	/* the calls of FreeBSD 6 have a hole before the offset */
	show(sys(SYS_freebsd6_pwrite, fd, "old", 3, 0x123456, 10));
	show(sys(SYS_freebsd6_lseek, fd, 0x123456, 0, SEEK_END));
	show(sys(SYS_freebsd6_pread, fd, a, 16, 0x123456, 10));
	show(sys(SYS_freebsd6_ftruncate, fd, 0x123456, 5));
	show(sys(SYS_freebsd6_lseek, fd, 0, 0, SEEK_END));
	return 0;
}
