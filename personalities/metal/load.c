/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A bare-metal program into its machine's memory: segments to their physical addresses, modules behind them, and one
 * area with what its boot protocol hands over (boot.c). Runs once, before the machine; everything that the user's
 * choice of program, memory, modules and disk can make fail fails here, with a sentence.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "options.h"
#include "loader/image.h"
#include "metal.h"

#define AREA_LOW 0x90000ull              /* where the area lies if no segment does */
#define AREA_SIZE (LOW_END - AREA_LOW)

struct box box = { .disk = { -1, -1, 0, NULL } };

void *phys(uint64_t at, uint64_t len)
{
	uint64_t low = MIN(box.memory, HOLE);
	if (at < low)
		return len <= low - at ? box.ram + at : NULL;
	if (at >= FOUR_GIB && box.memory > HOLE && at - FOUR_GIB < box.memory - HOLE)
		return len <= box.memory - HOLE - (at - FOUR_GIB) ? box.ram + HOLE + (at - FOUR_GIB) : NULL;
	return NULL;
}
/* As a PC's firmware tells it; type 1 is memory, 2 is not to be touched. */
unsigned memory_map(struct region r[6])
{
	unsigned n = 0;
	r[n++] = (struct region){ 0, LOW_END, 1 };
	r[n++] = (struct region){ LOW_END, HIGH_START - LOW_END, 2 };
	r[n++] = (struct region){ HIGH_START, MIN(box.memory, HOLE) - HIGH_START, 1 };
	if (box.memory > HOLE)
		r[n++] = (struct region){ FOUR_GIB, box.memory - HOLE, 1 };
	return n;
}
static long get_memory(const struct options *o, char *why, size_t n)
{
	box.memory = o->memory ? o->memory : MEMORY_DEFAULT;
	long a = host(SYS_mmap, NULL, box.memory, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (a < 0 && a > -4096) {
		fmt(why, n, "its machine's memory of %lu MiB cannot be had: %s; give it less with --memory", box.memory >> 20, error_text(a));
		return a;
	}
	box.ram = (uint8_t *)a;
	return 0;
}
/* What a PC's firmware leaves below 1 MiB for whoever looks there: where the serial line is, how much memory, the screen. And
 * vectors for real mode, so that a program that calls the BIOS is found out and does not run into zeros. */
static void firmware_area(void)
{
	static const uint8_t entry[4] = { 0xe6, PORT_BIOS, 0xcf, 0x90 };         /* out %al to it; iret */
	static const struct { uint16_t at, value; } words[] = {
		{ 0x400, 0x3f8 }, { 0x40e, LOW_END >> 4 }, { 0x410, 0x222 /* a coprocessor, a colour screen, a serial line */ },
		{ 0x413, LOW_END >> 10 }, { 0x449, 3 }, { 0x44a, 80 }, { 0x44c, 4096 }, { 0x463, 0x3d4 }, { 0x484, 24 }, { 0x485, 16 },
	};
	for (unsigned i = 0; i < ARRAY_LEN(words); i++)
		memcpy(box.ram + words[i].at, &words[i].value, 2);
	box.ram[LOW_END] = 1;            /* the extended area: its size in KiB */
	for (unsigned v = 0; v < 256; v++) {
		uint32_t at = BIOS_SEGMENT << 16 | (BIOS_ENTRIES + 4 * v);
		memcpy(box.ram + 4 * v, &at, sizeof at);
		memcpy(box.ram + BIOS_SEGMENT * 16 + BIOS_ENTRIES + 4 * v, entry, sizeof entry);
	}
}
static long put_segments(const struct image *im, char *why, size_t n)
{
	for (unsigned i = 0; i < im->n_seg; i++) {
		const struct segment *s = &im->seg[i];
		void *to = phys(s->paddr, s->memsz);
		long e;
		if (!to) {
			fmt(why, n, "segment %u wants the physical memory %#lx to %#lx, and its machine has %lu MiB: --memory gives it more", i,
			    s->paddr, s->paddr + s->memsz, box.memory >> 20);
			return -ENOMEM;
		}
		if ((e = file_all(SYS_pread64, im->fd, to, s->filesz, s->off)) < 0) {
			fmt(why, n, "segment %u cannot be read: %s", i, error_text(e));
			return e;
		}
	}
	return 0;
}
static uint64_t end_of(const struct image *im)
{
	uint64_t end = HIGH_START;
	for (unsigned i = 0; i < im->n_seg; i++)
		if (im->seg[i].paddr < HOLE)
			end = MAX(end, im->seg[i].paddr + im->seg[i].memsz);
	return PAGE_UP(end);
}
static bool taken(const struct image *im, uint64_t lo, uint64_t hi)
{
	for (unsigned i = 0; i < im->n_seg; i++)
		if (im->seg[i].paddr < hi && lo < im->seg[i].paddr + im->seg[i].memsz)
			return true;
	return false;
}
/* "FILE" or "FILE words": a file of the host's; the words are told with it. */
static long put_module(struct boot *b, const char *text, uint64_t *end, char *why, size_t n)
{
	char name[4096];
	const char *blank = str_chr(text, ' ');
	size_t len = blank ? (size_t)(blank - text) : str_len(text);
	struct stat st;
	long fd, e;

	fmt(name, MIN(len + 1, sizeof name), "%s", text);
	if ((fd = host(SYS_open, name, O_RDONLY | O_CLOEXEC)) < 0 || (e = host(SYS_fstat, fd, &st)) < 0) {
		fmt(why, n, "the module %s cannot be opened: %s", name, error_text(fd < 0 ? fd : e));
		return fd < 0 ? fd : e;
	}
	struct module *m = &b->module[b->n_module++];
	*m = (struct module){ *end, (uint64_t)st.st_size, text };
	void *to = phys(m->at, MAX(m->len, 1ul));
	e = !S_ISREG(st.st_mode) ? -EINVAL : !to ? -ENOMEM : file_all(SYS_pread64, (int)fd, to, m->len, 0);
	host(SYS_close, fd);
	if (e < 0)
		fmt(why, n, e == -ENOMEM ? "the module %s does not fit into its machine's memory: --memory gives it more" :
		    e == -EINVAL ? "the module %s is no regular file" : "the module %s cannot be read", name);
	*end = PAGE_UP(m->at + m->len);
	return e;
}
/* Its own name and arguments, as one line and as the text that a trace shows. */
static long command_line(struct proc *p, const struct image *im, char *line, char *why, size_t n)
{
	size_t at = 0, all = 0;
	unsigned argc = 0;

	for (; im->argv[argc]; argc++)
		all += str_len(im->argv[argc]) + 1;
	char *args = all ? mem_alloc(all) : NULL;
	if (!args || all > COMMAND_MOST) {
		fmt(why, n, "its command line of %lu bytes is longer than %d", all, COMMAND_MOST);
		return -E2BIG;
	}
	for (unsigned i = 0; i < argc; i++) {
		size_t len = str_len(im->argv[i]) + 1;
		memcpy(args + at, im->argv[i], len);
		memcpy(line + at, im->argv[i], len);
		at += len;
		line[at - 1] = i + 1 < argc ? ' ' : 0;
	}
	p->space->args = (uaddr)args;
	p->space->args_end = (uaddr)args + all;
	p->space->argc = argc;
	return 0;
}
long metal_load(struct proc *p, const struct image *im, struct thread *t, char *why, size_t n)
{
	static char line[COMMAND_MOST + 1];
	const struct options *o = p->opt;
	struct boot b = { .im = im, .command = line };
	uint64_t end = end_of(im);
	long e;

	box.t = t;
	if ((e = command_line(p, im, line, why, n)) || (e = get_memory(o, why, n)))
		return e;
	firmware_area();                 /* a program may lie over it */
	if ((e = put_segments(im, why, n)))
		return e;
	for (unsigned i = 0; i < o->n_module; i++)
		if ((e = put_module(&b, o->module[i], &end, why, n)))
			return e;
	b.lo = taken(im, AREA_LOW, LOW_END) ? end : AREA_LOW;
	b.hi = b.lo + AREA_SIZE;
	if (!phys(b.lo, AREA_SIZE)) {
		fmt(why, n, "nothing is left of its machine's memory of %lu MiB for what is handed over to it: --memory gives it more", box.memory >> 20);
		return -ENOMEM;
	}
	if ((e = disk_open(o, why, n)) || (e = vm_create(why, n)))
		return e;
	if (!boot_lay(&b, cpu_regs(), cpu_sregs())) {
		fmt(why, n, "what is handed over to it does not fit: fewer modules or arguments are possible");
		return -E2BIG;
	}
	machine_init(&box.m, &metal_host, &box, box.memory, o->exit_port);
	return 0;
}
