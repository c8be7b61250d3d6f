/* SPDX-License-Identifier: BSD-2-Clause
 * The old pipe answers in two registers; pipe2 writes an array and takes flags; a broken pipe is SIGPIPE or EPIPE. */
#include "fbsd.h"

#define FIONREAD 0x4004667f

int main(int argc, char **argv)
{
	struct sigaction ign = { .handler = (void *)SIG_IGN };
	struct full r;
	int p[2] = { -1, -1 };
	char b[8];
	long child;

	sys_full(SYS_freebsd10_pipe, (long[8]){ 0 }, &r);
	say("old pipe: %ld %ld carry %d\n", r.rax, r.rdx, r.carry);
	show(write(r.rdx, "through", 7));
	show(read(r.rax, b, 8));
	int n[2] = { -1, -1 };
	write(r.rdx, "more", 4);         /* what waits is there for the reader only */
	show(ioctl(r.rax, FIONREAD, &n[0]));
	show(ioctl(r.rdx, FIONREAD, &n[1]));
	say("%d %d\n", n[0], n[1]);
	read(r.rax, b, 8);
	show(close(r.rdx));
	show(read(r.rax, b, 8));
	close(r.rax);
	show(pipe2(p, O_CLOEXEC | O_NONBLOCK));
	say("%d %d\n", p[0], p[1]);
	show(fcntl(p[0], F_GETFD, 0));
	show(fcntl(p[1], F_GETFL, 0) & O_NONBLOCK);
	show(read(p[0], b, 1));
	show(pipe2(p, 0x40000000));
	show(pipe2((int *)8, 0));
	show(close(p[0]));
	child = fork();
	if (child == 0) {
		write(p[1], "x", 1);
		quit(0);
	}
	say("child ended by signal %d\n", WTERMSIG(wait_for(child)));
	sigaction(SIGPIPE, &ign, 0);
	show(write(p[1], "x", 1));
	return 0;
}
