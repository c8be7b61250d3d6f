/* SPDX-License-Identifier: BSD-2-Clause
 *
 * For engines that use filters: calls that filters do not see.
 */
#pragma once
#include "guise.h"

/* Since Linux 6.14 uretprobe (335) passes every filter and ends in SIGILL behind its syscall instruction: true if this
 * is what came, and g is at the entry with the call that it was. */
bool passed_filter(int sig, const siginfo_t *, long long *g, void (*entry)(void));
