/* SPDX-License-Identifier: BSD-2-Clause
 * Users and groups set by the super-user, then by one who is it no more: only what he is already.
 * TEST needs: root
 */
#include "fbsd.h"

static void tell(void)
{
	u32 u[3], g[3], list[16];
	long n = sys(SYS_getgroups, 16, list);

	getresuid(&u[0], &u[1], &u[2]);
	getresgid(&g[0], &g[1], &g[2]);
	say("  users %u %u %u groups %u %u %u and", u[0], u[1], u[2], g[0], g[1], g[2]);
	for (long i = 0; i < n; i++)
		say(" %u", list[i]);
	say("\n");
}
#define did(expr) do { say("%s: %e\n", #expr, (long)(expr)); tell(); } while (0)

static void groups(void)
{
	u32 two[2] = { 7, 8 };

	did(sys(SYS_setgroups, 2, two));
	did(sys(SYS_setregid, 5, 6));
	did(sys(SYS_setregid, -1, 5));
	did(sys(SYS_setegid, 9));
	did(sys(SYS_setresgid, 1, 2, 3));
	did(sys(SYS_setresgid, -1, -1, 4));
	did(sys(SYS_setgid, 11));
	did(sys(SYS_setgroups, 0, 0));
	show(sys(SYS_setgroups, -1, two));
	show(sys(SYS_setgroups, 2, 8));
	show(sys(SYS_setgroups, 100000, two));
	did(sys(SYS_setresgid, 1, 2, 3));
}
static void users(void)
{
	u32 two[2] = { 7, 8 };

	did(sys(SYS_seteuid, 1000));
	did(sys(SYS_seteuid, 0));
	did(sys(SYS_setreuid, 1000, 1001));
	did(sys(SYS_setreuid, -1, 1000));
	show(sys(SYS_seteuid, 0));
	show(sys(SYS_setuid, 0));
	show(sys(SYS_setresuid, 0, -1, -1));
	did(sys(SYS_setresuid, 1001, 1000, 1001));
	show(sys(SYS_setregid, 77, -1));
	show(sys(SYS_setegid, 77));
	show(sys(SYS_setgid, 77));
	show(sys(SYS_setresgid, -1, -1, 77));
	did(sys(SYS_setegid, 3));
	did(sys(SYS_setregid, 3, 1));
	did(sys(SYS_setresgid, 1, 3, 1));
	show(sys(SYS_setgroups, 2, two));
	show(sys(SYS_setgroups, 0, 0));
}
int main(int argc, char **argv)
{
	groups();
	users();
	return 0;
}
