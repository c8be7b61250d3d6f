/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Random bytes, barriers between processors, comparing what two processes hold: the same on every system that has them.
 */
#include "host.h"

sysfn sys_getrandom, sys_membarrier, sys_kcmp;

long sys_getrandom(struct call *c) { return block(SYS_getrandom, c->arg[0], c->arg[1], c->arg[2]); }
long sys_membarrier(struct call *c) { return host(SYS_membarrier, c->arg[0], c->arg[1], c->arg[2]); }
long sys_kcmp(struct call *c)
{
	return host(SYS_kcmp, c->arg[0], c->arg[1], c->arg[2], c->arg[3], c->arg[4]);
}
