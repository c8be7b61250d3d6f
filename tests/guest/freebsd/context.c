/* SPDX-License-Identifier: BSD-2-Clause
 * getcontext, setcontext and swapcontext; a thread made from a context; signals held back by a word (sigfastblock). */
#include "fbsd.h"

static ucontext_t back, there, start;
static volatile int times, hits;
static volatile long made;

static void other(void)
{
	say("on the other stack\n");
	sys(SYS_swapcontext, &there, &back);
	say("again\n");
	sys(SYS_setcontext, &back);
	say("not reached\n");
}
static void body(void)
{
	made = 1;
	umtx_op(&made, UMTX_OP_WAKE, 1, 0, 0);
	thr_exit(0);
}
static void on(int sig, siginfo_t *si, ucontext_t *uc) { hits++; }

static void on_stack(ucontext_t *c, void (*fn)(void))
{
	c->mc.rip = (long)fn;
	c->mc.rsp = (long)pages(65536) + 65536 - 8;
}

/* What libthr asks for when it puts a context together for a handler that it runs later. */
static void more_state(void)
{
	static struct { void *addr; int len; } a;
	struct { u32 addr; int len; } *b = (void *)mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON | MAP_32BIT, -1, 0);
	static u64 state[512] __attribute__((aligned(64)));
	u32 room, max, dx, ax = 0xd;

	__asm__ volatile("cpuid" : "+a"(ax), "=b"(room), "=c"(max), "=d"(dx) : "c"(0));
	a.addr = state;
	a.len = (int)room - 512;
	show(sysarch(AMD64_GET_XFPUSTATE, &a));
	yes(!(state[0] & ~0xffull) && !state[1] && !state[2]);
	a.len++;
	show(sysarch(AMD64_GET_XFPUSTATE, &a));
	a.len = -1;
	show(sysarch(AMD64_GET_XFPUSTATE, &a));
	a.len = 64;
	a.addr = (void *)8;
	show(sysarch(AMD64_GET_XFPUSTATE, &a));
	show(sysarch(AMD64_GET_XFPUSTATE, 8));
	b->addr = (u32)(long)(b + 1);
	b->len = 64;
	show(sysarch(I386_GET_XFPUSTATE, b));
	yes(!(*(u64 *)(b + 1) & ~0xffull));                    /* not always the same bits: the processor drops what is initial */
	show(sysarch(I386_GET_XFPUSTATE, 8));
	/* as long as the processor says, it is taken back */
	volatile int once = 0;
	sys(SYS_getcontext, &start);
	if (once++ == 0) {
		start.mc.xfpustate = (long)state;
		start.mc.xfpustate_len = room - 512;
		start.mc.flags |= 4;
		sys(SYS_setcontext, &start);
	}
	show(once);
}
int main(int argc, char **argv)
{
	static u32 word __attribute__((aligned(4)));
	sigset_t usr2 = SIGSET(SIGUSR2), now;
	long id = 0;

	sigprocmask(SIG_BLOCK, &usr2, 0);
	show(sys(SYS_getcontext, &start));
	times++;
	sigprocmask(SIG_UNBLOCK, &usr2, 0);
	if (times == 1)
		sys(SYS_setcontext, &start);
	show(times);
	sigprocmask(0, 0, &now);
	yes(sigset_has(&start.sigmask, SIGUSR2) && !sigset_has(&now, SIGUSR2));
	sys(SYS_getcontext, &there);
	on_stack(&there, other);
	show(sys(SYS_swapcontext, &back, &there));
	show(sys(SYS_swapcontext, &back, &there));
	show(sys(SYS_getcontext, 8));
	show(sys(SYS_setcontext, 8));
	show(sys(SYS_swapcontext, &back, 0));

	sys(SYS_getcontext, &start);
	on_stack(&start, body);
	show(sys(SYS_thr_create, &start, &id, 0));
	while (!made)
		umtx_op(&made, UMTX_OP_WAIT, 0, 0, 0);
	yes(id > 100000);

	say("held back by a word\n");
	handle(SIGUSR1, on, 0);
	show(sys(SYS_sigfastblock, 2, 0));
	show(sys(SYS_sigfastblock, 1, (char *)&word + 1));
	show(sys(SYS_sigfastblock, 1, &word));
	show(sys(SYS_sigfastblock, 1, &word));
	word += 0x10;
	kill(getpid(), SIGUSR1);
	show(hits);
	say("word %x\n", word);
	word -= 0x10;
	if (word & 1)
		show(sys(SYS_sigfastblock, 2, 0));
	show(hits);
	say("word %x\n", word);
	word = 0x10;
	show(sys(SYS_sigfastblock, 3, 0));
	word = 0;
	show(sys(SYS_sigfastblock, 3, 0));
	show(sys(SYS_sigfastblock, 9, 0));
	kill(getpid(), SIGUSR1);
	show(hits);
	more_state();
	return 0;
}
