/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Asynchronous input and output: making requests, asking for them, waiting, cancelling, fetching. aio_run.c carries them
 * out. What is checked when, and which error lies where, is that of sys/kern/vfs_aio.c (15.0): a request that could not be
 * made leaves its error in the control block, where aio_error finds it. As with vfs.aio.enable_unsafe set: pipes and
 * terminals are taken, too.
 */
#include <aio.h>
#include <string.h>
#include <fcntl.h>
#include <time.h>
#include <linux/futex.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include "host.h"
#include "ext.h"
#include "confine.h"
#include "freebsd/aio.h"

sysfn fbsd_aio_read, fbsd_aio_write, fbsd_aio_readv, fbsd_aio_writev, fbsd_aio_fsync, fbsd_aio_mlock, fbsd_aio_error,
	fbsd_aio_return, fbsd_aio_suspend, fbsd_aio_cancel, fbsd_aio_waitcomplete, fbsd_lio_listio;

enum { FBSD_AIO_CANCELED = 1, FBSD_AIO_NOTCANCELED, FBSD_AIO_ALLDONE };
#define VECTOR_MAX 1024
#define TEXT_MAX 0x7fffffffffffffffull
#define KEVENT_FLAGS (EV_CLEAR | EV_DISPATCH | EV_ONESHOT)
#define AT(cb_, field_) ((cb_) + offsetof(struct fbsd_aiocb, field_))

/* --- making ------------------------------------------------------------------------------------------------------------- */
static long event_get(struct thread *t, uaddr at, struct sigevent *ev)
{
	long e = rec_get(t, REC_SIGEVENT, at, ev);
	if (e < 0 || ev->sigev_notify == SIGEV_NONE)
		return e;
	if (ev->sigev_notify == SIGEV_SIGNAL || ev->sigev_notify == SIGEV_THREAD_ID)
		return ev->sigev_signo < 1 ? -EINVAL : 0;
	return ev->sigev_notify == 3 ? 0 : -EINVAL;      /* SIGEV_KEVENT; a thread is the library's to make */
}
#define IS_KEVENT(ev_) ((ev_)->sigev_notify == 3)

/* A vector that cannot be read is refused at once, what it points to only when it is used. */
static long vector_get(struct aio_job *j, const struct fbsd_aiocb *cb)
{
	long e;
	j->iov = &j->one;
	j->n_iov = 1;
	j->one = (struct iovec){ (void *)cb->buf, cb->nbytes };
	j->total = cb->nbytes;
	if (!(j->op & OP_VECTORED))
		return mem_hidden(cb->buf, 1) ? -EFAULT : 0;
	if (cb->nbytes > VECTOR_MAX)
		return -EINVAL;
	j->n_iov = (unsigned)cb->nbytes;
	j->total = 0;
	if (!(j->iov = mem_alloc(MAX(j->n_iov, 1u) * sizeof *j->iov)))
		return -EAGAIN;
	if ((e = copy_in(j->iov, cb->buf, j->n_iov * sizeof *j->iov)))
		return e;
	for (unsigned i = 0; i < j->n_iov; i++) {
		if (mem_hidden((uaddr)j->iov[i].iov_base, 1))
			return -EFAULT;
		j->total += j->iov[i].iov_len;
	}
	return j->total > TEXT_MAX ? -EINVAL : 0;
}
static unsigned right_of(int op) { return op & OP_SYNC ? RIGHT_FSYNC : op & OP_READ ? RIGHT_PREAD : RIGHT_PWRITE; }

/* Which descriptor, of what, and may it be used so? */
static long file_get(struct thread *t, struct aio_job *j)
{
	struct stat st;
	long fl = fd_is_ours(t->p, j->fd) ? -EBADF : host(SYS_fcntl, j->fd, F_GETFL), e;
	const struct fdobj *o = fl < 0 ? NULL : fd_get(t->p, j->fd, NULL);
	if (fl < 0 || (e = j->op == OP_NOP ? 0 : fd_may(t, j->fd, right_of(j->op))))
		return fl < 0 ? fl : e;
	if (j->op == OP_NOP)
		return 0;
	if (fl & O_PATH || (!(j->op & OP_SYNC) && (fl & O_ACCMODE) == (j->reads ? O_WRONLY : O_RDONLY)))
		return -EBADF;
	if ((e = host(SYS_fstat, j->fd, &st)))
		return e;
	j->dev = st.st_dev, j->ino = st.st_ino;
	j->nonblock = fl & O_NONBLOCK;
	bool vnode = S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) || S_ISBLK(st.st_mode) || S_ISCHR(st.st_mode);
	j->how = S_ISSOCK(st.st_mode) ? AIO_SOCKET : vnode && !S_ISCHR(st.st_mode) ? AIO_FILE : AIO_STREAM;
	if (j->op & OP_SYNC) {
		j->how = AIO_FILE;
		return vnode ? 0 : -EINVAL;
	}
	if (o && o->ops->no_file)
		return -EOPNOTSUPP;
	return j->offset < 0 && !S_ISCHR(st.st_mode) ? -EINVAL : 0;
}
static long post_get(struct call *c, struct aio_job *j)
{
	uint32_t flags = (uint32_t)j->ev._sigev_un._tid;
	struct kev kev = { .ident = j->cb, .filter = EVFILT_AIO, .udata = (uint64_t)j->ev.sigev_value.sival_ptr };
	if (!IS_KEVENT(&j->ev))
		return 0;
	if (flags & ~(uint32_t)KEVENT_FLAGS)
		return -EINVAL;
	kev.flags = (uint16_t)(EV_ENABLE | flags);
	return kq_post_new(c, j->ev.sigev_signo, &kev, &j->post);
}
static long fill(struct call *c, struct aio_job *j, int op)
{
	struct fbsd_aiocb cb;
	long e = copy_in(&cb, j->cb, sizeof cb);
	if (e)
		return e;
	if (op < 0) {
		j->at_offset = cb.opcode & OP_FOFFSET;
		op = cb.opcode & ~OP_FOFFSET;
		if (op != OP_NOP && op != OP_WRITE && op != OP_READ && op != OP_WRITEV && op != OP_READV)
			return -EINVAL;
	}
	j->op = op;
	j->reads = op & OP_READ && op != OP_MLOCK;
	j->fd = cb.fd;
	j->offset = cb.offset;
	if ((!(op & OP_VECTORED) && cb.nbytes > TEXT_MAX) || (e = vector_get(j, &cb)))
		return e ? e : -EINVAL;
	if ((e = event_get(c->t, AT(j->cb, sigevent), &j->ev)))
		return e;
	if (op == OP_MLOCK)
		j->how = AIO_FILE;
	else if ((e = file_get(c->t, j)))
		return e;
	if (op == OP_NOP || (e = post_get(c, j)))
		return e;
	if (op == OP_MLOCK)
		return 0;
	return aio_file_get(c->t, j);
}
static long make(struct call *c, uaddr at, int op, struct aio_list *list)
{
	struct aio_job *j = c->t->vforked ? NULL : mem_alloc(sizeof *j);
	long e = mem_store64(AT(at, status), ~0ull), f;
	if (!e)
		e = mem_store64(AT(at, error), 0);
	if (!j)
		e = -EAGAIN;
	if (e)
		goto bad;
	aio_used = true;
	*j = (struct aio_job){ .cb = at, .iov = &j->one };
	if ((e = fill(c, j, op)))
		goto bad;
	if (j->op == OP_NOP) {
		aio_free(j);
		return 0;
	}
	f = mem_store64(AT(at, error), (uint64_t)errno_to_guest(c->t->p->pers, EINPROGRESS));
	j->list = list;
	if (!f && !(e = aio_start(c->t, j)))
		return 0;
	e = f ? f : e;
	j->list = NULL;
bad:
	if (j)
		aio_free(j);
	f = mem_store64(AT(at, error), (uint64_t)errno_to_guest(c->t->p->pers, (int)-e));
	return e;
}
long fbsd_aio_read(struct call *c) { return make(c, (uaddr)c->arg[0], OP_READ, NULL); }
long fbsd_aio_write(struct call *c) { return make(c, (uaddr)c->arg[0], OP_WRITE, NULL); }
long fbsd_aio_readv(struct call *c) { return make(c, (uaddr)c->arg[0], OP_READV, NULL); }
long fbsd_aio_writev(struct call *c) { return make(c, (uaddr)c->arg[0], OP_WRITEV, NULL); }
long fbsd_aio_mlock(struct call *c) { return make(c, (uaddr)c->arg[0], OP_MLOCK, NULL); }
long fbsd_aio_fsync(struct call *c)
{
	if (c->arg[0] != O_SYNC && c->arg[0] != O_DSYNC)
		return -EINVAL;
	return make(c, (uaddr)c->arg[1], c->arg[0] == O_SYNC ? OP_SYNC : OP_DSYNC, NULL);
}

/* --- waiting ------------------------------------------------------------------------------------------------------------ */
struct until { struct timespec at; bool forever, now; };

static long until_get(struct call *c, int i, struct until *u)
{
	struct timespec ts;
	long e = c->arg[i] ? arg_get(c, i, &ts) : 0;
	*u = (struct until){ .forever = !c->arg[i] };
	if (e || u->forever)
		return e;
	if (ts.tv_sec < 0 || ts.tv_nsec < 0 || ts.tv_nsec >= 1000000000)
		return -EINVAL;
	u->now = !ts.tv_sec && !ts.tv_nsec;
	time_now(CLOCK_MONOTONIC, &u->at);
	u->at.tv_sec += MIN(ts.tv_sec, INT32_MAX);
	if ((u->at.tv_nsec += ts.tv_nsec) >= 1000000000)
		u->at.tv_sec++, u->at.tv_nsec -= 1000000000;
	return 0;
}
/* Until something else is done than was when word was read. Never begun again after a signal, whatever that wants: the
 * host's call with a time is not. */
static long sleep_on(const struct until *u, uint32_t word)
{
	struct timespec far = u->at;
	long e;
	if (u->now)
		return -EAGAIN;
	if (u->forever && !time_now(CLOCK_MONOTONIC, &far))
		far.tv_sec += 1 << 30;
	e = block(SYS_futex, &aio_word, FUTEX_WAIT_BITSET_PRIVATE, word, &far, NULL, ~0u);
	return e == -EAGAIN ? 0 : e == -ETIMEDOUT ? -EAGAIN : e;
}
/* aio_list_ended and _left for the call itself */
static long list_wait(struct aio_list *l)
{
	struct until u = { .forever = true };
	long e = 0;
	while (!e) {
		uint32_t word = __atomic_load_n(&aio_word, __ATOMIC_ACQUIRE);
		if (__atomic_load_n(&l->unfinished, __ATOMIC_ACQUIRE) == 1)
			break;
		e = sleep_on(&u, word);
	}
	return e == SYS_RESTART ? -EINTR : e;    /* the requests are made: the call is not to be made again */
}
static long list_event(struct call *c, struct aio_list *l)
{
	struct kev kev = { .ident = (uint64_t)c->arg[1], .filter = EVFILT_LIO, .flags = EV_ENABLE };
	long e = c->arg[0] == LIO_NOWAIT && c->arg[3] ? event_get(c->t, (uaddr)c->arg[3], &l->ev) : 0;
	if (e || !IS_KEVENT(&l->ev))
		return e;
	kev.udata = (uint64_t)l->ev.sigev_value.sival_ptr;
	return kq_post_new(c, l->ev.sigev_signo, &kev, &l->post);
}
/* Something failed: EIO if the caller waits, and the control blocks tell what. */
long fbsd_lio_listio(struct call *c)
{
	struct aio_list *l;
	uaddr cb;
	long e = 0, failed = 0, full = 0;
	if (c->arg[2] < 0 || c->arg[2] > (long)AIO_MOST)
		return -EINVAL;
	if (!(l = mem_alloc(sizeof *l)))
		return -EAGAIN;
	*l = (struct aio_list){ .refs = 1, .unfinished = 1, .ev = { .sigev_notify = SIGEV_NONE } };
	e = list_event(c, l);
	for (int i = 0; i < c->arg[2] && !e; i++)
		e = copy_in(&cb, (uaddr)c->arg[1] + (uaddr)i * sizeof cb, sizeof cb);
	for (int i = 0; i < c->arg[2] && !e; i++) {
		if (copy_in(&cb, (uaddr)c->arg[1] + (uaddr)i * sizeof cb, sizeof cb) || !cb)
			continue;
		long f = make(c, cb, -1, l);
		full += f == -EAGAIN;
		failed += f && f != -EAGAIN;
	}
	bool made = !e;
	if (made && c->arg[0] == LIO_WAIT)
		e = list_wait(l);
	if (made)
		aio_list_ended(c->t, l);
	aio_list_left(l);
	return failed ? -EIO : full ? -EAGAIN : e;
}

/* --- asking and fetching -------------------------------------------------------------------------------------------------- */
static struct aio_job *find(uaddr cb)
{
	struct aio_job *j = aio_jobs;
	while (j && j->cb != cb)
		j = j->next;
	return j;
}
long fbsd_aio_error(struct call *c)
{
	const struct personality *p = c->t->p->pers;
	uaddr cb = (uaddr)c->arg[0];
	uint64_t status, error;
	lock(&aio_lock);
	struct aio_job *j = find(cb);
	long rv = !j ? 0 : j->state != AIO_DONE ? -EINPROGRESS : MIN(j->rv, 0l);
	unlock(&aio_lock);
	if (j)
		return rv ? errno_to_guest(p, (int)-rv) : 0;
	if (aio_used && !mem_load64(AT(cb, status), &status) && status == ~0ull && !mem_load64(AT(cb, error), &error))
		return (long)error;
	return errno_to_guest(p, EINVAL);
}
/* Out of the list, and its result: what the call answers. */
static long fetch(struct thread *t, struct aio_job *j)
{
	long rv = j->rv, e;
	uaddr cb = j->cb;
	aio_free(j);
	e = mem_store64(AT(cb, error), rv < 0 ? (uint64_t)errno_to_guest(t->p->pers, (int)-rv) : 0);
	if (!e)
		e = mem_store64(AT(cb, status), rv < 0 ? ~0ull : (uint64_t)rv);
	return rv;                       /* a control block that is gone by now changes nothing */
}
long fbsd_aio_return(struct call *c)
{
	lock(&aio_lock);
	struct aio_job *j = find((uaddr)c->arg[0]);
	if (j && j->state != AIO_DONE)
		j = NULL;
	if (j)
		aio_unlink(j);
	unlock(&aio_lock);
	return j ? fetch(c->t, j) : -EINVAL;
}
/* -1: none of these is known; 1: one of them is done */
static int any_done(const uaddr *cb, int n)
{
	int is = -1;
	lock(&aio_lock);
	for (struct aio_job *j = aio_jobs; j && is < 1; j = j->next)
		for (int i = 0; i < n && is < 1; i++)
			if (j->cb == cb[i])
				is = j->state == AIO_DONE;
	unlock(&aio_lock);
	return is;
}
long fbsd_aio_suspend(struct call *c)
{
	uaddr cb[AIO_MOST];
	struct until u;
	long n = c->arg[1], e = n < 0 || n > (long)AIO_MOST ? -EINVAL : until_get(c, 2, &u);
	if (e || (e = copy_in(cb, (uaddr)c->arg[0], (size_t)n * sizeof *cb)))
		return e;
	if (!aio_used)
		return -EAGAIN;
	while (!e && n) {
		uint32_t word = __atomic_load_n(&aio_word, __ATOMIC_ACQUIRE);
		if (any_done(cb, (int)n))
			break;
		e = sleep_on(&u, word);
	}
	return e;
}
static struct aio_job *first_done(void)
{
	struct aio_job *first = NULL;
	for (struct aio_job *j = aio_jobs; j; j = j->next)
		if (j->state == AIO_DONE && (!first || j->ended < first->ended))
			first = j;
	return first;
}
long fbsd_aio_waitcomplete(struct call *c)
{
	struct until u;
	struct aio_job *j = NULL;
	uaddr cb = 0;
	long e = until_get(c, 1, &u), f = copy_out((uaddr)c->arg[0], &cb, sizeof cb);
	if (e || f)
		return e ? e : f;
	for (;;) {
		uint32_t word = __atomic_load_n(&aio_word, __ATOMIC_ACQUIRE);
		lock(&aio_lock);
		if ((j = first_done()))
			aio_unlink(j);
		unlock(&aio_lock);
		if (j || (e = sleep_on(&u, word)))
			break;
	}
	if (!j)
		return e;
	cb = j->cb;
	e = fetch(c->t, j);
	f = copy_out((uaddr)c->arg[0], &cb, sizeof cb);
	return f ? f : e;
}

/* --- cancelling ----------------------------------------------------------------------------------------------------------- */
/* One that waits and that nobody has: it is ours now. What is half sent ends as sent so far, and was not cancelled. */
static struct aio_job *take_waiting(int fd, uaddr cb, bool *others, bool *again)
{
	*again = false;
	for (struct aio_job *j = aio_jobs; j; j = j->next) {
		if (j->fd != fd || j->op == OP_MLOCK || (cb && j->cb != cb) || j->state == AIO_DONE)
			continue;
		if (j->state == AIO_WAITS && j->how != AIO_STREAM) {
			j->state = AIO_RUNS;
			return j;
		}
		*again |= j->how == AIO_SOCKET;  /* it is being tried, which takes no time */
		*others |= j->how != AIO_SOCKET;
	}
	return NULL;
}
long fbsd_aio_cancel(struct call *c)
{
	bool cancelled = false, others = false, again;
	long e = host(SYS_fcntl, c->arg[0], F_GETFD);
	if (e < 0)
		return e;
	for (;;) {
		lock(&aio_lock);
		struct aio_job *j = take_waiting((int)c->arg[0], (uaddr)c->arg[1], &others, &again);
		unlock(&aio_lock);
		if (!j && !again)
			break;
		if (!j) {
			host(SYS_sched_yield);
			continue;
		}
		cancelled |= !j->done;
		others |= j->done;
		aio_finish(c->t, j, j->done ? (long)j->done : -ECANCELED);
	}
	if (others)
		return FBSD_AIO_NOTCANCELED;
	return cancelled ? FBSD_AIO_CANCELED : FBSD_AIO_ALLDONE;
}
