/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a call costs: prints one line "name nanoseconds" for each measure, or nothing at all when it is given the word
 * "nothing", which measures a start. Built for FreeBSD with the tests' runtime and for Linux with libc; the calls are raw
 * in both.
 */
#ifdef __FreeBSD__
#define THROUGH_STUB                     /* as a program with a libc makes its calls */
#include "fbsd.h"
#define CALL(name, ...) sys(SYS_##name, __VA_ARGS__)
static long now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.sec * 1000000000 + ts.nsec;
}
#define print say
#define PIPE(p) pipe2(p, 0)
#define STAT(b) fstatat(AT_FDCWD, "/etc/passwd", b, 0)
#define SHARED() ((unsigned *)mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0))
#define WAIT(p, v) umtx_op(p, UMTX_OP_WAIT_UINT, v, 0, 0)
#define WAKE(p) umtx_op(p, UMTX_OP_WAKE, 1, 0, 0)
#else
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#define CALL(name, ...) syscall(SYS_##name, __VA_ARGS__)
static long now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000 + ts.tv_nsec;
}
#define print printf
#define PIPE(p) pipe(p)
#define SHARED() ((unsigned *)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))
#define WAIT(p, v) syscall(SYS_futex, p, FUTEX_WAIT, v, NULL, NULL, 0)
#define WAKE(p) syscall(SYS_futex, p, FUTEX_WAKE, 1, NULL, NULL, 0)
#define STAT(b) syscall(SYS_newfstatat, AT_FDCWD, "/etc/passwd", b, 0)
#define quit _exit
#define wait_for(p) waitpid(p, NULL, 0)
#endif

#define MEASURE(name, n, body) do { long t_ = now(); for (long i_ = 0; i_ < (n); i_++) { body; } \
	print("%s %ld\n", name, (now() - t_) / (n)); } while (0)

/* wait until *p is v, and say so to the other side */
static void await(unsigned *p, unsigned v)
{
	unsigned seen;

	while ((seen = __atomic_load_n(p, __ATOMIC_ACQUIRE)) != v)
		WAIT(p, seen);
}
static void tell(unsigned *p, unsigned v)
{
	__atomic_store_n(p, v, __ATOMIC_RELEASE);
	WAKE(p);
}

int main(int argc, char **argv)
{
	static char buf[4096];
	int a[2], b[2];
	long n = 20000, child;
	char c = 0;

	if (argc > 1 && !strcmp(argv[1], "nothing"))
		return 0;
	MEASURE("getpid", n, CALL(getpid, 0));
	MEASURE("close(-1)", n, CALL(close, -1));
	int zero = open("/dev/zero", O_RDONLY, 0);
	MEASURE("read 1 byte", n, if (read(zero, &c, 1) != 1) quit(1));
	MEASURE("read 4096 bytes", n, if (read(zero, buf, 4096) != 4096) quit(1));
	MEASURE("stat", n, STAT(buf));
	MEASURE("open and close", n / 2, close(open("/etc/passwd", O_RDONLY, 0)));
	if (PIPE(a) || PIPE(b))
		return 1;
	child = fork();
	if (child == 0) {
		close(a[1]);
		while (read(a[0], &c, 1) == 1 && write(b[1], &c, 1) == 1)
			;
		quit(0);
	}
	MEASURE("pipe round trip", n / 2, if (write(a[1], &c, 1) != 1 || read(b[0], &c, 1) != 1) quit(1));
	close(a[1]);
	wait_for(child);
	unsigned *word = SHARED(), turn = 0;
	child = fork();
	if (child == 0) {
		for (unsigned i = 1; i <= n / 2; i++) {
			await(word, i);
			tell(word + 64, i);
		}
		quit(0);
	}
	MEASURE("hand-off by a word", n / 2, tell(word, ++turn); await(word + 64, turn));
	wait_for(child);
	MEASURE("fork and wait", 300, if ((child = fork()) == 0) quit(0); wait_for(child));
	return 0;
}
