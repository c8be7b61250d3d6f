/* SPDX-License-Identifier: BSD-2-Clause
 * PROT_MAX: how far mprotect may go, given to mmap or later; over fork, over what is mapped anew; for a whole process; beside
 * forks of another thread. */
#include "fbsd.h"

#define ANON (MAP_PRIVATE | MAP_ANON)
#define RX (PROT_READ | PROT_EXEC)
#define RW (PROT_READ | PROT_WRITE)
enum { PROC_PROTMAX_CTL = 15, PROC_PROTMAX_STATUS };

static long map(long at, size_t n, int prot, int more) { return mmap(at, n, prot, ANON | more, -1, 0); }

static void given(void)
{
	long a = map(0, 4 * 4096, PROT_READ | PROT_MAX(PROT_READ | PROT_WRITE), 0);

	show(map(0, 4096, RW | PROT_MAX(PROT_READ), 0));
	show(mprotect(a, 4096, RW));
	show(mprotect(a, 4096, RX));
	show(mprotect(a, 4096, 0));
	show(mprotect(a, 4096, RW));
	*(char *)a = 1;
	show(mprotect(a, 4096, RW | PROT_MAX(PROT_READ)));
	show(mprotect(a, 4096, PROT_READ | PROT_MAX(RX)));            /* never more than before */
	show(mprotect(a + 4096, 4096, PROT_READ | PROT_MAX(PROT_READ)));
	show(mprotect(a, 3 * 4096, RW));                              /* all of it or nothing */
	show(mprotect(a + 2 * 4096, 2 * 4096, RW));
	if (!fork()) {
		show(mprotect(a + 4096, 4096, RW));
		quit(0);
	}
	wait4(-1, 0, 0, 0);
	say("mapped anew\n");
	show(map(a + 4096, 4096, PROT_READ, MAP_FIXED) == a + 4096);
	show(mprotect(a + 4096, 4096, RX));
	show(mprotect(a, 4096, RX));
	show(munmap(a, 4 * 4096));
	show(map(a, 4 * 4096, RW, MAP_FIXED) == a);
	show(mprotect(a, 4 * 4096, RX));
	show(munmap(a, 4 * 4096));
	a = map(0, 3 * 4096, PROT_READ | PROT_MAX(PROT_READ), 0);
	show(munmap(a + 4096, 4096));                                 /* a hole: both sides keep theirs */
	show(mprotect(a, 4096, RW));
	show(mprotect(a + 2 * 4096, 4096, RW));
	show(map(a + 4096, 4096, RW, MAP_FIXED) == a + 4096);
	show(mprotect(a + 4096, 4096, RX));
}
static void later(void)
{
	long a = map(0, 4096, RW, 0);

	show(mprotect(a, 4096, PROT_READ | PROT_MAX(PROT_READ)));
	show(mprotect(a, 4096, RW));
	show(mprotect(a, 4096, PROT_READ | PROT_MAX(PROT_READ)));
	show(mprotect(a, 4096, PROT_MAX(0x1f)));
}
static void always(void)
{
	int v = 1;
	show(procctl(P_PID, 0, PROC_PROTMAX_CTL, &v));
	show(procctl(P_PID, 0, PROC_PROTMAX_STATUS, &v));
	say("%x\n", v);
	long a = map(0, 4096, PROT_READ, 0), b = map(0, 4096, 0, 0), c = map(0, 4096, PROT_READ | PROT_MAX(RX), 0);
	show(mprotect(a, 4096, RW));
	show(mprotect(b, 4096, RW));                                  /* that begins with nothing is not meant */
	show(mprotect(c, 4096, RX));
	v = 3;
	show(procctl(P_PID, 0, PROC_PROTMAX_CTL, &v));
	a = map(0, 4096, PROT_READ, 0);
	show(mprotect(a, 4096, RW));
}
/* What fails changes nothing, and nothing is left where something else lies. */
static void kept(void)
{
	long a = map(0, 4096, PROT_READ | PROT_MAX(PROT_READ), 0), id = sys(SYS_shmget, 0, 4096, 01600), s = sys(SYS_shmat, id, 0, 0);

	show(munmap(a + 1, 0));
	show(mprotect(a, 4096, RW));
	show(munmap(a, 1l << 47));
	show(mprotect(a, 4096, RW));
	show(map(a, 4096, RW, MAP_FIXED | MAP_EXCL));
	show(mprotect(a, 4096, RW));
	show(mprotect(s, 4096, PROT_READ | PROT_MAX(PROT_READ)));
	show(mprotect(s, 4096, RW));
	show(sys(SYS_shmdt, s));
	show(sys(SYS_shmat, id, s, 0) == s);
	show(mprotect(s, 4096, RW));
	sys(SYS_shmctl, id, 0, 0);
}
static volatile long over;
static void protects(void *page)
{
	while (!over) {
		mprotect((long)page, 4096, RX);
		mprotect((long)page, 4096, PROT_READ);
	}
	over = 2;
	thr_exit(0);
}
static void beside_forks(void)
{
	long a = map(0, 4096, PROT_READ | PROT_MAX(RX), 0), right = 0;

	thread(protects, (void *)a);
	for (int i = 0; i < 60; i++) {
		long pid = fork();
		if (!pid)
			quit(mprotect(a, 4096, RW) < 0 && !mprotect(a, 4096, RX) ? 3 : 4);
		right += wait_for(pid) == 3 << 8;
	}
	show(right);
	for (over = 1; over == 1;)
		sleep_ms(1);
}
int main(int argc, char **argv)
{
	given();
	kept();
	later();
	beside_forks();
	always();
	for (int i = 0; i < 3000; i++) {                              /* many, kept apart */
		long a = map(0, 3 * 4096, PROT_READ | PROT_MAX(i & 1 ? PROT_READ : RW), 0);
		munmap(a + 4096, 4096);
		if ((mprotect(a, 4096, RW) == 0) == (i & 1))
			say("%d: wrong\n", i);
	}
	return 0;
}
