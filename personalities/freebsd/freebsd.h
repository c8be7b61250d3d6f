/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the parts of this personality share: the tables (tables.c, records.c) that personality.c hands to the core.
 */
#pragma once
#include "guise.h"
#include "thr.h"

#define FBSD_NSIG 129                /* signals 1..128 */
#define FBSD_ELAST 97

extern const struct systab fbsd_tab[2];
long fbsd_device(struct call *, int path, unsigned flags);    /* io.c */
extern struct subtab fbsd_sub[N_SUB];
extern const struct bit fbsd_bits[];                 /* ends with a row without a name */
extern const struct record fbsd_rec[N_REC];
extern const uint16_t fbsd_errno_of[];               /* [host errno, 0..EHWPOISON] */
extern const char *const fbsd_errno_name[FBSD_ELAST + 1];
extern const uint8_t fbsd_sig_in[FBSD_NSIG];         /* [guest signal] -> ours; 0: no such signal */
extern const uint8_t fbsd_sig_out[129];              /* [ours] -> guest */
extern const char *const fbsd_sig_name[FBSD_NSIG];

long fbsd_value(unsigned set, uint64_t guest, uint64_t *host);     /* time.c */
uint32_t fbsd_osreldate(const struct proc *);        /* the release shown: as --release says, the program's own note's, or ours */
uint32_t fbsd_release_of(const char *text);

/* capsicum.c */
#define FBSD_TRAP_CAP 4                              /* code of a SIGTRAP that tells a refusal */
extern const struct rights fbsd_rights[N_RIGHT];
long fbsd_rights_more(struct call *, int i, struct rights *need);
void fbsd_refused(struct call *, int err);

/* procctl.c: the values of PROC_*_CTL, as they were set */
extern struct fbsd_settings { int trace, trapcap, aslr, protmax, stackgap, wxmap, logsigexit; } fbsd_settings;
#define PROTMAX_ALWAYS 1                             /* what is mapped without a bound is bounded by what it begins with */
enum { WX_PERMIT = 1, WX_DISALLOW_EXEC = 2, WX_ENFORCED = (int)0x80000000 };       /* the last: nothing may be mapped to be both */
long fbsd_settings_of(int pid, struct fbsd_settings *, bool write);  /* of another guest; 0 or -errno */
bool fbsd_may_trace(int pid);                        /* it has not forbidden it */
size_t fbsd_settings_kept(char *, size_t);           /* over exec: a text, and back */
void fbsd_settings_start(const char *);
uint64_t fbsd_procctl_saved(void);                   /* in a snapshot: a word, and back */
void fbsd_procctl_restored(uint64_t);

/* protmax.c */
bool fbsd_protmax_saved(void);                       /* in a snapshot */
bool fbsd_protmax_restored(uaddr lo, uaddr hi, int most);

/* sigframe.c */
long fbsd_frame(struct thread *, const struct sigframe *);
void fbsd_fault(struct thread *, struct sigpend *);
bool fbsd_signal_hold(struct thread *);
uaddr fbsd_trampoline(size_t *len);                  /* the code a signal handler returns to */
const uaddr *fbsd_trampoline_at(void);               /* where every guest keeps where that is */
void fbsd_trampoline_is(uaddr);                      /* it is there already, in what was restored */
sysfn fbsd_sigreturn, fbsd_getcontext, fbsd_setcontext, fbsd_swapcontext, fbsd_sigfastblock;

long fbsd_procctl_self(struct call *);               /* procctl.c: 0, or why it is about another than the caller */

/* id.c */
size_t fbsd_kept(struct proc *, char *, size_t);
void fbsd_id_start(struct proc *);             /* what was kept */
const char *fbsd_login_class(void);                  /* where every guest has its own */

/* reaper.c */
void fbsd_reaper_start(struct proc *);               /* in a new image: whether it reaps outlives exec */

/* file.c */
size_t fbsd_dirent(unsigned rec, void *out, size_t room, uint64_t ino, int64_t off, unsigned type, const char *name);
