/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the requests of ptrace have in common. c->arg: request, pid or thread, addr, data. Structs: sys/sys/ptrace.h,
 * sys/x86/include/{ptrace,reg}.h; errors and their order: sys/kern/sys_process.c (15.0).
 */
#pragma once
#include "debug/tracing.h"

int pt_whom(const struct call *);                    /* the host's pid or thread id that is meant */
long pt_ask(struct call *, struct trace_packet *, unsigned op);
static inline long pt_put(struct call *c, const void *from, size_t n) { return copy_out((uaddr)c->arg[2], from, n); }
