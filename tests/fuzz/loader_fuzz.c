/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Throws damaged images at image_open: no crash, no hang, an answer each time, and no field of an accepted image that
 * lies. Then, in a child for every few dozen, at image_map, and looks whether memory holds what the file does. Takes
 * seconds, a seed and perhaps a real program to damage instead; prints the seed of the run, so that it can be had again.
 * -w FILE SEED writes the image of a seed, for the second half of loader.test, which runs it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include "elf_image.h"
#include "loader/image.h"
#include "random.h"

static uint64_t odd_value(void)
{
	static const uint64_t odd[] = { 0, 1, 2, 7, 16, 0xff, 0xfff, 0x1000, 0x1001, ELF_SIZE, ELF_SIZE - 1, 0x400000, 0x7fffffff, 0x80000000,
		0xffffffff, 1ull << 46, 0x7ffffffff000, 0x7fffffffffff, 1ull << 47, 1ull << 63, ~0ull, ~0ull - 0xfff, ~0xfffull };
	uint64_t v = odd[next() % (sizeof odd / sizeof *odd)];
	return next() % 4 ? v : v + next() % 64 - 32;
}
static void damage_header(struct elf_image *e)
{
	switch (next() % 8) {
	case 0: e->eh.e_phnum = (uint16_t)(next() % 3 ? next() % 20 : odd_value()); break;
	case 1: e->eh.e_phoff = odd_value(); break;
	case 2: e->eh.e_type = (uint16_t)(next() % 5); break;
	case 3: e->eh.e_phentsize = (uint16_t)odd_value(); break;
	case 4: e->eh.e_entry = odd_value(); break;
	case 5: e->eh.e_ident[next() % 16] = (unsigned char)next(); break;
	case 6: e->eh.e_machine = (uint16_t)(next() % 70); break;
	default: ((unsigned char *)&e->eh)[next() % sizeof e->eh] ^= (unsigned char)(1 << next() % 8); break;
	}
}
static void damage_segment(struct elf_image *e)
{
	Elf64_Phdr *p = &e->ph[next() % 6];
	uint32_t types[] = { PT_LOAD, PT_NOTE, PT_INTERP, PT_TLS, PT_PHDR, PT_DYNAMIC, PT_GNU_STACK, PT_GNU_RELRO, PT_NULL, 0x65a3dbe5 };
	uint64_t *field[] = { &p->p_offset, &p->p_vaddr, &p->p_filesz, &p->p_memsz, &p->p_align };

	if (next() % 4 == 0)
		p->p_type = types[next() % (sizeof types / sizeof *types)];
	else if (next() % 8 == 0)
		p->p_flags = (uint32_t)next();
	else
		*field[next() % 5] = next() % 3 ? odd_value() : *field[next() % 5] + next() % 0x3000 - 0x1800;
}
/* A header of multiboot 1 or 2, whole or nearly, somewhere where it is looked for. */
static void add_boot_header(struct elf_image *e)
{
	uint32_t *at = (uint32_t *)((unsigned char *)e + (0x600 + next() % 0x400) / 8 * 8);
	if (next() % 2) {
		uint32_t flags = next() % 2 ? 3 : 0x10003;
		memcpy(at, (uint32_t[]){ 0x1badb002, flags, -(0x1badb002 + flags), 0x100600, 0x100000, 0x101000, 0x102000, 0x100000 }, 32);
	} else {
		uint32_t len = 16 + 24 + 16 + 8;
		memcpy(at, (uint32_t[]){ 0xe85250d6, 0, len, -(0xe85250d6 + len), 2, 24, 0x100600, 0x100000, 0x101000, 0x102000,
					 3 | (uint32_t)(next() % 2) << 16, 12, 0x100000, 0, 0, 8 }, 64);
	}
	if (next() % 4 == 0)
		at[next() % 16] = (uint32_t)odd_value();
}
static size_t __attribute__((unused)) make(struct elf_image *e, uint64_t seed)
{
	rng = seed * 0x9e3779b97f4a7c15 + 1;
	elf_good(e);
	if (next() % 2) {
		e->eh.e_phnum = 6;
		e->ph[4] = (Elf64_Phdr){ PT_INTERP, PF_R, offsetof(struct elf_image, interp), 0, 0, 21, 21, 1 };
		e->ph[5] = (Elf64_Phdr){ PT_TLS, PF_R, 0x2000, 0x403000, 0x403000, 16, 64, 16 };
	}
	if (next() % 3 == 0)
		add_boot_header(e);
	for (unsigned i = 0, n = 1 + next() % 4; i < n; i++)
		switch (next() % 8) {
		case 0: case 1: damage_header(e); break;
		case 2: ((unsigned char *)&e->note)[next() % sizeof e->note] = (unsigned char)next(); break;
		case 3: ((unsigned char *)e)[next() % 0x500] = (unsigned char)next(); break;
		default: damage_segment(e); break;
		}
	return next() % 8 ? sizeof *e : next() % sizeof *e;
}
/* What an accepted image promises to those who read it. */
static const char *lies(const struct image *i, size_t n)
{
	if (!i->n_seg || i->n_seg > IMAGE_SEGS)
		return "number of segments";
	if (i->n_note > IMAGE_NOTES)
		return "number of notes";
	for (unsigned s = 0; s < i->n_seg; s++) {
		const struct segment *g = &i->seg[s];
		if (g->filesz > g->memsz || g->off > n || g->filesz > n - g->off)
			return "a segment outside the file";
		if (g->vaddr + g->memsz < g->vaddr || g->vaddr + g->memsz > 1ull << 47)
			return "a segment outside user memory";
		if (s && g->vaddr < i->seg[s - 1].vaddr + i->seg[s - 1].memsz)
			return "segments that overlap";
	}
	if (!memchr(i->interp, 0, sizeof i->interp))
		return "an interpreter without an end";
	if (!memchr(i->path, 0, sizeof i->path))
		return "a path without an end";
	return NULL;
}
/* Its pages lie where it says, with the file's bytes first and nothing but zeros after them on the last page. What a later
 * segment shares a page with is the later one's. */
static const char *mapped_lies(const struct image *im, const unsigned char *data)
{
	const uint64_t page = 4095;

	if (im->hi <= im->lo || (im->lo | im->hi | im->bias) & page || im->brk < im->hi)
		return "a span that is none";
	for (unsigned s = 0; s < im->n_seg; s++) {
		const struct segment *g = &im->seg[s];
		uint64_t at = g->vaddr + im->bias, end = at + g->filesz;
		uint64_t next_at = s + 1 < im->n_seg ? (g[1].vaddr + im->bias) & ~page : im->hi;

		if (at < im->lo || at + g->memsz > im->hi)
			return "a segment outside the span";
		if (!(g->prot & PROT_READ) || !g->filesz)
			continue;
		if (memcmp((void *)at, data + g->off, (end < next_at ? end : next_at > at ? next_at : at) - at))
			return "bytes that are not the file's";
		for (; g->memsz > g->filesz && end & page && end < next_at; end++)
			if (*(volatile unsigned char *)end)
				return "dirt behind the file's bytes";
	}
	return NULL;
}
static const char *map_one(struct image *im, const void *data)
{
	static char why[256];
	const char *lie = NULL;
	long r;

	why[0] = 0;
	r = image_map(im, why, sizeof why);
	if (r == 0)
		lie = mapped_lies(im, data);
	else if (r > 0 || r < -133)
		lie = "an error of image_map that is none";
	else if (!why[0])
		lie = "an error of image_map without a word";
	if (im->lo)
		munmap((void *)im->lo, im->hi - im->lo);
	return lie;
}
/* The same of a program for a bare machine, whether it was asked for or is to be found out. */
static const char *bare_lies(const struct image *i, size_t n)
{
	bool in = false;
	if (!i->n_seg || i->n_seg > IMAGE_SEGS || !i->bare || i->bare > BARE_ELF)
		return "bare: number of segments, or no kind";
	for (unsigned s = 0; s < i->n_seg; s++) {
		const struct segment *g = &i->seg[s];
		if (g->filesz > g->memsz || g->off > n || g->filesz > n - g->off)
			return "bare: a segment outside the file";
		if (g->paddr + g->memsz < g->paddr || g->paddr + g->memsz > 1ull << 47)
			return "bare: a segment outside of any memory";
		for (unsigned k = 0; k < s; k++)
			if (g->paddr < i->seg[k].paddr + i->seg[k].memsz && i->seg[k].paddr < g->paddr + g->memsz)
				return "bare: segments that overlap";
		in |= i->entry - g->paddr < g->memsz || i->entry - g->vaddr < g->memsz;
	}
	return in ? NULL : "bare: an entry that is nowhere";
}
static const char *bare_one(int fd, size_t n)
{
	static struct image im;
	static char why[256];
	const char *lie = NULL;
	for (int asked = 0; asked < 2 && !lie; asked++) {
		why[0] = 0;
		int r = bare_open(&im, fd, "/fuzz", asked, why, sizeof why);
		if (r == 1)
			lie = bare_lies(&im, n);
		else if (r != 0 && r != -ENOEXEC)
			lie = "bare: an error that is none";
		else if (r && !why[0])
			lie = "bare: an error without a word";
		else if (!r && asked && n)
			lie = "bare: asked for, and no answer";
	}
	return lie;
}
static const char *one(const void *data, size_t n, int map)
{
	static struct image im;
	static char why[256];
	int fd = elf_fd(data, n);
	const char *lie = NULL;
	long r;

	memset(&im, 0, sizeof im);
	why[0] = 0;
	r = image_open(&im, fd, "/fuzz", why, sizeof why);
	if (r == 0)
		lie = lies(&im, n);
	else if (r != -ENOEXEC && r != -EINVAL && r != -ENOMEM)
		lie = "an error that is none";
	else if (!why[0])
		lie = "an error without a word";
	if (r == 0 && !lie && map)
		lie = map_one(&im, data);
	if (!lie)
		lie = bare_one(fd, n);
	close(fd);
	return lie;
}

#if defined FUZZER || defined LIBFUZZER
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (one(data, n, 0))
		abort();
	return 0;
}
#else
enum { BATCH = 64, REAL_MAX = 1 << 20 };
static unsigned char *real;              /* a whole program, and the copy of it that is damaged */
static unsigned char damaged[REAL_MAX];
static size_t real_size;

/* The headers of a real program are struck more often than the rest, its length sometimes. */
static size_t make_real(uint64_t seed)
{
	rng = seed * 0x9e3779b97f4a7c15 + 1;
	memcpy(damaged, real, real_size);
	for (unsigned i = 0, n = 1 + next() % 6; i < n; i++) {
		size_t reach = next() % 8 ? 64 + 56 * 12 : real_size;
		size_t at = next() % (reach < real_size ? reach : real_size);
		uint64_t v = odd_value();

		if (next() % 2 && (at &= ~7ul) + 8 <= real_size)
			memcpy(damaged + at, &v, 8);
		else
			damaged[at] ^= (unsigned char)(1 << next() % 8);
	}
	return next() % 8 ? real_size : next() % real_size;
}
static int load_real(const char *path)
{
	int fd = open(path, O_RDONLY);
	ssize_t n;

	real = malloc(REAL_MAX);
	n = fd < 0 || !real ? -1 : read(fd, real, REAL_MAX);
	real_size = n > 0 ? (size_t)n : 0;
	close(fd);
	return n >= 64;
}
/* BATCH images in a child, which tells of what it found itself; `at` tells of what it died of. */
static unsigned long batch(uint64_t seed, volatile uint64_t *at)
{
	static struct elf_image e;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
		setrlimit(RLIMIT_CPU, &(struct rlimit){ 10, 10 });
		alarm(20);
		for (unsigned i = 0; i < BATCH; i++) {
			*at = seed + i;
			size_t n = real ? make_real(seed + i) : make(&e, seed + i);
			const void *data = real ? (const void *)damaged : &e;
			const char *lie = one(data, n, 1);
			if (lie) {
				printf("seed %lu: %s\n", seed + i, lie);
				fflush(stdout);
				_exit(1);
			}
		}
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 1;
	if (WIFSIGNALED(status))
		printf("seed %lu: died of signal %d\n", *at, WTERMSIG(status));
	else if (WEXITSTATUS(status) > 1)
		printf("seed %lu: ended with %d\n", *at, WEXITSTATUS(status));
	fflush(stdout);
	return status != 0;
}
int main(int argc, char **argv)
{
	static struct elf_image e;
	uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL) << 20, seed = first;
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 5);
	unsigned long bad = 0;

	if (argc > 3 && !strcmp(argv[1], "-w")) {
		size_t n = make(&e, strtoull(argv[3], NULL, 0));
		int fd = open(argv[2], O_CREAT | O_WRONLY | O_TRUNC, 0755);
		return write(fd, &e, n) != (ssize_t)n;
	}
	if (argc > 3 && !load_real(argv[3])) {
		fprintf(stderr, "%s cannot be read\n", argv[3]);
		return 2;
	}
	uint64_t *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (; time(NULL) < end && bad < 20; seed += BATCH)
		bad += batch(seed, at);
	printf("loader: %lu images from seed %lu, %lu bad\n", seed - first, first, bad);
	return bad != 0;
}
#endif
