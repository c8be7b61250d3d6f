/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Whether the program can read, write or run what lies at an address, found out by doing it: for escape*.c. A thread at a time.
 */
#pragma once
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>

static sigjmp_buf back;
static void on_fault(int sig) { siglongjmp(back, sig); }      /* of SIGSEGV and SIGBUS at least: the program says of which */

#define TRY(act) (sigsetjmp(back, 1) ? 0 : ((void)(act), 1))
static inline int can_read(uintptr_t a) { return TRY(*(volatile char *)a); }
static inline int can_write(uintptr_t a) { return TRY(*(volatile char *)a = *(volatile char *)a); }
static inline int can_run(uintptr_t a) { return TRY(((void (*)(void))a)()); }
