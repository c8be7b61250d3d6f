/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A Linux guest behind a wall (engine kvm): every call with pointers to what is guise's own, as arguments and in every
 * record that an argument points to. Each child makes some hundred calls from one seed; the parent looks how it ended.
 * What lies at the target (SECRET) must never be seen by us, nor changed; tests/fuzz/wall.test looks after the latter.
 *
 *     wall_fuzz SECONDS SEED           waits for the file "target", which holds the address
 *     wall_fuzz -1 SEED                that seed alone, telling each call before it is made
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <mqueue.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>
#include "calls.h"

#define SYS(nr_, name_, ret_, fn_, level_, ...) { nr_, #name_, #__VA_ARGS__ },
#define NOSYS(nr_, name_, ...)
#define PART(...) PART_
static const struct row { int nr; const char *name, *args; } row[] = {
#include "syscalls.def"
};
#define IOC(nr_, ...) nr_,
static const uint32_t requests[] = {
#include "ioctl.def"
};
#define PRC(nr_, ...) nr_,
static const uint32_t options[] = {
#include "prctl.def"
};
#define LEVEL(nr_, ...) nr_,
static const uint32_t levels[] = {
#include "sockopt.def"
};
#define COUNT(a) (sizeof(a) / sizeof *(a))

/* what ends, stops, waits for good, or would leave no guest to go on */
static const char *const never[] = {
	"exit", "exit_group", "pause", "rt_sigsuspend", "rt_sigreturn", "fork", "vfork", "clone", "clone3", "execve", "execveat", "kill",
	"tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal", "rt_sigaction", "rt_sigprocmask", "reboot",
	"mlockall", "setrlimit", "prlimit64", "sched_setscheduler", "sched_setattr", "sched_setparam", "setpriority", "sync", "vhangup",
	"rt_sigtimedwait", "munmap", "mremap", "mprotect", "brk", "shmdt", "chroot", "close_range", "arch_prctl", "landlock_restrict_self",
};
enum { POOL = 16 * 4096, FDS = 32 };
static uint64_t target;
static char *pool;
static int verbose;

static uint64_t hit(void) { return target + next() % 8 * 8 - (next() % 16 == 0 ? 4096 : 0); }
static uint64_t number(void)
{
	static const uint64_t v[] = { 0, 1, 2, 3, 4, 8, 16, 24, 32, 64, 128, 4095, 4096, 65536, ~0ull, 1ull << 31, 1ull << 32 };
	return next() % 3 ? next() % 40 : next() % 2 ? v[next() % COUNT(v)] : 1ull << next() % 33;
}
static uint64_t size(void)
{
	static const uint64_t v[] = { 1, 4, 8, 16, 24, 32, 64, 104, 128, 256, 4096 };
	return next() % 8 ? v[next() % COUNT(v)] : number();
}
/* A record all of whose words may be the target, with small numbers between: counts, lengths, kinds. */
static uint64_t record(void)
{
	char *p = pool + next() % (POOL - 8192) / 8 * 8;
	for (int i = 0; i < 256; i += 8) {
		uint64_t w = next() % 2 ? hit() : next() % 2 ? size() : number() | number() << 32;
		memcpy(p + i, &w, 8);
	}
	return (uint64_t)p;
}
/* Pointers to records that are like that themselves: vectors of headers, of strings. */
static uint64_t deep(void)
{
	char *p = (char *)record();
	for (int i = 0; i < 64; i += 16) {
		uint64_t w = record();
		memcpy(p + i, &w, 8);
	}
	return (uint64_t)p;
}
static uint64_t pointer(void) { return next() % 3 == 0 ? hit() : next() % 3 ? record() : deep(); }
static uint64_t path(void)
{
	static const char *const name[] = { "f", "d", ".", "d/f", "sym", "fifo", "none", "/proc/self/mem", "/proc/self/maps", "sock" };
	if (next() % 4 == 0)
		return hit();
	char *p = pool + next() % 8 * 64;
	return (uint64_t)strcpy(p, name[next() % COUNT(name)]);
}
static int is(const char *kind, const char *word) { return !strncmp(kind, word, strlen(word)) && kind[strlen(word)] == '('; }

static uint64_t argument(const struct row *r, const char *kind)
{
	static const char *const plain[] = { "INT", "UINT", "OCT", "HEX", "SET", "ENUM", "PID", "UID", "SIG", "DEV", "OFF", "LONG", "ULONG" };

	if (is(kind, "FD") || is(kind, "ATFD"))
		return next() % 16 == 0 ? (uint64_t)AT_FDCWD : next() % 16 ? 3 + next() % (FDS - 3) : number();
	if (is(kind, "PATH") || is(kind, "STR"))
		return path();
	if (is(kind, "SUB"))
		return strstr(kind, "IOCTL") ? requests[next() % COUNT(requests)] : strstr(kind, "PRCTL") ? options[next() % COUNT(options)] :
		       strstr(kind, "SOCKOPT") ? levels[next() % 4 ? next() % 8 : next() % COUNT(levels)] : number();
	if (is(kind, "SIZE"))
		return size();
	for (unsigned i = 0; i < COUNT(plain); i++)
		if (is(kind, plain[i]))
			return next() % 4 ? number() : next() % 2 ? pointer() : next() % 1100;
	return next() % 24 ? pointer() : number();
}
static const struct row *any(void)
{
	static const char *const often[] = { "ioctl", "setsockopt", "getsockopt", "prctl", "keyctl", "sendmsg", "recvmsg", "fcntl", "futex" };
	const char *want = next() % 6 == 0 ? often[next() % COUNT(often)] : NULL;
	for (;;) {
		const struct row *r = &row[next() % COUNT(row)];
		unsigned i = 0;
		while (i < COUNT(never) && strcmp(never[i], r->name))
			i++;
		if (i == COUNT(never) && (!want || !strcmp(want, r->name)))
			return r;
	}
}
static void one_call(void)
{
	const struct row *r = any();
	const char *w = r->args;
	uint64_t a[6] = { 0 };

	for (int i = 0; i < 6 && w; i++, w = word_after(w))
		a[i] = strncmp(w, "VOID", 4) ? argument(r, w) : 0;
	if (r->nr == SYS_close && a[0] < FDS)
		return;
	if (verbose)
		printf("%s(%lx, %lx, %lx, %lx, %lx, %lx)\n", r->name, a[0], a[1], a[2], a[3], a[4], a[5]);
	long rv = syscall(r->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (verbose)
		printf("  = %ld %s\n", rv, rv < 0 ? strerror(errno) : "");
}
/* --- what we have seen ------------------------------------------------------------------------------------------------------ */
static void seen(const char *p, long n)
{
	uint64_t secret = SECRET;
	for (long i = 0; i + 8 <= n; i++)
		if (!memcmp(p + i, &secret, 8))
			_exit(66);
}
static void look(void)
{
	static char buf[8192];
	seen(pool, POOL);
	for (int fd = 3; fd < FDS; fd++) {
		fcntl(fd, F_SETFL, O_NONBLOCK);
		for (int i = 0; i < 4; i++) {
			seen(buf, i % 2 ? pread(fd, buf, sizeof buf, 0) : read(fd, buf, sizeof buf));
			memset(buf, 0, sizeof buf);
		}
	}
}
static void on_alarm(int sig) { }

static void furnish(void)
{
	static const int domain[][3] = {
		{ AF_INET, SOCK_STREAM }, { AF_INET, SOCK_DGRAM }, { AF_INET6, SOCK_DGRAM }, { AF_NETLINK, SOCK_RAW, NETLINK_ROUTE },
		{ AF_INET, SOCK_RAW, 1 }, { AF_PACKET, SOCK_RAW, 0x300 }, { 44, SOCK_RAW }, { AF_INET, SOCK_STREAM, 262 }, { 38, SOCK_SEQPACKET },
	};
	struct sigaction a = { .sa_handler = on_alarm };
	int p[2];

	sigaction(SIGALRM, &a, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGSYS, SIG_IGN);
	pool = mmap(NULL, POOL, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	(void)!open("f", O_RDWR | O_CREAT, 0644);
	fsetxattr(3, "user.x", "0123456789abcdef", 16, 0);
	(void)!open("d", O_RDONLY | O_DIRECTORY);
	if (pipe2(p, O_NONBLOCK) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p) || socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, p))
		_exit(9);
	for (unsigned i = 0; i < COUNT(domain); i++)
		if (socket(domain[i][0], domain[i][1] | SOCK_NONBLOCK, domain[i][2]) < 0)
			dup(3);
	epoll_create1(0), eventfd(0, EFD_NONBLOCK), timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), inotify_init1(IN_NONBLOCK);
	(void)!ftruncate(memfd_create("m", 0), 8192);
	if (posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK) < 0)
		dup(3);
	mq_open("/wall", O_RDWR | O_CREAT | O_NONBLOCK, 0600, NULL);
	if (!verbose)
		dup2(open("/dev/null", O_RDWR), 1), dup2(1, 2);
}
static void child(uint64_t seed)
{
	struct itimerval it = { { 0, 20000 }, { 0, 20000 } };
	rng = seed * 0x9e3779b97f4a7c15 + 77;
	furnish();
	setitimer(ITIMER_REAL, &it, NULL);
	for (int i = 0; i < 300; i++) {
		one_call();
		if (i % 30 == 29)
			look();
	}
	_exit(0);
}
/* NULL, or why it is a finding */
static const char *watch(pid_t pid)
{
	int status, r;
	for (int ms = 0; (r = waitpid(pid, &status, WNOHANG)) == 0; ms += 2, usleep(2000))
		if (ms == 4000)
			kill(pid, SIGKILL);
		else if (ms > 20000)
			return "cannot be killed";
	if (r != pid)
		return NULL;             /* it was reaped by a call of its own making */
	if (WIFEXITED(status) && WEXITSTATUS(status) == 125)
		return "met a mistake of the translator";
	return WIFEXITED(status) && WEXITSTATUS(status) == 66 ? "saw what the wall should hide" : NULL;
}
static uint64_t wait_for_target(void)
{
	unsigned long v = 0;
	FILE *f;
	while (!(f = fopen("target", "r")))
		usleep(20000);
	if (fscanf(f, "%lx", &v) != 1)
		exit(9);
	fclose(f);
	return v;
}
int main(int argc, char **argv)
{
	long seconds = argc > 1 ? atol(argv[1]) : 5, bad = 0;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1, first = seed;

	setvbuf(stdout, NULL, _IOLBF, 0);
	mkdir("d", 0755);
	(void)!symlink("f", "sym");
	mkfifo("fifo", 0600);
	target = wait_for_target();
	if (seconds < 0) {
		verbose = 1;
		child(seed);
	}
	for (time_t end = time(NULL) + seconds; time(NULL) < end && bad < 10; seed++) {
		pid_t pid = fork();
		if (!pid)
			child(seed);
		const char *why = pid < 0 ? "could not be made" : watch(pid);
		if (why)
			printf("seed %lu: a child %s\n", seed, why), bad++;
	}
	printf("calls: %lu children of 300 calls from seed %lu, %ld bad\n", seed - first, first, bad);
	return bad != 0;
}
