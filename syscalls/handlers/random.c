/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Random bytes: the same on every system that has the call.
 */
#include "host.h"

sysfn sys_getrandom;

long sys_getrandom(struct call *c) { return block(SYS_getrandom, c->arg[0], c->arg[1], c->arg[2]); }
