/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Threads that end with a word to whoever waits for one: one at a time.
 */
#pragma once
#include "fbsd.h"

static volatile long done;

static long self(void)
{
	long id = 0;

	thr_self(&id);
	return id;
}
static void finish(void)
{
	done = 1;
	umtx_op(&done, UMTX_OP_WAKE, 1, 0, 0);
	thr_exit(0);
}
static void await(void)
{
	while (!done)
		umtx_op(&done, UMTX_OP_WAIT, 0, 0, 0);
	done = 0;
}
