/* SPDX-License-Identifier: BSD-2-Clause
 * sys/aio.h, for tests. */
#pragma once
#include "fbsd.h"

struct aiocb { int fd; long offset; void *buf; size_t nbytes; int spare[2]; void *spare2; int opcode, prio;
	       long status, error; void *priv; struct sigevent ev; };
_Static_assert(sizeof(struct aiocb) == 160, "aiocb");
enum { LIO_NOWAIT, LIO_WAIT, LIO_NOP = 0, LIO_WRITE = 1, LIO_READ = 2, LIO_WRITEV = 5, LIO_READV = 6,
       AIO_CANCELED = 1, AIO_NOTCANCELED, AIO_ALLDONE };
#define aio_read(...) sys(SYS_aio_read, __VA_ARGS__)
#define aio_write(...) sys(SYS_aio_write, __VA_ARGS__)
#define aio_readv(...) sys(SYS_aio_readv, __VA_ARGS__)
#define aio_writev(...) sys(SYS_aio_writev, __VA_ARGS__)
#define aio_error(...) sys(SYS_aio_error, __VA_ARGS__)
#define aio_return(...) sys(SYS_aio_return, __VA_ARGS__)
#define aio_suspend(...) sys(SYS_aio_suspend, __VA_ARGS__)
#define aio_cancel(...) sys(SYS_aio_cancel, __VA_ARGS__)
#define aio_waitcomplete(...) sys(SYS_aio_waitcomplete, __VA_ARGS__)
#define lio_listio(...) sys(SYS_lio_listio, __VA_ARGS__)
