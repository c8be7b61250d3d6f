/* SPDX-License-Identifier: BSD-2-Clause
 * More of escape.c: addresses inside of what a call's argument points to, the file that is memory behind mounts of the
 * program's own, descriptors of guise's, guise itself as a program; and that messages in several pieces still go through.
 * Natively there is nothing to reach, and every line says the same.
 * TEST proves: nothing
 * TEST timeout: 120
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>
#include "touch.h"

static uintptr_t aim;                    /* writable, and not for us; 0: there is no such place */
static char guise[512];                  /* the program that we are run by, if it shows */

static void find(void)
{
	char line[600];
	FILE *f = fopen("/proc/self/maps", "r");
	while (fgets(line, sizeof line, f)) {
		unsigned long lo, hi;
		char p[8] = "", name[512] = "";
		if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %511s", &lo, &hi, p, name) < 3 || lo >= 0x7ffffffff000)
			continue;
		if (strlen(name) > 6 && !strcmp(name + strlen(name) - 6, "/guise"))
			strcpy(guise, name);
		if (p[1] == 'w' && !can_write(lo))
			aim = lo;
	}
	fclose(f);
}
/* --- addresses within ------------------------------------------------------------------------------------------------------- */
static int within(void)
{
	int tcp = socket(AF_INET, SOCK_STREAM, 0), udp = socket(AF_INET, SOCK_DGRAM, 0), n = 0, fd = open("f", O_RDWR | O_CREAT, 0600);
	struct { uint64_t at; uint32_t size, flags; } x = { aim, 8, 0 };
	struct { uint64_t val, at; uint32_t flags, pad; } w = { 0, aim, 2, 0 };
	struct sock_filter *code = (void *)aim;
	struct sock_fprog prog = { 1, code };
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD, .sigev_signo = socket(AF_NETLINK, SOCK_RAW, 0), .sigev_value.sival_ptr = (void *)aim };
	struct { uint32_t addr_lo, addr_hi; uint64_t address; uint32_t length, skip; uint64_t copybuf[8]; } zc = { .address = aim, .copybuf = { aim, aim } };
	socklen_t len = sizeof zc;
	struct timespec soon = { 0, 1 };
	mqd_t q = mq_open("/escape", O_RDWR | O_CREAT, 0600, NULL);

	setxattr("f", "user.x", "01234567", 8, 0);
	n += syscall(464, AT_FDCWD, "f", 0, "user.x", &x, 16) >= 0;
	n += syscall(463, AT_FDCWD, "f", 0, "user.y", &x, 16) >= 0;
	n += syscall(449, &w, 1, 0, &soon, CLOCK_MONOTONIC) != -1 || errno == ETIMEDOUT || errno == EAGAIN;
	n += setsockopt(udp, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof prog) >= 0;
	n += setsockopt(udp, SOL_SOCKET, 51, &prog, sizeof prog) >= 0;
	n += getsockopt(tcp, IPPROTO_TCP, 35, &zc, &len) >= 0;
	n += syscall(SYS_mq_notify, q, &ev) >= 0;
	n += syscall(SYS_keyctl, 20, 1, aim, 1, 0) >= 0;
	n += syscall(SYS_vmsplice, fd, &(uint64_t[]){ aim, 8 }, 1, 0) >= 0;
	mq_unlink("/escape");
	close(tcp), close(udp), close(fd);
	return aim ? n : 0;
}
/* --- messages in pieces ------------------------------------------------------------------------------------------------------- */
static void messages(void)
{
	int s[2];
	char in[3][8] = { "one", "two", "three" }, out[4][8] = { "" };
	struct iovec v[3], o[4];
	struct mmsghdr m[3] = { 0 }, r[4] = { 0 };

	socketpair(AF_UNIX, SOCK_DGRAM, 0, s);
	for (int i = 0; i < 3; i++)
		v[i] = (struct iovec){ in[i], strlen(in[i]) }, m[i].msg_hdr.msg_iov = &v[i], m[i].msg_hdr.msg_iovlen = 1;
	for (int i = 0; i < 4; i++)
		o[i] = (struct iovec){ out[i], 7 }, r[i].msg_hdr.msg_iov = &o[i], r[i].msg_hdr.msg_iovlen = 1;
	int n = sendmmsg(s[0], m, 3, 0);
	printf("sent %d: %u %u %u\n", n, m[0].msg_len, m[1].msg_len, m[2].msg_len);
	n = recvmmsg(s[1], r, 4, MSG_WAITFORONE, NULL);
	printf("received %d: %s %s %s\n", n, out[0], out[1], out[2]);
	n = recvmmsg(s[1], r, 4, MSG_DONTWAIT, NULL);
	printf("none: %d %s\n", n, strerror(errno));
	v[1].iov_base = (void *)(aim ? aim : 8);
	printf("a bad second: %d\n", sendmmsg(s[0], m, 3, 0));
	struct timespec t = { 0, 2000000000 }, soon = { 0, 50000000 };
	n = recvmmsg(s[1], r, 1, 0, &t);
	printf("a bad time: %d %s\n", n, strerror(errno));
	n = recvmmsg(s[1], r, 1, 0, &soon);
	printf("in time: %d %s\n", n, out[0]);
	close(s[0]), close(s[1]);
}
/* --- mounts of our own ----------------------------------------------------------------------------------------------------------- */
static int reads(const char *name)
{
	char c;
	int fd = open(name, O_RDWR), n = fd >= 0 && aim && pread(fd, &c, 1, (off_t)aim) == 1;
	if (fd >= 0)
		close(fd);
	return n;
}
static void mounts(void)
{
	int st;
	pid_t pid = fork();
	if (!pid) {
		int n = 0;
		char name[64];
		if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
			_exit(0);
		close(open("file", O_CREAT | O_RDWR, 0600)), mkdir("dir", 0700), mkdir("proc", 0700);
		mount("/proc/self/mem", "file", NULL, MS_BIND, NULL);
		n += reads("file");
		mount("/proc/self", "dir", NULL, MS_BIND, NULL);
		n += reads("dir/mem");
		/* another /proc: its names of our descriptors lead to what it likes */
		mount("/proc", "proc", NULL, MS_BIND | MS_REC, NULL);
		if (!mount("none", "/proc", "tmpfs", 0, NULL)) {
			mkdir("/proc/self", 0755), mkdir("/proc/self/fd", 0755), mkdir("/proc/thread-self", 0755);
			(void)!symlink("/proc/self/fd", "/proc/thread-self/fd");
			char mem[600], cwd[400];
			snprintf(mem, sizeof mem, "%s/proc/self/mem", getcwd(cwd, sizeof cwd));
			for (int i = 3; i < 20480; i++) {
				snprintf(name, sizeof name, "/proc/self/fd/%d", i);
				(void)!symlink(mem, name);
			}
			close(open("plain", O_CREAT | O_RDWR, 0600));
			n += reads("plain");
			n += reads("proc/self/mem");
		}
		_exit(n);
	}
	waitpid(pid, &st, 0);
	printf("by mounts: %x\n", st);
}
/* --- what guise has open, and guise ------------------------------------------------------------------------------------------------ */
static void descriptors(void)
{
	int s[2], n = 0, at = open("/proc/self/fd", O_RDONLY | O_DIRECTORY);
	struct { size_t len; int level, type, fd, pad; } c = { CMSG_LEN(4), SOL_SOCKET, SCM_RIGHTS, 0, 0 };
	struct iovec v = { &c, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof c };
	char name[32];

	socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, s);
	for (int i = 900; i < 20480; i += i > 19900 ? 1 : 7) {
		c.fd = i;
		snprintf(name, sizeof name, "%d", i);
		int fd = openat(at, name, O_RDONLY);
		n += sendmsg(s[0], &m, 0) >= 0;
		n += fd >= 0;
		if (fd >= 0)
			close(fd);
	}
	printf("descriptors: %d\n", n);
	int st;
	pid_t pid = fork();
	if (!pid) {
		close(2);                /* what guise says to that is real/command's */
		if (*guise && aim)
			execl(guise, "guise", "--version", NULL);
		_exit(4);
	}
	waitpid(pid, &st, 0);
	printf("guise itself: %x\n", st);
}
int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGSEGV, on_fault);
	signal(SIGBUS, on_fault);
	find();
	printf("within: %d\n", within());
	messages();
	mounts();
	descriptors();
	return 0;
}
