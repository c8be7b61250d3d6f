/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Signals on their way to the guest, and the vector state that their frames hold. Part of guise.h, which includes it.
 */
#pragma once
/* --- signal.c ---------------------------------------------------------------------------------------------------------------- */
void signal_start(struct proc *);
void signal_exec_failed(struct proc *);              /* every action as the guest has it again */
void signal_vdso(uaddr lo, uaddr hi);                 /* where the host's vDSO lies: ours while inside */
void signal_thread_start(struct thread *);           /* on the thread: our alternate stack, the host mask */
long signal_action(struct thread *, int sig, const struct sigact *new, struct sigact *old);
void signal_setmask(struct thread *, sigbits);
void signal_mask_swap(struct thread *, sigbits);     /* for one sleeping call (sigsuspend, ppoll): the next delivery restores */
void signal_mask_back(struct thread *);              /* ... or this does, when the call ended without a signal */
/* Our number; pid as kill has it; tid 0 or a thread of that process. code: SI_USER, SI_TKILL (tid) or one with a value. */
long signal_send(struct thread *, int pid, int tid, int sig, int code, uint64_t value);
sigbits signal_waiting(struct thread *);              /* what waits for the thread outside of the host's queues */
int signal_take(struct thread *, sigbits of, siginfo_t *);             /* the first of it, or 0 */
void signal_watch(struct proc *, int sig);           /* see proc.sig_watch */
void signal_host(int sig, siginfo_t *, void *uc);    /* the host handler of every signal */
long signal_altstack(struct thread *, const struct sigalt *new, struct sigalt *old);
bool signal_on_altstack(struct thread *);
/* As if the guest's instruction had caused it (code > 0), by this vector of the processor. */
void signal_force(struct thread *, int sig, int code, uaddr addr, unsigned trapno);
/* Into what waits outside of the host's queues, for thread tid, which is the caller, or (0) whoever can take it. */
long signal_keep(struct thread *, int tid, const siginfo_t *);
void signal_die(struct thread *, int sig) __attribute__((noreturn)); /* end by this signal, as the default action does */
long must_check sigset_get(struct thread *, uaddr, sigbits *);        /* the guest's set, made ours; and back */
long must_check sigset_put(struct thread *, uaddr, sigbits);
sigbits sigset_in(const struct personality *, const uint8_t guest[16]);
void sigset_out(const struct personality *, sigbits, uint8_t guest[16]);
size_t sigset_size(const struct personality *);      /* bytes of a guest's set */
uint64_t sigset_host(sigbits);                        /* as the kernel wants it; never blocks what we need */
extern sigbits const SIGSET_UNBLOCKABLE;

/* --- pace.c: signals of a timer that is faster than a delivery ---------------------------------------------------------------- */
#define PACE_SIGNAL SIGBUS               /* that of its own timers */
void pace_delivered(struct thread *, const struct sigpend *);
sigbits pace_mask(struct thread *, sigbits mask);    /* the guest's mask is set: what the host is to block for it */
void pace_end(struct thread *);                      /* nothing is held back any more; the host's mask is the caller's to set */
static inline void pace_stop(struct thread *t)       /* ... and it is set */
{
	if (!t->pace.held)
		return;
	pace_end(t);
	signal_setmask(t, t->sigmask);
}
bool pace_over(struct thread *, const siginfo_t *, void *host_mask);

/* --- carrier.c: for calls by which the host's kernel is to send a signal without a host number ------------------------------- */
struct sigevent;
int carrier_event(struct thread *, struct sigevent *);   /* makes ev the host's; the row to give back, or -errno */
void carrier_event_timer(int row, int timer);        /* it is this timer's */
void carrier_event_done(int row);
void carrier_timer_gone(struct thread *, int timer);
int carrier_timer_overrun(struct thread *, int timer);   /* -1: not one of these */
void carrier_timer_taken(struct thread *, const siginfo_t *);

/* --- fpu.c: the guest's vector state, which is live in the registers all the time ------------------------------------------- */
#define FPU_COMPONENTS 0xe7ull            /* x87, SSE, AVX, and the three of AVX-512: what is saved, where there is such */
#define FPU_SIZE 2816                                /* room for what fpu_save writes: x87, SSE, AVX, AVX-512 (standard form) */
#define FPU_LEGACY 512                               /* of them x87 and SSE, as FXSAVE writes them */
void fpu_has_xsave(void);                            /* at a start: libc, or the image before us, has asked the processor already */
bool fpu_knows_xsave(void);                          /* this one has */
size_t fpu_size(void);                               /* bytes of it in use on this machine */
size_t fpu_room(void);                               /* what a program finds when it asks the processor for the size: no less */
void fpu_save(void *to);                             /* 64-byte aligned */
long must_check fpu_load(const void *from);          /* checked copy; -EINVAL if the processor would refuse it */
void fpu_init(void);
#define FPU_WHOLE 16384                              /* room for all that there is of it, on any machine */
void fpu_put_aside(void *to);                        /* whole, 64-byte aligned: the vector registers are free for C */
void fpu_put_back(const void *from);
