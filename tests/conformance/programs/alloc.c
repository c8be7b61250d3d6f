/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The allocator under threads: blocks of all sizes are made, grown, handed from thread to thread and freed there; what was
 * written in each is read back. Linked with the system's own libc and thread library.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 8, ROUNDS = 60000, SLOTS = 512 };
struct block { uint32_t seed; size_t n; unsigned char bytes[]; };
static struct block *shared[SLOTS];
static pthread_mutex_t locks[SLOTS / 16];
static int wrong;

static uint32_t next(uint32_t *s) { return *s = *s * 1664525u + 1013904223u; }
static void fill(struct block *b)
{
	uint32_t s = b->seed;
	for (size_t i = 0; i < b->n; i += 1 + b->n / 64)
		b->bytes[i] = (unsigned char)(next(&s) >> 24);
}
static void check(const struct block *b)
{
	uint32_t s = b->seed;
	for (size_t i = 0; i < b->n; i += 1 + b->n / 64)
		if (b->bytes[i] != (unsigned char)(next(&s) >> 24))
			__atomic_add_fetch(&wrong, 1, __ATOMIC_SEQ_CST);
}
static struct block *make(uint32_t *s)
{
	size_t n = next(s) >> 28 ? next(s) >> 22 : next(s) >> 10;        /* most small, some of megabytes */
	struct block *b = next(s) & 0x100 ? malloc(sizeof *b + n) : calloc(1, sizeof *b + n);
	if (!b)
		abort();
	*b = (struct block){ next(s), n };
	fill(b);
	return b;
}
static struct block *change(struct block *b, uint32_t *s)
{
	check(b);
	if (next(s) >> 30) {
		free(b);
		return NULL;
	}
	size_t n = b->n / 2 + (next(s) >> 20);
	b = realloc(b, sizeof *b + n);
	if (!b)
		abort();
	b->n = n;
	fill(b);
	return b;
}
static void *worker(void *arg)
{
	uint32_t s = (uint32_t)(uintptr_t)arg;
	for (int i = 0; i < ROUNDS; i++) {
		unsigned at = (next(&s) >> 16) % SLOTS;
		pthread_mutex_t *l = &locks[at / 16];
		pthread_mutex_lock(l);
		struct block *b = shared[at];
		shared[at] = NULL;
		pthread_mutex_unlock(l);
		b = b ? change(b, &s) : make(&s);
		pthread_mutex_lock(l);
		struct block *other = shared[at];
		shared[at] = b;
		pthread_mutex_unlock(l);
		if (other) {
			check(other);
			free(other);
		}
	}
	return NULL;
}
int main(void)
{
	pthread_t t[THREADS];
	void *aligned = NULL;

	for (unsigned i = 0; i < SLOTS / 16; i++)
		pthread_mutex_init(&locks[i], NULL);
	for (uintptr_t i = 0; i < THREADS; i++)
		if (pthread_create(&t[i], NULL, worker, (void *)(i + 1)))
			abort();
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	for (int i = 0; i < SLOTS; i++)
		if (shared[i]) {
			check(shared[i]);
			free(shared[i]);
		}
	for (size_t a = 16; a <= 1 << 21; a *= 2) {
		if (posix_memalign(&aligned, a, 3 * a) || (uintptr_t)aligned % a)
			wrong++;
		memset(aligned, 1, 3 * a);
		free(aligned);
	}
	printf("%d threads, %d rounds each: %d wrong\n", THREADS, ROUNDS, wrong);
	return wrong != 0;
}
