/* SPDX-License-Identifier: BSD-2-Clause
 * Corners that other people's suites look at: two control messages of descriptors in one buffer, ports chosen below 1024,
 * what revoke says of what cannot be revoked, a page beyond the end of an object. */
#include "fbsd.h"

static char control[64] __attribute__((aligned(8)));

static void put(char *at, int fd)
{
	*(struct cmsghdr *)at = (struct cmsghdr){ 20, SOL_SOCKET, SCM_RIGHTS };
	memcpy(at + 16, &fd, 4);
}
static void two_messages(void)
{
	int s[2], before, got;
	char byte = 'x';
	struct iovec v = { &byte, 1 };
	struct msghdr m = { .iov = &v, .iovlen = 1, .control = control, .controllen = 48 };
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	put(control, 0);
	put(control + 24, 1);
	say("two messages\n");
	show(sendmsg(s[0], &m, 0));
	memset(control, 0, sizeof control);
	show(recvmsg(s[1], &m, 0));
	show(m.controllen);
	show(m.flags & MSG_CTRUNC);
	show(((struct cmsghdr *)control)->len);
	show(((struct cmsghdr *)(control + 24))->len);
	before = (int)dup(0);
	close(before);
	put(control, 0);
	put(control + 24, 1);
	m.controllen = 48;
	show(sendmsg(s[0], &m, 0));
	m.controllen = 24;
	show(recvmsg(s[1], &m, 0));
	show(m.controllen);
	show(m.flags & MSG_CTRUNC);
	memcpy(&got, control + 16, 4);
	show(got == before);
	show(dup(0) == before + 1);              /* the other was not kept */
}
static void ports(void)
{
	int s = (int)socket(AF_INET, SOCK_STREAM, 0), v = 2, got = -1;
	struct sockaddr_in in = { sizeof in, AF_INET, 0, LOOPBACK, { 0 } };
	u32 n = sizeof got;
	say("ports\n");
	show(getsockopt(s, 0, 19, &got, &n));
	show(got);
	show(setsockopt(s, 0, 19, &v, 4));
	show(getsockopt(s, 0, 19, &got, &n));
	show(got);
	long e = listen(s, 1);
	n = sizeof in;
	getsockname(s, &in, &n);
	yes(e == -EACCES || (e == 0 && be16(in.port) >= 600 && be16(in.port) < 1024));
	v = 3;
	show(setsockopt(s, 0, 19, &v, 4));
	v = 0;
	show(setsockopt(s, 0, 19, &v, 4));
	close(s);
}
static volatile int code;
static void on_bus(int sig, siginfo_t *si, ucontext_t *uc)
{
	code = si->code;
	uc->mc.rip += 2;         /* over movb (%rax), %al */
}
int main(int argc, char **argv)
{
	two_messages();
	ports();
	say("revoke\n");
	show(sys(SYS_revoke, -1L));
	show(sys(SYS_revoke, "none"));
	show(sys(SYS_revoke, "/"));
	show(sys(SYS_revoke, "/dev/null"));
	say("mapped to be written\n");
	int fd = (int)open("small.w", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ftruncate(fd, 4096);
	show(mmap(0, 4096, PROT_READ, MAP_SHARED, fd, 0));
	char *page = (char *)mmap(0, 4096, PROT_WRITE, MAP_SHARED, fd, 0);
	yes((long)page > 0);
	*page = 'w';
	close(fd);
	char back = 0;
	fd = (int)open("small.w", O_RDONLY);
	show(read(fd, &back, 1));
	show(back);
	close(fd);
	unlink("small.w");
	say("timecounter\n");
	char text[32] = { 0 };
	u64 n = sizeof text;
	show(sys(SYS___sysctlbyname, "kern.timecounter.hardware", 25, text, &n, 0, 0));
	long set = sys(SYS___sysctlbyname, "kern.timecounter.hardware", 25, 0, 0, text, strlen(text));
	yes(set == 0 || set == -EPERM);
	set = sys(SYS___sysctlbyname, "kern.timecounter.hardware", 25, 0, 0, "HPET", 4);
	yes(set == -EINVAL || set == -EPERM);
	say("locked\n");
	struct rlimit lim = { 0, 0 };
	sys(SYS_getrlimit, RLIMIT_MEMLOCK, &lim);
	page = pages(16384);
	lim.cur = 8192;
	show(sys(SYS_setrlimit, RLIMIT_MEMLOCK, &lim));
	show(mlock(page, 4096));
	show(mlock(page, 16384));
	show(sys(SYS_munlock, page, 4096));
	say("beyond the end\n");
	fd = (int)shm_open2(1, O_RDWR, 0, 0, 0);
	ftruncate(fd, 4096);
	long at = mmap(0, 8192, PROT_READ, MAP_SHARED, fd, 0);
	handle(SIGBUS, on_bus, 0);
	__asm__ volatile("movb (%0), %%al" : : "a"(at + 4096) : "memory");
	show(code);
	return 0;
}
