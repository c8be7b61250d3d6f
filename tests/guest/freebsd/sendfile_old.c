/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The first sendfile, call 336.
 * TEST without: seccomp ptrace, since Linux 6.18 lets its own call 336 pass every filter
 */
#include "fbsd.h"

/* The bytes of the headers count as part of nbytes, which they no longer do. */
static void send(long fd)
{
	struct { struct iovec *h; int nh; struct iovec *t; int nt; } hd = { &(struct iovec){ "head:", 5 }, 1, 0, 0 };
	long sent = 0, arg[8] = { fd, 0, 0, 7, (long)&hd, (long)&sent, 0 };
	char b[32] = { 0 };
	struct full r;
	int s[2];

	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	arg[1] = s[0];
	sys_full(SYS_freebsd4_sendfile, arg, &r);
	say("sendfile: %e, sent %ld\n", r.carry ? -r.rax : r.rax, sent);
	show(read(s[1], b, 32));
	say("%s\n", b);
	arg[0] = 99;
	sys_full(SYS_freebsd4_sendfile, arg, &r);
	say("sendfile: %e\n", r.carry ? -r.rax : r.rax);
	close(s[0]), close(s[1]);
}
int main(int argc, char **argv)
{
	put_file("f", "abcdefgh");
	send(open("f", O_RDONLY, 0));
	return 0;
}
