/* SPDX-License-Identifier: BSD-2-Clause
 * What open(2) says of O_EXEC and O_SEARCH: no reading, no writing, but the file can be looked at, changed, executed, mapped to
 * be executed, and a directory searched; F_GETFL tells them from O_PATH; what O_CREAT makes may be opened so, whatever its mode.
 */
#include "fbsd.h"

#define O_SEARCH O_EXEC
static char buf[64];

static void file(char *self)
{
	long st[32], fd = open(self, O_EXEC, 0), d, p;
	char *av[] = { self, "again", 0 };

	show(fcntl(fd, F_GETFL, 0) == O_EXEC);
	show(read(fd, buf, 1));
	show(write(fd, buf, 1));
	works(fstat(fd, st));
	show(fcntl(fd, F_SETFL, O_NONBLOCK));
	d = dup(fd);
	say("%lx\n", fcntl(d, F_GETFL, 0));
	show(fcntl(d, F_SETFL, 0));
	say("%lx\n", fcntl(fd, F_GETFL, 0));
	p = mmap(0, 4096, PROT_EXEC, MAP_PRIVATE, fd, 0);
	yes(p > 0 && *(u32 *)p == 0x464c457f);
	show(mmap(0, 4096, PROT_READ, MAP_PRIVATE, fd, 0));
	show(mmap(0, 4096, PROT_WRITE, MAP_PRIVATE, fd, 0));
	show(fsync(fd));
	show(fcntl(fd, F_GETFD, 0));
	if (!(p = fork()))
		quit((int)fexecve(fd, av, env));
	say("executed: %x\n", wait_for(p));
	long path = open(self, O_PATH, 0);
	yes(fcntl(path, F_GETFL, 0) & O_PATH && !(fcntl(path, F_GETFL, 0) & O_EXEC));
	show(fchmod(path, 0700));
	show(fsync(path));
	show(mmap(0, 4096, PROT_EXEC, MAP_PRIVATE, path, 0));
	show(open(self, O_EXEC | O_RDWR, 0));
}
static void changed(void)
{
	long st[32], fd = open("x", O_EXEC | O_CREAT, 0600);
	struct { long s, ns; } ts[2] = { { 1000, 0 }, { 2000, 0 } };

	say("made: %d, %lx\n", fd >= 0, fcntl(fd, F_GETFL, 0));
	show(read(fd, buf, 1));
	show(fchmod(fd, 0711));
	show(fchown(fd, getuid(), getgid()));
	show(sys(SYS_futimens, fd, ts));
	fstat(fd, st);
	say("mode %o\n", ((u16 *)st)[12] & 07777);
	show(open("x", O_EXEC | O_CREAT | O_EXCL, 0600));
	works(open("x", O_EXEC | O_CREAT, 0600));
	chmod("x", 0600);
	show(open("x", O_EXEC | O_CREAT, 0600));
	show(open("x", O_EXEC, 0));
	show(openat(fd, "y", O_RDONLY, 0));
}
static void directory(void)
{
	long base, fd;

	mkdir("d", 0755);
	put_file("d/in", "inside");
	fd = open("d", O_SEARCH | O_DIRECTORY, 0);
	say("%lx\n", fcntl(fd, F_GETFL, 0));
	works(openat(fd, "in", O_RDONLY, 0));
	show(faccessat(fd, "in", R_OK, 0));
	show(sys(SYS_getdirentries, fd, buf, sizeof(buf), &base));
	show(fchmod(fd, 0711));
	show(fchdir(fd));
	works(open("in", O_RDONLY, 0));
	chdir("..");
}
int main(int argc, char **argv)
{
	if (argc > 1)
		return 7;
	umask(0);
	file(argv[0]);
	changed();
	directory();
	return 0;
}
