/* SPDX-License-Identifier: BSD-2-Clause
 *
 * guise snapshot, between its files:
 *   target.c   the guest: found, stopped, let go; its memory read as ours is laid
 *   memory.c   its mappings and their pages
 *   files.c    its descriptors, by kind
 *   sockets.c  ... those that are sockets
 *   machine.c  memory and disk of a bare-metal guest
 *   write.c    the file
 * What cannot be saved ends the command with a sentence (refuse); the guest then goes on, and no file is left.
 */
#pragma once
#include <sys/stat.h>
#include <sys/types.h>
#include "tools/command.h"
#include "loader/snapfile.h"
#include "syscalls/snapshot.h"

struct target {
	int pid, pidfd, mem;             /* mem: /proc/PID/mem */
	struct proc proc;                /* copies of what the guest's process has; pointers in them are its own */
	struct space space;
	struct options opt;
	struct snapshot_point point;
	char *state;                     /* the guest's own records */
	size_t n_state;
};
/* --- target.c */
int target_find(const char *pid_or_name);            /* a process; refuses */
bool target_named(int pid, const char *name);        /* is that a guest called so? */
void target_stop(struct target *, int pid);          /* all threads of it stand still until target_go or our end */
void target_go(struct target *, bool end);           /* end: it is killed where it stands */
void target_read(const struct target *, uint64_t at, void *to, size_t n);
char *target_text(const struct target *, const char *at);       /* allocated; NULL for NULL */
void __attribute__((noreturn, format(printf, 2, 3))) cannot(const struct target *, const char *f, ...);

/* --- write.c */
struct writer;
struct writer *writer_new(const char *name);
unsigned writer_section(struct writer *, unsigned kind, const void *, size_t n, bool pack);  /* its number */
void writer_record(struct writer *, unsigned kind, const void *, size_t n, const char *text);
void writer_records(struct writer *, const void *, size_t n);        /* as they are */
uint64_t writer_done(struct writer *);               /* its size; from here on the file has its name */

/* --- the parts */
void save_memory(const struct target *, struct writer *);
void save_range(const struct target *, struct writer *, uint64_t at, uint64_t len);
void save_machine(const struct target *, struct writer *);
void save_files(const struct target *, struct writer *);
void files_except(bool drop, int fd);        /* not saved: drop: closed in the copy; else: the restorer's */
void save_socket(const struct target *, struct writer *, int fd, struct snap_fd *);
void save_signals(const struct target *, struct writer *);
void ident_of(struct snap_ident *, const struct stat *);
void host_features(struct snap_host *);
