/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Our own memory: one reserved stretch of address space, high, claimed as ours, handed out by power-of-two classes with
 * a free list each. The lower part of the stretch holds the blocks of threads (thread.c), from its end downwards: what a
 * small process uses lies together, under one page table. Nothing is given back to the
 * host but the pages of large frees: a guest process needs a few pages of it. The lock is the innermost of all;
 * proc_fork holds it over the host call so that the child finds the lists whole.
 */
#include <sys/mman.h>
#include <sys/resource.h>
#include "host.h"
#include "arena.h"

#define SMALLEST 5                       /* 32 bytes */
#define CLASSES 27                       /* up to 2 GiB */
#define LEAST_HEAP (8ul << 20)
#define LEAST_BLOCKS 32ul

volatile uint32_t arena_lock FORKED;
static char *heap FORKED, *heap_next FORKED, *heap_end FORKED;
static struct free { struct free *next; } *free_list[CLASSES] FORKED;

/* Nothing of it is used before it is touched, but the whole counts for the limits of virtual memory and data: of those
 * an eighth is ours at most, unless that is less than we need to do anything. */
static size_t allowed(size_t n)
{
	static const int which[] = { RLIMIT_AS, RLIMIT_DATA };
	struct rlimit r;

	for (unsigned i = 0; i < ARRAY_LEN(which); i++)
		if (!host(SYS_prlimit64, 0, which[i], NULL, &r))
			n = MIN(n, r.rlim_cur / 8);
	return n;
}
static char *reserve(struct space *s, size_t n)
{
	long a = host(SYS_mmap, NULL, n, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (a < 0 && a > -4096)
		die("cannot reserve %lu MiB of address space: raise the limits of virtual memory and of data (ulimit -v, "
		    "ulimit -d)", n >> 20);
	mem_claim(s, (uaddr)a, (uaddr)a + n);
	return (char *)a;
}
char *arena_start(struct space *s, size_t heap_size, size_t block, size_t *blocks)
{
	size_t all = heap_size + block * *blocks, least = LEAST_HEAP + block * LEAST_BLOCKS, may = MAX(allowed(all), least);

	if (may < all) {
		heap_size = MAX(PAGE_DOWN(may / 3), LEAST_HEAP);
		*blocks = (may - heap_size) / block;
	}
	heap = heap_next = reserve(s, heap_size + block * *blocks) + block * *blocks;
	heap_end = heap + heap_size;
	if (host(SYS_mprotect, heap, heap_size, PROT_READ | PROT_WRITE) < 0)
		die("no memory for guise itself: raise the limits of virtual memory and of data (ulimit -v, ulimit -d)");
	return heap;
}
/* Ours before anything is there, and with room below that nobody has: an access of the host's kernel that begins in the
 * guest's memory does not run on into ours. */
long mem_map(struct space *s, uint64_t len, int prot, int flags, int fd, uint64_t at)
{
	uint64_t all = MEM_HOLE + PAGE_UP(len);
	long a = host(SYS_mmap, NULL, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (a < 0 && a > -4096)
		return a;
	mem_claim(s, (uaddr)a, (uaddr)a + all);
	s->closed |= 1ull << (s->n_ours - 1);
	a = host(SYS_mmap, a + (long)MEM_HOLE, len, prot, flags | MAP_FIXED, fd, at);
	if (box_closed)
		host(SYS_madvise, a, PAGE_UP(len), MADV_DONTDUMP);
	return a;
}
static unsigned class_of(size_t n)
{
	unsigned c = SMALLEST;
	while (c < 63 && ((size_t)1 << c) < n)
		c++;
	return c;
}
void *mem_alloc(size_t n)
{
	unsigned c = class_of(n);
	size_t size = (size_t)1 << c;
	void *p = NULL;
	bool fresh = false;
	if (c - SMALLEST >= CLASSES)
		return NULL;
	lock(&arena_lock);
	struct free *f = free_list[c - SMALLEST];
	if (f) {
		free_list[c - SMALLEST] = f->next;
		p = f;
	} else if (size <= (size_t)(heap_end - heap_next)) {
		p = heap_next;
		heap_next += size;
		fresh = true;
	}
	unlock(&arena_lock);
	if (p && !fresh)
		memset(p, 0, size > PAGE * 16 ? PAGE : size);    /* large blocks: their other pages were given back */
	return p;
}
void mem_free(void *p, size_t n)
{
	if (!p)
		return;
	unsigned c = class_of(n);
	size_t size = (size_t)1 << c;
	if (size > PAGE * 16)
		host(SYS_madvise, PAGE_UP((uintptr_t)p + PAGE - 1), size - 2 * PAGE, MADV_DONTNEED);
	if (size > PAGE * 16)
		memset((char *)p, 0, 2 * PAGE), memset((char *)p + size - 2 * PAGE, 0, 2 * PAGE);
	struct free *f = p;
	lock(&arena_lock);
	f->next = free_list[c - SMALLEST];
	free_list[c - SMALLEST] = f;
	unlock(&arena_lock);
}
