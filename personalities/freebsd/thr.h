/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a thread of this system has beside the core's struct thread, and how its number is spelled. FreeBSD numbers
 * threads apart from processes (from PID_MAX + 2 on) and lets calls take either; 1, 16 and 17 are special values where
 * a thread's number may stand (a finished thread, an abandoned mutex, a lost one). So a guest's thread is the host's
 * number plus a base that no host process reaches.
 */
#pragma once
#include "guise.h"
#include "snapshot.h"

#define FBSD_TID_BASE 10000000

/* A restored guest knows its threads by the numbers that they had (alias.c). */
static inline int fbsd_tid(int host) { return alias_told(host) + FBSD_TID_BASE; }
static inline int fbsd_tid_host(long guest)          /* 0: not the number of a thread */
{
	return guest > FBSD_TID_BASE && guest < FBSD_TID_BASE + (1 << 23) ? alias_host((int)(guest - FBSD_TID_BASE)) : 0;
}

struct fbsd_thread {                 /* thread->priv */
	struct fbsd_thread *next;    /* all of the process; under the list's lock (thr.c) */
	struct thread *t;
	uaddr rb_list, rbp_list, rb_inact;   /* guest words: robust mutexes held, the private ones, the one in hand */
	uaddr tid_word[2];           /* where thr_new wants the number: child's word, parent's word */
	uaddr fastblock;             /* the word of sigfastblock, or 0 */
	uint64_t tlsbase;            /* what AMD64_SET_TLSBASE noted beside fs, if has_tlsbase */
	bool has_tlsbase;
	volatile uint32_t wake;      /* thr_wake was called for this thread; a futex */
};
static inline struct fbsd_thread *fbsd_thread(struct thread *t) { return t->priv; }

/* personality hooks */
void fbsd_thread_start(struct thread *);
void fbsd_thread_exit(struct thread *);
void fbsd_proc_exit(struct thread *);
void fbsd_thread_saved(struct thread *, uint64_t own[8]);
void fbsd_thread_restored(struct thread *, const uint64_t own[8]);

/* umtx.c */
void fbsd_robust_exit(struct thread *, bool shared_only);    /* mutexes that die with their owner */
bool fbsd_umtx_shm_held(void);
void fbsd_umtx_shm_exit(void);                       /* umtx_shm.c: pages that nobody else uses */
long fbsd_wake_word(uaddr, long n);                  /* those who sleep in UMTX_OP_WAIT there */
