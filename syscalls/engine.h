/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What an engine is. An engine differs from the others only in how control arrives at syscall_enter; handlers do not know
 * which one runs. Part of guise.h, which includes it.
 */
#pragma once

struct engine_regs;                  /* snapshot.h */
struct engine {
	const char *name, *about;
	int rank;                                            /* auto picks the highest that probes */
	bool apart;                                          /* the guest's code and registers are none of the host thread's:
	                                                      the host's kernel itself does nothing for it (rseq, vDSO) */
	bool keeps;                                          /* every program of an exec must be run by us again */
	bool outside;                                        /* calls are seen from outside of the process, too: --supervised */
	bool (*probe)(char *why, size_t n);                  /* false: why says in one sentence why not. In a child, no effect */
	int (*hand)(struct proc *);                          /* NULL, or a descriptor that an exec hands to the next image, or -1 */
	long (*start)(struct proc *);                        /* once, before the first guest instruction */
	long (*arm)(struct thread *);                        /* on the thread itself: after start, clone and fork */
	void (*run)(struct thread *);                        /* enter the guest with t->regs; never returns */
	/* What follows may be NULL. A signal found the guest at g (a gregset_t), or SIGSYS anybody: the engine may put g
	 * where the guest believes to be; true: the signal was the engine's own. Runs in the host handler. */
	bool (*found)(struct thread *, int sig, const siginfo_t *, long long *g);
	void (*changes)(struct thread *, uaddr lo, uint64_t len, unsigned how);      /* see mem_changes */
	void (*look)(struct thread *);                       /* thread.look has counted down, in a call of the thread's: what pays */
	void (*count)(unsigned *rewritten, unsigned *left);  /* call sites, for the report */
	/* For one under which the guest's registers are not the host thread's own: */
	uint64_t (*fs_get)(struct thread *);                 /* see segment_fs */
	long (*fs_set)(struct thread *, uint64_t);
	void (*fpu_get)(struct thread *, void *, size_t);    /* see fpu_save: so many bytes of the standard form */
	long (*fpu_put)(struct thread *, const void *, size_t);
	void (*kick)(struct thread *);                       /* in the host handler: our code was interrupted, something is due */
	long (*save)(struct thread *, struct engine_regs *); /* of a thread that has stopped: snapshot.h */
	long (*load)(struct thread *, const struct engine_regs *);   /* of one that has not begun; 0 or -errno */
	int stops;                                           /* the host's signal that brings its thread to where a snapshot may
	                                                      stop it; 0: the carrier's */
	long (*spawn)(struct thread *, struct thread *child);/* child will begin as the caller is now; itself: in a copy of the
	                                                      process. Before the host makes it; -errno: it is not made */
};
extern int engine_handed;                            /* what the image before this one handed to us (engine->hand), or -1 */
#define ENGINE(e) static const struct engine *const e##_joins JOIN("guise_engines") = &(e)
