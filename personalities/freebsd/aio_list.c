/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which asynchronous requests there are: the list from when one is made until its result is fetched, the files that they use
 * though the guest closes its own number, and who is told when one is done. What is wanted of them aio.c knows, how they are
 * carried out aio_run.c. A child has none of its parent's.
 */
#include <fcntl.h>
#include <linux/futex.h>
#include "host.h"
#include "freebsd/aio.h"

struct aio_job *aio_jobs FORKED;
static struct aio_job **jobs_end FORKED;
static unsigned aio_count FORKED;
bool aio_used FORKED;
volatile uint32_t aio_lock FORKED, aio_word FORKED;
FORK_LOCK(aio_lock);
static struct aio_file *files FORKED;
static uint64_t made FORKED, ended FORKED;

static void forked(struct proc *p)
{
	for (struct aio_file *f = files; f; f = f->next)
		host(SYS_close, f->own);
	files = NULL;
	aio_jobs = NULL, jobs_end = NULL, aio_count = 0, aio_used = false;
	aio_run_forked();
}
AT_FORK_IF(forked, aio_used);

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
bool aio_append(struct aio_job *j)
{
	if (aio_count >= AIO_MOST)
		return false;
	if (!jobs_end)
		jobs_end = &aio_jobs;
	j->next = NULL;
	*jobs_end = j;
	jobs_end = &j->next;
	j->seq = ++made;
	aio_count++;
	if (j->list)
		j->list->refs++, j->list->unfinished++;
	return true;
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

/* Of a stream each waits its turn; a sync for what is to be synced. */
bool aio_held_back(const struct aio_job *j)
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
	unlock(&aio_lock);
	file_put(file);
	aio_workers_look();              /* a sync may have waited for it */
	kq_post_happened(&post, err);
	tell(t, &ev);
	if (l) {
		aio_list_ended(t, l);
		aio_list_left(l);
	}
	wake();                          /* when the list is seen to be done, too */
}
