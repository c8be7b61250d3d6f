/* SPDX-License-Identifier: BSD-2-Clause
 *
 * TEST args: first second
 * TEST build: -m32
 *
 * What multiboot2 hands over; its header asks for the entry by a tag, and for what it cannot have, optionally.
 */
#include "guest.h"

void start(void);
void enter(unsigned magic, const uint8_t *info) __attribute__((used, noreturn));

__asm__(
"	.section .boot, \"a\"\n"
"	.align 8\n"
"mb2:	.long 0xe85250d6, 0, mb2_end - mb2, -(0xe85250d6 + mb2_end - mb2)\n"
"	.short 1, 0\n	.long 16, 4, 6\n"
"	.short 3, 0\n	.long 12, start, 0\n"
"	.short 17, 1\n	.long 8\n"
"	.short 0, 0\n	.long 8\n"
"mb2_end:\n"
"	.text\n"
"	.globl _start\n"
"_start:	hlt\n"                          /* the tag's entry counts */
"start:	mov $stack + 4096, %esp\n"
"	push %ebx\n"
"	push %eax\n"
"	push $0\n"
"	jmp enter\n");
char stack[4096];

static unsigned get(const uint8_t *p) { return *(const uint32_t *)(const void *)p; }

void enter(unsigned magic, const uint8_t *info)
{
	puts("magic "), puthex(magic), put('\n');
	for (const uint8_t *t = info + 8; t < info + get(info); t += (get(t + 4) + 7) & ~7u) {
		unsigned type = get(t);
		const char *text = (const char *)t + 8;
		say("tag", (long)type);
		if (type == 1) {
			while (*text && *text != ' ')
				text++;
			puts(text), put('\n');
		}
		if (type == 2)
			puts(text), put('\n');
		if (type == 4)
			say("KiB", (long)get(t + 8)), say("MiB", (long)get(t + 12) >> 10);
		for (const uint8_t *e = t + 16; type == 6 && e < t + get(t + 4); e += get(t + 8))
			puts(" "), puthex(get(e)), puts(" "), puthex(get(e + 8)), say("", (long)get(e + 16));
		if (!type)
			break;
	}
	leave(magic == 0x36d76289 ? 0 : 1);
}
