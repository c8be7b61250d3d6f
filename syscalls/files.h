/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Descriptors and paths: what of them is more than the host's. Part of guise.h, which includes it.
 */
#pragma once
/* --- fd.c --------------------------------------------------------------------------------------------------------------------- */
struct fdobj {                       /* something of ours behind a guest descriptor; refs counted by descriptor */
	const struct fdops *ops;
	volatile int refs;
};
struct fdops {
	const char *name;
	void (*close)(struct fdobj *);                   /* the last descriptor is gone */
	void (*forked)(struct proc *, int fd, struct fdobj *);   /* in the child of a fork; may close host descriptors of the
	                                                    child. A vfork child shares memory with its parent: the object
	                                                    itself must not be changed or freed. NULL: it is inherited */
	const char *(*saved)(struct proc *, int fd, struct fdobj *, uint64_t *word); /* for a snapshot (snapshot.h): a word, or
	                                                    records of its own; NULL, or why not. NULL: it cannot be */
	long (*restored)(struct thread *, int fd, uint64_t word);        /* fd is what the host has of it */
	int no_file;                                     /* not 0: nothing to read, write or seek in; the error of the first two */
};
#define FDOPS(o) static const struct fdops *const o##_joins JOIN("guise_objects") = &(o)   /* those that are restored by name */
void fd_start(struct proc *);
void fd_forked(struct proc *);                       /* in a child that is a copy: what it does not inherit goes */
void fd_forked_shared(struct proc *);                /* in a child in its parent's memory: its own table, from the parent's */
void fd_gone(struct proc *);                         /* that child is gone, and its table with it */
struct rlimit;
void fd_limit_get(struct proc *, struct rlimit *);   /* the guest's own limit; the host's is higher (see fd.c) */
long fd_limit_set(struct proc *, const struct rlimit *);
void fd_limit_exec(struct proc *, bool back);        /* give the host the guest's limit for an exec, or take it back */
int fd_ours(struct proc *, int fd);                  /* move fd up out of the guest's reach; new number or -errno */
int fd_ours_many(struct proc *, int fd);             /* the same for what there is one of by thread: may cost the guest numbers */
static inline bool fd_is_ours(const struct proc *p, long fd) { return fd >= p->fd_base; }
/* A new descriptor of the guest's: false where it may not have it. Whoever makes one otherwise than as its result calls this. */
static inline bool fd_allowed(struct proc *p, long fd)
{
	if (fd + 1 >= (long)p->fd_limit)
		p->fds_full = true;
	return fd < (long)p->fd_limit;
}
bool fd_room(struct proc *);                         /* is there one left? For calls that act before they make it */
struct fdobj *fd_get(struct proc *, int fd, const struct fdops *);   /* NULL: not such an object */
long fd_put(struct proc *, int fd, struct fdobj *);  /* fd now stands for obj; takes over one reference */
extern volatile int fds_kept;                        /* not 0: fd.c keeps something, so that fd_closed may have something to do */
void fd_closed(struct proc *, int fd);               /* must be called BEFORE the host close of a guest descriptor */
long fd_close_range(struct proc *, uint64_t lo, uint64_t hi, unsigned flags);  /* the guest's of these; CLOSE_RANGE_CLOEXEC */
void fd_close_for_exec(struct proc *, int but);      /* those that exec closes, now: it has begun and nothing is in its way */
void fd_duped(struct proc *, int from, int to);      /* after a successful dup */
void fd_watch(struct proc *, int fd, void (*gone)(void *, int fd), void *);      /* gone() runs when fd is closed */
void fd_unwatch(struct proc *, int fd, void (*gone)(void *, int fd), void *);

/* --- path.c ------------------------------------------------------------------------------------------------------------------- */
enum {
	PATH_FOLLOW = 1,         /* follow a last symlink; without it, or with CREATE, the result is (parent, last name) */
	PATH_CREATE = 2,         /* the last name may be missing, is made, removed or replaced */
	PATH_DIR = 4,            /* it must be a directory */
	PATH_BENEATH = 8,        /* nothing above dirfd may be reached */
};
struct where {
	int dirfd;               /* for the host's *at call */
	const char *path;        /* host memory, or the guest's own pointer where nothing had to change */
	int own;                 /* descriptor to close in where_done, or -1 */
	bool exe;                /* the path named the guest's own program through a link of /proc */
	char buf[4096];
};
/* The path of argument i, relative to dirfd (host terms), for a host *at call. 0 or -errno. */
long must_check arg_path(struct call *, int i, int dirfd, unsigned how, struct where *);
bool path_as_is(const struct proc *, uaddr path);    /* the host may look it up as the guest wrote it */
long must_check path_resolve(struct thread *, int dirfd, const char *guestpath, unsigned how, struct where *);
void where_close(struct where *);
static inline void where_done(struct where *w)
{
	if (w->own >= 0)
		where_close(w);
}
int arg_dev_fd(struct call *, int i, bool follow);      /* the descriptor that the path of argument i stands for, or -1 */
long path_to_guest(struct proc *, const char *host, char *guest, size_t n);  /* length or -errno; as the guest would name it */
/* open(2) with the host's flags, confined as arg_path is; the new descriptor is the guest's. May block. */
long must_check arg_open(struct call *, int i, int dirfd, unsigned flags, unsigned mode, unsigned how);
bool path_may_be_memory(long fd);                    /* of a file that can be written to: somebody's memory, perhaps */
extern const char *path_proc;                         /* "/proc/self": whose descriptors path_of_fd speaks of */
long path_of_fd(int fd, char *buf, size_t n);        /* host path of an open descriptor: length or -errno */
long path_chroot(struct thread *, int fd);           /* fd (a directory) is the guest's root from now on */
bool path_confined(const struct proc *);             /* nothing outside root and binds exists for the guest */
void path_start(struct proc *);
