/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a call costs, one case a run: prints "NANOSECONDS CALLS" of the middle one of 15 parts, set-up left out. COUNT calls
 * are made in all; fewer than 15 print nothing.
 *
 *    calls CASE COUNT [sealed|armed|marked [PROGRAM]]
 *
 * Built for FreeBSD and for Linux (os.h says what differs). "armed" maps a page that is writable and executable first: a
 * guest with such a page is never sealed. "marked" makes one call between two breakpoints, for steps.c. PROGRAM is what the case exec executes; by default this one.
 */
#include "os.h"

static char *self, byte[4096];
static int fd, up[2], down[2];
static long rounds;

static void need(int ok, const char *what)
{
	if (!ok)
		fail(what);
}

/* --- one thread, one call ------------------------------------------------------------------------------------------- */
static void none(void) { }
static void a_getpid(void) { CALL(getpid, 0); }
static void a_getppid(void) { CALL(getppid, 0); }
static void a_clock(void) { CALL(clock_gettime, MONOTONIC, byte); }
static void a_close(void) { CALL(close, -1); }
static void a_stat(void) { CALL_stat("file", byte); }
static void a_pread(void) { need(CALL(pread, fd, byte, 1, 0) == 1, "pread"); }
static void a_pwrite(void) { need(CALL(pwrite, fd, byte, 1, 0) == 1, "pwrite"); }
static void a_read(void) { need(read(fd, byte, 1) == 1, "read"); }
static void an_open(void) { need(!close(open("file", O_RDONLY, 0)), "open"); }
static void a_mix(void)
{
	a_getpid();
	a_close();
	a_read();
	a_stat();
	an_open();
}
static void a_file(void)
{
	fd = (int)open("file", O_RDWR | O_CREAT, 0644);
	need(fd >= 0 && write(fd, byte, 1) == 1, "a file in this directory");
}
static void zeros(void)
{
	a_file();
	fd = (int)open("/dev/zero", O_RDONLY, 0);
}

/* --- two threads, until the first returns from main ------------------------------------------------------------------- */
static void *echo(void *none)
{
	char c;
	for (;;)
		need(read(up[0], &c, 1) == 1 && write(down[1], &c, 1) == 1, "echo");
	return none;
}
static void two_pipes(void)
{
	need(!PIPE(up) && !PIPE(down), "pipe");
	thread_start(echo);
}
static void there_and_back(void)
{
	char c = 0;
	need(write(up[1], &c, 1) == 1 && read(down[0], &c, 1) == 1, "round trip");
}

static unsigned asked __attribute__((aligned(64))), answered __attribute__((aligned(64))), turn;
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
static void *answer(void *none)
{
	for (unsigned i = 1;; i++) {
		await(&asked, i);
		tell(&answered, i);
	}
	return none;
}
static void two_words(void) { thread_start(answer); }
static void hand_off(void)
{
	tell(&asked, ++turn);
	await(&answered, turn);
}

/* --- a byte that goes round through a thousand sockets, each of which the queue watches ----------------------------- */
enum { SOCKETS = 1000 };
static int sock[SOCKETS];
static long q;
static void ring(void)
{
	struct rlimit limit;
	need(!getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
	limit.SOFT = SOCKETS + 16;
	setrlimit(RLIMIT_NOFILE, &limit);
	for (unsigned i = 0; i < SOCKETS; i += 2)
		need(!PAIR(sock + i), "socketpair");
	q = queue();
	for (unsigned i = 0; i < SOCKETS; i++)
		need(!queue_add(q, sock[i], i), "queue");
	need(write(sock[1], byte, 1) == 1, "write");     /* the other end of 0 */
}
static void pass_on(void)
{
	long i = queue_wait(q);
	need(i >= 0 && read(sock[i], byte, 1) == 1 && write(sock[(i + 1) % SOCKETS ^ 1], byte, 1) == 1, "event");
}

/* --- processes ------------------------------------------------------------------------------------------------------ */
static void a_child(void)
{
	long child = fork();
	if (!child)
		quit(0);
	wait_for(child);
}
static void a_program(void)
{
	char *argv[] = { self, "nothing", "0", 0 }, *envp[] = { 0 };
	long child = fork();
	if (!child) {
		execve(self, argv, envp);
		quit(1);
	}
	need(wait_for(child) >= 0, "exec");
}

/* --- sites that never ran ------------------------------------------------------------------------------------------- */
enum { STUB = 32 };
static char *fresh;
static void new_stubs(void)
{
	/* getpid as a libc has it; inverted, because constants may share a page with code, which would never be sealed */
	static const volatile unsigned char stub[] = { 0x47, 0xeb, 0xff, 0xff, 0xff, 0xb6, 0x76, 0x35, 0xf0, 0xfa, 0x8d, 0xfe, 0x3c, 0x3c };
	long size = (rounds + 2) * STUB;
	fresh = (char *)mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
	memset(fresh, 0xcc, (size_t)size);
	for (long i = 0; i < rounds + 2; i++)
		for (unsigned k = 0; k < sizeof stub; k++)
			fresh[i * STUB + k] = (char)~stub[k];
	mprotect(fresh, size, PROT_READ | PROT_EXEC);
	((long (*)(void))fresh)();                       /* the first in its mapping costs more: that is looked up once */
}
static void a_first(void) { ((long (*)(void))(fresh += STUB))(); }

/* A page of numbers over and over, and a step through 8 MiB: what a program does between its calls. */
static unsigned long *heap;
static void much_memory(void)
{
	enum { SIZE = 8 << 20 };
	heap = (unsigned long *)mmap(0, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
	for (unsigned i = 0; i < SIZE / 8; i++)
		heap[i] = i * 0x9e3779b97f4a7c15ul;
}
static void compute(void)
{
	static unsigned long x = 88172645463325252ul;
	for (unsigned i = 0; i < 20000; i++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		heap[x % (1 << 20)] += x;
		heap[i % 512] ^= heap[x % 512];
	}
}
static void idle(void)
{
	print("idle\n");
#ifndef __FreeBSD__
	fflush(stdout);
#endif
	read(0, byte, 1);
}

/* 100 MiB that a packer finds something in, but not much */
static void fill(void)
{
	static volatile unsigned area[25 << 20];
	unsigned x = 1;
	for (unsigned i = 0; i < sizeof area / sizeof *area; i++)
		area[i] = (x = x * 1664525 + 1013904223) >> (i % 4 ? 20 : 0);
	idle();
}

static const struct { const char *name; void (*set_up)(void), (*once)(void); long calls; } cases[] = {
	{ "nothing", none, none }, { "idle", idle, none }, { "fill", fill, none },
	{ "getpid", none, a_getpid }, { "getppid", none, a_getppid }, { "clock", none, a_clock }, { "close", none, a_close },
	{ "pread", a_file, a_pread }, { "pwrite", a_file, a_pwrite }, { "read", zeros, a_read }, { "stat", a_file, a_stat },
	{ "open", a_file, an_open }, { "pipe", two_pipes, there_and_back }, { "futex", two_words, hand_off },
	{ "queue", ring, pass_on }, { "fork", none, a_child }, { "exec", none, a_program }, { "first", new_stubs, a_first },
	{ "mix", zeros, a_mix, 6 }, { "compute", much_memory, compute },
};

/* The median of parts: what else the machine did meanwhile fell on a few of them. */
enum { PARTS = 15 };
static void put_in(long *sorted, unsigned n, long t)
{
	for (; n && sorted[n - 1] > t; n--)
		sorted[n] = sorted[n - 1];
	sorted[n] = t;
}
static long timed(void (*once)(void), long n)
{
	long took[PARTS];
	for (unsigned part = 0; part < PARTS; part++) {
		long t = now();
		for (long i = 0; i < n; i++)
			once();
		put_in(took, part, now() - t);
	}
	return took[PARTS / 2];
}

static void marked(void (*once)(void))
{
	once();
	once();
	__asm__ volatile("int3" ::: "memory");
	once();
	__asm__ volatile("int3" ::: "memory");
}

int main(int argc, char **argv)
{
	unsigned i = 0;
	while (argc > 2 && i < COUNT(cases) && strcmp(cases[i].name, argv[1]))
		i++;
	if (argc < 3 || i == COUNT(cases))
		return 2;
	for (const char *p = argv[2]; *p; p++)
		rounds = rounds * 10 + *p - '0';
	self = argv[argc > 4 ? 4 : 0];
	if (argc > 3 && !strcmp(argv[3], "armed"))
		mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANON, -1, 0);
	if (cases[i].once != none)
		begin();
	cases[i].set_up();
	cases[i].once();                                 /* where it traps, is rewritten, and all caches are cold */
	if (argc > 3 && !strcmp(argv[3], "marked"))
		marked(cases[i].once);
	if (rounds >= PARTS)
		print("%ld %ld\n", timed(cases[i].once, rounds / PARTS),
		      rounds / PARTS * (cases[i].calls ? cases[i].calls : 1));
	return 0;
}
