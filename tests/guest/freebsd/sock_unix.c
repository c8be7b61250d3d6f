/* SPDX-License-Identifier: BSD-2-Clause
 * Unix sockets: names with their length byte, descriptors passed in FreeBSD's control layout, datagrams, pairs. */
#include "fbsd.h"

static long name_of(struct sockaddr_un *a, const char *path)
{
	memset(a, 0, sizeof(*a));
	a->family = AF_UNIX;
	strcpy(a->path, path);
	a->len = (u8)(2 + strlen(path) + 1);
	return a->len;
}

static void pass(long to, int fd)
{
	struct { struct cmsghdr h; u32 pad; int fd; u32 pad2; } c = { { 20, SOL_SOCKET, SCM_RIGHTS }, 0, fd, 0 };
	struct iovec v = { "fd", 2 };
	struct msghdr m = { .iov = &v, .iovlen = 1, .control = &c, .controllen = sizeof(c) };

	show(sendmsg(to, &m, 0));
}

static long receive(long from, int flags)
{
	struct { struct cmsghdr h; u32 pad; int fd; u32 pad2; } c;
	char b[8];
	struct iovec v = { b, 8 };
	struct msghdr m = { .iov = &v, .iovlen = 1, .control = &c, .controllen = sizeof(c) };

	memset(&c, 0xee, sizeof(c));
	show(recvmsg(from, &m, flags));
	say("controllen %u, flags %x: len %u level %x type %d\n", m.controllen, m.flags & 0x39, c.h.len, c.h.level, c.h.type);
	return c.fd;
}

int main(int argc, char **argv)
{
	struct sockaddr_un a, got;
	long l = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0), s, n = name_of(&a, "sock"), fd;
	u32 len = sizeof(got);
	int p[2], d[2];
	char b[16];
	struct stat st;

	show(bind(l, &a, n));
	show(fstatat(AT_FDCWD, "sock", &st, 0));
	say("%o\n", st.mode & S_IFMT);
	show(bind(c, &a, n));
	show(listen(l, 3));
	show(connect(c, &a, n));
	show(s = accept(l, &got, &len));
	say("peer: length %u family %u\n", len, got.family);
	len = sizeof(got);
	show(getpeername(c, &got, &len));
	say("length %u len %u family %u %s\n", len, got.len, got.family, got.path);
	write(c, "hello", 5);
	show(read(s, b, 16));
	show(shutdown(s, SHUT_RD));
	close(s);
	show(read(c, b, 16));
	name_of(&a, "none");
	show(connect(socket(AF_UNIX, SOCK_STREAM, 0), &a, a.len));
	put_file("plain", "");
	name_of(&a, "plain");
	show(connect(socket(AF_UNIX, SOCK_STREAM, 0), &a, a.len));

	say("passing\n");
	show(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p));
	show(fcntl(p[0], F_GETFD, 0));
	pipe2(d, 0);
	pass(p[0], d[1]);
	fd = receive(p[1], 0);
	yes(fd > d[1]);
	show(write(fd, "via", 3));
	show(read(d[0], b, 16));
	show(fcntl(fd, F_GETFD, 0));
	pass(p[0], d[1]);
	fd = receive(p[1], MSG_CMSG_CLOEXEC);
	show(fcntl(fd, F_GETFD, 0));
	pass(p[0], 99);

	say("datagrams\n");
	show(socketpair(AF_UNIX, SOCK_DGRAM, 0, p));
	write(p[0], "one", 3);
	write(p[0], "three", 5);
	show(read(p[1], b, 16));
	show(read(p[1], b, 2));
	show(recvfrom(p[1], b, 2, MSG_DONTWAIT, 0, 0));
	show(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, p));
	write(p[0], "pack", 4);
	show(recvfrom(p[1], b, 16, 0, 0, 0));
	show(socketpair(AF_INET, SOCK_STREAM, 0, p));
	show(socketpair(AF_UNIX, SOCK_STREAM, 0, 8));
	return 0;
}
