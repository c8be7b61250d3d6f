/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Sending signals to processes. The host sends those it has a number for: to one process, a group, or all that we may
 * signal (never ourselves, on both systems). Those without a host number reach guise processes only (carrier.c).
 */
#include "host.h"

sysfn sys_kill, sys_sigqueue;

long sys_kill(struct call *c) { return signal_send(c->t, (int)c->arg[0], 0, (int)c->arg[1], SI_USER, 0); }

long sys_sigqueue(struct call *c)
{
	return signal_send(c->t, (int)c->arg[0], 0, (int)c->arg[1], SI_QUEUE, (uint64_t)c->arg[2]);
}
