/* SPDX-License-Identifier: BSD-2-Clause
 * What rights go along with: a descriptor that is sent to another process, a connection that is accepted, an exec. */
#include "caps.h"

struct rightsmsg { struct cmsghdr h; int pad_not_there[0]; int fd[4]; };
static char control[256] __attribute__((aligned(8)));

static long send_fds(int s, const int *fd, unsigned n)
{
	char byte = 'x';
	struct iovec v = { &byte, 1 };
	struct msghdr m = { .iov = &v, .iovlen = 1, .control = control, .controllen = 16 + n * 4 };
	struct cmsghdr *h = (struct cmsghdr *)control;
	*h = (struct cmsghdr){ 16 + n * 4, SOL_SOCKET, SCM_RIGHTS };
	memcpy(control + 16, fd, n * 4);
	return sendmsg(s, &m, 0);
}
static long recv_fds(int s, int *fd, unsigned room)
{
	char byte;
	struct iovec v = { &byte, 1 };
	struct msghdr m = { .iov = &v, .iovlen = 1, .control = control, .controllen = 16 + room * 4 };
	struct cmsghdr *h = (struct cmsghdr *)control;
	long n = recvmsg(s, &m, 0);
	if (n < 0)
		return n;
	if (!m.controllen)
		return m.flags & MSG_CTRUNC ? -999 : 0;
	memcpy(fd, control + 16, h->len - 16);
	return (h->len - 16) / 4;
}
static void sent(void)
{
	int sv[2], fd[4], got[4] = { -1, -1, -1, -1 }, status;
	socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
	fd[0] = (int)open("caps.p", O_RDWR);
	fd[1] = limited(fd[0], CAP_READ, NO1);
	fd[2] = (int)open("caps.p", O_RDWR);
	cap_fcntls_limit(fd[2], 8);
	u64 one = 0x4004667f, list[2] = { 0 };
	cap_ioctls_limit(fd[2], &one, 1);
	say("sent\n");
	show(send_fds(sv[0], fd, 3));
	long pid = fork();
	if (!pid) {
		u32 fc = 0;
		show(recv_fds(sv[1], got, 4));
		tell("first", got[0]);
		tell("second", got[1]);
		show(write(got[1], "x", 1));
		show(cap_fcntls_get(got[2], &fc));
		show(fc);
		show(cap_ioctls_get(got[2], list, 2));
		show(list[0] == one);
		show(open("caps.p", O_RDONLY) == got[2] + 1);        /* nothing else came */
		quit(0);
	}
	wait4(pid, &status, 0, 0);
	show(send_fds(sv[0], fd, 1));
	show(recv_fds(sv[1], got, 1));
	tell("whole", got[0]);
	show(send_fds(sv[0], fd + 1, 1));
	show(recv_fds(sv[1], got, 1));
	tell("exactly room", got[0]);
	show(send_fds(sv[0], fd + 1, 2));
	show(recv_fds(sv[1], got, 1) == -999);
	int next = (int)open("caps.p", O_RDONLY);
	tell("no leftover", next);
	show(send_fds(sv[0], (int[]){ 77 }, 1));
}
static void accepted(void)
{
	struct sockaddr_in in = { sizeof in, AF_INET, 0, LOOPBACK, { 0 } };
	int l = (int)socket(AF_INET, SOCK_STREAM, 0), c = (int)socket(AF_INET, SOCK_STREAM, 0), a;
	u32 n = sizeof in;
	say("accepted\n");
	bind(l, &in, sizeof in);
	getsockname(l, &in, &n);
	show(limit(l, CAP_LISTEN | CAP_ACCEPT | CAP_READ, CAP_EVENT));
	show(getsockname(l, &in, &n));
	show(listen(l, 1));
	show(connect(c, &in, sizeof in));
	a = (int)accept(l, 0, 0);
	tell("it", a);
	show(write(a, "x", 1));
	write(c, "x", 1);
	show(read(a, control, 1));
}
static int again(void)
{
	u32 mode = 0;
	show(cap_getmode(&mode));
	show(mode);
	tell("kept", 40);
	tell("whole", 41);
	show(cap_ioctls_get(40, 0, 0));
	show(write(40, "x", 1));
	show(read(40, control, 1));
	works(open("caps.p", O_RDONLY));
	return 0;
}
static void exec(const char *self)
{
	int self_fd = (int)open(self, O_RDONLY), fd = (int)open("caps.p", O_RDWR), status, sh = (int)open("/bin/true", O_RDONLY);
	char *argv[] = { (char *)"caps_pass", (char *)"again", 0 };
	u64 one = 0x4004667f;
	dup2(fd, 41);
	cap_ioctls_limit(fd, &one, 1);
	limit(fd, CAP_READ, CAP_IOCTL);
	dup2(fd, 40);
	for (int mode = 0; mode < 2; mode++) {
		say("exec, mode %d\n", mode);
		long pid = fork();
		if (!pid) {
			if (mode) {
				cap_enter();
				show(fexecve(sh, argv, env));    /* of the host's own: nobody would hold it to that */
			}
			quit((int)fexecve(self_fd, argv, env));
		}
		wait4(pid, &status, 0, 0);
		show(status);
	}
	int lim = limited(self_fd, CAP_READ, NO1);
	show(fexecve(lim, argv, env));
}
int main(int argc, char **argv)
{
	if (argc > 1)
		return again();
	put_file("caps.p", "0123456789");
	sent();
	accepted();
	exec(argv[0]);
	unlink("caps.p");
	return 0;
}
