/* SPDX-License-Identifier: BSD-2-Clause
 * A pointer that points nowhere, across the end of what is mapped, into the kernel half, or at read-only memory is
 * EFAULT and never a signal or a crash; what lies before the bad page is used where FreeBSD uses it. */
#include "fbsd.h"

static char *page;	/* one page, nothing behind it */
static void *const bad[] = { (void *)8, (void *)0x7fffffffe000, (void *)0x8000000000000000, (void *)0xffffffff80000000, (void *)-1 };

static void each(const char *what, long nr, int which, long a, long b, long c, long d)
{
	say("%s:", what);
	for (unsigned i = 0; i < COUNT(bad); i++) {
		long arg[4] = { a, b, c, d };
		arg[which] = (long)bad[i];
		if (i == 1)
			arg[which] = (long)page + 4096;
		say(" %e", sys(nr, arg[0], arg[1], arg[2], arg[3]));
	}
	say("\n");
}

int main(int argc, char **argv)
{
	static char buf[4096];
	int p[2];
	long fd = open("f", O_RDWR | O_CREAT, 0644);
	char *ro;

	page = pages(8192);
	munmap(page + 4096, 4096);
	memset(page, 'x', 4096);
	pipe2(p, 0);
	pwrite(fd, buf, 4096, 0);
	each("open", SYS_open, 0, 0, 0, 0, 0);
	each("read", SYS_read, 1, fd, 0, 10, 0);
	each("write", SYS_write, 1, fd, 0, 10, 0);
	each("pread", SYS_pread, 1, fd, 0, 10, 0);
	each("readv", SYS_readv, 1, fd, 0, 1, 0);
	each("fstat", SYS_fstat, 1, fd, 0, 0, 0);
	each("stat", SYS_fstatat, 1, AT_FDCWD, 0, (long)buf, 0);
	each("old stat", SYS_freebsd11_stat, 1, (long)"f", 0, 0, 0);
	each("getdirentries", SYS_getdirentries, 1, open(".", O_RDONLY, 0), 0, 4096, 0);
	each("pipe2", SYS_pipe2, 0, 0, 0, 0, 0);
	each("clock_gettime", SYS_clock_gettime, 1, 0, 0, 0, 0);
	each("nanosleep", SYS_nanosleep, 0, 0, 0, 0, 0);
	each("gettimeofday", SYS_gettimeofday, 0, 0, 0, 0, 0);
	each("getrlimit", SYS_getrlimit, 1, 0, 0, 0, 0);
	each("setrlimit", SYS_setrlimit, 1, 0, 0, 0, 0);
	each("getrusage", SYS_getrusage, 1, 0, 0, 0, 0);
	each("sigaction in", SYS_sigaction, 1, SIGUSR1, 0, 0, 0);
	each("sigaction out", SYS_sigaction, 2, SIGUSR1, 0, 0, 0);
	each("sigprocmask", SYS_sigprocmask, 1, 1, 0, 0, 0);
	each("sigaltstack", SYS_sigaltstack, 0, 0, 0, 0, 0);
	each("sigpending", SYS_sigpending, 0, 0, 0, 0, 0);
	each("poll", SYS_poll, 0, 0, 1, 0, 0);
	each("bind", SYS_bind, 1, socket(AF_INET, SOCK_STREAM, 0), 0, 16, 0);
	each("getcwd", SYS___getcwd, 0, 0, 100, 0, 0);
	each("readlink", SYS_readlink, 0, 0, (long)buf, 10, 0);
	each("rename", SYS_rename, 1, (long)"f", 0, 0, 0);
	each("getrandom", SYS_getrandom, 0, 0, 10, 0, 0);
	each("thr_self", SYS_thr_self, 0, 0, 0, 0, 0);
	each("utimes", SYS_utimes, 1, (long)"f", 0, 0, 0);
	each("select", SYS_select, 1, 10, 0, 0, (long)buf);
	each("sysarch", SYS_sysarch, 1, AMD64_GET_FSBASE, 0, 0, 0);

	say("page edges\n");
	show(pread(fd, page + 4090, 6, 0));
	show(write(fd, page + 4092, 4));
	show(clock_gettime(0, page + 4080));
	show(clock_gettime(0, page + 4081));
	memcpy(page + 4094, "f", 2);
	show(open(page + 4094, O_RDONLY, 0) > 0);
	page[4095] = 'g';
	show(open(page + 4094, O_RDONLY, 0));
	show(fstat(fd, page + 4096 - 224));
	show(fstat(fd, page + 4096 - 223));
	ro = (void *)mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANON, -1, 0);
	show(fstat(fd, ro));
	show(pipe2(ro, 0));
	show(pread(fd, ro, 10, 0));
	show(clock_gettime(0, (long)main));
	show(write(fd, "x", -1l));
	show(read(fd, buf, 1l << 63));
	return 0;
}
