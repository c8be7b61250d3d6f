/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Asynchronous input and output, done before the call that asks for it returns: allowed, only not fast. So it is done
 * for what never blocks for long, files; for sockets, pipes and terminals it is refused with EOPNOTSUPP, which is
 * what FreeBSD says of descriptors it holds unsafe (vfs.aio.enable_unsafe). Results are kept here until they are
 * fetched.
 */
#include <aio.h>
#include <string.h>
#include <fcntl.h>
#include <time.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include "host.h"

sysfn fbsd_aio_read, fbsd_aio_write, fbsd_aio_readv, fbsd_aio_writev, fbsd_aio_fsync, fbsd_aio_mlock, fbsd_aio_error,
	fbsd_aio_return, fbsd_aio_suspend, fbsd_aio_cancel, fbsd_aio_waitcomplete, fbsd_lio_listio;

enum { OP_NOP, OP_WRITE, OP_READ, OP_WRITEV = 5, OP_READV = 6, OP_SYNC = 8, OP_MLOCK = 32 };
#define FBSD_AIO_ALLDONE 3
#define LISTIO_MAX 256
#define VECTOR_MAX 1024

struct fbsd_aiocb {                      /* sys/aio.h */
	int32_t fd, pad;
	int64_t offset;
	uaddr buf;
	uint64_t nbytes;
	int32_t spare[2];
	uint64_t spare2;
	int32_t opcode, prio;
	int64_t status, error;
	uint64_t priv;
	char sigevent[80];
};
_Static_assert(sizeof(struct fbsd_aiocb) == 160, "sys/aio.h");

struct job { struct job *next; uaddr cb; long rv; };
static struct job *done, **done_end = &done;     /* oldest first; under done_lock */
static volatile uint32_t done_lock FORKED;
AT_FORK_FREE(done_lock);

static long keep(uaddr cb, long rv)
{
	struct job *j = mem_alloc(sizeof *j);
	if (!j)
		return -EAGAIN;
	*j = (struct job){ NULL, cb, rv };
	lock(&done_lock);
	*done_end = j;
	done_end = &j->next;
	unlock(&done_lock);
	return 0;
}
/* The job of this control block, or the oldest for 0. take: it is the caller's to free. */
static bool find(uaddr cb, bool take, struct job *out)
{
	struct job **at, *j;
	lock(&done_lock);
	for (at = &done; (j = *at) && cb && j->cb != cb; at = &j->next)
		;
	if (j)
		*out = *j;
	if (j && take) {
		*at = j->next;
		if (!j->next)
			done_end = at;
	}
	unlock(&done_lock);
	if (j && take)
		mem_free(j, sizeof *j);
	return j != NULL;
}

/* --- doing ------------------------------------------------------------------------------------------------------ */
static long file_only(int fd)
{
	struct stat st;
	long e = host(SYS_fstat, fd, &st);
	if (e < 0)
		return e;
	return S_ISREG(st.st_mode) || S_ISBLK(st.st_mode) || S_ISDIR(st.st_mode) ? 0 : -EOPNOTSUPP;
}
static long perform(const struct fbsd_aiocb *cb, int op)
{
	uint64_t at = (uint64_t)cb->offset;
	switch (op) {
	case OP_READ: return host(SYS_pread64, cb->fd, cb->buf, cb->nbytes, at);
	case OP_WRITE: return host(SYS_pwrite64, cb->fd, cb->buf, cb->nbytes, at);
	case OP_READV: return host(SYS_preadv, cb->fd, cb->buf, cb->nbytes, at, 0);
	case OP_WRITEV: return host(SYS_pwritev, cb->fd, cb->buf, cb->nbytes, at, 0);
	case OP_SYNC: return host(SYS_fsync, cb->fd);
	case OP_MLOCK: return host(SYS_mlock, cb->buf, cb->nbytes);
	}
	return -EINVAL;
}
static long notify(struct thread *t, const struct sigevent *ev)
{
	if (ev->sigev_notify != SIGEV_SIGNAL && ev->sigev_notify != SIGEV_THREAD_ID)
		return 0;
	return signal_send(t, t->p->pid, ev->sigev_notify == SIGEV_THREAD_ID ? ev->_sigev_un._tid : 0, ev->sigev_signo,
			   SI_ASYNCIO, (uint64_t)ev->sigev_value.sival_ptr);
}
/* An event that could not be sent later is refused now: a kqueue's is not there. */
static long event_get(struct thread *t, uaddr at, struct sigevent *ev)
{
	long e = rec_get(t, REC_SIGEVENT, at, ev);
	if (e < 0 || ev->sigev_notify == SIGEV_NONE)
		return e;
	if (ev->sigev_notify != SIGEV_SIGNAL && ev->sigev_notify != SIGEV_THREAD_ID)
		return -EOPNOTSUPP;
	return ev->sigev_signo < 1 ? -EINVAL : 0;
}
/* A vector that cannot be read is refused at once, what it points to only when it is used. */
static long vector_ok(const struct fbsd_aiocb *cb, int op)
{
	struct iovec v;
	long e = 0;
	if (op != OP_READV && op != OP_WRITEV)
		return 0;
	if (cb->nbytes > VECTOR_MAX)
		return -EINVAL;
	for (uint64_t i = 0; i < cb->nbytes && !e; i++)
		e = copy_in(&v, cb->buf + i * sizeof v, sizeof v);
	return e;
}
static long submit(struct thread *t, uaddr at, int op)
{
	struct fbsd_aiocb cb;
	struct sigevent ev;
	long e = copy_in(&cb, at, sizeof cb);
	if (!e)
		e = event_get(t, at + offsetof(struct fbsd_aiocb, sigevent), &ev);
	if (!e && op != OP_MLOCK)
		e = fd_is_ours(t->p, cb.fd) ? -EBADF : file_only(cb.fd);
	if (!e && op != OP_MLOCK && op != OP_SYNC && cb.offset < 0)
		e = -EINVAL;
	if (!e)
		e = vector_ok(&cb, op);
	if (!e)
		e = keep(at, perform(&cb, op));
	return e < 0 ? e : notify(t, &ev);
}
long fbsd_aio_read(struct call *c) { return submit(c->t, (uaddr)c->arg[0], OP_READ); }
long fbsd_aio_write(struct call *c) { return submit(c->t, (uaddr)c->arg[0], OP_WRITE); }
long fbsd_aio_readv(struct call *c) { return submit(c->t, (uaddr)c->arg[0], OP_READV); }
long fbsd_aio_writev(struct call *c) { return submit(c->t, (uaddr)c->arg[0], OP_WRITEV); }
long fbsd_aio_mlock(struct call *c) { return submit(c->t, (uaddr)c->arg[0], OP_MLOCK); }
long fbsd_aio_fsync(struct call *c)
{
	if (c->arg[0] != O_SYNC && c->arg[0] != O_DSYNC)
		return -EINVAL;
	return submit(c->t, (uaddr)c->arg[1], OP_SYNC);
}

static long list_one(struct thread *t, uaddr list, int i)
{
	uaddr at;
	struct fbsd_aiocb cb;
	long e = copy_in(&at, list + (uaddr)i * sizeof at, sizeof at);
	if (e < 0 || !at)
		return e;
	e = copy_in(&cb, at, sizeof cb);
	return e < 0 || cb.opcode == OP_NOP ? e : submit(t, at, cb.opcode & ~0x40);
}
/* Something failed: EIO if the caller waits, and the control blocks tell what. */
long fbsd_lio_listio(struct call *c)
{
	struct sigevent ev = { .sigev_notify = SIGEV_NONE };
	long e = 0, failed = 0;
	if (c->arg[2] < 0 || c->arg[2] > LISTIO_MAX)
		return -EINVAL;
	if (c->arg[0] == LIO_NOWAIT && c->arg[3] && (e = event_get(c->t, (uaddr)c->arg[3], &ev)) < 0)
		return e;
	for (int i = 0; i < c->arg[2]; i++)
		if (list_one(c->t, (uaddr)c->arg[1], i) < 0)
			failed++;
	notify(c->t, &ev);
	return failed ? -EIO : 0;
}

/* --- fetching --------------------------------------------------------------------------------------------------- */
long fbsd_aio_error(struct call *c)
{
	struct job j;
	if (!find((uaddr)c->arg[0], false, &j))
		return -EINVAL;
	return j.rv < 0 ? errno_to_guest(c->t->p->pers, (int)-j.rv) : 0;
}
long fbsd_aio_return(struct call *c)
{
	struct job j;
	return find((uaddr)c->arg[0], true, &j) ? j.rv : -EINVAL;
}
long fbsd_aio_suspend(struct call *c)
{
	struct job j;
	for (int i = 0; i < c->arg[1]; i++) {
		uaddr at;
		long e = copy_in(&at, (uaddr)c->arg[0] + (uaddr)i * sizeof at, sizeof at);
		if (e < 0)
			return e;
		if (at && find(at, false, &j))
			return 0;
	}
	return -EINVAL;
}
long fbsd_aio_cancel(struct call *c)
{
	return host(SYS_fcntl, c->arg[0], F_GETFD, 0) < 0 ? -EBADF : FBSD_AIO_ALLDONE;
}
/* Nothing is ever under way, so only another thread could end this wait: it looks again every 10 ms. */
long fbsd_aio_waitcomplete(struct call *c)
{
	static const uaddr none;
	struct timespec left = { INT32_MAX, 0 }, nap;
	struct job j;
	long e = c->arg[1] ? arg_get(c, 1, &left) : 0;

	if (!e && (left.tv_nsec < 0 || left.tv_nsec >= 1000000000))
		return -EINVAL;
	while (!e && !find(0, true, &j)) {
		if (left.tv_sec <= 0 && left.tv_nsec <= 0) {
			e = copy_out((uaddr)c->arg[0], &none, sizeof none);
			return e < 0 ? e : -EAGAIN;
		}
		nap = (struct timespec){ 0, left.tv_sec > 0 ? 10000000 : MIN(left.tv_nsec, 10000000l) };
		e = block(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &nap, NULL);
		if ((left.tv_nsec -= nap.tv_nsec) < 0)
			left.tv_sec--, left.tv_nsec += 1000000000;
	}
	if (e < 0)
		return e;
	e = copy_out((uaddr)c->arg[0], &j.cb, sizeof j.cb);
	return e < 0 ? e : j.rv;
}
