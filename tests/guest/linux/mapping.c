/* SPDX-License-Identifier: BSD-2-Clause
 * Memory calls: what they answer, and what is there afterwards.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096
#define SHOW(call) do { errno = 0; long r_ = (long)(call); printf("%s: %s errno %d\n", #call, r_ == -1 ? "-1" : "ok", errno); } while (0)

static int mapped(char *p)
{
	unsigned char v;
	return mincore(p, PAGE, &v) == 0;
}
int main(void)
{
	char *b0, *p, *q;
	unsigned char vec[4];

	setbuf(stdout, NULL);
	b0 = sbrk(0);

	SHOW(brk(b0 + 3 * PAGE));
	printf("grew %ld\n", (long)((char *)sbrk(0) - b0));
	memset(b0, 1, 3 * PAGE);
	SHOW(brk(b0));
	SHOW(brk(b0 + PAGE));
	printf("clear %d\n", b0[PAGE / 2]);
	p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	strcpy(p + PAGE, "two");
	SHOW(munmap(p + 2 * PAGE, PAGE));
	printf("%d %d %d\n", mapped(p + PAGE), mapped(p + 2 * PAGE), mapped(p + 3 * PAGE));
	SHOW(mmap(p, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
	SHOW(mmap(p + 2 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	SHOW(mmap(p + 1, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	SHOW(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	SHOW(mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0));
	SHOW(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 77, 0));
	SHOW(mmap(NULL, 1ul << 50, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	q = mremap(p, 2 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
	printf("moved %s\n", q + PAGE);
	SHOW(mremap(q, 8 * PAGE, PAGE, 0));
	printf("%d %d\n", mapped(q), mapped(q + PAGE));
	SHOW(mremap(q, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q));
	SHOW(mprotect(q, PAGE, PROT_NONE));
	SHOW(write(1, q, 1));
	SHOW(mprotect(q + 1, PAGE, PROT_READ));
	SHOW(mprotect(q, PAGE, PROT_READ | PROT_WRITE));
	memset(q, 7, PAGE);
	SHOW(madvise(q, PAGE, MADV_DONTNEED));
	printf("zero %d\n", *q);
	SHOW(madvise(q, PAGE, 12345));
	SHOW(mincore(q, PAGE, vec));
	SHOW(mincore(q, PAGE, NULL));
	SHOW(msync(q, PAGE, MS_SYNC));
	SHOW(mlock(q, PAGE));
	SHOW(munlock(q, PAGE));
	int id = shmget(IPC_PRIVATE, 2 * PAGE, 0600);
	q = shmat(id, NULL, 0);
	SHOW(shmctl(id, IPC_RMID, NULL));
	strcpy(q, "shared");
	SHOW(shmdt(q));
	SHOW(shmdt(q));
	int fd = memfd_create("x", MFD_CLOEXEC);
	SHOW(ftruncate(fd, 2 * PAGE));
	p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	strcpy(p + PAGE, "in the file");
	char buf[12];
	SHOW(pread(fd, buf, sizeof buf, PAGE));
	printf("%s\n", buf);
	SHOW(munmap(p, 0));
	SHOW(munmap(p + 1, PAGE));
	SHOW(munmap((void *)0xffffffffffff0000, PAGE));

	/* code made at run time */
	unsigned char code[] = { 0xb8, 42, 0, 0, 0, 0xc3 };
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(p, code, sizeof code);
	SHOW(mprotect(p, PAGE, PROT_READ | PROT_EXEC));
	printf("code %d\n", ((int (*)(void))p)());
	/* a system call made there */
	unsigned char call[] = { 0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xc3 };
	SHOW(mprotect(p, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC));
	for (int i = 0; i < 3; i++) {
		memcpy(p + i, call, sizeof call);
		printf("pid %d\n", ((int (*)(void))(p + i))() == getpid());
	}
	return 0;
}
