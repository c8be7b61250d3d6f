/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The layout and values of FreeBSD's userland locks (sys/_umtx.h, sys/umtx.h of 15.0; unchanged since 11 but for what
 * is newer), and what the files of umtx share. A guest word is always reached through mem_load/store/cas.
 */
#pragma once
#include <time.h>
#include "guise.h"

enum { USYNC_PROCESS_SHARED = 1 };
enum { UMUTEX_PRIO_INHERIT = 4, UMUTEX_PRIO_PROTECT = 8, UMUTEX_ROBUST = 16, UMUTEX_NONCONSISTENT = 32 };
#define UMUTEX_CONTESTED   0x80000000u
#define UMUTEX_RB_OWNERDEAD 0x80000010u
#define UMUTEX_RB_NOTRECOV 0x80000011u
#define URWLOCK_WRITE_OWNER   0x80000000u
#define URWLOCK_WRITE_WAITERS 0x40000000u
#define URWLOCK_READ_WAITERS  0x20000000u
#define URWLOCK_READERS       0x1fffffffu
#define URWLOCK_PREFER_READER 2u
#define USEM_HAS_WAITERS 0x80000000u
enum { CVWAIT_CHECK_UNPARKING = 1, CVWAIT_ABSTIME = 2, CVWAIT_CLOCKID = 4 };
enum { UMTX_ABSTIME = 1 };

struct umutex { uint32_t owner, flags, ceilings[2]; uint64_t rb_lnk; uint32_t spare[2]; };
struct ucond { uint32_t has_waiters, flags, clockid, seq; };     /* seq is c_spare[0], which no library looks at */
struct urwlock { uint32_t state, flags, blocked_readers, blocked_writers, spare[4]; };
struct usem { uint32_t has_waiters, count, flags; };
struct usem2 { uint32_t count, flags; };
struct umtx_time { struct timespec timeout; uint32_t flags, clockid; };
_Static_assert(sizeof(struct umutex) == 32 && sizeof(struct ucond) == 16, "sys/_umtx.h");
_Static_assert(sizeof(struct urwlock) == 32, "sys/_umtx.h");
_Static_assert(sizeof(struct usem) == 12 && sizeof(struct usem2) == 8 && sizeof(struct umtx_time) == 24, "sys/_umtx.h");
#define AT(type, base, field) ((uaddr)(base) + offsetof(struct type, field))

/* Where threads sleep: a word, who shares it, and what kind of sleeper it is. FreeBSD keeps a queue for each kind of
 * object even where two lie at one address; the host's futex bitset does the same. */
enum { Q_WAIT = 1, Q_MUTEX = 2, Q_CV = 4, Q_READ = 8, Q_WRITE = 16, Q_SEM = 32 };
struct queue {
	uaddr word;
	uint32_t kind;
	bool shared;             /* other processes may sleep here too */
};
struct until {                       /* when to stop sleeping */
	bool timed, abs;
	int clock;               /* the host's; -1: neither realtime nor monotonic, looked at again and again (poll) */
	int poll;
	struct timespec end;     /* on that clock */
};

long must_check until_get(struct call *, uaddr, size_t, struct until *);      /* 16 bytes: timespec; else umtx_time */
long must_check until_set(struct call *, struct until *, uint32_t clockid, bool abs, const struct timespec *);
void until_left(const struct until *, struct timespec *left);

/* 0 woken or the word has changed, -ETIMEDOUT, -EINTR, SYS_RESTART, -EFAULT */
long must_check umtx_sleep(const struct queue *, uint32_t value, const struct until *);
long must_check umtx_sleep64(const struct queue *, uint64_t value, const struct until *);
long umtx_wake(const struct queue *, int n);         /* how many */
unsigned umtx_sleepers(const struct queue *);        /* exactly those asleep now */
unsigned umtx_sleepers_max(const struct queue *);    /* no fewer; cheap where the queue is our own */
unsigned umtx_sleepers_here(const struct queue *);   /* of this process, and no fewer */
long must_check umtx_unlock(struct call *, uaddr mutex);     /* the caller's mutex, as UMTX_OP_MUTEX_UNLOCK */

/* of a sleep that is never made again */
static inline long umtx_eintr(long e) { return e == SYS_RESTART ? -EINTR : e; }
