/* SPDX-License-Identifier: BSD-2-Clause
 * kcmp: what two descriptors or two processes have in common. membarrier: registered for, then used. */
#include "fbsd.h"

enum { KCMP_FILE = 100, KCMP_FILEOBJ, KCMP_FILES, KCMP_SIGHAND, KCMP_VM };
enum { QUERY = 0, GLOBAL = 1, GLOBAL_EXPEDITED = 2, REGISTER_GLOBAL = 4, PRIVATE = 8, REGISTER_PRIVATE = 16,
       PRIVATE_SYNC = 32, REGISTER_SYNC = 64 };

static long me;

static long same(int type, long a, long b) { return sys(SYS_kcmp, me, me, type, a, b); }
/* the order of two things that differ is any, but it is one */
static void differ(int type, long a, long b)
{
	long x = same(type, a, b), y = same(type, b, a);
	say("%d: %s\n", type, (x == 1 && y == 2) || (x == 2 && y == 1) ? "differ, in an order" : "WRONG");
}
static void files(void)
{
	long a = open("f", O_RDWR, 0), again = open("f", O_RDONLY, 0), twin = dup(a), g = open("g", O_RDONLY, 0), q = kqueue();
	int p[2], s[2];

	pipe2(p, 0);
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	show(same(KCMP_FILE, a, a));
	show(same(KCMP_FILE, a, twin));
	differ(KCMP_FILE, a, again);
	show(same(KCMP_FILEOBJ, a, again));
	show(same(KCMP_FILEOBJ, a, twin));
	differ(KCMP_FILEOBJ, a, g);
	differ(KCMP_FILEOBJ, p[0], p[1]);
	differ(KCMP_FILEOBJ, s[0], s[1]);
	show(same(KCMP_FILEOBJ, a, p[0]));
	show(same(KCMP_FILEOBJ, s[0], p[0]));
	show(same(KCMP_FILEOBJ, a, q));
	show(same(KCMP_FILEOBJ, q, dup(p[0])));
	show(same(KCMP_FILE, a, 99));
	show(same(KCMP_FILE, 99, a));
	show(same(KCMP_FILEOBJ, a, 99));
	show(same(KCMP_FILE, a, 0x7fffffff));
	show(same(99, a, a));
	show(same(105, a, a));
	show(same(0, a, a));
}
static void processes(void)
{
	int p[2];
	char c;
	long f = open("f", O_RDONLY, 0), kid;

	pipe2(p, 0);
	if (!(kid = fork())) {
		close(p[1]);
		read(p[0], &c, 1);
		quit(0);
	}
	show(sys(SYS_kcmp, me, kid, KCMP_FILE, f, f));
	show(sys(SYS_kcmp, me, kid, KCMP_FILES, 0, 0) > 0);
	show(sys(SYS_kcmp, me, kid, KCMP_VM, 0, 0) > 0);
	show(sys(SYS_kcmp, me, kid, KCMP_SIGHAND, 0, 0) > 0);
	show(same(KCMP_FILES, 0, 0));
	show(same(KCMP_VM, 0, 0));
	show(same(KCMP_SIGHAND, 0, 0));
	close(p[1]);
	wait_for(kid);
	show(sys(SYS_kcmp, me, kid, KCMP_VM, 0, 0));
	show(sys(SYS_kcmp, 99999999, me, KCMP_VM, 0, 0));
}
static long barrier(int cmd) { return sys(SYS_membarrier, cmd, 0, 0); }
static void barriers(void)
{
	long all = barrier(QUERY);

	yes(all > 0 && !(all & ~0x7fl) && (all & GLOBAL));
	show(barrier(GLOBAL));
	show(barrier(GLOBAL_EXPEDITED));
	show(barrier(REGISTER_GLOBAL));
	show(barrier(GLOBAL_EXPEDITED));
	show(barrier(PRIVATE));
	show(barrier(REGISTER_PRIVATE));
	show(barrier(PRIVATE));
	show(barrier(PRIVATE_SYNC));
	show(barrier(REGISTER_SYNC));
	show(barrier(PRIVATE_SYNC));
	show(barrier(3));
	show(barrier(128));
	show(sys(SYS_membarrier, QUERY, 1, 0));
}
int main(int argc, char **argv)
{
	me = getpid();
	put_file("f", "x");
	put_file("g", "x");
	files();
	processes();
	barriers();
	return 0;
}
