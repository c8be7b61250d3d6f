/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A program that makes its calls as a libc does, through stubs and nothing else, so that an engine may know all of its
 * code (sealed mode). Whatever way code comes into being then, its calls must still be caught: Linux gives FreeBSD's
 * numbers another meaning, so each result tells. It has no runtime, whose calls are not stubs.
 *
 *    seal      each way once        seal N    the Nth alone, from 0        seal loop    many short calls, to measure
 *    seal before, seal after        by a file of the host's /proc that is the process's memory, opened before it can be sealed or then
 */
typedef unsigned char u8;
typedef unsigned long u64;

#define STUB(name, nr) __attribute__((naked, noinline, aligned(16))) static long name(long a, long b, long c, long d, long e, long f) \
	{ __asm__("mov $" #nr ", %eax; mov %rcx, %r10; syscall; jb 1f; ret; 1: neg %rax; ret; .fill 15, 1, 0xcc"); }
STUB(exit_, 1) STUB(fork_, 2) STUB(write_, 4) STUB(open_, 5) STUB(close_, 6) STUB(wait_, 7) STUB(getpid_, 20) STUB(munmap_, 73)
STUB(mprotect_, 74) STUB(madvise_, 75) STUB(mmap_, 477) STUB(ftruncate_, 480) STUB(thr_exit_, 431) STUB(thr_new_, 455)
STUB(umtx_, 454) STUB(shm_open2_, 571) STUB(pwrite_, 476) STUB(unlink_, 10) STUB(getppid_, 39)

enum { R = 1, W = 2, X = 4, PRIVATE = 2, SHARED = 1, FIXED = 0x10, ANON = 0x1000 };
/* getpid; hidden, since what lies beside code in the file is mapped with it */
static const u8 code[] = { 0x47, 0xeb, 0xff, 0xff, 0xff, 0xf0, 0xfa, 0x3c };
static long me;

static void put(const char *s)
{
	long n = 0;
	while (s[n])
		n++;
	write_(1, (long)s, n, 0, 0, 0);
}
static void copy(volatile u8 *to)
{
	for (unsigned i = 0; i < sizeof code; i++)
		to[i] = (u8)~code[i];
}
static int right(volatile u8 *p)
{
	return ((long (*)(void))p)() == me && ((long (*)(void))p)() == me;
}
static void tell(const char *what, int ok)
{
	put(what);
	put(ok ? ": caught\n" : ": MISSED\n");
}
/* calls that are known, so that there is every occasion to seal again */
static void settle(void)
{
	for (int i = 0; i < 100; i++)
		if (getpid_(0, 0, 0, 0, 0, 0) != me)
			exit_(3, 0, 0, 0, 0, 0);
}
static u8 *map(long prot, long flags, long fd) { return (u8 *)mmap_(0, 4096, prot, flags, fd, 0); }

static void written_then_executable(void)
{
	u8 *p = map(R | W, PRIVATE | ANON, -1);
	copy(p);
	mprotect_((long)p, 4096, R | X, 0, 0, 0);
	tell("written, then executable", right(p));
	munmap_((long)p, 4096, 0, 0, 0, 0);
}
static void writable_and_executable(void)
{
	u8 *p = map(R | W | X, PRIVATE | ANON, -1);
	copy(p);
	tell("writable and executable", right(p));
	munmap_((long)p, 4096, 0, 0, 0, 0);
}
static void written_elsewhere(void)
{
	long fd = shm_open2_(1, 2, 0600, 0, 0, 0);
	ftruncate_(fd, 4096, 0, 0, 0, 0);
	u8 *x = map(R | X, SHARED, fd);
	settle();
	u8 *w = map(R | W, SHARED, fd);
	copy(w);
	tell("written through another mapping", right(x));
	munmap_((long)x, 4096, 0, 0, 0, 0);
	munmap_((long)w, 4096, 0, 0, 0, 0);
	close_(fd, 0, 0, 0, 0, 0);
}
static void from_a_file(void)
{
	long fd = open_((long)"code", 0x602, 0600, 0, 0, 0);
	ftruncate_(fd, 4096, 0, 0, 0, 0);
	u8 *x = map(R | X, PRIVATE, fd);
	settle();
	u8 plain[sizeof code];
	copy(plain);
	pwrite_(fd, (long)plain, sizeof code, 0, 0, 0);
	tell("written into the file behind it", right(x));
	munmap_((long)x, 4096, 0, 0, 0, 0);
	x = map(R | X, PRIVATE, fd);
	tell("read from a file", right(x));
	munmap_((long)x, 4096, 0, 0, 0, 0);
	unlink_((long)"code", 0, 0, 0, 0, 0);
	close_(fd, 0, 0, 0, 0, 0);
}
static void dropped(void)
{
	madvise_((long)getpid_ & ~4095l, 4096, 4 /* MADV_DONTNEED */, 0, 0, 0);
	tell("its own code read anew", getpid_(0, 0, 0, 0, 0, 0) == me);
}
static void forked(void)
{
	int status = 0;
	settle();
	long kid = fork_(0, 0, 0, 0, 0, 0);
	if (!kid) {
		me = getpid_(0, 0, 0, 0, 0, 0);
		written_then_executable();
		exit_(0, 0, 0, 0, 0, 0);
	}
	wait_(kid, (long)&status, 0, 0, 0, 0);
	tell("in a child, its end", status == 0);
}
static volatile unsigned go, done;
static u8 *volatile made;
static volatile long got;
static void worker(void *arg)
{
	while (!go)                      /* in its own code, and in no call, when the code is made */
		;
	got = right(made);
	done = 1;
	umtx_((long)&done, 3, 1, 0, 0, 0);
	thr_exit_(0, 0, 0, 0, 0, 0);
}
static void threads(void)
{
	static long tid;
	static u8 stack[16384] __attribute__((aligned(16)));
	struct { void *start, *arg, *base; long size; void *tls; long tls_size; long *child, *parent; int flags; void *rtp, *spare[3]; }
		p = { (void *)worker, 0, stack, sizeof stack, 0, 0, &tid, &tid, 0, 0, { 0 } };
	settle();
	thr_new_((long)&p, sizeof p, 0, 0, 0, 0);
	settle();
	u8 *m = map(R | W, PRIVATE | ANON, -1);
	copy(m);
	mprotect_((long)m, 4096, R | X, 0, 0, 0);
	made = m;
	go = 1;
	while (!done)
		umtx_((long)&done, 11, 0, 0, 0, 0);
	tell("made by one thread, run by another", got == 1);
	tell("and by the first", right(m));
}
static void written_by_another(void)
{
	int status = 0;
	long fd = shm_open2_(1, 2, 0600, 0, 0, 0);
	ftruncate_(fd, 4096, 0, 0, 0, 0);
	u8 *x = map(R | X, SHARED, fd);
	settle();
	long kid = fork_(0, 0, 0, 0, 0, 0);
	if (!kid) {
		copy(map(R | W, SHARED, fd));
		exit_(0, 0, 0, 0, 0, 0);
	}
	wait_(kid, (long)&status, 0, 0, 0, 0);
	settle();
	tell("written by another process", right(x));
	munmap_((long)x, 4096, 0, 0, 0, 0);
	close_(fd, 0, 0, 0, 0, 0);
}
static void in_steps(void)
{
	u8 *p = map(R | W, PRIVATE | ANON, -1);
	copy(p);
	mprotect_((long)p, 4096, 0, 0, 0, 0);
	settle();
	mprotect_((long)p, 4096, R, 0, 0, 0);
	settle();
	mprotect_((long)p, 4096, X, 0, 0, 0);
	tell("out of sight, readable, then executable only", right(p));
	mprotect_((long)p, 4096, R | W, 0, 0, 0);
	settle();
	copy(p);
	mprotect_((long)p, 4096, R | X, 0, 0, 0);
	tell("and once more", right(p));
	munmap_((long)p, 4096, 0, 0, 0, 0);
}
__attribute__((naked, aligned(4096))) static long spare(void) { __asm__("ret; .fill 4095, 1, 0xcc"); }
static void in_place(void)
{
	u8 *p = (u8 *)spare;
	spare();
	settle();
	if ((u8 *)mmap_((long)p, 4096, R | W, PRIVATE | ANON | FIXED, -1, 0) != p)
		exit_(4, 0, 0, 0, 0, 0);
	copy(p);
	settle();
	mprotect_((long)p, 4096, R | X, 0, 0, 0);
	tell("in place of code that was known", right(p));
}
/* The host lets such a file be written to whatever the page allows. */
static void through_memory(long fd)
{
	u8 plain[sizeof code];
	copy(plain);
	spare();
	settle();
	long n = pwrite_(fd, (long)plain, sizeof code, (long)spare, 0, 0);
	tell(n == sizeof code ? "written as a file" : "not written as a file", n < 0 || right((u8 *)spare));
}
static long memory(void) { return open_((long)"/proc/self/mem", 2, 0, 0, 0, 0); }
static void loop(void)
{
	for (int i = 0; i < 200000; i++)
		getppid_(0, 0, 0, 0, 0, 0);
}
void _start(void) __attribute__((naked));
void _start(void) { __asm__("and $-16, %rsp; call begin; hlt"); }
__attribute__((used)) static void begin(long *args)
{
	me = getpid_(0, 0, 0, 0, 0, 0);
	if (*args > 1 && *(const char *)args[2] == 'b') {
		through_memory(memory());
		exit_(0, 0, 0, 0, 0, 0);
	}
	settle();
	static void (*const way[])(void) = { written_then_executable, writable_and_executable, written_elsewhere,
					     from_a_file, dropped, forked, threads, written_by_another, in_steps, in_place };
	const char *word = *args > 1 ? (const char *)args[2] : "";
	if (*word == 'l')
		loop();
	else if (*word == 'a')
		through_memory(memory());
	else if (*word)
		way[*word - '0']();
	for (unsigned i = 0; !*word && i < sizeof way / sizeof *way; i++) {
		way[i]();
		settle();
	}
	exit_(0, 0, 0, 0, 0, 0);
}
