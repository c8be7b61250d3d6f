/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a traced run shares with the process that tells of it (tools/trace/): one memfd, mapped by every process of the
 * run. A session in front says what is wanted; behind it lies one ring for each thread. The thread alone writes its
 * ring and the drainer alone reads it, so neither ever takes a lock, a thread that is killed leaves whole records
 * behind, and what was recorded is not lost with the process that recorded it.
 *
 * A record is raw: registers, result, times, and the pieces of the guest's memory that decoding needs, in the guest's
 * own layout. Everything else is done by the drainer from the same rows. The raw file holds the same records
 * (tools/trace/raw.c).
 *
 *   memfd:  [struct session][struct ring x RINGS][RING_BYTES x RINGS]
 *
 * Called through observe_*; tools/ reads. A change of any struct here is a new RING_VERSION.
 */
#pragma once
#include "guise.h"

#define RING_MAGIC   0x45525453494755ull             /* "GUISTRE" */
#define RING_VERSION 6u
#define RINGS        2048u
#define RING_BYTES   (512 * 1024ul)
#define RECORD_MOST  (RING_BYTES / 8)                /* pieces that would make it longer are left out */
#define MOST_PERS    16
#define MOST_TABS    4
#define MOST_NRS     1024                            /* the last bit stands for all numbers above */

/* --- what is wanted ----------------------------------------------------------------------------------------------- */
#define DRAINER_LEFT 0x40000001u                     /* FUTEX_OWNER_DIED, and there is nothing to say of it */
enum { WANT_ARGS = 1, WANT_FDS = 2, WANT_SOCKS = 4, WANT_STACK = 8, WANT_LOSSY = 16, WANT_SIGNALS = 32,
       WANT_CPU = 64, WANT_DUMP = 128, WANT_ALL = 256 };
typedef uint64_t nrset[MOST_PERS][MOST_TABS][MOST_NRS / 64];
#define PERS(i) __start_guise_personalities[i]
#define EACH_PERS(i) unsigned i = 0; &PERS(i) < __stop_guise_personalities && i < MOST_PERS; i++
struct injection {                   /* -e inject: what happens to the call instead of, or around, its handler */
	nrset nrs;
	uint32_t first, step, last;  /* which of its invocations in a process: 1, 2, ..; step 0: the first alone */
	bool answers;                /* the handler is not run: */
	long rv;                     /* ... and this is the result, or -errno of the host */
	int sig;                     /* our number; 0: none */
	uint64_t before_us, after_us;
};
#define MOST_INJECTIONS 16

struct session {
	uint64_t magic;
	uint32_t version, want;
	uint32_t text;               /* bytes of a buffer that go along */
	uint32_t tsc;                /* times are the processor's counter, else CLOCK_MONOTONIC in nanoseconds */
	int32_t main_pid;            /* whose end waits until everything is written */
	volatile uint32_t drainer;   /* a robust lock of the drainer's: the kernel marks it FUTEX_OWNER_DIED, or it leaves */
	volatile uint32_t asleep;    /* the drainer's: 0 it looks by itself, 1 ring at once, 2 ring when half full */
	volatile uint32_t bell;      /* futex; whoever rings adds one */
	volatile uint32_t flush, flushed;                /* asked for, and done up to */
	volatile uint32_t top;       /* no ring at or above was ever used */
	volatile uint32_t unheard;   /* threads that found no free ring */
	volatile uint32_t rewritten, left;       /* call sites of all processes: jump straight to us, trap each time */
	volatile uint32_t denied;    /* calls that a policy refused */
	volatile uint32_t supervisor;        /* a robust lock of the supervisor's; 0: there is none, or it has ended */
	uint32_t n_injections;
	nrset watch;                 /* calls that are recorded */
	nrset touch;                 /* calls that any injection names */
	struct injection injection[MOST_INJECTIONS];
	uint64_t dump[2][16];        /* WANT_DUMP: descriptors whose data goes along whole, what is read, what is written */
};
static inline bool nr_in(const nrset *s, unsigned pers, unsigned tab, unsigned nr)
{
	unsigned bit = nr < MOST_NRS ? nr : MOST_NRS - 1;
	return (*s)[pers][tab % MOST_TABS][bit / 64] >> bit % 64 & 1;
}

/* --- for a tracer that comes later: one in each process of guise (attach.c, tools/trace/attach.c) ----------------- */
#define ATTACH_MAGIC 0x4854544153495547ull           /* "GUISATTH" */
struct attach_point {
	uint64_t magic;
	bool *told_all, *observed;   /* what the tracer sets last, in this order; NULL: the guest has not begun */
	volatile int32_t pid, fd, end;       /* the tracer, its descriptors of the memfd and the pipe; pid 0: nobody asks */
};
extern struct attach_point attach_point;

/* --- a ring ------------------------------------------------------------------------------------------------------- */
enum { RING_FREE, RING_USED, RING_LEFT };    /* LEFT: its thread is gone; FREE again when the drainer has read it */
struct ring {
	volatile uint32_t state;
	int32_t pid, tid;
	volatile uint64_t head;      /* written by the thread: bytes ever written */
	uint64_t seen;               /* the thread's last look at tail */
	volatile uint64_t dropped;   /* calls that are not there because the ring was full (WANT_LOSSY) */
	_Alignas(64) volatile uint64_t tail;     /* written by the drainer: bytes ever read */
	volatile uint32_t waiting;   /* the thread sleeps on it until tail moves */
	uint64_t told;               /* the drainer's: dropped that it has told of */
	volatile uint32_t asked, answer;         /* the number of a policy's question; twice that, and 1: yes */
	uint64_t spare[4];
};
_Static_assert(sizeof(struct ring) == 128, "part of the format");
#define RING_TABLE  PAGE_UP(sizeof(struct session))
#define RING_DATA   PAGE_UP(RING_TABLE + RINGS * sizeof(struct ring))
#define SESSION_BYTES (RING_DATA + RINGS * RING_BYTES)
static inline struct ring *ring_at(struct session *s, unsigned i)
{
	return (struct ring *)((char *)s + RING_TABLE) + i;
}
static inline char *ring_data(struct session *s, unsigned i) { return (char *)s + RING_DATA + i * RING_BYTES; }

/* --- records: a multiple of 16 bytes each, never across the end of a ring ----------------------------------------- */
enum entrytype { EN_PAD, EN_HELLO, EN_ENTER, EN_EXIT, EN_INJECTED, EN_SIGNAL, EN_END, EN_DROPPED, EN_SITES, EN_PAST,
		 EN_VERDICT };
struct entry {
	uint32_t size;               /* all of it */
	uint16_t type;               /* enum entrytype */
	uint16_t pieces;
	uint64_t time;
};
enum how { HELLO_START, HELLO_FORK, HELLO_VFORK, HELLO_EXEC, HELLO_THREAD, HELLO_ATTACH };
struct en_hello {                   /* the first of a thread; pieces: its program's path (at 0), its arguments */
	struct entry r;
	int32_t pid, tid, ppid;
	uint16_t pers, how;
	uint32_t argc, envc;
	uint64_t args;
};
struct en_enter {                   /* pieces: what goes in */
	struct entry r;
	uint32_t nr;
	uint8_t tab, late;           /* late: recorded together with its exit, there was no room before */
	uint16_t n;                  /* registers that are there: even, at most 8 */
	uint64_t rip;
	int64_t raw[];
};
struct en_exit {                     /* pieces: what came out. INJECTED: the result is not the call's own */
	struct entry r;
	int64_t rv, rv2;
};
struct en_signal {
	struct entry r;
	int32_t sig, pad[3];
	siginfo_t info;
};
struct en_end {
	struct entry r;
	int32_t status;              /* exit code, or 0x100 | our signal number */
	uint32_t whole;              /* the process, not the thread alone */
	uint64_t pad;
};
struct en_dropped { struct entry r; uint64_t n, pad; };
struct en_sites { struct entry r; uint32_t rewritten, left; uint64_t pad; };      /* of the session, by the drainer, last */
struct en_past {                     /* a call of Linux past the translator, from the supervisor; pieces: what goes in */
	struct entry r;
	uint32_t nr, pad;
	uint64_t ip;
	int64_t raw[6];
};
_Static_assert(sizeof(struct entry) == 16 && sizeof(struct en_hello) == 48 && sizeof(struct en_enter) == 32, "format");
_Static_assert(sizeof(struct en_exit) == 32 && sizeof(struct en_signal) % 16 == 0, "format");

/* what follows a record's head, `pieces` times, each at a multiple of 8 */
enum { PIECE_MEM, PIECE_FD, PIECE_SOCK, PIECE_COUNT, PIECE_FRAME, PIECE_STACK, PIECE_CPU };
struct piece {
	uint64_t at;                 /* MEM: the guest's address. FD, SOCK: descriptor. COUNT: address of what is counted.
				      * CPU (of a call's begin and end, at 0): the thread's processor time, ns */
	uint32_t len;
	uint16_t kind;
	uint16_t cut;                /* there was more of it */
	char bytes[];
};
struct stack_piece {                 /* of a PIECE_STACK, whose at is rip */
	uint64_t reg[17];            /* as DWARF numbers them: rax rdx rcx rbx rsi rdi rbp rsp r8..r15 rip */
	char bytes[];                /* from rsp up */
};
