/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The file of a snapshot as sections with checksums (docs/SNAPSHOT.md), and what lies in those that are records. A file is
 * a stranger's until all of it has been looked at: every reader here answers with a sentence, never by a crash.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SNAPFILE_MAGIC "guisesnp"
enum { SNAPFILE_VERSION = 2, SNAPFILE_SECTIONS = 1 << 20 };
#define SNAPFILE_PLAIN (16ul << 20)      /* no section is longer once unpacked */
#define SNAPFILE_RECORDS (1ul << 30)     /* ... nor all that are records together, which are read as a whole */
enum { SECTION_RECORDS = 1, SECTION_PAGES, SECTION_BYTES, SECTION_SECTORS, SECTION_SHARED, SECTION_KINDS };        /* BYTES: what was in pipes */
enum { SECTION_ZSTD = 1, SECTION_MEMBER = 8 };   /* above that bit: which process of its tree it is of */
#define MEMBERS_MOST 1000u

struct snapfile_head {
	char magic[8];
	uint32_t version, head_size;
	uint64_t size;                   /* of the whole file */
	uint64_t table_at;
	uint32_t n_sections, zero;
	uint64_t table_sum;              /* over the table, and so over the sums of all sections */
	uint64_t head_sum;               /* over all before it */
};
struct snapfile_section {
	uint32_t kind, flags;            /* flags: SECTION_ZSTD, and the process's number from bit SECTION_MEMBER on */
	uint64_t at, stored, plain;      /* where, how many bytes there, how many unpacked */
	uint64_t sum;                    /* over the stored bytes */
};
_Static_assert(sizeof(struct snapfile_head) == 56 && sizeof(struct snapfile_section) == 40, "docs/SNAPSHOT.md");

uint64_t snapfile_sum(const void *, size_t, uint64_t seed);

/* --- reading ---------------------------------------------------------------------------------------------------- */
struct snapfile {
	int fd;
	struct snapfile_head head;
	struct snapfile_section *section;
	char why[400];                   /* a sentence, after a false */
};
bool snapfile_open(struct snapfile *, int fd);       /* head and table are right, and every byte belongs to a section */
bool snapfile_verify(struct snapfile *);             /* the checksum of every section; no section changed since is taken */
/* Unpacked, and its checksum looked at: bytes that last until the next call, or NULL. */
const uint8_t *snapfile_section(struct snapfile *, unsigned i);
void snapfile_close(struct snapfile *);

/* Sections of pages, and of a disk's sectors: runs (of so many), then their bytes */
#define SNAPFILE_SECTOR 512ul
struct snap_run { uint64_t at, pages; };
struct snap_runs { uint32_t n, object; struct snap_run run[]; };     /* object: of SECTION_SHARED, whose offsets they are */

/* --- what the tool adds to the records of the guest (syscalls/snapshot.h) ------------------------------------------ */
struct snap_ident { uint64_t dev, ino, size; int64_t mtime, mtime_ns; uint32_t mode, zero; };
enum { MAPPED_SHARED = 1, MAPPED_DOWN = 2, MAPPED_NORESERVE = 4, MAPPED_LOCKED = 8, MAPPED_NODUMP = 16, MAPPED_NOFORK = 32,
       MAPPED_WIPE = 64, MAPPED_HUGE = 128, MAPPED_NOHUGE = 256, MAPPED_FILE = 512, MAPPED_OBJECT = 1024, MAPPED_ALL = 2047 };
struct snap_map {
	uint64_t lo, hi, offset;
	uint32_t prot, flags;
	struct snap_ident id;            /* of a file; its path follows, with NUL. OBJECT: ino says which */
	char path[];
};
enum { FD_INHERIT = 1, FD_FILE, FD_PIPE_READ, FD_PIPE_WRITE, FD_EVENT, FD_TIMER, FD_EPOLL, FD_SIGNALS, FD_SOCKET, FD_KQUEUE, FD_SHARED,
       FD_PAIR, FD_KINDS };
struct snap_fd {
	int32_t fd, same_as;             /* another descriptor of the same open file, or -1 */
	uint32_t kind, flags;            /* flags: O_* as the host tells them, O_CLOEXEC too */
	uint32_t open, zero;             /* which open file of the tree's: the same in several processes is one */
	int64_t offset;
	int64_t word[8];                 /* by kind: docs/SNAPSHOT.md */
	struct snap_ident id;
	uint8_t address[128];            /* of a socket; its length is word[3] */
	char path[];
};
/* Shared memory without a file, and memfds; the descriptor's kind is FD_SHARED, word[0] which */
struct snap_shm { uint32_t index, seals; uint64_t size; char name[64]; };
/* The processes of a tree, the root first, each behind its parent: in the file of the first. Then those that have ended. */
enum { TREE_RUNS, TREE_ENDED, TREE_LED };        /* LED: nobody any more, but a process group has its number */
struct snap_tree { int32_t pid, pgid, sid; uint32_t parent, what, signal, status, zero; };      /* parent: its place in this list */
struct snap_pipe { uint32_t index, section; uint64_t bytes, room; };     /* section: its number + 1, 0 where it is empty */
/* Two sockets that are connected to each other; a descriptor's word[6]: 2 * index, + 1 for the second end */
struct snap_pair {
	uint32_t index, family, type, zero;
	struct snap_end {
		uint32_t section, bytes;         /* that wait to be read here, as of a pipe; of messages each behind its length */
		uint32_t shut, closed;           /* 1: nothing more is received, 2: ... sent; nobody has it any more */
		uint32_t family, name_len;
		uint8_t name[128];
	} end[2];
};
/* A lock on a file. kind: 0: flock, 1: fcntl's of a process, 2: ... of an open file; len 0: to its end */
struct snap_lock { int32_t fd; uint32_t kind, writes, zero; int64_t start, len; };
struct snap_machine {                /* memory by its addresses is in pages, what was written to its disk in sectors */
	uint64_t memory, disk_bytes;     /* disk_bytes 0, and no path: it has none */
	uint32_t layout, zero;
	struct snap_ident id;            /* of the disk's file, whose path follows */
	char path[];
};
enum { CAP_WORDS = 5 };                  /* inheritable, permitted, effective, bounding, ambient: as /proc/PID/status has them */
struct snap_owner { uint32_t uid[4], gid[4]; uint64_t cap[CAP_WORDS]; uint32_t n_groups, oom_adj, group[256]; };
struct snap_sockopt { int32_t fd, level, name; uint32_t size; uint8_t value[64]; };      /* one that is not as a fresh socket has it */
struct snap_epoll { int32_t epfd, fd; uint32_t events, zero; uint64_t data; };
struct snap_signal { int32_t tid; uint32_t sig; uint64_t info[16]; };    /* tid 0: the process's */
enum { OPTION_WORD = 1, OPTION_CWD, OPTION_NAME, OPTION_OVERLAY };  /* WORD: of the command line */
struct snap_option { uint32_t what, zero; char text[]; };
struct snap_host { uint32_t leaf1[2], leaf7[3], mask; uint64_t xcr0; char release[64]; };
