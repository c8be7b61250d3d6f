/* SPDX-License-Identifier: BSD-2-Clause
 * Capsicum's rights as sys/capsicum.h has them (15.0), for tests. */
#pragma once
#include "fbsd.h"

#define R0(bits) (1ull << 57 | (bits))
#define R1(bits) (1ull << 58 | (bits))
#define CAP_READ R0(0x1)
#define CAP_WRITE R0(0x2)
#define CAP_SEEK_TELL R0(0x4)
#define CAP_SEEK R0(0xc)
#define CAP_PREAD R0(0xd)
#define CAP_MMAP R0(0x10)
#define CAP_MMAP_R R0(0x1d)
#define CAP_MMAP_W R0(0x1e)
#define CAP_CREATE R0(0x40)
#define CAP_FEXECVE R0(0x80)
#define CAP_FTRUNCATE R0(0x200)
#define CAP_LOOKUP R0(0x400)
#define CAP_FCNTL R0(0x8000)
#define CAP_FLOCK R0(0x10000)
#define CAP_FSTAT R0(0x80000)
#define CAP_UNLINKAT R0(0x10000400)
#define CAP_RENAMEAT_SOURCE R0(0x4000400)
#define CAP_ACCEPT R0(0x20000000)
#define CAP_GETPEERNAME R0(0x100000000)
#define CAP_LISTEN R0(0x800000000)
#define CAP_CONNECT R0(0x80000000)
#define CAP_BINDAT R0(0x8000000400)
#define CAP_RENAMEAT_TARGET R0(0x40000000400)
#define CAP_ALL0 R0(0xfffffffffff)
#define CAP_EVENT R1(0x20)
#define CAP_KQUEUE_EVENT R1(0x40)
#define CAP_IOCTL R1(0x80)
#define CAP_PDGETPID R1(0x200)
#define CAP_KQUEUE_CHANGE R1(0x100000)
#define CAP_ALL1 R1(0x7fffff)
#define NO0 R0(0)
#define NO1 R1(0)

static inline long limit(int fd, u64 w0, u64 w1)
{
	u64 r[2] = { w0, w1 };
	return cap_rights_limit(fd, r);
}
static inline void tell(const char *what, int fd)
{
	u64 r[2] = { 0 };
	long e = __cap_rights_get(0, fd, r);
	say("%s: %e %lx %lx\n", what, e, r[0], r[1]);
}
static inline int limited(int fd, u64 w0, u64 w1)
{
	int d = (int)dup(fd);
	if (limit(d, w0, w1))
		fail("limit");
	return d;
}
