/* SPDX-License-Identifier: BSD-2-Clause
 * Error numbers are FreeBSD's own where the two systems differ: 35 and above are all different. */
#include "fbsd.h"

#define number(expr) say("%s: %ld\n", #expr, (long)(expr))

int main(int argc, char **argv)
{
	struct sockaddr_in sin = { 16, AF_INET, be16(1), LOOPBACK, { 0 } };
	int p[2], v = 0, len = 4;
	char big[1100];
	long s;

	memset(big, 'n', sizeof(big) - 1);
	big[sizeof(big) - 1] = 0;
	pipe2(p, O_NONBLOCK);
	mkdir("full", 0755);
	put_file("full/x", "");
	symlink("me", "me");
	number(read(p[0], big, 1));	/* EAGAIN */
	number(bind(p[0], &sin, 16));	/* ENOTSOCK */
	number(open(big, 0, 0));	/* ENAMETOOLONG */
	number(rmdir("full"));		/* ENOTEMPTY */
	number(open("me", 0, 0));	/* ELOOP */
	number(socket(AF_INET, 77, 0));	/* EPROTOTYPE */
	number(socket(77, SOCK_STREAM, 0));	/* EAFNOSUPPORT */
	number(socket(AF_INET, SOCK_STREAM, 77));	/* EPROTONOSUPPORT */
	s = socket(AF_INET, SOCK_STREAM, 0);
	number(connect(s, &sin, 16));	/* ECONNREFUSED */
	number(getpeername(s, &sin, &len));	/* ENOTCONN */
	number(setsockopt(s, SOL_SOCKET, 0x7fff, &v, 4));	/* ENOPROTOOPT */
	sin.addr = 0x01010101;
	s = socket(AF_INET, SOCK_STREAM, 0);
	number(bind(s, &sin, 16));	/* EADDRNOTAVAIL */
	number(lseek(p[0], 0, 0));	/* ESPIPE */
	number(ioctl(1, 0x7777, 0));	/* ENOTTY */
	number(wait4(-1, 0, 0, 0));	/* ECHILD */
	number(kill(99999999, 0));	/* ESRCH */
	return 0;
}
