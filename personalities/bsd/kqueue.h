/* SPDX-License-Identifier: BSD-2-Clause
 *
 * kqueue on the host's epoll. The guest's descriptor is an epoll descriptor, so that poll, select and other kqueues can
 * wait for it; behind it stands a struct kqueue with its knotes. Two kinds of knotes:
 *   polled   a host descriptor tells (read, write, process exit): registered in an epoll set, which keeps readiness,
 *            order and wake-ups. EV_CLEAR is EPOLLET. Of two filters on one descriptor the second goes to a second set,
 *            nested in the first, so that the edge of one never shows the other.
 *   queued   we tell (timer, user, signal, vnode, plain files): an own queue in order of arrival, whose being non-empty
 *            is shown by an eventfd in the epoll set.
 * The numbers below are FreeBSD's. Another BSD's records bring its own to these (REC_KEVENT*).
 *
 * Everything of a kqueue is under its lock, which is never held while sleeping or while fd.c or signal.c is called.
 */
#pragma once
#include "guise.h"

enum {
	EVFILT_READ = -1, EVFILT_WRITE = -2, EVFILT_AIO = -3, EVFILT_VNODE = -4, EVFILT_PROC = -5, EVFILT_SIGNAL = -6,
	EVFILT_TIMER = -7, EVFILT_PROCDESC = -8, EVFILT_FS = -9, EVFILT_LIO = -10, EVFILT_USER = -11, EVFILT_SENDFILE = -12,
	EVFILT_EMPTY = -13, KQ_FILTERS = 13,
};
enum {
	EV_ADD = 0x0001, EV_DELETE = 0x0002, EV_ENABLE = 0x0004, EV_DISABLE = 0x0008, EV_ONESHOT = 0x0010, EV_CLEAR = 0x0020,
	EV_RECEIPT = 0x0040, EV_DISPATCH = 0x0080, EV_FORCEONESHOT = 0x0100, EV_KEEPUDATA = 0x0200, EV_SYSFLAGS = 0xf000, EV_FLAG1 = 0x2000,
	EV_ERROR = 0x4000, EV_EOF = 0x8000,
};
enum {
	NOTE_LOWAT = 1, NOTE_FILE_POLL = 2,                                                     /* READ, WRITE */
	NOTE_DELETE = 1, NOTE_WRITE = 2, NOTE_EXTEND = 4, NOTE_ATTRIB = 8, NOTE_LINK = 0x10, NOTE_RENAME = 0x20,
	NOTE_REVOKE = 0x40, NOTE_OPEN = 0x80, NOTE_CLOSE = 0x100, NOTE_CLOSE_WRITE = 0x200, NOTE_READ = 0x400,   /* VNODE */
	NOTE_TRACK = 1, NOTE_TRACKERR = 2, NOTE_CHILD = 4,                                      /* PROC */
	NOTE_SECONDS = 1, NOTE_MSECONDS = 2, NOTE_USECONDS = 4, NOTE_NSECONDS = 8, NOTE_ABSTIME = 0x10,          /* TIMER */
};
#define NOTE_EXIT       0x80000000u
#define NOTE_FORK       0x40000000u
#define NOTE_EXEC       0x20000000u
#define NOTE_FFAND      0x40000000u
#define NOTE_FFOR       0x80000000u
#define NOTE_FFCOPY     0xc0000000u
#define NOTE_FFCTRLMASK 0xc0000000u
#define NOTE_FFLAGSMASK 0x00ffffffu
#define NOTE_TRIGGER    0x01000000u

/* The host form of REC_KEVENT and REC_KEVENT_OLD; the layout is FreeBSD's of today. */
struct kev {
	uint64_t ident;
	int16_t filter;
	uint16_t flags;
	uint32_t fflags;
	int64_t data;
	uint64_t udata;
	uint64_t ext[4];
};
_Static_assert(sizeof(struct kev) == 64, "struct kevent");

enum {                               /* knote.state */
	KN_ACTIVE = 1,           /* its event has happened and was not yet told */
	KN_QUEUED = 2,           /* in kq->head */
	KN_DISABLED = 4,
	KN_LIVE = 8,             /* in the hash */
};
enum { SET_OF_NONE, SET_OF_MAIN, SET_OF_SIDE };      /* knote.where: the epoll set a polled knote is registered in */
enum { ON_FILTER, ON_WATCH, ON_PARENT };
enum { FD_SOCK, FD_FIFO, FD_FILE, FD_CHAR, FD_KQUEUE, FD_OTHER };

struct kqueue;
struct knote {
	struct kev kev;          /* as the guest will see it */
	uint32_t sfflags;        /* what it asked for */
	int64_t sdata;
	const struct filter *f;
	struct kqueue *kq;
	struct knote *chain;     /* hash, or free list */
	struct knote *next, *prev;           /* queue */
	struct { struct knote *next, *prev; } on[3];         /* ON_FILTER: kq->files, kq->signals; ON_WATCH, ON_PARENT: */
	                                                     /* watch->list[0], [1] */
	uint32_t index, gen;     /* the word of its epoll registration */
	uint32_t round;          /* kq->round when last told, so that one call tells it once */
	uint8_t state;
	uint8_t where;
	uint8_t kind;            /* FD_*, of descriptor filters */
	bool edge;               /* registered for edges although the guest's condition is a level (see filt_fd.c) */
	bool is_dir, removed;    /* VNODE */
	bool queued_kind;        /* a descriptor the host cannot poll: told through our queue */
	int fd;                  /* what is registered: ident itself or a descriptor of ours */
	union {
		struct { uint64_t next, period; uint32_t heap; bool fired; } timer;      /* ns; heap: place + 1 */
		struct { uint64_t seen; int sig; } signal;
		struct { struct kq_watch *watch[2]; uint64_t size, nlink; } vnode;       /* and READ on plain files */
		struct { bool triggered; } user;
		struct { int notes; } proc;                  /* socket where forks and execs are told, or -1 */
	};
};

enum told { TOLD_NO, TOLD_YES, TOLD_DROP };

/* A filter. All are called with the kqueue locked, except prepare. */
struct filter {
	const char *name;
	bool isfd;               /* ident is a descriptor of the guest; dies with it */
	void (*prepare)(struct proc *, const struct kev *);  /* before EV_ADD, unlocked */
	long (*attach)(struct knote *);                      /* 0 or -errno; on an error nothing is kept */
	void (*detach)(struct knote *);
	bool (*ready)(struct knote *);                       /* queued knotes: is there something to tell? fills kev */
	enum told (*polled)(struct knote *, uint32_t events);/* polled knotes: epoll says so; is it true for the guest? */
	uint32_t events;                                     /* polled knotes: what to register for */
	void (*touch)(struct knote *, struct kev *change);   /* an existing one is changed; NULL: sfflags and sdata are set */
	void (*told)(struct knote *, struct kev *out);       /* out is being told; NULL: kev as it is */
};
extern const struct filter kq_filt_read, kq_filt_write, kq_filt_empty, kq_filt_timer, kq_filt_user, kq_filt_signal,
	kq_filt_proc, kq_filt_procdesc, kq_filt_vnode, kq_filt_aio, kq_filt_lio;

struct kq_watch {                    /* one inode under inotify */
	struct kq_watch *next;
	struct knote *list[2];   /* knotes on it; knotes on directories in it */
	int wd;
};
#define KQ_WATCHES 256u

struct kqueue {
	struct fdobj obj;
	volatile uint32_t lock;
	struct kqueue *next;     /* all ever made, linked once; the memory stays a kqueue for ever, so a late user is safe */
	bool live;               /* in use; under all_lock */
	bool closed;             /* no guest descriptor is left */
	unsigned users;          /* threads inside kevent */
	struct proc *p;
	int pid;                 /* whose it is: a forked child has none of these */
	int ep, side, kick, timer, ino;      /* ours, -1 until needed; ep is the same set as the guest's descriptor */
	bool kicked;             /* kick is readable */
	bool sig;                /* the process's signal counter is in ep */
	bool expiring;           /* inside timer_expired */
	struct knote **chunk;
	unsigned n_chunk, room_chunk;
	struct knote *free;
	struct knote **hash;
	unsigned n_hash, n_knotes;
	struct knote *head, *tail;
	unsigned queued;
	struct knote **heap;
	unsigned n_heap, room_heap;
	uint64_t timer_at;       /* what the timerfd is set to, 0 not at all */
	uint64_t *watched;       /* bitmap by descriptor: fd_watch is on */
	unsigned n_watched;      /* words */
	unsigned gone_seq;       /* counts closes seen */
	struct knote *files, *signals;
	struct kq_watch *watch[KQ_WATCHES];
	uint32_t round;
	bool turn;
};

/* knote.c */
struct knote *knote_find(struct kqueue *, uint64_t ident, int filter);
struct knote *knote_new(struct kqueue *);            /* not yet in the hash */
void knote_free(struct knote *);
bool knote_insert(struct knote *);                   /* into the hash; false: no memory */
void knote_drop(struct knote *);                     /* out of everything, and freed */
struct knote *knote_of(struct kqueue *, uint64_t word);      /* NULL: it is gone */
#define KN_WORD_NOTES 0x80000000ull          /* in a knote's word: its second descriptor */
static inline uint64_t knote_word(const struct knote *kn) { return (uint64_t)kn->gen << 32 | kn->index; }
void knote_activate(struct knote *);
void knote_enqueue(struct knote *);
void knote_unqueue(struct knote *);
void knotes_free(struct kqueue *);
void list_add(struct knote **list, struct knote *, unsigned which);
void list_remove(struct knote **list, struct knote *, unsigned which);
void *kq_grow(void *old, size_t old_size, size_t new_size);  /* NULL: no memory, old is kept */
bool kq_room(struct knote ***list, unsigned n, unsigned *room);      /* for one more behind n */

/* kqueue.c */
extern const struct filter *const kq_filters[KQ_FILTERS + 1];        /* by -number; NULL: not offered */
/* NULL: no kqueue; else to be left again. *round, if asked for: a number that no other call has. */
struct kqueue *kq_enter(struct proc *, long fd, uint32_t *round);
void kq_leave(struct kqueue *);
void kq_fd_gone(void *kq, int fd);
/* words of our own registrations in ep */
enum { KQ_WORD_KICK = 0x7ffffff0, KQ_WORD_SIDE, KQ_WORD_TIMER, KQ_WORD_INO, KQ_WORD_SIG };
extern const struct fdops kqueue_ops;
long kq_ours(struct kqueue *, int *slot, long fd, uint64_t word, uint32_t events);   /* keep a descriptor in ep */
void kq_kick(struct kqueue *);                       /* make the queue's state seen through ep */
uint64_t kq_now(int clock);

/* kq_snapshot.c */
struct snap_knote;
const char *kq_saved(struct proc *, int fd, struct fdobj *, uint64_t *word);
long bsd_knote_restored(struct thread *, const struct snap_knote *);

/* kq_change.c */
long kq_register(struct call *, struct kqueue *, struct kev *change);

/* filt_fd.c */
long poll_arm(struct knote *);                       /* register, or bring the registration up to date */
void poll_disarm(struct knote *);

/* proc_note.c: forks and execs, told by the processes themselves */
struct proc_note { uint32_t what; int32_t about, child; };   /* NOTE_FORK or NOTE_EXEC; the process; its child */
long notes_listen(struct proc *, int pid);           /* a descriptor of ours that is readable when there is one; or -errno */
bool notes_next(struct proc *, int sock, int pid, struct proc_note *, int *pidfd);   /* pidfd: the child's, ours, or -1 */
void bsd_listened(struct proc *);                    /* for personality.listened; the carrier tells: somebody listens to us */
void bsd_proc_forked(struct proc *);                 /* for personality.proc_forked, .proc_forks, .proc_execs */
void bsd_proc_forks(struct proc *, int child);
void bsd_proc_execs(struct proc *);

/* filt_*.c: what their descriptors bring */
void proc_noted(struct knote *);
void timer_expired(struct kqueue *);
bool timer_place(struct knote *);                    /* into the heap by kn->timer.next; false: no memory */
void timer_remove(struct knote *);
void signal_expired(struct kqueue *);
void vnode_expired(struct kqueue *);
long vnode_watch(struct knote *, uint32_t mask);     /* inotify on the file behind kn->fd */
void vnode_unwatch(struct knote *);
void files_check(struct kqueue *);

/* filt_aio.c: events that the personality itself has: made by it, told when it says so, gone when it says so */
struct kq_post { struct kqueue *kq; uint64_t word; };        /* kq NULL: none */
long kq_post_new(struct call *, int kqfd, const struct kev *, struct kq_post *);
void kq_post_happened(const struct kq_post *, int64_t data);
void kq_post_end(struct kq_post *);

