/* SPDX-License-Identifier: BSD-2-Clause
 *
 * TEST options: --as metal --memory 2M
 * TEST build: -m32
 *
 * A plain ELF of 32 bits begins as one booted by PVH; nothing is beyond its memory: reads float, writes are lost.
 */
#include "guest.h"

void enter(const uint32_t *info) __attribute__((used, noreturn));
__asm__("	.text\n	.globl _start\n_start:	mov $stack + 4096, %esp\n	push %ebx\n	push $0\n	jmp enter\n");
char stack[4096];

void enter(const uint32_t *info)
{
	volatile uint32_t *last = (uint32_t *)(2 * 1024 * 1024 - 4), *beyond = last + 1;

	puts("magic "), puthex(info[0]), put('\n');
	*last = 0x12345678;
	*beyond = 0x9abcdef0;
	puts("last word "), puthex(*last), put('\n');
	puts("beyond "), puthex(*beyond), put('\n');
	leave(0);
}
