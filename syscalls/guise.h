/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The whole vocabulary of the translator, in reading order: addresses, the row, the call, the thread, the process,
 * the personality and the engine. Everything under syscalls/ and personalities/ includes this file and nothing of libc
 * but constants and struct layouts: this code runs while the GUEST's thread pointer and vector registers are loaded, so
 * it is built with -mgeneral-regs-only, may not call libc (the link checks it) and makes its host calls through host.h.
 *
 * Results are >= 0 or -errno in HOST numbers until personality->store spells them for the guest.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <sys/socket.h>
#include "names.h"

#define must_check __attribute__((warn_unused_result))
#define JOIN(section_) __attribute__((used, section(section_), aligned(8)))
/* Where what a fork looks at lies together, so that it costs parent and child one page and not one each */
#define FORKED __attribute__((section("guise_forked")))
/* Large tables of which most is never touched: apart, so that all that is small lies on a few pages */
#define SPARSE __attribute__((section(".bss.sparse")))
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define PAGE 4096ul
#define PAGE_DOWN(x) ((x) & ~(PAGE - 1))
#define PAGE_UP(x) (((x) + PAGE - 1) & ~(PAGE - 1))

typedef uint64_t uaddr;              /* an address as the guest wrote it: an integer, never dereferenced */
typedef unsigned __int128 sigbits;    /* bit n-1 is signal n in OUR numbering: 1..64 the host's, 65..128 have no host twin */

struct thread;
struct timespec;
struct call;
struct proc;
typedef long sysfn(struct call *);   /* >= 0, -errno, or one of the special results below */

/* Special results: never seen by a guest. */
#define SYS_RESTART  (-512)          /* nothing was done; deliver the signal, then the guest makes the call again */
#define SYS_NORETURN (-513)          /* the guest's registers are already what they must be (sigreturn, exec) */

/* --- the row ------------------------------------------------------------------------------------------------------- */
enum argkind {
	A_NONE, A_PAD,
	A_INT, A_UINT, A_LONG, A_ULONG, A_HEX, A_OCT, A_SIZE, A_OFF, A_ADDR, A_PTR, A_PID, A_UID, A_DEV,
	A_FD, A_ATFD, A_SIG, A_SET, A_ENUM, A_SUB,         /* translated before the handler sees them */
	A_PATH, A_STR, A_STRV,                              /* NUL-terminated text, vector of them */
	A_IN, A_OUT, A_INOUT,                               /* one record, .what names it */
	A_INV, A_OUTV, A_INOUTV,                            /* .len records in a row */
	A_INBUF, A_OUTBUF,                                  /* bytes; .len names the argument that counts them */
	A_IOVIN, A_IOVOUT,                                  /* iovec[.len] */
	A_SOCKIN, A_SOCKOUT,                                /* socket address, .len names its length (or a pointer to it) */
	A_SIGSETIN, A_SIGSETOUT,
};
enum { INT_PLAIN, INT_SOLEVEL, INT_SOOPT, INT_MAPFD };       /* what an A_INT is */
enum { PID_ANY, PID_SELF };
enum { END_PLAIN, END_INCAP, END_NOTINCAP };         /* what the A_NONE behind the last argument says: row.h */
enum retkind {
	R_NOTHING, R_INT, R_UINT, R_FD, R_SIZE, R_LONG, R_ADDR, R_HEX, R_OCT, R_OFF, R_PID, R_PAIR,
	R_ERRNO,                                            /* 0, or an error as the result of a call that succeeds */
};
enum level { L_NONE, L_FULL, L_PART, L_STUB, L_NOSYS, L_GONE };  /* GONE: nor has any kernel of this system */

struct arg {
	const char *name;
	uint8_t kind;            /* enum argkind */
	uint8_t what;            /* enum set, rec, sub or right, by kind; A_INT: INT_*; A_PID: PID_*; A_NONE: END_* */
	bool wide;               /* a set or value of 64 bits, not of an int's 32 */
	const char *len;         /* name of the argument of the same row that counts this one, or NULL */
};
/* a set or value as the guest's kernel takes it off the register */
static inline uint64_t arg_value(const struct arg *a, long raw) { return a->wide ? (uint64_t)raw : (uint32_t)raw; }
struct row {
	const char *name;        /* NULL: no such call */
	sysfn *fn;               /* NULL only where level is L_NOSYS */
	uint8_t ret;             /* enum retkind */
	uint8_t level;           /* enum level */
	const char *note;        /* what is missing or why it is missing; NULL only for L_FULL */
	const char *by;          /* the handler's name: what the call means, in words that no system owns; for those who compare */
	struct arg arg[8];       /* ends at the first A_NONE */
};
struct systab {                      /* rows indexed by number */
	const char *name;
	const struct row *row;
	unsigned n;
};
struct subrow { uint64_t nr; struct row row; };
struct subtab {                      /* one level down: fcntl commands, ioctl requests, ...; any order */
	const char *name;
	const struct subrow *row;
	unsigned n;
};

/* --- scalars: one table translates both ways and names the value in the trace --------------------------------------- */
struct bit {
	uint8_t set;             /* enum set */
	const char *name;        /* as the guest's headers spell it */
	uint64_t gmask, gval;    /* guest: (x & gmask) == gval */
	uint64_t hmask, hval;    /* host, or a bit of ours above 2^32 (ext.h) */
};
struct record {                      /* one struct, in the guest's layout and in ours */
	const char *name;
	uint32_t gsize, hsize;
	void (*get)(const void *guest, void *host);          /* NULL: the layouts are the same */
	void (*put)(const void *host, void *guest);
	bool whole;              /* put writes every byte and reads none: into the guest's memory itself */
};

struct rights { uint64_t w[2]; };    /* what a descriptor may be used for, as the guest spells it: confine.h */

/* --- one call -------------------------------------------------------------------------------------------------------- */
struct call {
	struct thread *t;
	const struct row *row;
	unsigned tab, nr;
	long raw[8];             /* as the guest passed them */
	long arg[8];             /* in host terms */
	long rv, rv2;            /* result; second result register where the system has one */
	bool has_rv2;
};

/* --- the guest's general registers (entry.S knows these offsets) ------------------------------------------------------ */
struct regs {
	uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, r8, r9, r10, r11, r12, r13, r14, r15, rip, rflags;
};

/* --- signals ---------------------------------------------------------------------------------------------------------- */
struct sigact {                      /* what the guest asked for, in our numbering */
	uaddr handler;           /* 0 default, 1 ignore */
	uint64_t flags;          /* SA_* of the host */
	sigbits mask;
	uaddr tramp;             /* the guest's own return path, where its system has one */
};
struct sigalt { uaddr base; uint64_t size; uint32_t flags; };
struct sigpend {                     /* one signal on its way to the guest */
	int sig;                 /* 0: none */
	bool caused;             /* by the guest's own instruction: a fault, not something that was sent */
	siginfo_t info;
	uint64_t trapno, err, cr2;
};

/* --- one guest thread. %gs points here while guest or handler code runs ----------------------------------------------- */
struct thread_traced {
	volatile uint32_t parked;    /* it stands still, or cannot run: what is in regs is whole */
	volatile uint32_t suspended; /* ... and goes on when the tracer has taken this back */
	uint32_t flags;          /* STOP_* of the call that it is in, or of its beginning */
	uint32_t changed;        /* TR_*: by the tracer, to be loaded */
	uint32_t nr;             /* the call in which it began, where there is no call */
	int child;               /* of the fork that is to be told */
	const struct row *row;   /* of nr */
	void *fpu;               /* while it is parked: its vector state, and its fs base */
	uint64_t fs;
	volatile bool waits;     /* for children: to be told that a tracee has something to tell */
	volatile bool news;      /* told */
	volatile bool gone;      /* its end is told, though it waits here for the process's end or exec */
};
enum { TR_FPU = 1, TR_FS = 2 };
struct pace {                        /* pace.c: of signals of timers */
	int64_t since;           /* when the last was delivered, or (not open) its handler was over; nanoseconds */
	int64_t took, idle;      /* from one to the other; and what passes between two that leave no time at all */
	uint64_t regs;           /* a fingerprint of the guest's registers behind that handler */
	sigbits sig, held;       /* its bit; what the host holds back though the guest does not */
	int timer;               /* 1 + the host's timer that ends this, or 0 */
	uint8_t poor;            /* so often in a row the code between two had next to no time */
	bool open;               /* its handler is not over */
};
struct thread {
	struct thread *self;     /* 0   for "mov %gs:0, %rdi" */
	uint64_t stack;          /* 8   top of our stack; every entry begins there */
	volatile uint32_t attn;  /* 16  set: do not block, do not leave; thread_attend has work */
	volatile uint32_t inside;/* 20  1 from entry to exit */
	struct regs regs;        /* 24  the guest's, valid while inside */
	uint32_t poked;          /* 168 the next call that may sleep answers EINTR instead; the thread's own; syscall_enter clears */
	uint32_t wait_nr;        /* 172 the host call that host_wait makes */
	void (*entry)(void);     /* 176 entry_jump: rewritten call sites jump through it */
	void (*leave)(void);     /* 184 how the engine leaves to the guest, regs being final; NULL: natively (entry.S) */
#define LOOK_FIRST 8             /* a program that makes three calls and ends is not worth one */
	uint32_t look;           /* 192 calls until the engine is asked to look at what it has (engine->look) */
	struct proc *p;          /* 200 */
	uint64_t entry_nr;       /* 208 rax as it was at the syscall instruction, for restarts */
	uint64_t entry_rip;      /* 216 where a direct call returns to (direct.c) */
	uint64_t guard;          /* 224 our stack where a fault of ours is expected (mem_guarded), or 0 */
	/* entry.S knows nothing below this line */
	uint64_t fs, tls;        /* fs base to load at start; unused later (the guest owns fs) */
	volatile int tid;        /* host thread id; the kernel clears it when the thread is gone */
	sigbits sigmask;          /* what the guest believes to be blocked */
	sigbits savedmask;        /* to be restored by the next delivery (sigsuspend) */
	bool has_savedmask;
	bool vforked;            /* runs in its parent's memory */
	struct sigalt altstack;
	struct sigpend pend;     /* filled by the host handler, emptied by thread_attend */
	volatile uint32_t turn;  /* the last broadcast it took part in */
	sigbits sigwait;         /* what it waits for in a call, blocked or not; its own, others read it */
	struct call *call;       /* the call in progress, or NULL */
	uaddr robust, clear_tid; /* guest words to act on at exit, by personalities that have them */
	uaddr rseq;              /* ... and what the host writes to until it is told to forget it, */
	uint32_t rseq_len, rseq_sig;     /* with what it was told of */
	void (*helper)(struct thread *); /* what a thread of ours does, which is none of the guest's (thread_help), or NULL */
	void *priv;              /* the personality's own per-thread data */
	volatile uint32_t go;    /* a new thread waits for this before it becomes a guest */
	char *altmem;            /* our own alternate stack, where host signals arrive */
	struct ring *ring;       /* where it is recorded (observe/ring.h), or NULL; its own only if the tid there is ours */
	uint8_t telling;         /* the call in progress: enum telling of observe/trace.c */
	uint8_t injected;        /* 1 + the injection that the call in progress is under, or 0 */
	bool inject_done;        /* the call of it that comes next is the same one, made again */
	uint32_t flags;          /* the personality's */
	uint8_t judging;         /* the call in progress: a policy judges its paths and addresses (observe/audit.c) */
	uint8_t judged;          /* ... and did */
	uint16_t denied;         /* ... and refused it: errno of the host */
	int fault_sig, fault_code;       /* why its last access to the guest's memory failed (mem_move and its kin) */
	struct vcpu *vcpu;       /* where its guest runs, under the engine kvm */
	struct thread_traced tr; /* of a process that another guest debugs, or that debugs others: tracing.h */
	uint8_t parked;          /* it has stopped for a snapshot: 1, in a call that begins again: 2 (snapshot.c); its own */
	struct timespec *left;   /* what its sleep counts down, or NULL; its own, read by a snapshot */
	bool left_end;           /* ... or when it ends, monotonic */
	struct { int32_t pdeathsig, nnp, keepcaps, secure; uint64_t slack, persona; } prctls;   /* stopped: what only it can ask */
	uint64_t left_at;        /* restored: the sleep called from here goes on with ... */
	int64_t left_ns;         /* ... this; its own */
	struct pace pace;
	void (*begin)(struct thread *);  /* what a restored thread does first, or NULL */
	uint8_t iopl;            /* machine/privilege.h: the I/O privilege that its system gave it, virtual; its own */
	bool held_back;          /* ... and its (virtual) interrupt flag is clear */
	uint8_t *ports;          /* ... and single ports, a bit each; NULL: none was ever asked for */
	/* The last that it wanted changed of what is mapped, and by which row's call: in such a one, others let that be (change.c). */
	struct { const struct row *row; uaddr lo[2], hi[2]; } changing;
};

/* --- one guest process; a vfork child has its own copy ---------------------------------------------------------------- */
struct broadcast {                   /* a call that every thread makes (thread.c) */
	volatile uint32_t lock;          /* one at a time; and no thread is born meanwhile */
	volatile uint32_t turn, done;    /* counts broadcasts; changes when a thread is through */
	long (*fn)(void *);
	void *arg;
	volatile long failed;
};
struct proc {
	const struct personality *pers;
	const struct engine *engine;
	struct options *opt;     /* how we were started; read-only */
	struct pending *pending; /* signals that the host cannot keep for us (pending.c) */
	struct space *space;     /* shared by all that share memory */
	struct fdtab *fds;       /* descriptors that are more than their host descriptor (fd.c) */
	struct paths *paths;     /* root, binds (path.c) */
	void *priv;              /* the personality's own per-process data */
	int pid, ppid;
	int fd_base;             /* host descriptors >= this are ours; the guest never gets or sees one. entry.S knows it, and */
	union {                  /* this: not 0: dispatch takes the slow way */
		struct {
			bool observed;   /* somebody traces or counts */
			bool limited;    /* this process or one of its descriptors has given up rights: confine.h */
			bool debugged;   /* it has a tracer: traced */
			bool renamed;    /* it knows itself and its threads by other numbers than the host's: alias.c */
			bool told_all;   /* whoever observes must see every call, or says so first; else `asked` tells which. entry.S
					  * reads it with the three before it: not 0, and no call is direct (direct.c) */
		};
		uint32_t slow;
	};
	uint64_t fd_limit;       /* descriptors the guest may have: fd_soft or fd_base */
	uint64_t fd_soft, fd_hard;       /* its RLIMIT_NOFILE as it sees it */
	uint32_t osrel;          /* the release the program was made for, as its note says, or 0 */
	volatile uint32_t siglock;
	volatile uint32_t nthreads;
	volatile uint32_t helpers;       /* threads of ours besides (thread_help) */
	int head_status;         /* of its first thread, once that has ended: the process's, if all end one by one */
	volatile uint32_t signals_taken; /* how many handlers of the guest were begun */
	void (*signal_seen)(struct proc *, int sig);     /* told of every signal in sig_watch, from the host handler */
	volatile uint64_t sig_watch;     /* signals to be seen even when blocked or ignored; bit n-1 */
	const uint64_t (*asked)[16];     /* by table: the calls that somebody observes, unless told_all (observe/trace.c) */
	struct traced *traced;   /* by another guest: tracee.c; or NULL */
	bool confined;           /* it has given up naming things (capability mode) */
	bool watched;            /* somebody traces: what the guest starts stays with us, its end is told */
	int told_pid;            /* the process whose beginning was recorded; a child's copy has its parent's */
	bool setugid;
	bool forked;             /* began as a copy, and no image was loaded since */
	bool fds_full;           /* perhaps: the last number that the guest may have is, or may be, in use */
	bool execs;              /* its host is about to run another image in its place */
	bool shares_files;       /* forked without descriptors of its own: to close one closes the parent's */
	struct broadcast all;
	/* what changes with every fork lies above, on one page with the rest of that (FORKED) */
	struct sigact act[129];  /* by signal number; under siglock */
	char exe[4096];          /* host path of the guest's program */
	char comm[32];
};
struct space {                       /* one address space */
	volatile uint32_t lock;
	volatile bool sealed;            /* no code of the guest can make a call unseen (engines/seal.c) */
	uaddr brk_start, brk_now, brk_max;
	struct { uaddr lo, hi; } ours[48];/* ranges that are not the guest's */
	unsigned n_ours;
	uint64_t closed;         /* bit i: ours[i] begins with a hole, or is one */
	struct { uaddr lo, hi; uint8_t prot; } code[4];  /* what the loader has mapped of files to be executed, while it is small */
	unsigned n_code;
	void (*claimed)(uaddr lo, uaddr hi);     /* the engine's, or NULL: told what has become ours since the start */
	uaddr stack_lo, stack_hi;        /* the first thread's stack */
	uaddr args, args_end, env, env_end, auxv, ps;    /* where the first stack keeps them */
	unsigned auxv_len, argc, envc;
};
/* Every call of this process is to be looked at, not those alone that somebody asked for: three bytes of `slow`, and told_all. */
static inline uint32_t proc_barred(const struct proc *p)
{
	uint32_t all;
	__builtin_memcpy(&all, &p->limited, sizeof all);
	return all;
}

#include "personality.h"                              /* what a personality is */
#include "engine.h"                                   /* what an engine is */

/* --- dispatch.c ------------------------------------------------------------------------------------------------------------ */
void syscall_enter(struct thread *);                 /* the only door; every engine calls it, on our stack */
_Noreturn void syscall_run(struct thread *);         /* the same for entry.S: leaves by exit_begin */
void syscall_answered(struct thread *);              /* a direct call's result, in regs.rax, that the guest cannot have as it is */
long call_run(struct call *);                        /* translate, observe, handle: one call already fetched */

/* --- direct.c: handlers that are one host call and nothing else where it succeeds ------------------------------------------ */
struct direct {
	sysfn *fn;               /* the handler; whatever it does besides, it does with what `failed` is told */
	int nr;                  /* the host's call, with the guest's own arguments: what the host takes as an int, the row does */
	long (*failed)(struct call *, long rv);      /* what the handler makes of an error, or NULL */
	const volatile int *unless;                  /* not while this is not 0; or NULL */
};
#define DIRECT(fn_, ...) static const struct direct fn_##_joins JOIN("guise_direct") = { fn_, __VA_ARGS__ }
const struct direct *direct_find(const struct row *);        /* NULL: it is not such a call */
void direct_open(struct call *);                     /* from now on its rewritten sites make the host's call themselves */
void direct_close(const uint64_t *nrs);              /* ... but not these: a bit each, read from now on; all others may again */
bool direct_turned(struct thread *, long long *g, bool restart);     /* in the host handler, something being due: g stands in the
							      guest now. false: it goes on where it is put, and tells */

/* --- dispatch.c: calls that are answered from the guest's registers, once the whole way was gone ------------------------------- */
struct quick {
	sysfn *fn;               /* the handler of the whole way */
	bool (*run)(struct thread *, const struct row *, long a, long b, long c, long d);    /* the first arguments, as passed. true:
							      made, and its result is 0; false: it is as if not made, the whole way knows */
};
#define QUICK(fn_, run_) static const struct quick fn_##_joins JOIN("guise_quick") = { fn_, run_ }

/* --- xlate.c: scalars both ways ------------------------------------------------------------------------------------------- */
void xlate_start(const struct personality *);
long must_check set_to_host(const struct personality *, unsigned set, uint64_t guest, uint64_t *host);
uint64_t set_to_guest(const struct personality *, unsigned set, uint64_t host);
const struct row *sub_find(const struct personality *, unsigned sub, uint64_t nr);
int errno_to_guest(const struct personality *, int err);
int sig_to_host(const struct personality *, long guest);     /* 0: no such signal */
int sig_to_guest(const struct personality *, int sig);
/* every bit of the set that x holds, by name: returns the length, as fmt does */
size_t set_print(const struct personality *, unsigned set, uint64_t guest, char *buf, size_t n);

/* --- mem.c: the guest's memory ---------------------------------------------------------------------------------------------- */
long must_check copy_in(void *dst, uaddr src, size_t n);     /* 0 or -EFAULT */
long must_check copy_in_any(void *dst, uaddr src, size_t n); /* ... or ours, which the guest did not name */
long must_check copy_out(uaddr dst, const void *src, size_t n);
long must_check copy_str(char *dst, uaddr src, size_t n);    /* length without NUL, -EFAULT, -ENAMETOOLONG */
void mem_far(long (*read)(void *dst, uaddr src, size_t n));  /* copy_in and copy_str are of another process: by this */
void mem_far_out(long (*write)(uaddr dst, const void *src, size_t n));       /* ... and copy_out; without, it fails */
long must_check arg_get(struct call *, int i, void *host);   /* record of argument i -> host struct */
long must_check arg_put(struct call *, int i, const void *host);
long must_check rec_get(struct thread *, unsigned rec, uaddr src, void *host);
long must_check rec_put(struct thread *, unsigned rec, uaddr dst, const void *host);
/* words that others change at the same time (mem_atomic.S): one access; 0 or -EFAULT; a swap was made where *seen == old */
extern bool box_closed;                              /* box.c: the guest is kept from our memory in its calls, too */
bool box_hides(uaddr, uint64_t len);
#define MEM_WORD(name, ...) long must_check raw_##name(uaddr, ##__VA_ARGS__)
MEM_WORD(load32, uint32_t *);
MEM_WORD(load64, uint64_t *);
MEM_WORD(store32, uint32_t);
MEM_WORD(store64, uint64_t);
MEM_WORD(cas32, uint32_t, uint32_t, uint32_t *);
MEM_WORD(cas64, uint64_t, uint64_t, uint64_t *);
static inline bool mem_hidden(uaddr a, uint64_t n) { return __builtin_expect(box_closed, false) && box_hides(a, n); }
static inline long must_check mem_load32(uaddr a, uint32_t *v) { return mem_hidden(a, 4) ? -14 : raw_load32(a, v); }
static inline long must_check mem_load64(uaddr a, uint64_t *v) { return mem_hidden(a, 8) ? -14 : raw_load64(a, v); }
static inline long must_check mem_store32(uaddr a, uint32_t v) { return mem_hidden(a, 4) ? -14 : raw_store32(a, v); }
static inline long must_check mem_store64(uaddr a, uint64_t v) { return mem_hidden(a, 8) ? -14 : raw_store64(a, v); }
static inline long must_check mem_cas32(uaddr a, uint32_t old, uint32_t new, uint32_t *seen)
{
	return mem_hidden(a, 4) ? -14 : raw_cas32(a, old, new, seen);
}
static inline long must_check mem_cas64(uaddr a, uint64_t old, uint64_t new, uint64_t *seen)
{
	return mem_hidden(a, 8) ? -14 : raw_cas64(a, old, new, seen);
}
bool mem_is_ours(struct space *, uaddr lo, uint64_t len);
bool mem_claim_try(struct space *, uaddr lo, uaddr hi);      /* this range is ours from now on; false: too many are */
void mem_claim(struct space *, uaddr lo, uaddr hi);          /* ... or die */
#define MEM_HOLE (64 * 1024ul)                       /* of address space below each range of ours, where the guest is kept from us */
long mem_map(struct space *, uint64_t len, int prot, int flags, int fd, uint64_t at);       /* claimed; as the host's mmap */
/* Told to the engine before the guest changes what is mapped there, or what it may do with it; len 0: not there, but ... */
enum {
	CHANGE_GONE = 1,         /* it will be unmapped or mapped over */
	CHANGE_EXEC = 2,         /* something may become executable, or code be shared with a process of its own */
	CHANGE_UNSEEN = 4,       /* from now on code may change without our being told */
};
void mem_changes(struct thread *, uaddr lo, uint64_t len, unsigned how);

/* --- arena.c: our own memory ------------------------------------------------------------------------------------------------- */
void *mem_alloc(size_t);                             /* zeroed; NULL when none is left. Any size; freed with the same size */
void mem_free(void *, size_t);

/* --- lock.h ------------------------------------------------------------------------------------------------------------------ */
#include "lock.h"

/* --- thread.c ---------------------------------------------------------------------------------------------------------------- */
struct thread *thread_new(struct proc *);            /* block, stacks; -ENOMEM as NULL */
void thread_free(struct thread *);                   /* one that never ran */
/* Start a host thread that begins at child->regs in the guest with fs base child->fs. Returns its tid or -errno.
 * before(child, tid) runs in the parent before the child may run guest code; NULL: nothing to do. */
long thread_spawn(struct thread *child, void (*before)(struct thread *, int tid));
/* A thread of ours, for what must go on while the guest does something else: it takes no signal of the guest's and is told
 * to nobody. fn never returns. 0 or -errno. */
#define THREAD_HELPER "guise-helper"                 /* its name for the host: others leave it out of what they count */
long thread_help(struct proc *, void (*fn)(struct thread *));
void thread_exit(struct thread *, int status) __attribute__((noreturn));   /* this thread only */
void thread_attend(struct thread *);                 /* signals due, from dispatch and entry.S */
static inline struct thread *thread_self(void)
{
	struct thread *t;
	__asm__("mov %%gs:0, %0" : "=r"(t));
	return t;
}
/* fn runs on every other thread of the process, wherever it is (asleep, too), before this returns: the first error, or 0.
 * In the host handler: fn may do little more than make host calls. For systems with a carrier (carrier.c) only. */
long thread_broadcast(struct thread *, long (*fn)(void *), void *arg);
struct thread *thread_next(struct proc *, unsigned *i);      /* those of this process, from *i = 0; from the host handler, too */
void threads_start(struct space *);                  /* reserve our memory; before the first thread_new or mem_alloc */
void thread_begin(struct thread *) __attribute__((noreturn));              /* the first thread becomes a guest */

/* --- proc.c ------------------------------------------------------------------------------------------------------------------ */
enum { FORK_VM = 1, FORK_VFORK = 2, FORK_FILES = 4, FORK_DROPSIG = 8 };      /* FILES: share the descriptor table;
							      DROPSIG: the child's handlers are reset */
long proc_fork(struct thread *, unsigned flags, uaddr child_stack, int exit_signal);     /* child pid; the child sees 0 */
long proc_exec(struct thread *, int dirfd, const char *guestpath, uaddr argv, uaddr envv);   /* path "": dirfd itself */
void proc_exit(struct thread *, int status) __attribute__((noreturn));
bool proc_alone(const struct thread *);              /* nobody shares its memory or its descriptors: no thread, no process */
/* A lock that a forked child needs whole: taken for the host call, outside of all others; free in the child. */
#define FORK_LOCK(l) static volatile uint32_t *const l##_joins JOIN("guise_forklocks") = &(l)
/* In a forked child, before anything of the guest: fn runs; only where the word (FORKED) is not 0; a lock is free again.
 * What nobody needs is neither called nor touched: each page that is costs a child more than all of its code. */
struct atfork { void (*fn)(struct proc *); const volatile void *word; size_t size; };
#define AT_FORK(fn_) static const struct atfork fn_##_joins JOIN("guise_atfork") = { .fn = fn_ }
#define AT_FORK_IF(fn_, word_) static const struct atfork fn_##_joins JOIN("guise_atfork") = { fn_, &(word_), sizeof(word_) }
#define AT_FORK_FREE(lock_) static const struct atfork lock_##_joins JOIN("guise_atfork") = { .word = &(lock_) }

/* --- segment.c: the base of the guest's fs, wherever the engine has it --------------------------------------------------------- */
uint64_t segment_fs(struct thread *);
long segment_fs_set(struct thread *, uint64_t);      /* -EPERM where no program may have it */

/* --- gate.c: from the guest's thread into ordinary C ------------------------------------------------------------------------ */
long gate(long (*fn)(void *), void *arg);            /* fn may use vector registers; one at a time in a process; the list of users: exec */
extern uint64_t *start_stack;                        /* entry.S: argc and all behind it, as the host laid them */
extern volatile uint32_t gate_lock;

#include "signals.h"                                  /* signal.c, carrier.c, fpu.c */

#include "files.h"                                    /* fd.c, path.c */

/* --- observe/ ------------------------------------------------------------------------------------------------------------------ */
void observe_start(struct proc *);
bool observe_enter(struct call *);                   /* true: it is answered already, c->rv is the result */
void observe_exit(struct call *);
void cover_row(struct thread *, unsigned table, uint64_t row, long rv);      /* observe/cover.h: rows that handlers look up */
void observe_exec(struct thread *, bool foreign);    /* right before the host's exec; foreign: into ourselves again */
void observe_signal(struct thread *, const struct sigpend *);
void observe_sites(unsigned rewritten, unsigned left);       /* so many more */
void observe_end(struct thread *, int status, bool whole);   /* exit code, or 0x100 | our signal number */
enum unknown { UNK_CALL, UNK_BITS, UNK_SUB, UNK_SYSCTL, UNK_OPTION, N_UNK };
void report_unknown(struct thread *, enum unknown, const char *what, uint64_t value);  /* counts; --strict ends here */
void report_end(struct thread *);

/* --- handlers/time.c: time without a kernel entry ---------------------------------------------------------------------------- */
struct timespec;
void time_start(uaddr vdso);                         /* where the host's vDSO lies */
long time_now(long clock, struct timespec *);        /* a clock of the host's; 0 or -errno */

#include "lib.h"
