/* SPDX-License-Identifier: BSD-2-Clause
 * mmap: kinds, placement, and what FreeBSD refuses. Unlike on Linux, a file offset need not be a multiple of the page
 * size, and munmap and mprotect round an address down. */
#include "fbsd.h"

#define RW (PROT_READ | PROT_WRITE)
#define is_page(x) ((x) > 0 && (x) % 4096 == 0)

static void anonymous(void)
{
	long a, b;

	yes(is_page(a = mmap(0, 12288, RW, MAP_PRIVATE | MAP_ANON, -1, 0)));
	((char *)a)[12287] = 1;
	yes(mmap(a, 4096, RW, MAP_PRIVATE | MAP_ANON | MAP_FIXED, -1, 0) == a);
	show(mmap(a, 4096, RW, MAP_PRIVATE | MAP_ANON | MAP_FIXED | MAP_EXCL, -1, 0));
	show(munmap(a, 4096));
	yes(mmap(a, 4096, RW, MAP_PRIVATE | MAP_ANON | MAP_FIXED | MAP_EXCL, -1, 0) == a);
	show(munmap(a + 4096, 4096));
	show(write(1, (void *)(a + 4096), 1));
	show(munmap(a, 12288));
	yes(is_page(b = mmap(0, 1, RW, MAP_ANON, -1, 0)));	/* neither shared nor private: private */
	*(char *)b = 1;
	show(munmap(b + 5, 10));
	show(write(1, (void *)b, 1));
}

static void refused(void)
{
	show(mmap(0, 0, RW, MAP_PRIVATE | MAP_ANON, -1, 0));
	show(mmap(0, 4096, RW, MAP_PRIVATE | MAP_ANON, 1, 0));
	show(mmap(0, 4096, RW, MAP_PRIVATE | MAP_ANON, -1, 4096));
	show(mmap(0, 4096, RW, MAP_PRIVATE | MAP_SHARED | MAP_ANON, -1, 0));
	show(mmap(0, 4096, 0x100, MAP_PRIVATE | MAP_ANON, -1, 0));
	show(mmap(0, 4096, RW, MAP_PRIVATE | MAP_ANON | 0x8000, -1, 0));
	show(mmap(0, 4096, RW, MAP_PRIVATE | MAP_ANON | MAP_EXCL, -1, 0));
	show(mmap((void *)4097, 4096, RW, MAP_PRIVATE | MAP_ANON | MAP_FIXED, -1, 0));
	show(mmap((void *)0x7ffffffff000, 8192, RW, MAP_PRIVATE | MAP_ANON | MAP_FIXED, -1, 0));
	show(mmap(0, 4096, RW, MAP_PRIVATE, 99, 0));
	show(mmap(0, 4096, RW, MAP_PRIVATE | MAP_ANON | MAP_ALIGNED(5), -1, 0));
	show(mmap(0, 4096, PROT_READ, MAP_GUARD, -1, 0));
	show(mmap(0, 4096, 0, MAP_GUARD | MAP_ANON, -1, 0));
	show(mmap(0, 4096, PROT_READ, MAP_STACK, -1, 0));
	show(mmap(0, -4096l, RW, MAP_PRIVATE | MAP_ANON, -1, 0));
	show(munmap(0x10000000, 0));
	show(munmap(-8192l, 4096));
}

static void placement(void)
{
	long a;

	yes((a = mmap(0, 4096, RW, MAP_PRIVATE | MAP_ANON | MAP_ALIGNED(20), -1, 0)) > 0 && a % (1 << 20) == 0);
	yes((a = mmap(0, 1 << 21, RW, MAP_PRIVATE | MAP_ANON | MAP_ALIGNED_SUPER, -1, 0)) > 0);
	yes((a = mmap(0, 4096, RW, MAP_PRIVATE | MAP_ANON | MAP_32BIT, -1, 0)) > 0 && a < 1l << 31);
	yes((a = mmap(0, 65536, 0, MAP_GUARD, -1, 0)) > 0);
	show(write(1, (void *)a, 1));
	yes(mmap(a + 4096, 4096, RW, MAP_PRIVATE | MAP_ANON | MAP_FIXED, -1, 0) == a + 4096);
	*(char *)(a + 4096) = 'g';
	show(write(1, (void *)(a + 4096), 1) == 1);
	yes((a = mmap(0, 65536, RW, MAP_STACK, -1, 0)) > 0);
	*(char *)(a + 65535) = 1;
	*(char *)a = 1;
}

static void file(void)
{
	long fd = open("f", O_RDWR | O_CREAT, 0644), a, b;
	char buf[8] = { 0 };

	show(ftruncate(fd, 10000));
	show(pwrite(fd, "offset", 6, 4096 + 100));
	yes((a = mmap(0, 100, PROT_READ, MAP_PRIVATE, fd, 4096 + 100)) > 0 && a % 4096 == 100);
	say("%s\n", (char *)a);
	yes((b = mmap(0, 8192, RW, MAP_SHARED, fd, 0)) > 0);
	memcpy((char *)b + 50, "shared", 6);
	show(msync(b, 8192, MS_SYNC));
	show(pread(fd, buf, 6, 50));
	say("%s\n", buf);
	yes((a = mmap(0, 8192, RW, MAP_PRIVATE, fd, 0)) > 0);
	memcpy((char *)a + 50, "PRIVAT", 6);
	show(pread(fd, buf, 6, 50));
	say("%s\n", buf);
	show(mmap(0, 4096, PROT_READ, 0, fd, 0));
	close(fd);
	fd = open("f", O_RDONLY, 0);
	show(mmap(0, 4096, RW, MAP_SHARED, fd, 0));
	yes(mmap(0, 4096, RW, MAP_PRIVATE, fd, 0) > 0);
	fd = open("f", O_WRONLY, 0);
	show(mmap(0, 4096, PROT_READ, MAP_SHARED, fd, 0));
}

static void protect(void)
{
	char *p = pages(8192);

	show(mprotect(p + 123, 10, PROT_READ));
	show(read(open("f", O_RDONLY, 0), p, 1));
	show(mprotect(p, 4096, RW));
	p[1] = 1;
	show(mprotect(p, 4096, 0x80));
	show(mprotect(-4096l, 8192, PROT_READ));
	show(madvise(p, 4096, MADV_FREE));
	show(madvise(p, 4096, MADV_WILLNEED));
	show(madvise(p, 4096, 99));
	show(msync(p, 4096, MS_ASYNC | MS_INVALIDATE));
	show(mincore(p, 4096, p + 4096));
	show(p[4096] & MINCORE_INCORE);
	show(minherit(p, 4096, INHERIT_SHARE));              /* it is private: that cannot be changed */
	show(minherit(p, 4096, INHERIT_ZERO));
	p[0] = 'z';
	p[4096] = 'k';
	long child = fork();
	if (child == 0) {
		say("child sees %d %d\n", p[0], p[4096]);
		quit(0);
	}
	wait_for(child);
	say("parent sees %d\n", p[0]);
}

int main(int argc, char **argv)
{
	anonymous();
	refused();
	placement();
	file();
	protect();
	return 0;
}
