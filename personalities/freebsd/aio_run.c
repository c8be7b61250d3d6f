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

struct aio_job *aio_jobs FORKED;
static struct aio_job **jobs_end FORKED;
static unsigned aio_count FORKED;
bool aio_used FORKED;
volatile uint32_t aio_lock FORKED, aio_word FORKED;
FORK_LOCK(aio_lock);
static struct aio_file *files FORKED;
static uint64_t made FORKED, ended FORKED;
static unsigned workers FORKED, idle FORKED;
static volatile uint32_t work_word FORKED;
static bool polling FORKED;
static int kick FORKED;                  /* wakes the poller; + 1 */

/* A child has none of its parent's requests. */
static void forked(struct proc *p)
{
	(void)p;
	if (!aio_used)
		return;
	for (struct aio_file *f = files; f; f = f->next)
		host(SYS_close, f->own);
	if (kick)
		host(SYS_close, kick - 1);
	files = NULL;
	aio_jobs = NULL, jobs_end = NULL, aio_count = 0, aio_used = false;
	workers = idle = 0, polling = false, kick = 0;
}
AT_FORK(forked);

/* --- files ------------------------------------------------------------------------------------------------------------ */
static void closing(void *arg, int fd)
{
	(void)arg;
	lock(&aio_lock);
	for (struct aio_file *f = files; f; f = f->next)
		f->stale |= f->fd == fd;
	unlock(&aio_lock);
}
static struct aio_file *file_known(int fd)
{
	struct aio_file *f = files;
	while (f && (f->fd != fd || f->stale || f->own < 0))
		f = f->next;
	if (f)
		f->refs++;
	return f;
}
/* The watch is there before the number is doubled: a close between the two is seen. */
long aio_file_get(struct thread *t, struct aio_job *j)
{
	lock(&aio_lock);
	j->file = file_known(j->fd);
	unlock(&aio_lock);
	if (j->file)
		return 0;
	struct aio_file *f = mem_alloc(sizeof *f);
	if (!f)
		return -EAGAIN;
	*f = (struct aio_file){ .refs = 1, .fd = j->fd, .own = -1 };
	lock(&aio_lock);
	f->next = files;
	files = f;
	unlock(&aio_lock);
	j->file = f;
	fd_watch(t->p, f->fd, closing, NULL);
	f->own = (int)host(SYS_fcntl, f->fd, F_DUPFD_CLOEXEC, t->p->fd_base);
	return f->own < 0 ? f->own == -EBADF ? -EBADF : -EAGAIN : 0;
}
static void file_put(struct aio_file *f)
{
	lock(&aio_lock);
	bool last = f && --f->refs == 0;
	if (last) {
		struct aio_file **at = &files;
		while (*at != f)
			at = &(*at)->next;
		*at = f->next;
	}
	unlock(&aio_lock);
	if (!last)
		return;
	if (!f->stale)
		fd_unwatch(thread_self()->p, f->fd, closing, NULL);
	if (f->own >= 0)
		host(SYS_close, f->own);
	mem_free(f, sizeof *f);
}

/* --- the list --------------------------------------------------------------------------------------------------------- */
static void append(struct aio_job *j)
{
	if (!jobs_end)
		jobs_end = &aio_jobs;
	j->next = NULL;
	*jobs_end = j;
	jobs_end = &j->next;
	j->seq = ++made;
	aio_count++;
}
void aio_unlink(struct aio_job *j)
{
	struct aio_job **at = &aio_jobs;
	while (*at != j)
		at = &(*at)->next;
	*at = j->next;
	if (jobs_end == &j->next)
		jobs_end = at;
	aio_count--;
}
void aio_free(struct aio_job *j)
{
	kq_post_end(&j->post);
	file_put(j->file);
	if (j->iov != &j->one)
		mem_free(j->iov, j->n_iov * sizeof *j->iov);
	if (j->list)
		aio_list_left(j->list);
	mem_free(j, sizeof *j);
}
static bool same_file(const struct aio_job *a, const struct aio_job *b) { return a->dev == b->dev && a->ino == b->ino; }

/* Must it wait for one that was made before it? Of a stream each waits its turn; a sync for what is to be synced. */
static bool held_back(const struct aio_job *j)
{
	for (const struct aio_job *k = aio_jobs; k && k != j; k = k->next) {
		if (k->state == AIO_DONE || k->op == OP_MLOCK || j->op == OP_MLOCK || !same_file(j, k))
			continue;
		if (j->op & OP_SYNC ? !(k->op & OP_SYNC) : j->how != AIO_FILE && k->reads == j->reads)
			return true;
	}
	return false;
}

/* --- telling ------------------------------------------------------------------------------------------------------------ */
static void tell(struct thread *t, const struct sigevent *ev)
{
	if (ev->sigev_notify == SIGEV_SIGNAL || ev->sigev_notify == SIGEV_THREAD_ID)
		signal_send(t, t->p->pid, ev->sigev_notify == SIGEV_THREAD_ID ? ev->_sigev_un._tid : 0, ev->sigev_signo,
			    SI_ASYNCIO, (uint64_t)ev->sigev_value.sival_ptr);
}
static void wake(void)
{
	__atomic_add_fetch(&aio_word, 1, __ATOMIC_RELEASE);
	host(SYS_futex, &aio_word, FUTEX_WAKE_PRIVATE, INT32_MAX);
}
void aio_list_ended(struct thread *t, struct aio_list *l)
{
	lock(&aio_lock);
	bool last = --l->unfinished == 0;
	struct sigevent ev = l->ev;
	struct kq_post post = l->post;
	unlock(&aio_lock);
	if (!last)
		return;
	kq_post_happened(&post, 0);
	tell(t, &ev);
}
void aio_list_left(struct aio_list *l)
{
	lock(&aio_lock);
	bool last = --l->refs == 0;
	unlock(&aio_lock);
	if (!last)
		return;
	kq_post_end(&l->post);
	mem_free(l, sizeof *l);
}
/* As soon as it is seen to be done it may be fetched and gone: all that is told is kept before. */
void aio_finish(struct thread *t, struct aio_job *j, long rv)
{
	struct sigevent ev = j->ev;
	struct kq_post post = j->post;
	struct aio_list *l = j->list;
	int err = rv < 0 ? errno_to_guest(t->p->pers, (int)-rv) : 0;
	struct aio_file *file = j->file;

	lock(&aio_lock);
	if (l)
		l->refs++;
	j->rv = rv;
	j->file = NULL;
	j->ended = ++ended;
	j->state = AIO_DONE;
	work_word++;                     /* a sync may have waited for it */
	bool more = idle;
	unlock(&aio_lock);
	file_put(file);
	if (more)
		host(SYS_futex, &work_word, FUTEX_WAKE_PRIVATE, WORKERS);
	kq_post_happened(&post, err);
	tell(t, &ev);
	if (l) {
		aio_list_ended(t, l);
		aio_list_left(l);
	}
	wake();                          /* when the list is seen to be done, too */
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
	while (j && (j->how != AIO_FILE || j->state != AIO_WAITS || held_back(j)))
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
		if (j->how != AIO_FILE && j->state == AIO_WAITS && !held_back(j))
			p[n++] = (struct pollfd){ j->file->own, j->reads ? POLLIN : POLLOUT, 0 };
	return n;
}
static struct aio_job *next_untried(uint8_t round)
{
	struct aio_job *j = aio_jobs;
	while (j && (j->how == AIO_FILE || j->state != AIO_WAITS || j->tried == round || held_back(j)))
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
	if (aio_count >= AIO_MOST) {
		unlock(&aio_lock);
		return -EAGAIN;
	}
	append(j);
	if (j->list)
		j->list->refs++, j->list->unfinished++;
	bool first = !held_back(j);
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
