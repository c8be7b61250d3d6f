/* SPDX-License-Identifier: BSD-2-Clause
 *
 * From a snapshot to a running guest (guise restore): restore.c does what program_run does from an image. Parts:
 *   restore_mem.c   room for the guest's memory before anything of ours takes it, then the memory itself
 *   restore_fds.c   its descriptors
 *   restore_pairs.c  sockets that are connected to each other, and locks
 *   restore_machine.c  all of a bare-metal guest
 *   restore_tree.c  several processes
 */
#pragma once
#include "loader/snapimage.h"
#include "options.h"

/* What the processes of a tree have in common: made by the root, handed down by fork */
struct tree {
	struct snap_image *member;       /* all of them, the root first */
	unsigned me;                     /* which this process is */
	struct { int end[2]; } *pipe, *pair;
	struct { unsigned id; int fd; } *open;   /* open files that several have */
	int *shm;
	unsigned n_pipes, n_pairs, n_open, n_shm;
};
struct restore {
	struct tree *tree;
	volatile uint32_t *arrived, *failed;     /* of a tree of `members` processes: how many wait to begin; one could not */
	unsigned members;
	int parent, *kin;                /* ... this one's, 0: of the root, and its children among them */
	unsigned n_kin;
	unsigned n_reserved;
	struct snap_image *image;
	bool as_me;                      /* its user is whoever restores it */
	const struct inherited { int fd, mine; } *given; /* descriptors of ours that are the guest's (--inherit-fd), by its numbers */
	unsigned n_given;
	bool changed;                    /* files may have changed since, as long as they have the same name */
	const struct snap_host *here;    /* this host */
	const char *overlay;             /* where what a machine writes to its disk is kept, a file to be made, or NULL: nowhere */
	int *inherit;                    /* copies of 0, 1 and 2 as we were given them, -1 for none */
	char why[700];                   /* a sentence, after a false */
};
bool __attribute__((format(printf, 2, 3))) restore_bad(struct restore *, const char *f, ...);

/* Room where the guest's memory was: -EEXIST if something of this process lies there (another try has other addresses). */
long restore_reserve(struct restore *);
bool restore_memory(struct restore *);
/* Every run of every section of that kind that this image has, looked at, with its n bytes; object: of shared memory. */
typedef bool restore_run(struct restore *, void *arg, const struct snap_run *, unsigned object, const uint8_t *bytes, uint64_t n);
bool restore_runs(struct restore *, struct snap_image *, unsigned kind, restore_run *, void *arg);
void restore_margins(struct restore *);              /* what restore_reserve took beyond it is given back */

bool restore_open(struct restore *, int base);       /* the files it names are looked at; base: our own numbers begin there */
bool restore_fds(struct restore *);
int restore_file(struct restore *, const char *path, unsigned flags, const struct snap_ident *);      /* the same file, open, or -1 */
long restore_unreserve(struct restore *);            /* what restore_reserve took */
int restore_open_one(struct restore *, const struct snap_image *, const struct snap_fd *);   /* as fresh, with flags and place; or -1 */

/* --- restore_tree.c. begin: 0: in each process, with r->image and tree->me set; -EEXIST: as of restore_reserve; -errno: why */
long tree_begin(struct restore *, struct tree *);
bool tree_move(struct restore *, int base);
void tree_close(struct tree *);
bool tree_meet(struct restore *);                    /* all processes are rebuilt, and know each other's numbers */
bool tree_failed(struct tree *);                     /* the first that says so (true) says why */
int tree_open(const struct tree *, const struct snap_fd *);  /* where it is one that several have: its descriptor, or -1 */
void begin_proc_renamed(void);                       /* restore.c */
bool restore_pairs(struct restore *, struct tree *);  /* restore_pairs.c: before the tree is forked */
struct sockaddr_un;
void restore_free_name(const struct sockaddr_un *, unsigned n, int type);  /* if nobody lives there */
int restore_enter(const struct snap_image *);         /* its directory; -1: it is gone. What leads back: */
void restore_leave(int);
bool restore_locks(struct restore *);                /* last: a close would give some of them up */
bool restore_owner(struct restore *);                /* restore_owner.c: users, groups, capabilities */
bool owner_of(int pid, struct snap_owner *);
uint32_t oom_adj_of(int pid);
bool restore_machine(struct restore *, struct thread *);
int restore_mapped(struct restore *, const struct snap_map *, bool writes);   /* a descriptor of its file, or -1 */

/* Returns on an error only, having said why: an exit status; -1: try again in a process with other addresses. */
int program_restore(struct options *, struct restore *);
