/* SPDX-License-Identifier: BSD-2-Clause
 * Names that are no plain files: mknod in its three ages, rmdir, lchmod, limits of a link by lpathconf, sync. */
#include "fbsd.h"

enum { PC_LINK_MAX = 1, PC_NAME_MAX = 4, PC_PATH_MAX, PC_PIPE_BUF, PC_CHOWN_RESTRICTED, PC_NO_TRUNC, PC_SYMLINK_MAX = 18 };

static void kind(const char *name)
{
	struct stat st;
	long e = fstatat(AT_FDCWD, name, &st, AT_SYMLINK_NOFOLLOW);

	if (e)
		say("%s: %e\n", name, e);
	else
		say("%s: %o\n", name, st.mode);
}
/* FreeBSD's makedev splits otherwise: nobody can tell which device of the host would be meant, so a fifo is all there is */
static void nodes(void)
{
	show(sys(SYS_freebsd11_mknod, "p1", S_IFIFO | 0640, 0));
	show(sys(SYS_freebsd11_mknodat, AT_FDCWD, "d/p2", S_IFIFO | 0604, 0));
	show(sys(SYS_mknodat, AT_FDCWD, "d/p3", S_IFIFO | 0666, 0L));
	kind("p1");
	kind("d/p2");
	kind("d/p3");
	show(sys(SYS_freebsd11_mknod, "p1", S_IFIFO | 0640, 0));
	show(sys(SYS_mknodat, AT_FDCWD, "none/p", S_IFIFO | 0640, 0L));
	show(sys(SYS_mknodat, AT_FDCWD, "p1/p", S_IFIFO | 0640, 0L));
	show(sys(SYS_mknodat, AT_FDCWD, "f2", S_IFREG | 0640, 0L));
	show(sys(SYS_mknodat, 99, "p4", S_IFIFO | 0640, 0L));
	show(sys(SYS_mknodat, AT_FDCWD, 8, S_IFIFO | 0640, 0L));
	show(mkfifo("p5", 0600));
	long r = open("p5", O_RDONLY | O_NONBLOCK, 0), w = open("p5", O_WRONLY | O_NONBLOCK, 0);
	char b[4] = { 0 };
	show(write(w, "abc", 3));
	show(read(r, b, 4));
	say("%s\n", b);
	close(r);
	show(open("p5", O_WRONLY | O_NONBLOCK, 0) < 0);
	close(w);
	show(open("p5", O_WRONLY | O_NONBLOCK, 0));
}
/* Device 0 too is the super-user's to make. */
static void devices(void)
{
	mkdir("all", 0777);
	sys(SYS_chmod, "all", 0777);
	long kid = fork();
	if (!kid) {
		if (!geteuid())
			sys(SYS_setuid, 65534);
		show(sys(SYS_mknodat, AT_FDCWD, "all/c", S_IFCHR | 0600, 0L));
		quit(0);
	}
	wait_for(kid);
}
static void directories(void)
{
	show(mkdir("e", 0755));
	show(rmdir("d"));
	show(rmdir("f"));
	show(rmdir("none"));
	show(rmdir("e/."));
	show(rmdir("ld"));
	show(rmdir(8));
	show(rmdir("e"));
	kind("e");
	show(rmdir(""));
}
/* The mode of a link: kept there, refused by the host. Of anything else it is chmod. */
static void links(void)
{
	show(sys(SYS_lchmod, "f", 0604));
	kind("f");
	show(sys(SYS_lchmod, "l", 0600));
	kind("f");
	show(sys(SYS_lchmod, "none", 0600));
	show(sys(SYS_lpathconf, "l", PC_NAME_MAX));
	show(sys(SYS_lpathconf, "dangling", PC_NAME_MAX));
	show(pathconf("dangling", PC_NAME_MAX));
	show(sys(SYS_lpathconf, "f", PC_PATH_MAX));
	show(sys(SYS_lpathconf, "p1", PC_PIPE_BUF) >= 512);
	show(sys(SYS_lpathconf, "l", PC_CHOWN_RESTRICTED));
	show(sys(SYS_lpathconf, "l", PC_NO_TRUNC));
	show(sys(SYS_lpathconf, "none", PC_NAME_MAX));
	show(sys(SYS_lpathconf, "f/x", PC_NAME_MAX));
	show(sys(SYS_lpathconf, "l", 7777));
}
int main(int argc, char **argv)
{
	umask(0);
	put_file("f", "text");
	mkdir("d", 0755);
	symlink("f", "l");
	symlink("d", "ld");
	symlink("nowhere", "dangling");
	nodes();
	devices();
	directories();
	links();
	show(sys(SYS_sync));
	return 0;
}
