/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Eight threads run the same call sites while an engine may be changing them: fresh pages with a site each, at every
 * alignment to a word, across words and across pages, in the order that makes the threads meet; two of them jump straight to
 * the syscall instruction. A million calls; each one's result is looked at. A signal that comes at any moment must find the guest in its own code.
 * TEST timeout: 120
 * TEST without: kvm, which changes no site, and makes a million calls in minutes where ring 0 is emulated
 */
#include "fbsd.h"

enum { THREADS = 8, PAGES = 128, CALLS = 8, ROUNDS = 123 };
#define STUB "\xb8\x14\0\0\0\x49\x89\xca\x0f\x05\x72\x01\xc3\xc3"
#define RAW "\xb8\x14\0\0\0\x0f\x05\xc3"
#define CC "\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xcc"
#define NOP8 "\x0f\x1f\x84\0\0\0\0\0"
static const struct { const char *code; unsigned len, at; } shape[] = {    /* at: the syscall instruction */
	{ STUB CC, sizeof(STUB CC) - 1, 8 },
	{ RAW CC, sizeof(RAW CC) - 1, 5 },
	{ STUB "\x31\xc0\xc3", sizeof(STUB) + 2, 8 },
	{ NOP8 RAW "\x31\xc0\xc3", sizeof(NOP8 RAW) + 2, 13 },
	{ "\xb8\x14\0\0\0\x0f\x05" NOP8 "\xc3", sizeof(RAW NOP8) - 1, 5 },
};
static unsigned kind;                    /* of this round */
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
static u8 *site_of(unsigned i)
{
	int across = i % 4 == 3 && i + 1 < PAGES;
	return area + i * 4096 + (across ? 4095 - i / 4 % 20 : 512 + i % 64);
}
/* To the bare instruction: the number is in rax already. */
static long straight(const u8 *at)
{
	long r;
	__asm__ volatile("sub $128, %%rsp; call *%1; add $128, %%rsp" : "=a"(r) : "r"(at), "0"(20l)
			 : "rcx", "rdx", "r8", "r9", "r10", "r11", "memory", "cc");
	return r;
}
static void worker(void *arg)
{
	unsigned from = (unsigned)(long)arg;
	for (unsigned i = 0; i < PAGES; i++) {
		u8 *p = site_of(i ^ (from & 1));
		for (int k = 0; k < CALLS; k++)
			if ((from < 2 ? straight(p + shape[kind].at) : ((long (*)(void))p)()) != me)
				__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
	}
	__atomic_add_fetch(&done, 1, __ATOMIC_RELEASE);
	umtx_op(&done, UMTX_OP_WAKE, 1, 0, 0);
	sys(SYS_thr_exit, 0);
}
static void round(unsigned n)
{
	kind = n % COUNT(shape);
	area = (u8 *)mmap(0, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
	memset(area, 0x50, PAGES * 4096);
	for (unsigned i = 0; i < PAGES; i++)
		memcpy(site_of(i), shape[kind].code, shape[kind].len);
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
