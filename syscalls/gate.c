/* SPDX-License-Identifier: BSD-2-Clause
 *
 * From a guest thread into ordinary C and back. Code behind the gate may use vector registers: the guest's are put aside; and
 * it may keep its state in plain words, since it runs alone. Of libc it has what loader/own.c has: the thread pointer is the guest's.
 * Costs microseconds and serves calls that are rare: exec, where images are read.
 * Order: siglock, gate, arena. proc_fork holds it over the host call.
 */
#include "host.h"

volatile uint32_t gate_lock FORKED;
static char xstate[FPU_WHOLE] SPARSE __attribute__((aligned(64)));          /* under gate_lock */

long gate(long (*fn)(void *), void *arg)
{
	lock(&gate_lock);
	fpu_put_aside(xstate);
	long r = fn(arg);
	fpu_put_back(xstate);
	unlock(&gate_lock);
	return r;
}
