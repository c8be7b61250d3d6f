/* SPDX-License-Identifier: BSD-2-Clause
 * statfs and fstatfs in the present layout: version, sizes that fit together, names with an end, no byte beyond. */
#include "fbsd.h"

static union { struct statfs s; u8 b[2400]; } u;

static void tell(const char *what, long r)
{
	struct statfs *s = &u.s;

	say("%s: %e version %x bsize %s blocks %s names %s guard %s\n", what, r, s->version, s->bsize >= 512 ? "ok" : "BAD",
	    s->bfree <= s->blocks ? "ok" : "BAD", s->fstypename[0] && s->mntonname[0] == '/' ? "ok" : "BAD",
	    u.b[sizeof(struct statfs)] == 0xee ? "kept" : "WRITTEN");
}

int main(int argc, char **argv)
{
	long fd = open(".", O_RDONLY, 0);

	memset(&u, 0xee, sizeof(u));
	tell("statfs", statfs(".", &u));
	memset(&u, 0xee, sizeof(u));
	tell("fstatfs", fstatfs(fd, &u));
	show(statfs("none", &u));
	show(statfs(".", 8));
	show(fstatfs(99, &u));
	yes(getfsstat(0, 0, 2) > 0);
	return 0;
}
