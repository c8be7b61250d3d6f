/* SPDX-License-Identifier: BSD-2-Clause
 * open: each flag by what it does, and the errors. */
#include "fbsd.h"

static void flags(void)
{
	char b[8] = { 0 };
	long fd;

	put_file("f", "12345");
	show(open("f", O_CREAT | O_EXCL | O_RDWR, 0600));
	show(fd = open("f", O_RDWR | O_APPEND, 0));
	show(write(fd, "67", 2));
	show(lseek(fd, 0, SEEK_CUR));
	show(pread(fd, b, 7, 0));
	say("%s\n", b);
	show(fcntl(fd, F_GETFL, 0) == (O_RDWR | O_APPEND));
	show(close(fd));
	show(fd = open("f", O_WRONLY | O_TRUNC | O_CLOEXEC, 0));
	show(lseek(fd, 0, SEEK_END));
	show(fcntl(fd, F_GETFD, 0));
	show(read(fd, b, 1));
	close(fd);
	show(fd = open("f", O_RDONLY, 0));
	show(write(fd, b, 1));
	show(fcntl(fd, F_GETFD, 0));
	close(fd);
	show(fd = open("new", O_CREAT | O_WRONLY | O_NONBLOCK, 0640));
	show(fcntl(fd, F_GETFL, 0) == (O_WRONLY | O_NONBLOCK));
	close(fd);
}

static void errors(void)
{
	char longname[300];

	memset(longname, 'x', 299);
	longname[299] = 0;
	show(mkdir("d", 0755));
	show(symlink("f", "link"));
	show(symlink("loop", "loop"));
	show(open("none", O_RDONLY, 0));
	show(open("d", O_WRONLY, 0));
	show(open("f", O_RDONLY | O_DIRECTORY, 0));
	show(open("f/x", O_RDONLY, 0));
	show(open("link", O_RDONLY | O_NOFOLLOW, 0));
	show(open("loop", O_RDONLY, 0));
	show(open(longname, O_RDONLY, 0));
	show(open("", O_RDONLY, 0));
	show(open(0, O_RDONLY, 0));
	show(open("f", O_ACCMODE, 0));
	show(open("d", O_RDONLY | O_CREAT, 0644));
}

static void at(void)
{
	long d, fd;

	show(d = open("d", O_RDONLY | O_DIRECTORY, 0));
	show(fd = openat(d, "in", O_CREAT | O_RDWR, 0600));
	close(fd);
	show(access("d/in", F_OK));
	show(openat(AT_FDCWD, "d/none", O_RDONLY, 0));
	show(openat(99, "in", O_RDONLY, 0));
	show(fd = openat(99, "/dev/null", O_RDWR, 0));
	show(write(fd, "gone", 4));
	show(read(fd, &fd, 4));
	put_file("file", "");
	show(fd = open("file", O_RDONLY, 0));
	show(openat(fd, "in", O_RDONLY, 0));
	show(openat(d, "../f", O_RDONLY | O_RESOLVE_BENEATH, 0));
}

int main(int argc, char **argv)
{
	flags();
	errors();
	at();
	return 0;
}
