/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Throws damaged programs at what guise check reads them with (tools/check/, all that knows nothing of rows): no crash,
 * no hang, nothing read outside of the file. Takes seconds, a seed, and programs to damage; without one an image made by
 * hand. Prints the seed of the case at hand when it dies, so that it can be had again: seconds 0, that seed.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "guise.h"
#include "tools/check/check.h"
#include "elf_image.h"
#include "random.h"

#define PATIENCE 60                      /* seconds that one case may take at most */

static uint64_t seed_now;
/* Stand for mmap in tools/check (see tests.mk): so the sanitizer knows where the file ends. */
void *case_map(void *, size_t, int, int, int, off_t);
int case_unmap(void *, size_t);
void *case_map(void *at, size_t n, int prot, int flags, int fd, off_t off)
{
	void *p = malloc(n);
	return p && pread(fd, p, n, off) == (ssize_t)n ? p : MAP_FAILED;
}
int case_unmap(void *p, size_t n)
{
	free(p);
	return 0;
}
static void died(int sig)
{
	fprintf(stderr, "check_fuzz: %s with seed %lu\n", sig == SIGALRM ? "no end" : "a crash", seed_now);
	_exit(1);
}
static uint64_t odd_value(uint64_t size)
{
	static const uint64_t odd[] = { 0, 1, 2, 7, 0xff, 0xfff, 0x1000, 0x400000, 0x7fffffff, 0x80000000, 0xffffffff, 1ull << 47,
		1ull << 63, ~0ull, ~0ull - 7, ~0xfffull };
	switch (next() % 3) {
	case 0: return odd[next() % ARRAY_LEN(odd)];
	case 1: return next() % (size + 1);
	}
	return odd[next() % ARRAY_LEN(odd)] + next() % 64 - 32;
}
/* Most damage falls on headers and tables, which lie at both ends and wherever there is little code. */
static void damage(uint8_t *b, uint64_t size)
{
	for (unsigned n = 1 + (unsigned)(next() % 12); n--;) {
		uint64_t at = next() % 3 == 0 ? next() % MIN(size, 1024ul) : next() % 3 ? next() % size : size - 1 - next() % MIN(size, 4096ul);
		uint64_t v = odd_value(size);
		unsigned len = 1u << next() % 4;
		if (at + len <= size)
			memcpy(b + (at & ~(uint64_t)(len - 1)), &v, len);
	}
	if (next() % 4 == 0)                     /* a run of bytes moved elsewhere: tables that overlap code */
		memmove(b + next() % (size / 2), b + next() % (size / 2), next() % (size / 2));
}
static void ask(struct world *w, struct module *m, struct function *f, uint64_t at)
{
	static struct values v;
	track(w, m, f, at, (struct place){ .reg = RAX }, &v);
	track(w, m, f, at, (struct place){ .reg = -1, .off = 8 }, &v);
	for (unsigned i = 0; i < v.n && i < 3; i++)
		track_pair(w, m, f, at, (struct place){ .reg = RAX }, v.v[i], (struct place){ .reg = RDI }, &v);
}
static void go_through(struct world *w)
{
	reach(w);
	for (unsigned i = 0; i < w->n; i++)
		for (uint32_t k = 0; k < w->module[i]->n_function; k++) {
			struct function *f = &w->module[i]->function[k];
			for (uint32_t e = f->edge; f->reached && e < f->edge + f->n_edge; e++)
				if (w->module[i]->edge[e].kind >= EDGE_SYSCALL)
					ask(w, w->module[i], f, w->module[i]->edge[e].at);
		}
}
static void one(const uint8_t *b, uint64_t size)
{
	struct world w = { .n = 0 };
	char why[WHY] = "";
	int fd = memfd_create("case", MFD_CLOEXEC);

	if (fd < 0 || write(fd, b, size) != (ssize_t)size)
		exit(2);
	for (int k = 0; k < 2; k++) {                    /* twice: a library that is its own symbol's neighbour */
		struct module *m = module_open(fd, k ? "library" : "program", "/bin/program", "/bin/program", why);
		if (m)
			w.module[w.n++] = m;
	}
	if (!w.n && strlen(why) < 10) {
		fprintf(stderr, "check_fuzz: refused without a sentence, seed %lu: \"%s\"\n", seed_now, why);
		exit(1);
	}
	go_through(&w);
	world_free(&w);
	close(fd);
}
static uint8_t *load(const char *name, uint64_t *size)
{
	struct stat st;
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	uint8_t *b;

	if (fd < 0 || fstat(fd, &st) || !(b = malloc((size_t)st.st_size)) || read(fd, b, (size_t)st.st_size) != st.st_size)
		exit(2);
	close(fd);
	*size = (uint64_t)st.st_size;
	return b;
}
int main(int argc, char **argv)
{
	long seconds = argc > 1 ? atol(argv[1]) : 5;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1, size[16] = { 0 }, cases = 0;
	uint8_t *file[16] = { NULL }, *b;
	unsigned n = 0;
	time_t end = time(NULL) + seconds;

	signal(SIGALRM, died);
	for (int i = 3; i < argc && n < 16; i++, n++)
		file[n] = load(argv[i], &size[n]);
	if (!n) {
		static struct elf_image e;
		elf_good(&e);
		file[0] = (uint8_t *)&e, size[0] = sizeof e, n = 1;
	}
	do {
		seed_now = seed++;
		rng = seed_now * 0x9e3779b97f4a7c15ull + 1;
		unsigned which = (unsigned)(next() % n);
		uint64_t len = next() % 8 ? size[which] : next() % size[which] + 1;
		if (!(b = malloc(size[which])))
			exit(2);
		memcpy(b, file[which], size[which]);
		damage(b, size[which]);
		alarm(PATIENCE);
		one(b, len);
		alarm(0);
		free(b);
		cases++;
	} while (time(NULL) < end);
	printf("%lu cases from seed %lu on\n", cases, seed - cases);
	return 0;
}
