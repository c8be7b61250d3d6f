/* SPDX-License-Identifier: BSD-2-Clause
 * Extended attributes by descriptor, file and link: set, get, cut, list, delete. */
#include "fbsd.h"

#define USER 1
#define SYSTEM 2

static void list(long r, const u8 *b)
{
	long names = 0, ok = 1;
	for (long i = 0; i < r; i += b[i] + 1, names++)
		ok &= b[i] == 5 && (!memcmp(b + i + 1, "alpha", 5) || !memcmp(b + i + 1, "betas", 5));
	say("list: %e, %ld names, right %ld\n", r, names, ok);
}
int main(int argc, char **argv)
{
	char b[64] = { 0 };
	long fd, r;

	put_file("f", "x");
	symlink("f", "l");
	fd = open("f", O_RDWR);
	r = sys(SYS_extattr_set_file, "f", USER, "alpha", "first", 5);
	show(r);
	show(sys(SYS_extattr_set_fd, fd, USER, "betas", "second!", 7));
	show(sys(SYS_extattr_get_fd, fd, USER, "alpha", 0, 0));
	show(sys(SYS_extattr_get_file, "l", USER, "alpha", b, 64));
	say("%s\n", b);
	memset(b, 0, 64);
	show(sys(SYS_extattr_get_file, "f", USER, "betas", b, 3));
	say("%s\n", b);
	show(sys(SYS_extattr_get_file, "f", USER, "gamma", b, 64));
	list(sys(SYS_extattr_list_file, "f", USER, b, 64), (u8 *)b);
	show(sys(SYS_extattr_list_fd, fd, USER, 0, 0));
	show(sys(SYS_extattr_get_file, "f", SYSTEM, "alpha", b, 64));
	show(sys(SYS_extattr_get_file, "f", 3, "alpha", b, 64));
	show(sys(SYS_extattr_get_link, "l", USER, "alpha", b, 64));
	show(sys(SYS_extattr_set_link, "f", USER, "gamma", "third", 5));
	memset(b, 0, 64);
	show(sys(SYS_extattr_get_link, "f", USER, "gamma", b, 64));
	say("%s\n", b);
	show(sys(SYS_extattr_get_link, "f", USER, "gamma", 0, 0));
	show(sys(SYS_extattr_delete_link, "f", USER, "gamma"));
	show(sys(SYS_extattr_delete_link, "f", USER, "gamma"));
	list(sys(SYS_extattr_list_link, "f", USER, b, 64), (u8 *)b);
	show(sys(SYS_extattr_list_link, "l", USER, b, 64));
	show(sys(SYS_extattr_list_link, "none", USER, b, 64));
	show(sys(SYS_extattr_set_link, "f", 0, "a", "x", 1));
	show(sys(SYS_extattr_set_link, "f", SYSTEM, "a", "x", 1));
	show(sys(SYS_extattr_delete_file, "f", USER, "alpha"));
	show(sys(SYS_extattr_delete_fd, fd, USER, "alpha"));
	show(sys(SYS_extattr_set_fd, fd, USER, "delta", "4", 1));
	show(sys(SYS_extattr_delete_fd, fd, USER, "delta"));
	show(sys(SYS_extattr_get_fd, fd, USER, "delta", b, 64));
	show(sys(SYS_extattr_delete_fd, 99, USER, "delta"));
	list(sys(SYS_extattr_list_file, "f", USER, b, 64), (u8 *)b);
	show(sys(SYS_extattr_set_file, "f", USER, "", "x", 1));
	show(sys(SYS_extattr_set_file, "none", USER, "a", "x", 1));
	show(sys(SYS_extattr_get_file, "f", USER, "betas", 8, 64));
	return 0;
}
