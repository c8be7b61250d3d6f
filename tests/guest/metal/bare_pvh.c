/* SPDX-License-Identifier: BSD-2-Clause
 *
 * TEST args: a b c
 * TEST build: -m32
 *
 * What PVH hands over to the entry that its note names.
 */
#include "guest.h"

void enter(const uint32_t *info) __attribute__((used, noreturn));

__asm__(
"	.section .note.Xen, \"a\", @note\n"
"	.align 4\n"
"	.long 4, 4, 18\n"
"	.asciz \"Xen\"\n"
"	.long begin\n"
"	.text\n"
"	.globl _start\n"
"_start:	hlt\n"
"begin:	mov $stack + 4096, %esp\n"
"	push %ebx\n"
"	push $0\n"
"	jmp enter\n");
char stack[4096];

void enter(const uint32_t *info)
{
	const char *arg = (const char *)info[6];

	puts("magic "), puthex(info[0]), put('\n');
	say("version", (long)info[1]);
	say("modules", (long)info[3]);
	while (*arg && *arg != ' ')
		arg++;
	puts("arguments"), puts(arg), put('\n');
	const uint32_t *e = (const uint32_t *)info[10];
	for (unsigned i = 0; i < info[12]; i++, e += 6)
		puts("memory "), puthex(e[0]), puts(" "), puthex(e[2]), say("", (long)e[4]);
	leave(info[0] == 0x336ec578 ? 0 : 1);
}
