/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a personality is: all that is one foreign system, as tables and the few functions that differ in kind. A folder of
 * personalities/ fills one in and joins by PERSONALITY; nothing else knows its name. Part of guise.h, which includes it.
 */
#pragma once

struct image;                        /* loader/image.h */
struct sysctl_tree;
struct layout;                       /* observe/layout.h */
struct snap_knote;                   /* snapshot.h */
struct snap_machine_parts;
struct sigframe {                    /* what a personality needs to build its signal frame */
	const struct sigact *act;
	const struct sigpend *pend;
	sigbits oldmask;          /* to be restored by sigreturn */
	uaddr sp;                /* where the frame may grow down from: red zone skipped, alternate stack chosen */
};
struct personality {
	const char *name, *release, *about;
	int (*claims)(const struct image *);                 /* 0 no .. 100 certain */
	void (*identify)(struct proc *, const struct image *);                 /* what the image tells of its release */
	/* lays the first stack, fills t->regs and, in proc.space, stack_lo to envc */
	long (*stack)(struct proc *, const struct image *, struct thread *);
	/* ... or, of a system whose programs are not mapped into this process (loader/bare.c): all of it, with a sentence */
	long (*load)(struct proc *, const struct image *, struct thread *, char *why, size_t n);
	const struct engine *engine;                         /* the one that runs its programs; NULL: any that is listed */
	void (*fetch)(struct thread *, struct call *);       /* registers -> tab, nr, raw */
	void (*store)(struct thread *, struct call *);       /* rv, rv2 -> registers */
	long (*frame)(struct thread *, const struct sigframe *);               /* regs now run the guest's handler */
	void (*fault)(struct thread *, struct sigpend *);    /* a processor fault: signal and code as this system has them; NULL */
	bool (*signal_hold)(struct thread *);                /* true: not now, keep it; NULL: never */
	void (*thread_exit)(struct thread *);                /* guest words to clear and wake, before the host exit */
	void (*proc_start)(struct proc *);                   /* once per image, before the first instruction */
	void (*proc_exit)(struct thread *);                  /* the same for all threads, before the process ends or execs */
	void (*proc_forked)(struct proc *);                  /* in a child, before it runs guest code */
	void (*proc_forks)(struct proc *, int child);        /* in the parent of a copy, before it goes on */
	void (*listened)(struct proc *);                     /* in the host handler: another process of ours wants to be told */
	size_t (*kept)(struct proc *, char *, size_t);       /* what its system keeps over exec, and the host does not: a text for
	                                                        the next image's options.kept, its length; 0: nothing */
	void (*proc_execs)(struct proc *);                   /* everything is built: the host's exec comes next */
	/* Snapshots: its own words, out and in again (before proc_start; a thread that is to begin). saved: NULL, or what it
	 * holds that cannot be saved, as the end of a sentence that begins with "it" */
	const char *(*proc_saved)(struct proc *, uint64_t own[4]);
	void (*proc_restored)(struct proc *, const uint64_t own[4]);
	long (*knote_restored)(struct thread *, const struct snap_knote *);
	bool (*bound_restored)(uaddr lo, uaddr hi, int most);
	void (*thread_saved)(struct thread *, uint64_t own[8]);
	void (*thread_restored)(struct thread *, const uint64_t own[8]);
	/* ... of one with load, whose programs are no processes: all of it, out (into snapshot_point.machine, and parts) and in.
	 * 0 or -errno; restored says why, and has taken p->comm and p->exe as they are */
	long (*machine_saved)(struct proc *);
	long (*machine_restored)(struct proc *, struct thread *, const struct snap_machine_parts *, char *why, size_t n);
	uint32_t (*release_of)(const char *);                /* the number of a release written as users write it; 0: it is none. NULL */
	const struct systab *tab; unsigned n_tab;
	struct subtab *sub;                                  /* by enum sub */
	const struct bit *bits;                              /* ends with a row without a name */
	const struct record *rec;                            /* by enum rec */
	const struct layout *layout;                         /* the same, for the trace (observe/layout.h); NULL: common ones */
	const char *(*oid_name)(struct sysctl_tree *, const int *oid, unsigned n, unsigned *used);     /* numbers it stands for */
	const uint16_t *errno_of;                            /* [host errno, 0..133] -> guest errno */
	const char *const *errno_name; unsigned n_errno_name;/* [guest errno] */
	const uint8_t *sig_in; unsigned n_sig;               /* [guest signal] -> ours */
	const uint8_t *sig_out;                              /* [ours, 0..128] -> guest */
	const char *const *sig_name;                         /* [guest signal] */
	/* socket addresses: guest bytes -> host (length, or -errno), and back (length the guest's form has, written up to max) */
	long (*sockaddr_get)(const void *guest, size_t n, struct sockaddr_storage *host);
	long (*sockaddr_put)(const struct sockaddr_storage *host, size_t n, void *guest, size_t max);
	/* control messages, a whole buffer each way: bytes made or -errno; put may add MSG_CTRUNC. sock.h */
	long (*cmsg_get)(struct thread *, const void *guest, size_t n, void *host, size_t max);
	long (*cmsg_put)(struct thread *, int fd, void *host, size_t n, void *guest, size_t max, int *flags);
	const struct cmsgrow *cmsg;                          /* ends with a row without a name */
	uint8_t cmsg_head, cmsg_align;                       /* bytes of a message's head; what each begins at a multiple of */
	unsigned cmsg_sol;                                   /* the number of SOL_SOCKET */
	const struct sockopt *sockopt;                       /* the same */
	bool opens_first;                                    /* open acts, and then finds that there is no descriptor left */
	bool old_chown;                                      /* by an ordinary user takes the set-id bits of any file; without ids does nothing */
	bool fd_nodes;                                       /* /dev/fd/N is a device of its own, whatever is open there */
	bool classic_sockets;                                /* sockets answer as the first ones did, not as the host's (handlers/sock.c) */
	struct sysctl_tree *sysctl;                          /* declared tree, where the system has one */
	/* A value of a set that is no row of its table, since it carries a number (the clock of a process), or NULL. */
	long (*value)(unsigned set, uint64_t guest, uint64_t *host);
	uint8_t sig_carrier;                                 /* the host's signal that is none of the guest's (carrier.c), or 0 */
	sigbits sig_ignored;                                  /* ours: default action is "ignore" here though not on the host */
	const char *const *interp_dirs;                      /* where else the guest's rtld may be found */
	const char *const *lib_dirs;                         /* ... and where that looks for libraries, in the end */
	const char *lib_list;                                /* a file with more such directories: text, or a linker's hints */
	uaddr (*sigcode)(size_t *len);                       /* the code that handlers return to, where it is the system's own */
	size_t (*made_for)(const struct image *, char *, size_t);    /* the release, as its marks tell; 0: they do not. NULL */
	/* one directory entry in the guest's layout `rec` (REC_DIRENT or REC_DIRENT_OLD): its length, 0 if it does not fit */
	size_t (*dirent)(unsigned rec, void *out, size_t room, uint64_t ino, int64_t off, unsigned type, const char *name);
	const struct rights *rights;                         /* [enum right]; NULL: no descriptor can be limited */
	/* what argument i needs besides by the call's other arguments; an error refuses the call at once */
	long (*rights_more)(struct call *, int i, struct rights *need);
	void (*refused)(struct call *, int err);             /* a limit has refused this call */
	/* Of a process with limits (proc.limited): what refuses the whole call, or 0; and another's number that it may not know.
	 * hidden(t, 0): are there such? NULL */
	long (*refuses)(struct call *);
	bool (*hidden)(struct thread *, long pid);
	unsigned scripts;                                    /* how many may be each other's interpreter; 0 is 1 */
	uint32_t itimer_least_us, timer_least_ns;            /* a shorter time of setitimer, timer_settime is made that long */
	unsigned open_adds;                                  /* host flags of every open of this system: O_NOCTTY, or nothing */
	int nofollow_err;                                    /* host errno of open(O_NOFOLLOW) on a symlink; 0: ELOOP */
	bool sigsys_unknown;                                 /* a number without a row raises SIGSYS besides ENOSYS */
	bool carry;                                          /* the carry flag tells a failure */
	uint8_t io_keeps;                                    /* IO_*: where I/O privilege goes besides; the level is inherited */
	/* open of a name that is not there: a device that only this system has; -ENOENT: it is none. NULL */
	long (*device)(struct call *, int path, unsigned flags);
	bool identity;                                       /* guest terms are host terms: nothing is translated */
};
#define PERSONALITY(p) static const struct personality *const p##_joins JOIN("guise_personalities") = &(p)
extern const struct personality *const __start_guise_personalities[], *const __stop_guise_personalities[];   /* all that have joined */
#define EACH_SYSTEM(p) const struct personality *const *p = __start_guise_personalities; p < __stop_guise_personalities; p++

enum { IO_PORTS_BORN = 1, IO_LEVEL_EXEC = 2 };       /* single ports: by threads and children, too; the level: over exec */
