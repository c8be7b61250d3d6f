/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What differs between the two builds of calls.c: how a call, a thread, a futex and an event queue are spelled. FreeBSD's
 * build has the tests' runtime, with every call through one stub as a libc makes it, and no other syscall instruction, so
 * that it can be sealed; Linux's has glibc, whose syscall() is the same kind of stub.
 */
#pragma once
#ifdef __FreeBSD__
#define THROUGH_STUB
#include "fbsd.h"
#define CALL(name, ...) sys(SYS_##name, __VA_ARGS__)
#define CALL_stat(path, b) sys(SYS_fstatat, AT_FDCWD, path, b, 0)
#define MONOTONIC 4
static inline long now(void)
{
	struct timespec ts;
	clock_gettime(MONOTONIC, &ts);
	return ts.sec * 1000000000 + ts.nsec;
}
#define print say
#define PIPE(p) pipe2(p, 0)
#define WAIT(p, v) umtx_op(p, UMTX_OP_WAIT_UINT_PRIVATE, v, 0, 0)
#define WAKE(p) umtx_op(p, UMTX_OP_WAKE_PRIVATE, 1, 0, 0)
#define PAIR(p) socketpair(AF_UNIX, SOCK_STREAM, 0, p)
#define thread_start(fn) thread((void (*)(void *))(fn), 0)
#define SOFT cur

/* Sites as a libc has them, one a call: a program is looked at for sealing when some have been met. */
__asm__(".text; .p2align 5; sites: .rept 16; mov $20, %eax; mov %rcx, %r10; syscall; ret; .p2align 5, 0xcc; .endr");
extern const char sites[];
static inline void begin(void)
{
	sys(SYS_getpid, 0);                      /* the stub of all others: what never ran must be a stub beyond doubt */
	for (int i = 0; i < 16; i++)
		((long (*)(void))(sites + 32 * i))();
}

static inline long queue(void) { return kqueue(); }
static inline long queue_add(long q, int fd, unsigned i)
{
	struct kevent k = { (u64)fd, EVFILT_READ, EV_ADD, 0, 0, (void *)(u64)i, { 0 } };
	return kevent(q, &k, 1, 0, 0, 0);
}
static inline long queue_wait(long q)
{
	struct kevent k[8];
	return kevent(q, 0, 0, k, 8, 0) == 1 ? (long)k[0].udata : -1;
}
#else
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#define CALL(name, ...) syscall(SYS_##name, __VA_ARGS__)
#define CALL_stat(path, b) syscall(SYS_newfstatat, AT_FDCWD, path, b, 0)
#define MONOTONIC CLOCK_MONOTONIC
static inline long now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000 + ts.tv_nsec;
}
#define print printf
#define PIPE(p) pipe(p)
#define WAIT(p, v) syscall(SYS_futex, p, FUTEX_WAIT_PRIVATE, v, NULL, NULL, 0)
#define WAKE(p) syscall(SYS_futex, p, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0)
#define PAIR(p) socketpair(AF_UNIX, SOCK_STREAM, 0, p)
#define SYS_pread SYS_pread64
#define SYS_pwrite SYS_pwrite64
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define quit _exit
#define wait_for(p) waitpid(p, NULL, 0)
#define thread_start(fn) pthread_create(&(pthread_t){ 0 }, NULL, fn, NULL)
#define SOFT rlim_cur
static inline void fail(const char *what)
{
	perror(what);
	exit(99);
}
static inline void begin(void) { }
static inline long queue(void) { return epoll_create1(0); }
static inline long queue_add(long q, int fd, unsigned i)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u32 = i };
	return epoll_ctl((int)q, EPOLL_CTL_ADD, fd, &e);
}
static inline long queue_wait(long q)
{
	struct epoll_event e[8];
	return epoll_wait((int)q, e, 8, -1) == 1 ? (long)e[0].data.u32 : -1;
}
#endif
