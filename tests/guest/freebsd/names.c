/* SPDX-License-Identifier: BSD-2-Clause
 * Links, renames, removal, directories: what works and FreeBSD's own errors (unlink of a directory is EPERM). */
#include "fbsd.h"

int main(int argc, char **argv)
{
	char b[32];
	struct stat st;
	long d, n;

	put_file("a", "A");
	show(link("a", "b"));
	show(link("a", "b"));
	show(link("none", "c"));
	show(rename("b", "c"));
	show(rename("none", "d"));
	show(access("b", F_OK));
	show(mkdir("dir", 0755));
	show(mkdir("dir", 0755));
	show(mkdir("none/x", 0755));
	show(rename("a", "dir"));
	show(rename("dir", "a"));
	show(rename("dir", "dir/sub"));
	show(rename("a", "dir/a"));
	show(unlink("dir"));
	show(rmdir("dir"));
	show(rmdir("dir/a"));
	show(rmdir("dir/."));
	show(unlink("none"));
	show(symlink("target", "sym"));
	show(symlink("target", "sym"));
	show(n = readlink("sym", b, sizeof(b)));
	say("%c%c\n", b[0], b[n - 1]);
	show(readlink("sym", b, 3));
	show(readlink("c", b, 3));
	show(readlink("none", b, 3));
	show(unlink("sym"));
	show(mkfifo("fifo", 0600));
	show(mkfifo("fifo", 0600));
	show(d = open("dir", O_RDONLY | O_DIRECTORY, 0));
	show(mkdirat(d, "in", 0700));
	show(symlinkat("t", d, "s"));
	show(readlinkat(d, "s", b, 5));
	show(linkat(d, "a", AT_FDCWD, "outside", 0));
	show(linkat(d, "s", d, "s2", AT_SYMLINK_FOLLOW));
	show(linkat(d, "a", d, "a2", 0x10));
	show(renameat(d, "a", AT_FDCWD, "moved"));
	show(faccessat(d, "a", F_OK, 0));
	show(faccessat(d, "in", R_OK | W_OK | X_OK, AT_EACCESS));
	show(faccessat(d, "in", 9, 0));
	show(unlinkat(d, "in", 0));
	show(unlinkat(d, "in", AT_REMOVEDIR));
	show(unlinkat(d, "s", 0));
	show(unlinkat(d, "s", 0x10));
	show(mkfifoat(d, "fifo", 0600));
	show(fstatat(d, "fifo", &st, 0));
	show(st.mode == (S_IFIFO | 0600));
	show(sys(SYS_mknodat, d, "node", S_IFREG | 0644, 0));
	show(fchmodat(d, "fifo", 0640, 0));
	show(fstatat(AT_FDCWD, "moved", &st, 0));
	show(st.nlink);
	return 0;
}
