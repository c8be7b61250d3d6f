/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Carrying asynchronous requests out. What can be done without waiting is done by the call itself. Files, whose calls
 * the host cannot be asked to try, are for up to four workers; of sockets, pipes and terminals one thread, the poller,
 * tries those again that poll says are ready: for each file and direction in the order in which they were made. Both are
 * threads of ours, made when the first request needs them.
 *
 * FreeBSD's sockets finish a write when all is sent, unless they are non-blocking, and their requests can be cancelled;
 * pipes and terminals are read and written by its daemons as by the program itself and cannot.
 */
#include <fcntl.h>
#include <poll.h>
#include <linux/futex.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include "host.h"
#include "freebsd/aio.h"

#define WORKERS 4u
#define NOWAIT 8                         /* RWF_NOWAIT */
#define INLINE_WRITE (128 << 10)         /* what goes into the host's cache while the call waits */

static unsigned workers FORKED, idle FORKED;
static volatile uint32_t work_word FORKED;
static bool polling FORKED;
static int kick FORKED;                  /* wakes the poller; + 1 */

void aio_run_forked(void)
{
	if (kick)
		host(SYS_close, kick - 1);
	workers = idle = 0, polling = false, kick = 0;
}

/* --- doing -------------------------------------------------------------------------------------------------------------- */
static long transfer(struct aio_job *j, int flags)
{
	int64_t at = j->how != AIO_FILE || j->at_offset ? -1 : j->offset;
	return host(j->reads ? SYS_preadv2 : SYS_pwritev2, j->file->own, j->iov, j->n_iov, at, 0, flags);
}
static long do_file(struct aio_job *j)
{
	switch (j->op) {
	case OP_SYNC: return host(SYS_fsync, j->file->own);
	case OP_DSYNC: return host(SYS_fdatasync, j->file->own);
	case OP_MLOCK: return host(SYS_mlock, j->iov->iov_base, j->iov->iov_len);
	}
	return transfer(j, 0);
}
static bool ready(const struct aio_job *j)
{
	struct pollfd p = { j->file->own, j->reads ? POLLIN : POLLOUT, 0 };
	return host(SYS_poll, &p, 1, 0) == 1;
}
static long once(struct aio_job *j)
{
	struct msghdr m = { .msg_iov = j->iov, .msg_iovlen = j->n_iov };
	long n;
	if (j->how == AIO_SOCKET)
		return host(j->reads ? SYS_recvmsg : SYS_sendmsg, j->file->own, &m, MSG_DONTWAIT | (j->reads ? 0 : MSG_NOSIGNAL));
	if ((n = transfer(j, NOWAIT)) == -EOPNOTSUPP)
		n = ready(j) ? transfer(j, 0) : -EAGAIN;
	return n;
}
/* What was sent goes off the front of the vector. */
static void advance(struct aio_job *j, size_t n)
{
	j->done += n;
	for (unsigned i = 0; i < j->n_iov && n; i++) {
		size_t k = MIN(n, j->iov[i].iov_len);
		j->iov[i].iov_base = (char *)j->iov[i].iov_base + k;
		j->iov[i].iov_len -= k;
		n -= k;
	}
}
/* -EAGAIN: not yet. */
static long attempt(struct aio_job *j)
{
	for (;;) {
		long n = once(j);
		if (n == -EINTR)
			continue;
		if (n == -EAGAIN && j->nonblock && (j->done || j->how == AIO_STREAM))
			return j->done ? (long)j->done : n;
		if (n == -EAGAIN)
			return n;
		if (n < 0)
			return j->done ? (long)j->done : n;
		if (j->reads || j->done + (size_t)n >= j->total || !n)
			return (long)j->done + n;
		advance(j, (size_t)n);
	}
}
/* A reader has gone: the program gets the signal as for a write of its own. */
static void broken(struct thread *t, const struct aio_job *j, long rv)
{
	if (rv == -EPIPE && !j->reads && j->how != AIO_FILE)
		signal_send(t, t->p->pid, 0, SIGPIPE, SI_USER, 0);
}

/* --- workers ------------------------------------------------------------------------------------------------------------ */
static struct aio_job *next_file(void)
{
	struct aio_job *j = aio_jobs;
	while (j && (j->how != AIO_FILE || j->state != AIO_WAITS || aio_held_back(j)))
		j = j->next;
	if (j)
		j->state = AIO_RUNS;
	return j;
}
static void work(struct thread *t)
{
	for (;;) {
		lock(&aio_lock);
		struct aio_job *j = next_file();
		uint32_t word = work_word;
		idle += !j;
		unlock(&aio_lock);
		if (j) {
			long n;
			while ((n = do_file(j)) == -EINTR)
				;
			aio_finish(t, j, n);
			continue;
		}
		host(SYS_futex, &work_word, FUTEX_WAIT_PRIVATE, word, NULL);
		lock(&aio_lock);
		idle--;
		unlock(&aio_lock);
	}
}
void aio_workers_look(void)
{
	lock(&aio_lock);
	work_word++;
	bool asleep = idle;
	unlock(&aio_lock);
	if (asleep)
		host(SYS_futex, &work_word, FUTEX_WAKE_PRIVATE, WORKERS);
}
/* false: there is none, and none can be made */
static bool call_worker(struct thread *t)
{
	lock(&aio_lock);
	bool more = !idle && workers < WORKERS;
	workers += more;
	work_word++;
	unlock(&aio_lock);
	host(SYS_futex, &work_word, FUTEX_WAKE_PRIVATE, 1);
	if (more && thread_help(t->p, work) < 0) {
		lock(&aio_lock);
		workers--;
		unlock(&aio_lock);
	}
	return workers;
}

/* --- the poller --------------------------------------------------------------------------------------------------------- */
static unsigned gather(struct pollfd *p)
{
	unsigned n = 0;
	p[n++] = (struct pollfd){ kick - 1, POLLIN, 0 };
	for (struct aio_job *j = aio_jobs; j; j = j->next)
		if (j->how != AIO_FILE && j->state == AIO_WAITS && !aio_held_back(j))
			p[n++] = (struct pollfd){ j->file->own, j->reads ? POLLIN : POLLOUT, 0 };
	return n;
}
static struct aio_job *next_untried(uint8_t round)
{
	struct aio_job *j = aio_jobs;
	while (j && (j->how == AIO_FILE || j->state != AIO_WAITS || j->tried == round || aio_held_back(j)))
		j = j->next;
	if (j) {
		j->state = AIO_RUNS;
		j->tried = round;
	}
	return j;
}
static void try_all(struct thread *t, uint8_t round)
{
	for (;;) {
		lock(&aio_lock);
		struct aio_job *j = next_untried(round);
		unlock(&aio_lock);
		if (!j)
			return;
		long n = attempt(j);
		if (n == -EAGAIN && !(j->nonblock && j->how == AIO_STREAM)) {
			lock(&aio_lock);
			j->state = AIO_WAITS;
			unlock(&aio_lock);
			continue;
		}
		broken(t, j, n);
		aio_finish(t, j, n);
	}
}
static void poller(struct thread *t)
{
	struct pollfd p[AIO_MOST + 1];
	uint64_t kicked;
	for (uint8_t round = 1;; round = (uint8_t)(round + 1)) {
		lock(&aio_lock);
		unsigned n = gather(p);
		unlock(&aio_lock);
		host(SYS_poll, p, n, -1);
		if (p[0].revents)
			host(SYS_read, kick - 1, &kicked, sizeof kicked);
		try_all(t, round);
	}
}
static bool call_poller(struct thread *t)
{
	static const uint64_t one = 1;
	long e = 0;
	lock(&aio_lock);
	if (!kick) {
		long fd = host(SYS_eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK);
		fd = fd < 0 ? fd : fd_ours(t->p, (int)fd);
		if (fd < 0)
			e = -EAGAIN;
		else
			kick = (int)fd + 1;
	}
	bool first = !e && !polling;
	polling |= first;
	unlock(&aio_lock);
	if (first && thread_help(t->p, poller) < 0) {
		polling = false;
		return false;
	}
	if (!e)
		host(SYS_write, kick - 1, &one, sizeof one);
	return !e;
}

/* --- the way of one ------------------------------------------------------------------------------------------------------ */
/* Without waiting, if that can be: 0 it is done. The state is AIO_RUNS, so that nobody else has it. */
static bool at_once(struct thread *t, struct aio_job *j)
{
	long n = -EAGAIN;
	if (j->how == AIO_FILE && j->reads && !j->at_offset)
		n = transfer(j, NOWAIT);
	else if (j->how == AIO_FILE && !(j->op & (OP_SYNC | OP_MLOCK)) && j->total <= INLINE_WRITE)
		n = transfer(j, 0);
	else if (j->how == AIO_SOCKET)
		n = attempt(j);
	if (j->how == AIO_FILE && j->reads && n >= 0 && (uint64_t)n < j->total && n)
		return false;            /* as far as it was at hand: from the start again */
	if (n == -EAGAIN || n == -EOPNOTSUPP || n == -EINTR || n == SYS_RESTART)
		return false;
	broken(t, j, n);
	aio_finish(t, j, n);
	return true;
}
long aio_start(struct thread *t, struct aio_job *j)
{
	struct aio_job *k;
	uint8_t how = j->how;
	lock(&aio_lock);
	if (!aio_append(j)) {
		unlock(&aio_lock);
		return -EAGAIN;
	}
	bool first = !aio_held_back(j);
	j->state = first ? AIO_RUNS : AIO_WAITS;
	unlock(&aio_lock);
	if (first && at_once(t, j))
		return 0;
	lock(&aio_lock);
	if (first)
		j->state = AIO_WAITS;
	unlock(&aio_lock);
	if (how == AIO_FILE ? call_worker(t) : call_poller(t))
		return 0;
	lock(&aio_lock);                 /* nobody to do it */
	for (first = false, k = aio_jobs; k && !first; k = k->next)
		first = k == j && j->state == AIO_WAITS;
	if (first)
		aio_unlink(j);
	if (first && j->list)
		j->list->refs--, j->list->unfinished--;
	unlock(&aio_lock);
	return first ? -EAGAIN : 0;
}
