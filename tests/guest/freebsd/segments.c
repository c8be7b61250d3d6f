/* SPDX-License-Identifier: BSD-2-Clause
 * sysarch: the base of fs in its forms, what stands there is read through it, and the TLS base that is noted beside it.
 */
#include "fbsd.h"

enum { GET_FS32 = 7, SET_FS32, GET_FS = 128, SET_FS, GET_GS, SET_GS, GET_TLS = 135, SET_TLS, DISABLE_TLS };

static u64 words[4] = { 0x1111, 0x2222, 0x3333, 0x4444 };

static u64 at_fs(void)
{
	u64 v;
	__asm__ volatile("movq %%fs:0, %0" : "=r"(v));
	return v;
}
static void thread_main(void *arg)
{
	u64 v = 0;

	show(sysarch(GET_TLS, &v));                              /* not the parent's */
	v = (u64)&words[3];
	show(sysarch(SET_TLS, &v));
	say("%lx\n", at_fs());
	*(volatile int *)arg = 1;
	for (;;)
		thr_exit(0);
}
int main(int argc, char **argv)
{
	u64 v = (u64)words, got = 0, low;
	u32 v32 = (u32)(u64)&words[1], got32 = 0;
	volatile int done = 0;

	show(sysarch(SET_FS, &v));
	show(sysarch(GET_FS, &got));
	yes(got == v);
	say("%lx\n", at_fs());
	show(sysarch(GET_TLS, &got));
	v = (u64)&words[2];
	show(sysarch(SET_TLS, &v));
	say("%lx\n", at_fs());
	show(sysarch(GET_TLS, &got));
	yes(got == v);
	show(sysarch(SET_FS32, &v32));                           /* this program lies below 4 GB */
	say("%lx\n", at_fs());
	show(sysarch(GET_FS32, &got32));
	yes(got32 == v32);
	show(sysarch(GET_TLS, &got));
	yes(got == v);
	thread(thread_main, (void *)&done);
	while (!done)
		sleep_ms(1);
	say("%lx\n", at_fs());
	show(sysarch(DISABLE_TLS, 0));
	show(sysarch(GET_TLS, &got));
	say("%lx\n", at_fs());
	low = 1ul << 47;
	show(sysarch(SET_FS, &low));
	show(sysarch(SET_TLS, &low));
	show(sysarch(GET_FS, 8));
	show(sysarch(SET_FS, 8));
	show(sysarch(SET_FS32, 8));
	show(sysarch(GET_FS32, 8));
	show(sysarch(SET_TLS, 8));
	show(sysarch(GET_GS, &got));
	show(got);
	show(sysarch(SET_GS, &got));
	show(sysarch(0, &got));
	show(sysarch(999, &got));
	return 0;
}
