/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One guest debugs another: stops, events, registers and memory, by a protocol of ours between the two processes. The
 * host's own ptrace has no part in it (docs/ARCHITECTURE.md says why), so it is the same on every engine.
 *
 *   tracee.c, stand.c, stops.c            the side that is debugged (traced.h): its threads stop, one of them tells the tracer
 *                                         and then serves its requests
 *   serve.c                               what is answered there
 *   tracer.c, tracer_wait.c, tracer_ask.c the side that debugs (tracees.h)
 *
 * All is in our terms: our signal numbers, the host's siginfo, struct regs. What a system calls these things is its
 * personality's.
 */
#pragma once
#include "guise.h"

enum {                           /* what besides signals stops a tracee */
	TRACE_EXEC = 1, TRACE_SCE = 2, TRACE_SCX = 4, TRACE_FORK = 8, TRACE_LWP = 16, TRACE_VFORK = 32, TRACE_ALL = 63,
};
enum {                           /* what a stop tells */
	STOP_SCE = 1,            /* within a call */
	STOP_SCX = 2,            /* at its end */
	STOP_EXEC = 4, STOP_FORKED = 8, STOP_CHILD = 16, STOP_BORN = 32, STOP_EXITED = 64, STOP_VFORKED = 128,
	STOP_VFORK_DONE = 256,
	STOP_SIGNAL = 512,       /* it is this thread that stopped the process */
	STOP_INFO = 1024,        /* there is a siginfo */
};

/* --- what goes over the socket: whole packets ------------------------------------------------------------------- */
enum trace_op {
	TELL_STOP,               /* a signal, b flags, tid; c the child of a fork */
	TELL_EXIT,               /* a the status word */
	ASK_INFO, ASK_THREADS, ASK_REGS, ASK_SETREGS, ASK_FPU,
	ASK_SETFPU,              /* a where in it */
	ASK_READ,                /* a address, b length */
	ASK_WRITE,               /* a address */
	ASK_SUSPEND,             /* a on or off */
	ASK_STEP,                /* a on or off */
	ASK_EVENTS,              /* a bits to take away, b bits to add: answered with what is then set */
	ASK_OURS,                /* ranges that are not the guest's: pairs */
	ASK_CALL,                /* make this call: a number, data arguments */
	ASK_CONTINUE,            /* a signal; b address or TRACE_HERE; c events to add */
	ASK_DETACH,              /* the same */
};
#define TRACE_HERE 1             /* where it stands */
#define TRACE_DATA 4096u
struct trace_packet {
	uint32_t op;
	int32_t tid;             /* whom it is about; 0: the one that stopped */
	int64_t rv;              /* of an answer: 0 and more, or -errno */
	uint64_t a, b, c;
	uint32_t len;            /* of data */
	uint32_t pad;
	uint8_t data[TRACE_DATA];
};
#define TRACE_HEAD offsetof(struct trace_packet, data)
struct trace_info {
	int32_t tid, child;
	uint32_t flags;
	uint32_t nr, nargs;      /* the call in progress or just ended; 0: none */
	int32_t err;             /* of it, the host's, or SYS_RESTART */
	uint64_t arg[8], rv[2];
	siginfo_t info;
	sigbits mask, pending;
	char name[20];
};
struct trace_regs { struct regs r; uint64_t fs; };
_Static_assert(sizeof(struct trace_info) <= TRACE_DATA && FPU_SIZE <= TRACE_DATA, "one packet");

/* --- of the side that is debugged: tracee.c, stand.c, stops.c ------------------------------------------------------------------------------------------------------- */
struct traced;                                       /* proc.traced */
long tracee_me(struct thread *);                     /* this process is its parent's to trace */
void tracee_attend(struct thread *);                 /* from thread_attend: stand still if it is asked; stops that are due */
bool tracee_signal(struct thread *, struct sigpend *);       /* tell one that is to be delivered; false: it is none any more */
bool tracee_enter(struct thread *);                  /* a call begins; true: the tracer may have changed it */
void tracee_leave(struct thread *, struct call *);   /* ... has ended, its results are in the registers */
void tracee_halted(struct thread *, bool ours, const long long *gregs, void *fpu);  /* in the host handler: our carrier came */
void tracee_asked(struct thread *, int tracer);      /* in the host handler: it wants to trace us */
void tracee_heard(struct thread *);                  /* in the host handler: is the tracer still there? */
void tracee_born(struct thread *self, struct thread *child);
void tracee_ends(struct thread *);                   /* this thread, not the last */
void tracee_single(struct thread *);                 /* the process ends, or executes: the others end before, and are told to */
void tracee_exits(struct thread *, int status);      /* the process: a status word */
bool tracee_follows(const struct proc *);            /* a fork's child is traced too */
void tracee_forks(struct thread *, int child);       /* in the parent */
void tracee_vforked(struct thread *, struct thread *child, int pid);  /* ... which waits for the child in here */
bool tracee_vfork_own(struct proc *, struct proc *child);    /* the parent waits itself; what of it is the child's */
void tracee_vfork_began(struct thread *);            /* in that child */
void tracee_remind(struct proc *);                   /* those who stand still are to look at proc.all */
void tracee_absent(struct thread *);                 /* it will sleep where nothing can stop it ... */
void tracee_back(struct thread *);                   /* ... and stands still for those who look meanwhile */
/* The next image cannot be traced: the exec is told now, the last of it. `program` is what will be executed. */
void tracee_leaves(struct thread *, int program);
size_t tracee_save(struct proc *, char *text, size_t n);     /* for the next image: what --traced takes, or 0; keeps its descriptor */
void tracee_load(struct proc *, const char *text);
int tracee_tracer(const struct proc *);              /* its pid, or 0 */
int tracee_tracer_of(int pid);                       /* ... of another guest, if it may be seen */
bool tracee_is(int pid);                             /* some process: is it traced? */
void tracee_catch(struct proc *);                    /* signal.c: every action as it has to be now */

/* serve.c: until it may go on; the signal that it goes on with, or -1: the tracer has let it go, with *sig */
enum serve_end { SERVE_CONTINUE, SERVE_DETACH, SERVE_GONE };
struct trace_stop { struct thread *who; unsigned flags; int child; bool has_info; siginfo_t info; };
enum serve_end trace_serve(struct thread *, int sock, const struct trace_stop *, uint32_t *events, struct trace_packet *, int *sig);

/* --- of the side that debugs: tracer.c, tracer_wait.c, tracer_ask.c ------------------------------------------------------------------------------------------------------- */
bool tracer_busy(const struct proc *);               /* a wait for children has more to look at than the host's */
long tracer_wait(struct thread *, int idtype, long id, long flags, siginfo_t *, void *rusage, bool trapped);
long tracer_attach(struct thread *, int pid);
/* One request to the tracee that pid is, or a thread of which is: the answer is in the same packet. 0 and more, or
 * -ESRCH, -EPERM (not traced), -EBUSY (not ours, or not stopped and told so). */
long tracer_ask(struct thread *, int id, struct trace_packet *);
bool tracer_has(const struct proc *, int pid);       /* it is a tracee of ours */
int tracer_pid_of(struct thread *, int id);          /* of the tracee that is meant */
void tracer_news(struct thread *);                   /* in the host handler: one of our sockets has something */
void tracer_asked(struct thread *);                  /* in the host handler: a child wants to be traced */
void tracer_orphan(struct thread *, int pid, int tracer);    /* our child is traced by another; tracer 0: no more */

/* carrier.c: told to another process of ours */
enum { TRACE_OP_ATTACH = 16, TRACE_OP_HALT, TRACE_OP_SERVE, TRACE_OP_ORPHAN, TRACE_OP_SEEN, TRACE_OP_WAITS };
long carrier_tell(struct thread *, int pid, int tid, int op, uint64_t value);        /* -EPERM: none of ours that listens */
bool carrier_waits(struct thread *, int pid);        /* for that process to take it */
