/* SPDX-License-Identifier: BSD-2-Clause
 * chroot and fchroot: what lies above is gone, names begin anew; nobody but the super-user may.
 * TEST needs: root
 */
#include "fbsd.h"

static void look(void)
{
	struct stat st;
	char b[64] = { 0 };

	chdir("/");
	show(fstatat(AT_FDCWD, "/inside", &st, 0));
	show(fstatat(AT_FDCWD, "/../../inside", &st, 0));
	show(fstatat(AT_FDCWD, "/../outside", &st, 0));
	show(fstatat(AT_FDCWD, "../outside", &st, 0));
	show(fstatat(AT_FDCWD, "/up", &st, 0));                       /* a link to ../outside */
	show(fstatat(AT_FDCWD, "/abs", &st, 0));                      /* a link to /inside */
	show(readlink("/up", b, 64));
	show(getcwd(b, 64));
	say("%s\n", b);
}
static int in_child(void (*fn)(void))
{
	long pid = fork();

	if (!pid) {
		fn();
		quit(0);
	}
	return WEXITSTATUS(wait_for(pid));
}
static void by_name(void)
{
	show(sys(SYS_chroot, "f"));
	show(sys(SYS_chroot, "none"));
	show(sys(SYS_chroot, 8));
	show(sys(SYS_chroot, "jail"));
	look();
	show(sys(SYS_chroot, "/deep"));                               /* within it */
	chdir("/");
	put_file("/made", "x");
	show(open("/inside", O_RDONLY, 0));
}
static void by_descriptor(void)
{
	long d = open("jail", O_RDONLY | O_DIRECTORY, 0), f = open("f", O_RDONLY, 0), e;

	show(sys(SYS_fchroot, f));
	show(sys(SYS_fchroot, 99));
	e = fork();
	if (!e) {
		show(sys(SYS_fchroot, d));
		close(d);
		look();
		quit(0);
	}
	wait_for(e);
}
static void unprivileged(void)
{
	sys(SYS_setuid, 65534);
	show(sys(SYS_chroot, "jail"));
	show(sys(SYS_chroot, "f"));
	show(sys(SYS_fchroot, open("f", O_RDONLY, 0)));
}
int main(int argc, char **argv)
{
	chmod(".", 0755);
	mkdir("jail", 0755);
	mkdir("jail/deep", 0755);
	put_file("f", "x");
	chmod("f", 0644);
	put_file("outside", "x");
	put_file("jail/inside", "x");
	symlink("../outside", "jail/up");
	symlink("/inside", "jail/abs");
	in_child(by_name);
	show(faccessat(AT_FDCWD, "jail/deep/made", F_OK, 0));
	in_child(by_descriptor);
	in_child(unprivileged);
	show(faccessat(AT_FDCWD, "outside", F_OK, 0));                /* the parent's root is as it was */
	return 0;
}
