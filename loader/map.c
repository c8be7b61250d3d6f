/* SPDX-License-Identifier: BSD-2-Clause
 *
 * An image into memory. The span is reserved first, then each segment is laid over it; the rest of its last page is
 * cleared, pages beyond are anonymous. Fixed images go where they say or not at all; the others where there is room,
 * at the alignment they ask for, and far enough above the host's own break that the guest's break can grow.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include "loader/image.h"

#define PAGE 4096ull
#define DOWN(x) ((x) & ~(PAGE - 1))
#define UP(x) DOWN((x) + PAGE - 1)
#define PIE_HINT 0x555700000000ull       /* where a program that may lie anywhere is tried first */
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

static uint64_t reserve(uint64_t at, uint64_t len, int flags)
{
	void *p = mmap((void *)at, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
	if (p != MAP_FAILED && flags && (uint64_t)p != at) {     /* kernels before 4.17 take the flag for a hint */
		munmap(p, len);
		p = MAP_FAILED;
	}
	return p == MAP_FAILED ? 0 : (uint64_t)p;
}
static uint64_t reserve_aligned(uint64_t len, uint64_t align, bool first)
{
	uint64_t at = first ? reserve(PIE_HINT, len, MAP_FIXED_NOREPLACE) : 0;
	if (at)
		return at;
	at = reserve(0, len + align, 0);
	if (!at)
		return 0;
	uint64_t good = (at + align - 1) & ~(align - 1);
	if (good > at)
		munmap((void *)at, good - at);
	if (at + align > good)
		munmap((void *)(good + len), at + align - good);
	return good;
}
static int place(struct image *im, char *why, size_t n)
{
	uint64_t lo = DOWN(im->seg[0].vaddr), align = PAGE;
	const struct segment *last = &im->seg[im->n_seg - 1];
	uint64_t len = UP(last->vaddr + last->memsz) - lo;

	for (unsigned i = 0; i < im->n_seg; i++)
		align = im->seg[i].align > align ? im->seg[i].align : align;
	im->lo = im->pie ? reserve_aligned(len, align, im->rtld || !im->interp[0]) : reserve(lo, len, MAP_FIXED_NOREPLACE);
	if (!im->lo) {
		snprintf(why, n, "%s: no room in memory for %#llx bytes%s%#llx: %s", im->path, (unsigned long long)len,
			 im->pie ? " aligned to " : " at its fixed address ", (unsigned long long)(im->pie ? align : lo),
			 strerror(errno));
		return -ENOMEM;
	}
	im->bias = im->lo - lo;
	im->hi = im->lo + len;
	return 0;
}
static int map_segment(const struct image *im, const struct segment *s)
{
	uint64_t start = s->vaddr + im->bias, file_end = start + s->filesz, end = UP(start + s->memsz);
	int prot = s->prot;

	if (s->filesz) {
		bool clear = file_end & (PAGE - 1) && s->memsz > s->filesz;
		if (mmap((void *)DOWN(start), UP(file_end) - DOWN(start), clear ? prot | PROT_WRITE : prot,
			 MAP_PRIVATE | MAP_FIXED, im->fd, (off_t)DOWN(s->off)) == MAP_FAILED)
			return -errno;
		if (clear)
			memset((void *)file_end, 0, UP(file_end) - file_end);        /* glibc's rtld allocates behind its bss */
		if (clear && !(prot & PROT_WRITE))
			mprotect((void *)DOWN(start), UP(file_end) - DOWN(start), prot);
	}
	uint64_t anon = s->filesz ? UP(file_end) : DOWN(start);
	if (end > anon && mmap((void *)anon, end - anon, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		return -errno;
	return 0;
}
/* One mapping each, as the host has it: code that is followed by no zeros and shares no page with another segment. */
static bool alone(const struct image *im, unsigned i)
{
	const struct segment *s = &im->seg[i];
	return s->filesz && UP(s->vaddr + s->memsz) == UP(s->vaddr + s->filesz) &&
	       (!i || UP(s[-1].vaddr + s[-1].memsz) <= DOWN(s->vaddr)) &&
	       (i + 1 == im->n_seg || UP(s->vaddr + s->memsz) <= DOWN(s[1].vaddr));
}
void image_code(const struct image *im, void (*each)(uint64_t lo, uint64_t hi, int prot))
{
	for (unsigned i = 0; i < im->n_seg; i++) {
		const struct segment *s = &im->seg[i];
		if (s->prot & PROT_EXEC && alone(im, i))
			each(DOWN(s->vaddr + im->bias), UP(s->vaddr + im->bias + s->filesz), s->prot);
	}
	if (im->rtld)
		image_code(im->rtld, each);
}
int image_map(struct image *im, char *why, size_t n)
{
	int e = place(im, why, n);
	for (unsigned i = 0; !e && i < im->n_seg; i++)
		if ((e = map_segment(im, &im->seg[i])) < 0)
			snprintf(why, n, "%s: segment %u cannot be mapped: %s", im->path, i, strerror(-e));
	im->brk = im->hi;
	return !e && im->rtld ? image_map(im->rtld, why, n) : e;
}
