/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The supervisor of the engine ptrace: a process outside the guest that traces every thread of a run. It sends the
 * guest's calls to entry_syscall, sees every call of Linux that leaves these processes, and keeps what it saw in memory
 * that no guest can reach. loop.c waits and resumes, calls.c knows what a stop means, far.c reads the guest, witness.c
 * and trace.c write down, core.c and mortem.c tell of a process that died.
 *
 * One thread, no lock. A traced process can vanish at any moment (SIGKILL): every request may fail, and then the next
 * wait says that it is gone.
 */
#pragma once
#include <linux/ptrace.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/user.h>
#include "guise.h"

enum seen_kind {
	SEEN_GUEST,              /* a call of the guest, in its own system's numbers */
	SEEN_OURS,               /* a call of Linux that the translator made for it */
	SEEN_PAST,               /* one made while the guest was running: by nobody of ours, past the translator */
};
struct seen {
	uint64_t ns;             /* CLOCK_REALTIME */
	uint64_t serial, ip;
	int64_t arg[6], rv;
	int tid;
	uint32_t nr;
	uint8_t kind;            /* enum seen_kind */
	bool ended, failed;      /* failed: as the guest's system says it (the carry flag, or a small negative) */
	const struct personality *pers;      /* NULL: not known */
};
#define LAST 256                         /* calls that are kept for a post-mortem, a power of two */

struct guest {                       /* a process, for as long as it has tasks */
	int pid;
	unsigned tasks, at_end;      /* how many there are; how many of them are held at their end */
	bool hold;               /* it dies by a fault, and all its threads are to be held until that is written down */
	int died;                /* ... by this signal */
	bool strange;            /* its program is not us: it got there past the translator */
	bool looked;             /* what follows is known: */
	uint64_t vdso, vdso_end;
	const struct personality *pers;
	uint64_t proc;           /* its struct proc */
	uint64_t past;           /* calls past the translator */
	uint64_t n_seen;
	struct seen last[LAST];
	void *trace;             /* trace.c */
};
struct task {                        /* a thread */
	int tid;
	struct guest *guest;
	bool out;                /* it runs the guest's code; else the translator's, for the guest */
	bool pending;            /* a call of Linux is being made, and its result is waited for */
	bool held, born;         /* born: it has stopped before */
	bool begins;             /* its image has not been let out yet: what it opens is what it is made of */
	uint32_t asked;          /* it is held until a policy's question is answered (judge.c); told: which it put itself */
	uint16_t ask_err;
	bool ask_told;
	uint64_t block;          /* its struct thread, 0: not known */
	uint64_t call, host;     /* serial + 1 of the guest's call in progress, and of the one of Linux; 0: none */
	int fatal;               /* the signal that ends the process, delivered to this thread */
	siginfo_t fault;         /* the last fault of its own, or si_signo 0 */
	void *trace;             /* trace.c */
	struct task *next;
};

/* loop.c */
struct task *task_find(int tid);
void task_each(struct guest *, void (*)(struct task *, void *), void *);      /* NULL: of all */
void resume(struct task *, int sig);

/* calls.c */
extern bool watch_all;                       /* not the guest's calls alone: every one, and the way out */
void on_call(struct task *);                 /* it stopped at a call */
void on_result(struct task *);               /* ... and behind one */
void on_signal(struct task *, int sig);      /* one is about to be delivered */
void on_exec(struct task *);
void on_birth(struct task *);                /* a new one stops for the first time */
void on_fork(struct task *, int child);      /* it has made this one, which may have stopped already, or not yet, or be gone */
void answer(struct task *, struct user_regs_struct *, long result);  /* the call that it stands at is not made; this is what it gave */
void guest_enter(struct task *, struct user_regs_struct *);          /* the guest's call is ours to make: it goes on there */
void guest_forget(const struct guest *);
bool by_instruction(const siginfo_t *);       /* a fault, not something that was sent */
struct seen *seen_at(struct guest *, uint64_t serial_plus_1);        /* NULL: no longer kept */

/* tools/audit/policy.c: can a rule with a path, an address be about this call? */
bool row_has_path(const struct row *);
bool row_has_addr(const struct row *);

/* tools/trace/decode.c: Linux's own; the row of tab, nr and raw */
const struct personality *host_personality(void);
void row_find(struct call *);

/* decode.c */
void decode_start(void);
void decode_from(int tid, struct proc *as);          /* whose memory is read from now on, and in whose terms */
long result_in_host_terms(const struct personality *, int64_t rv, bool failed);
void decode_seen(int tid, const struct seen *, FILE *);

/* far.c */
bool far_read(int tid, uint64_t at, void *to, size_t n);
bool far_regs(const struct task *, struct user_regs_struct *);
void guest_look(struct task *);              /* what is asked of /proc and the guest's memory, once for each image */
const struct personality *guest_personality(struct task *);
bool signal_is_caught(int tid, int sig);
long status_number(int tid, const char *key);        /* of /proc/TID/status, or -1 */
long status_uid(int tid);                    /* the effective one */
bool signal_waits(int tid);                  /* one that it would take now */

/* judge.c: a policy, by which calls are judged here; each says true if the thread is held, ended or answered: not to be resumed */
bool judge_start(void);                      /* false: there is none */
bool judge_call(struct task *, struct user_regs_struct *);   /* the guest makes it, and it is recorded */
bool judge_told(struct task *, struct user_regs_struct *);   /* WITNESS_VERDICT: what its own translator says of it */
bool judge_result(struct task *, struct call *);     /* true: what came of it is not what was judged */
bool judge_host(struct task *, const struct user_regs_struct *);     /* true: no handler of the call in progress makes this one */
bool judge_past(struct task *);              /* one past us was recorded */
void judge_exit(struct task *, struct user_regs_struct *);   /* the process ends with a status */
void judge_poll(void);                       /* every now and then; nothing where no question is asked */
void judge_gone(struct task *);

/* witness.c: one JSON object a line */
bool witness_wants(void);
void witness_start(void);
void witness_seen(struct task *, const struct seen *);       /* a call that ended, or that has no end */
void witness_event(struct task *, const char *event, const char *more, ...) __attribute__((format(printf, 3, 4)));
const char *seen_name(const struct seen *, char buf[32]);

/* mortem.c */
extern const char *mortem_dir;               /* NULL: nobody asked */
bool mortem_signal(int sig);                 /* one that leaves something to look at */
void mortem(struct guest *, int sig);        /* all its tasks are held */
