/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Between aio.c, the calls, aio_list.c, which keeps requests, and aio_run.c, which carries them out. A request is in one list
 * from when it is made until its result is fetched; its state says who has it.
 */
#pragma once
#include <signal.h>
#include <sys/uio.h>
#include "guise.h"
#include "bsd/kqueue.h"

enum { OP_NOP, OP_WRITE, OP_READ, OP_VECTORED = 4, OP_WRITEV, OP_READV, OP_SYNC = 8, OP_DSYNC = 24, OP_MLOCK = 32, OP_FOFFSET = 64 };

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

struct aio_list {                        /* lio_listio: told when all of it is done */
	unsigned refs, unfinished;       /* requests that are not fetched; not done; one more while the call makes them */
	struct sigevent ev;
	struct kq_post post;
};
enum aio_how { AIO_FILE, AIO_SOCKET, AIO_STREAM };   /* a worker's; tried again when poll says so; the same, not cancelled */
enum aio_state { AIO_WAITS, AIO_RUNS, AIO_DONE };
struct aio_file {                        /* what requests use, though the guest closes its number: under aio_lock */
	struct aio_file *next;
	unsigned refs;
	int fd, own;                     /* the guest's number; ours for the same open file */
	bool stale;                      /* the guest has closed fd, or is about to: who asks now means another file */
};
struct aio_job {
	struct aio_job *next;            /* in the order in which they were made; under aio_lock, as all below but for ... */
	uint8_t how, state;
	bool reads, nonblock, at_offset;
	uint8_t tried;                   /* the round of the poller that has tried it last */
	int op;
	int fd;                          /* the guest's number then */
	struct aio_file *file;           /* or NULL: it needs none */
	uaddr cb;
	uint64_t dev, ino, seq, ended;   /* ended: the how-manieth to be done */
	int64_t offset;
	uint64_t total, done;            /* bytes; ... whoever it runs with: done, iov, rv */
	long rv;                         /* its result or -errno */
	struct iovec one, *iov;
	unsigned n_iov;
	struct sigevent ev;
	struct kq_post post;
	struct aio_list *list;
};
#define AIO_MOST 256u                    /* of one process: kern.aio.max_aio_queue_per_proc */

extern struct aio_job *aio_jobs;
extern bool aio_used;                    /* there has been one */
extern volatile uint32_t aio_lock, aio_word;     /* aio_word changes with every end of one */
bool aio_append(struct aio_job *);       /* locked: into the list, and of its lio_listio; false: there are too many */
void aio_unlink(struct aio_job *);       /* locked: out of the list */
bool aio_held_back(const struct aio_job *);      /* locked: must it wait for one that was made before it? */
void aio_free(struct aio_job *);         /* not locked */
long aio_file_get(struct thread *, struct aio_job *);    /* not locked; job->fd -> job->file */
long aio_start(struct thread *, struct aio_job *);       /* into the list, and on its way */
void aio_finish(struct thread *, struct aio_job *, long rv);     /* not locked; who has it running, or took it waiting */
void aio_list_ended(struct thread *, struct aio_list *); /* not locked; one less unfinished */
void aio_list_left(struct aio_list *);   /* not locked; one less to fetch */
void aio_workers_look(void);             /* not locked; something may have become possible */
void aio_run_forked(void);               /* in a child: nobody runs anything */
