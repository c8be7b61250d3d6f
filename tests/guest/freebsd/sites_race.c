/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Eight threads run the same call sites while an engine may be changing them: fresh pages with a site each, at every
 * alignment to a word and across words, in the order that makes the threads meet. A million calls; each one's result is
 * looked at. A signal that comes at any moment must find the guest in its own code.
 * TEST timeout: 120
 */
#include "fbsd.h"

enum { THREADS = 8, PAGES = 128, CALLS = 8, ROUNDS = 123 };
#define STUB "\xb8\x14\0\0\0\x49\x89\xca\x0f\x05\x72\x01\xc3\xc3"
#define RAW "\xb8\x14\0\0\0\x0f\x05\xc3"
#define CC "\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc"
#define NOP8 "\x0f\x1f\x84\0\0\0\0\0"
static const struct { const char *code; unsigned len; } shape[] = {
	{ STUB CC, sizeof(STUB CC) - 1 },
	{ RAW CC, sizeof(RAW CC) - 1 },
	{ STUB "\x31\xc0\xc3", sizeof(STUB) + 2 },
	{ NOP8 RAW "\x31\xc0\xc3", sizeof(NOP8 RAW) + 2 },
	{ "\xb8\x14\0\0\0\x0f\x05" NOP8 "\xc3", sizeof(RAW NOP8) - 1 },
};
static u8 *area;
static long me;
static int wrong, astray, seen;
static unsigned done;

extern char __executable_start[], etext[];

static void tick(int sig, siginfo_t *si, ucontext_t *uc)
{
	u64 rip = (u64)uc->mc.rip;
	seen++;
	if (!(rip >= (u64)__executable_start && rip < (u64)etext) && !(rip >= (u64)area && rip < (u64)area + PAGES * 4096))
		astray++;
}
static void worker(void *arg)
{
	unsigned from = (unsigned)(long)arg;
	for (unsigned i = 0; i < PAGES; i++) {
		u8 *p = area + (i ^ (from & 1)) * 4096;
		long (*fn)(void) = (long (*)(void))(p + 512 + (i ^ (from & 1)) % 64);
		for (int k = 0; k < CALLS; k++)
			if (fn() != me)
				__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
	}
	__atomic_add_fetch(&done, 1, __ATOMIC_RELEASE);
	umtx_op(&done, UMTX_OP_WAKE, 1, 0, 0);
	sys(SYS_thr_exit, 0);
}
static void round(unsigned n)
{
	area = (u8 *)mmap(0, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
	for (unsigned i = 0; i < PAGES; i++) {
		u8 *p = area + i * 4096;
		memset(p, 0x50, 4096);
		memcpy(p + 512 + i % 64, shape[n % COUNT(shape)].code, shape[n % COUNT(shape)].len);
	}
	mprotect(area, PAGES * 4096, PROT_READ | PROT_EXEC);
	done = 0;
	for (long i = 0; i < THREADS; i++)
		if (thread(worker, (void *)i) < 0)
			fail("thread");
	for (unsigned d; (d = __atomic_load_n(&done, __ATOMIC_ACQUIRE)) != THREADS;)
		umtx_op(&done, UMTX_OP_WAIT_UINT, d, 0, 0);
	munmap(area, PAGES * 4096);
}
int main(int argc, char **argv)
{
	struct itimerval every = { { 0, 700 }, { 0, 700 } };
	me = getpid();
	handle(SIGPROF, tick, SA_RESTART | SA_SIGINFO);
	setitimer(ITIMER_PROF, &every, 0);
	for (unsigned n = 0; n < ROUNDS; n++)
		round(n);
	setitimer(ITIMER_PROF, &(struct itimerval){ 0 }, 0);
	say("%d calls, %d wrong\n", THREADS * PAGES * CALLS * ROUNDS, wrong);
	say("signals came: %s, found astray: %d\n", seen > 20 ? "yes" : "NO", astray);
	return 0;
}
