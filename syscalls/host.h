/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The host's calls, made from our own text (the engines let those through). host() is for calls that cannot block or
 * whose blocking a signal need not end; host_wait() (entry.S) is for those a guest may sleep in: it answers SYS_RESTART
 * when a signal is due before the host call began, so that no wake-up is lost between the check and the sleep.
 */
#pragma once
#include <sys/syscall.h>
#include <errno.h>
#include "guise.h"

#define USER_TOP 0x7ffffffff000ull       /* the host maps nothing there or above */

static inline long host6(long nr, long a, long b, long c, long d, long e, long f)
{
	long rv;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	__asm__ volatile("syscall" : "=a"(rv) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return rv;
}
long host_wait(long nr, long a, long b, long c, long d, long e);
long host_wait6(long nr, long a, long b, long c, long d, long e, long f);
long host_pass(long nr, long a, long b, long c);

#define HOST_PICK_(_1, _2, _3, _4, _5, _6, _7, name, ...) name
#define host(...) HOST_PICK_(__VA_ARGS__, host_6, host_5, host_4, host_3, host_2, host_1, host_0)(__VA_ARGS__)
#define host_0(n) host6(n, 0, 0, 0, 0, 0, 0)
#define host_1(n, a) host6(n, (long)(a), 0, 0, 0, 0, 0)
#define host_2(n, a, b) host6(n, (long)(a), (long)(b), 0, 0, 0, 0)
#define host_3(n, a, b, c) host6(n, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define host_4(n, a, b, c, d) host6(n, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define host_5(n, a, b, c, d, e) host6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define host_6(n, a, b, c, d, e, f) host6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define wait_(...) HOST_PICK_(__VA_ARGS__, wait_6, wait_5, wait_4, wait_3, wait_2, wait_1, wait_0)(__VA_ARGS__)
#define wait_0(n) host_wait(n, 0, 0, 0, 0, 0)
#define wait_1(n, a) host_wait(n, (long)(a), 0, 0, 0, 0)
#define wait_2(n, a, b) host_wait(n, (long)(a), (long)(b), 0, 0, 0)
#define wait_3(n, a, b, c) host_wait(n, (long)(a), (long)(b), (long)(c), 0, 0)
#define wait_4(n, a, b, c, d) host_wait(n, (long)(a), (long)(b), (long)(c), (long)(d), 0)
#define wait_5(n, a, b, c, d, e) host_wait(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e))
#define wait_6(n, a, b, c, d, e, f) host_wait6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/* What the host's own rt_sigaction takes and gives; glibc's form is another. */
struct host_sigaction { void (*handler)(int, siginfo_t *, void *); unsigned long flags; void (*restorer)(void); uint64_t mask; };
#define HOST_SA_RESTORER 0x04000000
void host_restorer(void);                /* signal.c: the way back from a handler */
#define ALT_SIZE (24 * 1024ul)           /* of our own alternate stack, one a thread */

#define last_0(n) host_pass(n, 0, 0, 0)
#define last_1(n, a) host_pass(n, (long)(a), 0, 0)
#define last_2(n, a, b) host_pass(n, (long)(a), (long)(b), 0)
#define last_3(n, a, b, c) host_pass(n, (long)(a), (long)(b), (long)(c))

/* The names handlers use: host(SYS_x, ...) for quick calls, block(SYS_x, ...) for calls that may sleep, and for quick ones
 * that are made often and with which a handler ends, host_last(SYS_x, ...): no return is left then that goes slowly (entry.S). */
#define host_last(...) HOST_PICK_(__VA_ARGS__, none, none, none, last_3, last_2, last_1, last_0)(__VA_ARGS__)
#define block(...) wait_(__VA_ARGS__)
