/* SPDX-License-Identifier: BSD-2-Clause
 * UDP on loopback: messages keep their bounds, the sender's address comes back, truncation is told, peeking is not taking. */
#include "fbsd.h"

int main(int argc, char **argv)
{
	struct sockaddr_in a = { 16, AF_INET, 0, LOOPBACK, { 0 } }, b = a, from;
	struct iovec v[2];
	struct msghdr m = { .name = &from, .namelen = sizeof(from), .iov = v, .iovlen = 2 };
	char x[4], y[16];
	u32 len = 16;
	long s = socket(AF_INET, SOCK_DGRAM, 0), t = socket(AF_INET, SOCK_DGRAM, 0);

	show(bind(s, &a, 16));
	show(bind(t, &b, 16));
	getsockname(s, &a, &len);
	getsockname(t, &b, &len);
	show(sendto(t, "one", 3, 0, &a, 16));
	show(sendto(t, "twentytwo", 9, 0, &a, 16));
	show(sendto(t, "", 0, 0, &a, 16));
	len = sizeof(from);
	memset(&from, 0xee, sizeof(from));
	show(recvfrom(s, y, 16, 0, &from, &len));
	say("length %u sin_len %u family %u port %d addr %x\n", len, from.len, from.family, from.port == b.port, from.addr);
	show(recvfrom(s, y, 16, MSG_PEEK, 0, 0));
	v[0] = (struct iovec){ x, 4 };
	v[1] = (struct iovec){ y, 2 };
	show(recvmsg(s, &m, 0));
	say("flags %x namelen %u %c%c%c%c %c%c\n", m.flags, m.namelen, x[0], x[1], x[2], x[3], y[0], y[1]);
	show(recvfrom(s, y, 16, 0, 0, 0));
	show(recvfrom(s, y, 16, MSG_DONTWAIT, 0, 0));
	v[0] = (struct iovec){ "gather ", 7 };
	v[1] = (struct iovec){ "me", 2 };
	m = (struct msghdr){ .name = &a, .namelen = 16, .iov = v, .iovlen = 2 };
	show(sendmsg(t, &m, 0));
	show(recvfrom(s, y, 16, 0, 0, 0));
	show(connect(t, &a, 16));
	show(write(t, "connected", 9));
	show(read(s, y, 16));
	show(sendto(t, "x", 1, 0, &b, 16));
	show(sendto(s, "x", 1, 0, 0, 0));
	show(sendto(s, "x", 1, 0, &a, 3));
	show(recvfrom(s, 8, 16, MSG_DONTWAIT, 0, 0));
	return 0;
}
