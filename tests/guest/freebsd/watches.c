/* SPDX-License-Identifier: BSD-2-Clause
 * inotify as FreeBSD 15 has it: a descriptor by __specialfd, watches by inotify_add_watch_at, events to be read. */
#include "fbsd.h"

enum { SPECIALFD_INOTIFY = 2, IN_NONBLOCK = 4, IN_CLOEXEC = 0x100000 };
enum {
	IN_ACCESS = 1, IN_MODIFY = 2, IN_ATTRIB = 4, IN_CLOSE_WRITE = 8, IN_CLOSE_NOWRITE = 16, IN_OPEN = 32, IN_MOVED_FROM = 64,
	IN_MOVED_TO = 128, IN_CREATE = 256, IN_DELETE = 512, IN_DELETE_SELF = 1024, IN_MOVE_SELF = 2048,
	IN_ONLYDIR = 0x1000000, IN_DONT_FOLLOW = 0x2000000, IN_MASK_CREATE = 0x10000000, IN_MASK_ADD = 0x20000000,
	IN_IGNORED = 0x8000, IN_ISDIR = 0x40000000,
};
#define IN_ONESHOT 0x80000000u
struct event { int wd; u32 mask, cookie, len; char name[]; };

static long in;

static long watch(long at, const char *path, u32 mask) { return sys(SYS_inotify_add_watch_at, in, at, path, mask); }
static void events(void)
{
	static union { char b[4096]; struct event e; } u;
	long n = read(in, u.b, sizeof(u.b));
	u32 cookie = 0;

	if (n < 0)
		say("  %e\n", n);
	for (long at = 0; at < n; ) {
		struct event *e = (struct event *)(u.b + at);
		say("  wd %d mask %x name \"%s\"%s\n", e->wd, e->mask, e->len ? e->name : "",
		    e->cookie && e->cookie == cookie ? " moved" : "");
		cookie = e->cookie;
		at += 16 + e->len;
	}
}
int main(int argc, char **argv)
{
	u32 flags = IN_NONBLOCK | IN_CLOEXEC;
	char b[8];
	long d, f;

	mkdir("d", 0755);
	put_file("d/f", "text");
	symlink("d", "l");
	in = sys(SYS___specialfd, SPECIALFD_INOTIFY, &flags, 4);
	yes(in > 2 && fcntl(in, F_GETFD) == 1 && (fcntl(in, F_GETFL) & O_NONBLOCK));
	events();
	show(watch(AT_FDCWD, "d", IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO));
	put_file("d/new", "x");
	mkdir("d/sub", 0755);
	rename("d/new", "d/newer");
	unlink("d/newer");
	events();
	d = open("d", O_RDONLY | O_DIRECTORY, 0);
	show(watch(d, "f", IN_OPEN | IN_ACCESS | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB));
	f = open("d/f", O_RDWR, 0);
	read(f, b, 2);
	write(f, "zz", 2);
	close(f);
	chmod("d/f", 0600);
	events();
	show(watch(d, "f", IN_ATTRIB));                              /* replaces the mask, the same number */
	show(watch(d, "f", IN_ATTRIB | IN_MASK_CREATE));
	show(watch(AT_FDCWD, "l", IN_DELETE_SELF | IN_DONT_FOLLOW));      /* the link itself, not d */
	show(watch(AT_FDCWD, "d/f", IN_ATTRIB | IN_ONLYDIR));
	show(watch(AT_FDCWD, "none", IN_ATTRIB));
	show(watch(99, "f", IN_ATTRIB));
	show(watch(AT_FDCWD, "d", 0));
	show(sys(SYS_inotify_add_watch_at, d, AT_FDCWD, "d", IN_CREATE));
	show(sys(SYS_inotify_add_watch_at, 99, AT_FDCWD, "d", IN_CREATE));
	show(watch(AT_FDCWD, (char *)8, IN_CREATE));
	show(sys(SYS_inotify_rm_watch, in, 77));
	show(sys(SYS_inotify_rm_watch, d, 1));
	show(sys(SYS_inotify_rm_watch, in, 2));
	unlink("d/f");
	unlink("l");
	events();
	show(watch(AT_FDCWD, "d/sub", IN_DELETE_SELF | IN_ONESHOT));
	rmdir("d/sub");
	events();
	flags = 1;
	show(sys(SYS___specialfd, SPECIALFD_INOTIFY, &flags, 4));
	show(sys(SYS___specialfd, SPECIALFD_INOTIFY, &flags, 8));
	show(sys(SYS___specialfd, 9, &flags, 4));
	return 0;
}
