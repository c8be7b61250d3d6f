/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Snapshots (guise snapshot, guise restore): what the guest's process and the tool outside share. The tool is the same
 * program at the same place, so it finds snapshot_point by its own address; the records below travel through the file
 * (docs/SNAPSHOT.md) and are read again as a stranger's bytes: loader/restore.c checks them before they are used. All
 * signal numbers and sets are ours, all addresses the guest's.
 */
#pragma once
#include "guise.h"

#define SNAPSHOT_MAGIC 0x746f687370616e73ull
enum { SNAP_ASKED, SNAP_BUSY, SNAP_READY, SNAP_REFUSED };        /* snapshot_point.told */

/* A machine's memory and disk, which the tool reads itself; memory 0: the guest is a process */
struct snapshot_machine {
	void *ram;
	uint64_t memory, disk_bytes;     /* disk_bytes 0: it has none */
	int disk, over;                  /* its file, and the file that has what was written, sector by sector, where ... */
	uint8_t *changed;                /* ... this has a bit */
	uint32_t layout;                 /* counts changes of what its parts look like */
};

struct snapshot_point {
	uint64_t magic;
	struct proc *proc;               /* NULL: no guest yet */
	const char *name;                /* --name, or NULL */
	volatile int by;                 /* who asks; the guest goes on by itself when that process is gone */
	volatile int pid;                /* which process is meant: a forked child has a copy of these words */
	volatile uint32_t want;          /* every thread is to stop */
	volatile uint32_t parked;        /* how many have */
	volatile uint32_t told;          /* SNAP_*: set to SNAP_ASKED by the tool, to the others by a thread that has stopped */
	void *state;                     /* the records, once READY */
	uint64_t state_size, state_room;
	char why[256];                   /* when REFUSED */
	struct snapshot_machine machine;
};
extern struct snapshot_point snapshot_point;

/* The engine's part of a thread: what is not in struct regs */
struct engine_regs { uint64_t fs, gs, xcr0; uint8_t xsave[4096]; };

/* --- the records: a head, then size bytes, then zeroes up to a multiple of 8 ---------------------------------------- */
enum {
	SNAP_PROC = 1, SNAP_ACT, SNAP_THREAD, SNAP_PENDING, SNAP_TIMER, SNAP_OBJECT, SNAP_KNOTE, SNAP_PART, SNAP_TASK,   /* of the guest's process */
	SNAP_BOUND, SNAP_KEPT,
	SNAP_SIGNAL = 32, SNAP_MAP, SNAP_FD, SNAP_PIPE, SNAP_OPTION, SNAP_LIMIT, SNAP_HOST, SNAP_EPOLL, SNAP_MACHINE,
	SNAP_OWNER, SNAP_SOCKOPT, SNAP_SHM, SNAP_TREE, SNAP_PAIR, SNAP_LOCK,                                                /* of the tool */
};
struct snap_head { uint32_t kind, size; };

struct snap_proc {
	char pers[16], comm[32];
	char exe[4096];
	int32_t pid, ppid;               /* as the guest knows them */
	uint32_t osrel, setugid, argc, envc, auxv_len, threads;
	uint64_t fd_soft, fd_hard;
	uint64_t brk_start, brk_now, brk_max, stack_lo, stack_hi, args, args_end, env, env_end, auxv, ps;
	uint64_t own[4];                 /* the personality's words (personality.proc_saved) */
	int64_t itimer[3][4];            /* interval and value, seconds and microseconds */
	int64_t monotonic, realtime;     /* when, in ns */
	int32_t dumpable, subreaper, no_thp;
	uint32_t membarrier;             /* what it is registered for */
};
struct snap_act { uint32_t sig, pad; uint64_t handler, flags, mask[2], tramp; };
struct snap_thread {
	int32_t tid, host;               /* as the guest knows it, in host terms; as the host did */
	uint32_t poked, flags, alt_flags, zero;
	uint64_t alt_base, alt_size, clear_tid, robust;
	uint64_t mask[2];
	uint64_t left_at;                /* not 0: the sleep that is called from here has this left, in ns */
	int64_t left;
	uint64_t own[8];                 /* the personality's words (personality.thread_saved) */
	char comm[16];
	struct regs regs;
	struct engine_regs engine;
};
struct snap_task {                   /* of a thread: what the host keeps for it; the first words as sched_getattr has them */
	struct { uint32_t size, policy; uint64_t flags; int32_t nice; uint32_t priority; uint64_t runtime, deadline, period; } sched;
	int32_t tid, pdeathsig, nnp, keepcaps, secure, ioprio;
	uint64_t slack, persona;
	uint8_t cpus[128];               /* those that it may run on, a bit each */
};
struct snap_limit { uint32_t which, zero; uint64_t soft, hard; };
struct snap_pending { int32_t tid; uint32_t sig; uint64_t info[6]; };    /* tid 0: the process's */
struct snap_timer { int32_t id, clock, notify, sig, tid, pad; uint64_t value; int64_t interval[2], left[2]; };
struct snap_object { int32_t fd; uint32_t saved; uint64_t word; char kind[24]; };        /* fdops.saved */
struct snap_knote {                      /* kev: as the core has a kevent; the first descriptor of its kqueue */
	int32_t fd;
	uint32_t state, sfflags, fired;
	int64_t sdata, left;
	uint64_t period;
	uint64_t kev[8];
};

struct snap_bound { uint64_t lo, hi; uint32_t most, zero; };     /* mprotect may go so far there (personality.bound_restored) */
struct snap_kept { char text[128]; };    /* what its system keeps over exec (personality.kept) */

struct snap_part { char name[16]; uint8_t bytes[]; };        /* of a machine: processor, devices, ... */
#define PART_MOST (1u << 20)

/* A machine as loader/restore_machine.c has it ready, for personality.machine_restored */
struct snap_machine_parts {
	struct snapshot_machine m;       /* of this process */
	const struct snap_part *const *part;
	const uint32_t *size;            /* of each one's bytes */
	unsigned n;
};

/* --- in the guest --------------------------------------------------------------------------------------------------- */
static inline bool snapshot_due(const struct thread *t)
{
	return __builtin_expect(snapshot_point.want, 0) && snapshot_point.pid == t->p->pid && !t->vforked;
}
void snapshot_park(struct thread *, bool asleep);   /* stay until the tool lets go; asleep: in a call, which begins again */
void snapshot_arrived(struct thread *, bool outside);        /* in the host handler: somebody wants us to stop */
bool snapshot_stop(struct thread *, long long *g);  /* in the host handler, our code interrupted at g: turned back or parked */
void snapshot_start(struct proc *);
void *snapshot_room(uint32_t kind, size_t size);     /* a record, zeroed, while the state is written; NULL: no memory */
long snapshot_part(const char *name, const void *, size_t);

/* A sleep of the guest's call in progress counts down in *left, which a snapshot may take; and was that call, in another
 * process, under way already? Then what was left there. */
static inline void sleep_counts(struct thread *t, struct timespec *left) { t->left = left; t->left_end = false; }
static inline void sleep_ends(struct thread *t, struct timespec *end) { t->left = end; t->left_end = true; }  /* on the monotonic clock */
#define SLEEP_FOREVER 0x100000000l       /* seconds: without an end */
bool sleep_resumed(struct thread *, struct timespec *left);

/* --- alias.c: numbers of processes and threads that a restored guest still knows ------------------------------------- */
struct alias { volatile int told, host; };
extern struct alias *aliases;
extern unsigned n_aliases;
long alias_add(int told, int host);
int alias_host(int told);                /* as passed by the guest; itself where nothing is known */
int alias_told(int host);
void alias_end(int host);               /* that thread has ended */
void alias_in(struct call *);
void alias_out(struct call *);
