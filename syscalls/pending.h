/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Between pending.c, carrier.c, arrive.c, signal.c, thread.c, proc.c and exec.c. Everything here may be called from the
 * host handler, but for new and free.
 */
#pragma once
#include "guise.h"

#define BIT_OF(s) ((sigbits)1 << ((s) - 1))
#define FAULTS (1ull << (SIGSEGV - 1) | 1ull << (SIGBUS - 1) | 1ull << (SIGFPE - 1) | 1ull << (SIGILL - 1) | \
		1ull << (SIGTRAP - 1) | 1ull << (SIGSYS - 1))
static inline bool is_fault(int sig) { return sig <= 64 && FAULTS >> (sig - 1) & 1; }
bool signal_spares(const struct proc *, int sig);            /* its default action ends nobody */

/* What the carrier brings; SIGSYS brings LOOK and STOP where there is no carrier. STOP: tid 0, from outside. */
#define CARRIER_CODE (-0x4755)           /* si_code of our messages; no kernel's */
enum { CARRIER_CARRY = 1, CARRIER_STOP = 5 };
struct carrier_message {                 /* lies in the kernel's part of siginfo_t, which it copies for any negative code */
	int32_t signo, err, code, pad;
	int32_t pid;
	uint32_t uid;
	uint64_t value;
	int32_t sig, sig_code, op, tid;
};
void carrier_stop(struct thread *self, struct thread *to);

struct pending *pending_new(void);
long pending_each(struct proc *, long (*fn)(void *, int tid, const siginfo_t *), void *);    /* while nobody changes it */
void pending_free(struct pending *);
void pending_clear(struct pending *);                        /* in a forked child */
long pending_add(struct proc *, int tid, const siginfo_t *);  /* tid 0: the process's; -EAGAIN when the table is full */
bool pending_full(struct proc *);                            /* for what the process sends to itself */
sigbits pending_for(struct thread *);                        /* what this thread may take */
sigbits pending_of_process(struct proc *);                   /* what any thread may take */
int pending_take(struct thread *, sigbits of, siginfo_t *);  /* our number, or 0 */
int pending_take_any(struct proc *, siginfo_t *);
void pending_forget(struct thread *);                        /* what was for it alone, at its end */

/* carrier.c: from thread to thread and from process to process, by one host signal that no guest sees */
uint64_t carrier_bit(const struct proc *);                   /* its bit in a host set, or 0 */
void carrier_broadcast(struct thread *self, struct thread *to);
bool carrier_within(const struct thread *, const siginfo_t *);        /* LOOK by SIGSYS */
bool carrier_astray(const struct thread *, const siginfo_t *);
void carrier_arrived(struct thread *, siginfo_t *);          /* in the host handler */
void signal_route(struct thread *self, int sig);             /* somebody who can take it now is woken */
void carrier_announce(struct thread *, int pid);             /* have that process know that we listen (personality.listened) */
void carrier_keep(struct thread *, bool carry);              /* before exec: into the host's queue, which stays */
