/* SPDX-License-Identifier: BSD-2-Clause
 * Directories deeper than any name can tell are gone into, used and left again by relative names, with a root as without.
 * TEST options: --root .
 */
#include "fbsd.h"

#define DEPTH 100
#define REACH 18
static const char name[] = "a-directory-with-a-name-of-just-about-fifty-letters";

/* REACH names and "made": the path from the root may be longer than the host can be told where what is left of it is not. */
static long make_far(void)
{
	static char far[REACH * sizeof name + 8];
	char *at = far;
	for (int i = 0; i < REACH; i++) {
		memcpy(at, name, sizeof name - 1);
		at[sizeof name - 1] = '/';
		at += sizeof name;
	}
	memcpy(at, "made", 5);
	struct stat st;
	long e = mkdir(far, 0700);
	return e ? e : fstatat(AT_FDCWD, far, &st, AT_SYMLINK_NOFOLLOW) + sys(SYS_rmdir, far);
}

int main(int argc, char **argv)
{
	static char b[8192];
	struct stat st, up;
	char *av[] = { argv[0], "below", 0 }, *env[] = { 0 };
	long bad = 0, e, self = open(argv[0], O_RDONLY, 0);

	if (argc > 1) {                          /* a program that was started down there is there */
		show(mkdir("made", 0700));
		show(sys(SYS_rmdir, "made"));
		return 0;
	}
	show(mkdir("top", 0700));
	show(chdir("top"));
	for (int i = 0; i < DEPTH; i++)
		bad += make_far() != -ENOENT || mkdir(name, 0700) != 0 || chdir(name) != 0;
	show(bad);
	for (int i = 0; i < DEPTH; i++)
		bad += chdir("..") != 0 || (i >= REACH && make_far() != 0);
	for (int i = 0; i < DEPTH; i++)
		bad += chdir(name) != 0;
	show(bad);
	e = getcwd(b, sizeof b);
	yes(e < 0);                              /* more than the host's 4096 */
	show(fstatat(AT_FDCWD, ".", &st, AT_SYMLINK_NOFOLLOW));
	show(fstatat(AT_FDCWD, "..", &up, 0));
	yes(st.ino != up.ino);
	e = fork();
	if (!e)
		quit(sys(SYS_fexecve, self, av, env));
	say("-> %x\n", wait_for(e));
	long fd = open("f", O_RDWR | O_CREAT, 0600);
	show(fd >= 0);
	show(link("f", "g"));
	show(rename("g", "h"));
	show(unlink("h"));
	show(unlink("f"));
	for (int i = 0; i < DEPTH; i++)
		bad += chdir("..") != 0 || sys(SYS_rmdir, name) != 0;
	show(bad);
	show(chdir(".."));
	show(sys(SYS_rmdir, "top"));
	return 0;
}
