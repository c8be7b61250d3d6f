/* SPDX-License-Identifier: BSD-2-Clause
 * Control messages: credentials, several descriptors, no room for them, where a datagram came in, times. */
#include "fbsd.h"

union control { struct cmsghdr h; char b[512]; long align; };

static long get(int s, union control *c, u32 room, struct msghdr *m)
{
	static char b[64];
	static struct iovec v = { b, 64 };
	*m = (struct msghdr){ .iov = &v, .iovlen = 1, .control = c, .controllen = room };
	memset(c, 0, sizeof(*c));
	return recvmsg(s, m, MSG_DONTWAIT);
}
static void put(int s, void *c, u32 n, void *name, u32 namelen)
{
	struct iovec v = { "data", 4 };
	struct msghdr m = { .name = name, .namelen = namelen, .iov = &v, .iovlen = 1, .control = c, .controllen = n };
	show(sendmsg(s, &m, 0));
}
static void walk(const union control *c, const struct msghdr *m)
{
	u32 at = 0;
	say("flags %x\n", m->flags);
	while (at + 12 <= m->controllen) {
		const struct cmsghdr *h = (const void *)(c->b + at);
		say("  level %x type %d length %u\n", h->level, h->type, h->len);
		if (h->len < 12)
			break;
		at += (h->len + 7) & ~7u;
	}
}
static void rights(void)
{
	struct { struct cmsghdr h; u32 pad; int fd[3]; u32 pad2; } c = { { 16 + 12, SOL_SOCKET, SCM_RIGHTS }, 0, { 0, 1, 2 }, 0 };
	union control in;
	struct msghdr m;
	int s[2];
	long before, after;

	show(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	put(s[0], &c, sizeof(c), 0, 0);
	show(get(s[1], &in, sizeof(in), &m));
	walk(&in, &m);
	int *fd = (int *)(in.b + 16);
	yes(fd[0] > 2 && fd[1] > fd[0] && fd[2] > fd[1]);
	show(fcntl(fd[0], F_GETFD));
	for (int i = 0; i < 3; i++)
		close(fd[i]);
	before = dup(0), close(before);
	put(s[0], &c, sizeof(c), 0, 0);
	show(get(s[1], &in, 20, &m));	/* nothing rather than some of them */
	walk(&in, &m);
	after = dup(0), close(after);
	yes(before == after);
	put(s[0], &c, sizeof(c), 0, 0);
	show(get(s[1], &in, 0, &m));
	walk(&in, &m);
	after = dup(0), close(after);
	yes(before == after);
	c.fd[1] = 99;
	put(s[0], &c, sizeof(c), 0, 0);
	c.h.len = 8;
	put(s[0], &c, sizeof(c), 0, 0);
	c.h.len = 28;
	c.h.type = 77;
	put(s[0], &c, sizeof(c), 0, 0);
}
static void creds(void)
{
	struct { struct cmsghdr h; u32 pad; char cred[84]; u32 pad2; } c = { { 16 + 84, SOL_SOCKET, SCM_CREDS } };
	struct xucred { u32 version, uid; int16_t n; u32 groups[16]; union { void *p; int pid; }; } x;
	union control in;
	struct msghdr m;
	int s[2], on = 1;
	u32 len = sizeof(x);

	say("credentials\n");
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	memset(&x, 255, sizeof(x));
	show(getsockopt(s[0], 0, 1, &x, &len));
	say("length %u version %u uid %s groups %d pid %s\n", len, x.version, x.uid == geteuid() ? "mine" : "other",
	    x.n > 0 && x.groups[0] == getegid(), x.pid == getpid() ? "mine" : "other");
	show(setsockopt(s[1], 0, 2, &on, 4));
	put(s[0], &c, sizeof(c), 0, 0);
	show(get(s[1], &in, sizeof(in), &m));
	walk(&in, &m);
	u32 *w = (u32 *)(in.b + 16);
	yes(w[0] == getuid() && w[1] == geteuid() && w[2] == getgid());
	on = 0;
	show(setsockopt(s[1], 0, 2, &on, 4));
	on = 1;
	show(setsockopt(s[1], 0, 3, &on, 4));
	put(s[0], 0, 0, 0, 0);
	show(get(s[1], &in, sizeof(in), &m));
	walk(&in, &m);
	yes(w[0] == 0 && w[1] == getpid());
	long l = socket(AF_UNIX, SOCK_STREAM, 0);
	len = sizeof(x);
	show(getsockopt(l, 0, 1, &x, &len));
}
static void datagrams(void)
{
	struct { struct cmsghdr h; u32 pad, addr, pad2; } src = { { 20, 0, 7 }, 0, LOOPBACK, 0 };
	struct sockaddr_in a = { 16, AF_INET, 0, LOOPBACK };
	union control in;
	struct msghdr m;
	long s = socket(AF_INET, SOCK_DGRAM, 0), c = socket(AF_INET, SOCK_DGRAM, 0);
	u32 len = 16;
	int on = 1;

	say("datagrams\n");
	bind(s, &a, 16);
	getsockname(s, &a, &len);
	show(setsockopt(s, 0, 7, &on, 4));
	show(setsockopt(s, SOL_SOCKET, SO_TIMESTAMP, &on, 4));
	show(setsockopt(s, 0, 65, &on, 4));
	put(c, 0, 0, &a, 16);
	show(get(s, &in, sizeof(in), &m));
	walk(&in, &m);
	show(setsockopt(s, 0, 20, &on, 4));
	on = 0;
	show(setsockopt(s, 0, 7, &on, 4));
	show(setsockopt(s, 0, 65, &on, 4));
	show(setsockopt(s, SOL_SOCKET, SO_TIMESTAMP, &on, 4));
	on = 1;
	show(setsockopt(s, SOL_SOCKET, 0x2000, &on, 4));
	put(c, &src, sizeof(src), &a, 16);
	show(get(s, &in, sizeof(in), &m));
	walk(&in, &m);
	on = 0;
	len = 4;
	show(getsockopt(s, 0, 7, &on, &len));
	show(on);
}
int main(int argc, char **argv)
{
	rights();
	creds();
	datagrams();
	return 0;
}
