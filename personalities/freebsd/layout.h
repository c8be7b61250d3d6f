/* SPDX-License-Identifier: BSD-2-Clause
 *
 * FreeBSD's layouts of the records that differ from the host's, amd64. What a struct looked like at which release is said
 * beside it. records.c lists them all; rec_*.c convert.
 */
#pragma once
#include "guise.h"

struct fbsd_timespec { int64_t sec, nsec; };

/* sys/sys/stat.h of 15.0 */
struct fbsd_stat_told {              /* since 12: what we tell ... */
	uint64_t dev, ino, nlink;
	uint16_t mode;
	int16_t bsdflags;
	uint32_t uid, gid, padding1;
	uint64_t rdev;
	struct fbsd_timespec atim, mtim, ctim, birthtim;
	int64_t size, blocks;
	int32_t blksize;
	uint32_t flags;
};
struct fbsd_stat { struct fbsd_stat_told told; uint64_t gen, filerev, spare[9]; };      /* ... and what not */
struct fbsd11_stat {                 /* 5 to 11 */
	uint32_t dev, ino;
	uint16_t mode, nlink;
	uint32_t uid, gid, rdev;
	struct fbsd_timespec atim, mtim, ctim;
	int64_t size, blocks;
	int32_t blksize;
	uint32_t flags, gen;
	int32_t lspare;
	struct fbsd_timespec birthtim;
};
struct fbsd_nstat {                  /* NetBSD's of its time */
	uint32_t dev, ino, mode, nlink, uid, gid, rdev;
	struct fbsd_timespec atim, mtim, ctim;
	int64_t size, blocks;
	int32_t blksize;
	uint32_t flags, gen;
	struct fbsd_timespec birthtim;
};
struct fbsd_ostat {                  /* 4.3BSD */
	uint16_t dev;
	uint32_t ino;
	uint16_t mode, nlink, uid, gid, rdev;
	int32_t size;
	struct fbsd_timespec atim, mtim, ctim;
	int32_t blksize, blocks;
	uint32_t flags, gen;
};
_Static_assert(sizeof(struct fbsd_stat) == 224 && offsetof(struct fbsd_stat, told.atim) == 48, "struct stat");
_Static_assert(sizeof(struct fbsd11_stat) == 120 && offsetof(struct fbsd11_stat, size) == 72, "struct freebsd11_stat");
_Static_assert(sizeof(struct fbsd_nstat) == 128 && sizeof(struct fbsd_ostat) == 88, "struct nstat, struct ostat");

/* sys/sys/mount.h of 15.0 */
struct fbsd_statfs {                 /* since 12 */
	uint32_t version, type;
	uint64_t flags, bsize, iosize, blocks, bfree;
	int64_t bavail;
	uint64_t files;
	int64_t ffree;
	uint64_t syncwrites, asyncwrites, syncreads, asyncreads;
	uint32_t nvnodelistsize, spare0;
	uint64_t spare[9];
	uint32_t namemax, owner;
	int32_t fsid[2];
	char charspare[80], fstypename[16], mntfromname[1024], mntonname[1024];
};
struct fbsd11_statfs {               /* 5 to 11 */
	uint32_t version, type;
	uint64_t flags, bsize, iosize, blocks, bfree;
	int64_t bavail;
	uint64_t files;
	int64_t ffree;
	uint64_t syncwrites, asyncwrites, syncreads, asyncreads, spare[10];
	uint32_t namemax, owner;
	int32_t fsid[2];
	char charspare[80], fstypename[16], mntfromname[88], mntonname[88];
};
struct fbsd4_statfs {                /* before 5 */
	int64_t spare2, bsize, iosize, blocks, bfree, bavail, files, ffree;
	int32_t fsid[2];
	uint32_t owner;
	int32_t type, flags;
	int64_t syncwrites, asyncwrites;
	char fstypename[16], mntonname[72];
	int64_t syncreads, asyncreads;
	int16_t spares1;
	char mntfromname[72];
	int16_t spares2;
	int64_t spare[2];
};
_Static_assert(sizeof(struct fbsd_statfs) == 2344 && sizeof(struct fbsd11_statfs) == 472, "struct statfs");
_Static_assert(offsetof(struct fbsd11_statfs, fstypename) == 280, "struct freebsd11_statfs");

/* sys/sys/fcntl.h */
struct fbsd_flock {                  /* since 8; before, sysid was not there */
	int64_t start, len;
	int32_t pid;
	int16_t type, whence;
	int32_t sysid, pad;
};
_Static_assert(sizeof(struct fbsd_flock) == 32 && offsetof(struct fbsd_flock, sysid) == 24, "struct flock");

/* sys/sys/signal.h */
struct fbsd_sigaction { uint64_t handler; int32_t flags; uint32_t mask[4], pad; };
struct fbsd_sigaltstack { uint64_t sp, size; int32_t flags, pad; };
struct fbsd_siginfo {
	int32_t signo, err, code, pid, uid, status;
	uint64_t addr, value;
	union {
		int32_t trapno;
		struct { int32_t timerid, overrun; };
		int32_t mqd, syscall;
		int64_t band, spare[5];
	};
};
struct fbsd_sigevent {
	int32_t notify, signo;
	uint64_t value;
	union { int32_t tid; uint16_t kevent_flags; uint64_t spare[8]; };
};
_Static_assert(sizeof(struct fbsd_sigaction) == 32 && sizeof(struct fbsd_sigaltstack) == 24, "sys/signal.h");
_Static_assert(sizeof(struct fbsd_siginfo) == 80 && sizeof(struct fbsd_sigevent) == 80, "sys/signal.h");

/* sys/sys/{socket,event,ipc,shm,sem,msg,mqueue}.h */
struct fbsd_msghdr {
	uint64_t name;
	uint32_t namelen, pad0;
	uint64_t iov;
	int32_t iovlen, pad1;
	uint64_t control;
	uint32_t controllen;
	int32_t flags;
};
struct fbsd11_kevent {               /* before 12 */
	uint64_t ident;
	int16_t filter;
	uint16_t flags;
	uint32_t fflags;
	int64_t data;
	uint64_t udata;
};
struct fbsd_ipc_perm { uint32_t cuid, cgid, uid, gid; uint16_t mode, seq; int64_t key; };
struct fbsd_shmid_ds {
	struct fbsd_ipc_perm perm;
	uint64_t segsz;
	int32_t lpid, cpid;
	uint32_t nattch;
	int64_t atime, dtime, ctime;
};
struct fbsd_semid_ds { struct fbsd_ipc_perm perm; uint64_t base; uint16_t nsems; int64_t otime, ctime; };
struct fbsd_msqid_ds {
	struct fbsd_ipc_perm perm;
	uint64_t first, last, cbytes, qnum, qbytes;
	int32_t lspid, lrpid;
	int64_t stime, rtime, ctime;
};
struct fbsd_mq_attr { int64_t flags, maxmsg, msgsize, curmsgs, reserved[4]; };
_Static_assert(sizeof(struct fbsd_msghdr) == 48 && sizeof(struct fbsd11_kevent) == 32, "sys/socket.h, sys/event.h");
_Static_assert(sizeof(struct fbsd_ipc_perm) == 32 && sizeof(struct fbsd_shmid_ds) == 80, "sys/shm.h");
_Static_assert(sizeof(struct fbsd_semid_ds) == 64 && sizeof(struct fbsd_msqid_ds) == 104, "sys/sem.h, sys/msg.h");

typedef void rec_fn(const void *from, void *to);
/* rec_file.c */
rec_fn fbsd_stat_put, fbsd11_stat_put, fbsd_nstat_put, fbsd_ostat_put, fbsd_statfs_put, fbsd11_statfs_put;
rec_fn fbsd4_statfs_put, fbsd_flock_get, fbsd_flock_put, fbsd_oflock_put, fbsd_timespec2_get;
/* rec_signal.c */
rec_fn fbsd_sigaction_get, fbsd_sigaction_put, fbsd_sigaltstack_get, fbsd_sigaltstack_put, fbsd_siginfo_put;
rec_fn fbsd_sigevent_get, fbsd_wstatus_get, fbsd_wstatus_put;
/* rec_ipc.c */
rec_fn fbsd_msghdr_get, fbsd_msghdr_put, fbsd_shmid_get, fbsd_shmid_put, fbsd_semid_get, fbsd_semid_put;
rec_fn fbsd_msqid_get, fbsd_msqid_put, fbsd_mqattr_get, fbsd_mqattr_put;
