/* SPDX-License-Identifier: BSD-2-Clause
 * Modes, the umask, owners, and what a process may know of itself. */
#include "fbsd.h"

static void mode(const char *path)
{
	struct stat st;

	fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW);
	say("  %s %o\n", path, st.mode & 07777);
}

int main(int argc, char **argv)
{
	u32 r, e, s;
	long fd;

	umask(027);
	show(umask(027));
	close(open("a", O_CREAT | O_RDWR, 0666));
	mode("a");
	mkdir("d", 0777);
	mode("d");
	mkfifo("p", 0666);
	mode("p");
	show(umask(01777) == 027);
	show(umask(0));
	show(chmod("a", 04755));
	mode("a");
	fd = open("a", O_RDONLY, 0);
	show(fchmod(fd, 0600));
	mode("a");
	show(chmod("none", 0600));
	show(fchmod(99, 0600));
	show(fchmodat(AT_FDCWD, "a", 0640, 0x10));
	show(chown("a", -1, -1));
	show(chown("a", geteuid(), getegid()));
	show(lchown("a", -1, -1));
	show(fchown(fd, -1, -1));
	show(fchownat(AT_FDCWD, "a", -1, -1, AT_SYMLINK_NOFOLLOW));
	show(access("a", R_OK | W_OK));
	show(eaccess("a", R_OK | W_OK));
	show(access("none", F_OK));
	show(getresuid(&r, &e, &s));
	yes(r == getuid() && e == geteuid() && s == e);
	show(getresgid(&r, &e, &s));
	yes(r == getgid() && e == getegid());
	show(issetugid());
	show(getresuid((void *)8, &e, &s));
	return 0;
}
