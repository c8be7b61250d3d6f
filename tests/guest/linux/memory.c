/* SPDX-License-Identifier: BSD-2-Clause
 * mmap, mremap, brk, mprotect, files shared and private, a stack that grows, huge allocations, madvise, shared memory. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int deep(int n) { volatile char room[4096]; room[0] = (char)n; return n ? deep(n - 1) + (room[0] == (char)n) : 0; }

int main(void)
{
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *q, b[8] = { 0 };
	int fd = memfd_create("x", 0);

	p[8191] = 'e';
	q = mremap(p, 8192, 1 << 20, MREMAP_MAYMOVE);
	printf("remapped %d %d\n", q != MAP_FAILED && q[8191] == 'e', q[(1 << 20) - 1]);
	printf("noreplace %s\n", mmap(q, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED ? strerror(errno) : "mapped");
	printf("unaligned %s\n", mmap(q + 1, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED ? strerror(errno) : "mapped");
	printf("protect %d %s\n", mprotect(q + 1, 4096, PROT_READ), strerror(errno));
	printf("sbrk %d\n", (char *)sbrk(0) + 4096 == (char *)sbrk(8192) + 4096);
	ftruncate(fd, 8192);
	p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	strcpy(p + 4000, "shared");
	pread(fd, b, 6, 4000);
	puts(b);
	p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	strcpy(p + 4000, "privat");
	pread(fd, b, 6, 4000);
	puts(b);
	printf("deep %d\n", deep(1500));
	for (int i = 0; i < 200; i++) {
		char *m = malloc(1 << (i % 24));
		memset(m, i, 1 << (i % 24));
		free(m);
	}
	printf("advise %d %s\n", madvise(p, 4096, 9999), strerror(errno));
	printf("low %s\n", mmap((void *)4096, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == (void *)4096 ? "mapped" : strerror(errno));
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(p, "\xb8\x2a\x00\x00\x00\xc3", 6);
	printf("code %d\n", ((int (*)(void))p)());
	/* a call made by code that was just written */
	memcpy(p, "\xb8\x27\x00\x00\x00\x0f\x05\xc3", 8);
	printf("own call %d\n", ((int (*)(void))p)() == getpid());
	return 0;
}
