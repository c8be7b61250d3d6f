/* SPDX-License-Identifier: BSD-2-Clause
 *
 * guise snapshot, between its files:
 *   target.c   the guest: its memory, read as ours is laid, and its status
 *   find.c     which process is meant
 *   stop.c     one process: stopped, let go
 *   tree.c     it and all that come of it
 *   signals.c  what waits for them in the host's kernel
 *   memory.c   its mappings and their pages
 *   files.c    its descriptors, by kind
 *   sockets.c  ... those that are sockets
 *   pairs.c    ... and connected to each other
 *   machine.c  memory and disk of a bare-metal guest
 *   write.c    the file
 * What cannot be saved ends the command with a sentence (refuse); the guest then goes on, and no file is left.
 */
#pragma once
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include "tools/command.h"
#include "loader/snapfile.h"
#include "syscalls/snapshot.h"

struct target {
	int pid, pidfd, mem;             /* mem: /proc/PID/mem */
	bool asked;                      /* to stop */
	struct proc proc;                /* copies of what the guest's process has; pointers in them are its own */
	struct space space;
	struct options opt;
	struct snapshot_point point;
	char *state;                     /* the guest's own records */
	size_t n_state;
	unsigned place, parent;          /* in the tree; of its parent there */
	int pgid, sid, signal;           /* the host's numbers; what its end is told by */
};
/* What has ended, and nobody has waited for yet (or that only has given its number to a group): host's numbers */
struct ended { int pid, pgid, sid, signal; unsigned parent, status, what; };
struct family {
	struct target *const *member;    /* the root first, each behind its parent */
	struct ended *ended;
	unsigned n, n_ended;
};
/* --- target.c */
void target_read(const struct target *, uint64_t at, void *to, size_t n);      /* all of it; refuses */
char *target_text(const struct target *, const char *at);       /* allocated; NULL for NULL */
long far_move(int pid, bool out, uint64_t there, void *here, size_t n);         /* bytes moved, or -1: whether that matters is yours */
bool runs_us(int pid);                               /* its executable is ours */
void status_of(int id, char *buf, size_t n);         /* /proc/ID/status of a process or thread; "" if it is gone */
long status_field(const char *status, const char *name, int base);             /* name: "\nName:"; 0 if there is none */
void __attribute__((noreturn, format(printf, 2, 3))) cannot(const struct target *, const char *f, ...);

/* --- find.c */
int target_find(const char *pid_or_name);            /* a process; refuses */
bool target_named(int pid, const char *name);        /* is that a guest called so? */

/* --- stop.c */
bool target_stop(struct target *);                   /* false: not now, as in the middle of fork or exec; stop_why tells */
const char *stop_why(void);                          /* a sentence, after a false */
void target_let_go(const struct target *);           /* it may be gone */

/* --- tree.c */
const struct family *targets_stop(int pid);          /* it and all that come of it stand still until targets_go or our end */
void targets_go(bool end);                           /* end: they are killed where they stand */
int target_told(const struct target *, int host);    /* a process's number, as that guest knows it */
struct target *member_at(unsigned place);            /* NULL: no more */
struct target *target_of(int pid);                   /* of those that were stopped, or NULL */

/* --- write.c */
struct writer;
struct writer *writer_new(const char *name);
void writer_member(struct writer *, unsigned);       /* whose is what comes from here on; 0 at first */
unsigned writer_section(struct writer *, unsigned kind, const void *, size_t n, bool pack);  /* its number */
void writer_record(struct writer *, unsigned kind, const void *, size_t n, const char *text);
void writer_records(struct writer *, const void *, size_t n);        /* as they are */
uint64_t writer_done(struct writer *);               /* its size; from here on the file has its name */

/* --- the parts */
void save_memory(const struct target *, struct writer *);
void save_shared(struct writer *);                   /* shared memory that members have mapped or open: when all are saved */
unsigned shared_of(const struct stat *, const char *name);       /* its number */
void shared_file(const struct target *, struct writer *, unsigned, int fd);   /* all of a memfd */
void save_tree(const struct family *, struct writer *);
void save_pipes(struct writer *);
void save_range(const struct target *, struct writer *, uint64_t at, uint64_t len);
void save_machine(const struct target *, struct writer *);
void save_files(const struct target *, struct writer *);
void files_except(bool drop, int fd);        /* not saved: drop: closed in the copy; else: the restorer's */
void files_met(const struct target *);       /* all are saved, its tree too: refuses where such a number was nobody's */
void save_socket(const struct target *, struct writer *, int fd, const struct stat *, struct snap_fd *);
bool pair_take(const struct target *, struct snap_fd *, int fd, const struct stat *, const struct sockaddr_storage *own, socklen_t n_own,
	       const struct sockaddr_storage *peer);
void save_pairs(struct writer *);                    /* when all processes are saved */
void pairs_end(void);                                /* before the tree is ended */
int held_outside(ino_t, const char *kind);           /* a process that has that "pipe" or "socket" and is none of the tree, or 0 */
void save_signals(const struct target *, struct writer *);
void ident_of(struct snap_ident *, const struct stat *);
void host_features(struct snap_host *);
