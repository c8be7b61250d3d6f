/* SPDX-License-Identifier: BSD-2-Clause
 * Credentials that a sender attaches: the kernel fills them, whatever was in them, and any receiver sees them; between
 * processes, beside descriptors, with other groups and users; and what LOCAL_CREDS makes of them. */
#include "fbsd.h"

struct cmsgcred { int pid; u32 uid, euid, gid; short n; u32 groups[16]; };
struct sent { struct cmsghdr h; u32 pad; struct cmsgcred c; u32 pad2; };
union control { struct cmsghdr h; char b[512]; long align; };

static long put(long s, void *c, u32 n)
{
	struct iovec v = { "data", 4 };
	struct msghdr m = { .iov = &v, .iovlen = 1, .control = c, .controllen = n };
	return sendmsg(s, &m, 0);
}
static long put_creds(long s)
{
	struct sent c = { { 16 + 84, SOL_SOCKET, SCM_CREDS } };
	memset(&c.c, 0x55, sizeof(c.c));
	return put(s, &c, sizeof(c));
}
static long get(long s, union control *c, u32 room, int flags, u32 *len)
{
	static char b[64];
	struct iovec v = { b, 64 };
	struct msghdr m = { .iov = &v, .iovlen = 1, .control = room ? c : 0, .controllen = room };
	memset(c, 0, sizeof(*c));
	long r = recvmsg(s, &m, flags);
	*len = m.controllen;
	say("got %e, flags %x\n", r, m.flags);
	return r;
}
static void walk(const union control *c, u32 len)
{
	for (u32 at = 0; at + 12 <= len; at += (((const struct cmsghdr *)(c->b + at))->len + 7) & ~7u) {
		const struct cmsghdr *h = (const void *)(c->b + at);
		say("  level %x type %d length %u\n", h->level, h->type, h->len);
		if (h->len < 12)
			break;
	}
}
static const struct cmsgcred *cred_of(const union control *c, u32 at) { return (const void *)(c->b + at + 16); }

static void is(const struct cmsgcred *c, long pid)
{
	say("  of %s, uid %s, euid %s, gid %s, group %s, %s\n", c->pid == pid ? "it" : "another", c->uid == getuid() ? "right" : "wrong",
	    c->euid == geteuid() ? "right" : "wrong", c->gid == getgid() ? "right" : "wrong",
	    c->groups[0] == getegid() ? "right" : "wrong", c->n >= 1 && c->n <= 16 ? "and others" : "and nonsense");
}
static void plain(int type)
{
	union control c;
	int s[2];
	u32 len;
	long before, after;

	say("socketpair of type %d\n", type);
	show(socketpair(AF_UNIX, type, 0, s));
	before = dup(0), close(before);
	show(put_creds(s[0]));
	get(s[1], &c, sizeof(c), MSG_PEEK, &len);
	walk(&c, len);
	get(s[1], &c, sizeof(c), 0, &len);
	walk(&c, len);
	is(cred_of(&c, 0), getpid());
	show(put_creds(s[0]));
	get(s[1], &c, 60, 0, &len);			/* no room */
	walk(&c, len);
	show(put_creds(s[0]));
	show(read(s[1], c.b, 64));			/* nobody asks */
	show(put(s[0], 0, 0));
	get(s[1], &c, sizeof(c), 0, &len);
	walk(&c, len);
	after = dup(0), close(after);
	yes(before == after);
	close(s[0]), close(s[1]);
}
static void with_descriptors(void)
{
	struct { struct sent creds; struct cmsghdr h; u32 pad; int fd[2]; struct cmsghdr h2; u32 pad2; int fd2[2]; } m = {
		.creds = { { 16 + 84, SOL_SOCKET, SCM_CREDS } }, .h = { 24, SOL_SOCKET, SCM_RIGHTS }, .fd = { 0, 1 },
		.h2 = { 24, SOL_SOCKET, SCM_RIGHTS }, .fd2 = { 1, 2 },
	};
	struct { struct cmsghdr h; u32 pad; int fd[2]; struct sent creds; } back = {
		.h = { 24, SOL_SOCKET, SCM_RIGHTS }, .fd = { 0, 1 }, .creds = { { 16 + 84, SOL_SOCKET, SCM_CREDS } },
	};
	union control c;
	int s[2];
	u32 len;
	long free_one;

	say("with descriptors\n");
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	free_one = dup(0), close(free_one);
	show(put(s[0], &m, sizeof(m)));
	get(s[1], &c, sizeof(c), 0, &len);
	walk(&c, len);
	is(cred_of(&c, 0), getpid());
	int *fd = (int *)(c.b + 104 + 16), *fd2 = (int *)(c.b + 104 + 24 + 16);
	yes(fd[0] == free_one && fd[1] == free_one + 1 && fd2[0] == free_one + 2 && fd2[1] == free_one + 3);
	for (long i = 0; i < 4; i++)
		close(free_one + i);
	show(put(s[0], &back, sizeof(back)));
	get(s[1], &c, sizeof(c), 0, &len);
	walk(&c, len);
	is(cred_of(&c, 24), getpid());
	close(free_one), close(free_one + 1);
	yes(dup(0) == free_one);
	close(free_one);
}
static void processes(void)
{
	struct sockaddr_un a = { 0, AF_UNIX, "sock" };
	union control c;
	int on = 1;
	u32 len;
	long child, l = socket(AF_UNIX, SOCK_DGRAM, 0), s;

	say("processes\n");
	a.len = sizeof(a);
	show(bind(l, &a, sizeof(a)));
	if (!(child = fork())) {
		s = socket(AF_UNIX, SOCK_DGRAM, 0);
		show(connect(s, &a, sizeof(a)));
		quit(put_creds(s) != 4);
	}
	show(wait_for(child));
	get(l, &c, sizeof(c), 0, &len);
	walk(&c, len);
	is(cred_of(&c, 0), child);
	say("LOCAL_CREDS\n");
	show(setsockopt(l, 0, 2, &on, 4));
	s = socket(AF_UNIX, SOCK_DGRAM, 0);
	connect(s, &a, sizeof(a));
	put_creds(s);
	get(l, &c, sizeof(c), 0, &len);
	walk(&c, len);
	on = 0;
	show(setsockopt(l, 0, 2, &on, 4));
	on = 1;
	show(setsockopt(l, 0, 3, &on, 4));
	put_creds(s);
	get(l, &c, sizeof(c), 0, &len);
	walk(&c, len);
	is(cred_of(&c, 48), getpid());
	unlink("sock");
}
/* Only the super-user can be others. */
static void users(void)
{
	union control c;
	u32 groups[3] = { 1001, 1002, 1003 }, len;
	int s[2];
	long child;

	say("users\n");
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	if (!(child = fork())) {
		sys(SYS_setgroups, 3, groups);
		sys(SYS_setregid, 2001, 2002);
		sys(SYS_setreuid, 3001, 3002);
		quit(put_creds(s[0]) != 4);
	}
	show(wait_for(child));
	get(s[1], &c, sizeof(c), 0, &len);
	const struct cmsgcred *k = cred_of(&c, 0);
	if (geteuid() ? k->pid != child : k->pid != child || k->uid != 3001 || k->euid != 3002 || k->gid != 2001 || k->groups[0] != 2002 || k->n != 4 ||
		 k->groups[1] != 1001 || k->groups[3] != 1003)
		say("NO: %d %u %u %u %d %u %u\n", k->pid == child, k->uid, k->euid, k->gid, k->n, k->groups[0], k->groups[1]);
}
int main(int argc, char **argv)
{
	plain(SOCK_STREAM);
	plain(SOCK_DGRAM);
	plain(SOCK_SEQPACKET);
	with_descriptors();
	processes();
	users();
	return 0;
}
