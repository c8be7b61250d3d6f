/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What is left of a process that dies by a fault. Not asked for by any option yet.
 */
#include "tools/supervise/supervise.h"
const char *mortem_dir;
bool mortem_signal(int sig) { return false; }
void mortem(struct guest *g, struct task *who, int sig) { }
