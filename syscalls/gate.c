/* SPDX-License-Identifier: BSD-2-Clause
 *
 * From a guest thread into ordinary C and back. Code behind the gate may use libc: it runs with the thread pointer of
 * the process's first thread (libc knows of no other), with the guest's vector state put aside, and alone, since libc
 * was told of one thread only. Costs microseconds and serves calls that are rare: exec, where images are read.
 * Order: siglock, gate, arena. proc_fork holds it over the host call.
 */
#include <asm/prctl.h>
#include "host.h"

volatile uint32_t gate_lock FORKED;
static uint64_t libc_fs;
static char xstate[FPU_WHOLE] SPARSE __attribute__((aligned(64)));          /* under gate_lock */

static uint64_t fs_get(void)
{
	uint64_t fs = 0;
	host(SYS_arch_prctl, ARCH_GET_FS, &fs);
	return fs;
}
void gate_start(void) { libc_fs = fs_get(); }

long gate(long (*fn)(void *), void *arg)
{
	uint64_t guest_fs = fs_get();
	if (guest_fs == libc_fs)                 /* before the guest has begun */
		return fn(arg);
	lock(&gate_lock);
	fpu_put_aside(xstate);
	host(SYS_arch_prctl, ARCH_SET_FS, libc_fs);
	long r = fn(arg);
	host(SYS_arch_prctl, ARCH_SET_FS, guest_fs);
	fpu_put_back(xstate);
	unlock(&gate_lock);
	return r;
}
