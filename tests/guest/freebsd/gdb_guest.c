/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What real/gdb.test attaches to: it waits for a line, makes calls by a site of its own, `site`, waits again, makes them
 * again, and says how many were right.
 * TEST fixture: real/gdb.test
 */
#include "fbsd.h"

__attribute__((naked, noinline, aligned(16))) static long stub(void)
{
	__asm__("mov $39, %eax; mov %rcx, %r10; .globl site; site: syscall; .globl behind; behind: jb 1f; ret; 1: neg %rax; ret;"
		".fill 15, 1, 0xcc");
}
static long right;
static void some(void)
{
	char line[2];
	long parent = getppid();
	say("ready\n");
	if (read(0, line, 1) != 1)
		fail("read");
	for (int i = 0; i < 5; i++)
		right += stub() == parent;
}
int main(int argc, char **argv)
{
	some();
	some();
	say("%ld right\n", right);
	return 0;
}
