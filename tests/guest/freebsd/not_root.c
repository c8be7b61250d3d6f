/* SPDX-License-Identifier: BSD-2-Clause
 * What FreeBSD tells an ordinary user before it tells that a file system cannot do it, and takes from what he gives away.
 * TEST needs: root
 */
#include "fbsd.h"

enum { USER = 65534, GROUP = 65533, OTHER = 65532, UF_NODUMP = 1, UF_HIDDEN = 0x8000, SF_NOUNLINK = 0x100000 };

static void mode(const char *path)
{
	struct stat st;
	fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW);
	say("  %s %o\n", path, st.mode & 07777);
}
int main(int argc, char **argv)
{
	static const char *const mine[] = { "mine/d", "mine/p", "mine/f" }, *const his[] = { "d", "p", "f" };
	u32 groups[] = { GROUP, OTHER };
	long fd;

	umask(0);
	chmod(".", 0755);
	mkdir("mine", 0777);
	for (int i = 0; i < 2; i++) {
		const char *const *name = i ? his : mine;
		mkdir(name[0], 0777);
		mkfifo(name[1], 0666);
		close(open(name[2], O_CREAT | O_RDWR, 0666));
	}
	symlink("f", "l");
	chown("mine", USER, GROUP);
	for (int i = 0; i < 3; i++) {
		chown(mine[i], USER, GROUP);
		chmod(mine[i], 06755);
	}
	show(chown("mine/d", USER, GROUP));      /* the super-user leaves them */
	mode("mine/d");
	show(sys(SYS_setgroups, 2, groups));
	show(sys(SYS_setgid, GROUP));
	show(sys(SYS_setuid, USER));
	for (int i = 0; i < 3; i++) {
		show(chown(mine[i], -1, OTHER));
		mode(mine[i]);
		chmod(mine[i], 06755);
	}
	fd = open("mine/d", O_RDONLY, 0);
	show(fchown(fd, -1, GROUP));
	mode("mine/d");
	struct stat before, after;
	fstatat(AT_FDCWD, mine[2], &before, 0);
	sleep_ms(30);
	show(chown(mine[2], -1, -1));
	fstatat(AT_FDCWD, mine[2], &after, 0);
	yes(before.ctim.nsec == after.ctim.nsec);
	show(chown("none", -1, -1));
	for (int i = 0; i < 3; i++) {
		show(sys(SYS_chflags, his[i], UF_NODUMP));
		show(sys(SYS_chflags, his[i], 0));
		show(sys(SYS_lchflags, mine[i], SF_NOUNLINK));
		show(sys(SYS_lchflags, mine[i], UF_HIDDEN));
	}
	show(sys(SYS_lchflags, "l", UF_NODUMP));
	show(sys(SYS_fchflags, fd, SF_NOUNLINK));
	show(sys(SYS_lchmod, "l", 0321));
	return 0;
}
