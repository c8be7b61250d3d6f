/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a guest that cannot touch our memory itself may hand to the host: box.c. Where the box is open (every engine
 * that runs the guest natively), box_iov leaves what it is given and the rest is not called.
 */
#pragma once
#include "guise.h"

struct iovec;
/* Before anything of the guest's is mapped: all there is is ours, but for the stack. */
void box_take(struct space *, uaddr stack);
void box_start(struct space *);                      /* from now on it is closed */
void box_args(struct call *);                        /* an argument that is an address of ours becomes none */
long must_check box_iov(const struct iovec **, uint64_t n);      /* a copy, checked, to be given back; or as it was */
void box_iov_done(const struct iovec *, uint64_t n);
long box_vectored(long nr, const long a[6], int at); /* the host's call, whose argument `at` is a vector, counted by the next */
long box_msg(long nr, int fd, uaddr msghdr, long flags);
/* box_file.c: what we look up by name is what it was before the guest ran */
void box_files(struct proc *);
extern int box_handed[2];                            /* by the image before us: /proc, our program; or -1 */
size_t box_hands(char *text, size_t n);              /* ... to the next, as --held-fds takes it; 0: nothing */
long box_exec(const void *argv, const void *envv);   /* our own program again, in this one's place */
long box_open(int dirfd, const char *path, unsigned flags, unsigned mode, uint64_t resolve);     /* as openat2 */
