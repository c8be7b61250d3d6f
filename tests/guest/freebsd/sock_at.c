/* SPDX-License-Identifier: BSD-2-Clause
 * bindat and connectat: the path of a local socket, relative to a directory.
 */
#include "fbsd.h"

static struct sockaddr_un a;
static u32 name(const char *path)
{
	memset(&a, 0, sizeof(a));
	a.family = AF_UNIX;
	strcpy(a.path, path);
	return a.len = (u8)(2 + strlen(path) + 1);
}
int main(int argc, char **argv)
{
	struct sockaddr_in in = { sizeof(in), AF_INET, 0, LOOPBACK };
	struct sockaddr_un got = { 0 };
	u32 len = sizeof(got);
	struct stat st;
	char b[8] = { 0 };
	long d, l = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0), s;

	mkdir("d", 0755);
	put_file("f", "x");
	d = open("d", O_RDONLY | O_DIRECTORY, 0);
	show(sys(SYS_bindat, d, l, &a, name("sock")));
	show(fstatat(AT_FDCWD, "d/sock", &st, 0));
	show((st.mode & S_IFMT) == S_IFSOCK);
	show(getsockname(l, &got, &len));
	yes(!strcmp(got.path + strlen(got.path) - 4, "sock"));   /* FreeBSD: as it was given */
	listen(l, 3);
	chdir("/");
	show(sys(SYS_connectat, d, c, &a, name("sock")));
	s = accept(l, 0, 0);
	show(write(c, "hello", 5));
	show(read(s, b, 8));
	say("%s\n", b);
	c = socket(AF_UNIX, SOCK_STREAM, 0);
	show(sys(SYS_connectat, d, c, &a, name("none")));
	show(sys(SYS_connectat, AT_FDCWD, c, &a, name("sock")));
	show(sys(SYS_connectat, 99, c, &a, name("sock")));
	show(sys(SYS_connectat, d, 99, &a, name("sock")));
	show(sys(SYS_connectat, s, c, &a, name("sock")));
	show(sys(SYS_connectat, d, c, 8, name("sock")));
	show(sys(SYS_bindat, d, c, &a, name("sock")));
	show(sys(SYS_bindat, d, c, &a, name("none/sock")));
	show(sys(SYS_bindat, 99, c, &a, name("other")));
	show(sys(SYS_bindat, d, 1, &a, name("other")));
	show(sys(SYS_bindat, d, l, &a, name("other")));          /* it has a name already */
	/* an absolute path needs no directory; other families none at all */
	show(sys(SYS_bindat, 99, c, &a, name("/none/such/sock")));
	c = socket(AF_INET, SOCK_STREAM, 0);
	show(sys(SYS_bindat, d, c, &in, sizeof(in)));
	show(sys(SYS_connectat, d, c, &in, sizeof(in)));
	show(sys(SYS_bindat, AT_FDCWD, c, &in, sizeof(in)));
	unlinkat(d, "sock", 0);
	return 0;
}
