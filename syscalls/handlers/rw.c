/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Bytes in and out of descriptors. Buffers and iovecs have one layout everywhere and go to Linux as the guest's own
 * pointers. Any of these may sleep.
 */
#include <unistd.h>
#include "host.h"
#include "box.h"
#include "sock.h"

sysfn sys_read, sys_write, sys_pread, sys_pwrite, sys_readv, sys_writev, sys_preadv, sys_pwritev, sys_lseek;
sysfn sys_copy_file_range;

/* What the host refuses so may be an object of ours, for which the guest's kernel has a word of its own. */
static long no_file(struct call *c, long rv)
{
	struct fdobj *o = rv == -EINVAL || rv == -EBADF ? fd_get(c->t->p, (int)c->arg[0], NULL) : NULL;
	return o && o->ops->no_file ? -o->ops->no_file : rv;
}
/* A length that is negative as a signed number is refused before the buffer is looked at; the host looks there first. */
static long not_moved(struct call *c, long rv) { return c->arg[2] < 0 ? -EINVAL : no_file(c, rv); }
static long moved(long nr, struct call *c)
{
	return not_moved(c, c->arg[2] < 0 ? 0 : block(nr, c->arg[0], c->arg[1], c->arg[2], c->arg[3]));
}
long sys_read(struct call *c) { return moved(SYS_read, c); }
long sys_write(struct call *c)
{
	if (sock_quiet(c->t, (int)c->arg[0]))
		return block(SYS_sendto, c->arg[0], c->arg[1], c->arg[2], MSG_NOSIGNAL, NULL, 0);
	return moved(SYS_write, c);
}
long sys_pread(struct call *c) { return moved(SYS_pread64, c); }
long sys_pwrite(struct call *c) { return moved(SYS_pwrite64, c); }
DIRECT(sys_read, SYS_read, not_moved);
DIRECT(sys_write, SYS_write, not_moved, &sock_states);
DIRECT(sys_pread, SYS_pread64, not_moved);
DIRECT(sys_pwrite, SYS_pwrite64, not_moved);
/* A vector's call, with the vector as the box has it. */
static long vectored(long nr, struct call *c)
{
	const struct iovec *v = (const struct iovec *)c->arg[1];
	long e = box_iov(&v, (uint64_t)c->arg[2]);
	if (e)
		return e;
	e = block(nr, c->arg[0], v, c->arg[2], c->arg[3], 0);
	box_iov_done(v, (uint64_t)c->arg[2]);
	return e;
}
long sys_readv(struct call *c) { return no_file(c, vectored(SYS_readv, c)); }
long sys_writev(struct call *c)
{
	const struct iovec *v = (const struct iovec *)c->arg[1];
	if (!sock_quiet(c->t, (int)c->arg[0]))
		return no_file(c, vectored(SYS_writev, c));
	long e = box_iov(&v, (uint64_t)c->arg[2]);
	if (e)
		return e;
	struct msghdr m = { .msg_iov = (struct iovec *)v, .msg_iovlen = (size_t)c->arg[2] };
	e = block(SYS_sendmsg, c->arg[0], &m, MSG_NOSIGNAL);
	box_iov_done(v, (uint64_t)c->arg[2]);
	return e;
}
DIRECT(sys_readv, SYS_readv, no_file);
DIRECT(sys_writev, SYS_writev, no_file, &sock_states);
/* The host takes the offset in two halves; on 64 bits the first holds all of it. */
long sys_preadv(struct call *c) { return vectored(SYS_preadv, c); }
long sys_pwritev(struct call *c) { return vectored(SYS_pwritev, c); }
long sys_lseek(struct call *c)
{
	struct fdobj *o = fd_get(c->t->p, (int)c->arg[0], NULL);
	return o && o->ops->no_file ? -ESPIPE : host(SYS_lseek, c->arg[0], c->arg[1], c->arg[2]);
}

/* --- copy_file_range: the guest's works between any two file systems, the host's only where it has a fast way ----- */
struct copier {
	int in, out;
	int64_t in_at, out_at;   /* -1: the descriptor's own position */
	uaddr in_off, out_off;   /* where the guest keeps its offsets, or 0 */
};
#define CHUNK (64 * 1024ul)

static long one_way(long nr, int fd, char *buf, size_t n, int64_t *at)
{
	long got = *at < 0 ? host(nr == SYS_pread64 ? SYS_read : SYS_write, fd, buf, n) : host(nr, fd, buf, n, *at);
	if (got > 0 && *at >= 0)
		*at += got;
	return got;
}
static long copy_chunk(struct copier *k, char *buf, size_t n)
{
	long got = one_way(SYS_pread64, k->in, buf, n, &k->in_at), put, sum = 0;
	for (; got > 0 && sum < got; sum += put)
		if ((put = one_way(SYS_pwrite64, k->out, buf + sum, (size_t)(got - sum), &k->out_at)) <= 0) {
			if (k->in_at < 0)
				host(SYS_lseek, k->in, sum - got, SEEK_CUR);
			return sum ? sum : put;
		}
	return got < 0 ? got : sum;
}
static long copy_through(struct copier *k, size_t len)
{
	char *buf = mem_alloc(CHUNK);
	size_t sum = 0;
	long got = 0;
	if (!buf)
		return -ENOMEM;
	while (sum < len && (got = copy_chunk(k, buf, MIN(CHUNK, len - sum))) > 0) {
		sum += (size_t)got;
		if (sum >= 256 * CHUNK)          /* the caller asks again; a signal need not wait for a whole file */
			break;
	}
	mem_free(buf, CHUNK);
	return sum ? (long)sum : got;
}
static long copy_offset(uaddr at, int64_t *off)
{
	*off = -1;
	if (!at)
		return 0;
	long e = copy_in(off, at, sizeof *off);
	return e ? e : *off < 0 ? -EINVAL : 0;
}
static long copy_by_hand(struct call *c)
{
	struct copier k = { (int)c->arg[0], (int)c->arg[2], -1, -1, (uaddr)c->arg[1], (uaddr)c->arg[3] };
	long e = copy_offset(k.in_off, &k.in_at), rv;
	if (e || (e = copy_offset(k.out_off, &k.out_at)))
		return e;
	rv = copy_through(&k, (size_t)c->arg[4]);
	if (rv > 0 && k.in_off && (e = copy_out(k.in_off, &k.in_at, sizeof k.in_at)))
		return e;
	if (rv > 0 && k.out_off && (e = copy_out(k.out_off, &k.out_at, sizeof k.out_at)))
		return e;
	return rv;
}
long sys_copy_file_range(struct call *c)
{
	long rv;
	if (c->arg[5])
		return -EINVAL;
	rv = block(SYS_copy_file_range, c->arg[0], c->arg[1], c->arg[2], c->arg[3], c->arg[4], 0);
	return rv == -EXDEV || rv == -EOPNOTSUPP || rv == -ENOSYS ? copy_by_hand(c) : rv;
}
