/* SPDX-License-Identifier: BSD-2-Clause
 * The working directory: chdir, fchdir, getcwd with its short buffers, the resolved path of a name. */
#include "fbsd.h"

static const char *last(const char *p)
{
	const char *l = p;

	for (; *p; p++)
		if (*p == '/')
			l = p + 1;
	return l;
}

int main(int argc, char **argv)
{
	char b[1024], r[1024], small[4];
	long fd, n;

	mkdir("one", 0755);
	mkdir("one/two", 0755);
	symlink("one/two", "jump");
	fd = open("one", O_RDONLY | O_DIRECTORY, 0);
	show(getcwd(b, sizeof(b)));
	yes(b[0] == '/');
	n = (long)strlen(b);
	show(chdir("jump"));
	show(getcwd(r, sizeof(r)));
	yes(!strncmp(r, b, n) && !strcmp(r + n, "/one/two"));
	show(chdir(".."));
	show(getcwd(r, sizeof(r)));
	say("%s\n", last(r));
	show(getcwd(small, 4));
	show(getcwd(small, 1));
	show(getcwd(8, 100));
	show(chdir(b));
	show(fchdir(fd));
	show(access("two", F_OK));
	show(chdir("none"));
	show(chdir("/dev/null"));
	show(fchdir(99));
	show(fchdir(open("/dev/null", O_RDONLY, 0)));
	show(chdir((void *)8));
	chdir(b);
	show(sys(SYS___realpathat, AT_FDCWD, "jump/../two", r, sizeof(r), 0));
	yes(!strncmp(r, b, n) && !strcmp(r + n, "/one/two"));
	show(sys(SYS___realpathat, AT_FDCWD, "none", r, sizeof(r), 0));
	show(sys(SYS___realpathat, fd, "two", r, sizeof(r), 0));
	yes(!strcmp(r + n, "/one/two"));
	show(sys(SYS___realpathat, fd, "two", r, sizeof(r), 1));
	show(chdir("/"));
	show(getcwd(small, 2));
	say("%s\n", small);
	return 0;
}
