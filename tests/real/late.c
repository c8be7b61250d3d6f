/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A shared object that a program opens when it runs already: call sites that come late, in the shapes of libc (rewrite.test).
 */
#define LATE(name, ...) \
	long name(void); \
	__attribute__((naked, aligned(16))) long name(void) { __asm__(__VA_ARGS__ "; .p2align 4, 0xcc"); }

LATE(late_libc, "mov $110, %eax; syscall; cmp $-4095, %rax; jae 1f; ret; 1: ret")        /* getppid */
LATE(late_loaded, "push $110; pop %rax; mov %rcx, %r10; syscall; ret")
LATE(late_long, "movq $110, %rax; syscall; ret")
