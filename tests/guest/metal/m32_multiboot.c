/* SPDX-License-Identifier: BSD-2-Clause
 *
 * TEST args: one two=2
 *
 * What multiboot hands over: registers, command line, memory map and its sum.
 */
#include "guest.h"

struct info { uint32_t flags, lower, upper, device, command, n_mods, mods, syms[4], map_len, map, drives[2], config, loader; };
struct entry { uint32_t size; uint64_t at, len; uint32_t type; } __attribute__((packed));

int main(unsigned magic, const struct info *i)
{
	uint32_t cr0, flags;
	uint16_t cs, ds;
	const char *arg = (const char *)i->command;

	__asm__("mov %%cr0, %0; pushf; pop %1; mov %%cs, %2; mov %%ds, %3" : "=r"(cr0), "=r"(flags), "=r"(cs), "=r"(ds));
	puts("magic "), puthex(magic), put('\n');
	say("paging:", cr0 >> 31);
	say("protected:", cr0 & 1);
	say("interrupts:", flags >> 9 & 1);
	puts("flags "), puthex(i->flags), put('\n');
	say("KiB below 1 MiB:", i->lower);
	say("MiB above:", i->upper >> 10);
	for (uint32_t at = i->map; at < i->map + i->map_len;) {
		const struct entry *e = (const void *)at;
		puts("memory "), puthex((uint32_t)e->at), puts(" "), puthex((uint32_t)e->len), say("", e->type);
		at += e->size + 4;
	}
	while (*arg && *arg != ' ')
		arg++;
	puts("arguments"), puts(arg), put('\n');
	puts((const char *)i->loader), put('\n');
	return magic == 0x2badb002 ? 0 : 1;
}
