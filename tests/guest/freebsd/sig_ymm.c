/* SPDX-License-Identifier: BSD-2-Clause
 * The upper halves of the ymm registers survive a handler that clears them, and the calls; the context says where they
 * are (mc_xfpustate).
 * TEST needs: cpu:avx
 */
#include "fbsd.h"

static volatile int hits;

static void spoil(int sig, siginfo_t *si, ucontext_t *uc)
{
	hits++;
	say("xfpustate: %s, flag %s\n", uc->mc.xfpustate && uc->mc.xfpustate_len >= 256 ? "there" : "NOT there",
	    uc->mc.flags & 4 ? "set" : "NOT set");
	__asm__ volatile("vzeroall" : : : "memory");
}

static void load(const u8 *p)
{
	__asm__ volatile(".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\nvmovups 32*\\n(%0), %%ymm\\n\n.endr" : : "r"(p) : "memory");
}

static void store(u8 *p)
{
	__asm__ volatile(".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\nvmovups %%ymm\\n, 32*\\n(%0)\n.endr" : : "r"(p) : "memory");
}

int main(int argc, char **argv)
{
	static u8 in[512], out[512];
	static u8 more[320] __attribute__((aligned(64)));
	struct { void *addr; int len; } a = { more, sizeof more };
	long me = getpid();

	for (int i = 0; i < 512; i++)
		in[i] = (u8)(i * 13 + 5);
	handle(SIGUSR1, spoil, 0);
	load(in);
	kill(me, SIGUSR1);
	store(out);
	show(hits);
	show(memcmp(in, out, 512));
	load(in);
	for (int i = 0; i < 1000; i++)
		getpid();
	store(out);
	show(memcmp(in, out, 512));
	load(in);
	show(sysarch(AMD64_GET_XFPUSTATE, &a));
	int same = 0;
	for (int i = 0; i < 16; i++)             /* behind the header lie the upper halves */
		same += !memcmp(more + 64 + i * 16, in + i * 32 + 16, 16);
	show(same);
	return 0;
}
